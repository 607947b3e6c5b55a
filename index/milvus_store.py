"""Generations whose vectors, and words where it can find them, are kept in Milvus.

Each generation has collections of its own, under a name that its ledger, a file in its folder, says
before they are made. So the folders decide, and Milvus follows them: what a folder names is kept until
the folder goes, and a build that dies leaves a folder that says what to remove. The aliases
(`footnote_passages`, ...) stand for the collections of the generation in use, for other readers;
Footnote itself goes by the ledger, and puts them right at the next start where a crash came between.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.disk import flush
from index.errors import DamagedGenerationError, VectorStoreError
from index.milvus import Milvus
from index.milvus_connection import MilvusAddress
from index.milvus_vectors import VECTORS_KEPT, MilvusVectors, MilvusWords, write_vectors, write_words
from index.stores import LEDGER, FileStore, OpenStore, open_words
from index.term_store import TermStore

if TYPE_CHECKING:
    from index.generation import OpenGeneration

ENGINE: Final = "milvus"
"""What a manifest calls it."""

_PASSAGES: Final = "passages"
_SENTENCES: Final = "sentences"
_WORDS: Final = "words"
_KINDS: Final = (_PASSAGES, _SENTENCES, _WORDS)
_ROWS_A_BATCH: Final = 4_096


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What is kept for one generation."""

    name: str
    """What the names of its collections begin with."""
    finds_words: bool
    """Whether there is a collection of words too; the generation's folder has them otherwise."""

    def collection(self, kind: str) -> str | None:
        """Return the name of a collection, None where there is none of this kind."""
        return None if kind == _WORDS and not self.finds_words else f"{self.name}_{kind}"

    @property
    def collections(self) -> list[str]:
        """The names of all of them."""
        return [name for name in map(self.collection, _KINDS) if name is not None]


