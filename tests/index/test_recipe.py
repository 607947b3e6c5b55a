"""The recipe of an index changes with the program and its libraries, and with nothing else."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from index import recipe as module
from index.recipe import installed_versions, recipe


def test_the_versions_are_those_that_python_tells() -> None:
    versions = installed_versions(sys.path)
    for library in module._LIBRARIES:
        assert versions[library] == version(library)


def test_of_two_of_one_name_the_first_on_the_path_counts(tmp_path: Path) -> None:
    for folder, name in (("a", "Some_._Thing-1.0.dist-info"), ("b", "some.thing-2.0.dist-info")):
        (tmp_path / folder / name).mkdir(parents=True)
    folders = [str(tmp_path / folder) for folder in ("missing", "a", "b")]
    assert installed_versions(folders) == {"some-thing": "1.0"}


def test_a_library_that_was_installed_otherwise_has_its_version_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = recipe.__wrapped__()
    others = {name: text for name, text in installed_versions(sys.path).items() if name != "tantivy"}
    monkeypatch.setattr(module, "installed_versions", lambda _: others)
    assert recipe.__wrapped__() == now
    information = tmp_path / "tantivy-9.9.egg-info"
    information.mkdir()
    (information / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tantivy\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert recipe.__wrapped__() != now


def test_another_version_of_a_library_makes_another_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    now = recipe.__wrapped__()
    assert recipe.__wrapped__() == now
    versions = installed_versions(sys.path) | {"tantivy": "0.0.1"}
    monkeypatch.setattr(module, "installed_versions", lambda _: versions)
    assert recipe.__wrapped__() != now
