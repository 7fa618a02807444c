"""Where a gap comes from: what each factor adds to it, and how well the features tell who belongs to a group.

Belongs here: the waterfall from factors to a difference in mean raw score, the table of the proxy test, in words.
Does not belong here: computing either (fairness_reports.origins), the factors over all cases (explained).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from operator import itemgetter
from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.charts_gaps import Step, waterfall
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import (
    chosen,
    difference_cell,
    is_clear,
    leading_attributes,
    named,
    reference_label,
    value_of,
)
from fairness_reports.reports.figures import (
    attribute_label,
    factor_words,
    group_label,
    groups_in_order,
    known,
)
from fairness_reports.reports.layout import Block, Cell, Fold, Para, Picture, Pictures, Section, Table
from fairness_reports.spec import JOIN, OVERALL
from models.metrics import parts_of

RAW = "raw"
BANDS = ("all", "with outcome", "without outcome")
PROXY = "proxy_auc"
BASE = "base value"
_PICTURES = 8  # groups with a picture of their own
_NAMED = 3  # factors named in a sentence
_FEATURES = 4  # of the proxy table, for each group


def origin_sections(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[Section]:
    """What factors add up to each gap in the mean raw score, and how far the features give a group away.

    Parameters
    ----------
    frame : DataFrame
        Rows of fairness.parquet for the test, with all bands.
    """
    t = language.t
    sections = [*_waterfalls(language, context, frame), *_proxies(language, context, frame)]
    if not sections:
        return []
    return [Section(t("origin.title"), [Para(t("origin.intro"))]), *sections]


def _is_term(metric: str) -> bool:
    return metric.startswith("contribution[")


def _factor(language: Language, context: ReportContext, metric: str) -> str:
    name = parts_of(metric)[1][0]
    return str(language.t("origin.base_value")) if name == BASE else factor_words(language, context, name)


def _waterfalls(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[Section]:
    t = language.t
    rows = chosen(frame, "difference")
    rows = rows[(rows["metric"] == RAW) | rows["metric"].str.startswith("contribution[")]
    totals = rows[(rows["metric"] == RAW) & (rows["band"].fillna("all") == "all") & rows["value"].notna()]
    if totals.empty:
        return []
    ordered: list[Any] = []
    for attribute in leading_attributes(frame[~frame["attribute"].isin([OVERALL])]):
        part = totals[totals["attribute"] == attribute]
        order = groups_in_order(context, attribute, list(part["group"]))
        place = {str(group): i for i, group in enumerate(order)}
        pairs = [(place[str(row.group)], row) for row in rows_of(part)]
        ordered += [row for _, row in sorted(pairs, key=itemgetter(0))]
    table: list[list[Cell | str]] = []
    drawn: list[Picture] = []
    details: list[Block] = []
    for number, total in enumerate(ordered):
        same = rows[(rows["attribute"] == total.attribute) & (rows["group"].astype(str) == str(total.group))]
        terms = [row for row in rows_of(same[same["band"].fillna("all") == "all"]) if _is_term(row.metric)]
        digits = _digits([total.value, *(row.value for row in terms)])
        name = Cell(
            group_label(language, context, total.attribute, total.group),
            attribute_label(language, context, total.attribute),
        )
        table.append([name, _cell(language, total, digits), _in_words(language, context, total, terms, digits)])
        if number < _PICTURES and terms:
            title = t("origin.chart_title", group=named(language, context, total))
            drawn.append(_picture(language, context, title, number, total, terms, digits))
            details.append(_detail(language, context, title, same, digits))
    title = t("origin.table_title")
    head = [t("fairness.group"), t("origin.raw"), t("origin.from")]
    blocks: list[Block] = [
        Para(t("origin.how")),
        Table(title, head, table, 99),
        Pictures(drawn),
        Fold(t("origin.details"), details),
        Para(t("source.origin"), "note source"),
    ]
    return [Section(title, blocks, level=3)]


def _in_words(language: Language, context: ReportContext, total: Any, terms: list[Any], digits: int) -> str:
    """Which factors make up most of a gap, and which go against it."""
    t = language.t
    if not is_clear(total):
        return t("origin.no_gap")
    sign = 1.0 if total.value > 0 else -1.0
    along = sorted((row for row in terms if row.value * sign > 0), key=lambda row: -row.value * sign)
    against = sorted((row for row in terms if row.value * sign < 0 and is_clear(row)), key=lambda row: row.value * sign)
    most: list[Any] = []
    for row in along:
        if len(most) == _NAMED or sum(each.value for each in most) * sign > abs(total.value) / 2:
            break
        most.append(row)
    enough = sum(row.value for row in most) * sign > abs(total.value) / 2
    said = t("origin.most" if enough else "origin.many", factors=_listed(language, context, most, digits))
    against = [row for row in against if abs(row.value) > abs(total.value) / 5][:_NAMED]
    if against:
        said += " " + t("origin.against", factors=_listed(language, context, against, digits))
    return said


def _listed(language: Language, context: ReportContext, rows: list[Any], digits: int) -> str:
    return language.listing(
        [language.t("origin.term", factor=_factor(language, context, row.metric),
                    value=language.signed(row.value, digits)) for row in rows]
    )  # fmt: skip


def _picture(
    language: Language, context: ReportContext, title: str, number: int, total: Any, terms: list[Any], digits: int
) -> Picture:
    t = language.t
    ordered = sorted(terms, key=lambda row: (-abs(row.value), row.metric))
    steps = [_step(language, _factor(language, context, row.metric), row, digits) for row in ordered]
    reference = reference_label(language, context, total.attribute, total.reference)
    chart = waterfall(
        steps,
        _step(language, t("origin.sum"), total, digits),
        identity=f"origin-{number}",
        title=title,
        description=t("origin.chart_desc", reference=reference, n=len(steps)),
        axis=t("origin.axis"),
        tick=lambda value: language.signed(value, digits),
    )
    return Picture(chart)


def _digits(values: Sequence[float]) -> int:
    """Decimals that show two figures of the largest value, two at least: else small gaps are all 0.00."""
    largest = max((abs(float(value)) for value in values if known(value)), default=0.0)
    return 2 if largest >= 0.1 or largest == 0 else min(1 - floor(log10(largest)), 6)


def _step(language: Language, label: str, row: Any, digits: int) -> Step:
    low, high = (float(row.low), float(row.high)) if known(row.low) and known(row.high) else (None, None)
    return Step(label, float(row.value), low, high, language.signed(row.value, digits))


def _detail(language: Language, context: ReportContext, title: str, rows: pd.DataFrame, digits: int) -> Table:
    """The figures of one waterfall: among all, among those with and among those without the outcome."""
    t = language.t
    bands = [band for band in BANDS if (rows["band"].fillna("all") == band).any()]
    cells = {(row.metric, row.band if known(row.band) else "all"): row for row in rows_of(rows)}
    everything = [m for m in dict.fromkeys(rows["metric"]) if _is_term(m)]
    everything.sort(key=lambda m: (-abs(cells[m, "all"].value) if (m, "all") in cells else 0.0, m))
    body: list[list[Cell | str]] = []
    for metric in everything:
        figures = [_cell(language, cells.get((metric, band)), digits) for band in bands]
        body.append([_factor(language, context, metric), *figures])
    foot = [t("origin.sum"), *(_cell(language, cells.get((RAW, band)), digits) for band in bands)]
    head = [t("explanations.factor"), *(t(f"origin.band.{band.replace(' ', '_')}") for band in bands)]
    return Table(title, head, body, 1, foot)


def _cell(language: Language, row: Any | None, digits: int) -> Cell | str:
    """A figure with its interval, in as many decimals as its picture has."""
    if row is None or not known(row.value):
        return "–" if row is None else difference_cell(language, row)
    spread = ""
    if known(row.low) and known(row.high):
        ends = {"low": language.signed(row.low, digits), "high": language.signed(row.high, digits)}
        spread = str(language.t("form.interval", **ends))
    return Cell(language.signed(row.value, digits), spread)


def _proxies(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[Section]:
    t = language.t
    rows = chosen(frame, "value")
    rows = rows[rows["metric"].str.startswith(PROXY) & rows["value"].notna()]
    if rows.empty:
        return []
    labels = {line.name: language.text(line.label) or line.name for line in context.features}
    body: list[list[Cell | str]] = []
    for attribute in [a for a in leading_attributes(frame) if JOIN not in a]:
        part = rows[rows["attribute"] == attribute]
        for group in groups_in_order(context, attribute, list(part["group"])):
            here = part[part["group"].astype(str) == str(group)]
            every = value_of(here, attribute, group, PROXY)
            single = [row for row in rows_of(here) if row.metric != PROXY]
            single = sorted(single, key=lambda row: (-abs(row.value - 0.5), row.metric))[:_FEATURES]
            named_features = [
                t("origin.feature", feature=labels.get(parts_of(row.metric)[1][0], parts_of(row.metric)[1][0]),
                  pairs=language.number(row.value * 100))
                for row in single
            ]  # fmt: skip
            name = Cell(group_label(language, context, attribute, group), attribute_label(language, context, attribute))
            body.append([name, _pairs(language, every), Markup("; ").join(named_features) or "–"])
    title = t("origin.proxy_title")
    head = [t("fairness.group"), t("origin.proxy_all"), t("origin.proxy_each")]
    table = Table(title, head, body)
    return [Section(title, [Para(t("origin.proxy_intro")), table, Para(t("source.proxy"), "note source")], level=3)]


def _pairs(language: Language, row: Any | None) -> Cell | str:
    if row is None:
        return "–"
    spread = ""
    if known(row.low) and known(row.high):
        spread = language.t("form.interval", low=language.number(row.low * 100), high=language.number(row.high * 100))
    return Cell(language.t("origin.pairs", n=language.number(row.value * 100)), spread)
