"""How far bounds could be off because the cases are a sample.

Belongs here: second moments between clusters, standard errors of the ends of bounds, the interval around both.
Does not belong here: the bounds (bounds), what the cells hold (cells).

The ends of bounds are functions of counts, so their standard errors follow from what every cluster adds to the counts
and from the derivatives (the delta method). Where an end is attained inside a range of true outcomes its derivative by
that number is zero, and the count does not matter. The interval covers the parameter, not the whole of the bounds, with
95 %: G. W. Imbens and C. F. Manski (2004), Econometrica 72, 1845-1857; that the ends are in order whatever the sample,
as here, is what it needs to hold for narrow bounds, too: J. Stoye (2009), Econometrica 77, 1299-1315.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """What clusters add to groups, and the sums of their products.

    Attributes
    ----------
    totals : numpy.ndarray, shape (groups, statistics)
        Sums over the clusters.
    inside : numpy.ndarray, shape (groups, statistics, statistics)
        Sums over clusters of products of what each adds to the group.
    clusters : numpy.ndarray, shape (groups,)
        How many clusters a group has cases in.
    start, cluster, entries : numpy.ndarray
        What each cluster adds, group by group: where a group's entries start, their clusters, their values.
    """

    totals: Array
    inside: Array
    clusters: Array
    start: Codes
    cluster: Codes
    entries: Array

    def with_others(self, others: Array) -> Array:
        """Sums of products with what each cluster adds elsewhere.

        Parameters
        ----------
        others : numpy.ndarray, shape (clusters, statistics)
            From `spread` of another group or of everybody.

        Returns
        -------
        numpy.ndarray, shape (groups, statistics, statistics)
        """
        return np.stack([self.entries[a:b].T @ others[self.cluster[a:b]] for a, b in pairwise(self.start)])

    def spread(self, group: int, clusters: int) -> Array:
        """What every cluster adds to one group, shape (clusters, statistics)."""
        result = np.zeros((clusters, self.entries.shape[1]))
        part = slice(self.start[group], self.start[group + 1])
        result[self.cluster[part]] = self.entries[part]
        return result


def moments(group: Codes, groups: int, cluster: Codes, clusters: int, cell: Codes, cells: int, extra: Array) -> Moments:
    """Sum cases to clusters within groups.

    Parameters
    ----------
    group, cluster, cell : numpy.ndarray of int
        Per case.
    groups, clusters, cells : int
        How many there are.
    extra : numpy.ndarray, shape (cases, columns)
        Further statistics of each case, after the counts by cell.
    """
    found, entry = np.unique(group * clusters + cluster, return_inverse=True)
    entry = entry.reshape(-1)
    size = len(found)
    counts = np.bincount(entry * cells + cell, minlength=size * cells).reshape(size, cells)
    sums = [np.bincount(entry, column, size) for column in extra.T]
    entries = np.column_stack([counts.astype(np.float64), *sums])
    of_group, member = np.divmod(found, clusters)
    start = np.searchsorted(of_group, np.arange(groups + 1)).astype(np.int64)
    pieces = [entries[a:b] for a, b in pairwise(start)]
    totals = np.stack([piece.sum(axis=0) for piece in pieces])
    inside = np.stack([piece.T @ piece for piece in pieces])
    return Moments(totals, inside, np.diff(start).astype(np.float64), start, member.astype(np.int64), entries)


def quadratic(left: Array, middle: Array, right: Array) -> Array:
    """The products left' · middle · right, row by row."""
    return np.asarray(np.einsum("ri,rij,rj->r", left, middle, right, optimize=False), dtype=np.float64)


def critical(width: Array, low_error: Array, high_error: Array, level: Array) -> Array:
    """Imbens and Manski's critical value: c with Phi(c + width / larger error) − Phi(−c) = level.

    Between the one-sided value of wide bounds and the two-sided value of a point.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.nan_to_num(width / np.fmax(low_error, high_error), nan=np.inf, posinf=np.inf)
    low, high = np.zeros(len(width)), np.full(len(width), 12.0)
    for _ in range(50):
        middle = (low + high) / 2
        short = ndtr(middle + far) - ndtr(-middle) < level
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high


def few_clusters(clusters: Array, level: Array) -> Array:
    """How much longer intervals get because the error itself is estimated from few clusters; NaN with one."""
    from scipy.special import ndtri

    tail = 1 - (1 - level) / 2
    degrees = np.where(clusters > 1, clusters - 1, np.nan)
    return np.asarray(stdtrit(degrees, tail) / ndtri(tail), dtype=np.float64)


def share_error(share: Array, cases: Array) -> Array:
    """Standard error of a share after A. Agresti and B. A. Coull (1998): two cases of either kind added.

    At a share of 0 or 1 the linearised error is 0, and says nothing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (np.clip(share, 0, 1) * cases + 2) / (cases + 4)
        return np.asarray(np.sqrt(moved * (1 - moved) / (cases + 4)), dtype=np.float64)
