"""What was asked before, where all who may have the chat next find it.

Where the state is a file, one process has it, which holds this in memory and writes no question down for it.
On a database server others may share the work, and a chat moves to another when one comes or goes: there
the questions of the last day are in the database, with who asked them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, select

from bot.store_database import Database, Room, carried_through, now_seconds
from bot.store_tables import turns
from bot.turns import Earlier, HeldTurns, Speaker, Turn

KEPT_TO_GO_ON: Final = timedelta(days=1)
"""How long a question waits for one that belongs to it, or for its asker to come to the private chat."""


class Turns(Room):
    """Questions that got an answer, by who asked and by which message answers."""

    def __init__(self, database: Database, keep_questions_days: int) -> None:
        super().__init__(database, keep_questions_days)
        self._held_turns = HeldTurns()

    async def note_turn(self, speaker: Speaker, turn: Turn) -> None:
        """Remember a turn, in place of the one with that answer where there is one.

        Where the state is a file, or no question may be kept, it is held in this process's memory alone.

        Raises:
            StoreError: The state could not be written.
        """
        if self._is_shared:
            await self._write(speaker, turn)
        else:
            self._held_turns.put(speaker, turn)

    async def last_turn(self, speaker: Speaker) -> Turn | None:
        """Return a speaker's turn whose answer is the latest message; None where none is remembered.

        Raises:
            StoreError: The state could not be read.
        """
        if not self._is_shared:
            return self._held_turns.last_of(speaker)
        return await self._latest(
            turns.c.chat_id == speaker.chat_id,
            turns.c.thread_id.is_not_distinct_from(speaker.thread_id),
            turns.c.person_id.is_not_distinct_from(speaker.person_id),
        )

    async def turn_of_answer(self, chat_id: int, message_id: int) -> Turn | None:
        """Return the turn that a message is the answer of; None where none is remembered.

        Raises:
            StoreError: The state could not be read.
        """
        if not self._is_shared:
            return self._held_turns.with_answer(chat_id, message_id)
        return await self._latest(turns.c.chat_id == chat_id, turns.c.answer_message_id == message_id)

    @property
    def _is_shared(self) -> bool:
        return self._database.is_shareable and self._keep_questions_days > 0

    @carried_through
    async def _write(self, speaker: Speaker, turn: Turn) -> None:
        key = {"chat_id": speaker.chat_id, "answer_message_id": turn.answer_message_id}
        values = {
            "thread_id": speaker.thread_id,
            "person_id": speaker.person_id,
            "subject": turn.subject,
            "earlier": None if turn.earlier is None else turn.earlier.question,
            "is_replied_to": turn.earlier is not None and turn.earlier.is_replied_to,
            "noted_at": now_seconds(),
        }
        new = self._database.insert(turns).values(**key, **values)
        async with self._database.begin() as connection:
            await connection.execute(new.on_conflict_do_update(index_elements=list(key), set_=values))

    @carried_through
    async def _latest(self, *which: ColumnElement[bool]) -> Turn | None:
        still = turns.c.noted_at > now_seconds() - int(KEPT_TO_GO_ON.total_seconds())
        asking = select(turns).where(*which, still).order_by(turns.c.answer_message_id.desc()).limit(1)
        async with self._database.begin() as connection:
            row = (await connection.execute(asking)).first()
        return None if row is None else _turn(row)


def _turn(row: Row[Any]) -> Turn:
    earlier = None if row.earlier is None else Earlier(row.earlier, is_replied_to=row.is_replied_to)
    return Turn(row.answer_message_id, row.subject, earlier)
