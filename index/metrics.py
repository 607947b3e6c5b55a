"""Measures of answers: pure functions of passages, places and probabilities.

A measure that is a share of questions is given here for one question; averaging is the caller's.
All of them are plain averages over questions (macro), never over spans or characters.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from statistics import fmean

from index.types import AnswerSpan, Passage, RankedPassage, Span


class Match(Enum):
    """When a place in an article counts as showing an answer span of the same article."""

    CONTAINS = "contains"
    """The whole span stands inside it: for short answers."""
    OVERLAPS = "overlaps"
    """At least one character is in both: for datasets whose spans are long excerpts."""


def success_at(
    passages: Sequence[Passage], spans: Sequence[AnswerSpan], k: int, match: Match = Match.CONTAINS
) -> bool:
    """Tell whether one of the first `k` passages is right.

    Definition: Success@k, 1 if anything relevant stands in the first k ranks; with several
    relevant things it is not Recall@k.
    Convention: a passage is right if it shows any one of the spans, as `match` says; passages
    are taken in the order given, and where there are none, or no spans, there is no success.
    Source: Craswell, "Success at n", Encyclopedia of Database Systems, 2009.

    Raises:
        ValueError: `k` is below 1.
    """
    return any(_is_right(passage, spans, match) for passage in passages[: _checked_depth(k)])


def reciprocal_rank(
    passages: Sequence[Passage],
    spans: Sequence[AnswerSpan],
    cutoff: int = 10,
    match: Match = Match.CONTAINS,
) -> float:
    """Return one over the rank of the first right passage, in [0, 1].

    Definition: 1 / rank, ranks from 1; its average over questions is MRR.
    Convention: 0 where none of the first `cutoff` passages is right; ties stand as given.
    Source: Voorhees, "The TREC-8 Question Answering Track Report", 1999.

    Raises:
        ValueError: `cutoff` is below 1.
    """
    for rank, passage in enumerate(passages[: _checked_depth(cutoff)], start=1):
        if _is_right(passage, spans, match):
            return 1 / rank
    return 0.0


def span_recall_at(passages: Sequence[Passage], spans: Sequence[AnswerSpan], k: int = 5) -> float:
    """Return the share of the answer's characters that the first `k` passages show, in [0, 1].

    Definition: |characters of the spans that stand in a passage| / |characters of the spans|.
    Convention: sets of characters, so that overlapping passages or spans count once;
    0 where there are no passages. Without spans it is undefined and given as 0: leave such
    questions out of averages.
    Source: Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval", Chroma, 2024,
    with characters in place of tokens.

    Raises:
        ValueError: `k` is below 1.
    """
    wanted = _union((span.article_id, span.span) for span in spans)
    shown = _union((passage.article_id, passage.span) for passage in passages[: _checked_depth(k)])
    return _ratio(_common_length(shown, wanted), _total_length(wanted))


def span_precision_at(passages: Sequence[Passage], spans: Sequence[AnswerSpan], k: int = 5) -> float:
    """Return the share of the first `k` passages' characters that belong to the answer, in [0, 1].

    Definition: |characters of the spans that stand in a passage| / |characters of the passages|.
    Convention: sets of characters, so that overlapping passages or spans count once;
    0 where there are no passages or no spans.
    Source: as `span_recall_at`.

    Raises:
        ValueError: `k` is below 1.
    """
    wanted = _union((span.article_id, span.span) for span in spans)
    shown = _union((passage.article_id, passage.span) for passage in passages[: _checked_depth(k)])
    return _ratio(_common_length(shown, wanted), _total_length(shown))


def highlight_has_answer(
    first: RankedPassage | None, spans: Sequence[AnswerSpan], match: Match = Match.CONTAINS
) -> bool:
    """Tell whether the sentence marked in the first passage shows an answer span.

    Definition: Success@1 with the marked sentence in place of the passage.
    Convention: no passage, or nothing marked in it, is a miss.
    Source: ours.
    """
    if first is None or first.highlight is None:
        return False
    return _shows(first.passage.article_id, first.highlight, spans, match)


def area_under_roc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Return how often a positive scores above a negative, in [0, 1]; .5 is chance.

    Definition: the Mann-Whitney U of the positives over the number of pairs.
    Convention: a tied pair counts one half; None where either class is empty.
    Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology, 1982.

    Raises:
        ValueError: a score is not a number, and so has no order.
    """
    if any(math.isnan(score) for score in (*positives, *negatives)):
        raise ValueError("A score is nan, expected numbers that can be ordered: leave such questions out.")
    if not positives or not negatives:
        return None
    ordered = sorted(negatives)
    # Below plus half of equal is the mean of the two insertion points; halving once keeps integers exact.
    doubled_wins = sum(bisect_left(ordered, score) + bisect_right(ordered, score) for score in positives)
    return doubled_wins / (2 * len(positives) * len(negatives))


