"""The page on how the model was tested: splits, the choice, the sealed test, and what else was measured.

Belongs here: the order of the sections, the splits, the candidates and why one was chosen, the sealed test.
Does not belong here: curves and what each factor adds (tested_curves), lists and parts (tested_parts), the model that
scores (tested_deployed), figures (models).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.reports.charts import intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    count,
    figure_cell,
    in_order,
    interval,
    known,
    metric_label,
    metric_value,
    model_label,
)
from fairness_reports.reports.language import Language
from fairness_reports.reports.layout import Block, Bullets, Cell, Page, Para, Picture, Pictures, Section, Table
from fairness_reports.reports.split_picture import picture
from fairness_reports.reports.tested_curves import decision_section, factors_section, learning_section, point
from fairness_reports.reports.tested_deployed import deployed_sections
from fairness_reports.reports.tested_parts import horizons_section, lists_section, subsets_section
from models.selection import OURS

_OTHER = {"purged": "cross_fitted", "cross_fitted": "purged"}
_HISTORY = " history "
_NAMED = 4  # so many cohorts are named; of more, the first and the last
_CALIBRATION = {
    "calibration_in_the_large": 0.0,
    "calibration_slope": 1.0,
    "calibration_intercept": 0.0,
    "calibration_error": 0.0,
}
"""Figures of calibration, and what each would be if scores kept their word exactly."""


def models_page(language: Language, context: ReportContext) -> Page:
    """How the model was chosen and tested."""
    t = language.t
    if context.model is None:
        return Page("models", [Section(t("tested.intro_title"), [Para(t("tested.none"))])])
    sections = [Section(t("tested.intro_title"), [Para(t("tested.intro"), "lead")])]
    absent: list[str] = []
    for part in (
        _splits, _candidates, _rules, learning_section, factors_section,
        _opened, _calibration, lists_section, decision_section, subsets_section, horizons_section,
    ):  # fmt: skip
        found = part(language, context)
        if isinstance(found, Section):
            sections.append(found)
        else:
            absent.append(found)
    more, missing = deployed_sections(language, context)
    absent += missing
    sections += more
    if absent:
        sections.append(Section(t("tested.absent_title"), [Para(t("tested.absent_intro")), Bullets(absent)]))
    return Page("models", sections)


def _splits(language: Language, context: ReportContext) -> Section | str:
    """How the past was cut, and what keeping relatives apart changes."""
    t, model = language.t, str(context.model)
    if context.splits.empty:
        return t("tested.absent_splits")
    rows: list[list[Cell | str]] = []
    both: list[list[Cell | str]] = []
    histories: list[list[Cell | str]] = []
    for row in rows_of(context.splits):
        role = t("splits.compared", history=row.history) if known(row.history) else t(f"splits.{row.role}")
        # how many could train; the share that was left out stands beside it
        could = int(row.train_rows) + (int(row.purged) if row.design == "purged" else 0)
        design = Cell(str(t(f"tested.design.{row.design}")), t("tested.shared", share=_shared(language, context, row)))
        rows.append(
            [
                Cell(str(row.split), role),
                _cohorts(language, str(row.train_cohorts)),
                _cohorts(language, str(row.test_cohorts)),
                count(language, context, could),
                count(language, context, row.test_rows),
                design,
            ]
        )
        if known(row.history):
            figure = context.split_metrics(row.split, f"{model}{_HISTORY}{row.history}").get("auc")
            if figure is not None:
                histories.append([str(row.split), str(row.history), figure_cell(language, "auc", figure)])
            continue
        own = context.split_metrics(row.split).get("auc")
        other = context.split_metrics(row.split, f"{model} {_OTHER[row.design]}").get("auc")
        if own is not None and other is not None:
            figures = {row.design: own, _OTHER[row.design]: other}
            cells = [figure_cell(language, "auc", figures[design]) for design in ("purged", "cross_fitted")]
            both.append([Cell(str(row.split), role), *cells, str(t(f"tested.design.{row.design}"))])
    test = rows_of(context.splits)[-1]
    blocks: list[Block] = [
        Para(t("tested.splits_text")),
        Para(t(f"tested.{test.design}_text", share=_shared(language, context, test))),
    ]
    head = [str(t(f"tested.{key}")) for key in ("split", "trains", "tests", "could_train", "tested", "relatives")]
    table = Table(t("splits.title"), head, rows, numbers_from=99)
    if not context.calendar.empty:
        blocks.append(Pictures([Picture(picture(language, _days(context.calendar)))]))
    blocks.append(table)
    if both:
        head = [str(t(f"tested.{key}")) for key in ("split", "design.purged", "design.cross_fitted", "counts")]
        blocks += [Para(t("tested.both_intro")), Table(t("tested.both"), head, both)]
    else:
        blocks.append(Para(t("tested.both_none"), "note"))
    if histories:
        head = [*(str(t(f"tested.{key}")) for key in ("split", "history")), metric_label(language, "auc")]
        blocks += [Para(t("tested.histories_intro")), Table(t("tested.histories"), head, histories, numbers_from=2)]
    return Section(t("splits.title"), blocks)


def _days(calendar: pd.DataFrame) -> pd.DataFrame:
    """The calendar with days as the picture takes them, whatever the table in the warehouse had."""
    days = {name: pd.to_datetime(calendar[name]) for name in ("as_of", "cohort_as_of", "window_end", "closes_on")}
    return calendar.assign(**days)


def _cohorts(language: Language, names: str) -> str:
    """How many cohorts, and which: of many the first and the last."""
    each = names.split(", ")
    shown = names if len(each) <= _NAMED else f"{each[0]} … {each[-1]}"
    return str(language.t("splits.cohorts", n=len(each), names=shown))


def _shared(language: Language, context: ReportContext, row: Any) -> str:
    """Which share of the rows that could train belongs to relatives of the test; a few are not counted out."""
    if int(row.purged) < context.minimum_cell:
        return str(language.t("form.fewer", n=context.minimum_cell))
    return language.percent(float(row.purged_share), 1)


def _candidates(language: Language, context: ReportContext) -> Section | str:
    """Every candidate on every development split, and why one was chosen."""
    t, chosen = language.t, str(context.model)
    if context.selection.empty:
        return t("tested.absent_selection")
    table = context.selection.set_index("candidate")
    models = [str(name) for name in table.index]
    labels = [model_label(language, name) for name in models]
    head = [str(t("tested.split")), *labels]
    rows: list[list[Cell | str]] = []
    splits = context.development + ([context.pooled] if context.pooled == "development" else [])
    for split in splits:
        figures = [context.split_metrics(split, model).get("auc") for model in models]
        cells = [figure_cell(language, "auc", each) if each is not None else "–" for each in figures]
        rows.append([str(t("tested.pooled")) if split == "development" else split, *cells])
    told = rows_of(context.selection)
    means = [Cell(language.number(row.auc, 3), look="strong" if row.candidate == chosen else "") for row in told]
    rows.append([str(t("tested.mean")), *means])
    near = [str(t(f"tested.{'near' if row.within_margin else 'far'}")) for row in told]
    rows.append([str(t("tested.within_margin")), *near])
    shown = Table(t("tested.candidates_title"), head, rows, numbers_from=1)
    blocks: list[Block] = [Para(_why(language, context, table), "sentence"), Para(t(f"tested.{_basis(context)}"))]
    points = []
    for name, label in zip(models, labels, strict=True):
        figure = context.split_metrics(context.pooled, name).get("auc") if context.pooled else None
        if figure is None or not known(figure.value):
            continue
        value = metric_value(language, "auc", figure.value)
        points.append(point(label, figure, f"{t('tested.chosen')} · {value}" if name == chosen else value))
    if points:
        split = t("tested.pooled") if context.pooled == "development" else str(context.pooled)
        chart = intervals(
            points,
            identity="candidates",
            title=t("tested.candidates_chart", split=split),
            description=t("tested.candidates_desc", n=len(points)),
            axis=metric_label(language, "auc"),
            tick=lambda value: language.number(value, 2),
        )
        blocks += [Para(t("tested.candidates_desc", n=len(points))), Pictures([Picture(chart)])]
    blocks.append(shown)
    return Section(t("tested.candidates_title"), blocks, part="development")


def _basis(context: ReportContext) -> str:
    """Which sentence says what the choice rests on."""
    basis = context.basis or ("development splits" if context.development else "folds")
    return "basis_" + basis.replace(" ", "_")


def _why(language: Language, context: ReportContext, table: pd.DataFrame) -> str:
    t, chosen = language.t, str(context.model)
    margin = context.charter.selection_margin if context.charter is not None else 0.0
    deployable = table[table["behind_best"] >= -1e-12]
    best = str(deployable["behind_best"].astype(float).idxmin()) if len(deployable) else chosen
    values = {
        "model": model_label(language, chosen),
        "margin": language.number(margin, 3),
        "auc": language.number(table["auc"].get(chosen), 3),
    }
    if best == chosen:
        return t("tested.why_best", **values)
    return t(
        "tested.why_simplest",
        best=model_label(language, best),
        best_auc=language.number(table["auc"][best], 3),
        **values,
    )


def _rules(language: Language, context: ReportContext) -> Section | str:
    """What other rules of selection would have cost."""
    t = language.t
    if context.rules.empty:
        return t("tested.absent_rules")
    rows: list[list[Cell | str]] = []
    for row in rows_of(context.rules):
        rule = str(language.word("choice_rule", str(row.rule)))
        picked = model_label(language, str(row.picked)) if known(row.picked) else "–"
        regrets = [language.number(value, 3) for value in (row.mean_regret, row.worst_regret)]
        rows.append([Cell(rule, look="strong" if row.rule == OURS else ""), picked, *regrets])
    head = [t(f"tested.{key}") for key in ("rule", "picked", "mean_regret", "worst_regret")]
    n = int(context.rules["splits"].iloc[0])
    table = Table(t("tested.rules_title"), head, rows, numbers_from=2)
    return Section(t("tested.rules_title"), [Para(t("tested.rules_intro", n=n)), table], part="development")


def _opened(language: Language, context: ReportContext) -> Section:
    """The sealed test: how often it was opened, and what it said."""
    t, training = language.t, context.manifest.get("training")
    blocks: list[Block] = [Para(t("tested.sealed_text", split=context.test or "–"))]
    if training:
        times = t("card.openings_under", n=int(training["openings"]))
        before = int(training.get("openings_before") or 0)
        told = [t("tested.openings", times=times)]
        told.append(
            t("tested.openings_before", times=t("card.openings_before", n=before))
            if before
            else t("tested.openings_first")
        )
        day, due = (language.date(str(training[name])) for name in ("trained_as_of", "due_on"))
        told.append(t("tested.trained", day=day, why=language.word("trained_why", str(training["reason"]))))
        told.append(t("tested.due", day=due))
        blocks.append(Bullets(told))
    else:
        blocks.append(Para(t("tested.openings_unknown"), "note"))
    rows: list[list[Cell | str]] = []
    names = ("auc", "average_precision", "brier_skill")
    frame = context.metrics[context.metrics["split"] == context.test]
    for model in in_order(context, frame["model"]):
        metrics = context.test_metrics(model)
        heading = Cell(model_label(language, model), t("tested.chosen") if model == context.model else "",
                       "strong" if model == context.model else "")  # fmt: skip
        rows.append(
            [heading, *(figure_cell(language, name, metrics[name]) if name in metrics else "–" for name in names)]
        )
    head = [t("index.model"), *(metric_label(language, name) for name in names)]
    blocks.append(Table(t("tested.sealed_title"), head, rows, numbers_from=1))
    return Section(t("tested.sealed_title"), blocks, part="test")


def _calibration(language: Language, context: ReportContext) -> Section | str:
    """Whether scores kept their word."""
    t, metrics = language.t, context.test_metrics()
    rows: list[list[Cell | str]] = []
    for name, right in _CALIBRATION.items():
        row = metrics.get(name)
        if row is None:
            continue
        value = metric_value(language, name, row.value) if known(row.value) else str(t("form.too_few"))
        told = [value, interval(language, name, row.low, row.high) or "–", language.number(right)]
        about = str(t(f"tested.about_{name}"))
        rows.append([Cell(metric_label(language, name), about), *told])
    if not rows:
        return t("tested.absent_calibration")
    head = [t("index.metric"), t("index.value"), t("index.interval"), t("tested.right")]
    table = Table(t("tested.calibration_title"), head, rows, numbers_from=1)
    blocks: list[Block] = [Para(t("tested.calibration_intro")), table]
    return Section(t("tested.calibration_title"), blocks, part="test")
