"""Evidence becomes log-odds and probabilities by the weights and by nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.evidence import PASSAGE_EVIDENCE, SENTENCE_EVIDENCE, Evidence, no_evidence
from index.ranking import (
    WEIGHTS_NAME,
    default_weights,
    first_look,
    probability,
    second_look,
    sentence_scores,
    weights_from,
)

SHARES = st.floats(0, 1)


def evidence(*passages: dict[str, float], sentences: int = 1) -> Evidence:
    """Return evidence of these pieces, the others 0, and as many sentences a passage."""
    columns = np.array([[each.get(name, 0.0) for name in PASSAGE_EVIDENCE] for each in passages])
    return Evidence(
        rows=np.arange(len(passages)),
        passages=columns,
        sentences=np.zeros((len(passages) * sentences, len(SENTENCE_EVIDENCE))),
        first_sentences=np.arange(len(passages) + 1) * sentences,
    )


def test_the_weights_that_ship_name_every_piece_of_evidence_and_no_other() -> None:
    fields = json.loads(resources.files("index").joinpath(WEIGHTS_NAME).read_text(encoding="utf-8"))
    for blend in ("understood", "not_understood"):
        assert set(fields["first_look"][blend]) == {*PASSAGE_EVIDENCE, "intercept"}
        assert set(fields["highlight"][blend]) == set(SENTENCE_EVIDENCE)


def test_a_missing_weight_is_an_error() -> None:
    fields = json.loads(resources.files("index").joinpath(WEIGHTS_NAME).read_text(encoding="utf-8"))
    del fields["first_look"]["understood"]["cosine"]
    with pytest.raises(KeyError, match="cosine"):
        weights_from(fields)


def test_the_log_odds_are_the_weighted_sum_in_a_language_that_is_understood() -> None:
    weights = default_weights()
    piece = PASSAGE_EVIDENCE.index("stem_score")
    known = PASSAGE_EVIDENCE.index("understood")
    found = first_look(evidence({"understood": 1, "stem_score": 0.5}), weights)[0]
    expected = weights.understood[-1] + weights.understood[known] + 0.5 * weights.understood[piece]
    assert found == pytest.approx(expected)


@given(SHARES)
def test_languages_are_blended_by_how_far_they_are_understood(share: float) -> None:
    weights = replace(
        default_weights(),
        understood=np.append(np.zeros(len(PASSAGE_EVIDENCE)), 2.0),
        not_understood=np.append(np.zeros(len(PASSAGE_EVIDENCE)), -1.0),
    )
    found = first_look(evidence({"understood": share}), weights)[0]
    assert found == pytest.approx(2.0 * share - 1.0 * (1 - share))


def test_a_passage_without_any_evidence_is_no_answer() -> None:
    for understood in (0.0, 1.0):
        log_odds = first_look(evidence({"understood": understood, "question_length": 1.6}), default_weights())
        assert probability(log_odds)[0] < 0.05


@pytest.mark.parametrize("understood", [0.0, 1.0])
def test_a_passage_with_all_evidence_is_an_answer(understood: float) -> None:
    full = dict.fromkeys(PASSAGE_EVIDENCE, 0.9)
    full |= {"understood": understood, "question_length": 1.6, "agreement": 1.0}
    full |= {"cosine": 0.8 * understood, "best_sentence_cosine": 0.9 * understood}
    assert probability(first_look(evidence(full), default_weights()))[0] > 0.9


def test_the_second_look_weighs_both_looks() -> None:
    weights = replace(default_weights(), second_look=np.array([0.5, 2.0, -1.0]))
    found = second_look(np.array([4.0, 0.0]), np.array([1.0, -3.0]), weights)
    assert found.tolist() == [3.0, -7.0]


def test_a_higher_score_of_the_cross_encoder_is_a_higher_probability() -> None:
    found = second_look(np.zeros(3), np.array([-10.0, 0.0, 8.0]), default_weights())
    assert np.all(np.diff(found) > 0)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_probabilities_lie_in_the_unit_interval_and_keep_the_order(one: float, other: float) -> None:
    low, high = probability(np.sort(np.array([one, other])))
    assert 0 <= low <= high <= 1


def test_log_odds_of_nothing_are_even_odds() -> None:
    assert probability(np.array([0.0, np.log(3)])).tolist() == pytest.approx([0.5, 0.75])


def test_no_candidates_have_no_log_odds() -> None:
    assert first_look(no_evidence(), default_weights()).shape == (0,)


def test_the_sentence_with_more_of_the_question_in_it_is_the_likelier() -> None:
    found = evidence({"understood": 1.0}, {"understood": 1.0}, sentences=2)
    names = list(SENTENCE_EVIDENCE)
    found.sentences[:, names.index("understood")] = 1
    found.sentences[3, [names.index("stem_score"), names.index("cosine")]] = 0.7
    scores = sentence_scores(found, default_weights())[found.sentences_of(1)]
    assert scores.shape == (2,)
    assert scores[1] > scores[0]


def test_the_decisions_are_in_order() -> None:
    weights = default_weights()
    assert 0 < weights.settled < weights.certain
    assert float(probability(np.array(-weights.certain))) < weights.answering_threshold
    assert weights.answering_threshold < float(probability(np.array(weights.certain)))
