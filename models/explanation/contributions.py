"""Exact contributions of columns to a raw score, and the check that they add up.

Belongs here: contributions of any model, the additivity check.
Does not belong here: sums by factor and importance (models.explanation.factors), the arithmetic of Shapley values of
trees (models.shapley).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.folds import one_thread

if TYPE_CHECKING:
    from models.model import Model

TOLERANCE = 1e-9
"""|base value + sum of contributions - raw| may not be larger, for any row."""


def tree_contributions(estimator: Any, X: np.ndarray) -> tuple[np.ndarray, float]:
    """Path-dependent TreeSHAP of a HistGradientBoosting model without native categories.

    shap is silently wrong with native categories: such a model is refused.
    """
    if getattr(estimator, "is_categorical_", None) is not None:
        raise PlumblineError(
            "exact contributions of native categories are not available",
            where="explanation",
            todo="Encode categories as columns of their own.",
        )
    import shap

    explainer = shap.TreeExplainer(estimator, feature_perturbation="tree_path_dependent")
    with one_thread():
        values = explainer.shap_values(X, check_additivity=False)  # ours checks every row, to 1e-9
    base = float(np.ravel(explainer.expected_value)[0])
    return np.ascontiguousarray(values, dtype=np.float64), base


def contributions(model: Model, X: pd.DataFrame, block: int = 20_000) -> tuple[pd.DataFrame, np.ndarray]:
    """How much each column moved each row's log-odds away from the base value.

    Parameters
    ----------
    model : Model
        The model.
    X : DataFrame
        Rows with the model's columns.
    block : int
        Rows explained at a time.

    Returns
    -------
    contributions : DataFrame
        Rows x columns.
    base_value : ndarray
        The same number for every row: the mean log-odds of the rows that the model was fitted on.

    Raises
    ------
    PlumblineError
        When one row does not add up to its `raw` within 1e-9.
    """
    values = model.matrix(X)
    parts, base = [], 0.0
    for start in range(0, len(values), block):
        part, base = model.fitted.contributions(values[start : start + block])
        parts.append(part)
    table = np.vstack(parts) if parts else np.empty((0, values.shape[1]))
    check_additive(table, np.full(len(values), base), model.fitted.raw(values) if len(values) else np.empty(0))
    return pd.DataFrame(table, columns=list(model.columns), index=X.index), np.full(len(values), base)


def check_additive(table: np.ndarray, base_value: np.ndarray, raw: np.ndarray) -> None:
    """Stop unless every row adds up; NaN does not."""
    gap = np.abs(base_value + table.sum(axis=1) - raw)
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise PlumblineError(
            f"the contributions of {wrong} of {len(raw)} rows do not add up to the model's output within {TOLERANCE:g}",
            where="explanation",
            todo="No score is published without an exact explanation. Please report this as a defect.",
        )
