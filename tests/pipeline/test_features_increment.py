"""What is computed again, and what is not, where people and their rows change places."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from data_contracts.errors import PlumblineError
from features.build import build_matrix
from tests.features_reference import Record
from tests.features_warehouse import portable, read, specs, warehouse

COUNT: Record = {"name": "n", "kind": "count", "factor": "f", "events": {"type": "t"}, "window": "1y"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse() as connection:
        yield connection


def rows(con: duckdb.DuckDBPyConnection, *owners: tuple[str, str]) -> None:
    con.execute('DELETE FROM cohort."case"')
    for day, person in owners:
        con.execute(f"""INSERT INTO cohort."case" VALUES ('p', 'k', '{day}', 'c', '{person}', 'h', FALSE, NULL)""")


def event(con: duckdb.DuckDBPyConnection, person: str, known_at: str = "2020-01-02") -> None:
    con.execute(
        "INSERT INTO core.event BY NAME SELECT 'p' AS programme, 'e' || uuid() AS event_id, ? AS person_id, "
        "DATE '2020-01-01' AS event_at, CAST(? AS DATE) AS known_at, 't' AS event_type",
        [person, known_at],
    )


def same(con: duckdb.DuckDBPyConnection, *declared: Record) -> int:
    """Builds, holds the result to the query, and gives the number of rows computed."""
    done = build_matrix(con, "p", specs(declared))
    assert read(con, 'SELECT * FROM features."p__matrix"') == portable(con, declared)
    return done.computed


def test_rows_of_one_case_that_swap_people_are_computed_again(con: duckdb.DuckDBPyConnection) -> None:
    event(con, "x")
    rows(con, ("2020-06-01", "x"), ("2020-07-01", "y"))
    assert same(con, COUNT) == 2
    rows(con, ("2020-06-01", "y"), ("2020-07-01", "x"))
    assert same(con, COUNT) == 2
    assert same(con, COUNT) == 0


def test_coverage_that_goes_is_noticed_whatever_the_source_is_called(con: duckdb.DuckDBPyConnection) -> None:
    source = 'person_id, "x"'
    event(con, "x")
    rows(con, ("2020-06-01", "x"), ("2020-07-01", "y"))
    con.execute("INSERT INTO core.coverage VALUES ('p', ?, 'x', NULL, NULL, NULL)", [source])
    assert same(con, COUNT | {"source": source}) == 2
    con.execute("DELETE FROM core.coverage")
    assert same(con, COUNT | {"source": source}) == 1


def test_a_state_of_another_shape_is_no_state(con: duckdb.DuckDBPyConnection) -> None:
    rows(con, ("2020-06-01", "x"))
    assert same(con, COUNT) == 1
    con.execute('CREATE OR REPLACE TABLE features."p__people" AS SELECT 1 AS other')
    assert same(con, COUNT) == 1


def test_nothing_of_people_stays_in_temporary_tables(con: duckdb.DuckDBPyConnection) -> None:
    rows(con, ("2020-06-01", "x"))
    same(con, COUNT)
    assert con.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'").fetchall() == []


def test_an_infinite_date_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    rows(con, ("2020-06-01", "x"))
    event(con, "x", known_at="-infinity")
    with pytest.raises(PlumblineError, match="1 events have an infinite date"):
        build_matrix(con, "p", specs([COUNT]))


def test_a_row_without_a_key_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    rows(con, ("2020-06-01", "x"))
    con.execute('UPDATE cohort."case" SET cohort = NULL')
    with pytest.raises(PlumblineError, match="lacks its cohort"):
        build_matrix(con, "p", specs([COUNT]))
