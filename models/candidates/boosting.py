"""scikit-learn's HistGradientBoosting, with categories as such and declared directions.

Belongs here: fitting it, its raw output (log-odds) and its contributions.
Does not belong here: exact Shapley values themselves (models.shapley), calibration, storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from features.spec import Column
from models.candidates.categories import Layout, directions, layout
from models.candidates.tuning import Settings, log_loss, search
from models.folds import one_thread

if TYPE_CHECKING:
    from models.shapley import Tables


@dataclass(frozen=True)
class BoostingModel:
    """scikit-learn's HistGradientBoostingClassifier.

    Attributes
    ----------
    estimator : HistGradientBoostingClassifier
        Fitted on the columns that `layout` makes.
    place, code : ndarray of int
        Of `models.candidates.categories.Layout`.
    notes : dict
        trees, settings.
    """

    estimator: Any
    place: np.ndarray
    code: np.ndarray
    notes: dict[str, Any] = field(default_factory=dict)
    kind: str = "hist_gradient_boosting"

    @cached_property
    def tables(self) -> Tables:
        """What explaining looks values up in, made once for all blocks of rows."""
        from models.shapley import build_tables

        return build_tables(self.estimator)

    @property
    def layout(self) -> Layout:
        """Where the columns of the matrix go."""
        return Layout(self.place, self.code)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds before calibration."""
        if not len(X):
            return np.empty(0)  # the estimator refuses an empty matrix
        with one_thread():
            raw: np.ndarray = self.estimator.decision_function(self.layout.encode(X))
        return raw

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Path-dependent tree SHAP values; a category's stands at its active column, else at its first."""
        from models.shapley import explain_trees

        values, base = explain_trees(self.estimator, self.layout.encode(X), self.tables)
        return self.layout.spread(values, X), base

    def state(self) -> dict[str, Any]:
        """The booster, the layout of its columns and the notes on it."""
        return {
            "kind": self.kind,
            "estimator": self.estimator,
            "place": self.place,
            "code": self.code,
            "notes": self.notes,
        }


def fit_boosting(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
    sample_weight: np.ndarray | None = None,
) -> BoostingModel:
    """Fit boosting with the settings and the number of trees that do best on held-out clusters.

    Parameters
    ----------
    grid : list of dict
        Settings, the simplest first.
    X, y, clusters, seed, columns, sample_weight
        As in `fit_candidate`.

    Returns
    -------
    BoostingModel
        In its notes the number of trees and the settings chosen.
    """
    put = layout(columns, X.shape[1])
    Z = put.encode(X)
    categorical = put.categorical
    constraints = np.zeros(Z.shape[1], dtype=np.int64)
    constraints[put.place] = directions(columns, X.shape[1])

    def booster(settings: Settings, trees: int) -> Any:
        return _booster(settings, trees, seed, categorical, constraints)

    def losses(settings: Settings, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
        fitted = booster(settings, int(settings["max_trees"])).fit(Z[inside], y[inside])
        return np.array([log_loss(raw.ravel(), y[outside]) for raw in fitted._staged_raw_predict(Z[outside])])

    chosen, step = search(grid, losses, y, clusters, seed)
    estimator = booster(grid[chosen], step + 1).fit(Z, y, sample_weight=sample_weight)
    _without_functions(estimator)
    return BoostingModel(estimator, put.place, put.code, {"trees": step + 1, "settings": grid[chosen]})


def _booster(settings: Settings, trees: int, seed: int, categorical: np.ndarray, constraints: np.ndarray) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=settings["learning_rate"],
        max_leaf_nodes=settings["max_leaf_nodes"],
        min_samples_leaf=settings["min_samples_leaf"],
        l2_regularization=settings["l2"],
        max_iter=trees,
        early_stopping=False,  # its own split would tear clusters apart
        categorical_features=categorical.tolist() if categorical.any() else None,
        monotonic_cst=constraints.tolist() if constraints.any() else None,
        random_state=seed,
    )


def _without_functions(estimator: Any) -> None:
    """Take the checking function out of the encoder of categories: a stored model holds no function to be called.

    `raw` gives it matrices of floats alone, which that function would hand through as they are.
    """
    if estimator._preprocessor is None:
        return
    estimator._preprocessor.set_params(numerical__func=None)
    fitted = estimator._preprocessor.named_transformers_["numerical"]
    if hasattr(fitted, "set_params"):  # without a plain column there is none
        fitted.set_params(func=None)
