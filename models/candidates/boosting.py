"""scikit-learn's HistGradientBoosting.

Belongs here: fitting it, its raw output (log-odds) and its contributions.
Does not belong here: exact Shapley values themselves (models.explanation), calibration, storage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.folds import cluster_folds, one_thread


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


def fit_boosting(
    X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, settings: dict[str, Any]
) -> BoostingModel:
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
