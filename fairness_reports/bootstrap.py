"""The cluster bootstrap, from sufficient statistics.

Belongs here: drawing clusters with replacement and summing their statistics, fast and with bounded memory.
Does not belong here: what is summed (fairness_reports.audit.statistics), what an interval is
(fairness_reports.audit.intervals).

Whole clusters (households, persons) are drawn, because the rows of one cluster are not independent. A replicate needs
no rows: any figure that is a function of sums needs only each cluster's sums and how often the cluster was drawn, which
is one sparse product for a block of replicates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 48_000_000
"""Memory for the weights of one block; blocks change neither the draws nor the result."""


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
    clusters = int(sums.shape[1])
    rng = np.random.default_rng(seed)
    result = np.empty((replicates, int(sums.shape[0])))
    block = max(1, min(64, BLOCK_BYTES // (8 * max(clusters, 1))))
    for start in range(0, replicates, block):
        size = min(block, replicates - start)
        weights = np.empty(
            (size, clusters), dtype=np.uint16
        )  # small while it is turned; a weight above 65,535 cannot be
        for row in range(size):
            weights[row] = np.bincount(rng.integers(0, clusters, clusters, dtype=np.int32), minlength=clusters)
        result[start : start + size] = (sums @ np.ascontiguousarray(weights.T).astype(np.float64)).T
    return result
