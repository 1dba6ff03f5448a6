"""What an artifact's files declare, read without the libraries that run them: whatever the bytes, they fit or not."""

import io
import json
import random
import zipfile

import onnx
import pytest

from forecaster.artifact import inspect_keras as keras_archive
from forecaster.artifact import inspect_onnx as onnx_graph
from forecaster.artifact.contents import RECIPES, fault
from forecaster.artifact.inspect_onnx import Unfit
from forecaster.artifact.loading import load_artifact
from tests.support.artifacts.hostile import MODELS, archive

CLASSIC = load_artifact(MODELS / "classic")
GRAPH, KERAS = CLASSIC.files["model.onnx"], CLASSIC.files["model.keras"]
EXPECTED = RECIPES["classic"]
BARE = onnx.load_from_string(GRAPH).graph.SerializeToString()
BROKEN = "is not an ONNX graph"


def check_graph(body: bytes) -> None:
    onnx_graph.check(body, EXPECTED.inputs, EXPECTED.output)


def check_keras(body: bytes) -> None:
    keras_archive.check(body, EXPECTED.inputs)


def part(field: int, body: bytes) -> bytes:
    """A part of a message, as Protocol Buffers writes it."""
    return number(field << 3 | 2) + number(len(body)) + body


def number(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + number(rest) if rest else bytes([low])


def with_tensor(**fields: object) -> bytes:
    """The graph with one more tensor."""
    model = onnx.load_from_string(GRAPH)
    model.graph.initializer.append(onnx.TensorProto(name="more", **fields))
    body: bytes = model.SerializeToString()
    return body


def test_the_shipped_files_fit():
    for name in RECIPES:
        found = load_artifact(MODELS / name)
        assert fault(found.manifest, found.files) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", BROKEN),
        (GRAPH[:-1], BROKEN),  # the last part is longer than what is left
        (GRAPH + GRAPH, BROKEN),  # two graphs, which other readers would merge
        (GRAPH + b"\x38\x01", BROKEN),  # a number where the graph is
        (GRAPH + b"\x0b\x0c", BROKEN),  # a group, which nobody writes any more
        (GRAPH + b"\x08" + b"\xff" * 11, BROKEN),  # a number without an end
        (GRAPH + b"\x08\xff", BROKEN),  # a number that breaks off
        (GRAPH + part(20, b""), "parts that no recipe's graph has"),  # training
        (with_tensor(data_type=1, data_location=1), "keeps numbers in another file"),
        (with_tensor(data_type=10, dims=[1], raw_data=b"\0\0"), "numbers of a kind that no recipe uses"),  # float16
        (with_tensor(data_type=1, dims=[1] * 9, raw_data=bytes(40)), "declares more numbers than it has"),
        (with_tensor(data_type=1, dims=[2] * 8, raw_data=bytes(20)), "declares more numbers than it has"),
    ],
)
def test_a_graph_that_is_none_of_ours_is_refused(body, words):
    with pytest.raises(Unfit, match=words):
        check_graph(body)


def test_numbers_may_be_packed_together_or_not():
    check_graph(with_tensor(data_type=1, dims=[1, 2], raw_data=bytes(8)))
    spread = part(5, b"\x08\x01\x08\x02\x10\x01" + part(9, bytes(8)))
    check_graph(part(7, BARE + spread))


def test_a_kind_of_numbers_is_a_number():
    tensor = part(5, part(2, b"\x01"))
    with pytest.raises(Unfit, match=BROKEN):
        check_graph(part(7, BARE + tensor))


def test_a_graph_of_very_many_parts_is_refused():
    node = part(1, part(4, b"Identity"))
    check_graph(part(7, BARE + 100 * node))
    with pytest.raises(Unfit, match="more than 10,000 parts"):
        check_graph(part(7, BARE + 10_000 * node))


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(KERAS)) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config.json": b"[1, 2]"}, "is not a Keras model"),
        ({"config.json": b"{}"}, "is not a Keras model"),
        ({"config.json": b"\xff\xfe"}, "is not a Keras model"),
        ({"config.json": b" " * 2**20 + b"{}"}, "too large a configuration"),
        ({"config.json": json.dumps({"class_name": ["Dense"]}).encode()}, "made of something that no recipe uses"),
    ],
)
def test_a_configuration_that_is_none_of_ours_is_refused(changes, words):
    check_keras(archive(members()))
    with pytest.raises(Unfit, match=words):
        check_keras(archive(members() | changes))


@pytest.mark.parametrize("damaged", [GRAPH, KERAS], ids=["graph", "Keras model"])
def test_whatever_is_damaged_fits_or_is_refused_in_words(damaged):
    """A thousand files with a few bytes changed, taken out or put in, most of them where the structure is."""
    chance, check = random.Random(7), check_graph if damaged is GRAPH else check_keras
    refused = 0
    for _ in range(1_000):
        body = bytearray(damaged)
        for _ in range(chance.choice((1, 1, 3, 20))):
            at = chance.choice((chance.randrange(len(body)), chance.randrange(3_000), -1 - chance.randrange(3_000)))
            body[at : at + chance.randrange(9) or None] = chance.randbytes(chance.randrange(9))
        try:
            check(bytes(body))
        except Unfit as error:
            refused += 1
            assert str(error).startswith(("is ", "has ", "holds ", "takes ", "gives ", "keeps ", "declares "))
    assert refused > 500


def test_a_manifest_of_other_features_is_refused():
    for change in ({"features": ("close", "volume")}, {"input_hours": 61}, {"horizons": 2}):
        found = fault(CLASSIC.manifest.model_copy(update=change), CLASSIC.files)
        assert found == ("manifest.json", "speaks of other features, hours or horizons than this version computes")


def test_the_network_for_the_next_close_alone_is_looked_at_too():
    quantile = load_artifact(MODELS / "quantile")
    swapped = {**quantile.files, "next_close.onnx": quantile.files["model.onnx"]}
    assert fault(quantile.manifest, swapped) == ("next_close.onnx", "takes other inputs than its recipe computes")
    assert fault(CLASSIC.manifest, {**CLASSIC.files, "next_close.onnx": GRAPH}) is not None
