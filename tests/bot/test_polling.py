"""Polling loses no update, is stopped by none, and tells what is wrong in a sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.error import NetworkError, TimedOut

from bot.dispatch import ChatOrderProcessor
from bot.identity import TokenRefusedError
from bot.polling import Poller, PollingLimits
from bot.redaction import Redactor
from bot.store import Store, StoreError
from tests.bot.recording import Call, RecordedTelegram, bot_on, question, refusal

UNREADABLE: dict[str, Any] = {"update_id": 2, "message": {"message_id": "no number", "chat": "broken"}}


@pytest.fixture(autouse=True)
def time_spans_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `footnote run` sets too: seconds that Telegram asks to wait as a timedelta, without a warning."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


class Polling:
    """A poller on a recorded Telegram and a real store, and what it hands over."""

    def __init__(self, telegram: RecordedTelegram, store: Store, **settings: Any) -> None:
        self.telegram = telegram
        self.store = store
        self.bot: Bot = bot_on(telegram)
        self.queue: asyncio.Queue[object] = asyncio.Queue()
        self.slept: list[float] = []
        waiting_at_most = settings.pop("waiting_at_most", 256)
        self.processor = ChatOrderProcessor(
            store, Redactor(), handler_seconds=60.0, waiting_at_most=waiting_at_most
        )
        self.poller = Poller(
            self.bot, telegram, store, self.processor, self.queue, sleep=self._sleep, **settings
        )
        self.asked_last = asyncio.Event()
        telegram.scripts.setdefault("getUpdates", []).append(self._ask_last)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def _ask_last(self, call: Call) -> tuple[int, Any]:
        """Wait, as Telegram does where there is no update, when the script is at its end."""
        self.asked_last.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def run_to_the_end_of_the_script(self) -> None:
        task = asyncio.create_task(self.poller.run())
        asked = asyncio.create_task(self.asked_last.wait())
        await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, asked, return_exceptions=True)

    def handed_over(self) -> list[int]:
        updates = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        return [update.update_id for update in updates if isinstance(update, Update)]

    def offsets(self) -> list[str | None]:
        return [call.parameters.get("offset") for call in self.telegram.of("getUpdates")]


@asynccontextmanager
async def polling(tmp_path: Path, *script: Any, **settings: Any) -> AsyncIterator[Polling]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'state.sqlite3'}")
    telegram = RecordedTelegram()
    telegram.scripts["getUpdates"] = list(script)
    try:
        yield Polling(telegram, store, **settings)
    finally:
        await store.aclose()


def test_updates_are_handed_over_and_acknowledged_by_the_next_question(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, [question(5), question(6)], []) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5, 6]
            assert each.offsets() == [None, "7", "7"]
            wanted = json.loads(each.telegram.of("getUpdates")[0].parameters["allowed_updates"])
            assert {"message", "callback_query", "inline_query", "guest_message"} <= set(wanted)

    asyncio.run(run())


def test_an_update_is_in_the_inbox_before_it_is_acknowledged(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path) as each:
            in_inbox: list[int] = []

            async def look(call: Call) -> tuple[int, Any]:
                if call.parameters.get("offset") == "6":
                    in_inbox.extend(incoming.update_id for incoming in await each.store.pending())
                return 200, {"ok": True, "result": []}

            each.telegram.scripts["getUpdates"][:0] = [[question(5)], look]
            await each.run_to_the_end_of_the_script()
            assert in_inbox == [5]

    asyncio.run(run())


def test_what_was_taken_in_is_kept_for_good_before_it_is_acknowledged(tmp_path: Path) -> None:
    async def run() -> None:
        events: list[str] = []
        failures = [StoreError("the disk failed")]

        async def keep() -> None:
            if failures:
                raise failures.pop()
            events.append("kept")

        def asked(result: list[Any]) -> Callable[[Call], tuple[int, Any]]:
            def answer(call: Call) -> tuple[int, Any]:
                events.append(f"asked from {call.parameters.get('offset')}")
                return 200, {"ok": True, "result": result}

            return answer

        script = [asked([]), asked([question(5)]), asked([question(6)]), asked([])]
        async with polling(tmp_path, *script, before_acknowledging=keep) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5, 6]
            assert len(each.slept) == 1
        first = ["asked from None", "asked from None", "kept", "asked from 6", "kept", "asked from 7"]
        assert events == first

    asyncio.run(run())


def test_what_comes_again_is_handed_over_once(tmp_path: Path) -> None:
    async def run() -> None:
        script = [[question(5), question(6)], [question(5), question(6), question(7)]]
        async with polling(tmp_path, *script) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5, 6, 7]

    asyncio.run(run())


def test_a_restart_finishes_what_was_left_and_asks_telegram_afresh(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, [question(5), question(6)]) as each:
            await each.run_to_the_end_of_the_script()
            await each.store.mark_done(5)
        async with polling(tmp_path, [question(6), question(7)]) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [6, 7]
            assert each.offsets()[0] is None

    asyncio.run(run())


def test_an_unreadable_update_is_skipped_and_its_content_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with polling(tmp_path, [question(1), UNREADABLE, question(3)]) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [1, 3]
            assert each.offsets() == [None, "4"]
            assert [incoming.update_id for incoming in await each.store.pending()] == [1, 3]

    asyncio.run(run())
    (record,) = [record for record in caplog.records if record.getMessage() == "update_skipped"]
    assert record.__dict__["footnote_fields"] == {"update_id": 2, "holds": "message:dict,update_id:int"}


def test_what_is_no_update_is_told_and_not_asked_for_without_a_pause(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, ["x", None, {"update_id": True}], [question(3)]) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [3]
            assert len(each.slept) == 1

    asyncio.run(run())


def test_what_an_earlier_process_left_is_handed_over_however_often_it_waited(tmp_path: Path) -> None:
    async def run() -> list[list[int]]:
        handed_over = []
        async with polling(tmp_path, [question(5)]) as each:
            await each.run_to_the_end_of_the_script()
        for _ in range(6):
            async with polling(tmp_path) as each:
                await each.run_to_the_end_of_the_script()
                handed_over.append(each.handed_over())
        return handed_over

    assert asyncio.run(run()) == [[5]] * 6


def test_an_id_that_no_database_holds_stops_nobody(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, [{**question(1), "update_id": 2**80}, question(3)]) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [3]

    asyncio.run(run())


def test_no_more_is_fetched_while_there_is_no_room(tmp_path: Path) -> None:
    async def handle() -> None:
        """Nothing to do."""

    async def run() -> None:
        script = [[question(1), question(2)], [question(3)]]
        async with polling(tmp_path, *script, waiting_at_most=2) as each:
            task = asyncio.create_task(each.poller.run())
            first = await each.queue.get()
            await each.queue.get()
            while len(each.telegram.of("getUpdates")) < 2:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            assert not each.asked_last.is_set()
            await each.processor.process_update(first, handle())
            await each.asked_last.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_chat_that_floods_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    async def run() -> None:
        pages = [[question(page * 100 + each, 7) for each in range(100)] for page in range(4)]
        async with polling(tmp_path, *pages, [question(400, 8)]) as each, asyncio.timeout(20):
            await each.run_to_the_end_of_the_script()
            assert each.handed_over()[-1] == 400
            assert len(await each.store.pending()) == 401
        async with polling(tmp_path) as each, asyncio.timeout(20):
            await each.run_to_the_end_of_the_script()
            assert each.handed_over()[-1] == 400

    asyncio.run(run())


def test_a_poll_that_hangs_is_cut_off_and_connections_are_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def hang(call: Call) -> tuple[int, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def run() -> None:
        limits = PollingLimits(watchdog_seconds=0.2)
        async with polling(tmp_path, hang, [question(5)], limits=limits) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5]
            assert each.telegram.times_opened == 1

    asyncio.run(run())
    assert "poll_stalled" in caplog.messages


def test_failures_are_waited_out_ever_longer_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        failures = [
            TimedOut(),
            NetworkError("gone"),
            refusal(502, "Bad Gateway"),
            (200, {"ok": True}),
            refusal(409, "Conflict: terminated by other getUpdates request"),
        ]
        async with polling(tmp_path, *failures, [question(5)], TimedOut()) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5]
            *waits, after_success = each.slept
            bounds = [(0.25 * 2**place, 0.5 * 2**place) for place in range(5)]
            assert all(low <= wait <= high for (low, high), wait in zip(bounds, waits, strict=True))
            assert after_success <= 0.5

    asyncio.run(run())
    assert caplog.messages.count("poll_failed") == 5
    (conflict,) = [record for record in caplog.records if record.getMessage() == "poll_conflict"]
    assert "another process polls with this token" in conflict.__dict__["footnote_fields"]["reason"]


def test_telegram_is_waited_for_as_long_as_it_asks(tmp_path: Path) -> None:
    async def run() -> None:
        script = [refusal(429, "Too Many Requests: retry after 17", retry_after=17), [question(5)]]
        async with polling(tmp_path, *script) as each:
            await each.run_to_the_end_of_the_script()
            assert each.slept == [17.0]
            assert each.handed_over() == [5]

    asyncio.run(run())


def test_a_token_that_is_refused_again_and_again_ends_it_without_showing_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, *[refusal(401, "Unauthorized")] * 3) as each:
            await each.run_to_the_end_of_the_script()

    with pytest.raises(TokenRefusedError, match="FOOTNOTE_TOKEN") as caught:
        asyncio.run(run())
    assert "AAF-made-up" not in str(caught.value)


def test_a_token_that_is_refused_once_does_not(tmp_path: Path) -> None:
    async def run() -> None:
        script = [refusal(404, "Not Found"), [question(5)], refusal(401, "Unauthorized"), [question(6)]]
        async with polling(tmp_path, *script) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5, 6]

    asyncio.run(run())


def test_an_update_with_half_a_surrogate_pair_is_kept(tmp_path: Path) -> None:
    async def run() -> None:
        async with polling(tmp_path, [question(5, text="\ud83d?")]) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5]
        async with polling(tmp_path) as each:
            await each.run_to_the_end_of_the_script()
            assert each.handed_over() == [5]

    asyncio.run(run())
