"""The answers to what was typed after the bot's name, for whoever types the same again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from index.cleaning import clean_question
from index.types import Answer

MOST_ANSWERS: Final = 256
"""Answers that are kept: some 20 MB at most."""


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    top_k: int

    def has(self, top_k: int) -> bool:
        """Return whether asking for so many passages would find no more than there are here."""
        return self.top_k >= top_k or len(self.answer.passages) < self.top_k


class InlineCache:
    """Keeps the answers of the generation in use that were wanted last.

    All are forgotten as soon as another generation is named, so that nothing is shown from one that
    is no longer in use, nor anything from before a roll-back.
    """

    def __init__(self, *, most: int = MOST_ANSWERS) -> None:
        """Set how many answers are kept."""
        self._most = most
        self._generation = ""
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def find(self, generation: str, question: str, top_k: int) -> Answer | None:
        """Return the answer to a question; None where it is not kept, or holds too few passages.

        Args:
            generation: The one in use.
            question: However it is spaced; signs that cannot be seen do not matter.
            top_k: How many passages are wanted, if there are so many.
        """
        if generation != self._generation:
            self._generation = generation
            self._kept.clear()
        normalised = clean_question(question)
        kept = self._kept.get(normalised)
        if kept is None:
            return None
        self._kept.move_to_end(normalised)
        return kept.answer if kept.has(top_k) else None

    def keep(self, question: str, top_k: int, answer: Answer) -> None:
        """Keep an answer, unless its generation is not the one that was named last.

        Args:
            question: What was asked.
            top_k: How many passages were asked for.
            answer: What that got.
        """
        if answer.generation != self._generation:
            return
        normalised = clean_question(question)
        self._kept[normalised] = _Kept(answer, top_k)
        self._kept.move_to_end(normalised)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
