"""The attention of an int8 model found among the nodes of its graph.

Its nodes are those of `onnxruntime.quantization` for a layer of BERT (Devlin et al., 2018) or one like it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

_BY_HEADS: Final = (0, 2, 1, 3)
"""The order of axes in which (texts, tokens, heads, size) becomes (texts, heads, tokens, size), and back."""
_KEYS_BY_HEADS: Final = (0, 2, 3, 1)
_CLOSE: Final = 1e-3
"""By what share the scale of the scores may differ from that of the node."""


@dataclass(frozen=True, slots=True)
class Product:
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
class Attention:
    """What one node is to take the place of."""

    products: tuple[Product, Product, Product]
    """Queries, keys and values."""
    heads: int
    output: str
    """The value that the last of its nodes makes."""
    mask: str | None
    """The value that is added to its scores, if one is."""


class _OtherGraphError(Exception):
    """The nodes are not those of an attention that can be joined."""


def attentions(graph: GraphProto) -> Iterator[Attention]:
    """Yield the attentions of a graph that compute what one node can, but for their masks, in their order."""
    return _Graph(graph).attentions()


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

    def attentions(self) -> Iterator[Attention]:
        """Yield the attentions that can be joined, in their order."""
        for node in self._nodes:
            if node.op_type == "Softmax":
                try:
                    yield self._attention(node)
                except (_OtherGraphError, LookupError, ValueError):
                    continue

    def _attention(self, softmax: NodeProto) -> Attention:
        _expect(_attribute(softmax, "axis", -1) in (-1, 3))
        scores, mask = self._maker(softmax.input[0]), None
        if scores.op_type == "Add":
            scores, mask = self._without_mask(scores)
        _expect(scores.op_type == "MatMul")
        mixing = self._mixing(softmax)
        size = self._size_of_head(scores.input[0])
        queries, of_queries = self._product(scores.input[0], _BY_HEADS, size)
        keys, of_keys = self._product(scores.input[1], _KEYS_BY_HEADS, size)
        values, of_values = self._product(mixing.input[1], _BY_HEADS, size)
        products = (queries, keys, values)
        # What the node multiplies the scores with by itself (Vaswani et al., "Attention Is All You Need").
        _expect(abs(of_queries * of_keys * size**0.5 - 1) < _CLOSE and of_values == 1)
        _expect(all(each.states == products[0].states for each in products))
        _expect(len({each.weights.shape for each in products}) == 1)
        width = products[0].weights.shape[1]
        _expect(width % size == 0)
        return Attention(products, width // size, self._last_of(mixing.output[0]), mask)

    def _maker(self, name: str) -> NodeProto:
        _expect(name in self._makers)
        return self._makers[name]

    def _array(self, name: str) -> NDArray[np.generic]:
        _expect(name in self._tensors)
        return np.asarray(self._to_array(self._tensors[name]))

    def _without_mask(self, addition: NodeProto) -> tuple[NodeProto, str]:
        """Return the product to which something is added, and the name of that."""
        products = [
            name in self._makers and self._makers[name].op_type == "MatMul" for name in addition.input
        ]
        _expect(products.count(True) == 1)
        product, other = addition.input[products.index(True)], addition.input[products.index(False)]
        return self._makers[product], str(other)

    def _mixing(self, softmax: NodeProto) -> NodeProto:
        """Return the product of the chances with the values; PyTorch may put zeros in place of NaN before."""
        users = self._users.get(softmax.output[0], [])
        guards = [each for each in users if each.op_type == "Where"]
        if guards:
            users = self._users.get(guards[0].output[0], [])
        _expect(len(users) == 1 and users[0].op_type == "MatMul")
        return users[0]

    def _product(self, name: str, order: tuple[int, ...], size: int) -> tuple[Product, float]:
        """Return the product that a value is when it is laid out by heads, and what it is multiplied with.

        Args:
            name: Of the value.
            order: Of its axes, by which (texts, tokens, heads, size) is transposed.
            size: Of a head.
        """
        node, factor, axes = self._maker(name), 1.0, (0, 1, 2, 3)
        while node.op_type in ("Mul", "Transpose"):
            if node.op_type == "Mul":
                factor *= self._number(node.input[1], size)
            else:
                perm = _attribute(node, "perm", (3, 2, 1, 0))
                axes = tuple(perm[each] for each in axes)
            node = self._maker(node.input[0])
        _expect(node.op_type == "Reshape" and axes == order)
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

        product_of_states = Product(
            (quantising.output[0], quantising.output[1], quantising.output[2]),
            matrix.astype(np.int8),
            of_columns(scales[0]).astype(np.float32),
            of_columns(zero_points).astype(np.int8),
            added.astype(np.float32),
        )
        return product_of_states, factor

    def _number(self, name: str, size: int) -> float:
        """Return what a factor comes to, which may be computed from the size of a head."""
        if name in self._tensors:
            array = self._array(name)
            _expect(array.size == 1)
            return float(array.ravel()[0])
        node = self._maker(name)
        match node.op_type:
            case "Cast" | "Squeeze" | "Unsqueeze":
                return self._number(node.input[0], size)
            case "Sqrt":
                return float(self._number(node.input[0], size) ** 0.5)
            case "Div":
                return self._number(node.input[0], size) / self._number(node.input[1], size)
            case "Slice":
                # The last axis of what has a head's size there.
                _expect(self._maker(node.input[0]).op_type == "Shape")
                _expect(self._number(node.input[1], size) == -1)
                return float(size)
        raise _OtherGraphError

    def _size_of_head(self, name: str) -> int:
        """Return how many of the queries' dimensions a head has: the last of the shape they are given."""
        node = self._maker(name)
        while node.op_type in ("Mul", "Transpose"):
            node = self._maker(node.input[0])
        size = self._shape(node)[-1] or 0
        _expect(size > 0)
        return size

    def _last_of(self, name: str) -> str:
        """Return the value in which what the heads found stands side by side, (texts, tokens, d)."""
        node = self._only_user(name)
        if node.op_type == "Reshape" and len(self._shape(node)) == 4:
            node = self._only_user(node.output[0])
        _expect(node.op_type == "Transpose" and tuple(_attribute(node, "perm", ())) == _BY_HEADS)
        node = self._only_user(node.output[0])
        _expect(len(self._shape(node)) == 3)
        return str(node.output[0])

    def _only_user(self, name: str) -> NodeProto:
        users = [each for each in self._users.get(name, []) if each.op_type != "Shape"]
        _expect(len(users) == 1)
        return users[0]

    def _shape(self, node: NodeProto) -> list[int | None]:
        """Return the shape that a node gives to a value, None for what is known only of a text."""
        _expect(node.op_type == "Reshape")
        shape = node.input[1]
        if shape in self._tensors:
            return list(map(int, self._array(shape).ravel()))
        joining = self._maker(shape)
        _expect(joining.op_type == "Concat")
        return [
            int(self._array(each).ravel()[0]) if each in self._tensors else None for each in joining.input
        ]


def _attribute(node: NodeProto, name: str, default: Any) -> Any:
    from onnx import helper

    return next((helper.get_attribute_value(each) for each in node.attribute if each.name == name), default)


def _expect(is_so: bool) -> None:
    if not is_so:
        raise _OtherGraphError
