"""What an admin sees of a rebuild and of how things stand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admin_cards import (
    Status,
    gaps_card,
    kept_card,
    outcome_card,
    over_card,
    rebuild_card,
    roll_back_failed_card,
    rolled_back_card,
    status_card,
    switched_card,
)
from bot.callback_data import RebuildAction, RebuildPress, unpack
from bot.cards import Card
from bot.gaps import AskedInVain
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.rebuild_events import Cancelled, Failed, Finished, Progress, Worse
from bot.store import VoteCount
from index.types import BuildReport, SkippedFile
from tests.bot.card_texts import any_text
from tests.bot.client import buttons, received

ENGLISH = phrases_for("en")
TOKEN = "20260101T000000Z-abcdef"
REPORT = BuildReport("new", True, 12, 325, 900, 2, 1, 1, 311, (), (), 4.2)
STATUS = Status("new", 7_500, 12, 1_325, "all-MiniLM-L6-v2", 90_000, 41.6, 98.2, 1_000, 3)


def actions(card: Card) -> list[RebuildAction]:
    presses = [unpack(button.callback_data or "") for button in buttons(card)]
    assert all(isinstance(press, RebuildPress) and press.token == TOKEN for press in presses)
    return [press.action for press in presses if isinstance(press, RebuildPress)]


def test_progress_shows_bar_phase_count_and_time_left() -> None:
    card = rebuild_card(Progress("embedding", 190, 325, 9.0, 12.4), TOKEN, ENGLISH)
    assert received(card).text == "Encoding texts\n▰▰▰▰▰▰▰▱▱▱▱▱ 58% · 190 of 325\nabout 12 s left"
    assert actions(card) == [RebuildAction.CANCEL]


@pytest.mark.parametrize(
    ("done", "total", "expected"), [(0, 0, "0%"), (999, 1_000, "99%"), (5, 5, "100%"), (7, 5, "100%")]
)
def test_a_bar_is_full_only_when_all_is_done(done: int, total: int, expected: str) -> None:
    text = received(rebuild_card(Progress("reading", done, total, 1.0, None), TOKEN, ENGLISH)).text
    assert f" {expected} · " in text
    assert ("▱" not in text) == (expected == "100%")


@pytest.mark.parametrize("phase", ["reading", "exporting", "embedding", "writing", "scoring"])
@pytest.mark.parametrize("phrases", [*map(phrases_for, LANGUAGES)], ids=LANGUAGES)
def test_every_phase_has_a_name_in_every_language(phase: str, phrases: Phrases) -> None:
    card = rebuild_card(Progress(phase, 1, 2, 1.0, 3.0), TOKEN, phrases)  # type: ignore[arg-type]
    assert len(received(card).text.split("\n")) == 3


def test_a_rebuild_begins_with_a_button_to_cancel_it() -> None:
    assert actions(rebuild_card(None, TOKEN, ENGLISH)) == [RebuildAction.CANCEL]


def test_a_finished_rebuild_says_what_changed_and_offers_to_go_back() -> None:
    card = outcome_card(Finished(REPORT, 0.912, 0.905, True), "new", TOKEN, ENGLISH)
    assert received(card).text == (
        "Rebuilt: generation new answers from now on.\n"
        "+2 articles, ~1 changed, -1 gone, 311 of 325 passages reused, 4.2 s\n"
        "Golden questions: 91.2% before, 90.5% after."
    )
    assert actions(card) == [RebuildAction.ROLL_BACK]
    assert not outcome_card(
        Finished(REPORT, None, 1.0, True), "new", TOKEN, ENGLISH, can_roll_back=False
    ).buttons


def test_the_first_score_has_nothing_to_be_compared_with() -> None:
    text = received(outcome_card(Finished(REPORT, None, 0.5, True), "new", TOKEN, ENGLISH)).text
    assert text.endswith("\nGolden questions: 50.0%.")
    text = received(outcome_card(Finished(REPORT, None, None, True), "new", TOKEN, ENGLISH)).text
    assert "Golden" not in text


def test_questions_that_are_no_longer_right_are_named() -> None:
    """The few first ones: who decides whether to switch wants to know what is lost."""
    lost = tuple(f"What is number {number}?" for number in range(7))
    for outcome in (Worse(REPORT, 0.9, 0.5, lost), Finished(REPORT, 0.9, 0.9, True, lost)):
        text = received(outcome_card(outcome, "old", TOKEN, ENGLISH)).text
        assert (
            "Right before, wrong now:\nWhat is number 0?\nWhat is number 1?\nWhat is number 2?\n"
            "What is number 3?\nWhat is number 4?\nand 2 more"
        ) in text
    text = received(outcome_card(Worse(REPORT, 0.9, 0.5), "old", TOKEN, ENGLISH)).text
    assert "wrong now" not in text


def test_a_worse_rebuild_asks() -> None:
    card = outcome_card(Worse(REPORT, 0.9, 0.5), "old", TOKEN, ENGLISH)
    assert received(card).text.endswith("Switch to it all the same?")
    assert actions(card) == [RebuildAction.SWITCH, RebuildAction.KEEP]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Finished(REPORT, None, None, False), "Nothing has changed."),
        (Failed("The disk is full; free some."), "The rebuild did not work.\nThe disk is full; free some."),
        (Cancelled(), "The rebuild was cancelled."),
    ],
    ids=["unchanged", "failed", "cancelled"],
)
def test_what_changed_nothing_says_which_generation_goes_on(
    outcome: Finished | Failed | Cancelled, expected: str
) -> None:
    card = outcome_card(outcome, "old", TOKEN, ENGLISH)
    assert received(card).text == f"{expected}\nGeneration old goes on answering."
    assert not card.buttons


def test_decisions_are_confirmed() -> None:
    assert received(kept_card("old", ENGLISH)).text.endswith("Generation old goes on answering.")
    assert (
        received(rolled_back_card("old", ENGLISH)).text
        == "Rolled back. Generation old answers again, until the next rebuild."
    )
    failed = received(roll_back_failed_card("There is none.", "new", ENGLISH)).text
    assert failed == "Rolling back did not work.\nThere is none.\nGeneration new goes on answering."


def test_files_that_were_left_out_are_named() -> None:
    skipped = tuple(SkippedFile(f"{number}.md", "It is empty; write something.") for number in range(12))
    card = outcome_card(Finished(replace(REPORT, skipped=skipped), None, None, True), "new", TOKEN, ENGLISH)
    *_, title, first, _, _, _, _, _, _, _, _, last, rest = received(card).text.split("\n")
    assert title == "Left out:"
    assert first == "0.md: It is empty; write something."
    assert last.startswith("9.md")
    assert rest == "and 2 more"


@given(any_text(), any_text(), st.integers(0, 30), st.sampled_from(LANGUAGES).map(phrases_for))
def test_any_file_and_any_reason_is_a_message(path: str, reason: str, count: int, phrases: Phrases) -> None:
    report = replace(REPORT, skipped=(SkippedFile(path, reason),) * count)
    lost = (reason,) * count
    for outcome in (Finished(report, 0.1, 0.2, True), Worse(report, 0.2, 0.1, lost), Failed(reason)):
        assert received(outcome_card(outcome, "new", TOKEN, phrases)).text


def test_the_status_has_a_line_for_each() -> None:
    assert received(status_card(STATUS, ENGLISH)).text == (
        "Generation: new, 2 h 5 min old\n"
        "Articles: 12, passages: 1,325\n"
        "Model: all-MiniLM-L6-v2\n"
        "Running for: 1 d 1 h\n"
        "Answer times: half within 42 ms, 95% within 98 ms (last 1,000)\n"
        "Waiting questions: 3"
    )


def test_before_the_first_answer_there_are_no_times() -> None:
    text = received(status_card(replace(STATUS, p50_ms=None, p95_ms=None), ENGLISH)).text
    assert "No question was answered yet." in text


def test_questions_asked_in_vain_are_told_with_how_often_and_what_is_left_out() -> None:
    asked = AskedInVain(tuple((f"Why {number}?", 1_500 - number) for number in range(23)), 4)
    lines = received(gaps_card(asked, VoteCount(12, 3), ENGLISH)).text.split("\n")
    assert lines[:2] == [ENGLISH.gaps_heading, "1,500 × Why 0?"]
    assert lines[20:] == [
        "1,481 × Why 19?",
        "and 3 more",
        "Without their text: 4 more",
        "Votes on answers: 👍 12, 👎 3",
    ]


def test_where_nothing_was_asked_in_vain_the_card_says_so() -> None:
    assert received(gaps_card(AskedInVain((), 0), VoteCount(0, 0), ENGLISH)).text.split("\n") == [
        ENGLISH.gaps_none,
        "Votes on answers: 👍 0, 👎 0",
    ]


@given(st.lists(any_text(), max_size=25), st.sampled_from(LANGUAGES).map(phrases_for))
def test_any_questions_asked_in_vain_are_a_message_of_a_line_each(
    questions: list[str], phrases: Phrases
) -> None:
    asked = AskedInVain(tuple((question, 1) for question in questions), 0)
    lines = received(gaps_card(asked, VoteCount(0, 0), phrases)).text.split("\n")
    assert len(lines) == 2 + min(len(questions), 20) + (len(questions) > 20)


@pytest.mark.parametrize("phrases", [*map(phrases_for, LANGUAGES)], ids=LANGUAGES)
def test_what_nothing_more_is_known_of_is_told_with_what_answers_now(phrases: Phrases) -> None:
    switched = switched_card(TOKEN, TOKEN, phrases)
    assert TOKEN in received(switched).text
    assert actions(switched) == [RebuildAction.ROLL_BACK]
    assert actions(switched_card(TOKEN, TOKEN, phrases, can_roll_back=False)) == []
    over = over_card(TOKEN, phrases)
    assert received(over).text.startswith(phrases.rebuild_over)
    assert TOKEN in received(over).text
    assert actions(over) == []
