"""A real bot of python-telegram-bot talks to the stand-in as it would to Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Update,
)
from telegram.error import Conflict
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, InlineQueryHandler

from tests.stand_in.control import StandIn
from tests.stand_in.rendering import show

Context = ContextTypes.DEFAULT_TYPE
BUTTONS = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("More", callback_data="more"),
            InlineKeyboardButton("Copy", copy_text=CopyTextButton("a citation")),
        ]
    ]
)


async def start(update: Update, context: Context) -> None:
    assert update.message is not None
    text = "<blockquote>Hello, <b>you</b></blockquote>"
    await update.message.reply_html(text, reply_markup=BUTTONS, do_quote=True)


async def press(update: Update, context: Context) -> None:
    assert update.callback_query is not None
    await update.callback_query.answer("There is more")
    await update.callback_query.edit_message_text("More")


async def inline(update: Update, context: Context) -> None:
    assert update.inline_query is not None
    content = InputTextMessageContent("<b>found</b>", parse_mode="HTML")
    result = InlineQueryResultArticle("1", "Found", content, reply_markup=BUTTONS)
    await update.inline_query.answer([result], cache_time=0, next_offset="1")


def with_bot(test: Callable[[StandIn], None], on_poll_error: Callable[[Any], None] | None = None) -> StandIn:
    """Run a test, which waits and so has a thread of its own, beside a polling bot."""

    async def run(stand_in: StandIn) -> None:
        builder = Application.builder().token(stand_in.token).base_url(f"{stand_in.url}/bot")
        application = builder.build()
        application.add_handlers(
            [CommandHandler("start", start), CallbackQueryHandler(press), InlineQueryHandler(inline)]
        )
        assert application.updater is not None
        async with application:
            await application.start()
            await application.updater.start_polling(error_callback=on_poll_error)
            try:
                await asyncio.to_thread(test, stand_in)
            finally:
                await application.updater.stop()
                await application.stop()

    with StandIn() as stand_in:
        whole: Coroutine[Any, Any, None] = run(stand_in)
        asyncio.run(whole)
    return stand_in


def test_a_person_gets_an_answer_presses_its_button_and_sees_it_change() -> None:
    def test(stand_in: StandIn) -> None:
        alice = stand_in.person("Alice")
        answer = stand_in.answer_to(alice.asks("/start"))
        assert show(answer).split("\n") == [
            "> /start",
            "│ Hello, **you**",
            "[ More ] [ Copy ]",
            "  Copy copies: a citation",
        ]
        assert stand_in.toast(alice.presses(answer, "More")) == "There is more"
        stand_in.wait_for(lambda: show(answer) == "> /start\nMore")

    stand_in = with_bot(test)
    assert stand_in.log.violations == []
    assert [call.method for call in stand_in.log.every][:3] == ["getMe", "deleteWebhook", "getUpdates"]


def test_an_inline_query_is_answered_and_the_chosen_result_posted() -> None:
    def test(stand_in: StandIn) -> None:
        alice = stand_in.person("Alice")
        query = stand_in.answered(alice.types_inline("where"))
        posted = alice.chooses(query.results[0])
        assert posted.marked("bold") == ["found"]
        stand_in.toast(alice.presses(posted, "More"))
        stand_in.wait_for(lambda: posted.text == "More")

    assert with_bot(test).log.violations == []


def test_a_bot_outlives_errors_conflicts_and_broken_connections_of_its_polls() -> None:
    conflicts: list[Any] = []

    def note(error: Any) -> None:
        if isinstance(error, Conflict):
            conflicts.append(error)

    def test(stand_in: StandIn) -> None:
        stand_in.faults.fail("getUpdates", code=502)
        stand_in.faults.drop_after("getUpdates")
        alice = stand_in.person("Alice")
        with stand_in.second_poller():
            stand_in.wait_for(lambda: conflicts)
        asked = alice.asks("/start")
        assert stand_in.answer_to(asked).text == "Hello, you"
        stand_in.wait_for(lambda: stand_in.faults.left == 0)
        assert len(alice.chat.from_bot) == 1

    with_bot(test, note)
