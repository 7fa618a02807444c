"""Single facts about the simulated family support service."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest

from data_contracts.errors import UsageError
from data_contracts.simulator import SCENARIOS, TRUTH, Parameters, World, for_scenario, simulate, write

DOCS = Path(__file__).parents[2] / "docs" / "family_support.md"


@pytest.fixture(scope="module")
def even() -> World:
    return simulate(for_scenario("even", people=3000))


@pytest.fixture(scope="module")
def biased() -> World:
    return simulate(for_scenario("biased", people=3000))


def test_every_parameter_is_documented_in_both_places() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    for field in fields(Parameters):
        assert re.search(rf"^    (\w+, )*{field.name}(, \w+)* : ", Parameters.__doc__ or "", re.MULTILINE), field.name
        assert f"`{field.name}`" in docs, field.name


def test_an_unknown_scenario_names_the_valid_ones() -> None:
    with pytest.raises(UsageError, match=r"“bised”.*even, biased.*Did you mean “biased”"):
        for_scenario("bised")


def test_the_default_scenario_is_even() -> None:
    assert for_scenario() == for_scenario("even") == Parameters()
    assert list(SCENARIOS) == ["even", "biased"]


def test_people_and_seed_replace_the_defaults() -> None:
    assert for_scenario("biased", people=50, seed=3) == replace(for_scenario("biased"), people=50, seed=3)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 20 people"):
        simulate(Parameters(people=19))


def test_the_smallest_world_has_everything(tmp_path: Path) -> None:
    for seed in range(6):
        world = simulate(Parameters(people=20, seed=seed))
        assert len(world.tables["persons"]) == 20
        assert not world.tables["memberships"].empty
    assert all(path.stat().st_size for path in write(world, tmp_path / "new"))


def test_a_single_household_has_nowhere_to_move() -> None:
    alone = Parameters(
        people=20, adults=(0.0,) * 9 + (1.0,), children=(0.0,) * 9 + (1.0,), kin_stays=1.0, new_partners=1.0
    )
    memberships = simulate(replace(alone, separations=0.0)).tables["memberships"]
    assert memberships["household_id"].nunique() == 1


def test_the_truth_lies_in_a_folder_of_its_own(even: World, tmp_path: Path) -> None:
    exported = write(even, tmp_path)
    assert {path.parent for path in exported} == {tmp_path}
    assert sorted(path.name for path in (tmp_path / TRUTH).iterdir()) == ["README.txt", "need.csv"]
    assert not {"crisis_on", "recorded"} & {column for table in even.tables.values() for column in table.columns}


def test_scenarios_share_people_and_needs(even: World, biased: World) -> None:
    unchanged = ["person_id", "birth_date", "sex", "community", "disability"]
    assert set(even.tables["persons"]["community"]) == set(biased.tables["persons"]["community"])
    for world in (even, biased):
        assert list(world.tables["persons"][unchanged[1:4]].columns) == unchanged[1:4]
    # keys are drawn by the service, so compare people by what they are
    left, right = (w.tables["persons"][unchanged[1:4]].value_counts().sort_index() for w in (even, biased))
    pd.testing.assert_series_equal(left, right)


def _crises_by_community(world: World) -> pd.DataFrame:
    community = world.tables["persons"].set_index("person_id")["community"]
    truth = world.truth.assign(community=world.truth["person_id"].map(community))
    during = truth[truth["case_id"] != ""]
    return pd.DataFrame(
        {
            "true": truth.groupby("community").size() / community[community.index].value_counts(),
            "answered": during["recorded"].eq("yes").groupby(during["community"]).mean(),
        }
    )


def test_need_is_equal_and_recording_is_not(even: World, biased: World) -> None:
    fair, unfair = _crises_by_community(even), _crises_by_community(biased)
    for world in (fair, unfair):
        assert world["true"].max() / world["true"].min() < 1.25
    assert fair["answered"].max() - fair["answered"].min() < 0.06
    assert unfair.loc["Ardal", "answered"] - unfair.loc["Belmar", "answered"] > 0.3


def test_a_reported_community_has_fuller_files(even: World, biased: World) -> None:
    def referrals_per_case(world: World) -> pd.Series[float]:
        community = world.tables["persons"].set_index("person_id")["community"]
        cases = world.tables["cases"]["person_id"].map(community).value_counts()
        return world.tables["referrals"]["person_id"].map(community).value_counts() / cases

    fair, unfair = referrals_per_case(even), referrals_per_case(biased)
    assert fair.max() / fair.min() < 1.2
    assert unfair["Ardal"] / unfair["Belmar"] > 1.5


def test_some_entries_and_more_ends_are_late(even: World) -> None:
    services = even.tables["services"]
    late = pd.to_datetime(services["recorded_on"]) - pd.to_datetime(services["started_on"])
    ended = services[services["ended_on"] != ""]
    late_end = pd.to_datetime(ended["end_recorded_on"]) - pd.to_datetime(ended["ended_on"])
    month = pd.Timedelta(days=30)
    assert 0.01 < (late > month).mean() < 0.06
    assert 0.08 < (late_end > month).mean() < 0.25


def test_most_crisis_placements_are_recorded_within_the_outcomes_lag(even: World) -> None:
    placements = even.tables["placements"].query("kind == 'crisis'")
    delay = pd.to_datetime(placements["recorded_on"]) - pd.to_datetime(placements["started_on"])
    assert (delay <= pd.Timedelta(days=31)).mean() > 0.95  # programme.yaml says so


def test_schools_report_on_pupils_only(even: World) -> None:
    birth = pd.to_datetime(even.tables["persons"].set_index("person_id")["birth_date"])
    absences = even.tables["absences"]
    age = (pd.to_datetime(absences["month_end_on"]) - absences["person_id"].map(birth)).dt.days / 365.25
    assert age.between(6, 16.1).all()
    assert absences["days_absent"].between(1, 20).all()


def test_the_documented_defaults_are_the_defaults() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    for field in fields(Parameters):
        value = getattr(Parameters(), field.name)
        if isinstance(value, int | float):
            shown = f"{value:,}" if field.name == "people" else str(value)
            assert f"| `{field.name}` | {shown} |" in docs, field.name
