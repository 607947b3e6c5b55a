"""Queries are answered while they are young, and what the bot says of itself is kept, as Telegram does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.raw_bot import RawBot


@pytest.fixture
def alice(stand_in: StandIn) -> Person:
    person = stand_in.person("Alice")
    person.asks("/start")
    return person


MORE = {"inline_keyboard": [[{"text": "More", "callback_data": "m"}]]}


def article(result_id: str = "1", text: str = "x", **fields: Any) -> dict[str, Any]:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {"type": "article", "id": result_id, "title": "t", "input_message_content": content, **fields}


def test_an_inline_answer_is_shown_kept_and_checked(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    query = alice.types_inline("when")
    many = [article(str(i)) for i in range(51)]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"results": [article("1"), article("1")]}, "RESULT_ID_DUPLICATE"),
        ({"results": [article("é" * 33)]}, "RESULT_ID_INVALID"),
        ({"results": many}, "RESULTS_TOO_MUCH"),
        ({"results": [article(text="<b>")]}, "can't parse entities: Can't find end tag"),
        ({"results": [], "next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        ({"results": [], "button": {"text": "Go", "start_parameter": "a b"}}, "START_PARAM_INVALID"),
        ({"results": [], "button": {"text": "Go"}}, "exactly one of web_app and start_parameter"),
    ]
    for values, reason in cases:
        said = bot.refusal("answerInlineQuery", inline_query_id=query.id, **values)
        assert said.startswith(f"Bad Request: {reason}")
    assert not query.answered
    results = [article("1", "<b>a</b>", description="d")]
    bot.call("answerInlineQuery", inline_query_id=query.id, results=results, next_offset="2", cache_time=5)
    assert [(r.title, r.description, r.content.text) for r in query.results] == [("t", "d", "a")]
    assert alice.types_inline("when").update_id is None
    assert alice.scrolls(query).update_id is not None


def test_a_personal_answer_is_kept_for_its_person_alone(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    query = alice.types_inline("q")
    bot.call("answerInlineQuery", inline_query_id=query.id, results=[], cache_time=5, is_personal=True)
    assert alice.types_inline("q").answered
    assert not stand_in.person("Bob").types_inline("q").answered


def test_an_old_query_or_press_can_no_longer_be_answered(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    query = alice.types_inline("q")
    stand_in.switches.inline_seconds = stand_in.switches.callback_seconds = 0
    assert bot.refusal("answerInlineQuery", inline_query_id=query.id, results=[]) == too_old
    bot.call("sendMessage", chat_id=alice.user.id, text="x", reply_markup=MORE)
    press = alice.presses(alice.chat.from_bot[0], "More")
    assert bot.refusal("answerCallbackQuery", callback_query_id=press.id) == too_old
    assert [update for update in bot.updates() if "inline_query" in update] == []


def test_a_press_is_answered_with_a_toast_of_200_characters_at_most(bot: RawBot, alice: Person) -> None:
    bot.call("sendMessage", chat_id=alice.user.id, text="x", reply_markup=MORE)
    press = alice.presses(alice.chat.from_bot[0], "More")
    said = bot.refusal("answerCallbackQuery", callback_query_id=press.id, text="x" * 201)
    assert said == "Bad Request: MESSAGE_TOO_LONG"
    assert not press.answered
    bot.call("answerCallbackQuery", callback_query_id=press.id, text="Gone")
    assert press.toast == "Gone"
    with pytest.raises(LookupError, match="only: 'More'"):
        alice.presses(alice.chat.from_bot[0], "Less")


def test_commands_are_kept_by_scope_and_language(bot: RawBot) -> None:
    ask = [{"command": "ask", "description": "Ask"}]
    bot.call("setMyCommands", commands=ask, scope={"type": "all_private_chats"}, language_code="de")
    assert bot.call("getMyCommands") == []
    assert bot.call("getMyCommands", scope={"type": "all_private_chats"}, language_code="de") == ask
    wrong = [{"command": "Ask", "description": "Ask"}]
    assert bot.refusal("setMyCommands", commands=wrong) == "Bad Request: BOT_COMMAND_INVALID"
    elsewhere = {"type": "chat", "chat_id": 1}
    assert bot.refusal("setMyCommands", commands=ask, scope=elsewhere) == "Bad Request: chat not found"


def test_descriptions_fall_back_to_those_without_a_language(bot: RawBot) -> None:
    bot.call("setMyDescription", description="Answers")
    bot.call("setMyShortDescription", short_description="Short", language_code="de")
    assert bot.call("getMyDescription", language_code="de") == {"description": "Answers"}
    assert bot.call("getMyShortDescription") == {"short_description": ""}
    assert bot.refusal("setMyDescription", description="x" * 513) == "Bad Request: BOT_DESCRIPTION_INVALID"
