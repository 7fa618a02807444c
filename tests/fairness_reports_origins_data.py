"""Cases with contributions, groups and households for the tests of origins; nothing here is a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.origins import proxies, waterfall
from fairness_reports.spec import ProtectedSpec

AS_OF = date(2026, 1, 1)
SPEC = ProtectedSpec(attributes=["sex", "region"])
ONE = ProtectedSpec(attributes=["region"], intersections="none")


@dataclass(frozen=True)
class Cases:
    """What `waterfall` is given."""

    terms: pd.DataFrame
    base: np.ndarray
    outcome: np.ndarray
    groups: pd.DataFrame
    clusters: np.ndarray

    def take(self, at: np.ndarray) -> Cases:
        terms, groups = (each.iloc[at].reset_index(drop=True) for each in (self.terms, self.groups))
        return Cases(terms, self.base[at], self.outcome[at], groups, self.clusters[at])

    def fall(self, protected: ProtectedSpec = SPEC, **settings: Any) -> pd.DataFrame:
        return waterfall(
            self.terms,
            self.base,
            self.outcome,
            self.groups,
            self.clusters,
            protected,
            **{"split": "test", "as_of": AS_OF, **settings},
        )


def cases(n: int = 300, seed: int = 0, factors: int = 3, parts: int = 1, per_cluster: float = 2.0) -> Cases:
    """Cases whose households are alike in terms and region; some outcomes, attributes unknown."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, max(1, int(n / per_cluster)), n)
    tendency = rng.normal(size=(cluster.max() + 1, factors))[cluster]
    region = rng.choice(["a", "b", "c", "rare"], cluster.max() + 1, p=[0.5, 0.3, 0.17, 0.03])[cluster]
    terms = pd.DataFrame(tendency + rng.normal(size=(n, factors)), columns=[f"factor {i}" for i in range(factors)])
    groups = pd.DataFrame({"sex": rng.choice(["f", "m", None], n, p=[0.5, 0.4, 0.1]), "region": region})
    outcome = (rng.random(n) < 0.3).astype(float)
    outcome[rng.random(n) < 0.1] = np.nan
    base = np.linspace(-1.5, -1.4, parts)[rng.integers(0, parts, n)]
    return Cases(terms, base, outcome, groups, np.array([f"k{i}" for i in cluster], dtype=object))


def reveal(X: pd.DataFrame, groups: pd.DataFrame, clusters: np.ndarray | None = None, **settings: Any) -> pd.DataFrame:
    """The proxy test with every case a household of its own unless told."""
    ids = np.array([f"k{i}" for i in range(len(X))], dtype=object) if clusters is None else clusters
    protected = ProtectedSpec(attributes=list(groups.columns), intersections="none")
    fixed = {"columns": [], "split": "test", "as_of": AS_OF, "seed": 1}
    return proxies(X.astype(float), groups=groups, clusters=ids, protected=protected, **{**fixed, **settings})


def row(table: pd.DataFrame, metric: str, group: str, **where: object) -> pd.Series:
    """The one row at this place."""
    found = table[(table["metric"] == metric) & (table["group"] == group)]
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1, f"{len(found)} rows for {metric}, {group}, {where}"
    return found.iloc[0]
