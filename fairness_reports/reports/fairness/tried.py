"""What was tried against a gap, and what each way would have cost: a choice for people.

Belongs here: the table, the pictures and the sentences of the comparison.
Does not belong here: making it (fairness_reports.mitigation), choosing from it (nobody but people).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports.audit.reasons import in_words
from fairness_reports.language import Language
from fairness_reports.mitigation.options import AS_IS
from fairness_reports.mitigation.words import cost_in_words, gain_in_words, stress_in_words
from fairness_reports.reports.charts_options import Option, options
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import difference_cell, is_clear, judged, points, short_metric
from fairness_reports.reports.figures import SHARES, attribute_label, figure_cell, known, metric_label
from fairness_reports.reports.layout import Block, Cell, Fold, Para, Picture, Pictures, Section, Table
from fairness_reports.spec import OVERALL
from models.metrics import parts_of

_UTILITY = "recall_at_capacity"
_FIGURES = (_UTILITY, "precision_at_capacity", "auc", "brier")
_PICTURES = 3


def _names(context: ReportContext) -> list[str]:
    """Options in the order of the table, the model as it is first."""
    frame = context.mitigation
    if frame is None or frame.empty:
        return []
    names = [str(name) for name in dict.fromkeys(frame["option"])]
    return sorted(names, key=lambda name: (name != AS_IS, names.index(name)))


def tried_in_short(language: Language, context: ReportContext, groups: pd.DataFrame) -> list[str]:
    """For the first part: the gap then and now, each option with cost and clear gain; that nothing was chosen.

    Parameters
    ----------
    groups : DataFrame
        Rows of groups in the test, all bands together: what the gap was there.
    """
    t, frame = language.t, context.mitigation
    names = _names(context)
    if frame is None or not names:
        return [t("short.nothing_tried")]
    if names == [AS_IS]:
        reason = next((str(row.reason) for row in rows_of(frame) if known(row.reason)), "")
        return [t("short.tried_not", reason=in_words(reason, language))]
    said: list[tuple[str, str]] = []
    impossible = []
    before = _gap_before(frame, groups)
    for name in names:
        if name == AS_IS:
            continue
        rows = frame[frame["option"] == name]
        if rows["value"].isna().all():
            impossible.append(t("form.quoted", text=_label(language, name)))
            continue
        # of its costs the first only: who is no longer found
        told = cost_in_words(rows[rows["metric"] == _UTILITY], language)
        told = " ".join([told, *_clear_gain(language, context, rows, before)])
        said.append((t("short.option", option=_label(language, name), told=told), _held(language, rows)))
    if impossible:
        said.append((t("short.impossible", options=language.listing(impossible)), ""))
    held = list(dict.fromkeys(each for _, each in said if each))
    # what is the same for all is said once
    costs = [cost if len(held) < 2 or not each else Markup(" ").join([cost, each]) for cost, each in said]
    return [
        *_told_before(language, context, before),
        *costs,
        *(held if len(held) == 1 else []),
        t("short.nothing_chosen"),
        _may(language, context),
    ]


def _gap_before(frame: pd.DataFrame, groups: pd.DataFrame) -> tuple[Any, float] | None:
    """The gap of the model as it is where options were tried, with the same gap in the test: the largest there."""
    shown = frame[(frame["role"] == "development") & (frame["option"] == AS_IS) & frame["value"].notna()]
    shown = shown[shown["comparison"] == "largest_gap"]
    agreed = judged(groups)
    agreed = agreed.assign(reference=agreed["reference"].fillna(OVERALL))
    found = []
    for row in rows_of(shown[shown["as_of"] == shown["as_of"].max()]):
        what = {"attribute": row.attribute, "metric": row.metric, "reference": row.reference}
        same = agreed[(agreed[list(what)].astype(str) == pd.Series(what).astype(str)).all(axis=1)]["value"].dropna()
        if len(same):
            found.append((row, float(same.abs().max())))
    # a gap of another kind of measure may count in another unit; shares first, as they are the many
    return max(found, key=lambda each: (each[0].metric in SHARES, each[1])) if found else None


def _told_before(language: Language, context: ReportContext, before: tuple[Any, float] | None) -> list[str]:
    if before is None:
        return []
    (row, now), t = before, language.t
    then = abs(float(row.value))
    said: list[str] = [
        t(
            "short.tried_on",
            split=language.period(str(row.split)),
            metric=short_metric(language, row.metric),
            attribute=attribute_label(language, context, str(row.attribute)),
            then=points(language, then, row.metric),
            now=points(language, now, row.metric),
        )
    ]
    open_then = known(row.low) and known(row.high) and not is_clear(row)
    if then < now / 2:
        return [*said, t("short.tried_on_little")]
    return [*said, t("short.tried_on_open")] if open_then else said


def _clear_gain(
    language: Language, context: ReportContext, rows: pd.DataFrame, before: tuple[Any, float] | None
) -> list[str]:
    """What became of that gap, where it is hardly chance."""
    if before is None:
        return []
    row = before[0]
    same = rows[
        (rows["comparison"] == "change") & (rows["attribute"] == row.attribute) & (rows["metric"] == row.metric)
    ]
    same = same[(same["split"] == row.split) & ((same["low"] > 0) | (same["high"] < 0))]
    called = {
        str(row.metric): short_metric(language, row.metric),
        str(row.attribute): attribute_label(language, context, str(row.attribute)),
    }
    return gain_in_words(same, language, called)


def _held(language: Language, rows: pd.DataFrame) -> str:
    """Whether an option's gain held in the later period; nothing where no gap was judged."""
    told = [row for row in rows_of(rows[rows["role"] == "stress"]) if known(row.reason)]
    return stress_in_words(str(told[0].reason), language) if told else ""


