"""Rows of fairness.parquet as the parts of the page need them: chosen by metric and comparison, with their words.

Belongs here: choosing and ordering rows, what a row is called, what it was compared with.
Does not belong here: sentences, tables and pictures (the other modules).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fairness_reports.audit.reasons import in_words
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    SHARES,
    attribute_label,
    group_label,
    groups_in_order,
    interval,
    known,
    metric_difference,
    metric_label,
)
from fairness_reports.reports.layout import Cell
from fairness_reports.spec import JOIN, OVERALL

STATES = ("outside", "cannot_tell", "within", "not_judged")
ALL_BANDS = ("all", "")
GAPS = ("fnr", "fpr")
"""Who is missed, who is flagged without the recorded outcome following: what the page asks first."""


def in_all_bands(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that speak of all scores, not of a band of them or of those with (without) the outcome."""
    return frame[frame["band"].fillna("all").isin(ALL_BANDS)]


def of_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that speak of a group."""
    return frame[~_overall(frame)]


def of_everybody(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that speak of everybody."""
    return frame[_overall(frame)]


def _overall(frame: pd.DataFrame) -> pd.Series[bool]:
    names = frame["attribute"]
    return names.isna() | names.isin(["", OVERALL])


def chosen(frame: pd.DataFrame, comparison: str, metrics: Sequence[str] = ()) -> pd.DataFrame:
    """Rows of one comparison, of some metrics."""
    frame = frame[frame["comparison"] == comparison]
    return frame[frame["metric"].isin(list(metrics))] if metrics else frame


def attributes(groups: pd.DataFrame) -> list[str]:
    """Attributes in the order of the rows."""
    return list(dict.fromkeys(groups["attribute"].astype(str)))


def judged(groups: pd.DataFrame) -> pd.DataFrame:
    """Differences that the charter agreed on beforehand."""
    frame = chosen(groups, "difference")
    return frame[frame["confirmatory"].astype(bool)]


def leading_attributes(groups: pd.DataFrame) -> list[str]:
    """Attributes whose gaps are judged, then the other single ones."""
    first = attributes(judged(groups))
    return [*first, *(name for name in attributes(groups) if JOIN not in name and name not in first)]


def gaps_shown(groups: pd.DataFrame, attribute: str, metric: str) -> pd.DataFrame:
    """Differences of an attribute's groups: the judged ones where there are any, else those from all cases."""
    part = chosen(groups, "difference", [metric])
    part = part[part["attribute"] == attribute]
    confirmatory = part[part["confirmatory"].astype(bool)]
    return confirmatory if not confirmatory.empty else part[part["reference"].fillna(OVERALL) == OVERALL]


def in_order(context: ReportContext, frame: pd.DataFrame) -> list[Any]:
    """Rows by attribute and metric as given, groups in the order of the programme's words."""
    parts: dict[tuple[Any, Any], list[Any]] = {}
    for row in rows_of(frame):
        if known(row.attribute) and known(row.metric):
            parts.setdefault((row.attribute, row.metric), []).append(row)
    result = []
    for (attribute, _), rows in parts.items():
        order = groups_in_order(context, str(attribute), [row.group for row in rows])
        place = {group: i for i, group in enumerate(order)}
        result += sorted(rows, key=lambda row: place[str(row.group) if known(row.group) else None])
    return result


def is_clear(row: Any) -> bool:
    """Whether the interval of a difference lies on one side of zero."""
    return known(row.low) and known(row.high) and (row.low > 0 or row.high < 0)


def tolerance(context: ReportContext, metric: str, attribute: str, reference: Any) -> float | None:
    """What the charter tolerates; None where nothing was agreed."""
    against = str(reference) if known(reference) else OVERALL
    for each in context.charter.fairness if context.charter is not None else []:
        if (each.metric, each.attribute) == (metric, attribute) and against == each.reference:
            return each.tolerance
    return None


def named(language: Language, context: ReportContext, row: Any) -> str:
    """A group with its attribute: "Gender: women"."""
    attribute = attribute_label(language, context, str(row.attribute))
    return f"{attribute}: {group_label(language, context, str(row.attribute), row.group)}"


def reference_label(language: Language, context: ReportContext, attribute: str, reference: Any) -> str:
    """What a group was compared with."""
    if not known(reference) or str(reference) == OVERALL:
        return str(language.t("fairness.all_cases"))
    return group_label(language, context, attribute, reference)


def compared_with(language: Language, context: ReportContext, attribute: str, reference: Any) -> str:
    """What a group was compared with, as a phrase."""
    if not known(reference) or str(reference) == OVERALL:
        return str(language.t("fairness.compared_with_all"))
    return language.t("fairness.compared_with", group=group_label(language, context, attribute, reference))


def state_cell(language: Language, state: str) -> Cell:
    """A state with its sign."""
    return Cell(language.word("state", state), look=f"state {state}")


def bare(language: Language, metric: str, value: float) -> str:
    """A difference without its unit, which the column's heading names."""
    return language.signed(value * 100, 1) if metric in SHARES else metric_difference(language, metric, value)


def difference_cell(language: Language, row: Any) -> Cell:
    """A difference with its interval, or why there is none."""
    if not known(row.value):
        return Cell(why(language, row), look="missing")
    return Cell(
        bare(language, row.metric, row.value), interval(language, row.metric, row.low, row.high, difference=True)
    )


def why(language: Language, row: Any) -> str:
    """Why a figure is missing."""
    return in_words(str(row.reason), language) if known(row.reason) else str(language.t("form.too_few"))


def about_100(language: Language, share: float) -> str:
    """A share as so many of a hundred: "about 34"."""
    of = round(float(share) * 100)
    return str(language.t("form.under_one") if of < 1 else language.t("form.about", value=language.number(of)))


def ends(language: Language, low: float, high: float, metric: str = "fnr") -> tuple[str, str]:
    """Ends of the interval of a difference, in whole points where neither would become zero."""
    if metric not in SHARES:
        return bare(language, metric, low), bare(language, metric, high)
    digits = 0 if min(abs(round(low * 100)), abs(round(high * 100))) >= 1 else 1
    return language.signed(low * 100, digits), language.signed(high * 100, digits)


def points(language: Language, size: float, metric: str = "fnr") -> str:
    """The size of a gap, without its sign: in points where it is a share."""
    if metric in SHARES:
        digits = 0 if abs(size * 100 - round(size * 100)) < 0.05 else 1
        return str(language.t("form.points", value=language.number(abs(size) * 100, digits)))
    return bare(language, metric, abs(size)).removeprefix("+")


def short_metric(language: Language, metric: str) -> str:
    """A word or two for a metric, inside a sentence: "missed"."""
    return str(language.t(f"gap.{metric}")) if language.has(f"gap.{metric}") else metric_label(language, metric)


def value_of(frame: pd.DataFrame, attribute: str, group: Any, metric: str) -> Any | None:
    """The row with a group's figure; None where it has none."""
    part = chosen(frame, "value", [metric])
    if attribute == OVERALL:
        part = of_everybody(part)
    else:
        same = part["group"].isna() if not known(group) else part["group"].astype(str) == str(group)
        part = part[(part["attribute"] == attribute) & same]
    rows = [row for row in rows_of(part) if known(row.value)]
    return rows[0] if rows else None
