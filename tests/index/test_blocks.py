"""Blocks: what is a paragraph, what is a heading, and what is left out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.blocks import LONGEST_HEADING, read_blocks


def pieces(text: str) -> list[list[str]]:
    """Return the texts of each block's pieces."""
    return [[piece.of(text) for piece in block.pieces] for block in read_blocks(text).blocks]


def headings(text: str) -> list[tuple[str, ...]]:
    """Return the headings above each block."""
    return [block.headings for block in read_blocks(text).blocks]


def test_headings_stand_above_what_follows_until_one_as_high() -> None:
    """A block carries the headings above it, outermost first, without their marks."""
    text = "zero\n# A #\none\n### C ##\ntwo\n## B\nthree\n\nD\n===\nfour\n\nE\n---\nfive"
    assert headings(text) == [(), ("A",), ("A", "C"), ("A", "B"), ("D",), ("D", "E")]
    assert pieces(text) == [["zero"], ["one"], ["two"], ["three"], ["four"], ["five"]]


@pytest.mark.parametrize(
    "text",
    ["#hashtag", "####### seven", "    # code", "# " + "a" * (LONGEST_HEADING + 1), "# Logs are kept."],
)
def test_a_line_that_only_looks_like_a_heading_is_text(text: str) -> None:
    """Headings are not searched, so a doubtful one stays text."""
    assert pieces(text) == [[text]]


def test_a_sentence_above_a_rule_is_text() -> None:
    """A line of dashes makes a title of the line above, but not of a sentence or of several lines."""
    assert pieces("A whole sentence.\n---\nNext") == [["A whole sentence."], ["Next"]]
    assert pieces("one\ntwo\n---\nNext") == [["one\ntwo"], ["Next"]]


def test_a_heading_without_words_ends_the_one_before() -> None:
    """`##` alone takes back the headings of its level and below."""
    assert headings("# A\n## B\nx\n##\ny") == [("A", "B"), ("A",)]


def test_a_heading_with_nothing_below_is_text() -> None:
    """It would be found by nobody: headings are not searched by themselves."""
    text = "# Contact\n\n## Phone: 0123 ##\nMail: a@b.org\n---\n\n# Other\n\nText.\n\n## End\n##"
    assert pieces(text) == [["Phone: 0123"], ["Mail: a@b.org"], ["Text."], ["End"]]
    assert headings(text) == [("Contact",), ("Contact",), ("Other",), ("Other",)]
    assert len({block.section for block in read_blocks(text).blocks}) == 4
    visible = read_blocks(text).visible
    assert len(visible) == len(text)
    assert visible.split() == ["Phone:", "0123", "Mail:", "a@b.org", "Text.", "End"]


@given(
    st.lists(st.sampled_from(["# {}", "## {} ##", "### {}.", "{}", "- {}", "> {}", "", "---", "===", "#"]))
)
def test_no_word_is_lost(lines: list[str]) -> None:
    """Each is in a block, or among the headings above one."""
    text = "\n".join(line.format(f"word{place}") for place, line in enumerate(lines))
    found = " ".join(
        " ".join([*block.headings, *(piece.of(text) for piece in block.pieces)])
        for block in read_blocks(text).blocks
    )
    assert set(re.findall(r"word\d+", text)) == set(re.findall(r"word\d+", found))


def test_blank_lines_and_other_kinds_of_block_end_a_paragraph() -> None:
    """White space alone is a blank line; lists, tables, quotes and code need none."""
    text = "a\nb\n \t\nc\n- d\n  e\n* f\n| g | h |\n|---|---|\n| i | j |\n> k\n> l\n```py\nm\n\nn\n```\no"
    assert pieces(text) == [
        ["a\nb"], ["c"], ["- d\n  e", "* f"], ["| g | h |", "| i | j |"], ["k\n> l"], ["m\n\nn\n"], ["o"],
    ]  # fmt: skip


def test_a_number_at_the_start_of_a_line_does_not_end_a_paragraph() -> None:
    """Only "1." begins a list inside a paragraph; a list goes on with any number."""
    assert pieces("It was in\n1990. Then") == [["It was in\n1990. Then"]]
    assert pieces("So:\n1. a\n7. b") == [["So:"], ["1. a", "7. b"]]


def test_marks_that_are_no_text_are_not_visible() -> None:
    """Headings, quote marks, fences, comments and rules are spaces; offsets stay."""
    text = "# T\n> q\n> r\n\n<!-- x\n\ny --> z\n\n***\n~~~\nc\n~~~\n"
    visible = read_blocks(text).visible
    assert len(visible) == len(text)
    assert visible.split() == ["q", "r", "z", "c"]


@pytest.mark.parametrize("text", ["<!-- a b", "```\na b", "~~~~ a b", "a <!-- b --> c", "a ``` b"])
def test_marks_never_closed_or_inside_a_line_are_text(text: str) -> None:
    """Nothing is lost to a fence or a comment that does not end."""
    assert "".join("".join(block) for block in pieces(text)) == text


def test_a_table_without_outer_bars_is_known_by_its_rule() -> None:
    """A line with a bar is text, unless a rule follows."""
    assert pieces("a | b\n--- | ---\n1 | 2\nend") == [["a | b", "1 | 2"], ["end"]]
    assert pieces("a | b\nc") == [["a | b\nc"]]


def test_sections_end_at_headings_breaks_and_comments() -> None:
    """Blocks on both sides of a thematic break have the same headings and another section."""
    first, second, third, fourth = read_blocks("a\n\nb\n\n---\n\nc\n\n<!-- x -->\n\nd").blocks
    assert first.section == second.section
    assert len({second.section, third.section, fourth.section}) == 3


@pytest.mark.parametrize(
    "text", ["", " \n ", "----", "...\n\n!!!", "😀", "#\n#", "- *", "<!-- a -->", "```\n```"]
)
def test_a_text_without_letters_or_digits_has_no_block(text: str) -> None:
    """Marks and emoji alone are no paragraph."""
    assert pieces(text) == []
