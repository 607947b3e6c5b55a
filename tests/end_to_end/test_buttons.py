"""The buttons under what the running bot has shown."""

from __future__ import annotations

import pytest

from bot.callback_data import ContextPress, LanguagePress, OpenPress, Shelf, ShowPress, VotePress
from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.pressing import post_inline, presses_old
from tests.end_to_end.transcripts import Transcript
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Message

ENGLISH = phrases_for("en")
GERMAN = phrases_for("de")
BREWED = "How long is black tea brewed?"
UNANSWERED = "How much does a tin of green tea cost?"
GONE = Shelf(("0123456789abcdef",), (None,), 0)

pytestmark = pytest.mark.usefixtures("bot")


def pressed(stand_in: StandIn, person: Person, message: Message, label: str) -> None:
    """Press a button that changes its message, and wait until it has."""
    before = len(message.history)
    assert stand_in.toast(person.presses(message, label)) == ""
    stand_in.wait_for(lambda: len(message.history) > before)


def test_a_walk_through_an_answer_looks_as_it_did(stand_in: StandIn) -> None:
    transcript = Transcript()
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    transcript.note(f"Ann: {BREWED}", message)
    for label in ("2/5", "In context", "Only the passage", "1/5", "In context"):
        pressed(stand_in, ann, message, label)
        transcript.note(f"[ {label} ]", message)
    message = stand_in.answer_to(ann.asks(UNANSWERED))
    transcript.note(f"Ann: {UNANSWERED}", message)
    for label in ("Perhaps", "2/3"):
        pressed(stand_in, ann, message, label)
        transcript.note(f"[ {label} ]", message)
    message = stand_in.answer_to(ann.asks("/sources"))
    for label in ("4", "In context", "☰"):
        pressed(stand_in, ann, message, label)
        transcript.note(f"/sources [ {label} ]", message)
    transcript.assert_as_in("buttons")


