"""The cross-encoder reads the question together with the few passages that came first.

It is asked only where the first look is in doubt, and reads no more than settles it: a window around
the likeliest sentence of the first passage; unless that will do, one of the second; and where the
doubt remains, the better of the two whole. Reading five passages instead of two, and all of them
whole, changed no figure by more than .006 on the English set that the weights were fitted on.
What it reads it also points into: `index.answer_pointer` says which of the sentences answers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.answer_pointer import Reading, default_pointer
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


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some sentences of a candidate that follow each other, as they stand in the article."""

    text: str
    first_sentence: int
    """The place of the first of them in the passage."""
    sentences: tuple[Span, ...]
    """Where they lie in `text`."""


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
        first = candidates[0]
        is_in_doubt = first.log_odds < self._weights.certain or self._sentence_is_in_doubt(first)
        return self._weights.hopeless <= first.log_odds and is_in_doubt

    def rescored(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates in their new order, best first.

        A passage that was not read, for its language, its place or for want of time, never
        overtakes one that was: its log-odds are at most the lowest of those that were.
        """
        deadline = time.perf_counter() + self._budget_ms / 1000
        readable = [candidate for candidate in candidates[:PASSAGES_READ] if self._can_read(candidate)]
        in_windows: dict[int, float] = {}
        pointed: dict[int, NDArray[np.float64]] = {}

        def logit(candidate: Candidate, excerpt: Excerpt) -> float:
            reading = self._cross_encoder.read(question, excerpt.text)
            scores = _pointed(candidate, excerpt, reading)
            if scores is not None:
                pointed[candidate.stored.row] = scores
            return reading.logit

        for candidate in readable:
            if in_windows and (self._is_settled(readable, in_windows) or time.perf_counter() > deadline):
                break
            in_windows[candidate.stored.row] = logit(candidate, window(candidate))
        read = [candidate for candidate in readable if candidate.stored.row in in_windows]
        log_odds = _calibrated(read, in_windows, self._weights.windows)
        best = max(read, key=lambda each: log_odds[each.stored.row])
        settled = abs(log_odds[best.stored.row]) >= self._weights.settled
        if not settled and time.perf_counter() <= deadline:
            highest = max(in_windows[best.stored.row], logit(best, whole(best)))
            log_odds |= _calibrated([best], {best.stored.row: highest}, self._weights.whole_passages)
        return _reordered(candidates, log_odds, pointed)

    def _sentence_is_in_doubt(self, candidate: Candidate) -> bool:
        """Return whether another sentence of the candidate is nearly as likely as the likeliest."""
        *_, second, first = np.sort(np.append(candidate.sentence_scores, [-np.inf, -np.inf]))
        return bool(first - second < self._weights.sentence_lead)

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


def _pointed(candidate: Candidate, excerpt: Excerpt, reading: Reading) -> NDArray[np.float64] | None:
    """Return the scores of a candidate's sentences after a part of it was read, -inf outside that part."""
    read = slice(excerpt.first_sentence, excerpt.first_sentence + len(excerpt.sentences))
    found = default_pointer().sentences(reading, excerpt.sentences, candidate.sentence_scores[read])
    if found is None:
        return None
    scores = np.full(len(candidate.sentence_scores), -np.inf)
    scores[read] = found
    return scores


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


def window(candidate: Candidate) -> Excerpt:
    """Return the likeliest sentence of a candidate with its neighbours."""
    best = candidate.best_sentence
    return _excerpt(candidate, max(0, best - SENTENCES_BESIDE), best + SENTENCES_BESIDE + 1)


def whole(candidate: Candidate) -> Excerpt:
    """Return all of a candidate."""
    return _excerpt(candidate, 0, None)


def _excerpt(candidate: Candidate, first: int, end: int | None) -> Excerpt:
    passage = candidate.stored.passage
    sentences = passage.sentences[first:end]
    # A whole passage may have white space around its sentences.
    is_whole = len(sentences) == len(passage.sentences)
    span = passage.span if is_whole else Span(sentences[0].start, sentences[-1].end)
    begin = passage.span.start
    return Excerpt(
        text=Span(span.start - begin, span.end - begin).of(candidate.stored.text),
        first_sentence=first,
        sentences=tuple(Span(each.start - span.start, each.end - span.start) for each in sentences),
    )
