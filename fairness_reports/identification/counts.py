"""The cases of one split, counted for bounds.

Belongs here: from scored cases to counts by group, selection, stratum and record, for whichever rows of the audit need
them.
Does not belong here: what follows from the counts (cells, bounds, sampling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.identification.cells import EVERYTHING, Declared, declared, record
from fairness_reports.identification.sampling import Moments, moments
from fairness_reports.identification.spec import ObservationSpec
from fairness_reports.spec import JOIN, OVERALL, ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.audit.grouping import Groups

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """A partition of a split.

    Attributes
    ----------
    position : dict of (str, str) to int
        Where a group in a band stands.
    moments : Moments
        Of the counts by cell (selection x stratum x record) and of the scores of the selected and the others.
    strata : int
        How many strata there are.
    """

    position: dict[tuple[str, str], int]
    moments: Moments
    strata: int

    def counts(self) -> Array:
        """Cases, shape (groups, 2, strata, 3)."""
        return counts_of(self.moments.totals, self.strata)

    def exact(self, ranges: Array) -> NDArray[np.bool_]:
        """Whether all outcomes of each group are as recorded; `ranges` as in `Declared`."""
        counts, doubtful = self.counts(), (ranges != EVERYTHING).any(axis=1)
        unknown = counts[..., 2].sum(axis=(1, 2))
        return np.asarray(unknown + counts[:, :, doubtful].sum(axis=(1, 2, 3)) == 0, dtype=np.bool_)


def counts_of(totals: Array, strata: int) -> Array:
    """Counts by selection, stratum and record from totals, shape (rows, 2, strata, 3)."""
    return totals[:, : 6 * strata].reshape(-1, 2, strata, 3)


class SplitCases:
    """The cases of one split.

    Parameters
    ----------
    rows : pandas.DataFrame
        The split's cases.
    protected : ProtectedSpec
        The attributes.
    observation : ObservationSpec or None
        What was declared; None: outcomes that are recorded, as if all were.
    minimum_cell : int
        Groups below it may be pooled.
    bands : sequence of float or None
        Inner edges of the score bands.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        protected: ProtectedSpec,
        observation: ObservationSpec | None,
        minimum_cell: int,
        bands: Sequence[float] | None,
    ) -> None:
        self._rows, self._protected, self._minimum, self._bands = rows, protected, minimum_cell, bands
        self._codes: dict[str, Groups] = {}
        code, names = pd.factorize(rows["cluster_id"], sort=True)
        self._cluster, self.clusters = code.astype(np.int64), len(names)
        nothing = Declared(np.zeros(len(rows), dtype=np.int64), EVERYTHING)
        told = nothing if observation is None else declared(rows, observation)
        self.ranges = told.ranges
        selected = rows["selected"].to_numpy(dtype=np.bool_)
        others = np.where(selected, 0, 1)
        self._cell = (others * len(told.ranges) + told.stratum) * 3 + record(rows["outcome"].to_numpy(dtype=np.float64))
        score = np.nan_to_num(rows["score"].to_numpy(dtype=np.float64))
        self._scores = np.column_stack([score * selected, score * ~selected])
        self.everybody = self._counted(np.zeros(len(rows), dtype=np.int64), None, {(OVERALL, "all"): 0})

    @property
    def strata(self) -> int:
        """How many different ranges were declared."""
        return len(self.ranges)

    def everywhere(self) -> Array:
        """What every cluster adds, shape (clusters, statistics)."""
        return self.everybody.moments.spread(0, self.clusters)

    def partition(self, attribute: str, *, banded: bool) -> Counted:
        """Count one partition; a group that is not in it is no place of its own."""
        groups = self._groups(attribute)
        if not banded:
            if attribute == OVERALL:
                return self.everybody
            return self._counted(groups.codes, groups.rows, {(name, "all"): i for i, name in enumerate(groups.labels)})
        from fairness_reports.audit.grouping import score_bands

        names, band = score_bands(self._rows["score"].to_numpy(dtype=np.float64), self._bands)
        codes = groups.codes * len(names) + (band if groups.rows is None else band[groups.rows])
        return self._counted(
            codes,
            groups.rows,
            {
                (group, name): i * len(names) + j
                for i, group in enumerate(groups.labels)
                for j, name in enumerate(names)
            },
        )

    def _groups(self, attribute: str) -> Groups:
        # imported here: the audit reads this package
        from fairness_reports.audit.grouping import crossed, everybody, pooled

        if attribute == OVERALL:
            return everybody(len(self._rows))
        parts = [self._single(name) for name in attribute.split(JOIN)]
        return pooled(parts[0] if len(parts) == 1 else crossed(parts), self._minimum)

    def _single(self, attribute: str) -> Groups:
        from fairness_reports.audit.grouping import by_attribute

        if attribute not in self._codes:
            values = self._rows[f"attribute {attribute}"].tolist()
            self._codes[attribute] = by_attribute(attribute, values, self._protected.missing_label)
        return self._codes[attribute]

    def _counted(self, codes: Codes, rows: Codes | None, position: dict[tuple[str, str], int]) -> Counted:
        at = slice(None) if rows is None else rows
        found = moments(
            codes,
            len(position),
            self._cluster[at],
            self.clusters,
            self._cell[at],
            6 * len(self.ranges),
            self._scores[at],
        )
        return Counted(position, found, len(self.ranges))
