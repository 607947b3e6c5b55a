"""An error is logged with a reference, and whoever met it is told that reference in their language."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from telegram import Update
from telegram.error import BadRequest, Forbidden
from telegram.ext import ApplicationHandlerStop

from bot.handlers.errors import error_handler
from bot.store import Store
from tests.bot.parts import parts_with
from tests.bot.recording import RecordedTelegram, bot_on, inline_question, question, refusal


def told(
    tmp_path: Path,
    raw: dict[str, Any] | None,
    error: Exception,
    *,
    language: str | None = None,
    telegram: RecordedTelegram | None = None,
) -> RecordedTelegram:
    """Return what Telegram was called with where the handlers of an update fail."""
    telegram = telegram or RecordedTelegram()

    async def run() -> None:
        bot = bot_on(telegram)
        await bot.initialize()
        store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'state.sqlite3'}")
        if language is not None:
            await store.set_interface_language(7, language)
        parts = parts_with(store)
        update = None if raw is None else Update.de_json(raw, bot)
        with pytest.raises(ApplicationHandlerStop):
            await error_handler(parts)(update, cast(Any, SimpleNamespace(bot=bot, error=error)))
        await store.aclose()

    asyncio.run(run())
    return telegram


def reference_in(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = [record for record in caplog.records if record.getMessage() == "handler_failed"]
    reference = record.__dict__["footnote_fields"]["reference"]
    assert re.fullmatch(r"[0-9a-f]{6}", reference)
    return str(reference)


def test_a_person_is_told_the_reference_that_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (call,) = told(tmp_path, question(5), ValueError("secret")).of("sendMessage")
    assert reference_in(caplog) in call.parameters["text"]
    assert "secret" not in call.parameters["text"]


def test_it_is_told_in_the_language_of_the_chat(tmp_path: Path) -> None:
    (english,) = told(tmp_path, question(5), ValueError()).of("sendMessage")
    (german,) = told(tmp_path, question(6), ValueError(), language="de").of("sendMessage")
    assert english.parameters["text"].startswith("Something")
    assert not german.parameters["text"].startswith("Something")


def test_it_is_told_at_the_button_that_was_pressed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    person = {"id": 7, "is_bot": False, "first_name": "Ann"}
    press = {"id": "1", "from": person, "chat_instance": "1", "inline_message_id": "x", "data": "s"}
    telegram = told(tmp_path, {"update_id": 5, "callback_query": press}, ValueError())
    (call,) = telegram.of("answerCallbackQuery")
    assert reference_in(caplog) in call.parameters["text"]
    assert len(call.parameters["text"]) <= 200
    assert telegram.of("sendMessage") == []


def test_it_is_told_where_the_bot_was_called_as_a_guest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    called = question(5)["message"] | {"guest_query_id": "g1"}
    telegram = RecordedTelegram()
    telegram.scripts["answerGuestQuery"] = [{"inline_message_id": "AAQ"}]
    told(tmp_path, {"update_id": 5, "guest_message": called}, ValueError("secret"), telegram=telegram)
    (call,) = telegram.of("answerGuestQuery")
    assert call.parameters["guest_query_id"] == "g1"
    said = json.loads(call.parameters["result"])["input_message_content"]["message_text"]
    assert reference_in(caplog) in said
    assert "secret" not in said
    assert telegram.of("sendMessage") == []


def test_a_guests_call_that_has_its_answer_is_left_at_that(tmp_path: Path) -> None:
    called = question(5)["message"] | {"guest_query_id": "g1"}
    telegram = RecordedTelegram()
    telegram.scripts["answerGuestQuery"] = [refusal(400, "Bad Request: query is too old")]
    told(tmp_path, {"update_id": 5, "guest_message": called}, ValueError(), telegram=telegram)
    assert len(telegram.of("answerGuestQuery")) == 1


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (None, ValueError()),
        (inline_question(5), ValueError()),
        (question(5), Forbidden("Forbidden: bot was blocked by the user")),
    ],
)
def test_where_nobody_can_be_told_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, raw: dict[str, Any] | None, error: Exception
) -> None:
    telegram = told(tmp_path, raw, error)
    assert telegram.of("sendMessage") == []
    assert reference_in(caplog)


def test_that_it_could_not_be_told_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    telegram = RecordedTelegram()
    telegram.scripts["sendMessage"] = [refusal(400, "Bad Request: can't parse entities")]
    told(tmp_path, question(5), BadRequest("no"), telegram=telegram)
    assert "error_not_told" in caplog.messages
