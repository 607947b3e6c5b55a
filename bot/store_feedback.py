"""What people think of the answers, what the articles did not answer, and what was chosen inline."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from bot.store_database import Database, Room, carried_through, now_seconds
from bot.store_records import Gap, VoteChange, VoteCount, VotePlace, VoteResult
from bot.store_tables import chosen, gaps, kept_questions, votes

_KEY_BYTES: Final = 9
"""Of a kept question's key: twelve characters that cannot be guessed."""

_HELD_QUESTIONS: Final = 1_000
"""Questions that are held in memory at most, where none may be kept."""


class Feedback(Room):
    """Votes, gaps, kept questions and chosen results."""

    def __init__(self, database: Database, keep_questions_days: int) -> None:
        super().__init__(database, keep_questions_days)
        self._held: OrderedDict[str, str] = OrderedDict()

    @carried_through
    async def vote(self, place: VotePlace, user_id: int, up: bool, passage_id: str) -> VoteResult:
        """Count a person's vote on a message once; a later one takes the place of the one before.

        Args:
            place: The message.
            user_id: The person.
            up: Whether the thumb was up.
            passage_id: What the message showed.

        Raises:
            StoreError: The state could not be written.
        """
        vote = {"up": up, "passage_id": passage_id, "voted_at": now_seconds()}
        of_message = votes.c.place == place.key
        new = self._database.insert(votes).values(place=place.key, user_id=user_id, **vote)
        other = update(votes).where(
            of_message, votes.c.user_id == user_id, or_(votes.c.up != up, votes.c.passage_id != passage_id)
        )
        async with self._database.begin() as connection:
            if await _writes(connection, new.on_conflict_do_nothing().returning(votes.c.user_id)):
                change = VoteChange.NEW
            elif await _writes(connection, other.values(vote).returning(votes.c.user_id)):
                change = VoteChange.CHANGED
            else:
                change = VoteChange.SAME
            return VoteResult(change, await count_votes(connection, of_message))

    @carried_through
    async def votes(self, passage_id: str) -> VoteCount:
        """Return what people think of a passage as an answer, over all messages.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            return await count_votes(connection, votes.c.passage_id == passage_id)

    @carried_through
    async def record_gap(self, question: str | None, language: str | None, confidence: float) -> None:
        """Record that the articles did not answer; the text only where questions are kept.

        Args:
            question: What was asked; None where its text is not to be kept in any case.
            language: Its language, where known.
            confidence: The probability of the best passage.

        Raises:
            StoreError: The state could not be written.
        """
        new = self._database.insert(gaps).values(
            question=question if self._keep_questions_days else None,
            language=language,
            confidence=confidence,
            asked_at=now_seconds(),
        )
        async with self._database.begin() as connection:
            await connection.execute(new)

    @carried_through
    async def gaps(self, limit: int) -> tuple[Gap, ...]:
        """Return the last gaps, the newest first.

        Raises:
            StoreError: The state could not be read.
        """
        asking = select(gaps).order_by(gaps.c.number.desc()).limit(limit)
        async with self._database.begin() as connection:
            rows = (await connection.execute(asking)).all()
        return tuple(
            Gap(datetime.fromtimestamp(row.asked_at, UTC), row.question, row.language, row.confidence)
            for row in rows
        )

    @carried_through
    async def keep_question(self, question: str) -> str:
        """Keep a question for a day, and return the key to it, which a deep link can carry.

        Where no question may be kept, it is held in memory alone, until the process ends or many
        others came.

        Raises:
            StoreError: The state could not be written.
        """
        key = secrets.token_urlsafe(_KEY_BYTES)
        await self._keep(key, question)
        return key

    @carried_through
    async def keep_question_of(self, inline_message_id: str, question: str) -> None:
        """Keep the question that a message which was sent inline answers, as `keep_question` does.

        Raises:
            StoreError: The state could not be written.
        """
        await self._keep(_key_of(inline_message_id), question)

    async def question_of(self, inline_message_id: str) -> str | None:
        """Return the question that a message which was sent inline answers; None where it is not known.

        Raises:
            StoreError: The state could not be read.
        """
        return await self.kept_question(_key_of(inline_message_id))

    @carried_through
    async def kept_question(self, key: str) -> str | None:
        """Return the question of a key; None where it is not known or not kept any more.

        Raises:
            StoreError: The state could not be read.
        """
        if not self._keep_questions_days:
            return self._held.get(key)
        asking = select(kept_questions.c.question).where(kept_questions.c.key == key)
        async with self._database.begin() as connection:
            found: str | None = await connection.scalar(asking)
        return found

    @carried_through
    async def count_chosen(self, passage_id: str) -> None:
        """Count that somebody chose a passage from inline results.

        Raises:
            StoreError: The state could not be written.
        """
        first = self._database.insert(chosen).values(passage_id=passage_id, times=1)
        async with self._database.begin() as connection:
            await connection.execute(
                first.on_conflict_do_update(
                    index_elements=["passage_id"], set_={"times": chosen.c.times + first.excluded.times}
                )
            )

    async def _keep(self, key: str, question: str) -> None:
        if not self._keep_questions_days:
            self._held[key] = question
            if len(self._held) > _HELD_QUESTIONS:
                self._held.popitem(last=False)
            return
        new = self._database.insert(kept_questions).values(key=key, question=question, kept_at=now_seconds())
        async with self._database.begin() as connection:
            await connection.execute(
                new.on_conflict_do_update(
                    index_elements=["key"],
                    set_={"question": new.excluded.question, "kept_at": new.excluded.kept_at},
                )
            )


def _key_of(inline_message_id: str) -> str:
    # No key that is made for a link has a colon in it.
    return f"inline:{inline_message_id}"


async def count_votes(connection: AsyncConnection, *which: ColumnElement[bool]) -> VoteCount:
    """Return how many of some votes are which way."""
    asking = select(votes.c.up, func.count()).where(*which).group_by(votes.c.up)
    found = {bool(up): int(count) for up, count in await connection.execute(asking)}
    return VoteCount(found.get(True, 0), found.get(False, 0))


async def _writes(
    connection: AsyncConnection, statement: ReturningInsert[int] | ReturningUpdate[int]
) -> bool:
    """Carry out a statement and return whether it wrote a row."""
    return (await connection.execute(statement)).first() is not None
