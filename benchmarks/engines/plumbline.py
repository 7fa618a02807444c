"""Plumbline: the specification of the 150 columns, over the core tables of a warehouse.

Belongs here: what a pack would declare.
Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401 - our code imports it when it is needed
from numba.core.registry import cpu_target
from pydantic import TypeAdapter

import features.kernel  # noqa: F401
from benchmarks.workload import LONGEST, PROGRAMME, TYPES, WINDOWS, column, measured, since
from data_contracts.warehouse import open_warehouse
from features.build import write_matrix
from features.fields import Feature
from features.spec import FeatureSpec

MEMORY = 200 * 10**6
"""Bytes for the batches under way."""
DUCKDB_MEMORY = "400MB"
"""The same for DuckDB, whose tables beyond it go to a temporary folder."""


def specification() -> list[Feature]:
    """The features as a pack declares them."""
    declared: list[dict[str, Any]] = []
    for window in WINDOWS:
        look_back = f"{window}d"
        for name in TYPES:
            declared.append(_one("count", column(name, window), look_back, name))
        declared.append(_one("count", column("n", window), look_back, *TYPES))
        for kind in ("sum", "mean", "max", "min", "distinct"):
            declared.append(_one(kind, column(kind, window), look_back, *TYPES))
    declared += [_one("days_since_last", since(name), f"{LONGEST}d", name) for name in TYPES]
    return TypeAdapter(list[FeatureSpec]).validate_python(declared)


def _one(kind: str, name: str, window: str, *types: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "factor": "made_up", "events": {"type": list(types)}, "window": window}


def work(data: Path, out: Path) -> None:
    """Read the warehouse, compute the columns, write them."""
    with open_warehouse(data / "warehouse.duckdb", memory_limit=DUCKDB_MEMORY) as con:
        write_matrix(con, PROGRAMME, specification(), out, memory=MEMORY)


if __name__ == "__main__":
    # numba imports most of itself with the first compiled function: imports are not timed, loading what was compiled is
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    measured(work)
