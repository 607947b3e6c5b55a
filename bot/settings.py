"""The settings: from the environment, and from a file `.env` in the current folder, which it beats."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from bot.setting_values import READ, Secret, UnexpectedError
from bot.wrapping import one_line
from index.errors import FootnoteError

PREFIX: Final = "FOOTNOTE_"

_FILE: Final = Path(".env")
_SECRETS: Final = frozenset({"token", "database_url", "milvus_token"})
"""Settings whose value is in no message."""
_MAY_BE_EMPTY: Final = frozenset({"query_prompt", "passage_prompt"})

_AFTER_NAME: Final = re.compile(r"[^A-Za-z0-9_].*", re.DOTALL)
_SETTING: Final = re.compile(r"\$\.(\w+)")
"""Where msgspec says what a fault is of."""


class SettingError(FootnoteError):
    """A setting is not what it can be; the message names it, its value and what was expected."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set; each is the variable of its name in capitals after `FOOTNOTE_`.

    An empty value counts as not set, but for the two prompts, where it means no prompt at all.
    Neither a token nor the address of a database is in what is printed of this object.
    """

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
    answering_threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    """From which probability on a passage is an answer; None for the fitted one."""
    second_look_ms: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    """How long the cross-encoder may read, in milliseconds; None for the retriever's own limit."""

    milvus_uri: str | None = None
    """Where a Milvus is that keeps vectors and words; None for files in the index folder."""
    milvus_token: Secret | None = None
    """`user:password` or an API key for it; None where it asks for none."""
    milvus_replicas: Annotated[int, Meta(ge=1, le=64)] = 1
    """On how many of its query nodes everything lies, so that some may be lost."""
    milvus_alias: str = "footnote"
    """What the names of collections and aliases there begin with: each index folder wants its own."""
    milvus_leave: bool = False
    """Whether new generations are kept in files again, taking over from Milvus what they can."""

    token: Secret | None = None
    """The bot's token, as @BotFather gave it; None for the terminal alone."""
    bot_api_url: str = "https://api.telegram.org"
    """Where the Bot API is spoken, without a slash at its end."""
    webhook: str | None = None
    """The address that Telegram sends updates to; None to poll for them."""
    webhook_listen: str = "127.0.0.1:8080"
    """Host and port to listen at for what is sent there."""
    admins: frozenset[int] = frozenset()
    """Numeric ids of the people who may rebuild, with commas between; empty for whoever claims the bot."""
    allowed_chats: frozenset[int] | None = None
    """Numeric ids of the chats and people that are answered, with commas between; None for everyone."""
    state: Path | None = None
    """The folder of what must survive a restart; None for one in the platform's data folder."""
    database_url: Secret | None = None
    """An SQLAlchemy address for that instead of a file in the state folder."""
    questions: Path | None = None
    """Golden questions, asked after a rebuild; None for `questions.jsonl` beside the articles, if there."""
    keep_questions_days: Annotated[int, Meta(ge=0, le=100_000)] = 30
    """How long the text of a question that got no answer is kept; 0 for never, nor that of any other."""
    worse_margin: Annotated[float, Meta(ge=0, le=1)] = 0.02
    """By how much a rebuild may worsen the golden questions' score without asking."""
    queue_size: Annotated[int, Meta(ge=1, le=100_000)] = 64
    """How many questions may wait before people are told to try again shortly."""
    question_seconds: Annotated[float, Meta(gt=0, le=3_600)] = 10.0
    """How long one question may take."""
    log_json: bool = False
    """Whether the log is JSON, an object a line, instead of key=value."""

    @property
    def database_address(self) -> str | None:
        """The address in `database_url`, for whoever opens it."""
        return None if self.database_url is None else self.database_url.reveal()


def read_settings() -> Settings:
    """Return the settings of this moment.

    Raises:
        SettingError: A setting has a value that it cannot have, there is none of that name, or
            `.env` cannot be read.
    """
    texts = _texts()
    values: dict[str, object] = {}
    for name, text in texts.items():
        if name in _MAY_BE_EMPTY:
            values[name] = text
        elif text.strip():
            try:
                values[name] = READ[name](text) if name in READ else text
            except UnexpectedError as error:
                raise _wrong(name, text, str(error) or _EXPECTED[name]) from None
    try:
        return msgspec.convert(values, Settings, dec_hook=_made)
    except msgspec.ValidationError as error:
        where = _SETTING.search(str(error))
        assert where is not None, "msgspec names the setting"
        name = where[1]
        raise _wrong(name, texts[name], _EXPECTED[name]) from None


def _texts() -> dict[str, str]:
    """Return what is set, by the setting's name; what the environment says beats the file.

    Raises:
        SettingError: There is no setting of that name, or the file cannot be read.
    """
    texts: dict[str, str] = {}
    for variables in (_in_file(), os.environ):
        for variable, text in variables.items():
            if variable.upper().startswith(PREFIX):
                name = variable.upper().removeprefix(PREFIX).lower()
                if name not in Settings.__struct_fields__:
                    raise _unknown(variable)
                if text is not None:
                    texts[name] = text
    return texts


def _in_file() -> Mapping[str, str | None]:
    if not (_FILE.is_file() or _FILE.is_fifo()):
        return {}
    from dotenv import dotenv_values

    try:
        return dotenv_values(_FILE, encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)
        raise SettingError(
            f"The file .env in the current folder cannot be read ({reason}); save it anew or take it away."
        ) from error


def _made(kind: type, text: Any) -> Any:
    """Return what msgspec cannot make of a text."""
    if kind is Secret:
        return Secret(text)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~somebody", whom this machine does not know.
        raise ValueError from error


_EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "answering_threshold": "a number from 0 to 1",
        "second_look_ms": "a number of milliseconds from 0 to 1,000,000,000",
        "milvus_replicas": "a whole number from 1 to 64",
        "keep_questions_days": "a whole number of days from 0 to 100,000",
        "worse_margin": "a number from 0 to 1",
        "queue_size": "a whole number from 1 to 100,000",
        "question_seconds": "a number of seconds above 0, at most 3,600",
        **dict.fromkeys(("articles", "index", "state", "questions"), "a path on this machine"),
    }
)
"""What a setting can be whose value msgspec looks at."""


def _wrong(name: str, text: str, expected: str) -> SettingError:
    return SettingError(
        f"The setting {PREFIX}{name.upper()} is {_shown(name, text)}; expected {expected}; "
        "set it right or leave it out."
    )


def _shown(name: str, text: str) -> str:
    """Return a value as a message may show it."""
    if name in _SECRETS:
        return "not shown here"
    line = one_line(text)
    return repr(line if len(line) <= 60 else f"{line[:60]}...")


def _unknown(variable: str) -> SettingError:
    name = _AFTER_NAME.sub("", variable)
    if name != variable:
        # What follows the name may be a secret that stands after a colon.
        return SettingError(
            f"What begins with {name}, in the file .env or the environment, is no NAME=VALUE; "
            "put = between the setting and its value."
        )
    names = Settings.__struct_fields__
    near = difflib.get_close_matches(variable.upper().removeprefix(PREFIX).lower(), names, n=1)
    known = [f"{PREFIX}{each}".upper() for each in near or names]
    return SettingError(
        f"There is no setting {one_line(variable)}; "
        f"{'perhaps' if near else 'expected one of'} {', '.join(known)}{' is meant' if near else ''}."
    )
