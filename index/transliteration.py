"""Names in a question that the articles write in Latin letters: "Ниссан" finds "Nissan".

Such a word is replaced only where neither the articles nor the encoder know it as it was typed, so nothing
that is found without this is looked for in another way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, islice, product
from typing import Final

from icu4py.breakers import WordBreaker

from index.analysis import is_unspaced
from index.spelling import SHORTEST

LONGEST: Final = 40
"""Letters of the longest word that is looked at, which bounds its spellings."""

MOST_SPELLINGS: Final = 16

_BEFORE: Final = {"kh": "h", "dzh": "j", "k": "c"}
"""How names were before they were written as they sound: not Khonda but Honda, Jordan and Chicago."""

_SPELT: Final = re.compile("|".join(_BEFORE), re.IGNORECASE)

_REMEMBERED: Final = 4096
"""Words of questions of which it is remembered what they became."""

Predicate = Callable[[str], bool]


class Transliteration:
    """Finds words in Latin letters. Safe to share between threads."""

    def __init__(self, is_known: Predicate, is_named: Predicate) -> None:
        """Take what decides.

        Args:
            is_known: Whether a word can be found as it is.
            is_named: Whether the articles have a word, which is not a stop word: "море" is not "more".
        """
        self._is_known = is_known
        self._is_named = is_named
        self._replaced = lru_cache(_REMEMBERED)(self._found)

    def applied(self, question: str) -> str:
        """Return the question with each word that only its Latin letters are found by in those.

        Words of fewer than `SHORTEST` letters stay ("нет" would be "net"), and scripts without spaces.

        Args:
            question: Without lone surrogates.
        """
        if question.isascii():
            return question
        return "".join(map(self._replaced, WordBreaker(question, "en")))

    def _found(self, word: str) -> str:
        if len(word) < SHORTEST or not is_foreign(word) or self._is_known(word.casefold()):
            return word
        return next((each for each in latin_spellings(word) if self._is_named(each)), word)


def is_foreign(word: str) -> bool:
    """Return whether a word has letters that are not Latin, all in scripts that put spaces between words."""
    if is_unspaced(word) or len(word) > LONGEST:
        return False
    return any(letter.isalpha() and not _is_latin(letter) for letter in word)


def latin_spellings(word: str) -> list[str]:
    """Return how a word may be spelt in Latin letters, the plainest way first, at most `MOST_SPELLINGS`.

    Each is of ASCII letters and digits, `SHORTEST` or more.
    """
    # Its tables are wanted for a word in another script alone, and questions with one are rare.
    from anyascii import anyascii

    plain = re.sub(r"[^A-Za-z0-9]", "", anyascii(word))
    parts = _SPELT.split(plain)
    choices = [(found, _in_case_of(found, _BEFORE[found.casefold()])) for found in _SPELT.findall(plain)]
    spellings = (
        "".join(chain.from_iterable(zip(parts, (*chosen, ""), strict=True))) for chosen in product(*choices)
    )
    return [each for each in islice(spellings, MOST_SPELLINGS) if len(each) >= SHORTEST]


def _in_case_of(found: str, other: str) -> str:
    """Return another spelling of what was found, in capitals where that was."""
    if found.isupper() and len(found) > 1:
        return other.upper()
    return other.capitalize() if found[0].isupper() else other


def _is_latin(letter: str) -> bool:
    """Return whether a letter is a Latin one, or a sign of no script in particular such as "ª" or "ʻ"."""
    if letter.isascii() or "LATIN" in unicodedata.name(letter, ""):
        return True
    return letter in "ªºµ" or unicodedata.category(letter) == "Lm"
