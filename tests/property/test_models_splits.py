"""What must hold of every split, whatever the cohorts and the section `splits:` look like."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.outcomes import labels_as_known
from models.spec import SplitsSpec
from models.split_plan import earlier, later
from models.splits import Split, cross_fitting_fold, split_calendar, temporal_splits
from tests.models_splits_reference import after, reference_splits

pytestmark = pytest.mark.slow

START = date(2020, 1, 31)  # month arithmetic meets the shorter months


@st.composite
def cohort_rows(draw: st.DrawFn) -> pd.DataFrame:
    """Cohorts a few days or a month apart with windows that overlap, persons in several of them, some cohorts open."""
    step = draw(st.sampled_from([10, 30, 31]))
    horizon, lag = draw(st.sampled_from([5, 20, 60])), draw(st.sampled_from([0, 7]))
    count = draw(st.sampled_from([5, 7, 9, 11, 3]))
    places = [place for place in range(count) for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2])))]
    run = max([*places, 1]) * step + draw(st.sampled_from([0, 5, 40, 100]))
    people = draw(st.sampled_from([4, 25, 400]))
    names = draw(st.sampled_from([2, 50]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))  # the rows' own luck: quicker than a draw for each
    rows = []
    for number, place in enumerate(places or [0]):
        as_of = place * step
        window = as_of + horizon + draw(st.sampled_from([0, 0, 0, 20]))  # planned ends differ between cohorts
        for case in range(draw(st.sampled_from([6, 3, 12, 1]))):
            at = rng.integers(as_of, window) if rng.random() < 0.5 else None
            known = None if at is None else int(at + rng.integers(0, 2 * lag + 2))
            rows.append(
                {
                    "cohort": f"c{number % names}",
                    "as_of": START + timedelta(days=as_of),
                    "case_id": f"{number}-{case}",
                    "cluster_id": f"k{rng.integers(0, people)}",
                    "window_end": START + timedelta(days=window),
                    "closes_on": START + timedelta(days=window + lag),
                    "outcome_known_at": START + timedelta(days=known) if known is not None and known < run else None,
                    "outcome": float(known is not None and known < run),
                    "without_window": case > 0 and rng.random() < 0.1,
                }
            )
    frame = pd.DataFrame(rows)
    for name in ("as_of", "window_end", "closes_on", "outcome_known_at"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("window_end", "closes_on"):  # one cohort has one calendar
        frame[name] = frame.groupby(["as_of", "cohort"])[name].transform("max")
    still_open = (frame["closes_on"] > pd.Timestamp(START + timedelta(days=run))).to_numpy()
    unknown = still_open | frame.pop("without_window").to_numpy()
    frame.loc[unknown, "outcome"] = np.nan
    frame.loc[unknown, "outcome_known_at"] = pd.NaT
    return frame


SPANS = st.sampled_from(["1d", "10d", "30d", "1mo", "70d", "2mo", "1y"])
DAYS = st.integers(0, 400).map(lambda n: START + timedelta(days=n))
STARTS = st.integers(0, 30).map(lambda n: START + timedelta(days=n))
ENDS = st.integers(90, 300).map(lambda n: START + timedelta(days=n))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "feature_start": STARTS,
    "feature_end": ENDS,
    "label_start": STARTS,
    "label_end": ENDS,
    "update_every": SPANS,
    "train_every": SPANS,
    "test_every": SPANS,
    "histories": st.lists(SPANS, min_size=1, max_size=3, unique=True),
    "test_for": st.sampled_from(["1d", "10d", "20d", "1mo", "31d", "2mo"]),
    "last": st.integers(1, 4),
    "relatives": st.sampled_from(["purge", "cross_fit", "auto"]),
    "purge_ceiling": st.sampled_from([0.0, 0.3, 1.0]),
    "folds": st.integers(2, 5),
}


@st.composite
def specs(draw: st.DrawFn) -> SplitsSpec:
    """The default section, some of its fields changed."""
    chosen = [name for name in FIELDS if draw(st.sampled_from([False, False, False, True]))]
    return SplitsSpec.model_validate({"min_class": 1, **{name: draw(FIELDS[name]) for name in chosen}})


def described(frame: pd.DataFrame, split: Split) -> dict[str, Any]:
    """A split without positions and name."""
    case = frame["case_id"].to_numpy()
    return {
        "as_of": pd.Timestamp(split.as_of),
        "role": split.role,
        "history": split.history,
        "test": set(case[split.test]),
        "labels": dict(zip(case[split.possible], split.y_possible, strict=True)),
        "shared": set(case[split.possible[split.shared]]),
        "design": split.design,
    }


@settings(max_examples=120, deadline=None)
@given(cohort_rows(), specs())
def test_every_split_equals_the_reference(frame: pd.DataFrame, spec: SplitsSpec) -> None:
    found = [described(frame, split) for split in temporal_splits(frame, spec)]
    assert found == [vars(expected) for expected in reference_splits(frame, spec)]


@settings(max_examples=50, deadline=None)
@given(cohort_rows(), specs())
def test_every_split_keeps_its_promises(frame: pd.DataFrame, spec: SplitsSpec) -> None:
    splits = temporal_splits(frame, spec)
    main = [split for split in splits if split.history is None]
    assert len(main) <= spec.last
    assert [split.role for split in main] == ["development"] * (len(main) - 1) + ["test"] * bool(main)
    assert [split.as_of for split in splits] == sorted(split.as_of for split in splits)
    assert len({split.name for split in splits}) == len(splits), "a name for each"
    for split in splits:
        day = pd.Timestamp(split.as_of)
        possible, test = frame.iloc[split.possible], frame.iloc[split.test]
        assert (possible["closes_on"] <= day).all(), "only closed cohorts train"
        np.testing.assert_array_equal(split.y_possible, labels_as_known(possible, split.as_of))
        assert set(split.y_possible) <= {0.0, 1.0}, "only known labels train"
        assert test["as_of"].min() == day, "the model day is the first day of the test"
        for key in {(row.as_of, row.cohort) for row in test.itertuples()}:
            whole = frame[(frame["as_of"] == key[0]) & (frame["cohort"] == key[1])]
            assert set(whole["case_id"]) <= set(test["case_id"]), "no test row dropped"
            assert whole["outcome"].notna().any(), "every test cohort is closed"
        np.testing.assert_array_equal(split.shared, possible["cluster_id"].isin(set(test["cluster_id"])))
        assert not set(frame["cluster_id"].iloc[split.train]) & set(test["cluster_id"]), "no cluster on both sides"
        assert len(split.train) + split.purged == len(possible)
        assert split.purged_share == split.purged / len(possible)
        assert split.train_cohorts
        assert set(possible["cohort"]) <= set(split.train_cohorts)
        assert set(test["cohort"]) == set(split.test_cohorts)
        if split.role == "development":
            assert (test["closes_on"] <= pd.Timestamp(splits[-1].as_of)).all(), "known when the test was scored"


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), specs(), st.integers(0, 5))
def test_a_cluster_is_scored_by_a_model_that_never_saw_it(frame: pd.DataFrame, spec: SplitsSpec, seed: int) -> None:
    """Cross-fitting: what trains a fold's model and what it scores have no cluster in common; every row is scored."""
    fold = cross_fitting_fold(frame["cluster_id"].to_numpy(dtype=object), spec.folds, seed)
    assert set(fold) <= set(range(spec.folds))
    for split in temporal_splits(frame, spec):
        scored: list[int] = []
        for held_out in range(spec.folds):
            train, test = split.possible[fold[split.possible] != held_out], split.test[fold[split.test] == held_out]
            assert not set(frame["cluster_id"].iloc[train]) & set(frame["cluster_id"].iloc[test])
            scored += list(test)
        assert sorted(scored) == sorted(split.test)


