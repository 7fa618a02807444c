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
)
"""Per cluster and group: cases by outcome and selection, and sums of the score (apart where the outcome is unknown);
every metric but auc follows from them."""


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


def _weights(terms: str) -> NDArray[np.float64]:
    weights = np.zeros(len(STATISTICS))
    for term in terms.split():
        weights[STATISTICS.index(term.lstrip("-"))] = -1.0 if term.startswith("-") else 1.0
    return weights


_KNOWN = "tp fn fp tn"
_ALL = f"{_KNOWN} unknown_selected unknown_not"


def _ratio(numerator: str, denominator: str, empty: str, *, proportion: bool = True) -> Ratio:
    return Ratio(_weights(numerator), _weights(denominator), proportion, empty)


NO_CASES: Final = "no cases"
NO_KNOWN: Final = "no known outcomes"
NO_OUTCOMES: Final = "no outcomes"
NO_NON_OUTCOMES: Final = "no non-outcomes"
NONE_SELECTED: Final = "none selected"
ALL_SELECTED: Final = "all selected"


def weighted(statistics: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sum over the last axis, STATISTICS; term by term: a matrix product may add in an order of its own."""
    total = np.zeros(statistics.shape[:-1])
    for i in np.flatnonzero(weights):
        total += weights[i] * statistics[..., i]
    return total


RATIOS: Final[dict[str, Ratio]] = {
    "unknown_share": _ratio("unknown_selected unknown_not", _ALL, NO_CASES),
    "base_rate": _ratio("tp fn", _KNOWN, NO_KNOWN),
    "selection_rate": _ratio("tp fp unknown_selected", _ALL, NO_CASES),
    "tpr": _ratio("tp", "tp fn", NO_OUTCOMES),
    "fpr": _ratio("fp", "fp tn", NO_NON_OUTCOMES),
    "fnr": _ratio("fn", "tp fn", NO_OUTCOMES),
    "ppv": _ratio("tp", "tp fp", NONE_SELECTED),
    "npv": _ratio("tn", "fn tn", ALL_SELECTED),
    "accuracy": _ratio("tp tn", _KNOWN, NO_KNOWN),
    "mean_score": _ratio("score unknown_score", _ALL, NO_CASES, proportion=False),
    "brier": _ratio("squared_error", _KNOWN, NO_KNOWN, proportion=False),
    "calibration": _ratio("score -tp -fn", _KNOWN, NO_KNOWN, proportion=False),
}
"""calibration is the mean score minus the rate of the outcome: above 0 the scores promise more than happened."""

METRICS: Final = ("n", *RATIOS, "auc")
DIFFERENCES: Final = tuple(metric for metric in METRICS if metric not in {"n", "unknown_share"})
"""Metrics with differences: these may be judged."""
QUOTIENTS: Final = tuple(metric for metric in DIFFERENCES if metric in RATIOS and RATIOS[metric].proportion)
"""Metrics with ratios."""
BAND_METRICS: Final = ("n", "base_rate", "mean_score", "calibration")
"""Metrics inside a band of scores."""
