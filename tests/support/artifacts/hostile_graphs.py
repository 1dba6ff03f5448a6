"""ONNX files that somebody changed to do harm, from one of ours."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

FLOAT, INT64, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.DOUBLE


def external_weights(model: Any) -> None:
    """The first weights lie in a file of whoever runs it."""
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


def huge_tensor(model: Any) -> None:
    model.graph.initializer.append(onnx.TensorProto(name="huge", data_type=FLOAT, dims=[2**20, 2**20], raw_data=b"\0"))


def negative_tensor(model: Any) -> None:
    model.graph.initializer.append(onnx.TensorProto(name="huge", data_type=FLOAT, dims=[-1, -(2**40)], raw_data=b"\0"))


def huge_constant(model: Any) -> None:
    tensor = onnx.TensorProto(data_type=FLOAT, dims=[2**40], raw_data=b"\0\0\0\0")
    model.graph.node.append(helper.make_node("Constant", [], ["huge"], value=tensor))


def huge_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**40


def fixed_windows(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2**40


def double_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = DOUBLE


def integer_output(model: Any) -> None:
    model.graph.output[0].type.tensor_type.elem_type = INT64


def two_outputs(model: Any) -> None:
    model.graph.output.append(model.graph.output[0])


def loop(model: Any) -> None:
    """Runs 2**62 times."""
    body = helper.make_graph([], "body", [], [])
    many = numpy_helper.from_array(np.array(2**62), "many")
    model.graph.initializer.append(many)
    model.graph.node.append(helper.make_node("Loop", ["many", ""], [], body=body))


def random_numbers(model: Any) -> None:
    model.graph.node.append(helper.make_node("RandomNormal", [], ["huge"], shape=[2**20, 2**20]))


def foreign_operation(model: Any) -> None:
    model.graph.node.append(helper.make_node("Add", ["window", "window"], ["more"], domain="com.microsoft"))


def function(model: Any) -> None:
    model.functions.append(helper.make_function("evil", "f", [], [], [], model.opset_import))


def strings(model: Any) -> None:
    model.graph.initializer.append(helper.make_tensor("words", onnx.TensorProto.STRING, [1], [b"/etc/passwd"]))


GRAPHS = {
    "weights in another file": (external_weights, "parts that no recipe's graph has"),
    "a tensor of a huge shape": (huge_tensor, "declares more numbers than it has"),
    "a tensor of a negative shape": (negative_tensor, "declares more numbers than it has"),
    "a constant of a huge shape": (huge_constant, "declares more numbers than it has"),
    "an input of a huge shape": (huge_input, "takes other inputs"),
    "a fixed number of windows": (fixed_windows, "fixed number of windows"),
    "an input of doubles": (double_input, "numbers other than float32"),
    "an output of integers": (integer_output, "numbers other than float32"),
    "two outputs": (two_outputs, "something else than its recipe's"),
    "a loop": (loop, "an operation that no recipe uses|parts that no recipe's graph has"),
    "random numbers of a huge shape": (random_numbers, "an operation that no recipe uses"),
    "an operation of somebody else": (foreign_operation, "an operation that no recipe uses"),
    "a function": (function, "parts that no recipe's graph has"),
    "a tensor of strings": (strings, "numbers of a kind that no recipe uses|parts that no recipe's graph has"),
}


def changed(body: bytes, name: str) -> bytes:
    model = onnx.load_from_string(body)
    GRAPHS[name][0](model)
    changed_body: bytes = model.SerializeToString()
    return changed_body
