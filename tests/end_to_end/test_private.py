"""A private chat with the running bot."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.callback_data import ExamplePress, OpenPress, unpack
from bot.phrases import phrases_for
from bot.store import Store
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.pressing import presses_old
from tests.end_to_end.transcripts import Transcript
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Message
from tests.stand_in.wire import chat_json, user_json

ENGLISH = phrases_for("en")
BUILT = "Who built the lighthouse of Hornby Head?"
UNANSWERED = "How do I repair a bicycle tyre?"
NEARLY = "How much does a tin of green tea cost?"


@pytest.fixture(scope="module")
def bot_settings(articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    text = (articles / "lighthouse.txt").read_bytes().decode()
    start = text.index("James Barnet")
    span = {"article": "lighthouse", "start": start, "end": start + 12, "text": "James Barnet"}
    golden = tmp_path_factory.mktemp("golden") / "questions.jsonl"
    golden.write_text(json.dumps({"id": "a", "question": BUILT, "spans": [span]}), encoding="utf-8")
    return {"FOOTNOTE_QUESTIONS": str(golden)}


pytestmark = pytest.mark.usefixtures("bot")


def gaps(bot: BotProcess) -> list[str | None]:
    connection = sqlite3.connect(bot.database)
    try:
        return [question for (question,) in connection.execute("SELECT question FROM footnote_gaps")]
    finally:
        connection.close()


def sends(stand_in: StandIn, person: Person, **content: Any) -> Message:
    """Send what is no text, and a text after it."""
    with stand_in.world.changing():
        person.chat.started = True
        fields = {
            "message_id": person.chat.next_message_id,
            "date": 1_700_000_000,
            "chat": chat_json(person.chat),
            "from": user_json(person.user),
            **content,
        }
        person.chat.next_message_id += 1
        stand_in.world.updates.add("message", fields, person.chat.id)
    return person.asks("Hello")


def test_a_conversation_looks_as_it_did(stand_in: StandIn) -> None:
    transcript = Transcript()
    ann = stand_in.person("Ann")
    for text in (
        *("/start", "Hi there!", "How long does green tea keep?", BUILT, "When?", UNANSWERED),
        *("Was jagt der Eisvogel?", "Thank you!", "?!", "/ask", "/help", "/sources", "/settings"),
    ):
        transcript.note(f"Ann: {text}", stand_in.answer_to(ann.asks(text)))
    transcript.assert_as_in("private")


def test_what_the_articles_do_not_say_is_declined_and_recorded(stand_in: StandIn, bot: BotProcess) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks(NEARLY))
    assert answer.text == ENGLISH.declining_with_nearest
    assert [row[0].text.split(":")[0] for row in answer.keyboard] == ["Perhaps"] * 3
    bot.wait_until_idle()
    assert NEARLY in gaps(bot)


def test_nothing_is_offered_where_nothing_comes_near(stand_in: StandIn) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks(UNANSWERED))
    assert answer.text == ENGLISH.declining
    assert not answer.keyboard


def test_an_answered_question_is_no_gap(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    bot.wait_until_idle()
    assert BUILT not in gaps(bot)


def test_a_short_question_that_is_unclear_alone_is_understood_by_the_one_before(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    answer = stand_in.answer_to(ann.asks("And what colour?"))
    assert answer.text.startswith(f"Question: {BUILT} And what colour?\n")
    assert "red and white" in answer.marked("bold")[0]


def test_a_follow_up_that_finds_the_same_sentence_says_so_and_is_a_gap(
    stand_in: StandIn, bot: BotProcess
) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    for text in ("When?", "And in 1900?"):
        answer = stand_in.answer_to(ann.asks(text))
        assert answer.text.startswith(f"{ENGLISH.no_more}\nQuestion: {BUILT} {text}\n")
        assert "1858" in answer.marked("bold")[0]
        bot.wait_until_idle()
        assert f"{BUILT} {text}" in gaps(bot)


def test_a_reaction_is_no_question(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    assert stand_in.answer_to(ann.asks("ok, I see")).text == ENGLISH.reaction
    assert stand_in.answer_to(ann.asks("What can you do?")).text == ENGLISH.help.format(bot="footnote_bot")


def test_a_clear_question_is_answered_alone(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    answer = stand_in.answer_to(ann.asks("What is bread baked from?"))
    assert "Question" not in answer.text
    assert "flour" in answer.marked("bold")[0]


def test_a_reply_belongs_to_the_answer_that_it_replies_to(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    first = stand_in.answer_to(ann.asks(BUILT))
    stand_in.answer_to(ann.asks("How long does green tea keep?"))
    answer = stand_in.answer_to(ann.asks("And what colour?", reply_to=first))
    assert answer.text.startswith(f"Question: {BUILT} And what colour?\n")


def test_nobody_elses_question_is_the_one_before(stand_in: StandIn) -> None:
    stand_in.answer_to(stand_in.person("Ann").asks(BUILT))
    answer = stand_in.answer_to(stand_in.person("Bob").asks("When?"))
    assert answer.text in (ENGLISH.declining, ENGLISH.declining_with_nearest)


def test_an_edited_question_edits_its_answer(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    asked = ann.asks(UNANSWERED)
    answer = stand_in.answer_to(asked)
    assert answer.text == ENGLISH.declining
    stand_in.answer_to(ann.asks("How long does green tea keep?"))
    ann.asks("What is bread baked from?", edits=asked)
    stand_in.wait_for(lambda: "flour" in answer.text)
    ann.asks(NEARLY, edits=asked)
    stand_in.wait_for(lambda: answer.text == ENGLISH.declining_with_nearest)
    assert len(answer.keyboard) == 3
    ann.asks("Thanks", edits=asked)
    stand_in.wait_for(lambda: answer.text == ENGLISH.thanks)
    assert not answer.keyboard
    assert len(ann.chat.from_bot) == 2


def test_an_edited_follow_up_still_follows_up(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks(BUILT))
    asked = ann.asks("And what?")
    answer = stand_in.answer_to(asked)
    ann.asks("And what colour?", edits=asked)
    stand_in.wait_for(lambda: answer.text.startswith(f"Question: {BUILT} And what colour?\n"))
    assert len(ann.chat.from_bot) == 2


def test_an_edited_question_whose_answer_was_deleted_is_answered_anew(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    asked = ann.asks(UNANSWERED)
    ann.deletes(stand_in.answer_to(asked))
    ann.asks(BUILT, edits=asked)
    assert "1858" in stand_in.answer_to(asked).text


@pytest.mark.parametrize("command", ["/start", "/help", "/sources", "/settings"])
def test_an_edited_command_is_not_answered_twice(stand_in: StandIn, command: str) -> None:
    ann = stand_in.person("Ann")
    asked = ann.asks(command)
    stand_in.answer_to(asked)
    ann.asks(f"{command} ", edits=asked)
    stand_in.answer_to(ann.asks("Hello"))
    assert len(ann.chat.from_bot) == 2


def test_ask_takes_a_question_after_it(stand_in: StandIn) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks(f"/ask {BUILT}"))
    assert "1858" in answer.text


@pytest.mark.parametrize(
    "content",
    [
        {
            "sticker": {"file_id": "a", "file_unique_id": "b", "type": "regular", "width": 8, "height": 8}
            | {"is_animated": False, "is_video": False}
        },
        {"voice": {"file_id": "a", "file_unique_id": "b", "duration": 3}},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
    ],
    ids=lambda content: next(iter(content)),
)
def test_what_is_no_text_gets_a_word_of_its_own(stand_in: StandIn, content: dict[str, Any]) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(sends(stand_in, ann, **content))
    stand_in.wait_for(lambda: len(ann.chat.from_bot) == 2)
    assert [message.text for message in ann.chat.from_bot] == [ENGLISH.only_text, ENGLISH.greeting]


def test_an_album_gets_one_answer(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 9, "height": 9}]
    for _ in range(3):
        sends(stand_in, ann, photo=photo, media_group_id="1")
    sends(stand_in, ann, photo=photo, caption=BUILT, media_group_id="2")
    sends(stand_in, ann, photo=photo, media_group_id="2")
    ann.asks("Thanks")
    stand_in.wait_for(lambda: ENGLISH.thanks in [message.text for message in ann.chat.from_bot])
    said = [message.text for message in ann.chat.from_bot if message.text != ENGLISH.greeting]
    assert said[0] == ENGLISH.only_text
    assert "1858" in said[1]
    assert said[2:] == [ENGLISH.thanks]


def test_what_is_written_under_a_picture_is_a_question(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 9, "height": 9}]
    stand_in.answer_to(sends(stand_in, ann, photo=photo, caption=BUILT))
    assert "1858" in ann.chat.from_bot[0].text


def test_a_service_message_is_passed_over(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(sends(stand_in, ann, group_chat_created=True))
    assert [message.text for message in ann.chat.from_bot] == [ENGLISH.greeting]


def test_an_unknown_command_gets_help(stand_in: StandIn) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks("/frobnicate now"))
    assert answer.text == ENGLISH.help.format(bot="footnote_bot")


def test_the_language_is_that_of_the_persons_telegram(stand_in: StandIn) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann", language="de").asks(UNANSWERED))
    assert answer.text == phrases_for("de").declining


def test_who_asks_in_a_language_of_no_article_is_told_which_they_are_in(stand_in: StandIn) -> None:
    asked = stand_in.person("Luz", language="es").asks("¿Cómo se llama la capital de Mongolia?")
    spanish = phrases_for("es")
    told = spanish.other_language.format(languages="alemán, inglés")
    assert stand_in.answer_to(asked).text == f"{spanish.declining}\n{told}"
    # Where letters alone tell it, whatever the person's own language is.
    asked = stand_in.person("Eve").asks("Как называется столица Монголии?")
    assert stand_in.answer_to(asked).text == (
        f"{ENGLISH.declining}\n{ENGLISH.other_language.format(languages='German, English')}"
    )


def test_a_tap_on_an_example_answers_it_and_a_follow_up_belongs_to_it(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    welcome = stand_in.answer_to(ann.asks("/start"))
    press = ann.presses(welcome, BUILT)
    assert stand_in.toast(press) == ""
    answer = stand_in.answer_to(welcome)
    assert answer.marked("italic") == [BUILT]
    assert "1858" in answer.marked("bold")[0]
    assert stand_in.answer_to(ann.asks("When?")).marked("italic") == [f"{BUILT} When?"]
    assert press.update_id is not None
    stand_in.redeliver(press.update_id)
    stand_in.answer_to(ann.asks("Hello"))
    assert len(ann.chat.from_bot) == 4


def test_an_example_that_is_gone_gets_a_toast(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    welcome = stand_in.answer_to(ann.asks("/start"))
    pressed = presses_old(stand_in, ann, welcome, ExamplePress("0123456789abcdef"))
    assert stand_in.toast(pressed) == ENGLISH.button_unknown


def test_a_link_opens_a_passage(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    listed = stand_in.answer_to(ann.asks("/sources"))
    press = unpack(str(listed.button("1").value))
    assert isinstance(press, OpenPress)
    opened = stand_in.answer_to(ann.asks(f"/start s_{press.passage_id}"))
    assert "paragraph 1 of 3" in opened.text
    assert opened.button("In context")


def test_a_link_to_a_passage_that_is_gone_says_so(stand_in: StandIn) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks("/start s_0123456789abcdef"))
    assert answer.text == ENGLISH.passage_gone


def test_a_link_with_a_kept_question_answers_it(stand_in: StandIn, bot: BotProcess) -> None:
    async def keep() -> str:
        store = await Store.open(f"sqlite+aiosqlite:///{bot.database}", keep_questions_days=30)
        try:
            return await store.keep_question(BUILT)
        finally:
            await store.aclose()

    answer = stand_in.answer_to(stand_in.person("Ann").asks(f"/start q_{asyncio.run(keep())}"))
    assert answer.text.startswith(f"Question: {BUILT}\n")


@pytest.mark.parametrize("payload", ["q_forgotten", "s_short", "anything", "q_"])
def test_a_link_that_leads_nowhere_says_welcome(stand_in: StandIn, payload: str) -> None:
    answer = stand_in.answer_to(stand_in.person("Ann").asks(f"/start {payload}"))
    assert answer.text.startswith(ENGLISH.welcome)


def test_a_redelivered_question_is_answered_once(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    asked = ann.asks(BUILT)
    stand_in.answer_to(asked)
    (update_id,) = [
        update["update_id"]
        for call in stand_in.calls("getUpdates")
        for update in call.result or ()
        if update.get("message", {}).get("chat", {}).get("id") == ann.chat.id
    ]
    stand_in.redeliver(update_id)
    stand_in.answer_to(ann.asks("Hello"))
    assert len(ann.chat.from_bot) == 2
