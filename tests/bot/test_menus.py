"""Everybody sees the commands that are for them, in every language, and admins all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bot.menus import FOR_ADMINS, FOR_ALL, show_menus
from bot.phrases import LANGUAGES, phrases_for
from bot.settings import Settings
from bot.store import Store
from tests.bot.recording import Call, RecordedTelegram, bot_on, refusal
from tests.bot.stores import with_store

SET_BY_HAND: Final[dict[str, list[Any]]] = {
    "getMyDescription": [{"description": "set by hand"}],
    "getMyShortDescription": [{"short_description": "set by hand"}],
}


def shown(telegram: RecordedTelegram, folder: Path, *admins: int) -> None:
    async def use(store: Store) -> None:
        async with bot_on(telegram) as bot:
            await show_menus(bot, Settings(admins=frozenset(admins)), store)

    with_store(folder, use)


def menus(telegram: RecordedTelegram) -> dict[tuple[int | None, str], dict[str, str]]:
    """Return the menus by the chat and the language that they are for."""
    found = {}
    for call in telegram.of("setMyCommands"):
        scope = json.loads(call.parameters.get("scope", "{}"))
        commands = json.loads(call.parameters["commands"])
        found[scope.get("chat_id"), call.parameters.get("language_code", "")] = {
            each["command"]: each["description"] for each in commands
        }
    return found


def test_there_is_a_menu_in_every_language_and_a_longer_one_for_each_admin(tmp_path: Path) -> None:
    telegram = RecordedTelegram()
    telegram.scripts |= {name: list(script) for name, script in SET_BY_HAND.items()}
    shown(telegram, tmp_path, 7, 8)
    languages = ["", *LANGUAGES[1:]]
    found = menus(telegram)
    assert [*found] == [(chat, code) for chat in (None, 7, 8) for code in languages]
    assert [*found[None, ""]] == [*FOR_ALL]
    assert set(found[7, "de"]) == {*FOR_ALL, *FOR_ADMINS}
    assert found[8, "ru"]["rebuild"] == phrases_for("ru").command_rebuild
    assert all(text for menu in found.values() for text in menu.values())
    assert telegram.of("setMyDescription") == []


def test_a_bot_without_a_description_gets_one_the_general_one_last(tmp_path: Path) -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMyDescription"] = [{"description": ""}] * (1 + len(LANGUAGES))
    telegram.scripts["getMyShortDescription"] = [{"short_description": "set by hand"}]
    shown(telegram, tmp_path)
    calls = [call.parameters for call in telegram.of("setMyDescription")]
    assert [call.get("language_code") for call in calls] == [*reversed(LANGUAGES[1:]), None]
    assert calls[-1]["description"] == phrases_for("en").welcome
    assert all(len(call["description"]) <= 512 for call in calls)


def test_a_profile_that_says_nothing_says_what_the_bot_is(tmp_path: Path) -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMyDescription"] = [{"description": "set by hand"}]
    german = {"short_description": "von Hand"}

    def own(call: Call) -> tuple[int, Any]:
        said = german if call.parameters.get("language_code") == "de" else {"short_description": ""}
        return 200, {"ok": True, "result": said}

    telegram.scripts["getMyShortDescription"] = [own] * 9
    shown(telegram, tmp_path)
    calls = [call.parameters for call in telegram.of("setMyShortDescription")]
    assert [call.get("language_code") for call in calls] == ["zh", "ru", "es", None]
    assert calls[-1]["short_description"] == phrases_for("en").about
    assert telegram.of("setMyDescription") == []


def test_an_admin_who_has_not_written_yet_does_not_keep_others_from_theirs(tmp_path: Path) -> None:
    telegram = RecordedTelegram()
    telegram.scripts |= {name: list(script) for name, script in SET_BY_HAND.items()}
    good = [True] * len(LANGUAGES)
    telegram.scripts["setMyCommands"] = [*good, refusal(400, "Bad Request: chat not found")]
    shown(telegram, tmp_path, 7, 8)
    assert (8, "zh") in menus(telegram)


@pytest.mark.parametrize(
    "refused",
    [
        refusal(429, "Too Many Requests: retry after 0", retry_after=0),
        refusal(500, "Internal Server Error"),
    ],
)
def test_it_is_tried_until_telegram_takes_it(tmp_path: Path, refused: object) -> None:
    telegram = RecordedTelegram()
    telegram.scripts |= {name: list(script) for name, script in SET_BY_HAND.items()}
    telegram.scripts["setMyCommands"] = [refused]
    shown(telegram, tmp_path)
    assert len(telegram.of("setMyCommands")) == len(LANGUAGES) + 1


def test_what_telegram_refuses_ends_nothing_else(tmp_path: Path) -> None:
    telegram = RecordedTelegram()
    telegram.scripts["setMyCommands"] = [refusal(400, "Bad Request: BOT_COMMAND_INVALID")]
    shown(telegram, tmp_path, 7)
    assert len(telegram.of("setMyCommands")) == 1
