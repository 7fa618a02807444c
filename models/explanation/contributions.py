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

if TYPE_CHECKING:
    import shap

    from models.model import Model

TOLERANCE = 1e-9
"""|base value + sum of contributions - raw| may not be larger, for any row."""


def tree_contributions(estimator: Any, X: np.ndarray) -> tuple[np.ndarray, float]:
    """Path-dependent Shapley values of a HistGradientBoosting model, missing values and native categories included."""
    from models.shapley import explain_trees

    return explain_trees(estimator, X)


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
    table, base = np.empty(values.shape), 0.0
    for start in range(0, len(values), block):
        table[start : start + block], base = model.fitted.contributions(values[start : start + block])
    check_additive(table, np.full(len(values), base), model.fitted.raw(values) if len(values) else np.empty(0))
    return pd.DataFrame(table, columns=list(model.columns), index=X.index), np.full(len(values), base)


def explanation(model: Model, X: pd.DataFrame) -> shap.Explanation:
    """Contributions as the shap package's own object, for its plots.

    Parameters
    ----------
    model : Model
        The model.
    X : DataFrame
        Rows with the model's columns.

    Returns
    -------
    shap.Explanation
        values (n x p, log-odds before calibration), base_values (n), data (n x p), feature_names.

    Raises
    ------
    PlumblineError
        When one row does not add up to its `raw` within 1e-9.
    """
    import shap

    table, base = contributions(model, X)
    return shap.Explanation(
        values=table.to_numpy(), base_values=base, data=model.matrix(X), feature_names=list(model.columns)
    )


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
