"""The replicates of the cluster bootstrap, a few at a time.

Belongs here: how often each row counts in each replicate.
Does not belong here: what is computed from it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

REPLICATES = 500
_AT_ONCE = 32  # replicates in a block: the block of a usual test stays in the processor's cache
_CELLS = 4_000_000  # and of a huge one in 32 MB, so that memory does not grow with rows x replicates


def draws(clusters: np.ndarray, seed: int, replicates: int = REPLICATES) -> Iterator[np.ndarray]:
    """Weights of the rows: whole clusters are drawn with replacement, as many as there are.

    Parameters
    ----------
    clusters : ndarray
        Cluster of each row. Clusters are numbered by their ids in order, so the order of the rows has no say.
    seed : int
        Seed of the generator. The same clusters and seed give the same draws, and so one set of draws for all models
        that scored the same rows.
    replicates : int
        How many replicates in all.

    Yields
    ------
    ndarray of float64, some replicates x rows
        How often each row counts; all blocks together hold `replicates` rows.
    """
    codes, ids = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    generator = np.random.default_rng(seed)
    block = max(1, min(_AT_ONCE, _CELLS // max(len(codes), 1)))
    for start in range(0, replicates, block):
        count = min(block, replicates - start)
        drawn = np.empty((count, len(ids)), dtype=np.float64)
        for row in drawn:
            row[:] = np.bincount(generator.integers(0, len(ids), len(ids)), minlength=len(ids))
        yield np.take(drawn, codes, axis=1)
