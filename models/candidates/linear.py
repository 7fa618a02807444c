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
from scipy.special import expit, logit
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
    directions: Sequence[int] | np.ndarray = (),
    sample_weight: np.ndarray | None = None,
) -> LinearModel:
    """Fit log-odds on the columns in `use`; with none of them it is the base rate.

    Parameters
    ----------
    kind : str
        Name of the candidate.
    X, y : ndarray
        Training rows.
    use : sequence of int
        Which columns may have a weight.
    inverse_penalty : float
        scikit-learn's C.
    notes : dict, optional
        What the model remembers of its fit.
    directions : sequence of int, optional
        By column of X: 1 where its weight may not fall below zero, -1 where it may not rise above, 0 where it is free.
    sample_weight : ndarray of float64, optional
        How much each row counts for the coefficients; centres and spreads are those of the rows as they are.
    """
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
    intercept = float(logit(y.mean() if sample_weight is None else np.average(y, weights=sample_weight)))
    if len(shown) + len(flagged):
        Z = np.hstack(
            [
                (filled[:, shown] - means[shown]) / spread[shown],
                (absent[:, flagged] - missing_means[flagged]) / missing_spread[flagged],
            ]
        )
        signs = np.zeros(Z.shape[1])
        signs[: len(shown)] = np.asarray(directions, dtype=np.float64)[shown] if len(directions) else 0.0
        found, intercept = _penalised(Z, y, inverse_penalty, signs, sample_weight)
        weights[shown] = found[: len(shown)] / spread[shown]
        missing_weights[flagged] = found[len(shown) :] / missing_spread[flagged]
    return LinearModel(
        kind, lowest, highest, medians, means, weights, missing_means, missing_weights, intercept, notes or {}
    )


def _penalised(
    Z: np.ndarray, y: np.ndarray, inverse_penalty: float, signs: np.ndarray, sample_weight: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Weights and intercept of logistic regression with an L2 penalty; weights against their sign are held at zero.

    Where scikit-learn's weights have no wrong sign they are the answer. Otherwise the same objective is minimised
    within bounds (L-BFGS-B; Byrd, Lu, Nocedal & Zhu 1995), from them on.
    """
    from scipy.optimize import minimize
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=inverse_penalty, solver="lbfgs", max_iter=2000, tol=1e-8)
    model.fit(Z, y, sample_weight=sample_weight)
    weights, intercept = model.coef_[0], float(model.intercept_[0])
    wrong = weights * signs < 0
    if not wrong.any():
        return weights, intercept
    side = np.where(y == 1, 1.0, -1.0)
    counts = 1.0 if sample_weight is None else sample_weight

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        margin = side * (Z @ b[:-1] + b[-1])
        slope = -side * expit(-margin) * counts
        value = (np.logaddexp(0.0, -margin) * counts).sum() + b[:-1] @ b[:-1] / (2 * inverse_penalty)
        return float(value), np.append(slope @ Z + b[:-1] / inverse_penalty, slope.sum())

    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs] + [(None, None)]
    start = np.append(np.where(wrong, 0.0, weights), intercept)
    options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8, "maxcor": 20}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return best[:-1], float(best[-1])


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
