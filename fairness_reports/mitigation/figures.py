"""Figures of one split for all options on the same draws of clusters.

Belongs here: points, their spread between clusters, and what two options differ by on the same cases.
Does not belong here: rows of the table (rows), how an option is fitted (options).

Every option is measured on the same cases, so what it changes is known better than where it ends: all are resampled
with the same draws of whole clusters, and differences are taken draw by draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit.auc import auc_by_group
from fairness_reports.audit.grouping import Groups, everybody
from fairness_reports.audit.metrics import RATIOS, STATISTICS, weighted
from fairness_reports.audit.statistics import per_case
from fairness_reports.bootstrap import replicate

Array = NDArray[np.float64]

REPLICATES: Final = 1000
Z_95: Final = 1.959963984540054
SMALL_KIND: Final = 20
"""With fewer cases of one kind the draws understate a rate's spread: it is then at least that of plus-four counts."""
LEAST_IN_LARGEST: Final = 30
"""Groups whose figure rests on fewer cases have their own rows, but are not asked for the largest gap: chance would
decide it, and its interval would be theirs."""
EQUAL: Final = 1e-12
"""Scores that differ by no more are the same: the last bits of a fit."""
OF_SCORES: Final = frozenset({"mean_score", "brier", "calibration", "calibration_selected"})
"""Metrics that need a probability."""


@dataclass(frozen=True)
class Scored:
    """What an option says of a split's test rows.

    Attributes
    ----------
    score : ndarray of float64
        Per case; the higher, the earlier it is its turn.
    selected : ndarray of bool
        Whether it is within the capacity.
    probability : bool
        Whether `score` is a probability of the outcome.
    """

    score: Array
    selected: NDArray[np.bool_]
    probability: bool


@dataclass(frozen=True)
class Rate:
    """A metric in each group of a partition, for one option.

    Attributes
    ----------
    value, cases : ndarray, shape (groups,)
        The figure (NaN without cases) and the cases under it.
    draws : ndarray, shape (replicates, groups)
        Bootstrapped figures.
    floor : ndarray, shape (groups,)
        The least standard error; 0 where the draws can be trusted.
    """

    value: Array
    cases: Array
    draws: Array
    floor: Array

    @property
    def se(self) -> Array:
        """Standard errors."""
        return np.maximum(_deviation(self.draws), self.floor)


@dataclass(frozen=True)
class Difference:
    """Groups minus their reference, for one option; NaN at the reference itself and where a figure is missing."""

    value: Array
    cases: Array
    draws: Array
    floor: Array

    def resting_on(self, least: int) -> Difference:
        """The same without groups whose figure rests on fewer cases."""
        return replace(self, value=np.where(self.cases < least, np.nan, self.value))

    @property
    def se(self) -> Array:
        """Standard errors."""
        return np.maximum(_deviation(self.draws), self.floor)


