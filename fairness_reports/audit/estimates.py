"""A metric in every group of a partition: estimate, uncertainty, gap.

Belongs here: which formula or resampling gives the interval of which figure.
Does not belong here: the formulas (intervals), the rows of the audit (table), what a gap means (states).

Two regimes. A figure is *small* when it rests on fewer than 300 cases or 100 clusters, or a proportion on fewer than 20
cases of one kind: there the bootstrap's percentiles are too short, and at a share of 0 or 1 they have no length at all.
Small figures get a formula (shares by Wilson with a design effect, means by Student's t on the logit); their gaps are
put together from the limits of both parts. All other figures get the bootstrap: percentiles, moved outwards for the
number of clusters, for single intervals, standard errors for simultaneous ones, whose percentiles would lie beyond
1,000 replicates. Inside bands of scores the linearised standard error stands for the bootstrap's: the same to a few per
cent, at a fraction of the time. Where the regimes part was chosen by simulation (simulations/README.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit import intervals
from fairness_reports.audit.auc import Auc
from fairness_reports.audit.metrics import NO_NON_OUTCOMES, NO_OUTCOMES, RATE_BEHIND, RATIOS
from fairness_reports.audit.reasons import ONE_CLUSTER, SAME_SCORES, fewer_than
from fairness_reports.audit.statistics import Sums

Array = NDArray[np.float64]
Limits = tuple[Array, Array]

LEVEL = 0.95
SMALL_CASES, SMALL_KIND, SMALL_CLUSTERS = 300, 20, 100


@dataclass(frozen=True)
class Confidence:
    """How sure an interval is to be.

    Attributes
    ----------
    level : float
        For one interval.
    simultaneous : bool
        Whether it belongs to a family (`level` already adjusted).
    """

    level: float = LEVEL
    simultaneous: bool = False

    @classmethod
    def family(cls, members: int) -> Confidence:
        """Bonferroni: every one of so many intervals at 1 - .05 / members, all of them together at .95."""
        return cls(1 - (1 - LEVEL) / max(members, 1), True)


class Estimate(Protocol):
    """A metric in every group of a partition."""

    value: Array
    cases: Array
    reason: NDArray[np.object_]

    def limits(self, confidence: Confidence) -> Limits:
        """Interval of each value."""
        ...

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """Interval of each value minus the reference's value at a position."""
        ...


def hide(
    value: Array, cases: Array, minimum: int, empty: str, group_cases: Array
) -> tuple[Array, Array, NDArray[np.object_]]:
    """Take out what rests on too few cases, with the reason.

    A group below the minimum is small, whatever the metric. In a group of sufficient size a metric without a single
    case says why.
    """
    reason = np.full(len(value), None, dtype=object)
    reason[cases < minimum] = fewer_than(minimum)
    reason[(cases == 0) & (group_cases >= minimum)] = empty
    missing = np.array([each is not None for each in reason], dtype=np.bool_)
    kept_cases = np.where(missing & (cases > 0), np.nan, cases)
    kept_cases[group_cases < minimum] = np.nan
    return np.where(missing, np.nan, value), kept_cases, reason


def _percentiles(replicates: Array, tail: Array) -> Limits:
    """Percentiles of each column at a tail of its own, between replicates by a straight line."""
    ordered = np.sort(replicates, axis=0)
    place = tail * (len(ordered) - 1)
    below, columns = np.floor(place).astype(np.int64), np.arange(ordered.shape[1])
    above, part = np.minimum(below + 1, len(ordered) - 1), place - below
    last = len(ordered) - 1
    low = ordered[below, columns] * (1 - part) + ordered[above, columns] * part
    high = ordered[last - below, columns] * (1 - part) + ordered[last - above, columns] * part
    return low, high


def _deviation(replicates: Array) -> Array:
    return np.asarray(np.std(replicates, axis=0, ddof=1), dtype=np.float64)


def _correlation(a: Array, b: Array) -> Array:
    """Correlation over the replicates that have both figures; 0, which makes a gap's interval wider, without any."""
    both = ~(np.isnan(a) | np.isnan(b))
    count = np.maximum(both.sum(axis=0), 1)
    a, b = np.where(both, a, 0.0), np.where(both, b, 0.0)
    a, b = (np.where(both, each - each.sum(axis=0) / count, 0.0) for each in (a, b))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    return np.asarray(np.clip(np.nan_to_num(value), -1, 1), dtype=np.float64)


def _without_points(limits: Limits) -> Limits:
    """An interval without length pretends to know: none is shown instead."""
    low, high = limits
    nothing = ~(high - low > 1e-12)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


