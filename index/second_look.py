"""The cross-encoder reads the question together with the few passages that came first.

It is asked only where the first look is in doubt, and reads no more than settles it: a window around
the likeliest sentence of the first passage; unless that will do, one of the second; and where the
doubt remains, the better of the two whole. Reading five passages instead of two, and all of them
whole, changed no figure by more than .006 on the English set that the weights were fitted on.
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

PASSAGES_READ: Final = 2
"""Of the first look's order."""

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
            budget_ms: No text is begun after so many milliseconds; the first always is.
        """
        self._cross_encoder = cross_encoder
        self._weights = weights
        self._known_languages = known_languages
        self._budget_ms = budget_ms

    def is_needed(self, candidates: Sequence[Candidate]) -> bool:
        """Return whether the first look leaves a doubt that the cross-encoder can settle."""
        if not any(self._can_read(candidate) for candidate in candidates[:PASSAGES_READ]):
            return False
        return self._weights.hopeless <= candidates[0].log_odds < self._weights.certain

    def rescored(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates in their new order, best first.

        A passage that was not read, for its language, its place or for want of time, never
        overtakes one that was: its log-odds are at most the lowest of those that were.
        """
        deadline = time.perf_counter() + self._budget_ms / 1000
        readable = [candidate for candidate in candidates[:PASSAGES_READ] if self._can_read(candidate)]
        in_windows: dict[int, float] = {}
        for candidate in readable:
            if in_windows and (self._is_settled(readable, in_windows) or time.perf_counter() > deadline):
                break
            in_windows[candidate.stored.row] = self._logit(question, window(candidate))
        read = [candidate for candidate in readable if candidate.stored.row in in_windows]
        log_odds = _calibrated(read, in_windows, self._weights.windows)
        best = max(read, key=lambda each: log_odds[each.stored.row])
        settled = abs(log_odds[best.stored.row]) >= self._weights.settled
        if not settled and time.perf_counter() <= deadline:
            whole = max(in_windows[best.stored.row], self._logit(question, best.stored.text))
            log_odds |= _calibrated([best], {best.stored.row: whole}, self._weights.whole_passages)
        return _reordered(candidates, log_odds)

    def _logit(self, question: str, text: str) -> float:
        return float(self._cross_encoder.score(question, [text])[0])

    def _is_settled(self, readable: Sequence[Candidate], in_windows: dict[int, float]) -> bool:
        """Return whether the first passage, read by itself, answers beyond doubt and had a clear lead."""
        first, *others = readable
        if others and first.log_odds - others[0].log_odds < self._weights.lead:
            return False
        log_odds = _calibrated([first], in_windows, self._weights.windows)
        return log_odds[first.stored.row] >= self._weights.settled

    def _can_read(self, candidate: Candidate) -> bool:
        return candidate.stored.source.language in self._known_languages


def _calibrated(
    candidates: Sequence[Candidate], logits: dict[int, float], calibration: NDArray[np.float64]
) -> dict[int, float]:
    of_first = np.array([each.log_odds for each in candidates])
    of_cross_encoder = np.array([logits[each.stored.row] for each in candidates])
    log_odds = second_look(of_first, of_cross_encoder, calibration)
    return {each.stored.row: float(value) for each, value in zip(candidates, log_odds, strict=True)}


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
