"""Who claims the bot with the right code in five tries becomes an admin, and nobody else does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bot import store_people
from bot.store import ClaimResult, Store
from bot.store_people import MOST_CLAIM_TRIES
from tests.bot.stores import address_of, everything_in, with_store

NO_CODE = "IIII0000"
"""Made of signs that are in no code."""


def test_the_right_code_makes_an_admin_once_and_for_good(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        code = await store.new_claim_code()
        assert re.fullmatch("[A-HJ-NP-Z2-9]{8}", code)
        assert await store.claim(1, f" {code.lower()}\n") is ClaimResult.ACCEPTED
        assert await store.claim(2, code) is ClaimResult.CLOSED
        assert await store.claim_tries_left() == 0
        assert await store.admins() == {1}

    async def after_the_restart(store: Store) -> frozenset[int]:
        return await store.admins()

    with_store(tmp_path, use)
    assert with_store(tmp_path, after_the_restart) == {1}


def test_five_wrong_tries_lock_the_code_until_there_is_a_new_one(tmp_path: Path) -> None:
    async def use(store: Store) -> str:
        code = await store.new_claim_code()
        left = [await store.claim_tries_left()]
        for person in range(MOST_CLAIM_TRIES):
            assert await store.claim(person, NO_CODE) is ClaimResult.WRONG
            left.append(await store.claim_tries_left())
        assert left == [5, 4, 3, 2, 1, 0]
        assert await store.claim(1, code) is ClaimResult.LOCKED
        return code

    async def after_the_restart(store: Store) -> None:
        assert await store.claim(1, code) is ClaimResult.LOCKED
        new = await store.new_claim_code()
        assert await store.claim(1, code) is ClaimResult.WRONG
        assert await store.claim(1, new) is ClaimResult.ACCEPTED

    code = with_store(tmp_path, use)
    with_store(tmp_path, after_the_restart)


def test_tries_at_the_same_time_are_no_more_than_others(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.new_claim_code()
        tries = await asyncio.gather(*(store.claim(person, NO_CODE) for person in range(20)))
        assert (tries.count(ClaimResult.WRONG), tries.count(ClaimResult.LOCKED)) == (5, 15)

    with_store(tmp_path, use)


def test_of_those_who_name_the_code_at_once_one_becomes_an_admin(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        code = await store.new_claim_code()
        tries = await asyncio.gather(*(store.claim(person, code) for person in range(5)))
        assert tries.count(ClaimResult.ACCEPTED) == 1
        assert len(await store.admins()) == 1

    with_store(tmp_path, use)


@pytest.mark.parametrize("withdrawn", [True, False])
def test_without_a_code_nothing_can_be_claimed(tmp_path: Path, withdrawn: bool) -> None:
    async def use(store: Store) -> ClaimResult:
        code = await store.new_claim_code() if withdrawn else NO_CODE
        await store.withdraw_claim_code()
        return await store.claim(1, code)

    assert with_store(tmp_path, use) is ClaimResult.CLOSED


def test_the_code_is_not_on_the_disk(tmp_path: Path) -> None:
    async def use(store: Store) -> str:
        return await store.new_claim_code()

    code = with_store(tmp_path, use)
    assert code.encode() not in everything_in(tmp_path)


def test_no_code_is_the_same_as_another(tmp_path: Path) -> None:
    async def use(store: Store) -> set[str]:
        return {await store.new_claim_code() for _ in range(4)}

    assert len(with_store(tmp_path, use)) == 4


@pytest.mark.parametrize("code", ["", "\0", "\ud83d", "é" * 5_000])
def test_any_text_may_be_tried_as_a_code(tmp_path: Path, code: str) -> None:
    async def use(store: Store) -> ClaimResult:
        await store.new_claim_code()
        return await store.claim(1, code)

    assert with_store(tmp_path, use) is ClaimResult.WRONG


def test_an_admin_may_be_added_twice(tmp_path: Path) -> None:
    async def use(store: Store) -> frozenset[int]:
        await store.add_admin(2**40)
        await store.add_admin(2**40)
        return await store.admins()

    assert with_store(tmp_path, use) == {2**40}


def test_a_chat_has_the_language_that_it_chose_last(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        assert await store.interface_language(7) is None
        await store.set_interface_language(7, "de")
        await store.set_interface_language(7, "zh")
        await store.set_interface_language(8, "ru")

    async def after_the_restart(store: Store) -> tuple[str | None, str | None]:
        return await store.interface_language(7), await store.interface_language(8)

    with_store(tmp_path, use)
    assert with_store(tmp_path, after_the_restart) == ("zh", "ru")


def test_a_group_is_new_until_it_is_known_and_again_after_it_was_left(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        assert [await store.remember_group(-5), await store.remember_group(-5)] == [True, False]
        await store.remember_group(-6)
        await store.set_interface_language(-5, "es")
        await store.forget_group(-5)
        assert await store.groups() == {-6}
        assert await store.interface_language(-5) is None
        assert await store.remember_group(-5)

    with_store(tmp_path, use)


def test_a_language_is_known_without_looking_until_it_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> None:
        other = await Store.open(address_of(tmp_path))
        assert await store.interface_language(7) is None
        await store.set_interface_language(7, "de")
        assert await store.interface_language(7) == "de"
        await other.set_interface_language(7, "es")
        await other.aclose()
        assert await store.interface_language(7) == "de"
        monkeypatch.setattr(store_people, "LANGUAGE_SECONDS", 0.0)
        await store.set_interface_language(8, "ru")
        await store.forget_group(7)
        assert await store.interface_language(7) is None
        assert await store.interface_language(8) == "ru"

    with_store(tmp_path, use)
