"""Words that nobody knows, replaced by the word of the articles that was probably meant.

A word is left as it is where the articles have it, where the encoder has it whole in its vocabulary
(for the default one, the commonest 30,000 words and pieces of English), or where no word of the
articles is near. So only such words change as could not have been found the way they were typed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import numpy as np

from index.analysis import is_unspaced, words

SHORTEST: Final = 4
"""Letters of the shortest word that is looked at: shorter ones have too many neighbours."""

TWO_ERRORS_FROM: Final = 8
"""Letters from which on a word may have two errors and not one; Lucene's fuzzy queries begin at 6."""

_WORD: Final = re.compile(r"[^\W\d_]+")

IsKnown = Callable[[str], bool]

_REMEMBERED: Final = 4096
"""Words of questions of which it is remembered what was meant."""


class Spelling:
    """The words of one collection. Safe to share between threads."""

    def __init__(self, counts: Mapping[str, int], is_known: IsKnown) -> None:
        """Take the words.

        Args:
            counts: How often each word of the articles stands there; case-folded.
            is_known: Whether a case-folded word can be found as it is.
        """
        self._words = _Words(_written(counts))
        self._is_known = is_known
        self._meant = lru_cache(_REMEMBERED)(self._nearest)

    @classmethod
    def open(cls, path: Path, is_known: IsKnown) -> Self:
        """Read what `write_words` wrote; of a million words, little more than the bytes.

        Raises:
            OSError: The file is missing.
            ValueError: It is not such a file.
        """
        spelling = cls({}, is_known)
        spelling._words = _Words(path.read_bytes())
        return spelling

    def corrected(self, question: str) -> str:
        """Return the question with every unknown word replaced by the nearest word of the articles.

        Nearest is the fewest letters put in, left out, changed or swapped with their neighbour
        (optimal string alignment), at most one, or two in words of `TWO_ERRORS_FROM` letters; of
        words equally near, one of the same letters ("frod" is "ford" sooner than "from"), then the
        commoner one. The first letter must be right: without that, half of what changed in well-spelt
        questions was a word of its own ("deficient", "harms").
        """
        return _WORD.sub(lambda found: self._meant(found[0]), question)

    def _nearest(self, word: str) -> str:
        typed = word.casefold()
        if len(typed) < SHORTEST or is_unspaced(typed) or typed in self._words or self._is_known(typed):
            return word
        from rapidfuzz import process  # Some 50 modules, which a question without unknown words does without.
        from rapidfuzz.distance import OSA

        most = 2 if len(typed) >= TWO_ERRORS_FROM else 1
        letters = sorted(typed)
        near: list[tuple[float, bool, int, str]] = []
        for length in range(len(typed) - most, len(typed) + most + 1):
            alike = self._words.alike(typed[0], length)
            near += (
                (distance, sorted(candidate) != letters, -alike[candidate], candidate)
                for candidate, distance, _ in process.extract(
                    typed, list(alike), scorer=OSA.distance, score_cutoff=most, limit=None
                )
            )
        return min(near)[-1] if near else word


class _Words:
    """The words of a file and their counts, found by bisection and read where they are wanted.

    A dictionary of a million words would take a second to make and 150 MB.
    """

    def __init__(self, block: bytes) -> None:
        """Take the lines: shorter words first, those of one length in alphabetical order.

        Raises:
            ValueError: They are no such lines.
        """
        self._block = block
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        self._begins = np.concatenate(([0], ends + 1))
        if self._begins[-1] != len(block):
            raise ValueError("the last line of the words has no end")
        if len(self):
            self._lines(0, 1)

    def __len__(self) -> int:
        """Return how many words there are."""
        return len(self._begins) - 1

    def __contains__(self, word: str) -> bool:
        """Return whether the word is there."""
        place = bisect_left(range(len(self)), (len(word), word), key=self._key)
        return place < len(self) and self._key(place) == (len(word), word)

    def alike(self, letter: str, length: int) -> dict[str, int]:
        """Return the words of a length that begin with a letter, in alphabetical order, and their counts."""
        numbers = range(len(self))
        first = bisect_left(numbers, (length, letter), key=self._key)
        last = bisect_right(numbers, (length, letter), lo=first, key=self._beginning)
        return self._lines(first, last)

    def _key(self, number: int) -> tuple[int, str]:
        (word,) = self._lines(number, number + 1)
        return len(word), word

    def _beginning(self, number: int) -> tuple[int, str]:
        length, word = self._key(number)
        return length, word[:1]

    def _lines(self, first: int, last: int) -> dict[str, int]:
        return _read(self._block[self._begins[first] : self._begins[last]])


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Return how often each word stands in the texts, case-folded: those that `Spelling` can use."""
    return Counter(
        word
        for text in texts
        for word in words(text)
        if len(word) >= SHORTEST and word.isalpha() and not is_unspaced(word)
    )


def read_words(path: Path) -> Counter[str]:
    """Return what `write_words` wrote.

    Raises:
        OSError: The file is missing.
        ValueError: It is not such a file.
    """
    return Counter(_read(path.read_bytes()))


def write_words(path: Path, counts: Mapping[str, int]) -> None:
    """Write a line a word, its count before it, for `Spelling.open`."""
    path.write_bytes(_written(counts))


def _read(lines: bytes) -> dict[str, int]:
    """Return what `_written` wrote, or some lines of it, in their order."""
    pairs = (line.split("\t") for line in lines.decode("utf-8").splitlines())
    return {word: int(count) for count, word in pairs}


def _written(counts: Mapping[str, int]) -> bytes:
    ordered = sorted(counts.items(), key=lambda pair: (len(pair[0]), pair[0]))
    return "".join(f"{count}\t{word}\n" for word, count in ordered).encode("utf-8")
