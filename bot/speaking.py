"""Tells whether a message is spoken to the bot, and which question is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from index.cleaning import is_searchable

ASK: Final = "ask"
"""The command that a question follows."""

_COMMAND: Final = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<addressee>\w+))?(?=[\s,:]|$)\s*")
_ANY_MENTION: Final = re.compile(r"(?<![\w@/.])@\w{3,32}\b")


@dataclass(frozen=True, slots=True)
class Said:
    """What of a message decides whether it is spoken to the bot."""

    text: str = field(repr=False)
    is_private: bool
    """Whether nobody else is in the chat."""
    answers_bot: bool
    """Whether it replies to a message of the bot."""
    replied_text: str | None = field(default=None, repr=False)
    """The text, or the part that is quoted of it, of somebody else's message that it replies to."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A question to the bot."""

    question: str = field(repr=False)
    """Empty where the bot was called and not asked anything."""
    is_replied_text: bool = False
    """Whether it stands in the message that was replied to."""
    is_called: bool = True
    """Whether the bot was named, or nobody else is in the chat; otherwise an answer was replied to."""


def spoken(said: Said, username: str) -> Spoken | None:
    """Return the question of a message; None where it is not spoken to the bot.

    Args:
        said: The message.
        username: The bot's name, without the @.
    """
    text = said.text.strip()
    command = _COMMAND.match(text)
    mention = _mention(username)
    if command is not None:
        if not _is_ask(command, username):
            return None
        return _asked(mention.sub(" ", text[command.end() :]), said)
    if mention.search(text):
        return _asked(mention.sub(" ", text), said)
    if said.is_private or said.answers_bot:
        return Spoken(text, is_called=said.is_private)
    return None


def without_address(text: str, username: str) -> str:
    """Return a text without the command it begins with and without mentions of the bot."""
    return _joined(_mention(username).sub(" ", _COMMAND.sub("", text.strip(), count=1)))


def is_other_command(text: str, username: str) -> bool:
    """Return whether a text is a command that is not `/ask`, to this bot or to no bot by name."""
    command = _COMMAND.match(text.strip())
    if command is None or _is_ask(command, username):
        return False
    addressee = command["addressee"]
    return addressee is None or addressee.lower() == username.lower()


def _asked(text: str, said: Said) -> Spoken:
    question = _joined(text)
    if is_searchable(question) or said.replied_text is None:
        return Spoken(question)
    # Whoever was replied to may have tried to call a bot.
    replied = _joined(_ANY_MENTION.sub(" ", _COMMAND.sub("", said.replied_text.strip(), count=1)))
    return Spoken(replied, is_replied_text=bool(replied))


def _is_ask(command: re.Match[str], username: str) -> bool:
    addressee = command["addressee"]
    to_us = addressee is None or addressee.lower() == username.lower()
    return to_us and command["name"].lower() == ASK


def _mention(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@/.])@{re.escape(username)}(?!\w)", re.IGNORECASE)


def _joined(text: str) -> str:
    """Return a text from which something was cut without the white space that is left over."""
    return re.sub(r"[ \t]{2,}", " ", text).strip().lstrip(",:;").lstrip()
