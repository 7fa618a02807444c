"""How the past is cut so that a test shows what a model would have done on the day.

Belongs here: `temporal_splits`, a pure function of the rows' keys, days and labels.
Does not belong here: fitting anything (models.backtest).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from models.outcomes import labels_as_known


@dataclass(frozen=True)
class Split:
    """One test cohort and the rows that a model could have learned from on its as-of date.

    Attributes
    ----------
    name : str
        The test cohort.
    as_of : date
        Its as-of date.
    role : {"development", "test"}
        The newest split is the test; a model is chosen on the earlier ones.
    train, test : ndarray of int
        Positions in the rows given.
    y_train : ndarray of float64
        Labels of `train` as they were known at the start of `as_of`.
    purged : int
        Training rows left out because their cluster stands in the test cohort.
    train_cohorts : tuple of str
        Cohorts that were closed by `as_of`, oldest first.
    """

    name: str
    as_of: date
    role: Literal["development", "test"]
    train: np.ndarray
    test: np.ndarray
    y_train: np.ndarray
    purged: int
    train_cohorts: tuple[str, ...]

    @property
    def purged_share(self) -> float:
        """Share of the possible training rows that was purged."""
        return self.purged / (self.purged + len(self.train))


def temporal_splits(frame: pd.DataFrame, *, last: int = 6, min_class: int = 20) -> list[Split]:
    """Cut closed cohorts into splits, oldest first; the last one is the test.

    Each closed cohort is scored by rows of cohorts closed on or before its own as-of date, with labels as known then.
    Training rows whose cluster stands in the test cohort are purged; test rows are never dropped. A development split
    must itself have been closed on the as-of date of the test: a choice that waits for later outcomes could not have
    been made.

    Parameters
    ----------
    frame : DataFrame
        cohort, as_of, cluster_id, closes_on, outcome, outcome_known_at of every row.
    last : int
        At most so many splits, the newest.
    min_class : int
        A split whose training rows hold fewer outcomes or non-outcomes is left out.

    Returns
    -------
    list of Split
        Empty when no closed cohort has closed training cohorts before it.
    """
    as_of = frame["as_of"].to_numpy(dtype="datetime64[D]")
    cohort = frame["cohort"].astype(str).to_numpy()
    cluster = pd.factorize(frame["cluster_id"])[0]
    closes_on = frame["closes_on"].to_numpy(dtype="datetime64[D]")
    has_outcome = frame["outcome"].notna().to_numpy()
    keys = sorted({(day, name) for day, name in zip(as_of, cohort, strict=True)})
    several = {name for _, name in keys if sum(name == other for _, other in keys) > 1}
    found: list[tuple[np.datetime64, Split]] = []
    for day, name in keys:
        in_cohort = (as_of == day) & (cohort == name)
        if not has_outcome[in_cohort].any():
            continue
        moment = day.astype(object)
        labels = labels_as_known(frame, moment)
        possible = ~np.isnan(labels)
        test_clusters = np.unique(cluster[in_cohort])
        shared = possible & np.isin(cluster, test_clusters)
        train = np.flatnonzero(possible & ~shared)
        y = labels[train]
        if min((y == 1).sum(), (y == 0).sum()) < min_class:
            continue
        title = f"{name} {day}" if name in several else name
        cohorts = tuple(
            dict.fromkeys(cohort[i] for i in np.flatnonzero(possible)[np.argsort(as_of[possible], kind="stable")])
        )
        split = Split(title, moment, "test", train, np.flatnonzero(in_cohort), y, int(shared.sum()), cohorts)
        found.append((closes_on[in_cohort].max(), split))
    if not found:
        return []
    test = found[-1][1]
    earlier = [split for closed, split in found[:-1] if closed <= np.datetime64(test.as_of, "D")]
    development = [Split(**{**vars(split), "role": "development"}) for split in earlier]
    return [*development[max(0, len(development) - last + 1) :], test] if last > 1 else [test]
