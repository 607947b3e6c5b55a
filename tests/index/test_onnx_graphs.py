"""A graph is cut off where it is told to be: what the value needs remains, as it stood or replaced."""

from __future__ import annotations

import onnx.utils
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from index.answer_pointer import default_pointer
from index.cross_encoder import default_cross_encoder_folder
from index.errors import ModelError
from index.onnx_graphs import ModelPart, cut_at

MODEL = (default_cross_encoder_folder() / "model.onnx").read_bytes()


def small_model() -> onnx.ModelProto:
    """Return a model that makes `sum` and then `end`, of which `sum` needs two of three constants."""
    shape = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Add", ["given", "one"], ["more"]),
        helper.make_node("Add", ["more", "two"], ["sum"], name="second"),
        helper.make_node("Mul", ["sum", "three"], ["end"], name="third"),
        helper.make_node("Split", ["given"], ["left", "right"], num_outputs=2),
    ]
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, [2], [place, place])
        for place, name in enumerate(("one", "two", "three"))
    ]
    graph = helper.make_graph(
        nodes,
        "a graph",
        [shape("given", TensorProto.FLOAT, [2])],
        [shape("end", TensorProto.FLOAT, [2])],
        initializer=constants,
        value_info=[shape("more", TensorProto.FLOAT, [2])],
    )
    return helper.make_model(graph, producer_name="Footnote's tests")


def cut(model: onnx.ModelProto, name: str, replacing: bytes = b"") -> onnx.ModelProto:
    """Return the model cut at a value, checked by the library."""
    found = onnx.load_from_string(cut_at(model.SerializeToString(), ModelPart(name, replacing)))
    assert [output.name for output in found.graph.output] == [name]
    return found


def test_only_what_the_value_needs_remains() -> None:
    found = cut(small_model(), "sum")
    assert [node.output[0] for node in found.graph.node] == ["more", "sum"]
    assert [tensor.name for tensor in found.graph.initializer] == ["one", "two"]
    assert [given.name for given in found.graph.input] == ["given"]


def test_what_remains_stands_as_it_stood() -> None:
    model = small_model()
    found = cut(model, "sum")
    assert list(found.graph.node) == list(model.graph.node)[:2]
    assert list(found.graph.initializer) == list(model.graph.initializer)[:2]
    assert list(found.opset_import) == list(model.opset_import)
    assert found.producer_name == "Footnote's tests"


def weights(**named: float) -> bytes:
    """Return weights of the small model's shape as they replace others."""
    tensors = [helper.make_tensor(name, TensorProto.FLOAT, [2], [value] * 2) for name, value in named.items()]
    return onnx.GraphProto(initializer=tensors).SerializeToString()


def test_weights_are_replaced_by_those_of_their_name() -> None:
    model = small_model()
    found = cut(model, "sum", weights(two=7))
    one, two = found.graph.initializer
    assert one == model.graph.initializer[0]
    assert list(two.float_data) == [7, 7]
    assert list(found.graph.node) == list(cut(model, "sum").graph.node)


@pytest.mark.parametrize("name", ["three", "four", "given"])
def test_weights_that_replace_none_that_is_needed_are_told(name: str) -> None:
    with pytest.raises(ModelError, match=f"no weights called '{name}'"):
        cut(small_model(), "sum", weights(one=1, **{name: 7}))


@given(st.binary(min_size=1, max_size=200))
def test_weights_that_are_none_are_one_error(content: bytes) -> None:
    with pytest.raises(ModelError):
        cut_at(small_model().SerializeToString(), ModelPart("sum", content))


def test_any_output_of_a_node_will_do() -> None:
    assert [node.op_type for node in cut(small_model(), "right").graph.node] == ["Split"]


@pytest.mark.parametrize("name", ["no such value", "given", "one", ""])
def test_what_no_node_makes_is_told(name: str) -> None:
    with pytest.raises(ModelError, match="no value"):
        cut_at(small_model().SerializeToString(), ModelPart(name))


@given(st.data())
def test_a_file_that_breaks_off_within_the_graph_is_told(data: st.DataObject) -> None:
    model = small_model()
    whole, graph = model.SerializeToString(), model.graph.SerializeToString()
    end = whole.index(graph) + len(graph)
    with pytest.raises(ModelError):
        cut_at(whole[: data.draw(st.integers(0, end - 1))], ModelPart("sum"))


@given(st.binary(max_size=200))
def test_what_is_no_model_is_one_error(content: bytes) -> None:
    with pytest.raises(ModelError):
        cut_at(content, ModelPart("a name longer than these bytes " * 7))


def test_the_cross_encoder_is_cut_as_the_library_cuts_it() -> None:
    layer = default_pointer().layer
    model = onnx.load_from_string(MODEL)
    names = [each.name for each in model.graph.input]
    expected = onnx.utils.Extractor(model).extract_model(names, [layer]).graph
    found = onnx.load_from_string(cut_at(MODEL, ModelPart(layer))).graph
    assert list(found.node) == list(expected.node)
    assert {each.name for each in found.initializer} == {each.name for each in expected.initializer}
    assert [each.name for each in found.input] == names
    assert len(found.node) < len(model.graph.node)
