"""The decision curve, the learning curve, and what each factor adds: pictures with a table behind each.

Belongs here: which rows of metrics.parquet are drawn, in which order.
Does not belong here: the figures (models.metrics, models.learning, models.ablation), drawing (charts, charts_lines).
"""

from __future__ import annotations

from typing import Any

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.charts_lines import Line, curves
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    count,
    factor_words,
    figure_cell,
    interval,
    known,
    metric_label,
    metric_value,
    model_label,
)
from fairness_reports.reports.layout import Block, Cell, Para, Picture, Pictures, Section, Table
from models.ablation import BY_ASSOCIATION, DIFFERENCE, without
from models.learning import TRAINING_ROWS
from models.metrics import parts_of, qualified

_DRAWN = 12  # factors in the picture; the table has all


def decision_section(language: Language, context: ReportContext) -> Section | str:
    """Net benefit of a made-up rule that selects from a threshold upwards, beside selecting everybody and nobody."""
    t, metrics = language.t, context.test_metrics()
    found: list[tuple[float, Any, Any]] = []
    for name, row in metrics.items():
        metric, qualifiers = parts_of(name)
        if metric == "net_benefit" and len(qualifiers) == 1 and _is_number(qualifiers[0]):
            found.append((float(qualifiers[0]), row, metrics.get(f"net_benefit_all[{qualifiers[0]}]")))
    told = [each for each in sorted(found, key=lambda each: each[0]) if known(each[1].value)]
    if not told:
        return t("tested.absent_decision")
    rows: list[list[Cell | str]] = []
    better = []
    for threshold, row, everybody in told:
        share = language.percent(threshold, 0 if round(threshold, 2) == threshold else 1)
        all_value = float(everybody.value) if everybody is not None and known(everybody.value) else None
        # by its whole range: a figure above both may be there by chance
        if known(row.low) and row.low > max(0.0, all_value if all_value is not None else 0.0):
            better.append(share)
        cell = Cell(language.number(row.value, 3), interval(language, "net_benefit", row.low, row.high))
        rows.append([share, cell, language.number(all_value, 3), language.number(0.0, 3)])
    head = [t(f"tested.{key}") for key in ("threshold", "act_model", "act_all", "act_none")]
    both = [(threshold, float(e.value)) for threshold, _, e in told if e is not None and known(e.value)]
    spread = [(float(row.low), float(row.high)) for _, row, _ in told if known(row.low) and known(row.high)]
    whole = len(spread) == len(told)
    x = [each[0] for each in told]
    lines = [
        Line(
            t("tested.act_model"), x, [float(row.value) for _, row, _ in told],
            [low for low, _ in spread] if whole else (), [high for _, high in spread] if whole else (),
        ),
        Line(t("tested.act_all"), [each[0] for each in both], [each[1] for each in both]),
        Line(t("tested.act_none"), x, [0.0] * len(x)),
    ]  # fmt: skip
    own = [end for each in lines[:1] for end in (*each.y, *each.low)]
    floor = min(0.0, *own) - 0.15 * max(max(own), 0.0) - 0.005
    chart = curves(
        lines,
        identity="decision",
        title=t("tested.decision_title"),
        description=t("tested.decision_desc", n=len(told)),
        x_axis=t("tested.threshold"),
        y_axis=metric_label(language, "net_benefit"),
        x_tick=language.percent,
        y_tick=lambda value: language.number(value, 2),
        floor=floor if both and min(value for _, value in both) < floor else None,
    )
    blocks: list[Block] = [Para(t("tested.decision_intro"))]
    if better:
        blocks.append(Para(t("tested.decision_better", thresholds=language.listing(better)), "sentence"))
    else:
        blocks.append(Para(t("tested.decision_nowhere"), "sentence"))
    blocks.append(Para(chart.description, "small"))
    blocks.append(Pictures([Picture(chart, Table(chart.title, head, rows, numbers_from=1))]))
    return Section(t("tested.decision_title"), blocks, part="test")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def learning_section(language: Language, context: ReportContext) -> Section | str:
    """How the chosen candidate does with less to learn from, on development splits."""
    t, split = language.t, context.pooled
    if split is None:
        return t("tested.absent_learning_no_split")
    metrics = context.split_metrics(split)
    shares = sorted(
        {q[len("learning ") :] for name in metrics for q in parts_of(name)[1] if q.startswith("learning ")},
        key=lambda share: float(share.rstrip("%")),
    )
    whole = metrics.get("auc")
    told = [(share, metrics.get(qualified("auc", f"learning {share}"))) for share in shares]
    told = [(share, row) for share, row in told if row is not None and known(row.value)]
    if not told or whole is None or not known(whole.value):
        return t("tested.absent_learning")
    newest = context.development[-1]
    sizes = context.split_metrics(newest)
    full = context.splits[context.splits["split"] == newest]["train_rows"]
    rows: list[list[Cell | str]] = []
    points = []
    for share, row in [*told, ("100%", whole)]:
        label = language.percent(float(share.rstrip("%")) / 100, 0 if share.rstrip("%").isdigit() else 1)
        size = sizes.get(qualified(TRAINING_ROWS, f"learning {share}"))
        n = size.value if size is not None else (full.iloc[0] if share == "100%" and len(full) else None)
        rows.append([label, count(language, context, n) if known(n) else "–", figure_cell(language, "auc", row)])
        points.append(point(str(t("tested.of_data", share=label)), row, metric_value(language, "auc", row.value)))
    head = [t("tested.share_of_data"), t("tested.rows_newest", split=newest), metric_label(language, "auc")]
    chart = intervals(
        points,
        identity="learning",
        title=t("tested.learning_title"),
        description=t("tested.learning_desc", model=model_label(language, str(context.model))),
        axis=metric_label(language, "auc"),
        tick=lambda value: language.number(value, 2),
    )
    table = Table(chart.title, head, rows, numbers_from=1)
    blocks: list[Block] = [Para(t("tested.learning_intro")), Pictures([Picture(chart, table)])]
    return Section(t("tested.learning_title"), blocks, part="development")


