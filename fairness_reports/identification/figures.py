"""The rows of one partition, bounded.

Belongs here: from rows of the audit to problems for the bounds, their extremes and standard errors.
Does not belong here: which rows are bounded, and what follows for them (identify).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.identification import forms
from fairness_reports.identification.bounds import Extremes, Problems
from fairness_reports.identification.cells import Box, box
from fairness_reports.identification.counts import Counted, SplitCases, counts_of
from fairness_reports.identification.sampling import quadratic, share_error
from fairness_reports.spec import OVERALL

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

SMALL_CASES, SMALL_KIND = 100, 20
"""As in the audit: below, a share's linearised error is not trusted."""


@dataclass(frozen=True)
class Figures:
    """Rows of one partition and split that have forms.

    Attributes
    ----------
    metric : list of str
        Of each row.
    comparison : numpy.ndarray of str
        value, difference or ratio.
    own, other : numpy.ndarray of int
        Position of the group, and of a named reference; other is -1 for a plain value and -2 where the reference is
        everybody, the group included.
    cases : numpy.ndarray
        What the figure on recorded outcomes rests on.
    """

    metric: list[str]
    comparison: NDArray[np.object_]
    own: Codes
    other: Codes
    cases: Array

    @classmethod
    def of(cls, rows: pd.DataFrame, counted: Counted) -> tuple[Figures, Flags]:
        """The rows with forms whose groups were counted; and which rows these are."""
        metrics = rows["metric"].tolist()
        comparison = rows["comparison"].to_numpy(dtype=object)
        own = [counted.position.get(key, -3) for key in zip(rows["group"], rows["band"], strict=True)]
        other = [
            -1 if how == "value" else -2 if reference == OVERALL else counted.position.get((str(reference), "all"), -3)
            for how, reference in zip(comparison, rows["reference"], strict=True)
        ]
        compared = np.isin(comparison, ("difference", "ratio")) & np.isin(metrics, forms.COMPARED)
        plain = (comparison == "value") & np.isin(metrics, forms.BOUNDED_METRICS)
        fits = (compared | plain) & (np.array(own) >= 0) & (np.array(other) > -3)
        at = np.flatnonzero(fits)
        cases = rows["n"].to_numpy(dtype=np.float64, na_value=np.nan)
        return (
            cls([metrics[i] for i in at], comparison[at], np.array(own)[at], np.array(other)[at], cases[at]),
            fits,
        )

    def __getitem__(self, at: Flags | Codes) -> Figures:
        index = np.flatnonzero(at) if at.dtype == np.bool_ else at
        return Figures(
            [self.metric[i] for i in index],
            self.comparison[index],
            self.own[index],
            self.other[index],
            self.cases[index],
        )

    def __len__(self) -> int:
        return len(self.metric)

    def values(self) -> Figures:
        """The same groups' plain values."""
        return Figures(
            self.metric, np.full(len(self), "value", dtype=object), self.own, np.full(len(self), -1), self.cases
        )

    def references(self) -> Figures:
        """The plain values of the named references; of the groups themselves where none is named."""
        named = np.where(self.other >= 0, self.other, self.own)
        return Figures(
            self.metric, np.full(len(self), "value", dtype=object), named, np.full(len(self), -1), self.cases
        )


def _shared(metrics: list[str]) -> Flags:
    return np.isin(metrics, forms.IN_SHARES)


def _forms(figures: Figures) -> tuple[Array, Array]:
    """The two forms of each row."""
    known: dict[tuple[str, str, bool], tuple[Array, Array]] = {}
    keys = list(zip(figures.metric, figures.comparison.tolist(), (figures.other == -2).tolist(), strict=True))
    for metric, comparison, everybody in set(keys):
        if comparison == "value":
            pair = forms.value(metric)
        else:
            pair = forms.own(metric), forms.both(metric) if everybody else forms.other(metric)
        known[metric, comparison, everybody] = pair[0].stacked(), pair[1].stacked()
    f, g = (np.stack([known[key][i] for key in keys]) for i in (0, 1))
    return f, g


