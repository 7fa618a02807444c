"""Metrics as quotients of linear forms of true outcomes.

Belongs here: which metrics need outcomes, and each as numerator over denominator.
Does not belong here: how many true outcomes there can be (cells), the bounds that follow (bounds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

WITHOUT_OUTCOMES: Final = (
    "n",
    "unknown_share",
    "selection_rate",
    "mean_score",
    "capacity_share",
    "group_share",
    "attrition",
    "proxy_auc",
    "raw",
    "contribution",
)
"""Metrics that need no outcome; also with a name in brackets behind them."""
WITH_OUTCOME_BANDS: Final = ("with outcome", "without outcome")

TERMS: Final = ("T1", "T0", "N1", "N0", "S1", "S0", "1")
"""Of one group: true outcomes, cases and summed scores among the selected (1) and the others (0); and the number 1."""


def _form(terms: str) -> Array:
    weights = np.zeros(len(TERMS))
    for term in terms.split():
        weights[TERMS.index(term.lstrip("-"))] = -1.0 if term.startswith("-") else 1.0
    return weights


_ALL, _WITH, _WITHOUT = "N1 N0", "T1 T0", "N1 N0 -T1 -T0"
_OF_GROUP: Final = {
    "base_rate": (_WITH, _ALL),
    "tpr": ("T1", _WITH),
    "fnr": ("T0", _WITH),
    "fpr": ("N1 -T1", _WITHOUT),
    "tnr": ("N0 -T0", _WITHOUT),
    "ppv": ("T1", "N1"),
    "fdr": ("N1 -T1", "N1"),
    "npv": ("N0 -T0", "N0"),
    "for": ("T0", "N0"),
    "accuracy": ("T1 N0 -T0", _ALL),
    "calibration": ("S1 S0 -T1 -T0", _ALL),
    "calibration_selected": ("S1 -T1", "N1"),
}
SCORED: Final = ("calibration", "calibration_selected")
"""Metrics that are no share: 0 is in the middle of their range."""


@dataclass(frozen=True)
class Form:
    """A quotient of linear forms of two sets of cases, in the order of TERMS.

    Attributes
    ----------
    numerator, other_numerator, denominator, other_denominator : numpy.ndarray, shape (7,)
        Weights of the group's own terms and of those of the other cases.
    """

    numerator: Array
    other_numerator: Array
    denominator: Array
    other_denominator: Array

    def stacked(self) -> Array:
        """The four forms, shape (4, 7)."""
        return np.stack([self.numerator, self.other_numerator, self.denominator, self.other_denominator])


_NOTHING, _ONE = _form(""), _form("1")
NO_FORM: Final = Form(_NOTHING, _NOTHING, _ONE, _NOTHING)
"""Zero: what a plain value is compared with."""


def own(metric: str) -> Form:
    """The metric of the group."""
    numerator, denominator = (_form(each) for each in _OF_GROUP[metric])
    return Form(numerator, _NOTHING, denominator, _NOTHING)


def other(metric: str) -> Form:
    """The metric of the other cases."""
    numerator, denominator = (_form(each) for each in _OF_GROUP[metric])
    return Form(_NOTHING, numerator, _NOTHING, denominator)


def both(metric: str) -> Form:
    """The metric of the group and the other cases together."""
    numerator, denominator = (_form(each) for each in _OF_GROUP[metric])
    return Form(numerator, numerator, denominator, denominator)


def value(metric: str) -> tuple[Form, Form]:
    """A metric as one form minus another."""
    outcomes = Form(_form(_WITH), _NOTHING, _form(_WITH), _form(_WITH))
    if metric == "outcome_share":
        return outcomes, NO_FORM
    if metric == "capacity_balance":
        return Form(_form("N1"), _NOTHING, _form("N1"), _form("N1")), outcomes
    return own(metric), NO_FORM


IN_SHARES: Final = ("outcome_share", "capacity_balance")
"""Metrics that set a group's outcomes against everybody's; they have values only."""
COMPARED: Final = tuple(_OF_GROUP)
"""Metrics of a group alone: they have differences and ratios."""
BOUNDED_METRICS: Final = (*COMPARED, *IN_SHARES)


def needs_outcomes(metrics: pd.Series, bands: pd.Series | None = None) -> NDArray[np.bool_]:
    """Whether the figures of these metrics change with the outcomes.

    Parameters
    ----------
    metrics, bands : pandas.Series
        Columns of the audit; rows of the waterfall in the bands `with outcome` and `without outcome` do change.
    """
    needed = (~metrics.astype(str).str.replace(r"\[.*\]$", "", regex=True).isin(WITHOUT_OUTCOMES)).to_numpy(np.bool_)
    if bands is not None:
        needed = needed | bands.isin(WITH_OUTCOME_BANDS).to_numpy(np.bool_)
    return needed
