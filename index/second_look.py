"""The cross-encoder reads the question together with the passages that came first.

It is asked only where the first look is in doubt, and reads whole passages: the first; unless that answers
beyond doubt, the second; and further ones, one after another, only where what was read comes near and is no
answer. A window of three sentences holds less of what the question asks for, and the sentence that answers
is marked less often in it. Both are said by `index.answer_pointer`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.answer_pointer import default_pointer
from index.cross_encoder import CrossEncoder
from index.ranking import Weights, probability, second_look
from index.texts import StoredPassage
from index.types import Span


@dataclass(frozen=True, slots=True)
class Depth:
    """How many passages of the first look's order are read at most.

    Chosen by `tests/benchmarks/second_look.py`. With two and no third the first passage had the answer to
    .969 of the English questions, with these to .973, as with a third that is always read; with that, the
    golden questions' first passages answered .880 instead of .893.
    """

    passages: int = 2
    """1 or more."""
    more_unanswered: int = 3
    """How many after those, as long as none before is an answer and one comes near."""


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
        depth: Depth,
    ) -> None:
        """Take the model and its limits.

        Args:
            cross_encoder: Reads question and text together.
            weights: Calibrate its scores into the one probability, and say from which on it is an answer.
            known_languages: Passages in other languages keep what the first look said.
            budget_ms: No passage is begun after so many milliseconds; the first always is.
            depth: How many it reads.
        """
        self._cross_encoder = cross_encoder
        self._weights = weights
        self._known_languages = known_languages
        self._budget_ms = budget_ms
        self._depth = depth

    def is_needed(self, candidates: Sequence[Candidate]) -> bool:
        """Return whether the first look leaves a doubt that the cross-encoder can settle."""
        if not any(self._can_read(candidate) for candidate in candidates[: self._depth.passages]):
            return False
        first = candidates[0]
        is_in_doubt = first.log_odds < self._weights.certain or self._sentence_is_in_doubt(first)
        return self._weights.hopeless <= first.log_odds and is_in_doubt

    def rescored(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates in their new order, best first.

        A passage that was not read, for its language, its place or for want of time, never
        overtakes one that was: its log-odds are at most the lowest of those that were.
        """
        deadline = time.perf_counter() + self._budget_ms / 1000
        log_odds: dict[int, float] = {}
        pointed: dict[int, NDArray[np.float64]] = {}
        for place, candidate in enumerate(candidates[: self._depth.passages + self._depth.more_unanswered]):
            if place >= self._depth.passages and not self._is_open(candidates[:place], log_odds):
                break
            if not self._can_read(candidate):
                continue
            row = candidate.stored.row
            reading = self._cross_encoder.read(question, candidate.stored.text, context_of(candidate.stored))
            log_odds[row] = self._calibrated(candidate, reading.logit)
            scores = default_pointer().sentences(
                reading, sentences_in_text(candidate.stored), candidate.sentence_scores
            )
            if scores is not None:
                pointed[row] = scores
            if log_odds[row] >= self._weights.settled or time.perf_counter() > deadline:
                break
        return _reordered(candidates, log_odds, pointed)

    def _sentence_is_in_doubt(self, candidate: Candidate) -> bool:
        """Return whether another sentence of the candidate is nearly as likely as the likeliest."""
        *_, second, first = np.sort(np.append(candidate.sentence_scores, [-np.inf, -np.inf]))
        return bool(first - second < self._weights.sentence_lead)

    def _calibrated(self, candidate: Candidate, logit: float) -> float:
        return float(second_look(np.array(candidate.log_odds), np.array(logit), self._weights))

    def _is_open(self, candidates: Sequence[Candidate], log_odds: dict[int, float]) -> bool:
        """Return whether the best of the candidates, as far as is known, comes near and is no answer."""
        best = max(log_odds.get(each.stored.row, each.log_odds) for each in candidates)
        is_answer = probability(np.array(best)) >= self._weights.answering_threshold
        return best >= self._weights.near and not is_answer

    def _can_read(self, candidate: Candidate) -> bool:
        return candidate.stored.source.language in self._known_languages


def context_of(stored: StoredPassage) -> str:
    """Return what stands above a passage: its article's title and the headings, each once, as sentences."""
    return "".join(f"{each}. " for each in dict.fromkeys((stored.source.title, *stored.passage.headings)))


def sentences_in_text(stored: StoredPassage) -> list[Span]:
    """Return where the sentences of a passage lie in its text."""
    begin = stored.passage.span.start
    return [Span(each.start - begin, each.end - begin) for each in stored.passage.sentences]


def _reordered(
    candidates: Sequence[Candidate], log_odds: dict[int, float], pointed: dict[int, NDArray[np.float64]]
) -> list[Candidate]:
    """Return the candidates with what is new of them, best first; those without log-odds stay behind."""
    lowest = min(log_odds.values(), default=np.inf)
    rescored = (
        replace(
            each,
            log_odds=log_odds.get(each.stored.row, min(each.log_odds, lowest)),
            sentence_scores=pointed.get(each.stored.row, each.sentence_scores),
        )
        for each in candidates
    )
    return sorted(rescored, key=lambda each: -each.log_odds)
