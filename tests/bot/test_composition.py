"""Every articles folder has an index folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.composition import default_index, find_place


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
