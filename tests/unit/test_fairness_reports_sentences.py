"""Every sentence of the catalogue is asked for by the code, and every sentence that the code asks for exists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

import fairness_reports
from fairness_reports.language import catalogue

ROOT = Path(fairness_reports.__file__).parent.parent
ROOMS = ("data_contracts", "features", "models", "fairness_reports", "pipelines")
PART = r"([A-Za-z0-9_.]*)"  # what an f-string fills in


@dataclass
class Asked:
    """What the source texts hold: whole keys, patterns of keys, and names that a pattern may be filled with."""

    literals: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def _pattern(parts: list[ast.expr]) -> str:
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else PART for part in parts)


def _of_python(tree: ast.AST, asked: Asked) -> None:
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    asked.literals |= literals
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            made = _pattern(node.values)
            # a family that is itself filled in: one of those that the same file names
            whole = [re.escape(each) + made.removeprefix(PART) for each in literals if re.fullmatch("[a-z_]+", each)]
            asked.patterns |= set(whole) if made.startswith(PART + r"\.") else {made}
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
            asked.patterns.add(_pattern([node.left, node.right]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "word":
            asked.patterns.add(_pattern([node.args[0], ast.Constant("."), node.args[1]]))
        elif isinstance(node, ast.Attribute):
            asked.names.add(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            asked.names.add(node.target.id)  # a field of a model, whose name is part of a key
        elif isinstance(node, ast.keyword) and node.arg:
            asked.names.add(node.arg)


@cache
def asked_for() -> Asked:
    asked = Asked()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            _of_python(ast.parse(path.read_text(encoding="utf-8")), asked)
        for path in sorted((ROOT / room).rglob("*.j2")):
            text = path.read_text(encoding="utf-8")
            asked.literals |= set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', text))
            asked.patterns |= {re.escape(start) + PART for start in re.findall(r'"([a-z_.]+\.)" ~', text)}
    inner = {word for literal in asked.literals for word in re.findall(r"\(([a-z ]+)\)", literal)}
    names = asked.names | inner | {literal for literal in asked.literals if len(literal) < 80}
    asked.names = names | {re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for name in names} | {""}
    asked.patterns = {each for each in asked.patterns if " " not in each and re.match(r"[a-z_]", each)}
    # names of metrics are made of two parts: what is counted, and that it is so among the first k
    asked.names |= {f"{name}_at_k" for name in ("precision", "recall", "lift", "unknown")}
    return asked


def is_asked_for(key: str) -> bool:
    asked = asked_for()
    found = [re.fullmatch(each, key) for each in asked.patterns if each.startswith(key[:3])]
    return key in asked.literals or any(each and all(map(_can_be, each.groups())) for each in found)


@cache
def _can_be(part: str) -> bool:
    asked = asked_for()
    if part.isdigit() or part.strip("_.") in asked.names:
        return True
    parts = [re.fullmatch(each, part) for each in asked.patterns if each.startswith(part[:3]) and r"\." not in each]
    return any(each and set(each.groups()) <= asked.names for each in parts)


def test_every_sentence_of_the_catalogue_is_asked_for() -> None:
    assert [key for key in catalogue("en") if not is_asked_for(key)] == []


@pytest.mark.parametrize("key", ["index.nobodys_words", "page.nowhere_to_go", "metric.never_measured", "nowhere.title"])
def test_a_sentence_that_nobody_asks_for_is_found(key: str) -> None:
    assert not is_asked_for(key)


def test_every_sentence_that_is_named_exists() -> None:
    used = set()
    for room in ROOMS:
        for path in [*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.j2")]:
            used |= set(re.findall(r"""\bt\(\s*["']([a-z_]+(?:\.[a-z_0-9]+)+)["']""", path.read_text(encoding="utf-8")))
    assert len(used) > 400
    assert used <= set(catalogue("en")), used - set(catalogue("en"))
