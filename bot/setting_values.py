"""What a setting's text can be: each way to read one, and how a text is held that is not to be shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

_TOKEN: Final = re.compile(r"\d+:[A-Za-z0-9_-]+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ID: Final = re.compile(r"-?\d{1,19}")
_TRUE, _FALSE = (
    frozenset({"true", "1", "yes", "on", "t", "y"}),
    frozenset({"false", "0", "no", "off", "f", "n"}),
)
_MILVUS_ADDRESS: Final = (
    "an address such as http://milvus:19530, without a user and password, for which there is "
    "FOOTNOTE_MILVUS_TOKEN, or a file of Milvus Lite whose name ends in .db"
)


class UnexpectedError(ValueError):
    """A text is not what it can be; the message is what was expected."""


class Secret:
    """A text that is not in what is printed of whatever holds it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Return what says that there is one."""
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        """Return whether another one hides the same."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Return a hash of the text."""
        return hash(self._text)


def _token(text: str) -> str:
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise UnexpectedError("a bot's token as @BotFather gave it, digits and letters about a colon")
    return token


def _milvus_uri(text: str) -> str:
    address = text.strip()
    try:
        parts = urlsplit(address)
        is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UnexpectedError(_MILVUS_ADDRESS) from None
    if "@" in parts.netloc or not (is_server or ("://" not in address and address.endswith(".db"))):
        raise UnexpectedError(_MILVUS_ADDRESS)
    return address


def _milvus_alias(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise UnexpectedError("letters, digits and underscores, at most 64, no digit first")
    return text


def _bot_api_url(text: str) -> str:
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or any(sign in address for sign in "{} "):
        raise UnexpectedError(
            "an address that begins with https:// or http://, such as https://api.telegram.org"
        )
    return address


def _people(text: str) -> frozenset[int]:
    ids = _ids(text)
    if any(number <= 0 for number in ids):
        raise UnexpectedError("numeric ids of people, which are above 0, with commas between")
    return ids


def _chats(text: str) -> frozenset[int] | None:
    return _ids(text) or None


def _ids(text: str) -> frozenset[int]:
    """Return the numbers that a text names, with commas or spaces between."""
    numbers = text.replace(",", " ").split()
    if not all(map(_ID.fullmatch, numbers)):
        raise UnexpectedError("numeric ids with commas between, such as 123456789,-1001234567890")
    return frozenset(map(int, numbers))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UnexpectedError from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UnexpectedError from None


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise UnexpectedError("yes or no")
    return word in _TRUE


READ: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "token": _token,
        "milvus_uri": _milvus_uri,
        "milvus_alias": _milvus_alias,
        "milvus_leave": _truth,
        "bot_api_url": _bot_api_url,
        "admins": _people,
        "allowed_chats": _chats,
        "log_json": _truth,
        **dict.fromkeys(
            ("answering_threshold", "second_look_ms", "worse_margin", "question_seconds"), _number
        ),
        **dict.fromkeys(("milvus_replicas", "keep_questions_days", "queue_size"), _whole_number),
    }
)
"""By a setting's name, what makes of its text a value.

Each raises `UnexpectedError`, without a message where the setting's kind and range say what was expected.
"""
