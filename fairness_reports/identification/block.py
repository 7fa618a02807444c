"""Rows of an audit that stand together, with what identification says of them.

Belongs here: which of the four answers a figure gets, its bounds with sampling error, the state that follows.
Does not belong here: the way through a whole audit (identify), the bounds (bounds), their errors (figures, sampling).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.identification import forms
from fairness_reports.identification.bounds import extremes
from fairness_reports.identification.counts import Counted, SplitCases
from fairness_reports.identification.figures import Cells, Figures, errors
from fairness_reports.identification.pairs import Ends, largest_gap, smallest_ratio
from fairness_reports.identification.phrases import CONTRADICTED, COULD_BE_ANYTHING, NO_BOUNDS, OPEN_BY_RECORDING
from fairness_reports.identification.sampling import critical, few_clusters
from fairness_reports.identification.tipping import tipping_points
from fairness_reports.spec import OVERALL, POOLED
from fairness_reports.states import CANNOT_TELL, OUTSIDE, WITHIN, state

Array = NDArray[np.float64]
Tolerances = dict[tuple[str, str, str], float]

IDENTIFIED: Final = "identified"
BOUNDED: Final = "bounded"
NOT_IDENTIFIABLE: Final = "not_identifiable"
UNDECLARED: Final = "undeclared"
LEVEL: Final = 0.95
SAME: Final = 1e-9
"""Figures closer than this are equal."""


class Block:
    """The rows of one split, one partition and one kind of band that have a value and need outcomes.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of the audit.
    partition : Counted
        Their groups.
    split : SplitCases
        Their split.
    told : bool
        Whether somebody declared who gets an outcome.
    against : numpy.ndarray of bool
        Rows that rest on records that contradict the declaration.
    """

    def __init__(
        self, rows: pd.DataFrame, partition: Counted, split: SplitCases, *, told: bool, against: NDArray[np.bool_]
    ) -> None:
        self._rows, self._partition, self._split, self._told = rows, partition, split, told
        self._against = against
        self._figures, self._fits = Figures.of(rows, partition)
        self._at = np.flatnonzero(self._fits)
        self._cells = Cells.of(self._figures, partition, split.everybody) if len(self._at) else None
        size = len(rows)
        self._value = rows["value"].to_numpy(dtype=np.float64)
        self._judged = rows["confirmatory"].to_numpy(dtype=np.bool_)
        self._identification = np.full(size, NOT_IDENTIFIABLE if told else UNDECLARED, dtype=object)
        blank = np.full((8, size), np.nan)
        self._low, self._high, self._sharp_low, self._sharp_high = blank[0], blank[1], blank[2], blank[3]
        self._low_error, self._high_error, self._critical, self._tipping = blank[4], blank[5], blank[6], blank[7]
        self._state = rows["state"].to_numpy(dtype=object).copy()
        self._reason = rows["reason"].astype(object).where(rows["reason"].notna(), None).to_numpy(dtype=object).copy()
        self._needed = rows["needed_n"].to_numpy(dtype=np.float64, na_value=np.nan).copy()

    def columns(self) -> dict[str, Any]:
        """The columns that identification fills."""
        shown = self._identification == BOUNDED
        return {
            "identification": self._identification,
            "bound_low": np.where(shown, self._low, np.nan),
            "bound_high": np.where(shown, self._high, np.nan),
            "state": self._state,
            "reason": self._reason,
            "needed_n": pd.array(self._needed, dtype="Int64"),
            "tipping_point": self._tipping,
        }

    def identify(self, family: float) -> None:
        """Bound every figure.

        Parameters
        ----------
        family : float
            Level of each confirmatory interval.
        """
        if not self._told:
            return
        if self._cells is not None:
            self._bound(self._cells, family)
            # a pair of groups is looked at after this
            self._identification[self._against] = NOT_IDENTIFIABLE
        pairs = self._rows["comparison"].isin(("largest_gap", "smallest_ratio")).to_numpy()
        for i in np.flatnonzero(pairs):
            self._pair(int(i))
        rest = ~self._fits & ~(pairs & self._rows["metric"].isin(forms.COMPARED).to_numpy())
        self._identification[rest & self._as_recorded()] = IDENTIFIED
        self._identification[self._against] = NOT_IDENTIFIABLE
        for at in np.flatnonzero(self._against).tolist():
            self._say(at, CONTRADICTED)

    def _bound(self, cells: Cells, family: float) -> None:
        figures, at, ranges = self._figures, self._at, self._split.ranges
        problems, own, other = cells.problems(figures, ranges)
        found = extremes(problems)
        low_error, high_error = errors(figures, problems, (own, other), self._partition, self._split, found)
        level = np.where(self._judged[at], family, LEVEL)
        times = critical(found.high - found.low, low_error, high_error, level)
        times = times * few_clusters(self._partition.moments.clusters[figures.own], level)
        least, most = _range(figures)
        self._sharp_low[at], self._sharp_high[at] = found.low, found.high
        self._low_error[at], self._high_error[at], self._critical[at] = low_error, high_error, times
        self._low[at] = np.clip(found.low - times * low_error, least, most)
        self._high[at] = np.clip(found.high + times * high_error, least, most)
        anything = ~np.isfinite(found.low) | ~np.isfinite(found.high)
        for each in (figures.values(), figures.references()):
            # a figure of the group, or of the named reference, that can be anything
            plain = extremes(Cells.of(each, self._partition, self._split.everybody).problems(each, ranges)[0])
            anything |= plain.high - plain.low > 1 - SAME
        same = (np.abs(found.low - self._value[at]) < SAME) & (np.abs(found.high - self._value[at]) < SAME)
        self._identification[at] = np.where(same, IDENTIFIED, np.where(anything, NOT_IDENTIFIABLE, BOUNDED))

    def _pair(self, i: int) -> None:
        """The largest gap or the smallest ratio, from the bounds of the groups' values."""
        rows = self._rows
        values = (
            (rows["metric"] == rows["metric"].iloc[i]) & (rows["comparison"] == "value") & (rows["group"] != POOLED)
        )
        of = np.flatnonzero(values.to_numpy() & self._fits)
        if len(of) < 2 or (self._identification[of] == NOT_IDENTIFIABLE).any():
            return
        if (self._identification[of] == IDENTIFIED).all():
            self._identification[i] = IDENTIFIED
            return
        ends = Ends(self._sharp_low[of], self._sharp_high[of], self._low_error[of], self._high_error[of])
        limits = largest_gap if rows["comparison"].iloc[i] == "largest_gap" else smallest_ratio
        self._low[i], self._high[i] = limits(ends, LEVEL)
        self._identification[i] = BOUNDED

    def _as_recorded(self) -> NDArray[np.bool_]:
        """Whether every outcome that a figure rests on is as recorded."""
        exact = self._partition.exact(self._split.ranges)
        everybody = bool(self._split.everybody.exact(self._split.ranges)[0])
        found = np.full(len(self._rows), everybody)
        if everybody:
            return found
        keys = zip(
            self._rows["group"], self._rows["band"], self._rows["comparison"], self._rows["reference"], strict=True
        )
        for i, (group, band, comparison, reference) in enumerate(keys):
            needed = [(group, band)] if comparison == "value" else [(group, band), (str(reference), "all")]
            inside = comparison in {"value", "difference", "ratio"} and OVERALL not in (reference, group)
            across = self._rows["metric"].iloc[i] == "auc_across"
            places = [self._partition.position.get(key, -1) for key in needed]
            found[i] = inside and not across and min(places) >= 0 and bool(exact[places].all())
        return found

    def judge(self, tolerances: Tolerances) -> None:
        """States of confirmatory rows that are bounded or not identifiable.

        Parameters
        ----------
        tolerances : dict
            By metric, attribute and reference.
        """
        for i in np.flatnonzero(self._judged & np.isin(self._identification, (BOUNDED, NOT_IDENTIFIABLE))).tolist():
            tolerance = self._tolerance(i, tolerances)
            if tolerance is None:
                continue
            self._needed[i] = np.nan
            if self._identification[i] == NOT_IDENTIFIABLE:
                self._state[i] = CANNOT_TELL
                self._say(i, COULD_BE_ANYTHING if self._fits[i] else NO_BOUNDS)
                continue
            self._state[i] = state(self._low[i], self._high[i], tolerance)
            if self._state[i] != CANNOT_TELL:
                continue
            if state(self._sharp_low[i], self._sharp_high[i], tolerance) == CANNOT_TELL:
                self._say(i, OPEN_BY_RECORDING)
            else:
                self._needed[i] = self._enough(i, tolerance)

    def _say(self, i: int, reason: str) -> None:
        self._reason[i] = self._reason[i] or reason

    def _tolerance(self, i: int, tolerances: Tolerances) -> float | None:
        row = self._rows.iloc[i]
        return tolerances.get((row["metric"], row["attribute"], row["reference"]))

    def _enough(self, i: int, tolerance: float) -> float:
        """Cases with which sampling would leave the gap decided; the intervals shrink with their square root."""
        low, high = self._sharp_low[i], self._sharp_high[i]
        below, above = self._critical[i] * self._low_error[i], self._critical[i] * self._high_error[i]
        if low > tolerance:
            times = below / (low - tolerance)
        elif high < -tolerance:
            times = above / (-tolerance - high)
        else:
            times = max(
                *(
                    np.inf if room <= 0 else far / room
                    for far, room in ((below, low + tolerance), (above, tolerance - high))
                )
            )
        cases = float(self._rows["n"].iloc[i]) * times**2
        return float(np.ceil(cases)) if cases < 2**53 else np.nan

    def tip(self, tolerances: Tolerances) -> None:
        """The completeness of recording that could overturn each finding.

        Parameters
        ----------
        tolerances : dict
            By metric, attribute and reference.
        """
        if self._cells is None:
            return
        rows, size = self._rows, len(self._rows)
        low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("low", "high"))
        gap = (rows["comparison"] == "difference").to_numpy() & self._fits & ~self._against
        above, below = np.full(size, -np.inf), np.full(size, np.inf)
        above[gap & ~self._judged & (low > 0)] = 0.0
        below[gap & ~self._judged & (high < 0)] = 0.0
        for i in np.flatnonzero(gap & self._judged & np.isin(self._state, (WITHIN, OUTSIDE))).tolist():
            tolerance = self._tolerance(i, tolerances)
            if tolerance is None:
                continue
            if self._state[i] == WITHIN:
                # a gap as large as the tolerance is within
                above[i], below[i] = np.nextafter(-tolerance, -1), np.nextafter(tolerance, 1)
            elif (self._low[i] if self._identification[i] == BOUNDED else low[i]) > 0:
                above[i] = tolerance
            else:
                below[i] = -tolerance
        found = np.isfinite(above) | np.isfinite(below)
        inside = found[self._at]
        if inside.any():
            cells = self._cells.recorded().at(inside)
            self._tipping[self._at[inside]] = tipping_points(
                self._figures[inside], cells, above[self._at[inside]], below[self._at[inside]]
            )


def _range(figures: Figures) -> tuple[Array, Array]:
    """The lowest and the highest that a figure can be at all."""
    ratio, plain = figures.comparison == "ratio", figures.comparison == "value"
    signed = ~plain | np.isin(figures.metric, (*forms.SCORED, "capacity_balance"))
    return np.where(ratio, 0.0, np.where(signed, -1.0, 0.0)), np.where(ratio, np.inf, 1.0)
