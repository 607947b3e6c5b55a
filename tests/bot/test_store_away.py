"""While the database is away what is in hand waits for it: no question is lost, and none answered twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, CallbackContext, TypeHandler

from bot.backoff import Backoff
from bot.cards import text_card
from bot.delivery import SendKey
from bot.dispatch import MOST_ATTEMPTS, ChatOrderProcessor
from bot.handlers.errors import error_handler
from bot.redaction import Redactor
from bot.store import Sending, SendingState, Store, StoreError
from tests.bot.parts import parts_with
from tests.bot.recording import RecordedTelegram, bot_on, inline_question, question
from tests.bot.stores import ids, with_store
from tests.bot.test_dispatch import taken_in

Handler = Callable[[Update, CallbackContext[Any, Any, Any, Any]], Awaitable[None]]


class Outage:
    """A store whose transactions fail while it is told to, and how often they did."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = 0
        self.failing: Callable[[], bool] = lambda: False
        begin = store._database.begin

        @asynccontextmanager
        async def begin_if_there() -> AsyncIterator[AsyncConnection]:
            if self.failing():
                self.failures += 1
                raise StoreError("away")
            async with begin() as connection:
                yield connection

        monkeypatch.setattr(store._database, "begin", begin_if_there)

    def lasts_for(self, transactions: int) -> None:
        """Let the next transactions fail."""
        until = self.failures + transactions
        self.failing = lambda: self.failures < until

    def lasts(self) -> None:
        """Let all fail from now on."""
        self.failing = lambda: True

    def ends(self) -> None:
        self.failing = lambda: False


class Serving:
    """The real way of an update: processor, application, error handler, outbox and store."""

    def __init__(self, store: Store, outage: Outage, *groups: Handler, **settings: Any) -> None:
        self.store = store
        self.outage = outage
        self.telegram = RecordedTelegram()
        self.slept: list[float] = []
        self.processor = ChatOrderProcessor(
            store,
            Redactor(),
            **{"handler_seconds": 60.0, "backoff": lambda: Backoff(0.01, 0.02), **settings},
        )
        self.parts = replace(parts_with(store), processor=self.processor)
        self.application: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder()
            .bot(bot_on(self.telegram))
            .updater(None)
            .job_queue(None)
            .concurrent_updates(self.processor)
            .build()
        )
        for number, handler in enumerate(groups or (self.answer,)):
            self.application.add_handler(TypeHandler(Update, handler), number)
        self.application.add_error_handler(error_handler(self.parts))

    async def answer(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        await self.send(update, 0)

    async def send(self, update: Update, ordinal: int) -> None:
        assert update.message is not None
        await self.parts.delivery.send(
            self.application.bot,
            SendKey(update.update_id, ordinal),
            update.message.chat_id,
            text_card("Ann."),
        )

    async def process(self, update: Update) -> None:
        async with asyncio.timeout(20):
            await self.processor.process_update(update, self.application.process_update(update))

    def said(self) -> list[str]:
        return [call.parameters["text"] for call in self.telegram.of("sendMessage")]


def with_serving(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[Serving], Awaitable[None]],
    *groups: Handler,
    **settings: Any,
) -> None:
    async def run(store: Store) -> None:
        serving = Serving(store, Outage(store, monkeypatch), *groups, **settings)
        await serving.application.initialize()
        await serving.application.start()
        try:
            await use(serving)
        finally:
            await serving.application.stop()
            await serving.application.shutdown()

    with_store(folder, run)


@pytest.mark.parametrize("transactions", [1, 4])
def test_a_question_is_answered_when_the_database_is_back_and_nothing_else_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, transactions: int
) -> None:
    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        serving.outage.lasts_for(transactions)
        await serving.process(update)
        assert serving.said() == ["Ann."]
        assert await serving.store.pending() == ()

    with_serving(tmp_path, monkeypatch, use)
    assert caplog.messages.count("update_waits") == 1
    assert "handler_failed" not in caplog.messages


def test_what_was_sent_before_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        await serving[0].send(update, 0)
        if not serving[0].outage.failures:
            serving[0].outage.lasts_for(3)
        await serving[0].send(update, 1)

    async def use(each: Serving) -> None:
        serving.append(each)
        (update,) = await taken_in(each.store, question(1))
        await each.process(update)
        assert each.said() == ["Ann."] * 2
        assert each.parts.delivery.statistics.sent_again == 0
        assert await each.store.pending() == ()

    serving: list[Serving] = []
    with_serving(tmp_path, monkeypatch, use, answer)


def test_what_is_answered_is_marked_done_when_the_database_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        await serving[0].send(update, 0)
        serving[0].outage.lasts_for(3)

    async def use(each: Serving) -> None:
        serving.append(each)
        (update,) = await taken_in(each.store, question(1))
        await each.process(update)
        assert each.said() == ["Ann."]
        assert await each.store.pending() == ()
        assert (await each.store.begin_sending(1, 0)).state is SendingState.SENT

    serving: list[Serving] = []
    with_serving(tmp_path, monkeypatch, use, answer)


