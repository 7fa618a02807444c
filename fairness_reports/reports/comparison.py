"""The fairness page: what was compared, how it came out, what could not be shown.

Belongs here: which comparisons stand where, in words, pictures and tables.
Does not belong here: computing them (fairness_reports.audit), judging them (fairness_reports.verdict).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.audit.reasons import in_words
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    SHARES,
    attribute_label,
    cases_word,
    count,
    figure_cell,
    group_label,
    groups_in_order,
    interval,
    is_overall,
    known,
    metric_difference,
    metric_label,
)
from fairness_reports.reports.language import Language
from fairness_reports.reports.layout import (
    Block,
    Bullets,
    Cell,
    Fold,
    Page,
    Para,
    Picture,
    Pictures,
    Section,
    Table,
)
from fairness_reports.spec import JOIN, OVERALL

_COLUMNS = ("base_rate", "selection_rate", "tpr", "fpr", "ppv", "calibration", "auc")  # of the tables for exploring
_PAIRED = ("base_rate", "selection_rate", "tpr", "fpr")
_EXPLAINED = ("base_rate", "selection_rate", "tpr", "fpr", "fnr", "ppv", "npv", "calibration", "auc")
_STATES = ("outside", "cannot_tell", "within", "not_judged")


def fairness_page(language: Language, context: ReportContext) -> Page:
    """How the model's results compare between groups."""
    frame = context.test_fairness()
    frame = frame[frame["band"].fillna("all").isin(["all", ""])]
    groups = frame[~frame["attribute"].map(is_overall)]
    sections: list[Section] = []
    if groups.empty:
        sections.append(Section(language.t("fairness.intro_title"), [Para(language.t("fairness.not_run"))]))
    else:
        sections += [
            _intro(language, context, groups),
            _judged(language, context, groups),
            *_charts(language, context, groups),
            *_exploratory(language, context, frame, groups),
            _suppressed(language, context, groups),
        ]
    sections.append(_attrition(language, context))
    if not groups.empty:
        sections += [_returning(language, context), _measures(language)]
    return Page("fairness", sections)


def _intro(language: Language, context: ReportContext, groups: pd.DataFrame) -> Section:
    t = language.t
    names = [name for name in _attributes(groups) if JOIN not in name]
    labels = [attribute_label(language, context, name) for name in names]
    share = context.charter.capacity.share if context.charter is not None else None
    capacity = f" ({language.percent(share)})" if share is not None else ""
    return Section(
        t("fairness.intro_title"),
        [
            Para(t("fairness.intro", cases=cases_word(language, context)), "lead"),
            Para(t("fairness.attributes", attributes=language.listing(labels))),
            Para(t("fairness.selected", capacity=capacity)),
        ],
    )


def _attributes(groups: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(groups["attribute"].astype(str)))


def _state_cell(language: Language, state: str) -> Cell:
    return Cell(language.word("state", state), look=f"state {state}")


def _reference_label(language: Language, context: ReportContext, attribute: str, reference: Any) -> str:
    """What a group was compared with."""
    if not known(reference) or str(reference) == OVERALL:
        return str(language.t("fairness.all_cases"))
    return group_label(language, context, attribute, reference)


def _compared_with(language: Language, context: ReportContext, attribute: str, reference: Any) -> str:
    if not known(reference) or str(reference) == OVERALL:
        return str(language.t("fairness.compared_with_all"))
    return str(language.t("fairness.compared_with", group=group_label(language, context, attribute, reference)))


def _tolerance(context: ReportContext, metric: str, attribute: str, reference: Any) -> float | None:
    for each in context.charter.fairness if context.charter is not None else []:
        if (each.metric, each.attribute) == (metric, attribute) and str(reference) == each.reference:
            return each.tolerance
    return None


def _differences(groups: pd.DataFrame) -> pd.DataFrame:
    return groups[groups["comparison"] == "difference"]


def _judged(language: Language, context: ReportContext, groups: pd.DataFrame) -> Section:
    t = language.t
    frame = _differences(groups)
    frame = frame[frame["confirmatory"].astype(bool)]
    if frame.empty:
        return Section(t("fairness.judged_title"), [Para(t("fairness.judged_none"))])
    rows: list[tuple[Any, list[Cell | str]]] = []
    for place, row in enumerate(_in_order(context, frame)):
        tolerance = _tolerance(context, row.metric, row.attribute, row.reference)
        agreed = "–" if tolerance is None else f"±{_bare(language, row.metric, tolerance).removeprefix('+')}"
        shown = known(row.value)
        cells: list[Cell | str] = [
            Cell(
                group_label(language, context, row.attribute, row.group),
                attribute_label(language, context, row.attribute),
            ),
            _state_cell(language, row.state),
            Cell(metric_label(language, row.metric), _compared_with(language, context, row.attribute, row.reference)),
            _difference_cell(language, row) if shown else Cell(_why(language, row), look="missing"),
            agreed,
            count(language, context, row.n),
        ]
        rank = _STATES.index(row.state) if row.state in _STATES else len(_STATES)
        rows.append(((rank, place), cells))
    rows.sort(key=lambda item: item[0])  # what fails stands first
    head = [t(f"fairness.{key}") for key in ("group", "result", "metric", "difference", "tolerance", "cases")]
    table = Table(t("fairness.judged_title"), head, [cells for _, cells in rows], numbers_from=3)
    return Section(t("fairness.judged_title"), [Para(t("fairness.judged_intro")), table])


