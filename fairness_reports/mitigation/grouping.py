"""Which group each row belongs to, and which groups an option may tell apart.

Belongs here: joining attributes to rows, pooling groups that are too small to be constrained.
Does not belong here: any fit (options, constrained), any figure (measures).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.audit.grouping import recorded
from fairness_reports.spec import JOIN

Labels = NDArray[np.object_]

POOLED = "groups too small to stand alone"
_KEYS = ("cohort", "as_of", "case_id")


def labels_of(frame: pd.DataFrame, groups: pd.DataFrame, attribute: str, missing_label: str) -> Labels:
    """Group of each row.

    Parameters
    ----------
    frame : DataFrame
        Rows with `case_id` and, where `groups` has them, `cohort` and `as_of`.
    groups : DataFrame
        From `models.cohorts.group_values`: keys and one column per attribute.
    attribute : str
        An attribute, or several joined by " × ".
    missing_label : str
        Name of the group for which nothing is recorded.

    Raises
    ------
    PlumblineError
        When the attribute has no column, or a row has two rows of attributes.
    """
    names = attribute.split(JOIN)
    absent = [name for name in names if name not in groups.columns]
    if absent:
        raise PlumblineError(f"there is no attribute “{absent[0]}” to compare by.", where="mitigation")
    keys = [key for key in _KEYS if key in groups.columns and key in frame.columns]
    told = _keyed(groups, keys).join(groups[names].set_axis(range(len(names)), axis=1))
    if told.duplicated(keys).any():
        raise PlumblineError("a case has two rows of attributes.", where="mitigation")
    joined = _keyed(frame, keys).merge(told, on=keys, how="left", validate="many_to_one")
    parts = [recorded(joined[place], missing_label) for place in range(len(names))]
    labels = np.empty(len(frame), dtype=object)
    labels[:] = [JOIN.join(each) for each in zip(*parts, strict=True)]
    return labels


def _keyed(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    made = {key: pd.to_datetime(frame[key]) if key == "as_of" else frame[key].astype(str) for key in keys}
    return pd.DataFrame(made, index=frame.index)


def pooling(labels: Labels, y: np.ndarray, minimum: int) -> dict[str, str]:
    """What each group is called where groups are constrained: a small one shares the name `POOLED`.

    A rate to be made equal rests on the outcomes, or on the non-outcomes, of a group. Groups with fewer than the
    minimum cell of either are put together, and with them the next smallest while that is still too few.

    Parameters
    ----------
    labels : ndarray of str
        Groups of training rows.
    y : ndarray of float64
        Their labels, 1 or 0.
    minimum : int
        The minimum cell.

    Returns
    -------
    dict of str to str
        By group its name.
    """
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    ones = np.bincount(codes, weights=y, minlength=len(names))
    zeros = np.bincount(codes, minlength=len(names)) - ones
    fewer = np.minimum(ones, zeros)
    together = fewer < minimum
    for place in np.lexsort((names, fewer)):
        if not together.any() or min(ones[together].sum(), zeros[together].sum()) >= minimum:
            break
        together[place] = True
    return {str(name): POOLED if pooled else str(name) for name, pooled in zip(names, together, strict=True)}


def pooled(labels: Labels, names: dict[str, str]) -> Labels:
    """Groups by the names of `pooling`; one that training did not have counts among those pooled."""
    result = np.empty(len(labels), dtype=object)
    result[:] = [names.get(str(label), POOLED) for label in labels]
    return result
