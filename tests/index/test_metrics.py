"""Measures: worked by hand, held to their bounds, and checked against plain counting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.metrics import (
    Match,
    area_under_roc,
    brier_score,
    expected_calibration_error,
    highlight_has_answer,
    percentile,
    reciprocal_rank,
    span_precision_at,
    span_recall_at,
    success_at,
)
from index.types import AnswerSpan, Passage, RankedPassage, Source, Span


def passage(start: int, end: int, article_id: str = "moon") -> Passage:
    """Return a passage of one sentence."""
    span = Span(start, end)
    return Passage("0123456789abcdef", article_id, span, (span,), (), 1, 1)


def answer(start: int, end: int, article_id: str = "moon") -> AnswerSpan:
    """Return an answer span; measures do not look at its text."""
    return AnswerSpan(article_id, Span(start, end), "")


def ranked(highlight: Span | None) -> RankedPassage:
    """Return a passage of "moon" with something marked in it."""
    source = Source("moon", "Moon", "en")
    return RankedPassage(passage(0, 100), source, "x" * 100, highlight, 0.5)


places = st.tuples(st.integers(0, 30), st.integers(1, 12), st.sampled_from(["moon", "sun"])).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
)
passage_lists = st.lists(places.map(lambda place: passage(*place)), max_size=8)
span_lists = st.lists(places.map(lambda place: answer(*place)), min_size=1, max_size=4)
scores = st.lists(st.integers(-20, 20).map(lambda tenths: tenths / 10), max_size=15)
forecasts = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


class TestSuccess:
    """Success@k: one right passage among the first k."""

    @pytest.mark.parametrize(
        ("start", "end", "contains", "overlaps"),
        [
            (10, 20, True, True),
            (9, 21, True, True),
            (11, 20, False, True),
            (10, 19, False, True),
            (0, 11, False, True),
            (0, 10, False, False),
            (20, 30, False, False),
        ],
    )
    def test_containing_takes_the_whole_span_and_overlapping_one_character(
        self, start: int, end: int, contains: bool, overlaps: bool
    ) -> None:
        """Ends are exclusive: to touch is not to overlap."""
        assert success_at([passage(start, end)], [answer(10, 20)], 1) is contains
        assert success_at([passage(start, end)], [answer(10, 20)], 1, Match.OVERLAPS) is overlaps

    @pytest.mark.parametrize("match", Match)
    def test_the_same_offsets_in_another_article_are_wrong(self, match: Match) -> None:
        """A place is an article and offsets."""
        assert not success_at([passage(0, 50, "sun")], [answer(10, 20, "moon")], 1, match)

    def test_any_one_of_several_spans_is_enough(self) -> None:
        """With several excerpts, Success@k asks for one of them."""
        assert success_at([passage(0, 30)], [answer(90, 95), answer(10, 20)], 1)

    def test_only_the_first_k_count(self) -> None:
        """The right passage at rank 3 is out of reach for k = 2."""
        listed = [passage(50, 60), passage(60, 70), passage(0, 30)]
        assert not success_at(listed, [answer(10, 20)], 2)
        assert success_at(listed, [answer(10, 20)], 3)
        assert success_at(listed, [answer(10, 20)], 9)

    def test_nothing_to_look_at_is_no_success(self) -> None:
        """No passages, or no spans, count as zero."""
        assert not success_at([], [answer(10, 20)], 1)
        assert not success_at([passage(0, 30)], [], 1)

    @pytest.mark.parametrize("k", [0, -1])
    def test_a_depth_below_one_is_refused(self, k: int) -> None:
        """A negative k would otherwise cut from the end in silence."""
        with pytest.raises(ValueError, match="at least 1"):
            success_at([passage(0, 30), passage(0, 30)], [answer(10, 20)], k)

    @given(listed=passage_lists, spans=span_lists, k=st.integers(1, 8), match=st.sampled_from(Match))
    def test_it_grows_with_k_and_overlapping_is_the_easier(
        self, listed: list[Passage], spans: list[AnswerSpan], k: int, match: Match
    ) -> None:
        """Looking deeper, or more leniently, never loses a success."""
        assert success_at(listed, spans, k, match) <= success_at(listed, spans, k + 1, match)
        assert success_at(listed, spans, k) <= success_at(listed, spans, k, Match.OVERLAPS)


class TestReciprocalRank:
    """One over the rank of the first right passage."""

    @pytest.mark.parametrize(
        ("wrong_before", "expected"), [(0, 1.0), (1, 0.5), (3, 0.25), (9, 0.1), (10, 0.0)]
    )
    def test_it_is_one_over_the_rank_and_zero_past_the_cutoff(
        self, wrong_before: int, expected: float
    ) -> None:
        """Ten passages are looked at unless told otherwise."""
        listed = [passage(50, 60)] * wrong_before + [passage(0, 30)]
        assert reciprocal_rank(listed, [answer(10, 20)]) == expected

    def test_the_match_is_the_caller_s(self) -> None:
        """The first passage overlaps, the second contains."""
        listed = [passage(15, 30), passage(0, 30)]
        assert reciprocal_rank(listed, [answer(10, 20)]) == 0.5
        assert reciprocal_rank(listed, [answer(10, 20)], match=Match.OVERLAPS) == 1

    @given(listed=passage_lists, spans=span_lists, cutoff=st.integers(1, 10), match=st.sampled_from(Match))
    def test_it_agrees_with_success(
        self, listed: list[Passage], spans: list[AnswerSpan], cutoff: int, match: Match
    ) -> None:
        """Success@k is that the first right rank is k or better."""
        reciprocal = reciprocal_rank(listed, spans, cutoff, match)
        for k in range(1, cutoff + 1):
            assert success_at(listed, spans, k, match) == (reciprocal >= 1 / k)


class TestSpanRecallAndPrecision:
    """Characters of the passages against characters of the spans."""

    def test_a_passage_that_shows_half_of_the_answer(self) -> None:
        """Of 10 characters 5 are shown, in a passage of 20."""
        assert span_recall_at([passage(15, 35)], [answer(10, 20)]) == 0.5
        assert span_precision_at([passage(15, 35)], [answer(10, 20)]) == 0.25

    def test_what_overlaps_counts_once(self) -> None:
        """Passages 0-20 and 10-30 are 30 characters; spans 5-15 and 10-25 are 20, all shown."""
        listed = [passage(0, 20), passage(10, 30), passage(0, 20)]
        spans = [answer(5, 15), answer(10, 25)]
        assert span_recall_at(listed, spans) == 1
        assert span_precision_at(listed, spans) == pytest.approx(20 / 30)

    def test_articles_are_kept_apart(self) -> None:
        """Of 10 characters in each of two articles one article's are shown, with 20 of another."""
        listed = [passage(0, 10, "moon"), passage(0, 20, "tide")]
        spans = [answer(0, 10, "moon"), answer(0, 10, "sun")]
        assert span_recall_at(listed, spans) == 0.5
        assert span_precision_at(listed, spans) == pytest.approx(10 / 30)

    def test_only_the_first_k_count(self) -> None:
        """Five unless told otherwise."""
        listed = [passage(100, 110)] * 5 + [passage(10, 20)]
        assert span_recall_at(listed, [answer(10, 20)]) == 0
        assert span_recall_at(listed, [answer(10, 20)], k=6) == 1
        assert span_precision_at(listed, [answer(10, 20)], k=6) == 0.5

    def test_nothing_given_counts_as_zero(self) -> None:
        """An empty answer is neither left out nor an error."""
        assert span_recall_at([], [answer(10, 20)]) == 0
        assert span_precision_at([], [answer(10, 20)]) == 0
        assert span_recall_at([passage(0, 30)], []) == 0
        assert span_precision_at([passage(0, 30)], []) == 0

    @given(listed=passage_lists, spans=span_lists, k=st.integers(1, 8))
    def test_they_are_what_counting_characters_gives(
        self, listed: list[Passage], spans: list[AnswerSpan], k: int
    ) -> None:
        """The same with plain sets of characters; recall grows with k."""
        wanted = {(span.article_id, at) for span in spans for at in range(span.span.start, span.span.end)}
        shown = {(one.article_id, at) for one in listed[:k] for at in range(one.span.start, one.span.end)}
        common = len(wanted & shown)
        assert span_recall_at(listed, spans, k) == common / len(wanted)
        assert span_precision_at(listed, spans, k) == (common / len(shown) if shown else 0)
        assert span_recall_at(listed, spans, k) <= span_recall_at(listed, spans, k + 1)


