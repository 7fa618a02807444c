"""The page on how the past was cut: cohorts, trials, relatives, the sealed test, who had left.

Belongs here: what served for what, and how often the sealed test was opened; first in words, then in figures.
Does not belong here: drawing the splits (split_picture), what the model did in them (tested), which cohorts train and
test (models.split_plan), who had left by group (fairness.people).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.charts import Chart, Point, intervals
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import count, figure_cell, interval, is_overall, known, metric_label
from fairness_reports.reports.layout import Block, Bullets, Cell, Page, Para, Picture, Pictures, Section, Table
from fairness_reports.reports.spans import (
    days_of,
    grouped_by,
    span_told,
    spans,
    trial_told,
    with_waiting,
)
from fairness_reports.reports.split_picture import picture

_OTHER = {"purged": "cross_fitted", "cross_fitted": "purged"}
_HISTORY = " history "
_NAMED = 4  # so many cohorts are named; of more, the first and the last
_TOLD = {"learns": ("train", "development"), "tries": ("test",), "waits": ("open",)}
"""Which roles of cohorts a sentence of the introduction is about. Development cohorts are learned from by then, too."""


def splits_page(language: Language, context: ReportContext) -> Page:
    """How the past was cut."""
    t = language.t
    if context.model is None:
        sections = [Section(t("tested.intro_title"), [Para(t("cut.no_model"), "lead")])]
        return Page("splits", [*sections, *_cohorts(language, context)])
    lead: list[Block] = [Para(t("cut.intro"), "lead"), Bullets(_in_short(language, context))]
    sections = [Section(t("tested.intro_title"), lead), *_cohorts(language, context)]
    sections += [*_trials(language, context), _opened(language, context), _attrition(language, context)]
    return Page("splits", sections)


def _in_short(language: Language, context: ReportContext) -> list[str]:
    told: list[str] = []
    frame = context.cohorts.sort_values(["as_of", "cohort"], kind="stable")
    for key, roles in _TOLD.items():
        part = frame[frame["role"].isin(roles)]
        if not part.empty:
            told.append(_served(language, context, key, part))
    return told


def _served(language: Language, context: ReportContext, key: str, part: pd.DataFrame) -> str:
    """What cohorts served for. Of open ones, those of the newest day alone have scores."""
    days, names = days_of(part["as_of"]), list(dict.fromkeys(part["cohort"].astype(str)))
    # one name may stand for many days
    shared = len(names) < len(part[["cohort", "as_of"]].drop_duplicates())
    cohorts = span_told(language, days) if shared else cohorts_told(language, ", ".join(names))
    if key == "waits" and context.scored is None:
        return language.t("cut.waits_unscored", cohorts=cohorts)
    if key == "waits" and len(days) > 1:
        return language.t("cut.waits_newest", cohorts=cohorts, day=language.date(days[-1]))
    return language.t(f"cut.{key}", cohorts=cohorts)


def _cohorts(language: Language, context: ReportContext) -> list[Section]:
    """Every cohort with its day, what it served for, and what came of it where that is known."""
    if context.cohorts.empty:
        return []
    t = language.t
    grain = grouped_by(context)
    rows = [_line(language, context, row, grain) for row in rows_of(_lines(context, grain))]
    keys = ("", "_as_of", "_role", "_cases", "_outcomes", "_share")
    head = [t(f"cut.cohort{key}") for key in keys]
    blocks: list[Block] = [Para(t("cut.cohorts_intro"))]
    caption = t("cut.cohorts_title")
    if grain is not None:
        head[0], caption = t(f"cut.grain.{grain}"), t(f"cut.cohorts_by.{grain}")
        blocks.append(Para(t(f"cut.cohorts_grouped.{grain}", n=language.number(len(context.cohorts))), "note"))
    return [Section(t("cut.cohorts_title"), [*blocks, Table(caption, head, rows, numbers_from=3)])]


def _lines(context: ReportContext, grain: str | None) -> pd.DataFrame:
    """The cohorts, or where they are too many for a line each, their months or years."""
    return with_waiting(context.cohorts) if grain is None else spans(context, grain)


def _line(language: Language, context: ReportContext, row: Any, grain: str | None) -> list[Cell | str]:
    role = str(row.role)
    # of a closed cohort they may be withheld
    few = str(language.t("cut.cohort_open" if role in ("open", "waiting") else "form.too_few"))
    outcomes = count(language, context, row.outcomes) if known(row.outcomes) else few
    share = language.percent(row.outcomes / row.cases, 1) if _share_is_told(context, row) else "–"
    figures = [str(language.word("role", role)), count(language, context, row.cases), outcomes, share]
    return [*_named(language, row, grain), *figures]


def _named(language: Language, row: Any, grain: str | None) -> tuple[str, str]:
    """A line's name and its days."""
    if grain is None:
        return str(row.cohort), language.date(pd.Timestamp(row.as_of).date())
    first, last = row.first.date(), row.last.date()
    name = language.month(first) if grain == "month" else str(first.year)
    if row.days == 1:
        return name, language.date(first)
    told = {"n": language.number(row.days), "first": language.date(first), "last": language.date(last)}
    return name, language.plain("form.day_span", **told)


