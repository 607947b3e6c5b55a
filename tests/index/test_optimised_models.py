"""What is kept of a model computes the same to the bit, and is used only where it is what it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from index.answer_pointer import default_pointer
from index.cross_encoder import default_cross_encoder_folder
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession, SessionError, write_optimised
from index.optimised_models import OptimisedModels
from index.tuned_layers import tuned_layers

MODEL = default_cross_encoder_folder() / "model.onnx"
SHA256 = hashlib.sha256(MODEL.read_bytes()).hexdigest()
POINTER = default_pointer()
PART = cut_at(MODEL.read_bytes(), ModelPart(POINTER.layer, tuned_layers(POINTER.layers_sha256)))
VARIANT = "tuned"


def inputs(length: int) -> dict[str, np.ndarray]:
    """Return what the cross-encoder takes: some tokens, half of them of a question."""
    ids = np.random.default_rng(length).integers(1000, 20_000, (1, length))
    kinds = (np.arange(length) >= length // 2).astype(np.int64)[None]
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": kinds}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as it is kept."""
    folder = tmp_path_factory.mktemp("models")
    OptimisedModels(folder).keep(PART, SHA256, VARIANT)
    (path,) = folder.iterdir()
    return path


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A folder with a copy of it, to be damaged."""
    (tmp_path / kept.name).write_bytes(kept.read_bytes())
    return tmp_path


@pytest.mark.parametrize("length", [2, 9, 60, 511])
def test_what_is_kept_computes_the_same_to_the_bit(kept: Path, length: int) -> None:
    opened = OptimisedModels(kept.parent).open(SHA256, VARIANT)
    assert opened is not None
    given = inputs(length)
    expected = OnnxSession(PART).run(given)
    np.testing.assert_array_equal(opened.run(given), expected, strict=True)


def test_where_nothing_is_kept_nothing_is_opened(kept: Path, tmp_path: Path) -> None:
    assert OptimisedModels(tmp_path / "missing").open(SHA256, VARIANT) is None
    assert OptimisedModels(kept.parent).open("0" * 64, VARIANT) is None
    assert OptimisedModels(kept.parent).open(SHA256, "another variant") is None


@pytest.mark.parametrize("place", [0, 1_000_000, -1])
def test_a_changed_byte_is_seen_and_mended(folder: Path, place: int) -> None:
    (path,) = folder.iterdir()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    models = OptimisedModels(folder)
    assert models.open(SHA256, VARIANT) is None
    models.keep(PART, SHA256, VARIANT)
    assert models.open(SHA256, VARIANT) is not None


def test_a_file_that_broke_off_is_not_used(folder: Path) -> None:
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1000])
    assert OptimisedModels(folder).open(SHA256, VARIANT) is None


def test_what_another_version_kept_of_the_model_is_removed(folder: Path) -> None:
    (path,) = folder.iterdir()
    other = path.with_name(f"{SHA256[:32]}-{'0' * 32}-{'0' * 32}.onnx")
    other.write_bytes(b"of before")
    stranger = path.with_name(f"{'1' * 32}-{'0' * 32}-{'0' * 32}.onnx")
    stranger.write_bytes(b"another model")
    path.unlink()
    OptimisedModels(folder).keep(PART, SHA256, VARIANT)
    assert sorted(folder.iterdir()) == sorted([path, stranger])


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"no folder")
    models = OptimisedModels(file / "models")
    models.keep(PART, SHA256, VARIANT)
    assert models.open(SHA256, VARIANT) is None


def test_what_is_no_model_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SessionError):
        write_optimised(b"no model", tmp_path / "optimised.onnx")
    OptimisedModels(tmp_path / "models").keep(b"no model", SHA256, VARIANT)
    assert [*(tmp_path / "models").iterdir()] == []
