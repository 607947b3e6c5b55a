"""What must survive a restart: the one store of a running bot.

Its parts are in modules of their own: messages in and out (`store_messages`), how several processes share
them (`store_claims`), what was asked before (`store_turns`), what people think and miss (`store_feedback`),
and who they are to the bot (`store_people`). All are on one database (`store_database`), which is a file
unless an address of another is set.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store_claims import Claims
from bot.store_database import Database, carried_through
from bot.store_faults import StoreError
from bot.store_feedback import Feedback, count_votes
from bot.store_messages import Messages
from bot.store_people import People
from bot.store_records import (
    ClaimResult,
    Gap,
    IncomingUpdate,
    Sending,
    SendingState,
    StoreStatistics,
    VoteChange,
    VoteCount,
    VotePlace,
    VoteResult,
)
from bot.store_tables import admins, answers, chosen, gaps, groups, inbox, kept_questions, outbox, turns
from bot.store_turns import KEPT_TO_GO_ON, Turns

__all__ = (
    "ClaimResult",
    "Gap",
    "IncomingUpdate",
    "Sending",
    "SendingState",
    "Store",
    "StoreError",
    "StoreStatistics",
    "VoteChange",
    "VoteCount",
    "VotePlace",
    "VoteResult",
)

REMEMBERED: Final = timedelta(days=14)
"""How long it is known which updates came, what was sent, and which message answers which."""


class Store(Messages, Claims, Feedback, People, Turns):
    """Reads and writes what must survive a restart. Any number of tasks of one event loop may use it.

    Each method is one transaction. What it began it brings to its end also where its caller is
    cancelled meanwhile, so that a deadline leaves nothing half done.
    """

    @classmethod
    async def open(cls, address: str, *, keep_questions_days: int = 0) -> Self:
        """Open the store at an SQLAlchemy address, and make what is missing there.

        Args:
            address: `sqlite+aiosqlite:///PATH`, or one of PostgreSQL.
            keep_questions_days: How long the text of a question that got no answer is kept; 0 for never.

        Raises:
            StoreError: It is damaged, cannot be written, is a newer Footnote's, or there is no such thing.
        """
        return cls(await Database.open(address), keep_questions_days)

    async def aclose(self) -> None:
        """Wait for what was begun, and close; every call after that is refused."""
        await self._ledger.aclose()
        await self._database.aclose()

    @carried_through
    async def purge(self, now: datetime) -> None:
        """Forget what was remembered for long enough at that moment, and overwrite what was erased.

        Raises:
            StoreError: The state could not be written.
        """
        moment = int(now.timestamp())
        remembered = moment - int(REMEMBERED.total_seconds())
        texts = moment - int(timedelta(days=self._keep_questions_days).total_seconds())
        to_go_on = moment - int(KEPT_TO_GO_ON.total_seconds()) if self._keep_questions_days else moment
        pending = select(inbox.c.update_id).where(inbox.c.done_at.is_(None))
        async with self._database.begin() as connection:
            for statement in (
                delete(inbox).where(inbox.c.done_at <= remembered),
                # What was sent in answer to an update that is not done must not be sent again.
                delete(outbox).where(outbox.c.begun_at <= remembered, outbox.c.update_id.not_in(pending)),
                delete(answers).where(answers.c.answered_at <= remembered),
                update(gaps)
                .where(gaps.c.asked_at <= texts, gaps.c.question.is_not(None))
                .values(question=None),
                delete(kept_questions).where(kept_questions.c.kept_at <= to_go_on),
                delete(turns).where(turns.c.noted_at <= to_go_on),
            ):
                await connection.execute(statement)
        await self._database.overwrite_log()

    @carried_through
    async def statistics(self) -> StoreStatistics:
        """Return how much is in the store.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            pending = await connection.scalar(
                select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None))
            )
            updates = await _rows(connection, inbox)
            return StoreStatistics(
                pending=int(pending or 0),
                done=updates - int(pending or 0),
                gaps=await _rows(connection, gaps),
                votes=await count_votes(connection),
                chosen=int(await connection.scalar(select(func.sum(chosen.c.times))) or 0),
                admins=await _rows(connection, admins),
                groups=await _rows(connection, groups),
            )


async def _rows(connection: AsyncConnection, table: Table) -> int:
    return int(await connection.scalar(select(func.count()).select_from(table)) or 0)
