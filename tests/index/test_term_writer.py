"""Terms are written as they come, and what is copied is what would have been written."""

from __future__ import annotations

import errno
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import term_writer
from index.analysis import Terms
from index.term_hashes import hashed_terms
from index.term_store import TermStore
from index.term_writer import TermWriter
from tests.index.full_disks import needs_limits, room_for

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "你好"]), max_size=5)
PASSAGES = st.lists(
    st.tuples(st.lists(WORDS, min_size=1, max_size=3), WORDS, st.sampled_from(["de", "en"])), max_size=6
)
Passages = list[tuple[list[list[str]], list[str], str]]


def add(writer: TermWriter, passages: Passages) -> list[tuple[list[int], list[int]]]:
    return [
        (found.stems.tolist(), found.grams.tolist())
        for sentences, context, language in passages
        for found in [
            writer.add(
                [Terms(tuple(words), tuple(words[:2])) for words in sentences],
                Terms(tuple(context), ()),
                language,
            )
        ]
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PASSAGES, PASSAGES, PASSAGES)
def test_what_is_copied_is_what_would_have_been_written(
    tmp_path_factory: pytest.TempPathFactory, first: Passages, second: Passages, third: Passages
) -> None:
    folders = [tmp_path_factory.mktemp("terms") for _ in range(3)]
    source = TermWriter(folders[0])
    # Other languages before it, and in another order, so that their numbers differ.
    languages = ["fr", "en", "de"]
    add(source, [([["x"]], [], "fr"), *second])
    source.finish(languages)
    whole, mixed = TermWriter(folders[1]), TermWriter(folders[2])
    expected = add(whole, [*first, *second, *third])
    found = add(mixed, first)
    store = TermStore.open(folders[0])
    copied = mixed.copy(store, 1, 1 + len(second), languages)
    found += [(terms.stems.tolist(), terms.grams.tolist()) for terms in copied]
    found += add(mixed, third)
    for writer in (whole, mixed):
        writer.finish(["de", "en"])
    assert found == expected
    assert files(folders[1]) == files(folders[2])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PASSAGES.filter(bool), st.integers(1, 8))
def test_a_term_counts_once_for_each_passage_however_many_wait_to_be_counted(
    tmp_path_factory: pytest.TempPathFactory, passages: Passages, at_once: int
) -> None:
    folder = tmp_path_factory.mktemp("terms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(term_writer, "_COUNTED_AT_ONCE", at_once)
        writer = TermWriter(folder)
        add(writer, passages)
        writer.finish(["de", "en"])
    expected = Counter(
        term
        for sentences, context, _ in passages
        for term in {*context, *(word for words in sentences for word in words)}
    )
    vocabulary = np.load(folder / "stems-vocabulary.npy")
    frequency = np.load(folder / "stems-frequency.npy")
    assert dict(zip(vocabulary.tolist(), frequency.tolist(), strict=True)) == {
        int(hashed_terms([term])[0]): count for term, count in expected.items()
    }
    assert vocabulary.tolist() == sorted(vocabulary.tolist())


@needs_limits
def test_whichever_file_has_no_room_left_is_an_error_and_not_a_shorter_file(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        folder.mkdir()
        with closing(TermWriter(folder)) as writer:
            for number in range(300):
                words = [f"{number} {each}" for each in range(16)]
                writer.add([Terms(words[:8], words[:1])], Terms(words[8:], words[1:2]), "en")
            writer.finish(["en"])

    write(tmp_path / "whole")
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "whole").iterdir()}
    assert max(sizes, key=sizes.__getitem__).startswith(("stems-vocabulary", "stems-frequency"))
    for size in set(sizes.values()):
        with room_for(size - 1), pytest.raises(OSError, match="File too large") as caught:
            write(tmp_path / str(size))
        assert caught.value.errno == errno.EFBIG
