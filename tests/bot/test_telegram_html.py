"""Text as Telegram's HTML: every test takes what Telegram's own parser makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram_html import (
    NOTHING,
    bold,
    fitting,
    lines,
    link,
    plain,
    quote,
    sendable,
    shortened,
    single_line,
    utf16_units,
)
from tests.bot.card_texts import any_text
from tests.stand_in.message_html import parse_html
from tests.stand_in.message_text import utf16_length

SENT = (
    "Nothing in this is changed:\n  two  spaces, ä, 漢字, 😀, \u200fעברית\u200e, \u2067isolated\u2069 <&>\"'"
)


def test_ordinary_text_of_any_script_is_left_as_it_is() -> None:
    assert sendable(SENT) == SENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\0b\tc\x1bd", "a b c d"),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
        ("Malmo\u0308 a\u030angstro\u0308m A\u030a", "Malmo\u0308 \u00e5ngstro\u0308m \u00c5"),
        ("x\u030a\u0333\u033f", "x"),
        ("\u202eabc\u202c", "abc"),
        ("\ud83d and \ude00", "\ufffd and \ufffd"),
    ],
    ids=["controls", "line ends", "rings", "rings nowhere", "overrides", "halves"],
)
def test_what_telegram_would_refuse_or_swallow_is_replaced(text: str, expected: str) -> None:
    assert sendable(text) == expected


@given(any_text())
def test_sendable_text_arrives_as_it_was_sent_and_is_counted_rightly(text: str) -> None:
    clean = sendable(text)
    assert sendable(clean) == clean
    assert utf16_units(clean) <= utf16_units(text)
    # The letters at the ends keep Telegram from cutting white space there.
    piece = plain(f"x{text}x")
    arrived, entities = parse_html(piece.source)
    assert (arrived, entities) == (sendable(f"x{text}x"), [])
    assert piece.units == utf16_length(arrived)


@given(any_text(), any_text(4))
def test_marks_are_well_formed_about_any_text_and_take_no_room(text: str, address: str) -> None:
    inner = plain(f"x{text}x")
    piece = lines(
        quote(bold(inner)), NOTHING, link(inner, f"https://example.org/{address}"), link(inner, address)
    )
    arrived, entities = parse_html(piece.source)
    assert arrived == "\n".join([sendable(f"x{text}x")] * 3)
    assert piece.units == utf16_length(arrived)
    assert {"blockquote", "bold", "text_link"} <= {entity.type for entity in entities}


def test_a_link_keeps_what_its_address_says() -> None:
    address = "https://example.org/a?b=\"1\"&c='2'#:~:text=x%20y"
    _, entities = parse_html(link(plain("here"), address).source)
    assert [entity.url for entity in entities] == [address]


@pytest.mark.parametrize(
    "address", [None, "", "javascript:alert(1)", "ftp://a.org", f"https://a.org/{'x' * 3000}"]
)
def test_what_is_no_address_of_the_web_makes_no_link(address: str | None) -> None:
    assert link(plain("here"), address) == plain("here")


@given(any_text(), st.integers(0, 60))
def test_what_fits_is_within_the_limit(text: str, units: int) -> None:
    end = fitting(text, units)
    assert utf16_units(text[:end]) <= units
    assert end > 0 or units < 2 or not text


@pytest.mark.parametrize(
    ("text", "units", "expected"),
    [
        ("one two three", 7, "one two"),
        ("one two three", 10, "one two"),
        ("one two three", 99, "one two three"),
        ("onetwothree", 5, "onetw"),
        ("漢字漢字", 3, "漢字漢"),
        ("😀😀😀", 5, "😀😀"),
        ("abce\u0301f", 4, "abc"),
        ("ab👩‍👩‍👧", 6, "ab"),
        ("ab👍🏽", 4, "ab"),
    ],
)
def test_text_is_cut_after_a_word_and_never_inside_a_letter(text: str, units: int, expected: str) -> None:
    assert text[: fitting(text, units)] == expected


@given(any_text(), st.integers(1, 80))
def test_a_shortened_line_is_one_line_within_the_limit(text: str, units: int) -> None:
    line = shortened(text, units)
    assert utf16_units(line) <= units
    assert line == " ".join(line.split())
    assert line == single_line(text) or line.endswith("…")
    assert shortened(line, units) == line


def test_a_title_leaves_no_isolate_open() -> None:
    assert single_line(" a\u2067b\n c ") == "ab c"
