"""The two forms of every kind of rule give the same count on random tables: nulls, duplicates, edges of every type."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.contract import Contract, Table
from data_contracts.rules import apply_rules, check_rules, compile_rules, write_failures
from data_contracts.rules.forms import FORMS

pytestmark = pytest.mark.slow

DAY = date(2024, 5, 17)
TEXTS = ["", " ", "a", "A", "abc", "a1", "é", "a\n", "\n", "١", "12", "x-1", "ß", "𝔘", "ab\tc", "None", "nan", "v\x0b"]
NUMBERS = [0.0, -0.0, 1.0, 5.0, 5.000000000000001, -1.5, 1e308, float("nan"), float("inf"), float("-inf"), 2.0**53]
INTEGERS = [0, 1, 5, -3, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
DATES = [
    DAY,
    DAY + timedelta(1),
    DAY - timedelta(1),
    date(1900, 1, 1),
    date(1900, 12, 31),
    date(1901, 1, 1),
    date(1, 1, 1),
    date(9999, 12, 31),
    date(2020, 2, 29),
    date(2020, 3, 1),
]
STAMPS = [datetime(d.year, d.month, d.day, *time) for d in DATES for time in ((0, 0), (23, 59, 59, 999999))]
TYPES: dict[str, tuple[str, list[Any]]] = {
    "text": ("VARCHAR", TEXTS),
    "word": ("VARCHAR", ["a", "b", "c", "", "1"]),
    "number": ("DOUBLE", NUMBERS),
    "whole": ("BIGINT", INTEGERS),
    "flag": ("BOOLEAN", [True, False]),
    "day": ("DATE", DATES),
    "later": ("DATE", DATES),
    "moment": ("TIMESTAMP", STAMPS),
    "person": ("VARCHAR", ["p", "q", "r", ""]),
}


def _quality(**fields: Any) -> dict[str, Any]:
    return {"type": "library", **fields}


def _own(**fields: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "plumbline", "implementation": fields}


def contract() -> Contract:
    """Every kind of rule on every type it goes with."""
    few = {"mustBeLessThan": 25, "unit": "percent"}
    child = {
        "name": "child",
        "physicalName": "child.csv",
        "knowledgeDay": {"firstDelivery": True},
        "properties": [
            {
                "name": "text",
                "logicalTypeOptions": {"minLength": 1, "maxLength": 2, "pattern": r"^\w\d?$"},
                "quality": [
                    _quality(metric="invalidValues", arguments={"pattern": r"[^\s]$"}, mustBe=0),
                    _quality(metric="missingValues", arguments={"missingValues": [None, "", "nan"]}, mustBe=0),
                    _quality(
                        metric="missingValues", arguments={"missingValues": ["None"]}, mustBe=0, severity="warning"
                    ),
                ],
            },
            {
                "name": "word",
                "required": True,
                "unique": True,
                "quality": [
                    _quality(metric="invalidValues", arguments={"validValues": ["a", "b", 1]}, mustBe=0),
                    _quality(metric="nullValues", **few),
                ],
            },
            {
                "name": "number",
                "logicalType": "number",
                "unique": True,
                "required": True,
                "logicalTypeOptions": {"minimum": 0, "exclusiveMaximum": 5},
                "quality": [
                    _quality(metric="invalidValues", arguments={"validValues": [0, 5]}, mustBe=0),
                    _quality(metric="missingValues", arguments={"missingValues": [None, "5.0"]}, mustBe=0),
                ],
            },
            {
                "name": "whole",
                "logicalType": "integer",
                "unique": True,
                "required": True,
                "logicalTypeOptions": {"exclusiveMinimum": 0, "maximum": 2**53},
                "quality": [_quality(metric="invalidValues", arguments={"validValues": [1, 2**53]}, mustBe=0)],
            },
            {
                "name": "flag",
                "logicalType": "boolean",
                "required": True,
                "quality": [_quality(metric="invalidValues", arguments={"validValues": [True]}, mustBe=0)],
            },
            {
                "name": "day",
                "logicalType": "date",
                "unique": True,
                "required": True,
                "logicalTypeOptions": {"minimum": date(2020, 2, 29), "exclusiveMaximum": date(2024, 5, 17)},
                "quality": [
                    _quality(metric="invalidValues", arguments={"validValues": [date(2020, 3, 1)]}, mustBe=0),
                    _own(rule="not_before", other="parent.day", via="person"),
                ],
            },
            {"name": "later", "logicalType": "date", "quality": [_own(rule="not_before", other="day", strict=True)]},
            {
                "name": "moment",
                "logicalType": "timestamp",
                "unique": True,
                "required": True,
                "logicalTypeOptions": {"minimum": datetime(2020, 2, 29)},
                "quality": [_own(rule="not_before", other="day")],
            },
            {"name": "person", "tags": ["key"], "relationships": [{"to": "parent.person"}]},
        ],
        "relationships": [{"from": ["person", "day"], "to": ["parent.person", "parent.day"]}],
        "quality": [
            _own(rule="column_order", columns=["day", "moment", "later"]),
            _quality(metric="duplicateValues", arguments={"properties": ["person", "day", "whole"]}, mustBe=0),
            _quality(metric="duplicateValues", arguments={"properties": ["flag", "number"]}, mustBeLessOrEqualTo=2),
            _quality(metric="rowCount", mustBeBetween=[2, 5]),
        ],
    }
    parent = {
        "name": "parent",
        "physicalName": "parent.csv",
        "knowledgeDay": {"reference": "stands for itself"},
        "properties": [
            {"name": "person", "tags": ["key"], "primaryKey": True, "primaryKeyPosition": 1},
            {"name": "day", "logicalType": "date", "primaryKey": True, "primaryKeyPosition": 2},
        ],
    }
    tables = [Table.model_validate(child), Table.model_validate(parent)]
    return Contract(
        apiVersion="v3.1.0", kind="DataContract", id="x", version="1", status="active", tables=tables, sha256="0"
    )


CONTRACT = contract()
CHILD, PARENT = list(TYPES), ["person", "day"]


def stage(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    """Rows as the entrance stages them; the last value of each row names the columns that could not be read."""
    types = ", ".join(f"{name} {TYPES[name][0]}" for name in columns)
    con.execute("CREATE SCHEMA IF NOT EXISTS staging")
    con.execute(f'CREATE OR REPLACE TABLE staging."{table}" ({types}, _row BIGINT, _file VARCHAR, _unparsed VARCHAR[])')
    marks = ", ".join("?" for _ in range(len(columns) + 3))
    for number, (*values, unparsed) in enumerate(rows, 2):
        kept = [None if name in unparsed else given for name, given in zip(columns, values, strict=True)]
        con.execute(f'INSERT INTO staging."{table}" VALUES ({marks})', [*kept, number, f"{table}.csv", unparsed])


def rows_of(columns: list[str], largest: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Random rows; few distinct values, so that keys repeat."""
    values = [st.one_of(st.none(), st.sampled_from(TYPES[name][1])) for name in columns]
    unparsed = st.lists(st.sampled_from(columns), max_size=2, unique=True)
    return st.lists(st.tuples(*values, unparsed), max_size=largest)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cells=st.sampled_from([1_000_000, 64]), child=rows_of(CHILD, 30), parent=rows_of(PARENT, 6))
