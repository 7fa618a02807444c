"""How factors shift scores within groups.

Belongs here: the table of each attribute.
Does not belong here: computing contributions (models.explanation), whether scores are fair (reports.fairness).
"""

from __future__ import annotations

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.explanations.relied import factor_label
from fairness_reports.reports.figures import attribute_label, count, group_label, groups_in_order, is_overall, known
from fairness_reports.reports.layout import Cell, Para, Section, Table


def group_sections(
    language: Language, context: ReportContext, frame: pd.DataFrame, factors: list[str]
) -> list[Section]:
    """The mean shift of each of these factors within each group that is large enough."""
    t = language.t
    parts = frame[~frame["attribute"].map(is_overall) & frame["factor"].isin(factors)]
    sections: list[Section] = [Section(t("explanations.groups_title"), [Para(t("explanations.groups_intro"))])]
    for attribute in dict.fromkeys(parts["attribute"].astype(str)):
        part = parts[parts["attribute"] == attribute]
        cells = {(row.group if known(row.group) else None, row.factor): row for row in rows_of(part)}
        groups = []
        for group in groups_in_order(context, attribute, list(part["group"])):
            here = [row for (each, _), row in cells.items() if each == group and known(row.mean_contribution)]
            if here and int(here[0].n) >= context.minimum_cell:
                groups.append(group)
        if len(groups) < 2:
            continue
        rows: list[list[Cell | str]] = [
            [
                factor_label(language, context, factor),
                *(
                    language.signed(cells[group, factor].mean_contribution) if (group, factor) in cells else "–"
                    for group in groups
                ),
            ]
            for factor in factors
        ]
        sizes = [next(cells[group, f].n for f in factors if (group, f) in cells) for group in groups]
        foot: list[Cell | str] = [Cell(t("fairness.cases")), *(count(language, context, n) for n in sizes)]
        label = attribute_label(language, context, attribute)
        head = [t("explanations.factor"), *(group_label(language, context, attribute, group) for group in groups)]
        sections.append(Section(label, [Table(label, head, rows, numbers_from=1, foot=foot)], level=3))
    if len(sections) == 1:
        sections = [Section(t("explanations.groups_title"), [Para(t("explanations.groups_none"))])]
    return sections