def test_what_an_earlier_process_left_waits_for_the_database_before_it_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        await serving.processor.let_in(1, "chat:7", left_over=True)
        serving.outage.lasts_for(2)
        await serving.process(update)
        assert serving.said() == ["Ann."]
        assert await serving.store.pending() == ()
        assert await serving.store.count_attempt(1) == 2

    with_serving(tmp_path, monkeypatch, use)


def test_a_chat_keeps_its_order_while_it_waits_and_takes_no_slot_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.update_id == 1 and len(handled) < 3:
            handled.append(0)
            raise StoreError("away")
        handled.append(update.update_id)

    async def use(serving: Serving) -> None:
        updates = await taken_in(serving.store, question(1), question(2), question(3, 8))
        await asyncio.gather(*(serving.process(update) for update in updates))
        assert await serving.store.pending() == ()

    handled: list[int] = []
    with_serving(tmp_path, monkeypatch, use, answer, at_once=1)
    assert handled == [0, 3, 0, 1, 2]


def test_after_some_minutes_it_is_left_to_the_next_start_and_the_chat_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(serving: Serving) -> None:
        first, second = await taken_in(serving.store, question(1), question(2))
        serving.outage.lasts()
        await serving.process(first)
        serving.outage.ends()
        await serving.process(second)
        assert serving.said() == ["Ann."]
        assert ids(await serving.store.pending()) == [1]
        assert serving.processor.waiting == 0

    with_serving(tmp_path, monkeypatch, use, patience_seconds=0.2)
    assert caplog.messages.count("update_left") == 1


def test_an_update_that_never_gets_through_is_given_up_after_some_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: Update, __: CallbackContext[Any, Any, Any, Any]) -> None:
        raise StoreError("whatever the database is asked for it")

    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        await serving.process(update)
        for _ in range(MOST_ATTEMPTS):
            assert ids(await serving.store.pending()) == [1]
            await serving.processor.let_in(1, "chat:7", left_over=True)
            await serving.process(update)
        assert ids(await serving.store.pending()) == [1]
        await serving.processor.let_in(1, "chat:7", left_over=True)
        await serving.process(update)
        assert await serving.store.pending() == ()
        assert serving.said() == []

    with_serving(tmp_path, monkeypatch, use, answer, patience_seconds=0.0)
    assert caplog.messages.count("update_given_up") == 1


def test_no_other_handler_takes_what_one_could_not_reach_the_database_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gate(_: Update, __: CallbackContext[Any, Any, Any, Any]) -> None:
        asked.append("gate")
        if len(asked) < 3:
            raise StoreError("away")

    async def after_it(_: Update, __: CallbackContext[Any, Any, Any, Any]) -> None:
        asked.append("after it")

    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        await serving.process(update)

    asked: list[str] = []
    with_serving(tmp_path, monkeypatch, use, gate, after_it)
    assert asked == ["gate", "gate", "gate", "after it"]


def test_that_a_handler_failed_is_told_when_the_database_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: Update, __: CallbackContext[Any, Any, Any, Any]) -> None:
        if not serving[0].outage.failures:
            serving[0].outage.lasts_for(1)
        raise ValueError

    async def use(each: Serving) -> None:
        serving.append(each)
        (update,) = await taken_in(each.store, question(1))
        await each.process(update)
        (said,) = each.said()
        assert said.startswith("Something")
        assert await each.store.pending() == ()

    serving: list[Serving] = []
    with_serving(tmp_path, monkeypatch, use, answer)


def test_whoever_typed_on_while_the_database_was_away_is_not_answered_what_they_typed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        asked.append(update.update_id)
        if update.update_id == 1:
            raise StoreError("away")

    async def use(serving: Serving) -> None:
        updates = await taken_in(serving.store, inline_question(1), inline_question(2))
        await asyncio.gather(*(serving.process(update) for update in updates))
        assert await serving.store.pending() == ()

    asked: list[int] = []
    with_serving(tmp_path, monkeypatch, use, answer)
    assert asked == [1, 2]


def test_what_waits_at_the_end_of_the_process_stays_in_the_inbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        serving.outage.lasts()
        task = asyncio.create_task(serving.process(update))
        while not serving.outage.failures:
            await asyncio.sleep(0.001)
        await serving.processor.cancel_all()
        await asyncio.wait([task])
        serving.outage.ends()
        assert ids(await serving.store.pending()) == [1]
        assert await serving.store.begin_sending(1, 0) == Sending(SendingState.NEW)

    with_serving(tmp_path, monkeypatch, use)


def test_an_error_of_the_database_in_a_task_beside_is_told_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        asked.append(update.update_id)

        async def fail() -> None:
            raise StoreError("away")

        await asyncio.wait([context.application.create_task(fail(), update=update)])

    async def use(serving: Serving) -> None:
        (update,) = await taken_in(serving.store, question(1))
        await serving.process(update)
        await asyncio.sleep(0.05)

    asked: list[int] = []
    with_serving(tmp_path, monkeypatch, use, answer)
    assert asked == [1]
    assert caplog.messages.count("handler_failed") == 1