def test_turning_forth_and_back_shows_the_same_again(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    first = message.content
    pressed(stand_in, ann, message, "2/5")
    assert message.content != first
    pressed(stand_in, ann, message, "1/5")
    assert message.content == first
    assert len(ann.chat.from_bot) == 1


def test_the_context_and_back_shows_the_same_again(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    first = message.content
    pressed(stand_in, ann, message, "In context")
    pressed(stand_in, ann, message, "Only the passage")
    assert message.content == first


def test_the_question_above_stays(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.answer_to(ann.asks("Who built the lighthouse of Hornby Head?"))
    message = stand_in.answer_to(ann.asks("When?"))
    told = message.marked("italic")
    assert told == ["Who built the lighthouse of Hornby Head? When?"]
    for label in ("2/5", "In context", "Only the passage"):
        pressed(stand_in, ann, message, label)
        assert message.marked("italic") == told


def test_a_press_that_comes_again_does_no_harm(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    press = ann.presses(message, "2/5")
    stand_in.wait_for(lambda: len(message.history) == 1)
    shown = message.content
    assert press.update_id is not None
    stand_in.redeliver(press.update_id, new_id=True)
    stand_in.toast(ann.presses(message, "👍"))
    assert message.content == shown
    assert len(ann.chat.from_bot) == 1


def test_a_press_by_somebody_else_works(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Tea", ann, bob)
    message = stand_in.answer_to(ann.writes(group, f"/ask@footnote_bot {BREWED}"))
    pressed(stand_in, bob, message, "2/5")
    pressed(stand_in, ann, message, "3/5")


def test_a_vote_counts_once_a_person(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Tea", ann, bob)
    message = stand_in.answer_to(ann.writes(group, f"/ask@footnote_bot {BREWED}"))
    shown = message.content
    votes = [(ann, "👍"), (ann, "👍"), (bob, "👎"), (ann, "👎"), (bob, "👎")]
    assert [stand_in.toast(person.presses(message, thumb)) for person, thumb in votes] == [
        *(ENGLISH.voted_up, ENGLISH.vote_kept, ENGLISH.voted_down, ENGLISH.vote_changed, ENGLISH.vote_kept)
    ]
    assert message.content == shown


@pytest.mark.parametrize("press", [ShowPress(GONE), ContextPress(GONE), OpenPress(GONE.passage_id)])
def test_a_passage_that_is_gone_gets_a_toast(
    stand_in: StandIn, press: ShowPress | ContextPress | OpenPress
) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    shown = message.content
    assert stand_in.toast(presses_old(stand_in, ann, message, press)) == ENGLISH.passage_gone
    assert message.content == shown


@pytest.mark.parametrize("data", ["x", "s9", "lxx", "older version: 1"])
def test_a_button_that_is_not_understood_gets_a_toast(stand_in: StandIn, data: str) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    assert stand_in.toast(presses_old(stand_in, ann, message, data)) == ENGLISH.button_unknown


def test_a_nearest_passage_opens_in_place_with_the_others_beside_it(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(UNANSWERED))
    labels = [button.text for button in message.buttons()]
    pressed(stand_in, ann, message, labels[1])
    assert [button.text for button in message.keyboard[0]][:2] == ["◀ 1/3", "3/3 ▶"]
    assert message.text.startswith(f"{ENGLISH.near}\n")
    for label in ("3/3", "In context", "Only the passage"):
        pressed(stand_in, ann, message, label)
        assert message.text.startswith(f"{ENGLISH.near}\n")
    assert len(ann.chat.from_bot) == 1


def test_the_list_of_articles_opens_one_and_comes_back(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks("/sources"))
    listed = message.content
    pressed(stand_in, ann, message, "2")
    pressed(stand_in, ann, message, "In context")
    pressed(stand_in, ann, message, "☰")
    assert message.content == listed


def test_a_language_is_chosen_in_private(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks("/settings"))
    assert stand_in.toast(ann.presses(message, "Deutsch")) == GERMAN.language_set
    stand_in.wait_for(lambda: message.text == GERMAN.settings.format(language="Deutsch"))
    assert stand_in.answer_to(ann.asks(UNANSWERED)).text == GERMAN.declining_with_nearest


def test_in_a_group_an_admin_chooses_the_language(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    group = stand_in.group("Tee", ann, bob)
    message = stand_in.answer_to(bob.writes(group, "/settings@footnote_bot"))
    assert stand_in.toast(bob.presses(message, "Deutsch")) == ENGLISH.group_admins_only
    assert stand_in.toast(ann.presses(message, "Deutsch")) == GERMAN.language_set
    answer = stand_in.answer_to(bob.writes(group, f"/ask@footnote_bot {UNANSWERED}"))
    assert answer.text == GERMAN.declining_with_nearest


def test_a_language_that_is_not_spoken_is_not_set(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks("/settings"))
    assert stand_in.toast(presses_old(stand_in, ann, message, LanguagePress("fr"))) == ENGLISH.button_unknown


def test_buttons_of_a_message_that_was_sent_inline_work(stand_in: StandIn) -> None:
    ann, bob = stand_in.person("Ann"), stand_in.person("Bob")
    posted = post_inline(stand_in, ann, stand_in.answer_to(ann.asks(BREWED)))
    pressed(stand_in, bob, posted, "2/5")
    pressed(stand_in, ann, posted, "In context")
    pressed(stand_in, ann, posted, "Only the passage")
    assert stand_in.toast(bob.presses(posted, "👍")) == ENGLISH.voted_up
    assert stand_in.toast(bob.presses(posted, "👍")) == ENGLISH.vote_kept
    assert (
        stand_in.toast(presses_old(stand_in, bob, posted, VotePress(GONE, up=False))) == ENGLISH.vote_changed
    )
    assert stand_in.toast(presses_old(stand_in, bob, posted, ShowPress(GONE))) == ENGLISH.passage_gone


def test_a_message_that_was_deleted_meanwhile_does_no_harm(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    press = ann.presses(message, "2/5")
    ann.deletes(message)
    assert stand_in.toast(press) == ""
    stand_in.answer_to(ann.asks("Hello"))
    assert bot.lines("handler_failed") == []


def test_old_buttons_work_after_a_restart(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    message = stand_in.answer_to(ann.asks(BREWED))
    bot.restart()
    pressed(stand_in, ann, message, "2/5")
    pressed(stand_in, ann, message, "In context")
