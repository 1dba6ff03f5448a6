"""The house: which package stands on which, faces that others import from, no circles, rooms of a size to live in."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("forecaster", "tools", "assistant", "api", "cluster")
PUBLIC = {
    "forecaster": {"schema", "settings", "errors", "quantiles", "data_directory", "quiet"}
}  # modules that all may import
FLOORS = {  # of a package, from the bottom to the top: a room may use those before it, and none after it
    "forecaster": (
        "tracing", "database", "market", "features", "networks", "calibration", "artifact", "inference", "anomalies",
        "evaluation", "report",
        "training", "ledger", "serving", "alerts",
    ),
    "assistant": ("knowledge", "understanding", "replies", "grounding", "page"),
    "api": ("wire", "middleware", "connections", "routes"),
}  # fmt: skip
APART = {"ledger", "serving", "alerts"}, {"networks", "report", "training"}  # what is live and what is offline
MOST_LINES, FEWEST_LINES, MOST_MODULES = 250, 25, 14


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the product by its dotted name; a package's is its face, __init__.py."""
    files = [root / f"{name}.py" for name in ("app", "composition", "options")]
    files += [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


MODULES = modules()
FACES = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def imported(source: str, known: dict[str, Path]) -> set[tuple[str, str]]:
    """(module of ours, name) for each import anywhere in a module; a module that is imported whole has the name ""."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names if alias.name in known}
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add((whole, "") if whole in known else (node.module, alias.name))
    return found


def public_names(face: Path) -> set[str]:
    """What __all__ of a package names."""
    for node in ast.parse(face.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def package_of(module: str) -> str:
    return module if module in FACES else module.rpartition(".")[0]


def trespass(importer: str, module: str, name: str) -> str | None:
    """Why an import goes past the face of a package that the importer is not in; None where it does not."""
    own = package_of(importer)
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        if package not in FACES or own == package or own.startswith(f"{package}."):
            continue
        below = parts[depth] if depth < len(parts) else name
        if below and below not in public_names(MODULES[package]) | PUBLIC.get(package, set()):
            return f"{importer} imports {module}.{name}: the face of {package} does not name {below}"
        if package == "forecaster" and depth < len(parts) and parts[depth] in PUBLIC["forecaster"]:
            return None
    return None


def room(module: str) -> tuple[str, str] | None:
    """The package and the room in it."""
    parts = module.split(".")
    return (parts[0], parts[1]) if len(parts) > 1 and parts[1] in FLOORS.get(parts[0], ()) else None


def climbs(importer: str, module: str) -> bool:
    """Whether an import goes from a room to one above it, or from what is live to what is offline or back."""
    here, there = room(importer), room(module)
    if not here or not there or here[0] != there[0] or here == there:
        return False
    floors = FLOORS[here[0]]
    apart = here[0] == "forecaster" and any(
        {here[1], there[1]} & one and {here[1], there[1]} & two for one, two in [APART]
    )
    return apart or floors.index(here[1]) < floors.index(there[1])


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected parts of more than one module: Tarjan (1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in graph[module]:
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            part = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(part) > 1:
                found.append(sorted(part))

    for module in graph:
        if module not in order:
            visit(module)
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_from_the_faces_of_other_packages_and_from_no_room_above(name):
    uses = imported(MODULES[name].read_text(), MODULES)
    assert [why for module, each in sorted(uses) if (why := trespass(name, module, each))] == []
    assert [f"{name} imports {module}" for module, _ in sorted(uses) if climbs(name, module)] == []


def test_no_imports_go_in_a_circle_not_even_late_ones():
    graph = {
        name: {module for module, _ in imported(path.read_text(), MODULES)} - {name} for name, path in MODULES.items()
    }
    assert circles(graph) == []


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_face_says_what_its_package_is_for_and_names_what_it_brings(name):
    tree = ast.parse(MODULES[name].read_text())
    said = ast.get_docstring(tree)
    assert said and said.split("\n")[0].endswith((".", ":"))
    brought = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inside = {module.rpartition(".")[2] for module in MODULES if module.rpartition(".")[0] == name}
    named = public_names(MODULES[name])
    assert brought - {"be_quiet", "Path"} <= named or name.endswith("versions")
    assert named - brought - assigned <= inside


@pytest.mark.parametrize("name", sorted(set(MODULES) - FACES))
def test_a_module_has_a_size_to_read_in_one_sitting_or_says_why_not(name):
    text = MODULES[name].read_text()
    lines = text.count("\n")
    first = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    assert FEWEST_LINES <= lines <= MOST_LINES or "short because" in first or "long because" in first, (
        f"{name} has {lines} lines: split or merge it, or say in its first line: short because, or long because"
    )


def test_no_folder_holds_more_modules_than_one_can_overlook():
    folders = {path.parent for path in (*MODULES.values(), *(ROOT / "tests").rglob("*.py"))}
    full = {
        folder.relative_to(ROOT).as_posix(): count
        for folder in folders
        if (count := sum(path.name != "__init__.py" for path in folder.glob("*.py"))) > MOST_MODULES
    }
    assert full == {}


@pytest.mark.parametrize(
    ("importer", "module", "name"),
    [
        ("api.routes.predict", "forecaster.market.candles", "Candles"),
        ("tools.prices", "forecaster.serving.backend", "ForecastBackend"),
        ("forecaster.features.tape", "forecaster.market.candles", "Candles"),
        ("composition", "assistant.page.cards.card", "card"),
        ("forecaster.market.auto", "forecaster.market.exchanges.base", "open_client"),
    ],
)
def test_a_way_past_a_face_is_found(importer, module, name):
    assert trespass(importer, module, name)


@pytest.mark.parametrize(
    ("importer", "module", "name"),
    [
        ("api.routes.predict", "forecaster.market", "Candles"),
        ("tools.prices", "forecaster.schema", "Price"),
        ("forecaster.market.exchanges.chain", "forecaster.market.candles", "Candles"),
        ("forecaster.features.tape", "forecaster.market", "Candles"),
        ("api.app", "api.middleware", "Gate"),
    ],
)
def test_a_way_through_a_face_or_inside_a_package_is_none_past_it(importer, module, name):
    assert trespass(importer, module, name) is None


@pytest.mark.parametrize(
    ("importer", "module"),
    [
        ("forecaster.market.gaps", "forecaster.features"),
        ("forecaster.training.publish", "forecaster.ledger"),
        ("forecaster.serving.backend", "forecaster.networks"),
        ("api.wire.errors", "api.middleware"),
        ("assistant.replies.answers", "assistant.page"),
    ],
)
def test_a_way_up_is_found(importer, module):
    assert climbs(importer, module)


def test_a_circle_of_two_and_one_of_three_are_found():
    graph = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"e"}, "e": {"c"}, "f": {"a"}}
    assert sorted(circles(graph)) == [["a", "b"], ["c", "d", "e"]]


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_name_in_a_face_is_defined_in_one_module_of_its_package_so_that_nobody_gets_another_one(name):
    tree = ast.parse(MODULES[name].read_text())
    home = {alias.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    for module, path in MODULES.items():
        if module.rpartition(".")[0] == name and module not in FACES:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in home:
                    assert home[node.name] == module, f"{node.name} is defined in {module} and in {home[node.name]}"