class Figures:
    """All options measured on one split.

    Parameters
    ----------
    outcome : ndarray of float64
        1, 0 or NaN.
    cluster_id : ndarray
        Cluster of each case.
    options : mapping of str to Scored
        By option.
    partitions : sequence of Groups
        The groups of each attribute that is looked at.
    seed : list of int
        Of the draws.
    """

    def __init__(
        self,
        outcome: Array,
        cluster_id: NDArray[np.object_],
        options: Mapping[str, Scored],
        partitions: list[Groups],
        seed: list[int],
    ) -> None:
        codes, names = pd.factorize(np.asarray(cluster_id, dtype=object).astype(str), sort=True)
        self.outcome, self.options = outcome, dict(options)
        self._cluster, self._clusters = codes.astype(np.int64), len(names)
        self.groups = {each.attribute: each for each in (everybody(len(outcome)), *partitions)}
        self._totals, self._draws = self._drawn(seed)
        self._areas: dict[str, Any] = {}

    def _drawn(self, seed: list[int]) -> tuple[dict[tuple[str, str], Array], dict[tuple[str, str], Array]]:
        import scipy.sparse as sp

        pieces, at, shapes = [], 0, {}
        for option, scored in self.options.items():
            score = scored.score if scored.probability else np.zeros(len(self.outcome))
            cases = per_case(self.outcome, score, scored.selected)
            for attribute, groups in self.groups.items():
                row = at + groups.codes[:, None] * len(STATISTICS) + np.arange(len(STATISTICS))[None, :]
                column = np.broadcast_to(self._cluster[:, None], cases.shape)
                filled = cases != 0
                pieces.append((row[filled], column[filled], cases[filled]))
                shapes[option, attribute] = (at, groups.size)
                at += groups.size * len(STATISTICS)
        rows, columns, values = (np.concatenate(each) for each in zip(*pieces, strict=True))
        sums = sp.csr_array((values, (rows, columns)), shape=(at, self._clusters))
        sums.sum_duplicates()
        drawn = replicate(sums, REPLICATES, seed)
        total = np.asarray(sums.sum(axis=1), dtype=np.float64).reshape(-1)
        totals, draws = {}, {}
        for key, (start, size) in shapes.items():
            end = start + size * len(STATISTICS)
            totals[key] = total[start:end].reshape(size, len(STATISTICS))
            draws[key] = drawn[:, start:end].reshape(len(drawn), size, len(STATISTICS))
        return totals, draws

    def rate(self, option: str, attribute: str, metric: str) -> Rate:
        """A metric of `fairness_reports.audit.metrics.RATIOS` in each group."""
        ratio, totals = RATIOS[metric], self._totals[option, attribute]
        part, whole = weighted(totals, ratio.numerator), weighted(totals, ratio.denominator)
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = self._draws[option, attribute]
            drawn = weighted(draws, ratio.numerator) / weighted(draws, ratio.denominator)
            value = part / whole
        floor = np.zeros(len(value))
        if ratio.proportion:
            few = np.minimum(part, whole - part) < SMALL_KIND
            share = (part + 2) / (whole + 4)  # A. Agresti, B. Caffo (2000), The American Statistician 54, 280-288
            floor = np.where(few, np.sqrt(share * (1 - share) / (whole + 4)), 0.0)
        return Rate(value, whole, drawn, floor)

    def difference(self, option: str, attribute: str, metric: str, reference: int | None, minimum: int) -> Difference:
        """Each group minus its reference: a position among the groups, or None for everybody.

        Groups with fewer cases under the figure than `minimum` have none, nor has anybody where the reference is so
        small.
        """
        rate = self.rate(option, attribute, metric)
        base = self.rate(option, "overall", metric) if reference is None else rate
        at = 0 if reference is None else reference
        value, draws = rate.value - base.value[at], rate.draws - base.draws[:, [at]]
        hidden = (rate.cases < minimum) | (base.cases[at] < minimum)
        if reference is not None:
            hidden[reference] = True
        value = np.where(hidden, np.nan, value)
        floor = rate.floor if reference is None else np.hypot(rate.floor, rate.floor[reference])
        return Difference(value, rate.cases, draws, floor)

    def auc(self, option: str) -> tuple[float, float, Array]:
        """AUC over all cases: value, standard error, influence of each cluster."""
        if option not in self._areas:
            scored = self.options[option].score
            found = auc_by_group(everybody(len(scored)), self._cluster, self._clusters, self.outcome, scored)
            influence = np.asarray(found.influence.todense(), dtype=np.float64).reshape(-1)
            self._areas[option] = (float(found.value[0]), self._spread(influence), influence)
        area: tuple[float, float, Array] = self._areas[option]
        return area

    def auc_change(self, option: str, other: str) -> tuple[float, float]:
        """AUC of an option minus another's on the same cases, and its standard error (DeLong 1988, by clusters)."""
        (value, _, mine), (base, _, theirs) = self.auc(option), self.auc(other)
        return value - base, self._spread(mine - theirs)

    def _spread(self, influence: Array) -> float:
        clusters = max(self._clusters, 2)
        return float(np.sqrt((influence * influence).sum() * clusters / (clusters - 1)))

    def kinds(self) -> tuple[int, int]:
        """Cases with and without the outcome."""
        return int((self.outcome == 1).sum()), int((self.outcome == 0).sum())

    def same(self, option: str, other: str) -> bool:
        """Whether both select the same people."""
        return bool((self.options[option].selected == self.options[other].selected).all())

    def unchanged(self, option: str, other: str) -> bool:
        """Whether both give everybody the same score, so that nothing can differ."""
        mine, theirs = self.options[option], self.options[other]
        alike = mine.probability == theirs.probability and self.same(option, other)
        return alike and bool((np.abs(mine.score - theirs.score) <= EQUAL).all())

    def differently(self, option: str, other: str, metric: str) -> float:
        """The least standard error of a rate's change: that of one more case on either side than there are.

        Plus counts for paired shares: A. Agresti, Y. Min (2005), Statistics in Medicine 24, 729-740.
        """
        mine, theirs = self.options[option].selected, self.options[other].selected
        counted = self.outcome == 1 if metric == "tpr" else ~np.isnan(self.outcome) & (mine | theirs)
        return float(np.sqrt((mine != theirs)[counted].sum() + 1) / (counted.sum() + 2))


