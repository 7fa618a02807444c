"""Which days and cohorts a plan takes, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from models.cohorts import as_of_dates
from models.spec import SplitsSpec
from models.split_plan import Cohort, Planned, later, plan, split_names


def cohort(day: str, *, window: int = 30, lag: int = 0, closed: bool = True, name: str = "") -> Cohort:
    as_of = date.fromisoformat(day)
    end = as_of + timedelta(days=window)
    return Cohort(as_of, name or day, end, end + timedelta(days=lag), closed)


def monthly(first: str, until: str, run: str, *, window: int = 20, lag: int = 0, every: int = 1) -> list[Cohort]:
    """Cohorts of a calendar; those that close after the day of the run are open."""
    made = [
        cohort(day.isoformat(), window=window, lag=lag)
        for day in as_of_dates(date.fromisoformat(first), every, date.fromisoformat(until))
    ]
    return [
        Cohort(c.as_of, c.name, c.window_end, c.closes_on, (c.closes_on or date.max) <= date.fromisoformat(run))
        for c in made
    ]


def planned(cohorts: Sequence[Cohort], **fields: Any) -> list[Planned]:
    return plan(cohorts, SplitsSpec.model_validate(fields))


def days(cohorts: Sequence[Cohort]) -> list[str]:
    return [c.as_of.isoformat() for c in cohorts]


def model_days(splits: Sequence[Planned]) -> list[str]:
    return [split.as_of.isoformat() for split in splits]


YEAR = monthly("2020-01-31", "2020-12-31", "2020-12-31")  # the last one is open
ENDS = ["2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30", "2020-07-31", "2020-08-31", "2020-09-30"]


@pytest.mark.parametrize(
    ("day", "span", "expected"),
    [
        ("2020-01-31", "1mo", "2020-02-29"),
        ("2021-01-31", "1mo", "2021-02-28"),
        ("2020-10-31", "13mo", "2021-11-30"),
        ("2020-02-29", "1y", "2021-02-28"),
        ("2020-02-28", "1mo", "2020-03-28"),
        ("2020-12-31", "30d", "2021-01-30"),
    ],
)
def test_months_end_on_their_last_day(day: str, span: str, expected: str) -> None:
    assert later(date.fromisoformat(day), span) == date.fromisoformat(expected)


def test_every_closed_cohort_with_closed_ones_before_it_is_tested() -> None:
    splits = planned(YEAR, last=99)
    assert model_days(splits) == [*ENDS, "2020-10-31", "2020-11-30"]
    assert [split.role for split in splits] == ["development"] * 9 + ["test"]
    assert days(splits[2].train) == ["2020-01-31", "2020-02-29", "2020-03-31"]
    assert days(splits[2].test) == ["2020-04-30"]


def test_nothing_to_test_on_and_nothing_to_train_on() -> None:
    assert planned([]) == []
    assert planned([cohort("2020-01-01")]) == []
    assert planned([cohort("2020-01-01", window=99), cohort("2020-02-01")]) == []
    assert planned([cohort("2020-01-01", closed=False), cohort("2020-05-01")]) == []


def test_a_cohort_trains_from_the_very_day_it_closes() -> None:
    new = cohort("2020-03-02")
    assert days(planned([cohort("2020-01-31", window=24, lag=7), new])[0].train) == ["2020-01-31"]
    assert planned([cohort("2020-01-31", window=25, lag=7), new]) == []


def test_a_development_split_was_closed_on_the_day_of_the_test() -> None:
    old, test = cohort("2020-01-01"), cohort("2020-12-01")
    assert model_days(planned([old, cohort("2020-11-01", window=30), test])) == ["2020-11-01", "2020-12-01"]
    assert model_days(planned([old, cohort("2020-11-01", window=31), test])) == ["2020-12-01"]


def test_months_of_different_lengths_lie_a_month_apart() -> None:
    assert model_days(planned(YEAR, last=99, update_every="1mo"))[:8] == ENDS
    assert model_days(planned(YEAR, last=99, update_every="2mo")) == [
        "2020-03-31", "2020-05-31", "2020-07-31", "2020-09-30", "2020-11-30",
    ]  # fmt: skip
    assert days(planned(YEAR, train_every="3mo")[-1].train) == ["2020-01-31", "2020-04-30", "2020-07-31", "2020-10-31"]


def test_update_every_counts_from_splits_that_are_used() -> None:
    """The split before the test is the newest that was closed by then, however far apart the two are."""
    cohorts = [cohort("2018-01-01"), cohort("2019-01-01", window=365), cohort("2018-12-01"), cohort("2020-01-01")]
    assert model_days(planned(cohorts, update_every="1y")) == ["2019-01-01", "2020-01-01"]
    cohorts[1] = cohort("2019-01-01", window=366)
    assert model_days(planned(cohorts, update_every="1y")) == ["2018-12-01", "2020-01-01"]


def test_history_is_counted_from_the_newest_cohort_that_trains() -> None:
    test = planned(YEAR, histories=["2mo"])[-1]
    assert days(test.train) == ["2020-08-31", "2020-09-30", "2020-10-31"], "both ends are used"
    assert days(planned(YEAR, histories=["1d"])[-1].train) == ["2020-10-31"]
    assert days(planned(YEAR, histories=["4mo"], train_every="2mo")[-1].train) == [
        "2020-06-30", "2020-08-31", "2020-10-31",
    ]  # fmt: skip


def test_further_histories_are_compared_on_development_splits_alone() -> None:
    splits = planned(YEAR, histories=["1y", "1mo"], last=3)
    told = [(split.as_of.isoformat(), split.role, split.history, len(split.train)) for split in splits]
    assert told == [
        ("2020-09-30", "development", None, 8),
        ("2020-09-30", "development", "1mo", 2),
        ("2020-10-31", "development", None, 9),
        ("2020-10-31", "development", "1mo", 2),
        ("2020-11-30", "test", None, 10),
    ]
    assert split_names(splits, YEAR) == [
        "2020-09-30", "2020-09-30 [1mo]", "2020-10-31", "2020-10-31 [1mo]", "2020-11-30",
    ]  # fmt: skip


def test_the_last_splits_keep_their_history() -> None:
    assert planned(YEAR, last=2) == planned(YEAR, last=99)[-2:]


@pytest.mark.parametrize(
    ("bound", "test", "trained"),
    [
        ({"feature_start": "2020-03-31"}, "2020-11-30", "2020-03-31"),
        ({"feature_start": "2020-04-01"}, "2020-11-30", "2020-04-30"),
        ({"label_start": "2020-03-31"}, "2020-11-30", "2020-03-31"),
        ({"feature_end": "2020-09-30"}, "2020-09-30", "2020-01-31"),
        ({"feature_end": "2020-09-29"}, "2020-08-31", "2020-01-31"),
        ({"label_end": "2020-09-20"}, "2020-08-31", "2020-01-31"),
        ({"label_end": "2020-09-19"}, "2020-07-31", "2020-01-31"),
    ],
)
def test_first_and_last_dates(bound: dict[str, str], test: str, trained: str) -> None:
    splits = planned(YEAR, **bound)
    assert model_days(splits)[-1] == test
    assert days(splits[-1].train)[0] == trained


def test_the_reporting_lag_is_no_part_of_the_window() -> None:
    lagging = monthly("2020-01-31", "2020-12-31", "2020-12-31", lag=5)
    assert model_days(planned(lagging, label_end="2020-09-20"))[-1] == "2020-08-31"


def test_one_model_is_tested_on_the_whole_time_of_its_use() -> None:
    splits = planned(YEAR, test_for="3mo", last=99)
    assert days(splits[-1].test) == ["2020-09-30", "2020-10-31", "2020-11-30"]
    assert days(splits[-1].train)[-1] == "2020-08-31", "nothing that closed after the model day trains"
    assert splits[-2].as_of == date(2020, 6, 30), "its last cohort closed on 20 September; that of July in October"
    assert days(planned(YEAR, test_for="3mo", test_every="2mo")[-1].test) == ["2020-09-30", "2020-11-30"]


def test_a_time_of_use_that_holds_an_open_cohort_is_no_test() -> None:
    cohorts = [*YEAR[:9], cohort("2020-10-31", closed=False), *YEAR[10:]]
    splits = planned(cohorts, test_for="2mo")
    assert days(splits[-1].test) == ["2020-08-31", "2020-09-30"]
    sparse = planned(cohorts, test_for="2mo", test_every="2mo")
    assert days(sparse[-1].test) == ["2020-09-30"], "what is not tested may be open"


def test_a_time_of_use_that_is_not_over_is_no_test() -> None:
    """With 30 November as the newest day, a model of 31 October that serves two months has cohorts to come."""
    upto = [c for c in YEAR if c.as_of <= date(2020, 11, 30)]
    assert model_days(planned(upto, test_for="2mo"))[-1] == "2020-09-30"
    # December's cohort says that November is over, and a closed cohort that the days until its closing are
    assert model_days(planned(YEAR, test_for="2mo"))[-1] == "2020-10-31"
    assert model_days(planned([cohort("2020-01-01"), cohort("2020-05-01", window=60)], test_for="2mo")) == [
        "2020-05-01"
    ]
    assert planned([cohort("2020-01-01"), cohort("2020-05-01", window=59)], test_for="2mo") == []


def test_cohorts_of_one_day_are_tested_together() -> None:
    old = cohort("2020-01-01")
    east, west = cohort("2020-06-01", name="east"), cohort("2020-06-01", name="west")
    (split,) = planned([west, old, east])
    assert split.test == (east, west)
    assert split_names([split], [old, east, west]) == ["2020-06-01"]
    late = cohort("2020-06-01", name="west", window=300, closed=False)
    assert planned([late, old, east]) == [], "the day is tested when all of its cohorts are closed"
    never = Cohort(date(2020, 6, 1), "none has a window", None, None, False)
    assert planned([never, old, east])[0].test == (east,)


def test_days_of_one_name_are_told_apart() -> None:
    cohorts = [cohort("2020-01-01", name="entry"), cohort("2020-06-01", name="entry"), cohort("2020-09-01", name="x")]
    assert split_names(planned(cohorts), cohorts) == ["entry 2020-06-01", "x"]


def test_cases_with_a_day_each_are_tested_by_the_quarter() -> None:
    """Dates by attribute: an as-of date is a case's own day; a model a quarter, tested on the quarter."""
    start = date(2020, 1, 1)
    every_day = [
        cohort((start + timedelta(days=n)).isoformat(), window=30, name="2020", closed=n < 330) for n in range(366)
    ]
    splits = planned(every_day, update_every="3mo", test_for="3mo", last=99)
    assert model_days(splits) == ["2020-04-28", "2020-08-26"]
    for split in splits:
        assert len(split.test) in (90, 91, 92)
        assert all(c.closed_by(split.as_of) for c in split.train)
    assert splits[-1].test[-1].as_of == start + timedelta(days=329)


def test_a_split_without_rows_enough_makes_way_for_the_one_before() -> None:
    refused = date(2020, 11, 30)
    splits = plan(YEAR, SplitsSpec(), lambda split: split.as_of != refused)
    assert (splits[-1].as_of, splits[-1].role) == (date(2020, 10, 31), "test")
