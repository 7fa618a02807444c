"""The part that is read in two minutes: what was compared, who is missed, who is flagged without reason to.

Belongs here: sentences from rows, for readers without training in statistics.
Does not belong here: how sure we are and what nobody can know (sure), any figure that is not in fairness.parquet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.fairness.rows import (
    about_100,
    attributes,
    chosen,
    ends,
    gaps_shown,
    in_order,
    is_clear,
    judged,
    leading_attributes,
    named,
    points,
    value_of,
)
from fairness_reports.reports.figures import attribute_label, cases_word, group_label, known
from fairness_reports.spec import JOIN, OVERALL

MOST = 3
"""Findings named one by one for each question; the tables have all."""
_LISTED = 3  # names in one enumeration


def compared(language: Language, context: ReportContext, frame: pd.DataFrame, groups: pd.DataFrame) -> list[str]:
    """Which cases, which groups, and what "selected" means."""
    t = language.t
    said = []
    size, rate = value_of(frame, OVERALL, None, "n"), value_of(frame, OVERALL, None, "base_rate")
    if size is not None and rate is not None:
        said.append(
            t(
                "short.compared" if context.rule is None else "short.compared_rows",
                n=language.number(size.value),
                cases=cases_word(language, context),
                rate=about_100(language, rate.value),
                outcome=language.text(context.words.outcome),
            )
        )
    agreed = attributes(judged(groups))
    others = [name for name in attributes(groups) if JOIN not in name and name not in agreed]
    for key, names in (("short.agreed", agreed), ("short.explored", others)):
        if names:
            said.append(t(key, attributes=language.listing([attribute_label(language, context, n) for n in names])))
    return [*said, _selected(language, context)]


def _selected(language: Language, context: ReportContext) -> str:
    if context.rule is not None:
        return language.t("short.rule", rule=language.text(context.rule).rstrip("."))
    share = context.charter.capacity.share if context.charter is not None else None
    capacity = f" ({language.percent(share)})" if share is not None else ""
    return language.t("fairness.selected", capacity=capacity)


def gap_rows(context: ReportContext, groups: pd.DataFrame, metric: str) -> list[Any]:
    """The differences of a metric, judged attributes first."""
    agreed = attributes(judged(groups))
    ordered = leading_attributes(groups)
    differences = chosen(groups, "difference", [metric])
    rows: list[Any] = []
    for attribute in ordered:
        if JOIN not in attribute or attribute in agreed:
            rows += in_order(context, gaps_shown(differences, attribute, metric))
    return rows


def gap_answer(
    language: Language, context: ReportContext, frame: pd.DataFrame, groups: pd.DataFrame, metric: str
) -> list[str]:
    """Who is missed (fnr) or flagged without the outcome following (fpr) more often than those compared with."""
    t = language.t
    everything = gap_rows(context, groups, metric)
    rows = [row for row in everything if known(row.value) and known(row.low)]
    silent = [row for row in everything if not (known(row.value) and known(row.low))]
    withheld = len([row for row in silent if row.reason == WITHHELD])
    if not rows:
        return [t("short.none_shown" if withheld else "short.too_few")]
    first = set(attributes(judged(groups)))
    more = sorted((row for row in rows if is_clear(row) and row.value > 0), key=lambda row: -row.value)
    less = sorted((row for row in rows if is_clear(row) and row.value < 0), key=lambda row: row.value)
    open_ones = [row for row in rows if not is_clear(row)]
    said: list[str] = []
    leading = [row for row in more if row.attribute in first or not first]
    for row in leading[:MOST]:
        said.append(_finding(language, context, frame, row, metric))
    others = [row for row in more if row not in leading[:MOST]]
    if others:
        key = "short.also_more" if said else "short.more_explored"
        said.append(t(key, groups=_listed(language, context, others)))
    if less:
        said.append(t(f"short.less_{metric}", groups=_listed(language, context, less)))
    said += _by_chance(language, context, first, [*more, *less])
    if open_ones:
        most = max(max(abs(row.low), abs(row.high)) for row in open_ones)
        key = "short.others_open" if more or less else "short.all_alike"
        said.append(t(key, n=len(open_ones), most=points(language, most, metric)))
    for key, n in (("short.no_figures", len(silent) - withheld), ("short.not_shown", withheld)):
        said += [t(key, n=n)] if n else []
    return said


def _by_chance(language: Language, context: ReportContext, agreed: set[str], named_rows: Sequence[Any]) -> list[str]:
    """The caveat for groups that only exploring brought up: each range holds for itself."""
    explored = [name for name in dict.fromkeys(str(row.attribute) for row in named_rows) if name not in agreed]
    if not explored:
        return []
    if not agreed:
        return [language.t("short.by_chance_all")]
    labels = [attribute_label(language, context, name) for name in explored]
    return [language.t("short.by_chance", attributes=language.listing(labels))]


def _finding(language: Language, context: ReportContext, frame: pd.DataFrame, row: Any, metric: str) -> str:
    t = language.t
    against = str(row.reference) if known(row.reference) else OVERALL
    own = value_of(frame, row.attribute, row.group, metric)
    attribute = OVERALL if against == OVERALL else row.attribute
    other = value_of(frame, attribute, against, metric)
    if own is None or other is None:
        return t("short.also_more", groups=_listed(language, context, [row]))
    low, high = ends(language, row.low, row.high)
    values = {
        "cases": cases_word(language, context),
        "group": named(language, context, row),
        "value": about_100(language, own.value),
        "other": about_100(language, other.value),
        "low": low,
        "high": high,
    }
    if against == OVERALL:
        return t(f"short.more_{metric}", **values)
    return t(f"short.more_{metric}_than", reference=group_label(language, context, row.attribute, against), **values)


def _listed(language: Language, context: ReportContext, rows: Sequence[Any]) -> str:
    items = []
    for row in rows[:_LISTED]:
        low, high = ends(language, row.low, row.high, row.metric)
        items.append(language.t("short.named", group=named(language, context, row), low=low, high=high))
    if len(rows) > _LISTED:
        items.append(language.t("short.further", n=len(rows) - _LISTED))
    return language.listing(items)
