"""An array on the disk gives the rows that the same array in memory gives."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.disk_array import DiskArray
from index.errors import DamagedGenerationError
from index.growing_arrays import GrowingArray

ROWS = np.arange(90, dtype=np.float16).reshape(30, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that holds ROWS."""
    np.save(tmp_path / "rows.npy", ROWS)
    return tmp_path / "rows.npy"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 29), max_size=20))
def test_rows_come_in_the_order_asked(path: Path, rows: list[int]) -> None:
    array = DiskArray(path)
    np.testing.assert_array_equal(array[np.array(rows, np.int64)], ROWS[rows])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.none() | st.integers(-40, 40), st.none() | st.integers(-40, 40))
def test_a_slice_is_a_list_s(path: Path, start: int | None, stop: int | None) -> None:
    np.testing.assert_array_equal(DiskArray(path)[start:stop], ROWS[start:stop])


def test_numbers_alone_are_rows_too(tmp_path: Path) -> None:
    np.save(tmp_path / "numbers.npy", np.arange(9, dtype=np.uint32))
    array = DiskArray(tmp_path / "numbers.npy")
    assert (len(array), array.shape, array.dtype) == (9, (9,), np.uint32)
    assert array[np.array([3, 4, 8])].tolist() == [3, 4, 8]


@pytest.mark.parametrize("row", [-1, 30])
def test_a_row_that_is_not_there_is_an_error(path: Path, row: int) -> None:
    with pytest.raises(IndexError, match="expected 0 to below 30"):
        DiskArray(path)[np.array([3, row])]


def test_other_steps_are_refused(path: Path) -> None:
    with pytest.raises(IndexError, match="step is 2"):
        DiskArray(path)[::2]


@pytest.mark.parametrize(
    "array",
    [np.asfortranarray(ROWS), np.array(3.0), np.zeros((2, 2), dtype=object)],
    ids=["F", "0-d", "objects"],
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "other.npy", array)
    with pytest.raises(ValueError, match="expected"):
        DiskArray(tmp_path / "other.npy")


@pytest.mark.parametrize("content", [b"", b"not an array", "longer", "shorter"])
def test_what_is_no_such_file_is_refused(path: Path, content: bytes | str) -> None:
    data = path.read_bytes()
    path.write_bytes({"longer": data + b"0", "shorter": data[:-1]}.get(str(content), content))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"."):
        DiskArray(path)


def test_a_file_cut_off_while_it_is_open_is_damage(path: Path) -> None:
    array = DiskArray(path)
    os.truncate(path, path.stat().st_size - 6)
    assert array[np.array([0])].tolist() == [[0, 1, 2]]
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        array[np.array([29])]


def test_threads_share_one_array(path: Path) -> None:
    array = DiskArray(path)
    wanted = [np.random.default_rng(seed).integers(0, 30, 20) for seed in range(40)]
    with ThreadPoolExecutor(4) as threads:
        for rows, found in zip(wanted, threads.map(array.__getitem__, wanted), strict=True):
            np.testing.assert_array_equal(found, ROWS[rows])


def test_where_the_system_has_no_read_by_position_rows_are_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.disk_array._CAN_READ_BY_POSITION", False)
    rows = np.array([5, 6, 2, 29])
    np.testing.assert_array_equal(DiskArray(path)[rows], ROWS[rows])


def test_what_is_written_block_by_block_is_one_array(tmp_path: Path) -> None:
    with closing(GrowingArray(tmp_path / "new.npy", np.float16, (3,))) as writer:
        for start in range(0, 30, 7):
            writer.append(ROWS[start : start + 7].astype(np.float32))
    np.testing.assert_array_equal(np.load(tmp_path / "new.npy"), ROWS)
    np.testing.assert_array_equal(DiskArray(tmp_path / "new.npy")[:], ROWS)
    with pytest.raises(FileExistsError):
        GrowingArray(tmp_path / "new.npy", np.float16, (3,))
