"""Log-odds linear in standardised columns: base rate, one factor, logistic regression.

Belongs here: fitting them, their raw output (log-odds) and their exact contributions.
Does not belong here: calibration (models.calibration), tuning, storage (models.registry).

The three are one kind of model. Everything that they learn (medians, spread, coefficients) comes from the rows given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import logit
from scipy.stats import rankdata

from models.folds import cluster_folds


@dataclass(frozen=True)
class LinearModel:
    """Log-odds linear in centred columns and in indicators of missing values.

    A value beyond the 1st or 99th percentile of training counts as that percentile (one extreme row must not steer a
    coefficient, nor get an absurd score); a column whose percentiles coincide, such as a rare indicator, is left as it
    is. A missing value is replaced by the training median. Columns that had missing values in training also have an
    indicator, centred on its training mean, so that `intercept` is the mean log-odds of the training rows and each
    contribution is the difference that the column makes against that mean.
    """

    kind: str
    lowest: np.ndarray
    highest: np.ndarray
    medians: np.ndarray
    means: np.ndarray
    weights: np.ndarray
    missing_means: np.ndarray
    missing_weights: np.ndarray
    intercept: float
    notes: dict[str, Any] = field(default_factory=dict)

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Exact terms against the training mean; an indicator's term belongs to its column."""
        absent = np.isnan(X)
        terms = (np.where(absent, self.medians, np.clip(X, self.lowest, self.highest)) - self.means) * self.weights
        terms += (absent - self.missing_means) * self.missing_weights
        return terms, self.intercept

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds; each row is summed by itself, so that it does not depend on the rows beside it."""
        terms, base = self.contributions(np.ascontiguousarray(X))
        raw: np.ndarray = base + terms.sum(axis=1)
        return raw

    def state(self) -> dict[str, Any]:
        """All fields."""
        return dict(vars(self))


def fit_linear(
    kind: str,
    X: np.ndarray,
    y: np.ndarray,
    use: Sequence[int],
    inverse_penalty: float,
    notes: dict[str, Any] | None = None,
) -> LinearModel:
    """Fit log-odds on the columns in `use`; with none of them it is the base rate."""
    from sklearn.linear_model import LogisticRegression

    columns = X.shape[1]
    absent = np.isnan(X)
    told = [column[~np.isnan(column)] for column in X.T]
    limits = np.array([np.quantile(v, [0.01, 0.99]) if len(v) else (0.0, 0.0) for v in told]).reshape(columns, 2)
    together = limits[:, 0] >= limits[:, 1]
    lowest, highest = np.where(together, -np.inf, limits[:, 0]), np.where(together, np.inf, limits[:, 1])
    medians = np.array([np.median(v) if len(v) else 0.0 for v in told])
    filled = np.where(absent, medians, np.clip(X, lowest, highest))
    means, missing_means = filled.mean(axis=0), absent.mean(axis=0)
    weights, missing_weights = np.zeros(columns), np.zeros(columns)
    used = np.array(list(use), dtype=np.int64)
    spread, missing_spread = filled.std(axis=0), absent.std(axis=0)
    shown = used[spread[used] > 1e-12 * (1 + np.abs(means[used]))]
    flagged = used[missing_spread[used] > 0]
    intercept = float(logit(y.mean()))
    if len(shown) + len(flagged):
        Z = np.hstack(
            [
                (filled[:, shown] - means[shown]) / spread[shown],
                (absent[:, flagged] - missing_means[flagged]) / missing_spread[flagged],
            ]
        )
        model = LogisticRegression(C=inverse_penalty, solver="lbfgs", max_iter=2000, tol=1e-8).fit(Z, y)
        weights[shown] = model.coef_[0, : len(shown)] / spread[shown]
        missing_weights[flagged] = model.coef_[0, len(shown) :] / missing_spread[flagged]
        intercept = float(model.intercept_[0])
    return LinearModel(
        kind, lowest, highest, medians, means, weights, missing_means, missing_weights, intercept, notes or {}
    )


def best_column(X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, folds: int = 5) -> tuple[int, float]:
    """The single column with the best mean AUC on rows of clusters that did not fix its direction.

    Parameters
    ----------
    X, y, clusters, seed
        As in `fit_candidate`.
    folds : int
        Number of clustered folds.

    Returns
    -------
    column : int
        Ties go to the earlier column.
    auc : float
        Its mean AUC over the folds held out.
    """
    fold = cluster_folds(clusters, folds, seed, "one factor")
    totals, used = np.zeros(X.shape[1]), 0
    for held_out in range(folds):
        inside, outside = fold != held_out, fold == held_out
        if min(len(np.unique(y[inside])), len(np.unique(y[outside]))) < 2:
            continue
        told = [column[~np.isnan(column)] for column in X[inside].T]
        medians = np.array([np.median(v) if len(v) else 0.0 for v in told])
        filled = np.where(np.isnan(X), medians, X)
        direction = np.where(column_auc(filled[inside], y[inside]) >= 0.5, 1.0, -1.0)
        totals += column_auc(filled[outside] * direction, y[outside])
        used += 1
    means = totals / used if used else np.full(X.shape[1], 0.5)
    best = int(np.argmax(np.round(means, 12)))
    return best, float(means[best])


def column_auc(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AUC of every column as a score, ties counted half."""
    ranks = rankdata(X, axis=0)
    positive = y == 1
    count = positive.sum()
    auc: np.ndarray = (ranks[positive].sum(axis=0) - count * (count + 1) / 2) / (count * (len(y) - count))
    return auc
