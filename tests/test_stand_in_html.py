"""The stand-in reads HTML as Telegram's server does, and refuses in its words."""

from __future__ import annotations

import html
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in.message_html import EntityError, parse_html
from tests.stand_in.message_text import Entity, entity_of, kept_text, utf16_length

PIECES = st.sampled_from(
    [
        *("<b>", "</b>", "<i>", "</i>", "<blockquote>", "<blockquote expandable>", "</blockquote>", "</>"),
        *("<code>", "</code>", "<pre>", "</pre>", "<a href='https://example.org'>", "</a>", "<x>", "<", ">"),
        *(
            "&lt;",
            "&amp",
            "&#128512;",
            "&#xD800;",
            "&nbsp;",
            " ",
            "\n",
            "a",
            "é",
            "😀",
            "\u2028",
            "\x07",
            "\x00",
        ),
    ]
)
any_text = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "shown", "entities"),
    [
        ("<b>x</b> &lt;y&gt;", "x <y>", [Entity("bold", 0, 1)]),
        ("<STRONG>x</strong >", "x", [Entity("bold", 0, 1)]),
        ("😀<i>z</i>", "😀z", [Entity("italic", 2, 1)]),
        ("<b></b>x", "x", []),
        ("<b>x</>", "x", [Entity("bold", 0, 1)]),
        (
            "<blockquote expandable>a <b>b</b></blockquote>",
            "a b",
            [Entity("expandable_blockquote", 0, 3), Entity("bold", 2, 1)],
        ),
        ('<span class="tg-spoiler">x</span>', "x", [Entity("spoiler", 0, 1)]),
        (
            '<a href="https://Example.org?a=1&amp;b=2#:~:text=c">x</a>',
            "x",
            [Entity("text_link", 0, 1, url="https://example.org/?a=1&b=2#:~:text=c")],
        ),
        ("<a href='no link'>x</a>", "x", []),
        ("<a href='tg://user?id=7'>x</a>", "x", [Entity("text_mention", 0, 1, user_id=7)]),
        ('<pre><code class="language-py">x</code></pre>', "x", [Entity("pre", 0, 1, language="py")]),
        (
            "<b>x <code>y</code> z</b>",
            "x y z",
            [Entity("bold", 0, 2), Entity("code", 2, 1), Entity("bold", 3, 2)],
        ),
        (
            "<blockquote>a<blockquote>b</blockquote></blockquote>",
            "ab",
            [Entity("blockquote", 0, 2)],
        ),
        ("&nbsp;&amp;amp;&#39;&#x27;&lt", "&nbsp;&amp;''<", []),
        (" \n x \n", "x", []),
        ("a\r\n\tb\u2028c", "a\n bc", []),
    ],
)
def test_what_is_allowed_is_read_as_the_server_reads_it(
    text: str, shown: str, entities: list[Entity]
) -> None:
    assert parse_html(text) == (shown, entities)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("é<x>", 'Unsupported start tag "x" at byte offset 2'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<b>é", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<b>a<i>b</b></i>", 'Unmatched end tag at byte offset 8, expected "</i>", found "</b>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<a =x>z</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_byte(text: str, reason: str) -> None:
    with pytest.raises(EntityError) as refused:
        parse_html(text)
    assert str(refused.value) == f"Bad Request: can't parse entities: {reason}"


def test_half_a_surrogate_pair_is_refused_and_a_pair_is_one_character() -> None:
    assert parse_html("&#xD83D;&#xDE00;") == ("😀", [])
    with pytest.raises(EntityError, match="unmatched surrogate"):
        parse_html("&#xD83D;")


@given(any_text)
def test_escaped_text_comes_back_as_the_server_keeps_plain_text(text: str) -> None:
    written = text.replace("\0", "")
    assert parse_html(html.escape(written)) == kept_text(written, [])


@given(st.lists(PIECES).map("".join))
def test_anything_is_read_or_refused_and_entities_lie_inside_the_text(text: str) -> None:
    try:
        shown, entities = parse_html(text)
    except EntityError:
        return
    assert shown == shown.strip(" \n") or entities
    for entity in entities:
        assert 0 <= entity.offset < entity.end <= utf16_length(shown)
        assert entity.of(shown).strip()
    quotes = [entity for entity in entities if "blockquote" in entity.type]
    assert all(first.end <= second.offset for first, second in pairwise(quotes))


@given(st.lists(PIECES).map("".join))
def test_what_was_kept_is_kept_the_same_again(text: str) -> None:
    try:
        kept = parse_html(text)
    except EntityError:
        return
    assert kept_text(*kept) == kept


@given(st.sampled_from(["bold", "code", "blockquote"]), st.integers(0, 9), st.integers(1, 9))
def test_an_entity_survives_its_json(kind: str, offset: int, length: int) -> None:
    entity = Entity(kind, offset, length)
    assert entity_of(entity.as_json()) == entity


def test_no_more_than_a_hundred_entities_are_kept() -> None:
    shown, entities = parse_html("<b>x</b> " * 120)
    assert len(shown) == 239
    assert len(entities) == 100
