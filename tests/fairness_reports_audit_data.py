"""Scored tables for the tests of the audit; nothing here is a test."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from fairness_reports.charter import FairnessThreshold
from features.words import Text

WORDS = Text(en="said", de="gesagt")


def scored(
    cases: int = 2000, seed: int = 0, groups: int = 3, per_cluster: float = 1.5, share: float = 0.2
) -> pd.DataFrame:
    """Cases in clusters whose members are alike, scored by their true probability."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, max(1, int(cases / per_cluster)), cases)
    tendency = rng.normal(0, 1, cluster.max() + 1)[cluster]
    chance = 1 / (1 + np.exp(-(-1.6 + tendency + rng.normal(0, 0.5, cases))))
    return pd.DataFrame(
        {
            "split": "test",
            "as_of": date(2026, 1, 1),
            "case_id": [f"case {i:06d}" for i in range(cases)],
            "cluster_id": [f"household {i}" for i in cluster],
            "score": chance,
            "selected": chance >= np.quantile(chance, 1 - share),
            "outcome": (rng.random(cases) < chance).astype(float),
            "sex": rng.choice(["f", "m"], cases),
            "region": rng.choice([f"region {i}" for i in range(groups)], cases),
        }
    )


def threshold(
    metric: str = "tpr", attribute: str = "region", tolerance: float = 0.1, reference: str = "overall"
) -> FairnessThreshold:
    """A gap that is judged."""
    return FairnessThreshold(metric=metric, attribute=attribute, tolerance=tolerance, reference=reference, reason=WORDS)


def pick(frame: pd.DataFrame, **where: object) -> pd.Series:
    """The one row of an audit at this place; bands and comparisons default to `all` and `value`."""
    where = {"band": "all", "comparison": "value", **where}
    found = frame
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1, f"{len(found)} rows for {where}"
    return found.iloc[0]
