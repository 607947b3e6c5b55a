"""Real stores in files for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeVar

from bot.store import IncomingUpdate, Store

_Result = TypeVar("_Result")


def address_of(folder: Path) -> str:
    """Return the address of the store in a folder."""
    return f"sqlite+aiosqlite:///{folder / 'state.sqlite3'}"


def with_store(
    folder: Path, use: Callable[[Store], Awaitable[_Result]], *, keep_questions_days: int = 30
) -> _Result:
    """Open the store in a folder, use it, close it, and return what the use gave."""
    address = address_of(folder)

    async def run() -> _Result:
        store = await Store.open(address, keep_questions_days=keep_questions_days)
        try:
            return await use(store)
        finally:
            await store.aclose()

    return asyncio.run(run())


async def sent(
    store: Store,
    key: tuple[int, int],
    chat_id: int,
    message_id: int,
    *,
    questions: AbstractSet[int] = frozenset(),
) -> None:
    """Note which message came of an update and an ordinal, and return once that is written."""
    store.note_sent(*key, chat_id, message_id, questions=questions)
    # What is asked for after it is written after it; there is no such update.
    await store.mark_done(-1)


def incoming(update_id: int, payload: str = "{}") -> IncomingUpdate:
    """Return an update of one chat."""
    return IncomingUpdate(update_id, "chat:7", payload)


def ids(updates: Iterable[IncomingUpdate]) -> list[int]:
    """Return the numbers of updates."""
    return [each.update_id for each in updates]


def everything_in(folder: Path) -> bytes:
    """Return all bytes of all files of a store, open or not."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("state.sqlite3*")))
