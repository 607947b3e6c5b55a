"""Models are found where packages put them, and are what they should be."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from index.errors import ModelError
from index.model_files import check_file, folder_sha256, packaged_folder


def test_a_folder_of_a_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weighty_model" / "model").mkdir(parents=True)
    (tmp_path / "weighty_model" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert packaged_folder("weighty_model", "model") == tmp_path / "weighty_model" / "model"
    assert "weighty_model" not in sys.modules
    with pytest.raises(ModelError, match="pip install --force-reinstall weighty-model"):
        packaged_folder("weighty_model", "other")


def test_a_package_that_is_not_there_names_the_command() -> None:
    with pytest.raises(ModelError, match="pip install no-such-model"):
        packaged_folder("no_such_model", "model")


def test_a_file_is_known_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    check_file(path, hashlib.sha256(b"weights").hexdigest(), "do so")
    with pytest.raises(ModelError, match=r"expected 0{12}.*do so"):
        check_file(path, "0" * 64, "do so")
    with pytest.raises(ModelError, match="do so"):
        check_file(tmp_path / "none", "0" * 64, "do so")


def test_the_hash_of_a_folder_changes_with_what_decides_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"w")
    before = folder_sha256(tmp_path)
    (tmp_path / "README.md").write_text("read me")
    assert folder_sha256(tmp_path) == before
    (tmp_path / "1_Pooling" / "config.json").write_text("{ }")
    after = folder_sha256(tmp_path)
    assert after != before
    (tmp_path / "model.safetensors").rename(tmp_path / "other.safetensors")
    assert folder_sha256(tmp_path) not in (before, after)
