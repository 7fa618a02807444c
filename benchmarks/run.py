"""The harness: alternated runs of every engine, and their medians in benchmarks/results.

Belongs here: which engine runs which workload how often, in which order.
Does not belong here: an engine's work (engines), comparing cells (check), showing results (tables).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import NotInstalledError, python, version
from benchmarks.process import ROOT, FailedError, took
from benchmarks.session import Session, medians, merge

DATA = ROOT / "benchmarks" / ".data"
CHECKED = 2_000
"""People for whom all cells are compared beforehand."""
SIZES = (20_000, 100_000, 1_000_000)
WHOLE = "features, whole process"
_PARTS = "less memory; writes eight files"


@dataclass(frozen=True, eq=False)
class Entry:
    """One engine's way through one workload.

    Attributes
    ----------
    engine : str
        Whose.
    workload : str
        Name in the results.
    runs : dict of int to int
        How often at which size, at most; not at other sizes.
    arguments : tuple of str
        For the engine's script, after DATA and OUT.
    whole : bool
        Whether the process is also shown as a whole, with its start and imports.
    first : bool
        Whether nothing is compiled yet; shown as a whole process only.
    module : str, optional
        The script, where it is not called as the engine; it runs in our environment.
    note : str
        For the results.
    """

    engine: str
    workload: str
    runs: dict[int, int]
    arguments: tuple[str, ...] = ()
    whole: bool = False
    first: bool = False
    module: str | None = None
    note: str = ""


OURS = Entry("plumbline", "features", {20_000: 7, 100_000: 5, 1_000_000: 3}, whole=True)
ENTRIES = (
    OURS,
    Entry("polars", "features", {20_000: 7, 100_000: 5}, whole=True),
    Entry("duckdb", "features", {20_000: 5, 100_000: 3}, whole=True),
    Entry("pandas", "features", {20_000: 5, 100_000: 3}, whole=True),
    Entry("timeseriesflattener", "features", {20_000: 3, 100_000: 2}, whole=True),
    Entry("featuretools", "features", {20_000: 3, 100_000: 1}, whole=True),
    Entry("polars", "features, in 8 parts", {20_000: 5, 100_000: 3}, ("8",), note=_PARTS),
    Entry("duckdb", "features, in 8 parts", {20_000: 5, 100_000: 3}, ("8",), note=_PARTS),
    Entry("plumbline", "features, first run", {20_000: 3}, first=True, note="once per installation: compiles"),
    Entry("duckdb", "floor: scan", {20_000: 5, 100_000: 5}, ("scan",), module="floor", note="of the warehouse"),
    Entry("pyarrow", "floor: write", {20_000: 5, 100_000: 5}, ("write",), module="floor", note="as Parquet"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was not yet measured in this session."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Time and memory against the peers.")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="people, by commas; default: %(default)s")
    parser.add_argument("--engines", help="names, by commas; default: all")
    parser.add_argument("--runs", type=int, default=10**9, help="of each, at most; default: few of the slow ones")
    parser.add_argument("--fresh", action="store_true", help="begin again, do not go on with what was interrupted")
    parser.add_argument("--unchecked", action="store_true", help="do not compare cells beforehand")
    options = parser.parse_args(arguments)
    wanted = [entry for entry in ENTRIES if not options.engines or entry.engine in options.engines.split(",")]
    entries = _installed(wanted)
    if not entries:
        print("There is nothing to run.", file=sys.stderr)
        return 2
    session = Session(DATA / "session.jsonl", fresh=options.fresh)
    if session.resumed:
        print("Going on with the session that was interrupted; --fresh begins again.")
    if not options.unchecked and not _check(session, entries):
        return 1
    whole = True
    for size in map(int, options.sizes.split(",")):
        whole &= _measure(session, [entry for entry in entries if size in entry.runs], size, options.runs)
    if whole:
        session.close()
        for matrix in DATA.glob("*.parquet"):
            matrix.unlink()
    return 0 if whole and len(entries) == len(wanted) else 1


def _installed(entries: Sequence[Entry]) -> list[Entry]:
    missing = set()
    for engine in sorted({entry.engine for entry in entries}):
        try:
            python(engine)
        except NotInstalledError as error:
            missing.add(engine)
            print(f"left out, because it cannot be installed: {error}", file=sys.stderr)
    return [entry for entry in entries if entry.engine not in missing]


def _check(session: Session, entries: Sequence[Entry]) -> bool:
    """Compare the cells of the engines that were not compared yet; says what differs."""
    right = True
    with tempfile.TemporaryDirectory(dir=DATA) as scratch:
        ours = Path(scratch) / "ours.parquet"
        run(OURS, CHECKED, ours)  # also compiles
        for number, entry in enumerate(entries):
            what, theirs = f"{entry.engine:20} {entry.workload:24}", Path(scratch) / f"{number}.parquet"
            if entry.module or entry.engine == OURS.engine or session.checked(what):
                continue
            run(entry, CHECKED, theirs)
            command = [sys.executable, "-m", "benchmarks.check", str(ours), str(theirs)]
            compared = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if compared.returncode:
                right = False
                print(f"{what} other cells than ours\n{compared.stdout}{compared.stderr}", file=sys.stderr)
            else:
                session.found_right(what)
                print(f"{CHECKED:>9,} {what} the same cells", flush=True)
    return right


def _measure(session: Session, entries: Sequence[Entry], size: int, most: int) -> bool:
    """Round after round, every engine once in each, the slow ones only in the first rounds."""
    failed = set()
    for turn in range(min(most, max((entry.runs[size] for entry in entries), default=0))):
        for entry in entries:
            if entry in failed or turn >= entry.runs[size] or session.has(entry.engine, entry.workload, size, turn):
                continue
            try:
                figures = run(entry, size)
            except FailedError as error:
                failed.add(entry)
                print(f"{entry.engine}, {entry.workload}, {size:,} people: {error}", file=sys.stderr)
                continue
            session.add(entry.engine, entry.workload, size, turn, figures)
            shown = f"{figures['wall']:8.2f} s {figures['cpu']:8.2f} CPU-s {figures['peak'] / 1e6:7.0f} MB"
            print(f"{size:>9,} {entry.engine:20} {entry.workload:24} {shown}", flush=True)
        merge([row for entry in entries for row in _rows(session, entry, size)])
    return not failed


def _rows(session: Session, entry: Entry, size: int) -> list[dict[str, Any]]:
    """An entry's results so far."""
    runs = session.runs(entry.engine, entry.workload, size)
    if not runs:
        return []
    row = {"size": size, "engine": entry.engine, "version": version(entry.engine), "note": entry.note}
    if entry.first:
        return [{"workload": entry.workload, **row, **medians(runs, "whole_")}]
    rows = [{"workload": entry.workload, **row, **medians(runs)}]
    return rows + ([{"workload": WHOLE, **row, **medians(runs, "whole_")}] if entry.whole else [])


