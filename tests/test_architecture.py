"""Who may import whom: the rules of the folder layout, read from the syntax tree of every module."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("forecaster", "tools", "assistant", "api", "cluster")
OURS = {*PACKAGES, "app", "composition", "options", "tests", "benchmarks"}

# package -> the modules of ours, outside itself, that it may import
ALLOWED = {
    "forecaster": (),
    "tools": ("forecaster",),
    "assistant": ("tools", "forecaster.schema", "forecaster.settings", "forecaster.errors"),
    "api": ("forecaster",),
    "cluster": ("composition", "api", "forecaster"),
}
# of the forecaster, from the bottom to the top: a package may import those before it
FLOORS = (
    "market", "features", "networks", "calibration", "artifact", "inference", "anomalies", "evaluation", "report",
    "training", "ledger", "serving", "alerts",
)  # fmt: skip
LIVE, OFFLINE = ("ledger", "serving", "alerts"), ("networks", "report", "training")
PUBLIC = {"forecaster": ("schema", "settings", "errors", "quantiles", "database")}  # modules that anybody may import
MOST_LINES, FEWEST_LINES, MOST_MODULES = 250, 25, 14
TRAINING = ("forecaster/networks/", "forecaster/training/", "forecaster/inference/engine.py")
# library -> where it may be imported at all
CONFINED = {
    "fastapi": ("api/",),
    "fastapi_offline": ("api/",),
    "uvicorn": ("api/server.py", "api/middleware/proxies.py"),
    "gradio": ("assistant/page/app.py",),
    "langchain": ("assistant/", "tools/langchain_tools.py"),
    "langchain_core": ("assistant/", "tools/langchain_tools.py"),
    "langgraph": ("assistant/", "tools/langchain_tools.py"),
    "mcp": ("tools/mcp_server.py",),
    "mcp_types": ("tools/mcp_server.py",),
    "onnxruntime": ("forecaster/inference/engine.py",),
    "opentelemetry": ("forecaster/tracing/",),
    "ray": ("cluster/",),
    "tensorflow": TRAINING,
    "keras": TRAINING,
    "pickle": (),
    "joblib": (),
    "cloudpickle": (),
    "dill": (),
}
# slow libraries -> the modules that may import them at their top, being themselves imported late
HEAVY = {
    "tensorflow": (),
    "keras": (  # define layers, which are classes
        *("forecaster/networks/quantile.py", "forecaster/networks/first_hour.py"),
        "forecaster/training/fit.py",
    ),
    "matplotlib": ("forecaster/report/png.py",),
    "gradio": ("assistant/page/app.py",),
    "langchain": ("assistant/", "tools/langchain_tools.py"),
    "langchain_core": ("assistant/", "tools/langchain_tools.py"),
    "langgraph": ("assistant/",),
    "mcp": ("tools/mcp_server.py",),
    "mcp_types": ("tools/mcp_server.py",),
    "sqlalchemy": (
        "forecaster/market/store.py",
        "forecaster/ledger/tables.py",
        "forecaster/ledger/statements.py",
        "forecaster/ledger/migrations/",
    ),
    "alembic": ("forecaster/ledger/migrations/",),
    "psycopg": (),
    "pyarrow": ("forecaster/market/files/",),
    "onnxruntime": (),
    "opentelemetry.sdk": ("forecaster/tracing/collector.py",),  # loaded where a setting names who collects traces
    "pandas": (),
    "plotly": (),
    "scipy": (),
    "sklearn": (),
}
COMMAND_LINE = ("app.py", "composition.py", "options.py")
ENVIRONMENT = (
    "forecaster/settings.py",
    "forecaster/quiet.py",
    "cluster/ray_node.py",
)  # read it, and tell libraries by it; the rest is told


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    at_top: bool  # runs when the module is imported
    typing_only: bool  # inside `if TYPE_CHECKING:`

    def is_of(self, name: str) -> bool:
        return self.module == name or self.module.startswith(f"{name}.")


def imports(tree: ast.Module) -> Iterator[Import]:
    def visit(node: ast.AST, at_top: bool, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, at_top, typing_only) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"line {child.lineno}: relative import"
                yield Import(child.module or "", child.lineno, at_top, typing_only)
                for alias in child.names:  # `from forecaster import predictor` imports forecaster.inference.predictor
                    if (child.module or "").split(".")[0] in OURS:
                        yield Import(f"{child.module}.{alias.name}", child.lineno, at_top, typing_only)
            elif isinstance(child, ast.Call) and _called(child) in ("import_module", "__import__") and child.args:
                name = child.args[0]
                yield Import(name.value if isinstance(name, ast.Constant) else "*", child.lineno, at_top, typing_only)
            guarded = isinstance(child, ast.If) and _names(child.test) == {"TYPE_CHECKING"}
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from visit(child, at_top and not inside, typing_only or guarded)

    yield from visit(tree, at_top=True, typing_only=False)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def environment_uses(tree: ast.Module) -> Iterator[int]:
    names = {"environ", "getenv"}
    for node in ast.walk(tree):
        attribute = isinstance(node, ast.Attribute) and node.attr in names and _names(node.value) == {"os"}
        imported = isinstance(node, ast.ImportFrom) and node.module == "os" and names & {a.name for a in node.names}
        if attribute or imported:
            yield node.lineno


def violations(path: str, source: str) -> list[str]:
    """What in the module at `path`, relative to the repository, breaks a rule."""
    tree = ast.parse(source)
    package = path.split("/")[0]
    found = []
    for each in imports(tree):
        where = f"{path}:{each.line} imports {each.module}"
        if each.is_of("app"):
            found.append(f"{where}: nothing imports the command line")
        if each.is_of("composition") and path not in ("app.py", "cluster/replica.py"):
            found.append(f"{where}: app.py has the parts put together, and each replica of a cluster")
        if package in PACKAGES:
            ours = any(each.is_of(name) for name in OURS) and not each.is_of(package)
            if ours and not any(_permits(allowed, each.module) for allowed in ALLOWED[package]):
                found.append(f"{where}: not allowed in {package}")
        for library, places in CONFINED.items():
            if each.is_of(library) and not each.typing_only and not _within(path, places):
                found.append(f"{where}: {library} belongs in {places or 'no module'}")
        for library, places in HEAVY.items():
            if each.is_of(library) and each.at_top and not each.typing_only and not _within(path, places):
                found.append(f"{where} at its top: import {library} where it is used")
        if path in COMMAND_LINE and each.at_top and not each.typing_only and not _light(each):
            found.append(f"{where} at its top: --help must not wait for it")
    if path not in ENVIRONMENT:
        used = environment_uses(tree)
        found += [f"{path}:{line} uses the environment: settings.py reads it, quiet.py writes it" for line in used]
    return found


def _light(each: Import) -> bool:
    """What the command line may load before it knows the command."""
    ours = any(each.is_of(name) for name in ("forecaster.errors", "forecaster.installation", "composition", "options"))
    return ours or each.module.split(".")[0] in sys.stdlib_module_names


def _permits(allowed: str, module: str) -> bool:
    """`forecaster` permits all of it; `forecaster.schema` itself and its names, and the mere package on the way."""
    return module == allowed or module.startswith(f"{allowed}.") or allowed.startswith(f"{module}.")


def _within(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


def modules() -> list[Path]:
    top = [ROOT / name for name in COMMAND_LINE]
    return [*top, *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_keeps_the_rules(path):
    assert violations(path.relative_to(ROOT).as_posix(), path.read_text()) == []


def test_serving_forecasts_loads_neither_training_nor_chat():
    loaded = subprocess.run(
        [sys.executable, "-c", "import api.app, forecaster.inference.predictor, sys; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert set(HEAVY) & set(loaded) == set()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("forecaster/inference/predictor.py", "from tools.registry import bind_tools"),
        ("forecaster/inference/predictor.py", "def late():\n    import api.app"),
        ("tools/prices.py", "from assistant import agent"),
        ("assistant/agent.py", "from forecaster.inference.predictor import Predictor"),
        ("assistant/agent.py", "from forecaster import predictor"),
        ("assistant/agent.py", "import api"),
        ("api/app.py", "from tools.registry import TOOLS"),
        ("api/app.py", "import importlib\nimportlib.import_module('assistant.page.app')"),
        ("api/app.py", "from app import main"),
        ("tools/registry.py", "import fastapi"),
        ("api/app.py", "def late():\n    import gradio as gr"),
        ("assistant/agent.py", "import gradio"),
        ("tools/prices.py", "from langchain_core.tools import tool"),
        ("forecaster/inference/predictor.py", "def late():\n    import tensorflow as tf"),
        ("forecaster/inference/engine.py", "import keras"),
        ("forecaster/inference/engine.py", "class Engine:\n    import onnxruntime"),
        ("forecaster/inference/engine.py", "try:\n    import onnxruntime\nexcept ImportError:\n    pass"),
        ("forecaster/market/candles.py", "import pandas as pd"),
        ("forecaster/training/classic.py", "import pickle"),
        ("forecaster/training/classic.py", "from joblib import dump"),
        ("forecaster/training/classic.py", "import os\nseed = os.environ['SEED']"),
        ("forecaster/training/classic.py", "import os\nseed = os.getenv('SEED')"),
        ("forecaster/training/classic.py", "from os import environ"),
        (
            "assistant/page/app.py",
            "import os\nos.environ.setdefault('GRADIO_ANALYTICS_ENABLED', 'False')\nimport gradio",
        ),
        ("forecaster/inference/predictor.py", "def late():\n    import onnxruntime"),
        ("app.py", "from forecaster.settings import Settings"),
        ("app.py", "import uvicorn"),
        ("app.py", "import numpy"),
        ("composition.py", "from forecaster.serving.backend import LocalBackend"),
        ("composition.py", "from app import main"),
        ("options.py", "def late():\n    from composition import Composition"),
        ("api/app.py", "from composition import Composition"),
    ],
)
def test_a_planted_violation_is_found(path, source):
    assert violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("api/app.py", "from forecaster.inference.predictor import Predictor\nimport fastapi"),
        ("assistant/agent.py", "from forecaster.schema import Forecast\nfrom tools.registry import TOOLS"),
        ("assistant/agent.py", "from forecaster import schema"),
        ("forecaster/inference/engine.py", "def late():\n    import keras\n    import onnxruntime"),
        ("forecaster/training/classic.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras"),
        (
            "app.py",
            "import argparse\nfrom composition import Composition\ndef serve():\n    from api.server import run",
        ),
        (
            "composition.py",
            "from threading import Lock\ndef late():\n    from forecaster.serving.backend import LocalBackend",
        ),
    ],
)
def test_what_the_rules_allow_is_not_reported(path, source):
    assert violations(path, source) == []
