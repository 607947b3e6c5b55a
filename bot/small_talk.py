"""Tells a greeting, thanks, a reaction or a call for help from a question, in every language that is spoken.

A text is small talk only where every word of it belongs to a phrase that `languages/` lists: "hello,
who leads Nissan?" is a question.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from bot.phrases import LANGUAGES, Phrases, phrases_for
from index.cleaning import is_searchable

LONGEST_CHARACTERS: Final = 60
"""A longer text is never small talk."""

QUESTION_MARKS: Final = frozenset("?？؟¿")


def is_greeting(text: str) -> bool:
    """Return whether a text does no more than greet, in any case and with any signs around."""
    return _says(text, _vocabulary().greetings) and not is_thanks(text)


def is_thanks(text: str) -> bool:
    """Return whether a text does no more than thank; one that greets too does."""
    return _says(text, _vocabulary().thanked)


def is_reaction(text: str) -> bool:
    """Return whether a text only shows that an answer was read, such as "ok" or "haha, nice"."""
    return _says(text, _vocabulary().reactions) and not (is_greeting(text) or is_thanks(text))


def asks_for_help(text: str) -> bool:
    """Return whether a text asks how the bot is used, and nothing else."""
    return _words_of(text) in _vocabulary().help_asked


def reply_without_search(text: str, phrases: Phrases, username: str) -> str | None:
    """Return what is said where nothing is asked; None for a question.

    Args:
        text: What a person wrote.
        phrases: Their language.
        username: The bot's name, without the @.
    """
    if is_thanks(text):
        return phrases.thanks
    if is_greeting(text):
        return phrases.greeting
    if asks_for_help(text):
        return phrases.help.format(bot=username)
    if is_reaction(text):
        return phrases.reaction
    return None if is_searchable(text) else phrases.no_question


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    greetings: frozenset[str]
    thanked: frozenset[str]
    reactions: frozenset[str]
    help_asked: frozenset[str]
    all: frozenset[str]
    """What may stand beside one another: all but what asks for help."""


@cache
def _vocabulary() -> _Vocabulary:
    spoken = [phrases_for(code) for code in LANGUAGES]
    greetings = _plain_words(each for phrases in spoken for each in phrases.greetings)
    thanked = _plain_words(each for phrases in spoken for each in phrases.thanked)
    reactions = _plain_words(each for phrases in spoken for each in phrases.reactions)
    help_asked = _plain_words(each for phrases in spoken for each in phrases.help_asked)
    asides = _plain_words(each for phrases in spoken for each in phrases.asides)
    return _Vocabulary(greetings, thanked, reactions, help_asked, greetings | thanked | reactions | asides)


def _plain_words(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_words_of, phrases))


def _says(text: str, wanted: frozenset[str]) -> bool:
    """Return whether phrases that are known cover all of a text, one that is wanted among them."""
    if len(text) > LONGEST_CHARACTERS or (QUESTION_MARKS & set(text) and _words_of(text) not in wanted):
        return False
    known = _vocabulary().all
    words = _words_of(text)
    # covered[place]: whether known phrases end there, and whether one of them was wanted.
    covered: dict[int, bool] = {0: False}
    for start in range(len(words)):
        if start not in covered:
            continue
        for end in range(start + 1, len(words) + 1):
            part = words[start:end].strip()
            if part in known and _may_end(words, end):
                covered[end] = covered.get(end, False) or covered[start] or part in wanted
    return covered.get(len(words), False)


def _may_end(words: str, end: int) -> bool:
    """Return whether a phrase may end at a place: before a space, or a sign that needs none."""
    return end == len(words) or words[end] == " " or _is_han(words[end - 1]) or _is_han(words[end])


def _words_of(text: str) -> str:
    """Return the words of a text in small letters, single spaces between; signs count as spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (sign if sign.isalnum() or unicodedata.combining(sign) else " " for sign in folded)
    return " ".join("".join(kept).replace("ё", "е").split())


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
