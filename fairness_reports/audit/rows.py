"""From estimates to rows.

Belongs here: the rows of a split: values, what is missing, what must not be judged.
Does not belong here: gaps, ratios and states (comparisons), how a figure or an interval is computed (estimates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fairness_reports.audit import reasons
from fairness_reports.audit.comparisons import Comparisons, cannot_tell, column
from fairness_reports.audit.estimates import Confidence
from fairness_reports.audit.metrics import BAND_METRICS, METRICS
from fairness_reports.audit.partitions import Measured, Partition
from fairness_reports.audit.table import Table
from fairness_reports.spec import JOIN
from fairness_reports.states import CANNOT_TELL

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold


class SplitRows:
    """The rows of one split.

    Parameters
    ----------
    split : str
        Its name.
    as_of : date or None
        Its newest day.
    measured : Measured
        Its estimates.
    missing_label : str
        Name of the group that is not recorded.
    missing : list of str
        Attributes without a column.
    minimum : int
        The minimum cell.
    judged : sequence of FairnessThreshold
        The confirmatory gaps; empty but for the test split.
    """

    def __init__(
        self,
        split: str,
        as_of: date | None,
        measured: Measured,
        missing_label: str,
        missing: list[str],
        minimum: int,
        judged: Sequence[FairnessThreshold],
    ) -> None:
        self._table = Table(split, as_of)
        self._measured, self._missing_label, self._missing = measured, missing_label, missing
        self._minimum, self._judged = minimum, judged

    def frame(self, references: Mapping[str, str]) -> pd.DataFrame:
        """All rows of the split; `references` as in `audit`."""
        comparisons = Comparisons(self._table, self._measured, self._missing_label, self._judged, references)
        for partition in self._measured.partitions:
            self._values(partition, METRICS)
            if partition is not self._measured.everybody:
                comparisons.add(partition)
        for partition in self._measured.banded:
            self._values(partition, BAND_METRICS)
        for attribute in self._missing:
            self._missing_rows(attribute)
        return self._table.frame()

    def untold(self, reason: str) -> pd.DataFrame:
        """The judged gaps alone, none of which can be told for this reason."""
        for each in self._judged:
            for partition in self._measured.partitions:
                if partition.groups.attribute == each.attribute:
                    cannot_tell(self._table, partition, each.metric, each.reference, reason)
        for attribute in self._missing:
            self._missing_rows(attribute)
        return self._table.frame()

    def _values(self, partition: Partition, metrics: tuple[str, ...]) -> None:
        fixed, size = _fixed(partition), partition.groups.size
        enough = partition.cases >= self._minimum
        cases, why = np.where(enough, partition.cases, np.nan), np.full(size, None, dtype=object)
        why[~enough] = reasons.fewer_than(self._minimum)
        self._table.add(size, **fixed, metric="n", comparison="value", value=cases, n=cases, reason=why)
        for metric in metrics[1:]:
            if metric in partition.estimates:
                estimate = partition.estimates[metric]
                low, high = estimate.limits(Confidence())
                value, why = estimate.value, estimate.reason.copy()
                if metric == "capacity_balance":  # a gap, and no gap is shown without an interval
                    bare = np.isnan(low)
                    value = np.where(bare, np.nan, value)
                    why[bare] = [each or reasons.NO_VARIATION for each in why[bare]]
                figures = {"value": value, "low": low, "high": high, "n": estimate.cases}
                self._table.add(size, **fixed, metric=metric, comparison="value", **figures, reason=why)

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


def _fixed(partition: Partition) -> dict[str, Any]:
    groups = partition.groups
    if groups.bands is None:
        return {"attribute": groups.attribute, "group": column(groups.labels)}
    return {
        "attribute": groups.attribute,
        "group": column([label for label in groups.labels for _ in groups.bands]),
        "band": column(groups.bands * len(groups.labels)),
    }
