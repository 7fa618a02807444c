"""Exact Shapley values of many rows: in blocks, on any number of threads, the same bytes whatever they are.

Belongs here: `explain_trees`. Does not belong here: what is computed (kernel), or from what (tables).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from data_contracts.errors import PlumblineError
from models.shapley import trees
from models.shapley.build import build_tables, matrix
from models.shapley.tables import Tables

BLOCK = 4096
"""Rows at a time: more would not fit a core's caches."""


def explain_trees(
    estimator: Any,
    X: np.ndarray,
    tables: Tables | None = None,
    *,
    threads: int = 1,
    background: np.ndarray | None = None,
    block: int = BLOCK,
) -> tuple[np.ndarray, float]:
    """Exact Shapley values of a HistGradientBoosting model's raw output.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier
        Fitted, two classes.
    X : ndarray, shape (n, p)
        Rows in the estimator's input.
    tables : Tables, optional
        From `build_tables` for this estimator; made where not given, and kept for the next rows of the same model.
    threads : int
        Threads to use; the values do not depend on it.
    background : ndarray, shape (m, p), optional
        Values are interventional against these rows; see `build_tables`. Not together with `tables`.
    block : int
        Rows at a time; the values do not depend on it.

    Returns
    -------
    values : ndarray of float64, shape (n, p)
        In log-odds. A row's values and the base add up to its raw output.
    base : float
        Mean raw output.

    Raises
    ------
    PlumblineError
        When the tables are another model's, or the columns are not the model's.

    Notes
    -----
    Beyond X, the result and the tables it takes about 20 bytes for each column and row of a block, on each thread.
    """
    if tables is None:
        tables = build_tables(estimator, background) if background is not None else _kept_tables(estimator)
    elif background is not None:
        raise PlumblineError(
            "tables stand for one background already", where="explanation", todo="Give either tables or a background."
        )
    elif tables.model != trees.fingerprint(estimator):
        raise PlumblineError(
            "the tables belong to another model", where="explanation", todo="Build them again with build_tables."
        )
    from models.shapley.kernel import Flat, explain

    X = matrix(X, tables.columns)
    flat = Flat(*(getattr(tables, name) for name in Flat._fields))
    values = np.empty(X.shape)
    parts = [slice(start, start + block) for start in range(0, len(X), block)]
    if threads == 1 or len(parts) == 1:
        for part in parts:
            explain(flat, X[part], values[part])
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda part: explain(flat, X[part], values[part]), parts))
    return values, tables.base


_kept: dict[str, Tables] = {}


def _kept_tables(estimator: Any) -> Tables:
    """Those of the two models explained last stay in memory: rows come in blocks."""
    model = trees.fingerprint(estimator)
    found = _kept.pop(model, None) or build_tables(estimator)
    _kept[model] = found
    for oldest in list(_kept)[:-2]:
        _kept.pop(oldest, None)
    return found
