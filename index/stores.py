"""What answers need of vectors and words, wherever they are kept; and the files that keep them by default.

A store takes over what a build wrote, opens it again, and forgets it with its generation. Texts, terms
and everything that decides stay in the generation's folder, which is the truth: its manifest names the
store, and the pointer file of the index folder says which generation serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.errors import VectorStoreError
from index.manifest import VectorLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.generation import OpenGeneration
    from index.vectors import Neighbours


class Vectors(Protocol):
    """Vectors of unit length, a row each. Safe to share between threads."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def dimensions(self) -> int:
        """How long each is."""

    def search(self, vectors: NDArray[np.float32], k: int) -> Neighbours:
        """Return the `k` nearest of each vector, all there are where there are fewer, none for k < 1.

        Args:
            vectors: (q, d) float32, rows of unit length.
            k: How many.
        """

    def begin_search(self, vectors: NDArray[np.float32], k: int) -> Callable[[], Neighbours]:
        """Begin a search where that keeps no other thread of Python waiting, and return what ends it.

        Args:
            vectors: As for `search`.
            k: The same.
        """

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32, in the order asked.

        Bit by bit as `index.vector_rows` rounded them.

        Raises:
            IndexError: There is no such row.
        """

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the inner products of one vector, (d,) float32, with these rows, (m,) float32."""


class Words(Protocol):
    """The passages of one generation, found by their terms. Safe to share between threads."""

    @property
    def passage_count(self) -> int:
        """How many passages there are."""

    def search(self, stems: Sequence[str], grams: Sequence[str], limit: int) -> NDArray[np.int64]:
        """Return the rows of the passages with the highest BM25 of stems and grams together.

        Passages that share no term are not among them. Best first, (at most `limit`,) int64.
        """


@dataclass(frozen=True, slots=True)
class OpenStore:
    """The parts of one generation that a store keeps."""

    passages: Vectors
    sentences: Vectors
    words: Words


@dataclass(frozen=True, slots=True)
class KeptLayouts:
    """How the vectors of a generation lie in its folder."""

    passages: VectorLayout | None
    """None where an engine keeps them."""
    sentences: VectorLayout | None
    """The same."""


class VectorStore(Protocol):
    """Where generations keep their vectors, and perhaps their words."""

    @property
    def keeps_in(self) -> str | None:
        """The engine that new generations are kept in, as their manifest says it; None for files."""

    def check(self) -> str:
        """Return in a few words what new generations are kept in, once it is certain that it can be used.

        Raises:
            VectorStoreError: It cannot.
        """

    def notice(self) -> str | None:
        """Return one sentence on what the engine cannot do and what is done instead; None for nothing."""

    def keep(
        self, folder: Path, passages: NDArray[np.float32], sentences: NDArray[np.float32]
    ) -> KeptLayouts:
        """Keep the vectors of a generation in the making, and the words that lie in its folder.

        Where they are kept elsewhere, they are findable and complete when this returns, and there are
        neither in the folder; where the build dies before it is published, `forget` removes them.

        Args:
            folder: Of the generation, with everything but vectors.
            passages: (n, d) float32, rows of unit length, in the order of the rows; mapped from a file
                where they are many, so to be gone over in parts.
            sentences: The same.

        Returns:
            How they lie in the folder.

        Raises:
            VectorStoreError: It cannot be kept.
        """

    def holds(self, generation: OpenGeneration) -> bool:
        """Return whether the generation is kept where new ones are, and is still all there.

        Raises:
            VectorStoreError: The engine does not answer.
        """

    def open(self, generation: OpenGeneration) -> OpenStore:
        """Open a generation, wherever its manifest says that it is kept.

        Raises:
            DamagedGenerationError: A file is missing or is not what it should be.
            VectorStoreError: The engine does not answer, or does not have it.
        """

    def is_served(self, generation_folder: Path) -> bool:
        """Return whether other readers of the engine find this generation under its standing names.

        Raises:
            VectorStoreError: The engine does not answer.
        """

    def serve(self, generation_folder: Path) -> None:
        """Have other readers of the engine find this generation under its standing names.

        Raises:
            VectorStoreError: The engine does not answer.
        """

    def forget(self, folder: Path) -> bool:
        """Remove what is kept for the generation, or broken off build, in `folder`.

        Returns:
            Whether the folder may go: False where it has to tell a later build what to remove.
        """


LEDGER: Final = "store.json"
"""The file of a generation that says what is kept for it elsewhere; there is none where nothing is."""


class FileStore:
    """Keeps everything in the generation's folder: FAISS for vectors, tantivy for words."""

    @property
    def keeps_in(self) -> str | None:
        """None: files."""
        return None

    def check(self) -> str:
        """Say that it is files: nothing can be wrong with them before there are any."""
        return "files beside the texts"

    def notice(self) -> str | None:
        """Say nothing: files can do everything."""
        return None

    def keep(
        self, folder: Path, passages: NDArray[np.float32], sentences: NDArray[np.float32]
    ) -> KeptLayouts:
        """Write the vectors into the folder, in the layout that suits their number; the words lie there."""
        from index.vectors import VectorIndex

        return KeptLayouts(
            passages=VectorIndex.write(folder / layout.PASSAGE_VECTORS, passages),
            sentences=VectorIndex.write(folder / layout.SENTENCE_VECTORS, sentences),
        )

    def holds(self, generation: OpenGeneration) -> bool:
        """Return whether the manifest names no engine; the files were checked when it was opened."""
        return generation.manifest.store is None

    def open(self, generation: OpenGeneration) -> OpenStore:
        """Open the files.

        Raises:
            DamagedGenerationError: One is missing or is not what it should be.
            VectorStoreError: The generation is kept in an engine.
        """
        # Commands that answer nothing need neither FAISS nor tantivy.
        from index.vectors import VectorIndex

        if generation.manifest.store is not None:
            raise VectorStoreError(
                f"Generation {generation.name} keeps its vectors in {generation.manifest.store}, and no "
                "address of it is set; set FOOTNOTE_MILVUS_URI, or run `footnote build`."
            )
        return OpenStore(
            passages=VectorIndex.open(generation.path / layout.PASSAGE_VECTORS),
            sentences=VectorIndex.open(generation.path / layout.SENTENCE_VECTORS),
            words=open_words(generation.path),
        )

    def is_served(self, generation_folder: Path) -> bool:
        """Return True: files have no names but their own."""
        return True

    def serve(self, generation_folder: Path) -> None:
        """Do nothing: files have no names but their own."""

    def forget(self, folder: Path) -> bool:
        """Return whether nothing is kept elsewhere, which only a store with its address could remove."""
        return not (folder / LEDGER).exists()


def open_words(generation_folder: Path) -> Words:
    """Open tantivy's files.

    Raises:
        DamagedGenerationError: There are none.
    """
    from index.lexical import LexicalIndex

    return LexicalIndex.open(generation_folder / layout.LEXICAL)
