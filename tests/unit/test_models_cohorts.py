"""Cohorts, outcomes and rows on a warehouse of a few cases, each made to show one rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from models.cohorts import as_of_dates, build_cohorts, components, group_values
from models.dataset import load_rows
from models.outcomes import build_outcomes, labels_as_known, labels_within
from models.spec import CohortSpec, OutcomeSpec

START = date(2020, 1, 1)
RUN = date(2021, 1, 1)
BY_ATTRIBUTE = CohortSpec.model_validate(
    {"as_of": {"attribute": "start", "plus_days": 30, "label": "term"}, "team": "team"}
)
QUARTERLY = CohortSpec.model_validate({"as_of": {"every_months": 3, "first": "2020-04-01"}})
OUTCOME = OutcomeSpec(name="left", event_type=["left"], within="90d", reporting_lag_days=10)


def day(n: int) -> date:
    return START + timedelta(days=n)


class World:
    """A warehouse with core tables; days are counted from 1 January 2020."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute("""
            CREATE SCHEMA core; CREATE SCHEMA features;
            CREATE TABLE core."case" (programme VARCHAR, case_id VARCHAR, person_id VARCHAR, cluster_id VARCHAR,
              opened_at DATE, closed_at DATE, closed_known_at DATE, planned_end DATE, known_at DATE);
            CREATE TABLE core.attribute (programme VARCHAR, subject_id VARCHAR, name VARCHAR, value VARCHAR,
              known_at DATE);
            CREATE TABLE core.membership (programme VARCHAR, person_id VARCHAR, cluster_id VARCHAR, "from" DATE,
              "to" DATE,
              known_at DATE);
            CREATE TABLE core.event (programme VARCHAR, event_id VARCHAR, person_id VARCHAR, case_id VARCHAR,
              event_at DATE, known_at DATE, event_type VARCHAR, category VARCHAR);
        """)

    def case(
        self, case: str, person: str = "", cluster: str | None = "", opened: int = 0, known: int | None = None,
        closed: int | None = None, closed_known: int | None = None, planned: int | None = None,
        start: int | None = 0, programme: str = "p",
    ) -> None:  # fmt: skip
        known = opened if known is None else known
        closed_known = closed if closed_known is None else closed_known
        days = [None if n is None else day(n) for n in (opened, closed, closed_known, planned, known)]
        person = person or f"person {case}"
        row = [programme, case, person, person if cluster == "" else cluster, *days]
        self.con.execute('INSERT INTO core."case" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', row)
        if start is not None:
            self.attribute(case, "start", day(start).isoformat(), -1000, programme)
            self.attribute(case, "term", f"term {start}", -1000, programme)

    def attribute(self, subject: str, name: str, value: str | None, known: int, programme: str = "p") -> None:
        self.con.execute(
            "INSERT INTO core.attribute VALUES (?, ?, ?, ?, ?)", [programme, subject, name, value, day(known)]
        )

    def member(self, person: str, cluster: str, known: int = 0) -> None:
        self.con.execute(
            "INSERT INTO core.membership VALUES ('p', ?, ?, ?, NULL, ?)", [person, cluster, day(known), day(known)]
        )

    def event(
        self, at: int, known: int | None = None, case: str | None = None, person: str = "", kind: str = "left",
        category: str | None = None, programme: str = "p",
    ) -> None:  # fmt: skip
        row = [programme, f"{case}{at}", person or f"person {case}", case, day(at), day(at if known is None else known)]
        self.con.execute("INSERT INTO core.event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [*row, kind, category])

    def cohorts(self, spec: CohortSpec = BY_ATTRIBUTE, run: date = RUN, attributes: Sequence[str] = ()) -> pd.DataFrame:
        build_cohorts(self.con, "p", spec, run, attributes)
        return self.con.execute("SELECT * FROM cohort.\"case\" WHERE programme = 'p' ORDER BY as_of, case_id").df()

    def outcomes(self, spec: OutcomeSpec = OUTCOME, run: date = RUN) -> pd.DataFrame:
        build_outcomes(self.con, "p", spec, run)
        return self.con.execute("SELECT * FROM outcomes.outcome WHERE programme = 'p' ORDER BY as_of, case_id").df()


@pytest.fixture
def world() -> World:
    return World()


def test_who_stands_in_a_cohort(world: World) -> None:
    world.case("stays")
    world.case("opened on the day", opened=30)
    world.case("announced, opened on the day", opened=30, known=5)
    world.case("opened the day before", opened=29)
    world.case("known on the day", opened=5, known=30)
    world.case("left before", closed=29)
    world.case("left on the day", closed=30)
    world.case("left before, told on the day", closed=20, closed_known=30)
    world.case("told beforehand of a later end", closed=40, closed_known=10)
    world.case("of another programme", programme="q")
    assert set(world.cohorts()["case_id"]) == {
        "stays",
        "opened the day before",
        "left on the day",
        "left before, told on the day",
        "told beforehand of a later end",
    }


def test_a_cohort_has_the_label_and_the_day_of_its_attribute(world: World) -> None:
    world.case("a")
    world.case("b", start=100)
    world.case("not yet", start=400)
    world.case("no start", start=None)
    found = world.cohorts()
    assert found[["case_id", "cohort"]].to_numpy().tolist() == [["a", "term 0"], ["b", "term 100"]]
    assert list(found["as_of"].dt.date) == [day(30), day(130)]


def test_a_start_corrected_after_the_as_of_day_does_not_move_the_case(world: World) -> None:
    world.case("corrected in time")
    world.attribute("corrected in time", "start", day(10).isoformat(), 29)
    world.case("corrected too late")
    world.attribute("corrected too late", "start", day(10).isoformat(), 30)
    world.case("recorded too late", start=None)
    world.attribute("recorded too late", "start", day(0).isoformat(), 30)
    found = world.cohorts().set_index("case_id")["as_of"].dt.date.to_dict()
    assert found == {"corrected in time": day(40), "corrected too late": day(30)}


def test_a_cohort_without_a_label_is_named_by_its_day(world: World) -> None:
    world.case("a", start=None)
    world.attribute("a", "start", START.isoformat(), -1)
    assert list(world.cohorts()["cohort"]) == ["2020-01-31"]


def test_a_cadence_takes_every_open_case_each_time(world: World) -> None:
    world.case("long", opened=0)
    world.case("short", opened=0, closed=100)
    world.case("late", opened=200)
    found = world.cohorts(QUARTERLY, date(2020, 10, 1))
    assert found[["cohort", "case_id"]].to_numpy().tolist() == [
        ["2020-04-01", "long"],
        ["2020-04-01", "short"],
        ["2020-07-01", "long"],
        ["2020-10-01", "late"],
        ["2020-10-01", "long"],
    ]
    assert found["returning_person"].tolist() == [False, False, True, False, True]


def test_the_days_of_a_cadence_keep_to_the_end_of_a_month() -> None:
    assert as_of_dates(date(2019, 11, 30), 3, date(2020, 6, 1)) == [
        date(2019, 11, 30), date(2020, 2, 29), date(2020, 5, 30),
    ]  # fmt: skip
    assert as_of_dates(date(2020, 1, 1), 12, date(2019, 1, 1)) == []
    assert as_of_dates(date(2020, 12, 31), 1, date(2021, 1, 31)) == [date(2020, 12, 31), date(2021, 1, 31)]


def test_a_run_without_any_cohort_says_so(world: World) -> None:
    world.case("a", start=400)
    with pytest.raises(PlumblineError, match="no case stands in any cohort before 2021-01-01"):
        world.cohorts()


def test_the_team_and_the_groups_are_those_known_on_the_day(world: World) -> None:
    world.case("a", "anna")
    world.attribute("a", "team", "north", 1)
    world.attribute("a", "team", "south", 29)
    world.attribute("a", "team", "east", 30)
    world.attribute("anna", "region", "b", 3)
    world.attribute("anna", "region", "a", 3)
    world.attribute("a", "disability", "Y", 30)
    assert list(world.cohorts()["team"]) == ["south"]
    groups = group_values(world.con, "p", ["region", "disability"])
    assert groups.to_dict("records")[0] | {"as_of": None} == {
        "cohort": "term 0", "as_of": None, "case_id": "a", "region": "b", "disability": None,
    }  # fmt: skip


def test_attrition_counts_every_group_and_the_unrecorded_apart(world: World) -> None:
    for case, closed, value in [("a", None, "Y"), ("b", 10, "Y"), ("c", 10, None), ("d", 30, None)]:
        world.case(case, closed=closed)
        if value:
            world.attribute(case, "disability", value, 0)
    world.cohorts(attributes=["disability"])
    rows = world.con.execute(
        'SELECT attribute, "group", registered, left_before FROM cohort.attrition ORDER BY 2 NULLS LAST'
    ).fetchall()
    assert rows == [("disability", "Y", 2, 1), ("disability", None, 2, 1)]


def test_attrition_of_a_cadence_counts_who_came_since_the_last_day(world: World) -> None:
    world.case("here for long")
    world.case("came and went", opened=100, closed=150)
    world.case("came", opened=100)
    world.cohorts(QUARTERLY, date(2020, 7, 1), ["disability"])
    rows = world.con.execute("SELECT cohort, registered, left_before FROM cohort.attrition ORDER BY 1").fetchall()
    assert rows == [("2020-04-01", 1, 0), ("2020-07-01", 2, 1)]


def test_clusters_are_connected_components_known_before_the_run(world: World) -> None:
    world.case("a", "anna", "h2")
    world.case("b", "ben", "h3")
    world.case("c", "carl", "h1")
    world.case("d", "dora", None)
    world.case("e", "eva", "h9")
    world.member("anna", "h3", 300)
    world.member("ben", "h1", 365)
    world.member("carl", "h9", 366)  # 1 January 2021: the run's own day
    found = world.cohorts(run=RUN).set_index("person_id")["cluster_id"].to_dict()
    assert found == {"anna": "h1", "ben": "h1", "carl": "h1", "dora": "dora", "eva": "h9"}


def test_components_are_named_by_the_smallest_cluster_whatever_the_order() -> None:
    edges = pd.DataFrame({"person_id": ["x", "x", "y", "z"], "cluster_id": ["k2", "k1", "k2", None]})
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        named = components(edges.iloc[order].reset_index(drop=True))
        assert named.to_numpy().tolist() == [["x", "k1"], ["y", "k1"], ["z", "z"]]


def test_an_outcome_lies_in_the_window_and_was_known_before_the_run(world: World) -> None:
    expected = {"on the first day": 1, "the day before": 0, "on the last day": 1, "after": 0, "told in time": 1,
                "told on the run's day": 0, "another kind": 0}  # fmt: skip
    for case in expected:
        world.case(case)
    world.event(30, case="on the first day")
    world.event(29, case="the day before")
    world.event(119, case="on the last day")
    world.event(120, case="after")
    world.event(40, 200, case="told in time")
    world.event(40, 366, case="told on the run's day")
    world.event(40, case="another kind", kind="phoned")
    world.event(40, case="after", programme="q")
    world.cohorts()
    found = world.outcomes()
    assert found.set_index("case_id")["outcome"].to_dict() == expected
    assert set(found["window_end"].dt.date) == {day(120)}
    assert set(found["closes_on"].dt.date) == {day(130)}


def test_only_the_named_categories_count(world: World) -> None:
    world.case("a")
    world.case("b")
    world.event(40, case="a", category="moved")
    world.event(40, case="b")
    world.cohorts()
    spec = OUTCOME.model_copy(update={"category": ["moved"]})
    assert world.outcomes(spec)["outcome"].tolist() == [1, 0]


def test_events_of_another_case_count_only_where_the_person_is_meant(world: World) -> None:
    world.case("a", "anna")
    world.case("b", "anna")
    world.case("c", "carl")
    world.event(40, case="a", person="anna")
    world.event(40, case=None, person="carl")
    world.cohorts()
    assert world.outcomes()["outcome"].tolist() == [1, 0, 1]
    assert world.outcomes(OUTCOME.model_copy(update={"of": "person"}))["outcome"].tolist() == [1, 1, 1]


def test_an_open_cohort_tells_nothing_not_even_its_early_outcomes(world: World) -> None:
    world.case("a")
    world.case("b")
    world.event(31, case="a")
    world.cohorts()
    for run, closed in ((day(129), False), (day(130), True)):
        found = world.outcomes(run=run)
        assert found["outcome"].isna().tolist() == [not closed] * 2
        assert found["outcome_at"].notna().tolist() == [closed, False]
        assert found["outcome_known_at"].notna().tolist() == [closed, False]


def test_a_planned_end_closes_the_cohort_with_its_last_case(world: World) -> None:
    for case, planned in [("short", 60), ("long", 200), ("none", None), ("past", 30)]:
        world.case(case, planned=planned)
    world.event(59, case="short")
    world.event(70, case="none")
    world.cohorts()
    spec = OUTCOME.model_copy(update={"within": "planned_end"})
    assert world.outcomes(spec, day(209))["outcome"].isna().all()
    found = world.outcomes(spec, day(210)).set_index("case_id")["outcome"]
    assert found.dropna().to_dict() == {"short": 1, "long": 0}


def test_labels_as_known_on_an_earlier_day(world: World) -> None:
    world.case("early")
    world.case("told late")
    world.case("never")
    world.event(50, case="early")
    world.event(50, 131, case="told late")
    world.cohorts()
    outcomes = world.outcomes()
    assert np.isnan(labels_as_known(outcomes, day(129))).all()
    assert labels_as_known(outcomes, day(130)).tolist() == [1, 0, 0]
    assert labels_as_known(outcomes, day(131)).tolist() == [1, 0, 0]
    assert labels_as_known(outcomes, day(132)).tolist() == [1, 0, 1]


def _matrix(world: World, columns: str = "1.5 AS x") -> None:
    world.con.execute(
        f'CREATE OR REPLACE TABLE features."p__matrix" AS SELECT cohort, as_of, case_id, {columns} '
        "FROM cohort.\"case\" WHERE programme = 'p' ORDER BY case_id DESC"
    )


def test_rows_join_cohorts_outcomes_and_features_in_one_order(world: World) -> None:
    world.case("b")
    world.case("a")
    world.case("later", start=250)
    world.case("elsewhere", programme="q")
    world.event(40, case="b")
    world.cohorts()
    world.outcomes()
    _matrix(world, "length(case_id)::DOUBLE AS x, CASE WHEN case_id = 'a' THEN NULL ELSE 1 END AS y")
    rows = load_rows(world.con, "p")
    assert rows.frame["case_id"].tolist() == ["a", "b", "later"]
    assert rows.frame["outcome"].fillna(-1).tolist() == [0, 1, -1]
    assert rows.columns == ["x", "y"]
    np.testing.assert_array_equal(rows.X.to_numpy(), [[1, np.nan], [1, 1], [5, 1]])
    assert rows.closed.tolist() == [True, True, False]
    assert rows.to_score().frame["case_id"].tolist() == ["later"]


def test_nothing_is_left_to_score_when_the_newest_cohort_has_closed(world: World) -> None:
    world.case("a")
    world.cohorts()
    world.outcomes()
    _matrix(world)
    assert len(load_rows(world.con, "p").to_score().frame) == 0


def test_rows_that_do_not_fit_their_features_stop_the_run(world: World) -> None:
    world.case("a")
    world.case("b")
    world.cohorts()
    world.outcomes()
    _matrix(world)
    world.con.execute("DELETE FROM features.\"p__matrix\" WHERE case_id = 'a'")
    with pytest.raises(PlumblineError, match="has 1 rows and the cohorts have 2"):
        load_rows(world.con, "p")
    _matrix(world, "'inf'::DOUBLE AS x")
    with pytest.raises(PlumblineError, match="endless values in the feature x"):
        load_rows(world.con, "p")


def test_building_again_changes_nothing_and_leaves_other_programmes_alone(world: World) -> None:
    world.case("a")
    world.case("a", programme="q")
    build_cohorts(world.con, "q", BY_ATTRIBUTE, RUN)
    build_outcomes(world.con, "q", OUTCOME, RUN)
    first = world.cohorts(), world.outcomes()
    again = world.cohorts(), world.outcomes()
    for before, after in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(before, after)
    assert world.con.execute("SELECT count(*) FROM cohort.\"case\" WHERE programme = 'q'").fetchone() == (1,)
    assert world.con.execute("SELECT count(*) FROM outcomes.outcome WHERE programme = 'q'").fetchone() == (1,)


def test_a_further_horizon_has_outcomes_of_its_own(world: World) -> None:
    for case in ("soon", "late", "never"):
        world.case(case)
    world.event(40, case="soon")
    world.event(100, case="late")
    world.cohorts()
    spec = OUTCOME.model_copy(update={"also_within": ["30d", "300d"]})
    before = world.outcomes()
    table = world.outcomes(spec)
    main = table[table["main"]].reset_index(drop=True)
    assert main.equals(before), "the main outcome does not depend on the others"
    assert set(main["horizon"]) == {"90d"}
    found = {h: labels_within(world.con, "p", h).set_index("case_id")["outcome"].to_dict() for h in spec.horizons}
    assert found["90d"] == {"soon": 1, "late": 1, "never": 0}
    assert found["30d"] == {"soon": 1, "late": 0, "never": 0}
    assert set(table.loc[table["horizon"] == "30d", "closes_on"].dt.date) == {day(70)}
    assert all(np.isnan(value) for value in world_labels(world, spec, "300d", run=day(339)))
    assert world_labels(world, spec, "300d", run=day(340)) == [1, 0, 1]


def world_labels(world: World, spec: OutcomeSpec, horizon: str, run: date) -> list[float]:
    world.outcomes(spec, run)
    return list(labels_within(world.con, "p", horizon).sort_values("case_id")["outcome"])


@pytest.mark.parametrize(("run", "open_still"), [(69, ["30d", "90d", "200d"]), (70, ["90d", "200d"]), (130, ["200d"])])
def test_each_horizon_closes_on_its_own_day(world: World, run: int, open_still: list[str]) -> None:
    """An early outcome of a horizon that is still open is unknown, however long another has been closed."""
    world.case("soon")
    world.event(40, case="soon")
    world.cohorts(run=day(run))
    spec = OUTCOME.model_copy(update={"also_within": ["30d", "200d"]})
    counted = build_outcomes(world.con, "p", spec, day(run))
    assert counted["closed"].tolist() == ["90d" not in open_still]
    assert counted["cases"].tolist() == [1]
    for horizon in spec.horizons:
        (outcome,) = labels_within(world.con, "p", horizon)["outcome"]
        assert np.isnan(outcome) if horizon in open_still else outcome == 1


def test_rows_carry_the_main_outcome_alone(world: World) -> None:
    world.case("a")
    world.event(100, case="a")
    cohorts = world.cohorts()
    world.outcomes(OUTCOME.model_copy(update={"also_within": ["30d", "planned_end"]}))
    _matrix(world)
    rows = load_rows(world.con, "p")
    assert rows.frame["outcome"].tolist() == [1.0]
    assert len(rows.frame) == len(cohorts)


def test_a_warehouse_from_before_there_were_several_horizons(world: World) -> None:
    world.case("a")
    world.cohorts()
    world.con.execute("""
        CREATE SCHEMA outcomes;
        CREATE TABLE outcomes.outcome (
          programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, window_end DATE, closes_on DATE,
          outcome_at DATE, outcome_known_at DATE, outcome INTEGER);
        INSERT INTO outcomes.outcome (programme, cohort, as_of, case_id) VALUES ('p', 'old', DATE '2020-01-31', 'a')""")
    assert world.outcomes()["main"].tolist() == [True]


def test_a_horizon_that_nobody_asked_for(world: World) -> None:
    world.case("a")
    world.cohorts()
    world.outcomes()
    with pytest.raises(PlumblineError, match="no outcomes were built within 17d"):
        labels_within(world.con, "p", "17d")


@pytest.mark.parametrize(
    ("also", "said"),
    [(["90d"], "twice"), (["30d", "30d"], "twice"), (["1y"], "as days"), (["30d", "planned_end"], None)],
)
def test_the_horizons_of_the_section(also: list[str], said: str | None) -> None:
    values = {"name": "left", "event_type": "left", "within": "90d", "also_within": also}
    if said is None:
        assert OutcomeSpec.model_validate(values).horizons == ["90d", *also]
    else:
        with pytest.raises(ValueError, match=said):
            OutcomeSpec.model_validate(values)
