"""What the model relies on: factors by their weight, and the figures that they are made of.

Belongs here: the two tables and the picture of weights.
Does not belong here: how the score changes with a value (shapes), groups (groups).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.explanations.shape import shapes_of
from fairness_reports.reports.explanations.shapes import feature_label, sentences
from fairness_reports.reports.figures import factor_words, known
from fairness_reports.reports.layout import Block, Cell, Para, Picture, Pictures, Section, Table

_DRAWN = 12  # factors in the picture; the table has all


def factor_label(language: Language, context: ReportContext, factor: str) -> str:
    """The words for a factor, tagged where it speaks of other people."""
    return tagged(language, factor_words(language, context, factor), about_others(context.features).get(factor))


def factors_section(language: Language, context: ReportContext, ranked: pd.DataFrame) -> Section:
    """Which factors move scores most, with a picture; `ranked`: their rows for everybody, the strongest first."""
    t = language.t
    rows: list[list[Cell | str]] = []
    points = []
    for row in rows_of(ranked):
        label = factor_label(language, context, row.factor)
        words = context.words.factors.get(row.factor)
        about = language.text(words.description) if words is not None and words.description is not None else ""
        if not known(row.importance):
            rows.append([Cell(label, about), Cell(t("form.too_few"), look="missing"), "–", "–"])
            continue
        spread = _spread(language, row.low, row.high)
        shift = language.number(row.importance, 2)
        rows.append([Cell(label, about), Cell(language.word("direction", str(row.direction))), shift, spread or "–"])
        low, high = (float(row.low), float(row.high)) if spread else (None, None)
        points.append(Point(label, float(row.importance), low, high))
    drawn = points[:_DRAWN]
    head = [t(f"explanations.{key}") for key in ("factor", "direction", "importance", "interval")]
    blocks: list[Block] = []
    if drawn:
        chart = intervals(
            drawn,
            identity="factors",
            title=t("chart.factors_title"),
            description=t("chart.factors_desc", n=len(drawn)),
            axis=t("chart.factors_axis"),
            tick=lambda value: language.number(value, 1 if max(p.high or p.value for p in drawn) > 0.3 else 2),
            zero=0.0,
            bars=True,
        )
        blocks += [
            Para(t("chart.factors_desc", n=len(drawn))),
            Pictures([Picture(chart, Table(chart.title, head, rows, 2))]),
        ]
    else:
        blocks.append(Table(t("chart.factors_title"), head, rows, numbers_from=2))
    return Section(t("explanations.factors_title"), blocks)


def _spread(language: Language, low: Any, high: Any) -> str:
    if not (known(low) and known(high)):
        return ""
    return str(language.t("form.interval", low=language.number(low, 2), high=language.number(high, 2)))


def features_section(language: Language, context: ReportContext, order: list[str]) -> Section:
    """The figures that the factors are made of, those of the factor relied on most first."""
    t, shapes = language.t, shapes_of(context)
    place = {factor: i for i, factor in enumerate(order)}
    rows: list[list[Cell | str]] = []
    for feature in sorted(context.features, key=lambda each: place.get(each.factor, len(place))):
        heading = Cell(feature_label(language, context, feature), feature.name)
        expected = str(language.word("expected", feature.direction or "none"))
        row: list[Cell | str] = [
            heading,
            expected,
            language.text(feature.missing) if feature.missing is not None else "–",
        ]
        if shapes:
            said = sentences(language, context, shapes[feature.name]) if feature.name in shapes else []
            row.append(Markup(" ").join(said) or "–")
        rows.append(row)
    head = [t(f"explanations.{key}") for key in ("feature", "expected", "nothing")]
    table = Table(t("explanations.features_title"), [*head, *([t("shape.column")] if shapes else [])], rows)
    return Section(t("explanations.features_title"), [Para(t("explanations.features_intro")), table])
