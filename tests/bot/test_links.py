"""Links name a sentence as browsers look for it."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.links import link_to

PAGE = "https://example.org/tea"


@pytest.mark.parametrize(
    ("sentence", "fragment"),
    [
        ("Tea is a leaf.", "Tea%20is%20a%20leaf."),
        ("Plug-in, R&D: 6.4%", "Plug%2Din%2C%20R%26D%3A%206.4%25"),
        ("It is\n  wrapped.", "It%20is%20wrapped."),
        (
            "**Tea** is a [leaf](https://example.org/leaf), `hot` and _green_.",
            "Tea%20is%20a%20leaf%2C%20hot%20and%20green.",
        ),
        ("- an item", "an%20item"),
        ("snake_case_name * 2 * 3", "snake_case_name%20%2A%202%20%2A%203"),
        ("Iván", "Iv%C3%A1n"),
    ],
)
def test_a_short_sentence_is_named_whole(sentence: str, fragment: str) -> None:
    assert link_to(PAGE, sentence) == f"{PAGE}#:~:text={fragment}"


def test_a_long_sentence_is_named_by_its_first_and_last_words() -> None:
    sentence = " ".join(f"word{number}" for number in range(40))
    first, last = "word0%20word1%20word2%20word3%20word4", "word35%20word36%20word37%20word38%20word39"
    assert link_to(PAGE, sentence) == f"{PAGE}#:~:text={first},{last}"


def test_a_long_sentence_without_spaces_is_named_whole() -> None:
    assert unquote(link_to(PAGE, "漢字" * 100)) == f"{PAGE}#:~:text={'漢字' * 100}"


def test_a_fragment_that_is_there_stays() -> None:
    assert link_to(f"{PAGE}#leaf", "Tea.") == f"{PAGE}#leaf:~:text=Tea."


@pytest.mark.parametrize(
    ("url", "sentence"),
    [(PAGE, None), (PAGE, "  \n"), (PAGE, "![tea](tea.png)"), (f"{PAGE}#:~:text=leaf", "Tea.")],
)
def test_without_a_sentence_to_find_the_url_is_as_it_was(url: str, sentence: str | None) -> None:
    assert link_to(url, sentence) == url


@given(st.text(st.characters(exclude_categories=[]), min_size=1))
def test_nothing_in_a_sentence_ends_the_fragment(sentence: str) -> None:
    link = link_to(PAGE, sentence)
    assert re.fullmatch(
        re.escape(PAGE) + r"(#:~:text=(%[0-9A-F]{2}|[A-Za-z0-9_.~])+(,[\w.~%]+)?)?", link, re.ASCII
    )
