"""Which sentences and paragraphs make a passage, by their sizes alone."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from index.types import Span


@dataclass(frozen=True, slots=True)
class Limits:
    """How long passages and sentences are, in words; see `size`.

    Words and not tokens of the encoder: an English encoder takes a Russian word for five tokens,
    and a passage is as long for its reader whatever the encoder makes of it.

    Raises:
        ValueError: where the sizes contradict each other.
    """

    merge_words: int = 120
    """A passage smaller than this takes in the next whole paragraph, up to `target_words`."""
    target_words: int = 180
    """No paragraph is taken in where the passage would be larger than this."""
    max_words: int = 188
    """No passage is larger; a paragraph up to this size stays whole, a larger one is seen through
    overlapping windows of this size."""
    max_sentence_words: int = 94
    """A longer sentence is cut where a reader would pause; each part then is a sentence."""
    overlap: float = 0.5
    """The share of a window that the next one has too, so that what stands at the edge of one is
    in the middle of another."""
    characters_per_word: float = 6.0
    """Every so many characters count as a word at least: about the mean of English with its spaces,
    so that long compounds, tables and words without end do not make passages without end."""

    def __post_init__(self) -> None:
        """Refuse sizes that contradict each other."""
        sizes_ascend = 0 < self.merge_words <= self.target_words <= self.max_words
        if not (sizes_ascend and 0 < 2 * self.max_sentence_words <= self.max_words):
            raise ValueError(
                f"{self}: expected 0 < merge_words <= target_words <= max_words and "
                "0 < max_sentence_words <= max_words / 2; raise max_words or lower the others"
            )
        if not (0 <= self.overlap < 1 and self.characters_per_word >= 1):
            raise ValueError(f"{self}: expected 0 <= overlap < 1 and characters_per_word of 1 or more")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and how many words it has."""

    span: Span
    words: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The sentences of one block, never none."""

    sentences: tuple[Sentence, ...]
    headings: tuple[str, ...]
    section: int
    """Only paragraphs of one section may share a passage."""
    introduces: bool
    """Whether it ends with a colon, so that what follows belongs to it."""


def size(sentences: Sequence[Sentence], limits: Limits) -> int:
    """Return the size of a text from its first sentence to its last, at least 1; 0 of none.

    It is the number of words, or the length in characters over `characters_per_word` where that
    is more.
    """
    if not sentences:
        return 0
    characters = sentences[-1].span.end - sentences[0].span.start
    words = sum(sentence.words for sentence in sentences)
    return max(1, words, math.ceil(characters / limits.characters_per_word))


def group(paragraphs: Sequence[Paragraph], limits: Limits) -> Iterator[list[Paragraph]]:
    """Yield `paragraphs` in runs that are to be a passage each, or several where one is too large.

    A paragraph that introduces the next stays with it as far as both fit a passage; beyond that,
    a run grows by whole paragraphs of its section while it is smaller than `merge_words`, up to
    `target_words`.
    """
    run: list[Paragraph] = []
    for unit in _introduced(paragraphs, limits):
        if (
            run
            and run[-1].section == unit[0].section
            and size(sentences_of(run), limits) < limits.merge_words
            and size(sentences_of([*run, *unit]), limits) <= limits.target_words
        ):
            run = [*run, *unit]
            continue
        if run:
            yield run
        run = unit
    if run:
        yield run


def sentences_of(paragraphs: Sequence[Paragraph]) -> list[Sentence]:
    """Return the sentences of all `paragraphs`, in order."""
    return [sentence for paragraph in paragraphs for sentence in paragraph.sentences]


def windows(sentences: Sequence[Sentence], limits: Limits) -> list[Sequence[Sentence]]:
    """Return `sentences` whole where they fit `max_words`, else as overlapping windows of that size.

    The windows begin at even distances, at the nearest sentence; each reaches as far as it can.
    Each sentence is in one at least, none lies wholly in another, and the last ends with the last
    sentence. Windows of few long sentences overlap by less than `overlap`, down to nothing.
    """
    if not sentences:
        return []
    total = size(sentences, limits)
    if total <= limits.max_words:
        return [sentences]
    ends = _furthest_ends(sentences, limits)
    last_start = bisect_left(ends, len(sentences))
    step = limits.max_words * (1 - limits.overlap)
    steps = max(1, math.ceil((total - limits.max_words) / step))
    # Where each sentence begins, measured as sizes are.
    words = list(accumulate((sentence.words for sentence in sentences), initial=0))
    origin = sentences[0].span.start
    places = [
        max(before, (sentence.span.start - origin) / limits.characters_per_word)
        for before, sentence in zip(words, sentences, strict=False)
    ]
    starts = [0]
    for number in range(1, steps + 1):
        if ends[starts[-1]] == len(sentences):
            break
        wanted = _nearest(places, places[last_start] * number / steps)
        # The first start from which a window brings something new; it leaves no gap.
        earliest = bisect_left(ends, ends[starts[-1]] + 1)
        starts.append(max(earliest, min(wanted, ends[starts[-1]])))
    while ends[starts[-1]] < len(sentences):
        starts.append(ends[starts[-1]])
    return [sentences[start : ends[start]] for start in starts]


def _introduced(paragraphs: Sequence[Paragraph], limits: Limits) -> Iterator[list[Paragraph]]:
    """Yield each paragraph with those before it that introduce it, as far as they fit a passage."""
    unit: list[Paragraph] = []
    for paragraph in paragraphs:
        belongs = unit and unit[-1].introduces and unit[-1].section == paragraph.section
        if unit and not (belongs and size(sentences_of([*unit, paragraph]), limits) <= limits.max_words):
            yield unit
            unit = []
        unit.append(paragraph)
    if unit:
        yield unit


def _furthest_ends(sentences: Sequence[Sentence], limits: Limits) -> list[int]:
    """Return, for each sentence that a window may begin with, the furthest end of that window."""
    ends: list[int] = []
    end = words = 0
    for start, first in enumerate(sentences):
        while end < len(sentences):
            characters = sentences[end].span.end - first.span.start
            larger = max(words + sentences[end].words, math.ceil(characters / limits.characters_per_word))
            if end > start and larger > limits.max_words:
                break
            words += sentences[end].words
            end += 1
        ends.append(end)
        words -= first.words
    return ends


def _nearest(places: Sequence[float], wanted: float) -> int:
    """Return the position of the value nearest `wanted` among ascending `places`."""
    after = bisect_left(places, wanted)
    if after == 0 or (after < len(places) and places[after] - wanted < wanted - places[after - 1]):
        return after
    return after - 1
