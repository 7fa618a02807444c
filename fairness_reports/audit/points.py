"""Point estimates of the count metrics, by fairlearn.

Belongs here: the call of fairlearn's MetricFrame.
Does not belong here: metrics that rest on the score itself (statistics, auc), or uncertainty (intervals).

MetricFrame gets one row per group, outcome and selection with its number of cases as weight, instead of one row per
case: the same figures, in milliseconds whatever the number of cases. Our own sums (statistics) agree with it to 1e-12,
which every audit checks; they stand alone where attributes are crossed (tests).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit.metrics import STATISTICS

Array = NDArray[np.float64]


def _outcome_rate(y_true: Any, y_pred: Any, *, sample_weight: Any) -> float:
    return float(np.average(np.asarray(y_true, dtype=np.float64), weights=np.asarray(sample_weight, dtype=np.float64)))


def _functions() -> dict[str, Callable[..., float]]:
    from fairlearn.metrics import (
        false_negative_rate,
        false_positive_rate,
        selection_rate,
        true_negative_rate,
        true_positive_rate,
    )
    from sklearn.metrics import accuracy_score, precision_score

    return {
        "base_rate": _outcome_rate,
        "selection_rate": selection_rate,
        "tpr": partial(true_positive_rate, pos_label=1),
        "fpr": partial(false_positive_rate, pos_label=1),
        "fnr": partial(false_negative_rate, pos_label=1),
        "tnr": partial(true_negative_rate, pos_label=1),
        "ppv": partial(precision_score, pos_label=1, zero_division=np.nan),
        "npv": partial(precision_score, pos_label=0, zero_division=np.nan),
        "accuracy": accuracy_score,
    }


def fairlearn_points(totals: Array) -> dict[str, Array]:
    """Count metrics of each group.

    Parameters
    ----------
    totals : numpy.ndarray, shape (groups, statistics)
        Sums as in STATISTICS; of the cases with an unknown outcome only their selection counts.

    Returns
    -------
    dict of str to numpy.ndarray
        Per metric one figure per group; NaN where the group has no case for it. (fairlearn gives 0 for a rate among no
        cases: such figures are taken out here.)
    """
    functions = _functions()
    known = dict(zip(("tp", "fn", "fp", "tn"), itertools.product((1, 0), (1, 0)), strict=True))
    unknown = {"unknown_selected": (0, 1), "unknown_not": (0, 0)}  # the outcome here is a filler: selection ignores it
    count = {name: totals[:, STATISTICS.index(name)] for name in (*known, *unknown)}
    if sum(count[name].sum() for name in unknown) == 0:
        result = _by_group(totals, known, functions)
    else:
        rate = {"selection_rate": functions.pop("selection_rate")}
        result = _by_group(totals, known, functions) | _by_group(totals, known | unknown, rate)
    happened, not_happened = count["tp"] + count["fn"], count["fp"] + count["tn"]
    empty = {"tpr": happened, "fnr": happened, "fpr": not_happened, "tnr": not_happened}
    published = {
        name: np.where(empty[name] == 0, np.nan, value) if name in empty else value for name, value in result.items()
    }
    return published | {"fdr": 1 - published["ppv"], "for": 1 - published["npv"]}


def _by_group(
    totals: Array, cells: dict[str, tuple[int, int]], functions: dict[str, Callable[..., float]]
) -> dict[str, Array]:
    from fairlearn.metrics import MetricFrame
    from sklearn import config_context

    table = pd.DataFrame(
        [
            (group, *labels, totals[group, STATISTICS.index(cell)])
            for group in range(len(totals))
            for cell, labels in cells.items()
        ],
        columns=["group", "outcome", "selected", "cases"],
    ).astype({"cases": np.float64})
    table = table[table["cases"] > 0]
    if table.empty:
        return {name: np.full(len(totals), np.nan) for name in functions}
    with config_context(
        assume_finite=True, skip_parameter_validation=True
    ):  # the table is ours; checks are half the time
        frame = MetricFrame(
            metrics=functions,
            y_true=table["outcome"],
            y_pred=table["selected"],
            sensitive_features=table["group"],
            sample_params={name: {"sample_weight": table["cases"]} for name in functions},
        )
    by_group = frame.by_group.reindex(range(len(totals)))
    return {name: by_group[name].to_numpy(dtype=np.float64) for name in functions}
