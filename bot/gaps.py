"""Records what the articles do not answer, with the language it was asked in; tells what is asked most."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.phrases import LANGUAGES
from index.analysis import words
from index.languages import detect_language, language_code
from index.types import Answer

if TYPE_CHECKING:
    from bot.parts import Parts
    from bot.store import Gap

GAPS_LOOKED_AT: Final = 5_000
"""The last questions asked in vain whose texts are looked at."""
_COMPARED: Final = 300
"""Characters by which questions are told apart."""


@dataclass(frozen=True, slots=True)
class AskedInVain:
    """What the articles did not answer."""

    questions: tuple[tuple[str, int], ...]
    """Each question as it was asked last, and how often; the most often asked first, then the newest."""
    without_text: int
    """How many more there were, whose text is not kept or that are older than those."""


async def record_gap(parts: Parts, question: str, answer: Answer, language_of_asker: str | None) -> None:
    """Record a question that was declined.

    Args:
        parts: Have the store, and know the articles' languages.
        question: What was declined.
        answer: What it got.
        language_of_asker: That of the person's Telegram, as a tag, where it is known.

    Raises:
        StoreError: The state could not be written.
    """
    own = language_code(language_of_asker or "")
    known = {*parts.answering.generation.manifest.languages, *LANGUAGES, own}
    # Off the event loop: the first time, what recognises languages is loaded.
    language = await asyncio.to_thread(language_of, question, known, own)
    await parts.store.record_gap(question, language, answer.confidence)


def language_of(question: str, likely: Container[str | None], own: str | None) -> str | None:
    """Return the language of a question, as far as a few words tell it.

    Args:
        question: Any text.
        likely: The languages that one expects here: a guess at another is not believed.
        own: The language of whoever asks, where it is known: what is said instead.
    """
    guess = detect_language(question)
    return guess if guess in likely else own


def asked_in_vain(gaps: Iterable[Gap], total: int) -> AskedInVain:
    """Return which questions were asked in vain; those with the same words in the same order are one.

    Words are those that `index.analysis.words` makes of a text, in lower case and without signs.

    Args:
        gaps: The newest first.
        total: How many gaps there are, these among them.
    """
    latest: dict[str, str] = {}
    times: Counter[str] = Counter()
    for gap in gaps:
        if gap.question is not None:
            same = " ".join(words(gap.question[:_COMPARED])) or gap.question
            latest.setdefault(same, gap.question)
            times[same] += 1
    # Sorting keeps the order of those that were asked as often, which is the newest first.
    order = sorted(latest, key=lambda same: -times[same])
    return AskedInVain(tuple((latest[same], times[same]) for same in order), max(0, total - times.total()))
