"""What an audit of this size could have told: cases needed for a decision, the smallest gap that would have been seen.

Belongs here: both figures, from limits that are already there.
Does not belong here: the limits (estimates), the states (fairness_reports.states).

Both rest on one rule: the length of an interval shrinks with the square root of the cases, the mix of groups and the
size of households staying as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairness_reports.audit.intervals import critical

Array = NDArray[np.float64]

POWER = 0.8
"""How likely the detectable gap is to be seen."""


def needed(value: ArrayLike, low: ArrayLike, high: ArrayLike, cases: ArrayLike, tolerance: ArrayLike) -> Array:
    """How many cases a gap would have to rest on before it is decided.

    The gap and the design are taken as they are; each half of the interval shrinks with the square root of the cases.

    Parameters
    ----------
    value, low, high : array-like
        The gap with its interval.
    cases : array-like
        What it rests on now.
    tolerance : array-like
        The largest gap, in either direction, that is tolerated.

    Returns
    -------
    numpy.ndarray
        The smallest whole number of cases at which the interval lies wholly inside, or wholly beyond, plus or minus the
        tolerance; not above `cases` where that is so already. Infinite where it never would (a gap as large as the
        tolerance); NaN without an interval.

    Examples
    --------
    An interval of .02 to .08 on 100 cases that has to end at .06 needs to be two thirds as long on its upper side:

    >>> needed([0.05], [0.02], [0.08], [100], 0.06).tolist()
    [900.0]
    """
    value, low, high, cases, tolerance = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (value, low, high, cases, tolerance))
    )
    inside = np.abs(value) <= tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        # how much too long the interval is on the side that decides
        both = np.maximum((value - low) / (value + tolerance), (high - value) / (tolerance - value))
        beyond = np.where(value > 0, (value - low) / (value - tolerance), (high - value) / (-tolerance - value))
        exact = cases * np.where(inside, both, beyond) ** 2
    # cases of 899.9999999 are 900; beyond the tolerance a limit on it is not yet enough
    whole = np.where(inside, np.ceil(exact * (1 - 1e-12)), np.floor(exact * (1 + 1e-12)) + 1)
    whole = np.where(inside & (np.abs(value) == tolerance), np.inf, whole)
    return np.where(np.isnan(value) | np.isnan(low) | np.isnan(high) | np.isnan(cases), np.nan, whole)


def detectable(low: ArrayLike, high: ArrayLike, level: ArrayLike) -> Array:
    """Smallest true gap that would have been told from 0 with a power of .8.

    (z(1 - a/2) + z(.8)) standard errors, a = 1 - level; the standard error is read from the length of the interval.

    Parameters
    ----------
    low, high : array-like
        The interval of a gap.
    level : array-like
        Its level: that of the family for a confirmatory gap.

    Returns
    -------
    numpy.ndarray
        NaN without an interval.

    Examples
    --------
    >>> detectable([-0.1], [0.1], 0.95).round(3).tolist()
    [0.143]
    """
    from scipy.special import ndtri

    low, high, level = (np.asarray(each, dtype=np.float64) for each in (low, high, level))
    z = np.asarray(ndtri(1 - (1 - level) / 2), dtype=np.float64)
    return np.asarray((z + float(critical(2 * POWER - 1))) * (high - low) / (2 * z), dtype=np.float64)
