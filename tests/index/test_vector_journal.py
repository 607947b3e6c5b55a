"""Vectors survive whatever ends a process, and nothing that was torn or turned over is taken for one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.errors import DamagedGenerationError
from index.manifest import ModelIdentity
from index.vector_journal import Completion, VectorJournal

IDENTITY = ModelIdentity("small", "0" * 64, 3, "query: ", "passage: é")
BLOCKS = st.lists(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=4), max_size=5)


def key_of(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


def vector_of(text: bytes) -> NDArray[np.float32]:
    """Return three numbers that depend on the text, any bits of a finite float among them."""
    numbers = np.frombuffer(hashlib.sha256(text).digest()[:12], np.float32)
    return np.nan_to_num(numbers)


def written(path: Path, blocks: list[list[bytes]]) -> list[int]:
    """Write blocks, and return how long the file is after the header and after each block."""
    with VectorJournal.open(path, IDENTITY) as journal:
        ends = [path.stat().st_size]
        for texts in blocks:
            journal.append([key_of(text) for text in texts], np.stack([vector_of(text) for text in texts]))
            ends.append(path.stat().st_size)
    return ends


def expect(journal: VectorJournal, there: set[bytes], not_there: set[bytes]) -> None:
    """Expect exactly these texts' vectors, to the bit."""
    found = journal.find([key_of(text) for text in sorted(there | not_there)])
    assert found.keys() == {key_of(text) for text in there}
    for text in there:
        assert found[key_of(text)].tobytes() == vector_of(text).tobytes()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS, BLOCKS)
def test_what_was_written_is_found_again_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, first: list[list[bytes]], second: list[list[bytes]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "vectors"
    written(path, first)
    written(path, second)
    there = {text for texts in (*first, *second) for text in texts}
    with VectorJournal.open(path, IDENTITY) as journal:
        assert len(journal) == sum(map(len, (*first, *second)))
        expect(journal, there, {b"never written"})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS.filter(bool), st.data())
def test_a_torn_tail_is_dropped_and_the_rest_goes_on(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[bytes]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "vectors"
    ends = written(path, blocks)
    size = data.draw(st.integers(0, ends[-1]))
    with path.open("r+b") as file:
        file.truncate(size)
    whole = [texts for texts, end in zip(blocks, ends[1:], strict=True) if end <= size]
    there = {text for texts in whole for text in texts}
    lost = {text for texts in blocks for text in texts} - there
    with VectorJournal.open(path, IDENTITY) as journal:
        expect(journal, there, lost)
        journal.append([key_of(b"new")], vector_of(b"new")[None])
    with VectorJournal.open(path, IDENTITY) as journal:
        expect(journal, there | {b"new"}, lost - {b"new"})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS.filter(bool), st.data())
def test_no_byte_that_changed_is_taken_for_a_vector(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[bytes]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "vectors"
    ends = written(path, blocks)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    before = [texts for texts, end in zip(blocks, ends[1:], strict=True) if end <= place]
    there = {text for texts in before for text in texts}
    with VectorJournal.open(path, IDENTITY) as journal:
        expect(journal, there, {text for texts in blocks for text in texts} - there)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_file_begins_anew(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("journal") / "vectors"
    path.write_bytes(content)
    written(path, [[b"a"]])
    with VectorJournal.read(path) as journal:
        expect(journal, {b"a"}, {b"b"})


def test_vectors_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    written(tmp_path / "vectors", [[b"a"]])
    other = replace(IDENTITY, passage_prompt="")
    with VectorJournal.open(tmp_path / "vectors", other) as journal:
        assert len(journal) == 0
        expect(journal, set(), {b"a"})


def test_completion_holds_until_something_is_added(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    written(path, [[b"a"]])
    completion = Completion(articles=3, fingerprint="abc")
    with VectorJournal.open(path, IDENTITY) as journal:
        assert journal.completion is None
        journal.complete(completion)
    with VectorJournal.read(path) as journal:
        assert journal.completion == completion
        expect(journal, {b"a"}, set())
    written(path, [[b"b"]])
    with VectorJournal.read(path) as journal:
        assert journal.completion is None
        expect(journal, {b"a", b"b"}, set())


def test_reading_what_is_no_journal_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_text("Dear diary")
    with pytest.raises(DamagedGenerationError, match="delete it"):
        VectorJournal.read(tmp_path / "vectors")


def test_a_removed_journal_leaves_no_file(tmp_path: Path) -> None:
    with VectorJournal.open(tmp_path / "vectors", IDENTITY) as journal:
        journal.remove()
    assert not (tmp_path / "vectors").exists()
