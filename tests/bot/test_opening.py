"""Buttons open passages by their ids, and the text around them as far as the heading reaches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.opening import in_context, shown_passage, source_entries
from index.segment import segment
from index.texts import PassageRecord, Texts
from index.types import Article, Passage
from tests.index.written_texts import write_texts

LONG = "It is a leaf of a shrub that grows in the hills, and people have long brewed it. " * 7
TEXT = f"""# Tea

{LONG.strip()}

{LONG.replace("leaf", "bud").strip()}

## Storing

{LONG.replace("hills", "tin").strip()}

## Storing

{LONG.replace("hills", "jar").strip()}
"""


def article_of(text: str, article_id: str = "tea") -> Article:
    return Article(article_id, text, 0, "Tea", "en")


def write(path: Path, *articles: Article) -> list[list[Passage]]:
    """Write the articles with their passages, and return these."""
    segmented = [segment(article) for article in articles]
    write_texts(
        path,
        (
            (
                article,
                [PassageRecord(each, bytes(16), (bytes(16),) * len(each.sentences)) for each in passages],
            )
            for article, passages in zip(articles, segmented, strict=True)
        ),
    )
    return segmented


@pytest.fixture
def passages(tmp_path: Path) -> list[Passage]:
    """The four passages of an article, written beside another article and an empty one."""
    segmented = write(
        tmp_path / "texts.sqlite", article_of(TEXT), article_of("", "none"), article_of(LONG, "water")
    )
    assert [each.headings for each in segmented[0]] == [("Tea",)] * 2 + [("Tea", "Storing")] * 2
    return segmented[0]


@pytest.fixture
def texts(tmp_path: Path, passages: list[Passage]) -> Iterator[Texts]:
    with Texts.open(tmp_path / "texts.sqlite") as opened:
        yield opened


def test_a_passage_is_opened_by_its_id(texts: Texts, passages: list[Passage]) -> None:
    shown = shown_passage(texts, passages[1].passage_id)
    assert shown is not None
    assert shown.passage == passages[1]
    assert shown.source.article_id == "tea"
    assert shown.text == passages[1].span.of(TEXT)


def test_context_is_what_stands_under_the_same_heading(texts: Texts, passages: list[Passage]) -> None:
    for asked in (0, 1):
        found = in_context(texts, passages[asked].passage_id)
        assert [shown.passage for shown in found] == passages[:2]


def test_context_ends_at_a_heading_even_where_the_next_has_the_same_words(
    texts: Texts, passages: list[Passage]
) -> None:
    for asked in (2, 3):
        (found,) = in_context(texts, passages[asked].passage_id)
        assert found.passage == passages[asked]


@given(st.text())
def test_an_id_that_no_passage_has_opens_nothing(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = tmp_path_factory.mktemp("texts") / "texts.sqlite"
    write(path, article_of(LONG))
    with Texts.open(path) as texts:
        assert shown_passage(texts, name) is None
        assert in_context(texts, name) == ()


def test_every_article_that_can_be_read_is_listed(texts: Texts, passages: list[Passage]) -> None:
    tea, water = source_entries(texts)
    assert (tea.source.article_id, tea.first_passage_id, tea.passages) == ("tea", passages[0].passage_id, 4)
    assert (water.source.article_id, water.passages) == ("water", 1)


@given(
    st.lists(
        st.sampled_from(["# A", "## B", "## B", LONG, "A line.", "- item", "---", "<!-- # C -->"]),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_context_is_verbatim_and_never_crosses_a_heading(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], line_end: str
) -> None:
    article = article_of("\n\n".join(parts).replace("\n", line_end))
    path = tmp_path_factory.mktemp("texts") / "texts.sqlite"
    (passages,) = write(path, article)
    with Texts.open(path) as texts:
        for passage in passages:
            found = in_context(texts, passage.passage_id)
            assert passage in [shown.passage for shown in found]
            assert {shown.passage.headings for shown in found} == {passage.headings}
            assert all(shown.text == shown.passage.span.of(article.text) for shown in found)
            read = article.text[found[0].passage.span.start : found[-1].passage.span.end]
            lines = read.splitlines()
            assert not [line for line in lines if line.startswith("#")]
