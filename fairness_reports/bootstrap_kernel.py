"""The compiled loops of the cluster bootstrap.

Belongs here: arithmetic on plain arrays, in a fixed order.
Does not belong here: what is drawn and why (bootstrap).

Numba is imported with this module: import it inside functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.compiled import compiled

WIDTH = 64
"""Replicates of a block: the weights of a cluster fill one line of the processor's cache."""
OPEN = 255
"""In place of a weight that 16 random bits do not decide."""

Array = np.ndarray[Any, Any]


@compiled
def look_up(bits: Array, table: Array, weights: Array, sums: Array, undecided: Array) -> int:
    """Turn random bits into weights.

    Parameters
    ----------
    bits : uint16 array, shape (clusters, WIDTH)
    table : uint8 array, shape (65536,)
        The weight of each pattern of bits, or OPEN.
    weights : uint8 array, shape (clusters, WIDTH)
        Written.
    sums : int64 array, shape (WIDTH,)
        The decided weights are added to it.
    undecided : int64 array, shape (clusters * WIDTH,)
        Written as far as the result says: the flat places that are OPEN.
    """
    count = 0
    for cluster in range(len(bits)):
        for column in range(WIDTH):
            weight = table[bits[cluster, column]]
            weights[cluster, column] = weight
            if weight == OPEN:
                undecided[count] = cluster * WIDTH + column
                count += 1
            else:
                sums[column] += weight
    return count


@compiled
def weigh(starts: Array, clusters: Array, values: Array, weights: Array, result: Array) -> None:
    """Multiply a sparse matrix by the weights.

    Parameters
    ----------
    starts, clusters, values : int32 or int64, the same, float64 arrays
        A matrix of statistics by clusters in compressed rows.
    weights : uint8 array, shape (clusters, WIDTH)
    result : float64 array, shape (statistics, WIDTH)
        Written.
    """
    # cell by cell: with assignments to whole rows it would take ten times as long to compile, and run no faster
    for row in range(len(starts) - 1):
        for column in range(WIDTH):
            result[row, column] = 0.0
        for k in range(starts[row], starts[row + 1]):
            value, cluster = values[k], clusters[k]
            for column in range(WIDTH):
                result[row, column] += value * weights[cluster, column]
