"""The baseline: chunks that cover the text, nearest first, one threshold."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.naive import ANSWERING_COSINE, NaiveBot, SearchableVectors, chunks_of
from index.types import Article, Span

WIDTH = 64


def article(text: str, article_id: str = "moon", body_start: int = 0) -> Article:
    """Return an article with every field that a source tells."""
    return Article(
        article_id, text, body_start, "Moon", "en", "https://example.org/moon", "Ada", "2024-05-01"
    )


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Count words into 64 slots, (n, 64) float32, not of unit length: alike are texts that share words."""
    vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            vectors[row, hashlib.sha256(word.encode()).digest()[0] % WIDTH] += 1
    return vectors


def flat_index(vectors: NDArray[np.float32]) -> SearchableVectors:
    """Return the exact index that most bots use."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def bot(*articles: Article) -> NaiveBot:
    """Return a bot over the articles."""
    return NaiveBot.build(articles, encode, flat_index)


class TestChunks:
    """Cutting where the count falls."""

    @pytest.mark.parametrize(
        ("length", "spans"),
        [
            (1, [(0, 1)]),
            (1000, [(0, 1000)]),
            (1001, [(0, 1000), (800, 1001)]),
            (1800, [(0, 1000), (800, 1800)]),
            (1801, [(0, 1000), (800, 1800), (1600, 1801)]),
        ],
    )
    def test_chunks_of_1000_share_200_and_none_lies_inside_another(
        self, length: int, spans: list[tuple[int, int]]
    ) -> None:
        """At 1,000 and 1,800 characters a further chunk would repeat the end of the last one."""
        chunks = chunks_of(article("x" * length))
        assert [(chunk.passage.span.start, chunk.passage.span.end) for chunk in chunks] == spans

    def test_front_matter_is_not_cut(self) -> None:
        """Chunks begin where the body begins; offsets stay those of the whole file."""
        (chunk,) = chunks_of(article("---\nx: 1\n---\nMoon rock.", body_start=13))
        assert chunk.text == "Moon rock."
        assert chunk.passage.span == Span(13, 23)

    def test_an_empty_or_blank_body_gives_no_chunk(self) -> None:
        """There is nothing to show."""
        assert chunks_of(article("")) == []
        assert chunks_of(article(" \n\n ")) == []
        assert chunks_of(article("title", body_start=5)) == []

    def test_the_source_and_the_paragraph_are_told(self) -> None:
        """Paragraphs are parted by blank lines, Windows ones too; blank edges part nothing."""
        text = "\n\n" + "a" * 700 + "\r\n\r\n" + "b" * 500 + "\n \n\n" + "c" * 400 + "\n\n"
        chunks = chunks_of(article(text))
        assert [chunk.passage.paragraph for chunk in chunks] == [1, 2]
        assert {chunk.passage.paragraph_count for chunk in chunks} == {3}
        source = chunks[0].source
        assert (source.title, source.url, source.author) == ("Moon", "https://example.org/moon", "Ada")
        assert source.published == "2024-05-01"

    def test_ids_come_from_article_and_content(self) -> None:
        """The same text has the same id wherever it stands in the article, and another one elsewhere."""
        (plain,) = chunks_of(article("Moon rock."))
        (moved,) = chunks_of(article("---\n---\nMoon rock.", body_start=8))
        (elsewhere,) = chunks_of(article("Moon rock.", "sun"))
        assert re.fullmatch("[0-9a-f]{16}", plain.passage.passage_id)
        assert moved.passage.passage_id == plain.passage.passage_id
        assert elsewhere.passage.passage_id != plain.passage.passage_id

    @given(text=st.text(max_size=40), times=st.integers(1, 120), body_start=st.integers(0, 40))
    def test_chunks_are_the_text_and_cover_it(self, text: str, times: int, body_start: int) -> None:
        """Each is verbatim and one sentence; every character that is not blank is in one."""
        whole = text * times
        begin = min(body_start, len(whole))
        chunks = chunks_of(article(whole, body_start=begin))
        covered: set[int] = set()
        for chunk in chunks:
            passage = chunk.passage
            assert chunk.text == whole[passage.span.start : passage.span.end]
            assert 0 < len(chunk.text) <= 1000
            assert passage.sentences == (passage.span,)
            assert 1 <= passage.paragraph <= passage.paragraph_count
            covered.update(range(passage.span.start, passage.span.end))
        assert min(covered, default=begin) >= begin
        blank = [at for at in range(begin, len(whole)) if at not in covered]
        assert not "".join(whole[at] for at in blank).strip()


class TestAsking:
    """Nearest chunks and the one threshold."""

    def test_the_nearest_chunk_comes_first_with_its_cosine(self) -> None:
        """Three words of four in common: a cosine of 3 / (2 * √3), whatever the vectors' lengths."""
        given_answer = bot(article("tides follow moon", "tides"), article("bees make honey", "bees")).ask(
            " tides follow moon closely \n"
        )
        assert given_answer.question == "tides follow moon closely"
        assert [ranked.source.article_id for ranked in given_answer.passages] == ["tides", "bees"]
        assert given_answer.confidence == given_answer.passages[0].probability
        assert given_answer.confidence == pytest.approx(3 / (2 * 3**0.5), abs=1e-6)
        assert given_answer.answered
        assert given_answer.passages[0].highlight is None
        assert not given_answer.looked_twice

    def test_a_far_question_is_declined_and_its_passages_are_given(self) -> None:
        """One word of nine in common is below the threshold."""
        given_answer = bot(article("alpha beta gamma")).ask("alpha one two three four five six seven eight")
        assert 0 < given_answer.confidence < ANSWERING_COSINE
        assert not given_answer.answered
        assert len(given_answer.passages) == 1

    def test_ten_passages_are_given_where_there_are_as_many(self) -> None:
        """And no more."""
        many = bot(*(article(f"moon number {n}", f"moon-{n}") for n in range(12)))
        assert len(many.ask("moon").passages) == 10

    @pytest.mark.parametrize("question", ["", " \n\t "])
    def test_a_blank_question_gets_an_empty_answer(self, question: str) -> None:
        """Nothing was asked, so nothing is near."""
        given_answer = bot(article("Moon rock.")).ask(question)
        assert (given_answer.answered, given_answer.confidence, given_answer.passages) == (False, 0.0, ())

    def test_nothing_to_search_gets_an_empty_answer(self) -> None:
        """No article, or none with text; the index is not even made."""

        def refuse(vectors: NDArray[np.float32]) -> SearchableVectors:
            raise AssertionError(vectors.shape)

        empty = NaiveBot.build([article(" ")], encode, refuse)
        given_answer = empty.ask("moon?")
        assert (given_answer.answered, given_answer.confidence, given_answer.passages) == (False, 0.0, ())

    def test_a_negative_cosine_is_given_as_zero(self) -> None:
        """A probability is never below 0, and what points the other way is no answer."""
        opposed = NaiveBot.build(
            [article("moon")],
            lambda texts: np.array([[1.0 if text == "moon" else -1.0] for text in texts], dtype=np.float32),
            flat_index,
        )
        assert opposed.ask("sun").confidence == 0
        assert not opposed.ask("sun").answered
        assert opposed.ask("moon").confidence == 1

    @given(text=st.text(max_size=60), question=st.text(max_size=60))
    def test_any_text_and_any_question_make_a_whole_answer(self, text: str, question: str) -> None:
        """Probabilities are in [0, 1], best first, and the question is what was asked, trimmed."""
        given_answer = bot(article(text), article("The moon is a rock.", "rock")).ask(question)
        probabilities = [ranked.probability for ranked in given_answer.passages]
        assert given_answer.question == question.strip()
        assert probabilities == sorted(probabilities, reverse=True)
        assert all(0 <= probability <= 1 for probability in probabilities)
        assert given_answer.elapsed_ms >= 0
