"""Typing errors find the articles' words; words that somebody knows are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from index.spelling import Spelling, count_words, write_words

TEXT = "Nissan and Honda held talks. Stellantis has platforms; Honda stalled. Rogue. Mileage, pillage."
KNOWN = frozenset({"soon", "when", "does", "cost", "rouge"})


def spelling() -> Spelling:
    return Spelling(count_words([TEXT]), KNOWN.__contains__)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("why did nisan stop", "why did nissan stop"),
        ("talks with Hodna?", "talks with honda?"),
        ("hoda", "honda"),
        ("wich brand of stelantes", "wich brand of stellantis"),
        ("the milage", "the mileage"),
        ("platfroms", "platforms"),
    ],
)
def test_an_error_is_mended(typed: str, meant: str) -> None:
    assert spelling().corrected(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "when does Honda stall, and what does it cost",  # known to the articles or to the encoder
        "rouge",  # a word of its own, near another
        "hon",  # too short
        "hxxda",  # two errors in a short word
        "platxxxms",  # three in a long one
        "R2D2 h0nda 53",  # not words
        "本田",
        "",
    ],
)
def test_what_is_known_or_too_far_stays(typed: str) -> None:
    assert spelling().corrected(typed) == typed


def test_of_words_equally_near_the_commoner_wins() -> None:
    assert Spelling({"wart": 3, "warp": 9, "warn": 2}, lambda _: False).corrected("warx") == "warp"


def test_of_words_equally_near_one_of_the_same_letters_beats_a_commoner_one() -> None:
    assert Spelling({"from": 90, "ford": 2}, lambda _: False).corrected("frod") == "ford"


def test_the_first_letter_must_be_right() -> None:
    assert Spelling({"efficient": 9}, lambda _: False).corrected("deficient") == "deficient"


@given(st.text())
def test_no_words_change_nothing(question: str) -> None:
    assert Spelling({}, lambda _: False).corrected(question) == question


@given(st.text(), st.lists(st.text(min_size=1, max_size=12), max_size=8))
def test_mending_again_changes_nothing(question: str, texts: list[str]) -> None:
    mended = Spelling(count_words(texts), lambda _: False).corrected(question)
    assert Spelling(count_words(texts), lambda _: False).corrected(mended) == mended


@given(st.lists(st.text(), max_size=8))
def test_words_come_back_from_the_disk(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    counts = count_words(texts)
    write_words(path, counts)
    for word in counts:
        assert Spelling.open(path, lambda _: False).corrected(word) == word


@pytest.mark.parametrize("content", [b"3\tword", b"word\n", b"x\tword\n", b"\xff\n"])
def test_what_is_no_list_of_words_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        Spelling.open(tmp_path / "words.txt", lambda _: False)


@given(
    st.dictionaries(st.text("abcé", min_size=4, max_size=9), st.integers(1, 9), max_size=40),
    st.text("abcé", min_size=4, max_size=9),
)
def test_the_nearest_is_that_of_a_look_at_every_word(counts: dict[str, int], typed: str) -> None:
    most = 2 if len(typed) >= 8 else 1
    near = [
        (OSA.distance(typed, word), -count, word)
        for word, count in counts.items()
        if word[0] == typed[0] and OSA.distance(typed, word) <= most
    ]
    expected = min(near)[-1] if near and typed not in counts else typed
    assert Spelling(counts, lambda _: False).corrected(typed) == expected
