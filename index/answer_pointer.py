"""Which sentence of a text answers: read off the cross-encoder's own states while it reads the text.

Two thirds of the way up, the state of each token says not only what it means but what it is to the
question. One direction among its dimensions, fitted by `tests/benchmarks/fit_pointer.py`, points to the
tokens of the answer; a sentence is as likely as its tokens together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.types import Span

POINTER_NAME: Final = "answer_pointer.json"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cross-encoder made of a question and a text."""

    logit: float
    """Higher where the text answers the question better."""
    tokens: NDArray[np.int64]
    """(n, 2): begin and end of each of the text's tokens, in the text's characters."""
    states: NDArray[np.float32]
    """(n, d): what the model holds of each token, in the layer that the pointer was fitted on."""


@dataclass(frozen=True, slots=True)
class AnswerPointer:
    """One direction in the states of one model's layer."""

    layer: str
    """The name of the layer's output in the model's graph."""
    weights: NDArray[np.float32]
    """(d,)."""
    evidence: float
    """What the first look's opinion of a sentence counts beside the pointer's."""

    def sentences(
        self, reading: Reading, sentences: Sequence[Span], evidence: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return how likely each sentence holds the answer, (m,) float64, higher is better.

        Args:
            reading: Of the text.
            sentences: Where its sentences lie in it, m of them.
            evidence: (m,): what the first look said of them.

        Returns:
            Unnormalised logarithms, -inf for sentences that the model did not get to; None where
            the reading has no states, or no token lies in a sentence.
        """
        if not len(reading.states):
            return None
        scores = reading.states @ self.weights
        begins, ends = reading.tokens.T
        inside = [
            scores[(begins >= sentence.start) & (ends <= sentence.end) & (begins < ends)]
            for sentence in sentences
        ]
        pointed = np.array([_log_sum(each) for each in inside])
        if not np.isfinite(pointed).any():
            return None
        combined: NDArray[np.float64] = pointed + self.evidence * evidence
        return combined


@cache
def default_pointer() -> AnswerPointer:
    """Return the pointer that Footnote ships with, for its default cross-encoder."""
    fields = json.loads(resources.files("index").joinpath(POINTER_NAME).read_text(encoding="utf-8"))
    return AnswerPointer(fields["layer"], np.array(fields["weights"], np.float32), fields["evidence"])


def _log_sum(scores: NDArray[np.float32]) -> float:
    """Return the logarithm of the sum of the exponentials, without overflow; -inf of none."""
    if not len(scores):
        return -np.inf
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - highest).sum()))
