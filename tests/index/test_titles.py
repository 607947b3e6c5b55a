"""An article without a title is called what a person would call it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.titles import (
    HEAD_CHARACTERS,
    MAX_HEADING_CHARACTERS,
    one_line,
    title_from_heading,
    title_from_name,
)


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("# Force\n\nText.", "Force"),
        ("\r\n\r\n# Force\r\nText.", "Force"),
        ("# Force #\rText.", "Force"),
        ("   # C#\nText.", "C#"),
        ("## Opens the article\n\n# Main", "Opens the article"),
        ("Some words.\n\n# Main\n", "Main"),
        ("Force\n=====\n\nText.", "Force"),
        ("Force\n---\nText.", "Force"),
        ("Words.\n\nForce\n=====\n", "Force"),
        ("```\n# a comment\n```\n# Main\n", "Main"),
        ("~~~~\n# a comment\n~~~\n# still\n~~~~\n# Main\n", "Main"),
        ("# \n# Main\n", "Main"),
        ("# The *very* **best** `code` of [us](http://x.example) {#id}\n", "The very best code of us"),
        ("# snake_case and 2 * 3 * 4 \\# R&amp;D\n", "snake_case and 2 * 3 * 4 # R&D"),
    ],
)
def test_a_heading_of_markdown_is_found(body: str, title: str) -> None:
    """The first of level one, or one that opens the body, without its markup."""
    assert title_from_heading(body, markdown=True) == title


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Only words.",
        "Words.\n\n## References\n",
        "#hashtag",
        "####### seven",
        "    # code",
        "Two lines\nof words\n===\n",
        "- item\n===\n",
        "---\n===\n",
        "Words.\n\n- a\n---\n",
        "# " + "x" * (MAX_HEADING_CHARACTERS + 1),
        "words\n" * HEAD_CHARACTERS + "\n# Too far down\n",
    ],
)
def test_what_only_looks_like_a_heading_is_none(body: str) -> None:
    """A section's heading, code, a list or a paragraph does not name the article."""
    assert title_from_heading(body, markdown=True) is None


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("# Force\n\nText.", "Force"),
        ("Force\n=====\nText.", "Force"),
        ("Type this:\n\n# apt is a comment here\n", None),
        ("Words.\n\nForce\n=====\n", None),
    ],
)
def test_in_plain_text_only_an_opening_heading_counts(body: str, title: str | None) -> None:
    """Further down, such a line may be anything."""
    assert title_from_heading(body, markdown=False) == title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("force", "Force"),
        ("sky--united-kingdom", "Sky united kingdom"),
        ("state_of_the_union", "State of the union"),
        ("super-bowl-50", "Super bowl 50"),
        ("2024-01-05-launch", "2024-01-05 launch"),
        ("Kant - well-known facts", "Kant - well-known facts"),
        ("ärzte", "Ärzte"),
        ("ßcharf", "ßcharf"),
        ("力", "力"),
        ("---", "---"),
        (" ", "Untitled"),
        ("a\nb", "A b"),
    ],
)
def test_a_file_name_is_made_readable(name: str, title: str) -> None:
    """Separators become spaces and the first letter a capital, where that leaves a name."""
    assert title_from_name(name) == title


@settings(deadline=None)
@given(st.text(min_size=1))
def test_any_name_gives_a_title_of_one_line(name: str) -> None:
    """There is always something to show, and it never breaks a line."""
    title = title_from_name(name)
    assert title
    assert title == one_line(title)


@settings(deadline=None)
@given(st.text())
def test_any_body_gives_a_title_of_one_line_or_none(body: str) -> None:
    """Headings are read from whatever an article holds."""
    for markdown in (True, False):
        title = title_from_heading("# " + body, markdown=markdown)
        assert title is None or (title and title == one_line(title))


@settings(deadline=None)
@given(st.text())
def test_one_line_has_no_control_characters_and_no_double_spaces(text: str) -> None:
    """What is left can stand on a line of its own, and cleaning again changes nothing."""
    line = one_line(text)
    assert not any(unicodedata.category(character) == "Cc" for character in line)
    assert line == " ".join(line.split())
    assert one_line(line) == line
