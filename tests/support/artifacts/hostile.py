"""Artifacts that somebody made to do harm, each with a manifest whose sizes, hashes and seal are right.

HOSTILE says by name how a copy of the quantile model becomes one, and the words by which it is refused.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forecaster.artifact.manifest import BLANK
from forecaster.settings import ROOT
from tests.support.artifacts.hostile_graphs import GRAPHS, changed

MODELS = ROOT / "models"


def sign(directory: Path) -> None:
    """Make the manifest right again, as whoever can write files can."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        if (directory / name).is_file():
            body = (directory / name).read_bytes()
            manifest["files"][name] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    blank = json.dumps({"format": 1, **manifest, "seal": BLANK})
    path.write_text(blank.replace(BLANK, hashlib.sha256(blank.encode()).hexdigest()))


def write(directory: Path, name: str, body: bytes) -> None:
    (directory / name).write_bytes(body)
    sign(directory)


def rewrite(directory: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    write(directory, name, change((directory / name).read_bytes()))


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return body.getvalue()


def with_members(directory: Path, compression: int = zipfile.ZIP_STORED, **more: bytes) -> None:
    """The Keras model with other members, or more of them."""
    with zipfile.ZipFile(directory / "model.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    write(directory, "model.keras", archive(members | more, compression))


def with_layer(directory: Path, layer: dict[str, Any]) -> None:
    """The Keras model with one more layer."""
    with zipfile.ZipFile(directory / "model.keras") as file:
        config = json.loads(file.read("config.json"))
    config["config"]["layers"].append(layer)
    with_members(directory, **{"config.json": json.dumps(config).encode()})


def keras_layer(kind: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def swapped(directory: Path, one: str, other: str) -> None:
    bodies = [(directory / name).read_bytes() for name in (one, other)]
    for name, body in zip((other, one), bodies, strict=True):
        (directory / name).write_bytes(body)
    sign(directory)


def linked(directory: Path, name: str) -> None:
    """A file that is a link to one outside, of the very same bytes."""
    outside = directory.with_name(f"outside-{name}")
    (directory / name).rename(outside)
    (directory / name).symlink_to(outside)


def piped(directory: Path, name: str) -> None:
    (directory / name).unlink()
    os.mkfifo(directory / name)


def listed(directory: Path, name: str) -> None:
    """A manifest that also names a path."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = manifest["files"]["model.onnx"]
    path.write_text(json.dumps(manifest))
    sign(directory)


def claimed(directory: Path, size: int) -> None:
    """A manifest that says how large a file is."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["model.onnx"]["size"] = size
    path.write_text(json.dumps(manifest))


def numbers_that_are_none(body: bytes) -> bytes:
    scaling = json.loads(body)
    scaling["median"] = [float("inf"), *scaling["median"][1:]]
    return json.dumps(scaling).encode()


def padded(directory: Path) -> None:
    path = directory / "manifest.json"
    path.write_bytes(path.read_bytes() + b" " * 2**20)


def from_classic(directory: Path, name: str) -> None:
    write(directory, name, (MODELS / "classic" / name).read_bytes())


LAMBDA = keras_layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}})
SYSTEM = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
BILLION = keras_layer("Dense", units=10**9, name="evil")

HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a zip bomb": (
        lambda it: with_members(it, zipfile.ZIP_DEFLATED, **{"model.weights.h5": bytes(2**28)}),
        "holds more than its size",
    ),
    "members that lead out of the archive": (
        lambda it: with_members(it, **{"../../../../tmp/evil.py": b"evil"}),
        "holds other files than a Keras model",
    ),
    "a hundred thousand members": (
        lambda it: write(it, "model.keras", archive({str(number): b"" for number in range(100_000)})),
        "holds other files than a Keras model",
    ),
    "a Lambda layer": (lambda it: with_layer(it, LAMBDA), "made of something that no recipe uses"),
    "a function by its name": (lambda it: with_layer(it, SYSTEM), "made of something that no recipe uses"),
    "a class of somebody else": (
        lambda it: with_layer(it, keras_layer("Dense", "evil.layers", units=1)),
        "made of something that no recipe uses",
    ),
    "a layer of a billion units": (lambda it: with_layer(it, BILLION), "has a setting beyond 10,000"),
    "layers of too many units together": (
        lambda it: with_layer(it, keras_layer("Dense", units=9_999, name="evil")),
        "more than 10,000 units together",
    ),
    "a configuration without an end": (
        lambda it: with_members(it, **{"config.json": b"[" * 2**19 + b"]" * 2**19}),
        "is not a Keras model",
    ),
    "the other recipe's Keras model": (lambda it: from_classic(it, "model.keras"), "takes other inputs"),
    "the other recipe's graph": (lambda it: from_classic(it, "model.onnx"), "takes other inputs"),
    "scaling and calibration swapped": (
        lambda it: swapped(it, "scaling.json", "calibration.json"),
        r"scaling\.json .* does not hold what the quantile recipe needs",
    ),
    "graph and Keras model swapped": (lambda it: swapped(it, "model.onnx", "model.keras"), "is not an ONNX graph"),
    "numbers that are none": (lambda it: rewrite(it, "scaling.json", numbers_that_are_none), "does not hold"),
    "lists without an end": (lambda it: write(it, "calibration.json", b"[" * 2**20), "does not hold"),
    "a file that is a link": (lambda it: linked(it, "model.onnx"), "is a link that leads elsewhere"),
    "a file that is a pipe": (lambda it: piped(it, "model.onnx"), "is not a file"),
    "a manifest that names a path": (lambda it: listed(it, "../model.onnx"), "is not a manifest"),
    "a manifest of a megabyte": (padded, r"manifest\.json .* is larger than it may be"),
    "a file of a terabyte, it says": (lambda it: claimed(it, 2**40), "is not a manifest"),
    **{
        name: (lambda it, name=name: rewrite(it, "model.onnx", lambda body: changed(body, name)), words)
        for name, (_, words) in GRAPHS.items()
    },
    "a loop in the graded graph": (
        lambda it: rewrite(it, "graded.onnx", lambda body: changed(body, "a loop")),
        r"graded\.onnx .* an operation that no recipe uses|parts that no recipe's graph has",
    ),
}


def make(name: str, sound: Path, directory: Path) -> Path:
    """That one at `directory`, from a sound artifact."""
    shutil.copytree(sound, directory)
    HOSTILE[name][0](directory)
    return directory
