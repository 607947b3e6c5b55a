"""Attention that is one node computes what its thirty nodes did; any other is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from index import quantisation
from index.answer_pointer import default_pointer
from index.cross_encoder import default_cross_encoder_folder
from index.encoder import Encoder
from index.encoder_export import export_encoder
from index.errors import ModelError
from index.exported_encoder import ExportedEncoder
from index.exported_files import GRAPH, READING, Reading
from index.joined_attention import join_attention, with_joined_attention
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession
from tests.index.own_models import bert_with_prompts, distilbert_by_first_token, mpnet_by_maximum

PART = cut_at(
    (default_cross_encoder_folder() / "model.onnx").read_bytes(), ModelPart(default_pointer().layer)
)
LAYERS = 9
TEXTS = ("Where does the Rhine rise?", "bread", "", "A lighthouse of 1823 stands on the island. " * 6)


def operators(model: bytes) -> Counter[str]:
    """Return how many nodes of each kind a model has."""
    return Counter(node.op_type for node in onnx.load_from_string(model).graph.node)


def inputs(length: int) -> dict[str, np.ndarray]:
    """Return what the cross-encoder takes: some tokens, half of them of a question."""
    ids = np.random.default_rng(length).integers(1000, 20_000, (1, length))
    kinds = (np.arange(length) >= length // 2).astype(np.int64)[None]
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": kinds}


def test_each_attention_of_the_cross_encoder_becomes_one_node() -> None:
    found = operators(with_joined_attention(PART))
    assert found["QAttention"] == LAYERS
    assert found["Softmax"] == found["Transpose"] == 0
    assert found.total() < operators(PART).total() / 2


@pytest.mark.parametrize("length", [1, 2, 9, 60, 200, 512])
def test_what_an_attention_computes_stays_the_same(length: int) -> None:
    first = ModelPart("/bert/encoder/layer.0/attention/self/Reshape_3_output_0")
    expected = OnnxSession(cut_at(PART, first)).run(inputs(length))
    found = OnnxSession(cut_at(with_joined_attention(PART), first)).run(inputs(length))
    np.testing.assert_allclose(found, expected, atol=1e-5, strict=True)


@pytest.mark.parametrize("length", [2, 60, 512])
def test_what_a_model_computes_stays_the_same_but_for_what_is_rounded_the_other_way(length: int) -> None:
    expected = OnnxSession(PART).run(inputs(length))
    found = OnnxSession(with_joined_attention(PART)).run(inputs(length))
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995


def test_a_model_without_attention_is_returned_as_it_is() -> None:
    first_layer = cut_at(PART, ModelPart("/bert/embeddings/LayerNorm/Add_1_output_0"))
    assert with_joined_attention(first_layer) == first_layer
    joined = with_joined_attention(PART)
    assert with_joined_attention(joined) == joined


def test_what_is_no_model_is_told() -> None:
    with pytest.raises(ModelError, match="12 bytes is not in ONNX"):
        with_joined_attention(b"\xff\xff\xff no model")


def test_where_more_than_a_mask_is_added_to_the_scores_nothing_is_joined() -> None:
    """Such as a weight for the distance of two words."""
    model = onnx.load_from_string(PART)
    length = 7
    distances = np.random.default_rng(0).normal(size=(1, 12, length, length)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(distances, "distances"))
    softmaxes = {node.input[0] for node in model.graph.node if node.op_type == "Softmax"}
    additions = [node for node in model.graph.node if not softmaxes.isdisjoint(node.output)]
    assert len(additions) == LAYERS
    for node in additions[1:]:
        node.input[1] = "distances"
    before = OnnxSession(model.SerializeToString()).run(inputs(length))
    assert join_attention(model) == 1
    np.testing.assert_allclose(OnnxSession(model.SerializeToString()).run(inputs(length)), before, atol=0.1)


@pytest.mark.parametrize(
    ("make", "joined"), [(bert_with_prompts, 2), (distilbert_by_first_token, 2), (mpnet_by_maximum, 0)]
)
def test_of_an_encoder_that_people_bring_along_what_can_be_is_joined(
    make: Callable[[Path], None], joined: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "model")
    encoder = Encoder.load(str(tmp_path / "model"))
    export_encoder(encoder, tmp_path / "joined")
    monkeypatch.setattr(quantisation, "join_attention", lambda model: 0)
    export_encoder(encoder, tmp_path / "plain")
    assert operators((tmp_path / "joined" / GRAPH).read_bytes())["QAttention"] == joined
    assert operators((tmp_path / "plain" / GRAPH).read_bytes())["QAttention"] == 0
    found, expected = (
        ExportedEncoder.open(tmp_path / name, encoder.identity).encode_passages(list(TEXTS))
        for name in ("joined", "plain")
    )
    assert np.sum(found * expected, axis=1).min() > 0.998


def test_where_joining_would_give_other_vectors_the_rounded_model_is_kept_as_it_was(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: onnx.ModelProto) -> int:
        count = join_attention(model)
        for tensor in model.graph.initializer:
            if tensor.name.endswith(".bias"):
                tensor.raw_data = (5 + numpy_helper.to_array(tensor)).tobytes()
        return count

    monkeypatch.setattr(quantisation, "join_attention", wrong)
    export_encoder(encoder, tmp_path / "encoder")
    assert Reading.from_json((tmp_path / "encoder" / READING).read_text(encoding="utf-8")).quantised
    assert operators((tmp_path / "encoder" / GRAPH).read_bytes())["QAttention"] == 0
