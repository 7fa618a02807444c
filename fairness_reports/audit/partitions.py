"""One split measured: every partition with its estimates.

Belongs here: which partitions there are, the one bootstrap that all of them share, the estimates of each.
Does not belong here: gaps and rows (rows), formulas (estimates).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.audit.auc import auc_by_group
from fairness_reports.audit.estimates import AucEstimate, Estimate, RatioEstimate
from fairness_reports.audit.grouping import Groups, banded, by_attribute, crossed, everybody, score_bands
from fairness_reports.audit.metrics import BAND_METRICS, RATIOS, STATISTICS, Ratio, weighted
from fairness_reports.audit.points import fairlearn_points
from fairness_reports.audit.statistics import Sums, per_case, summed
from fairness_reports.bootstrap import replicate
from fairness_reports.spec import JOIN, ProtectedSpec

Array = NDArray[np.float64]

TOLERANCE = 1e-12
"""How far our own sums may be from fairlearn's figures."""
CHUNK = 20_000
"""Statistics bootstrapped at a time: 160 MB for 1,000 replicates."""


@dataclass(frozen=True)
class Partition:
    """A partition of the cases with everything measured on it.

    Attributes
    ----------
    groups : Groups
        The partition.
    cases : numpy.ndarray
        Cases in each group.
    estimates : dict of str to Estimate
        By metric.
    """

    groups: Groups
    cases: Array
    estimates: dict[str, Estimate]


@dataclass(frozen=True)
class Measured:
    """One split: everybody first, then attributes and intersections; and the same in bands of scores."""

    everybody: Partition
    partitions: list[Partition]
    banded: list[Partition]


def measure(
    rows: pd.DataFrame,
    protected: ProtectedSpec,
    missing: list[str],
    minimum: int,
    seed: list[int],
    replicates: int,
    bands: Sequence[float] | None,
) -> Measured:
    """Measure one split.

    Parameters
    ----------
    rows : pandas.DataFrame
        The split's rows, from `prepare.prepared`.
    protected : ProtectedSpec
        Attributes and intersections.
    missing : list of str
        Attributes without a column.
    minimum : int
        The minimum cell.
    seed : list of int
        Of the bootstrap.
    replicates : int
        Of the bootstrap.
    bands : sequence of float or None
        Inner edges of the score bands.
    """
    outcome, score = rows["outcome"].to_numpy(), rows["score"].to_numpy()
    code, names = pd.factorize(rows["cluster_id"], sort=True)
    cluster, clusters = code.astype(np.int64), len(names)
    cases = per_case(outcome, score, rows["selected"].to_numpy())
    everyone = everybody(len(rows))
    single = {
        name: by_attribute(name, rows[f"attribute {name}"].tolist(), protected.missing_label)
        for name in protected.attributes
        if name not in missing
    }
    multiple = [
        crossed([single[name] for name in names]) for names in protected.crossed() if not set(names) & set(missing)
    ]
    band_names, band = score_bands(score, bands)

    def sums(groups: Groups) -> Sums:
        return summed(groups, cluster, clusters, cases)

    def with_auc(groups: Groups) -> AucEstimate | None:
        if JOIN in groups.attribute:
            return None  # within intersections AUC says little and costs much
        auc = auc_by_group(groups, cluster, clusters, outcome, score)
        return AucEstimate(auc, minimum, np.bincount(groups.codes, minlength=groups.size).astype(np.float64))

    partitions = [
        _partition(each, drawn, minimum, with_auc(each.groups))
        for each, drawn in _bootstrapped(
            [sums(each) for each in (everyone, *single.values(), *multiple)], minimum, clusters, seed, replicates
        )
    ]
    in_bands = [_in_bands(sums(banded(each, band_names, band)), minimum) for each in (everyone, *single.values())]
    return Measured(partitions[0], partitions, in_bands)


def _bootstrapped(
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


def _partition(sums: Sums, drawn: Array, minimum: int, auc: AucEstimate | None) -> Partition:
    keep = sums.cases() >= minimum
    points = {metric: _own_point(sums, metric) for metric in RATIOS}
    if JOIN not in sums.groups.attribute:  # fairlearn takes seconds for hundreds of crossed groups
        for metric, published in fairlearn_points(sums.totals[keep]).items():
            own = points[metric][keep]
            if not np.allclose(own, published, rtol=0, atol=TOLERANCE, equal_nan=True):
                raise PlumblineError(f"our {metric} and fairlearn's differ.", where=sums.groups.attribute)
            points[metric][keep] = published
    estimates: dict[str, Estimate] = {
        metric: RatioEstimate(metric, sums, points[metric], _replicates(ratio, drawn, keep), minimum)
        for metric, ratio in RATIOS.items()
    }
    if auc is not None:
        estimates["auc"] = auc
    return Partition(sums.groups, sums.cases(), estimates)


def _in_bands(sums: Sums, minimum: int) -> Partition:
    estimates: dict[str, Estimate] = {
        metric: RatioEstimate(metric, sums, _own_point(sums, metric), None, minimum) for metric in BAND_METRICS[1:]
    }
    return Partition(sums.groups, sums.cases(), estimates)


def _own_point(sums: Sums, metric: str) -> Array:
    numerator, denominator = sums.metric(metric)
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator


def _replicates(ratio: Ratio, drawn: Array, keep: NDArray[np.bool_]) -> Array:
    result = np.full((len(drawn), len(keep)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        result[:, keep] = weighted(drawn, ratio.numerator) / weighted(drawn, ratio.denominator)
    return result
