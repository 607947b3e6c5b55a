"""What is true of the state in a file is true of it on a database server: the same tests, once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import Store, StoreError
from bot.store_tables import SCHEMA_VERSION, metadata, schema
from tests.bot import stores
from tests.bot.stores import ids, incoming
from tests.bot.test_store_feedback import *  # noqa: F403
from tests.bot.test_store_messages import *  # noqa: F403
from tests.bot.test_store_people import *  # noqa: F403
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
        "UPDATE footnote_schema SET version = 1",
    ):
        postgresql.execute(statement, database)
    assert asyncio.run(use(3)) == [1, 2, 3]
    ((version,),) = postgresql.execute("SELECT version FROM footnote_schema", database)
    assert version == SCHEMA_VERSION
