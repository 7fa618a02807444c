"""The rows of mitigation.parquet.

Belongs here: from figures of a split to rows, why a row has no figure, what the stress test finds.
Does not belong here: fitting (compare, options), computing a figure (figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.metrics import RATIOS
from fairness_reports.audit.reasons import NO_REFERENCE, fewer_than
from fairness_reports.mitigation import reasons
from fairness_reports.mitigation.figures import (
    EQUAL,
    LEAST_IN_LARGEST,
    OF_SCORES,
    Z_95,
    Difference,
    Figures,
    change_of_largest,
    largest,
    wilson,
)
from fairness_reports.mitigation.options import AS_IS
from fairness_reports.spec import OVERALL

COLUMNS: Final = (
    "option",
    "split",
    "as_of",
    "role",
    "attribute",
    "group",
    "metric",
    "comparison",
    "reference",
    "value",
    "low",
    "high",
    "n",
    "needs_attribute",
    "may_be_chosen",
    "reason",
)
"""Columns of mitigation.parquet; the first nine of them name a row."""
UTILITY: Final = {"auc": None, "recall_at_capacity": "tpr", "precision_at_capacity": "ppv", "brier": "brier"}
"""What an option is good for, with the audit's name of the same figure."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A gap that the charter judges.

    Attributes
    ----------
    metric, attribute, reference : str
        As in the charter; the reference is `overall` or a group.
    """

    metric: str
    attribute: str
    reference: str


@dataclass(frozen=True)
class About:
    """What all rows of an option have in common.

    Attributes
    ----------
    option : str
        Its name.
    needs_attribute, may_be_chosen : bool
        As in the table.
    """

    option: str
    needs_attribute: bool
    may_be_chosen: bool


def absent_rows(
    about: About, split: str | None, as_of: date | None, judged: Sequence[Judged], reason: str
) -> list[Row]:
    """The rows of an option that could not be tried on a split."""
    rows = [_row(about, split, as_of, metric=metric, reason=reason) for metric in UTILITY]
    for each in judged:
        what = {"attribute": each.attribute, "group": None, "reference": each.reference}
        rows.append(_row(about, split, as_of, metric=each.metric, comparison="largest_gap", reason=reason, **what))
    return rows


def measured_rows(
    figures: Figures, about: About, split: str, as_of: date, judged: Sequence[Judged], minimum: int
) -> list[Row]:
    """The rows of an option on a split, its changes against `as_is` included.

    Parameters
    ----------
    figures : Figures
        Of all options.
    about : About
        The option.
    split, as_of
        The split.
    judged : sequence of Judged
        The gaps to look at.
    minimum : int
        A figure on fewer cases is left out, with the reason.
    """
    rows = []
    for metric in UTILITY:
        fixed = {"metric": metric, "attribute": OVERALL, "group": OVERALL}
        rows.append(_row(about, split, as_of, **fixed, **_utility(figures, about.option, metric, minimum)))
        if about.option != AS_IS:
            change = _utility_change(figures, about.option, metric, minimum)
            rows.append(_row(about, split, as_of, **fixed, comparison="change", reference=AS_IS, **change))
    for each in judged:
        rows += _gaps(figures, about, split, as_of, each, minimum)
    return rows


def _row(about: About, split: str | None, as_of: date | None, **columns: Any) -> Row:
    return {
        "option": about.option,
        "split": split,
        "as_of": as_of,
        "role": "development",
        "attribute": OVERALL,
        "group": OVERALL,
        "comparison": "value",
        "reference": None,
        "value": np.nan,
        "low": np.nan,
        "high": np.nan,
        "n": None,
        "needs_attribute": about.needs_attribute,
        "may_be_chosen": about.may_be_chosen,
        "reason": None,
        **columns,
    }


def _utility(figures: Figures, option: str, metric: str, minimum: int) -> Row:
    name = UTILITY[metric]
    if name is None:
        if min(figures.kinds()) < minimum:
            return {"reason": fewer_than(minimum)}
        value, se, _ = figures.auc(option)
        return _limits(value, max(value - Z_95 * se, 0.0), min(value + Z_95 * se, 1.0), sum(figures.kinds()))
    if name in OF_SCORES and not figures.options[option].probability:
        return {"reason": reasons.NO_PROBABILITIES}
    rate = figures.rate(option, OVERALL, name)
    cases, value, se = float(rate.cases[0]), float(rate.value[0]), float(rate.se[0])
    if cases < minimum:
        return {"reason": fewer_than(minimum)}
    if RATIOS[name].proportion:
        return _limits(value, *wilson(value, cases, se), cases)
    return _limits(value, max(value - Z_95 * se, 0.0), min(value + Z_95 * se, 1.0), cases)


def _utility_change(figures: Figures, option: str, metric: str, minimum: int) -> Row:
    name = UTILITY[metric]
    if figures.unchanged(option, AS_IS):
        return {"reason": reasons.UNCHANGED}
    if any("reason" in _utility(figures, each, metric, minimum) for each in (option, AS_IS)):
        return {"reason": _utility(figures, option, metric, minimum).get("reason", fewer_than(minimum))}
    if name is None:
        value, se = figures.auc_change(option, AS_IS)
        if max(abs(value), se) <= EQUAL:
            return {"value": 0.0, "n": sum(figures.kinds()), "reason": reasons.SAME_ORDER}
        return _limits(value, value - Z_95 * se, value + Z_95 * se, sum(figures.kinds()))
    mine, theirs = figures.rate(option, OVERALL, name), figures.rate(AS_IS, OVERALL, name)
    value, cases = float(mine.value[0] - theirs.value[0]), float(mine.cases[0])
    if name not in OF_SCORES and figures.same(option, AS_IS):
        return {"value": 0.0, "n": int(cases), "reason": reasons.SAME_PEOPLE}
    drawn = Difference(mine.value - theirs.value, mine.cases, mine.draws - theirs.draws, np.zeros(1))
    se = float(drawn.se[0])
    if name not in OF_SCORES:
        se = max(se, figures.differently(option, AS_IS, name))
    return _limits(value, max(value - Z_95 * se, -1.0), min(value + Z_95 * se, 1.0), cases)


def _gaps(figures: Figures, about: About, split: str, as_of: date, judged: Judged, minimum: int) -> list[Row]:
    metric, attribute, option = judged.metric, judged.attribute, about.option
    fixed = {"attribute": attribute, "metric": metric}
    whole = {**fixed, "comparison": "largest_gap", "reference": judged.reference, "group": None}
    groups = figures.groups[attribute].labels
    why = _why_not(figures, option, judged, groups)
    if why is not None:
        return [_row(about, split, as_of, **whole, reason=why)]
    reference = None if judged.reference == OVERALL else groups.index(judged.reference)
    gap = figures.difference(option, attribute, metric, reference, minimum)
    rows = []
    for place, group in enumerate(groups):
        if place == reference:
            continue
        what = {**fixed, "group": group, "comparison": "difference", "reference": judged.reference}
        value, half = float(gap.value[place]), Z_95 * float(gap.se[place])
        told: Row = {"reason": fewer_than(minimum)}
        if not np.isnan(value):
            told = _limits(value, max(value - half, -1.0), min(value + half, 1.0), float(gap.cases[place]))
        rows.append(_row(about, split, as_of, **what, **told))
    least = max(minimum, LEAST_IN_LARGEST)
    found = largest(gap.resting_on(least))
    if found is None:
        return [*rows, _row(about, split, as_of, **whole, reason=fewer_than(least))]
    place, value, low, high = found
    rows.append(
        _row(
            about,
            split,
            as_of,
            **{**whole, "group": groups[place]},
            **_limits(value, low, high, float(gap.cases[place])),
        )
    )
    if option != AS_IS:
        other = figures.difference(AS_IS, attribute, metric, reference, minimum)
        change = _gap_change(figures, option, metric, gap.resting_on(least), other.resting_on(least))
        rows.append(_row(about, split, as_of, **_of_change(judged), **change))
    return rows


def _of_change(judged: Judged) -> Row:
    # what the groups were compared with stands in `group`: the reference of a change is as_is
    return {
        "attribute": judged.attribute,
        "metric": judged.metric,
        "group": judged.reference,
        "comparison": "change",
        "reference": AS_IS,
    }


def _gap_change(figures: Figures, option: str, metric: str, gap: Difference, other: Difference) -> Row:
    if figures.unchanged(option, AS_IS):
        return {"reason": reasons.UNCHANGED}
    cases = int(gap.cases[~np.isnan(gap.value)].sum())
    if metric not in OF_SCORES and figures.same(option, AS_IS):
        return {"value": 0.0, "n": cases, "reason": reasons.SAME_PEOPLE}
    found = change_of_largest(gap, other)
    return {"reason": reasons.NO_FIGURE} if found is None else _limits(*found, cases)


def _why_not(figures: Figures, option: str, judged: Judged, groups: list[str]) -> str | None:
    if judged.metric not in RATIOS:
        return reasons.NOT_COMPARED
    if judged.metric in OF_SCORES and not figures.options[option].probability:
        return reasons.NO_PROBABILITIES
    if judged.reference != OVERALL and judged.reference not in groups:
        return NO_REFERENCE
    return "one group only" if len(groups) < 2 else None


def _limits(value: float, low: float, high: float, cases: float) -> Row:
    if not high - low > 1e-12:
        low = high = np.nan  # an interval without length pretends to know
    return {"value": value, "low": low, "high": high, "n": int(cases)}


def stress_rows(
    rows: Sequence[Row], abouts: Sequence[About], splits: Sequence[tuple[str, date]], judged: Sequence[Judged]
) -> list[Row]:
    """Whether a gain of the earlier development splits held in the latest.

    Parameters
    ----------
    rows : sequence of dict
        What `measured_rows` gave, of all options and splits.
    abouts : sequence of About
        The options.
    splits : sequence of (str, date)
        Name and day of the development splits, oldest first.
    judged : sequence of Judged
        The gaps.

    Returns
    -------
    list of dict
        One row per option and gap: metric `gain_held[METRIC]`, role `stress`, figures of the latest split, and in
        `reason` held, reversed, cannot_tell, or why it was not tested; with one split there are no figures.
    """
    found = []
    changes = {
        (row["option"], row["split"], row["attribute"], row["metric"], row["group"]): row
        for row in rows
        if row["comparison"] == "change"
    }
    latest, day = splits[-1]
    for about in abouts:
        for each in judged if about.option != AS_IS else ():
            fixed = {**_of_change(each), "metric": f"gain_held[{each.metric}]", "role": "stress"}
            key = (each.attribute, each.metric, each.reference)
            now = changes.get((about.option, latest, *key))
            before = [changes.get((about.option, split, *key)) for split, _ in splits[:-1]]
            told: Row = {"reason": reasons.NO_FIGURE}
            if not before:
                told = {"reason": reasons.ONE_DEVELOPMENT}
            elif now is not None:
                told = {name: now[name] for name in ("value", "low", "high", "n")}
                told["reason"] = now["reason"] or _held([row for row in before if row is not None], now)
            found.append(_row(about, latest, day, **fixed, **told))
    return found


def _held(before: Sequence[Row], now: Row) -> str:
    """held: the gap shrank earlier and again in the latest split; reversed: it shrank earlier and grew in the latest.

    Earlier changes are averaged, and their limits with them, which is wider than the interval of the mean.
    """
    told = [row for row in before if not np.isnan(row["high"])]
    shrank = bool(told) and float(np.mean([row["high"] for row in told])) < 0
    if shrank and now["high"] < 0:
        return reasons.HELD
    if shrank and now["low"] > 0:
        return reasons.REVERSED
    return reasons.CANNOT_TELL


def table_of(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as a table with the columns and types of mitigation.parquet."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    for name in ("value", "low", "high"):
        frame[name] = frame[name].astype(np.float64)
    frame["n"] = frame["n"].astype("Int64")
    for name in ("needs_attribute", "may_be_chosen"):
        frame[name] = frame[name].astype(np.bool_)
    frame["as_of"] = frame["as_of"].astype(object)
    return frame
