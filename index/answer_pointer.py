"""Whether a text answers and which of its sentences does: read off the states of a cross-encoder.

Three quarters of the way up, where `index.tuned_layers` ends. One direction among the dimensions of the
state that stands for question and text together tells texts that answer from those that only could, and
another points to the tokens of the answer; a sentence is as likely as its tokens together.
`tests/benchmarks/tune_reading.py` tunes the layers and both directions together.
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
    state: NDArray[np.float32]
    """(d,): what it holds there of question and text together."""


@dataclass(frozen=True, slots=True)
class AnswerPointer:
    """Two directions in the states of one model's layer."""

    layer: str
    """The name of the layer's output in the model's graph."""
    layers_sha256: str
    """Of the file of `index.tuned_layers`, in hexadecimal: the directions lie in the states of these."""
    answering: NDArray[np.float32]
    """(d,): the direction of the states of texts that answer."""
    intercept: float
    """Added to what lies in that direction."""
    weights: NDArray[np.float32]
    """(d,): the direction of the states of the answer's tokens."""
    evidence: float
    """What the first look's opinion of a sentence counts beside the pointer's."""

    def logit(self, state: NDArray[np.float32]) -> float:
        """Return how well a text answers by the (d,) state of question and text together.

        Higher is better; on the scale of the logits that the whole model would give.
        """
        return float(state @ self.answering) + self.intercept

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
        pointed = np.array([_log_sum(scores[tokens_within(reading.tokens, each)]) for each in sentences])
        if not np.isfinite(pointed).any():
            return None
        combined: NDArray[np.float64] = pointed + self.evidence * evidence
        return combined


def tokens_within(tokens: NDArray[np.int64], span: Span) -> NDArray[np.bool_]:
    """Return which tokens lie in a span of the text, (n,); those without characters lie in none.

    Args:
        tokens: (n, 2): begin and end of each, in the text's characters.
        span: In the text's characters.
    """
    begins, ends = tokens.T
    within: NDArray[np.bool_] = (begins >= span.start) & (ends <= span.end) & (begins < ends)
    return within


@cache
def default_pointer() -> AnswerPointer:
    """Return the pointer that Footnote ships with, for its default cross-encoder."""
    fields = json.loads(resources.files("index").joinpath(POINTER_NAME).read_text(encoding="utf-8"))
    return AnswerPointer(
        layer=fields["layer"],
        layers_sha256=fields["layers_sha256"],
        answering=np.array(fields["answering"]["weights"], np.float32),
        intercept=fields["answering"]["intercept"],
        weights=np.array(fields["sentences"]["weights"], np.float32),
        evidence=fields["sentences"]["evidence"],
    )


def _log_sum(scores: NDArray[np.float32]) -> float:
    """Return the logarithm of the sum of the exponentials, without overflow; -inf of none."""
    if not len(scores):
        return -np.inf
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - highest).sum()))