def factors_section(language: Language, context: ReportContext) -> Section | str:
    """What the chosen candidate loses without each factor, on development splits."""
    t, split, model = language.t, context.pooled, str(context.model)
    if split is None:
        return t("tested.absent_factors_no_split")
    name = f"auc{DIFFERENCE}"
    here = context.metrics[(context.metrics["split"] == split) & (context.metrics["metric"] == name)]
    start = without(model, "")
    found = [(row.model[len(start) :], row) for row in rows_of(here) if row.model.startswith(start)]
    factors = [(factor, row) for factor, row in found if factor != BY_ASSOCIATION]
    if not factors:
        return t("tested.absent_factors")
    others = about_others(context.features)
    told = sorted((each for each in factors if known(each[1].value)), key=lambda each: (each[1].value, each[0]))
    rows: list[list[Cell | str]] = []
    points = []
    for factor, row in [*told, *(each for each in factors if not known(each[1].value))]:
        label = tagged(language, factor_words(language, context, factor), others.get(factor))
        if not known(row.value):
            rows.append([label, Cell(t("form.too_few"), look="missing"), "–"])
            continue
        value, *ends = (float(each) * 100 if known(each) else None for each in (row.value, row.low, row.high))
        spread = "–"
        if None not in ends:
            spread = str(t("form.interval", low=language.signed(ends[0], 1), high=language.signed(ends[1], 1)))
        rows.append([label, language.signed(value, 1), spread])
        low, high = ends if None not in ends else (None, None)
        points.append(Point(label, float(value or 0), low, high, note=language.signed(value, 1)))
    if not points:
        return t("tested.absent_factors")
    # a model that does not use a factor is the same without it: nothing to draw, but the table says so
    drawn = [each for each in points if each.value or each.low or each.high][:_DRAWN] or points[:_DRAWN]
    chart = intervals(
        drawn,
        identity="without",
        title=t("tested.factors_title"),
        description=t("tested.factors_desc", n=len(drawn)),
        axis=t("tested.factors_axis"),
        tick=lambda value: language.signed(value, 1),
        zero=0.0,
    )
    head = [t("explanations.factor"), t("tested.factors_change"), t("index.interval")]
    table = Table(chart.title, head, rows, numbers_from=1)
    blocks: list[Block] = [Para(t("tested.factors_intro")), Pictures([Picture(chart, table)])]
    return Section(t("tested.factors_title"), blocks, part="development")


def point(label: str, row: Any, note: str) -> Point:
    """A row of metrics.parquet as a dot, with its interval where it has one."""
    if known(row.low) and known(row.high):
        return Point(label, float(row.value), float(row.low), float(row.high), note=note)
    return Point(label, float(row.value), note=note)
