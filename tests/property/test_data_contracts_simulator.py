"""What holds in every simulated world: time runs forward, keys lead somewhere, the same seed gives the same bytes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.simulator import SCENARIOS, World, for_scenario, simulate

pytestmark = pytest.mark.slow

worlds = st.builds(
    lambda scenario, people, seed: (scenario, people, seed),
    st.sampled_from(list(SCENARIOS)),
    st.integers(20, 250),
    st.integers(0, 10**6),
)
EVENT_DAY = {
    "persons": "birth_date",
    "memberships": "from_date",
    "cases": "opened_on",
    "referrals": "referred_on",
    "contacts": "contact_on",
    "assessments": "assessed_on",
    "absences": "month_end_on",
    "services": "started_on",
    "placements": "started_on",
}
ENDS = {
    "memberships": ("from_date", "to_date", "end_recorded_on"),
    "cases": ("opened_on", "closed_on", "closed_recorded_on"),
    "services": ("started_on", "ended_on", "end_recorded_on"),
    "placements": ("started_on", "ended_on", "end_recorded_on"),
}


def _world(drawn: tuple[str, int, int]) -> World:
    scenario, people, seed = drawn
    return simulate(for_scenario(scenario, people=people, seed=seed))


@settings(max_examples=8, deadline=None)
@given(worlds)
def test_the_same_seed_gives_the_same_rows(drawn: tuple[str, int, int]) -> None:
    first, second = _world(drawn), _world(drawn)
    assert first.tables.keys() == second.tables.keys()
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[name])
    pd.testing.assert_frame_equal(first.truth, second.truth)


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_time_runs_forward(drawn: tuple[str, int, int]) -> None:
    world = _world(drawn)
    export = for_scenario(drawn[0]).end.isoformat()
    birth = world.tables["persons"].set_index("person_id")["birth_date"]
    assert world.tables.keys() == EVENT_DAY.keys()
    for name, table in world.tables.items():
        # ISO dates sort as text
        assert (table["recorded_on"] >= table[EVENT_DAY[name]]).all(), name
        assert (table["recorded_on"] <= export).all(), name
        assert (table[EVENT_DAY[name]] >= table["person_id"].map(birth)).all(), name
    for name, (start, end, known) in ENDS.items():
        table = world.tables[name]
        assert (table[end].eq("") == table[known].eq("")).all(), name
        ended = table[table[end] != ""]
        assert (ended[end] >= ended[start]).all(), name
        assert (ended[known] >= ended[end]).all(), name
        assert (ended[known] >= ended["recorded_on"]).all(), name
        assert (ended[known] <= export).all(), name


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_keys_lead_somewhere_and_name_one_row(drawn: tuple[str, int, int]) -> None:
    world = _world(drawn)
    people = set(world.tables["persons"]["person_id"])
    cases = world.tables["cases"].set_index("case_id")["person_id"]
    assert len(people) == drawn[1] == len(world.tables["persons"])
    assert cases.index.is_unique
    for name, table in world.tables.items():
        assert set(table["person_id"]) <= people
        if name not in ("persons", "memberships"):
            assert table.iloc[:, 0].is_unique, name
        if name != "cases" and "case_id" in table:
            named = table[table["case_id"] != ""]
            assert (named["case_id"].map(cases) == named["person_id"]).all(), name
    assert not world.tables["memberships"].duplicated(["person_id", "household_id", "from_date"]).any()


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_a_child_has_one_open_case_and_one_home_at_a_time(drawn: tuple[str, int, int]) -> None:
    world = _world(drawn)
    birth = pd.to_datetime(world.tables["persons"].set_index("person_id")["birth_date"])
    for name, start, end in (("cases", "opened_on", "closed_on"), ("memberships", "from_date", "to_date")):
        table = world.tables[name].sort_values(["person_id", start])
        ends = table[end].replace("", None).groupby(table["person_id"]).shift()
        after = ends.notna()
        assert (table.loc[after, start] >= ends[after]).all(), name
    cases = world.tables["cases"]
    age = pd.to_datetime(cases["opened_on"]) - cases["person_id"].map(birth)
    assert (age.dt.days < 18 * 365.25).all()


@settings(max_examples=15, deadline=None)
@given(worlds)
def test_what_happened_in_a_case_happened_while_it_was_open(drawn: tuple[str, int, int]) -> None:
    world = _world(drawn)
    cases = world.tables["cases"].set_index("case_id")
    for name in ("contacts", "assessments", "services", "placements"):
        table = world.tables[name]
        assert (table[EVENT_DAY[name]] >= table["case_id"].map(cases["opened_on"])).all(), name


@settings(max_examples=15, deadline=None)
@given(worlds)
def test_recorded_true_crises_are_in_the_export_or_too_late_for_it(drawn: tuple[str, int, int]) -> None:
    world = _world(drawn)
    answered = world.truth[world.truth["recorded"] == "yes"]
    crises = world.tables["placements"].query("kind == 'crisis'")
    exported = set(zip(crises["person_id"], crises["started_on"], strict=True))
    found = [pair in exported for pair in zip(answered["person_id"], answered["crisis_on"], strict=True)]
    missing = answered[[not each for each in found]]
    assert (answered["case_id"] != "").all()
    # missing are only those whose entry, or whose case's entry, was made after the export
    assert len(missing) <= 0.05 * len(answered) + 5
