"""What the benchmark of scale makes up is as it says: the same each time, and like what is real."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from index import candidates
from index.builder import build_index
from index.encoder import Encoder
from index.generation import IndexFolder
from index.retriever import Retriever
from index.segment import segment
from index.types import Article
from tests.benchmarks.scale import write_articles
from tests.benchmarks.scale_text import Chain, articles, made_up_word, passages
from tests.benchmarks.scale_vectors import RealTexts, ScaleEncoder, ScaleSource

CORPUS = Path(__file__).parents[2] / "corpus"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(CORPUS.rglob("*.md"))]


def article(name: str, text: str) -> Article:
    return Article(name, text, text.index("---", 3) + 3, "t", "en")


def test_the_same_seed_gives_the_same_text_and_another_one_another() -> None:
    chain = Chain.learn(TEXTS)
    assert list(articles(chain, 25, 1)) == list(articles(chain, 25, 1))
    assert list(articles(chain, 25, 1)) != list(articles(chain, 25, 2))


def test_words_follow_one_another_as_in_the_text_they_were_learnt_from() -> None:
    chain = Chain.learn(["red green blue green red yellow red green " * 20])
    pairs = {pair for passage in passages(chain, 30, 1) for words in passage for pair in pairwise(words)}
    known = set(chain.words)
    between = {pair for pair in pairs if set(pair) <= known}
    assert between
    assert between <= {
        ("red", "green"),
        ("green", "blue"),
        ("blue", "green"),
        ("green", "red"),
        ("red", "yellow"),
        ("yellow", "red"),
        ("red", "red"),
    }


def test_as_many_passages_come_of_it_as_were_asked_for() -> None:
    found = [segment(article(str(n), text)) for n, text in enumerate(articles(Chain.learn(TEXTS), 200, 3))]
    assert len(found) == 20
    assert 190 <= sum(map(len, found)) <= 200


def test_made_up_words_are_all_different() -> None:
    words = [made_up_word(number) for number in range(20_000)]
    assert len(set(words)) == len(words)
    assert all(word.isalpha() for word in words)


@pytest.fixture(scope="module")
def real(encoder: Encoder) -> RealTexts:
    """Return the texts of the corpus with their vectors."""
    return RealTexts.encode([article(str(n), text) for n, text in enumerate(TEXTS[:1])], encoder)


def test_vectors_hang_on_the_text_alone_and_real_texts_keep_theirs(encoder: Encoder, real: RealTexts) -> None:
    made = ScaleEncoder(encoder, real)
    texts = ["One generated sentence.", real.sentences[1], "Another one.", "Long. " * 100, real.passages[0]]
    vectors = made.encode_passages(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[1], real.sentence_vectors[1])
    np.testing.assert_array_equal(vectors[4], real.passage_vectors[0])
    np.testing.assert_allclose(made.encode_passages(texts[::-1]), vectors[::-1], atol=1e-6)
    assert abs(vectors[0] @ vectors[2]) < 0.99


def test_texts_that_nothing_is_mixed_from_keep_their_vectors_too(encoder: Encoder, real: RealTexts) -> None:
    other = RealTexts.encode([article("other", TEXTS[1])], encoder)
    texts = [other.sentences[1], other.passages[0], real.sentences[1]]
    made, alone = ScaleEncoder(encoder, real, other), ScaleEncoder(encoder, real)
    expected = [other.sentence_vectors[1], other.passage_vectors[0], real.sentence_vectors[1]]
    np.testing.assert_array_equal(made.encode_passages(texts), expected)
    generated = ["One generated sentence.", "Long. " * 100]
    np.testing.assert_array_equal(made.encode_passages(generated), alone.encode_passages(generated))


def test_where_passages_are_many_each_list_proposes_more(
    tmp_path: Path, encoder: Encoder, real: RealTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_articles(tmp_path / "articles", TEXTS, 100)
    folder = IndexFolder(tmp_path / "index")
    build_index(tmp_path / "articles", folder, ScaleSource(encoder, real))
    monkeypatch.setattr(candidates, "A_LIST", 5)
    monkeypatch.setattr(candidates, "A_LIST_OF_MANY", 12)
    found = []
    for many in (50, 500):
        monkeypatch.setattr(candidates, "MANY", many)
        with Retriever.open(folder, encoder, None) as retriever:
            found.append(set(retriever.evidence("hybrid partners").rows.tolist()))
    assert found[0] > found[1]
    assert len(found[1]) <= 15 < len(found[0]) <= 36


def test_a_real_article_among_generated_ones_is_found(
    tmp_path: Path, encoder: Encoder, real: RealTexts
) -> None:
    write_articles(tmp_path / "articles", TEXTS, 30)
    (tmp_path / "articles" / "real.md").write_text(TEXTS[0], encoding="utf-8")
    folder = IndexFolder(tmp_path / "index")
    report = build_index(tmp_path / "articles", folder, ScaleSource(encoder, real))
    assert report.passages > 30
    with Retriever.open(folder, encoder, None) as retriever:
        answer = retriever.ask(real.sentences[2])
        assert answer.passages[0].source.article_id == "real"
