"""A build that is divided and put together makes what one build makes, and says what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from index import layout
from index.builder import BuildProgress, build_index
from index.encoder import Encoder
from index.errors import BuildRunningError, NoGenerationError, ShareError
from index.generation import IndexFolder
from index.shares import Share, build_share, merge_shares
from index.vectors import VectorIndex
from tests.index.listening import encoded
from tests.index.nearly_the_same import expect_nearly_the_same


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder of six articles."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in ("alps", "bread", "coffee", "danube", "elbe", "fjord"):
        (folder / f"{name}.md").write_text(f"# The {name}\n\nMuch is said of {name}. Little of it is true.\n")
    return folder


@given(st.text(), st.integers(1, 50))
def test_every_article_belongs_to_one_share(article_id: str, count: int) -> None:
    assert sum(Share(number, count).has(article_id) for number in range(1, count + 1)) == 1


@given(st.integers(1, 1024), st.data())
def test_a_share_is_read_as_it_is_written(count: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(1, count)), count)
    assert Share.parse(str(share)) == share


@given(st.text(max_size=12).filter(lambda text: "/" not in text))
def test_text_without_a_division_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ShareError, match="such as 2/4"):
        Share.parse(text)


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "1/99999", "a/b", "٢/٤"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ShareError, match="such as 2/4"):
        Share.parse(text)


def test_shares_make_what_one_build_makes(
    articles: Path,
    index_folder: IndexFolder,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = encoded(encoder, monkeypatch)
    reports = [build_share(articles, index_folder, encoder, Share(number, 3)) for number in (3, 1, 2)]
    assert sum(report.articles for report in reports) == 6
    assert sum(report.texts for report in reports) == 18
    in_shares = len(texts)
    merged = merge_shares(articles, index_folder, encoder)
    assert len(texts) == in_shares, "merging encodes nothing"
    assert merged.switched
    assert merged.vectors_resumed == len(set(texts)) == 18 - 5, "one sentence is in all six"
    assert not index_folder.shares.exists()
    other = IndexFolder(tmp_path / "other")
    build_index(articles, other, encoder)
    found, expected = index_folder.current(), other.current()
    assert found.manifest.corpus_fingerprint == expected.manifest.corpus_fingerprint
    for name in (layout.PASSAGE_VECTORS, layout.SENTENCE_VECTORS):
        ours, theirs = (VectorIndex.open(each.path / name) for each in (found, expected))
        rows = np.arange(theirs.count)
        expect_nearly_the_same(ours.vectors(rows), theirs.vectors(rows))
    assert not build_index(articles, index_folder, encoder).switched, "it is up to date"


def test_a_share_leaves_out_what_the_generation_in_use_knows(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(articles, index_folder, encoder)
    (articles / "gold.md").write_text("Gold is heavy.\n")
    texts = encoded(encoder, monkeypatch)
    for number in (1, 2):
        build_share(articles, index_folder, encoder, Share(number, 2))
    assert texts == ["Gold is heavy."]
    assert merge_shares(articles, index_folder, encoder).articles_added == 1
    assert texts == ["Gold is heavy."]


def test_a_missing_share_is_named(articles: Path, index_folder: IndexFolder, encoder: Encoder) -> None:
    with pytest.raises(ShareError, match="no share of a build"):
        merge_shares(articles, index_folder, encoder)
    build_share(articles, index_folder, encoder, Share(2, 3))
    with pytest.raises(ShareError, match=r"1/3, 3/3 are missing; run `footnote build --shard 1/3`"):
        merge_shares(articles, index_folder, encoder)
    with pytest.raises(NoGenerationError):
        index_folder.current()


def test_a_share_that_was_interrupted_is_named_and_goes_on(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    def interrupt(progress: BuildProgress) -> None:
        if progress.phase == "embedding" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_share(articles, index_folder, encoder, Share(1, 1), on_progress=interrupt)
    with pytest.raises(ShareError, match=r"1/1 .*goes on where it ended"):
        merge_shares(articles, index_folder, encoder)
    assert build_share(articles, index_folder, encoder, Share(1, 1)).vectors_resumed > 0
    assert merge_shares(articles, index_folder, encoder).articles == 6


def test_shares_of_two_divisions_are_told_apart(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    build_share(articles, index_folder, encoder, Share(1, 2))
    build_share(articles, index_folder, encoder, Share(1, 3))
    with pytest.raises(ShareError, match="2 and 3 parts"):
        merge_shares(articles, index_folder, encoder)


def test_a_share_of_other_articles_is_named_and_mended(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        build_share(articles, index_folder, encoder, Share(number, 2))
    (articles / "bread.md").write_text("# The bread\n\nBread is baked twice.\n")
    owner = next(number for number in (1, 2) if Share(number, 2).has("bread"))
    with pytest.raises(ShareError, match=f"Share {owner}/2 was made from other articles"):
        merge_shares(articles, index_folder, encoder)
    texts = encoded(encoder, monkeypatch)
    build_share(articles, index_folder, encoder, Share(owner, 2))
    assert texts == ["Bread is baked twice."]
    assert merge_shares(articles, index_folder, encoder).articles == 6


def test_a_share_of_another_encoder_is_named(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    build_share(articles, index_folder, encoder, Share(1, 1))
    other = Encoder.load(passage_prompt="passage: ")
    with pytest.raises(ShareError, match="Share 1/1 was made by the encoder 'all-MiniLM-L6-v2'"):
        merge_shares(articles, index_folder, other)


def test_a_share_is_encoded_by_one_process(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    index_folder.shares.mkdir(parents=True)
    with FileLock(index_folder.shares / "1-of-2.lock"), pytest.raises(BuildRunningError, match="share 1/2"):
        build_share(articles, index_folder, encoder, Share(1, 2))
    assert build_share(articles, index_folder, encoder, Share(2, 2)).share == "2/2"
