"""Which way past cases point: whether more of a feature went with the recorded outcome, before any model.

Belongs here: one feature at a time against the outcome, as rows of tendencies.parquet.
Does not belong here: what a model makes of it (models.explanation.shapes), what practice is told (fairness_reports).

Most kinds of model keep a declared direction: where past cases point the other way, they give the feature no weight,
and their shapes cannot tell. So the rows that the model learned from are looked at too. One feature at a time: what
goes with it, and is in other features, is not taken out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.spec import Column

Z = 1.959964
"""Of a 95 % interval."""

COLUMNS = ("factor", "feature", "auc", "low", "high", "n", "reason")


def tendencies(
    X: pd.DataFrame, y: np.ndarray, clusters: np.ndarray, columns: Sequence[Column], *, min_cell: int
) -> pd.DataFrame:
    """How often a case with the outcome has the higher value of two, for every feature with a declared direction.

    Parameters
    ----------
    X : DataFrame
        Training rows x columns, NaN where there is no value.
    y : ndarray
        1 or 0.
    clusters : ndarray
        Cluster of each row.
    columns : sequence of features.spec.Column
        What is known of each column.
    min_cell : int
        With fewer outcomes, or fewer cases without one, there are no figures.

    Returns
    -------
    DataFrame
        `COLUMNS`. auc is the share of pairs of a case with and one without the outcome in which the first has the
        higher value, ties counting half; low and high its 95 % interval, rows of one cluster taken together
        (Obuchowski, Biometrics 53, 1997); n the rows with a value.
    """
    rows: list[list[object]] = []
    for column in columns:
        if column.direction is None:
            continue
        values = X[column.name].to_numpy(dtype=np.float64)
        told = ~np.isnan(values)
        least = min(int((y[told] == 1).sum()), int((y[told] == 0).sum()))
        if least < max(min_cell, 1):
            rows.append([column.factor, column.feature, None, None, None, None, f"fewer than {min_cell}"])
            continue
        auc, error = clustered_auc(values[told], y[told], clusters[told])
        ends = [round(min(max(end, 0.0), 1.0), 3) for end in (auc, auc - Z * error, auc + Z * error)]
        rows.append([column.factor, column.feature, *ends, int(told.sum()), None])
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    return made.astype(dict.fromkeys(("auc", "low", "high"), "float64"))


def clustered_auc(values: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """AUC of one column and its standard error with rows in clusters.

    Parameters
    ----------
    values, y : ndarray
        Without NaN; 1 or 0, both among them.
    clusters : ndarray
        Cluster of each row.

    Returns
    -------
    (float, float)
        The error is NaN with fewer than two clusters.
    """
    cases = y == 1
    ones, others = int(cases.sum()), int((~cases).sum())
    everywhere = pd.Series(values).rank().to_numpy()
    # of each row: the share of rows of the other kind that lie below (cases) or above (others), ties half
    share = np.empty(len(values))
    share[cases] = (everywhere[cases] - pd.Series(values[cases]).rank().to_numpy()) / others
    share[~cases] = 1 - (everywhere[~cases] - pd.Series(values[~cases]).rank().to_numpy()) / ones
    auc = float(share[cases].mean())
    parts = (share - auc) / np.where(cases, ones, others)
    codes, names = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    if len(names) < 2:
        return auc, float("nan")
    sums = np.bincount(codes, weights=parts, minlength=len(names))
    return auc, float(np.sqrt(len(names) / (len(names) - 1) * np.square(sums).sum()))
