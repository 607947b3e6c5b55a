"""A state that cannot be used is refused in one sentence with the remedy, and tells nobody's text."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import store_dialects
from bot.store import Store, StoreError
from bot.store_faults import fault_of
from bot.store_tables import SCHEMA_VERSION
from tests.bot.stores import address_of, ids, incoming, with_store


async def nothing(store: Store) -> None:
    """Leave an opened store as it is."""


def refusal(address: str) -> str:
    """Return why an address is refused."""

    async def run() -> None:
        await (await Store.open(address)).aclose()

    with pytest.raises(StoreError) as refused:
        asyncio.run(run())
    return str(refused.value)


def file_in(folder: Path) -> Path:
    """Return the file of a store with a few hundred updates."""

    async def fill(store: Store) -> None:
        await store.take_in([incoming(each, f"{each}" * 200) for each in range(300)])

    with_store(folder, fill)
    return folder / "state.sqlite3"


def test_a_newer_state_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE footnote_schema SET version = ?", (SCHEMA_VERSION + 1,))
    connection.close()
    before = path.read_bytes()
    said = refusal(address_of(tmp_path))
    assert str(path) in said
    assert f"schema {SCHEMA_VERSION + 1}" in said
    assert "install that Footnote again" in said
    assert path.read_bytes() == before


def replace_all(path: Path) -> None:
    path.write_bytes(b"these are no tables " * 500)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite_the_middle(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(whole)


@pytest.mark.parametrize("damage", [replace_all, cut_off, overwrite_the_middle])
def test_a_damaged_state_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = file_in(tmp_path)
    damage(path)
    said = refusal(address_of(tmp_path))
    assert said.startswith(f"The state in {path} is damaged")
    assert "move it away" in said


def test_a_state_whose_making_was_cut_off_is_made_to_its_end(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM footnote_schema")
        connection.execute("DROP TABLE footnote_votes")
    connection.close()

    async def use(store: Store) -> int:
        return (await store.statistics()).votes.up

    assert with_store(tmp_path, use) == 0


def test_a_state_of_the_first_schema_is_brought_up_to_this_one(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    with sqlite3.connect(path) as connection:
        for statement in (
            "ALTER TABLE footnote_inbox DROP COLUMN bucket",
            "ALTER TABLE footnote_inbox DROP COLUMN replica",
            "DROP TABLE footnote_replicas",
            "DROP TABLE footnote_turns",
            "DROP TABLE footnote_moved_groups",
            "UPDATE footnote_schema SET version = 1",
        ):
            connection.execute(statement)
    connection.close()

    async def use(store: Store) -> int:
        await store.take_in([incoming(1_000)])
        return len(await store.pending())

    assert with_store(tmp_path, use) == 301
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version FROM footnote_schema").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("SELECT subject FROM footnote_turns").fetchall() == []
        assert connection.execute("SELECT chat_id FROM footnote_moved_groups").fetchall() == []
    connection.close()


def test_a_state_where_there_is_no_folder_is_refused(tmp_path: Path) -> None:
    said = refusal(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'state.sqlite3'}")
    assert "cannot be opened for writing (No such file or directory)" in said
    assert "FOOTNOTE_STATE" in said


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    assert "cannot be opened for writing (Is a directory)" in refusal(f"sqlite+aiosqlite:///{tmp_path}")


def test_a_state_that_can_only_be_read_is_refused(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    said = refusal(f"sqlite+aiosqlite:///file:{path}?mode=ro&uri=true")
    assert "cannot be opened for writing (SQLITE_READONLY" in said


def test_a_state_that_another_process_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_dialects, "_BUSY_SECONDS", 0.01)
    connection = sqlite3.connect(file_in(tmp_path), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        assert "held by another process (SQLITE_BUSY" in refusal(address_of(tmp_path))
    finally:
        connection.close()


@pytest.mark.parametrize(
    "address", ["", "here", "sqlite:///x.sqlite3", "oracle://scott:tiger@there/x", "none://scott:tiger@there"]
)
def test_an_address_that_names_no_such_database_is_refused_and_not_told(address: str) -> None:
    said = refusal(address)
    assert "FOOTNOTE_DATABASE_URL" in said
    assert "tiger" not in said


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert "pip install asyncpg" in refusal("postgresql+asyncpg://scott:tiger@there/x")


def test_only_its_owner_reads_the_state(tmp_path: Path) -> None:
    async def look(store: Store) -> set[int]:
        await store.take_in([incoming(1)])
        return {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert with_store(tmp_path, look) == {0o600}


def test_an_error_of_the_database_tells_no_text_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_store(tmp_path, nothing)
    monkeypatch.setattr(store_dialects, "_PRAGMAS", (*store_dialects._PRAGMAS, "max_page_count=60"))

    async def use(store: Store) -> None:
        await store.take_in([incoming(1)])
        asked = ["garden", "the", "is", "where", ""][::-1]
        with pytest.raises(StoreError, match="SQLITE_FULL") as refused:
            await store.take_in([incoming(2), incoming(3, " ".join(asked * 50_000))])
        assert " ".join(asked).strip() not in "".join(traceback.format_exception(refused.value))
        assert ids(await store.pending()) == [1]
        assert ids(await store.take_in([incoming(2)])) == [2]

    with_store(tmp_path, use)


def test_a_disk_that_fails_is_told_from_a_file_that_is_damaged() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_READ"
    assert "The disk failed under the state in here (SQLITE_IOERR_READ)" in str(fault_of(error, "here"))


def test_what_is_closed_is_refused_and_may_be_closed_again(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.aclose()
        with pytest.raises(StoreError, match="is closed"):
            await store.pending()

    with_store(tmp_path, use)


def test_what_was_begun_before_the_end_is_done(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        begun = [asyncio.create_task(store.take_in([incoming(each)])) for each in range(50)]
        await asyncio.sleep(0)
        await asyncio.gather(store.aclose(), *begun, return_exceptions=True)

    async def look(store: Store) -> list[int]:
        return ids(await store.pending())

    with_store(tmp_path, use)
    assert with_store(tmp_path, look) == list(range(50))


def test_a_copy_of_the_closed_file_is_a_whole_state(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    (tmp_path / "copy").mkdir()
    shutil.copy(path, tmp_path / "copy")

    async def look(store: Store) -> int:
        return len(await store.pending())

    assert with_store(tmp_path / "copy", look) == 300
