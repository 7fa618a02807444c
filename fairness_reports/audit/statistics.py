"""Sufficient statistics: what each cluster adds to each group.

Belongs here: summing cases to (group, cluster) entries, totals, the variance between clusters.
Does not belong here: drawing clusters (fairness_reports.bootstrap), intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit.grouping import Groups
from fairness_reports.audit.metrics import RATIOS, STATISTICS, weighted

Array = NDArray[np.float64]

TABLE = 10_000_000
"""So many codes, groups times clusters, are looked up in a table of 90 MB; more are sorted."""


def added(index: NDArray[np.int64], values: Array | NDArray[np.bool_], size: int) -> Array:
    """Sums of `values` by `index`, in the order of the rows."""
    return np.asarray(np.bincount(index, values.astype(np.float64), size), dtype=np.float64)


def per_case(outcome: Array, score: Array, selected: NDArray[np.bool_]) -> Array:
    """The statistics of single cases, in the order of STATISTICS; an outcome of NaN is unknown."""
    happened, not_happened = outcome == 1, outcome == 0
    unknown = ~(happened | not_happened)
    cells = [happened & selected, happened & ~selected, not_happened & selected, not_happened & ~selected]
    cells += [unknown & selected, unknown & ~selected]
    error = np.where(unknown, 0.0, score - np.where(unknown, 0.0, outcome))
    return np.column_stack(
        [
            *(cell.astype(np.float64) for cell in cells),
            np.where(unknown, 0.0, score),
            np.where(unknown, score, 0.0),
            error * error,
            np.where(selected & ~unknown, score, 0.0),
        ]
    )


def _places(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes that occur, in order, and each code's place among them."""
    if size > TABLE:
        found, place = np.unique(codes, return_inverse=True)
        return found, place.reshape(-1)
    occurs = np.zeros(size, dtype=np.bool_)
    occurs[codes] = True
    places = np.cumsum(occurs, dtype=np.int64) - 1
    return np.flatnonzero(occurs), places[codes]


@dataclass(frozen=True)
class Sums:
    """The statistics of one partition.

    Attributes
    ----------
    groups : Groups
        The partition.
    group, cluster : numpy.ndarray
        Of each entry.
    entries : numpy.ndarray, shape (entries, statistics)
        What a cluster adds to a group.
    totals : numpy.ndarray, shape (groups, statistics)
        Their sums.
    """

    groups: Groups
    group: NDArray[np.int64]
    cluster: NDArray[np.int64]
    entries: Array
    totals: Array

    def metric(self, name: str) -> tuple[Array, Array]:
        """Numerator and denominator of a metric in each group."""
        ratio = RATIOS[name]
        return weighted(self.totals, ratio.numerator), weighted(self.totals, ratio.denominator)

    def cases(self) -> Array:
        """Cases in each group."""
        return weighted(self.totals, RATIOS["selection_rate"].denominator)

    def spread(self, name: str) -> tuple[Array, Array, Array]:
        """How a metric varies between clusters.

        Returns
        -------
        se : numpy.ndarray
            Linearised standard error in each group, clusters taken as the units.
        clusters : numpy.ndarray
            How many clusters the denominator rests on.
        worst : numpy.ndarray
            The design effect if all cases of a cluster were alike: the sum of squared cluster sizes over their sum.
        """
        ratio = RATIOS[name]
        numerator, denominator = self.metric(name)
        size = self.groups.size
        part, whole = weighted(self.entries, ratio.numerator), weighted(self.entries, ratio.denominator)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = part - (numerator / denominator)[self.group] * whole
            clusters = added(self.group, whole > 0, size)
            squares = added(self.group, np.where(whole > 0, residual * residual, 0.0), size)
            se = np.sqrt(squares * clusters / np.maximum(clusters - 1, 1)) / denominator
            worst = added(self.group, whole * whole, size) / denominator
        return se, clusters, worst

    def coordinates(self, keep: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Entries of the kept groups for a sparse matrix: rows (kept group x statistic), columns (cluster), values."""
        position = np.cumsum(keep) - 1
        chosen = keep[self.group]
        values = self.entries[chosen]
        filled = values != 0
        rows = position[self.group[chosen]][:, None] * len(STATISTICS) + np.arange(len(STATISTICS))[None, :]
        columns = np.broadcast_to(self.cluster[chosen][:, None], values.shape)
        return rows[filled], columns[filled], values[filled]


def summed(groups: Groups, cluster: NDArray[np.int64], clusters: int, cases: Array) -> Sums:
    """Sum cases to clusters within groups, and these to groups.

    Parameters
    ----------
    groups : Groups
        The partition.
    cluster : numpy.ndarray
        Per case its cluster, coded from 0.
    clusters : int
        How many clusters there are.
    cases : numpy.ndarray, shape (cases, statistics)
        From `per_case`.
    """
    found, entry = _places(groups.codes * clusters + cluster, groups.size * clusters)
    entries = np.asfortranarray(np.column_stack([added(entry, column, len(found)) for column in cases.T]))
    group, member = (each.astype(np.int64) for each in np.divmod(found, clusters))
    totals = np.column_stack([added(group, column, groups.size) for column in entries.T])
    return Sums(groups, group, member, entries, totals)
