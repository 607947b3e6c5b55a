"""What "Copy citation" copies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.citations import citation
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.shown import ShownPassage
from bot.telegram_html import sendable, utf16_units
from index.types import RankedPassage
from tests.bot.card_texts import any_ranked, passage_of

ENGLISH = phrases_for("en")
SENTENCE = "He began with an aggressive plan to cut costs."


def cited(ranked: RankedPassage, phrases: Phrases = ENGLISH) -> str:
    return citation(ShownPassage(ranked.passage, ranked.source, ranked.text), ranked.highlight, phrases)


@given(any_ranked(), st.sampled_from(LANGUAGES).map(phrases_for))
def test_any_citation_can_be_copied(ranked: RankedPassage, phrases: Phrases) -> None:
    text = cited(ranked, phrases)
    text.encode()
    assert 1 <= utf16_units(text) <= 256
    assert sendable(text) == text


def test_a_citation_names_the_sentence_and_its_source() -> None:
    assert cited(passage_of("Before. ", SENTENCE, marked=1)) == (
        f"“{SENTENCE}” — A. Writer, Nissan looks for hybrid partners, 2025-06-12, paragraph 5 of 8, "
        "https://example.org/nissan"
    )


def test_a_long_sentence_is_cut_after_a_word_with_the_ellipsis_outside_the_quote() -> None:
    text = cited(passage_of("A sentence that goes on " * 20, marked=0, author=None))
    quote, origin = text.split(" — ")
    assert quote.endswith("”…")
    assert ("A sentence that goes on " * 20).startswith(quote[1:-2] + " ")
    assert (
        origin == "Nissan looks for hybrid partners, 2025-06-12, paragraph 5 of 8, https://example.org/nissan"
    )


def test_an_address_that_leaves_no_room_for_the_sentence_is_left_out() -> None:
    text = cited(passage_of(SENTENCE, marked=0, url=f"https://example.org/{'x' * 150}"))
    assert text == f"“{SENTENCE}” — A. Writer, Nissan looks for hybrid partners, 2025-06-12, paragraph 5 of 8"


def test_without_a_mark_the_first_sentence_is_cited_in_the_readers_quotation_marks() -> None:
    text = cited(passage_of("First. ", "Second.", url=None, author=None), phrases_for("de"))
    assert text == "„First.“ — Nissan looks for hybrid partners, 2025-06-12, Absatz 5 von 8"
