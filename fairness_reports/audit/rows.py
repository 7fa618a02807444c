"""From estimates to rows: values, gaps, ratios, states.

Belongs here: which rows there are, why a row has no figure, which gaps are judged together.
Does not belong here: how a figure or an interval is computed (estimates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit import reasons
from fairness_reports.audit.estimates import Confidence, RatioEstimate
from fairness_reports.audit.metrics import (
    ALL_SELECTED,
    BAND_METRICS,
    DIFFERENCES,
    METRICS,
    NONE_SELECTED,
    QUOTIENTS,
    RATIOS,
)
from fairness_reports.audit.partitions import Measured, Partition
from fairness_reports.audit.table import Table
from fairness_reports.spec import JOIN, OVERALL
from fairness_reports.states import CANNOT_TELL, state

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold

Array = NDArray[np.float64]
Why = NDArray[np.object_]


class SplitRows:
    """The rows of one split.

    Parameters
    ----------
    rows : pandas.DataFrame
        The split's cases, for its name and day.
    measured : Measured
        Its estimates.
    missing_label : str
        Name of the group that is not recorded.
    missing : list of str
        Attributes without a column.
    minimum : int
        The minimum cell.
    judged : list of FairnessThreshold
        The confirmatory gaps; empty but for the test split.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        measured: Measured,
        missing_label: str,
        missing: list[str],
        minimum: int,
        judged: list[FairnessThreshold],
    ) -> None:
        as_of = rows["as_of"].dropna()
        self._table = Table(str(rows["split"].iloc[0]), pd.Timestamp(as_of.max()).date() if len(as_of) else None)
        self._measured, self._missing_label, self._missing = measured, missing_label, missing
        self._minimum, self._judged = minimum, judged

    def frame(self) -> pd.DataFrame:
        """All rows of the split."""
        family = Confidence.family(sum(self._judgeable(threshold) for threshold in self._judged))
        for partition in self._measured.partitions:
            self._values(partition, METRICS)
            if partition is not self._measured.everybody:
                self._comparisons(partition, family)
        for partition in self._measured.banded:
            self._values(partition, BAND_METRICS)
        for attribute in self._missing:
            self._missing_rows(attribute)
        return self._table.frame()

    def _judgeable(self, threshold: FairnessThreshold) -> int:
        """How many gaps a threshold adds to the family: those that have a figure."""
        for partition in self._measured.partitions:
            if partition.groups.attribute == threshold.attribute and threshold.metric in partition.estimates:
                why = self._why_no_gap(partition, threshold.metric, threshold.reference)
                others = [label != threshold.reference for label in partition.groups.labels]
                return sum(each is None and other for each, other in zip(why, others, strict=True))
        return 0

    def _fixed(self, partition: Partition) -> dict[str, Any]:
        groups = partition.groups
        if groups.bands is None:
            return {"attribute": groups.attribute, "group": _column(groups.labels)}
        return {
            "attribute": groups.attribute,
            "group": _column([label for label in groups.labels for _ in groups.bands]),
            "band": _column(groups.bands * len(groups.labels)),
        }

    def _values(self, partition: Partition, metrics: tuple[str, ...]) -> None:
        fixed, size = self._fixed(partition), partition.groups.size
        enough = partition.cases >= self._minimum
        cases, why = np.where(enough, partition.cases, np.nan), np.full(size, None, dtype=object)
        why[~enough] = reasons.fewer_than(self._minimum)
        self._table.add(size, **fixed, metric="n", comparison="value", value=cases, n=cases, reason=why)
        for metric in metrics[1:]:
            if metric in partition.estimates:
                estimate = partition.estimates[metric]
                low, high = estimate.limits(Confidence())
                figures = {"value": estimate.value, "low": low, "high": high, "n": estimate.cases}
                self._table.add(
                    size, **fixed, metric=metric, comparison="value", **figures, reason=estimate.reason.copy()
                )

    def _comparisons(self, partition: Partition, family: Confidence) -> None:
        for metric in DIFFERENCES:
            if metric not in partition.estimates:
                self._unmeasured(partition, metric)
                continue
            judged = self._thresholds(partition, metric)
            for reference in dict.fromkeys([OVERALL, *judged]):
                self._gap(partition, metric, reference, judged.get(reference), family)
            if metric in QUOTIENTS:
                self._quotient(partition, metric)

    def _thresholds(self, partition: Partition, metric: str) -> dict[str, FairnessThreshold]:
        return {
            each.reference: each
            for each in self._judged
            if each.metric == metric and each.attribute == partition.groups.attribute
        }

    def _gap(
        self, partition: Partition, metric: str, reference: str, threshold: FairnessThreshold | None, family: Confidence
    ) -> None:
        estimate, labels = partition.estimates[metric], partition.groups.labels
        why = self._why_no_gap(partition, metric, reference)
        value, low, high = (np.full(len(labels), np.nan) for _ in range(3))
        shown = _empty(why)
        if shown.any():
            base, at = self._reference(partition, metric, reference)
            low, high = estimate.gap_limits(base, at, Confidence() if threshold is None else family)
            value = estimate.value - base.value[at]
            _no_limits(why, shown & np.isnan(low), estimate.reason, reasons.NO_VARIATION)
        figures = _only(_empty(why), {"value": value, "low": low, "high": high}) | {"n": estimate.cases, "reason": why}
        if threshold is not None and threshold.tolerance is not None:
            states = [
                state(*limits, threshold.tolerance) for limits in zip(figures["low"], figures["high"], strict=True)
            ]
            figures |= {"state": _column(states), "confirmatory": np.ones(len(labels), dtype=np.bool_)}
        # the reference is not compared with itself
        rest = np.array([label != reference for label in labels], dtype=np.bool_)
        figures = {name: column[rest] for name, column in figures.items()}
        fixed = {"attribute": partition.groups.attribute, "group": _column(labels)[rest]}
        self._table.add(
            int(rest.sum()), **fixed, metric=metric, comparison="difference", reference=reference, **figures
        )

    def _quotient(self, partition: Partition, metric: str) -> None:
        estimate, base = partition.estimates[metric], self._measured.everybody.estimates[metric]
        if not isinstance(estimate, RatioEstimate) or not isinstance(base, RatioEstimate):
            raise TypeError(f"{metric} has no ratio")
        why = self._why_no_gap(partition, metric, OVERALL)
        value, low, high = (np.full(len(why), np.nan) for _ in range(3))
        shown = _empty(why)
        if shown.any():
            low, high = estimate.quotient_limits(base, 0, Confidence())
            value = estimate.value / base.value[0] if base.value[0] > 0 else value
            nothing = reasons.NO_VARIATION if base.value[0] > 0 else reasons.ZERO_REFERENCE
            _no_limits(why, shown & np.isnan(low), estimate.reason, nothing)
        figures = _only(_empty(why), {"value": value, "low": low, "high": high}) | {"n": estimate.cases, "reason": why}
        fixed = self._fixed(partition)
        self._table.add(len(why), **fixed, metric=metric, comparison="ratio", reference=OVERALL, **figures)

    def _reference(self, partition: Partition, metric: str, reference: str) -> tuple[Any, int]:
        if reference == OVERALL:
            return self._measured.everybody.estimates[metric], 0
        return partition.estimates[metric], partition.groups.labels.index(reference)

    def _why_no_gap(self, partition: Partition, metric: str, reference: str) -> Why:
        """Per group why it has no gap to a reference; None where it has one."""
        estimate, labels = partition.estimates[metric], partition.groups.labels
        common: str | None = None
        if len(labels) == 1:
            common = reasons.NEVER_RECORDED if labels[0] == self._missing_label else reasons.ONE_GROUP
        elif reference != OVERALL and reference not in labels:
            common = reasons.NO_REFERENCE
        else:
            base, at = self._reference(partition, metric, reference)
            if np.isnan(base.value[at]):
                common = base.reason[at] if reference == OVERALL else reasons.SMALL_REFERENCE
            else:
                common = self._nothing_varies(metric)
        why = estimate.reason.copy()
        why[~np.isnan(estimate.value)] = None
        if common is not None:
            why[:] = common
        return why

    def _nothing_varies(self, metric: str) -> str | None:
        """Why no two groups can differ in a metric, or None: a gap of 0 would then be no finding."""
        overall = self._measured.everybody.estimates
        if metric == "auc":
            return reasons.SAME_SCORES if overall["auc"].reason[0] == reasons.SAME_SCORES else None
        if not RATIOS[metric].proportion or overall[metric].value[0] not in {0.0, 1.0}:
            return None
        return {0.0: NONE_SELECTED, 1.0: ALL_SELECTED}.get(
            float(overall["selection_rate"].value[0]), reasons.NO_VARIATION
        )

    def _unmeasured(self, partition: Partition, metric: str) -> None:
        """A judged metric that this partition does not have: the verdict must hear of it."""
        for reference in self._thresholds(partition, metric):
            self._table.add(
                partition.groups.size,
                **self._fixed(partition),
                metric=metric,
                comparison="difference",
                reference=reference,
                state=CANNOT_TELL,
                confirmatory=True,
                reason=reasons.NOT_MEASURED,
            )

    def _missing_rows(self, attribute: str) -> None:
        fixed = {"group": self._missing_label, "reason": reasons.NOT_IN_DATA}
        self._table.add(1, attribute=attribute, **fixed, metric="n", comparison="value")
        for each in self._judged:
            # an intersection goes missing with each of its attributes, and is told once
            lacking = [name for name in each.attribute.split(JOIN) if name in self._missing]
            if lacking and lacking[0] == attribute:
                judged = {"reference": each.reference, "state": CANNOT_TELL, "confirmatory": True}
                self._table.add(
                    1, attribute=each.attribute, **fixed, metric=each.metric, comparison="difference", **judged
                )


def _column(values: list[str]) -> Why:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _empty(why: Why) -> NDArray[np.bool_]:
    return np.array([each is None for each in why], dtype=np.bool_)


def _no_limits(why: Why, at: NDArray[np.bool_], own: Why, otherwise: str) -> None:
    for i in np.flatnonzero(at):
        why[i] = own[i] or otherwise


def _only(shown: NDArray[np.bool_], figures: dict[str, Any]) -> dict[str, Any]:
    return {name: np.where(shown, values, np.nan) for name, values in figures.items()}
