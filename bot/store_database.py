"""A database that was looked at before it is used, and the transactions on it."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.store_dialects import (
    add_missing_columns,
    await_turn,
    engine_for,
    errors_of,
    flush,
    insert_into,
    is_shareable,
    needs,
    overwrite_log,
    refuse_damage,
    where_is,
)
from bot.store_faults import StoreError, fault_of
from bot.store_tables import SCHEMA_VERSION, metadata, schema

_Result = TypeVar("_Result")
_Parameters = ParamSpec("_Parameters")
_AnyRoom = TypeVar("_AnyRoom", bound="Room")

_THE_ROW: Final = 1


class Database:
    """Transactions on the state, translated errors, and an end that waits for what was begun."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._where = where_is(engine)
        self._errors = errors_of(engine)
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, address: str) -> Self:
        """Open the database at an SQLAlchemy address, make what is missing, and see that it can be written.

        Raises:
            StoreError: It is damaged, cannot be written, or is a newer Footnote's.
        """
        database = cls(engine_for(address))
        try:
            await database._prepare()
        except BaseException:
            await database.aclose()
            raise
        return database

    @property
    def engine(self) -> AsyncEngine:
        """The way to the database, for what is no transaction."""
        return self._engine

    @property
    def is_shareable(self) -> bool:
        """Whether several processes may work on it at once."""
        return is_shareable(self._engine)

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Turn what the database raises into what it means for whoever runs the bot.

        Raises:
            StoreError: The database could not do what it was told.
        """
        try:
            yield
        except self._errors as error:
            raise fault_of(error, self._where) from error

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, which is committed at the end and undone at an error.

        Raises:
            StoreError: The database could not do what it was told.
        """
        if self._closed:
            raise StoreError(f"The state in {self._where} is closed; expected it open; start again.")
        with self.translating():
            async with self._engine.begin() as connection:
                yield connection

    async def carry_through(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `work` does; it comes to its end also where the caller is cancelled meanwhile."""
        task = asyncio.create_task(work)
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        return await asyncio.shield(task)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert that can say what happens where there is such a row already."""
        return insert_into(self._engine, table)

    async def overwrite_log(self) -> None:
        """Take what was erased out of the log of writes too.

        Raises:
            StoreError: The database could not.
        """
        async with self.begin() as connection:
            await overwrite_log(self._engine, connection)

    async def flush(self) -> None:
        """Return once all that was committed outlasts a power cut.

        Raises:
            StoreError: The disk failed.
        """
        try:
            await flush(self._engine)
        except OSError as error:
            raise fault_of(error, self._where) from error

    async def aclose(self) -> None:
        """Wait for what was begun, and let go of the database; nothing can be begun after."""
        self._closed = True
        while self._in_hand:
            await asyncio.wait(self._in_hand)
        await self._engine.dispose()

    async def _prepare(self) -> None:
        async with self.begin() as connection:
            await refuse_damage(self._engine, connection)
            await await_turn(self._engine, connection)
            await connection.execute(CreateTable(schema, if_not_exists=True))
            found = await connection.scalar(select(schema.c.version))
            if found is not None and found > SCHEMA_VERSION:
                raise StoreError(
                    f"The state in {self._where} is of schema {found}, a newer Footnote's; expected at most "
                    f"{SCHEMA_VERSION}; install that Footnote again, or set another FOOTNOTE_STATE."
                )
            if found != SCHEMA_VERSION:
                await self._make(connection)
            # Last, so that what was cut off before is made at the next start; and a write, to know that
            # it can be done.
            stamp = self.insert(schema).values(row=_THE_ROW, version=SCHEMA_VERSION, opened_at=now_seconds())
            replaced = {name: stamp.excluded[name] for name in ("version", "opened_at")}
            await connection.execute(stamp.on_conflict_do_update(index_elements=["row"], set_=replaced))

    async def _make(self, connection: AsyncConnection) -> None:
        """Make what is missing. Even where nothing is, that locks each table against who writes to it."""
        for table in metadata.sorted_tables:
            await connection.execute(CreateTable(table, if_not_exists=True))
            await add_missing_columns(connection, table)
            for index in sorted(table.indexes, key=lambda each: str(each.name)):
                if needs(self._engine, index):
                    await connection.execute(CreateIndex(index, if_not_exists=True))


class Room:
    """A part of the store: what it does is done on one database."""

    def __init__(self, database: Database, keep_questions_days: int) -> None:
        self._database = database
        self._keep_questions_days = keep_questions_days


def carried_through(
    method: Callable[Concatenate[_AnyRoom, _Parameters], Coroutine[Any, Any, _Result]],
) -> Callable[Concatenate[_AnyRoom, _Parameters], Coroutine[Any, Any, _Result]]:
    """Let a method come to its end also where its caller is cancelled: handlers have deadlines."""

    @functools.wraps(method)
    async def carried(room: _AnyRoom, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return await room._database.carry_through(method(room, *args, **kwargs))

    return carried


def now_seconds() -> int:
    """Return the moment as the tables have it."""
    return int(time.time())
