"""Which cohorts train and which test: the splits as dates, before any row is read.

Belongs here: arithmetic on as-of dates, ends of windows and days of closing, as the section `splits:` asks for it.
Does not belong here: rows, labels, clusters (models.splits).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from models.cohorts import months_later
from models.spec import SplitsSpec

Role = Literal["development", "test"]


@dataclass(frozen=True, order=True)
class Cohort:
    """One cohort, as far as its days go.

    Attributes
    ----------
    as_of : date
        The day of its predictions.
    name : str
        Several cohorts of one name are told apart by their day, several of one day by their name.
    window_end : date or None
        The last end of a window in it (exclusive); None when no case has a window, and so never a label.
    closes_on : date or None
        That day plus the reporting lag.
    closed : bool
        Whether its outcomes are known.
    """

    as_of: date
    name: str
    window_end: date | None
    closes_on: date | None
    closed: bool

    def closed_by(self, day: date) -> bool:
        """Whether its outcomes were known at the start of a day."""
        return self.closed and self.closes_on is not None and self.closes_on <= day


@dataclass(frozen=True)
class Planned:
    """One split as dates.

    Attributes
    ----------
    as_of : date
        The model day: the as-of date of the first test cohort.
    role : {"development", "test"}
        What it is for.
    history : str or None
        Set for splits that only compare another history: how far back their training reaches.
    train, test : tuple of Cohort
        Oldest first.
    """

    as_of: date
    role: Role
    history: str | None
    train: tuple[Cohort, ...]
    test: tuple[Cohort, ...]


def later(day: date, span: str) -> date:
    """The day a span after another; months end on their last day where they have no such day.

    >>> str(later(date(2024, 1, 31), "1mo")), str(later(date(2024, 2, 29), "1y")), str(later(date(2024, 2, 29), "30d"))
    ('2024-02-29', '2025-02-28', '2024-03-30')
    """
    return _moved(day, span, 1)


def earlier(day: date, span: str) -> date:
    """The day a span before another.

    >>> str(earlier(date(2024, 3, 31), "1mo"))
    '2024-02-29'
    """
    return _moved(day, span, -1)


def _moved(day: date, span: str, way: int) -> date:
    if span.endswith("d"):
        return day + timedelta(days=way * int(span[:-1]))
    return months_later(day, way * (int(span[:-2]) if span.endswith("mo") else 12 * int(span[:-1])))


def plan(
    cohorts: Sequence[Cohort], spec: SplitsSpec, enough: Callable[[Planned], bool] = lambda _: True
) -> list[Planned]:
    """Choose model days and their cohorts, oldest first; the newest is the test.

    From the newest day back: a day is a model day when every cohort that its model is tested on is closed and within
    the bounds, and some cohort had closed by then. The first one is the test. Each further one must have been closed,
    with all of its test cohorts, on the day of the test, and lie `update_every` before the model day after it.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Every cohort, open ones too: they tell how far the calendar has come.
    spec : SplitsSpec
        The `splits:` section.
    enough : callable
        Whether a split has rows enough; asked from the newest model day back, until `last` splits are found.

    Returns
    -------
    list of Planned
        Empty when no day qualifies. Behind each development split stand those that compare other histories.
    """
    everything = sorted(cohorts)
    if not everything:
        return []
    bounded = [cohort for cohort in everything if _within(cohort, spec)]
    seen_until = max([c.as_of for c in everything] + [c.closes_on for c in everything if c.closed and c.closes_on])
    found: list[Planned] = []
    compared: dict[date, list[Planned]] = {}
    for day in sorted({cohort.as_of for cohort in bounded if cohort.closed}, reverse=True):
        if found and spec.update_every and later(day, spec.update_every) > found[-1].as_of:
            continue
        tested = _tested(everything, spec, day, seen_until)
        if not tested or (found and not all(cohort.closed_by(found[0].as_of) for cohort in tested)):
            continue
        split = Planned(
            day,
            "development" if found else "test",
            None,
            _training(bounded, spec, day, spec.histories[0] if spec.histories else None),
            tested,
        )
        if not split.train or not enough(split):
            continue
        found.append(split)
        if split.role == "development":
            others = [
                Planned(day, split.role, history, _training(bounded, spec, day, history), tested)
                for history in spec.histories[1:]
            ]
            compared[day] = [other for other in others if enough(other)]
        if len(found) == spec.last:
            break
    return [split for main in reversed(found) for split in (main, *compared.get(main.as_of, []))]


def training_cohorts(cohorts: Sequence[Cohort], spec: SplitsSpec, day: date) -> tuple[Cohort, ...]:
    """Cohorts that may train a model made on a day, by the definition that every split uses.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Every cohort.
    spec : SplitsSpec
        The `splits:` section; of several histories the first counts.
    day : date
        The model day.
    """
    bounded = [cohort for cohort in sorted(cohorts) if _within(cohort, spec)]
    return _training(bounded, spec, day, spec.histories[0] if spec.histories else None)


def _within(cohort: Cohort, spec: SplitsSpec) -> bool:
    """Whether a cohort keeps the first and last dates for features and labels."""
    return (
        (spec.feature_start is None or spec.feature_start <= cohort.as_of)
        and (spec.feature_end is None or cohort.as_of <= spec.feature_end)
        and (spec.label_start is None or spec.label_start <= cohort.as_of)
        and (spec.label_end is None or (cohort.window_end is not None and cohort.window_end <= spec.label_end))
    )


def _training(bounded: Sequence[Cohort], spec: SplitsSpec, day: date, history: str | None) -> tuple[Cohort, ...]:
    """Cohorts closed on the model day, as far back and as often as asked, counted from the newest of them."""
    closed = [cohort for cohort in bounded if cohort.closed_by(day)]
    days = sorted({cohort.as_of for cohort in closed})
    if not days:
        return ()
    if history is not None:
        days = [one for one in days if one >= earlier(days[-1], history)]
    if spec.train_every is not None:
        kept = days[-1:]
        for one in reversed(days[:-1]):
            if later(one, spec.train_every) <= kept[-1]:
                kept.append(one)
        days = kept
    used = set(days)
    return tuple(cohort for cohort in closed if cohort.as_of in used)


def _tested(everything: Sequence[Cohort], spec: SplitsSpec, day: date, seen_until: date) -> tuple[Cohort, ...]:
    """Cohorts of the time in which the model of a day is used; none when that time is not over or one is not closed.

    A cohort without any window never has a label and keeps nothing waiting.
    """
    end = later(day, spec.test_for) if spec.test_for else day + timedelta(days=1)
    if end - timedelta(days=1) > seen_until:
        return ()
    first = bisect_left(everything, day, key=lambda cohort: cohort.as_of)
    last = bisect_left(everything, end, key=lambda cohort: cohort.as_of)
    period = [cohort for cohort in everything[first:last] if cohort.closes_on is not None]
    if spec.test_every is not None:
        days = [day]
        for cohort in period:
            if later(days[-1], spec.test_every) <= cohort.as_of:
                days.append(cohort.as_of)
        used = set(days)
        period = [cohort for cohort in period if cohort.as_of in used]
    return tuple(period) if all(cohort.closed and _within(cohort, spec) for cohort in period) else ()


def calendar_rows(planned: Sequence[Planned], names: Sequence[str]) -> pd.DataFrame:
    """The splits as a table of their cohorts, for a picture.

    Parameters
    ----------
    planned : sequence of Planned
        From `plan`.
    names : sequence of str
        What each split is called.

    Returns
    -------
    DataFrame
        One row per split, part and cohort: split, history, as_of, role, part (train | test), cohort, cohort_as_of,
        window_end, closes_on.
    """
    rows = [
        (name, split.history, split.as_of, split.role, part, c.name, c.as_of, c.window_end, c.closes_on)
        for name, split in zip(names, planned, strict=True)
        for part, cohorts in (("train", split.train), ("test", split.test))
        for c in cohorts
    ]
    columns = ["split", "history", "as_of", "role", "part", "cohort", "cohort_as_of", "window_end", "closes_on"]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("as_of", "cohort_as_of", "window_end", "closes_on"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def split_names(planned: Sequence[Planned], cohorts: Sequence[Cohort]) -> list[str]:
    """What splits are called: by their test cohort, its day where several share the name, the day where several begin.

    A split that compares another history carries it in brackets, so that no two splits have one name.
    """
    days: dict[str, set[date]] = {}
    for cohort in cohorts:
        days.setdefault(cohort.name, set()).add(cohort.as_of)
    names = []
    for split in planned:
        begin = [cohort.name for cohort in split.test if cohort.as_of == split.as_of]
        name = begin[0] if len(begin) == 1 else split.as_of.isoformat()
        if len(begin) == 1 and len(days[name]) > 1:
            name = f"{name} {split.as_of}"
        names.append(f"{name} [{split.history}]" if split.history else name)
    return names
