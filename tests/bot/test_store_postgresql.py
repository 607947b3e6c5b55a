"""What is true of the state in a file is true of it on a database server: the same tests, once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import store_turns
from bot.conversations import Conversations
from bot.store import Sending, SendingState, Store, StoreError
from bot.store_database import Database, now_seconds
from bot.store_tables import SCHEMA_VERSION, metadata, schema
from bot.store_turns import KEPT_TO_GO_ON
from bot.turns import Earlier, Turn
from tests.bot import stores
from tests.bot.stores import ids, incoming, with_store
from tests.bot.test_store_feedback import *  # noqa: F403
from tests.bot.test_store_ledger import *  # noqa: F403
from tests.bot.test_store_messages import *  # noqa: F403
from tests.bot.test_store_people import *  # noqa: F403
from tests.bot.test_store_turns import *  # noqa: F403
from tests.bot.test_store_turns import ANN
from tests.postgresql import PostgreSQL


async def make_tables(address: str) -> None:
    """Open a store at an address and close it."""
    await (await Store.open(address)).aclose()


@pytest.fixture(scope="module", autouse=True)
def in_databases(postgresql: PostgreSQL) -> Iterator[None]:
    """Let what is a folder's file elsewhere be a database here, emptied for each new folder."""
    address = postgresql.new_database()
    asyncio.run(make_tables(address))
    names = ", ".join(table.name for table in metadata.sorted_tables if table is not schema)
    known: set[Path] = set()

    def address_of(folder: Path) -> str:
        if folder not in known:
            known.add(folder)
            postgresql.execute(f"TRUNCATE {names} RESTART IDENTITY", address.rpartition("/")[2])
        return address

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "address_of", address_of)
        yield


def test_many_processes_may_make_the_tables_at_once(postgresql: PostgreSQL) -> None:
    async def open_all(address: str) -> int:
        opened = await asyncio.gather(*(Store.open(address) for _ in range(8)))
        for each in opened:
            await each.aclose()
        return len(opened)

    assert asyncio.run(open_all(postgresql.new_database())) == 8


