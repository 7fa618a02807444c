"""The largest gap and the smallest ratio between any two groups, with intervals that know that they were picked.

Belongs here: intervals that hold for all pairs at once, and what they say of the most extreme pair.
Does not belong here: intervals of single gaps (estimates), rows (rows).

The most extreme of many pairs is extreme partly by chance. So the intervals of all pairs hold together: pairs of large
groups by the quantile of the largest |t| over the bootstrap's replicates (J. P. Romano and M. Wolf 2005, Journal of the
American Statistical Association 100, 94-108, single step), all others by Bonferroni. From these follows an interval
that holds both the true gap of the pair named and the true largest gap between any two of the groups: its lower limit
is the pair's own, its upper limit the highest of any pair, since a small group may hide a larger gap than the one seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit import intervals
from fairness_reports.audit.estimates import LEVEL, Confidence, Estimate, RatioEstimate

Array = NDArray[np.float64]
Positions = NDArray[np.int64]

MOST_JOINT = 3_000
"""Pairs whose joint distribution is looked at; of more (some 80 groups) Bonferroni takes care."""


@dataclass(frozen=True)
class Extreme:
    """The most extreme pair of groups.

    Attributes
    ----------
    high, low : int
        Positions of the groups with the highest and the lowest value.
    value : float
        Highest minus lowest value, or lowest over highest.
    low_limit, high_limit : float
        Simultaneous interval: holds the pair's true figure and that of the truly most extreme pair.
    """

    high: int
    low: int
    value: float
    low_limit: float
    high_limit: float


def extreme_gap(estimate: Estimate, comparable: NDArray[np.bool_], level: float = LEVEL) -> Extreme | None:
    """Largest gap between any two comparable groups.

    Parameters
    ----------
    estimate : Estimate
        A metric in the groups of a partition.
    comparable : numpy.ndarray of bool
        Which groups take part; those without a value or an interval do not, whatever is said here.
    level : float
        Of all pairs together.

    Returns
    -------
    Extreme or None
        None with fewer than two comparable groups, and where the gap of the two has no interval.
    """
    chosen = _chosen(estimate, comparable)
    if len(chosen) < 2:
        return None
    first, second = (chosen[each] for each in np.triu_indices(len(chosen), 1))
    low, high = _gap_limits(estimate, first, second, level)
    top, bottom, at = _ends(estimate.value, chosen, first, second)
    if np.isnan(low[at]):
        return None
    own = low[at] if top == first[at] else -high[at]
    value = estimate.value[top] - estimate.value[bottom]
    return Extreme(top, bottom, float(value), float(own), float(np.max(_known([high, -low]))))


def extreme_ratio(estimate: RatioEstimate, comparable: NDArray[np.bool_], level: float = LEVEL) -> Extreme | None:
    """Smallest ratio between any two comparable groups: the lowest value over the highest.

    Parameters
    ----------
    estimate, comparable, level
        As in `extreme_gap`.

    Returns
    -------
    Extreme or None
        None with fewer than two comparable groups, and where the highest value is 0.
    """
    chosen = _chosen(estimate, comparable)
    if len(chosen) < 2 or not estimate.value[chosen].max() > 0:
        return None
    first, second = (chosen[each] for each in np.triu_indices(len(chosen), 1))
    there, back = _ratio_limits(estimate, first, second, level)
    top, bottom, at = _ends(estimate.value, chosen, first, second)
    own = (back if top == first[at] else there)[1][at]
    value = estimate.value[bottom] / estimate.value[top]
    return Extreme(top, bottom, float(value), float(np.min(_known([there[0], back[0]]))), float(own))


def _known(limits: list[Array]) -> Array:
    """All limits that there are; one NaN where there is none."""
    every = np.concatenate(limits)
    known = every[~np.isnan(every)]
    return known if len(known) else np.array([np.nan])


def _chosen(estimate: Estimate, comparable: NDArray[np.bool_]) -> Positions:
    low, high = estimate.limits(Confidence())
    return np.flatnonzero(comparable & ~np.isnan(estimate.value) & ~np.isnan(low) & ~np.isnan(high))


def _ends(value: Array, chosen: Positions, first: Positions, second: Positions) -> tuple[int, int, int]:
    """The groups with the highest and the lowest value, and the place of their pair."""
    top, bottom = int(chosen[np.argmax(value[chosen])]), int(chosen[np.argmin(value[chosen])])
    if top == bottom:  # all are alike: any two will do
        top, bottom = int(chosen[0]), int(chosen[1])
    return top, bottom, int(np.flatnonzero((first == min(top, bottom)) & (second == max(top, bottom)))[0])


def _gap_limits(estimate: Estimate, first: Positions, second: Positions, level: float) -> tuple[Array, Array]:
    if not isinstance(estimate, RatioEstimate):
        each = Confidence(1 - (1 - level) / len(first), True)
        low, high = np.full(len(first), np.nan), np.full(len(first), np.nan)
        for at in np.unique(second):
            here = second == at
            limits = estimate.gap_limits(estimate, int(at), each)
            low[here], high[here] = limits[0][first[here]], limits[1][first[here]]
        return low, high
    value = estimate.value[first] - estimate.value[second]
    low, high = np.full(len(first), np.nan), np.full(len(first), np.nan)
    small = estimate.small[first] | estimate.small[second]
    if small.any():
        a, b = first[small], second[small]
        alone = estimate.limits(Confidence(1 - (1 - level) / len(first), True))
        low[small], high[small] = intervals.difference(
            estimate.value[a],
            (alone[0][a], alone[1][a]),
            estimate.value[b],
            (alone[0][b], alone[1][b]),
            estimate.correlation(a, b),
        )
    big = ~small
    if big.any():
        half = _joint(estimate.drawn(), first[big], second[big], 1 - (1 - level) * float(big.mean()))
        low[big], high[big] = value[big] - half, value[big] + half
    return low, high


def _ratio_limits(
    estimate: RatioEstimate, first: Positions, second: Positions, level: float
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Limits of first over second, and of second over first; NaN where the lower part could be 0."""
    size = len(first)
    low, high, back_low, back_high = (np.full(size, np.nan) for _ in range(4))
    small = estimate.small[first] | estimate.small[second]
    if small.any():
        a, b = first[small], second[small]
        alone = estimate.limits(Confidence(1 - (1 - level) / size, True))
        parts = [(estimate.value[each], (alone[0][each], alone[1][each])) for each in (a, b)]
        together = estimate.correlation(a, b)
        low[small], high[small] = intervals.quotient(*parts[0], *parts[1], together)
        back_low[small], back_high[small] = intervals.quotient(*parts[1], *parts[0], together)
    big = ~small
    if big.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.log(estimate.drawn())
        drawn = np.where(np.isfinite(drawn), drawn, np.nan)
        half = _joint(drawn, first[big], second[big], 1 - (1 - level) * float(big.mean()))
        value = np.log(estimate.value[first[big]]) - np.log(estimate.value[second[big]])
        low[big], high[big] = np.exp(value - half), np.exp(value + half)
        back_low[big], back_high[big] = 1 / high[big], 1 / low[big]
    return (low, high), (back_low, back_high)


def _joint(drawn: Array, first: Positions, second: Positions, level: float) -> Array:
    """Half lengths of intervals of gaps between large groups that hold together."""
    single = float(intervals.critical(level))
    if len(first) > MOST_JOINT:
        parts = np.array_split(np.arange(len(first)), len(first) // 100 + 1)
        spread = [np.nanstd(drawn[:, first[part]] - drawn[:, second[part]], axis=0, ddof=1) for part in parts]
        alone: Array = np.concatenate(spread) * float(intervals.critical(1 - (1 - level) / len(first)))
        return alone
    gaps = drawn[:, first] - drawn[:, second]
    deviation = np.nanstd(gaps, axis=0, ddof=1)
    with np.errstate(invalid="ignore"):
        furthest = np.nanmax(np.abs(gaps - np.nanmean(gaps, axis=0)) / deviation, axis=1)
    half: Array = max(single, float(np.nanquantile(furthest, level))) * deviation
    return half
