"""A folder becomes a generation, and a second build does only what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index import layout
from index.articles import read_collection
from index.builder import BuildProgress, build_index, fingerprint_of
from index.encoder import Encoder
from index.errors import (
    BuildRunningError,
    CorpusError,
    DamagedGenerationError,
    GenerationError,
    NoGenerationError,
)
from index.exact_vectors import write_exact
from index.generation import IndexFolder
from index.retriever import Retriever
from index.segment import Limits
from index.stores import FileStore, KeptLayouts
from index.texts import Texts
from index.vectors import VectorIndex, VectorLayout
from tests.index.full_disks import needs_limits, room_for
from tests.index.listening import cut_before_publishing, encoded

RIVERS = "# Rivers\n\nThe Danube flows through ten countries. It ends in the Black Sea.\n"
MOUNTAINS = "# Mountains\n\nMont Blanc is the highest mountain of the Alps. It is covered with ice.\n"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder of two articles."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "rivers.md").write_text(RIVERS, encoding="utf-8")
    (folder / "mountains.md").write_text(MOUNTAINS, encoding="utf-8")
    return folder


def test_a_first_build_makes_everything(articles: Path, index_folder: IndexFolder, encoder: Encoder) -> None:
    report = build_index(articles, index_folder, encoder)
    assert (report.articles, report.articles_added, report.passages_reused) == (2, 2, 0)
    assert report.switched
    generation = index_folder.current()
    assert generation.name == report.generation
    assert generation.manifest.passages == report.passages == 2
    assert generation.manifest.sentences == report.sentences == 4
    assert generation.manifest.languages == ("en",)
    assert generation.manifest.encoder == encoder.identity


def test_how_the_vectors_lie_is_in_the_manifest_and_told_where_it_is_slow(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build_index(articles, index_folder, encoder).notices == ()
    assert index_folder.current().manifest.sentence_vectors == VectorLayout("exact", None)

    def written(path: Path, vectors: NDArray[np.float32]) -> VectorLayout:
        write_exact(path, vectors)
        return VectorLayout("exact", 0.5 if path.name == layout.SENTENCE_VECTORS else None)

    monkeypatch.setattr(VectorIndex, "write", written)
    (articles / "rivers.md").unlink()
    (notice,) = build_index(articles, index_folder, encoder).notices
    assert notice.path == "The vectors of the sentences"
    assert "found 0.500 of the ten nearest" in notice.reason
    manifest = index_folder.current().manifest
    assert (manifest.passage_vectors, manifest.sentence_vectors) == (
        VectorLayout("exact", None),
        VectorLayout("exact", 0.5),
    )


def test_rows_of_texts_and_vectors_belong_together(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    """Vectors are those of the texts but for float16's rounding, at most 1 / 16384 below a quarter."""
    build_index(articles, index_folder, encoder)
    path = index_folder.current().path
    with Texts.open(path / layout.TEXTS) as texts:
        stored = texts.passages(range(texts.passage_count))
        passages = VectorIndex.open(path / layout.PASSAGE_VECTORS)
        sentences = VectorIndex.open(path / layout.SENTENCE_VECTORS)
        expected = encoder.encode_passages([each.text for each in stored])
        np.testing.assert_allclose(passages.vectors(np.arange(len(stored))), expected, atol=1e-4)
        for each in stored:
            own = [span.of(texts.article(each.source.article_id).text) for span in each.passage.sentences]  # type: ignore[union-attr]
            rows = each.first_sentence_row + np.arange(len(own))
            np.testing.assert_allclose(sentences.vectors(rows), encoder.encode_passages(own), atol=1e-4)


