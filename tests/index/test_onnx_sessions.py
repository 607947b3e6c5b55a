"""Models in ONNX run, fail in a way that can be told, and tell nobody that they are used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.answer_pointer import default_pointer
from index.cross_encoder import default_cross_encoder_folder
from index.errors import ModelError
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession, SessionError

MODEL = default_cross_encoder_folder() / "model.onnx"


def test_what_is_no_model_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(SessionError):
        OnnxSession(path)
    path.write_bytes(b"no model")
    with pytest.raises(SessionError):
        OnnxSession(path)


def test_inputs_that_the_model_does_not_take_are_the_same_error() -> None:
    with pytest.raises(SessionError):
        OnnxSession(MODEL).run({"words": np.zeros((1, 4), np.int64)})


def test_nothing_is_kept_to_be_reported(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from index.onnx_sessions import OnnxSession; "
        "OnnxSession(Path(sys.argv[1]))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, MODEL], cwd=root, env=environment, check=True)
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []


def inputs(length: int) -> dict[str, np.ndarray]:
    """Return what the cross-encoder takes: some tokens, all of one text."""
    ids = np.arange(1000, 1000 + length, dtype=np.int64)[None]
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def test_a_value_inside_the_graph_can_be_had_in_place_of_the_output(tmp_path: Path) -> None:
    """The same as that of a graph that goes on to its end, but for what int8 rounds the other way."""
    import onnx

    name = default_pointer().layer
    model = onnx.load(MODEL)
    model.graph.output.insert(0, onnx.ValueInfoProto(name=name))
    whole = tmp_path / "whole.onnx"
    onnx.save(model, whole)
    inner = OnnxSession(cut_at(MODEL.read_bytes(), ModelPart(name))).run(inputs(7))
    assert inner.shape == (1, 7, 384)
    others = OnnxSession(whole).run(inputs(7))
    assert np.corrcoef(inner.ravel(), others.ravel())[0, 1] > 0.99


def test_a_value_that_the_graph_does_not_have_is_one_error() -> None:
    with pytest.raises(ModelError, match="no such value"):
        cut_at(MODEL.read_bytes(), ModelPart("no such value"))
