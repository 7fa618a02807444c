"""A points list that a person can add up.

Belongs here: choosing statements, whole points for them, the model that they make.
Does not belong here: which statements there are (models.candidates.statements), folds (models.candidates.tuning).

Statements are chosen one after another, each time the one with the largest score statistic (C. Rao, 1948) given those
before it. Their weights become whole points by two methods of B. Ustun, C. Rudin: Learning optimized risk scores,
Journal of Machine Learning Research 20, 2019: rescaled rounding (rounding at several scales, the best kept), then
discrete coordinate descent (single points moved up or down as long as the log-loss falls). Their exact search by a
lattice cutting plane algorithm is not used: nothing here claims that no better list exists. Cut-offs at quantiles and
a small scale of points follow AutoScore (Xie et al. 2020); its ranking by a random forest is not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit, logit

from features.spec import Column
from models.candidates.statements import COMPARISONS, Statements, holds, statements
from models.candidates.tuning import Settings, log_loss, search

PER_COLUMN = 2
"""At most so many statements speak of one column."""

_RIDGE = 1.0
_ENOUGH = 4.0
"""A statement joins when its score statistic (chi-squared with one degree of freedom) is above this: p about .05."""


@dataclass(frozen=True)
class PointsModel:
    """Log-odds = intercept + slope * total of the points whose statements hold.

    Attributes
    ----------
    columns, comparisons, cuts, points : ndarray, shape (items,)
        The statements (models.candidates.statements) and their whole points.
    shares : ndarray
        Share of the training rows for which each holds.
    intercept, slope : float
        The slope is never negative.
    width : int
        Columns of the matrix.
    notes : dict
        items, settings.
    """

    columns: np.ndarray
    comparisons: np.ndarray
    cuts: np.ndarray
    points: np.ndarray
    shares: np.ndarray
    intercept: float
    slope: float
    width: int
    notes: dict[str, Any] = field(default_factory=dict)
    kind: str = "points"

    def total(self, X: np.ndarray) -> np.ndarray:
        """The points of each row, whole numbers."""
        total: np.ndarray = holds(X, self.columns, self.comparisons, self.cuts) @ self.points
        return total

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds before calibration."""
        raw: np.ndarray = self.intercept + self.slope * self.total(X)
        return raw

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Exact terms against the training mean; those of two statements on one column are summed."""
        terms = np.zeros((len(X), self.width))
        worth = self.slope * self.points
        for i, held in enumerate(holds(X, self.columns, self.comparisons, self.cuts).T):
            terms[:, self.columns[i]] += worth[i] * (held - self.shares[i])
        return terms, self.intercept + float((worth * self.shares).sum())

    def items(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The list as plain values, for reports and the model card.

        Parameters
        ----------
        names : sequence of str, optional
            Names of the matrix's columns; without them a column is its position.

        Returns
        -------
        list of dict
            column, comparison (`at_least`, `below`, `missing`, `is`), cut (None for `missing` and `is`), points, share
            (of the training rows for which it holds); the most points first.
        """
        order = sorted(range(len(self.points)), key=lambda i: (-int(self.points[i]), int(self.columns[i]), i))
        return [
            {
                "column": names[self.columns[i]] if names is not None else int(self.columns[i]),
                "comparison": COMPARISONS[self.comparisons[i]],
                "cut": float(self.cuts[i]) if COMPARISONS[self.comparisons[i]] in ("at_least", "below") else None,
                "points": int(self.points[i]),
                "share": float(self.shares[i]),
            }
            for i in order
        ]

    def state(self) -> dict[str, Any]:
        """All fields."""
        return dict(vars(self))


