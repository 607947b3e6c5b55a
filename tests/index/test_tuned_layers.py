"""The tuned layers are those that the pointer was fitted with, and what is wrong with them is told."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from index import tuned_layers as module
from index.answer_pointer import default_pointer
from index.cross_encoder import default_cross_encoder_folder
from index.errors import ModelError
from index.onnx_graphs import ModelPart, cut_at
from index.tuned_layers import TUNED_NAME, tuned_layers

MODEL = default_cross_encoder_folder() / "model.onnx"
LARGEST_BYTES = 15_000_000
"""What may ship of tuned weights."""


def test_what_ships_is_what_the_pointer_was_fitted_with_and_small() -> None:
    pointer = default_pointer()
    layers = tuned_layers(pointer.layers_sha256)
    assert len(layers) < LARGEST_BYTES
    before = onnx.load_from_string(cut_at(MODEL.read_bytes(), ModelPart(pointer.layer))).graph
    after = onnx.load_from_string(cut_at(MODEL.read_bytes(), ModelPart(pointer.layer, layers))).graph
    sizes = {each.name: list(each.dims) for each in before.initializer}
    for old, new in zip(before.initializer, after.initializer, strict=True):
        assert (new.name, new.data_type) == (old.name, old.data_type)
        # A scale for each column instead of one for the whole matrix.
        of_columns = sizes.get(new.name.replace("_scale", "_quantized"), [0])[-1:]
        assert list(new.dims) in ([*old.dims], of_columns if new.name.endswith("_scale") else [*old.dims])
    changed = {new.name for old, new in zip(before.initializer, after.initializer, strict=True) if old != new}
    tuned = {each.name for each in onnx.GraphProto.FromString(layers).initializer}
    assert changed
    assert changed <= tuned


def test_others_are_refused() -> None:
    with pytest.raises(ModelError, match=f"{TUNED_NAME} is not the file that was expected; install"):
        tuned_layers("0" * 64)


def test_missing_ones_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module.resources, "files", lambda package: tmp_path)
    with pytest.raises(ModelError, match=f"{TUNED_NAME} cannot be read"):
        tuned_layers("0" * 64)
