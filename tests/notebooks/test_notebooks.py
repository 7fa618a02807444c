"""Every notebook runs from top to bottom on a home with a release, and shows pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests import whole_runs
from tests.whole_runs import NAME, Ran, World

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CASE = re.compile(r"\b[0-9a-f]{32}\b")
"""A pseudonym: none may stand in what a notebook shows."""


@pytest.fixture(scope="module")
def ran(runs_root: Path) -> Ran:
    world = World(whole_runs.shared(runs_root, "world", whole_runs.make_world))
    return whole_runs.shared_run(runs_root, "plain", lambda home: whole_runs.run(world, home))


def test_there_are_four() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_pictures(
    path: Path, ran: Ran, runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_HOME", str(ran.home))
    monkeypatch.setenv("PLUMBLINE_PROGRAMME", str(runs_root / "world" / "pack"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    before = {file: file.stat().st_mtime_ns for file in sorted(ran.home.rglob("*")) if file.is_file()}
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs: list[Any] = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if "image/png" in output.get("data", {})], "no picture"
    said = "".join(output.get("text", "") + str(output.get("data", {}).get("text/plain", "")) for output in outputs)
    assert not CASE.search(said)
    assert NAME in said or path.stem.startswith(("02", "03", "04"))
    after = {file: file.stat().st_mtime_ns for file in sorted(ran.home.rglob("*")) if file.is_file()}
    assert after == before, "a notebook wrote into the home"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
