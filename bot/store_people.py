"""Who may rebuild and how one becomes that, which language a chat reads, and where the bot is."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store_database import Database, Room, carried_through, now_seconds
from bot.store_records import ClaimResult
from bot.store_tables import admins, claim, groups, interface_languages, moved_groups, turns

MOST_CLAIM_TRIES: Final = 5
"""How often a code may be tried, whoever tries."""

CLAIM_CODE_LENGTH: Final = 8
CLAIM_CODE_SIGNS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What a code is made of: no I, O, 0 or 1, which are mistaken for one another."""

LANGUAGE_SECONDS: Final = 60.0
"""How long a chat's language is known without looking: another process may have changed it since."""

_MOST_LANGUAGES: Final = 10_000
"""Chats whose languages are held in memory."""

_SALT_BYTES: Final = 16
_THE_ROW: Final = 1


@dataclass(frozen=True, slots=True)
class _KnownLanguage:
    code: str | None
    """None for a chat that chose none."""
    until: float


class People(Room):
    """Admins, the code by which one becomes an admin, languages and groups."""

    def __init__(self, database: Database, keep_questions_days: int) -> None:
        super().__init__(database, keep_questions_days)
        self._languages: OrderedDict[int, _KnownLanguage] = OrderedDict()

    @carried_through
    async def admins(self) -> frozenset[int]:
        """Return who claimed the bot.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            return frozenset((await connection.scalars(select(admins.c.user_id))).all())

    @carried_through
    async def add_admin(self, user_id: int) -> None:
        """Make somebody an admin; one who is stays one.

        Raises:
            StoreError: The state could not be written.
        """
        async with self._database.begin() as connection:
            await self._add_admin(connection, user_id)

    @carried_through
    async def new_claim_code(self) -> str:
        """Return a new code by which the bot can be claimed once; the one before holds no longer.

        Only a salted hash of it is kept.

        Raises:
            StoreError: The state could not be written.
        """
        code = "".join(secrets.choice(CLAIM_CODE_SIGNS) for _ in range(CLAIM_CODE_LENGTH))
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = await asyncio.to_thread(_digest, code, salt)
        new = self._database.insert(claim).values(row=_THE_ROW, salt=salt, digest=digest, tries=0)
        replaced = {name: new.excluded[name] for name in ("salt", "digest", "tries")}
        async with self._database.begin() as connection:
            await connection.execute(new.on_conflict_do_update(index_elements=["row"], set_=replaced))
        return code

    @carried_through
    async def withdraw_claim_code(self) -> None:
        """Let no code hold any longer, as where the settings name the admins.

        Raises:
            StoreError: The state could not be written.
        """
        async with self._database.begin() as connection:
            await connection.execute(delete(claim))

    @carried_through
    async def claim(self, user_id: int, code: str) -> ClaimResult:
        """Make the one who names the code an admin, after which it holds no longer.

        Each try is counted before it is looked at, so that tries at the same time are no more than
        others; case and space about the code do not matter.

        Raises:
            StoreError: The state could not be written.
        """
        counting = (
            update(claim)
            .where(claim.c.tries < MOST_CLAIM_TRIES)
            .values(tries=claim.c.tries + 1)
            .returning(claim.c.salt, claim.c.digest)
        )
        async with self._database.begin() as connection:
            right = (await connection.execute(counting)).first()
            if right is None:
                there_is = await connection.scalar(select(claim.c.row))
                return ClaimResult.CLOSED if there_is is None else ClaimResult.LOCKED
        named = await asyncio.to_thread(_digest, code.strip().upper(), right.salt)
        if not hmac.compare_digest(named, right.digest):
            return ClaimResult.WRONG
        taking = delete(claim).where(claim.c.digest == right.digest).returning(claim.c.row)
        async with self._database.begin() as connection:
            if (await connection.execute(taking)).first() is None:
                return ClaimResult.CLOSED
            await self._add_admin(connection, user_id)
        return ClaimResult.ACCEPTED

    @carried_through
    async def claim_tries_left(self) -> int:
        """Return how often the code may still be tried; 0 also where there is none.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            tries = await connection.scalar(select(claim.c.tries))
        return 0 if tries is None else max(0, MOST_CLAIM_TRIES - int(tries))

    async def interface_language(self, chat_id: int) -> str | None:
        """Return the language that a chat chose; None where it did not.

        It is asked for at every update. Where no other process has this state it is looked up once a
        minute for each chat; where another may, each time: it may have been chosen there.

        Raises:
            StoreError: The state could not be read.
        """
        known = None if self._database.is_shareable else self._languages.get(chat_id)
        if known is not None and time.monotonic() < known.until:
            return known.code
        return await self._look_up_language(chat_id)

    @carried_through
    async def set_interface_language(self, chat_id: int, code: str) -> None:
        """Remember the language that a chat chose.

        Raises:
            StoreError: The state could not be written.
        """
        new = self._database.insert(interface_languages).values(chat_id=chat_id, code=code)
        async with self._database.begin() as connection:
            await connection.execute(
                new.on_conflict_do_update(index_elements=["chat_id"], set_={"code": new.excluded.code})
            )
        self._note_language(chat_id, code)

    @carried_through
    async def remember_group(self, chat_id: int) -> bool:
        """Remember that the bot is in a group, and return whether that is new.

        Raises:
            StoreError: The state could not be written.
        """
        new = self._database.insert(groups).values(chat_id=chat_id, since=now_seconds())
        async with self._database.begin() as connection:
            added = await connection.execute(new.on_conflict_do_nothing().returning(groups.c.chat_id))
            return added.first() is not None

    @carried_through
    async def forget_group(self, chat_id: int) -> None:
        """Forget a group that the bot is no longer in, the language chosen and what was asked there.

        Raises:
            StoreError: The state could not be written.
        """
        async with self._database.begin() as connection:
            await connection.execute(delete(groups).where(groups.c.chat_id == chat_id))
            await connection.execute(delete(turns).where(turns.c.chat_id == chat_id))
            await connection.execute(
                delete(interface_languages).where(interface_languages.c.chat_id == chat_id)
            )
        self._languages.pop(chat_id, None)

    @carried_through
    async def groups(self) -> frozenset[int]:
        """Return the groups and channels that the bot is in.

        Raises:
            StoreError: The state could not be read.
        """
        async with self._database.begin() as connection:
            return frozenset((await connection.scalars(select(groups.c.chat_id))).all())

    @carried_through
    async def note_move(self, former_id: int, chat_id: int) -> None:
        """Remember which id a supergroup had as a group; it stays known when the bot leaves.

        Raises:
            StoreError: The state could not be written.
        """
        new = self._database.insert(moved_groups).values(chat_id=chat_id, former_id=former_id)
        async with self._database.begin() as connection:
            await connection.execute(new.on_conflict_do_nothing())

    @carried_through
    async def former_id(self, chat_id: int) -> int | None:
        """Return the id that a supergroup had as a group; None where it is not known to have been one.

        Raises:
            StoreError: The state could not be read.
        """
        asking = select(moved_groups.c.former_id).where(moved_groups.c.chat_id == chat_id)
        async with self._database.begin() as connection:
            found: int | None = await connection.scalar(asking)
        return found

    @carried_through
    async def _look_up_language(self, chat_id: int) -> str | None:
        asking = select(interface_languages.c.code).where(interface_languages.c.chat_id == chat_id)
        async with self._database.begin() as connection:
            found: str | None = await connection.scalar(asking)
            # Before the connection is given back: whoever writes another one comes after.
            self._note_language(chat_id, found)
        return found

    def _note_language(self, chat_id: int, code: str | None) -> None:
        if self._database.is_shareable:
            return
        self._languages[chat_id] = _KnownLanguage(code, time.monotonic() + LANGUAGE_SECONDS)
        self._languages.move_to_end(chat_id)
        if len(self._languages) > _MOST_LANGUAGES:
            self._languages.popitem(last=False)

    async def _add_admin(self, connection: AsyncConnection, user_id: int) -> None:
        new = self._database.insert(admins).values(user_id=user_id, since=now_seconds())
        await connection.execute(new.on_conflict_do_nothing())


def _digest(code: str, salt: bytes) -> bytes:
    """Return the scrypt hash of a code, which takes a few hundredths of a second."""
    return hashlib.scrypt(code.encode("utf-8", "replace"), salt=salt, n=2**14, r=8, p=1)
