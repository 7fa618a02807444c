"""Bounds of the largest gap and of the smallest ratio between any two groups.

Belongs here: from bounds of every group's figure to bounds of the extremes over pairs.
Does not belong here: the groups' bounds (bounds), which groups count (block).

The groups' true outcomes are in ranges of their own, so the largest gap is highest between the highest and the lowest
figures of two groups, and can be 0 where all ranges overlap. Its interval holds for all pairs together (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ends:
    """Bounds of each group's figure, with the standard errors of both ends; shape (groups,)."""

    low: Array
    high: Array
    low_error: Array
    high_error: Array

    def times(self, level: float) -> float:
        """How many standard errors hold for all pairs together."""
        groups = len(self.low)
        return float(ndtri(1 - (1 - level) / (groups * (groups - 1))))


def _together(a: Array, b: Array) -> Array:
    """Error of a figure of one group (rows) set against that of another (columns)."""
    found = np.sqrt(a[:, None] ** 2 + b[None, :] ** 2)
    return np.asarray(np.where(np.isnan(found), np.inf, found), dtype=np.float64)


def largest_gap(ends: Ends, level: float) -> tuple[float, float]:
    """Lowest and highest that the largest gap between two groups can be, with sampling error.

    Parameters
    ----------
    ends : Ends
        At least two groups.
    level : float
        Of the interval.
    """
    times, other = ends.times(level), ~np.eye(len(ends.low), dtype=np.bool_)
    high = ends.high[:, None] - ends.low[None, :] + times * _together(ends.high_error, ends.low_error)
    low = ends.low[:, None] - ends.high[None, :] - times * _together(ends.low_error, ends.high_error)
    return float(np.clip(low[other].max(), 0, 1)), float(np.clip(high[other].max(), 0, 1))


def smallest_ratio(ends: Ends, level: float) -> tuple[float, float]:
    """Lowest and highest that the smallest ratio between two groups can be, with sampling error on the log scale.

    Parameters
    ----------
    ends : Ends
        At least two groups.
    level : float
        Of the interval.
    """
    times, other = ends.times(level), ~np.eye(len(ends.low), dtype=np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_low, of_high = ends.low_error / ends.low, ends.high_error / ends.high
        high = ends.high[:, None] / ends.low[None, :] * np.exp(times * _together(of_high, of_low))
        low = ends.low[:, None] / ends.high[None, :] * np.exp(-times * _together(of_low, of_high))
    return float(np.clip(np.nan_to_num(low)[other].min(), 0, 1)), float(
        np.clip(np.nan_to_num(high, nan=1.0)[other].min(), 0, 1)
    )