class TestHighlight:
    """Whether the marked sentence holds the answer."""

    @pytest.mark.parametrize(
        ("marked", "contains", "overlaps"),
        [
            (Span(5, 25), True, True),
            (Span(15, 25), False, True),
            (Span(30, 40), False, False),
            (None, False, False),
        ],
    )
    def test_the_marked_sentence_is_measured_and_not_the_passage(
        self, marked: Span | None, contains: bool, overlaps: bool
    ) -> None:
        """The passage around it contains the answer in every case; nothing marked is a miss."""
        assert highlight_has_answer(ranked(marked), [answer(10, 20)]) is contains
        assert highlight_has_answer(ranked(marked), [answer(10, 20)], Match.OVERLAPS) is overlaps

    def test_no_passage_is_a_miss_and_another_article_too(self) -> None:
        """The marked offsets are the passage's article's."""
        assert not highlight_has_answer(None, [answer(10, 20)])
        assert not highlight_has_answer(ranked(Span(5, 25)), [answer(10, 20, "sun")], Match.OVERLAPS)


class TestAreaUnderRoc:
    """How well a score tells two classes apart."""

    @pytest.mark.parametrize(
        ("positives", "negatives", "expected"),
        [
            ([0.9, 0.8], [0.1, 0.2], 1.0),
            ([0.1], [0.9], 0.0),
            ([0.5, 0.5], [0.5], 0.5),
            # Pairs: .9 beats .5 and .7; .5 ties with .5 and loses to .7: 2.5 of 4.
            ([0.9, 0.5], [0.5, 0.7], 0.625),
        ],
    )
    def test_by_hand(self, positives: list[float], negatives: list[float], expected: float) -> None:
        """Ties count one half."""
        assert area_under_roc(positives, negatives) == expected

    def test_it_is_undefined_with_one_class(self) -> None:
        """There is no pair to look at."""
        assert area_under_roc([], [0.5]) is None
        assert area_under_roc([0.5], []) is None

    def test_a_score_that_has_no_order_is_refused(self) -> None:
        """Sorting would otherwise give any number at all."""
        with pytest.raises(ValueError, match="nan"):
            area_under_roc([0.5, math.nan], [0.1])

    @given(positives=scores.filter(bool), negatives=scores.filter(bool))
    def test_it_is_the_share_of_pairs_won_and_blind_to_monotone_maps(
        self, positives: list[float], negatives: list[float]
    ) -> None:
        """Against counting every pair; only the order of the scores matters."""
        won = sum((p > n) + 0.5 * (p == n) for p in positives for n in negatives)
        area = area_under_roc(positives, negatives)
        assert area == pytest.approx(won / (len(positives) * len(negatives)))
        bent = area_under_roc([math.exp(p) - 7 for p in positives], [math.exp(n) - 7 for n in negatives])
        assert bent == area
        mirrored = area_under_roc([-p for p in positives], [-n for n in negatives])
        assert area is not None
        assert mirrored == pytest.approx(1 - area)


