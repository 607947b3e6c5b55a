"""What the stand-in remembers: users, chats, messages, and the questions that wait for the bot's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stand_in.message_text import Entity


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """One button under a message."""

    text: str
    kind: str
    """The field of InlineKeyboardButton that says what it does: `callback_data`, `url`, `copy_text`, ..."""
    value: Any
    """What that field holds; for `copy_text` the text itself."""


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What people see of a message."""

    text: str
    """Plain, after parsing."""
    entities: tuple[Entity, ...] = ()
    keyboard: Keyboard = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """The part of a message that a reply quotes."""

    text: str
    position: int
    """In UTF-16 code units of the quoted message."""


@dataclass(eq=False, slots=True)
class Chat:
    """A private chat, a group, a supergroup or a channel."""

    id: int
    type: str
    """`private`, `group`, `supergroup` or `channel`."""
    title: str | None = None
    username: str | None = None
    person: User | None = None
    """The other side of a private chat."""
    is_forum: bool = False
    bot_may_write: bool = True
    """False where the group's permissions forbid members to write, or a person has blocked the bot."""
    started: bool = False
    """Whether the person has ever written, without which the bot may not."""
    statuses: dict[int, str] = field(default_factory=dict)
    """By user id: `creator`, `administrator`, `member`, `left` or `kicked`."""
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    """A forum's topics by the id of the message that opened them; General is not among them."""
    last_bot_id: int | None = None
    """The bot that spoke last."""
    next_message_id: int = 1

    @property
    def shown(self) -> tuple[Message, ...]:
        """What can be seen in the chat now, in order."""
        return tuple(message for message in list(self.messages.values()) if not message.deleted)

    @property
    def from_bot(self) -> tuple[Message, ...]:
        """What the bot sent and nobody deleted, in order."""
        return tuple(message for message in self.shown if message.by_bot)


@dataclass(eq=False, slots=True)
class Message:
    """A message as the server keeps it; its content changes when it is edited."""

    id: int
    chat: Chat
    date: int
    content: Content
    sender: User | None = None
    sender_chat: Chat | None = None
    """The group of an anonymous admin, or the channel in whose name was written."""
    reply_to: Message | None = None
    quote: Quote | None = None
    thread_id: int | None = None
    is_topic_message: bool = False
    via_bot: User | None = None
    inline_message_id: str | None = None
    """What the bot knows a message by that was sent through it into some chat."""
    edit_date: int | None = None
    by_bot: bool = False
    """Whether the bot sent it, not somebody through the bot."""
    deleted: bool = False
    service: Mapping[str, Any] = field(default_factory=dict)
    """The fields of a service message, such as `new_chat_members`."""
    history: list[Content] = field(default_factory=list)
    """What it was before each edit."""
    at_seconds: float = 0.0
    """When it was sent, by the monotonic clock."""

    @property
    def text(self) -> str:
        """What is written, without marks."""
        return self.content.text

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What is marked in the text."""
        return self.content.entities

    @property
    def keyboard(self) -> Keyboard:
        """The buttons under it, row by row."""
        return self.content.keyboard

    def buttons(self) -> Iterator[Button]:
        """Yield the buttons under it, from the top left."""
        for row in self.keyboard:
            yield from row

    def button(self, text: str) -> Button:
        """Return the first button whose label contains `text`.

        Raises:
            LookupError: There is none; the error lists what there is.
        """
        for button in self.buttons():
            if text in button.text:
                return button
        labels = ", ".join(repr(button.text) for button in self.buttons())
        raise LookupError(f"no button {text!r} under the message, only: {labels or 'none at all'}")

    def marked(self, kind: str) -> list[str]:
        """Return the texts that entities of one kind mark."""
        return [entity.of(self.text) for entity in self.entities if entity.type == kind]


@dataclass(eq=False, slots=True)
class Press:
    """A button that somebody pressed."""

    id: str
    message: Message
    data: str
    at_seconds: float
    update_id: int | None = None
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    """The parameters of each answerCallbackQuery for it."""

    @property
    def answered(self) -> bool:
        """Whether the button has stopped spinning."""
        return bool(self.answers)

    @property
    def toast(self) -> str:
        """What the first answer showed, which is nothing where it only stopped the spinning."""
        return str(self.answers[0].get("text", "")) if self.answers else ""


@dataclass(frozen=True, slots=True)
class InlineResult:
    """One of the results that the bot offered for a query, or answered a guest with."""

    query: str
    fields: Mapping[str, Any]
    """The InlineQueryResult."""
    content: Content
    """What choosing it posts."""

    @property
    def id(self) -> str:
        """The bot's own name for it."""
        return str(self.fields["id"])

    @property
    def title(self) -> str:
        """Its first line in the list."""
        return str(self.fields.get("title", ""))

    @property
    def description(self) -> str:
        """Its second line in the list."""
        return str(self.fields.get("description", ""))


@dataclass(eq=False, slots=True)
class InlineQuery:
    """What somebody typed after the bot's name."""

    id: str
    person: User
    text: str
    offset: str
    at_seconds: float
    update_id: int | None = None
    """None where the server answered from its cache and the bot never heard of it."""
    results: tuple[InlineResult, ...] = ()
    answer: Mapping[str, Any] | None = None
    """The parameters of the answerInlineQuery: `next_offset`, `button`, `cache_time`, ..."""
    answered_at_seconds: float | None = None

    @property
    def answered(self) -> bool:
        """Whether there is an answer to see, be it an empty one."""
        return self.answer is not None


@dataclass(eq=False, slots=True)
class GuestQuery:
    """A message that called the bot into a chat that it has not joined."""

    id: str
    message: Message
    at_seconds: float
    update_id: int | None = None
    posted: Message | None = None
    """The bot's answer in that chat."""
