"""Plumbline's exact Shapley values: `... DATA OUT DEPTH ROWS [kept | built | floor]`.

Belongs here: calling them as a scoring run does. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from numba.core.registry import cpu_target

import models.shapley.kernel  # noqa: F401
from benchmarks.explaining import arguments, booster, keep, rows
from benchmarks.workload import measured
from models.shapley import explain_trees, load_tables

if __name__ == "__main__":
    # numba imports most of itself with the first compiled function: imports are not timed, loading what was compiled is
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    folder, depth, _ = arguments()
    model, X, how = booster(), rows(), sys.argv[5]
    tables = load_tables(folder / f"{depth}.npz") if how == "kept" else None

    def work(_: Path, out: Path) -> None:
        """Explain every row, on one thread."""
        if how != "floor":
            keep(explain_trees(model, X, tables)[0], out)

    measured(work)
