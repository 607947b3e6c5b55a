"""Answers are kept for whoever types the same again, and forgotten when another generation is in use."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.inline_cache import InlineCache
from index.types import Answer
from tests.bot.answers import answer_of, ranked

FIRST, SECOND = "20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"


def answer(generation: str = FIRST, *, passages: int = 3) -> Answer:
    return replace(answer_of(*[ranked()] * passages), generation=generation)


def cache_with(question: str, top_k: int, kept: Answer, *, most: int = 8) -> InlineCache:
    cache = InlineCache(most=most)
    assert cache.find(kept.generation, question, top_k) is None
    cache.keep(question, top_k, kept)
    return cache


def test_an_answer_is_found_again() -> None:
    kept = answer()
    assert cache_with("Who?", 11, kept).find(FIRST, "Who?", 11) is kept


def test_spacing_and_invisible_signs_do_not_matter() -> None:
    kept = answer()
    assert cache_with("Who leads  Nissan?", 11, kept).find(FIRST, " Who leads\u200b Nissan? ", 11) is kept


def test_case_matters() -> None:
    """An encoder may tell the US from us."""
    assert cache_with("the US", 11, answer()).find(FIRST, "the us", 11) is None


def test_another_generation_forgets_all() -> None:
    cache = cache_with("Who?", 11, answer())
    assert cache.find(SECOND, "Who?", 11) is None
    assert len(cache) == 0


def test_a_roll_back_finds_nothing_of_before() -> None:
    cache = cache_with("Who?", 11, answer())
    cache.find(SECOND, "Who?", 11)
    assert cache.find(FIRST, "Who?", 11) is None


def test_an_answer_that_comes_after_the_switch_is_not_kept() -> None:
    """The question was asked before, and its answer must not be taken for one of the new generation."""
    cache = cache_with("Who?", 11, answer())
    cache.find(SECOND, "What?", 11)
    cache.keep("What?", 11, answer(FIRST))
    assert cache.find(SECOND, "What?", 11) is None
    assert len(cache) == 0


def test_more_passages_than_were_asked_for_are_not_there() -> None:
    cache = cache_with("Who?", 3, answer(passages=3))
    assert cache.find(FIRST, "Who?", 3) is not None
    assert cache.find(FIRST, "Who?", 4) is None


def test_all_passages_that_there_are_suffice_for_any_number() -> None:
    assert cache_with("Who?", 11, answer(passages=3)).find(FIRST, "Who?", 50) is not None


def test_what_was_wanted_longest_ago_is_forgotten_first() -> None:
    cache = cache_with("first", 11, answer(), most=2)
    cache.keep("second", 11, answer())
    cache.find(FIRST, "first", 11)
    cache.keep("third", 11, answer())
    assert [cache.find(FIRST, each, 11) is not None for each in ("first", "second", "third")] == [
        True,
        False,
        True,
    ]


@given(st.lists(st.tuples(st.text(max_size=6), st.sampled_from([FIRST, SECOND])), max_size=40))
def test_it_never_holds_more_than_it_may_nor_another_generation(
    asked: list[tuple[str, str]],
) -> None:
    cache = InlineCache(most=4)
    for question, generation in asked:
        found = cache.find(generation, question, 11)
        assert found is None or found.generation == generation
        cache.keep(question, 11, answer(generation))
        assert len(cache) <= 4
        assert cache.find(generation, question, 11) is not None
