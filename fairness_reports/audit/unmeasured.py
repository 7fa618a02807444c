"""A metric that cannot be had, in every group, with its reason.

Belongs here: the estimate without a figure.
Does not belong here: the phrases (reasons), when a metric cannot be had (partitions).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit.estimates import Confidence, Estimate, Limits
from fairness_reports.audit.reasons import fewer_than

Array = NDArray[np.float64]


class Unmeasured:
    """An estimate without figures.

    Parameters
    ----------
    reason : str
        Why.
    group_cases : numpy.ndarray
        Cases in each group: one that is too small says so instead.
    minimum : int
        The minimum cell.
    """

    def __init__(self, reason: str, group_cases: Array, minimum: int) -> None:
        self.value: Array = np.full(len(group_cases), np.nan)
        self.cases: Array = self.value.copy()
        self.reason: NDArray[np.object_] = np.full(len(group_cases), reason, dtype=object)
        self.reason[group_cases < minimum] = fewer_than(minimum)

    def limits(self, confidence: Confidence) -> Limits:
        """No interval."""
        return self.value.copy(), self.value.copy()

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """No interval."""
        return self.limits(confidence)