def brier_score(probabilities: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """Return the mean squared distance of probabilities from what happened, in [0, 1]; 0 is best.

    Definition: mean of (probability - outcome)², outcome 1 or 0.
    Convention: the form for one event, half of Brier's own for two classes; None without forecasts.
    Source: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review, 1950.

    Raises:
        ValueError: the lengths differ, or a probability is outside [0, 1].
    """
    _check_forecasts(probabilities, outcomes)
    if not probabilities:
        return None
    return fmean((p - outcome) ** 2 for p, outcome in zip(probabilities, outcomes, strict=True))


def expected_calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[bool], bins: int = 10
) -> float | None:
    """Return how far probabilities stand from the shares they promise, in [0, 1]; 0 is best.

    Definition: over bins of forecasts, the mean of |mean probability - share that happened|,
    weighted by the bin's number of forecasts.
    Convention: `bins` bins of equal width, each closed below and open above, 1 in the last;
    empty bins weigh nothing; None without forecasts.
    Source: Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI, 2015.

    Raises:
        ValueError: the lengths differ, a probability is outside [0, 1], or `bins` is below 1.
    """
    _check_forecasts(probabilities, outcomes)
    if bins < 1:
        raise ValueError(f"The number of bins is {bins}, expected at least 1.")
    if not probabilities:
        return None
    surpluses: defaultdict[int, list[float]] = defaultdict(list)
    for probability, outcome in zip(probabilities, outcomes, strict=True):
        surpluses[min(int(probability * bins), bins - 1)].append(probability - outcome)
    return math.fsum(abs(math.fsum(surplus)) for surplus in surpluses.values()) / len(probabilities)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the value below which `percent` per cent of the values lie.

    Definition: of the sorted values, the one at position (n - 1) * percent / 100, from 0.
    Convention: linear between neighbours; the unit is that of the values; None without values.
    Source: Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
    Statistician, 1996, definition 7.

    Raises:
        ValueError: `percent` is outside [0, 100].
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"The percentile is {percent}, expected 0 to 100.")
    if not values:
        return None
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    below = math.floor(position)
    above = math.ceil(position)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _is_right(passage: Passage, spans: Iterable[AnswerSpan], match: Match) -> bool:
    return _shows(passage.article_id, passage.span, spans, match)


def _shows(article_id: str, place: Span, spans: Iterable[AnswerSpan], match: Match) -> bool:
    """Tell whether `place` in the article shows any one of the spans."""
    for answer in spans:
        if answer.article_id != article_id:
            continue
        if match is Match.CONTAINS:
            shown = place.start <= answer.span.start and answer.span.end <= place.end
        else:
            shown = max(place.start, answer.span.start) < min(place.end, answer.span.end)
        if shown:
            return True
    return False


def _union(places: Iterable[tuple[str, Span]]) -> dict[str, list[Span]]:
    """Return, for each article, the places as spans that are in order and share no character."""
    united: defaultdict[str, list[Span]] = defaultdict(list)
    for article_id, place in sorted(places):
        spans = united[article_id]
        if spans and place.start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, place.end))
        else:
            spans.append(place)
    return united


def _total_length(united: dict[str, list[Span]]) -> int:
    return sum(span.end - span.start for spans in united.values() for span in spans)


def _common_length(left: dict[str, list[Span]], right: dict[str, list[Span]]) -> int:
    return sum(
        max(0, min(one.end, other.end) - max(one.start, other.start))
        for article_id in left.keys() & right.keys()
        for one in left[article_id]
        for other in right[article_id]
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _checked_depth(depth: int) -> int:
    if depth < 1:
        raise ValueError(f"The number of passages to look at is {depth}, expected at least 1.")
    return depth


def _check_forecasts(probabilities: Sequence[float], outcomes: Sequence[bool]) -> None:
    if len(probabilities) != len(outcomes):
        raise ValueError(
            f"{len(probabilities)} probabilities came with {len(outcomes)} outcomes: give one each."
        )
    for probability in probabilities:
        if not 0 <= probability <= 1:
            raise ValueError(f"A probability is {probability}, expected a number from 0 to 1.")
