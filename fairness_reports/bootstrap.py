"""The cluster bootstrap, from sufficient statistics.

Belongs here: drawing clusters with replacement and summing their statistics, fast and with bounded memory.
Does not belong here: what is summed (fairness_reports.audit.statistics), what an interval is
(fairness_reports.audit.intervals), the loops (bootstrap_kernel).

Whole clusters (households, persons) are drawn, because the rows of one cluster are not independent. A replicate needs
no rows: any figure that is a function of sums needs only each cluster's sums and how often the cluster was drawn.

How often each of n clusters is drawn in n draws is multinomial. Drawing n numbers and counting them is slow, so that
the counts are drawn instead: independent Poisson numbers with a mean a little below 1 are multinomial given their sum;
what is missing to n is then drawn one by one, and what is too many (in some 3 of 100,000 replicates) is taken out one
by one. The result is multinomial exactly, whatever the sum was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SLICE = 16_384
"""Clusters whose weights are drawn at a time."""
BELOW = 4.0
"""By how many standard deviations the expected sum of the Poisson numbers stays below what is wanted."""
_PATTERNS = 2**16


def replicate(sums: Any, replicates: int, seed: int | list[int]) -> NDArray[np.float64]:
    """Bootstrap sums of clusters.

    Parameters
    ----------
    sums : scipy.sparse.csr_array, shape (statistics, clusters)
        What each cluster contributes to each statistic.
    replicates : int
        How many times all clusters are drawn with replacement.
    seed : int or list of int
        The same seed and the same number of clusters give the same draws, whatever `sums` holds: statistics
        bootstrapped apart may be subtracted from each other.

    Returns
    -------
    numpy.ndarray, shape (replicates, statistics)
        The sums of each replicate.
    """
    from fairness_reports.bootstrap_kernel import WIDTH, weigh

    statistics, clusters = (int(each) for each in sums.shape)
    rng = np.random.default_rng(seed)
    table = _table(clusters)
    values, result = sums.data.astype(np.float64), np.empty((replicates, statistics))
    weights, block = np.empty((clusters, WIDTH), dtype=np.uint8), np.empty((statistics, WIDTH))
    for start in range(0, replicates, WIDTH):
        _draw(rng, table, weights)
        weigh(sums.indptr, sums.indices, values, weights, block)
        size = min(WIDTH, replicates - start)
        result[start : start + size] = block[:, :size].T
    return result


def _table(clusters: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The Poisson numbers that 16 random bits stand for, OPEN where they do not decide, and the distribution."""
    from scipy.special import pdtr

    from fairness_reports.bootstrap_kernel import OPEN

    mean = max(1 - BELOW / np.sqrt(clusters), 0.0) if clusters else 0.0
    distribution = np.asarray(pdtr(np.arange(40), mean), dtype=np.float64)
    edges = distribution * _PATTERNS
    table = np.searchsorted(edges, np.arange(_PATTERNS), side="right").astype(np.uint8)
    within = edges[(edges < _PATTERNS) & (edges != np.floor(edges))]
    table[np.floor(within).astype(np.int64)] = OPEN
    return table, distribution


def _draw(
    rng: np.random.Generator, table: tuple[NDArray[np.uint8], NDArray[np.float64]], weights: NDArray[np.uint8]
) -> None:
    """Draw a block: how often each cluster occurs, in every column as often in all as there are clusters."""
    from fairness_reports.bootstrap_kernel import WIDTH, look_up

    patterns, distribution = table
    clusters, sums = len(weights), np.zeros(WIDTH, dtype=np.int64)
    undecided = np.empty(min(SLICE, clusters) * WIDTH, dtype=np.int64)
    for start in range(0, clusters, SLICE):
        part = weights[start : start + SLICE]
        bits = rng.bit_generator.random_raw(part.size // 4).view(np.uint16).reshape(part.shape)
        at = undecided[: look_up(bits, patterns, part, sums, undecided)]
        found = _decided(rng, bits.reshape(-1)[at], distribution)
        part.reshape(-1)[at] = found
        sums += np.bincount(at % WIDTH, found, WIDTH).astype(np.int64)
    for column in np.flatnonzero(sums > clusters):
        units = np.repeat(np.arange(clusters), weights[:, column])
        gone = rng.choice(len(units), int(sums[column]) - clusters, replace=False)
        np.subtract.at(weights[:, column], units[gone], np.uint8(1))
    missing = np.maximum(clusters - sums, 0)
    chosen = rng.integers(0, max(clusters, 1), int(missing.sum()), dtype=np.uint32)
    np.add.at(weights.reshape(-1), chosen * np.int64(WIDTH) + np.repeat(np.arange(WIDTH), missing), np.uint8(1))


def _decided(
    rng: np.random.Generator, bits: NDArray[np.uint16], distribution: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Weights from patterns of bits that do not decide, and finer ones."""
    return np.searchsorted(distribution, (bits + rng.random(len(bits))) / _PATTERNS, side="right").astype(np.int64)
