"""Words of a question in another script than the articles': "Ниссан" finds "Nissan".

Names are written as they sound where another script is used, and asked for in it. Such a word is replaced
by the articles' own only where they do not have it as it was typed, so nothing that is found without this
is looked for in another way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, islice, product
from typing import Final

from index.analysis import is_unspaced

SHORTEST: Final = 4
"""Letters of the shortest word that is replaced, as of `index.spelling`: "нет" would be "net"."""

LONGEST: Final = 40
"""Letters of the longest word that is looked at, which bounds its spellings."""

_WORD: Final = re.compile(r"[^\W_]+")

_OTHER_SPELLINGS: Final = {"kh": ("kh", "h"), "dzh": ("dzh", "j"), "k": ("k", "c")}
"""How names were before they were written as they sound: not Khonda but Honda, Jordan and Chicago."""

_SPELT: Final = re.compile("|".join(_OTHER_SPELLINGS), re.IGNORECASE)

_MOST_SPELLINGS: Final = 16

_REMEMBERED: Final = 4096
"""Words of questions of which it is remembered what they became."""


class Transliteration:
    """Finds words in the articles' script. Safe to share between threads."""

    def __init__(self, is_found: Callable[[str], bool]) -> None:
        """Take whether the articles have a word, in whatever form of theirs."""
        self._is_found = is_found
        self._replaced = lru_cache(_REMEMBERED)(self._found)

    def applied(self, question: str) -> str:
        """Return the question with each word that only its Latin letters are found by in those.

        Words in Latin letters stay, and those of scripts without spaces. A question in ASCII comes back
        as it is.
        """
        if question.isascii():
            return question
        return _WORD.sub(lambda found: self._replaced(found[0]), question)

    def _found(self, word: str) -> str:
        if len(word) < SHORTEST or not is_foreign(word) or self._is_found(word):
            return word
        return next((each for each in latin_spellings(word) if self._is_found(each)), word)


def is_foreign(word: str) -> bool:
    """Return whether a word has letters that are not Latin, all in scripts that put spaces between words."""
    if is_unspaced(word) or len(word) > LONGEST:
        return False
    return any(letter.isalpha() and not _is_latin(letter) for letter in word)


def latin_spellings(word: str) -> list[str]:
    """Return how a word may be spelt in Latin letters, the plainest way first, at most `_MOST_SPELLINGS`.

    Each is of ASCII letters and digits, `SHORTEST` or more.
    """
    from anyascii import anyascii

    plain = re.sub(r"[^A-Za-z0-9]", "", anyascii(word))
    if len(plain) < SHORTEST:
        return []
    parts = _SPELT.split(plain)
    choices = [_OTHER_SPELLINGS[found.casefold()] for found in _SPELT.findall(plain)]
    spellings = (
        "".join(chain.from_iterable(zip(parts, (*chosen, ""), strict=True))) for chosen in product(*choices)
    )
    return [each for each in islice(spellings, _MOST_SPELLINGS) if len(each) >= SHORTEST]


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN"))
