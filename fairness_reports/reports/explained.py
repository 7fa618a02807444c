"""The explanations page: what the model relies on, what it does not see, how groups differ.

Belongs here: which factors stand there and in what order.
Does not belong here: computing contributions (models.explanation), or one case's reasons.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.reports.association import about_others, association_section, tagged
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    attribute_label,
    cases_word,
    count,
    factor_words,
    group_label,
    groups_in_order,
    is_overall,
    known,
)
from fairness_reports.reports.language import Language
from fairness_reports.reports.layout import Block, Cell, Page, Para, Picture, Pictures, Section, Table

_DRAWN = 12  # factors in the picture; the table has all
_BY_GROUP = 8


def explanations_page(language: Language, context: ReportContext) -> Page:
    """What the model relies on over all cases."""
    t, frame = language.t, context.factors
    overall = frame[frame["attribute"].map(is_overall)]
    sections: list[Section] = []
    if overall.empty or context.model is None:
        sections.append(Section(t("explanations.intro_title"), [Para(t("explanations.none"))]))
    else:
        ranked = overall.sort_values(["importance", "factor"], ascending=[False, True], kind="stable")
        intro = t("explanations.intro", cases=cases_word(language, context))
        sections.append(Section(t("explanations.intro_title"), [Para(intro, "lead")]))
        sections.append(_factors(language, context, ranked))
    if context.features:
        order = [] if overall.empty or context.model is None else list(ranked["factor"])
        sections.append(_features(language, context, order))
    others = association_section(language, context)
    sections += [others] if others is not None else []
    sections.append(_not_seen(language, context))
    if not overall.empty and context.model is not None:
        sections += _by_group(language, context, frame, list(ranked["factor"])[:_BY_GROUP])
    return Page("explanations", sections)


def factor_label(language: Language, context: ReportContext, factor: str) -> str:
    """The words for a factor, tagged where it speaks of other people."""
    return tagged(language, factor_words(language, context, factor), about_others(context.features).get(factor))


def _factors(language: Language, context: ReportContext, ranked: pd.DataFrame) -> Section:
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


def _features(language: Language, context: ReportContext, order: list[str]) -> Section:
    """The figures that the factors are made of, those of the factor relied on most first."""
    t = language.t
    place = {factor: i for i, factor in enumerate(order)}
    rows: list[list[Cell | str]] = []
    for feature in sorted(context.features, key=lambda each: place.get(each.factor, len(place))):
        said = language.text(feature.label) if feature.label else factor_words(language, context, feature.factor)
        heading = Cell(tagged(language, said, about_others([feature]).get(feature.factor)), feature.name)
        expected = str(language.word("expected", feature.direction or "none"))
        rows.append([heading, expected, language.text(feature.missing) if feature.missing is not None else "–"])
    head = [t(f"explanations.{key}") for key in ("feature", "expected", "nothing")]
    table = Table(t("explanations.features_title"), head, rows)
    return Section(t("explanations.features_title"), [Para(t("explanations.features_intro")), table])


def _not_seen(language: Language, context: ReportContext) -> Section:
    t = language.t
    blocks: list[Block] = [Para(t("explanations.not_seen_intro"))]
    if context.excluded:
        head = [t("explanations.not_seen_what"), t("explanations.not_seen_why")]
        rows = [[language.text(each.label), str(language.word("excluded", each.why))] for each in context.excluded]
        blocks.append(Table(t("explanations.not_seen_title"), head, rows))
    else:
        blocks.append(Para(t("explanations.not_seen_none")))
    return Section(t("explanations.not_seen_title"), blocks)


def _by_group(language: Language, context: ReportContext, frame: pd.DataFrame, factors: list[str]) -> list[Section]:
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
