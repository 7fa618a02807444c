"""The harness of the workload "reports": all pages of a large release, benchmarks/results/reports.json.

    python -m benchmarks.reports                 100,000 cases; a minute
    python -m benchmarks.reports --cases 20000

Belongs here: how often it is run, the results.
Does not belong here: what is rendered (reporting), showing results (docs/benchmarks.md).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import version
from benchmarks.process import took
from benchmarks.session import HERE, medians, merge

RESULTS = HERE / "results" / "reports.json"
CASES, RUNS = 100_000, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and renew the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description="Pages of a large release.")
    parser.add_argument("--cases", type=int, default=CASES, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=RUNS, help="default: %(default)s")
    options = parser.parse_args(arguments)
    found = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "benchmarks.reporting", str(options.cases), out]
            found.append(took([Path(sys.executable), *command[1:]], os.environ))
        print(f"{options.cases:>9,} {found[-1]['wall']:6.2f} s {found[-1]['cpu']:6.2f} CPU-s "
              f"{found[-1]['peak'] / 1e6:5.0f} MB", flush=True)  # fmt: skip
    row: dict[str, Any] = {"workload": "reports", "size": options.cases, "engine": "plumbline"}
    note = "all pages, both languages; 3 attributes of 10 groups, their pairs, 7 splits, 40 factors"
    merge([row | {"version": version("plumbline"), "note": note} | medians(found)], RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
