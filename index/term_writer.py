"""The terms of a collection on their way to disk, for `index.term_store`; no more than a run is held.

What is held for the whole collection is its vocabulary, which grows far slower than its texts.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.analysis import Terms
from index.growing_arrays import GrowingArray, write_array
from index.term_hashes import hashed_terms
from index.term_store import FIELDS, FieldName, TermSlices, TermStore

_COUNTED_AT_ONCE: Final = 1 << 20
"""Terms that wait to be counted: sorting them at once is cheaper than passage by passage."""


@dataclass(frozen=True, slots=True)
class PassageTerms:
    """Everything that a passage can be found by, title and headings included; (n,) uint32 each."""

    stems: NDArray[np.uint32]
    grams: NDArray[np.uint32]


class TermWriter:
    """Writes the terms of a collection, passage by passage."""

    def __init__(self, folder: Path) -> None:
        """Begin in an empty folder."""
        self._folder = folder
        self._fields = {name: _FieldWriter(folder, name) for name in FIELDS}
        self._first_sentences = GrowingArray(folder / "first-sentences.npy", np.int64)
        self._first_sentences.append(np.zeros(1, np.int64))
        self._sentences = 0
        self._languages: list[str] = []
        self._numbers = array("H")

    def add(self, sentences: Sequence[Terms], context: Terms, language: str) -> PassageTerms:
        """Add one passage, and return all its terms.

        Args:
            sentences: The terms of its sentences, in order.
            context: Those of its title and headings, which count for the passage and for none of its
                sentences.
            language: Its ISO 639-1 code.
        """
        slices = {name: _slices(name, sentences, context) for name in FIELDS}
        return next(self._take_in(slices, np.array([len(sentences)]), [language]))

    def copy(
        self, store: TermStore, first: int, last: int, languages: Sequence[str]
    ) -> Iterator[PassageTerms]:
        """Add the passages of rows `first` to below `last` of a store, and yield the terms of each.

        Args:
            store: What another collection's writer wrote.
            first: The row of the first passage.
            last: The row after the last one; `first` or above.
            languages: Those that the numbers in the store mean.
        """
        if first == last:
            return
        counts = np.diff(store.first_sentences[first : last + 1])
        slices = {name: store.slices(name, first, last) for name in FIELDS}
        yield from self._take_in(slices, counts, [languages[each] for each in store.languages[first:last]])

    def finish(self, languages: Sequence[str]) -> None:
        """Write what is left, so that `TermStore.open` can open the folder.

        Args:
            languages: All that there are; a passage's number is its language's place among them.
        """
        for field in self._fields.values():
            field.finish()
        self._first_sentences.close()
        numbers = np.array([languages.index(each) for each in self._languages], np.int16)
        write_array(self._folder / "languages.npy", numbers[np.array(self._numbers, np.int64)])

    def close(self) -> None:
        """Let go of the files, whether or not they are finished.

        Raises:
            OSError: The disk is full or fails; all are let go of.
        """
        _close_all(self._first_sentences, *self._fields.values())

    def _take_in(
        self, slices: dict[FieldName, TermSlices], counts: NDArray[np.int64], languages: Sequence[str]
    ) -> Iterator[PassageTerms]:
        for language in languages:
            if language not in self._languages:
                self._languages.append(language)
            self._numbers.append(self._languages.index(language))
        self._first_sentences.append(self._sentences + np.cumsum(counts))
        self._sentences += int(counts.sum())
        found = {name: self._fields[name].add(slices[name], counts) for name in FIELDS}
        for stems, grams in zip(found["stems"], found["grams"], strict=True):
            yield PassageTerms(stems, grams)


class _FieldWriter:
    """Terms of one kind."""

    def __init__(self, folder: Path, name: FieldName) -> None:
        self._folder = folder
        self._name = name
        self._sentences = _Ragged(folder, name)
        self._contexts = _Ragged(folder, f"{name}-context")
        self._vocabulary = np.zeros(0, np.uint32)
        self._frequency = np.zeros(0, np.int64)
        self._waiting: list[NDArray[np.uint32]] = []
        self._waiting_count = 0

    def add(self, slices: TermSlices, counts: NDArray[np.int64]) -> list[NDArray[np.uint32]]:
        """Add passages with so many sentences each, and return the terms of each."""
        self._sentences.add(slices.hashes, slices.lengths)
        self._contexts.add(slices.context_hashes, slices.context_lengths)
        ends = np.cumsum(np.concatenate(([0], slices.lengths)))[np.cumsum(np.concatenate(([0], counts)))]
        contexts = np.cumsum(np.concatenate(([0], slices.context_lengths)))
        passages = [
            np.concatenate(
                (
                    slices.context_hashes[contexts[number] : contexts[number + 1]],
                    slices.hashes[ends[number] : ends[number + 1]],
                )
            )
            for number in range(len(counts))
        ]
        owners = np.repeat(np.arange(len(passages), dtype=np.uint64), [len(terms) for terms in passages])
        # Each term once a passage: the passage's number above the term's 32 bits.
        marked = _sorted_once((owners << np.uint64(32)) | np.concatenate(passages))
        self._waiting.append(marked.astype(np.uint32))
        self._waiting_count += len(marked)
        if self._waiting_count >= _COUNTED_AT_ONCE:
            self._count()
        return passages

    def finish(self) -> None:
        self._count()
        write_array(self._folder / f"{self._name}-vocabulary.npy", self._vocabulary)
        write_array(self._folder / f"{self._name}-frequency.npy", self._frequency.astype(np.uint32))
        self.close()

    def close(self) -> None:
        _close_all(self._sentences, self._contexts)

    def _count(self) -> None:
        if not self._waiting:
            return
        found, frequency = np.unique(np.concatenate(self._waiting), return_counts=True)
        self._waiting, self._waiting_count = [], 0
        self._vocabulary, places = np.unique(np.concatenate((self._vocabulary, found)), return_inverse=True)
        both = np.concatenate((self._frequency, frequency))
        # Weights are floating-point numbers of 53 bits: exact for counts.
        self._frequency = np.bincount(places, both, minlength=len(self._vocabulary)).astype(np.int64)


class _Ragged:
    """Rows of unlike length: their elements one after another, and where each row begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._elements = GrowingArray(folder / f"{name}-hashes.npy", np.uint32)
        self._offsets = GrowingArray(folder / f"{name}-offsets.npy", np.int64)
        self._offsets.append(np.zeros(1, np.int64))

    def add(self, elements: NDArray[np.uint32], lengths: NDArray[np.int64]) -> None:
        self._offsets.append(self._elements.count + np.cumsum(lengths))
        self._elements.append(elements)

    def close(self) -> None:
        _close_all(self._elements, self._offsets)


def _close_all(*files: GrowingArray | _FieldWriter | _Ragged) -> None:
    """Close each, even where another cannot write what is left of it."""
    with ExitStack() as closing:
        for file in files:
            closing.callback(file.close)


def _slices(name: FieldName, sentences: Sequence[Terms], context: Terms) -> TermSlices:
    hashed = [hashed_terms(getattr(sentence, name)) for sentence in sentences]
    context_hashes = hashed_terms(getattr(context, name))
    return TermSlices(
        hashes=np.concatenate(hashed) if hashed else np.zeros(0, np.uint32),
        lengths=np.array([len(terms) for terms in hashed], np.int64),
        context_hashes=context_hashes,
        context_lengths=np.array([len(context_hashes)], np.int64),
    )


def _sorted_once(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each of the values once, in order.

    `numpy.unique` does so by hashing from NumPy 2.3 on: 28 ms for 150,000 values where sorting takes 1.4.
    """
    in_order = np.sort(values)
    is_first = np.ones(len(in_order), np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=is_first[1:])
    return in_order[is_first]