def run(entry: Entry, size: int, keep: Path | None = None) -> dict[str, float]:
    """Run an engine once.

    Parameters
    ----------
    entry : Entry
        Which.
    size : int
        People.
    keep : Path, optional
        Where its matrix stays.

    Returns
    -------
    dict
        As `process.took`.
    """
    data, arguments = _made(size), list(entry.arguments)
    if entry.workload == "floor: write":
        matrix = DATA / f"matrix-{size}.parquet"
        if not matrix.exists():
            run(OURS, size, matrix)
        arguments.append(str(matrix))
    with tempfile.TemporaryDirectory(dir=DATA) as scratch:
        out = Path(scratch) / "matrix.parquet"
        compiled = Path(scratch) / "numba" if entry.first else DATA / "numba"
        interpreter = python(OURS.engine if entry.module else entry.engine)
        module = f"benchmarks.engines.{entry.module or entry.engine}"
        # modules compiled to bytecode beforehand, as an installation has them
        figures = took(
            [interpreter, "-m", module, data, out, *arguments],
            {"NUMBA_CACHE_DIR": str(compiled), "PYTHONDONTWRITEBYTECODE": ""},
        )
        if keep:
            out.replace(keep)
    return figures


def _made(size: int) -> Path:
    """The folder of the data, made where it is not there; other code makes other data."""
    code = hashlib.sha256((ROOT / "benchmarks" / "data.py").read_bytes()).hexdigest()[:8]
    folder = DATA / f"{size}-{code}"
    if not folder.exists():
        print(f"{size:>9,} making the data", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.data", folder, str(size)], check=True, cwd=ROOT)
    return folder


if __name__ == "__main__":
    sys.exit(main())
