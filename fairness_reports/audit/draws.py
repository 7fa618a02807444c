"""The draws of the bootstrap, partition by partition.

Belongs here: which statistics are bootstrapped together, replicates of sums turned into replicates of metrics.
Does not belong here: how clusters are drawn (fairness_reports.bootstrap), intervals (estimates).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit.metrics import STATISTICS, Ratio, weighted
from fairness_reports.audit.statistics import Sums
from fairness_reports.bootstrap import replicate

Array = NDArray[np.float64]

CHUNK = 20_000
"""Statistics bootstrapped at a time: 160 MB for 1,000 replicates."""


def bootstrapped(
    parts: list[Sums], minimum: int, clusters: int, seed: list[int], replicates: int
) -> Iterator[tuple[Sums, Array]]:
    """Each partition with the replicates (replicates x kept groups x statistics) of its groups of sufficient size."""
    import scipy.sparse as sp

    for chunk in _chunks(parts, minimum):
        pieces, ends = [], [0]
        for part in chunk:
            keep = part.cases() >= minimum
            rows, columns, values = part.coordinates(keep)
            pieces.append((rows + ends[-1], columns, values))
            ends.append(ends[-1] + int(keep.sum()) * len(STATISTICS))
        rows, columns, values = (np.concatenate(each) for each in zip(*pieces, strict=True))
        drawn = replicate(sp.csr_array((values, (rows, columns)), shape=(ends[-1], clusters)), replicates, seed)
        for i, part in enumerate(chunk):
            yield part, drawn[:, ends[i] : ends[i + 1]].reshape(replicates, -1, len(STATISTICS))


def _chunks(parts: list[Sums], minimum: int) -> Iterator[list[Sums]]:
    chunk: list[Sums] = []
    size = 0
    for part in parts:
        rows = int((part.cases() >= minimum).sum()) * len(STATISTICS)
        if chunk and size + rows > CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += rows
    yield chunk


def replicated(ratio: Ratio, drawn: Array, keep: NDArray[np.bool_]) -> Array:
    """Replicates of a metric (replicates x groups); NaN in groups that were not kept."""
    result = np.full((len(drawn), len(keep)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        result[:, keep] = weighted(drawn, ratio.numerator) / weighted(drawn, ratio.denominator)
    return result
