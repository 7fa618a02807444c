"""The options: each a way to fit on training rows, and to score others.

Belongs here: one function per option, from the rows that a model may learn from to a function that scores.
Does not belong here: which rows these are (models.splits), fairlearn's methods (constrained), figures (measures).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from fairness_reports.mitigation.constrained import exponentiated_gradient, grid_search, threshold_optimizer
from fairness_reports.mitigation.grouping import Labels, pooled, pooling
from fairness_reports.mitigation.part import Part, Scorer, Task
from fairness_reports.mitigation.reasons import (
    NO_COLUMNS,
    NO_PROXIES,
    NO_WEIGHTS,
    NOTHING_TO_COARSEN,
    ONE_GROUP,
    NotPossibleError,
)
from models.candidates import TAKES_WEIGHTS
from models.dataset import Rows

AS_IS: Final = "as_is"
COARSE_BINS: Final = 4
"""`coarsen_proxies` leaves so many values of a column: quarters of the training rows."""


@dataclass(frozen=True)
class Coarse:
    """Columns cut into few bins.

    Attributes
    ----------
    edges : dict of str to ndarray
        By column the inner edges of its bins; a bin holds values from its lower edge up to, not including, its upper.
    levels : dict of str to ndarray
        By column what each bin's values become: their median in training.
    """

    edges: dict[str, np.ndarray]
    levels: dict[str, np.ndarray]

    def of(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns, coarser; missing values stay missing, other columns stay as they are."""
        made = X.copy()
        for name, edges in self.edges.items():
            values = X[name].to_numpy(dtype=np.float64)
            coarse = self.levels[name][np.searchsorted(edges, values, side="right").clip(0, len(edges))]
            made[name] = np.where(np.isnan(values), np.nan, coarse)
        return made


def coarse(X: pd.DataFrame, names: list[str], bins: int = COARSE_BINS) -> Coarse:
    """Learn bins from training rows.

    Parameters
    ----------
    X : DataFrame
        Training rows.
    names : list of str
        Columns to cut. One with two values or fewer stays as it is.
    bins : int
        Quantile bins; fewer where quantiles coincide.
    """
    edges: dict[str, np.ndarray] = {}
    levels: dict[str, np.ndarray] = {}
    for name in names:
        values = X[name].to_numpy(dtype=np.float64)
        values = values[~np.isnan(values)]
        if len(np.unique(values)) <= 2:
            continue
        cuts = np.unique(np.quantile(values, np.arange(1, bins) / bins))
        cuts = cuts[cuts > values.min()]  # below the first edge there must be somebody
        place = np.searchsorted(cuts, values, side="right")
        edges[name] = cuts
        levels[name] = np.array([np.median(values[place == k]) for k in range(len(cuts) + 1)])
    return Coarse(edges, levels)


def weights_of(labels: Labels, y: np.ndarray) -> np.ndarray:
    """Weights that make group and outcome independent in training: w(a, y) = P(a) P(y) / P(a, y).

    Parameters
    ----------
    labels : ndarray of str
        Groups.
    y : ndarray of float64
        Labels, 1 or 0.

    Returns
    -------
    ndarray of float64
        They add up to the number of rows.

    Notes
    -----
    F. Kamiran, T. Calders (2012), Data preprocessing techniques for classification without discrimination, Knowledge
    and Information Systems 33, 1-33, section 4.2 (Reweighing).
    """
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    cell = codes * 2 + (y == 1)
    rows, groups = len(y), np.bincount(codes)
    kinds, cells = np.bincount((y == 1).astype(np.int64), minlength=2), np.bincount(cell, minlength=2 * len(groups))
    weight: np.ndarray = groups[codes] * kinds[(y == 1).astype(np.int64)] / (rows * cells[cell])
    return weight


def _as_is(task: Task, part: Part) -> Scorer:
    return lambda X, labels: part.model.score(X)


def _drop(task: Task, part: Part) -> Scorer:
    names = _named(task)
    fewer = part.rows.without(names)
    if not fewer.columns:
        raise NotPossibleError(NO_COLUMNS)
    model = task.fit(part, fewer)
    return lambda X, labels: model.score(X.drop(columns=names))


def _coarsen(task: Task, part: Part) -> Scorer:
    names = _named(task)
    bins = coarse(part.rows.X, names)
    made = bins.of(part.rows.X)
    before, after = (each[names].to_numpy(dtype=np.float64) for each in (part.rows.X, made))
    if np.array_equal(before, after, equal_nan=True):
        raise NotPossibleError(NOTHING_TO_COARSEN)
    model = task.fit(part, Rows(part.rows.frame, made, part.rows.described))
    return lambda X, labels: model.score(bins.of(X))


def _named(task: Task) -> list[str]:
    if not task.proxies:
        raise NotPossibleError(NO_PROXIES)
    return list(task.proxies)


def _reweigh(task: Task, part: Part) -> Scorer:
    if task.chosen.name not in TAKES_WEIGHTS:
        raise NotPossibleError(NO_WEIGHTS)
    names = pooling(part.labels, part.y, task.minimum)
    if len(set(names.values())) < 2:
        raise NotPossibleError(ONE_GROUP)
    model = task.fit(part, part.rows, weights_of(pooled(part.labels, names), part.y))
    return lambda X, labels: model.score(X)


OPTIONS: Final[dict[str, Callable[[Task, Part], Scorer]]] = {
    AS_IS: _as_is,
    "drop_proxies": _drop,
    "coarsen_proxies": _coarsen,
    "reweigh": _reweigh,
    "exponentiated_gradient": exponentiated_gradient,
    "grid_search": grid_search,
    "threshold_optimizer": threshold_optimizer,
}
"""`as_is` first: what all others are compared with."""
NO_PROBABILITY: Final = frozenset({"threshold_optimizer"})
"""Options whose scores only rank."""
