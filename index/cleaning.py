"""What a person typed to the question that is searched: cleaned, bounded, never refused."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST_QUESTION: Final = 1_000
"""Characters of a question that are looked at: several times the longest of the sets measured."""

_LOOKED_AT: Final = 20 * LONGEST_QUESTION
"""Characters that are cleaned at most, so that a pasted book costs no more than a long question."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width non-joiner and joiner: invisible, yet part of words in Persian and Hindi."""


def clean_question(text: str) -> str:
    """Return `text` as it is to be searched, in NFC and on one line; empty where nothing is left.

    Characters that cannot be seen (controls, lone surrogates, marks of direction, zero-width
    spaces) go or become a space, runs of white space become one space, and what is longer than
    `LONGEST_QUESTION` is cut after a word. Cleaning again changes nothing.
    """
    visible = "".join(_visible(character) for character in text[:_LOOKED_AT])
    clean = " ".join(unicodedata.normalize("NFC", visible).split())
    if len(clean) <= LONGEST_QUESTION:
        return clean
    head, space, _ = clean[: LONGEST_QUESTION + 1].rpartition(" ")
    return head if space else clean[:LONGEST_QUESTION]


def is_searchable(question: str) -> bool:
    """Return whether there is anything to look for: a letter or a digit."""
    return any(map(str.isalnum, question))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cs"):
        return " "
    if category == "Cf" and character not in _JOINERS:
        return ""
    return character
