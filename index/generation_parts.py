"""The parts of a generation that answers are made from, opened together and seen to belong together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from index import layout
from index.errors import DamagedGenerationError, VectorStoreError
from index.generation import OpenGeneration
from index.stores import OpenStore, VectorStore
from index.term_store import TermStore
from index.texts import Texts


@dataclass(frozen=True, slots=True)
class OpenParts:
    """All but the encoder and the words that mend typing errors."""

    stored: OpenStore
    terms: TermStore
    texts: Texts
    """To be closed by whoever opened them."""


def open_parts(generation: OpenGeneration, store: VectorStore) -> OpenParts:
    """Open a generation that was checked, wherever its vectors are kept.

    Raises:
        DamagedGenerationError: Its files are not what they should be.
        VectorStoreError: The store cannot be reached, or does not have the vectors.
    """
    manifest = generation.manifest
    stored = store.open(generation)
    with opening("terms", generation):
        terms = TermStore.open(generation.path / layout.TERMS)
    texts = Texts.open(generation.path / layout.TEXTS)
    try:
        counts = (
            stored.passages.count,
            stored.words.passage_count,
            terms.passage_count,
            texts.passage_count,
        )
        if set(counts) != {manifest.passages} or stored.sentences.count != manifest.sentences:
            raise DamagedGenerationError(
                f"Generation {generation.name} has {counts} passages in its parts; expected "
                f"{manifest.passages} in each; run `footnote rollback` or `footnote build`."
            )
    except DamagedGenerationError:
        texts.close()
        raise
    return OpenParts(stored, terms, texts)


def opens(generation: OpenGeneration, store: VectorStore) -> bool:
    """Return whether the parts of a generation open, as far as they lie in files.

    A file that was damaged before its hash was taken has the right one.
    """
    try:
        open_parts(generation, store).texts.close()
    except DamagedGenerationError:
        return False
    except VectorStoreError:
        # Whether its engine has all of it, the store says.
        return True
    return True


@contextmanager
def opening(what: str, generation: OpenGeneration) -> Iterator[None]:
    """Turn what the opening of a part raises in this block into DamagedGenerationError."""
    try:
        yield
    except (OSError, ValueError, EOFError) as error:
        raise DamagedGenerationError(
            f"The {what} of generation {generation.name} cannot be read ({error}); run `footnote rollback` "
            "or `footnote build`."
        ) from error
