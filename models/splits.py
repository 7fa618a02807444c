"""How the past is cut so that a test shows what a model would have done on the day.

Belongs here: `temporal_splits`, a pure function of the rows' keys, days and labels; folds of cross-fitting.
Does not belong here: which days and cohorts (models.split_plan), fitting anything (models.backtest).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from models.folds import cluster_folds
from models.outcomes import labels_as_known
from models.spec import SplitsSpec
from models.split_plan import Cohort, Planned, Role, calendar_rows, plan, split_names, training_cohorts

Design = Literal["purged", "cross_fitted"]


@dataclass(frozen=True)
class Split:
    """The cohorts that one model is tested on, and the rows that it could have learned from on its model day.

    Attributes
    ----------
    name : str
        The test cohort (the first one, where several are tested together); no two splits have one name.
    as_of : date
        The model day: the as-of date of the first test cohort.
    role : {"development", "test"}
        The newest split is the test; a model is chosen on the earlier ones.
    history : str or None
        Set where the split only compares another than the first of `histories`: how far back its training reaches.
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
    role: Role
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
        train: np.ndarray = self.possible[~self.shared]
        return train

    @property
    def y_train(self) -> np.ndarray:
        """Labels of `train` as they were known at the start of the model day."""
        labels: np.ndarray = self.y_possible[~self.shared]
        return labels

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

    Each model day is tested by rows of cohorts closed on or before it, with labels as known then. Test rows are never
    dropped; what the training does about their relatives is the split's `design`. A development split must itself have
    been closed on the as-of date of the test: a choice that waits for later outcomes could not have been made.

    Parameters
    ----------
    frame : DataFrame
        cohort, as_of, cluster_id, window_end, closes_on, outcome, outcome_known_at of every row, open cohorts too.
        Without window_end the windows are taken to end when their cohort closes.
    spec : SplitsSpec, optional
        The `splits:` section.

    Returns
    -------
    list of Split
        Empty when no closed cohort has closed training cohorts before it with rows enough. Splits that compare
        another history than the first carry it, also in their name, and stand behind the split of the same day.

    Notes
    -----
    With `relatives: purge` a split needs `min_class` outcomes and non-outcomes in `train`; cross-fitted, so many in
    what a fold's model can expect, `(folds - 1) / folds` of `possible`.
    """
    return [split for split, _ in _cut(frame, spec or SplitsSpec())]


def training_rows(frame: pd.DataFrame, spec: SplitsSpec, day: date) -> tuple[np.ndarray, np.ndarray]:
    """Rows that may train a model made on a day, and their labels: what a split of that day calls `possible`.

    Parameters
    ----------
    frame : DataFrame
        As for `temporal_splits`.
    spec : SplitsSpec
        The `splits:` section.
    day : date
        The model day.

    Returns
    -------
    positions : ndarray of int
        Rows whose label was known on the day.
    labels : ndarray of float64
        1 or 0, as known at its start.
    """
    if frame.empty:
        return np.empty(0, dtype=np.int64), np.empty(0)
    code, cohorts = _cohorts(frame)
    return _known_rows(frame, _rows_in(code, cohorts, training_cohorts(cohorts, spec, day)), day)


def split_calendar(frame: pd.DataFrame, spec: SplitsSpec | None = None) -> pd.DataFrame:
    """The splits as a table of their cohorts, for `plumbline splits` and the report's picture.

    Parameters
    ----------
    frame, spec
        As for `temporal_splits`.

    Returns
    -------
    DataFrame
        One row per split, part and cohort: split, history, as_of, role, part (train | test), cohort, cohort_as_of,
        window_end, closes_on, rows, outcomes, design, purged_share. `rows` of training: those that could train.
        `outcomes` are those known on the model day (training) and on the day of the test (development splits); of the
        sealed test none is told (NaN).
    """
    cut = _cut(frame, spec or SplitsSpec())
    table = calendar_rows([planned for _, planned in cut], [split.name for split, _ in cut])
    if not cut:
        return table.assign(rows=[], outcomes=[], design=[], purged_share=[])
    code, cohorts = _cohorts(frame)
    place = {(cohort.as_of, cohort.name): number for number, cohort in enumerate(cohorts)}
    rows: list[int] = []
    outcomes: list[float] = []
    for split, planned in cut:
        known = labels_as_known(frame.iloc[split.test], cut[-1][0].as_of)  # of the test itself: none, it was open
        for positions, labels, part in (
            (split.possible, split.y_possible, planned.train),
            (split.test, known, planned.test),
        ):
            told = np.isin(labels, (0.0, 1.0))
            count = np.bincount(code[positions], minlength=len(cohorts))
            ones = np.bincount(code[positions], weights=labels == 1, minlength=len(cohorts))
            seen = np.bincount(code[positions], weights=told, minlength=len(cohorts))
            for cohort in part:
                number = place[cohort.as_of, cohort.name]
                rows.append(int(count[number]))
                outcomes.append(float(ones[number]) if seen[number] else float("nan"))
    table["rows"], table["outcomes"] = pd.array(rows, dtype="Int64"), outcomes
    of = {split.name: split for split, _ in cut}
    table["design"] = [of[name].design for name in table["split"]]
    table["purged_share"] = [of[name].purged_share for name in table["split"]]
    return table


def _cohorts(frame: pd.DataFrame) -> tuple[np.ndarray, list[Cohort]]:
    """Which cohort each row stands in, and the cohorts, by day and name."""
    keys = pd.DataFrame({"as_of": pd.to_datetime(frame["as_of"]), "name": frame["cohort"].astype(str)})
    days = {
        "window_end": pd.to_datetime(frame["window_end" if "window_end" in frame else "closes_on"]),
        "closes_on": pd.to_datetime(frame["closes_on"]),
    }
    groups = keys.assign(**days, known=frame["outcome"].notna()).groupby(["as_of", "name"], sort=True)
    table = groups[["window_end", "closes_on", "known"]].max().reset_index()
    cohorts = [
        Cohort(as_of.date(), str(name), _day(window_end), _day(closes_on), bool(known))
        for as_of, name, window_end, closes_on, known in table.itertuples(index=False)
    ]
    return groups.ngroup().to_numpy(), cohorts


def _day(moment: Any) -> date | None:
    return None if pd.isna(moment) else pd.Timestamp(moment).date()


def _cut(frame: pd.DataFrame, spec: SplitsSpec) -> list[tuple[Split, Planned]]:
    """Plan the splits on the cohorts' days and fill them with rows."""
    if frame.empty:
        return []
    code, cohorts = _cohorts(frame)
    cluster = pd.factorize(frame["cluster_id"])[0]
    filled: dict[tuple[date, str | None], Split] = {}

    def enough(planned: Planned) -> bool:
        test, closed = (_rows_in(code, cohorts, part) for part in (planned.test, planned.train))
        possible, y = _known_rows(frame, closed, planned.as_of)
        if not len(possible):
            return False
        shared = np.isin(cluster[possible], cluster[test])
        design = _design(spec, shared)
        least = min((y == 0).sum(), (y == 1).sum()) * (spec.folds - 1) / spec.folds
        if design == "purged":
            least = min((y[~shared] == 0).sum(), (y[~shared] == 1).sum())
        if least < spec.min_class:
            return False
        filled[planned.as_of, planned.history] = Split(
            name="",
            as_of=planned.as_of,
            role=planned.role,
            history=planned.history,
            test=test,
            possible=possible,
            y_possible=y,
            shared=shared,
            design=design,
            train_cohorts=tuple(dict.fromkeys(cohort.name for cohort in planned.train)),
            test_cohorts=tuple(dict.fromkeys(cohort.name for cohort in planned.test)),
        )
        return True

    planned = plan(cohorts, spec, enough)
    names = split_names(planned, cohorts)
    return [(replace(filled[p.as_of, p.history], name=n), p) for p, n in zip(planned, names, strict=True)]


def _rows_in(code: np.ndarray, cohorts: list[Cohort], part: Sequence[Cohort]) -> np.ndarray:
    """Positions of the rows that stand in some of the cohorts."""
    wanted = set(part)
    inside: np.ndarray = np.array([cohort in wanted for cohort in cohorts], dtype=bool)[code]
    return np.flatnonzero(inside)


def _known_rows(frame: pd.DataFrame, positions: np.ndarray, day: date) -> tuple[np.ndarray, np.ndarray]:
    """Those of the rows whose label was known at the start of a day, and the label."""
    labels = labels_as_known(frame.iloc[positions], day)
    known = ~np.isnan(labels)
    return positions[known], labels[known]


def _design(spec: SplitsSpec, shared: np.ndarray) -> Design:
    if spec.relatives == "auto":
        return "purged" if shared.mean() <= spec.purge_ceiling else "cross_fitted"
    return "purged" if spec.relatives == "purge" else "cross_fitted"


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
