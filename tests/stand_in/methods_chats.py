"""The methods about chats and who is in them."""

from __future__ import annotations

from typing import Final

from tests.stand_in.membership import change_bot_status, status_of
from tests.stand_in.methods_messages import Act
from tests.stand_in.parameters import Parameters
from tests.stand_in.refusals import bad_request
from tests.stand_in.wire import member_json
from tests.stand_in.world import World

_ADMINS: Final = ("creator", "administrator")


def get_chat(world: World, values: Parameters) -> Act:
    """Return a ChatFullInfo."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    return lambda: world.describe(chat)


def get_chat_member(world: World, values: Parameters) -> Act:
    """Return a ChatMember; somebody who was never there has left."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    user = world.users.get(values.integer("user_id") or 0)
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    status = status_of(chat, user.id) or "left"
    return lambda: member_json(user, status)


def get_chat_administrators(world: World, values: Parameters) -> Act:
    """Return the ChatMembers who are administrators, without other bots."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    admins = [
        (world.users[user_id], status) for user_id, status in chat.statuses.items() if status in _ADMINS
    ]
    return lambda: [
        member_json(user, status) for user, status in admins if not user.is_bot or user == world.bot
    ]


def get_chat_member_count(world: World, values: Parameters) -> Act:
    """Return how many are in a chat, the bot among them."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    count = 2 if chat.type == "private" else sum(s not in ("left", "kicked") for s in chat.statuses.values())
    return lambda: count


def leave_chat(world: World, values: Parameters) -> Act:
    """Check and prepare a leaveChat, of which the bot is told like everybody."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    if chat.type == "private":
        raise bad_request("chat not found")

    def act() -> bool:
        change_bot_status(world, chat, world.bot, "left")
        return True

    return act
