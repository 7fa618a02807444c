"""Core tables: what a pack's SQL may do, what a mapping must say, what no core row may lack."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from data_contracts.contract import Contract, Table
from data_contracts.core import CORE, CoreMapping, Source, check, check_sql, fill_core
from data_contracts.errors import RefusedError, UsageError

TABLES = ["people", "visits"]


def _contract() -> Contract:
    people = {
        "name": "people",
        "physicalName": "people.csv",
        "knowledgeDay": {"column": "told"},
        "properties": [
            {"name": "person", "tags": ["key"], "logicalType": "integer"},
            {"name": "born", "logicalType": "date"},
            {"name": "told", "logicalType": "date"},
            {"name": "left", "logicalType": "date"},
            {"name": "left_told", "logicalType": "date"},
            {"name": "gender"},
            {"name": "size", "logicalType": "number"},
        ],
    }
    visits = {
        "name": "visits",
        "physicalName": "visits.csv",
        "knowledgeDay": {"reference": "a calendar of visits"},
        "properties": [
            {"name": "person", "tags": ["key"]},
            {"name": "day", "logicalType": "date"},
            {"name": "kind"},
            {"name": "minutes", "logicalType": "integer"},
        ],
    }
    return Contract(
        apiVersion="v3.1.0",
        kind="DataContract",
        id="x",
        version="1",
        status="active",
        sha256="0",
        tables=[Table.model_validate(people), Table.model_validate(visits)],
    )


CONTRACT = _contract()
CASE = {"table": "people", "columns": {"case_id": "person", "person_id": "person", "opened_at": "told"}}
EVENT = {
    "table": "visits",
    "constants": {"event_type": "visit"},
    "columns": {
        "person_id": "person",
        "event_at": "day",
        "known_at": "day + 3",
        "category": "kind",
        "value": "minutes",
    },
}


def _mapping(**sections: Any) -> CoreMapping:
    return CoreMapping.model_validate({"case": CASE, "event": EVENT, **sections})


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "CREATE TEMP TABLE people AS SELECT * FROM (VALUES ('p1', DATE '1990-01-01', DATE '2024-01-05', "
        "CAST(NULL AS DATE), CAST(NULL AS DATE), 'f', 1.5, 1, DATE '2024-01-05'), ('p2', DATE '1991-01-01', "
        "DATE '2024-02-05', DATE '2024-03-01', DATE '2024-03-09', NULL, 2.5, 2, DATE '2024-02-05')) "
        't(person, born, told, "left", left_told, gender, size, _source_row, _known_on)'
    )
    con.execute(
        "CREATE TEMP TABLE visits AS SELECT * FROM (VALUES ('p1', DATE '2024-01-07', 'home', 30, 1), "
        "('p1', DATE '2024-01-07', 'home', 30, 2), ('p2', DATE '2024-02-07', 'call', NULL, 3)) "
        "t(person, day, kind, minutes, _source_row), (SELECT CAST(NULL AS DATE)) k(_known_on)"
    )
    return con


ALLOWED = [
    "SELECT person || '-' || kind AS case_id, min(day) FROM visits GROUP BY ALL",
    "WITH first AS (SELECT person, min(day) AS day FROM visits GROUP BY person) "
    "SELECT * FROM first JOIN people USING (person)",
    "SELECT person, CASE kind WHEN 'home' THEN 1 ELSE 0 END FROM visits "
    "QUALIFY row_number() OVER (PARTITION BY person ORDER BY day) = 1",
    "SELECT person, string_agg(kind, ',' ORDER BY day) FROM visits GROUP BY person",
    "SELECT person, CAST(make_date(2000 + CAST(minutes AS INTEGER), 2, 1) + 5 AS DATE) FROM Visits "
    "WHERE nullif(kind, '') IS NOT NULL",
    "SELECT a.person FROM people a WHERE EXISTS (SELECT 1 FROM visits b WHERE b.person = a.person)",
    "SELECT person FROM people UNION ALL SELECT person FROM visits",
    "SELECT x FROM (VALUES (1), (2)) t(x)",
]

REFUSED = {
    "SELECT * FROM read_csv('/etc/passwd')": "table function",
    "SELECT * FROM '/etc/passwd'": "not a table",
    "SELECT * FROM 'people.csv'": "not a table",
    "SELECT * FROM range(5)": "table function",
    "SELECT * FROM visit": "Did you mean “visits”?",
    "SELECT * FROM raw.people": "without schema",
    "SELECT * FROM duckdb_settings()": "table function",
    "SELECT * FROM information_schema.tables": "without schema",
    "COPY people TO 'x.csv'": "not one SELECT",
    "ATTACH 'x.db'": "not one SELECT",
    "PRAGMA database_list": "not one SELECT",
    "INSTALL httpfs": "not one SELECT",
    "CREATE TABLE x AS SELECT 1": "not one SELECT",
    "DELETE FROM people": "not one SELECT",
    "SELECT 1; SELECT 2": "only one statement",
    "DESCRIBE people": "show_ref",
    "SUMMARIZE people": "show_ref",
    "SELECT random() FROM people": "“random”",
    "SELECT uuid() FROM people": "“uuid”",
    "SELECT now() FROM people": "“now”",
    "SELECT current_date FROM people": "“current_date”",
    "SELECT today() FROM people": "“today”",
    "SELECT CURRENT_TIMESTAMP FROM people": "not allowed",
    "SELECT get_current_timestamp() FROM people": "“get_current_timestamp”",
    "SELECT getvariable('x') FROM people": "“getvariable”",
    "SELECT current_setting('home_directory')": "“current_setting”",
    "SELECT getenv('HOME')": "“getenv”",
    "SELECT age(born) FROM people": "“age”",
    "SELECT person FROM people LIMIT 3": "LIMIT",
    "SELECT person FROM people USING SAMPLE 3": "sample",
    "SELECT person FROM people TABLESAMPLE 10%": "sample",
    "SELECT DISTINCT ON (person) kind FROM visits": "DISTINCT ON",
    "SELECT any_value(kind) FROM visits": "order of rows",
    "SELECT first(kind) FROM visits": "order of rows",
    "SELECT list(kind) FROM visits": "order of rows",
    "SELECT * FROM people POSITIONAL JOIN visits": "positional",
    "SELECT ? FROM people": "parameters",
    "SELECT * FROM (SELECT * FROM read_text('x'))": "table function",
    "SELECT (SELECT max(content) FROM read_text('x')) FROM people": "table function",
    "SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x), x": "not a table",
    "WITH people AS (SELECT 1) SELECT * FROM people": "table of the contract",
    'WITH "x.csv" AS (SELECT 1) SELECT * FROM "x.csv"': "letters, digits",
    "SELECT": "not one SELECT",
    "FROM query('SELECT 1')": "table function",
    "SELECT * FROM query_table('people')": "table function",
    "SELECT write_log('x')": "“write_log”",
    "SELECT pg_sleep(1)": "“pg_sleep”",
}


@pytest.mark.parametrize("sql", ALLOWED)
def test_plain_selects_over_the_contract_are_allowed(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert check_sql(con, sql, TABLES) == []
    con.execute(sql)


@pytest.mark.parametrize("sql", REFUSED)
def test_whatever_reads_elsewhere_or_differs_each_time_is_refused(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    faults = check_sql(con, sql, TABLES)
    assert REFUSED[sql] in " ".join(faults)


def test_a_mapping_fills_the_core_tables(con: duckdb.DuckDBPyConnection) -> None:
    mapping = _mapping(
        case={"table": "people", "columns": {**CASE["columns"], "closed_at": '"left"', "closed_known_at": "left_told"}},
        attribute=[
            {
                "table": "people",
                "columns": {"subject_id": "person"},
                "attributes": {"gender": "gender", "born": "born"},
            },
            {
                "table": "visits",
                "columns": {"subject_id": "person", "value": "minutes", "known_at": "day"},
                "constants": {"name": "minutes"},
            },
        ],
        membership={
            "sql": "SELECT person AS person_id, 'home' AS cluster_id, told AS \"from\", told AS known_at FROM people"
        },
        coverage={"sql": "SELECT 'visits' AS source, make_date(2024, 1, 1) AS \"from\"", "sources": ["visits"]},
    )
    assert check(mapping, CONTRACT) == []
    assert fill_core(con, "p", TABLES, mapping) == {
        "case": 2,
        "attribute": 7,
        "membership": 2,
        "event": 3,
        "coverage": 1,
    }
    assert con.execute("SELECT * FROM core.case ORDER BY case_id").fetchall() == [
        ("p", "p1", "p1", "p1", date(2024, 1, 5), None, None, None, date(2024, 1, 5)),
        ("p", "p2", "p2", "p2", date(2024, 2, 5), date(2024, 3, 1), date(2024, 3, 9), None, date(2024, 2, 5)),
    ]
    assert con.execute("SELECT subject_id, name, value, known_at FROM core.attribute ORDER BY ALL").fetchall()[0] == (
        "p1",
        "born",
        "1990-01-01",
        date(2024, 1, 5),
    )
    events = con.execute(
        "SELECT person_id, known_at, event_type, value, source_table, source_row FROM core.event ORDER BY source_row"
    ).fetchall()
    assert events[2] == ("p2", date(2024, 2, 10), "visit", None, "visits", 3)
    assert con.execute('SELECT person_id, case_id, "to" FROM core.coverage').fetchall() == [(None, None, None)]
    assert mapping.event_types() == {"visit"}
    assert mapping.attributes() == {"gender", "born", "minutes"}
    assert mapping.sources() == {"visits"}


def test_a_second_build_replaces_only_its_own_programme(con: duckdb.DuckDBPyConnection) -> None:
    fill_core(con, "p", TABLES, _mapping())
    fill_core(con, "q", TABLES, _mapping())
    con.execute("DELETE FROM visits WHERE kind = 'call'")
    assert fill_core(con, "p", TABLES, _mapping())["event"] == 2
    counts = con.execute("SELECT programme, count(*) FROM core.event GROUP BY ALL ORDER BY ALL").fetchall()
    assert counts == [("p", 2), ("q", 3)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE visits SET day = NULL WHERE _source_row = 3", "core.event, source 1 (visits): 1 row has no known_at."),
        ("UPDATE people SET _known_on = NULL", "core.case, source 1 (people): 2 rows have no known_at."),
        ("UPDATE people SET left_told = NULL", "1 row has closed_at without closed_known_at."),
        ('UPDATE people SET "left" = NULL', "1 row has closed_known_at without closed_at."),
        ("UPDATE people SET person = 'p1'", "1 case_id stands in more than one row."),
        ("UPDATE people SET person = NULL", "2 rows have no case_id."),
    ],
)
def test_a_row_that_lacks_what_every_core_row_has_is_refused(
    con: duckdb.DuckDBPyConnection, change: str, told: str
) -> None:
    ends = {"closed_at": '"left"', "closed_known_at": "left_told"}
    mapping = _mapping(case={"table": "people", "columns": {**CASE["columns"], **ends}})
    before = fill_core(con, "p", TABLES, mapping)
    con.execute(change)
    with pytest.raises(RefusedError) as refused:
        fill_core(con, "p", TABLES, mapping)
    assert told in str(refused.value)
    for table in CORE:  # all or nothing
        assert con.execute(f"SELECT count(*) FROM core.{table}").fetchone() == (before[table],)


def test_a_refusal_in_a_later_table_takes_back_the_earlier_ones(con: duckdb.DuckDBPyConnection) -> None:
    fill_core(con, "p", TABLES, _mapping())
    con.execute("DELETE FROM people WHERE person = 'p2'")
    con.execute("UPDATE visits SET day = NULL")
    with pytest.raises(RefusedError):
        fill_core(con, "p", TABLES, _mapping())
    assert con.execute("SELECT count(*) FROM core.case").fetchone() == (2,)


def test_an_end_without_the_day_it_was_known_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "SELECT person AS person_id, day AS event_at, day AS known_at, 'visit' AS event_type, day AS ended_at, "
        "CASE WHEN kind = 'home' THEN day END AS end_known_at FROM visits"
    )
    with pytest.raises(RefusedError, match="1 row has ended_at without end_known_at"):
        fill_core(con, "p", TABLES, _mapping(event={"sql": sql}))


def test_event_ids_do_not_depend_on_row_numbers_or_order(con: duckdb.DuckDBPyConnection) -> None:
    fill_core(con, "p", TABLES, _mapping())
    before = con.execute("SELECT event_id FROM core.event ORDER BY 1").fetchall()
    assert len(set(before)) == 3
    con.execute(
        "CREATE OR REPLACE TEMP TABLE visits AS SELECT * REPLACE (100 - _source_row AS _source_row) "
        "FROM visits ORDER BY _source_row DESC"
    )
    fill_core(con, "p", TABLES, _mapping())
    assert con.execute("SELECT event_id FROM core.event ORDER BY 1").fetchall() == before


def test_an_event_keeps_its_id_when_its_end_becomes_known(con: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "SELECT person AS person_id, told AS event_at, told AS known_at, 'stay' AS event_type, \"left\" AS ended_at, "
        "left_told AS end_known_at FROM people"
    )
    fill_core(con, "p", TABLES, _mapping(event={"sql": sql, "event_types": ["stay"]}))
    before = con.execute("SELECT event_id FROM core.event ORDER BY 1").fetchall()
    con.execute("UPDATE people SET \"left\" = DATE '2024-05-01', left_told = DATE '2024-05-02'")
    fill_core(con, "p", TABLES, _mapping(event={"sql": sql, "event_types": ["stay"]}))
    assert con.execute("SELECT event_id FROM core.event ORDER BY 1").fetchall() == before


def test_mapped_event_ids_must_be_unique(con: duckdb.DuckDBPyConnection) -> None:
    event = {**EVENT, "columns": {**EVENT["columns"], "event_id": "kind"}}
    with pytest.raises(RefusedError, match="1 event_id stands in more than one row"):
        fill_core(con, "p", TABLES, _mapping(event=event))


def test_sql_that_was_not_checked_before_is_checked_when_it_runs(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match=r"core\.event, source 1"):
        fill_core(con, "p", TABLES, _mapping(event={"sql": "SELECT * FROM read_csv('x')"}))


@pytest.mark.parametrize(
    ("section", "place", "told"),
    [
        ({"case": {"table": "peple", "columns": {}}}, ("case", 0, "table"), "Did you mean “people”?"),
        (
            {"case": {"table": "people", "columns": {**CASE["columns"], "opend": "told"}}},
            ("case", 0, "columns", "opend"),
            "not a column of core.case",
        ),
        (
            {"case": {"table": "people", "columns": CASE["columns"], "constants": {"nam": "x"}}},
            ("case", 0, "constants", "nam"),
            "not a column of core.case",
        ),
        (
            {"case": {"table": "people", "columns": {"case_id": "person", "person_id": "person"}}},
            ("case", 0, "columns"),
            "“opened_at” of core.case is missing",
        ),
        (
            {"case": {"table": "people", "columns": {**CASE["columns"], "opened_at": "gender"}}},
            ("case", 0, "columns", "opened_at"),
            "is of the type VARCHAR",
        ),
        (
            {"case": {"table": "people", "columns": {**CASE["columns"], "closed_at": "told"}}},
            ("case", 0, "columns"),
            "“closed_at” is mapped but “closed_known_at” is not",
        ),
        (
            {"case": {"table": "people", "columns": {**CASE["columns"], "opened_at": "tolt"}}},
            ("case", 0, "columns"),
            "does not work",
        ),
        (
            {"event": {**EVENT, "columns": {"person_id": "person", "event_at": "day"}}},
            ("event", 0, "columns"),
            "“known_at” is missing",
        ),
        ({"event": {**EVENT, "attributes": {"x": "kind"}}}, ("event", 0, "attributes"), "does not go with"),
        ({"event": {**EVENT, "where": "day < current_date"}}, ("event", 0), "current_date"),
        ({"event": {"sql": "SELECT person AS person_id FROM visits"}}, ("event", 0, "sql"), "“known_at” of core.event"),
        ({"event": {"sql": "SELECT *, 1 AS event_at FROM visits"}}, ("event", 0, "sql"), "“kind” is not a column"),
        (
            {"event": {**EVENT, "columns": {**EVENT["columns"], "value": "kind"}}},
            ("event", 0, "columns", "value"),
            "is of the type VARCHAR",
        ),
        (
            {"attribute": {"table": "people", "columns": {"subject_id": "person"}, "attributes": {"size": "size"}}},
            ("attribute", 0),
            "is of the type DOUBLE",
        ),
        (
            {"event": {**EVENT, "columns": {**EVENT["columns"], "source_row": "kind"}}},
            ("event", 0, "columns", "source_row"),
            "is of the type VARCHAR",
        ),
    ],
)
def test_mistakes_in_a_mapping_are_found_without_data(
    section: dict[str, Any], place: tuple[Any, ...], told: str
) -> None:
    problems = check(_mapping(**section), CONTRACT)
    assert any(found[: len(place)] == place and told in f"{what} {todo}" for found, what, todo in problems), problems


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({}, "either “table” with “columns”, or “sql”"),
        ({"table": "a", "sql": "SELECT 1"}, "either “table”"),
        ({"sql": "SELECT 1", "where": "x"}, "beside “sql”"),
        ({"table": "a", "attributes": ["x"]}, "maps each name"),
        ({"sql": "SELECT 1", "attributes": {"x": "y"}}, "list of names"),
        ({"table": "a", "columns": {"x": "y"}, "constants": {"x": 1}}, "under “columns” and under “constants”"),
    ],
)
def test_an_entry_that_says_two_things_is_a_mistake(source: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Source.model_validate(source)


def test_names_that_cannot_be_known_are_none() -> None:
    mapping = _mapping(event=[EVENT, {"sql": "SELECT 1"}], attribute={"sql": "SELECT 1", "attributes": ["a"]})
    assert mapping.event_types() is None
    assert mapping.attributes() == {"a"}
    quoted = _mapping(event={"table": "visits", "columns": {**EVENT["columns"], "event_type": "'call'"}})
    assert quoted.event_types() == {"call"}
    assert _mapping(event={"table": "visits", "columns": {"event_type": "kind"}}).event_types() is None


def test_constants_of_every_kind(con: duckdb.DuckDBPyConnection) -> None:
    values = {"value": 2, "category": True, "event_type": "it's"}
    event = {
        "table": "visits",
        "columns": {"person_id": "person", "event_at": "day", "known_at": "day"},
        "constants": values,
    }
    assert check(_mapping(event=event), CONTRACT) == []
    fill_core(con, "p", TABLES, _mapping(event=event))
    row = con.execute("SELECT DISTINCT value, category, event_type FROM core.event").fetchall()
    assert row == [(2.0, "true", "it's")]
    event["constants"] = {**values, "value": 2.5}
    fill_core(con, "p", TABLES, _mapping(event=event))
    assert con.execute("SELECT DISTINCT value FROM core.event").fetchall() == [(2.5,)]
