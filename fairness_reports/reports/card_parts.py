"""Tables of the model card: what the model is given, what it is not, how groups fare.

Belongs here: these tables, and the rows of groups that the card's JSON shares.
Does not belong here: the fields of the card (card), the figures (audit).
"""

from __future__ import annotations

from typing import Any

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.fairness.rows import attributes, in_all_bands, in_order, of_groups
from fairness_reports.reports.figures import (
    attribute_label,
    count,
    factor_words,
    figure_cell,
    group_label,
    known,
    metric_label,
)
from fairness_reports.reports.layout import Block, Cell, Fold, Para, Section, Table, code
from fairness_reports.spec import JOIN

GROUP_METRICS = ("base_rate", "selection_rate", "fnr", "fpr", "calibration")
"""Figures of groups on the card: recorded outcomes, who is selected, missed, flagged wrongly, promised wrongly."""


def features_section(language: Language, context: ReportContext) -> Section:
    """Features with their look-back and source."""
    t = language.t
    rows: list[list[Cell | str]] = []
    for feature in context.features:
        back = (
            language.t("form.days", n=feature.look_back_days) if known(feature.look_back_days) else t("form.unlimited")
        )
        how = about_others([feature]).get(feature.factor)
        label = tagged(language, factor_words(language, context, feature.factor), how)
        rows.append([Cell(label, code(feature.name)), back, code(feature.source) if feature.source else "–"])
    head = [t("card.feature"), t("card.look_back"), t("card.source")]
    return Section(t("card.features_title"), [Table(t("card.features_title"), head, rows)])


def excluded_section(language: Language, context: ReportContext) -> Section:
    """What is recorded and not given to the model, and why."""
    t = language.t
    if not context.excluded:
        return Section(t("card.excluded_title"), [Para(t("card.excluded_none"))])
    rows: list[list[Cell | str]] = [
        [language.text(each.label), language.word("excluded", each.why)] for each in context.excluded
    ]
    head = [t("card.excluded"), t("card.excluded_why")]
    return Section(t("card.excluded_title"), [Table(t("card.excluded_title"), head, rows)])


def group_rows(context: ReportContext) -> dict[str, dict[str | None, dict[str, Any]]]:
    """The figures of groups in the test, for the card.

    Parameters
    ----------
    context : ReportContext
        Its `fairness` has passed disclosure control.

    Returns
    -------
    dict of str to dict of str to dict of str to row
        By attribute (crossed ones last), group and metric of `GROUP_METRICS`.
    """
    frame = of_groups(in_all_bands(context.test_fairness()))
    values = frame[(frame["comparison"] == "value") & frame["metric"].isin(GROUP_METRICS)]
    found: dict[str, dict[str | None, dict[str, Any]]] = {}
    for attribute in sorted(attributes(values), key=lambda name: JOIN in name):
        of_attribute = found.setdefault(attribute, {})
        for row in in_order(context, values[values["attribute"] == attribute]):
            of_attribute.setdefault(str(row.group) if known(row.group) else None, {})[str(row.metric)] = row
    return found


def group_sections(language: Language, context: ReportContext) -> list[Section]:
    """Groups and their intersections, each figure with its interval."""
    t = language.t
    single: list[Table] = []
    crossed: list[Table] = []
    for attribute, groups in group_rows(context).items():
        rows: list[list[Cell | str]] = []
        for group, cells in groups.items():
            n: Any = next((row.n for row in cells.values()), None)
            if not known(n) or n < context.minimum_cell or not any(known(row.value) for row in cells.values()):
                continue  # too few
            figures = [figure_cell(language, m, cells[m]) if m in cells else "–" for m in GROUP_METRICS]
            rows.append([group_label(language, context, attribute, group), count(language, context, n), *figures])
        if rows:
            head = [t("fairness.group"), t("fairness.cases"), *(metric_label(language, m) for m in GROUP_METRICS)]
            table = Table(attribute_label(language, context, attribute), head, rows, numbers_from=1)
            (crossed if JOIN in attribute else single).append(table)
    if not single:
        return []
    blocks: list[Block] = [Para(t("card.groups_intro")), *single]
    folded = [Fold(t("card.groups_crossed"), crossed)] if crossed else []
    return [Section(t("card.groups_title"), [*blocks, *folded])]
