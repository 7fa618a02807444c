"""Who had left before the day of prediction: no audit of scores sees them.

Belongs here: the share of a group's people who had left, as rows of the audit.
Does not belong here: counting them (models.cohorts).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fairness_reports.audit import intervals, reasons
from fairness_reports.audit.estimates import LEVEL
from fairness_reports.audit.grouping import by_attribute, recorded
from fairness_reports.audit.table import COLUMNS, Table, typed
from fairness_reports.spec import OVERALL, ProtectedSpec


def attrition(
    counts: pd.DataFrame, splits: Mapping[str, str], protected: ProtectedSpec, *, minimum_cell: int = 10
) -> pd.DataFrame:
    """Rows `attrition` of fairness.parquet.

    Parameters
    ----------
    counts : pandas.DataFrame
        cohort, as_of, attribute, group (None: not recorded), registered, left_before; one row per cohort and group.
    splits : mapping of str to str
        Which split each tested cohort belongs to; other cohorts are left out.
    protected : ProtectedSpec
        The attributes.
    minimum_cell : int
        A group with fewer registered, or with fewer who left (none included), is left out with its reason.

    Returns
    -------
    pandas.DataFrame
        The audit's columns: per split overall, per attribute and group the share of those registered who had left, and
        its difference to everybody. Intervals are Wilson's, each person independent of the others; that of a
        difference comes from the group and the rest (MOVER; Zou and Donner 2008), because everybody holds the group.
    """
    told = counts.assign(split=counts["cohort"].astype(str).map(dict(splits))).dropna(subset=["split"])
    pieces = [_split(str(split), part, protected, minimum_cell) for split, part in told.groupby("split", sort=True)]
    return pd.concat(pieces, ignore_index=True) if pieces else typed(pd.DataFrame(columns=list(COLUMNS)))


def _split(split: str, part: pd.DataFrame, protected: ProtectedSpec, minimum: int) -> pd.DataFrame:
    table = Table(split, pd.Timestamp(part["as_of"].max()).date())
    for position, attribute in enumerate(name for name in protected.attributes if name in set(part["attribute"])):
        mine = part[part["attribute"] == attribute]
        groups = by_attribute(attribute, recorded(mine["group"], protected.missing_label), protected.missing_label)
        registered, left = (
            np.bincount(groups.codes, mine[name].to_numpy(dtype=np.float64), groups.size)
            for name in ("registered", "left_before")
        )
        if position == 0:  # everybody is the same under each attribute
            _add(table, OVERALL, [OVERALL], registered.sum(keepdims=True), left.sum(keepdims=True), minimum)
        _add(table, attribute, groups.labels, registered, left, minimum)
        if groups.size > 1:
            _differences(table, attribute, groups.labels, registered, left, minimum)
    return table.frame()


def _why(registered: np.ndarray, left: np.ndarray, minimum: int) -> np.ndarray:
    why = np.full(len(registered), None, dtype=object)
    # how many left, and how many stayed, are both told by a share
    why[np.minimum(left, registered - left) < minimum] = reasons.fewer_than(minimum)
    return why


def _wilson(share: np.ndarray, cases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return intervals.wilson(share, cases, intervals.critical(LEVEL))


def _add(
    table: Table, attribute: str, labels: list[str], registered: np.ndarray, left: np.ndarray, minimum: int
) -> None:
    why = _why(registered, left, minimum)
    shown = np.array([each is None for each in why])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = left / registered
    figures = dict(zip(("value", "low", "high"), (share, *_wilson(share, registered)), strict=True))
    table.add(
        len(labels),
        attribute=attribute,
        group=labels,
        metric="attrition",
        comparison="value",
        **{name: np.where(shown, values, np.nan) for name, values in figures.items()},
        n=np.where(registered >= minimum, registered, np.nan),
        identification="identified",
        reason=why,
    )


def _differences(
    table: Table, attribute: str, labels: list[str], registered: np.ndarray, left: np.ndarray, minimum: int
) -> None:
    why = _why(registered, left, minimum)
    rest, rest_left = registered.sum() - registered, left.sum() - left
    why[[each is None for each in why] & (np.minimum(rest_left, rest - rest_left) < minimum)] = reasons.SMALL_REFERENCE
    shown = np.array([each is None for each in why])
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, others = left / registered, rest_left / rest, rest / registered.sum()
        low, high = intervals.difference(a, _wilson(a, registered), b, _wilson(b, rest), np.zeros(len(labels)))
        figures = {"value": others * (a - b), "low": others * low, "high": others * high}
    table.add(
        len(labels),
        attribute=attribute,
        group=labels,
        metric="attrition",
        comparison="difference",
        reference=OVERALL,
        **{name: np.where(shown, values, np.nan) for name, values in figures.items()},
        n=np.where(registered >= minimum, registered, np.nan),
        identification="identified",
        reason=why,
    )
