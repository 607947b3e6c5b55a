"""A model in ONNX cut off at a value inside its graph, and some of its weights replaced by others.

What comes after the value is neither kept nor computed: onnxruntime computes every node of a graph,
whichever outputs are asked for, so the nodes have to go.
The file is walked as Protocol Buffers lays it out (protobuf.dev, "Encoding") and its pieces are copied
as they stand; the `onnx` package would hold the whole model as objects for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from index.errors import ModelError

_GRAPH: Final = 7
"""`ModelProto.graph`."""
_NODE, _INITIALIZER, _OUTPUT, _VALUE_INFO = 1, 5, 12, 13
"""Fields of `GraphProto`; the last are shapes, which onnxruntime infers by itself."""
_NODE_INPUT, _NODE_OUTPUT = 1, 2
"""Fields of `NodeProto`."""
_TENSOR_NAME: Final = 8
"""Field of `TensorProto`."""
_VALUE_NAME: Final = 1
"""Field of `ValueInfoProto`."""

_VARINT: Final = 0
"""The wire type of numbers."""
_LENGTH: Final = 2
"""The wire type of bytes, strings and messages."""
_SIZES: Final = {1: 8, 5: 4}
"""Of the wire types whose values have always as many bytes."""


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    whole: memoryview
    """With its tag and length."""
    content: memoryview
    """Without them; empty for numbers."""


@dataclass(frozen=True, slots=True)
class ModelPart:
    """What is wanted of a model, and what is different in it."""

    output: str
    """The value inside the graph that is given in place of the first output."""
    initializers: bytes = b""
    """Weights in the form of a GraphProto, which take the place of those that have their names."""


def cut_at(model: bytes, wanted: ModelPart) -> bytes:
    """Return the model with one output, the value that is wanted, and only the nodes that it needs.

    Raises:
        ModelError: No node of the graph makes such a value, a weight is to replace none, or either is
            not in ONNX. Subgraphs that use values of the graph around them are not looked into.
    """
    pieces: list[bytes | memoryview] = []
    has_value = False
    try:
        replacing = {_tensor_name(each): each for each in _fields(memoryview(wanted.initializers))}
        for part in _fields(memoryview(model)):
            if part.number != _GRAPH:
                pieces.append(part.whole)
            elif graph := _graph(part.content, wanted.output, replacing):
                pieces += graph
                has_value = True
    except (IndexError, ValueError) as error:
        raise ModelError(f"A model of {len(model)} bytes is not in ONNX ({error}).") from error
    if replacing:
        names = ", ".join(repr(each.decode("utf-8", "replace")) for each in sorted(replacing))
        raise ModelError(f"The model has no weights called {names}; another model was expected.")
    if not has_value:
        raise ModelError(
            f"The model has no value {wanted.output!r} inside its graph; another model was expected."
        )
    return b"".join(pieces)


def _graph(graph: memoryview, name: str, replacing: dict[bytes, _Field]) -> list[bytes | memoryview]:
    """Return the pieces of the field that holds the graph, cut off; none where the value is not in it.

    Weights that were replaced are taken out of `replacing`. Whoever has all pieces of the model joins
    them, once.
    """
    fields = list(_fields(graph))
    needed = {name.encode()}
    used: set[int] = set()
    # Nodes stand in the order in which they can be computed (onnx.ai, "Open Neural Network Exchange IR").
    for place in reversed(range(len(fields))):
        if fields[place].number != _NODE:
            continue
        node = list(_fields(fields[place].content))
        if any(each.number == _NODE_OUTPUT and bytes(each.content) in needed for each in node):
            used.add(place)
            needed.update(bytes(each.content) for each in node if each.number == _NODE_INPUT)
    if not used:
        return []
    kept = [
        (replacing.pop(_tensor_name(field), field) if field.number == _INITIALIZER else field).whole
        for place, field in enumerate(fields)
        if _is_kept(field, place in used, needed)
    ]
    output = _written(_OUTPUT, _written(_VALUE_NAME, name.encode()))
    return [_header(_GRAPH, sum(map(len, kept)) + len(output)), *kept, output]


def _is_kept(field: _Field, is_used: bool, needed: set[bytes]) -> bool:
    if field.number == _NODE:
        return is_used
    if field.number == _INITIALIZER:
        return _tensor_name(field) in needed
    return field.number not in (_OUTPUT, _VALUE_INFO)


def _tensor_name(initializer: _Field) -> bytes:
    """Return the name of a weight, empty where it has none."""
    names = (bytes(each.content) for each in _fields(initializer.content) if each.number == _TENSOR_NAME)
    return next(names, b"")


def _fields(message: memoryview) -> Iterator[_Field]:
    """Yield the fields of a message in their order.

    Raises:
        IndexError: It ends within a field.
        ValueError: It has a field of a kind that there is not.
    """
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _LENGTH:
            length, begin = _varint(message, place)
            place = begin + length
        elif wire_type == _VARINT:
            _, begin = _varint(message, place)
            place = begin
        elif wire_type in _SIZES:
            begin = place = place + _SIZES[wire_type]
        else:
            raise ValueError(f"wire type {wire_type}")
        if place > len(message):
            raise IndexError(f"a field of {place - start} bytes in a message of {len(message)}")
        yield _Field(number, message[start:place], message[begin:place])


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return the number that begins at a place, and the place after it."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _written(number: int, content: bytes) -> bytes:
    return _header(number, len(content)) + content


def _header(number: int, length: int) -> bytes:
    """Return what stands before the content of a field of so many bytes."""
    return _written_varint(number << 3 | _LENGTH) + _written_varint(length)


def _written_varint(value: int) -> bytes:
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
