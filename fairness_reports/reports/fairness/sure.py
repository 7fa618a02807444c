"""The part that is read in two minutes, continued: how sure we are, and what nobody can know.

Belongs here: what intervals, states, bounds and tipping points mean, in sentences.
Does not belong here: computing any of them (fairness_reports.audit, fairness_reports.identification).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import (
    GAPS,
    about_100,
    attributes,
    chosen,
    ends,
    in_order,
    is_clear,
    judged,
    named,
    of_everybody,
    of_groups,
    points,
    short_metric,
    tolerance,
    value_of,
    why,
)
from fairness_reports.reports.fairness.short import gap_rows
from fairness_reports.reports.figures import known, metric_label
from fairness_reports.spec import JOIN, OVERALL

_OPEN = 1  # open comparisons told at length: those nearest to a decision
_LISTED = 4  # names in one enumeration
_TIPPING = 1  # findings whose tipping point is told: the most fragile
_BOUNDED = 1


def how_sure(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[str]:
    """The states of what was agreed; for what is open, what could be told and what it would take."""
    t = language.t
    frame = judged(groups)
    if frame.empty:
        return _how_sure_exploring(language, context, groups)
    rows = in_order(context, frame)
    by_state = {name: [row for row in rows if row.state == name] for name in ("within", "outside", "cannot_tell")}
    counts = {name: language.number(len(found)) for name, found in by_state.items()}
    said: list[str] = [t("short.states", n=len(rows), **counts)]
    if by_state["outside"]:
        said.append(t("short.outside", groups=_with_metric(language, context, by_state["outside"])))
    if 0 < len(by_state["within"]) <= _LISTED:
        said.append(t("short.within", groups=_with_metric(language, context, by_state["within"])))
    undecided = by_state["cannot_tell"]
    if len(undecided) == len(rows):
        said.append(t("short.all_open"))
    told = sorted((row for row in undecided if known(row.low)), key=_steps_missing)
    said += [_open(language, context, row) for row in told[:_OPEN]]
    others = told[_OPEN:]
    if others:
        said.append(t("short.also_open", groups=_with_metric(language, context, others[:_LISTED])))
    silent = [row for row in undecided if not known(row.low)]
    for row in silent[:_OPEN]:
        about = {"group": named(language, context, row), "metric": short_metric(language, row.metric)}
        if row.reason == WITHHELD:
            said.append(t("short.open_not_shown", **about))
        else:
            said.append(t("short.no_figure", **about, reason=why(language, row)))
    left = max(len(others) - _LISTED, 0) + max(len(silent) - _OPEN, 0)
    if left:
        said.append(t("short.more_open", n=left))
    return [*said, t("short.together")]


def _steps_missing(row: Any) -> float:
    """How many times the cases there are it would take: what is nearest to a decision stands first."""
    return float(row.needed_n) / float(row.n) if known(row.needed_n) and known(row.n) and row.n else float("inf")


def _open(language: Language, context: ReportContext, row: Any) -> str:
    t = language.t
    agreed = tolerance(context, row.metric, row.attribute, row.reference)
    low, high = ends(language, row.low, row.high, row.metric)
    said = t(
        "short.open",
        group=named(language, context, row),
        metric=short_metric(language, row.metric),
        low=low,
        high=high,
        tolerance="–" if agreed is None else points(language, agreed, row.metric),
    )
    if is_clear(row):
        said += " " + t("short.open_above" if row.value > 0 else "short.open_below")
    else:
        most = points(language, max(abs(row.low), abs(row.high)), row.metric)
        said += " " + t("short.open_limit", most=most)
    if known(row.needed_n):
        said += " " + t("short.needed", needed=language.number(row.needed_n), n=language.number(row.n))
    if known(row.detectable_gap):
        said += " " + t("short.detectable", gap=points(language, row.detectable_gap, row.metric))
    return said


def _with_metric(language: Language, context: ReportContext, rows: list[Any]) -> str:
    items = []
    for row in rows:
        about = {"group": named(language, context, row), "metric": short_metric(language, row.metric)}
        if known(row.low):
            low, high = ends(language, row.low, row.high, row.metric)
            items.append(language.t("short.named_metric", **about, low=low, high=high))
        else:
            items.append(language.t("short.named_not_shown", **about))
    return language.listing(items)


def _how_sure_exploring(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[str]:
    t = language.t
    said: list[str] = [t("short.nothing_agreed")]
    for metric in GAPS:
        seen = [row for row in gap_rows(context, groups, metric) if known(row.detectable_gap)]
        if seen:
            least, most = (points(language, pick(row.detectable_gap for row in seen), metric) for pick in (min, max))
            said.append(t("short.sight", metric=metric_label(language, metric), least=least, most=most))
    return [*said, t("short.alone")]


def cannot_know(
    language: Language,
    context: ReportContext,
    frame: pd.DataFrame,
    groups: pd.DataFrame,
    shown: dict[str, pd.DataFrame],
) -> list[str]:
    """For whom outcomes get recorded, what that leaves open, and who is not among the cases compared."""
    rows = [*in_order(context, judged(groups)), *(row for metric in GAPS for row in gap_rows(context, groups, metric))]
    said = _observed(language, context, rows)
    said += _bounds(language, context, rows)
    said += _tipping(language, context, rows)
    for part in shown.values():
        for size in rows_of(chosen(of_everybody(part), "value", ["n"])):
            if known(size.value):
                said.append(language.t("short.shown", n=language.number(size.value)))
    return [*said, *_left(language, context, frame), language.t("short.why_not")]


def _observed(language: Language, context: ReportContext, rows: list[Any]) -> list[str]:
    t, declared = language.t, context.observation
    kinds = {str(row.identification) for row in rows if known(row.identification)}
    if declared is None:
        return [t("short.undeclared")] if kinds <= {"undeclared", "identified"} else []
    said: list[str] = [t(f"short.declared_{declared.outcomes_of}", reason=language.text(declared.reason))]
    if "bounded" in kinds:
        said.append(t("short.bounded"))
    lost = list(dict.fromkeys(row.metric for row in rows if str(row.identification) == "not_identifiable"))
    if lost:
        said.append(t("short.not_identifiable", metrics=language.listing([metric_label(language, m) for m in lost])))
    return said


def _bounds(language: Language, context: ReportContext, rows: list[Any]) -> list[str]:
    t = language.t
    found, done = [], set()
    for row in rows:
        key = (row.attribute, str(row.group), row.metric)
        bounded = str(row.identification) == "bounded" and known(row.bound_low) and known(row.bound_high)
        if bounded and key not in done and (row.confirmatory or is_clear(row)):
            done.add(key)
            found.append(row)
    said: list[str] = []
    for row in sorted(found, key=lambda row: -abs(row.value))[:_BOUNDED]:
        low, high = ends(language, row.bound_low, row.bound_high, row.metric)
        said_key = "short.bounds_holds" if row.bound_low > 0 or row.bound_high < 0 else "short.bounds_open"
        said.append(
            t(
                said_key,
                group=named(language, context, row),
                metric=short_metric(language, row.metric),
                low=low,
                high=high,
            )
        )
    return said


def _tipping(language: Language, context: ReportContext, rows: list[Any]) -> list[str]:
    t = language.t
    found: dict[tuple[str, str, str], Any] = {}
    for row in rows:
        if known(row.tipping_point):
            found.setdefault((row.attribute, str(row.group), row.metric), row)
    fragile = sorted((row for row in found.values() if row.tipping_point > 0), key=lambda row: -row.tipping_point)
    if found and not fragile:
        return [t("short.tipping_never")]
    return [
        t("short.tipping", group=named(language, context, row), metric=short_metric(language, row.metric),
          share=language.number(round(row.tipping_point * 100)))
        for row in fragile[:_TIPPING]
    ]  # fmt: skip


def _left(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[str]:
    rows = [row for row in rows_of(of_groups(chosen(frame, "value", ["attrition"]))) if known(row.value)]
    everybody = value_of(frame, OVERALL, None, "attrition")
    rows = [row for row in rows if JOIN not in str(row.attribute)]
    if not rows or everybody is None:
        return []
    agreed = set(attributes(judged(of_groups(frame))))
    rows = [row for row in rows if row.attribute in agreed] or rows
    most = max(rows, key=lambda row: row.value)
    if most.value <= everybody.value:
        return []
    values = {"value": about_100(language, most.value), "other": about_100(language, everybody.value)}
    return [language.t("short.left", group=named(language, context, most), **values)]
