"""The list of guards cannot rot: each still stands where scripts/break_guards.py takes it out, and its test exists."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("break_guards", ROOT / "scripts" / "break_guards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


SCRIPT = load()


@pytest.mark.parametrize("guard", SCRIPT.GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_once_where_it_is_said_to_stand(guard) -> None:  # type: ignore[no-untyped-def]  # of the script
    assert SCRIPT.place(guard) > 0
    assert guard.new != guard.old
    file, test = guard.test.split("::")
    assert re.search(rf"^def {test.split('[')[0]}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_guard_was_seen() -> None:
    written = SCRIPT.DOCUMENT.read_text(encoding="utf-8")
    assert written == SCRIPT.document(dict.fromkeys(SCRIPT.GUARDS, True))
