"""Answers look in a terminal as the articles say, and nothing in an article passes for our own words."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.nearest import WORTH_A_LOOK
from bot.rendering import Style, answer_object, json_text, percentage, render_answer, render_passage
from bot.wrapping import visible
from index.types import RankedPassage
from tests.bot.answers import MARKED, TEXT, answer_of, ranked

PLAIN = Style(width=60)
COLOURS = Style(width=60, colours=True)
any_text = st.text(st.characters(exclude_categories=[]), min_size=1)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


def quoted(shown: str) -> str:
    """Return what stands behind the bars."""
    return "\n".join(line[2:] for line in shown.split("\n") if line.startswith("│"))


def test_the_best_passage_is_quoted_with_its_sentence_marked_and_its_source_below() -> None:
    best = ranked(url="https://example.org/nissan", published="2025-06-01")
    assert render_answer(answer_of(best), PLAIN).split("\n") == [
        "│ Iván Espinosa took over this year. >> He began with an",
        "│ aggressive plan to cut costs. << Nothing formal has been",
        "│ signed.",
        "",
        "[1] Nissan looks for partners · 2025-06-01 · paragraph 5 of 8 · 97%",
        "https://example.org/nissan#:~:text=He%20began%20with%20an%20aggressive%20plan%20to%20cut%20costs.",
    ]


def test_colours_mark_the_sentence_in_bold_on_every_line_that_it_is_on() -> None:
    lines = render_answer(answer_of(ranked()), COLOURS).split("\n")
    bar = "\x1b[2m│ \x1b[0m"
    assert lines[:3] == [
        f"{bar}Iván Espinosa took over this year. \x1b[1mHe began with an\x1b[0m",
        f"{bar}\x1b[1maggressive plan to cut costs.\x1b[0m Nothing formal has been",
        f"{bar}signed.",
    ]


def test_the_signs_of_the_mark_are_none_that_the_text_has() -> None:
    shown = render_answer(answer_of(ranked("In C++, x >> 2 shifts. It is fast.", "It is fast.")), PLAIN)
    assert "shifts. >>> It is fast. <<<" in shown


def test_a_passage_without_a_sentence_that_stands_out_has_no_mark() -> None:
    assert ">>" not in render_answer(answer_of(ranked(marked=None)), PLAIN)


def test_other_passages_are_shorter_and_numbered() -> None:
    long = "word " * 100
    other = ranked(f"Before. {long}end.", f"{long}end.", title="Other", probability=0.41)
    shown = render_answer(answer_of(ranked(), other, ranked(marked=None)), PLAIN)
    assert "[2] Other · paragraph 5 of 8 · 41%\n│ word word" in shown
    assert "[3] Nissan looks for partners" in shown
    assert "Before." not in shown
    assert "…" in shown


def test_declining_says_so_and_names_three_passages_at_most_on_a_line_each() -> None:
    passages = [ranked(title=f"Title {number}", probability=0.1) for number in range(5)]
    lines = render_answer(answer_of(*passages, answered=False), PLAIN).split("\n")
    assert lines[:3] == ["The articles do not say.", "", "Perhaps:"]
    assert lines[3] == "[1] Title 0 - He began with an aggressive plan to cut costs."
    assert len(lines) == 6


@pytest.mark.parametrize("passages", [[], [ranked(probability=WORTH_A_LOOK - 0.01)]], ids=["none", "far off"])
def test_declining_with_nothing_near_names_nothing(passages: list[RankedPassage]) -> None:
    assert render_answer(answer_of(*passages, answered=False), PLAIN) == "The articles do not say."


@pytest.mark.parametrize("question", ["", "?!", "🙂"])
def test_without_a_word_there_is_no_question(question: str) -> None:
    shown = render_answer(answer_of(question=question, answered=False), PLAIN)
    assert shown == "There is no question in that; ask with a word or a number in it."


def test_an_opened_passage_shows_its_headings() -> None:
    opened = ranked()
    shown = render_passage(opened.passage, opened.source, opened.text, PLAIN, headings=True)
    assert shown.startswith("Partners > Espinosa's plan\n│ Iván")


@given(any_text, st.data(), st.booleans())
def test_the_quote_is_verbatim_but_for_white_space_and_what_is_made_visible(
    text: str, data: st.DataObject, colours: bool
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    marked = text[start : data.draw(st.integers(start + 1, len(text)))]
    shown = render_answer(answer_of(ranked(text, marked)), Style(40, colours=colours))
    bare = re.sub("\x1b\\[[0-9]m", "", shown)
    signs = 2
    while ">" * signs in text or "<" * signs in text:
        signs += 1
    if not colours:
        bare = bare.replace(">" * signs, "").replace("<" * signs, "")
    assert without_space(quoted(bare)).replace("\n", "") == without_space(visible(text))


@given(any_text, any_text, st.booleans())
def test_no_article_drives_the_terminal(text: str, title: str, answered: bool) -> None:
    passage = ranked(text, text, title=title, url=f"https://example.org/{title}")
    shown = render_answer(answer_of(passage, passage, answered=answered), PLAIN)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", shown)


@given(any_text)
def test_every_line_of_an_article_has_a_bar(text: str) -> None:
    shown = render_passage(ranked(text, None).passage, ranked(text, None).source, text, PLAIN)
    *quote, blank, source = shown.split("\n")
    assert all(line.startswith("│") and cell_len(line) <= PLAIN.width for line in quote)
    assert blank == ""
    assert source.startswith("Nissan looks for partners")


def test_a_long_title_is_cut() -> None:
    shown = render_answer(answer_of(ranked(title="long " * 1000)), PLAIN)
    assert all(len(line) < 130 for line in shown.split("\n"))


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0, "0%"), (0.001, "<1%"), (0.01, "1%"), (0.5, "50%"), (0.99, "99%"), (0.9999, ">99%"), (1.0, "100%")],
)
def test_only_certainty_is_shown_as_certain(probability: float, shown: str) -> None:
    assert percentage(probability) == shown


def test_the_object_has_offsets_of_the_article() -> None:
    passage = ranked()
    made = answer_object(answer_of(passage), "q1")
    assert made == {
        "id": "q1",
        "answered": True,
        "confidence": 0.973,
        "passages": [
            {
                "article": "nissan",
                "title": "Nissan looks for partners",
                "start": 40,
                "end": 40 + len(TEXT),
                "text": TEXT,
                "highlight": [40 + TEXT.index(MARKED), 40 + TEXT.index(MARKED) + len(MARKED)],
                "probability": 0.973,
            }
        ],
        "elapsed_ms": 12.5,
    }
    assert answer_object(answer_of(ranked(marked=None)))["passages"][0]["highlight"] is None


@given(any_text, st.booleans())
def test_json_says_the_same_to_people_and_programs_and_drives_neither(text: str, for_reading: bool) -> None:
    value = answer_object(answer_of(replace(ranked(), text=text)), text)
    shown = json_text(value, for_reading=for_reading)
    assert json.loads(shown) == value
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert for_reading or (shown.isascii() and "\n" not in shown)
