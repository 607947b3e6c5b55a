"""Pages of what is listed inline: in order, within bounds, and with a way on where there is more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inline_pages import (
    EXAMPLES,
    MOST,
    PAGE,
    WORTH_LISTING,
    Example,
    answers_page,
    busy_page,
    chosen_passage,
    declining_page,
    example_item,
    next_offset,
    offers,
    offers_page,
    passages_wanted,
    place_of,
)
from bot.nearest import WORTH_A_LOOK
from bot.phrases import phrases_for
from bot.shown import SourceEntry
from index.types import Answer, RankedPassage, Source
from tests.bot.answers import MARKED, answer_of, ranked

EN = phrases_for("en")


def passage(number: int, probability: float = 0.5, *, language: str = "en") -> RankedPassage:
    made = ranked(probability=probability)
    return replace(
        made,
        passage=replace(made.passage, passage_id=f"{number:016x}"),
        source=replace(made.source, language=language),
    )


def answer(count: int) -> Answer:
    return answer_of(*(passage(number, 0.9 - number / 1000) for number in range(count)))


def entry(name: str, published: str | None) -> SourceEntry:
    return SourceEntry(Source(name, name, "en", published=published), "0" * 16, 1)


def all_pages(whole: Answer) -> list[list[str]]:
    """Return the ids on each page, as a client that scrolls to the end gets them."""
    pages, offset = [], ""
    while True:
        place = place_of(offset)
        assert place is not None
        asked = replace(whole, passages=whole.passages[: passages_wanted(place)])
        page = answers_page(asked, "Who?", place, EN)
        pages.append([item.result_id for item in page.items])
        if not page.next_offset:
            return pages
        offset = page.next_offset


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (10, [10]),
        (11, [10, 1]),
        (30, [10, 10, 10]),
        (50, [10, 10, 10, 10, 10]),
        (80, [10, 10, 10, 10, 10]),
    ],
)
def test_scrolling_shows_every_passage_once_and_in_order(count: int, sizes: list[int]) -> None:
    pages = all_pages(answer(count))
    assert [len(page) for page in pages] == sizes
    assert [each for page in pages for each in page] == [f"{number:016x}" for number in range(sum(sizes))]


def test_what_is_hardly_an_answer_is_not_listed_beside_one() -> None:
    page = answers_page(answer_of(passage(1), passage(2, WORTH_LISTING), passage(3, 0.04)), "Who?", 0, EN)
    assert [item.result_id for item in page.items] == [f"{number:016x}" for number in (1, 2)]
    assert all("/2" in str(item.card.buttons) for item in page.items)


def test_the_best_passage_is_listed_however_low_the_threshold_is_set() -> None:
    assert len(answers_page(answer_of(passage(1, 0.01)), "Who?", 0, EN).items) == 1


def test_an_item_tells_the_sentence_and_where_it_is_from() -> None:
    one = answer_of(ranked(published="2025-07-28"))
    (item,) = answers_page(one, "Who?", 0, EN).items
    assert (item.title, item.description) == (MARKED, "Nissan looks for partners · 2025-07-28")
    assert "<i>Who?</i>" in item.card.html


def test_nothing_found_opens_the_private_chat_with_the_question() -> None:
    page = declining_page(answer_of(answered=False), "Who?", "key", EN)
    assert page.items == ()
    assert page.button is not None
    assert (page.button.text, page.button.start_parameter) == (EN.inline_nothing_found, "q_key")


def test_only_nearest_passages_that_are_worth_a_look_are_offered() -> None:
    probabilities = (0.4, WORTH_A_LOOK, WORTH_A_LOOK - 0.01)
    near = [passage(number, probability) for number, probability in enumerate(probabilities)]
    page = declining_page(answer_of(*near, answered=False), "Who?", "key", EN)
    assert [item.result_id for item in page.items] == [f"{number:016x}" for number in (0, 1)]
    assert page.items[0].title == EN.perhaps.format(passage=MARKED)
    assert not page.next_offset


def test_no_more_than_the_three_nearest_are_offered() -> None:
    near = [passage(number, 0.4) for number in range(7)]
    assert len(declining_page(answer_of(*near, answered=False), "Who?", "key", EN).items) == 3


def test_that_all_are_busy_is_not_to_be_repeated_to_others() -> None:
    page = busy_page(EN)
    assert (page.items, page.cache_seconds) == ((), 0)
    assert page.button is not None
    assert page.button.text == EN.inline_busy


def test_the_latest_articles_come_first_and_those_without_a_date_last() -> None:
    listed = offers((), [entry("old", "2020"), entry("none", None), entry("new", "2024-05-01")], "en")
    assert [each.source.title for each in listed if isinstance(each, SourceEntry)] == ["new", "old", "none"]


def test_examples_come_before_articles_and_those_in_the_readers_language_before_others() -> None:
    examples = [
        Example(f"Q{number}?", answer_of(passage(number, language=language)))
        for number, language in enumerate(("de", "en", "de", "en", "en"))
    ]
    listed = offers(examples, [entry("old", "2020")], "en")
    assert [each.question for each in listed if isinstance(each, Example)] == ["Q1?", "Q3?", "Q4?"]
    assert isinstance(listed[-1], SourceEntry)
    assert len(listed) == EXAMPLES + 1


def test_of_examples_that_one_passage_answers_the_first_is_shown() -> None:
    same = answer_of(passage(1))
    listed = offers(
        [Example("Q1?", same), Example("Q2?", answer_of(passage(2))), Example("Q3?", same)], [], "en"
    )
    assert [each.question for each in listed if isinstance(each, Example)] == ["Q1?", "Q2?"]


def test_an_example_is_listed_by_its_question_and_posts_its_answer() -> None:
    item = example_item(Example("Who leads?", answer_of(passage(7))), EN)
    assert (item.title, item.description) == ("Who leads?", MARKED)
    assert "<i>Who leads?</i>" in item.card.html
    assert chosen_passage(item.result_id) == f"{7:016x}"


def test_only_the_first_page_of_offers_opens_the_private_chat() -> None:
    assert offers_page([], 0, 30, EN).button is not None
    assert offers_page([], 10, 30, EN).button is None


@pytest.mark.parametrize(
    "result_id", ["", "no-passage", "0" * 15, "0" * 17, "example-", "Example-" + "0" * 16]
)
def test_what_is_no_passage_of_ours_is_not_counted_as_chosen(result_id: str) -> None:
    assert chosen_passage(result_id) is None


@given(st.text(max_size=70))
def test_any_offset_is_a_page_of_ours_or_none(offset: str) -> None:
    place = place_of(offset)
    assert place is None or (0 <= place < MOST and place % PAGE == 0)


@given(st.integers(0, MOST // PAGE - 1), st.integers(0, 200))
def test_every_offset_that_is_given_is_taken_back(page: int, count: int) -> None:
    offset = next_offset(page * PAGE, count)
    assert len(offset.encode()) <= 64
    assert not offset or place_of(offset) == (page + 1) * PAGE
