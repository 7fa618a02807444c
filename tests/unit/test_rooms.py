"""The one way through the rooms: who may import whom, and who alone imports which package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ["data_contracts", "features", "models", "fairness_reports", "pipelines"]
ALONE = {
    "great_expectations": "data_contracts",
    "shap": "models",
    "mlflow": "models",
    "fairlearn": "fairness_reports",
    "dagster": "pipelines",
}
HEAVY = {"great_expectations", "shap", "mlflow", "fairlearn", "matplotlib"}


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every imported top-level package, and whether the import stands at the module's top."""
    tree = ast.parse(source)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is entered"
            names = [node.module or ""]
        for name in names:
            yield name.split(".")[0], id(node) in top


def broken_rules(room: str, source: str) -> list[str]:
    """Which rules of the house a module of this room breaks."""
    broken = []
    for package, at_top in imports(source):
        if package in ROOMS and ROOMS.index(package) > ROOMS.index(room):
            broken.append(f"{room} imports {package}")
        if package in ALONE and ALONE[package] != room:
            broken.append(f"only {ALONE[package]} imports {package}")
        if package in HEAVY and at_top:
            broken.append(f"{package} is imported late, inside functions")
    return broken


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert modules
    broken = {
        str(module.relative_to(ROOT)): rules
        for module in modules
        if (rules := broken_rules(room, module.read_text(encoding="utf-8")))
    }
    assert broken == {}


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_says_what_belongs_in_it(room: str) -> None:
    silent = [
        str(module.relative_to(ROOT))
        for module in (ROOT / room).rglob("*.py")
        if not ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("features", "from models.splits import x"),
        ("models", "def f():\n    import pipelines.cli"),
        ("fairness_reports", "import dagster"),
        ("models", "import shap"),
    ],
)
def test_the_guard_sees_a_broken_rule(room: str, source: str) -> None:
    assert broken_rules(room, source)
