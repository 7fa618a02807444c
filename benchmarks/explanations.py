"""The harness of the workload "explanation": alternated runs, equality of values, benchmarks/results/explanations.json.

    python -m benchmarks.explanations                all of it, 100,000 rows; about a quarter of an hour
    python -m benchmarks.explanations --rows 20000   fewer rows, for a look

Belongs here: which engine explains what how often, and whether the values are the same.
Does not belong here: rows and models (explaining), an engine's work (engines), showing results (tables).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.explaining import DEPTHS
from benchmarks.peers import NotInstalledError, python, version
from benchmarks.process import ROOT, FailedError, took
from benchmarks.session import HERE, Session, medians, merge

DATA = ROOT / "benchmarks" / ".data"
RESULTS = HERE / "results" / "explanations.json"
ROWS, CHECKED = 100_000, 2_000
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
_OWN = "its own model of the same shape"


@dataclass(frozen=True)
class Entry:
    """One engine's way of explaining.

    Attributes
    ----------
    engine, workload : str
        Whose; name in the results, to which the depth is added.
    runs : int
        How often, at most.
    arguments : tuple of str
        For its script, after DATA OUT DEPTH ROWS.
    close : float, optional
        How far its values may be from ours; None where it has a model of its own.
    note : str
        For the results.
    """

    engine: str
    workload: str
    runs: int
    arguments: tuple[str, ...] = ()
    close: float | None = None
    note: str = ""


OURS = Entry("plumbline", "explanation", 5, ("kept",), note="tables kept beside the model")
ENTRIES = (
    OURS,
    Entry("plumbline", "explanation, tables built", 5, ("built",), close=0.0),
    Entry("shap", "explanation", 2, close=1e-10),
    Entry("woodelf_explainer", "explanation", 3, close=1e-5),
    Entry("lightgbm", "explanation", 2, note=_OWN),
    Entry("plumbline", "explanation floor", 3, ("floor",), note="model and rows in memory, nothing explained"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was not yet measured in this session."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explanations", description="Explanations and peers.")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to explain; default: %(default)s")
    parser.add_argument("--engines", help="names, by commas; default: all")
    parser.add_argument("--runs", type=int, default=10**9, help="of each, at most; default: few of the slow ones")
    parser.add_argument("--fresh", action="store_true", help="begin again, do not go on with what was interrupted")
    parser.add_argument("--unchecked", action="store_true", help="do not compare values beforehand")
    options = parser.parse_args(arguments)
    wanted = [entry for entry in ENTRIES if not options.engines or entry.engine in options.engines.split(",")]
    entries = [entry for entry in wanted if _installed(entry.engine)]
    folder = _made(options.rows)
    session = Session(DATA / "explanations.jsonl", fresh=options.fresh)
    for depth in () if options.unchecked else DEPTHS:
        if not _same_values(session, folder, entries, depth):
            return 1
    whole = True
    for turn in range(min(options.runs, max((entry.runs for entry in entries), default=0))):
        for depth in DEPTHS:
            for entry in entries:
                if turn < entry.runs:
                    whole &= _measure(session, folder, entry, depth, options.rows, turn)
            merge([row for entry in entries for row in _rows(session, entry, depth, options.rows)], RESULTS)
    if whole:
        session.close()
    return 0 if whole and len(entries) == len(wanted) else 1


def _installed(engine: str) -> bool:
    try:
        python(engine)
    except NotInstalledError as error:
        print(f"left out, because it cannot be installed: {error}", file=sys.stderr)
        return False
    return True


def _made(rows: int) -> Path:
    """The folder of rows and models, made where it is not there; other code makes other data."""
    code = hashlib.sha256((HERE / "explaining.py").read_bytes())
    for file in sorted((ROOT / "models" / "shapley").glob("*.py")):  # the tables are in it
        code.update(file.read_bytes())
    folder = DATA / f"explanation-{rows}-{code.hexdigest()[:8]}"
    if not folder.exists():
        print(f"{rows:>9,} making the rows, fitting the models", flush=True)
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        command = [sys.executable, "-m", "benchmarks.explaining", making, str(rows)]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | ONE_THREAD)
        making.rename(folder)
    return folder


def run(folder: Path, entry: Entry, depth: str, rows: int, out: Path) -> dict[str, float]:
    """Run an engine once, on one thread: as `process.took`; `out` gets the values where they are few."""
    module = f"benchmarks.engines.explanation_{entry.engine}"
    return took(
        [python(entry.engine), "-m", module, folder, out, depth, str(rows), *entry.arguments],
        ONE_THREAD | {"NUMBA_CACHE_DIR": str(DATA / "numba"), "PYTHONDONTWRITEBYTECODE": ""},
    )


def _same_values(session: Session, folder: Path, entries: Sequence[Entry], depth: str) -> bool:
    """Compare the values of engines that explain the same model and were not compared yet; says what differs."""
    right = True
    with tempfile.TemporaryDirectory(dir=DATA) as scratch:
        run(folder, OURS, depth, CHECKED, Path(scratch) / "ours.npy")  # also compiles
        ours = np.load(Path(scratch) / "ours.npy")
        for entry in entries:
            what = f"{entry.engine}, {entry.workload}, {depth}"
            if entry.close is None or session.checked(what):
                continue
            run(folder, entry, depth, CHECKED, Path(scratch) / "theirs.npy")
            gap = float(np.abs(np.load(Path(scratch) / "theirs.npy") - ours).max())
            print(f"{CHECKED:>9,} {what:60} at most {gap:.1e} from ours", flush=True)
            if gap <= entry.close:
                session.found_right(what)
            else:
                right = False
                print(f"{what}: other values than ours", file=sys.stderr)
    return right


def _measure(session: Session, folder: Path, entry: Entry, depth: str, rows: int, turn: int) -> bool:
    workload = f"{entry.workload}, {depth}"
    if session.has(entry.engine, workload, rows, turn):
        return True
    try:
        with tempfile.TemporaryDirectory(dir=DATA) as scratch:
            figures = run(folder, entry, depth, rows, Path(scratch) / "values.npy")
    except FailedError as error:
        print(f"{entry.engine}, {workload}: {error}", file=sys.stderr)
        return False
    session.add(entry.engine, workload, rows, turn, figures)
    shown = f"{figures['wall']:8.2f} s {figures['cpu']:8.2f} CPU-s {figures['peak'] / 1e6:7.0f} MB"
    print(f"{rows:>9,} {entry.engine:20} {workload:44} {shown}", flush=True)
    return True


def _rows(session: Session, entry: Entry, depth: str, rows: int) -> list[dict[str, Any]]:
    """An entry's results so far."""
    workload = f"{entry.workload}, {depth}"
    runs = session.runs(entry.engine, workload, rows)
    row = {"workload": workload, "size": rows, "engine": entry.engine, "note": entry.note}
    return [row | {"version": version(entry.engine)} | medians(runs)] if runs else []


if __name__ == "__main__":
    sys.exit(main())
