"""Cards as people see them, and what their buttons say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.callback_data import ContextPress, OpenPress, Shelf, ShowPress, SourcesPress, VotePress
from bot.cards import (
    Above,
    Button,
    answer_card,
    context_card,
    declining_card,
    passage_card,
    shelf_of,
)
from bot.inline_cards import inline_item
from bot.listing_cards import settings_card, sources_card
from bot.nearest import WORTH_A_LOOK
from bot.phrases import phrases_for
from bot.shown import SourceEntry
from bot.telegram_html import utf16_units
from index.types import Source
from tests.bot.card_gallery import SNAPSHOT, gallery
from tests.bot.card_texts import (
    answer_of,
    as_shown,
    passage_of,
)
from tests.bot.client import buttons, entities, marked, pressed, quotes, received

ENGLISH = phrases_for("en")
SHORT = ("He took over this year. ", "He began with an aggressive plan. ", "Nothing has been signed. ")
LONG = tuple(f"Sentence number {number} says something about hybrid cars. " for number in range(30))


# What people see


def test_the_gallery_looks_as_it_did() -> None:
    assert gallery() == SNAPSHOT.read_text(encoding="utf-8"), (
        "Look at the difference; if it is meant, write the file anew with: python -m tests.bot.card_gallery"
    )


def test_a_short_passage_is_quoted_whole_with_its_sentence_in_bold_and_its_source_below() -> None:
    content = received(answer_card(answer_of(passage_of(*SHORT, marked=1)), ENGLISH))
    text = "He took over this year. He began with an aggressive plan. Nothing has been signed."
    assert content.text == f"{text}\nNissan looks for hybrid partners\n2025-06-12 · paragraph 5 of 8"
    assert quotes(content) == [text]
    assert marked(content, "bold") == ["He began with an aggressive plan."]
    (address,) = entities(content, "text_link")
    assert address.of(content.text) == "Nissan looks for hybrid partners"
    assert address.url == "https://example.org/nissan#:~:text=He%20began%20with%20an%20aggressive%20plan."


def test_a_long_passage_folds_below_its_answering_sentence() -> None:
    content = received(answer_card(answer_of(passage_of(*LONG, marked=12)), ENGLISH))
    sentence = LONG[12].strip()
    assert quotes(content) == [sentence, "".join(LONG).strip()]
    assert [entity.type for entity in content.entities if "quote" in entity.type] == [
        "blockquote",
        "expandable_blockquote",
    ]
    assert marked(content, "bold") == [sentence, sentence]


@pytest.mark.parametrize("mark", [0, None])
def test_a_long_passage_is_one_fold_where_its_beginning_says_it(mark: int | None) -> None:
    content = received(answer_card(answer_of(passage_of(*LONG, marked=mark)), ENGLISH))
    assert quotes(content) == ["".join(LONG).strip()]
    assert len(entities(content, "expandable_blockquote")) == 1


def test_a_passage_too_long_for_a_message_is_cut_between_sentences_around_the_marked_one() -> None:
    sentences = [f"This is sentence {number} of a passage that goes on. " for number in range(200)]
    content = received(answer_card(answer_of(passage_of(*sentences, marked=100)), ENGLISH))
    short, whole = quotes(content)
    assert short == sentences[100].strip()
    assert short in whole
    assert whole.startswith("This is sentence ")
    assert whole.endswith("goes on.")
    assert utf16_units(content.text) > 3_900
    lines = content.text.split("\n")
    assert lines[1] == lines[3] == "…"


def test_one_endless_sentence_is_cut_after_a_word() -> None:
    content = received(answer_card(answer_of(passage_of("word " * 2_000, marked=0)), ENGLISH))
    (quote,) = quotes(content)
    assert quote.endswith("word")
    assert content.text.split("\n")[1] == "…"
    assert entities(content, "blockquote")


def test_the_question_that_was_answered_is_the_only_text_in_italics() -> None:
    card = answer_card(answer_of(passage_of(*SHORT)), ENGLISH, above=Above("Who is <he>,\nby the way?"))
    content = received(card)
    assert content.text.startswith("Question: Who is <he>, by the way?\n")
    assert marked(content, "italic") == ["Who is <he>, by the way?"]


def test_what_is_not_known_of_a_source_is_left_out() -> None:
    content = received(
        answer_card(answer_of(passage_of(*SHORT, url=None, published=None, title=" ")), ENGLISH)
    )
    assert content.text.endswith("\nnissan\nparagraph 5 of 8")
    assert not entities(content, "text_link")


def test_an_address_that_is_too_long_with_its_sentence_leads_to_the_page() -> None:
    ranked = passage_of("漢" * 400, marked=0)
    (address,) = entities(received(answer_card(answer_of(ranked), ENGLISH)), "text_link")
    assert address.url == "https://example.org/nissan"


# Buttons


def test_the_buttons_turn_only_where_there_is_a_passage() -> None:
    answer = answer_of(*(passage_of(*SHORT, number=number) for number in range(1, 4)))
    turning = [
        [button.text for button in buttons(answer_card(answer, ENGLISH, place=place)) if "/" in button.text]
        for place in range(3)
    ]
    assert turning == [["2/3 ▶"], ["◀ 1/3", "3/3 ▶"], ["◀ 2/3"]]


def test_the_sixth_passage_is_on_a_shelf_of_its_own() -> None:
    passages = [passage_of(*SHORT, number=number) for number in range(7)]
    assert shelf_of(passages, 4) == Shelf(tuple(f"{number:016x}" for number in range(5)), (None,) * 5, 4)
    assert shelf_of(passages, 6) == Shelf((f"{5:016x}", f"{6:016x}"), (None, None), 1)


def test_votes_and_views_are_about_the_passage_that_is_shown() -> None:
    answer = answer_of(passage_of(*SHORT, number=1), passage_of(*SHORT, number=2, marked=1))
    card = answer_card(answer, ENGLISH, place=1)
    shelf = Shelf((f"{1:016x}", f"{2:016x}"), (None, 1), 1)
    assert pressed(card, VotePress) == [VotePress(shelf, True), VotePress(shelf, False)]
    assert pressed(card, ContextPress) == [ContextPress(shelf)]
    in_context = context_card(shelf, [as_shown(answer.passages[1])], ENGLISH)
    assert ShowPress(shelf) in pressed(in_context, ShowPress)
    assert not pressed(in_context, ContextPress)


def test_a_nearest_passage_opens_with_its_sentence_marked() -> None:
    ranked = passage_of(*SHORT, marked=1, number=9)
    card = declining_card(answer_of(ranked, answered=False), ENGLISH)
    (button,) = buttons(card)
    assert button.text == "Perhaps: He began with an aggressive plan."
    (press,) = pressed(card, OpenPress)
    assert press == OpenPress(f"{9:016x}", 1)
    opened = passage_card(as_shown(ranked), ENGLISH, marked=1)
    assert opened == answer_card(answer_of(ranked), ENGLISH)


def test_what_is_far_off_is_not_offered_where_the_articles_do_not_say() -> None:
    near, far = (
        replace(passage_of(*SHORT, number=number), probability=probability)
        for number, probability in ((1, WORTH_A_LOOK), (2, WORTH_A_LOOK - 0.01))
    )
    assert [
        press.passage_id
        for press in pressed(declining_card(answer_of(near, far, answered=False), ENGLISH), OpenPress)
    ] == [f"{1:016x}"]
    assert declining_card(answer_of(far, answered=False), ENGLISH) == declining_card(
        answer_of(answered=False), ENGLISH
    )


def test_a_mark_that_the_passage_no_longer_has_marks_nothing() -> None:
    content = received(passage_card(as_shown(passage_of(*SHORT)), ENGLISH, marked=40))
    assert not marked(content, "bold")


def test_a_button_does_exactly_one_thing() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Button("nothing")
    with pytest.raises(ValueError, match="exactly one"):
        Button("both", callback_data="a", url="https://example.org")


# Context


def test_context_joins_passages_that_overlap_and_parts_those_with_a_gap() -> None:
    text = "One is here. Two is here. Three is here.\n\nFour is here."
    one = passage_of("One is here. ", "Two is here. ", number=1)
    two = passage_of("Two is here. ", "Three is here. ", number=2, start=13, marked=1)
    four = passage_of("Four is here.", number=3, start=42)
    shelf = Shelf((two.passage.passage_id,), (1,), 0)
    content = received(context_card(shelf, [as_shown(each) for each in (one, two, four)], ENGLISH))
    assert quotes(content) == text.split("\n\n")
    assert content.text.startswith("Partners › Espinosa's plan\n")
    assert marked(content, "bold") == ["Partners › Espinosa's plan", "Three is here."]


def test_context_gives_room_to_the_passage_first_and_keeps_what_is_next_to_it() -> None:
    before = passage_of(*(f"Before {number} it was so and so. " for number in range(100)), number=1)
    own = passage_of(*LONG, number=2, start=10_000, marked=3)
    after = passage_of(
        *(f"After {number} it was so and so. " for number in range(100)), number=3, start=20_000
    )
    shelf = Shelf((own.passage.passage_id,), (3,), 0)
    content = received(context_card(shelf, [as_shown(each) for each in (before, own, after)], ENGLISH))
    shown = quotes(content)
    assert own.text in shown
    assert shown[shown.index(own.text) + 1].startswith("After 0 it was")
    assert "…" in content.text.split("\n")


# Lists


def test_the_list_of_articles_turns_by_tens() -> None:
    entries = [
        SourceEntry(Source(f"a{number}", f"Article {number}", "en"), f"{number:016x}", 3)
        for number in range(1, 24)
    ]
    first, middle, last = (sources_card(entries, offset, ENGLISH) for offset in (0, 14, 99))
    assert received(first).text.startswith("Articles 1 to 10 of 23\n\n1. Article 1\n")
    assert pressed(first, SourcesPress) == [SourcesPress(10)]
    assert pressed(middle, SourcesPress) == [SourcesPress(0), SourcesPress(20)]
    assert pressed(last, SourcesPress) == [SourcesPress(10)]
    assert pressed(last, OpenPress) == [OpenPress(f"{number:016x}") for number in (21, 22, 23)]
    assert [len(row) for row in first.buttons] == [5, 5, 1]


def test_a_language_is_chosen_by_its_own_name() -> None:
    card = settings_card(phrases_for("de"))
    assert received(card).text == "Sprache: Deutsch. Andere Sprache wählen:"
    assert [button.text for button in buttons(card)] == ["English", "Deutsch", "Español", "Русский", "中文"]


def test_an_inline_item_shows_the_sentence_and_posts_the_question_with_it() -> None:
    ranked = passage_of(*SHORT, marked=1)
    item = inline_item(ranked, "who began?", shelf_of([ranked], 0), ENGLISH)
    assert item.result_id == ranked.passage.passage_id
    assert item.title == "He began with an aggressive plan."
    assert item.description == "Nissan looks for hybrid partners · 2025-06-12"
    assert received(item.card).text.startswith("Question: who began?\n")
