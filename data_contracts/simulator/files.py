"""The simulated export as files.

Belongs here: how the agency exports its tables, and where the truth is kept. Does not belong here: what is in them.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data_contracts.simulator.world import World

TRUTH = "truth"  # folder beside the exported files; no contract names a file in it
_NOTE = """These figures are simulated; no person, place or event is real.

need.csv lists every true crisis (crisis_on), whether or not the service recorded it (recorded). The service never
sees this file, no contract names it, and no model may use it: it is there to compare what was recorded with what was
needed. docs/family_support.md says how it came about.
"""


def write(world: World, out: Path) -> list[Path]:
    """Write the export as CSV (UTF-8, comma, ISO dates) and the truth into a folder of its own.

    Parameters
    ----------
    world : World
        What `simulate` gave.
    out : Path
        The folder; made when missing.

    Returns
    -------
    list of Path
        The exported files, without the truth.
    """
    (out / TRUTH).mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in world.tables.items():
        written.append(out / f"{name}.csv")
        _write(table, written[-1])
    _write(world.truth, out / TRUTH / "need.csv")
    (out / TRUTH / "README.txt").write_text(_NOTE, encoding="utf-8")
    return written


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
