"""What must not be in a log: the bot's token in any of its forms, and what people ask.

The token is replaced wherever it is found. People's texts are kept out twice over: of what other
libraries log only the template and plain numbers are taken, of their exceptions only the kind; and
the texts that are being worked on are replaced like the token.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from index.errors import FootnoteError

TOKEN_SIGN: Final = "[token]"
TEXT_SIGN: Final = "[text]"

_ANY_TOKEN: Final = re.compile(r"\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
"""What looks like a token of whatever bot."""

_SHORTEST_SECRET: Final = 6
"""Characters from which the part of a token after its colon is a secret by itself."""

_SHORTEST_TEXT: Final = 4
"""Characters from which a text is looked for: a shorter one says nothing about who asked."""

_LINKS_SHOWN: Final = 6
"""How many exceptions of a chain are told."""

_FRAMES_SHOWN: Final = 12
"""How many calls of a traceback are told, the last ones."""

_REPEATED: Final = re.compile(
    r"(?<=Unknown error in HTTP implementation): .*|\. (?:Parsing the|The) server response .*", re.DOTALL
)
"""Messages in which python-telegram-bot repeats whatever was raised, or answered."""


class Redactor:
    """Takes the token, and the texts that are being worked on, out of any string. Safe between threads."""

    def __init__(self, token: str | None = None) -> None:
        """Name the token to be kept secret, if there is one."""
        self._forms = _token_forms(token) if token else ()
        self._texts: Counter[str] = Counter()

    def redact(self, text: str) -> str:
        """Return `text` without any form of the token and without the texts withheld just now."""
        for form in self._forms:
            text = text.replace(form, TOKEN_SIGN)
        text = _ANY_TOKEN.sub(TOKEN_SIGN, text)
        for withheld in sorted(self._texts.copy(), key=len, reverse=True):
            text = text.replace(withheld, TEXT_SIGN)
        return text

    @contextmanager
    def withholding(self, texts: Iterable[str]) -> Iterator[None]:
        """Keep people's texts out of every line that is logged while the block runs, on any thread."""
        forms = [form for text in texts for form in _text_forms(text)]
        self._texts.update(forms)
        try:
            yield
        finally:
            self._texts.subtract(forms)
            for form in forms:
                if self._texts[form] <= 0:
                    del self._texts[form]


def error_text(error: BaseException) -> str:
    """Return an exception and its causes on one line: their kinds, and their messages where we know them.

    A message is told where it cannot hold what a person wrote: our own errors', Telegram's answers',
    and the operating system's.
    """
    told: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(told) < _LINKS_SHOWN:
        seen.add(id(link))
        message = _known_message(link)
        told.append(f"{type(link).__qualname__}{f': {message}' if message else ''}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " <- ".join(told)


def traceback_text(error: BaseException) -> str:
    """Return where an exception was raised: file, line and function of each call, nothing of its values."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]
    return " > ".join(
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in frames
    )


def _known_message(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or ""
    if isinstance(error, FootnoteError):
        return str(error)
    # Whoever never loaded the library, as in the terminal, has none of its errors.
    library = sys.modules.get("telegram.error")
    if library is not None and isinstance(error, library.TelegramError):
        return _REPEATED.sub("", error.message)
    return ""


def _token_forms(token: str) -> tuple[str, ...]:
    number, _, secret = token.partition(":")
    forms = [token, quote(token, safe=""), f"{number}%3a{secret}"]
    if len(secret) >= _SHORTEST_SECRET:
        forms.append(secret)
    return tuple(forms)


def _text_forms(text: str) -> set[str]:
    """Return the ways in which a text may stand in a line: as it is, quoted, in JSON and in an address."""
    stripped = text.strip()
    if len(stripped) < _SHORTEST_TEXT:
        return set()
    encodable = stripped.encode("utf-8", "replace")
    return {
        stripped,
        repr(stripped)[1:-1],
        json.dumps(stripped)[1:-1],
        json.dumps(stripped, ensure_ascii=False)[1:-1],
        " ".join(stripped.split()),
        quote(encodable),
        quote_plus(encodable),
    }
