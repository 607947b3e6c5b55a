"""The settings: from the environment, and from a file `.env` in the current folder, which it beats."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.wrapping import one_line
from index.errors import FootnoteError

PREFIX: Final = "FOOTNOTE_"

_SECRETS: Final = frozenset({"token", "database_url", "milvus_token"})
"""Settings whose value is in no message."""

_TOKEN: Final = re.compile(r"\d+:[A-Za-z0-9_-]+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ID: Final = re.compile(r"-?\d{1,19}")


class SettingError(FootnoteError):
    """A setting is not what it can be; the message names it, its value and what was expected."""


class Settings(BaseSettings):
    """What can be set; each is the variable of its name in capitals after `FOOTNOTE_`.

    An empty value counts as not set, but for the two prompts, where it means no prompt at all.
    Neither a token nor the address of a database is in what is printed of this object.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        dotenv_filtering="match_prefix",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    encoder: str | None = None
    """Hub name or folder of a sentence-transformers model; None for the one that comes with Footnote."""
    query_prompt: str | None = None
    """What the encoder wants before a question; None for what the model itself says."""
    passage_prompt: str | None = None
    """What the encoder wants before a passage; None for what the model itself says."""
    cross_encoder: str | None = None
    """Hub name or folder of a cross-encoder, or "none"; None for the one that comes with Footnote."""
    articles: Path | None = None
    """The articles folder; None for `corpus` in the current folder."""
    index: Path | None = None
    """The index folder; None for one of the articles folder's own in the platform's data folder."""
    answering_threshold: float | None = Field(default=None, ge=0, le=1)
    """From which probability on a passage is an answer; None for the fitted one."""
    second_look_ms: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """How long the cross-encoder may read, in milliseconds; None for the retriever's own limit."""

    milvus_uri: str | None = None
    """Where a Milvus is that keeps vectors and words; None for files in the index folder."""
    milvus_token: SecretStr | None = None
    """`user:password` or an API key for it; None where it asks for none."""
    milvus_replicas: int = Field(default=1, ge=1, le=64)
    """On how many of its query nodes everything lies, so that some may be lost."""
    milvus_alias: str = "footnote"
    """What the names of collections and aliases there begin with: each index folder wants its own."""
    milvus_leave: bool = False
    """Whether new generations are kept in files again, taking over from Milvus what they can."""

    token: SecretStr | None = None
    """The bot's token, as @BotFather gave it; None for the terminal alone."""
    bot_api_url: str = "https://api.telegram.org"
    """Where the Bot API is spoken, without a slash at its end."""
    webhook: str | None = None
    """The address that Telegram sends updates to; None to poll for them."""
    webhook_listen: str = "127.0.0.1:8080"
    """Host and port to listen at for what is sent there."""
    admins: Annotated[frozenset[int], NoDecode] = frozenset()
    """Numeric ids of the people who may rebuild, with commas between; empty for whoever claims the bot."""
    allowed_chats: Annotated[frozenset[int] | None, NoDecode] = None
    """Numeric ids of the chats and people that are answered, with commas between; None for everyone."""
    state: Path | None = None
    """The folder of what must survive a restart; None for one in the platform's data folder."""
    database_url: str | None = Field(default=None, repr=False)
    """An SQLAlchemy address for that instead of a file in the state folder."""
    questions: Path | None = None
    """Golden questions, asked after a rebuild; None for `questions.jsonl` beside the articles, if there."""
    keep_questions_days: int = Field(default=30, ge=0)
    """How long the text of a question that got no answer is kept; 0 for never."""
    worse_margin: float = Field(default=0.02, ge=0, le=1)
    """By how much a rebuild may worsen the golden questions' score without asking."""
    queue_size: int = Field(default=64, ge=1, le=100_000)
    """How many questions may wait before people are told to try again shortly."""
    question_seconds: float = Field(default=10.0, gt=0, le=3_600)
    """How long one question may take."""
    log_json: bool = False
    """Whether the log is JSON, an object a line, instead of key=value."""

    @field_validator("articles", "index", "state", "questions")
    @classmethod
    def _home_is_known(cls, value: Path | None) -> Path | None:
        return value and value.expanduser()

    @field_validator("token")
    @classmethod
    def _token_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        token = value.get_secret_value().strip()
        if not _TOKEN.fullmatch(token):
            raise PydanticCustomError(
                "token", "a bot's token as @BotFather gave it, digits and letters about a colon"
            )
        return SecretStr(token)

    @field_validator("milvus_uri")
    @classmethod
    def _milvus_has_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = value.strip()
        try:
            parts = urlsplit(address)
            is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise _milvus_address() from None
        if "@" in parts.netloc or not (is_server or ("://" not in address and address.endswith(".db"))):
            raise _milvus_address()
        return address

    @field_validator("milvus_alias")
    @classmethod
    def _alias_is_a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise PydanticCustomError("alias", "letters, digits and underscores, at most 64, no digit first")
        return value

    @field_validator("bot_api_url")
    @classmethod
    def _api_has_an_address(cls, value: str) -> str:
        address = value.strip().rstrip("/")
        try:
            parts = urlsplit(address)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or parts.query or parts.fragment or any(sign in address for sign in "{} "):
            raise PydanticCustomError(
                "address", "an address that begins with https:// or http://, such as https://api.telegram.org"
            )
        return address

    @field_validator("admins", mode="before")
    @classmethod
    def _admins_are_people(cls, value: object) -> object:
        ids = _ids(value)
        if isinstance(ids, frozenset) and any(number <= 0 for number in ids):
            raise PydanticCustomError(
                "people", "numeric ids of people, which are above 0, with commas between"
            )
        return ids

    @field_validator("allowed_chats", mode="before")
    @classmethod
    def _chats_have_ids(cls, value: object) -> object:
        return _ids(value) or None

    @field_validator(
        "encoder",
        "cross_encoder",
        "articles",
        "index",
        "answering_threshold",
        "second_look_ms",
        "milvus_uri",
        "milvus_token",
        "token",
        "state",
        "database_url",
        "questions",
        "webhook",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator(
        "bot_api_url",
        "webhook_listen",
        "keep_questions_days",
        "worse_margin",
        "queue_size",
        "question_seconds",
        "log_json",
        "milvus_replicas",
        "milvus_alias",
        "milvus_leave",
        mode="before",
    )
    @classmethod
    def _empty_is_the_default(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and not value.strip() and info.field_name is not None:
            return cls.model_fields[info.field_name].default
        return value


def read_settings() -> Settings:
    """Return the settings of this moment.

    Raises:
        SettingError: A setting has a value that it cannot have, there is none of that name, or
            `.env` cannot be read.
    """
    for name in os.environ:
        if name.upper().startswith(PREFIX) and name.upper().removeprefix(PREFIX).lower() not in _names():
            raise _unknown(name)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = f"{PREFIX}{first['loc'][0]}".upper()
        if first["type"] == "extra_forbidden":
            raise _unknown(name) from error
        expected = first["msg"].removeprefix("Input should be ")
        raise SettingError(
            f"The setting {name} is {_shown(first['loc'][0], first['input'])}; expected {expected}; "
            "set it right or leave it out."
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)
        raise SettingError(
            f"The file .env in the current folder cannot be read ({reason}); save it anew or take it away."
        ) from error


def _ids(value: object) -> object:
    """Return the numbers that a text names, with commas or spaces between; what is no text, as it is."""
    if not isinstance(value, str):
        return value
    numbers = value.replace(",", " ").split()
    if not all(map(_ID.fullmatch, numbers)):
        raise PydanticCustomError("ids", "numeric ids with commas between, such as 123456789,-1001234567890")
    return frozenset(map(int, numbers))


def _milvus_address() -> PydanticCustomError:
    return PydanticCustomError(
        "milvus",
        "an address such as http://milvus:19530, without a user and password, for which there is "
        "FOOTNOTE_MILVUS_TOKEN, or a file of Milvus Lite whose name ends in .db",
    )


def _shown(field: int | str, value: object) -> str:
    """Return a value as a message may show it."""
    if field in _SECRETS:
        return "not shown here"
    text = one_line(str(value))
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def _names() -> list[str]:
    return list(Settings.model_fields)


def _unknown(name: str) -> SettingError:
    near = difflib.get_close_matches(name.upper().removeprefix(PREFIX).lower(), _names(), n=1)
    known = [f"{PREFIX}{each}".upper() for each in near or _names()]
    return SettingError(
        f"There is no setting {one_line(name)}; "
        f"{'perhaps' if near else 'expected one of'} {', '.join(known)}{' is meant' if near else ''}."
    )
