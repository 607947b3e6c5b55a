"""Who is in a chat: joining, leaving, promoting, and what the bot is told of it."""

from __future__ import annotations

import time
from typing import Final

from tests.stand_in.records import Chat, Content, User
from tests.stand_in.wire import chat_json, member_json, user_json
from tests.stand_in.world import BOT_ID, World

_PRESENT: Final = ("administrator", "member")


def change_bot_status(world: World, chat: Chat, by: User, status: str) -> None:
    """Make the bot a member, an administrator, or none any more, and send it the updates about that."""
    old = "member" if chat.type == "private" else chat.statuses.get(BOT_ID, "left")
    if chat.type == "private":
        old = "member" if chat.bot_may_write else "kicked"
        chat.bot_may_write = status == "member"
    else:
        chat.statuses[BOT_ID] = status
    change = {
        "chat": chat_json(chat),
        "from": user_json(by),
        "date": int(time.time()),
        "old_chat_member": member_json(world.bot, old),
        "new_chat_member": member_json(world.bot, status),
    }
    world.updates.add("my_chat_member", change, chat.id)
    joins = status in _PRESENT and old not in _PRESENT
    if joins and chat.type in ("group", "supergroup"):
        service = {"new_chat_members": [user_json(world.bot)]}
        world.add_message_update(world.post(chat, Content(""), sender=by, service=service))


def status_of(chat: Chat, user_id: int) -> str | None:
    """Return what a user is in a chat, or None where he never was in it."""
    if chat.person is not None:
        return "member" if user_id in (chat.person.id, BOT_ID) else None
    return chat.statuses.get(user_id)
