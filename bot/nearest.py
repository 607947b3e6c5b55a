"""Which passages are worth a look where the articles do not answer, for the chat, inline and the terminal."""

from __future__ import annotations

from typing import Final

from index.types import Answer, RankedPassage

NEAREST: Final = 3
"""Passages offered at most."""

WORTH_A_LOOK: Final = 0.07
"""The probability from which on a passage is offered: what is below is as a rule about something else. Of 38
questions that were declined though one of three passages had the answer, 36 had it in one above, while four
of ten passages that were offered for questions about articles that are not there fell away. Both looks were
taken."""


def nearest_passages(answer: Answer) -> tuple[RankedPassage, ...]:
    """Return the passages to offer in place of an answer, best first; none where all are far off."""
    return tuple(each for each in answer.passages[:NEAREST] if each.probability >= WORTH_A_LOOK)
