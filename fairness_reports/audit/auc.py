"""AUC within and across groups with the covariances that clusters cause.

Belongs here: areas under the ROC curve by ranks, their linearisation per cluster.
Does not belong here: intervals and rows.

The variance is that of E. R. DeLong et al. (1988), Biometrics 44, 837-845, summed over clusters as in N. A. Obuchowski
(1997), Biometrics 53, 567-578: each case's placement among the cases of the other kind, centred, added up by cluster.
Two sorts instead of 1,000 replicates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit.grouping import Groups
from fairness_reports.audit.statistics import added

Array = NDArray[np.float64]

PAIRS = 100_000
"""Of so many pairs of groups all covariances are kept."""


@dataclass(frozen=True)
class Auc:
    """AUC of each group of a partition.

    Attributes
    ----------
    value : numpy.ndarray
        NaN where a group lacks one of the two kinds of case.
    outcomes, others : numpy.ndarray
        Cases with and without the outcome.
    clusters : numpy.ndarray
        Clusters with a known outcome.
    influence : scipy.sparse.csr_array, shape (groups, clusters)
        What each cluster adds to the error of the estimate.
    varies : numpy.ndarray
        Whether the scores of the group differ at all.
    """

    value: Array
    outcomes: Array
    others: Array
    clusters: Array
    influence: Any
    varies: NDArray[np.bool_]
    _products: dict[int, tuple[Auc, Array]] = field(default_factory=dict, repr=False, compare=False)

    def covariance(self, other: Auc, groups: NDArray[np.int64], others: NDArray[np.int64]) -> Array:
        """Covariance between the AUC of `groups` here and of `others` there, pair by pair."""
        if len(self.value) * len(other.value) > PAIRS:
            alone = self.influence[groups].multiply(other.influence[others]).sum(axis=1)
            return np.asarray(alone, dtype=np.float64).reshape(-1)
        if id(other) not in self._products:  # all pairs at once: every gap asks for some
            self._products[id(other)] = (other, (self.influence @ other.influence.T).toarray())
        product: Array = self._products[id(other)][1][groups, others]
        return product

    def variance(self) -> Array:
        """Variance of each group's AUC, with the usual small-sample factor for the number of clusters."""
        every = np.arange(len(self.value))
        return self.covariance(self, every, every) * self.clusters / np.maximum(self.clusters - 1, 1)


def auc_by_group(groups: Groups, cluster: NDArray[np.int64], clusters: int, outcome: Array, score: Array) -> Auc:
    """AUC of each group, ties counted half; cases with an unknown outcome do not count.

    Parameters
    ----------
    groups : Groups
        The partition.
    cluster : numpy.ndarray
        Per case its cluster, coded from 0.
    clusters : int
        How many clusters there are.
    outcome, score : numpy.ndarray
        Per case; an outcome of NaN is unknown.
    """
    import scipy.sparse as sp

    outcome = groups.of(outcome)
    known = ~np.isnan(outcome)
    group, unit, points = groups.codes[known], groups.of(cluster)[known], groups.of(score)[known]
    happened = outcome[known] == 1
    order = np.lexsort((points, group))
    group, unit, happened, points = group[order], unit[order], happened[order], points[order]
    ones = added(group, happened, groups.size)
    zeros = added(group, ~happened, groups.size)

    # runs of equal scores inside a group
    fresh = np.ones(len(group), dtype=np.bool_)
    fresh[1:] = (group[1:] != group[:-1]) | (points[1:] != points[:-1])
    run = np.cumsum(fresh) - 1
    runs = int(run[-1]) + 1 if len(run) else 0
    run_group = group[fresh]

    def below(kind: NDArray[np.bool_]) -> tuple[Array, Array]:
        inside = added(run, kind, runs)
        before = np.concatenate([[0.0], np.cumsum(inside)])
        group_start = np.searchsorted(run_group, run_group, side="left")
        return before[:-1] - before[group_start], inside

    with np.errstate(divide="ignore", invalid="ignore"):
        other_below, other_tied = below(~happened)
        one_below, one_tied = below(happened)
        lower = (other_below + other_tied / 2)[run] / zeros[group]
        higher = 1 - (one_below + one_tied / 2)[run] / ones[group]
        value = added(group, np.where(happened, np.nan_to_num(lower), 0.0), groups.size) / ones
        value = np.where((ones > 0) & (zeros > 0), value, np.nan)
        centred = np.where(happened, (lower - value[group]) / ones[group], (higher - value[group]) / zeros[group])
    influence = sp.csr_array((np.nan_to_num(centred), (group, unit)), shape=(groups.size, clusters))
    influence.sum_duplicates()
    present = np.unique(group * clusters + unit) // clusters
    varies = np.bincount(run_group, minlength=groups.size) > 1
    return Auc(value, ones, zeros, np.bincount(present, minlength=groups.size).astype(np.float64), influence, varies)


LARGEST = 10_000_000
"""Groups times clusters, of which auc_across keeps one number each: 120 MB."""


def auc_across(groups: Groups, cluster: NDArray[np.int64], clusters: int, outcome: Array, score: Array) -> Auc | None:
    """How often an outcome case of a group has a higher score than a non-outcome case of anybody; ties counted half.

    The xAUC of N. Kallus and A. Zhou (2019), NeurIPS 32, 3438-3448, with everybody as the other side, so that all
    groups are measured against the same cases; its variance as in `auc_by_group`.

    Parameters
    ----------
    groups, cluster, clusters, outcome, score
        As in `auc_by_group`.

    Returns
    -------
    Auc or None
        `others` are everybody's. None where there are too many groups for it.
    """
    import scipy.sparse as sp

    if groups.size * clusters > LARGEST:
        return None
    zero, one = outcome == 0, groups.of(outcome) == 1
    group, unit, points = groups.codes[one], groups.of(cluster)[one], groups.of(score)[one]
    levels, rank = np.unique(np.concatenate([score[zero], points]), return_inverse=True)
    zero_rank, one_rank = np.split(rank.reshape(-1), [int(zero.sum())])
    zeros, ones = float(zero.sum()), np.bincount(group, minlength=groups.size).astype(np.float64)
    tied = np.bincount(zero_rank, minlength=len(levels))
    lower = (np.cumsum(tied) - tied / 2)[one_rank]

    influence = np.zeros((groups.size, clusters))
    value, present = np.full(groups.size, np.nan), np.zeros(groups.size)
    varies = np.zeros(groups.size, dtype=np.bool_)
    with_zero = np.bincount(cluster[zero], minlength=clusters)
    for at in np.flatnonzero(ones) if zeros else []:
        own = group == at
        value[at] = lower[own].sum() / zeros / ones[at]
        inside = np.bincount(one_rank[own], minlength=len(levels))
        higher = 1 - (np.cumsum(inside) - inside / 2)[zero_rank] / ones[at]
        influence[at] = added(unit[own], (lower[own] / zeros - value[at]) / ones[at], clusters)
        influence[at] += added(cluster[zero], (higher - value[at]) / zeros, clusters)
        present[at] = np.count_nonzero(with_zero + np.bincount(unit[own], minlength=clusters))
        varies[at] = np.count_nonzero(tied + inside) > 1
    return Auc(value, ones, np.full(groups.size, zeros), present, sp.csr_array(influence), varies)