@dataclass(frozen=True)
class Cells:
    """Counts behind rows: those of the group and those of the other cases.

    Attributes
    ----------
    own, other : numpy.ndarray, shape (rows, 2, strata, 3)
        Cases by selection, stratum and record.
    own_scores, other_scores : numpy.ndarray, shape (rows, 2)
        Their summed scores.
    """

    own: Array
    other: Array
    own_scores: Array
    other_scores: Array

    @classmethod
    def of(cls, figures: Figures, counted: Counted, everybody: Counted) -> Cells:
        """What the rows rest on; the other cases are the rest where the reference is everybody."""
        totals, whole = counted.moments.totals, everybody.moments.totals
        own = totals[figures.own]
        other = np.where((figures.other >= 0)[:, None], totals[np.maximum(figures.other, 0)], 0.0)
        rest = (figures.other == -2) | _shared(figures.metric)
        other = np.where(rest[:, None], whole - own, other)
        strata = counted.strata
        return cls(counts_of(own, strata), counts_of(other, strata), own[:, -2:], other[:, -2:])

    def recorded(self) -> Cells:
        """One stratum, without the cases whose outcome is unknown."""
        own, other = (each.sum(axis=2, keepdims=True) * np.array([1.0, 1.0, 0.0]) for each in (self.own, self.other))
        return Cells(own, other, self.own_scores, self.other_scores)

    def at(self, rows: Flags) -> Cells:
        """Some of the rows."""
        return Cells(self.own[rows], self.other[rows], self.own_scores[rows], self.other_scores[rows])

    def problems(self, figures: Figures, ranges: Array) -> tuple[Problems, Box, Box]:
        """The figures as problems, with the boxes of the group and of the other cases.

        Parameters
        ----------
        figures : Figures
            The rows.
        ranges : numpy.ndarray
            As in `box`.
        """
        own, other = box(self.own, ranges), box(self.other, ranges)
        f, g = _forms(figures)
        terms = [
            np.column_stack([np.zeros((len(counts), 2)), counts.sum(axis=(2, 3)), scores, np.full(len(counts), side)])
            for counts, scores, side in ((self.own, self.own_scores, 1.0), (self.other, self.other_scores, 0.0))
        ]
        low, high = (np.concatenate([getattr(own, name), getattr(other, name)], axis=1) for name in ("low", "high"))
        return Problems(f, g, figures.comparison == "ratio", terms[0], terms[1], low, high), own, other


def errors(
    figures: Figures, problems: Problems, boxes: tuple[Box, Box], counted: Counted, split: SplitCases, found: Extremes
) -> tuple[Array, Array]:
    """Standard errors of the lower and the upper ends.

    Parameters
    ----------
    figures, problems, boxes
        The rows, and what `Cells.problems` made of them.
    counted, split
        Their partition and split.
    found : Extremes
        The bounds.
    """
    middle = counted.moments.inside[figures.own]
    across = np.zeros_like(middle)
    outer = np.zeros_like(middle)
    rest = (figures.other == -2) | _shared(figures.metric)
    if rest.any():
        whole = split.everywhere()
        across[rest] = counted.moments.with_others(whole)[figures.own[rest]]
        outer[rest] = split.everybody.moments.inside[0]
    for reference in np.unique(figures.other[figures.other >= 0]):
        rows = figures.other == reference
        across[rows] = counted.moments.with_others(counted.moments.spread(int(reference), split.clusters))[
            figures.own[rows]
        ]
        outer[rows] = counted.moments.inside[reference]
    result = []
    for at in (found.at_low, found.at_high):
        own_slope, other_slope = problems.gradient(at)
        own, other = (
            _weights(slope, each, at[:, 2 * i : 2 * i + 2])
            for i, (slope, each) in enumerate(((own_slope, boxes[0]), (other_slope, boxes[1])))
        )
        # the other cases are everybody without the group
        own = np.where(rest[:, None], own - other, own)
        variance = quadratic(own, middle, own) + 2 * quadratic(own, across, other) + quadratic(other, outer, other)
        result.append(np.fmax(np.sqrt(np.maximum(variance, 0)), _least(figures, problems, at)))
    return result[0], result[1]


def _weights(slope: Array, cells: Box, at: Array) -> Array:
    """What a further case of each kind, and a further unit of score, adds to a figure; shape (rows, statistics)."""
    near = 1e-6 * (cells.high - cells.low)
    lowest, highest = (at <= cells.low + near)[..., None, None], (at >= cells.high - near)[..., None, None]
    moved = np.where(lowest, cells.low_weights, np.where(highest, cells.high_weights, 0.0))
    counts = slope[:, 0:2, None, None] * moved + slope[:, 2:4, None, None]
    return np.concatenate([counts.reshape(len(slope), -1), slope[:, 4:6]], axis=1)


def _least(figures: Figures, problems: Problems, at: Array) -> Array:
    """The error of a share on so few cases, which linearisation takes for 0 at a share of 0 or 1; NaN elsewhere."""
    share, reference = problems.quotients(at)
    cases = problems.own[:, 2] + problems.own[:, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        every, top = (at[:, 0] + at[:, 1]) / cases, at[:, 0] / problems.own[:, 2]
        share = np.where(np.isin(figures.metric, "calibration"), every, share)
        share = np.where(np.isin(figures.metric, "calibration_selected"), top, share)
        least = np.where(
            problems.ratio, share_error(share, figures.cases) / reference, share_error(share, figures.cases)
        )
        # a group's weight in everybody's figure takes from the gap's error
        rest = problems.other[:, 2] + problems.other[:, 3]
        least = np.where(figures.other == -2, least * rest / (cases + rest), least)
        small = (figures.cases < SMALL_CASES) | (np.minimum(share, 1 - share) * figures.cases < SMALL_KIND)
    return np.where(small & ~_shared(figures.metric) & np.isfinite(least), least, np.nan)
