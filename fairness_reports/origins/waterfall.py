"""From factors to a gap: whose scores are higher, and through what.

Belongs here: differences in mean contribution between a group and everybody (or a named group), with intervals; that
they add up to the difference in mean raw score.
Does not belong here: the contributions of single cases (models.explanation), proxies (proxies).

The raw score of a case is its base value plus its contributions, so the mean raw score of a group minus that of
everybody is the sum of the same differences factor by factor: an identity, checked in every run. What it says is what
the model did, not why the group's records differ.

The variance is that of a difference of two means that share clusters, linearised (L. Kish and M. R. Frankel 1974,
Journal of the Royal Statistical Society B 36, 1-37): each cluster's residuals from the group's mean over the group's
cases, minus its residuals from the reference's mean over the reference's cases, squared and summed. A group that is
part of everybody, and a family with members in both groups, are thereby counted as what they are. Limits use Student's
t with the group's clusters less one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.audit import reasons
from fairness_reports.audit.grouping import ALL_BANDS, Groups
from fairness_reports.audit.intervals import critical
from fairness_reports.audit.metrics import NO_CASES, NO_NON_OUTCOMES, NO_OUTCOMES
from fairness_reports.audit.power import detectable
from fairness_reports.audit.statistics import added
from fairness_reports.audit.table import Table
from fairness_reports.identification.forms import WITH_OUTCOME_BANDS
from fairness_reports.origins.people import people
from fairness_reports.spec import OVERALL, ProtectedSpec

Array = NDArray[np.float64]

RAW: Final = "raw"
BASE: Final = "base value"
"""The term of cross-fitted models, whose parts start from slightly different means."""
TOLERANCE: Final = 1e-9
LEVEL: Final = 0.95
CONSTANT: Final = 1e-12
"""Terms that differ by less between all cases are one number."""


def contribution(factor: str) -> str:
    """The metric's name for a factor."""
    return f"contribution[{factor}]"


@dataclass(frozen=True)
class _Band:
    """Some of the cases: all, or those with (without) the outcome.

    `values` are terms x cases, the last term being the raw score; `empty` says why a group can have no case here.
    """

    name: str
    values: Array
    unit: NDArray[np.int64]
    clusters: int
    empty: str
    identification: str

    @cached_property
    def everybody(self) -> _Means:
        """The means of all its cases as one group."""
        one = Groups(OVERALL, [OVERALL], np.zeros(self.values.shape[1], dtype=np.int64))
        return _means(self.values, self.unit, self.clusters, one)


@dataclass(frozen=True)
class _Means:
    """Mean terms of each group, and what each cluster adds to their error."""

    cases: Array
    clusters: Array
    mean: Array  # terms x groups
    group: NDArray[np.int64]  # of each entry
    unit: NDArray[np.int64]
    error: Array  # terms x entries

    def spread(self, at: int, clusters: int) -> Array:
        """What each cluster adds to the error of one group's means: terms x clusters."""
        mine = self.group == at
        spread = np.zeros((len(self.mean), clusters))
        spread[:, self.unit[mine]] = self.error[:, mine]
        return spread


