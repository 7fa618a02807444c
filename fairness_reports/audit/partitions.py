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
from fairness_reports.audit.auc import auc_across, auc_by_group
from fairness_reports.audit.draws import bootstrapped, replicated
from fairness_reports.audit.estimates import AucEstimate, Estimate, RatioEstimate
from fairness_reports.audit.grouping import Groups, banded, by_attribute, crossed, everybody, pooled, score_bands
from fairness_reports.audit.metrics import (
    ALL_SELECTED,
    AREAS,
    BAND_METRICS,
    NO_KNOWN,
    NO_NON_OUTCOMES,
    NO_OUTCOMES,
    NONE_SELECTED,
    RATIOS,
    SCORED,
)
from fairness_reports.audit.points import fairlearn_points
from fairness_reports.audit.reasons import NO_SCORES, NONE_KNOWN, TOO_MANY_GROUPS
from fairness_reports.audit.shares import shares
from fairness_reports.audit.statistics import Sums, per_case, summed
from fairness_reports.audit.unmeasured import Unmeasured
from fairness_reports.spec import JOIN, OVERALL, ProtectedSpec

Array = NDArray[np.float64]

TOLERANCE = 1e-12
"""How far our own sums may be from fairlearn's figures."""
MOST_GROUPS = 1_000
"""Of one attribute; with more, nothing could be read, and 1,000 replicates would fill the memory."""
FAIRLEARN_GROUPS = 100
"""fairlearn takes seconds for more groups: then our own sums stand alone, as for crossed attributes."""


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


@dataclass(frozen=True)
class _Cases:
    """The cases of the split, in columns."""

    outcome: Array
    score: Array
    statistics: Array
    cluster: NDArray[np.int64]
    clusters: int
    minimum: int
    unscored: str | None

    def sums(self, groups: Groups) -> Sums:
        return summed(groups, groups.of(self.cluster), self.clusters, groups.of(self.statistics))

    def areas(self, groups: Groups) -> dict[str, Estimate]:
        """AUC within and across groups."""
        if JOIN in groups.attribute:
            return {}  # within intersections AUC says little and costs much
        if self.unscored == NO_SCORES:
            return {metric: Unmeasured(NO_SCORES, groups.cases(), self.minimum) for metric in AREAS}
        columns = (self.cluster, self.clusters, self.outcome, self.score)
        within = AucEstimate(auc_by_group(groups, *columns), self.minimum, groups.cases())
        if groups.attribute == OVERALL:
            return {"auc": within, "auc_across": within}
        across = auc_across(groups, *columns)
        if across is None:
            return {"auc": within, "auc_across": Unmeasured(TOO_MANY_GROUPS, groups.cases(), self.minimum)}
        beside = AucEstimate(across, self.minimum, groups.cases())
        # everybody's non-outcomes are known: the sum would tell how few outcomes there are
        beside.cases = np.where(across.outcomes < self.minimum, np.nan, beside.cases)
        return {"auc": within, "auc_across": beside}


def measure(
    rows: pd.DataFrame,
    protected: ProtectedSpec,
    missing: list[str],
    minimum: int,
    seed: list[int],
    replicates: int,
    bands: Sequence[float] | None,
    unscored: str | None = None,
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
    unscored : str, optional
        Why the scores are no probabilities, from `prepare.scale`. There are no bands then.
    """
    outcome, score = rows["outcome"].to_numpy(), rows["score"].to_numpy()
    code, names = pd.factorize(rows["cluster_id"], sort=True)
    cluster, clusters = code.astype(np.int64), len(names)
    used = score if unscored is None else np.zeros(len(rows))
    statistics = per_case(outcome, used, rows["selected"].to_numpy())
    cases = _Cases(outcome, score, statistics, cluster, clusters, minimum, unscored)
    everyone = everybody(len(rows))
    plain = {
        name: by_attribute(name, rows[f"attribute {name}"].tolist(), protected.missing_label)
        for name in protected.attributes
        if name not in missing
    }
    for name, groups in plain.items():
        if groups.size > MOST_GROUPS:
            raise PlumblineError(
                f"the attribute {name} has {groups.size:,} groups, more than {MOST_GROUPS:,}.",
                where=name,
                todo="Audit something coarser: a number or a name of its own for nearly each case is no group.",
            )
    single = [pooled(each, minimum) for each in plain.values()]
    multiple = [
        crossed([plain[name] for name in names]) for names in protected.crossed() if not set(names) & set(missing)
    ]
    parts = [cases.sums(each) for each in (everyone, *single, *multiple)]
    partitions: list[Partition] = []
    for sums, drawn in bootstrapped(parts, minimum, clusters, seed, replicates):
        if not partitions:
            # everybody, drawn in the same replicates as each group; nobody's figures are shown below the minimum
            all_drawn = drawn[:, 0] if drawn.shape[1] else np.full((replicates, drawn.shape[2]), np.nan)
        more = cases.areas(sums.groups)
        if partitions:
            more |= shares(sums, parts[0], drawn, all_drawn, minimum)
        partitions.append(_partition(sums, drawn, minimum, unscored, more))
    in_bands = []
    if unscored is None:
        band_names, band = score_bands(score, bands)
        in_bands = [_in_bands(cases.sums(banded(each, band_names, band)), minimum) for each in (everyone, *single)]
    return Measured(partitions[0], partitions, in_bands)


def _partition(sums: Sums, drawn: Array, minimum: int, unscored: str | None, more: dict[str, Estimate]) -> Partition:
    keep = sums.cases() >= minimum
    points = {metric: _own_point(sums, metric) for metric in RATIOS}
    if JOIN not in sums.groups.attribute and keep.sum() <= FAIRLEARN_GROUPS:
        for metric, published in fairlearn_points(sums.totals[keep]).items():
            own = points[metric][keep]
            if not np.allclose(own, published, rtol=0, atol=TOLERANCE, equal_nan=True):
                raise PlumblineError(f"our {metric} and fairlearn's differ.", where=sums.groups.attribute)
            points[metric][keep] = published
    estimates: dict[str, Estimate] = {}
    for metric, ratio in RATIOS.items():
        if unscored is not None and metric in SCORED:
            estimates[metric] = Unmeasured(unscored, sums.cases(), minimum)
            continue
        estimate = RatioEstimate(metric, sums, points[metric], replicated(ratio, drawn, keep), minimum)
        if ratio.empty in {NONE_SELECTED, ALL_SELECTED}:
            _none_known(estimate, sums, ratio.empty)
        elif ratio.empty in {NO_OUTCOMES, NO_NON_OUTCOMES}:
            # where no outcome is known, nobody can say that there are none
            estimate.reason[(estimate.reason == ratio.empty) & (sums.metric("base_rate")[1] == 0)] = NO_KNOWN
        estimates[metric] = estimate
    return Partition(sums.groups, sums.cases(), estimates | more)


def _none_known(estimate: RatioEstimate, sums: Sums, empty: str) -> None:
    """Somebody is (or is not) selected, but of nobody among them the outcome is known: another reason."""
    selected, cases = sums.metric("selection_rate")
    some = selected > 0 if empty == NONE_SELECTED else selected < cases
    estimate.reason[(estimate.reason == empty) & some] = NONE_KNOWN


def _in_bands(sums: Sums, minimum: int) -> Partition:
    estimates: dict[str, Estimate] = {
        metric: RatioEstimate(metric, sums, _own_point(sums, metric), None, minimum) for metric in BAND_METRICS[1:]
    }
    return Partition(sums.groups, sums.cases(), estimates)


def _own_point(sums: Sums, metric: str) -> Array:
    numerator, denominator = sums.metric(metric)
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator
