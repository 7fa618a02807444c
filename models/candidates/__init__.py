"""The models that compete.

Belongs here: fitting any candidate from its specification; one module per kind of model.
Does not belong here: calibration (models.calibration), storage (models.registry), choosing one (models.selection).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.candidates.boosting import BoostingModel, fit_boosting
from models.candidates.fitted import Fitted
from models.candidates.linear import LinearModel, best_column, column_auc, fit_linear
from models.folds import one_thread
from models.spec import CandidateSpec

__all__ = ["BoostingModel", "Fitted", "LinearModel", "best_column", "column_auc", "fit_candidate"]


def fit_candidate(
    spec: CandidateSpec,
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
) -> Fitted:
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
    columns : sequence of Column
        What is known of each column of X, in its order: directions, categories. Empty: plain columns.

    Returns
    -------
    Fitted
        The same bits for the same arguments.
    """
    if not 0 < y.mean() < 1:
        raise PlumblineError(
            "the training rows hold only one kind of outcome",
            where=f"candidate {spec.label}",
            todo="Check the outcome in programme.yaml: it never or always occurs in the cohorts that may train.",
        )
    if columns and len(columns) != X.shape[1]:
        raise ValueError(f"{len(columns)} columns are described, X has {X.shape[1]}")
    settings = spec.grid[0]
    X = np.ascontiguousarray(X, dtype=np.float64)
    with one_thread():
        if spec.name == "base_rate":
            return fit_linear("base_rate", X, y, [], 1.0)
        if spec.name == "one_factor":
            best, auc_inside = best_column(X, y, clusters, seed)
            notes = {"column": best, "auc_inside": auc_inside}
            return fit_linear("one_factor", X, y, [best], settings["inverse_penalty"], notes)
        if spec.name == "logistic":
            return fit_linear("logistic", X, y, range(X.shape[1]), settings["inverse_penalty"])
        return fit_boosting(X, y, clusters, seed, settings)
