"""How gaps went over time: per split, per release, and what has changed in who is there and what is recorded.

Belongs here: pictures and tables over time, and the alarms.
Does not belong here: deciding what is an alarm (fairness_reports.drift).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports import drift
from fairness_reports.language import Language
from fairness_reports.reports.charts import Point
from fairness_reports.reports.charts_gaps import over_time
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import (
    GAPS,
    STATES,
    difference_cell,
    in_all_bands,
    is_clear,
    judged,
    leading_attributes,
    of_groups,
    tolerance,
)
from fairness_reports.reports.figures import (
    SHARES,
    attribute_label,
    count,
    group_label,
    groups_in_order,
    is_overall,
    known,
    metric_label,
)
from fairness_reports.reports.layout import Block, Cell, Fold, Para, Picture, Pictures, Section, Table
from fairness_reports.spec import JOIN, OVERALL, SCORES_SHOWN
from models.metrics import parts_of

_MOST_GROUPS = 15  # in one picture
_MOST_PICTURES = 8
_MOST_ATTRIBUTES = 3  # where none is judged
_MOST_CHANGES = 40  # rows of the table of changes


def course_sections(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    """Gaps per split and per release, then changes and alarms."""
    t = language.t
    parts = [
        *_per_split(language, context, groups),
        *_per_release(language, context, groups),
        *_changes(language, context),
    ]
    return [Section(t("course.title"), [Para(t("course.intro"))]), *parts] if parts else []


def _metrics(groups: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(judged(groups)["metric"])) or list(GAPS)


def _attributes(groups: pd.DataFrame) -> list[str]:
    first = list(dict.fromkeys(judged(groups)["attribute"]))
    return first or [name for name in leading_attributes(groups) if JOIN not in name][:_MOST_ATTRIBUTES]


def _per_split(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    t = language.t
    frame = of_groups(in_all_bands(context.audited))
    frame = frame[(frame["comparison"] == "difference") & frame["value"].notna()]
    frame = frame[~frame["split"].str.endswith(SCORES_SHOWN) & (frame["split"] != drift.NOW)]
    frame = frame[frame["reference"].fillna(OVERALL) == OVERALL]
    dated = frame.assign(day=frame["as_of"].astype(str)).sort_values(["day", "split"], kind="stable")
    if dated["split"].nunique() < 2:
        return []
    blocks = _pictures(language, context, groups, dated, "split", t("course.split"))
    if not blocks:
        return []
    intro = t("course.splits_intro" if context.rule is None else "course.splits_intro_rows")
    return [Section(t("course.splits_title"), [Para(intro), *blocks,
                                               Para(t("source.splits"), "note source")], level=3)]  # fmt: skip


def _per_release(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    t = language.t
    earlier = context.earlier
    if earlier is None or earlier.empty:
        return []
    today = judged(groups).assign(release_id=context.release_id, as_of=context.as_of)
    both = pd.concat([earlier.assign(as_of=earlier["as_of"].astype(str)), today.assign(as_of=str(context.as_of))])
    both = both[both["value"].notna()].assign(order=range(int(both["value"].notna().sum())))
    # one release a day in the picture: the newest of the day
    newest = both.groupby("as_of")["order"].transform("max")
    last = dict(zip(both["order"], both["release_id"], strict=True))
    both = both[both["release_id"] == newest.map(last)].sort_values(["as_of", "order"], kind="stable")
    if both["as_of"].nunique() < 2:
        return []
    blocks = _pictures(language, context, groups, both, "as_of", t("course.release"))
    return [Section(t("course.releases_title"), [Para(t("course.releases_intro")), *blocks,
                                                 Para(t("source.releases"), "note source")], level=3)]  # fmt: skip


def _pictures(
    language: Language, context: ReportContext, groups: pd.DataFrame, frame: pd.DataFrame, by: str, period: str
) -> list[Block]:
    t = language.t
    drawn: list[Picture] = []
    for attribute in _attributes(groups):
        for metric in _metrics(groups):
            part = frame[(frame["attribute"] == attribute) & (frame["metric"] == metric)]
            order = [str(group) for group in groups_in_order(context, attribute, list(part["group"]))]
            courses: list[tuple[str, list[Point]]] = []
            rows: list[list[Cell | str]] = []
            for group in order[:_MOST_GROUPS]:
                label = group_label(language, context, attribute, group)
                here = rows_of(part[part["group"].astype(str) == group])
                courses.append((label, [_point(row, by) for row in here]))
                rows += [_cells(language, context, label, row, by) for row in here]
            if not courses or len(drawn) == _MOST_PICTURES:
                continue
            title = t("chart.gap_title", metric=metric_label(language, metric),
                      attribute=attribute_label(language, context, attribute))  # fmt: skip
            agreed = tolerance(context, metric, attribute, OVERALL)
            share = metric in SHARES
            chart = over_time(
                courses,
                identity=f"course-{by.replace('_', '-')}-{len(drawn)}",
                title=title,
                description=t("course.desc" if agreed is not None else "course.desc_open", period=period),
                axis=t("chart.gap_axis" if share else "chart.gap_axis_plain"),
                tick=(lambda value: language.signed(value * 100, 0)) if share else language.signed,
                zero=0.0,
                tolerance=agreed,
            )
            head = [t("fairness.group"), t("fairness.difference"), t("fairness.result"), t("fairness.cases")]
            drawn.append(Picture(chart, Table(Markup("{} ({})").format(title, period), head, rows, 1)))
    return [Pictures(drawn)] if drawn else []


def _cells(language: Language, context: ReportContext, label: str, row: Any, by: str) -> list[Cell | str]:
    state = language.word("state", row.state)
    return [Cell(label, str(getattr(row, by))), difference_cell(language, row), state, count(language, context, row.n)]


def _point(row: Any, by: str) -> Point:
    low, high = (float(row.low), float(row.high)) if known(row.low) and known(row.high) else (None, None)
    state = row.state if row.state in STATES else "not_judged"
    return Point(str(getattr(row, by)), float(row.value), low, high, state)


def _changes(language: Language, context: ReportContext) -> list[Section]:
    t, frame = language.t, context.drift
    if frame is None or frame.empty:
        return []
    alarms = [row for row in rows_of(frame) if bool(row.alarm)]
    others = [row for row in rows_of(frame) if not bool(row.alarm) and known(row.value)]
    blocks: list[Block] = [Para(t("course.changes_intro"))]
    if alarms:
        blocks.append(_changes_table(language, context, t("course.alarms"), alarms))
    else:
        blocks.append(Para(t("course.no_alarm")))
    if others:
        others = sorted(others, key=lambda row: (not is_clear(row), -abs(row.value)))[:_MOST_CHANGES]
        table = _changes_table(language, context, t("course.others"), others)
        blocks.append(Fold(t("course.others"), [table]))
    return [Section(t("course.changes_title"), [*blocks, Para(t("source.changes"), "note source")], level=3)]


def _changes_table(language: Language, context: ReportContext, title: str, rows: list[Any]) -> Table:
    t = language.t
    body: list[list[Cell | str]] = []
    for row in rows:
        everybody = is_overall(row.attribute)
        name = t("fairness.all_cases") if everybody else group_label(language, context, row.attribute, row.group)
        under = "" if everybody else attribute_label(language, context, row.attribute)
        metric, inner = parts_of(str(row.metric))
        what = (
            t("course.size_of_gap", metric=metric_label(language, inner[0]))
            if metric == "gap"
            else metric_label(language, metric)
        )
        figure = difference_cell(language, row._replace(metric=inner[0] if metric == "gap" else metric))
        reason = language.word("drift", str(row.reason).replace(" ", "_")) if known(row.reason) else "–"
        body.append([Cell(name, under), what, str(row.since), figure, reason])
    head = [t("fairness.group"), t("course.what"), t("course.since"), t("course.change"), t("course.reason")]
    return Table(title, head, body)
