"""Answering a message where the stand-in cannot make it hard: full queues, deadlines, long work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from telegram import Update

from bot.answering import BusyError, TooSlowError
from bot.handlers import working
from bot.handlers.replies import Asked, Replies
from bot.phrases import phrases_for
from bot.store import Gap, Store
from index.types import Answer
from tests.bot.answers import answer_of, ranked
from tests.bot.card_texts import passage_of
from tests.bot.parts import parts_with
from tests.bot.recording import RecordedTelegram, bot_on, question, refusal
from tests.bot.stores import address_of

ENGLISH = phrases_for("en")


class Scripted:
    """Answers as a test says; the worker of the real one could not be made slow at the right moment."""

    def __init__(self, answer: Callable[[str], Awaitable[Answer]]) -> None:
        self.ask = answer
        self.generation = SimpleNamespace(manifest=SimpleNamespace(languages=("en",)))


def asking(
    folder: Path,
    answer: Callable[[str], Awaitable[Answer]],
    telegram: RecordedTelegram,
    raw: dict[str, Any] | None = None,
) -> tuple[Gap, ...]:
    """Ask a question, in private unless `raw` says otherwise; return the gaps that were recorded."""

    async def run() -> tuple[Gap, ...]:
        bot = bot_on(telegram)
        await bot.initialize()
        store = await Store.open(address_of(folder), keep_questions_days=30)
        parts = parts_with(store, answering=Scripted(answer))
        update = Update.de_json(raw or question(5, text="Who leads Nissan?"), bot)
        message = update.message
        assert message is not None
        asked = Asked("Who leads Nissan?", update, message, message)
        await Replies(parts).answer(asked, bot)
        gaps = await store.gaps(9)
        await store.aclose()
        return gaps

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "said"),
    [(BusyError("64 wait"), ENGLISH.busy), (TooSlowError("10 s"), ENGLISH.too_slow)],
    ids=["busy", "too slow"],
)
def test_whoever_cannot_be_answered_is_told_so(tmp_path: Path, error: Exception, said: str) -> None:
    async def fail(_: str) -> Answer:
        raise error

    telegram = RecordedTelegram()
    assert asking(tmp_path, fail, telegram) == ()
    assert [call.parameters["text"] for call in telegram.of("sendMessage")] == [said]


def test_typing_is_shown_again_and_again_while_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(working, "_AGAIN_SECONDS", 0.001)
    telegram = RecordedTelegram()

    async def slow(_: str) -> Answer:
        while len(telegram.of("sendChatAction")) < 4:
            await asyncio.sleep(0)
        return answer_of(ranked())

    asking(tmp_path, slow, telegram)
    methods = [call.method for call in telegram.calls if call.method != "getMe"]
    assert methods[:4] == ["sendChatAction"] * 4
    assert methods[-1] == "sendMessage"


def test_typing_is_shown_in_the_topic_and_not_before_it_takes_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = RecordedTelegram()
    raw = question(5, text="Who leads Nissan?")
    forum = {"id": -1_007, "type": "supergroup", "title": "Cars", "is_forum": True}
    raw["message"] |= {"chat": forum, "message_thread_id": 9, "is_topic_message": True}

    async def at_once(_: str) -> Answer:
        return answer_of(ranked())

    async def slow(_: str) -> Answer:
        while not telegram.of("sendChatAction"):
            await asyncio.sleep(0)
        return answer_of(ranked())

    monkeypatch.setattr(working, "FIRST_SECONDS", 3_600.0)
    asking(tmp_path, at_once, telegram, raw)
    assert telegram.of("sendChatAction") == []
    monkeypatch.setattr(working, "FIRST_SECONDS", 0.0)
    asking(tmp_path, slow, telegram, raw | {"update_id": 6})
    (call,) = telegram.of("sendChatAction")
    assert call.parameters["message_thread_id"] == "9"
    assert call.parameters["action"] == "typing"


def test_where_typing_cannot_be_shown_the_answer_comes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "FIRST_SECONDS", 0.0)
    telegram = RecordedTelegram()
    telegram.scripts["sendChatAction"] = [refusal(429, "Too Many Requests: retry after 9")]

    async def after_typing(_: str) -> Answer:
        while not telegram.of("sendChatAction"):
            await asyncio.sleep(0)
        return answer_of(ranked())

    asking(tmp_path, after_typing, telegram)
    assert len(telegram.of("sendMessage")) == 1


def test_a_gap_is_recorded_by_the_question_that_was_declined(tmp_path: Path) -> None:
    async def decline(_: str) -> Answer:
        return answer_of(ranked(), answered=False)

    raw = question(5, text="Who leads Nissan?")
    raw["message"]["from"]["language_code"] = "en-GB"
    (gap,) = asking(tmp_path, decline, RecordedTelegram(), raw)
    assert (gap.question, gap.language) == ("Who leads Nissan?", "en")


SENTENCES = ("It was built in 1858. ", "Its stripes are red.")


@pytest.mark.parametrize("error", [BusyError("64 wait"), TooSlowError("10 s")], ids=["busy", "too slow"])
def test_a_follow_up_that_was_found_is_shown_where_no_time_is_left_to_compare(
    tmp_path: Path, error: Exception
) -> None:
    before = "Who built it?"
    asked: list[str] = []

    async def answer(text: str) -> Answer:
        asked.append(text)
        if text == before and len(asked) > 1:
            raise error
        if text == "Which colour?":
            return replace(answer_of(passage_of(*SENTENCES, marked=0), answered=False), confidence=0.1)
        return answer_of(passage_of(*SENTENCES, marked=1))

    async def run() -> RecordedTelegram:
        telegram = RecordedTelegram()
        bot = bot_on(telegram)
        await bot.initialize()
        store = await Store.open(address_of(tmp_path), keep_questions_days=30)
        replies = Replies(parts_with(store, answering=Scripted(answer)))
        for number, text in ((5, before), (6, "Which colour?")):
            update = Update.de_json(question(number, text=text), bot)
            assert update.message is not None
            await replies.answer(Asked(text, update, update.message, update.message), bot)
        await store.aclose()
        return telegram

    said = [call.parameters["text"] for call in asyncio.run(run()).of("sendMessage")]
    assert asked == [before, "Which colour?", "Which colour? built", before]
    assert ENGLISH.no_more not in said[1]
    assert "<b>Its stripes are red.</b>" in said[1]
