"""Buttons that were under a message once, and presses on messages that were sent inline."""

from __future__ import annotations

from dataclasses import replace

from bot.callback_data import Press, pack
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Button, Message
from tests.stand_in.records import Press as Pressed


def presses_old(stand_in: StandIn, person: Person, message: Message, press: Press | str) -> Pressed:
    """Press a button that a message had, or might have had, as a slow client does."""
    data = press if isinstance(press, str) else pack(press)
    with stand_in.world.changing():
        now = message.content
        message.content = replace(now, keyboard=(*now.keyboard, (Button("old", "callback_data", data),)))
    pressed = person.presses(message, "old")
    with stand_in.world.changing():
        if message.content.keyboard[-1:] == ((Button("old", "callback_data", data),),):
            message.content = now
    return pressed


def post_inline(stand_in: StandIn, person: Person, like: Message) -> Message:
    """Post what the bot once showed as a message that was sent through it, into a chat without it."""
    world = stand_in.world
    with world.changing():
        inline_id = f"inline-{world.new_id()}"
        posted = world.post(
            stand_in.elsewhere,
            like.content,
            sender=person.user,
            via_bot=world.bot,
            inline_message_id=inline_id,
        )
        world.inline_messages[inline_id] = posted
    return posted
