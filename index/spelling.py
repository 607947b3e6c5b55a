"""Words that nobody knows, replaced by the word of the articles that was probably meant.

A word is left as it is where the articles have it, where the encoder has it whole in its vocabulary
(for the default one, the commonest 30,000 words and pieces of English), or where no word of the
articles is near. So only such words change as could not have been found the way they were typed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Self

from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.analysis import is_unspaced, words

SHORTEST: Final = 4
"""Letters of the shortest word that is looked at: shorter ones have too many neighbours."""

TWO_ERRORS_FROM: Final = 8
"""Letters from which on a word may have two errors and not one; Lucene's fuzzy queries begin at 6."""

_WORD: Final = re.compile(r"[^\W\d_]+")

IsKnown = Callable[[str], bool]


class Spelling:
    """The words of one collection. Safe to share between threads."""

    def __init__(self, counts: Mapping[str, int], is_known: IsKnown) -> None:
        """Take the words.

        Args:
            counts: How often each word of the articles stands there; case-folded.
            is_known: Whether a case-folded word can be found as it is.
        """
        self._counts = dict(counts)
        self._is_known = is_known
        self._alike: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self._counts):
            self._alike.setdefault((word[0], len(word)), []).append(word)

    @classmethod
    def open(cls, path: Path, is_known: IsKnown) -> Self:
        """Read what `write_words` wrote.

        Raises:
            OSError: The file is missing.
            ValueError: It is not such a file.
        """
        return cls(read_words(path), is_known)

    def corrected(self, question: str) -> str:
        """Return the question with every unknown word replaced by the nearest word of the articles.

        Nearest is the fewest letters put in, left out, changed or swapped with their neighbour
        (optimal string alignment), at most one, or two in words of `TWO_ERRORS_FROM` letters; of
        words equally near, the commoner one. The first letter must be right: without that, half of
        what changed in well-spelt questions was a word of its own ("deficient", "harms").
        """
        return _WORD.sub(lambda found: self._meant(found[0]), question)

    def _meant(self, word: str) -> str:
        typed = word.casefold()
        if len(typed) < SHORTEST or typed in self._counts or is_unspaced(typed) or self._is_known(typed):
            return word
        most = 2 if len(typed) >= TWO_ERRORS_FROM else 1
        near = [
            (distance, -self._counts[candidate], candidate)
            for length in range(len(typed) - most, len(typed) + most + 1)
            for candidate, distance, _ in process.extract(
                typed,
                self._alike.get((typed[0], length), ()),
                scorer=OSA.distance,
                score_cutoff=most,
                limit=None,
            )
        ]
        return min(near)[-1] if near else word


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
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return Counter({word: int(count) for count, word in pairs})


def write_words(path: Path, counts: Mapping[str, int]) -> None:
    """Write a line a word, its count before it, for `Spelling.open`."""
    lines = (f"{count}\t{word}\n" for word, count in sorted(counts.items()))
    path.write_text("".join(lines), encoding="utf-8")
