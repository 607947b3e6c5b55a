"""The attention of an int8 model joined into one node a layer, onnxruntime's QAttention.

Quantised models write attention down as some thirty nodes: three products, and between them reshaping,
transposing and a mask that is added to every score. One node does the same, without writing what lies
between to memory, and leaves out the mask: such models are run one text at a time, where nothing is padded.

The nodes are those of `onnxruntime.quantization` for a layer of BERT (Devlin et al., 2018) or one like it.
Attention that adds anything else to its scores, such as distances between words, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_DOMAIN: Final = "com.microsoft"
"""Of onnxruntime's own operators."""

_LARGEST_CONSTANT: Final = 8
"""Numbers of a shape, and of no weight: a mask is made of constants that are no larger."""


@dataclass(frozen=True, slots=True)
class _Product:
    """One of an attention's three products: of the states with weights in int8, and what is added."""

    states: tuple[str, str, str]
    """The quantised states, their scale and their zero point."""
    weights: NDArray[np.int8]
    """(d, d)."""
    scales: NDArray[np.float32]
    """(d,): of each column."""
    zero_points: NDArray[np.int8]
    """(d,)."""
    bias: NDArray[np.float32]
    """(d,)."""


@dataclass(frozen=True, slots=True)
class _Attention:
    """What one node is to take the place of."""

    products: tuple[_Product, _Product, _Product]
    """Queries, keys and values."""
    heads: int
    output: str
    """The value that the last of its nodes makes."""


