"""A conversation opens passages by their numbers and goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import HELP, Ask, Conversation, OpenPassage, Word, parse_line
from bot.rendering import Style
from index.texts import PassageRecord, Texts
from index.types import Answer, Article, Passage, RankedPassage, Source, Span
from tests.index.written_texts import write_texts

SENTENCES = [f"Sentence {number} of tea." for number in range(6)]
ARTICLE = Article("tea", "\n".join(SENTENCES), 0, "Tea", "en", url="https://example.org/tea")


def passage_of(number: int) -> Passage:
    start = ARTICLE.text.index(SENTENCES[number])
    span = Span(start, start + len(SENTENCES[number]))
    return Passage(f"{number:016x}", "tea", span, (span,), ("Drinks", "Tea"), number + 1, 6)


def declined_with(*probabilities: float) -> Answer:
    """Return an answer of as many passages that is none."""
    found = answer_with([*range(len(probabilities))])
    passages = (
        replace(each, probability=own) for each, own in zip(found.passages, probabilities, strict=True)
    )
    return replace(found, answered=False, confidence=probabilities[0], passages=tuple(passages))


def answer_with(order: list[int]) -> Answer:
    source = Source("tea", "Tea", "en", url=ARTICLE.url)
    passages = tuple(
        RankedPassage(passage, source, passage.span.of(ARTICLE.text), passage.span, 0.9)
        for passage in map(passage_of, order)
    )
    return Answer("which", True, 0.9, passages, False, 1.0, "20260101T000000Z-abcdef")


@pytest.fixture
def conversation(tmp_path: Path) -> Iterator[Conversation]:
    """An article of six passages; every question gets 5, 2, 0, 1 and 3 of them, in that order."""
    path = tmp_path / "texts.sqlite"
    records = [
        PassageRecord(passage_of(number), bytes([number] * 16), (bytes([number] * 16),))
        for number in range(6)
    ]
    write_texts(path, iter([(ARTICLE, records)]))
    with Texts.open(path) as texts:
        yield Conversation(lambda _: answer_with([5, 2, 0, 1, 3]), texts, Style(80))


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("", Word.NOTHING),
        (" \n", Word.NOTHING),
        ("MORE\n", Word.MORE),
        (" next ", Word.NEXT),
        ("source", Word.SOURCE),
        ("?", Word.HELP),
        ("quit", Word.QUIT),
        ("2", OpenPassage(2)),
        ("[2]", OpenPassage(2)),
        ("Source 12", OpenPassage(12)),
        ("12345678", Ask("12345678")),
        ("٣", Ask("٣")),
        ("source of tea", Ask("source of tea")),
        ("  Who wrote it? ", Ask("Who wrote it?")),
    ],
)
def test_a_line_is_a_command_a_number_or_a_question(line: str, meaning: Word | OpenPassage | Ask) -> None:
    assert parse_line(line) == meaning


@given(st.text(st.characters(exclude_categories=[])))
def test_any_line_means_something(line: str) -> None:
    assert isinstance(parse_line(line), Word | OpenPassage | Ask)


def test_an_answer_shows_three_passages_and_more_shows_the_rest(conversation: Conversation) -> None:
    first = conversation.reply("Which tea?")
    assert first is not None
    assert "Sentence 5" in first
    assert "[3] Tea" in first
    assert "[4]" not in first
    more = conversation.reply("more")
    assert more is not None
    assert [line[:3] for line in more.splitlines() if line.startswith("[")] == ["[4]", "[5]"]
    assert conversation.reply("more") == "There are no more passages."


@pytest.mark.parametrize(("probabilities", "offered"), [((0.06, 0.05, 0.04, 0.03), 0), ((0.2, 0.1, 0.05), 2)])
def test_where_the_articles_do_not_say_only_what_is_named_can_be_opened(
    conversation: Conversation, probabilities: tuple[float, ...], offered: int
) -> None:
    declining = Conversation(lambda _: declined_with(*probabilities), conversation._texts, Style(80))
    said = declining.reply("which") or ""
    assert [line[:3] for line in said.splitlines() if line.startswith("[")] == [
        f"[{number}]" for number in range(1, offered + 1)
    ]
    assert declining.reply("more") == "There are no more passages."
    for number in range(1, len(probabilities) + 1):
        opened = declining.reply(str(number)) or ""
        assert (SENTENCES[number - 1] in opened) == (number <= offered)


def test_a_number_opens_the_passage_with_its_headings_and_link(conversation: Conversation) -> None:
    conversation.reply("Which tea?")
    opened = conversation.reply("2")
    assert opened is not None
    assert opened.splitlines() == [
        "Drinks > Tea",
        "│ >> Sentence 2 of tea. <<",
        "",
        "[2] Tea · paragraph 3 of 6 · 90%",
        "https://example.org/tea#:~:text=Sentence%202%20of%20tea.",
    ]
    assert conversation.reply("source 2") == opened


def test_next_goes_on_in_the_article_to_its_end(conversation: Conversation) -> None:
    conversation.reply("Which tea?")
    conversation.reply("5")
    assert "Sentence 4" in (conversation.reply("next") or "")
    assert "Sentence 5" in (conversation.reply("next") or "")
    assert conversation.reply("next") == "That was the last passage of the article."
    assert conversation.reply("next") == "That was the last passage of the article."


def test_next_after_an_answer_goes_on_from_the_best_passage(conversation: Conversation) -> None:
    conversation.reply("Which tea?")
    assert conversation.reply("next") == "That was the last passage of the article."


@pytest.mark.parametrize("line", ["more", "next", "1", "source"])
def test_before_the_first_question_there_is_nothing_to_open(conversation: Conversation, line: str) -> None:
    assert "sk something first." in (conversation.reply(line) or "")


@pytest.mark.parametrize("line", ["0", "6", "9999"])
def test_a_number_that_no_passage_has_is_told(conversation: Conversation, line: str) -> None:
    conversation.reply("Which tea?")
    assert conversation.reply(line) == f"There is no passage {line}; the last answer has 1 to 5."


def test_help_quit_and_nothing(conversation: Conversation) -> None:
    assert conversation.reply("help") == HELP
    assert conversation.reply("") == ""
    assert conversation.reply("quit") is None
