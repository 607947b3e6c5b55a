"""How several processes take updates out of one inbox: each update is in one hand, each chat in order.

A process is in the table of replicas while it lives, which it says once a second. One that has not for
`LEASE_SECONDS` is taken out of it by another, and with that lets go of whatever it had in hand. For all
of this a database server is needed: PostgreSQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, extract, func, literal, or_, select, update

from bot.replicas import bucket_of
from bot.store_database import Room, carried_through
from bot.store_dialects import await_turn
from bot.store_faults import StoreError
from bot.store_records import IncomingUpdate
from bot.store_tables import inbox, replicas

LEASE_SECONDS: Final = 5.0
"""How long a process may be silent before others take over what it has in hand."""

_NOBODY: Final = ""
"""As whose hand an update is in that a process let go of: no process has that name."""

_CHANNEL: Final = "footnote_inbox"


class LeaseLostError(StoreError):
    """This process was silent for too long: what it had in hand is another's now."""

    def __init__(self) -> None:
        super().__init__(
            f"This process did not reach the database for more than {LEASE_SECONDS:g} s, and others took "
            "over what it had in hand; expected a heartbeat each second; see what held the process up."
        )


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update that is in this process's hand from now on."""

    incoming: IncomingUpdate
    left_over: bool
    """Whether a process had it in hand before that is no more."""


