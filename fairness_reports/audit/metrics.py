"""What the audit measures, as ratios of sums.

Belongs here: the names of the metrics and comparisons, and each metric as numerator over denominator of sufficient
statistics.
Does not belong here: summing (statistics), points (points), intervals (intervals), a metric's name in a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STATISTICS: Final = (
    "tp",
    "fn",
    "fp",
    "tn",
    "unknown_selected",
    "unknown_not",
    "score",
    "unknown_score",
    "squared_error",
    "selected_score",
)
"""Per cluster and group: cases by outcome and selection, and sums of the score (apart where the outcome is unknown, and
once more for those selected whose outcome is known); every metric but auc and auc_across follows from them."""


@dataclass(frozen=True)
class Ratio:
    """A metric as sum over sum.

    Attributes
    ----------
    numerator, denominator : numpy.ndarray
        Weights of STATISTICS.
    proportion : bool
        Whether the numerator counts some of the cases that the denominator counts.
    empty : str
        Why the denominator can be zero.
    """

    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    proportion: bool
    empty: str


def weights(terms: str) -> NDArray[np.float64]:
    """Names of STATISTICS, to be added or (with a minus) subtracted, as weights."""
    result = np.zeros(len(STATISTICS))
    for term in terms.split():
        result[STATISTICS.index(term.lstrip("-"))] = -1.0 if term.startswith("-") else 1.0
    return result


_KNOWN = "tp fn fp tn"
_ALL = f"{_KNOWN} unknown_selected unknown_not"


def _ratio(numerator: str, denominator: str, empty: str, *, proportion: bool = True) -> Ratio:
    return Ratio(weights(numerator), weights(denominator), proportion, empty)


NO_CASES: Final = "no cases"
NO_KNOWN: Final = "no known outcomes"
NO_OUTCOMES: Final = "no outcomes"
NO_NON_OUTCOMES: Final = "no non-outcomes"
NONE_SELECTED: Final = "none selected"
ALL_SELECTED: Final = "all selected"


def weighted(statistics: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sum over the last axis, STATISTICS; term by term: a matrix product may add in an order of its own."""
    total = np.zeros(statistics.shape[:-1])
    for i in np.flatnonzero(by):
        total += by[i] * statistics[..., i]
    return total


RATIOS: Final[dict[str, Ratio]] = {
    "unknown_share": _ratio("unknown_selected unknown_not", _ALL, NO_CASES),
    "base_rate": _ratio("tp fn", _KNOWN, NO_KNOWN),
    "selection_rate": _ratio("tp fp unknown_selected", _ALL, NO_CASES),
    "tpr": _ratio("tp", "tp fn", NO_OUTCOMES),
    "fpr": _ratio("fp", "fp tn", NO_NON_OUTCOMES),
    "fnr": _ratio("fn", "tp fn", NO_OUTCOMES),
    "tnr": _ratio("tn", "fp tn", NO_NON_OUTCOMES),
    "ppv": _ratio("tp", "tp fp", NONE_SELECTED),
    "npv": _ratio("tn", "fn tn", ALL_SELECTED),
    "fdr": _ratio("fp", "tp fp", NONE_SELECTED),
    "for": _ratio("fn", "fn tn", ALL_SELECTED),
    "accuracy": _ratio("tp tn", _KNOWN, NO_KNOWN),
    "mean_score": _ratio("score unknown_score", _ALL, NO_CASES, proportion=False),
    "brier": _ratio("squared_error", _KNOWN, NO_KNOWN, proportion=False),
    "calibration": _ratio("score -tp -fn", _KNOWN, NO_KNOWN, proportion=False),
    "calibration_selected": _ratio("selected_score -tp", "tp fp", NONE_SELECTED, proportion=False),
}
"""calibration is the mean score minus the rate of the outcome: above 0 the scores promise more than happened.
calibration_selected is the same among those selected: calibration at the top."""
RATE_BEHIND: Final[dict[str, str]] = {"calibration": "base_rate", "calibration_selected": "ppv"}
"""The scores are given: what is uncertain in a calibration is how often the outcome happens."""

SHARES: Final[dict[str, tuple[str, str]]] = {
    "group_share": (_ALL, NO_CASES),
    "capacity_share": ("tp fp unknown_selected", NONE_SELECTED),
    "outcome_share": ("tp fn", NO_OUTCOMES),
}
"""Shares of all cases, of all selected, of all recorded outcomes that belong to a group: what is counted, and why there
may be nothing to share. The denominator is everybody's sum, so they have no differences."""
AREAS: Final = ("auc", "auc_across")
"""Metrics by ranks. auc compares cases of one group; auc_across the outcome cases of a group with the non-outcome cases
of everybody (xAUC; N. Kallus and A. Zhou 2019, NeurIPS 32, 3438-3448)."""

METRICS: Final = ("n", *RATIOS, *AREAS, *SHARES, "capacity_balance")
"""capacity_balance is capacity_share minus outcome_share: below 0 a group gets less of the capacity than its share of
the recorded outcomes."""
DIFFERENCES: Final = tuple(metric for metric in (*RATIOS, *AREAS) if metric != "unknown_share")
"""Metrics with differences: these may be judged."""
QUOTIENTS: Final = tuple(metric for metric in DIFFERENCES if metric in RATIOS and RATIOS[metric].proportion)
"""Metrics with ratios."""
BAND_METRICS: Final = ("n", "base_rate", "mean_score", "calibration")
"""Metrics inside a band of scores."""
SCORED: Final = ("mean_score", "brier", "calibration", "calibration_selected")
"""Metrics that need the score to be a probability."""
