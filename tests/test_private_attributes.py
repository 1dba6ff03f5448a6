"""No private name of a library is relied upon: it may be gone, or another, in the next version or on another platform.

An underscore marks them, or that the type checker does not know them. Read from the syntax tree of every module.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import OURS, ROOT, modules

DOCUMENTED = {
    "_asdict",
    "_fields",
    "_make",
    "_replace",
}  # of named tuples, where the underscore keeps columns' names free
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
UNKNOWN = re.compile(r"#\s*type:\s*ignore\[[^]]*attr-defined")


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__")) and name != "_"


def bound(tree: ast.AST) -> Iterator[str]:
    """Private names that a module defines: functions, fields, and attributes that its own objects are given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_own(node.value):
            yield node.attr
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__":
            yield from (each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant))


def _is_own(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def foreign(source: str, ours: set[str]) -> list[str]:
    """What a module uses that a library keeps to itself; `ours` are the private names that all modules define."""
    tree = ast.parse(source)
    here, found = set(bound(tree)), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            known = ours if _is_own(node.value) else here
            if node.attr not in known | DOCUMENTED:
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.ImportFrom | ast.Import):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            parts = [part for alias in node.names for part in f"{module}.{alias.name}".strip(".").split(".")]
            if parts[0] not in OURS and any(is_private(part) for part in parts):
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_NAME:
            named = node.args[1]
            if isinstance(named, ast.Constant) and is_private(named.value) and named.value not in here:
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
    for number, line in enumerate(source.splitlines(), 1):
        if UNKNOWN.search(line):
            found.append(f"line {number}: {line.strip()}")
    return found


PATHS = [*modules(), *sorted((ROOT / "benchmarks").rglob("*.py"))]
ALL = {name for path in PATHS for name in bound(ast.parse(path.read_text()))}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_uses_nothing_that_a_library_keeps_to_itself(path):
    assert foreign(path.read_text(), ALL) == []


@pytest.mark.parametrize(
    "source",
    [
        "def read(transport):\n    transport.max_size = 1  # type: ignore[attr-defined]",
        "def read(connection):\n    connection._transport.close()",
        "class Connection(H11Protocol):\n    def read(self):\n        self._unset_keepalive_if_required()",
        "class Mine:\n    def __init__(self, app):\n        app._loop = 1",
        "import asyncio\nloop = asyncio._get_running_loop()",
        "from h11._connection import DEFAULT_MAX_INCOMPLETE_EVENT_SIZE",
        "from asyncio import _overlapped",
        "import importlib._bootstrap",
        "def read(server):\n    return getattr(server, '_serving')",
    ],
)
def test_a_planted_one_is_found(source):
    assert foreign(source, set(bound(ast.parse(source))))


@pytest.mark.parametrize(
    "source",
    [
        "class Mine:\n    def __init__(self, other):\n        self._a = other._a",
        "class Mine:\n    __slots__ = ('_a',)\n    def same(self, other):\n        return other._a",
        "def moved(row):\n    return row._replace(hour=1)",
        "from forecaster.ledger.rows import _row",
        "for _ in range(3):\n    pass",
        "import gettext\n_ = gettext.gettext\nprint(__name__.__class__)",
    ],
)
def test_what_is_our_own_or_documented_is_not_reported(source):
    assert foreign(source, set(bound(ast.parse(source)))) == []
