"""The cross-encoder reads the question together with the few passages that came first.

It is asked only where the first look is in doubt, and only as long as the time allows. It is given
a window around each passage's likeliest sentence; where that settles nothing, the first few
passages whole. On the English set that the weights were fitted on, windows were read for 58% of
the questions and whole passages for 8%.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.cross_encoder import CrossEncoder
from index.ranking import Weights, second_look
from index.texts import StoredPassage
from index.types import Span

PASSAGES_READ: Final = 5
"""In 99 of 100 questions that the articles answer, the passage is among the first look's first three."""

WHOLE_PASSAGES_READ: Final = 3
"""Of those, the ones that are read whole where their windows settle nothing."""

SENTENCES_BESIDE: Final = 1
"""Sentences before and after the likeliest one that the window takes in."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage on its way to the answer."""

    stored: StoredPassage
    sentence_scores: NDArray[np.float64]
    """(sentences of the passage,): which of them answers, higher is better."""
    log_odds: float
    """Of answering the question, as far as is known."""

    @property
    def best_sentence(self) -> int:
        """The place of the likeliest sentence in the passage."""
        return int(np.argmax(self.sentence_scores))


class SecondLook:
    """Scores candidates again, and says when there is no need to."""

    def __init__(
        self,
        cross_encoder: CrossEncoder,
        weights: Weights,
        known_languages: frozenset[str],
        budget_ms: float,
    ) -> None:
        """Take the model and its limits.

        Args:
            cross_encoder: Reads question and text together.
            weights: Calibrate its scores into the one probability.
            known_languages: Passages in other languages keep what the first look said.
            budget_ms: No text is begun after so many milliseconds; the first few always are.
        """
        self._cross_encoder = cross_encoder
        self._weights = weights
        self._known_languages = known_languages
        self._budget_ms = budget_ms

    def is_needed(self, candidates: Sequence[Candidate]) -> bool:
        """Return whether the first look leaves a doubt that the cross-encoder can settle."""
        if not any(self._can_read(candidate) for candidate in candidates[:PASSAGES_READ]):
            return False
        return -self._weights.certain <= candidates[0].log_odds < self._weights.certain

    def rescored(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates in their new order, best first.

        A passage that was not read, for its language, its place or for want of time, never
        overtakes one that was: its log-odds are at most the lowest of those that were.
        """
        deadline = time.perf_counter() + self._budget_ms / 1000
        readable = [candidate for candidate in candidates[:PASSAGES_READ] if self._can_read(candidate)]
        first_looks = {each.stored.row: each.log_odds for each in readable}
        logits = self._read(question, {each.stored.row: window(each) for each in readable}, deadline)
        ranked = _reordered(candidates, _calibrated(first_looks, logits, self._weights.windows))
        if abs(ranked[0].log_odds) >= self._weights.settled or time.perf_counter() > deadline:
            return ranked
        doubtful = [each for each in ranked if each.stored.row in logits][:WHOLE_PASSAGES_READ]
        whole = self._read(question, {each.stored.row: each.stored.text for each in doubtful}, deadline)
        means = {row: (logits[row] + logit) / 2 for row, logit in whole.items()}
        return _reordered(ranked, _calibrated(first_looks, means, self._weights.whole_passages))

    def _read(self, question: str, texts: dict[int, str], deadline: float) -> dict[int, float]:
        """Return the logits of the texts that were read in time, by the rows given."""
        logits = self._cross_encoder.score(question, list(texts.values()), deadline=deadline)
        return {row: float(logit) for row, logit in zip(texts, logits, strict=True) if np.isfinite(logit)}

    def _can_read(self, candidate: Candidate) -> bool:
        return candidate.stored.source.language in self._known_languages


def _calibrated(
    first_looks: dict[int, float], logits: dict[int, float], calibration: NDArray[np.float64]
) -> dict[int, float]:
    rows = list(logits)
    of_first = np.array([first_looks[row] for row in rows])
    log_odds = second_look(of_first, np.array([logits[row] for row in rows]), calibration)
    return dict(zip(rows, log_odds.tolist(), strict=True))


def _reordered(candidates: Sequence[Candidate], log_odds: dict[int, float]) -> list[Candidate]:
    """Return the candidates with new log-odds, best first; those without any stay behind."""
    lowest = min(log_odds.values(), default=np.inf)
    rescored = (
        replace(each, log_odds=log_odds.get(each.stored.row, min(each.log_odds, lowest)))
        for each in candidates
    )
    return sorted(rescored, key=lambda each: -each.log_odds)


def window(candidate: Candidate) -> str:
    """Return the likeliest sentence of a candidate with its neighbours, as they stand in the article."""
    passage = candidate.stored.passage
    best = candidate.best_sentence
    first = passage.sentences[max(0, best - SENTENCES_BESIDE)]
    last = passage.sentences[min(len(passage.sentences) - 1, best + SENTENCES_BESIDE)]
    begin = passage.span.start
    return Span(first.start - begin, last.end - begin).of(candidate.stored.text)