def test_an_unchanged_collection_is_not_built_again(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_index(articles, index_folder, encoder)
    texts = encoded(encoder, monkeypatch)
    second = build_index(articles, index_folder, encoder)
    assert not second.switched
    assert second.generation == first.generation
    assert (second.passages, second.passages_reused) == (2, 2)
    assert (second.articles_added, second.articles_changed, second.articles_removed) == (0, 0, 0)
    assert texts == []


def test_only_what_changed_is_encoded(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(articles, index_folder, encoder)
    (articles / "rivers.md").write_text(RIVERS.replace("Black Sea", "Black Sea, at last"), encoding="utf-8")
    texts = encoded(encoder, monkeypatch)
    report = build_index(articles, index_folder, encoder)
    assert (report.articles_changed, report.passages_reused) == (1, 1)
    assert texts
    assert all("at last" in text for text in texts)


def test_what_went_from_the_folder_goes_from_the_index(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    build_index(articles, index_folder, encoder)
    (articles / "rivers.md").unlink()
    report = build_index(articles, index_folder, encoder)
    assert (report.articles, report.articles_removed) == (1, 1)
    with Texts.open(index_folder.current().path / layout.TEXTS) as texts:
        assert [source.article_id for source in texts.articles()] == ["mountains"]


def test_other_limits_make_another_generation(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    build_index(articles, index_folder, encoder)
    report = build_index(articles, index_folder, encoder, limits=Limits(merge_words=100))
    assert report.switched
    assert report.passages_reused == report.passages


def test_a_damaged_generation_is_built_anew(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    build_index(articles, index_folder, encoder)
    (index_folder.current().path / layout.PASSAGE_VECTORS).write_bytes(b"")
    report = build_index(articles, index_folder, encoder)
    assert report.switched
    assert index_folder.current().name == report.generation


CUT = (
    layout.PASSAGE_VECTORS,
    layout.SENTENCE_VECTORS,
    f"{layout.TERMS}/stems-vocabulary.npy",
    f"{layout.LEXICAL}/meta.json",
    layout.TEXTS,
)
"""A file of each part of a generation."""


@pytest.mark.parametrize("is_changed", [False, True])
@pytest.mark.parametrize("name", CUT)
def test_a_generation_that_was_published_without_the_end_of_a_file_is_built_anew(
    articles: Path,
    index_folder: IndexFolder,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_changed: bool,
) -> None:
    """Its hashes are right, and it does not open."""
    with monkeypatch.context() as patch:
        cut_before_publishing(patch, name)
        build_index(articles, index_folder, encoder)
    with pytest.raises(DamagedGenerationError):
        Retriever.open(index_folder, encoder, None)
    if is_changed:
        (articles / "rivers.md").write_text(RIVERS.replace("ten", "10"), encoding="utf-8")
    assert build_index(articles, index_folder, encoder).switched
    Retriever.open(index_folder, encoder, None).close()
    assert not build_index(articles, index_folder, encoder).switched


def test_a_candidate_that_does_not_open_has_no_vectors_to_take_over(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(articles, index_folder, encoder)
    (articles / "rivers.md").write_text(RIVERS.replace("ten", "10"), encoding="utf-8")
    with monkeypatch.context() as patch:
        cut_before_publishing(patch, layout.SENTENCE_VECTORS)
        build_index(articles, index_folder, encoder, switch=False)
    texts = encoded(encoder, monkeypatch)
    assert build_index(articles, index_folder, encoder).switched
    assert any("10 countries" in text for text in texts)
    Retriever.open(index_folder, encoder, None).close()


def test_one_bad_file_stops_no_other(articles: Path, index_folder: IndexFolder, encoder: Encoder) -> None:
    (articles / "empty.md").write_text("")
    report = build_index(articles, index_folder, encoder)
    assert report.articles == 2
    assert [skipped.path for skipped in report.skipped] == ["empty.md"]


def test_two_languages_are_served_from_one_index(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    german = "---\nlanguage: de\n---\nDie Donau fließt durch zehn Länder und mündet ins Schwarze Meer.\n"
    (articles / "donau.md").write_text(german, encoding="utf-8")
    build_index(articles, index_folder, encoder)
    assert index_folder.current().manifest.languages == ("de", "en")


def test_an_empty_folder_builds_nothing(tmp_path: Path, index_folder: IndexFolder, encoder: Encoder) -> None:
    with pytest.raises(CorpusError):
        build_index(tmp_path, index_folder, encoder)
    with pytest.raises(NoGenerationError):
        index_folder.current()


def test_two_builds_at_once_are_refused(articles: Path, tmp_path: Path, encoder: Encoder) -> None:
    with IndexFolder(tmp_path / "index").building(), pytest.raises(BuildRunningError):
        build_index(articles, IndexFolder(tmp_path / "index"), encoder)


def test_an_interrupted_build_leaves_nothing(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    def interrupt(progress: BuildProgress) -> None:
        if progress.phase == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(articles, index_folder, encoder, on_progress=interrupt)
    with pytest.raises(NoGenerationError):
        index_folder.current()
    assert build_index(articles, index_folder, encoder).switched


@needs_limits
def test_a_disk_that_fills_up_at_the_vectors_is_told_and_the_next_build_goes_on(
    articles: Path, index_folder: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = FileStore.keep

    def keep_on_full_disk(*arguments: Any) -> KeptLayouts:
        with room_for(1000):
            return keep(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "keep", keep_on_full_disk)
        with pytest.raises(GenerationError, match=r"cannot be used .*File too large"):
            build_index(articles, index_folder, encoder)
    texts = encoded(encoder, monkeypatch)
    assert build_index(articles, index_folder, encoder).switched
    assert texts == []


def test_progress_goes_through_the_phases_to_their_ends(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    told: list[BuildProgress] = []
    build_index(articles, index_folder, encoder, on_progress=told.append)
    assert list(dict.fromkeys(each.phase for each in told)) == ["reading", "embedding", "writing"]
    for phase in ("reading", "embedding", "writing"):
        last = [each for each in told if each.phase == phase][-1]
        assert last.done == last.total > 0


def test_a_fingerprint_is_of_what_the_articles_say(articles: Path) -> None:
    before = fingerprint_of(read_collection(articles))
    assert before == fingerprint_of(read_collection(articles))
    (articles / "rivers.md").write_text(RIVERS.replace("ten", "10"), encoding="utf-8")
    assert fingerprint_of(read_collection(articles)) != before


def test_a_candidate_is_built_beside_what_serves(
    articles: Path, index_folder: IndexFolder, encoder: Encoder
) -> None:
    first = build_index(articles, index_folder, encoder, switch=False)
    assert first.switched, "there was nothing to leave in use"
    (articles / "rivers.md").unlink()
    report = build_index(articles, index_folder, encoder, switch=False)
    assert not report.switched
    assert report.articles_removed == 1
    assert index_folder.current_name() == first.generation
    assert index_folder.candidate_name() == report.generation
    index_folder.switch_to(report.generation)
    assert not build_index(articles, index_folder, encoder).switched, "nothing has changed since"
    assert index_folder.current_name() == report.generation
