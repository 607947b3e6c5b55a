"""All that the server knows, and the one lock before it: calls come in one thread, people act in another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.stand_in.records import Chat, Content, GuestQuery, InlineQuery, InlineResult, Message, Press, User
from tests.stand_in.refusals import bad_request, forbidden
from tests.stand_in.updates import Updates
from tests.stand_in.wire import chat_json, message_json

BOT_ID: Final = 4242424242
ANONYMOUS_ADMIN: Final = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
CHANNEL_IN_GROUP: Final = User(136817688, "Channel", "Channel_Bot", is_bot=True)
_PRESENT: Final = ("creator", "administrator", "member")


@dataclass(slots=True)
class Switches:
    """What is set at @BotFather, and how the server behaves; a test may change it at any time."""

    can_join_groups: bool = True
    can_read_all_group_messages: bool = False
    """Privacy mode is on where this is false."""
    supports_inline_queries: bool = True
    supports_guest_queries: bool = True
    inline_feedback: bool = True
    """Whether chosen_inline_result updates are sent."""
    delivers_mentions: bool = False
    """Whether privacy mode lets plain mentions pass, which real servers do unreliably."""
    caches_inline_answers: bool = True
    inline_seconds: float = 30.0
    """After which a query can no longer be answered."""
    callback_seconds: float = 60.0
    """After which a press can no longer be answered."""


@dataclass(slots=True)
class Profile:
    """What the bot has set about itself, by scope and language."""

    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    """By the scope as sorted JSON and the language code."""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """By `name`, `description` or `short_description`, and the language code."""


class World:
    """Users, chats and waiting questions; every change happens inside `changing()`."""

    def __init__(self, username: str) -> None:
        self.bot = User(BOT_ID, "Footnote", username, is_bot=True)
        self.switches = Switches()
        self.profile = Profile()
        self.updates = Updates()
        self.users: dict[int, User] = {BOT_ID: self.bot, ANONYMOUS_ADMIN.id: ANONYMOUS_ADMIN}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        self.guest_queries: dict[str, GuestQuery] = {}
        self.inline_messages: dict[str, Message] = {}
        self.inline_cache: dict[tuple[str, str, int | None], tuple[float, InlineQuery]] = {}
        """By query, offset and, where the answer is personal, who asked: its end, and the answered query."""
        self.chosen: list[InlineResult] = []
        self.changed = threading.Condition(threading.RLock())
        self.wake: Callable[[], None] = lambda: None
        """Called after every change; the server wakes waiting polls by it."""
        self._next_id = 0

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock, and tell everybody who waits that something may have changed."""
        with self.changed:
            try:
                yield
            finally:
                self.changed.notify_all()
        self.wake()

    def new_id(self) -> int:
        """Return a number that names nothing else here."""
        self._next_id += 1
        return 100_000 + self._next_id

    def private_chat(self, user: User) -> Chat:
        """Return the chat of a person with the bot."""
        if user.id not in self.chats:
            self.chats[user.id] = Chat(user.id, "private", person=user)
        return self.chats[user.id]

    def chat(self, name: int | str) -> Chat:
        """Return the chat that a call names by number or @username.

        Raises:
            Refusal: There is none that the bot could know.
        """
        for chat in self.chats.values():
            if str(chat.id) == str(name) or (chat.username and f"@{chat.username}" == name):
                return chat
        raise bad_request("chat_id is empty" if name == "" else "chat not found")

    def check_may_write(self, chat: Chat) -> None:
        """Check that the bot may write in a chat.

        Raises:
            Refusal: It may not.
        """
        if chat.type == "private":
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            if not chat.bot_may_write:
                raise forbidden("bot was blocked by the user")
            return
        self.check_is_in(chat)
        is_admin = chat.statuses[BOT_ID] == "administrator"
        if not is_admin and (not chat.bot_may_write or chat.type == "channel"):
            raise bad_request("not enough rights to send text messages to the chat")

    def check_is_in(self, chat: Chat) -> None:
        """Check that the bot is a member of a chat.

        Raises:
            Refusal: It has not joined, has left or was removed.
        """
        status = chat.statuses.get(BOT_ID, "left")
        if chat.type == "private" or status in _PRESENT:
            return
        if status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        raise forbidden(f"bot is not a member of the {chat.type} chat")

    def hears(self, chat: Chat) -> bool:
        """Whether the bot is in a chat at all."""
        if chat.type == "private":
            return chat.bot_may_write
        return chat.statuses.get(BOT_ID) in _PRESENT

    def post(self, chat: Chat, content: Content, **fields: Any) -> Message:
        """Put a message into a chat; who is told is for the caller to know."""
        message = Message(
            id=chat.next_message_id,
            chat=chat,
            date=int(time.time()),
            content=content,
            at_seconds=time.monotonic(),
            **fields,
        )
        chat.next_message_id += 1
        chat.messages[message.id] = message
        if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
            chat.last_bot_id = message.sender.id
        return message

    def edit(self, message: Message, content: Content) -> None:
        """Give a message another content."""
        message.history.append(message.content)
        message.content = content
        message.edit_date = int(time.time())

    def add_message_update(self, message: Message, *, edited: bool = False) -> None:
        """Tell the bot of a message under the name that suits its chat."""
        kind = "channel_post" if message.chat.type == "channel" else "message"
        self.updates.add(f"edited_{kind}" if edited else kind, message_json(message), message.chat.id)

    def add_callback_update(self, press: Press, person: dict[str, Any]) -> None:
        """Tell the bot that somebody pressed a button."""
        payload: dict[str, Any] = {
            "id": press.id,
            "from": person,
            "data": press.data,
            "chat_instance": str(hash_of(press.message.chat)),
        }
        if press.message.inline_message_id is not None:
            payload["inline_message_id"] = press.message.inline_message_id
        else:
            payload["message"] = message_json(press.message)
        press.update_id = self.updates.add("callback_query", payload, press.message.chat.id)

    def describe(self, chat: Chat) -> dict[str, Any]:
        """Return a chat as getChat does."""
        gifts = (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        )
        fields = chat_json(chat) | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }
        if chat.type in ("group", "supergroup"):
            allowed = chat.bot_may_write
            fields["permissions"] = {"can_send_messages": allowed, "can_invite_users": True}
        return fields


def hash_of(chat: Chat) -> int:
    """Return the number that stands for a chat in its callback queries."""
    return (chat.id * 2654435761) % 2**61
