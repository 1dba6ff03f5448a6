"""How browser tests wait: for a state, by locators and `expect`; never for a moment, nor by a string that is evaluated.

`wait_for_function` evaluates its text anew at each look, which our Content-Security-Policy forbids: it holds only where
the answer is yes at once. What `evaluate` gets is a function, called once, for what no locator can tell. What is read
of a locator once is not asserted: it may come a moment later.
"""

import ast
from pathlib import Path

import pytest

FILES = [
    file for file in sorted(Path(__file__).parent.rglob("*.py")) if "playwright" in file.read_text(encoding="utf-8")
]
OF_MOMENTS = {"sleep", "wait_for_timeout", "wait_for_function"}
ONCE = {"count", "bounding_box", "is_visible", "inner_text", "text_content", "get_attribute", "title"}
READS = {"evaluate", "evaluate_all", "evaluate_handle"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_browser_tests_wait_for_states_and_evaluate_functions_alone(file: Path):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ):
        assert call.func.attr not in OF_MOMENTS or _of_asyncio(call.func), f"line {call.lineno}: {call.func.attr}"
        if call.func.attr in READS:
            text = texts.get(getattr(call.args[0], "id", ""), call.args[0])
            known = isinstance(text, ast.Constant)  # or a parameter of the test
            assert not known or "=>" in text.value.partition("\n")[0], f"line {call.lineno}: not a function"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_read_once_is_not_asserted(file: Path):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for claim in (node for node in ast.walk(tree) if isinstance(node, ast.Assert)):
        called = {getattr(node.func, "attr", "") for node in ast.walk(claim) if isinstance(node, ast.Call)}
        assert not called & ONCE, f"line {claim.lineno}: `expect` it, or wait until it `settles`"


def _of_asyncio(function: ast.Attribute) -> bool:
    """A scripted turn may sleep: it is what a test stops."""
    return isinstance(function.value, ast.Name) and function.value.id == "asyncio"
