"""What a saved ONNX graph declares, read from its bytes and refused before ONNX Runtime sees them.

``check`` is the whole of it. The file is Protocol Buffers, nested lists of (field, value), whose numbers are those of
the ONNX standard's onnx.proto. Nothing of the file is executed, and nothing is allocated that it only declares.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from math import prod

Shape = tuple[int, ...]

FLOAT, EXTERNAL = 1, 1  # TensorProto.DataType and TensorProto.DataLocation
TYPES = (FLOAT, 6, 7, 9, 11)  # and int32, int64, bool, double, which a graph may compute with inside
MOST_PARTS = 10_000  # of one message: operations, tensors, names
MOST_AXES = 8
OPERATORS = {  # arithmetic alone: no control flow, nothing random, nothing that repeats or pads
    *("Abs", "Add", "And", "Asinh", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "CumSum", "Div", "Elu"),
    *("Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "GRU", "Gelu", "Gemm", "Greater", "GreaterOrEqual"),
    *("HardSigmoid", "Identity", "LSTM", "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log", "MatMul"),
    *("Max", "Mean", "Min", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin"),
    *("ReduceSum", "Relu", "Reshape", "Selu", "Shape", "Sigmoid", "Sign", "Slice", "Softmax", "Softplus", "Softsign"),
    *("Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Transpose", "Unsqueeze", "Where"),
}
# the fields that our graphs may have: no functions, subgraphs, sparse or external tensors
MODEL, GRAPH = (1, 2, 3, 4, 5, 6, 7, 8, 14), (1, 2, 5, 10, 11, 12, 13, 16)
NODE, ATTRIBUTE = (1, 2, 3, 4, 5, 6, 7, 9), (1, 2, 3, 4, 5, 7, 8, 9, 13, 20)
TENSOR = (1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 14)


class Unfit(ValueError):
    """A file does not hold what it must. The message goes on after the file's name."""


def check(model: bytes, inputs: Mapping[str, Shape], output: Shape) -> None:
    """Raise Unfit unless `model` is a graph of these float32 inputs and this float32 output.

    Shapes are those of one window: the axis before them, of windows, must be free.
    """
    graph = Message(memoryview(model), MODEL).message(7, GRAPH)
    if sorted(map(_declared, graph.messages(11))) != sorted(inputs.items()):
        raise Unfit("takes other inputs than its recipe computes")
    if [shape for _, shape in map(_declared, graph.messages(12))] != [output]:
        raise Unfit("gives something else than its recipe's quantiles or price")
    for node in graph.messages(1, NODE):
        _check_node(node)
    for tensor in graph.messages(5, TENSOR):
        _check_tensor(tensor)


def _declared(value: "Message") -> tuple[str, Shape]:
    """Name and shape of an input or output, without the axis of windows."""
    tensor = value.message(2).message(1)
    if tensor.number(1) != FLOAT:
        raise Unfit("takes or gives numbers other than float32")
    axes = list(tensor.message(2).messages(1))
    if not axes or axes[0].numbers(1):
        raise Unfit("takes or gives a fixed number of windows")
    return value.text(1), tuple(axis.number(1) for axis in axes[1:])


def _check_node(node: "Message") -> None:
    operator, domain = node.text(4), node.text(7)
    if operator not in OPERATORS or domain not in ("", "ai.onnx"):
        raise Unfit("has an operation that no recipe uses")
    for attribute in node.messages(5, ATTRIBUTE):
        if attribute.has(5):
            _check_tensor(attribute.message(5, TENSOR))


def _check_tensor(tensor: "Message") -> None:
    """A tensor's values are in the graph itself: each takes a byte there at least."""
    if tensor.number(14) == EXTERNAL:
        raise Unfit("keeps numbers in another file")
    if tensor.number(2) not in TYPES:
        raise Unfit("has numbers of a kind that no recipe uses")
    shape = tensor.numbers(1)  # a negative axis reads as a huge one
    if len(shape) > MOST_AXES or prod(shape) > len(tensor):
        raise Unfit("declares more numbers than it has")


class Message:
    """A Protocol Buffers message: its values by field number, each an integer or bytes."""

    def __init__(self, body: memoryview, known: tuple[int, ...] | None = None) -> None:
        """Raises Unfit unless the message is well formed and, with `known`, has these fields alone."""
        self._size = len(body)
        self._values: dict[int, list[int | memoryview]] = {}
        for field, value in islice(_fields(body), MOST_PARTS + 1):
            self._values.setdefault(field, []).append(value)
        if sum(map(len, self._values.values())) > MOST_PARTS:
            raise Unfit(f"has more than {MOST_PARTS:,} parts")
        if known is not None and not self._values.keys() <= set(known):
            raise Unfit("has parts that no recipe's graph has")

    def __len__(self) -> int:
        return self._size

    def messages(self, field: int, known: tuple[int, ...] | None = None) -> "Iterator[Message]":
        """The messages at a field, each read when its turn comes."""
        return (Message(value, known) for value in self._bytes(field))

    def message(self, field: int, known: tuple[int, ...] | None = None) -> "Message":
        """The one message at a field. Several are refused: other readers would merge them."""
        found = self._bytes(field)
        if len(found) != 1:
            raise Unfit("is not an ONNX graph")
        return Message(found[0], known)

    def text(self, field: int) -> str:
        """The text at a field, or none. Of several the last one counts, as for other readers."""
        return str([memoryview(b""), *self._bytes(field)][-1], "utf-8", "replace")

    def numbers(self, field: int) -> list[int]:
        """The integers at a field, packed together or not."""
        found: list[int] = []
        for value in self._values.get(field, ()):
            found += [value] if isinstance(value, int) else islice(_packed(value), MOST_PARTS)
        return found

    def number(self, field: int) -> int:
        """The integer at a field, or 0. Of several the last one counts, as for other readers."""
        last = [0, *self._values.get(field, ())][-1]
        if not isinstance(last, int):
            raise Unfit("is not an ONNX graph")
        return last

    def has(self, field: int) -> bool:
        """Whether there is anything at a field."""
        return field in self._values

    def _bytes(self, field: int) -> list[memoryview]:
        values = self._values.get(field, [])
        found = [value for value in values if isinstance(value, memoryview)]
        if len(found) != len(values):
            raise Unfit("is not an ONNX graph")
        return found


def _fields(body: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Every (field, value): an integer as it is, anything else as bytes."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        kind = key & 7
        if kind == 0:
            number, at = _varint(body, at)
            yield key >> 3, number
            continue
        if kind not in (1, 2, 5):
            raise Unfit("is not an ONNX graph")
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            size, at = _varint(body, at)
        if at + size > len(body):
            raise Unfit("is not an ONNX graph")
        yield key >> 3, body[at : at + size]
        at += size


def _packed(body: memoryview) -> Iterator[int]:
    at = 0
    while at < len(body):
        number, at = _varint(body, at)
        yield number


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and where it ends."""
    number = shift = 0
    while at < len(body) and shift < 70:
        byte = body[at]
        number, at, shift = number | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return number, at
    raise Unfit("is not an ONNX graph")
