"""The harness of the workload "audit": alternated runs, equality of points, benchmarks/results/audits.json.

    python -m benchmarks.audits                all of it, 200,000 rows; some minutes
    python -m benchmarks.audits --rows 20000   fewer rows, for a look

fairlearn's bootstrap would take more than an hour. It is run with a few replicates and without any; what the few took
beyond that is multiplied up to as many as ours.

Belongs here: which engine audits how often, whether the points are the same, the multiplication.
Does not belong here: the table (auditing), an engine's work (engines), showing results (tables).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.auditing import REPLICATES
from benchmarks.peers import version
from benchmarks.process import ROOT, FailedError, took
from benchmarks.session import HERE, Session, medians, merge

DATA = ROOT / "benchmarks" / ".data"
RESULTS = HERE / "results" / "audits.json"
ROWS, CLOSE = 200_000, 1e-12
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}


@dataclass(frozen=True)
class Entry:
    """One engine's way of auditing.

    Attributes
    ----------
    engine, workload : str
        Whose; name in the results.
    runs : int
        How often, at most.
    replicates : tuple of int
        With how many it is run in each turn: as many as wanted, or none and a few.
    arguments : tuple of str
        For its script, after DATA OUT ROWS REPLICATES.
    note : str
        For the results.
    """

    engine: str
    workload: str
    runs: int
    replicates: tuple[int, ...] = (REPLICATES,)
    arguments: tuple[str, ...] = ()
    note: str = ""


_FEW = 3
ENTRIES = (
    Entry("plumbline", "audit", 5, arguments=("households",), note="all metrics, gaps and ratios; households drawn"),
    Entry("plumbline", "audit, no households", 5, note="all metrics, gaps and ratios; rows drawn"),
    Entry("fairlearn", "audit, no households", 2, (0, _FEW), note=f"8 metrics; scaled up from {_FEW} replicates"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was not yet measured in this session."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.audits", description="Audits and fairlearn's bootstrap."
    )
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to audit; default: %(default)s")
    parser.add_argument("--runs", type=int, default=10**9, help="of each, at most; default: few of the slow one")
    parser.add_argument("--fresh", action="store_true", help="begin again, do not go on with what was interrupted")
    options = parser.parse_args(arguments)
    folder = _made(options.rows)
    session = Session(DATA / "audits.jsonl", fresh=options.fresh)
    if not session.checked("points") and not _same_points(session, folder, options.rows):
        return 1
    whole = True
    for turn in range(min(options.runs, max(entry.runs for entry in ENTRIES))):
        for entry in ENTRIES:
            if turn < entry.runs:
                whole &= all(_measure(session, folder, entry, each, options.rows, turn) for each in entry.replicates)
        merge([row for entry in ENTRIES for row in _rows(session, entry, options.rows)], RESULTS)
    if whole:
        session.close()
    return 0 if whole else 1


def _made(rows: int) -> Path:
    """The folder of the table, made where it is not there; other code makes other data."""
    code = hashlib.sha256((HERE / "auditing.py").read_bytes()).hexdigest()
    folder = DATA / f"audit-{rows}-{code[:8]}"
    if not folder.exists():
        print(f"{rows:>9,} making the rows", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.auditing", folder, str(rows)], check=True, cwd=ROOT)
    return folder


def run(folder: Path, entry: Entry, replicates: int, rows: int, out: Path) -> dict[str, float]:
    """Run an engine once, on one thread: as `process.took`; `out` gets the points."""
    module = f"benchmarks.engines.audit_{entry.engine}"
    return took(
        [sys.executable, "-m", module, folder, out, str(rows), str(replicates), *entry.arguments],
        os.environ | ONE_THREAD | {"NUMBA_CACHE_DIR": str(DATA / "numba"), "PYTHONDONTWRITEBYTECODE": ""},
    )


def _same_points(session: Session, folder: Path, rows: int) -> bool:
    """Compare the points of all engines; also compiles ours."""
    with tempfile.TemporaryDirectory(dir=DATA) as scratch:
        found = []
        for entry in ENTRIES:
            run(folder, entry, min(entry.replicates), rows, Path(scratch) / "points")
            found.append(pd.read_parquet(Path(scratch) / "points"))
    gap = max(float(np.abs(each.to_numpy() - found[0].to_numpy()).max()) for each in found)
    alike = all(each.index.tolist() == found[0].index.tolist() for each in found)
    print(f"{rows:>9,} points at most {gap:.1e} apart", flush=True)
    if not (alike and gap <= CLOSE):
        print("the engines' points differ", file=sys.stderr)
        return False
    session.found_right("points")
    return True


def _name(entry: Entry, replicates: int) -> str:
    return f"{entry.workload}, {replicates} replicates"


def _measure(session: Session, folder: Path, entry: Entry, replicates: int, rows: int, turn: int) -> bool:
    workload = _name(entry, replicates)
    if session.has(entry.engine, workload, rows, turn):
        return True
    try:
        with tempfile.TemporaryDirectory(dir=DATA) as scratch:
            figures = run(folder, entry, replicates, rows, Path(scratch) / "points")
    except FailedError as error:
        print(f"{entry.engine}, {workload}: {error}", file=sys.stderr)
        return False
    session.add(entry.engine, workload, rows, turn, figures)
    shown = f"{figures['wall']:8.2f} s {figures['cpu']:8.2f} CPU-s {figures['peak'] / 1e6:7.0f} MB"
    print(f"{rows:>9,} {entry.engine:20} {workload:44} {shown}", flush=True)
    return True


def _rows(session: Session, entry: Entry, rows: int) -> list[dict[str, Any]]:
    """An entry's results so far, at REPLICATES replicates."""
    found = [session.runs(entry.engine, _name(entry, each), rows) for each in entry.replicates]
    if not all(found):
        return []
    row = {"workload": entry.workload, "size": rows, "engine": entry.engine, "note": entry.note}
    return [row | {"version": version(entry.engine)} | scaled(*(medians(each) for each in found), few=_FEW)]


def scaled(without: dict[str, float], some: dict[str, float] | None = None, *, few: int) -> dict[str, float]:
    """Medians as they are, or what REPLICATES replicates would take after a run without any and one with a few."""
    if some is None:
        return without
    seconds = {
        name: round(without[name] + (some[name] - without[name]) * REPLICATES / few, 1) for name in ("wall_s", "cpu_s")
    }
    return some | seconds


if __name__ == "__main__":
    sys.exit(main())
