"""Leaks of published systems, planted through the command: each is refused, or leaves the test figures as they were.

Siblings stand in test_planted_relatives.py; records of the future and early outcomes in test_planted_time.py; a part of
the label as a feature in tests/cli/test_bad_features.py. Here: scaling or choosing on all data, a category that only
the future knows, the same person twice, and relatives under cross-fitting.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests import whole_runs
from tests.pack_copies import change
from tests.whole_runs import DAY, Ran, World, more, open_cases

pytestmark = pytest.mark.slow

TODAY, TEST, SOME = DAY.isoformat(), "2024-01-01", 12
NOW = "now"
"""The part of the figures that speaks of the open cases: how stable factors are."""
NEW = "Weir"
"""A team that the contract knows and that nobody had before June 2024."""


def _linear(programme: dict[str, Any]) -> None:
    """Candidates that scale columns and choose among them; a category whose values are declared."""
    programme["candidates"] = {
        "models": ["base_rate", "one_factor", {"name": "logistic", "params": {"inverse_penalty": 0.1}}]
    }
    programme["features"] = [
        *programme["features"],
        {
            "name": "team",
            "kind": "attribute_category",
            "factor": "referral_sources",
            "attribute": "team",
            "scope": "case",
            "categories": ["Harbour", "Mill", "Orchard", "Quarry", NEW],
            "missing": "zero",
        },
    ]


def assert_same_past(one: Ran, other: Ran) -> None:
    """Every prediction of the candidates for past cohorts, and every figure made of them, is the same."""
    for name in ("metrics", "backtest"):
        before, after = (ran.release.table(name) for ran in (one, other))
        # recipes made for comparison have a blank in their names; cross-fitting may learn from a twin about others
        before, after = (t[(t["split"] != NOW) & ~t["model"].str.contains(" ")] for t in (before, after))
        assert len(before) > 100
        pd.testing.assert_frame_equal(before, after)


def pack_with(world: World, folder: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A pack of the shared kind, changed once more."""
    pack = whole_runs.make_pack(folder)
    change(pack, "programme.yaml", edit)
    return pack


@pytest.fixture(scope="module")
def linear(world: World, runs_root: Path) -> Path:
    return whole_runs.shared(runs_root, "leaks_pack", lambda folder: pack_with(world, folder, _linear))


@pytest.fixture(scope="module")
def before(world: World, runs_root: Path, linear: Path) -> Ran:
    return changed(world, runs_root, "leaks_before", linear, lambda tables: None)


def changed(world: World, root: Path, name: str, pack: Path, plant: Callable[[dict[str, pd.DataFrame]], None]) -> Ran:
    def make(home: Path) -> Ran:
        def both(tables: dict[str, pd.DataFrame]) -> None:
            tables["cases"]["team"] = tables["cases"]["team"].replace(NEW, "Mill")
            plant(tables)

        data = whole_runs.planted(world, home.with_name(f"{name}_data"), both)
        return whole_runs.run(world, home, data=data, pack=pack)

    return whole_runs.shared_run(root, name, make)


def extremes(tables: dict[str, pd.DataFrame]) -> None:
    """Some of the open cases have far more referrals than anybody before, and a team that nobody had before."""
    some = open_cases(tables, TODAY).head(SOME)[["case_id", "person_id"]]
    flood = pd.concat([some] * 60).assign(source="police", referred_on="2024-12-10", recorded_on="2024-12-11")
    tables["referrals"] = more(tables["referrals"], flood, "referral_id", "R-planted-")
    late = tables["cases"]["opened_on"] > "2024-06-01"
    assert late.sum() >= SOME
    tables["cases"].loc[late, "team"] = NEW


def test_extremes_and_categories_of_the_future_move_no_test_figure(
    world: World, runs_root: Path, linear: Path, before: Ran
) -> None:
    """Scaling, cut-offs, medians, the choice of a column and the list of categories come from training rows alone."""
    after = changed(world, runs_root, "leaks_extremes", linear, extremes)
    assert (before.exit_code, after.exit_code) == (0, 0), before.text + after.text
    matrix = after.matrix()
    assert matrix["team__weir"].sum() > 0
    assert before.matrix()["team__weir"].sum() == 0
    assert_same_past(before, after)
    # nor does it move the scores of cases to which nothing was done
    one, other = (ran.release.table("scores").set_index("case_id") for ran in (before, after))
    touched = set(matrix.loc[matrix["referrals_90d"] >= 60, "case_id"])
    rest = matrix.loc[(matrix["as_of"] == matrix["as_of"].max()) & (matrix["team__weir"] == 0), "case_id"]
    rest = [case for case in rest if case not in touched]
    assert len(rest) > 100
    pd.testing.assert_series_equal(one.loc[rest, "raw"], other.loc[rest, "raw"])


