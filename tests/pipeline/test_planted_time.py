"""What the service could not know on the day changes nothing: planted through the command, compared in the release.

One delivery has every plant, each in a table of its own: the columns that differ would name the guard that failed. The
run is of 1 March; the cases scored are those of 1 January. scripts/break_guards.py shows each test
failing.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests import whole_runs
from tests.whole_runs import DAY, Ran, World, more, open_cases

pytestmark = pytest.mark.slow

TODAY, BEFORE = DAY.isoformat(), "2024-12-10"
SOME = 12
TABLES = ["metrics", "fairness", "factors", "backtest", "scores", "explanations"]


def plant(tables: dict[str, pd.DataFrame]) -> None:
    cases = open_cases(tables, TODAY)
    some = cases.loc[: SOME - 1, ["case_id", "person_id"]]
    # happened on the day or later: entered on that day, and entered ahead of it
    visits = some.assign(kind="home_visit", contact_on=TODAY, recorded_on=TODAY)
    ahead = some.assign(source="police", referred_on="2025-01-10", recorded_on="2024-12-20")
    tables["contacts"] = more(tables["contacts"], pd.concat([visits, visits]), "contact_id", "K-planted-")
    tables["referrals"] = more(tables["referrals"], ahead, "referral_id", "R-planted-")
    # happened before, but nobody knew it: entered on the day itself, and two weeks later
    late = some.assign(assessed_on=BEFORE, score="100")
    late = pd.concat([late.assign(recorded_on=TODAY), late.assign(recorded_on="2025-01-15")])
    tables["assessments"] = more(tables["assessments"], late, "assessment_id", "A-planted-")
    # ended before, and nobody knew it
    running = tables["services"]["person_id"].isin(cases["person_id"]) & (tables["services"]["ended_on"] == "")
    running &= tables["services"]["started_on"] < BEFORE
    assert running.sum() >= SOME
    tables["services"].loc[running, ["ended_on", "end_recorded_on"]] = ["2024-12-15", TODAY]
    closing = tables["cases"]["case_id"].isin(cases["case_id"].tail(SOME)) & (tables["cases"]["closed_on"] == "")
    assert closing.any()
    tables["cases"].loc[closing, ["closed_on", "closed_recorded_on"]] = ["2024-12-28", TODAY]
    # the outcome, before the cohort has closed
    crisis = some.assign(kind="crisis", started_on="2025-01-10", recorded_on="2025-01-12")
    # the outcome of a closed cohort, entered on the very day of the run
    earlier = open_cases(tables, "2024-01-01").head(SOME)[["case_id", "person_id"]]
    unknown = earlier.assign(kind="crisis", started_on="2024-03-01", recorded_on=whole_runs.AS_OF)
    tables["placements"] = more(tables["placements"], pd.concat([crisis, unknown]), "placement_id", "L-planted-")


@pytest.fixture(scope="module")
def tampered(world: World, runs_root: Path) -> Ran:
    def make(home: Path) -> Ran:
        return whole_runs.run(world, home, data=whole_runs.planted(world, home.with_name("planted_time_data"), plant))

    return whole_runs.shared_run(runs_root, "planted_time", make)


def differing(plain: Ran, tampered: Ran) -> set[str]:
    before, after = plain.matrix(), tampered.matrix()
    keys = ["as_of", "cohort", "case_id"]
    shared = before[keys].merge(after[keys])
    before, after = (frame.merge(shared).drop(columns=keys) for frame in (before, after))
    return {name for name in before if not before[name].equals(after[name])}


def test_the_plants_are_in_the_warehouse(plain: Ran, tampered: Ran) -> None:
    count = "SELECT count(*) AS n, count(ended_at) AS ended FROM core.event"
    before, after = plain.query(count), tampered.query(count)
    assert after["n"].item() - before["n"].item() == SOME * (2 + 1 + 2 + 1 + 1)
    assert after["ended"].item() > before["ended"].item()
    assert tampered.query("SELECT count(*) AS n FROM ops.delivery_file WHERE quarantined > 0")["n"].item() == 0


def test_a_future_event_changes_no_feature(plain: Ran, tampered: Ran) -> None:
    assert not {name for name in differing(plain, tampered) if "visit" in name or "missed" in name}


def test_an_event_entered_ahead_of_its_day_changes_no_feature(plain: Ran, tampered: Ran) -> None:
    assert not {name for name in differing(plain, tampered) if "referral" in name}


def test_a_late_known_event_changes_no_feature(plain: Ran, tampered: Ran) -> None:
    assert not {name for name in differing(plain, tampered) if "assessment" in name}


def test_a_late_recorded_end_leaves_the_episode_open(plain: Ran, tampered: Ran) -> None:
    assert not {name for name in differing(plain, tampered) if "service" in name}


def test_a_late_recorded_closure_leaves_the_case_in_its_cohort(plain: Ran, tampered: Ran) -> None:
    cohort = 'SELECT * FROM cohort."case" ORDER BY as_of, case_id'
    pd.testing.assert_frame_equal(plain.query(cohort), tampered.query(cohort))


def test_no_feature_differs_at_all(plain: Ran, tampered: Ran) -> None:
    pd.testing.assert_frame_equal(plain.matrix(), tampered.matrix())


def test_an_early_outcome_of_an_open_cohort_stays_unknown(plain: Ran, tampered: Ran) -> None:
    found = tampered.query(f"SELECT * FROM outcomes.outcome WHERE as_of = DATE '{TODAY}'")
    assert len(found) > 0
    assert found[["outcome", "outcome_at", "outcome_known_at"]].isna().all(axis=None)
    assert plain.query(f"SELECT * FROM outcomes.outcome WHERE as_of = DATE '{TODAY}'").equals(found)


def test_an_outcome_entered_after_the_run_does_not_exist(plain: Ran, tampered: Ran) -> None:
    outcomes = f"SELECT * FROM outcomes.outcome WHERE as_of < DATE '{TODAY}' ORDER BY as_of, case_id"
    pd.testing.assert_frame_equal(plain.query(outcomes), tampered.query(outcomes))


@pytest.mark.parametrize("name", TABLES)
def test_the_release_says_the_same(name: str, plain: Ran, tampered: Ran) -> None:
    assert (plain.exit_code, tampered.exit_code) == (0, 0), plain.text + tampered.text
    assert plain.release.release_id != tampered.release.release_id  # their inputs differ
    pd.testing.assert_frame_equal(plain.release.table(name), tampered.release.table(name))
