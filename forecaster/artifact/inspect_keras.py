"""What a saved Keras model holds, looked at before Keras opens it: a ZIP of a configuration and weights.

Keras itself refuses lambdas (safe mode). Here a configuration may name nothing but what our recipes are made of.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from forecaster.artifact.inspect_onnx import Shape, Unfit

MEMBERS = ["config.json", "metadata.json", "model.weights.h5"]
LARGEST_CONFIG = 2**20  # bytes
MOST_UNITS = 10_000  # of all layers together
LARGEST_NUMBER = 10_000  # in a configuration, such as an axis
LABELS = ("shared_object_id", "seed")  # numbers that only tell things apart
CLASSES: dict[str, tuple[str | None, ...]] = {  # class -> the modules that it may come from
    "__keras_tensor__": (None,),
    "Functional": ("keras", "keras.src.models.functional"),
    **dict.fromkeys(("Sequential", "DTypePolicy"), ("keras",)),
    **dict.fromkeys(("InputLayer", "LSTM", "Dense", "Dropout", "Add", "Average", "Concatenate"), ("keras.layers",)),
    **dict.fromkeys(("Zeros", "GlorotUniform", "Orthogonal", "RandomNormal"), ("keras.initializers",)),
    "Adam": ("keras.optimizers",),
}
MODULES = (  # where our layers are, and were at first
    *("forecaster.networks.quantile", "forecaster.networks.first_hour"),
    "forecaster.model_quantile",
)
OURS = ("Relative", "Newest", "Fading", "Quantiles", "Told", "Ascending", "FirstHour")


def check(archive: bytes, inputs: Mapping[str, Shape]) -> None:
    """Raise Unfit unless `archive` is a Keras model of our layers with these float32 inputs.

    Shapes are those of one window: the axis before them, of windows, must be free.
    """
    try:
        _check(_config(archive), inputs)
    except Unfit:
        raise
    except Exception as error:  # a damaged ZIP, or another configuration, fails in many ways
        raise Unfit("is not a Keras model") from error


def parameters(archive: bytes) -> int | None:
    """How many numbers training set, counted from the shapes that a model declares; None where it declares none."""
    try:
        return sum(_weights(each) for each in _objects(_config(archive))) or None
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile):  # made by another version of Keras
        return None


def _weights(layer: dict[str, Any]) -> int:
    """Of one layer: a dense one has a matrix and a bias, an LSTM four gates of two matrices and a bias."""
    if layer["class_name"] not in ("Dense", "LSTM"):
        return 0
    units, inputs = layer["config"]["units"], layer["build_config"]["input_shape"][-1]
    bias = 1 if layer["config"]["use_bias"] else 0
    gates, rows = (4, inputs + units) if layer["class_name"] == "LSTM" else (1, inputs)
    return int(gates * units * (rows + bias))


def _check(config: Any, inputs: Mapping[str, Shape]) -> None:
    for each in _objects(config):
        _check_class(each)
    numbers = [(name, value) for name, value in _numbers(config) if name not in LABELS]
    if any(abs(value) > LARGEST_NUMBER for _, value in numbers):
        raise Unfit(f"has a setting beyond {LARGEST_NUMBER:,}")
    if sum(abs(value) for name, value in numbers if name == "units") > MOST_UNITS:
        raise Unfit(f"has layers of more than {MOST_UNITS:,} units together")
    if sorted(_declared(config)) != sorted((name, "float32", [None, *shape]) for name, shape in inputs.items()):
        raise Unfit("takes other inputs than its recipe computes")


def _config(archive: bytes) -> Any:
    """The configuration, from a ZIP whose members are not compressed: what it unpacks to is no larger than itself."""
    if archive.count(b"PK\1\2") > 100:  # so many entries, before a list is made of them
        raise Unfit("holds other files than a Keras model")
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        entries = members.infolist()
        if sorted(entry.filename for entry in entries) != MEMBERS:
            raise Unfit("holds other files than a Keras model")
        stored = all(entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1 for entry in entries)
        if not stored or sum(entry.file_size for entry in entries) > len(archive):
            raise Unfit("holds more than its size, or is encrypted")
        if members.getinfo("config.json").file_size > LARGEST_CONFIG:
            raise Unfit("has too large a configuration")
        return json.loads(members.read("config.json"))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a configuration that Keras would make an object of."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for each in value.values():
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


def _check_class(each: dict[str, Any]) -> None:
    name, module, registered = each["class_name"], each.get("module"), each.get("registered_name")
    if isinstance(name, str) and name in OURS:
        known = module in MODULES and registered == f"cryptosense>{name}"
    else:
        known = isinstance(name, str) and module in CLASSES.get(name, ()) and registered in (None, name)
    if not known:
        raise Unfit("is made of something that no recipe uses")


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a configuration, by the name of its setting."""
    if isinstance(value, int | float):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each, name)


def _declared(config: Any) -> list[tuple[str, str, list[int | None]]]:
    """Name, type and shape of each input of the outermost model."""
    inputs = [each["config"] for each in config["config"]["layers"] if each["class_name"] == "InputLayer"]
    return [(each["name"], each["dtype"], each["batch_shape"]) for each in inputs]
