"""What goes into the store and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Self


@dataclass(frozen=True, slots=True)
class IncomingUpdate:
    """An update as it came from Telegram."""

    update_id: int
    chat_key: str
    """What it must be in order with."""
    payload: str
    """The update as JSON in ASCII."""


class SendingState(Enum):
    """What is known of a message that answers an update."""

    NEW = "new"
    """It was not begun before."""
    IN_FLIGHT = "in flight"
    """It was begun and not known to end: it may have been sent."""
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that answers an update, before it is sent."""

    state: SendingState
    message_id: int | None = None
    """The message, where it was sent."""


@dataclass(frozen=True, slots=True)
class VotePlace:
    """The message that is voted on."""

    key: str

    @classmethod
    def of_message(cls, chat_id: int, message_id: int) -> Self:
        """Return the place of a message that the bot sent."""
        return cls(f"{chat_id}:{message_id}")

    @classmethod
    def of_inline_message(cls, inline_message_id: str) -> Self:
        """Return the place of a message that somebody sent through the bot."""
        return cls(f"inline:{inline_message_id}")


class VoteChange(Enum):
    """What a press on a thumb changed."""

    NEW = "new"
    CHANGED = "changed"
    """The person had voted otherwise on this message, or on another passage in it."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class VoteCount:
    """How many people think what."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class VoteResult:
    """What a vote changed, and how its message stands now."""

    change: VoteChange
    count: VoteCount


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that the articles did not answer."""

    asked_at: datetime
    """In UTC."""
    question: str | None
    """Its text, for as long as it is kept."""
    language: str | None
    confidence: float
    """The probability of the best passage that there was."""


class ClaimResult(Enum):
    """What came of a try to claim the bot."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    LOCKED = "locked"
    """There were too many wrong tries; the next start gives a new code."""
    CLOSED = "closed"
    """There is no code: the bot has an admin."""


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """How much is in the store."""

    pending: int
    """Updates that are not done."""
    done: int
    """Updates of the last days that are."""
    gaps: int
    votes: VoteCount
    chosen: int
    """Inline results that people chose."""
    admins: int
    groups: int
