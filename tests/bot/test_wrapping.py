"""Text for a terminal loses nothing, drives nothing and fits the width."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.wrapping import MARK_OFF, MARK_ON, cut, one_line, visible, wrap

any_text = st.text(st.characters(exclude_categories=[]))
words = st.text(st.sampled_from("ab \n\t-|>1.漢字。，é\u0301#`{}"), max_size=200)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(any_text)
def test_what_drives_a_terminal_is_made_visible(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert MARK_ON not in shown
    assert MARK_OFF not in shown
    assert visible(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a␛[2Jb"),
        ("a\x00\x7f\x9b", "a␀␡<U+009B>"),
        ("abc\u202edef\u2066", "abc<U+202E>def<U+2066>"),
        ("one\r\ntwo\rthree\u2028four\tfive", "one\ntwo\nthree\nfour\tfive"),
        (f"{MARK_ON}x", "<U+FDD0>x"),
        ("a\ud800b", "a<U+D800>b"),
        ("שלום e\u0301 👩\u200d🌾 漢字", "שלום e\u0301 👩\u200d🌾 漢字"),
    ],
)
def test_signs_stand_for_characters(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(any_text | words, st.integers(10, 60))
@example("a" * 100, 10)
@example("漢字。" * 30, 11)
def test_wrapping_loses_nothing_but_white_space(text: str, cells: int) -> None:
    lines = wrap(visible(text), cells)
    assert without_space("".join(lines)) == without_space(visible(text))
    assert all("\n" not in line for line in lines)


@given(any_text | words, st.integers(10, 60))
def test_lines_fit_the_width(text: str, cells: int) -> None:
    assert all(cell_len(line) <= cells for line in wrap(visible(text), cells))


@given(words, st.data())
def test_marks_stay_where_they_are(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    marked = f"{text[:start]}{MARK_ON}{text[start:end]}{MARK_OFF}{text[end:]}"
    joined = without_space("".join(wrap(marked, 20, mark_cells=3)))
    if without_space(text):
        assert joined == without_space(marked)


def test_a_line_has_room_for_its_marks() -> None:
    lines = wrap(f"one {MARK_ON}two three{MARK_OFF} four five", 14, mark_cells=3)
    assert lines == [f"one {MARK_ON}two", f"three{MARK_OFF} four", "five"]


def test_prose_that_was_wrapped_by_hand_runs_together() -> None:
    text = "This line of prose was wrapped by somebody's editor\nand goes on here.\n\nNext."
    assert wrap(text, 200) == [
        "This line of prose was wrapped by somebody's editor and goes on here.",
        "",
        "Next.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| Model | Range in miles on one tank |\n|-------|----------------------------|\n| Rogue | 400 |",
        "def shorten(text):\n    return text[:10]\n\nprint(shorten('abc'))",
        "```\nthis is a long line of code in a fence, which stays by itself\nx = 1\n```",
        "name\tmiles per gallon and whatever else\nRogue\t35",
        "Roses are red,\nviolets are blue.",
        "- first\n- second\n1. third",
    ],
)
def test_code_tables_verse_and_lists_keep_their_line_ends(text: str) -> None:
    assert wrap(text, 100) == [line.expandtabs(4) for line in text.split("\n")]


def test_the_item_of_a_list_is_indented_where_it_goes_on() -> None:
    assert wrap("- flour and water and salt", 16) == ["- flour and", "  water and salt"]


def test_code_that_is_too_wide_keeps_its_spaces() -> None:
    assert wrap("    a  =  1  +  2", 10) == ["    a  =  ", "1  +  2"]


def test_signs_without_spaces_break_anywhere_but_before_a_full_stop() -> None:
    assert wrap("一二三四五。六七", 10) == ["一二三四", "五。六七"]


@given(any_text, st.integers(10, 60))
def test_a_cut_line_fits_and_begins_like_the_text(text: str, cells: int) -> None:
    line = one_line(text)
    short = cut(line, cells)
    assert cell_len(short) <= cells
    assert short == line or line.startswith(short.removesuffix("…"))


def test_a_line_is_cut_after_a_word() -> None:
    assert cut("The plan has three parts", 14) == "The plan has…"
    assert cut("The plan has three parts", 15) == "The plan has…"
    assert cut("The plan", 8) == "The plan"
    assert cut("Donaudampfschifffahrt", 10) == "Donaudamp…"
