"""Every passage and sentence of a new generation gets its vector: copied, found, or made.

The same text is encoded once, whether it is a passage or a sentence and however often it stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.encoding import TextEncoder
from index.generation_writer import Run
from index.stores import Vectors
from index.texts import Texts
from index.vector_journal import VectorJournal
from index.vector_rows import VectorRows
from index.vector_sources import GenerationVectors, VectorSource

_PASSAGES_AT_ONCE: Final = 512
"""Passages that are in memory together with their sentences and all their vectors."""
_ROWS_AT_ONCE: Final = 4096
"""Vectors that are copied together."""
_BYTES_AT_ONCE: Final = 64 * 1024
"""Texts that are encoded before they are put into the journal, in UTF-8: a few seconds of one core."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Filled:
    """Where the vectors came from."""

    passages_reused: int
    """Passages whose vectors an earlier generation had."""
    vectors_resumed: int
    """Vectors that journals had."""


class VectorFiller:
    """Fills the vectors of one generation."""

    def __init__(
        self,
        texts: Texts,
        encoder: TextEncoder,
        journal: VectorJournal,
        *,
        before: GenerationVectors | None = None,
        others: Sequence[VectorSource] = (),
        left_behind: Sequence[VectorSource] = (),
        on_encoded: Callable[[int, int], None],
    ) -> None:
        """Take what the vectors are of, and where they may come from.

        Args:
            texts: The new generation's.
            encoder: What makes those that are found nowhere.
            journal: Where they are kept in case the build ends before its time; asked last.
            before: The generation that runs were copied from; None where its vectors are not to be had,
                so that those of copied runs are found elsewhere or made again.
            others: Further generations.
            left_behind: Further journals.
            on_encoded: Told how many texts are encoded and about how many there are to encode.
        """
        self._texts = texts
        self._encoder = encoder
        self._journal = journal
        self._before = before
        self._generations = (*([before] if before is not None else []), *others)
        self._journals = (*left_behind, journal)
        self._tell = on_encoded
        self._reused = 0
        self._resumed = 0
        self._encoded = 0

    def fill(self, runs: Sequence[Run], passages: VectorRows, sentences: VectorRows) -> Filled:
        """Append the vector of every passage and sentence, in the order of the rows.

        Args:
            runs: All passages of the texts.
            passages: Without rows yet.
            sentences: The same.

        Raises:
            ModelError: The encoder fails.
            VectorStoreError: What keeps the vectors of an earlier generation does not answer any more.
            OSError: The disk is full or fails.
        """
        before = self._before
        left = sum(run.passages + run.sentences for run in runs if before is None or run.from_passage is None)
        for run in runs:
            if before is not None and run.from_passage is not None:
                assert run.from_sentence is not None
                _copy(before.passages, run.from_passage, run.passages, passages)
                _copy(before.sentences, run.from_sentence, run.sentences, sentences)
                self._reused += run.passages
                continue
            end = passages.count + run.passages
            while passages.count < end:
                until = min(end, passages.count + _PASSAGES_AT_ONCE)
                left = self._fill_part(passages, sentences, until, left)
        self._tell(self._encoded, self._encoded)
        return Filled(self._reused, self._resumed)

    def _fill_part(self, passages: VectorRows, sentences: VectorRows, until: int, left: int) -> int:
        """Append the vectors of the passages to below row `until`; return how many new rows are left."""
        part = self._texts.keyed_texts(passages.count, until)
        wanted = dict((*part.passages, *part.sentences))
        known: dict[bytes, Vector] = {}
        for source in self._generations:
            known.update(source.find([key for key in wanted if key not in known]))
        self._reused += sum(key in known for key, _ in part.passages)
        self._find_above(known, wanted, passages, sentences)
        for journal in self._journals:
            found = journal.find([key for key in wanted if key not in known])
            self._resumed += len(found)
            known.update(found)
        rows = len(part.passages) + len(part.sentences)
        missing = [(key, text) for key, text in wanted.items() if key not in known]
        left -= rows
        # What is left has as many texts to encode for its rows as this part.
        total = self._encoded + len(missing) + round(left * len(missing) / max(rows, 1))
        if missing:
            self._tell(self._encoded, total)
        for slice_ in _slices(missing):
            keys, texts = zip(*slice_, strict=True)
            made = self._encoder.encode_passages(texts)
            self._journal.append(keys, made)
            known.update(zip(keys, made, strict=True))
            self._encoded += len(keys)
            self._tell(self._encoded, total)
        for target, keyed in ((passages, part.passages), (sentences, part.sentences)):
            if keyed:
                target.append(np.stack([known[key] for key, _ in keyed]))
        return left

    def _find_above(
        self,
        known: dict[bytes, Vector],
        wanted: dict[bytes, str],
        passages: VectorRows,
        sentences: VectorRows,
    ) -> None:
        """Add the vectors of texts that stand in a row that is filled already."""
        for kind, filled in (("passage", passages), ("sentence", sentences)):
            keys = [key for key in wanted if key not in known]
            first_rows = self._texts.rows_of_keys(kind, keys)  # type: ignore[arg-type]
            known.update(
                (key, filled.row(row))
                for key, row in zip(keys, first_rows, strict=True)
                if row is not None and row < filled.count
            )


def _copy(source: Vectors, first: int, count: int, target: VectorRows) -> None:
    for start in range(first, first + count, _ROWS_AT_ONCE):
        rows = np.arange(start, min(first + count, start + _ROWS_AT_ONCE), dtype=np.int64)
        target.append(source.vectors(rows))


def _slices(pairs: Sequence[tuple[bytes, str]]) -> Iterator[Sequence[tuple[bytes, str]]]:
    """Yield texts with their keys, longest first, a few at a time."""
    ordered = sorted(pairs, key=lambda pair: -len(pair[1].encode("utf-8", "replace")))
    first = size = 0
    for number, (_, text) in enumerate(ordered, start=1):
        size += len(text.encode("utf-8", "replace"))
        if size >= _BYTES_AT_ONCE:
            yield ordered[first:number]
            first, size = number, 0
    if first < len(ordered):
        yield ordered[first:]
