"""Cohorts with a planted proxy and biased labels, for the tests of mitigation; nothing here is a test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.mitigation import MitigationSpec
from fairness_reports.mitigation.compare import compare_options
from fairness_reports.spec import OVERALL
from models.dataset import Rows
from models.spec import CandidatesSpec, SplitsSpec
from models.splits import Split, temporal_splits
from models.training import Trainer

ALL = ["drop_proxies", "coarsen_proxies", "reweigh", "exponentiated_gradient", "grid_search", "threshold_optimizer"]
SPEC = CandidatesSpec.model_validate(["base_rate", {"name": "logistic", "params": {"inverse_penalty": 0.1}}])


def cohorts(count: int = 4, n: int = 1500, seed: int = 0, turned: bool = False) -> tuple[Rows, pd.DataFrame]:
    """Half-yearly cohorts, the last one open, and their groups.

    Group `b` (3 of 10) has the need, told by `need`, as often as `a`; but of b's needs half leave no outcome, and
    `place` gives b away. So a model marks b down, and misses more of those of b who have the outcome. With `turned` the
    need of b shows as larger in the newest development cohort, so that marking b down happens to be right there.
    """
    rng = np.random.default_rng(seed)
    frames, matrices, groups = [], [], []
    for number in range(count):
        as_of = pd.Timestamp("2020-01-01") + pd.DateOffset(months=6 * number)
        of_b = rng.random(n) < 0.3
        need = rng.normal(size=n)
        X = pd.DataFrame(
            {
                "need": need + rng.normal(scale=0.5, size=n),
                "place": of_b + rng.normal(scale=0.4, size=n),
                "owns": (rng.random(n) < np.where(of_b, 0.2, 0.6)).astype(float),
                "noise": rng.normal(size=n),
            }
        )
        X.loc[rng.random(n) < 0.05, "noise"] = np.nan
        happens = rng.random(n) < 1 / (1 + np.exp(1.0 - 2.0 * need))
        X["need"] += 1.2 * of_b if turned and number == count - 3 else 0.0
        happened = happens & ~(of_b & (rng.random(n) < 0.5))
        person = rng.choice(3 * n, n, replace=False)
        closed = number < count - 1
        known = as_of + pd.to_timedelta(rng.integers(1, 90, n), unit="D")
        keys = {"cohort": f"c{number}", "as_of": as_of, "case_id": [f"{number}-{i:05}" for i in range(n)]}
        frames.append(
            pd.DataFrame(
                {
                    **keys,
                    "person_id": [f"p{i}" for i in person],
                    "cluster_id": [f"k{i // 2}" for i in person],
                    "returning_person": False,
                    "team": None,
                    "closes_on": as_of + pd.Timedelta(days=97),
                    "outcome_known_at": known.where(happened & closed),
                    "outcome": happened.astype(np.float64) if closed else np.nan,
                }
            )
        )
        group = np.where(of_b, "b", "a").astype(object)
        group[rng.random(n) < 0.02] = None
        groups.append(pd.DataFrame({**keys, "group": group, "same": "all alike"}))
        matrices.append(X)
    rows = Rows(pd.concat(frames, ignore_index=True), pd.concat(matrices, ignore_index=True))
    return rows, pd.concat(groups, ignore_index=True)


def charter(
    fairness: list[tuple[str, str, str]] | None = None, may: list[str] | None = None, *, silent: bool = False
) -> Any:
    """What a comparison reads of a charter."""
    judged = [("fnr", "group", OVERALL)] if fairness is None else fairness
    named = [SimpleNamespace(metric=m, attribute=a, reference=r) for m, a, r in judged]
    return SimpleNamespace(fairness=named, mitigation=None if silent else SimpleNamespace(may_be_chosen=may or []))


def compared(
    rows: Rows,
    groups: pd.DataFrame,
    *options: str,
    splits: list[Split] | None = None,
    design: str = "purge",
    chosen: str = "logistic",
    **changed: Any,
) -> pd.DataFrame:
    """The comparison on these cohorts; options by default all."""
    cut = SplitsSpec.model_validate({"relatives": design, "folds": 2})
    trainer = changed.pop("trainer", None) or Trainer(SPEC, seed=1, folds=cut.folds)
    given = {"share": 0.2, "seed": 1, "minimum_cell": 10, "charter": charter(), **changed}
    return compare_options(
        rows,
        temporal_splits(rows.frame, cut) if splits is None else splits,
        trainer,
        MitigationSpec(
            compare=list(options) or ALL, attribute=given.pop("attribute", None), proxies=given.pop("named", [])
        ),
        given.pop("charter"),
        groups,
        trainer.candidate(chosen),
        **given,
    )


def pick(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row at this place."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, f"{len(table)} rows for {where}"
    return table.iloc[0]