def _share_is_told(context: ReportContext, row: Any) -> bool:
    """Whether both those with and those without the outcome are enough to be told."""
    return (
        known(row.outcomes)
        and known(row.cases)
        and min(int(row.outcomes), int(row.cases) - int(row.outcomes)) >= context.minimum_cell
    )


def trend(language: Language, context: ReportContext) -> Picture | None:
    """The share with the recorded outcome in each closed cohort; None where there are not two to show."""
    t = language.t
    points, rows = [], []
    grain = grouped_by(context)
    for row in rows_of(_lines(context, grain)):
        if _share_is_told(context, row):
            label = " · ".join(_named(language, row, grain))
            share = language.percent(row.outcomes / row.cases, 1)
            points.append(Point(label, row.outcomes / row.cases, note=share))
            rows.append([label, share])
    if len(points) < 2:
        return None
    return Picture(
        _trend(language, points), Table(t("index.trend_title"), [t("cut.cohort"), t("cut.cohort_share")], rows, 1)
    )


def _trend(language: Language, points: list[Point]) -> Chart:
    t = language.t
    return intervals(
        points,
        identity="trend",
        title=t("index.trend_title"),
        description=t("index.trend_desc"),
        axis=t("index.trend_axis"),
        tick=language.percent,
        limits=(0.0, min(1.0, max(p.value for p in points) * 1.15 + 0.01)),
    )


def _trials(language: Language, context: ReportContext) -> list[Section]:
    """Each trial as a lane and a row; what keeping relatives apart, or a shorter past, changes."""
    t = language.t
    if context.splits.empty:
        return [Section(t("splits.title"), [Para(t("cut.absent_splits"), "note")])]
    rows: list[list[Cell | str]] = []
    for row in rows_of(context.splits):
        # how many could train; the share that was left out stands beside it
        could = int(row.train_rows) + (int(row.purged) if row.design == "purged" else 0)
        shared = t("cut.shared", share=_shared(language, context, row))
        rows.append(
            [
                Cell(str(row.split), _role(language, row)),
                cohorts_told(language, str(row.train_cohorts)),
                cohorts_told(language, str(row.test_cohorts)),
                count(language, context, could),
                count(language, context, row.test_rows),
                Cell(str(t(f"cut.design.{row.design}")), shared),
            ]
        )
    head = [str(t(f"cut.{key}")) for key in ("trains", "tests", "could_train", "tested", "relatives")]
    blocks: list[Block] = [Para(t("cut.splits_text"))]
    if not context.calendar.empty:
        blocks.append(Pictures([Picture(picture(language, _days(context.calendar)))]))
    blocks.append(Table(t("splits.title"), [str(t("tested.split")), *head], rows, numbers_from=99))
    return [Section(t("splits.title"), blocks), _relatives(language, context), *_histories(language, context)]


def _relatives(language: Language, context: ReportContext) -> Section:
    """How persons on both sides were kept apart, and what the other way would have given."""
    t, model = language.t, str(context.model)
    rows: list[list[Cell | str]] = []
    for row in rows_of(context.splits):
        own = context.split_metrics(row.split).get("auc")
        other = context.split_metrics(row.split, f"{model} {_OTHER[row.design]}").get("auc")
        if known(row.history) or own is None or other is None:
            continue
        figures = {row.design: own, _OTHER[row.design]: other}
        cells = [figure_cell(language, "auc", figures[design]) for design in ("purged", "cross_fitted")]
        rows.append([Cell(str(row.split), _role(language, row)), *cells, str(t(f"cut.design.{row.design}"))])
    test = rows_of(context.splits)[-1]
    blocks: list[Block] = [Para(t(f"cut.{test.design}_text", share=_shared(language, context, test)))]
    if rows:
        head = [str(t(f"cut.{key}")) for key in ("design.purged", "design.cross_fitted", "counts")]
        blocks += [Para(t("cut.both_intro")), Table(t("cut.both"), [str(t("tested.split")), *head], rows)]
    else:
        blocks.append(Para(t("cut.both_none"), "note"))
    return Section(t("cut.relatives_title"), blocks)


