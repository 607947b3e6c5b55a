"""A group that becomes a supergroup has a new id: what is known of it goes along."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, Update

from bot.access import is_answered
from bot.handlers import groups
from bot.languages_of_chats import phrases_in
from bot.parts import Parts
from bot.settings import Settings
from bot.store import Store
from tests.bot.parts import UNUSED, parts_with
from tests.bot.recording import RecordedTelegram, bot_on, message
from tests.bot.stores import address_of

GROUP, SUPERGROUP = -7, -1_000_000_000_007


def migrated(update_id: int) -> dict[str, Any]:
    """Return what the group is told when it becomes a supergroup."""
    told = message(update_id, GROUP, "") | {"migrate_to_chat_id": SUPERGROUP}
    return {
        "update_id": update_id,
        "message": told | {"chat": {"id": GROUP, "type": "group", "title": "Tea"}},
    }


def arrived(update_id: int) -> dict[str, Any]:
    """Return what the supergroup is told then."""
    told = message(update_id, SUPERGROUP, "") | {"migrate_from_chat_id": GROUP}
    return {"update_id": update_id, "message": told}


def left(update_id: int) -> dict[str, Any]:
    """Return what the bot is told when it is removed from the supergroup."""
    person = {"id": 42, "is_bot": False, "first_name": "Eve"}
    bot = {"id": 1, "is_bot": True, "first_name": "Footnote", "username": "footnote_bot"}
    return {
        "update_id": update_id,
        "my_chat_member": {
            "chat": {"id": SUPERGROUP, "type": "supergroup", "title": "Tea"},
            "from": person,
            "date": 1_750_000_000,
            "old_chat_member": {"status": "member", "user": bot},
            "new_chat_member": {"status": "left", "user": bot},
        },
    }


async def handle(parts: Parts, bot: Bot, *updates: dict[str, Any]) -> None:
    """Have each update handled by the one handler that it is for."""
    for raw in updates:
        update = Update.de_json(raw, bot)
        (handler,) = [each for each in groups.handlers(parts) if each.check_update(update)]
        await handler.callback(update, UNUSED)


def language_after(folder: Path, language: str | None, *updates: dict[str, Any]) -> str:
    """Handle updates of a group that the bot is in; return the language spoken in the supergroup then."""

    async def run() -> str:
        telegram = RecordedTelegram()
        bot = bot_on(telegram)
        await bot.initialize()
        store = await Store.open(address_of(folder))
        await store.remember_group(GROUP)
        if language is not None:
            await store.set_interface_language(GROUP, language)
        await handle(parts_with(store), bot, *updates)
        assert await store.groups() == {SUPERGROUP}
        assert await store.interface_language(GROUP) is None
        asked = Update.de_json({"update_id": 99, "message": message(99, SUPERGROUP, "Who?")}, bot)
        spoken = (await phrases_in(store, asked)).code
        await store.aclose()
        assert telegram.of("sendMessage") == []
        return spoken

    return asyncio.run(run())


@pytest.mark.parametrize(
    "updates",
    [[migrated(1), arrived(2)], [arrived(1), migrated(2)], [migrated(1), arrived(2), migrated(1)]],
    ids=["in order", "the other way about", "once more"],
)
def test_a_supergroup_keeps_the_language_of_the_group_that_it_was(
    tmp_path: Path, updates: list[dict[str, Any]]
) -> None:
    assert language_after(tmp_path, "de", *updates) == "de"


def test_a_group_that_chose_no_language_has_none_afterwards(tmp_path: Path) -> None:
    assert language_after(tmp_path, None, migrated(1), arrived(2)) == "en"


def is_answered_after(folder: Path, allowed: frozenset[int], place: int, *updates: dict[str, Any]) -> bool:
    """Handle updates; return whether a chat is answered where only some are."""

    async def run() -> bool:
        bot = bot_on(RecordedTelegram())
        await bot.initialize()
        store = await Store.open(address_of(folder))
        await handle(parts_with(store), bot, *updates)
        answered = await is_answered(Settings(allowed_chats=allowed), store, place)
        await store.aclose()
        return answered

    return asyncio.run(run())


@pytest.mark.parametrize(
    "updates", [[migrated(1), arrived(2)], [migrated(1), left(2)], [migrated(1), migrated(1)]]
)
def test_a_supergroup_is_answered_where_the_group_that_it_was_is(
    tmp_path: Path, updates: list[dict[str, Any]]
) -> None:
    """Also when the bot leaves it and comes again: the setting names the id that it had."""
    assert is_answered_after(tmp_path, frozenset({GROUP}), SUPERGROUP, *updates)


@pytest.mark.parametrize("place", [SUPERGROUP - 1, -8, 7])
def test_no_other_chat_is_answered_for_that(tmp_path: Path, place: int) -> None:
    assert not is_answered_after(tmp_path, frozenset({GROUP}), place, migrated(1))


def test_a_supergroup_is_not_answered_where_the_group_that_it_was_is_not(tmp_path: Path) -> None:
    assert not is_answered_after(tmp_path, frozenset({7}), SUPERGROUP, migrated(1))
