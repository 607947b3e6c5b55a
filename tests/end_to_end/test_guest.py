"""A running bot that is called into chats which it has not joined."""

from __future__ import annotations

from typing import Final

import pytest

from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.transcripts import Transcript
from tests.stand_in.control import StandIn
from tests.stand_in.records import GuestQuery, Message

ENGLISH: Final = phrases_for("en")
BUILT: Final = "Who built the lighthouse of Hornby Head?"
UNKNOWN: Final = "What is the capital of Mongolia?"

pytestmark = pytest.mark.usefixtures("bot")


def posted(stand_in: StandIn, query: GuestQuery) -> Message:
    """Wait for the bot's answer to a call, and return it."""
    answer = stand_in.wait_for(lambda: query.posted)
    assert answer is not None
    return answer


def answers(stand_in: StandIn) -> int:
    return len(stand_in.log.of("answerGuestQuery"))


def test_a_question_gets_the_best_passage_as_the_inline_card(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    answer = posted(stand_in, ann.calls_guest(f"@footnote_bot {BUILT}"))
    assert answer.marked("italic") == [BUILT]
    assert "1858 by James Barnet" in answer.marked("bold")[0]
    before = answer.text
    stand_in.toast(ann.presses(answer, "▶"))
    stand_in.wait_for(lambda: answer.text != before)


def test_the_name_may_stand_anywhere(stand_in: StandIn) -> None:
    answer = posted(stand_in, stand_in.person("Ann").calls_guest(f"{BUILT} @Footnote_Bot"))
    assert answer.marked("italic") == [BUILT]


def test_called_to_somebodys_question_it_answers_that(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    asked = bob.writes(stand_in.elsewhere, BUILT)
    answer = posted(stand_in, ann.calls_guest("@Footnote_Bot", reply_to=asked))
    assert answer.marked("italic") == [BUILT]


def test_it_says_when_the_articles_do_not(stand_in: StandIn) -> None:
    answer = posted(stand_in, stand_in.person("Ann").calls_guest(f"@footnote_bot {UNKNOWN}"))
    assert answer.text == ENGLISH.declining


def test_who_asks_in_a_language_of_no_article_is_told_which_they_are_in(stand_in: StandIn) -> None:
    luz = stand_in.person("Luz", language="es")
    answer = posted(stand_in, luz.calls_guest("@footnote_bot ¿Cómo se llama la capital de Mongolia?"))
    spanish = phrases_for("es")
    assert answer.text == f"{spanish.declining}\n{spanish.other_language.format(languages='alemán, inglés')}"


def test_it_is_friendly(stand_in: StandIn) -> None:
    uli = stand_in.person("Uli", language="de")
    german = phrases_for("de")
    said = {
        "@footnote_bot Hallo!": german.greeting,
        "@footnote_bot Danke": german.thanks,
        "@Footnote_Bot": german.no_question,
    }
    for text, answer in said.items():
        assert posted(stand_in, uli.calls_guest(text)).text == answer


def test_what_was_cut_off_is_answered_once(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    stand_in.faults.fail("answerGuestQuery", code=502)
    stand_in.faults.fail("answerGuestQuery", code=429, retry_after=1)
    assert "1858" in posted(stand_in, ann.calls_guest(f"@footnote_bot {BUILT}")).text
    stand_in.faults.drop_after("answerGuestQuery")
    before = answers(stand_in)
    called = ann.calls_guest(f"@footnote_bot {BUILT}!")
    stand_in.wait_for(lambda: answers(stand_in) == before + 2)
    assert called.posted is not None
    assert bot.lines("handler_failed") == []


def test_a_call_that_came_twice_is_answered_once(stand_in: StandIn, bot: BotProcess) -> None:
    called = stand_in.person("Ann").calls_guest(f"@footnote_bot {BUILT}")
    first = posted(stand_in, called)
    before = answers(stand_in)
    assert called.update_id is not None
    stand_in.redeliver(called.update_id, new_id=True)
    stand_in.wait_for(lambda: answers(stand_in) > before)
    posted(stand_in, stand_in.person("Bob").calls_guest(f"@footnote_bot {BUILT}"))
    assert called.posted is first
    assert bot.lines("handler_failed") == []


def test_people_see_answers_that_a_reader_has_looked_at(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    transcript = Transcript()
    for text in (f"@footnote_bot {BUILT}", f"@footnote_bot {UNKNOWN}", "@footnote_bot hello"):
        called = ann.calls_guest(text)
        transcript.note("Ann calls a bot that is not in the chat", called.message, posted(stand_in, called))
    transcript.assert_as_in("guest")
