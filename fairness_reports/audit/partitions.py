"""One split measured: every partition with its estimates.

Belongs here: which partitions there are, the one bootstrap that all of them share, the estimates of each.
Does not belong here: gaps and rows (rows), formulas (estimates).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.audit.auc import auc_by_group
from fairness_reports.audit.draws import bootstrapped, replicated
from fairness_reports.audit.estimates import AucEstimate, Estimate, RatioEstimate
from fairness_reports.audit.grouping import Groups, banded, by_attribute, crossed, everybody, score_bands
from fairness_reports.audit.metrics import BAND_METRICS, RATIOS
from fairness_reports.audit.points import fairlearn_points
from fairness_reports.audit.statistics import Sums, per_case, summed
from fairness_reports.spec import JOIN, ProtectedSpec

Array = NDArray[np.float64]

TOLERANCE = 1e-12
"""How far our own sums may be from fairlearn's figures."""


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
        for each, drawn in bootstrapped(
            [sums(each) for each in (everyone, *single.values(), *multiple)], minimum, clusters, seed, replicates
        )
    ]
    in_bands = [_in_bands(sums(banded(each, band_names, band)), minimum) for each in (everyone, *single.values())]
    return Measured(partitions[0], partitions, in_bands)


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
        metric: RatioEstimate(metric, sums, points[metric], replicated(ratio, drawn, keep), minimum)
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