def _histories(language: Language, context: ReportContext) -> list[Section]:
    """What the chosen model did when it had learned from a shorter past."""
    t = language.t
    rows: list[list[Cell | str]] = []
    for row in rows_of(context.splits[context.splits["history"].map(known)]):
        figure = context.split_metrics(row.split, f"{context.model}{_HISTORY}{row.history}").get("auc")
        if figure is not None:
            rows.append([str(row.split), str(row.history), figure_cell(language, "auc", figure)])
    if not rows:
        return []
    head = [str(t("tested.split")), str(t("cut.history")), metric_label(language, "auc")]
    table = Table(t("cut.histories"), head, rows, numbers_from=2)
    return [Section(t("cut.histories_title"), [Para(t("cut.histories_intro")), table])]


def _opened(language: Language, context: ReportContext) -> Section:
    """How often the sealed test was opened, and for which training."""
    t, training = language.t, context.manifest.get("training")
    blocks: list[Block] = [Para(t("cut.sealed_text", split=_test(language, context)))]
    if training:
        before = int(training.get("openings_before") or 0)
        first = (
            t("cut.openings_before", times=t("card.openings_before", n=before)) if before else t("cut.openings_first")
        )
        day, due = (language.date(str(training[name])) for name in ("trained_as_of", "due_on"))
        why = language.word("trained_why", str(training["reason"]))
        times = t("card.openings_under", n=int(training["openings"]))
        told = [t("cut.openings", times=times), first, t("cut.trained", day=day, why=why), t("cut.due", day=due)]
        blocks.append(Bullets(told))
    else:
        blocks.append(Para(t("cut.openings_unknown"), "note"))
    return Section(t("cut.sealed_title"), blocks)


def _test(language: Language, context: ReportContext) -> str:
    """The sealed test by its name, or by its days where they are many."""
    told = trial_told(language, context, context.test)
    return context.test or "–" if told == language.period(context.test) else told


def _attrition(language: Language, context: ReportContext) -> Section:
    """Which share had left before the day of the prediction, as the audit measured it."""
    t, frame = language.t, context.audited
    told = []
    rows = frame[(frame["metric"] == "attrition") & (frame["comparison"] == "value")]
    for row in rows_of(rows[rows["attribute"].map(is_overall)]):
        if not known(row.value):
            continue
        share, spread = language.percent(row.value, 1), interval(language, "attrition", row.low, row.high)
        n = count(language, context, row.n)
        told.append(t("cut.attrition", split=row.split, n=n, share=share, interval=spread or "–"))
    more = Para(t("cut.attrition_more", page=t("page.fairness")), "small")
    blocks: list[Block] = [Bullets(told)] if told else [Para(t("cut.attrition_none"))]
    return Section(t("cut.attrition_title"), [*blocks, more])


def _days(calendar: pd.DataFrame) -> pd.DataFrame:
    """The calendar with days as the picture takes them, whatever the table in the warehouse had."""
    days = {name: pd.to_datetime(calendar[name]) for name in ("as_of", "cohort_as_of", "window_end", "closes_on")}
    return calendar.assign(**days)


def _role(language: Language, row: Any) -> str:
    """What a trial is for."""
    if known(row.history):
        return str(language.t("splits.compared", history=row.history))
    return str(language.t(f"splits.{row.role}"))


def cohorts_told(language: Language, names: str) -> str:
    """How many cohorts, and which: of many the first and the last."""
    each = names.split(", ")
    shown = names if len(each) <= _NAMED else f"{each[0]} … {each[-1]}"
    return language.t("splits.cohorts", n=len(each), names=shown)


def _shared(language: Language, context: ReportContext, row: Any) -> str:
    """Which share of the rows that could train belongs to relatives of the test; a few are not counted out."""
    if int(row.purged) < context.minimum_cell:
        return str(language.t("form.fewer", n=context.minimum_cell))
    return language.percent(float(row.purged_share), 1)