@settings(max_examples=50, deadline=None)
@given(cohort_rows(), specs())
def test_the_bounds_of_the_section_are_kept(frame: pd.DataFrame, spec: SplitsSpec) -> None:
    splits = temporal_splits(frame, spec)
    main = [split for split in splits if split.history is None]
    if spec.update_every:
        for one, other in pairwise(main):
            assert later(one.as_of, spec.update_every) <= other.as_of
    for split in splits:
        for positions in (split.possible, split.test):
            rows = frame.iloc[positions]
            assert spec.feature_start is None or (rows["as_of"] >= pd.Timestamp(spec.feature_start)).all()
            assert spec.feature_end is None or (rows["as_of"] <= pd.Timestamp(spec.feature_end)).all()
            assert spec.label_start is None or (rows["as_of"] >= pd.Timestamp(spec.label_start)).all()
            assert spec.label_end is None or (rows["window_end"] <= pd.Timestamp(spec.label_end)).all()
        trained = sorted(set(frame["as_of"].iloc[split.possible]))
        tested = sorted(set(frame["as_of"].iloc[split.test]))
        for every, days in ((spec.train_every, trained), (spec.test_every, tested)):
            for one, following in pairwise(days):
                assert every is None or later(one.date(), every) <= following.date()
        reach = split.history or (spec.histories[0] if spec.histories else None)
        assert reach is None or trained[0].date() >= earlier(trained[-1].date(), reach)
        assert tested[-1].date() == split.as_of or (
            spec.test_for and tested[-1].date() < later(split.as_of, spec.test_for)
        )


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), specs(), st.data())
def test_what_comes_later_changes_no_split_of_an_earlier_day(
    frame: pd.DataFrame, spec: SplitsSpec, data: st.DataObject
) -> None:
    """Rows delivered and outcomes recorded later move the newest day on, but a day keeps its rows and labels."""
    spec = spec.model_copy(update={"last": 99, "update_every": None})  # which are counted back from the newest
    until = data.draw(st.sampled_from(sorted(set(frame["as_of"]))))
    past = frame[frame["as_of"] <= until].reset_index(drop=True)
    still_open = (past["closes_on"] > until).to_numpy()
    past.loc[still_open, ["outcome"]] = np.nan
    past.loc[still_open, ["outcome_known_at"]] = pd.NaT
    unheard = (past["outcome_known_at"] >= until).to_numpy()
    past.loc[unheard, "outcome"] = 0.0
    past.loc[unheard, "outcome_known_at"] = pd.NaT
    now = {(s.as_of, s.history): described(frame, s) for s in temporal_splits(frame, spec)}
    for split in temporal_splits(past, spec):
        same = now.get((split.as_of, split.history))
        if same is None:  # not closed on the day of what is now the test
            test_day = pd.Timestamp(max(day for day, _ in now))
            tests = past.iloc[split.test][["as_of", "cohort"]].merge(frame, on=["as_of", "cohort"])
            assert split.role == "test" or (tests["closes_on"] > test_day).any()
            continue
        then = described(past, split)
        assert {**then, "role": None} == {**same, "role": None}


