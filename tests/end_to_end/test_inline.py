"""A running bot while people type after its name, scroll, and choose."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from bot.commands import app
from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.transcripts import Transcript
from tests.stand_in.control import StandIn
from tests.stand_in.records import InlineQuery
from tests.stand_in.rendering import show_results

ENGLISH: Final = phrases_for("en")
KEEP: Final = "How long does green tea keep?"
BIRDS: Final = "How many puffins and terns nest on an island?"
BUILT: Final = "Who built the lighthouse of Hornby Head?"
UNKNOWN: Final = "What is the capital of Mongolia?"
_ISLANDS: Final = 24
_KEY: Final = re.compile(r"q_[A-Za-z0-9_-]+")

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(scope="module")
def own_articles(articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The articles of all, one more of many passages about the same, and golden questions beside them."""
    folder = tmp_path_factory.mktemp("inline") / "articles"
    shutil.copytree(articles, folder)
    sections = (
        f"## Island {number}\n\nMany birds nest on island {number}: there are {10 * number} puffins and "
        f"{number} terns. The path around it is {number} kilometres long and closed while they breed.\n"
        for number in range(1, _ISLANDS + 1)
    )
    head = "---\ntitle: The islands and their birds\npublished: 2025-02-03\n---\n\n"
    (folder / "islands.md").write_text(head + "\n".join(sections), encoding="utf-8")
    golden = {KEEP: "tea.md", BUILT: "lighthouse.txt", "lighthouse when": "lighthouse.txt", UNKNOWN: None}
    lines = (
        json.dumps(
            {"id": question, "question": question, "spans": [] if name is None else [_span(folder, name)]}
        )
        for question, name in golden.items()
    )
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bot(
    stand_in: StandIn, own_articles: Path, index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BotProcess]:
    """A bot that answers from these articles; their index is built from that of all."""
    folder = tmp_path_factory.mktemp("inline")
    shutil.copytree(index, folder / "index", symlinks=True)
    options = ["--articles", str(own_articles), "--index", str(folder / "index")]
    result = CliRunner().invoke(app, ["build", *options])
    assert result.exit_code == 0, result.output
    with BotProcess(stand_in, own_articles, folder / "index", folder / "state").running() as process:
        yield process


def _span(folder: Path, name: str) -> dict[str, Any]:
    """Return a place in an article as a file of questions names it."""
    path = folder / name
    return {"article": path.stem, "start": 0, "end": 3, "text": path.read_text(encoding="utf-8")[:3]}


def ids(query: InlineQuery) -> list[str]:
    return [result.id for result in query.results]


def answers_to(stand_in: StandIn, query: InlineQuery) -> int:
    """Return how often the bot has tried to answer a query."""
    calls = stand_in.log.of("answerInlineQuery")
    return sum(call.values.get("inline_query_id") == query.id for call in calls)


def test_passages_are_listed_under_the_question_the_best_first(stand_in: StandIn) -> None:
    query = stand_in.answered(stand_in.person("Ann").types_inline(KEEP))
    best = query.results[0]
    assert best.title == "Green tea keeps for one year, black tea for three years."
    assert best.description == "Tea and how to keep it · 2024-05-01"
    assert query.answer is not None
    assert int(query.answer["cache_time"]) <= 10
    assert query.answer["is_personal"]
    assert not query.answer.get("button")


