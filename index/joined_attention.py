"""The attention of an int8 model joined into one node a layer, onnxruntime's QAttention.

Quantised models write attention down as some thirty nodes: three products, and between them reshaping,
transposing and a mask that is added to every score. One node does the same, without writing what lies
between to memory, and leaves out the mask: such models are run one text at a time, where nothing is padded.

The nodes are those of `onnxruntime.quantization` for a layer of BERT (Devlin et al., 2018) or one like it.
Attention that does anything else, such as adding distances between words to its scores, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from index.attention_nodes import Attention, attentions
from index.errors import ModelError
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_DOMAIN: Final = "com.microsoft"
"""Of onnxruntime's own operators."""

_TOKENS: Final = (5, 6, 7, 8)
"""A text that a mask is computed for: any, without padding."""


def with_joined_attention(model: bytes) -> bytes:
    """Return a model, in ONNX with its weights inside, in which each attention is one node.

    One that has none which can be joined is returned as it is. What it computes is the same up to the
    rounding of sums, for a batch of one text without padding.

    Raises:
        ModelError: It is not in ONNX.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_from_string(model)
    except DecodeError as error:
        raise ModelError(f"A model of {len(model)} bytes is not in ONNX ({error}).") from error
    return model if join_attention(proto) == 0 else proto.SerializeToString()


def join_attention(model: ModelProto) -> int:
    """Make one node of each attention, as `with_joined_attention` says, and return of how many.

    Args:
        model: Changed in place.
    """
    from onnx import helper

    graph = model.graph
    found = list(attentions(graph))
    content = model.SerializeToString() if found else b""
    masks = {each.mask for each in found}
    padding = {mask for mask in masks if mask is None or _is_padding_alone(content, mask)}
    found = [each for each in found if each.mask in padding]
    if not found:
        return 0
    for number, each in enumerate(found):
        _put(graph, each, f"joined_attention.{number}")
    _remove_unused(graph)
    if all(each.domain != _DOMAIN for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    return len(found)


def _is_padding_alone(model: bytes, mask: str) -> bool:
    """Return whether a mask adds the same to all scores of a text that has no padding, which changes nothing.

    A mask of what comes later does not, nor do distances between words, however they are computed.
    """
    import onnx

    try:
        part = cut_at(model, ModelPart(mask))
        ids = np.array([_TOKENS], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        names = [each.name for each in onnx.load_from_string(part).graph.input]
        inputs = {name: given.get(name, np.zeros_like(ids)) for name in names}
        added = OnnxSession(part).run(inputs)
    except ModelError:
        return False
    return bool(np.ptp(added, axis=-1).max(initial=0.0) == 0)


def _put(graph: GraphProto, attention: Attention, name: str) -> None:
    """Put one node where the last of an attention's stands, and the weights it takes."""
    from onnx import helper, numpy_helper

    products = attention.products
    arrays: Mapping[str, NDArray[np.generic]] = {
        "weights": np.concatenate([each.weights for each in products], axis=1),
        "bias": np.concatenate([each.bias for each in products]),
        "scales": np.concatenate([each.scales for each in products]),
        "zero_points": np.concatenate([each.zero_points for each in products]),
    }
    graph.initializer.extend(
        numpy_helper.from_array(array, f"{name}.{part}") for part, array in arrays.items()
    )
    states, scale, zero_point = products[0].states
    inputs: Sequence[str] = (
        states,
        f"{name}.weights",
        f"{name}.bias",
        scale,
        f"{name}.scales",
        "",  # The mask.
        zero_point,
        f"{name}.zero_points",
    )
    place = next(place for place, node in enumerate(graph.node) if attention.output in node.output)
    del graph.node[place]
    node = helper.make_node(
        "QAttention", inputs, [attention.output], name, domain=_DOMAIN, num_heads=attention.heads
    )
    graph.node.insert(place, node)


def _remove_unused(graph: GraphProto) -> None:
    """Remove the nodes and weights on which no output rests any more."""
    needed = {each.name for each in graph.output}
    for place in reversed(range(len(graph.node))):
        node = graph.node[place]
        if needed.isdisjoint(node.output):
            del graph.node[place]
        else:
            needed.update(_used_by(node))
    for place in reversed(range(len(graph.initializer))):
        if graph.initializer[place].name not in needed:
            del graph.initializer[place]
    del graph.value_info[:]


def _used_by(node: NodeProto) -> Iterator[str]:
    """Yield the values that a node takes, those that graphs within it take among them."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _used_by(inner)
            yield from (each.name for each in graph.output)
