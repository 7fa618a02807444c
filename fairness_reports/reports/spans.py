"""Many cohorts told as spans of days: where each day has a cohort of its own, a page cannot have a line for each.

Belongs here: when there are too many, which days a trial or the scores have, sums by month, year and role.
Does not belong here: protecting these sums (pipelines.disclosed), the pages and the picture around them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext

MANY = 50
"""Of more cohorts, a table or a picture has a line or a mark for a month or a year."""
LISTED = 10
"""So many days are listed one by one; of more, how many they are, the first and the last."""
_LINES = 120  # a table that is longer has a line for a year
WAITING = "waiting"
"""The role of an open cohort without scores: only the newest day is scored."""


def days_of(values: Iterable[Any]) -> list[date]:
    """Different days, the oldest first."""
    return sorted({pd.Timestamp(value).date() for value in values})


def span_told(language: Language, days: list[date]) -> str:
    """How many days, and from when to when; one day is written out."""
    if len(days) < 2:
        return language.date(days[0] if days else None)
    return language.plain("form.day_span", **ends(language, days))


def ends(language: Language, days: list[date]) -> dict[str, str]:
    """What a sentence on several days is filled with."""
    return {"n": language.number(len(days)), "first": language.date(days[0]), "last": language.date(days[-1])}


def tested_days(context: ReportContext, split: str | None) -> list[date]:
    """The days of prediction that a trial was tried on; none where nothing tells them."""
    calendar = context.calendar[(context.calendar["split"] == split) & (context.calendar["part"] == "test")]
    if not calendar.empty:
        return days_of(calendar["cohort_as_of"])
    rows = context.splits[context.splits["split"] == split]
    names = set(str(rows["test_cohorts"].iloc[0]).split(", ")) if len(rows) else set()
    return days_of(context.cohorts.loc[context.cohorts["cohort"].astype(str).isin(names), "as_of"])


def trial_told(language: Language, context: ReportContext, split: str | None) -> str:
    """A trial by its name where it has one day, by its days where it has several."""
    days = tested_days(context, split)
    return span_told(language, days) if len(days) > 1 else language.period(split)


def scored_day(context: ReportContext) -> date | None:
    """The day of the cases with scores. Cohorts of several days may have one name: the newest is scored."""
    told = (context.manifest.get("deployed_model") or {}).get("cohort")
    names = str(told).split(", ") if told is not None else []
    days = days_of(context.cohorts.loc[context.cohorts["cohort"].astype(str).isin(names), "as_of"])
    return days[-1] if days else None


def with_waiting(cohorts: pd.DataFrame) -> pd.DataFrame:
    """The cohorts by day; of the open ones, all but the newest day's wait: they have no scores."""
    frame = cohorts.sort_values(["as_of", "cohort"], kind="stable")
    still = frame["role"] == "open"
    days = pd.to_datetime(frame["as_of"])
    return frame.assign(role=frame["role"].mask(still & (days < days[still].max()), WAITING))


def cohort_spans(cohorts: pd.DataFrame, least: int = 0) -> pd.DataFrame:
    """Sums over the cohorts by month, by year, and altogether, for each role.

    Parameters
    ----------
    cohorts : DataFrame
        cohort, as_of, role, cases, outcomes.
    least : int
        Of parts with fewer cases no sum is made.

    Returns
    -------
    DataFrame
        grain (month | year | role), role, first, last, days, cohorts, cases, outcomes: null where a part is not known.
    """
    frame = with_waiting(cohorts)
    days, cases = pd.to_datetime(frame["as_of"]), pd.to_numeric(frame["cases"]).astype("Float64")
    frame = frame.assign(
        day=days, cases=cases.mask(cases < least), outcomes=pd.to_numeric(frame["outcomes"]).astype("Float64")
    )
    made = []
    for grain, of in (("month", days.dt.to_period("M")), ("year", days.dt.to_period("Y")), ("role", days.notna())):
        for (_, role), part in frame.groupby([of.rename("of"), "role"], sort=True):
            first, last = part["day"].min(), part["day"].max()
            sums = {name: part[name].sum(skipna=False) for name in ("cases", "outcomes")}
            made.append({"grain": grain, "role": str(role), "first": first, "last": last,
                         "days": part["day"].nunique(), "cohorts": len(part), **sums})  # fmt: skip
    names = ["grain", "role", "first", "last", "days", "cohorts", "cases", "outcomes"]
    table = pd.DataFrame(made, columns=names).astype({"cases": "Float64", "outcomes": "Float64"})
    order = {"month": 0, "year": 1, "role": 2}
    return table.sort_values(["grain", "first", "last"], key=lambda c: c.map(order) if c.name == "grain" else c,
                             kind="stable").reset_index(drop=True)  # fmt: skip


def spans(context: ReportContext, grain: str) -> pd.DataFrame:
    """The spans of one grain, as they may be told."""
    frame = context.cohort_spans
    if frame.empty:
        frame = cohort_spans(context.cohorts, context.minimum_cell)
    return frame[frame["grain"] == grain]


def grouped_by(context: ReportContext) -> str | None:
    """What a line of a table of cohorts stands for: a month, a year, or a cohort (None)."""
    if len(context.cohorts) <= MANY:
        return None
    months = len(spans(context, "month"))
    if months <= min(_LINES, len(context.cohorts) // 2):
        return "month"
    return "year" if len(context.cohorts) > _LINES else None


def span_protected(frame: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Protected spans, without the sum of a role of which a month or a year is too small to be told.

    Parameters
    ----------
    frame : DataFrame
        From `protect_cohorts`: 0 cases where there are too few.
    before : DataFrame
        The exact spans in the same order, whose other columns stay.
    """
    cases = frame["cases"].astype("Float64")
    small = set(frame.loc[(frame["grain"] != "role") & (cases == 0), "role"])
    hidden = (frame["grain"] == "role") & frame["role"].isin(small)
    keep = before[["grain", "role", "first", "last", "days", "cohorts"]]
    return keep.assign(cases=cases.mask(hidden), outcomes=frame["outcomes"].mask(hidden))


def with_spans(context: ReportContext) -> ReportContext:
    """A context with the spans of its exact cohorts, where there are too many for a line each."""
    return replace(context, cohort_spans=cohort_spans(context.cohorts)) if len(context.cohorts) > LISTED else context
