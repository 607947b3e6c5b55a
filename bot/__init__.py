"""Footnote in a terminal: the commands, and how an answer looks there."""
