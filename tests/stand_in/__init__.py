"""A strict Bot API server on loopback, and the people who talk to a bot through it.

with StandIn() as stand_in:                      # tests.stand_in.control
alice = stand_in.person("Alice")
asked = alice.asks("/start")
print(show(stand_in.answer_to(asked)))       # tests.stand_in.rendering
"""