class MilvusStore:
    """Keeps new generations in Milvus, and opens those in files too. Safe to share between threads."""

    def __init__(
        self, address: MilvusAddress, *, keeps_new: bool = True, vectors_kept: int = VECTORS_KEPT
    ) -> None:
        """Name the Milvus; it is asked when something is first wanted of it.

        Args:
            address: Where it is.
            keeps_new: Whether new generations are kept there; otherwise they are kept in files, and
                take over from it what they can.
            vectors_kept: How many vectors of each grain are kept in memory here, those read last.
        """
        self._milvus = Milvus(address)
        self._files = FileStore()
        self._keeps_new = keeps_new
        self._vectors_kept = vectors_kept

    @property
    def keeps_in(self) -> str | None:
        """The engine that new generations are kept in, as their manifest says it; None for files."""
        return ENGINE if self._keeps_new else None

    def check(self) -> str:
        """Return the version and place of the Milvus, and what it is used for, once it has answered.

        Raises:
            VectorStoreError: It cannot be used.
        """
        if not self._keeps_new:
            return f"{self._files.check()}; {self._milvus.name} keeps what was built before"
        what = "vectors and words" if self._milvus.finds_words else "vectors"
        return f"{self._milvus.name}, {what}"

    def notice(self) -> str | None:
        """Return that words are searched beside each replica where Milvus is too old; else None.

        Raises:
            VectorStoreError: It cannot be used.
        """
        if not self._keeps_new or self._milvus.finds_words:
            return None
        return (
            f"{self._milvus.name} keeps the vectors; it searches words from version 2.5 on, so tantivy does "
            "that in the index folder, beside each replica."
        )

    def keep(self, folder: Path, passages: NDArray[np.float32], sentences: NDArray[np.float32]) -> None:
        """Write the vectors into Milvus, and move there the words, where it can find them.

        Args:
            folder: Of a generation in the making, with everything but vectors.
            passages: (n, d) float32, rows of unit length, in the order of the rows.
            sentences: The same.

        Raises:
            VectorStoreError: Milvus cannot keep them.
        """
        if not self._keeps_new:
            self._files.keep(folder, passages, sentences)
            return
        made = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        name = f"{self._milvus.address.alias}_{made}_{secrets.token_hex(4)}"
        ledger = _Ledger(name, self._milvus.finds_words)
        _write_ledger(folder, ledger)
        for kind, vectors in ((_PASSAGES, passages), (_SENTENCES, sentences)):
            collection = f"{name}_{kind}"
            write_vectors(self._milvus, collection, _batches(vectors), *vectors.shape)
            self._expect(collection, len(vectors), latest=True)
        if ledger.finds_words:
            terms = TermStore.open(folder / layout.TERMS)
            write_words(self._milvus, f"{name}_{_WORDS}", terms)
            self._expect(f"{name}_{_WORDS}", terms.passage_count, latest=True)
            shutil.rmtree(folder / layout.LEXICAL)

    def holds(self, generation: OpenGeneration) -> bool:
        """Return whether the generation is kept where new ones are, and is still all there.

        Raises:
            VectorStoreError: Milvus does not answer.
        """
        if not self._keeps_new or generation.manifest.store is None:
            return generation.manifest.store == self.keeps_in
        ledger = _ledger_of(generation)
        return all(map(self._milvus.has, ledger.collections))

    def open(self, generation: OpenGeneration) -> OpenStore:
        """Open a generation, wherever its manifest says that it is kept.

        Raises:
            DamagedGenerationError: A file is missing or is not what it should be.
            VectorStoreError: Milvus does not answer, or does not have it.
        """
        manifest = generation.manifest
        if manifest.store is None:
            return self._files.open(generation)
        ledger = _ledger_of(generation)
        missing = [name for name in ledger.collections if not self._milvus.has(name)]
        if missing:
            raise VectorStoreError(
                f"{self._milvus.name} has no collection {missing[0]}, which generation {generation.name} "
                "needs; set FOOTNOTE_MILVUS_URI to the one that has, or run `footnote build`."
            )
        counts = {_PASSAGES: manifest.passages, _SENTENCES: manifest.sentences, _WORDS: manifest.passages}
        for kind in _KINDS:
            collection = ledger.collection(kind)
            if collection is not None:
                if not self._milvus.is_loaded(collection):
                    self._milvus.load(collection)
                self._expect(collection, counts[kind])
        passages, sentences = (
            MilvusVectors(
                self._milvus,
                f"{ledger.name}_{kind}",
                counts[kind],
                manifest.encoder.dimensions,
                self._vectors_kept,
            )
            for kind in (_PASSAGES, _SENTENCES)
        )
        words = ledger.collection(_WORDS)
        return OpenStore(
            passages,
            sentences,
            open_words(generation.path)
            if words is None
            else MilvusWords(self._milvus, words, manifest.passages),
        )

    def is_served(self, generation_folder: Path) -> bool:
        """Return whether the aliases stand for the collections of this generation.

        Raises:
            VectorStoreError: Milvus does not answer.
        """
        wanted = self._aliases(_read_ledger(generation_folder))
        return all(self._milvus.behind(alias) == collection for alias, collection in wanted.items())

    def serve(self, generation_folder: Path) -> None:
        """Have the aliases stand for the collections of this generation; each changes in one step.

        Those of kinds that it does not have there are taken away.

        Raises:
            VectorStoreError: Milvus does not answer.
        """
        for alias, collection in self._aliases(_read_ledger(generation_folder)).items():
            self._milvus.point(alias, collection)

    def forget(self, folder: Path) -> bool:
        """Remove the collections of the generation, or broken off build, in `folder`.

        Returns:
            Whether the folder may go: False where Milvus does not answer, so that a later build asks again.
        """
        ledger = _read_ledger(folder)
        if ledger is None:
            return True
        try:
            # A collection that has an alias cannot be dropped.
            for alias, collection in self._aliases(ledger).items():
                if collection is not None and self._milvus.behind(alias) == collection:
                    self._milvus.point(alias, None)
            for collection in ledger.collections:
                self._milvus.drop(collection)
        except VectorStoreError:
            return False
        return True

    def _aliases(self, ledger: _Ledger | None) -> dict[str, str | None]:
        """Return what each alias should stand for; None for no alias."""
        prefix = self._milvus.address.alias
        return {f"{prefix}_{kind}": None if ledger is None else ledger.collection(kind) for kind in _KINDS}

    def _expect(self, collection: str, count: int, *, latest: bool = False) -> None:
        found = self._milvus.count(collection, latest=latest)
        if found != count:
            raise VectorStoreError(
                f"{self._milvus.name} has {found} rows in {collection}; expected {count}; run "
                "`footnote build`."
            )


def _batches(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(vectors), _ROWS_A_BATCH):
        # Read here: the vectors may be mapped from a file.
        yield np.array(vectors[start : start + _ROWS_A_BATCH])


def _write_ledger(folder: Path, ledger: _Ledger) -> None:
    """Write the ledger so that it is on the disk, whole, before there is anything to remove."""
    prepared = folder / f"{LEDGER}.new"
    prepared.write_text(json.dumps(asdict(ledger)) + "\n", encoding="utf-8")
    flush(prepared)
    prepared.replace(folder / LEDGER)
    flush(folder)


def _read_ledger(folder: Path) -> _Ledger | None:
    """Return what the ledger in a folder says; None where there is none that says anything."""
    try:
        fields = json.loads((folder / LEDGER).read_bytes())
    except (OSError, ValueError):
        return None
    match fields:
        case {"name": str(name), "finds_words": bool(finds_words)}:
            return _Ledger(name, finds_words)
    return None


def _ledger_of(generation: OpenGeneration) -> _Ledger:
    ledger = _read_ledger(generation.path)
    if generation.manifest.store != ENGINE or ledger is None:
        raise DamagedGenerationError(
            f"Generation {generation.name} is kept in {generation.manifest.store!r}, and its {LEDGER} does "
            f"not say where; expected {ENGINE!r} and a name; run `footnote rollback` or `footnote build`."
        )
    return ledger
