"""Which columns give a group away: a simple measure, for options that leave them out or blunt them.

Belongs here: names of features to columns, the columns that by themselves tell a group from the rest best.
Does not belong here: the proxy test that a release reports (fairness_reports.origins).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fairness_reports.mitigation.grouping import Labels
from models.candidates import column_auc
from models.dataset import Rows

MOST: Final = 5
"""At most so many columns are taken for proxies where nobody named any."""
TELLING: Final = 0.05
"""How far from .5 the rank AUC of a column must be, for some group against the rest, to be taken for a proxy."""
BEYOND: Final = 4.0
"""And how many standard errors of a column that tells nothing: columns and groups are many."""


def columns_of(rows: Rows, names: Sequence[str]) -> list[str]:
    """The columns of the matrix that these features, or columns, stand for; in the order of the matrix."""
    wanted = set(names)
    feature = {column.name: column.feature for column in rows.described}
    return [name for name in rows.columns if name in wanted or feature.get(name) in wanted]


def most_revealing(rows: Rows, labels: Labels, minimum: int) -> list[str]:
    """Columns that reveal a group: at most `MOST`, the most telling first.

    Parameters
    ----------
    rows : Rows
        Training rows.
    labels : ndarray of str
        Their groups.
    minimum : int
        Groups with fewer rows are not looked at.

    Returns
    -------
    list of str
        Names of columns; equal ones in the order of the matrix.
    """
    if not rows.columns or not len(labels):
        return []
    values = rows.X.to_numpy(dtype=np.float64)
    told = [column[~np.isnan(column)] for column in values.T]
    filled = np.where(np.isnan(values), [np.median(each) if len(each) else 0.0 for each in told], values)
    telling = np.zeros(values.shape[1])
    for name in sorted(set(labels.tolist())):
        inside = labels == name
        if minimum <= inside.sum() <= len(labels) - minimum:
            found = np.round(np.abs(column_auc(filled, inside.astype(np.float64)) - 0.5), 12)
            many, few = len(labels) - inside.sum(), inside.sum()
            chance = np.sqrt((len(labels) + 1) / (12 * many * few))  # of the rank sum (Mann and Whitney 1947)
            telling = np.maximum(telling, np.where(found >= max(TELLING, BEYOND * chance), found, 0.0))
    order = np.argsort(-telling, kind="stable")[:MOST]
    return [rows.columns[place] for place in order if telling[place] > 0]