def _may(language: Language, context: ReportContext) -> str:
    frame = context.mitigation
    assert frame is not None  # noqa: S101  (asked only where something was tried)
    allowed = frame[frame["may_be_chosen"].astype(bool) & (frame["option"] != AS_IS)]["option"]
    named = [language.t("form.quoted", text=_label(language, str(name))) for name in dict.fromkeys(allowed)]
    if not named:
        return language.t("tried.may_none")
    return language.t("tried.may", options=language.listing(named))


def _label(language: Language, name: str) -> str:
    return str(language.word("option", name))


def tried_sections(language: Language, context: ReportContext) -> list[Section]:
    """The comparison of options: pictures, costs in words, figures."""
    t, frame = language.t, context.mitigation
    names = _names(context)
    if frame is None or len(names) < 2:
        return []
    blocks: list[Block] = [Para(t("tried.intro"))]
    pictures = _frontiers(language, context, frame, names)
    if pictures:
        blocks += [Para(t("tried.picture_intro")), Pictures(pictures)]
    blocks += [_costs(language, context, frame, names), Para(_may(language, context)), Para(t("short.nothing_chosen"))]
    figures = _figures(language, context, frame, names)
    if figures is not None:
        blocks.append(Fold(t("tried.figures_title"), [figures]))
    return [Section(t("tried.title"), [*blocks, Para(t("source.tried"), "note source")])]


def _frontiers(language: Language, context: ReportContext, frame: pd.DataFrame, names: list[str]) -> list[Picture]:
    from fairness_reports.mitigation.frontier import frontier

    t = language.t
    found = frontier(frame, _UTILITY)
    made: list[Picture] = []
    for attribute, metric in dict.fromkeys(zip(found["attribute"], found["metric"], strict=True)):
        part = found[(found["attribute"] == attribute) & (found["metric"] == metric)]
        rows = sorted(rows_of(part), key=lambda row: names.index(row.option))
        if len(made) == _PICTURES or len(rows) < 2:
            continue
        gap = t("chart.gap_title", metric=metric_label(language, metric),
                attribute=attribute_label(language, context, attribute))  # fmt: skip
        title = t("tried.chart_title", gap=gap)
        points = [
            Option(_label(language, row.option), abs(float(row.gap)), float(row.utility),
                   _ends(row.gap_low, row.gap_high), _ends(row.utility_low, row.utility_high), row.option == AS_IS)
            for row in rows
        ]  # fmt: skip
        chart = options(
            points,
            identity=f"options-{len(made)}",
            title=title,
            description=t("tried.chart_desc", n=len(points)),
            x_axis=t("tried.x_axis"),
            y_axis=t("tried.y_axis"),
            x_tick=lambda value: _of_hundred(language, value),
            y_tick=lambda value: language.percent(value, _digits(value)),
        )
        head = [t("tried.option"), metric_label(language, _UTILITY), t("tried.largest")]
        cells: list[list[Cell | str]] = [[_label(language, row.option), _cell(language, _UTILITY, row, "utility"),
                  _cell(language, metric, row, "gap")] for row in rows]  # fmt: skip
        made.append(Picture(chart, Table(title, head, cells, 1)))
    return made


