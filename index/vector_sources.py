"""Where a build finds vectors that were made before, by the keys of their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.errors import DamagedGenerationError, VectorStoreError
from index.generation import ModelIdentity, OpenGeneration
from index.stores import Vectors, VectorStore
from index.texts import Texts


class VectorSource(Protocol):
    """Knows vectors by keys."""

    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of those keys that are known, (d,) float32 each."""
        ...


class GenerationVectors:
    """The vectors of one generation, open for as long as a build takes."""

    def __init__(self, texts: Texts, passages: Vectors, sentences: Vectors) -> None:
        """Take over the open parts; `GenerationVectors.open` is the way in."""
        self.texts = texts
        self.passages = passages
        """A row for each passage."""
        self.sentences = sentences
        """A row for each sentence."""

    @classmethod
    def open(cls, generation: OpenGeneration, store: VectorStore) -> Self:
        """Open a generation that was checked, wherever its vectors are kept.

        Raises:
            DamagedGenerationError: Its files are not what they should be.
            VectorStoreError: The store cannot be reached, or does not have the vectors.
        """
        opened = store.open(generation)
        return cls(Texts.open(generation.path / layout.TEXTS), opened.passages, opened.sentences)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of those keys that it has, (d,) float32 each."""
        found: dict[bytes, NDArray[np.float32]] = {}
        self._take(found, keys, self.texts.rows_of_keys("passage", keys), self.passages)
        left = [key for key in keys if key not in found]
        self._take(found, left, self.texts.rows_of_keys("sentence", left), self.sentences)
        return found

    def close(self) -> None:
        """Close the files."""
        self.texts.close()

    @staticmethod
    def _take(
        found: dict[bytes, NDArray[np.float32]],
        keys: Sequence[bytes],
        rows: Sequence[int | None],
        vectors: Vectors,
    ) -> None:
        pairs = [(key, row) for key, row in zip(keys, rows, strict=True) if row is not None]
        if pairs:
            taken = vectors.vectors(np.array([row for _, row in pairs], np.int64))
            found.update((key, vector) for (key, _), vector in zip(pairs, taken, strict=True))


@contextmanager
def known_vectors(
    generation: OpenGeneration | None, identity: ModelIdentity, store: VectorStore
) -> Iterator[GenerationVectors | None]:
    """Give the vectors of a generation; None without one, of another length, or that do not open."""
    if generation is None or generation.manifest.encoder.dimensions != identity.dimensions:
        yield None
        return
    try:
        vectors = GenerationVectors.open(generation, store)
    except (DamagedGenerationError, VectorStoreError):
        # A file lacked its end before its hash was taken, or its engine has it no longer: a build mends it.
        yield None
        return
    try:
        yield vectors
    finally:
        vectors.close()
