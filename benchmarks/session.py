"""What was measured so far, and the results made from it.

Belongs here: the file of a session that can be interrupted, medians, benchmarks/results.
Does not belong here: running anything (run, process), or showing results (tables).
"""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "features.json"
FIELDS = ("workload", "size", "engine", "version", "runs", "wall_s", "cpu_s", "peak_mb", "note")


class Session:
    """Runs that belong together: an interrupted session goes on as long as the code is the same.

    Parameters
    ----------
    file : Path
        Where the runs are kept, one line each.
    fresh : bool
        Whether to begin again.
    """

    def __init__(self, file: Path, *, fresh: bool = False) -> None:
        file.parent.mkdir(exist_ok=True)
        self._file = file
        self._runs: dict[tuple[str, str, int], dict[int, dict[str, float]]] = {}
        self._checked: set[str] = set()
        begin = json.dumps({"code": _fingerprint()})
        lines = file.read_text().splitlines() if file.exists() and not fresh else []
        self.resumed = lines[:1] == [begin]
        if self.resumed:
            for line in lines[1:]:
                self._read(json.loads(line))
        else:
            file.write_text(begin + "\n")

    def _read(self, line: dict[str, Any]) -> None:
        if "checked" in line:
            self._checked.add(line["checked"])
        else:
            self._runs.setdefault((line["engine"], line["workload"], line["size"]), {})[line["turn"]] = line["took"]

    def _write(self, line: dict[str, Any]) -> None:
        self._read(line)
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def checked(self, engine: str) -> bool:
        """Whether the engine's cells were found right in this session."""
        return engine in self._checked

    def found_right(self, engine: str) -> None:
        """Keep that they were."""
        self._write({"checked": engine})

    def has(self, engine: str, workload: str, size: int, turn: int) -> bool:
        """Whether this run has been done."""
        return turn in self._runs.get((engine, workload, size), {})

    def add(self, engine: str, workload: str, size: int, turn: int, took: dict[str, float]) -> None:
        """Keep a run's figures (see `process.took`)."""
        self._write({"engine": engine, "workload": workload, "size": size, "turn": turn, "took": took})

    def runs(self, engine: str, workload: str, size: int) -> list[dict[str, float]]:
        """The figures of every run so far."""
        return list(self._runs.get((engine, workload, size), {}).values())

    def close(self) -> None:
        """Nothing is left to do: the next session begins anew."""
        self._file.unlink()


def medians(runs: Sequence[dict[str, float]], which: str = "") -> dict[str, float]:
    """Medians of runs as the results show them.

    Parameters
    ----------
    runs : sequence of dict
        As `process.took` gives them.
    which : {"", "whole_"}
        The work alone or the whole process.
    """
    median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {
        "runs": len(runs),
        "wall_s": round(median[which + "wall"], 3),
        "cpu_s": round(median[which + "cpu"], 3),
        "peak_mb": round(median["peak"] / 1e6),
    }


def merge(rows: Sequence[dict[str, Any]], file: Path = RESULTS) -> None:
    """Write results in place of those of the same workload, size and engine; the others stay."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    every = {(row["workload"], row["size"], row["engine"]): row for row in [*kept, *rows]}
    lines = ",\n".join(
        json.dumps({field: every[key][field] for field in FIELDS}, ensure_ascii=False) for key in sorted(every)
    )
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _fingerprint() -> str:
    """Of everything that the figures depend on."""
    digest = hashlib.sha256()
    for folder, pattern in (
        (HERE, "*.py"),
        (HERE / "engines", "*.py"),
        (HERE / "peers", "*.txt"),
        (HERE.parent / "features", "*.py"),
        (HERE.parent / "models" / "shapley", "*.py"),
        (HERE.parent / "fairness_reports", "*.py"),
        (HERE.parent / "fairness_reports" / "audit", "*.py"),
    ):
        for file in sorted(folder.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
