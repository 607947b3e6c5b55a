"""What is written for every message that is answered, of all chats together in few transactions.

What is to be written while a transaction is under way goes into the next one, whoever it is for: a
single question has each of its notes in a transaction of its own and waits for no other, and in a
crowd twenty chats share one. Whoever writes a note waits until it is committed, so that what holds of a
transaction of one's own holds of these: a message is sent when it is written down that it is about to be.
Only that a message was sent may wait for a moment, as a rule for its update to be done, and is written
with that: what a crash then takes is known to have been in flight, as it was a moment before. Where it
cannot be written it is kept for the next transaction: its update may be handled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store_database import Database, now_seconds
from bot.store_faults import CollisionError, StoreError
from bot.store_records import Sending, SendingState
from bot.store_tables import answers, inbox, outbox

_LATEST_SECONDS: Final = 0.02
"""How long a note that nobody waits for may wait for another one to be written with."""

_COLLISIONS_BORNE: Final = 5
"""How often a page is begun anew that another process's kept from being written: both had an update in
hand, as may be for a moment where one of them was silent for too long."""

_SENT: Final = (
    update(outbox)
    .where(outbox.c.update_id == bindparam("of_update"), outbox.c.ordinal == bindparam("of_ordinal"))
    .values(chat_id=bindparam("in_chat"), message_id=bindparam("as_message"))
)
_DONE: Final = (
    update(inbox)
    .where(inbox.c.update_id == bindparam("of_update"), inbox.c.done_at.is_(None))
    .values(done_at=bindparam("at"), chat_key=None, payload=None)
)


@dataclass(frozen=True, slots=True)
class _Key:
    """Which message it is."""

    update_id: int
    ordinal: int


@dataclass(slots=True, eq=False)
class _Page:
    """What is written in one transaction, in the order of the fields."""

    written: asyncio.Future[dict[_Key, Sending]]
    """Done once it is committed: what was known of each message that was to be begun."""
    sent: list[dict[str, int]] = field(default_factory=list)
    answers: list[dict[str, int]] = field(default_factory=list)
    done: list[dict[str, int]] = field(default_factory=list)
    begun: dict[_Key, dict[str, int]] = field(default_factory=dict)


class Ledger:
    """Writes notes down, those that come together in one transaction. Belongs to one event loop.

    A page that cannot be written fails everybody who wrote on it and waits; all of it is numbers, so what
    one database takes of one it takes of all. What was noted is brought to its end also where its caller is
    cancelled meanwhile.
    """

    def __init__(self, database: Database) -> None:
        """Take the database; nothing is written yet."""
        self._database = database
        self._page: _Page | None = None
        self._kept_sent: list[dict[str, int]] = []
        self._kept_answers: list[dict[str, int]] = []
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._begin = (
            database.insert(outbox).on_conflict_do_nothing().returning(outbox.c.update_id, outbox.c.ordinal)
        )
        answer = database.insert(answers)
        replaced = {name: answer.excluded[name] for name in ("answer_message_id", "answered_at")}
        self._answer = answer.on_conflict_do_update(
            index_elements=["chat_id", "question_message_id"], set_=replaced
        )

    async def begin(self, update_id: int, ordinal: int) -> Sending:
        """Note that a message is about to be sent, and return what is known of it from before.

        Raises:
            StoreError: The page could not be written.
        """
        key = _Key(update_id, ordinal)
        is_first = self._page is None or key not in self._page.begun

        def note(page: _Page) -> None:
            page.begun.setdefault(
                key, {"update_id": update_id, "ordinal": ordinal, "begun_at": now_seconds()}
            )

        sending = (await self._noted(note))[key]
        if sending.state is SendingState.NEW and not is_first:
            return Sending(SendingState.IN_FLIGHT)
        return sending

    def note_sent(
        self, update_id: int, ordinal: int, chat_id: int, message_id: int, questions: frozenset[int]
    ) -> None:
        """Note which message it became, and which messages it answers, to be written in a moment."""
        page = self._next_page()
        sent = {"of_update": update_id, "of_ordinal": ordinal, "in_chat": chat_id, "as_message": message_id}
        page.sent.append(sent)
        page.answers.extend(_answer_row(chat_id, each, message_id) for each in questions)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATEST_SECONDS, self._write_soon)

    async def done(self, update_id: int) -> None:
        """Erase an update but for its number.

        Raises:
            StoreError: The page could not be written.
        """
        row = {"of_update": update_id, "at": now_seconds()}
        await self._noted(lambda page: page.done.append(row))

    async def aclose(self) -> None:
        """Wait until all that was noted is written, or has failed."""
        if self._kept_sent:
            self._next_page()
        self._write_soon()
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _noted(self, note: Callable[[_Page], None]) -> dict[_Key, Sending]:
        """Put something on the page that is written next, and return once that is committed."""
        page = self._next_page()
        note(page)
        self._write_soon()
        return await asyncio.shield(page.written)

    def _next_page(self) -> _Page:
        if self._page is None:
            written = asyncio.get_running_loop().create_future()
            self._page = _Page(written, sent=self._kept_sent, answers=self._kept_answers)
            self._kept_sent, self._kept_answers = [], []
        return self._page

    def _write_soon(self) -> None:
        if self._page is not None and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_pages(), name="ledger")

    async def _write_pages(self) -> None:
        while (page := self._page) is not None:
            self._page = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            try:
                known = await self._write_in_the_end(page)
            except StoreError as error:
                page.written.set_exception(error)
                # Where everybody was cancelled meanwhile, nobody will ask for it.
                page.written.exception()
                self._keep_sent(page)
            else:
                page.written.set_result(known)

    def _keep_sent(self, page: _Page) -> None:
        """Have what was sent written with the next page, however long that takes to come."""
        if self._page is None:
            self._kept_sent, self._kept_answers = page.sent, page.answers
        else:
            self._page.sent[:0] = page.sent
            self._page.answers[:0] = page.answers

    async def _write_in_the_end(self, page: _Page) -> dict[_Key, Sending]:
        for _ in range(_COLLISIONS_BORNE):
            try:
                return await self._write(page)
            except CollisionError:
                continue
        return await self._write(page)

    async def _write(self, page: _Page) -> dict[_Key, Sending]:
        async with self._database.begin() as connection:
            for statement, rows in ((_SENT, page.sent), (self._answer, page.answers), (_DONE, page.done)):
                if rows:
                    await connection.execute(statement, rows)
            return await self._write_begun(connection, page.begun) if page.begun else {}

    async def _write_begun(
        self, connection: AsyncConnection, begun: dict[_Key, dict[str, int]]
    ) -> dict[_Key, Sending]:
        rows = list(begun.values())
        # A single row takes a shorter way through SQLAlchemy.
        result: Any = await connection.execute(self._begin, rows if len(rows) > 1 else rows[0])
        written = result.all()
        known = dict.fromkeys((_Key(*row) for row in written), Sending(SendingState.NEW))
        before = [(each.update_id, each.ordinal) for each in begun if each not in known]
        if before:
            asking = select(outbox.c.update_id, outbox.c.ordinal, outbox.c.message_id).where(
                tuple_(outbox.c.update_id, outbox.c.ordinal).in_(before)
            )
            for row in (await connection.execute(asking)).all():
                known[_Key(row.update_id, row.ordinal)] = (
                    Sending(SendingState.IN_FLIGHT)
                    if row.message_id is None
                    else Sending(SendingState.SENT, row.message_id)
                )
        return known


def _answer_row(chat_id: int, question_message_id: int, answer_message_id: int) -> dict[str, int]:
    return {
        "chat_id": chat_id,
        "question_message_id": question_message_id,
        "answer_message_id": answer_message_id,
        "answered_at": now_seconds(),
    }