def test_a_language_that_another_process_has_set_is_known_at_once(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        other = await Store.open(stores.address_of(tmp_path))
        for code in ("de", "es"):
            for writer, reader in ((store, other), (other, store)):
                chat = 7 if writer is store else 8
                await reader.interface_language(chat)
                await writer.set_interface_language(chat, code)
                assert await reader.interface_language(chat) == code
        await other.forget_group(7)
        assert await store.interface_language(7) is None
        await other.aclose()

    with_store(tmp_path, use)


def test_what_one_process_was_asked_another_goes_on_from_for_a_day(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        other = await Store.open(stores.address_of(tmp_path), keep_questions_days=30)
        await store.note_turn(ANN, Turn(1, "Who built it?", None))
        await store.purge(datetime.now(UTC) + KEPT_TO_GO_ON - timedelta(minutes=1))
        assert await Conversations(other).earlier(ANN) == Earlier("Who built it?", is_replied_to=False)
        await store.purge(datetime.now(UTC) + KEPT_TO_GO_ON + timedelta(minutes=1))
        assert await Conversations(other).earlier(ANN) is None
        await other.aclose()

    with_store(tmp_path, use)


def test_what_one_process_was_asked_no_other_knows_where_no_question_may_be_kept(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    async def use(store: Store) -> None:
        address = stores.address_of(tmp_path)
        await store.note_turn(ANN, Turn(1, "Who built it?", None))
        assert await Conversations(store).earlier(ANN) == Earlier("Who built it?", is_replied_to=False)
        asking = ("SELECT subject FROM footnote_turns", address.rpartition("/")[2])
        assert await asyncio.to_thread(postgresql.execute, *asking) == []

    with_store(tmp_path, use, keep_questions_days=0)


def test_what_was_asked_longer_ago_is_not_gone_on_from_before_it_is_purged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> None:
        await store.note_turn(ANN, Turn(1, "Who built it?", None))
        later = now_seconds() + int(KEPT_TO_GO_ON.total_seconds())
        monkeypatch.setattr(store_turns, "now_seconds", lambda: later - 60)
        assert await store.last_turn(ANN) is not None
        monkeypatch.setattr(store_turns, "now_seconds", lambda: later + 60)
        assert await store.last_turn(ANN) is None

    with_store(tmp_path, use)


def test_what_was_asked_in_a_group_is_forgotten_with_it(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.note_turn(ANN, Turn(1, "Who built it?", None))
        await store.forget_group(ANN.chat_id + 1)
        assert await store.last_turn(ANN) is not None
        await store.forget_group(ANN.chat_id)
        assert await store.last_turn(ANN) is None

    with_store(tmp_path, use)


def test_what_could_not_be_noted_is_told_to_the_log_without_its_text(
    tmp_path: Path, postgresql: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(store: Store) -> None:
        database = stores.address_of(tmp_path).rpartition("/")[2]
        for there, here in (("turns", "away"), ("away", "turns")):
            rename = f"ALTER TABLE footnote_{there} RENAME TO footnote_{here}"
            await asyncio.to_thread(postgresql.execute, rename, database)
            await Conversations(store).remember(ANN, Turn(1, "Where is my secret garden?", None))

    with_store(tmp_path, use)
    (record,) = [each for each in caplog.records if each.getMessage() == "turn_not_noted"]
    assert "42P01" in caplog.text
    assert "secret garden" not in f"{caplog.text} {record.__dict__}"


def test_two_processes_that_note_the_same_at_once_find_each_message_new_once(tmp_path: Path) -> None:
    numbers = range(1, 31)

    async def noted(store: Store, update_id: int) -> Sending:
        sending = await store.begin_sending(update_id, 0)
        store.note_sent(update_id, 0, 7, update_id, questions={update_id})
        await store.mark_done(update_id)
        return sending

    async def use(store: Store) -> None:
        other = await Store.open(stores.address_of(tmp_path))
        await store.take_in([incoming(number) for number in numbers])
        here, there = await asyncio.gather(
            asyncio.gather(*(noted(store, number) for number in numbers)),
            asyncio.gather(*(noted(other, number) for number in reversed(numbers))),
        )
        await other.aclose()
        for one, another in zip(here, reversed(there), strict=True):
            assert (one, another).count(Sending(SendingState.NEW)) == 1
        assert await store.pending() == ()
        assert [await store.answer_to(7, number) for number in numbers] == list(numbers)

    with_store(tmp_path, use)


def test_a_page_that_another_process_is_in_the_way_of_is_written_in_the_end(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(1), incoming(2)])
        database = await Database.open(stores.address_of(tmp_path))
        async with database.begin() as connection:
            # Whoever waits for less than that is who the server tells that both wait for one another.
            await connection.execute(text("SET LOCAL deadlock_timeout = '1min'"))
            await connection.execute(touching, {"number": 2})
            page = asyncio.gather(store.mark_done(1), store.mark_done(2))
            while not await asyncio.to_thread(postgresql.execute, waiting):
                await asyncio.sleep(0.01)
            await connection.execute(touching, {"number": 1})
        await page
        await database.aclose()
        assert await store.pending() == ()

    touching = text("UPDATE footnote_inbox SET attempts = attempts + 1 WHERE update_id = :number")
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE%'"
    with_store(tmp_path, use)


def test_a_server_that_is_away_is_told_without_its_address() -> None:
    with pytest.raises(StoreError, match="the database of FOOTNOTE_DATABASE_URL cannot be used") as refused:
        asyncio.run(make_tables("postgresql+asyncpg://scott:tiger@127.0.0.1:9/x"))
    assert "tiger" not in str(refused.value)


def test_a_database_that_is_not_there_is_told(postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreError, match="3D000"):
        asyncio.run(make_tables(postgresql.address("none")))


def test_a_state_of_the_first_schema_is_brought_up_to_this_one(postgresql: PostgreSQL) -> None:
    async def use(*updates: int) -> list[int]:
        store = await Store.open(address)
        await store.take_in([incoming(each) for each in updates])
        pending = ids(await store.pending())
        await store.aclose()
        return pending

    address = postgresql.new_database()
    assert asyncio.run(use(1, 2)) == [1, 2]
    database = address.rpartition("/")[2]
    for statement in (
        "ALTER TABLE footnote_inbox DROP COLUMN bucket, DROP COLUMN replica",
        "DROP TABLE footnote_replicas",
        "DROP TABLE footnote_turns",
        "DROP TABLE footnote_moved_groups",
        "DROP INDEX footnote_answers_given",
        "UPDATE footnote_schema SET version = 1",
    ):
        postgresql.execute(statement, database)
    assert asyncio.run(use(3)) == [1, 2, 3]
    assert postgresql.execute("SELECT subject FROM footnote_turns", database) == []
    assert postgresql.execute("SELECT chat_id FROM footnote_moved_groups", database) == []
    ((version,),) = postgresql.execute("SELECT version FROM footnote_schema", database)
    assert version == SCHEMA_VERSION
