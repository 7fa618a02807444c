"""Settings chosen inside the training rows, and one order of rows for every fit.

Belongs here: clustered folds over the training rows, log-loss, the choice among settings.
Does not belong here: fitting (the module of each kind), which settings there are (models.spec.candidates), choosing
among candidates (models.selection).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.candidates.fitted import Fitted
from models.folds import cluster_folds, hashed_share

FOLDS = 3
"""Folds of the training clusters."""

_DIGITS = 9
"""Mean log-losses are compared to so many digits: what lies below is the order of a sum, no difference."""

Settings = dict[str, Any]
Losses = Callable[[Settings, np.ndarray, np.ndarray], np.ndarray]
"""From settings and two masks, inside and outside, to summed log-losses of the rows outside: one, or one a step."""


def canonical_order(X: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Positions that sort rows by cluster and content: a fit may then sum in the order given.

    Parameters
    ----------
    X : ndarray of float64
        Rows x columns, NaN = missing.
    y : ndarray of float64
        Labels.
    clusters : ndarray of str
        Cluster of each row.

    Returns
    -------
    ndarray of int
        The same sequence of rows, whatever order they came in. Rows alike in everything are interchangeable.
    """
    step = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: multiplying by it loses nothing
    digest = np.zeros(len(X), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in (*X.T, y):
            plain = np.where(np.isnan(column), np.nan, column) + 0.0  # one NaN, and no zero below zero
            digest = (digest ^ np.ascontiguousarray(plain).view(np.uint64)) * step
            digest ^= digest >> np.uint64(29)
    return np.lexsort((digest, hashed_share(clusters, 0, "order")))


def log_loss(raw: np.ndarray, y: np.ndarray) -> float:
    """Log-loss of log-odds, summed over rows."""
    return float(np.logaddexp(0.0, np.where(y == 1, -raw, raw)).sum())


def search(grid: list[Settings], losses: Losses, y: np.ndarray, clusters: np.ndarray, seed: int) -> tuple[int, int]:
    """The settings, and the step, with the least log-loss on clusters that were held out.

    Parameters
    ----------
    grid : list of dict
        Settings, the simplest or most regularised first.
    losses : callable
        Fits on the rows inside alone; the array that it gives is as long for every fold.
    y, clusters, seed
        As in `fit_candidate`: of the training rows, and no others.

    Returns
    -------
    chosen : int
        Position in `grid`. Ties go to the earlier settings.
    step : int
        Position in the losses of these settings; ties go to the earlier step. 0 where no fold can be used: one
        cluster, or one kind of outcome in it.
    """
    fold = cluster_folds(clusters, FOLDS, seed, "tuning")
    masks = [(fold != held_out, fold == held_out) for held_out in range(FOLDS)]
    usable = [(inside, outside) for inside, outside in masks if outside.any() and len(np.unique(y[inside])) == 2]
    if not usable:
        return 0, 0
    rows = sum(int(outside.sum()) for _, outside in usable)
    best, found = np.inf, (0, 0)
    for place, settings in enumerate(grid):
        summed = np.asarray(sum(losses(settings, inside, outside) for inside, outside in usable))
        mean = np.round(summed / rows, _DIGITS)
        step = int(np.argmin(mean))
        if mean[step] < best:
            best, found = float(mean[step]), (place, step)
    return found


def tuned(
    grid: list[Settings],
    fit: Callable[[Settings, np.ndarray, np.ndarray, np.ndarray], Fitted],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
) -> Settings:
    """The settings whose fits have the least log-loss on held-out clusters; without a choice, the only ones.

    Parameters
    ----------
    grid : list of dict
        Settings, the simplest or most regularised first.
    fit : callable
        From settings, X, y and clusters to a fitted candidate.
    X, y, clusters, seed
        The training rows, as in `fit_candidate`.
    """
    if len(grid) == 1:
        return grid[0]

    def losses(settings: Settings, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
        fitted = fit(settings, X[inside], y[inside], clusters[inside])
        return np.array([log_loss(fitted.raw(X[outside]), y[outside])])

    return grid[search(grid, losses, y, clusters, seed)[0]]
