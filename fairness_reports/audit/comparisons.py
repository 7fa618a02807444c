"""From estimates to comparisons: gaps and ratios to a reference, the most extreme pair, states.

Belongs here: which comparisons there are, why one has no figure, which gaps are judged together.
Does not belong here: how a figure or an interval is computed (estimates, pairs), the other rows (rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit import power, reasons
from fairness_reports.audit.estimates import Confidence, RatioEstimate
from fairness_reports.audit.metrics import ALL_SELECTED, AREAS, DIFFERENCES, NONE_SELECTED, QUOTIENTS, RATIOS, SHARES
from fairness_reports.audit.pairs import Extreme, extreme_gap, extreme_ratio
from fairness_reports.audit.partitions import Measured, Partition
from fairness_reports.audit.shares import ShareEstimate
from fairness_reports.audit.table import Table
from fairness_reports.audit.unmeasured import Unmeasured
from fairness_reports.spec import JOIN, OVERALL, POOLED
from fairness_reports.states import CANNOT_TELL, NOT_JUDGED, state

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold

Array = NDArray[np.float64]
Why = NDArray[np.object_]

LARGEST_GAP: Final = "largest_gap"
SMALLEST_RATIO: Final = "smallest_ratio"
MOST_GROUPS: Final = 100
"""Among more groups the most extreme pair is not looked for: 5,000 pairs and more say nothing together."""
MOST_NEEDED: Final = 1e9
"""No more cases than this are ever asked for: the gap is as large as the tolerance, and more cases do not decide it."""


class Comparisons:
    """Adds the comparisons of one split to its table.

    Parameters
    ----------
    table : Table
        Where the rows go.
    measured : Measured
        The split's estimates.
    missing_label : str
        Name of the group that is not recorded.
    judged : sequence of FairnessThreshold
        The confirmatory gaps; empty but for the test split.
    references : mapping of str to str
        Attribute to the group that all others are also compared with.
    """

    def __init__(
        self,
        table: Table,
        measured: Measured,
        missing_label: str,
        judged: Sequence[FairnessThreshold],
        references: Mapping[str, str],
    ) -> None:
        self._table, self._measured, self._missing_label = table, measured, missing_label
        self._judged, self._named = judged, references
        self._family = Confidence.family(sum(self._judgeable(threshold) for threshold in judged))

    def add(self, partition: Partition) -> None:
        """All comparisons of one partition."""
        attribute = partition.groups.attribute
        named = [self._named[attribute]] if attribute in self._named else []
        for metric in DIFFERENCES:
            if metric not in partition.estimates:
                self._unmeasured(partition, metric)
                continue
            judged = thresholds(self._judged, partition, metric)
            references = list(dict.fromkeys([OVERALL, *judged, *named]))
            for reference in references:
                self._gap(partition, metric, reference, judged.get(reference))
            for reference in references if metric in QUOTIENTS else []:
                self._quotient(partition, metric, reference)
            if JOIN not in attribute:
                self._extreme(partition, metric, LARGEST_GAP)
                if metric in QUOTIENTS:
                    self._extreme(partition, metric, SMALLEST_RATIO)
        for reference in named:
            for metric in SHARES:
                self._quotient(partition, metric, reference)

    def _judgeable(self, threshold: FairnessThreshold) -> int:
        """How many gaps a threshold adds to the family: those that have a figure."""
        for partition in self._measured.partitions:
            if partition.groups.attribute == threshold.attribute and threshold.metric in partition.estimates:
                why = self._why_no_gap(partition, threshold.metric, threshold.reference)
                others = [label not in {threshold.reference, POOLED} for label in partition.groups.labels]
                return sum(each is None and other for each, other in zip(why, others, strict=True))
        return 0

    def _gap(self, partition: Partition, metric: str, reference: str, threshold: FairnessThreshold | None) -> None:
        estimate, labels = partition.estimates[metric], partition.groups.labels
        why = self._why_no_gap(partition, metric, reference)
        value, low, high = (np.full(len(labels), np.nan) for _ in range(3))
        # small groups together are nobody whom the charter could have named
        judged = np.array([threshold is not None and label != POOLED for label in labels], dtype=np.bool_)
        level = np.where(judged, self._family.level, Confidence().level)
        shown = _empty(why)
        if shown.any():
            base, at = self._reference(partition, metric, reference)
            value = estimate.value - base.value[at]
            if judged.any():
                low, high = estimate.gap_limits(base, at, self._family)
            if not judged.all():
                single = estimate.gap_limits(base, at, Confidence())
                low, high = np.where(judged, low, single[0]), np.where(judged, high, single[1])
            _no_limits(why, shown & np.isnan(low), estimate.reason, reasons.NO_VARIATION)
        figures = _only(_empty(why), {"value": value, "low": low, "high": high}) | {"n": estimate.cases, "reason": why}
        figures["detectable_gap"] = power.detectable(figures["low"], figures["high"], level)
        if threshold is not None and threshold.tolerance is not None:
            figures |= _states(figures, judged, threshold.tolerance)
        self._add(partition, metric, "difference", reference, figures)

    def _quotient(self, partition: Partition, metric: str, reference: str) -> None:
        estimate, why = partition.estimates[metric], self._why_no_gap(partition, metric, reference)
        value, low, high = (np.full(len(why), np.nan) for _ in range(3))
        shown = _empty(why)
        if shown.any():
            base, at = self._reference(partition, metric, reference)
            if not isinstance(estimate, RatioEstimate | ShareEstimate):
                raise TypeError(f"{metric} has no ratio")
            low, high = estimate.quotient_limits(base, at, Confidence())
            value = estimate.value / base.value[at] if base.value[at] > 0 else value
            nothing = reasons.NO_VARIATION if base.value[at] > 0 else reasons.ZERO_REFERENCE
            _no_limits(why, shown & np.isnan(low), estimate.reason, nothing)
        figures = _only(_empty(why), {"value": value, "low": low, "high": high}) | {"n": estimate.cases, "reason": why}
        self._add(partition, metric, "ratio", reference, figures)

    def _add(self, partition: Partition, metric: str, comparison: str, reference: str, figures: dict[str, Any]) -> None:
        labels = partition.groups.labels
        # the reference is not compared with itself
        rest = np.array([label != reference for label in labels], dtype=np.bool_)
        self._table.add(
            int(rest.sum()),
            attribute=partition.groups.attribute,
            group=column(labels)[rest],
            metric=metric,
            comparison=comparison,
            reference=reference,
            **{name: values[rest] for name, values in figures.items()},
        )

    def _extreme(self, partition: Partition, metric: str, comparison: str) -> None:
        """One row: the pair of groups that are furthest apart, or why there is none."""
        estimate, labels = partition.estimates[metric], partition.groups.labels
        found = self._pair(partition, metric, comparison)
        figures: dict[str, Any] = {"group": OVERALL, "reason": found}
        if isinstance(found, Extreme):
            pair = (found.high, found.low) if comparison == LARGEST_GAP else (found.low, found.high)
            figures = {"group": labels[pair[0]], "reference": labels[pair[1]], "n": estimate.cases[[*pair]].min()}
            figures |= {"value": found.value, "low": found.low_limit, "high": found.high_limit}
        self._table.add(1, attribute=partition.groups.attribute, metric=metric, comparison=comparison, **figures)

    def _pair(self, partition: Partition, metric: str, comparison: str) -> Extreme | str:
        estimate = partition.estimates[metric]
        why = self._nobody_differs(partition, metric, OVERALL)
        if why is not None:
            return why
        if isinstance(estimate, Unmeasured):
            return str(estimate.reason[int(np.argmax(partition.cases))])
        comparable = ~np.isnan(estimate.value) & (column(partition.groups.labels) != POOLED)
        if not 2 <= comparable.sum() <= MOST_GROUPS:
            return reasons.NO_PAIR if comparable.sum() < 2 else reasons.TOO_MANY_GROUPS
        if comparison == LARGEST_GAP:
            found = extreme_gap(estimate, comparable)
        elif isinstance(estimate, RatioEstimate):
            found = extreme_ratio(estimate, comparable)
            if found is None and np.nanmax(estimate.value[comparable]) == 0:
                return reasons.ZERO_REFERENCE
        if found is not None and found.high_limit - found.low_limit > 0:
            return found
        return next((str(each) for each in estimate.reason[comparable] if each is not None), reasons.NO_VARIATION)

    def _reference(self, partition: Partition, metric: str, reference: str) -> tuple[Any, int]:
        if reference == OVERALL:
            return self._measured.everybody.estimates[metric], 0
        return partition.estimates[metric], partition.groups.labels.index(reference)

    def _why_no_gap(self, partition: Partition, metric: str, reference: str) -> Why:
        """Per group why it has no gap to a reference; None where it has one."""
        estimate, common = partition.estimates[metric], self._nobody_differs(partition, metric, reference)
        why = estimate.reason.copy()
        why[~np.isnan(estimate.value)] = None
        if common is not None:
            why[:] = common
        return why

    def _nobody_differs(self, partition: Partition, metric: str, reference: str) -> str | None:
        """Why no group of a partition has a gap to the reference, or None."""
        labels = partition.groups.labels
        if len(labels) == 1:
            return reasons.NEVER_RECORDED if labels[0] == self._missing_label else reasons.ONE_GROUP
        if reference != OVERALL and reference not in labels:
            return reasons.NO_REFERENCE
        base, at = self._reference(partition, metric, reference)
        if np.isnan(base.value[at]):
            own = reference == OVERALL or isinstance(base, Unmeasured)
            return str(base.reason[at]) if own else reasons.SMALL_REFERENCE
        return self._nothing_varies(metric)

    def _nothing_varies(self, metric: str) -> str | None:
        """Why no two groups can differ in a metric, or None: a gap of 0 would then be no finding."""
        overall = self._measured.everybody.estimates
        if metric in AREAS:
            return reasons.SAME_SCORES if overall["auc"].reason[0] == reasons.SAME_SCORES else None
        if metric in SHARES or not RATIOS[metric].proportion or overall[metric].value[0] not in {0.0, 1.0}:
            return None
        return {0.0: NONE_SELECTED, 1.0: ALL_SELECTED}.get(
            float(overall["selection_rate"].value[0]), reasons.NO_VARIATION
        )

    def _unmeasured(self, partition: Partition, metric: str) -> None:
        """A judged metric that this partition does not have: the verdict must hear of it."""
        for reference in thresholds(self._judged, partition, metric):
            cannot_tell(self._table, partition, metric, reference, reasons.NOT_MEASURED)


def thresholds(judged: Sequence[FairnessThreshold], partition: Partition, metric: str) -> dict[str, FairnessThreshold]:
    """The thresholds for a metric of a partition, by reference."""
    return {
        each.reference: each
        for each in judged
        if each.metric == metric and each.attribute == partition.groups.attribute
    }


def cannot_tell(table: Table, partition: Partition, metric: str, reference: str, reason: str) -> None:
    """Judged gaps of all groups of a partition that cannot be told for one reason."""
    labels = [label for label in partition.groups.labels if label not in {reference, POOLED}]
    table.add(
        len(labels),
        attribute=partition.groups.attribute,
        group=column(labels),
        metric=metric,
        comparison="difference",
        reference=reference,
        state=CANNOT_TELL,
        confirmatory=True,
        reason=reason,
    )


def _states(figures: dict[str, Any], judged: NDArray[np.bool_], tolerance: float) -> dict[str, Any]:
    """The states of judged gaps, and how many cases those would need that cannot be told."""
    value, low, high = (figures[name] for name in ("value", "low", "high"))
    states = column([state(*limits, tolerance) for limits in zip(low, high, strict=True)])
    more = power.needed(value, low, high, figures["n"], tolerance)
    more[~judged | (states != CANNOT_TELL) | ~(more <= MOST_NEEDED)] = np.nan
    states[~judged] = NOT_JUDGED
    return {"state": states, "confirmatory": judged, "needed_n": more}


def column(values: Sequence[str]) -> Why:
    """Texts as an array."""
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _empty(why: Why) -> NDArray[np.bool_]:
    return np.array([each is None for each in why], dtype=np.bool_)


def _no_limits(why: Why, at: NDArray[np.bool_], own: Why, otherwise: str) -> None:
    for i in np.flatnonzero(at):
        why[i] = own[i] or otherwise


def _only(shown: NDArray[np.bool_], figures: dict[str, Any]) -> dict[str, Any]:
    return {name: np.where(shown, values, np.nan) for name, values in figures.items()}
