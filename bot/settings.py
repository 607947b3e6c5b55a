"""The settings: from the environment, and from a file `.env` in the current folder, which it beats."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.wrapping import one_line
from index.errors import FootnoteError

PREFIX: Final = "FOOTNOTE_"


class SettingError(FootnoteError):
    """A setting is not what it can be; the message names it, its value and what was expected."""


class Settings(BaseSettings):
    """What can be set; each is the variable of its name in capitals after `FOOTNOTE_`.

    An empty value counts as not set, but for the two prompts, where it means no prompt at all.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        dotenv_filtering="match_prefix",
        extra="forbid",
        frozen=True,
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

    @field_validator("articles", "index")
    @classmethod
    def _home_is_known(cls, value: Path | None) -> Path | None:
        return value and value.expanduser()

    @field_validator(
        "encoder",
        "cross_encoder",
        "articles",
        "index",
        "answering_threshold",
        "second_look_ms",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value


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
        value = one_line(str(first["input"]))
        shown = value if len(value) <= 60 else f"{value[:60]}..."
        expected = first["msg"].removeprefix("Input should be ")
        raise SettingError(
            f"The setting {name} is {shown!r}; expected {expected}; set it right or leave it out."
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)
        raise SettingError(
            f"The file .env in the current folder cannot be read ({reason}); save it anew or take it away."
        ) from error


def _names() -> list[str]:
    return list(Settings.model_fields)


def _unknown(name: str) -> SettingError:
    near = difflib.get_close_matches(name.upper().removeprefix(PREFIX).lower(), _names(), n=1)
    known = [f"{PREFIX}{each}".upper() for each in near or _names()]
    return SettingError(
        f"There is no setting {one_line(name)}; "
        f"{'perhaps' if near else 'expected one of'} {', '.join(known)}{' is meant' if near else ''}."
    )
