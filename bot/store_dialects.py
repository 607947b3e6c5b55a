"""What differs between the databases that can keep the state, and nothing else does.

SQLite writes ahead (WAL) with `synchronous=NORMAL`: a commit is in the operating system's hands when it
returns, so that the process may be killed at any moment and nothing is lost. What a power cut could take
are the commits since the log was last flushed to the disk, always the last ones and never one out of
their middle. So the log is flushed before Telegram is told that updates arrived (`flush`): a question
that Telegram will not send again is on the disk. Without a flush are then only commits after it: that an
answer was about to be sent, that it was, that its question is done. Where they are lost the question is
answered once more, which is the lesser evil; so may a vote of the last seconds be lost. `FULL` would wait
for the disk at each commit, two of them between a question and its answer: half a millisecond each where
the disk is fast, eight on the machine this was measured on, tens where it is a memory card. The flush is
waited for while the question is being answered already.

What is erased is overwritten (`secure_delete`), in the file at once and in the log of writes at the
next checkpoint.

PostgreSQL may be shared: several processes work on it at once, each with connections of its own. What is
erased there is gone from the tables when the server has vacuumed them, and from its log as it is set up.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Index, Table, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.schema import CreateColumn

from bot.store_faults import StoreError, damaged, unwritable
from bot.store_tables import ONLY_ON

_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = "postgresql"

_BUSY_SECONDS: Final = 5.0
"""How long another process may hold the file: a copy being made, somebody looking at it."""

_QUEUE_SECONDS: Final = 30.0
"""How long a call may wait for those before it."""

_CONNECT_SECONDS: Final = 10.0
"""How long a database server may take to answer at all."""

_TURN: Final = 0x666F6F74
"""The advisory lock under which tables are made and the turn to rebuild is given: any number of ours."""

_CONNECTIONS: Final = 12
"""To a database server, at most, for each process."""

_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")


def engine_for(address: str) -> AsyncEngine:
    """Return the way to the database at an SQLAlchemy address; nothing is connected yet.

    Raises:
        StoreError: It is no address of a database that can keep the state, or its driver is missing.
    """
    try:
        url = make_url(address)
        if url.get_backend_name() == _SQLITE:
            return _sqlite_engine(url)
        if url.get_backend_name() == _POSTGRESQL:
            return create_async_engine(
                url,
                hide_parameters=True,
                pool_pre_ping=True,
                pool_size=_CONNECTIONS,
                max_overflow=0,
                pool_timeout=_QUEUE_SECONDS,
                connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": _QUEUE_SECONDS},
            )
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The database's driver {error.name} is not installed; expected it beside Footnote; "
            f"`pip install {error.name}`."
        ) from error
    except (ArgumentError, InvalidRequestError) as error:
        raise _unknown_address() from error
    raise _unknown_address()


def where_is(engine: AsyncEngine) -> str:
    """Return what a message may call the database: the file, but no address, which holds a password."""
    if engine.dialect.name == _SQLITE:
        return engine.url.database or "memory"
    return "the database of FOOTNOTE_DATABASE_URL"


def errors_of(engine: AsyncEngine) -> tuple[type[Exception], ...]:
    """Return what a statement may raise: a server that is away and a number out of range are among it."""
    errors: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, OverflowError)
    if engine.dialect.name == _POSTGRESQL:
        from asyncpg import InterfaceError, PostgresError

        # What goes wrong while connecting is not translated by SQLAlchemy.
        errors += (InterfaceError, PostgresError)
    return errors


def insert_into(engine: AsyncEngine, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what happens where there is such a row already."""
    return sqlite.insert(table) if engine.dialect.name == _SQLITE else postgresql.insert(table)


async def refuse_damage(engine: AsyncEngine, connection: AsyncConnection) -> None:
    """Look whether the file is whole; a database server looks after that itself.

    Raises:
        StoreError: It is not.
    """
    if engine.dialect.name == _SQLITE and await connection.scalar(text("PRAGMA quick_check(1)")) != "ok":
        raise damaged(where_is(engine), "quick_check")


async def overwrite_log(engine: AsyncEngine, connection: AsyncConnection) -> None:
    """Take what was erased out of the log of writes too, where the database leaves that to us."""
    if engine.dialect.name == _SQLITE:
        await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


async def flush(engine: AsyncEngine) -> None:
    """Return once all that was committed is on the disk; a database server sees to that at each commit.

    Raises:
        OSError: The disk failed.
    """
    if engine.dialect.name == _SQLITE and engine.url.database and _is_file(engine.url.database):
        await asyncio.to_thread(_flush, Path(f"{engine.url.database}-wal"))


def _flush(log: Path) -> None:
    # What is no longer in the log, a checkpoint has taken to the file and flushed there. The folder
    # is flushed too: it is what says that there is a log.
    for path in (log, log.parent):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except (FileNotFoundError, PermissionError):
            continue  # Everything is in the file; or a system that opens no folders.
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_shareable(engine: AsyncEngine) -> bool:
    """Return whether several processes may work on the state at once."""
    return engine.dialect.name == _POSTGRESQL


def is_address_shareable(address: str | None) -> bool:
    """Return whether it is the address of a state on which several processes may work at once."""
    return address is not None and address.startswith(_POSTGRESQL)


def needs(engine: AsyncEngine, index: Index) -> bool:
    """Return whether a database needs an index."""
    return bool(index.info.get(ONLY_ON, engine.dialect.name) == engine.dialect.name)


async def await_turn(engine: AsyncEngine, connection: AsyncConnection) -> None:
    """Wait until no other process is in such a transaction, which lasts until the end of this one.

    In a file there is one writer anyway.
    """
    if engine.dialect.name == _POSTGRESQL:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


async def add_missing_columns(connection: AsyncConnection, table: Table) -> None:
    """Bring a table of an older Footnote's up to what it is now."""

    def columns_of(sync_connection: Connection) -> set[str]:
        return {column["name"] for column in inspect(sync_connection).get_columns(table.name)}

    there = await connection.run_sync(columns_of)
    for column in table.columns:
        if column.name not in there:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            await connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))


def _is_file(database: str) -> bool:
    return not database.startswith((":", "file:"))


def _sqlite_engine(url: URL) -> AsyncEngine:
    """Return the way to a file: one connection, so that there is one writer and calls wait in order."""
    _make_private(url)
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_QUEUE_SECONDS,
        # Every transaction is ended before its connection is given back; a rollback more costs .1 ms.
        pool_reset_on_return=None,
        connect_args={"timeout": _BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: DBAPIConnection, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _make_private(url: URL) -> None:
    """Make the file, where there is none, so that only its owner reads it; SQLite's others follow it.

    What cannot be opened is found here: aiosqlite's thread may outlive the loop where connecting fails.
    """
    if url.database is None or not _is_file(url.database):
        return
    try:
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT, mode=0o600))
    except OSError as error:
        raise unwritable(url.database, str(error.strerror)) from error


def _unknown_address() -> StoreError:
    return StoreError(
        "FOOTNOTE_DATABASE_URL, not shown here, is no address of a database that can keep the state; "
        "expected sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME; set it right or "
        "leave it out."
    )