def outcomes_of_the_test(tables: dict[str, pd.DataFrame]) -> None:
    """The test cohort fares quite differently: many more crises, among those nobody worried about."""
    cases = open_cases(tables, TEST)[["case_id", "person_id"]]
    crises = cases.iloc[::3].assign(kind="crisis", started_on="2024-02-01", recorded_on="2024-02-02")
    tables["placements"] = more(tables["placements"], crises, "placement_id", "L-planted-")


def test_outcomes_of_the_sealed_test_choose_nothing(world: World, runs_root: Path, linear: Path, before: Ran) -> None:
    after = changed(world, runs_root, "leaks_outcomes", linear, outcomes_of_the_test)
    assert after.exit_code in (0, 3), after.text
    one, other = (ran.release.table("metrics") for ran in (before, after))
    developed = ~one["split"].isin([TEST, NOW])
    assert developed.any()
    pd.testing.assert_frame_equal(one[developed], other[~other["split"].isin([TEST, NOW])])
    rates = [table.query(f"split == '{TEST}' and metric == 'base_rate'")["value"].iloc[0] for table in (one, other)]
    assert rates[1] > rates[0] + 0.1, "the test itself moves"
    assert [ran.release.manifest["audited_model"]["name"] for ran in (before, after)] == 2 * [
        before.release.manifest["audited_model"]["name"]
    ]
    scores = [ran.release.table("backtest").query(f"split == '{TEST}'")["score"].to_numpy() for ran in (before, after)]
    assert (scores[0] == scores[1]).all(), "and nothing that scores it"


def twins(tables: dict[str, pd.DataFrame]) -> None:
    """Persons of the test stand in the files twice, under another number, in the same household, years earlier."""
    cases = open_cases(tables, TEST)
    persons, stays = tables["persons"], tables["memberships"]
    old = persons.loc[persons["birth_date"] < "2015-01-01", "person_id"]
    cases = cases[cases["person_id"].isin(old)].drop_duplicates("person_id").head(SOME)
    for number, case in enumerate(cases.itertuples()):
        again = f"P-planted-{number}"
        for table in (persons, stays):
            copy = table[table["person_id"] == case.person_id].assign(person_id=again)
            if table is stays:
                stays = pd.concat([stays, copy], ignore_index=True)
            else:
                persons = pd.concat([persons, copy], ignore_index=True)
        earlier = pd.DataFrame([{"person_id": again, "household_id": case.household_id, "team": case.team}]).assign(
            opened_on="2020-06-01", recorded_on="2020-06-01", closed_on="2022-02-01", closed_recorded_on="2022-02-01"
        )
        tables["cases"] = more(tables["cases"], earlier, "case_id", f"C-planted-{number}-")
        crisis = pd.DataFrame([{"person_id": again, "case_id": f"C-planted-{number}-0", "kind": "crisis"}]).assign(
            started_on="2021-02-01", recorded_on="2021-02-02", ended_on="2021-03-01", end_recorded_on="2021-03-01"
        )
        tables["placements"] = more(tables["placements"], crisis, "placement_id", f"L-planted-{number}-")
    tables["persons"], tables["memberships"] = persons, stays


def test_a_person_delivered_twice_under_two_numbers_trains_nothing_that_scores_them(
    world: World, runs_root: Path
) -> None:
    """The household joins both: with relatives purged, the other self leaves the training of the test."""

    def last(programme: dict[str, Any]) -> None:
        programme["splits"] = {"last": 1, "relatives": "purge"}
        programme["candidates"] = {"models": ["base_rate", {"name": "logistic", "params": {"inverse_penalty": 0.1}}]}

    pack = whole_runs.shared(runs_root, "leaks_twins_pack", lambda folder: pack_with(world, folder, last))
    plain = changed(world, runs_root, "leaks_twins_plain", pack, lambda tables: None)
    twice = changed(world, runs_root, "leaks_twins", pack, twins)
    assert (plain.exit_code, twice.exit_code) == (0, 0), plain.text + twice.text
    one, other = (ran.query(f'SELECT * FROM models."{whole_runs.NAME}__splits"').iloc[0] for ran in (plain, twice))
    assert other["purged"] > one["purged"]
    assert other["train_rows"] == one["train_rows"]
    assert_same_past(plain, twice)


def test_rows_that_contradict_the_key_are_kept_out(world: World, tmp_path: Path) -> None:
    """The same person twice under one number: neither row is believed, and the release says how many there were."""

    def double(tables: dict[str, pd.DataFrame]) -> None:
        tables["persons"] = pd.concat([tables["persons"], tables["persons"].head(SOME)], ignore_index=True)

    data = whole_runs.planted(world, tmp_path / "data", double)
    ran = whole_runs.run(world, tmp_path / "home", data=data)
    assert ran.exit_code in (0, 3), ran.text
    quality = ran.release.table("quality")
    assert quality.loc[quality["table"] == "persons", "failed"].max() >= SOME
    kept = ran.query("SELECT count(*) AS n FROM core.attribute WHERE name = 'sex'")["n"].item()
    assert kept == len(pd.read_csv(world.data / "persons.csv")) - SOME
