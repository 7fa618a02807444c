"""A warehouse with the records of a test, and both engines on it.

Belongs here: records into core tables, features into specifications, matrices back as bits, and what differs.
Does not belong here: what is drawn (features_cores, features_agency), what features mean (features_reference).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import TypeAdapter

from data_contracts.core.schema import create_tables
from features.build import build_matrix
from features.fields import Feature
from features.portable import matrix_sql
from features.spec import FeatureSpec
from tests.features_reference import Core, Matrix, Record, bits

COHORT = """CREATE SCHEMA cohort;
CREATE TABLE cohort."case" (programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, person_id VARCHAR,
    cluster_id VARCHAR, returning_person BOOLEAN, team VARCHAR);
"""
TABLES = {
    "rows": 'cohort."case"',
    "cases": 'core."case"',
    "events": "core.event",
    "attributes": "core.attribute",
    "memberships": "core.membership",
    "coverage": "core.coverage",
}
COLUMNS = {
    "rows": ["cohort", "as_of", "case_id", "person_id", "cluster_id"],
    "cases": ["case_id", "person_id", "cluster_id", "opened_at", "known_at"],
    "events": [
        *("event_id", "person_id", "case_id", "event_at", "known_at", "event_type", "category", "value"),
        *("ended_at", "end_known_at"),
    ],
    "attributes": ["subject_id", "name", "value", "known_at"],
    "memberships": ["person_id", "cluster_id", "from", "to", "known_at"],
    "coverage": ["source", "person_id", "case_id", "from", "to"],
}
DAYS = {"as_of", "event_at", "known_at", "ended_at", "end_known_at", "opened_at", "from", "to"}
EPOCH = dt.date(1970, 1, 1).toordinal()


def warehouse(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """An empty one, in memory."""
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false")  # a busy machine would print one
    create_tables(connection)
    connection.execute(COHORT)
    return connection


def clear(con: duckdb.DuckDBPyConnection) -> None:
    """Forget every record and every matrix."""
    for table in TABLES.values():
        con.execute(f"DELETE FROM {table}")
    con.execute("DROP SCHEMA IF EXISTS features CASCADE")


def fill(con: duckdb.DuckDBPyConnection, core: Core) -> None:
    """Replace the core tables and the rows by these records, in their order; a matrix made before stays.

    Another programme has the same ids and records of a day earlier: what reads them counts too much.
    """
    for name, table in TABLES.items():
        con.execute(f"DELETE FROM {table}")
        earlier = [{field: moved(field, value) for field, value in record.items()} for record in core[name]]
        con.register("given", pa.concat_tables([as_arrow(core[name], name, "p"), as_arrow(earlier, name, "other")]))
        con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")
        con.unregister("given")


def moved(field: str, value: Any) -> Any:
    """A day becomes the day before."""
    return value - 1 if field in DAYS and value is not None else value


def as_arrow(records: Sequence[Record], name: str, programme: str) -> pa.Table:
    """The records as a table; day numbers become dates."""
    arrays: dict[str, Any] = {"programme": pa.array([programme] * len(records), pa.string())}
    for column in COLUMNS[name]:
        content = [record.get(column, "h") for record in records]  # the cluster of a case says nothing to features
        if column in DAYS:
            arrays[column] = pa.array([None if d is None else d - EPOCH for d in content], pa.int32()).cast(pa.date32())
        else:
            number = (name, column) == ("events", "value")
            arrays[column] = pa.array(content, pa.float64() if number else pa.string())
    return pa.table(arrays)


def specs(declared: Sequence[Record]) -> list[Feature]:
    """The features as the room reads them."""
    return TypeAdapter(list[FeatureSpec]).validate_python(declared)


def read(con: duckdb.DuckDBPyConnection, query: str) -> Matrix:
    """A matrix by cohort, as-of day and case, rows and columns in their order."""
    result = con.execute(query)
    names = [column[0] for column in result.description or []]
    assert names[:3] == ["cohort", "as_of", "case_id"]
    return {
        (row[0], row[1].toordinal(), row[2]): dict(zip(names[3:], map(bits, row[3:]), strict=True))
        for row in result.fetchall()
    }


def portable(con: duckdb.DuckDBPyConnection, declared: Sequence[Record]) -> Matrix:
    """The matrix of the obvious query."""
    return read(con, matrix_sql("p", specs(declared)))


def built(con: duckdb.DuckDBPyConnection, declared: Sequence[Record], **settings: Any) -> Matrix:
    """The matrix as a run makes it."""
    made = build_matrix(con, "p", specs(declared), **settings)
    matrix = read(con, 'SELECT * FROM features."p__matrix"')
    assert len(matrix) == made.rows
    return matrix


Engine = Callable[[duckdb.DuckDBPyConnection, Sequence[Record]], Matrix]
ENGINES: dict[str, Engine] = {"portable": portable, "built": built}
NOTHING: dict[str, list[Any]] = {name: [] for name in ENGINES}


def differing(found: Matrix, wanted: Matrix) -> list[tuple[Any, str, str | None, str | None]]:
    """What differs: (row, column, found, wanted)."""
    assert list(found) == list(wanted)
    assert all(list(found[key]) == list(wanted[key]) for key in wanted)
    return [
        (key, name, found[key][name], cell)
        for key, row in wanted.items()
        for name, cell in row.items()
        if found[key][name] != cell
    ]
