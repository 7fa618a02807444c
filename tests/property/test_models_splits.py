"""What must hold of every split, whatever the cohorts look like."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from models.outcomes import labels_as_known
from models.spec import SplitsSpec
from models.splits import temporal_splits

START = date(2020, 1, 1)


@st.composite
def cohort_rows(draw: st.DrawFn) -> pd.DataFrame:
    """Cohorts a few weeks apart with windows that overlap, persons in several of them, some cohorts open."""
    run = draw(st.integers(100, 500))
    horizon, lag = draw(st.sampled_from([30, 90, 200])), draw(st.sampled_from([0, 7]))
    days = sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=7)))
    rows = []
    for number, week in enumerate(days):
        as_of = week * 10
        closes = as_of + horizon + lag
        for case in range(draw(st.integers(1, 14))):
            cluster = draw(st.integers(0, 25))
            at = draw(st.none() | st.integers(as_of, as_of + horizon - 1))
            known = None if at is None else at + draw(st.integers(0, 2 * lag + 1))
            closed = closes <= run
            told = closed and known is not None and known < run
            rows.append(
                {
                    "cohort": f"c{number}",
                    "as_of": START + timedelta(days=as_of),
                    "case_id": f"{number}-{case}",
                    "cluster_id": f"k{cluster}",
                    "closes_on": START + timedelta(days=closes),
                    "outcome_known_at": START + timedelta(days=known) if told and known is not None else None,
                    "outcome": float(told) if closed and draw(st.integers(0, 9)) else np.nan,
                }
            )
    frame = pd.DataFrame(rows)
    for name in ("as_of", "closes_on", "outcome_known_at"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


@settings(max_examples=150, deadline=None)
@given(cohort_rows(), st.integers(1, 4))
def test_every_split_keeps_its_promises(frame: pd.DataFrame, last: int) -> None:
    splits = temporal_splits(frame, SplitsSpec(last=last, min_class=1))
    assert len(splits) <= last
    assert [split.role for split in splits] == ["development"] * (len(splits) - 1) + ["test"] * bool(splits)
    assert [split.as_of for split in splits] == sorted(split.as_of for split in splits)
    for split in splits:
        train, test = frame.iloc[split.train], frame.iloc[split.test]
        assert not set(train["cluster_id"]) & set(test["cluster_id"]), "no cluster on both sides"
        assert (train["closes_on"] <= pd.Timestamp(split.as_of)).all(), "only closed cohorts train"
        assert list(test["case_id"]) == list(frame.loc[frame["cohort"] == split.name, "case_id"]), "no test row dropped"
        np.testing.assert_array_equal(split.y_train, labels_as_known(train, split.as_of))
        assert set(split.y_train) == {0.0, 1.0}
        possible = (frame["closes_on"] <= pd.Timestamp(split.as_of)) & frame["outcome"].notna()
        assert len(split.train) + split.purged == possible.sum(), "what does not train was purged"
        assert split.purged_share == split.purged / possible.sum()
        assert set(train["cohort"]) <= set(split.train_cohorts)
    for split in splits[:-1]:
        assert (frame.iloc[split.test]["closes_on"] <= pd.Timestamp(splits[-1].as_of)).all()


@settings(max_examples=80, deadline=None)
@given(cohort_rows())
def test_what_was_not_known_on_the_day_changes_no_split(frame: pd.DataFrame) -> None:
    """Outcomes recorded on or after a test's as-of date, or of cohorts open then, never reach its training."""
    for split in temporal_splits(frame, SplitsSpec(last=9, min_class=1)):
        at = pd.Timestamp(split.as_of)
        past = frame[frame["as_of"] <= at].reset_index(drop=True)  # later cohorts would be the test in its place
        future = past.copy()
        unknown = (future["closes_on"] > at) & (future["cohort"] != split.name) & future["outcome"].notna()
        future.loc[unknown, "outcome"] = 1.0
        future.loc[unknown, "outcome_known_at"] = future.loc[unknown, "as_of"]
        late = (future["closes_on"] <= at) & (future["outcome"] == 1) & (future["outcome_known_at"] >= at)
        future.loc[late, "outcome"] = 0.0
        future.loc[late, "outcome_known_at"] = pd.NaT
        before, same = (temporal_splits(rows, SplitsSpec(last=1, min_class=1))[0] for rows in (past, future))
        assert before.name == same.name == split.name
        np.testing.assert_array_equal(same.train, split.train)
        np.testing.assert_array_equal(same.y_train, split.y_train)


@settings(max_examples=60, deadline=None)
@given(cohort_rows(), st.data())
def test_the_order_of_the_rows_does_not_matter(frame: pd.DataFrame, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(frame))))
    shuffled = frame.iloc[order].reset_index(drop=True)
    before, after = (temporal_splits(rows, SplitsSpec(min_class=1)) for rows in (frame, shuffled))
    assert [split.name for split in before] == [split.name for split in after]
    for one, other in zip(before, after, strict=True):
        assert set(frame["case_id"].iloc[one.train]) == set(shuffled["case_id"].iloc[other.train])
        assert (one.purged, one.train_cohorts) == (other.purged, other.train_cohorts)


@settings(max_examples=60, deadline=None)
@given(cohort_rows(), st.integers(1, 6))
def test_a_split_needs_enough_of_both_classes(frame: pd.DataFrame, least: int) -> None:
    for split in temporal_splits(frame, SplitsSpec(min_class=least)):
        assert min((split.y_train == 1).sum(), (split.y_train == 0).sum()) >= least


def test_a_sibling_across_the_split_is_purged() -> None:
    frame = pd.DataFrame(
        {
            "cohort": ["old"] * 4 + ["new"] * 2,
            "as_of": pd.to_datetime(["2020-01-01"] * 4 + ["2021-01-01"] * 2),
            "cluster_id": ["smith", "jones", "brown", "green", "smith", "white"],
            "closes_on": pd.to_datetime(["2020-06-01"] * 4 + ["2021-06-01"] * 2),
            "outcome_known_at": pd.to_datetime(["2020-02-01", "2020-02-01", None, None, None, "2021-02-01"]),
            "outcome": [1.0, 1, 0, 0, 0, 1],
        }
    )
    (split,) = temporal_splits(frame, SplitsSpec(min_class=1))
    assert (split.train.tolist(), split.test.tolist(), split.purged) == ([1, 2, 3], [4, 5], 1)


def test_cohorts_of_one_name_on_several_days_are_told_apart() -> None:
    days = ["2020-01-01"] * 2 + ["2021-01-01"] * 2 + ["2022-01-01"] * 2
    frame = pd.DataFrame(
        {
            "cohort": ["entry", "entry", "entry", "entry", "other", "other"],
            "as_of": pd.to_datetime(days),
            "cluster_id": list("abcdef"),
            "closes_on": pd.to_datetime(days) + pd.Timedelta(days=90),
            "outcome_known_at": pd.to_datetime(["2020-02-01", None, "2021-02-01", None, "2022-02-01", None]),
            "outcome": [1.0, 0, 1, 0, 1, 0],
        }
    )
    splits = temporal_splits(frame, SplitsSpec(min_class=1))
    assert [(split.name, split.role) for split in splits] == [("entry 2021-01-01", "development"), ("other", "test")]
    assert temporal_splits(frame, SplitsSpec(min_class=5)) == []
