"""Each message is sent once as far as can be known, whatever Telegram and the network do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut

from bot.backoff import Backoff
from bot.calls import NotBegunError
from bot.cards import Button, Card
from bot.delivery import Delivery, DeliveryStatistics, SendKey
from bot.outcomes import Certainty, certainty_after
from bot.store import Store
from tests.bot.recording import RecordedTelegram, bot_on, refusal

CARD = Card("<b>Yes</b>")
KEY = SendKey(5, 0)


@pytest.fixture(autouse=True)
def time_spans_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


NOT_CONNECTED = NotBegunError("ClientConnectorError")
READ_TIMEOUT = TimedOut("SocketTimeoutError")
DROPPED = NetworkError("ServerDisconnectedError")


class Sending:
    """A delivery on a recorded Telegram and a real store, with a clock that only waiting moves."""

    def __init__(self, telegram: RecordedTelegram, store: Store, patience_seconds: float) -> None:
        self.telegram = telegram
        self.store = store
        self.bot: Bot = bot_on(telegram)
        self.slept: list[float] = []
        self.delivery = Delivery(
            store,
            patience_seconds=patience_seconds,
            backoff=Backoff,
            sleep=self._sleep,
            clock=lambda: sum(self.slept),
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def send(self, key: SendKey = KEY, **more: Any) -> int | None:
        return await self.delivery.send(self.bot, key, 7, CARD, **more)


@asynccontextmanager
async def sending(
    tmp_path: Path, *script: Any, method: str = "sendMessage", patience_seconds: float = 300.0
) -> AsyncIterator[Sending]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'state.sqlite3'}")
    telegram = RecordedTelegram()
    telegram.scripts[method] = list(script)
    try:
        yield Sending(telegram, store, patience_seconds)
    finally:
        await store.aclose()


def test_a_card_goes_out_as_telegram_takes_it(tmp_path: Path) -> None:
    buttons = (
        (Button("Next", callback_data="n"), Button("Copy", copy_text="Tea, 2024")),
        (Button("Open", url="https://example.org"), Button("Share", switch_inline_query="tea")),
    )

    async def run() -> None:
        async with sending(tmp_path) as each:
            await each.bot.initialize()
            sent = await each.delivery.send(
                each.bot, KEY, 7, Card("<b>Yes</b>", buttons), reply_to=3, thread_id=12
            )
            assert sent == 101
            (call,) = each.telegram.of("sendMessage")
            assert call.parameters["text"] == "<b>Yes</b>"
            assert call.parameters["parse_mode"] == "HTML"
            assert call.parameters["message_thread_id"] == "12"
            reply = json.loads(call.parameters["reply_parameters"])
            assert reply == {"message_id": 3, "allow_sending_without_reply": True}
            assert json.loads(call.parameters["link_preview_options"]) == {"is_disabled": True}
            assert json.loads(call.parameters["reply_markup"])["inline_keyboard"] == [
                [
                    {"text": "Next", "callback_data": "n"},
                    {"text": "Copy", "copy_text": {"text": "Tea, 2024"}},
                ],
                [
                    {"text": "Open", "url": "https://example.org"},
                    {"text": "Share", "switch_inline_query": "tea"},
                ],
            ]

    asyncio.run(run())


def test_the_general_topic_is_never_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with sending(tmp_path) as each:
            await each.send(thread_id=1)
            (call,) = each.telegram.of("sendMessage")
            assert "message_thread_id" not in call.parameters

    asyncio.run(run())


def test_what_was_sent_is_not_sent_again_even_after_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with sending(tmp_path) as each:
            assert await each.send() == 101
            assert await each.send() == 101
            assert await each.send(SendKey(5, 1)) == 102
            assert len(each.telegram.of("sendMessage")) == 2
        async with sending(tmp_path) as each:
            assert await each.send() == 101
            assert each.telegram.of("sendMessage") == []

    asyncio.run(run())


def test_what_a_crash_cut_off_is_sent_again_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with sending(tmp_path) as each:
            await each.store.begin_sending(KEY.update_id, KEY.ordinal)
        async with sending(tmp_path) as each:
            assert await each.send() == 101
            assert each.delivery.statistics == DeliveryStatistics(sent=1, sent_again=1)

    asyncio.run(run())
    assert caplog.messages.count("sent_again") == 1


@pytest.mark.parametrize(
    "failure",
    [
        NOT_CONNECTED,
        refusal(500, "Internal Server Error: restart"),
        refusal(503, "Service Unavailable"),
        refusal(429, "Too Many Requests: retry after 3", retry_after=3),
    ],
)
def test_what_telegram_did_not_do_is_tried_as_long_as_there_is_patience(tmp_path: Path, failure: Any) -> None:
    async def run() -> None:
        async with sending(tmp_path, *[failure] * 5) as each:
            assert await each.send() == 101
            assert len(each.telegram.of("sendMessage")) == 6
            assert each.delivery.statistics == DeliveryStatistics(sent=1, sent_again=0)
        async with sending(tmp_path, *[failure] * 100, patience_seconds=20.0) as each:
            with pytest.raises(TelegramError):
                await each.send(SendKey(6, 0))
            assert sum(each.slept) <= 20.0

    asyncio.run(run())


def test_telegram_is_waited_for_as_long_as_it_asks(tmp_path: Path) -> None:
    async def run() -> None:
        async with sending(tmp_path, refusal(429, "Too Many Requests: retry after 8", retry_after=8)) as each:
            await each.send()
            assert each.slept == [8.0]

    asyncio.run(run())


@pytest.mark.parametrize("failure", [READ_TIMEOUT, DROPPED, refusal(502, "Bad Gateway")])
def test_what_telegram_may_have_done_is_tried_once_more(tmp_path: Path, failure: Any) -> None:
    async def run() -> None:
        async with sending(tmp_path, failure) as each:
            assert await each.send() == 101
            assert len(each.telegram.of("sendMessage")) == 2
            assert each.delivery.statistics == DeliveryStatistics(sent=1, sent_again=1)
        async with sending(tmp_path, failure, failure) as each:
            with pytest.raises(NetworkError):
                await each.send(SendKey(6, 0))
            assert len(each.telegram.of("sendMessage")) == 2

    asyncio.run(run())


def test_the_one_more_time_waits_until_telegram_answers(tmp_path: Path) -> None:
    async def run() -> None:
        async with sending(tmp_path, READ_TIMEOUT) as each:
            each.telegram.scripts["getMe"] = [READ_TIMEOUT, refusal(502, "Bad Gateway"), NOT_CONNECTED]
            assert await each.send() == 101
            methods = [call.method for call in each.telegram.calls]
            assert methods == ["sendMessage", *["getMe"] * 4, "sendMessage"]

    asyncio.run(run())


def test_a_refused_message_is_not_tried_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with sending(tmp_path, refusal(400, "Bad Request: can't parse entities")) as each:
            with pytest.raises(BadRequest):
                await each.send()
            assert len(each.telegram.of("sendMessage")) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    "failure",
    [
        refusal(403, "Forbidden: bot was blocked by the user"),
        refusal(400, "Bad Request: chat not found"),
        refusal(400, "Bad Request: not enough rights to send text messages to the chat"),
    ],
)
def test_nobody_there_is_no_error(tmp_path: Path, failure: Any) -> None:
    async def run() -> None:
        async with sending(tmp_path, failure) as each:
            assert await each.send() is None

    asyncio.run(run())


def test_a_group_that_became_a_supergroup_is_followed(tmp_path: Path) -> None:
    async def run() -> None:
        moved = refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
        async with sending(tmp_path, moved) as each:
            assert await each.send() == 101
            assert each.telegram.of("sendMessage")[1].parameters["chat_id"] == "-1009"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (True, True),
        (refusal(400, "Bad Request: message is not modified: specified new message content"), True),
        (refusal(400, "Bad Request: message to edit not found"), False),
        (refusal(400, "Bad Request: message can't be edited"), False),
        (refusal(403, "Forbidden: bot was blocked by the user"), False),
    ],
)
def test_an_edit_tells_whether_the_message_shows_the_card(tmp_path: Path, answer: Any, shown: bool) -> None:
    async def run() -> None:
        async with sending(tmp_path, answer, method="editMessageText") as each:
            assert await each.delivery.edit(each.bot, CARD, chat_id=7, message_id=101) is shown

    asyncio.run(run())


def test_an_edit_is_repeated_freely_because_twice_is_as_once(tmp_path: Path) -> None:
    async def run() -> None:
        script = [READ_TIMEOUT, DROPPED, refusal(502, "Bad Gateway"), NOT_CONNECTED, True]
        async with sending(tmp_path, *script, method="editMessageText") as each:
            assert await each.delivery.edit(each.bot, CARD, inline_message_id="x")
            assert len(each.telegram.of("editMessageText")) == 5

    asyncio.run(run())


def test_an_edit_that_telegram_refuses_is_an_error(tmp_path: Path) -> None:
    async def run() -> None:
        failure = refusal(400, "Bad Request: can't parse entities")
        async with sending(tmp_path, failure, method="editMessageText") as each:
            with pytest.raises(BadRequest):
                await each.delivery.edit(each.bot, CARD, chat_id=7, message_id=101)

    asyncio.run(run())


def test_what_nobody_knows_of_may_have_been_done() -> None:
    assert certainty_after(TelegramError("Invalid server response")) is Certainty.UNKNOWN
