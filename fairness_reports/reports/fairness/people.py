"""Whom the comparison between groups does not show: small groups, those who had left, those who come back.

Belongs here: their tables.
Does not belong here: the comparison itself.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import attributes, chosen, of_groups, value_of, why
from fairness_reports.reports.figures import (
    attribute_label,
    count,
    figure_cell,
    group_label,
    groups_in_order,
    is_overall,
    known,
    metric_label,
)
from fairness_reports.reports.layout import Block, Bullets, Cell, Para, Section, Table
from fairness_reports.spec import JOIN, OVERALL


def suppressed(language: Language, context: ReportContext, groups: pd.DataFrame) -> Section:
    """Groups, and measures of groups, without a figure, and why."""
    t = language.t
    everything = chosen(groups, "value")
    everything = everything[~everything["metric"].str.contains("[", regex=False)]
    values = everything[everything["value"].isna()]
    rows: list[list[Cell | str]] = []
    for attribute in attributes(values):
        if JOIN in attribute:
            continue  # hundreds of crossed groups would bury the others; their tables simply lack them
        part = values[values["attribute"] == attribute]
        for group in groups_in_order(context, attribute, list(part["group"])):
            here = part[part["group"].isna() if group is None else part["group"] == group]
            reasons = dict.fromkeys(why(language, row) for row in rows_of(here))
            names = dict.fromkeys(metric_label(language, m) for m in here["metric"] if m != "n")
            told = everything[everything["attribute"] == attribute]
            told = told[told["group"].isna() if group is None else told["group"] == group]
            if told["value"].isna().all():
                names = {language.t("fairness.all_measures"): None}
            name = Cell(group_label(language, context, attribute, group), attribute_label(language, context, attribute))
            rows.append([name, "; ".join(reasons), ", ".join(names)])
    crossed = values[values["attribute"].str.contains(JOIN, regex=False)]
    left_out = crossed.groupby("attribute", sort=False)["group"].nunique()
    notes = [
        t(
            "fairness.suppressed_pairs",
            attribute=attribute_label(language, context, str(name)),
            n=language.number(int(n)),
        )
        for name, n in left_out.items()
    ]
    blocks: list[Block] = [Para(t("fairness.suppressed_intro"))]
    if rows:
        head = [t("fairness.group"), t("fairness.why"), t("fairness.suppressed_measures")]
        blocks.append(Table(t("fairness.suppressed_title"), head, rows))
    if notes:
        blocks.append(Bullets(notes))
    if not rows and not notes:
        blocks.append(Para(t("fairness.suppressed_none")))
    return Section(t("fairness.suppressed_title"), blocks)


def attrition(language: Language, context: ReportContext, frame: pd.DataFrame) -> Section:
    """Who had left before the prediction: from the audit where it has them, else counted from the cohorts."""
    t = language.t
    blocks: list[Block] = [Para(t("fairness.attrition_intro"))]
    audited = chosen(frame, "value", ["attrition"])
    if not audited.empty:
        blocks += [_audited_attrition(language, context, frame), Para(t("source.attrition"), "note source")]
        return Section(t("fairness.attrition_title"), blocks)
    if context.attrition.empty:
        return Section(t("fairness.attrition_title"), [*blocks, Para(t("fairness.attrition_none"))])
    return Section(t("fairness.attrition_title"), [*blocks, _counted_attrition(language, context)])


def _audited_attrition(language: Language, context: ReportContext, frame: pd.DataFrame) -> Table:
    t = language.t
    rows: list[list[Cell | str]] = []
    everybody = value_of(frame, OVERALL, None, "attrition")
    if everybody is not None:
        rows.append(
            [t("fairness.all_cases"), count(language, context, everybody.n),
             figure_cell(language, "attrition", everybody)]
        )  # fmt: skip
    audited = of_groups(chosen(frame, "value", ["attrition"]))
    for attribute in attributes(audited):
        part = audited[audited["attribute"] == attribute]
        cells = {str(row.group): row for row in rows_of(part)}
        for group in groups_in_order(context, attribute, list(part["group"])):
            row = cells[str(group)]
            name = Cell(group_label(language, context, attribute, group), attribute_label(language, context, attribute))
            figure = figure_cell(language, "attrition", row) if known(row.value) else Cell(why(language, row))
            rows.append([name, count(language, context, row.n, row.reason), figure])
    head = [t(f"fairness.{key}") for key in ("group", "registered", "left_share")]
    return Table(t("fairness.attrition_title"), head, rows, 1)


def _counted_attrition(language: Language, context: ReportContext) -> Table:
    t, frame = language.t, context.attrition
    frame = frame.assign(attribute=frame["attribute"].astype(object).where(frame["attribute"].notna(), OVERALL))
    sums = frame.groupby(["attribute", "group"], sort=False, dropna=False)[["registered", "left_before"]].sum()
    rows: list[list[Cell | str]] = []
    for attribute in dict.fromkeys(sums.index.get_level_values(0)):
        part = sums.loc[[attribute]].reset_index()
        for group in groups_in_order(context, attribute, list(part["group"])):
            here = part[part["group"].isna() if group is None else part["group"].astype(str) == group].iloc[0]
            registered, left = int(here["registered"]), int(here["left_before"])
            safe = min(left, registered - left) >= context.minimum_cell
            everybody = is_overall(attribute)
            name = t("fairness.all_cases") if everybody else group_label(language, context, attribute, group)
            sub = "" if everybody else attribute_label(language, context, attribute)
            share = language.percent(left / registered, 1) if safe else "–"
            rows.append([Cell(name, sub), count(language, context, registered), count(language, context, left), share])
    head = [t(f"fairness.{key}") for key in ("group", "registered", "left_before", "left_share")]
    return Table(t("fairness.attrition_title"), head, rows, 1)


def returning(language: Language, context: ReportContext) -> Section:
    """Persons with an earlier case beside new ones."""
    t, metrics = language.t, context.test_metrics()
    blocks: list[Block] = [Para(t("fairness.returning_intro"))]
    shown = [m for m in ("base_rate", "auc", "calibration_in_the_large") if f"{m}[returning]" in metrics]
    rows: list[list[Cell | str]] = []
    for who in ("returning", "new"):
        cells: list[Any] = [metrics[f"{m}[{who}]"] for m in shown if f"{m}[{who}]" in metrics]
        if cells and known(cells[0].value) and int(cells[0].n) >= context.minimum_cell:
            figures = [figure_cell(language, m, cell) for m, cell in zip(shown, cells, strict=True)]
            rows.append([t(f"fairness.{who}"), count(language, context, cells[0].n), *figures])
    if len(rows) < 2:
        return Section(t("fairness.returning_title"), [*blocks, Para(t("fairness.returning_none"))])
    head = [t("fairness.who"), t("fairness.cases"), *(metric_label(language, m) for m in shown)]
    return Section(t("fairness.returning_title"), [*blocks, Table(t("fairness.returning_title"), head, rows, 1)])
