"""The gaps as pictures: each group against what it is compared with.

Belongs here: which gaps are drawn, and the table beside each drawing.
Does not belong here: drawing (charts).
"""

from __future__ import annotations

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.fairness.rows import (
    GAPS,
    STATES,
    attributes,
    difference_cell,
    gaps_shown,
    in_order,
    judged,
    leading_attributes,
    reference_label,
    tolerance,
)
from fairness_reports.reports.figures import SHARES, attribute_label, count, group_label, known, metric_label
from fairness_reports.reports.layout import Block, Cell, Fold, Para, Picture, Pictures, Section, Table

_MOST_GROUPS = 40  # of one picture: a longer one is a table


def pictures(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    """A section per judged attribute; other attributes in folds."""
    t = language.t
    agreed = judged(groups)
    present = set(groups.loc[groups["comparison"] == "difference", "metric"])
    metrics = list(dict.fromkeys([*agreed["metric"], *(m for m in GAPS if m in present)]))
    blocks: list[Section] = [Section(t("fairness.charts_title"), [Para(t("fairness.charts_intro"))])]
    folds: list[Block] = []
    number = 0
    first = attributes(agreed)
    for attribute in leading_attributes(groups):
        drawn = []
        leading = attribute in first or not first
        for metric in metrics if leading else [m for m in GAPS if m in metrics]:
            number += 1
            part = gaps_shown(groups, attribute, metric)
            picture = _gap_picture(language, context, attribute, metric, part, number)
            drawn += [picture] if picture is not None else []
        if not drawn:
            continue
        label = attribute_label(language, context, attribute)
        if leading:
            blocks.append(Section(label, [Pictures(drawn)], level=3))
        else:
            folds.append(Fold(t("fairness.charts_more", attribute=label), [Pictures(drawn)]))
    if folds:
        blocks.append(Section(t("fairness.charts_others"), folds, level=3))
    return blocks if len(blocks) > 1 else []


def _gap_picture(
    language: Language, context: ReportContext, attribute: str, metric: str, part: pd.DataFrame, number: int
) -> Picture | None:
    t = language.t
    rows = [row for row in in_order(context, part) if known(row.value)]
    if not rows or len(rows) > _MOST_GROUPS:
        return None
    reference = reference_label(language, context, attribute, rows[0].reference)
    agreed = tolerance(context, metric, attribute, rows[0].reference)
    points: list[Point] = []
    cells: list[list[Cell | str]] = []
    for row in rows:
        label = group_label(language, context, attribute, row.group)
        state = row.state if row.state in STATES else "not_judged"
        low, high = (float(row.low), float(row.high)) if known(row.low) and known(row.high) else (None, None)
        note = language.word("state", state) if state != "not_judged" else ""
        points.append(Point(label, float(row.value), low, high, state, note))
        cells.append(
            [label, difference_cell(language, row), language.word("state", state), count(language, context, row.n)]
        )
    title = t(
        "chart.gap_title",
        metric=metric_label(language, metric),
        attribute=attribute_label(language, context, attribute),
    )
    head = [t(f"fairness.{key}") for key in ("group", "difference", "result", "cases")]
    share = metric in SHARES
    chart = intervals(
        points,
        identity=f"gap-{number}-{metric}",
        title=title,
        description=t("chart.gap_desc" if agreed is not None else "chart.gap_desc_open", reference=reference),
        axis=t("chart.gap_axis" if share else "chart.gap_axis_plain"),
        tick=(lambda value: language.signed(value * 100, 0)) if share else language.signed,
        zero=0.0,
        tolerance=agreed,
    )
    return Picture(chart, Table(title, head, cells, numbers_from=1))