class _OtherGraphError(Exception):
    """The nodes are not those of an attention that can be joined."""


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
    found = list(_Graph(graph).attentions())
    if not found:
        return 0
    for number, each in enumerate(found):
        _put(graph, each, f"joined_attention.{number}")
    _remove_unused(graph)
    if all(each.domain != _DOMAIN for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    return len(found)


class _Graph:
    """A graph that is walked from node to node."""

    def __init__(self, graph: GraphProto) -> None:
        from onnx import numpy_helper

        self._nodes = list(graph.node)
        self._makers: dict[str, NodeProto] = {name: node for node in self._nodes for name in node.output}
        self._users: dict[str, list[NodeProto]] = {}
        for node in self._nodes:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self._tensors = {each.name: each for each in graph.initializer}
        for node in self._nodes:
            if node.op_type == "Constant":
                for each in node.attribute:
                    if each.name == "value":
                        self._tensors[node.output[0]] = each.t
            # Where two weights are the same, the exporter writes one down.
            elif node.op_type == "Identity" and node.input[0] in self._tensors:
                self._tensors[node.output[0]] = self._tensors[node.input[0]]
        self._to_array = numpy_helper.to_array

    def attentions(self) -> Iterator[_Attention]:
        """Yield the attentions that can be joined, in their order."""
        for node in self._nodes:
            if node.op_type == "Softmax":
                try:
                    yield self._attention(node)
                except _OtherGraphError:
                    continue

    def _attention(self, softmax: NodeProto) -> _Attention:
        scores = self._maker(softmax.input[0])
        if scores.op_type == "Add":
            scores = self._without_mask(scores)
        _expect(scores.op_type == "MatMul")
        mixing = self._mixing(softmax)
        products = (
            self._product(scores.input[0]),
            self._product(scores.input[1]),
            self._product(mixing.input[1]),
        )
        _expect(all(each.states == products[0].states for each in products))
        _expect(len({each.weights.shape for each in products}) == 1)
        width, size = products[0].weights.shape[1], self._size_of_head(scores.input[0])
        _expect(size > 0 and width % size == 0)
        return _Attention(products, width // size, self._last_of(mixing.output[0]))

    def _maker(self, name: str) -> NodeProto:
        _expect(name in self._makers)
        return self._makers[name]

    def _array(self, name: str) -> NDArray[np.generic]:
        _expect(name in self._tensors)
        return np.asarray(self._to_array(self._tensors[name]))

    def _without_mask(self, addition: NodeProto) -> NodeProto:
        """Return the product to which an addition adds nothing but a mask."""
        makers = [self._maker(name) for name in addition.input]
        products = [each.op_type == "MatMul" for each in makers]
        _expect(products.count(True) == 1)
        mask = addition.input[products.index(False)]
        _expect(not self._rests_on_weights(mask))
        return makers[products.index(True)]

    def _rests_on_weights(self, name: str) -> bool:
        waiting, seen = [name], set[str]()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            if each in self._tensors:
                if int(np.prod(self._tensors[each].dims)) > _LARGEST_CONSTANT:
                    return True
            elif each in self._makers and self._makers[each].op_type != "Shape":
                waiting += [given for given in self._makers[each].input if given]
        return False

    def _mixing(self, softmax: NodeProto) -> NodeProto:
        """Return the product of the chances with the values; PyTorch may put zeros in place of NaN before."""
        users = self._users.get(softmax.output[0], [])
        guards = [each for each in users if each.op_type == "Where"]
        if guards:
            users = self._users.get(guards[0].output[0], [])
        _expect(len(users) == 1 and users[0].op_type == "MatMul")
        return users[0]

    def _product(self, name: str) -> _Product:
        """Return the product whose result, laid out by heads and scaled, a value is."""
        node = self._maker(name)
        while node.op_type in ("Mul", "Transpose", "Reshape"):
            node = self._maker(node.input[0])
        _expect(node.op_type == "Add")
        bias = next((each for each in node.input if each in self._tensors), "")
        scaling = self._maker(next((each for each in node.input if each != bias), ""))
        _expect(scaling.op_type == "Mul")
        makers = [self._maker(each) for each in scaling.input]
        kinds = [each.op_type for each in makers]
        _expect(sorted(kinds) == ["Cast", "Mul"])
        product = self._maker(makers[kinds.index("Cast")].input[0])
        _expect(product.op_type == "MatMulInteger" and len(product.input) == 4)
        states, weights, zero_point, zero_points = product.input
        quantising = self._maker(states)
        _expect(quantising.op_type == "DynamicQuantizeLinear" and quantising.output[2] == zero_point)
        scales = [each for each in makers[kinds.index("Mul")].input if each != quantising.output[1]]
        _expect(len(scales) == 1)
        matrix, added = self._array(weights), self._array(bias)
        _expect(matrix.dtype == np.int8 and matrix.ndim == 2 and added.shape == matrix.shape[1:])

        def of_columns(name: str) -> NDArray[np.generic]:
            return np.broadcast_to(self._array(name), added.shape)

        return _Product(
            (quantising.output[0], quantising.output[1], quantising.output[2]),
            matrix.astype(np.int8),
            of_columns(scales[0]).astype(np.float32),
            of_columns(zero_points).astype(np.int8),
            added.astype(np.float32),
        )

    def _size_of_head(self, name: str) -> int:
        """Return how many of the queries' dimensions a head has: the last of the shape they are given."""
        node = self._maker(name)
        while node.op_type in ("Mul", "Transpose"):
            node = self._maker(node.input[0])
        _expect(node.op_type == "Reshape")
        shape = node.input[1]
        if shape not in self._tensors:
            joining = self._maker(shape)
            _expect(joining.op_type == "Concat")
            shape = joining.input[-1]
        return int(self._array(shape).ravel()[-1])

    def _last_of(self, name: str) -> str:
        """Return the last value that is nothing but this one in another shape."""
        while True:
            users = [each for each in self._users.get(name, []) if each.op_type != "Shape"]
            if len(users) != 1 or users[0].op_type not in ("Transpose", "Reshape"):
                return name
            name = users[0].output[0]


def _expect(is_so: bool) -> None:
    if not is_so:
        raise _OtherGraphError


def _put(graph: GraphProto, attention: _Attention, name: str) -> None:
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
            needed.update(node.input)
    for place in reversed(range(len(graph.initializer))):
        if graph.initializer[place].name not in needed:
            del graph.initializer[place]
    del graph.value_info[:]