def test_choosing_one_posts_its_card_with_the_question_above(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    query = stand_in.answered(ann.types_inline(KEEP))
    posted = ann.chooses(query.results[0], stand_in.elsewhere)
    assert posted.marked("italic") == [KEEP]
    assert "Green tea keeps for one year" in posted.marked("bold")[0]
    assert {button.kind for button in posted.buttons()} == {"callback_data", "copy_text"}
    before = posted.text
    stand_in.toast(ann.presses(posted, "▶"))
    stand_in.wait_for(lambda: posted.text != before)
    assert posted.marked("italic") == [KEEP]
    for button in ("In context", "Only the passage", "◀"):
        before = posted.text
        stand_in.toast(ann.presses(posted, button))
        stand_in.wait_for(lambda before=before: posted.text != before)  # type: ignore[misc]
        assert posted.marked("italic") == [KEEP]


def test_an_example_that_was_chosen_keeps_its_question(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    example = stand_in.answered(ann.types_inline("")).results[0]
    posted = ann.chooses(example, stand_in.elsewhere)
    assert posted.marked("italic") == [KEEP]
    stand_in.toast(ann.presses(posted, "▶"))
    stand_in.wait_for(lambda: "2/" not in posted.keyboard[0][0].text)
    assert posted.marked("italic") == [KEEP]


def test_without_feedback_the_card_is_leafed_through_without_its_question(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    stand_in.switches.inline_feedback = False
    try:
        posted = ann.chooses(stand_in.answered(ann.types_inline(KEEP)).results[0], stand_in.elsewhere)
    finally:
        stand_in.switches.inline_feedback = True
    stand_in.toast(ann.presses(posted, "▶"))
    stand_in.wait_for(lambda: not posted.marked("italic"))


def test_what_is_chosen_is_counted(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    result = stand_in.answered(ann.types_inline(KEEP)).results[0]

    (database,) = bot.state.rglob("state.sqlite3")

    def chosen() -> int:
        with closing(sqlite3.connect(database)) as connection:
            asked = "SELECT coalesce(sum(times), 0) FROM footnote_chosen WHERE passage_id = ?"
            return int(connection.execute(asked, (result.id,)).fetchone()[0])

    before = chosen()
    ann.chooses(result)
    ann.chooses(result)
    stand_in.wait_for(lambda: chosen() == before + 2)


def test_scrolling_shows_more_and_nothing_twice(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    pages = [stand_in.answered(ann.types_inline(BIRDS))]
    while (pages[-1].answer or {}).get("next_offset"):
        pages.append(stand_in.answered(ann.scrolls(pages[-1])))
    assert [len(page.results) for page in pages[:2]] == [10, 10]
    assert len(pages) <= 5
    listed = [each for page in pages for each in ids(page)]
    assert len(listed) == len(set(listed)) > 20


def test_an_offset_that_was_never_given_shows_nothing(stand_in: StandIn) -> None:
    query = stand_in.answered(stand_in.person("Ann").types_inline(BIRDS, "7; 8"))
    assert query.results == ()


def test_before_anything_is_typed_examples_and_the_latest_articles_are_offered(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    query = stand_in.answered(ann.types_inline(""))
    titles = [result.title for result in query.results]
    assert titles[:2] == [KEEP, BUILT]
    dated = ["The islands and their birds", "Tea and how to keep it", "Bread from three things"]
    assert titles[2:5] == dated
    posted = ann.chooses(query.results[1])
    assert posted.marked("italic") == [BUILT]
    assert "1858" in posted.text
    assert ann.chooses(query.results[2]).keyboard


def test_only_signs_are_as_nothing_typed(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    nothing, signs = (stand_in.answered(ann.types_inline(text)) for text in ("", "?! …"))
    assert ids(nothing) == ids(signs)


def test_nothing_found_leads_to_the_private_chat_with_the_question(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    query = stand_in.answered(ann.types_inline(UNKNOWN))
    button = (query.answer or {})["button"]
    assert button["text"] == ENGLISH.inline_nothing_found
    assert not query.results
    told = stand_in.answer_to(ann.asks(f"/start {button['start_parameter']}")).text
    assert told == ENGLISH.declining


def test_each_reads_the_list_in_their_own_language(stand_in: StandIn) -> None:
    for language in ("de", "zh"):
        query = stand_in.answered(stand_in.person("Uli", language=language).types_inline(UNKNOWN))
        assert (query.answer or {})["button"]["text"] == phrases_for(language).inline_nothing_found


def test_whoever_types_on_is_answered_what_they_typed_last(stand_in: StandIn) -> None:
    ann = stand_in.person("Ann")
    with stand_in.world.changing():
        typed = [ann.types_inline(KEEP[:end]) for end in range(1, len(KEEP) + 1)]
    last = stand_in.answered(typed[-1])
    assert "one year" in last.results[0].title
    answered = [query for query in typed if answers_to(stand_in, query)]
    # The first may have been in hand before the others came.
    assert len(answered) <= 5


def test_people_who_type_at_once_are_each_answered(stand_in: StandIn) -> None:
    people = [stand_in.person(f"Person {number}") for number in range(8)]
    with stand_in.world.changing():
        typed = [person.types_inline(BIRDS) for person in people]
    assert {tuple(ids(stand_in.answered(query))) for query in typed} == {tuple(ids(typed[0]))}


def test_a_query_that_telegram_gave_up_is_passed_over(stand_in: StandIn, bot: BotProcess) -> None:
    """A query that came twice is refused the second time as one that is too old is."""
    ann = stand_in.person("Ann")
    query = stand_in.answered(ann.types_inline(KEEP))
    assert query.update_id is not None
    stand_in.redeliver(query.update_id, new_id=True)
    stand_in.wait_for(lambda: answers_to(stand_in, query) == 2)
    stand_in.answered(ann.types_inline(BIRDS))
    assert bot.lines("handler_failed") == []


def test_an_answer_that_was_cut_off_is_sent_again(stand_in: StandIn, bot: BotProcess) -> None:
    ann = stand_in.person("Ann")
    stand_in.faults.fail("answerInlineQuery", code=502)
    assert stand_in.answered(ann.types_inline(KEEP)).results
    stand_in.faults.drop_after("answerInlineQuery")
    query = stand_in.answered(ann.types_inline(f"{KEEP} Please"))
    stand_in.wait_for(lambda: answers_to(stand_in, query) == 2)
    assert bot.lines("handler_failed") == []


def test_people_see_lists_that_a_reader_has_looked_at(stand_in: StandIn) -> None:
    ann, uli = stand_in.person("Ann"), stand_in.person("Uli", language="de")
    transcript = Transcript()
    for person, typed in (
        (ann, ""),
        (ann, KEEP),
        (ann, "e"),
        (ann, UNKNOWN),
        (uli, "Was jagt der Eisvogel?"),
    ):
        query = stand_in.answered(person.types_inline(typed))
        transcript.add(f"{person.user.first_name} types", _KEY.sub("q_(a key)", show_results(query)))
        if typed == KEEP:
            transcript.note("Ann chooses the first", ann.chooses(query.results[0]))
    transcript.assert_as_in("inline")
