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

from models.folds import cluster_folds
from models.outcomes import labels_as_known
from models.spec import SplitsSpec

Design = Literal["purged", "cross_fitted"]


@dataclass(frozen=True)
class Split:
    """The cohorts that one model is tested on, and the rows that it could have learned from on its model day.

    Attributes
    ----------
    name : str
        The test cohort (the first one, where several are tested together).
    as_of : date
        The model day: the as-of date of the first test cohort.
    role : {"development", "test"}
        The newest split is the test; a model is chosen on the earlier ones.
    history : str or None
        How far back training reaches, as in the spec; None for the whole past.
    test : ndarray of int
        Positions, in the rows given, of the rows that are scored.
    possible : ndarray of int
        Positions of every row that could train: its label was known on the model day.
    y_possible : ndarray of float64
        Labels of `possible` as they were known at the start of the model day.
    shared : ndarray of bool
        Mask over `possible`: the row's cluster stands in the test.
    design : {"purged", "cross_fitted"}
        What is done about them: they leave the training, or each cluster is scored by a model that never saw it.
    train_cohorts, test_cohorts : tuple of str
        Oldest first.
    """

    name: str
    as_of: date
    role: Literal["development", "test"]
    history: str | None
    test: np.ndarray
    possible: np.ndarray
    y_possible: np.ndarray
    shared: np.ndarray
    design: Design
    train_cohorts: tuple[str, ...]
    test_cohorts: tuple[str, ...]

    @property
    def train(self) -> np.ndarray:
        """Positions of the rows that train when relatives of the test are purged."""
        return self.possible[~self.shared]

    @property
    def y_train(self) -> np.ndarray:
        """Labels of `train` as they were known at the start of the model day."""
        return self.y_possible[~self.shared]

    @property
    def purged(self) -> int:
        """Number of possible training rows whose cluster stands in the test."""
        return int(self.shared.sum())

    @property
    def purged_share(self) -> float:
        """Share of the possible training rows whose cluster stands in the test."""
        return float(self.shared.mean()) if len(self.shared) else 0.0


def temporal_splits(frame: pd.DataFrame, spec: SplitsSpec | None = None) -> list[Split]:
    """Cut closed cohorts into splits, oldest first; the last one is the test.

    Each closed cohort is scored by rows of cohorts closed on or before its own as-of date, with labels as known then.
    Training rows whose cluster stands in the test cohort are purged; test rows are never dropped. A development split
    must itself have been closed on the as-of date of the test: a choice that waits for later outcomes could not have
    been made.

    Parameters
    ----------
    frame : DataFrame
        cohort, as_of, cluster_id, closes_on, outcome, outcome_known_at of every row.
    spec : SplitsSpec, optional
        The `splits:` section.

    Returns
    -------
    list of Split
        Empty when no closed cohort has closed training cohorts before it.
    """
    spec = spec or SplitsSpec()
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
        train = np.flatnonzero(possible)
        shared = np.isin(cluster[train], test_clusters)
        y = labels[train[~shared]]
        if min((y == 1).sum(), (y == 0).sum()) < spec.min_class:
            continue
        title = f"{name} {day}" if name in several else name
        cohorts = tuple(
            dict.fromkeys(cohort[i] for i in np.flatnonzero(possible)[np.argsort(as_of[possible], kind="stable")])
        )
        purge = spec.relatives == "purge" or (spec.relatives == "auto" and shared.mean() <= spec.purge_ceiling)
        split = Split(
            name=title,
            as_of=moment,
            role="test",
            history=None,
            test=np.flatnonzero(in_cohort),
            possible=train,
            y_possible=labels[train],
            shared=shared,
            design="purged" if purge else "cross_fitted",
            train_cohorts=cohorts,
            test_cohorts=(title,),
        )
        found.append((closes_on[in_cohort].max(), split))
    if not found:
        return []
    test = found[-1][1]
    earlier = [split for closed, split in found[:-1] if closed <= np.datetime64(test.as_of, "D")]
    development = [Split(**{**vars(split), "role": "development"}) for split in earlier]
    return [*development[max(0, len(development) - spec.last + 1) :], test] if spec.last > 1 else [test]


def cross_fitting_fold(cluster_ids: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Fold of each row in cross-fitting: its cluster is scored by a model fitted on the other folds.

    Parameters
    ----------
    cluster_ids : ndarray of str
        Cluster id of each row, of training and test alike.
    folds : int
        Number of folds.
    seed : int
        Seed of the run.

    Returns
    -------
    ndarray of int64
        0 .. folds - 1, by a hash of the cluster id: the same in training and test, in every split.
    """
    return cluster_folds(cluster_ids, folds, seed, "cross-fitting")
