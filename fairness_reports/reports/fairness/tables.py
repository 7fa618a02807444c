"""The tables of figures: what was agreed beforehand, the largest gaps, and all further figures for exploring.

Belongs here: which figures stand in which table.
Does not belong here: sentences for those who read only the first part (short, sure), pictures (pictures).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import (
    STATES,
    attributes,
    bare,
    chosen,
    compared_with,
    difference_cell,
    in_order,
    is_clear,
    judged,
    of_everybody,
    points,
    state_cell,
    tolerance,
)
from fairness_reports.reports.figures import (
    attribute_label,
    count,
    figure_cell,
    group_label,
    groups_in_order,
    interval,
    known,
    metric_label,
    metric_value,
)
from fairness_reports.reports.layout import Block, Bullets, Cell, Fold, Para, Section, Table
from fairness_reports.spec import JOIN, SCORES_SHOWN

COLUMNS = ("base_rate", "selection_rate", "fnr", "fpr", "ppv", "calibration", "auc")
"""Of the tables for exploring."""
MORE = ("capacity_share", "outcome_share", "capacity_balance", "calibration_selected", "for", "npv", "auc_across")
"""Of the second table of an attribute: whom the capacity goes to, and what stands at the top."""
_PAIRED = ("base_rate", "selection_rate", "fnr", "fpr")
EXPLAINED = ("base_rate", "selection_rate", "tpr", "fpr", "fnr", "ppv", "npv", "calibration", "auc", "fdr", "for",
             "calibration_selected", "capacity_share", "outcome_share", "capacity_balance", "auc_across")  # fmt: skip
_CROSSED_ROWS = 240  # of all crossed attributes together: a page has to open on a slow machine
_CROSSED_LEAST = 8  # of each


def judged_section(language: Language, context: ReportContext, groups: pd.DataFrame) -> Section:
    """Every comparison that was agreed beforehand, what fails first."""
    t = language.t
    frame = judged(groups)
    if frame.empty:
        return Section(t("fairness.judged_title"), [Para(t("fairness.judged_none"))])
    bounded = bool(frame["bound_low"].notna().any()) if "bound_low" in frame else False
    needed = bool(frame["needed_n"].notna().any()) if "needed_n" in frame else False
    rows: list[tuple[Any, list[Cell | str]]] = []
    for place, row in enumerate(in_order(context, frame)):
        agreed = tolerance(context, row.metric, row.attribute, row.reference)
        cells: list[Cell | str] = [
            Cell(
                group_label(language, context, row.attribute, row.group),
                attribute_label(language, context, row.attribute),
            ),
            state_cell(language, row.state),
            Cell(metric_label(language, row.metric), compared_with(language, context, row.attribute, row.reference)),
            difference_cell(language, row),
            "–" if agreed is None else f"±{bare(language, row.metric, agreed).removeprefix('+')}",
            count(language, context, row.n, row.reason),
        ]
        if bounded:
            cells.append(_bounds(language, row))
        if needed:
            cells.append(language.number(row.needed_n) if known(row.needed_n) else "–")
        rank = STATES.index(row.state) if row.state in STATES else len(STATES)
        rows.append(((rank, place), cells))
    rows.sort(key=lambda item: item[0])  # what fails stands first
    keys = ["group", "result", "metric", "difference", "tolerance", "cases"]
    keys += ["bounds"] * bounded + ["needed"] * needed
    table = Table(t("fairness.judged_title"), [t(f"fairness.{key}") for key in keys], [cells for _, cells in rows], 3)
    blocks: list[Block] = [Para(t("fairness.judged_intro")), table, Para(t("source.judged"), "note source")]
    if bounded:
        blocks.insert(1, Para(t("fairness.bounds_intro")))
    return Section(t("fairness.judged_title"), blocks)


def _bounds(language: Language, row: Any) -> Cell | str:
    said = str(row.identification) if known(row.identification) else "undeclared"
    if not (known(row.bound_low) and known(row.bound_high)):
        return Cell(language.word("identification", said), look="missing")
    shown = interval(language, row.metric, row.bound_low, row.bound_high, difference=True)
    return Cell(shown, language.word("identification", said))


def largest_section(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    """The two groups that lie furthest apart, with intervals that hold for all pairs at once."""
    t = language.t
    frame = chosen(groups, "largest_gap")
    frame = frame[frame["metric"].isin([*COLUMNS, *MORE]) & frame["value"].notna()]
    frame = frame[~frame["attribute"].str.contains(JOIN, regex=False)]
    if frame.empty:
        return []
    ratios = {(row.attribute, row.metric): row for row in rows_of(chosen(groups, "smallest_ratio"))}
    rows: list[list[Cell | str]] = []
    for row in rows_of(frame):
        pair = [group_label(language, context, row.attribute, each) for each in (row.group, row.reference)]
        ratio = ratios.get((row.attribute, row.metric))
        cells: list[Cell | str] = [
            Cell(metric_label(language, row.metric), attribute_label(language, context, row.attribute)),
            t("fairness.largest_pair", high=pair[0], low=pair[1]),
            difference_cell(language, row),
        ]
        if ratios:
            cells.append("–" if ratio is None or not known(ratio.value) else _ratio_cell(language, ratio))
        rows.append(cells)
    keys = ["metric", "furthest", "difference", *(["ratio"] if ratios else [])]
    title = t("fairness.largest_title")
    table = Table(title, [t(f"fairness.{key}") for key in keys], rows, 2)
    return [
        Section(title, [Para(t("fairness.largest_intro")), table, Para(t("source.largest"), "note source")], level=3)
    ]  # fmt: skip


def _ratio_cell(language: Language, row: Any) -> Cell:
    spread = ""
    if known(row.low) and known(row.high):
        spread = language.t("form.interval", low=language.number(row.low, 2), high=language.number(row.high, 2))
    return Cell(language.number(row.value, 2), spread)


def exploratory(language: Language, context: ReportContext, frame: pd.DataFrame, groups: pd.DataFrame) -> list[Section]:
    """All further figures: of every group, of the largest gaps, of crossed groups in folds."""
    t = language.t
    values = chosen(groups, "value", [*COLUMNS, *MORE, "n"])
    overall = chosen(of_everybody(frame), "value")
    intro: list[Block] = [Para(t("fairness.exploratory_intro")), Para(t("source.values"), "note source")]
    sections = [
        Section(t("fairness.exploratory_title"), intro),
        *largest_section(language, context, groups),
    ]
    names = [name for name in attributes(values) if JOIN not in name]
    for attribute in names:
        part = values[values["attribute"] == attribute]
        label = attribute_label(language, context, attribute)
        table = _values_table(language, context, attribute, part, overall, COLUMNS)
        if table is None:
            continue
        blocks: list[Block] = [table]
        more = _values_table(language, context, attribute, part, overall, MORE)
        if more is not None:
            blocks.append(Fold(t("fairness.more_summary", attribute=label), [more]))
        sections.append(Section(label, blocks, level=3))
    folds = _crossed(language, context, groups, values, overall)
    if folds:
        sections.append(Section(t("fairness.pairs_title"), folds, level=3))
    return sections


def _crossed(
    language: Language, context: ReportContext, groups: pd.DataFrame, values: pd.DataFrame, overall: pd.DataFrame
) -> list[Block]:
    t = language.t
    names = [name for name in attributes(values) if JOIN in name]
    gaps = chosen(groups, "difference", _PAIRED)
    limit = max(_CROSSED_LEAST, _CROSSED_ROWS // max(len(names), 1))
    folds: list[Block] = []
    for attribute in names:
        part = values[values["attribute"] == attribute]
        found = _largest_first(gaps[gaps["attribute"] == attribute])
        total = part["group"].nunique(dropna=False)
        if total > limit:
            kept = set((found or sorted(map(str, part["group"].unique())))[:limit])
            part = part[part["group"].map(lambda group, kept=kept: str(group) in kept)]
        table = _values_table(language, context, attribute, part, overall, _PAIRED)
        if table is None:
            continue
        label = attribute_label(language, context, attribute)
        blocks: list[Block] = [table]
        shown = language.number(len(table.rows))
        if total > limit:
            limited = t("fairness.pairs_limited", shown=shown, total=language.number(total))
            blocks.insert(0, Para(limited, "note"))
        folds.append(Fold(t("fairness.pairs_summary", attribute=label, n=shown), blocks))
    return folds


def _largest_first(gaps: pd.DataFrame) -> list[str]:
    """Groups by their largest difference, those whose interval excludes zero first."""
    best: dict[str, tuple[bool, float]] = {}
    for row in rows_of(gaps):
        if known(row.value):
            rank = (is_clear(row), abs(float(row.value)))
            best[str(row.group)] = max(best.get(str(row.group), (False, 0.0)), rank)
    return sorted(best, key=lambda group: (not best[group][0], -best[group][1], group))


def _values_table(
    language: Language,
    context: ReportContext,
    attribute: str,
    part: pd.DataFrame,
    overall: pd.DataFrame,
    columns: tuple[str, ...],
) -> Table | None:
    metrics = [m for m in columns if m in set(part["metric"])]
    if not metrics:
        return None
    cells = {(str(row.group) if known(row.group) else None, row.metric): row for row in rows_of(part)}
    rows: list[list[Cell | str]] = []
    for group in groups_in_order(context, attribute, list(part["group"])):
        size = cells.get((group, "n"))
        n: Any = next((cells[group, m].n for m in ("selection_rate", *metrics) if (group, m) in cells), None)
        n = size.value if size is not None and known(size.value) else n
        told = [cells[group, m] for m in metrics if (group, m) in cells]
        if not known(n) or n < context.minimum_cell or not any(known(row.value) for row in told):
            continue  # named under "groups that are not shown"
        figures = [figure_cell(language, m, cells[group, m]) if (group, m) in cells else "–" for m in metrics]
        rows.append([group_label(language, context, attribute, group), count(language, context, n), *figures])
    if not rows:
        return None
    totals = {row.metric: row for row in rows_of(overall)}
    foot: list[Cell | str] = []
    if totals:
        n = totals["n"].value if "n" in totals else None
        figures = [figure_cell(language, m, totals[m]) if m in totals else "–" for m in metrics]
        foot = [Cell(language.t("fairness.all_cases")), count(language, context, n), *figures]
    head = [language.t("fairness.group"), language.t("fairness.cases"), *(metric_label(language, m) for m in metrics)]
    caption = attribute_label(language, context, attribute)
    return Table(caption, head, rows, numbers_from=1, foot=foot)


def seen_detail(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Block]:
    """For every judged gap: what an audit of this size could have seen, and what would overturn the finding."""
    t = language.t
    frame = judged(groups)
    if frame.empty:
        frame = chosen(groups, "difference", ["fnr", "fpr"])
        frame = frame[~frame["attribute"].str.contains(JOIN, regex=False)]
    rows: list[list[Cell | str]] = []
    for row in in_order(context, frame):
        if not known(row.value):
            continue
        turning = row.tipping_point if known(row.tipping_point) else None
        rows.append(
            [
                Cell(
                    group_label(language, context, row.attribute, row.group),
                    attribute_label(language, context, row.attribute),
                ),
                metric_label(language, row.metric),
                points(language, row.detectable_gap, row.metric) if known(row.detectable_gap) else "–",
                "–" if turning is None else t("fairness.never") if turning == 0 else language.percent(turning, 0),
            ]
        )
    if not any(cell != "–" for row in rows for cell in row[2:]):
        return []
    head = [t(f"fairness.{key}") for key in ("group", "metric", "detectable", "tipping")]
    title = t("fairness.detail_title")
    table = Table(title, head, rows, 2)
    return [Fold(title, [Para(t("fairness.detail_intro")), table, Para(t("source.detail"), "note source")])]


def measures(language: Language, context: ReportContext, frame: pd.DataFrame) -> Section:
    """What the measures of the page mean."""
    present = set(frame["metric"])
    shown = [m for m in EXPLAINED if m in present]
    items = [f"{metric_label(language, m)}: {language.t(f'metric_help.{m}')}" for m in shown]
    return Section(language.t("site.measures_title"), [Bullets(items)])


def shown_apart(language: Language, context: ReportContext, frames: dict[str, pd.DataFrame]) -> list[Section]:
    """Cases whose scores workers had seen: their outcomes count as treated, so they stand by themselves."""
    t = language.t
    metrics = ("base_rate", "selection_rate", "fnr", "fpr")
    rows: list[list[Cell | str]] = []
    for split, frame in frames.items():
        for row in rows_of(chosen(of_everybody(frame), "value", ["n"])):
            everybody = {each.metric: each for each in rows_of(chosen(of_everybody(frame), "value", metrics))}
            figures = [figure_cell(language, m, everybody[m]) if m in everybody else "–" for m in metrics]
            rows.append(
                [
                    split.removesuffix(SCORES_SHOWN),
                    metric_value(language, "n", row.value) if known(row.value) else "–",
                    *figures,
                ]
            )
    if not rows:
        return []
    head = [t("fairness.split"), t("fairness.cases"), *(metric_label(language, m) for m in metrics)]
    title = t("fairness.shown_title")
    table = Table(title, head, rows, 1)
    return [Section(title, [Para(t("fairness.shown_intro")), table, Para(t("source.shown"), "note source")])]
