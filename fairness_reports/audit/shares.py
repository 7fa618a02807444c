"""What share of all cases, of all selected and of all recorded outcomes belongs to a group.

Belongs here: shares of everybody's sums and the difference between two of them, with intervals.
Does not belong here: figures inside a group (estimates), the formulas (intervals).

The denominator is everybody's sum, drawn in the same replicates as the group's. Small shares get Wilson's interval with
a design effect, the balance of two small shares is put together from their limits, as in estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit import intervals
from fairness_reports.audit.estimates import (
    SMALL_CASES,
    SMALL_CLUSTERS,
    SMALL_KIND,
    Confidence,
    Estimate,
    Limits,
    hide,
)
from fairness_reports.audit.metrics import ALL_SELECTED, SHARES, weighted, weights
from fairness_reports.audit.reasons import ONE_CLUSTER, ONE_GROUP
from fairness_reports.audit.statistics import Sums, added

Array = NDArray[np.float64]


@dataclass
class ShareEstimate:
    """A metric of SHARES.

    Parameters
    ----------
    metric : str
        Its name.
    sums, everybody : Sums
        The statistics of the partition, and those of all cases as one group.
    drawn : numpy.ndarray, shape (replicates, groups)
        Bootstrapped shares; NaN in groups that are too small to be shown.
    minimum : int
        The minimum cell, for the group and for what is shared.
    """

    metric: str
    sums: Sums
    everybody: Sums
    drawn: Array
    minimum: int

    def __post_init__(self) -> None:
        terms, empty = SHARES[self.metric]
        by, group_cases = weights(terms), self.sums.cases()
        mine, whole = weighted(self.sums.totals, by), weighted(self.everybody.totals, by)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = mine / whole
        self._all = np.full(len(mine), whole[0])
        rests_on = np.where(group_cases < self.minimum, group_cases, self._all)
        self.value, self.cases, self.reason = hide(share, rests_on, self.minimum, empty, group_cases)
        self._se, self.clusters, self._worst = self._spread(by, share)
        self.small = np.minimum(mine, self._all - mine) < SMALL_KIND
        self.small |= (self._all < SMALL_CASES) | (self.clusters < SMALL_CLUSTERS)
        shown = ~np.isnan(self.value)
        if self.sums.groups.size == 1:
            self.reason[shown] = ONE_GROUP
        elif self.clusters < 2:
            self.reason[shown] = ONE_CLUSTER

    def _spread(self, by: Array, share: Array) -> tuple[Array, float, float]:
        """Linearised standard error in each group; clusters with something to share; the worst design effect."""
        whole = np.zeros(int(self.everybody.cluster.max()) + 1)
        whole[self.everybody.cluster] = weighted(self.everybody.entries, by)
        mine, clusters, total = weighted(self.sums.entries, by), float((whole > 0).sum()), whole.sum()
        other = whole[self.sums.cluster]
        size = self.sums.groups.size
        squares = added(self.sums.group, mine * mine, size) - 2 * share * added(self.sums.group, mine * other, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = np.maximum(squares + share**2 * (whole @ whole), 0)
            se = np.sqrt(squares * clusters / max(clusters - 1, 1)) / total
            return se, clusters, float(whole @ whole / total)

    def limits(self, confidence: Confidence) -> Limits:
        """Interval of each share; NaN where there is none."""
        nothing = np.full(len(self.value), np.nan)
        if self.clusters < 2 or self.sums.groups.size == 1:
            return nothing, nothing.copy()
        t = float(intervals.critical(confidence.level, np.array(self.clusters - 1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = intervals.design_effect(self.value, self._all, self._se, np.array(self._worst))
            low, high = intervals.wilson(self.value, self._all / effect, t)
        big = ~self.small & ~np.isnan(self.value)
        return _resampled(self.drawn, big, low, high, confidence, self.clusters)

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """Shares of everybody have no reference."""
        raise ValueError("a share of everybody has no gap")

    def quotient_limits(self, reference: ShareEstimate, at: int, confidence: Confidence) -> Limits:
        """Interval of each share over the reference's share at a position; NaN where there is none."""
        a, b = self.limits(confidence), reference.limits(confidence)
        other = reference.drawn[:, [at]]
        low, high = intervals.quotient(
            self.value,
            a,
            reference.value[[at]],
            (b[0][[at]], b[1][[at]]),
            _correlation(self.drawn, np.broadcast_to(other, self.drawn.shape)),
        )
        big = ~(self.small | reference.small[at]) & ~np.isnan(low)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _resampled(self.drawn / other, big, low, high, confidence, self.clusters)


@dataclass
class BalanceEstimate:
    """A group's share of the selected minus its share of the recorded outcomes.

    Parameters
    ----------
    capacity, outcomes : ShareEstimate
        The two shares.
    """

    capacity: ShareEstimate
    outcomes: ShareEstimate

    def __post_init__(self) -> None:
        a, b = self.capacity, self.outcomes
        self.value, self.cases = a.value - b.value, np.where(np.isnan(a.value), a.cases, b.cases)
        self.reason = np.where(a.reason == None, b.reason, a.reason)  # noqa: E711  # element by element
        selected, everyone = a.everybody.metric("selection_rate")
        if selected[0] == everyone[0]:  # then nothing was shared out
            self.reason[~np.isnan(self.value)] = ALL_SELECTED
            self.value = np.full(len(self.value), np.nan)

    def limits(self, confidence: Confidence) -> Limits:
        """Interval of each difference; NaN where there is none."""
        a, b = self.capacity, self.outcomes
        drawn = a.drawn - b.drawn
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = intervals.difference(
                a.value, a.limits(confidence), b.value, b.limits(confidence), _correlation(a.drawn, b.drawn)
            )
        low, high = (np.where(np.isnan(self.value), np.nan, each) for each in (low, high))
        big = ~(a.small | b.small) & ~np.isnan(low)
        return _resampled(drawn, big, low, high, confidence, min(a.clusters, b.clusters))

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """It is a gap already."""
        raise ValueError("the balance of two shares has no gap")


def _resampled(
    drawn: Array, big: NDArray[np.bool_], low: Array, high: Array, confidence: Confidence, clusters: float
) -> Limits:
    if big.any():
        tail = float(intervals.expanded(confidence.level, np.array(clusters)))
        low[big], high[big] = np.nanquantile(drawn[:, big], [tail, 1 - tail], axis=0)
    nothing = ~(high - low > 1e-12)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def _correlation(a: Array, b: Array) -> Array:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    return np.asarray(np.clip(np.nan_to_num(value), -1, 1), dtype=np.float64)


def shares(sums: Sums, everybody: Sums, drawn: Array, all_drawn: Array, minimum: int) -> dict[str, Estimate]:
    """The shares of one partition and their balance.

    Parameters
    ----------
    sums, everybody : Sums
        As in ShareEstimate.
    drawn : numpy.ndarray, shape (replicates, kept groups, statistics)
        Bootstrapped sums of the groups of sufficient size.
    all_drawn : numpy.ndarray, shape (replicates, statistics)
        The same replicates of everybody.
    minimum : int
        The minimum cell.
    """
    keep, found = sums.cases() >= minimum, {}
    for metric, (terms, _) in SHARES.items():
        by = weights(terms)
        replicates = np.full((len(drawn), len(keep)), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            replicates[:, keep] = weighted(drawn, by) / weighted(all_drawn, by)[:, None]
        found[metric] = ShareEstimate(metric, sums, everybody, replicates, minimum)
    balance = BalanceEstimate(found["capacity_share"], found["outcome_share"])
    return {**found, "capacity_balance": balance}
