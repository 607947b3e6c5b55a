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


def first_layer() -> onnx.ModelProto:
    """Return the cross-encoder up to its first attention."""
    attended = ModelPart("/bert/encoder/layer.0/attention/self/Reshape_3_output_0")
    return onnx.load_from_string(cut_at(PART, attended))


def node_of(model: onnx.ModelProto, kind: str) -> onnx.NodeProto:
    """Return the last node of a kind."""
    return [node for node in model.graph.node if node.op_type == kind][-1]


def node_making(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    """Return the node that makes a value."""
    return next(node for node in model.graph.node if name in node.output)


def put_before(model: onnx.ModelProto, node: onnx.NodeProto, place: int, *nodes: onnx.NodeProto) -> None:
    """Let some nodes make what a node is given at a place."""
    at = next(number for number, each in enumerate(model.graph.node) if each.output == node.output)
    for number, each in enumerate(nodes):
        model.graph.node.insert(at + number, each)
    model.graph.node[at + len(nodes)].input[place] = nodes[-1].output[0]


def add_distances(model: onnx.ModelProto) -> None:
    """As weights do that are learnt for the distance of two words."""
    values = np.random.default_rng(0).normal(size=(1, 12, 4, 4)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(values, "distances"))
    addition = node_making(model, node_of(model, "Softmax").input[0])
    addition.input[1] = "distances"


def add_places(model: onnx.ModelProto) -> None:
    """As what is computed from the places of words does."""
    softmax = node_of(model, "Softmax")
    mask = next(node for node in model.graph.node if node.output[0] == softmax.input[0]).input[1]
    put_before(
        model,
        next(node for node in model.graph.node if node.output[0] == softmax.input[0]),
        1,
        onnx.helper.make_node("Cast", ["input_ids"], ["places"], to=1),
        onnx.helper.make_node("Add", [mask, "places"], ["mask and places"]),
    )


def turn_softmax(model: onnx.ModelProto) -> None:
    softmax = node_of(model, "Softmax")
    del softmax.attribute[:]
    softmax.attribute.append(onnx.helper.make_attribute("axis", 2))


def scale_queries(model: onnx.ModelProto) -> None:
    scores = next(
        node for node in model.graph.node if node.output[0].endswith("attention/self/MatMul_output_0")
    )
    model.graph.initializer.append(numpy_helper.from_array(np.float32(3), "three"))
    given = scores.input[0]
    put_before(model, scores, 0, onnx.helper.make_node("Mul", [given, "three"], ["scaled"]))


def gate_queries(model: onnx.ModelProto) -> None:
    scores = next(
        node for node in model.graph.node if node.output[0].endswith("attention/self/MatMul_output_0")
    )
    given = scores.input[0]
    gate = onnx.helper.make_node("Sigmoid", [given], ["gate"])
    put_before(model, scores, 0, gate, onnx.helper.make_node("Mul", [given, "gate"], ["gated"]))


def change_what_was_found(model: onnx.ModelProto) -> None:
    last = node_of(model, "Transpose")
    put_before(model, last, 0, onnx.helper.make_node("Tanh", [last.input[0]], ["changed"]))


def put_heads_elsewhere(model: onnx.ModelProto) -> None:
    node_of(model, "Transpose").attribute[0].ints[:] = [0, 1, 2, 3]


def test_an_attention_by_itself_is_joined() -> None:
    assert join_attention(first_layer()) == 1


@pytest.mark.parametrize(
    "change",
    [
        add_distances,
        add_places,
        turn_softmax,
        scale_queries,
        gate_queries,
        change_what_was_found,
        put_heads_elsewhere,
    ],
)
def test_an_attention_that_does_anything_else_is_left_as_it_is(
    change: Callable[[onnx.ModelProto], None],
) -> None:
    model = first_layer()
    change(model)
    before = model.SerializeToString()
    assert join_attention(model) == 0
    assert model.SerializeToString() == before


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


def wrong_bias(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.name.endswith(".bias"):
            tensor.raw_data = (5 + numpy_helper.to_array(tensor)).tobytes()


def impossible_heads(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.op_type == "QAttention":
            node.attribute[0].i = 7


@pytest.mark.parametrize("spoil", [wrong_bias, impossible_heads])
def test_where_joining_gives_other_vectors_or_none_the_rounded_model_is_kept_as_it_was(
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[onnx.ModelProto], None],
) -> None:
    def spoilt(model: onnx.ModelProto) -> int:
        count = join_attention(model)
        spoil(model)
        return count

    monkeypatch.setattr(quantisation, "join_attention", spoilt)
    export_encoder(encoder, tmp_path / "encoder")
    assert Reading.from_json((tmp_path / "encoder" / READING).read_text(encoding="utf-8")).quantised
    assert operators((tmp_path / "encoder" / GRAPH).read_bytes())["QAttention"] == 0
