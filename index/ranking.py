"""Evidence to one calibrated probability a passage: pure arithmetic over fitted weights.

The probability is that of a logistic regression. The weights lie in `ranking_weights.json`, made
by `tests/benchmarks/fit_ranking.py`; two sets of them, for languages that the encoder knows and
for those it does not, are blended by how far it knows the passage's language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.evidence import PASSAGE_EVIDENCE, SENTENCE_EVIDENCE, Evidence

WEIGHTS_NAME: Final = "ranking_weights.json"

_UNDERSTOOD_COLUMN: Final = PASSAGE_EVIDENCE.index("understood")
_SENTENCE_UNDERSTOOD_COLUMN: Final = SENTENCE_EVIDENCE.index("understood")


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted numbers; every vector has the order of the evidence's columns."""

    understood: NDArray[np.float64]
    """(len(PASSAGE_EVIDENCE) + 1,): for languages that the encoder knows; the intercept last."""
    not_understood: NDArray[np.float64]
    """The same for languages that it does not know at all."""
    sentence_understood: NDArray[np.float64]
    """(len(SENTENCE_EVIDENCE),): which sentence of a passage answers."""
    sentence_not_understood: NDArray[np.float64]
    second_look: NDArray[np.float64]
    """(3,): of the first look's log-odds, of the cross-encoder's logit, and the intercept."""
    answering_threshold: float
    """The probability from which on an answer is shown as one."""
    certain: float
    """From these log-odds on the first look needs no second."""
    hopeless: float
    """Below these log-odds it needs none either: nothing that reads so far off was ever an answer."""
    settled: float
    """From these log-odds on a passage that was read is the answer, and the next one is not read."""
    near: float
    """Below these log-odds what was read is not near the question, and no further passage is read."""
    sentence_lead: float
    """By how much a sentence's score must exceed the second's for it to be marked without reading."""


@cache
def default_weights() -> Weights:
    """Return the weights that Footnote ships with."""
    text = resources.files("index").joinpath(WEIGHTS_NAME).read_text(encoding="utf-8")
    return weights_from(json.loads(text))


def weights_from(fields: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Weights:
    """Return the weights that a file of them says.

    Raises:
        KeyError: A weight is missing.
    """

    def vector(names: Sequence[str], part: str, blend: str) -> NDArray[np.float64]:
        return np.array([fields[part][blend][name] for name in names], dtype=np.float64)

    return Weights(
        understood=vector((*PASSAGE_EVIDENCE, "intercept"), "first_look", "understood"),
        not_understood=vector((*PASSAGE_EVIDENCE, "intercept"), "first_look", "not_understood"),
        sentence_understood=vector(SENTENCE_EVIDENCE, "highlight", "understood"),
        sentence_not_understood=vector(SENTENCE_EVIDENCE, "highlight", "not_understood"),
        second_look=vector(("first_look", "cross_encoder", "intercept"), "second_look", "passages_read"),
        answering_threshold=fields["decisions"]["probability"]["answering_threshold"],
        certain=fields["decisions"]["log_odds"]["certain"],
        hopeless=fields["decisions"]["log_odds"]["hopeless"],
        settled=fields["decisions"]["log_odds"]["settled"],
        near=fields["decisions"]["log_odds"]["near"],
        sentence_lead=fields["decisions"]["scores"]["sentence_lead"],
    )


def first_look(evidence: Evidence, weights: Weights) -> NDArray[np.float64]:
    """Return for each candidate the log-odds that it answers, (n,) float64."""
    known = evidence.passages[:, _UNDERSTOOD_COLUMN]
    return _blended(evidence.passages, known, weights.understood, weights.not_understood)


def second_look(
    first_look_log_odds: NDArray[np.float64],
    cross_encoder_logits: NDArray[np.float64],
    weights: Weights,
) -> NDArray[np.float64]:
    """Return the log-odds after the cross-encoder has read, (n,) float64.

    Args:
        first_look_log_odds: (n,).
        cross_encoder_logits: (n,).
        weights: Of both, and what is added.
    """
    of_first, of_cross_encoder, intercept = weights.second_look
    combined: NDArray[np.float64] = (
        of_first * first_look_log_odds + of_cross_encoder * cross_encoder_logits + intercept
    )
    return combined


def sentence_scores(evidence: Evidence, weights: Weights) -> NDArray[np.float64]:
    """Return for each sentence of all candidates how likely it holds the answer, higher is better.

    The scores compare the sentences of one passage and nothing else. (m,) float64, in the order of
    `Evidence.sentences`.
    """
    known = evidence.sentences[:, _SENTENCE_UNDERSTOOD_COLUMN]
    without_intercept = (
        np.append(weights.sentence_understood, 0.0),
        np.append(weights.sentence_not_understood, 0.0),
    )
    return _blended(evidence.sentences, known, *without_intercept)


def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function of `log_odds`, without overflow, in the same shape."""
    # tanh saturates where exp would overflow.
    in_unit: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return in_unit


def _blended(
    columns: NDArray[np.float64],
    known: NDArray[np.float64],
    understood: NDArray[np.float64],
    not_understood: NDArray[np.float64],
) -> NDArray[np.float64]:
    with_understood = columns @ understood[:-1] + understood[-1]
    without = columns @ not_understood[:-1] + not_understood[-1]
    blended: NDArray[np.float64] = known * with_understood + (1 - known) * without
    return blended
