"""Updates on their way in and messages on their way out, so that a crash loses and doubles none."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import select, update

from bot.replicas import bucket_of
from bot.store_database import Database, Room, carried_through
from bot.store_ledger import Ledger
from bot.store_records import IncomingUpdate, Sending
from bot.store_tables import answers, inbox

_PENDING: Final = select(inbox.c.update_id, inbox.c.chat_key, inbox.c.payload).where(
    inbox.c.done_at.is_(None)
)


class Messages(Room):
    """The inbox, the outbox, and which message answers which."""

    def __init__(self, database: Database, keep_questions_days: int) -> None:
        super().__init__(database, keep_questions_days)
        self._ledger = Ledger(database)
        self._written: set[int] = set()
        """Updates that are written down and that no call has returned yet."""

    async def take_in(self, updates: Sequence[IncomingUpdate]) -> tuple[IncomingUpdate, ...]:
        """Write updates down, all or none, and return those that did not come before, in order.

        Where the caller is cancelled meanwhile they may have been written down, but nobody was given
        them: when they come again, they are returned.

        Raises:
            StoreError: They could not be written down.
        """
        await self._write_down(updates)
        fresh = []
        for each in updates:
            if each.update_id in self._written:
                self._written.remove(each.update_id)
                fresh.append(each)
        return tuple(fresh)

    async def keep_for_good(self) -> None:
        """Return once what was taken in outlasts a power cut: before Telegram is told that it arrived.

        Raises:
            StoreError: The disk failed.
        """
        await self._database.flush()

    @carried_through
    async def pending(
        self, *, after: int | None = None, most: int | None = None
    ) -> tuple[IncomingUpdate, ...]:
        """Return the updates that are not done, in the order of their arrival.

        Args:
            after: The update that those returned came after; None for all.
            most: How many at most, the first of them; None for all.

        Raises:
            StoreError: The state could not be read.
        """
        asking = _PENDING.order_by(inbox.c.place).limit(most)
        if after is not None:
            place = select(inbox.c.place).where(inbox.c.update_id == after).scalar_subquery()
            asking = asking.where(inbox.c.place > place)
        async with self._database.begin() as connection:
            rows = (await connection.execute(asking)).all()
        return tuple(IncomingUpdate(row.update_id, row.chat_key, row.payload) for row in rows)

    @carried_through
    async def pending_update(self, update_id: int) -> IncomingUpdate | None:
        """Return an update that is not done; None where it is, or is not known.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            row = (await connection.execute(_PENDING.where(inbox.c.update_id == update_id))).first()
        return None if row is None else IncomingUpdate(row.update_id, row.chat_key, row.payload)

    @carried_through
    async def count_attempt(self, update_id: int) -> int:
        """Note that the handling of an update begins, and return how often it has; 0 for an unknown one.

        Raises:
            StoreError: The state could not be written.
        """
        counting = (
            update(inbox)
            .where(inbox.c.update_id == update_id)
            .values(attempts=inbox.c.attempts + 1)
            .returning(inbox.c.attempts)
        )
        async with self._database.begin() as connection:
            return int(await connection.scalar(counting) or 0)

    async def mark_done(self, update_id: int) -> None:
        """Erase an update but for its number, by which it is known if it comes again.

        Raises:
            StoreError: The state could not be written.
        """
        await self._ledger.done(update_id)

    async def begin_sending(self, update_id: int, ordinal: int) -> Sending:
        """Write down that a message is about to be sent, and return what is known of it from before.

        Args:
            update_id: What it answers.
            ordinal: Its place among the messages that answer that.

        Raises:
            StoreError: The state could not be written.
        """
        return await self._ledger.begin(update_id, ordinal)

    def note_sent(
        self,
        update_id: int,
        ordinal: int,
        chat_id: int,
        message_id: int,
        *,
        questions: AbstractSet[int] = frozenset(),
    ) -> None:
        """Have written down which message it became, and which messages of its chat it answers.

        That is done in a moment, and before or together with whatever is asked for after it of the inbox
        and the outbox; whoever then waits for that is told if it could not be.

        Args:
            update_id: What it answers.
            ordinal: Its place among the messages that answer that.
            chat_id: Where it was sent.
            message_id: Which it is there.
            questions: The messages that it is remembered as the answer to, so that an edited question edits
                its answer.
        """
        self._ledger.note_sent(update_id, ordinal, chat_id, message_id, frozenset(questions))

    @carried_through
    async def answer_to(self, chat_id: int, message_id: int) -> int | None:
        """Return the message that answers another; None where there is none, or it was too long ago.

        Raises:
            StoreError: The state could not be read.
        """
        asking = select(answers.c.answer_message_id).where(
            answers.c.chat_id == chat_id, answers.c.question_message_id == message_id
        )
        async with self._database.begin() as connection:
            found: int | None = await connection.scalar(asking)
        return found

    @carried_through
    async def is_answer(self, chat_id: int, message_id: int) -> bool:
        """Return whether a message answers another; False also where that was too long ago.

        Raises:
            StoreError: The state could not be read.
        """
        asking = select(answers.c.answer_message_id).where(
            answers.c.chat_id == chat_id, answers.c.answer_message_id == message_id
        )
        async with self._database.begin() as connection:
            return (await connection.execute(asking.limit(1))).first() is not None

    @carried_through
    async def _write_down(self, updates: Sequence[IncomingUpdate]) -> None:
        if not updates:
            return
        writing = self._database.insert(inbox).on_conflict_do_nothing().returning(inbox.c.update_id)
        rows = [
            {
                "update_id": each.update_id,
                "chat_key": each.chat_key,
                "payload": each.payload,
                "bucket": bucket_of(each.chat_key),
            }
            for each in updates
        ]
        async with self._database.begin() as connection:
            written = (await connection.scalars(writing, rows)).all()
        self._written.update(written)