def waterfall(
    contributions: pd.DataFrame,
    base: np.ndarray,
    outcome: np.ndarray,
    groups: pd.DataFrame,
    clusters: np.ndarray,
    protected: ProtectedSpec,
    *,
    split: str,
    as_of: date | None,
    minimum_cell: int = 10,
    references: Mapping[str, str] | None = None,
    identification: str = "undeclared",
    raw: np.ndarray | None = None,
    intersections: bool = False,
) -> pd.DataFrame:
    """Take the differences in mean raw score apart by factor.

    Parameters
    ----------
    contributions : pandas.DataFrame, cases x factors
        Log-odds, from `models.explanation.audited_contributions`.
    base : numpy.ndarray
        What each case's contributions are added to.
    outcome : numpy.ndarray
        1, 0 or NaN per case.
    groups : pandas.DataFrame
        A column per protected attribute, one row per case.
    clusters : numpy.ndarray
        Per case its cluster.
    protected : ProtectedSpec
        The protected attributes.
    split, as_of
        Of the rows.
    minimum_cell : int
        Groups with fewer cases have no figure.
    references : mapping, optional
        Attribute to the group that the others are compared with besides everybody.
    identification : str
        What is said of the means among those with, and without, the outcome. Means of all need no outcome.
    raw : numpy.ndarray, optional
        The model's raw scores, which the terms must add up to; by default the terms' own sum.
    intersections : bool
        Whether crossed attributes are taken apart too.

    Returns
    -------
    pandas.DataFrame
        Rows of the audit: per attribute, reference, band (`all`, `with outcome`, `without outcome`) and group the
        metrics `contribution[FACTOR]` and at last `raw`. `n` counts the group's cases in the band. A factor whose
        contribution is the same for all cases has the value 0 and no interval.

    Raises
    ------
    PlumblineError
        When the terms of a group do not add up to its `raw` within 1e-9; when the inputs do not fit together.
    """
    base, outcome = np.asarray(base, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    terms, names = contributions.to_numpy(dtype=np.float64), [contribution(each) for each in contributions.columns]
    total = base + terms.sum(axis=1) if raw is None else np.asarray(raw, dtype=np.float64)
    if np.ptp(base) > CONSTANT if len(base) else False:
        terms, names = np.column_stack([terms, base]), [*names, contribution(BASE)]
    content = np.column_stack([terms, total, outcome])
    told = people(content, groups, clusters, protected, minimum_cell, intersections=intersections)
    values = np.ascontiguousarray(content[told.order, :-1].T)
    happened = outcome[told.order]
    masks = [
        (ALL_BANDS, np.ones(len(happened), dtype=np.bool_), NO_CASES, "identified"),
        (WITH_OUTCOME_BANDS[0], happened == 1, NO_OUTCOMES, identification),
        (WITH_OUTCOME_BANDS[1], happened == 0, NO_NON_OUTCOMES, identification),
    ]
    bands = [
        (mask, _Band(name, values[:, mask], told.unit[mask], told.clusters, empty, known))
        for name, mask, empty, known in masks
    ]
    table = Table(split, as_of)
    for groups_of in told.partitions:
        whole = groups_of.cases()
        for mask, band in bands:
            inside = _within(groups_of, mask)
            for reference in dict.fromkeys([OVERALL, (references or {}).get(groups_of.attribute, OVERALL)]):
                _rows(table, [*names, RAW], band, inside, whole, reference, minimum_cell, protected.missing_label)
    for attribute in told.missing:
        fixed = {"attribute": attribute, "group": protected.missing_label, "reason": reasons.NOT_IN_DATA}
        table.add(1, metric=RAW, comparison="difference", reference=OVERALL, identification="identified", **fixed)
    return table.frame()


def carriers(
    table: pd.DataFrame, attribute: str, group: str, *, reference: str = OVERALL, band: str = ALL_BANDS
) -> pd.DataFrame:
    """The factors that carry a group's gap: those whose difference is told from 0 and points where the gap points.

    Parameters
    ----------
    table : pandas.DataFrame
        With rows of `waterfall`, of one split.
    attribute, group, reference, band : str
        Which gap.

    Returns
    -------
    pandas.DataFrame
        factor, value, low, high and share (of the gap in mean raw score; together they may be more than 1, where other
        factors pull the other way), the largest first. Empty where the gap itself has no interval or one that holds 0.
    """
    place = {"attribute": attribute, "group": group, "reference": reference, "band": band}
    rows = table[np.logical_and.reduce([table[name] == value for name, value in place.items()])]
    gap, terms = rows[rows["metric"] == RAW], rows[rows["metric"].str.startswith(contribution("")[:-1])]
    told = gap[gap["low"] * gap["high"] > 0]
    if told.empty:
        terms, total = terms.iloc[:0], 1.0
    else:
        total = float(told["value"].iloc[0])
        terms = terms[(terms["low"] * terms["high"] > 0) & (terms["value"] * total > 0)]
    found = terms[["value", "low", "high"]].assign(share=terms["value"] / total)
    found.insert(0, "factor", terms["metric"].str[len(contribution("")) - 1 : -1])
    return found.sort_values(["share", "factor"], ascending=[False, True], ignore_index=True)


def _within(groups: Groups, mask: NDArray[np.bool_]) -> Groups:
    """The same groups of some of the cases."""
    kept = groups.of(mask)
    position = np.cumsum(mask) - 1
    return replace(groups, codes=groups.codes[kept], rows=groups.of(position)[kept].astype(np.int64))


def _means(values: Array, unit: NDArray[np.int64], clusters: int, groups: Groups) -> _Means:
    of, codes = groups.of(unit), groups.codes
    cases = groups.cases()
    found, entry = np.unique(codes * clusters + of, return_inverse=True)
    group, cluster = (each.astype(np.int64) for each in np.divmod(found, clusters))
    mean, error = np.full((len(values), groups.size), np.nan), np.zeros((len(values), len(found)))
    for i, term in enumerate(values):
        term = groups.of(term)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean[i] = added(codes, term, groups.size) / cases
        error[i] = added(entry.reshape(-1), (term - mean[i, codes]) / cases[codes], len(found))
    return _Means(cases, np.bincount(group, minlength=groups.size).astype(np.float64), mean, group, cluster, error)


def _rows(
    table: Table,
    names: list[str],
    band: _Band,
    groups: Groups,
    whole: Array,
    reference: str,
    minimum: int,
    missing_label: str,
) -> None:
    """Rows of one partition, band and reference."""
    mine = _means(band.values, band.unit, band.clusters, groups)
    base = mine if reference != OVERALL else band.everybody
    at = 0 if reference == OVERALL else groups.labels.index(reference) if reference in groups.labels else -1
    why, cases = _why(mine.cases, mine.clusters, whole, band.empty, minimum)
    common = _common(groups.labels, base, at, reference, minimum, missing_label, band.empty)
    if common is None and np.ptp(band.values[-1]) <= CONSTANT:
        common = reasons.SAME_SCORES
    if common is not None:
        why[:] = common
    shown = np.array([each is None for each in why], dtype=np.bool_)
    rest = np.array([label != reference for label in groups.labels], dtype=np.bool_)
    if shown.any():
        value, low, high = _gaps(mine, base, at, band.clusters)
        constant = np.ptp(band.values, axis=1) <= CONSTANT
        value[constant] = 0.0
        _check(value[:, shown & rest])
    else:
        value, low, high = (np.full((len(names), groups.size), np.nan) for _ in range(3))
    for i, name in enumerate(names):
        flat = ~(high[i] - low[i] > CONSTANT)
        reason = why.copy()
        reason[shown & flat] = reasons.NO_VARIATION
        lower, upper = (np.where(shown & ~flat, each[i], np.nan) for each in (low, high))
        figures = {
            "group": np.array(groups.labels, dtype=object),
            "value": np.where(shown, value[i], np.nan),
            "low": lower,
            "high": upper,
            "n": cases,
            "detectable_gap": detectable(lower, upper, LEVEL),
            "reason": reason,
        }
        table.add(
            int(rest.sum()),
            attribute=groups.attribute,
            band=band.name,
            metric=name,
            comparison="difference",
            reference=reference,
            identification=band.identification,
            **{key: column[rest] for key, column in figures.items()},
        )


def _why(cases: Array, clusters: Array, whole: Array, empty: str, minimum: int) -> tuple[NDArray[np.object_], Array]:
    """Per group why it has no figures, None where it has; and how many cases may be told."""
    why = np.full(len(cases), None, dtype=object)
    why[clusters < 2] = reasons.ONE_CLUSTER
    why[cases < minimum] = reasons.fewer_than(minimum)
    why[(cases == 0) & (whole >= minimum)] = empty
    hidden = (cases < minimum) & ((cases > 0) | (whole < minimum))
    return why, np.where(hidden, np.nan, cases)


def _common(
    labels: list[str], base: _Means, at: int, reference: str, minimum: int, missing_label: str, empty: str
) -> str | None:
    """Why no group has a difference to this reference, or None."""
    if len(labels) == 1:
        return reasons.NEVER_RECORDED if labels[0] == missing_label else reasons.ONE_GROUP
    if at < 0:
        return reasons.NO_REFERENCE
    if not base.cases.any():
        return empty
    if base.cases[at] < minimum or base.clusters[at] < 2:
        return reasons.fewer_than(minimum) if reference == OVERALL else reasons.SMALL_REFERENCE
    return None


def _gaps(mine: _Means, base: _Means, at: int, clusters: int) -> tuple[Array, Array, Array]:
    """Differences of means, terms x groups, with their limits."""
    value = mine.mean - base.mean[:, [at]]
    other = base.spread(at, clusters)
    at_entry = other[:, mine.unit]
    size = len(mine.cases)
    square = np.empty_like(value)
    for i in range(len(value)):
        # the reference's clusters that the group does not touch count with the reference's error alone
        own = (mine.error[i] - at_entry[i]) ** 2 - at_entry[i] ** 2
        square[i] = added(mine.group, own, size) + (other[i] ** 2).sum()
    few = np.minimum(mine.clusters, base.clusters[at])
    half = critical(LEVEL, few - 1) * np.sqrt(np.maximum(square, 0) * few / np.maximum(few - 1, 1))
    return value, value - half, value + half


def _check(value: Array) -> None:
    """Stop unless every group's terms add up to its raw score; NaN does not."""
    wrong = int((~(np.abs(value[:-1].sum(axis=0) - value[-1]) <= TOLERANCE)).sum())
    if wrong:
        raise PlumblineError(
            f"the contributions of {wrong} of {value.shape[1]} groups do not add up to the difference in mean raw "
            f"score within {TOLERANCE:g}",
            where="origins",
            todo="No gap is published with a breakdown that is not exact. Please report this as a defect.",
        )