class TestCalibration:
    """Probabilities against what happened."""

    def test_brier_by_hand(self) -> None:
        """Squares of .1, .4 and .5, averaged: (.01 + .16 + .25) / 3."""
        assert brier_score([0.9, 0.4, 0.5], [True, False, True]) == pytest.approx(0.14)

    def test_calibration_error_by_hand(self) -> None:
        """In [.8, .9) the two promise .83 and one happens; in [.1, .2) one promises .1 and does not."""
        error = expected_calibration_error([0.80, 0.86, 0.1], [True, False, False])
        assert error == pytest.approx(2 / 3 * abs(0.83 - 0.5) + 1 / 3 * 0.1)

    def test_bins_are_closed_below_and_the_last_holds_one(self) -> None:
        """.5 and .55 share a bin and cancel, .45 is in the bin below; 1 is with .95."""
        assert expected_calibration_error([0.5, 0.5], [True, False]) == 0
        assert expected_calibration_error([0.45, 0.55], [True, False]) == pytest.approx(0.55)
        assert expected_calibration_error([1.0, 0.95], [False, True]) == pytest.approx(0.475)

    def test_one_bin_compares_the_averages(self) -> None:
        """The mean promise .5 against the share that happened, 1 of 4."""
        assert expected_calibration_error([0.2, 0.4, 0.6, 0.8], [False, False, False, True], bins=1) == 0.25

    def test_nothing_forecast_is_undefined(self) -> None:
        """None rather than a perfect 0."""
        assert brier_score([], []) is None
        assert expected_calibration_error([], []) is None

    @pytest.mark.parametrize("measure", [brier_score, expected_calibration_error])
    @pytest.mark.parametrize(
        ("probabilities", "outcomes", "reason"),
        [
            ([1.01], [True], "1.01"),
            ([-0.1], [True], "-0.1"),
            ([math.nan], [True], "nan"),
            ([0.5], [], "one each"),
        ],
    )
    def test_what_is_no_forecast_is_refused(
        self,
        measure: Callable[[list[float], list[bool]], float | None],
        probabilities: list[float],
        outcomes: list[bool],
        reason: str,
    ) -> None:
        """A cosine slipped in for a probability is noticed."""
        with pytest.raises(ValueError, match=reason):
            measure(probabilities, outcomes)

    def test_no_bins_are_refused(self) -> None:
        """There must be one to put forecasts in."""
        with pytest.raises(ValueError, match="bins is 0"):
            expected_calibration_error([0.5], [True], bins=0)

    @given(drawn=forecasts)
    def test_both_stay_in_their_bounds_and_certainty_is_perfect_or_worst(
        self, drawn: list[tuple[float, bool]]
    ) -> None:
        """Foretelling what happened is 0, the opposite is 1."""
        probabilities = [probability for probability, _ in drawn]
        outcomes = [outcome for _, outcome in drawn]
        for measure in (brier_score, expected_calibration_error):
            error = measure(probabilities, outcomes)
            assert error is not None
            assert 0 <= error <= 1
            assert measure([float(outcome) for outcome in outcomes], outcomes) == 0
            assert measure([float(not outcome) for outcome in outcomes], outcomes) == 1


class TestPercentile:
    """Percentiles by linear interpolation."""

    @pytest.mark.parametrize(("percent", "expected"), [(0, 10), (25, 17.5), (50, 25), (95, 38.5), (100, 40)])
    def test_by_hand(self, percent: float, expected: float) -> None:
        """Of 10, 20, 30, 40 the 95th is at position 2.85; the order given does not matter."""
        assert percentile([40, 10, 30, 20], percent) == pytest.approx(expected)

    def test_of_nothing_it_is_undefined(self) -> None:
        """None rather than a zero that looks fast."""
        assert percentile([], 50) is None

    @pytest.mark.parametrize("percent", [-1, 101, math.nan])
    def test_outside_0_to_100_is_refused(self, percent: float) -> None:
        """There is nothing beyond all of the values."""
        with pytest.raises(ValueError, match="0 to 100"):
            percentile([1], percent)

    @given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), percent=st.floats(0, 100))
    def test_it_is_numpy_s(self, values: list[float], percent: float) -> None:
        """The same definition as NumPy's default."""
        expected = float(np.percentile(values, percent))
        assert percentile(values, percent) == pytest.approx(expected, rel=1e-9, abs=1e-9)