@dataclass
class RatioEstimate:
    """A metric of RATIOS.

    Parameters
    ----------
    metric : str
        Its name.
    sums : Sums
        The statistics of the partition.
    point : numpy.ndarray
        The estimates to publish.
    replicates : numpy.ndarray, shape (replicates, groups), or None
        Bootstrapped estimates; NaN in groups that are too small to be shown. None: limits from the linearised standard
        error.
    minimum : int
        The minimum cell.
    """

    metric: str
    sums: Sums
    point: Array
    replicates: Array | None
    minimum: int

    def __post_init__(self) -> None:
        self._limits: dict[Confidence, Limits] = {}
        ratio = RATIOS[self.metric]
        numerator, self._all = self.sums.metric(self.metric)
        self.value, self.cases, self.reason = hide(self.point, self._all, self.minimum, ratio.empty, self.sums.cases())
        self._se, self._clusters, self._worst = self.sums.spread(self.metric)
        self.small = (self._all < SMALL_CASES) | (self._clusters < SMALL_CLUSTERS)
        if ratio.proportion:
            self.small |= np.minimum(numerator, self._all - numerator) < SMALL_KIND
        elif self.metric in RATE_BEHIND:
            happened, known = self.sums.metric(RATE_BEHIND[self.metric])
            self.small |= np.minimum(happened, known - happened) < SMALL_KIND
        for i in np.flatnonzero((self._clusters < 2) & ~np.isnan(self.value)):
            self.reason[i] = ONE_CLUSTER

    def _formula(self, level: float) -> Limits:
        t = intervals.critical(level, self._clusters - 1)
        t = np.where(self._clusters < 2, np.nan, t)
        with np.errstate(divide="ignore", invalid="ignore"):
            if RATIOS[self.metric].proportion:
                return self._wilson(self.value, self._all, self._se, self._worst, t)
            if self.metric in RATE_BEHIND:
                # the scores of these cases are given; what is uncertain is how often the outcome happens
                happened, known = self.sums.metric(RATE_BEHIND[self.metric])
                se, _, worst = self.sums.spread(RATE_BEHIND[self.metric])
                rate = happened / known
                low, high = self._wilson(rate, known, se, worst, t)
                return self.value + rate - high, self.value + rate - low
            return intervals.logit_limits(self.value, self._se, t)  # means near 0 err further upwards than downwards

    @staticmethod
    def _wilson(share: Array, cases: Array, se: Array, worst: Array, t: Array) -> Limits:
        return intervals.wilson(share, cases / intervals.design_effect(share, cases, se, worst), t)

    def limits(self, confidence: Confidence) -> Limits:
        """Interval of each value; NaN where there is none."""
        if confidence not in self._limits:  # every gap asks for them once more
            self._limits[confidence] = self._new_limits(confidence)
        return self._limits[confidence]

    def _new_limits(self, confidence: Confidence) -> Limits:
        low, high = self._formula(confidence.level)
        big = ~self.small & ~np.isnan(self.value)
        if big.any():
            if self.replicates is None:
                half = intervals.critical(confidence.level) * self._se[big]
                low[big], high[big] = self.value[big] - half, self.value[big] + half
            else:
                low[big], high[big] = self._resampled(self.replicates, self.value, big, confidence)
            if self.metric not in RATE_BEHIND:
                low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
        return _without_points((low, high))

    def _resampled(self, replicates: Array, value: Array, big: NDArray[np.bool_], confidence: Confidence) -> Limits:
        replicates, value, units = replicates[:, big], value[big], self._clusters[big]
        if not confidence.simultaneous:
            return _percentiles(replicates, intervals.expanded(confidence.level, units))
        half = intervals.critical(confidence.level, units - 1) * _deviation(replicates) * np.sqrt(units / (units - 1))
        return value - half, value + half

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """Interval of each value minus the reference's value at a position; NaN where there is none."""
        assert isinstance(reference, RatioEstimate)  # noqa: S101  # a gap is between figures of one metric
        low, high, shown = self._blank(reference, at)
        mine, other = self.drawn(), reference.drawn()[:, [at]]
        small = shown & (self.small | reference.small[at])
        big = shown & ~small
        if small.any():
            a, b = self.limits(confidence), reference.limits(confidence)
            low[small], high[small] = intervals.difference(
                self.value[small],
                (a[0][small], a[1][small]),
                reference.value[[at]],
                (b[0][[at]], b[1][[at]]),
                _correlation(mine[:, small], other),
            )
        if big.any():
            value = self.value - reference.value[at]
            low[big], high[big] = self._resampled(mine - other, value, big, confidence)
        return _without_points((np.clip(low, -1, 1), np.clip(high, -1, 1)))

    def quotient_limits(self, reference: RatioEstimate, at: int, confidence: Confidence) -> Limits:
        """Interval of each value over the reference's value at a position; NaN where there is none."""
        low, high, shown = self._blank(reference, at)
        shown &= reference.value[at] > 0
        small = shown & (self.small | reference.small[at])
        big = shown & ~small
        mine, other = self.drawn(), reference.drawn()[:, [at]]
        if small.any():
            a, b = self.limits(confidence), reference.limits(confidence)
            low[small], high[small] = intervals.quotient(
                self.value[small],
                (a[0][small], a[1][small]),
                reference.value[[at]],
                (b[0][[at]], b[1][[at]]),
                _correlation(mine[:, small], other),
            )
        if big.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                value = self.value / reference.value[at]
                low[big], high[big] = self._resampled(mine / other, value, big, confidence)
        return _without_points((low, high))

    def drawn(self) -> Array:
        """The replicates of the groups."""
        if self.replicates is None:
            raise ValueError("gaps need replicates")
        return self.replicates

    def correlation(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
        """Correlation between groups, pair by pair, that common clusters cause."""
        drawn = self.drawn()
        return _correlation(drawn[:, first], drawn[:, second])

    def _blank(self, reference: RatioEstimate, at: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        nothing = np.full(len(self.value), np.nan)
        shown = ~np.isnan(self.value) & ~np.isnan(reference.value[at])
        return nothing, nothing.copy(), shown


@dataclass
class AucEstimate:
    """AUC in every group.

    Parameters
    ----------
    auc : Auc
        Values with their covariances.
    minimum : int
        The minimum cell, for each of the two kinds of case.
    group_cases : numpy.ndarray
        Cases in each group, known outcome or not.
    """

    auc: Auc
    minimum: int
    group_cases: Array

    def __post_init__(self) -> None:
        known = self.auc.outcomes + self.auc.others
        self._fewer = np.minimum(self.auc.outcomes, self.auc.others)
        self.value, _, self.reason = hide(self.auc.value, self._fewer, self.minimum, NO_OUTCOMES, self.group_cases)
        for i, reason in enumerate(self.reason):
            if reason == NO_OUTCOMES and self.auc.outcomes[i] > 0:
                self.reason[i] = NO_NON_OUTCOMES
            elif reason is None and not self.auc.varies[i]:
                self.reason[i] = SAME_SCORES
            elif reason is None and self.auc.clusters[i] < 2:
                self.reason[i] = ONE_CLUSTER
        self.cases = np.where(known < self.minimum, np.nan, known)
        self._variance = self.auc.variance()
        self.small = (self._fewer < SMALL_KIND) | (self.auc.clusters < SMALL_CLUSTERS)

    def _critical(self, confidence: Confidence) -> Array:
        # the rarer kind of case says how well the variance is known
        t = intervals.critical(confidence.level, np.minimum(self.auc.clusters, self._fewer) - 1)
        return np.where((self.auc.clusters < 2) | ~self.auc.varies, np.nan, t)

    def limits(self, confidence: Confidence) -> Limits:
        """Interval of each value, symmetric in the logit; at 0 and 1 that of a proportion of the rarer kind of case."""
        t = self._critical(confidence)
        inner = intervals.logit_limits(self.value, np.sqrt(self._variance), t)
        outer = intervals.wilson(self.value, np.maximum(self._fewer, 1), t)
        edge = (self.value == 0) | (self.value == 1)
        return _without_points((np.where(edge, outer[0], inner[0]), np.where(edge, outer[1], inner[1])))

    def gap_limits(self, reference: Estimate, at: int, confidence: Confidence) -> Limits:
        """Interval of each value minus the reference's value at a position; NaN where there is none."""
        assert isinstance(reference, AucEstimate)  # noqa: S101  # a gap is between figures of one metric
        every = np.arange(len(self.value))
        common = self.auc.covariance(reference.auc, every, np.full(len(every), at))
        variance, other = self._variance, float(reference._variance[at])
        half = self._critical(confidence) * np.sqrt(np.maximum(variance + other - 2 * common, 0))
        value = self.value - reference.value[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.clip(np.nan_to_num(common / np.sqrt(variance * other)), -1, 1)
        a, b = self.limits(confidence), reference.limits(confidence)
        formula = intervals.difference(self.value, a, reference.value[[at]], (b[0][[at]], b[1][[at]]), correlation)
        small = self.small | reference.small[at]
        low, high = np.where(small, formula[0], value - half), np.where(small, formula[1], value + half)
        return _without_points((np.clip(low, -1, 1), np.clip(high, -1, 1)))
