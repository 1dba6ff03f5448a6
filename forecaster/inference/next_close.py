"""The quantile network cut down to one question: the median of the next hour's return, from 60 closes alone.

    returns (n, 60), context (n, 10), as features/bare.py gives them  ->  median (n,)

The weights are the trained ones, copied. What the whole network multiplies by zero when closes are all there is, and
the 23 hours and 20 quantiles that nobody asks for, are left out, and the members' layers stand side by side in one
matrix: the same number in less than half the time. It is made once, beside the network that it was cut from.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.features import CHANNELS, CONTEXT, FLOOR, FROM_CLOSES
from forecaster.schema import WINDOW

if TYPE_CHECKING:
    import keras

NAME = "next_close.onnx"
OPSET, IR = 18, 9  # of ONNX
FARTHEST = 4.0  # as in quantile.py
SHOWN = 3  # newest hours that the context holds too
TOLD = len(FROM_CLOSES)
VOLATILITIES = sum(name.startswith("return") for name in FROM_CLOSES)  # which come first
_LEVEL = [
    *(CONTEXT.index(name) for name in FROM_CLOSES),
    *(len(CONTEXT) + len(CHANNELS) * hour for hour in range(SHOWN)),  # their returns
]  # where in the network's level lies what closes tell

Values = NDArray[np.float64]


class _Graph:
    """An ONNX graph that is written node by node."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """A node; gives the name of its last output, the others of which are left out."""
        from onnx import helper

        name = f"t{len(self._nodes)}"
        names = [*[""] * (outputs - 1), name]
        self._nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return name

    def constant(self, value: Any, kind: type[np.generic] = np.float32) -> str:
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        array = np.ascontiguousarray(value, dtype=kind).reshape(np.shape(value))
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def part(self, of: str, start: int, stop: int) -> str:
        """Columns of a matrix."""
        bounds = (self.constant([number], np.int64) for number in (start, stop, 1))
        return self.add("Slice", of, *bounds)

    def model(self, inputs: dict[str, int], output: str) -> bytes:
        """The whole model; `inputs` are matrices with so many columns."""
        from onnx import TensorProto, checker, helper

        given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", width]) for n, width in inputs.items()]
        told = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n"])]
        graph = helper.make_graph(self._nodes, "next_close", given, told, self._constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        checker.check_model(made)
        body: bytes = made.SerializeToString()
        return body


def next_close(network: "keras.Model") -> bytes:
    """The graph cut from an ensemble of quantile.py, for ONNX Runtime."""
    members = [layer for layer in network.layers if hasattr(layer, "layers")] or [network]
    graph = _Graph()
    sigma, window = _relative(graph, members[0])
    level = _level(graph, sigma, window)
    states = [_state(graph, window, member) for member in members]
    state = graph.add("Concat", *states, axis=1) if len(states) > 1 else states[0]
    centre, spread = _heads(graph, state, level, members)
    bounded = graph.add("Clip", spread, graph.constant(-FARTHEST), graph.constant(FARTHEST))
    median = graph.add("Mul", graph.add("Mul", centre, graph.add("Exp", bounded)), sigma)
    axes = graph.constant([1], np.int64)
    return graph.model({"returns": WINDOW, "context": TOLD}, graph.add("ReduceMean", median, axes, keepdims=0))


def _relative(graph: _Graph, member: "keras.Model") -> tuple[str, str]:
    """Volatility (n, 1), and the returns in units of it, squashed (n, 60)."""
    weight = np.concatenate([[0.0], np.asarray(member.get_layer("relative").weight)])[:, None]
    squares = graph.add("Mul", "returns", "returns")
    variance = graph.add("Add", graph.add("MatMul", squares, graph.constant(weight)), graph.constant(FLOOR**2))
    sigma = graph.add("Sqrt", variance)
    return sigma, graph.add("Asinh", graph.add("Div", "returns", sigma))


def _level(graph: _Graph, sigma: str, window: str) -> str:
    """What the network reads of the context (n, 13), in the order of _LEVEL."""
    volatilities = graph.add("Sub", graph.part("context", 0, VOLATILITIES), graph.add("Log", sigma))
    bounded = graph.add("Clip", volatilities, graph.constant(-FARTHEST), graph.constant(FARTHEST))
    moves = graph.add("Asinh", graph.add("Div", graph.part("context", VOLATILITIES, TOLD), sigma))
    return graph.add("Concat", bounded, moves, graph.part(window, WINDOW - SHOWN, WINDOW), axis=1)


def _state(graph: _Graph, window: str, member: "keras.Model") -> str:
    """A member's LSTM over the newest returns (n, units)."""
    kernel, recurrent, bias = (np.asarray(each) for each in member.get_layer("lstm").get_weights())
    units, hours = recurrent.shape[0], next(each.hours for each in member.layers if hasattr(each, "hours"))
    newest = graph.add("Transpose", graph.part(window, WINDOW - hours, WINDOW), perm=[1, 0])
    steps = graph.add("Unsqueeze", newest, graph.constant([2], np.int64))  # (hours, n, 1)
    weights = (_gates(kernel[:1]).T, _gates(recurrent).T, np.concatenate([_gates(bias), np.zeros(4 * units)]))
    constants = (graph.constant(each[None]) for each in weights)
    state = graph.add("LSTM", steps, *constants, outputs=2, hidden_size=units)
    return graph.add("Squeeze", state, graph.constant([0], np.int64))