class Claims(Room):
    """Who takes part, and who has which update in hand; on a database that is shareable alone."""

    @property
    def is_shareable(self) -> bool:
        """Whether several processes may take out of this inbox."""
        return self._database.is_shareable

    @carried_through
    async def join(self, name: str) -> None:
        """Take part under a name that no other process has or had.

        Raises:
            StoreError: The state could not be written.
        """
        joining = self._database.insert(replicas).values(name=name, takes=True, seen_at=_now())
        async with self._database.begin() as connection:
            await connection.execute(joining)

    @carried_through
    async def beat(self, name: str, *, takes: bool, buries: bool) -> tuple[str, ...]:
        """Say that this process lives, and return the names of all that take updates, ascending.

        Args:
            name: Its name.
            takes: Whether it does, too; one that is about to end does not.
            buries: Whether others that were silent for too long are taken out. Whoever could not reach
                the database itself should not judge others by that.

        Raises:
            LeaseLostError: It was taken out itself.
            StoreError: The state could not be written.
        """
        beating = (
            update(replicas)
            .where(replicas.c.name == name)
            .values(seen_at=_now(), takes=takes)
            .returning(replicas.c.name)
        )
        burying = delete(replicas).where(replicas.c.seen_at < _now() - LEASE_SECONDS)
        asking = select(replicas.c.name).where(replicas.c.takes).order_by(replicas.c.name)
        async with self._database.begin() as connection:
            if (await connection.execute(beating)).first() is None:
                raise LeaseLostError
            if buries:
                await connection.execute(burying)
            return tuple((await connection.scalars(asking)).all())

    @carried_through
    async def leave(self, name: str) -> None:
        """Let go of everything, and take no part any more.

        Raises:
            StoreError: The state could not be written.
        """
        letting_go = update(inbox).where(inbox.c.replica == name, inbox.c.done_at.is_(None))
        async with self._database.begin() as connection:
            await connection.execute(letting_go.values(replica=None))
            await connection.execute(delete(replicas).where(replicas.c.name == name))
            await connection.execute(_ringing([literal("*")]))

    @carried_through
    async def claim_updates(
        self, name: str, buckets: Sequence[int], most: int, of_chat_at_most: int
    ) -> tuple[Claimed, ...]:
        """Take updates of some buckets in hand, in the order of their arrival.

        An update is taken only where all that is before it in its chat is in this process's hand
        already; so of each chat at most one is taken at a time, and the next one by the next call. Chats
        that have none in hand come first.

        Args:
            name: Whose hand.
            buckets: Of which chats.
            most: How many at most.
            of_chat_at_most: How many of a chat may be in hand and not done; a chat that has them is
                passed over.

        Raises:
            LeaseLostError: This process was taken out.
            StoreError: The state could not be written.
        """
        # Held until the end, so that nobody takes this process out in between.
        living = select(replicas.c.name).where(replicas.c.name == name).with_for_update(read=True)
        earlier = inbox.alias("earlier")
        ahead = select(earlier.c.place).where(
            earlier.c.chat_key == inbox.c.chat_key,
            earlier.c.done_at.is_(None),
            earlier.c.place < inbox.c.place,
        )
        is_blocked = ahead.where(earlier.c.replica.is_distinct_from(name)).exists()
        is_behind_too_many = ahead.offset(of_chat_at_most - 1).limit(1).exists()
        is_free = or_(inbox.c.replica.is_(None), inbox.c.replica.not_in(select(replicas.c.name)))
        # What another process takes just now is locked and passed over. What it has taken since this
        # statement began is looked at anew by the server, and is free no longer.
        chosen = (
            select(inbox.c.place, inbox.c.replica.label("before"))
            .where(
                inbox.c.done_at.is_(None),
                is_free,
                ~is_behind_too_many,
                ~is_blocked,
                inbox.c.bucket.in_(buckets),
            )
            .order_by(ahead.exists(), inbox.c.place)
            .limit(most)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        taking = (
            update(inbox)
            .where(inbox.c.place == chosen.c.place)
            .values(replica=name)
            .returning(inbox.c.place, inbox.c.update_id, inbox.c.chat_key, inbox.c.payload, chosen.c.before)
        )
        async with self._database.begin() as connection:
            if (await connection.execute(living)).first() is None:
                raise LeaseLostError
            rows = (await connection.execute(taking)).all()
        return tuple(
            Claimed(IncomingUpdate(row.update_id, row.chat_key, row.payload), row.before is not None)
            for row in sorted(rows, key=lambda row: int(row.place))
        )

    @carried_through
    async def let_go(self, update_id: int) -> None:
        """Leave an update that is not done to whoever claims it next, to whom it is left over.

        Where a single process works on the database that is the next start, and nothing is to be written.

        Raises:
            StoreError: The state could not be written.
        """
        if not self.is_shareable:
            return
        letting_go = update(inbox).where(inbox.c.update_id == update_id, inbox.c.done_at.is_(None))
        async with self._database.begin() as connection:
            await connection.execute(letting_go.values(replica=_NOBODY))

    @carried_through
    async def begin_rebuild(self, name: str) -> bool:
        """Take the turn to rebuild, and return whether it was free: no living process has it.

        Raises:
            StoreError: The state could not be written.
        """
        asking = select(replicas.c.name).where(replicas.c.rebuilds)
        async with self._database.begin() as connection:
            await await_turn(self._database.engine, connection)
            if (await connection.execute(asking)).first() is not None:
                return False
            await connection.execute(update(replicas).where(replicas.c.name == name).values(rebuilds=True))
            return True

    @carried_through
    async def end_rebuild(self, name: str) -> None:
        """Give the turn to rebuild back.

        Raises:
            StoreError: The state could not be written.
        """
        async with self._database.begin() as connection:
            await connection.execute(update(replicas).where(replicas.c.name == name).values(rebuilds=False))

    @carried_through
    async def reach(self) -> None:
        """Ask the database something that costs nothing.

        Raises:
            StoreError: It does not answer.
        """
        async with self._database.begin() as connection:
            await connection.execute(select(1))

    @carried_through
    async def ring(self, updates: Sequence[IncomingUpdate]) -> None:
        """Tell every process that listens whose share has grown.

        Raises:
            StoreError: The database could not.
        """
        buckets = sorted({bucket_of(each.chat_key) for each in updates})
        if buckets:
            async with self._database.begin() as connection:
                await connection.execute(_ringing([literal(str(bucket)) for bucket in buckets]))

    @asynccontextmanager
    async def listening(
        self, on_ring: Callable[[int | None], None], on_loss: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Hear what `ring` tells, from whichever process.

        Args:
            on_ring: Called with a bucket that has grown, or None where any may have.
            on_loss: Called where the connection is lost, after which nothing is heard any more.

        Raises:
            StoreError: The database cannot be listened to.
        """

        def heard(_: Any, __: int, ___: str, payload: str) -> None:
            on_ring(int(payload) if payload.isdecimal() else None)

        def lost(_: Any) -> None:
            on_loss()

        with self._database.translating():
            async with self._database.engine.connect() as connection:
                # asyncpg's own connection: a listener belongs to no transaction.
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                driver.add_termination_listener(lost)
                await driver.add_listener(_CHANNEL, heard)
                try:
                    yield
                finally:
                    driver.remove_termination_listener(lost)
                    if not driver.is_closed():
                        await driver.remove_listener(_CHANNEL, heard)


def _now() -> ColumnElement[Any]:
    """Return the moment as the database's clock has it, which is the same for all."""
    return extract("epoch", func.clock_timestamp())


def _ringing(payloads: Sequence[ColumnElement[str]]) -> Any:
    return select(*(func.pg_notify(_CHANNEL, payload) for payload in payloads))
