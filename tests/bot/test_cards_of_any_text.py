"""Whatever an article says and a person asks: a message that Telegram takes, quoting word for word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.callback_data import OpenPress, Shelf, ShowPress
from bot.cards import (
    Above,
    answer_card,
    context_card,
    declining_card,
    shelf_of,
    shown_card,
    text_card,
)
from bot.inline_cards import article_item, inline_item
from bot.listing_cards import sources_card
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.shown import ShownPassage, SourceEntry
from bot.telegram_html import sendable, single_line, utf16_units
from index.segment import segment
from index.types import Answer, Article, RankedPassage, Source
from tests.bot.card_texts import (
    answer_of,
    any_answers,
    any_ranked,
    any_sources,
    any_text,
    as_shown,
    sentence_of,
)
from tests.bot.client import entities, marked, pressed, quotes, received

any_phrases = st.sampled_from(LANGUAGES).map(phrases_for)
any_question = st.one_of(st.none(), any_text(8))


@given(any_answers(), any_phrases, any_question, st.data())
def test_any_answer_is_a_message_that_telegram_takes_and_that_quotes_word_for_word(
    answer: Answer, phrases: Phrases, question: str | None, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(answer.passages) - 1))
    ranked = answer.passages[place]
    content = received(answer_card(answer, phrases, place=place, above=Above(question)))
    whole = sendable(ranked.text)
    shown = quotes(content)
    assert all(quote in whole for quote in shown)
    assert shown or not whole.strip()
    assert len(content.entities) <= 100
    assert utf16_units(content.text) <= 4096
    if utf16_units(ranked.text) <= 3_000 and whole.strip():
        assert shown[-1].strip() == whole.strip()
    if ranked.highlight is not None and sendable(sentence_of(ranked)).strip():
        sentence = sendable(sentence_of(ranked))
        assert all(sentence.startswith(bold) for bold in marked(content, "bold"))
        assert marked(content, "bold")


@given(any_answers(), any_phrases, any_question)
def test_the_answering_sentence_is_seen_without_a_tap(
    answer: Answer, phrases: Phrases, question: str | None
) -> None:
    content = received(answer_card(answer, phrases, above=Above(question)))
    if not marked(content, "bold"):
        return
    first = entities(content, "bold")[0]
    for folded in entities(content, "expandable_blockquote"):
        assert first.end <= folded.offset + 90


@given(any_answers(), any_phrases, any_question)
def test_turning_the_pages_gives_what_the_answer_itself_would(
    answer: Answer, phrases: Phrases, question: str | None
) -> None:
    for place in range(len(answer.passages)):
        card = answer_card(answer, phrases, place=place, above=Above(question))
        for press in pressed(card, ShowPress):
            turned_to = place - place % 5 + press.shelf.place
            again = shown_card(
                press.shelf,
                as_shown(answer.passages[turned_to]),
                phrases,
                above=Above(question),
            )
            expected = answer_card(answer, phrases, place=turned_to, above=Above(question))
            assert again == expected


@given(any_text(), any_sources(), any_phrases, any_question, st.data())
def test_any_context_is_a_message_that_quotes_the_article(
    text: str, source: Source, phrases: Phrases, question: str | None, data: st.DataObject
) -> None:
    passages = segment(Article("article", text, 0, "Title", "en"))
    if not passages:
        return
    at = data.draw(st.integers(0, len(passages) - 1))
    around = passages[max(0, at - 1) : at + 2]
    shown = [ShownPassage(passage, source, passage.span.of(text)) for passage in around]
    mark = data.draw(st.one_of(st.none(), st.integers(0, min(62, len(passages[at].sentences) - 1))))
    shelf = Shelf((passages[at].passage_id,), (mark,), 0)
    card = context_card(shelf, shown, phrases, above=Above(question))
    content = received(card)
    whole = sendable(text)
    assert quotes(content)
    assert all(quote in whole for quote in quotes(content))
    if mark is not None:
        sentence = sendable(passages[at].sentences[mark].of(text))
        assert any(sentence.startswith(bold) for bold in marked(content, "bold"))


@given(any_ranked(), any_text(8), any_phrases)
def test_any_inline_item_is_one_that_telegram_takes(
    ranked: RankedPassage, question: str, phrases: Phrases
) -> None:
    item = inline_item(ranked, question, shelf_of([ranked], 0), phrases)
    for each in (item, article_item(as_shown(ranked), phrases)):
        assert 1 <= len(each.result_id.encode()) <= 64
        assert each.title.strip()
        assert single_line(each.title) == each.title
        each.description.encode()
        assert received(each.card).text


@given(st.lists(any_ranked(), max_size=5), any_phrases)
def test_any_declining_is_a_message_with_at_most_three_passages(
    passages: list[RankedPassage], phrases: Phrases
) -> None:
    card = declining_card(answer_of(*passages, answered=False), phrases)
    assert received(card).text
    assert [press.passage_id for press in pressed(card, OpenPress)] == [
        ranked.passage.passage_id for ranked in passages[:3]
    ]


@given(st.lists(any_sources(), max_size=23), st.integers(-5, 40), any_phrases)
def test_any_list_of_articles_is_a_message(sources: list[Source], offset: int, phrases: Phrases) -> None:
    entries = [SourceEntry(source, f"{number:016x}", 1) for number, source in enumerate(sources)]
    assert received(sources_card(entries, offset, phrases)).text


@given(st.one_of(any_text(), any_text().map(lambda text: text * 50)))
def test_any_text_is_a_message_of_its_own(text: str) -> None:
    assert received(text_card(f"x{text}")).text.startswith("x")
