"""Whatever is recorded on the day of the run or later changes nothing; nor does the order of rows in the warehouse."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cohorts import build_cohorts, group_values
from models.outcomes import build_outcomes
from models.spec import CohortSpec, OutcomeSpec

pytestmark = pytest.mark.slow

START = date(2020, 1, 1)
RUN = START + timedelta(days=400)
SPECS = {
    kind: CohortSpec.model_validate({"as_of": dates, "team": "x"})
    for kind, dates in {
        "attribute": {"attribute": "start", "plus_days": 30, "label": "term"},
        "cadence": {"every_months": 3, "first": "2020-03-01"},
    }.items()
}
OUTCOME = OutcomeSpec(name="o", event_type=["left"], within="60d", reporting_lag_days=5)
TABLES = {
    "case": "case_id VARCHAR, person_id VARCHAR, cluster_id VARCHAR, opened_at DATE, closed_at DATE, "
    "closed_known_at DATE, planned_end DATE, known_at DATE",
    "attribute": "subject_id VARCHAR, name VARCHAR, value VARCHAR, known_at DATE",
    "membership": "person_id VARCHAR, cluster_id VARCHAR, known_at DATE",
    "event": "event_id VARCHAR, person_id VARCHAR, case_id VARCHAR, event_at DATE, known_at DATE, event_type VARCHAR, "
    "category VARCHAR",
}  # fmt: skip
DAYS = st.integers(0, 395)
World = dict[str, list[tuple[Any, ...]]]


def day(n: int | None) -> date | None:
    return None if n is None else START + timedelta(days=n)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def built(con: duckdb.DuckDBPyConnection, world: World, spec: CohortSpec) -> list[pd.DataFrame]:
    con.execute("CREATE SCHEMA IF NOT EXISTS core")
    for table, columns in TABLES.items():
        con.execute(f'CREATE OR REPLACE TABLE core."{table}" (programme VARCHAR, {columns})')
        if world[table]:
            row = "('p', " + ", ".join("?" * (columns.count(",") + 1)) + ")"
            rows = ", ".join([row] * len(world[table]))
            con.execute(f'INSERT INTO core."{table}" VALUES {rows}', [value for row in world[table] for value in row])
    build_cohorts(con, "p", spec, RUN, ["group"])
    build_outcomes(con, "p", OUTCOME, RUN)
    tables = ['cohort."case"', "cohort.attrition", "outcomes.outcome"]
    return [con.execute(f"SELECT * FROM {table} ORDER BY ALL").df() for table in tables] + [
        group_values(con, "p", ["group", "start"])
    ]


def same(one: list[pd.DataFrame], other: list[pd.DataFrame]) -> None:
    for before, after in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(before, after)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world: World = {
        "case": [("c", "p", "h", day(0), None, None, None, day(0))],
        "attribute": [],
        "membership": [],
        "event": [],
    }
    for i in range(draw(st.integers(1, 6))):
        opened, closed = draw(DAYS), draw(st.none() | DAYS)
        known = opened + draw(st.integers(0, 20))
        closed_known = None if closed is None else closed + draw(st.integers(0, 60))
        person = f"p{draw(st.integers(0, 3))}"
        world["case"].append(
            (
                f"c{i}",
                person,
                f"h{draw(st.integers(0, 3))}",
                day(opened),
                day(closed),
                day(closed_known),
                None,
                day(known),
            )
        )
        start = draw(st.sampled_from([0, 100, 200]))
        world["attribute"] += [(f"c{i}", "start", str(day(start)), day(0)), (f"c{i}", "term", f"t{start}", day(0))]
    world["attribute"] += [("c", "start", str(day(5)), day(0)), ("c", "term", "t", day(0))]
    for _ in range(draw(st.integers(0, 8))):
        case = draw(st.sampled_from([row[0] for row in world["case"]]))
        person = next(row[1] for row in world["case"] if row[0] == case)
        at = draw(DAYS)
        known = at + draw(st.integers(0, 30))
        world["event"].append(("e", person, draw(st.sampled_from([case, None])), day(at), day(known), "left", None))
        subject, name = draw(st.sampled_from([case, person])), draw(st.sampled_from(["group", "x", "start"]))
        value = str(day(draw(DAYS))) if name == "start" else draw(st.sampled_from("ab"))
        world["attribute"].append((subject, name, value, day(known)))
        world["membership"].append((person, f"h{draw(st.integers(0, 5))}", day(draw(DAYS))))
    return world


@st.composite
def unknown_rows(draw: st.DrawFn) -> World:
    """Rows recorded on the day of the run or later, about the same cases, persons and days."""
    late: World = {"case": [], "attribute": [], "membership": [], "event": []}
    for i in range(draw(st.integers(1, 5))):
        case, person = f"c{draw(st.integers(0, 5))}", f"p{draw(st.integers(0, 3))}"
        known = day(400 + draw(st.integers(0, 50)))
        late["event"].append(
            ("late", person, draw(st.sampled_from([case, None])), day(draw(DAYS)), known, "left", None)
        )
        value = draw(st.sampled_from(["a", "b", "2020-01-05"]))
        late["attribute"].append((case, draw(st.sampled_from(["group", "x", "start", "term"])), value, known))
        late["membership"].append((person, f"h{draw(st.integers(0, 5))}", known))
        late["case"].append(
            (f"new{i}", person, f"h{draw(st.integers(0, 5))}", day(draw(DAYS)), None, None, None, known)
        )
    return late


@settings(max_examples=15, deadline=None)
@given(worlds(), unknown_rows(), st.sampled_from(sorted(SPECS)))
def test_what_the_run_cannot_know_changes_nothing(
    con: duckdb.DuckDBPyConnection, world: World, late: World, kind: str
) -> None:
    before = built(con, world, SPECS[kind])
    same(before, built(con, {table: world[table] + late[table] for table in world}, SPECS[kind]))


@settings(max_examples=15, deadline=None)
@given(worlds(), st.randoms(use_true_random=False), st.sampled_from(sorted(SPECS)))
def test_the_order_of_rows_in_the_warehouse_does_not_matter(
    con: duckdb.DuckDBPyConnection, world: World, chance: Any, kind: str
) -> None:
    before = built(con, world, SPECS[kind])
    same(before, built(con, {table: chance.sample(rows, len(rows)) for table, rows in world.items()}, SPECS[kind]))


@settings(max_examples=15, deadline=None)
@given(worlds(), st.sampled_from(sorted(SPECS)))
def test_an_open_cohort_has_no_outcome_and_a_closed_one_is_whole(
    con: duckdb.DuckDBPyConnection, world: World, kind: str
) -> None:
    outcomes = built(con, world, SPECS[kind])[2]
    for _, cohort in outcomes.groupby(["cohort", "as_of"]):
        closed = bool((cohort["closes_on"] <= pd.Timestamp(RUN)).all())
        assert cohort["outcome"].notna().all() == closed
        assert cohort["outcome"].notna().any() == closed
        assert closed or cohort[["outcome_at", "outcome_known_at"]].isna().all(axis=None)
    happened = outcomes[outcomes["outcome"] == 1]
    assert ((happened["outcome_at"] >= happened["as_of"]) & (happened["outcome_at"] < happened["window_end"])).all()
    assert (happened["outcome_known_at"] < pd.Timestamp(RUN)).all()
    is_one = (outcomes["outcome"].fillna(0) == 1).to_numpy(dtype=bool)
    np.testing.assert_array_equal(is_one, outcomes["outcome_at"].notna())


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(31, 399), st.sampled_from(sorted(SPECS)))
def test_a_cohort_is_the_same_in_every_later_run(
    con: duckdb.DuckDBPyConnection, world: World, earlier: int, kind: str
) -> None:
    """Who stood in a cohort, under which name, team and groups, is never rewritten by what was recorded afterwards."""
    now = built(con, world, SPECS[kind])
    moment = START + timedelta(days=earlier)
    columns = ["cohort", "as_of", "case_id", "person_id", "returning_person", "team"]
    expected = now[0][now[0]["as_of"] <= pd.Timestamp(moment)][columns].astype(str)
    if expected.empty:
        return
    build_cohorts(con, "p", SPECS[kind], moment, ["group"])
    before = con.execute('SELECT * FROM cohort."case"').df()[columns].astype(str)
    assert sorted(before.to_numpy().tolist()) == sorted(expected.to_numpy().tolist())
