"""Records what the articles do not answer, with the language that it was asked in."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import TYPE_CHECKING

from bot.phrases import LANGUAGES
from index.languages import detect_language, language_code
from index.types import Answer

if TYPE_CHECKING:
    from bot.parts import Parts


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
