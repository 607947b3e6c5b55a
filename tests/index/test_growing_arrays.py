"""An array that grew row by row is the one that NumPy would have saved at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.growing_arrays import GrowingArray

PARTS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), max_size=6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS)
def test_the_file_is_that_of_numpy(tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    grown = GrowingArray(folder / "grown.npy", np.uint32)
    for part in parts:
        grown.append(np.array(part, np.uint32))
    grown.close()
    whole = np.array([number for part in parts for number in part], np.uint32)
    np.save(folder / "saved.npy", whole)
    assert grown.count == len(whole)
    assert (folder / "grown.npy").read_bytes() == (folder / "saved.npy").read_bytes()
    np.testing.assert_array_equal(np.load(folder / "grown.npy", mmap_mode="r" if len(whole) else None), whole)


def test_rows_keep_their_shape(tmp_path: Path) -> None:
    grown = GrowingArray(tmp_path / "rows.npy", np.float32, (3,))
    rows = np.arange(12).reshape(4, 3)
    grown.append(rows[:1])
    grown.append(rows[1:])
    grown.close()
    grown.close()
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), rows.astype(np.float32))


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "rows.npy").touch()
    with pytest.raises(FileExistsError):
        GrowingArray(tmp_path / "rows.npy", np.uint32)