@settings(max_examples=50, deadline=None)
@given(cohort_rows(), specs())
def test_what_was_not_known_on_the_day_changes_no_split(frame: pd.DataFrame, spec: SplitsSpec) -> None:
    """Outcomes recorded on or after a model day, or of cohorts open then, never reach its training."""
    for split in temporal_splits(frame, spec):
        day = pd.Timestamp(split.as_of)
        turned = frame.copy()
        late = turned["outcome"].notna() & ((turned["closes_on"] > day) | (turned["outcome_known_at"] >= day))
        turned.loc[late, "outcome"] = 1.0
        turned.loc[late, "outcome_known_at"] = np.maximum(turned.loc[late, "closes_on"], day)
        same = [s for s in temporal_splits(turned, spec) if (s.as_of, s.history) == (split.as_of, split.history)]
        for other in same:  # later splits may now lack a class, so that others than before are kept
            np.testing.assert_array_equal(other.possible, split.possible)
            np.testing.assert_array_equal(other.y_possible, split.y_possible)


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), specs(), st.data())
def test_the_order_of_the_rows_does_not_matter(frame: pd.DataFrame, spec: SplitsSpec, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(frame))))
    shuffled = frame.iloc[order].reset_index(drop=True)
    before, after_it = temporal_splits(frame, spec), temporal_splits(shuffled, spec)
    assert [described(frame, split) for split in before] == [described(shuffled, split) for split in after_it]
    names = [(split.name, split.train_cohorts, split.test_cohorts) for split in before]
    assert names == [(split.name, split.train_cohorts, split.test_cohorts) for split in after_it]


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), specs(), st.integers(1, 4))
def test_the_last_splits_keep_their_history(frame: pd.DataFrame, spec: SplitsSpec, last: int) -> None:
    every = temporal_splits(frame, spec.model_copy(update={"last": 99}))
    newest = temporal_splits(frame, spec.model_copy(update={"last": last}))
    days = [split.as_of for split in every if split.history is None][-last:]
    kept = [split for split in every if split.as_of in days]
    assert [described(frame, split) for split in newest] == [described(frame, split) for split in kept]
    assert [split.name for split in newest] == [split.name for split in kept]


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), st.integers(1, 6), st.integers(2, 4))
def test_a_split_needs_enough_of_both_classes(frame: pd.DataFrame, least: int, folds: int) -> None:
    for relatives in ("purge", "cross_fit"):
        spec = SplitsSpec.model_validate({"min_class": least, "relatives": relatives, "folds": folds})
        for split in temporal_splits(frame, spec):
            y = split.y_train if relatives == "purge" else split.y_possible
            share = 1 if relatives == "purge" else (folds - 1) / folds
            assert min((y == 1).sum(), (y == 0).sum()) * share >= least