def _gates(weights: Values) -> Values:
    """From Keras's order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    enter, forget, cell, leave = np.split(weights, 4, axis=-1)
    return np.concatenate([enter, leave, forget, cell], axis=-1)


def _heads(graph: _Graph, state: str, level: str, members: Sequence["keras.Model"]) -> tuple[str, str]:
    """Centre and spread of the first hour, a column for each member."""
    count, (latent, bias) = len(members), _latent(members)
    flat = graph.add("Concat", state, level, axis=1)
    before = graph.add("Gemm", flat, graph.constant(latent), graph.constant(bias))
    hidden = graph.add("Mul", before, graph.add("Sigmoid", before))  # silu
    size = latent.shape[1] // count
    inner, outer, offset = np.zeros((size * count, 2 * count)), np.zeros((len(_LEVEL), 2 * count)), np.zeros(2 * count)
    for column, (head, member) in enumerate((head, member) for head in ("centre", "spread") for member in members):
        number = column % count
        kernel, own = (np.asarray(each) for each in member.get_layer(head).get_weights())
        inner[number * size : (number + 1) * size, column], offset[column] = kernel[:, 0], own[0]
        outer[:, column] = np.asarray(member.get_layer(f"{head}_level").get_weights()[0])[_LEVEL, 0]
    deep = graph.add("Gemm", hidden, graph.constant(inner), graph.constant(offset))
    heads = graph.add("Add", deep, graph.add("MatMul", level, graph.constant(outer)))
    return graph.part(heads, 0, count), graph.part(heads, count, 2 * count)


def _latent(members: Sequence["keras.Model"]) -> tuple[Values, Values]:
    """The members' hidden layers as one: each reads its own state, and all of them the level."""
    weights = [[np.asarray(each) for each in member.get_layer("latent").get_weights()] for member in members]
    units = [len(np.asarray(member.get_layer("lstm").get_weights()[1])) for member in members]
    size = weights[0][0].shape[1]
    kernel = np.zeros((sum(units) + len(_LEVEL), size * len(members)))
    for number, ((own, _), count) in enumerate(zip(weights, units, strict=True)):
        first, columns = sum(units[:number]), slice(number * size, (number + 1) * size)
        kernel[first : first + count, columns] = own[:count]
        kernel[sum(units) :, columns] = own[count:][_LEVEL]
    return kernel, np.concatenate([bias for _, bias in weights])
