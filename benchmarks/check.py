"""Every engine's cells against ours, so that the same work is compared.

Belongs here: comparing two matrices: `python -m benchmarks.check OURS THEIRS`.
Does not belong here: what is right (tests hold our cells to a slow reference), or how fast it was (run).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.workload import COUNTED, KEYS, names

CLOSE = 1e-9
"""Sums and means may differ by this much, relatively: floating sums depend on their order."""


def differences(ours: Path, theirs: Path) -> list[str]:
    """Compare two matrices row by row.

    Parameters
    ----------
    ours, theirs : Path
        A Parquet file, or a folder of them; rows in any order, columns in any order, counts of any numeric type.

    Returns
    -------
    list of str
        What differs: rows, columns that are not there, and for each column how many cells; empty when nothing does.
        A count must be equal and never empty; a number may differ by 1e-9 of itself, NaN counts as empty.
    """
    import numpy as np

    one, other = _read(ours), _read(theirs)
    for key in KEYS:
        if len(one[key]) != len(other[key]) or not np.array_equal(one[key], other[key]):
            return [f"other rows: {len(one[key])} against {len(other[key])}, or another {key}"]
    found = []
    for name in names():
        a, b = one[name], other[name]
        if name.split("_")[0] in COUNTED and np.isnan(b).any():
            found.append(f"{name}: {np.isnan(b).sum()} cells are empty")
        exact = name.split("_")[0] not in ("sum", "mean")
        equal = np.isclose(a, b, rtol=0 if exact else CLOSE, atol=0, equal_nan=True)
        if not equal.all():
            found.append(f"{name}: {(~equal).sum()} of {len(equal)} cells differ")
    return found


def _read(path: Path) -> dict[str, Any]:
    import duckdb

    files = str(path / "*.parquet") if path.is_dir() else str(path)
    cells = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in names())
    con = duckdb.connect()
    there = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM '{files}'").fetchall()]
    if missing := [name for name in names() if name not in there]:
        sys.exit(f"{len(missing)} columns are not there: {', '.join(missing[:5])}")
    # ours is keyed by case; the made-up ones have the person's id
    person = "person_id" if "person_id" in there else "case_id"
    keys = f"CAST({person} AS VARCHAR) AS person_id, CAST(as_of AS DATE) AS as_of"
    columns = con.execute(f"SELECT {keys}, {cells} FROM '{files}' ORDER BY person_id, as_of").fetchnumpy()
    return {
        name: cells.filled(float("nan")) if hasattr(cells, "filled") and name not in KEYS else cells
        for name, cells in columns.items()
    }


if __name__ == "__main__":
    wrong = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(wrong))
    sys.exit(bool(wrong))