def _digits(share: float) -> int:
    """Decimals that a share needs in hundredths: an axis must not round its own ticks."""
    return next((digits for digits in (0, 1) if abs(round(share * 100, digits) - share * 100) < 1e-6), 2)


def _of_hundred(language: Language, share: float) -> str:
    return language.number(share * 100, _digits(share))


def _ends(low: Any, high: Any) -> tuple[float, float] | None:
    return (float(low), float(high)) if known(low) and known(high) else None


def _cell(language: Language, metric: str, row: Any, name: str) -> Cell:
    ends = {end: getattr(row, f"{name}_{end}") for end in ("low", "high")}
    plain = pd.Series({"metric": metric, "value": getattr(row, name), "reason": None, **ends})
    return figure_cell(language, metric, plain) if name == "utility" else difference_cell(language, plain)


def _costs(language: Language, context: ReportContext, frame: pd.DataFrame, names: list[str]) -> Table:
    """Each option in words: cost, gain, whether it held later; what needs the attribute, what may be chosen."""
    t = language.t
    called = {str(m): metric_label(language, str(m)) for m in frame["metric"].dropna().unique() if "[" not in str(m)}
    called |= {str(a): attribute_label(language, context, str(a)) for a in frame["attribute"].dropna().unique()}
    body: list[list[Cell | str]] = []
    for name in names:
        rows = frame[frame["option"] == name]
        first = rows.iloc[0]
        marks = []
        if bool(first["needs_attribute"]):
            marks.append(t("tried.needs_attribute"))
        if name != AS_IS:
            marks.append(t("tried.is_allowed" if bool(first["may_be_chosen"]) else "tried.not_allowed"))
        gains = [] if name == AS_IS else gain_in_words(rows, language, called)
        later = _later(language, context, rows)
        body.append(
            [Cell(_label(language, name), Markup("; ").join(marks)), cost_in_words(rows, language),
             " ".join(gains) or "–", later or "–"]
        )  # fmt: skip
    head = [t(f"tried.{key}") for key in ("option", "cost", "gain", "later")]
    return Table(t("tried.title"), head, body)


def _later(language: Language, context: ReportContext, rows: pd.DataFrame) -> str:
    """What the stress test found, one sentence for all gaps that went alike."""
    found: dict[str, list[str]] = {}
    for row in rows_of(rows[rows["role"] == "stress"]):
        if known(row.reason):
            metric = parts_of(str(row.metric))[1][0]
            gap = f"{metric_label(language, metric)}: {attribute_label(language, context, str(row.attribute))}"
            found.setdefault(str(row.reason), []).append(gap)
    parts = []
    for reason, gaps in found.items():
        told = stress_in_words(reason, language)
        parts.append(told if len(found) == 1 else language.t("tried.held_for", gaps=language.listing(gaps), told=told))
    return Markup(" ").join(parts)


def _figures(language: Language, context: ReportContext, frame: pd.DataFrame, names: list[str]) -> Table | None:
    """The figures behind the words, on the newest development split."""
    t = language.t
    shown = frame[(frame["role"] == "development") & frame["value"].notna()]
    if shown.empty:
        return None
    latest = shown[shown["as_of"] == shown["as_of"].max()]
    utility = latest[(latest["comparison"] == "value") & (latest["attribute"] == OVERALL)]
    values = {(row.option, row.metric): row for row in rows_of(utility)}
    gaps = {(row.option, row.attribute, row.metric): row
            for row in rows_of(latest[latest["comparison"] == "largest_gap"])}  # fmt: skip
    metrics = [m for m in _FIGURES if any(metric == m for _, metric in values)]
    pairs = list(dict.fromkeys((attribute, metric) for _, attribute, metric in gaps))
    body: list[list[Cell | str]] = []
    for name in names:
        cells: list[Cell | str] = [_label(language, name)]
        cells += [figure_cell(language, m, values[name, m]) if (name, m) in values else "–" for m in metrics]
        cells += [difference_cell(language, gaps[name, *pair]) if (name, *pair) in gaps else "–" for pair in pairs]
        body.append(cells)
    head = [t("tried.option"), *(metric_label(language, m) for m in metrics)]
    head += [
        t("tried.largest_of", gap=f"{metric_label(language, metric)}, {attribute_label(language, context, attribute)}")
        for attribute, metric in pairs
    ]
    return Table(t("tried.figures_title"), head, body, 1)
