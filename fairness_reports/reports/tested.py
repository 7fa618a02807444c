"""The page on how the model was tested: the choice, the sealed test, and what else was measured.

Belongs here: the order of the sections, the candidates and why one was chosen, the sealed test.
Does not belong here: how the past was cut (splits_page), curves and what each factor adds (tested_curves), lists and
parts (tested_parts), the model that scores (tested_deployed), figures (models).
"""

from __future__ import annotations

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.charts import intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    figure_cell,
    in_order,
    interval,
    known,
    metric_label,
    metric_value,
    model_label,
)
from fairness_reports.reports.layout import Block, Bullets, Cell, Page, Para, Picture, Pictures, Section, Table
from fairness_reports.reports.spans import ends, tested_days, trial_told
from fairness_reports.reports.tested_curves import decision_section, factors_section, learning_section, point
from fairness_reports.reports.tested_deployed import deployed_sections
from fairness_reports.reports.tested_parts import horizons_section, lists_section, subsets_section
from models.selection import OURS

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
    sections = [Section(t("tested.intro_title"), [Para(_intro(language, context), "lead")])]
    absent: list[str] = []
    for part in (
        _candidates, _rules, learning_section, factors_section,
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


def _intro(language: Language, context: ReportContext) -> str:
    days = tested_days(context, context.test)
    return language.t("tested.intro_many", **ends(language, days)) if len(days) > 1 else language.t("tested.intro")


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
        split = t("tested.pooled") if context.pooled == "development" else trial_told(language, context, context.pooled)
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
    """The sealed test: what it said."""
    t = language.t
    about = t("tested.sealed_text", split=trial_told(language, context, context.test), page=t("page.splits"))
    blocks: list[Block] = [Para(about)]
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
