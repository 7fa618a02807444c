"""The models that compete: base rate, one factor, logistic regression, HistGradientBoosting.

Belongs here: fitting them, their raw output (log-odds) and their exact contributions.
Does not belong here: calibration (models.calibration), storage (models.registry), choosing one (models.selection).

The first three are one kind of model: log-odds linear in standardised columns. Everything that they learn (medians,
spread, coefficients) comes from the rows given to `fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.special import logit
from scipy.stats import rankdata

from data_contracts.errors import PlumblineError
from models.folds import cluster_folds, one_thread
from models.spec import CandidateSpec


class Fitted(Protocol):
    """A fitted candidate."""

    @property
    def kind(self) -> str:
        """Name of the candidate."""
        ...

    @property
    def notes(self) -> dict[str, Any]:
        """What fitting found: the column of the one factor, the number of trees."""
        ...

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of each row."""
        ...

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Rows x columns whose sum plus the base value is `raw`."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything that `raw` depends on: plain values, arrays, and the booster."""
        ...


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


@dataclass(frozen=True)
class BoostingModel:
    """scikit-learn's HistGradientBoostingClassifier without native categories."""

    estimator: Any
    notes: dict[str, Any] = field(default_factory=dict)
    kind: str = "hist_gradient_boosting"

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds before calibration."""
        if not len(X):
            return np.empty(0)  # the estimator refuses an empty matrix
        with one_thread():
            raw: np.ndarray = self.estimator.decision_function(X)
        return raw

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Path-dependent tree SHAP values."""
        from models.explanation import tree_contributions

        return tree_contributions(self.estimator, X)

    def state(self) -> dict[str, Any]:
        """The booster and the notes on it."""
        return {"kind": self.kind, "estimator": self.estimator, "notes": self.notes}


def fit_candidate(spec: CandidateSpec, X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int) -> Fitted:
    """Fit one candidate.

    Parameters
    ----------
    spec : CandidateSpec
        Its name and parameters.
    X : ndarray of float64
        Rows x columns, NaN = missing.
    y : ndarray of float64
        1 or 0.
    clusters : ndarray of str
        Cluster of each row, for folds inside the training rows.
    seed : int
        Seed of the run.

    Returns
    -------
    Fitted
        The same bits for the same arguments.
    """
    if not 0 < y.mean() < 1:
        raise PlumblineError(
            "the training rows hold only one kind of outcome",
            where=f"candidate {spec.name}",
            todo="Check the outcome in programme.yaml: it never or always occurs in the cohorts that may train.",
        )
    settings = spec.settings
    X = np.ascontiguousarray(X, dtype=np.float64)
    with one_thread():
        if spec.name == "base_rate":
            return _linear("base_rate", X, y, [], 1.0)
        if spec.name == "one_factor":
            best, auc_inside = best_column(X, y, clusters, seed)
            notes = {"column": best, "auc_inside": auc_inside}
            return _linear("one_factor", X, y, [best], settings["inverse_penalty"], notes)
        if spec.name == "logistic":
            return _linear("logistic", X, y, range(X.shape[1]), settings["inverse_penalty"])
        return _boosting(X, y, clusters, seed, settings)


def _linear(
    kind: str,
    X: np.ndarray,
    y: np.ndarray,
    use: Sequence[int],
    inverse_penalty: float,
    notes: dict[str, Any] | None = None,
) -> LinearModel:
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


def _boosting(X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, settings: dict[str, Any]) -> BoostingModel:
    trees = _tree_count(X, y, clusters, seed, settings)
    return BoostingModel(_booster(settings, trees, seed).fit(X, y), {"trees": trees})


def _booster(settings: dict[str, Any], trees: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=settings["learning_rate"],
        max_leaf_nodes=settings["max_leaf_nodes"],
        min_samples_leaf=settings["min_samples_leaf"],
        l2_regularization=settings["l2"],
        max_iter=trees,
        early_stopping=False,  # its own split would tear clusters apart
        categorical_features=None,  # shap is wrong about native categories: encode them as columns
        random_state=seed,
    )


def _tree_count(
    X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, settings: dict[str, Any], folds: int = 3
) -> int:
    """The number of trees with the least log-loss over clustered folds."""
    most = int(settings["max_trees"])
    fold = cluster_folds(clusters, folds, seed, "tree count")
    losses = np.zeros(most)
    for held_out in range(folds):
        inside, outside = fold != held_out, fold == held_out
        if len(np.unique(y[inside])) < 2 or not outside.any():
            continue
        booster = _booster(settings, most, seed).fit(X[inside], y[inside])
        sign = np.where(y[outside] == 1, -1.0, 1.0)
        for step, raw in enumerate(booster._staged_raw_predict(X[outside])):
            losses[step] += np.logaddexp(0.0, sign * raw.ravel()).sum()
    return int(np.argmin(np.round(losses, 9))) + 1
