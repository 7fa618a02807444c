"""The states of a gap: what an interval says about a tolerance.

Belongs here: the names of the states and the rule that gives one.
Does not belong here: how the interval comes about (fairness_reports.audit), what follows from it
(fairness_reports.verdict).
"""

from __future__ import annotations

import math
from typing import Final

WITHIN: Final = "within"
OUTSIDE: Final = "outside"
CANNOT_TELL: Final = "cannot_tell"
NOT_JUDGED: Final = "not_judged"
STATES: Final = (WITHIN, OUTSIDE, CANNOT_TELL, NOT_JUDGED)


def state(low: float | None, high: float | None, tolerance: float) -> str:
    """Place an interval against a tolerance.

    Parameters
    ----------
    low, high : float or None
        The interval of a difference; None or NaN when there is none.
    tolerance : float
        The largest gap, in either direction, that the charter tolerates.

    Returns
    -------
    str
        `within`: the whole interval lies in [-tolerance, tolerance]. `outside`: the whole interval lies beyond it, on
        one side. `cannot_tell`: everything else, a point beyond the tolerance with an interval that reaches into it
        included.
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return CANNOT_TELL
    if low >= -tolerance and high <= tolerance:
        return WITHIN
    if low > tolerance or high < -tolerance:
        return OUTSIDE
    return CANNOT_TELL
