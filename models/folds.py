"""Which fold a cluster falls into, and numbers that do not depend on threads.

Belongs here: dealing clusters out by a hash of their id, and the guard that keeps sums in one order.
Does not belong here: cutting time (models.splits).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd


def hashed_share(clusters: np.ndarray, seed: int, purpose: str) -> np.ndarray:
    """A number in [0, 1) for each row, the same for all rows of a cluster, whatever other rows there are.

    Parameters
    ----------
    clusters : ndarray of str
        Cluster id of each row.
    seed : int
        Seed of the run.
    purpose : str
        Keeps folds for different ends independent of each other.
    """
    codes, ids = pd.factorize(np.asarray(clusters, dtype=object))
    digests = (hashlib.sha256(f"{purpose}\0{seed}\0{cluster}".encode()).digest()[:8] for cluster in ids)
    shares = np.array([int.from_bytes(digest, "big") / 2**64 for digest in digests], dtype=np.float64)
    return shares[codes]


def cluster_folds(clusters: np.ndarray, count: int, seed: int, purpose: str) -> np.ndarray:
    """Fold number 0 .. count-1 of each row; a cluster is never torn apart."""
    return np.minimum((hashed_share(clusters, seed, purpose) * count).astype(np.int64), count - 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS and OpenMP on one thread: the order of a floating sum, and so its last bits, stay the same."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # publishes no types

    with threadpool_limits(limits=1):
        yield
