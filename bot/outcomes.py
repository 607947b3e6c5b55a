"""What a failed call to Telegram means: whether it was done, whether it ever will be, and to whom."""

from __future__ import annotations

from enum import Enum
from typing import Final

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.calls import NotBegunError

_NOT_HANDLED: Final = ("Internal Server Error", "Service Unavailable")
"""How answers begin by which a server says that it did not do it; a gateway cannot know."""

_UNCHANGED: Final = "message is not modified"
_NOBODY_THERE: Final = (
    "chat not found",
    "chat_write_forbidden",
    "have no rights to send a message",
    "need administrator rights",
    "not enough rights to send",
    "topic_closed",
    "user is deactivated",
)
_NOT_EDITABLE: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")


class Certainty(Enum):
    """What is known after a call failed."""

    NOT_DONE = "not done"
    UNKNOWN = "unknown"
    REFUSED = "refused"


def certainty_after(error: TelegramError) -> Certainty:
    """Return what is known of a call that failed: whether Telegram did it, and whether it ever will."""
    if isinstance(error, RetryAfter):
        return Certainty.NOT_DONE
    if isinstance(error, BadRequest | ChatMigrated | Forbidden | InvalidToken | Conflict | EndPointNotFound):
        return Certainty.REFUSED
    if isinstance(error, NetworkError):
        not_acted = isinstance(error, NotBegunError) or error.message.startswith(_NOT_HANDLED)
        return Certainty.NOT_DONE if not_acted else Certainty.UNKNOWN
    return Certainty.UNKNOWN


def is_unchanged(error: TelegramError) -> bool:
    """Return whether an edit failed because the message shows that already."""
    return _says(error, (_UNCHANGED,))


def is_nobody_there(error: TelegramError) -> bool:
    """Return whether nobody can be written to there: blocked, removed, or not allowed to write."""
    return isinstance(error, Forbidden) or _says(error, _NOBODY_THERE)


def is_not_editable(error: TelegramError) -> bool:
    """Return whether a message cannot be edited any more: gone, or too old."""
    return is_nobody_there(error) or _says(error, _NOT_EDITABLE)


def _says(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    said = error.message.lower()
    return any(phrase in said for phrase in phrases)
