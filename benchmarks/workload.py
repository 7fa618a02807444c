"""The workload "features": its 150 columns and its rows, and how an engine's script runs.

Belongs here: what every engine needs; only the standard library, because each runs in an environment of its own.
Does not belong here: making the data (data), or an engine's way of computing the columns (engines).

Every cell looks at the events of the row's person with `as_of - window <= event_at < as_of`, in whole days.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

WINDOWS = (30, 90, 180, 365, 730)
"""Days that the columns look back."""
LONGEST = WINDOWS[-1]
TYPES = tuple(f"t{i:02}" for i in range(20))
CATEGORIES = tuple(f"c{i:02}" for i in range(12))
FIRST_DAY, DAYS = dt.date(2020, 1, 1), 1461
"""Events happen on these days: four years."""
AS_OF = tuple(dt.date(2023, month, 1) for month in range(1, 13))
"""Every person has a row on each of these days."""
MEASURES = ("n", "sum", "mean", "max", "min", "distinct")
"""Over all events of the window: how many, four of their values, and how many different categories."""
COUNTED = ("n", "sum", "distinct", *TYPES)
"""Columns that are 0 where nothing happened; the others are empty there."""
KEYS = ("person_id", "as_of")
PROGRAMME = "bench"
COMPRESSION, LEVEL = "zstd", 1
"""Of the matrix, as ours is written."""


def column(measure: str, window: int) -> str:
    """The name of a column: a measure or an event type, and a window."""
    return f"{measure}_{window}"


def since(event_type: str) -> str:
    """The name of the column of days since the last event of the type, within the longest window."""
    return f"since_{event_type}"


def names() -> list[str]:
    """The 150 columns."""
    by_window = [column(measure, window) for window in WINDOWS for measure in (*TYPES, *MEASURES)]
    return by_window + [since(event_type) for event_type in TYPES]


def measured(work: Callable[[Path, Path], None]) -> None:
    """Run an engine's work on the folders named on the command line and print what it took, as JSON.

    Parameters
    ----------
    work : callable
        Takes the folder of the data and the file to write. What it needs has been imported beforehand.

    Notes
    -----
    Prints `wall` (seconds), `cpu` (seconds of all threads and children) and `peak` (bytes of the largest resident set
    of this process; Linux only, elsewhere 0).
    """
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    wall, cpu = time.perf_counter(), _cpu()
    work(data, out)
    took = {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu, "peak": _peak()}
    print("\n" + json.dumps(took), flush=True)


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _peak() -> int:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