def fit_points(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
) -> PointsModel:
    """Fit a points list; how many statements it has, and how fine its points are, is found on held-out clusters.

    Parameters
    ----------
    grid : list of dict
        Settings, the simplest first.
    X, y, clusters, seed, columns
        As in `fit_candidate`. Declared directions hold: a statement gets no points against its column's direction.

    Returns
    -------
    PointsModel
        Without a statement where none helps: it is the base rate then.
    """

    def losses(settings: Settings, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
        lists = _lists(settings, X[inside], y[inside], columns)
        found = [log_loss(each.raw(X[outside]), y[outside]) for each in lists]
        # a list that could not grow stays as it is
        return np.array(found + found[-1:] * (settings["max_items"] + 1 - len(found)))

    chosen, count = search(grid, losses, y, clusters, seed)
    lists = _lists(grid[chosen], X, y, columns)
    return lists[min(count, len(lists) - 1)]


def _lists(settings: Settings, X: np.ndarray, y: np.ndarray, described: Sequence[Column]) -> list[PointsModel]:
    """Points lists of 0, 1, 2 ... statements."""
    said = statements(X, described, fewest=max(10, math.ceil(0.01 * len(X))))
    made = [_model(said, [], np.zeros(0, dtype=np.int64), X, y, settings)]
    for chosen, weights in _path(said, X, y, settings["max_items"]):
        held = _held(said, chosen, X)
        points = _whole(held, weights, said.allowed[chosen], y, settings["max_points"])
        made.append(_model(said, chosen, points, X, y, settings))
    return made


def _held(said: Statements, chosen: list[int], X: np.ndarray) -> np.ndarray:
    return holds(X, said.columns[chosen], said.comparisons[chosen], said.cuts[chosen])


def _model(
    said: Statements, chosen: list[int], points: np.ndarray, X: np.ndarray, y: np.ndarray, settings: Settings
) -> PointsModel:
    kept = np.array([i for i, p in zip(chosen, points, strict=True) if p], dtype=np.int64)
    points = points[points != 0].astype(np.int64)
    held = _held(said, kept.tolist(), X)
    intercept, slope, _ = _line(held @ points, np.ones(len(y)), y)
    return PointsModel(
        said.columns[kept],
        said.comparisons[kept],
        said.cuts[kept],
        points,
        held.mean(axis=0),
        intercept,
        slope,
        X.shape[1],
        {"items": len(kept), "settings": settings},
    )


def _path(said: Statements, X: np.ndarray, y: np.ndarray, most: int) -> list[tuple[list[int], np.ndarray]]:
    """Statements chosen one after another, with their weights in log-odds: one entry for each number of them."""
    chosen: list[int] = []
    banned = np.zeros(len(said.columns), dtype=bool)
    path: list[tuple[list[int], np.ndarray]] = []
    weights = np.array([logit(y.mean())])
    while len(chosen) < most and not banned.all():
        design = np.column_stack([np.ones(len(y)), _held(said, chosen, X)])
        chance = expit(design @ weights)
        spread = chance * (1 - chance)
        slope = said.sums(y - chance)
        cross = np.column_stack([said.sums(spread * column) for column in design.T])
        known = design.T @ (spread[:, None] * design) + np.diag([0.0] + [_RIDGE] * len(chosen))
        variance = said.sums(spread) - np.einsum("sk,sk->s", cross @ np.linalg.inv(known), cross) + _RIDGE
        gain = np.where(banned | (slope * said.allowed < 0), 0.0, slope**2 / np.maximum(variance, _RIDGE))
        gain[chosen] = 0.0
        best = int(np.argmax(np.round(gain, 9)))
        if gain[best] < _ENOUGH:
            break
        grown = [*chosen, best]
        weights_grown = _weights(_held(said, grown, X), y)
        if (weights_grown[1:] * said.allowed[grown] < 0).any():
            banned[best] = True  # with it one of them would count against its column's direction
            continue
        chosen, weights = grown, weights_grown
        if int((said.columns[chosen] == said.columns[best]).sum()) >= PER_COLUMN:
            banned |= said.columns == said.columns[best]
        path.append((chosen, weights[1:]))
    return path


def _weights(held: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Intercept and weights of a logistic regression with a light ridge, by Newton's method."""
    patterns, counts, outcomes = _patterns(held, y)
    design = np.column_stack([np.ones(len(patterns)), patterns])
    return _newton(design, counts, outcomes, np.array([0.0] + [_RIDGE] * held.shape[1]))


def _newton(design: np.ndarray, counts: np.ndarray, outcomes: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    weights = np.zeros(design.shape[1])
    weights[0] = logit(outcomes.sum() / counts.sum())

    def loss(weights: np.ndarray) -> float:
        line = design @ weights
        return float((counts * np.logaddexp(0.0, line) - outcomes * line).sum() + (ridge * weights**2).sum() / 2)

    now = loss(weights)
    for _ in range(50):
        chance = expit(design @ weights)
        gradient = design.T @ (outcomes - counts * chance) - ridge * weights
        curvature = design.T @ ((counts * chance * (1 - chance))[:, None] * design) + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        while (tried := loss(weights + step)) > now + 1e-12 * abs(now) and np.abs(step).max() > 1e-12:
            step /= 2
        weights, now = weights + step, tried
        if np.abs(step).max() < 1e-10:
            break
    return weights


def _patterns(held: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct rows of yes and no, how many rows have each, how many outcomes."""
    if held.shape[1] > 62:
        raise ValueError("at most 62 statements")  # the section allows 30
    code = held @ (1 << np.arange(held.shape[1], dtype=np.int64))
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    return held[first], counts, np.bincount(place, weights=y, minlength=len(counts))


def _line(total: np.ndarray, counts: np.ndarray, outcomes: np.ndarray) -> tuple[float, float, float]:
    """Intercept, slope (not below 0) and summed log-loss of a logistic regression on the total of the points."""
    values, place = np.unique(total, return_inverse=True)
    counts = np.bincount(place, weights=counts)
    outcomes = np.bincount(place, weights=outcomes)
    values = values.astype(np.float64)
    mean = (counts * values).sum() / counts.sum()
    spread = math.sqrt((counts * (values - mean) ** 2).sum() / counts.sum())
    intercept, slope = float(logit(outcomes.sum() / counts.sum())), 0.0
    if spread > 0:
        design = np.column_stack([np.ones(len(values)), (values - mean) / spread])
        start, weight = _newton(design, counts, outcomes, np.array([0.0, _RIDGE]))
        if weight > 0:
            slope = float(weight / spread)
            intercept = float(start - slope * mean)
    line = intercept + slope * values
    return intercept, slope, float((counts * np.logaddexp(0.0, line) - outcomes * line).sum())


def _whole(held: np.ndarray, weights: np.ndarray, allowed: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Whole points for weights in log-odds: the best of several scales, then moved one by one."""
    patterns, counts, outcomes = _patterns(held, y)

    def loss(points: np.ndarray) -> float:
        return round(_line(patterns @ points, counts, outcomes)[2], 6)

    points, best = np.zeros(len(weights), dtype=np.int64), np.inf
    for largest in range(1, most + 1):
        tried = np.rint(weights * largest / np.abs(weights).max()).astype(np.int64)
        if (now := loss(tried)) < best:
            points, best = tried, now
    moved = True
    while moved:
        moved = False
        for i in range(len(points)):
            for step in (-1, 1):
                tried = points.copy()
                tried[i] += step
                if abs(tried[i]) > most or tried[i] * allowed[i] < 0:
                    continue
                if (now := loss(tried)) < best:
                    points, best, moved = tried, now, True
    return points // max(int(np.gcd.reduce(points)), 1)
