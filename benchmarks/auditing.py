"""The workload "audit": its scored table, and how an engine's script reads it.

Belongs here: what every engine's script needs.
Does not belong here: an engine's way of auditing (engines), comparing or timing (audits).

`python -m benchmarks.auditing FOLDER ROWS` makes the folder: scored.parquet.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

GROUPS, REPLICATES = 12, 1_000
METRICS = ("base_rate", "selection_rate", "tpr", "fpr", "fnr", "ppv", "npv", "accuracy")
"""What every engine measures; ours cannot be told to leave the others out."""


def draw(rows: int, seed: int = 1) -> pd.DataFrame:
    """Scored cases in half as many households, alike within them; one attribute of 12 groups of different sizes."""
    generator = np.random.default_rng(seed)
    household = generator.integers(0, max(rows // 2, 1), rows)
    tendency = generator.normal(size=max(rows // 2, 1))[household]
    chance = 1 / (1 + np.exp(-(-1.6 + tendency + generator.normal(0, 0.5, rows))))
    share = 0.8 ** np.arange(GROUPS)
    group = generator.choice(GROUPS, rows, p=share / share.sum())
    return pd.DataFrame(
        {
            "split": "test",
            "case_id": [f"case {i:07d}" for i in range(rows)],
            "household": [f"household {i:07d}" for i in household],
            "score": chance,
            "selected": chance >= np.quantile(chance, 0.8),
            "outcome": (generator.random(rows) < chance).astype(np.float64),
            "region": [f"region {i:02d}" for i in group],
        }
    )


def scored() -> pd.DataFrame:
    """What is to be audited: the folder and how many rows, as named on the command line: DATA OUT ROWS."""
    return pd.read_parquet(Path(sys.argv[1]) / "scored.parquet").head(int(sys.argv[3]))


def keep(points: pd.DataFrame, out: Path) -> None:
    """Write the metrics by group, for the comparison."""
    points[[*METRICS]].sort_index().to_parquet(out)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    draw(int(sys.argv[2])).to_parquet(folder / "scored.parquet")