@settings(max_examples=40, deadline=None)
@given(cohort_rows(), specs())
def test_the_calendar_tells_the_splits(frame: pd.DataFrame, spec: SplitsSpec) -> None:
    splits, table = temporal_splits(frame, spec), split_calendar(frame, spec)
    assert list(dict.fromkeys(table["split"])) == [split.name for split in splits]
    for split in splits:
        own = table[table["split"] == split.name]
        train, test = (own[own["part"] == part] for part in ("train", "test"))
        assert (train["rows"].sum(), test["rows"].sum()) == (len(split.possible), len(split.test))
        assert train["outcomes"].sum() == split.y_possible.sum()
        assert (train["closes_on"] <= pd.Timestamp(split.as_of)).all()
        assert test["cohort_as_of"].min() == own["as_of"].iloc[0] == pd.Timestamp(split.as_of)
        assert set(own["design"]) == {split.design}
        assert set(own["purged_share"]) == {split.purged_share}
        if split.role == "test":
            assert test["outcomes"].isna().all(), "the sealed test stays sealed"
        else:
            known = labels_as_known(frame.iloc[split.test], splits[-1].as_of)
            assert test["outcomes"].sum() == np.nansum(known)


@settings(max_examples=120, deadline=None)
@given(DAYS, SPANS)
def test_spans_as_pandas_counts_them(day: date, span: str) -> None:
    assert pd.Timestamp(later(day, span)) == after(pd.Timestamp(day), span)
    assert pd.Timestamp(earlier(day, span)) == after(pd.Timestamp(day), span, -1)


@pytest.mark.parametrize("relatives", ["purge", "cross_fit"])
def test_a_sibling_across_the_split(relatives: str) -> None:
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
    (split,) = temporal_splits(frame, SplitsSpec.model_validate({"min_class": 1, "relatives": relatives}))
    assert (split.train.tolist(), split.test.tolist(), split.purged) == ([1, 2, 3], [4, 5], 1)
    assert split.possible.tolist() == [0, 1, 2, 3]
    assert split.design == {"purge": "purged", "cross_fit": "cross_fitted"}[relatives]