def _in_order(context: ReportContext, frame: pd.DataFrame) -> list[Any]:
    """Rows by attribute and metric as given, groups in the order of the programme's words."""
    result = []
    for (attribute, _), part in frame.groupby(["attribute", "metric"], sort=False):
        order = groups_in_order(context, str(attribute), list(part["group"]))
        rows = rows_of(part)
        result += sorted(rows, key=lambda row: order.index(row.group if known(row.group) else None))
    return result


def _bare(language: Language, metric: str, value: float) -> str:
    """A difference without its unit, which the column's heading names."""
    return language.signed(value * 100, 1) if metric in SHARES else metric_difference(language, metric, value)


def _difference_cell(language: Language, row: Any) -> Cell:
    spread = interval(language, row.metric, row.low, row.high, difference=True)
    return Cell(_bare(language, row.metric, row.value), spread)


def _why(language: Language, row: Any) -> str:
    return in_words(str(row.reason), language.code) if known(row.reason) else str(language.t("form.too_few"))


def _charts(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[Section]:
    t = language.t
    frame = _differences(groups)
    judged = frame[frame["confirmatory"].astype(bool)]
    metrics = list(dict.fromkeys(judged["metric"])) or [m for m in ("tpr", "fpr") if m in set(frame["metric"])]
    blocks: list[Section] = [Section(t("fairness.charts_title"), [Para(t("fairness.charts_intro"))])]
    for attribute in _attributes(groups):
        if JOIN in attribute and not (judged["attribute"] == attribute).any():
            continue
        pictures = []
        for metric in metrics:
            part = frame[(frame["attribute"] == attribute) & (frame["metric"] == metric)]
            confirmatory = part[part["confirmatory"].astype(bool)]
            part = confirmatory if not confirmatory.empty else part[part["reference"].fillna(OVERALL) == OVERALL]
            picture = _gap_picture(language, context, attribute, metric, part, len(blocks))
            pictures += [picture] if picture is not None else []
        if pictures:
            blocks.append(Section(attribute_label(language, context, attribute), [Pictures(pictures)], level=3))
    return blocks if len(blocks) > 1 else []


def _gap_picture(
    language: Language, context: ReportContext, attribute: str, metric: str, part: pd.DataFrame, number: int
) -> Picture | None:
    t = language.t
    rows = [row for row in _in_order(context, part) if known(row.value)]
    if not rows:
        return None
    reference = _reference_label(language, context, attribute, rows[0].reference)
    tolerance = _tolerance(context, metric, attribute, rows[0].reference)
    points: list[Point] = []
    cells: list[list[Cell | str]] = []
    for row in rows:
        label = group_label(language, context, attribute, row.group)
        state = row.state if row.state in _STATES else "not_judged"
        low, high = (float(row.low), float(row.high)) if known(row.low) and known(row.high) else (None, None)
        note = language.word("state", state) if state != "not_judged" else ""
        points.append(Point(label, float(row.value), low, high, state, note))
        cells.append(
            [label, _difference_cell(language, row), language.word("state", state), count(language, context, row.n)]
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
        description=t("chart.gap_desc" if tolerance is not None else "chart.gap_desc_open", reference=reference),
        axis=t("chart.gap_axis" if share else "chart.gap_axis_plain"),
        tick=(lambda value: language.signed(value * 100, 0)) if share else language.signed,
        zero=0.0,
        tolerance=tolerance,
    )
    return Picture(chart, Table(title, head, cells, numbers_from=1))


def _exploratory(
    language: Language, context: ReportContext, frame: pd.DataFrame, groups: pd.DataFrame
) -> list[Section]:
    t = language.t
    values = groups[groups["comparison"] == "value"]
    overall = frame[frame["attribute"].map(is_overall) & (frame["comparison"] == "value")]
    sections = [Section(t("fairness.exploratory_title"), [Para(t("fairness.exploratory_intro"))])]
    folds: list[Block] = []
    for attribute in _attributes(values):
        part = values[values["attribute"] == attribute]
        label = attribute_label(language, context, attribute)
        table = _values_table(language, context, attribute, part, overall)
        if table is None:
            continue
        if JOIN in attribute:
            folds.append(Fold(t("fairness.pairs_summary", attribute=label, n=len(table.rows)), [table]))
        else:
            sections.append(Section(label, [table], level=3))
    if folds:
        sections.append(Section(t("fairness.pairs_title"), folds, level=3))
    return sections


def _values_table(
    language: Language, context: ReportContext, attribute: str, part: pd.DataFrame, overall: pd.DataFrame
) -> Table | None:
    metrics = [m for m in (_PAIRED if JOIN in attribute else _COLUMNS) if m in set(part["metric"])]
    cells = {(row.group if known(row.group) else None, row.metric): row for row in rows_of(part)}
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


def _suppressed(language: Language, context: ReportContext, groups: pd.DataFrame) -> Section:
    t = language.t
    values = groups[(groups["comparison"] == "value") & groups["value"].isna()]
    rows: list[list[Cell | str]] = []
    for attribute in _attributes(values):
        if JOIN in attribute:
            continue  # hundreds of crossed groups would bury the others; their tables simply lack them
        part = values[values["attribute"] == attribute]
        for group in groups_in_order(context, attribute, list(part["group"])):
            here = part[part["group"].isna() if group is None else part["group"] == group]
            if here.empty:
                continue
            why = dict.fromkeys(_why(language, row) for row in rows_of(here))
            names = dict.fromkeys(metric_label(language, m) for m in here["metric"] if m != "n")
            told = groups[(groups["attribute"] == attribute) & (groups["comparison"] == "value")]
            told = told[told["group"].isna() if group is None else told["group"] == group]
            if told["value"].isna().all():
                names = {language.t("fairness.all_measures"): None}
            name = Cell(group_label(language, context, attribute, group), attribute_label(language, context, attribute))
            rows.append([name, "; ".join(why), ", ".join(names)])
    crossed = values[values["attribute"].str.contains(JOIN, regex=False)]
    left_out = crossed.groupby("attribute", sort=False)["group"].nunique()
    notes = [
        t("fairness.suppressed_pairs", attribute=attribute_label(language, context, str(name)), n=int(n))
        for name, n in left_out.items()
    ]
    blocks: list[Block] = [Para(t("fairness.suppressed_intro", n=context.minimum_cell))]
    if rows:
        head = [t("fairness.group"), t("fairness.why"), t("fairness.suppressed_measures")]
        blocks.append(Table(t("fairness.suppressed_title"), head, rows))
    if notes:
        blocks.append(Bullets(notes))
    if not rows and not notes:
        blocks.append(Para(t("fairness.suppressed_none")))
    return Section(t("fairness.suppressed_title"), blocks)


def _attrition(language: Language, context: ReportContext) -> Section:
    t, frame = language.t, context.attrition
    blocks: list[Block] = [Para(t("fairness.attrition_intro"))]
    if frame.empty:
        return Section(t("fairness.attrition_title"), [*blocks, Para(t("fairness.attrition_none"))])
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
    return Section(t("fairness.attrition_title"), [*blocks, Table(t("fairness.attrition_title"), head, rows, 1)])


def _returning(language: Language, context: ReportContext) -> Section:
    t, metrics = language.t, context.test_metrics()
    blocks: list[Block] = [Para(t("fairness.returning_intro"))]
    shown = [m for m in ("base_rate", "auc", "calibration_in_the_large") if f"{m}[returning]" in metrics]
    rows: list[list[Cell | str]] = []
    for who in ("returning", "new"):
        cells = [metrics[f"{m}[{who}]"] for m in shown if f"{m}[{who}]" in metrics]
        if cells and known(cells[0].value) and int(cells[0].n) >= context.minimum_cell:
            figures = [figure_cell(language, m, cell) for m, cell in zip(shown, cells, strict=True)]
            rows.append([t(f"fairness.{who}"), count(language, context, cells[0].n), *figures])
    if len(rows) < 2:
        return Section(t("fairness.returning_title"), [*blocks, Para(t("fairness.returning_none"))])
    head = [t("fairness.who"), t("fairness.cases"), *(metric_label(language, m) for m in shown)]
    return Section(t("fairness.returning_title"), [*blocks, Table(t("fairness.returning_title"), head, rows, 1)])


def _measures(language: Language) -> Section:
    items = [f"{metric_label(language, m)}: {language.t(f'metric_help.{m}')}" for m in _EXPLAINED]
    return Section(language.t("site.measures_title"), [Bullets(items)])