def test_both_forms_give_the_same_count_and_rows(
    cells: int, child: list[tuple[Any, ...]], parent: list[tuple[Any, ...]]
) -> None:
    con = duckdb.connect()
    stage(con, "child", CHILD, child)
    stage(con, "parent", PARENT, parent)
    staging = {"child": "staging.child", "parent": "staging.parent"}
    results = apply_rules(con, CONTRACT, staging, DAY, cells=cells)  # raises where the two forms disagree
    assert len(results) == len(compile_rules(CONTRACT))
    write_failures(con, CONTRACT, staging, DAY)
    written = dict(
        con.execute(
            "SELECT (table_name, rule), count(DISTINCT (_file, _row)) FROM staging._failures GROUP BY ALL"
        ).fetchall()
    )
    by_row = {(rule.table, rule.name) for rule in compile_rules(CONTRACT) if rule.by_row}
    expected = {(r.table, r.rule): r.failed for r in results if (r.table, r.rule) in by_row and r.failed}
    assert {tuple(key): count for key, count in written.items()} == expected


def test_the_contract_of_this_test_has_every_kind_and_no_mistake() -> None:
    assert check_rules(CONTRACT) == []
    assert {rule.kind for rule in compile_rules(CONTRACT)} == set(FORMS)


@pytest.mark.parametrize("cells", [2_600, 200_000])
def test_parts_of_a_big_table_add_up_to_the_whole(cells: int) -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA staging")
    con.execute(
        "CREATE TABLE staging.parent AS SELECT CASE WHEN i % 7 = 0 THEN NULL ELSE 'p' || (i * 7919 % 4500) END person, "
        "DATE '2020-01-01' + CAST(i % 3 AS INTEGER) AS day, i _row, 'f' _file, CAST([] AS VARCHAR[]) _unparsed "
        "FROM range(9000) t(i)"
    )
    results = apply_rules(con, CONTRACT, {"parent": "staging.parent"}, DAY, cells=cells)
    duplicates = next(result for result in results if result.rule == "primary key")
    plain = con.execute(
        "SELECT sum(n) FROM (SELECT count(*) n FROM staging.parent WHERE person IS NOT NULL GROUP BY person, day "
        "HAVING count(*) > 1)"
    ).fetchone()
    assert plain is not None
    assert duplicates.failed == plain[0] > 0