def wilson(share: float, cases: float, se: float) -> tuple[float, float]:
    """Wilson's interval of a share with as many cases as its standard error is worth (E. B. Wilson 1927; L. Kish 1965).

    Parameters
    ----------
    share : float
        In [0, 1].
    cases : float
        Under it.
    se : float
        Its standard error between clusters.
    """
    worth = cases
    if se > 1e-9 and 0 < share < 1:
        worth = min(cases, max(share * (1 - share) / se**2, 1.0))
    square = Z_95**2
    middle = (share + square / (2 * worth)) / (1 + square / worth)
    half = Z_95 / (1 + square / worth) * np.sqrt(share * (1 - share) / worth + square / (4 * worth**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def largest(gap: Difference) -> tuple[int, float, float, float] | None:
    """The largest absolute gap, with an interval that allows for its having been looked for.

    Simultaneous limits of all gaps (the largest standardised deviation in each draw gives the critical value; e.g.
    J. Montiel Olea, M. Plagborg-Møller 2019, Journal of Applied Econometrics 34, 1-17), of which the largest is taken.

    Returns
    -------
    (position, value, low, high) or None
        None where no group has a gap.
    """
    shown = np.flatnonzero(~np.isnan(gap.value))
    if not len(shown):
        return None
    value, se = gap.value[shown], gap.se[shown]
    critical = _critical(gap.draws[:, shown] - value, _deviation(gap.draws[:, shown]))
    at = int(np.argmax(np.abs(value)))
    low = max(float((np.abs(value) - critical * se).max()), 0.0)
    high = min(float((np.abs(value) + critical * se).max()), 1.0)
    return int(shown[at]), float(abs(value[at])), low, high


def change_of_largest(option: Difference, other: Difference) -> tuple[float, float, float] | None:
    """The largest absolute gap under an option minus that under another, with an interval.

    The change is max over groups and signs of the option's gaps minus max over those of the other's: a largest of
    smallest differences that are all plain sums. Simultaneous limits of these differences therefore give limits of the
    change, whichever groups are the true extremes; pairs that are out of the question (three standard errors below the
    extreme) are left out.

    Returns
    -------
    (value, low, high) or None
        None where a side has no gap.
    """
    sides = []
    for side in (option, other):
        shown = np.flatnonzero(~np.isnan(side.value))
        if not len(shown):
            return None
        signed = np.concatenate([side.value[shown], -side.value[shown]])
        draws = np.concatenate([side.draws[:, shown], -side.draws[:, shown]], axis=1)
        se, one_more = np.tile(side.se[shown], 2), np.tile(1 / (side.cases[shown] + 2), 2)
        top = int(np.argmax(signed))
        keep = signed >= signed[top] - 3 * (se + se[top])
        sides.append((signed[keep], draws[:, keep], one_more[keep], signed[top]))
    (a, a_draws, a_case, a_top), (b, b_draws, b_case, b_top) = sides
    value = (a[:, None] - b[None, :]).reshape(-1)
    draws = (a_draws[:, :, None] - b_draws[:, None, :]).reshape(len(a_draws), -1)
    spread = _deviation(draws)
    # as if one more case had been selected otherwise than there are: where nobody was, that is no proof
    se = np.maximum(spread, np.maximum(a_case[:, None], b_case[None, :]).reshape(-1))
    half = _critical(draws - value, spread) * se
    shape = (len(a), len(b))
    low = float((value - half).reshape(shape).min(axis=1).max())
    high = float((value + half).reshape(shape).min(axis=1).max())
    return float(a_top - b_top), max(low, -1.0), min(high, 1.0)


def _deviation(draws: Array) -> Array:
    known = ~np.isnan(draws)
    count = known.sum(axis=0)
    filled = np.where(known, draws, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, draws - mean, 0.0) ** 2
    found: Array = np.sqrt(squares.sum(axis=0) / np.maximum(count - 1, 1))
    return found


def _critical(deviations: Array, se: Array) -> float:
    """The 95 % quantile of the largest standardised deviation; at least that of one normal figure."""
    usable = se > 0
    if not usable.any():
        return Z_95
    largest_of = np.nanmax(np.abs(np.nan_to_num(deviations[:, usable])) / se[usable], axis=1)
    return max(float(np.quantile(largest_of, 0.95)), Z_95)
