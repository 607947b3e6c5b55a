"""Every articles folder has an index folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.composition import default_index, find_place, load_cross_encoder, load_encoder, opened_retriever
from bot.settings import read_settings
from index import cross_encoder
from index.errors import ModelError


def test_two_folders_of_one_name_have_two_indexes(tmp_path: Path) -> None:
    first, second = (tmp_path / name / "articles" for name in ("one", "two"))
    assert default_index(first) != default_index(second)
    assert default_index(first).name.startswith("articles-")


def test_a_folder_has_one_index_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "articles").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("articles")
    names = [Path("articles"), Path("articles/../articles"), tmp_path / "articles", Path("link")]
    assert len({default_index(name) for name in names}) == 1


def test_the_root_folder_has_an_index_too() -> None:
    assert default_index(Path("/")).name.startswith("root-")


def test_the_defaults_are_the_corpus_here_and_the_data_folder() -> None:
    place = find_place(None, None)
    assert place.articles == Path("corpus")
    assert place.index == default_index(Path.cwd() / "corpus")
    assert place.index.parent.name == "indexes"


def test_settings_and_options_name_other_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ARTICLES", "set")
    monkeypatch.setenv("FOOTNOTE_INDEX", "set-index")
    assert find_place(None, None).articles == Path("set")
    assert find_place(Path("given"), None).index == Path("set-index")
    assert find_place(Path("given"), Path("given-index")).index == Path("given-index")


def test_a_damaged_cross_encoder_is_found_by_who_reads_it_as_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept of it before is whole, and still answers."""
    settings = read_settings()
    load_cross_encoder(settings)
    published = cross_encoder.default_cross_encoder_folder()
    (tmp_path / "model.onnx").write_bytes(b"damaged")
    (tmp_path / "tokenizer.json").write_bytes((published / "tokenizer.json").read_bytes())
    monkeypatch.setattr(cross_encoder, "packaged_folder", lambda *_: tmp_path)
    kept = load_cross_encoder(settings)
    assert kept is not None
    assert len(kept.read("Where is tea kept?", "In a tin.").tokens)
    with pytest.raises(ModelError, match="force-reinstall"):
        load_cross_encoder(settings, as_published=True)


@pytest.mark.parametrize("up_to_date", [True, False])
def test_opening_fails_where_the_cross_encoder_does_not_load(
    corpus: Path, built_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, up_to_date: bool
) -> None:
    """It is loaded beside, and what became of it is known before the first question."""
    monkeypatch.setattr(cross_encoder, "packaged_folder", lambda *_: tmp_path)
    place = find_place(corpus, built_index)
    with (
        pytest.raises(ModelError, match="force-reinstall"),
        opened_retriever(place, load_encoder(place.settings), up_to_date=up_to_date),
    ):
        pytest.fail("it was opened")
