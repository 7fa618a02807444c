"""Which field of a contract gives which rule, what is a mistake, what blocks."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import duckdb
import pytest

from data_contracts.contract import Contract, Table
from data_contracts.errors import PlumblineError
from data_contracts.rules import (
    Rule,
    RuleResult,
    Scope,
    Tolerance,
    apply_rules,
    blocking_reasons,
    check_rules,
    compile_rules,
    write_failures,
)
from data_contracts.rules import check as checking
from data_contracts.rules.patterns import PatternError, portable

DAY = date(2024, 5, 17)


def _contract(*columns: dict[str, Any], other: list[dict[str, Any]] | None = None, **table: Any) -> Contract:
    own = {
        "name": "t",
        "physicalName": "t.csv",
        "knowledgeDay": {"firstDelivery": True},
        "properties": list(columns),
        **table,
    }
    tables = [own]
    if other is not None:
        tables.append(
            {**own, "name": "o", "physicalName": "o.csv", "properties": other, "quality": [], "relationships": []}
        )
    return Contract(
        apiVersion="v3.1.0",
        kind="DataContract",
        id="x",
        version="1",
        status="active",
        sha256="0",
        tables=[Table.model_validate(each) for each in tables],
    )


def _own(**fields: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "plumbline", "implementation": fields}


def _names(contract: Contract) -> list[str]:
    assert check_rules(contract) == []
    return [rule.name for rule in compile_rules(contract) if rule.table == "t"]


def test_every_date_has_two_rules_unless_the_contract_says_otherwise() -> None:
    assert _names(_contract({"name": "d", "logicalType": "date"})) == ["d: type", "d: not_in_future", "d: not_before"]
    off = _contract(
        {
            "name": "d",
            "logicalType": "date",
            "quality": [
                _own(rule="not_in_future", off="a planned end lies ahead"),
                _own(rule="not_before", date=date(1880, 1, 1)),
            ],
        }
    )
    assert _names(off) == ["d: type", "d: not_before"]
    assert compile_rules(off)[1].params["minimum"] == date(1880, 1, 1)
    off = _contract(
        {"name": "d", "logicalType": "date", "quality": [_own(rule="not_before", off="old records are kept")]}
    )
    assert _names(off) == ["d: type", "d: not_in_future"]
    strict = {**_own(rule="not_in_future"), "severity": "critical", "name": "no future"}
    rules = compile_rules(_contract({"name": "d", "logicalType": "date", "quality": [strict]}))
    assert [(rule.name, rule.severity) for rule in rules if rule.kind == "not_in_future"] == [("no future", "critical")]


def test_keys() -> None:
    single = _contract({"name": "a", "primaryKey": True}, {"name": "b", "unique": True})
    assert _names(single) == ["a: type", "a: required", "a: unique", "b: type", "b: unique"]
    compound = _contract(
        {"name": "a", "primaryKey": True, "primaryKeyPosition": 2},
        {"name": "b", "primaryKey": True, "primaryKeyPosition": 1},
    )
    assert compile_rules(compound)[-1].columns == ("b", "a")


def test_a_rule_that_lets_rows_pass_quarantines_none_and_is_critical_by_default() -> None:
    some = {"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent"}
    none = {"metric": "nullValues", "mustBeLessThan": 1}
    rules = compile_rules(_contract({"name": "a", "quality": [some, none, {**none, "severity": "warning"}]}))
    assert [(rule.severity, rule.by_row, rule.quarantines) for rule in rules[1:]] == [
        ("critical", False, False),
        ("error", True, True),
        ("warning", True, False),
    ]
    assert [rule.name for rule in rules[1:]] == ["a: nullValues", "a: nullValues (2)", "a: nullValues (3)"]


@pytest.mark.parametrize(
    ("operator", "value", "holds", "fails"),
    [
        ("mustBe", (2,), 2, 3),
        ("mustNotBe", (2,), 3, 2),
        ("mustBeGreaterThan", (2,), 3, 2),
        ("mustBeGreaterOrEqualTo", (2,), 2, 1),
        ("mustBeLessThan", (2,), 1, 2),
        ("mustBeLessOrEqualTo", (2,), 2, 3),
        ("mustBeBetween", (2, 3), 3, 4),
        ("mustNotBeBetween", (2, 3), 1, 2),
    ],
)
def test_operators(operator: str, value: tuple[float, ...], holds: int, fails: int) -> None:
    tolerance = Tolerance(operator, value)
    assert tolerance.holds(holds, 10)
    assert not tolerance.holds(fails, 10)
    percent = Tolerance(operator, value, "percent")
    assert percent.holds(holds * 10, 1000)
    assert not percent.holds(fails * 10, 1000)
    assert not Tolerance("mustBeGreaterThan", (0,), "percent").holds(0, 0)


COLUMN = {"name": "a"}
DATE = {"name": "d", "logicalType": "date"}
MISTAKES: list[tuple[Contract, tuple[Any, ...], str]] = [
    (
        _contract({**COLUMN, "logicalTypeOptions": {"minimum": 1}}),
        ("logicalTypeOptions", "minimum"),
        "does not go with the type",
    ),
    (
        _contract({**COLUMN, "logicalTypeOptions": {"pattern": "(?=x)"}}),
        ("logicalTypeOptions", "pattern"),
        "not portable",
    ),
    (
        _contract({**COLUMN, "logicalTypeOptions": {"format": "emial"}}),
        ("logicalTypeOptions", "format"),
        "Did you mean “email”?",
    ),
    (
        _contract({**COLUMN, "logicalTypeOptions": {"multipleOf": 2}}),
        ("logicalTypeOptions", "multipleOf"),
        "not checked",
    ),
    (
        _contract({**DATE, "logicalTypeOptions": {"minLength": 2}}),
        ("logicalTypeOptions", "minLength"),
        "does not go with",
    ),
    (
        _contract({**DATE, "logicalTypeOptions": {"minimum": 5.0}}),
        ("logicalTypeOptions", "minimum"),
        "not of the column's type",
    ),
    (
        _contract(
            {
                **COLUMN,
                "tags": ["key"],
                "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["x"]}, "mustBe": 0}],
            }
        ),
        ("quality", 0),
        "kept as a pseudonym",
    ),
    (
        _contract(COLUMN, {"name": "b", "tags": ["drop"], "quality": [{"metric": "nullValues", "mustBe": 0}]}),
        (),
        "is not read",
    ),
    (_contract({**COLUMN, "quality": [{"type": "sql", "query": "SELECT 1"}]}), ("quality", 0), ""),
    (_contract({**COLUMN, "quality": [{"metric": "nullValues"}]}), ("quality", 0), "exactly one operator"),
    (
        _contract({**COLUMN, "quality": [{"metric": "nullValues", "mustBe": 0, "mustNotBe": 1}]}),
        ("quality", 0),
        "exactly one operator",
    ),
    (_contract({**COLUMN, "quality": [{"mustBe": 0}]}), ("quality", 0), "names its “metric”"),
    (
        _contract({**COLUMN, "quality": [{"metric": "invalidValues", "mustBe": 0}]}),
        ("quality", 0),
        "either “validValues” or “pattern”",
    ),
    (
        _contract({**COLUMN, "quality": [{"metric": "missingValues", "mustBe": 0}]}),
        ("quality", 0),
        "takes “missingValues”",
    ),
    (
        _contract({**COLUMN, "quality": [{"metric": "invalidValues", "arguments": {"validValues": []}, "mustBe": 0}]}),
        ("quality", 0, "arguments", "validValues"),
        "no value would be valid",
    ),
    (
        _contract({**DATE, "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["x"]}, "mustBe": 0}]}),
        ("quality", 0, "arguments", "validValues"),
        "not of the column's type",
    ),
    (
        _contract(
            {
                "name": "n",
                "logicalType": "number",
                "quality": [{"metric": "invalidValues", "arguments": {"validValues": [True]}, "mustBe": 0}],
            }
        ),
        ("quality", 0, "arguments", "validValues"),
        "not of the column's type",
    ),
    (
        _contract({**DATE, "quality": [{"metric": "invalidValues", "arguments": {"pattern": "x"}, "mustBe": 0}]}),
        ("quality", 0),
        "does not go with",
    ),
    (
        _contract(
            {**DATE, "quality": [{"type": "custom", "engine": "soda", "implementation": {"rule": "not_in_future"}}]}
        ),
        ("quality", 0),
        "only “engine: plumbline”",
    ),
    (
        _contract({**DATE, "quality": [{"type": "custom", "engine": "plumbline"}]}),
        ("quality", 0),
        "has an “implementation”",
    ),
    (
        _contract({**DATE, "quality": [{**_own(rule="not_in_future"), "mustBe": 0}]}),
        ("quality", 0),
        "remove the operator",
    ),
    (
        _contract({**DATE, "quality": [_own(rule="not_in_future", off=" ")]}),
        ("quality", 0, "implementation"),
        "gives the reason",
    ),
    (
        _contract({**DATE, "quality": [_own(rule="not_before")]}),
        ("quality", 0, "implementation"),
        "either “date” or “other”",
    ),
    (
        _contract({**DATE, "quality": [_own(rule="not_before", other="o.born")]}),
        ("quality", 0, "implementation"),
        "needs “via”",
    ),
    (
        _contract({**DATE, "quality": [_own(rule="not_before", other="o.born", via="a")]}),
        ("quality", 0, "implementation", "other"),
        "not a column of the contract",
    ),
    (
        _contract({**COLUMN, "quality": [_own(rule="not_in_future")]}),
        ("quality", 0, "implementation"),
        "does not go with",
    ),
    (
        _contract({**COLUMN, "relationships": [{"to": "o.x"}]}, other=[{"name": "y"}]),
        ("relationships", 0),
        "not a column that is read",
    ),
    (
        _contract({**COLUMN, "relationships": [{"to": "x.x"}]}, other=[{"name": "y"}]),
        ("relationships", 0),
        "one table of the contract",
    ),
    (
        _contract({**COLUMN, "relationships": [{"to": "o.x"}]}, other=[{"name": "x", "tags": ["key"]}]),
        ("relationships", 0),
        "different types",
    ),
    (
        _contract(
            {**COLUMN, "tags": ["key"], "relationships": [{"to": "o.x"}]}, other=[{"name": "x", "tags": ["key"]}]
        ),
        ("relationships", 0),
        "pseudonyms that never meet",
    ),
]


@pytest.mark.parametrize(("contract", "place", "told"), MISTAKES)
def test_mistakes_in_a_columns_rules(contract: Contract, place: tuple[Any, ...], told: str) -> None:
    problems = check_rules(contract)
    assert len(problems) == 1, problems
    location, what, todo = problems[0]
    assert location[:3] == ("schema", 0, "properties")
    assert location[4 : 4 + len(place)] == place
    assert told in f"{what} {todo}"
    assert what.endswith(".")


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"metric": "nullValues", "mustBe": 0}, "is a rule of a column"),
        ({"metric": "duplicateValues", "mustBe": 0}, "needs “properties”"),
        ({"metric": "duplicateValues", "arguments": {"properties": ["aa"]}, "mustBe": 0}, "Did you mean “a”?"),
        ({"metric": "rowCount", "unit": "percent", "mustBe": 0}, "number of rows"),
        (_own(rule="column_order", columns=["d"]), "two or more"),
        (_own(rule="not_in_future"), "needs a “column”"),
        (_own(rule="not_in_future", column="dd"), "Did you mean “d”?"),
    ],
)
def test_mistakes_in_a_tables_rules(item: dict[str, Any], told: str) -> None:
    problems = check_rules(_contract(COLUMN, DATE, quality=[item]))
    assert [told in f"{what} {todo}" for _, what, todo in problems] == [True]
    assert problems[0][0][:4] == ("schema", 0, "quality", 0)


def test_a_text_rule_is_for_people_only() -> None:
    assert _names(_contract({**COLUMN, "quality": [{"type": "text", "description": "Look at it."}]})) == ["a: type"]


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)a",
        r"(a)\1",
        r"a*+",
        r"a{,3}",
        r"[[:alpha:]]",
        r"[]a]",
        r"\bx",
        r"\pL",
        r"[\S]",
        r"a{1000}",
        r"(",
        r"[a--b]",
        "\\",
    ],
)
def test_what_only_one_engine_knows_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        portable(pattern)


@pytest.mark.parametrize(
    "pattern", [r"^\d{2}-\w+$", r"[^\d\s]\.", r"^(a|b)?$", r"\++", r"[\]\[]", r"a\\+", r"^\D\W\S$", r"(?:x){2,}"]
)
def test_a_portable_pattern_means_the_same_in_both_engines(pattern: str) -> None:
    import re

    con = duckdb.connect()
    texts = ["", "a", "b\n", "12-x", "١٢-x", "x.", "é.", "+", "++", "[", "]", "a\\", "xx", "x", "\x0b.", "ab ", "- ."]
    for text in texts:
        found = con.execute("SELECT regexp_matches(?, ?)", [text, pattern]).fetchone()
        assert found == (re.search(portable(pattern), text) is not None,), (pattern, text)


def _staged(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    con.execute("CREATE SCHEMA staging")
    con.execute(
        "CREATE TABLE staging.t AS SELECT 'secret' AS a, 1 AS _row, 'f' AS _file, CAST([] AS VARCHAR[]) AS _unparsed"
    )
    return {"t": "staging.t"}


def test_two_forms_that_disagree_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    con = duckdb.connect()
    staging = _staged(con)
    monkeypatch.setattr(Rule, "predicate", lambda self, scope: "true")
    with pytest.raises(PlumblineError, match=r"“a: type” disagree: 1 \(DuckDB\), 0 \(Great Expectations\)") as raised:
        apply_rules(con, _contract(COLUMN), staging, DAY)
    assert "secret" not in str(raised.value)


def test_an_error_of_great_expectations_is_told_without_values(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    con = duckdb.connect()
    staging = _staged(con)
    contract = _contract({**COLUMN, "logicalTypeOptions": {"pattern": "x"}})
    monkeypatch.setattr("data_contracts.rules.forms.portable", lambda pattern: "(")
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(PlumblineError, match="“a: pattern” could not be evaluated") as raised,
    ):
        apply_rules(con, contract, staging, DAY)
    assert raised.value.__cause__ is None
    assert "secret" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("great_expectations")]


def test_a_rule_about_a_table_that_is_not_there_is_not_checked() -> None:
    con = duckdb.connect()
    contract = _contract({**COLUMN, "relationships": [{"to": "o.x"}]}, other=[{"name": "x"}])
    staging = _staged(con)
    result = apply_rules(con, contract, staging, DAY)[-1]
    assert (result.checked, result.passed, result.detail) == (0, True, "not checked: no rows of o")
    assert write_failures(con, contract, staging, DAY) == 0
    con.execute("CREATE TABLE former AS SELECT 'other' AS x")
    result = apply_rules(con, contract, staging, DAY, parents={"o": "former"})[-1]
    assert (result.checked, result.failed, result.passed) == (1, 1, False)
    assert write_failures(con, contract, staging, DAY, parents={"o": "former"}) == 1
    assert con.execute("SELECT * FROM staging._failures").fetchall() == [("t", "f", 1, "a: in o", "a", "error")]


def test_an_empty_table_is_counted_not_failed() -> None:
    con = duckdb.connect()
    staging = _staged(con)
    con.execute("DELETE FROM staging.t")
    count = {"metric": "rowCount", "mustBeGreaterThan": 0}
    results = apply_rules(con, _contract({**COLUMN, "unique": True}, quality=[count]), staging, DAY)
    assert [(result.failed, result.passed) for result in results] == [(0, True), (0, True), (1, False)]
    assert checking.blocking_reasons(results, {"t": (0, 0)}, 0.1) == [
        "t: the critical rule “rowCount” does not hold (1 of 0 rows)."
    ]


def test_only_critical_rules_and_the_ceiling_block() -> None:
    error = RuleResult("t", "r", 10, 10, "error", False)
    assert blocking_reasons([error], {"t": (10, 1)}, 0.1) == []
    assert len(blocking_reasons([error], {"t": (10, 2)}, 0.1)) == 1
    assert len(blocking_reasons([RuleResult("t", "r", 10, 1, "critical", False)], {}, 1.0)) == 1
    assert Scope("t", {}, DAY).relation == "t"


def test_of_a_key_that_stands_twice_in_the_other_table_the_earliest_date_counts() -> None:
    con = duckdb.connect()
    contract = _contract(
        {"name": "k"},
        {"name": "d", "logicalType": "date", "quality": [_own(rule="not_before", other="o.born", via="k")]},
        other=[{"name": "k"}, {"name": "born", "logicalType": "date"}],
    )
    con.execute("CREATE TABLE o AS SELECT 'a' AS k, unnest([DATE '2000-01-01', DATE '2010-01-01']) AS born")
    con.execute(
        "CREATE TABLE t AS SELECT 'a' AS k, unnest([DATE '1999-12-31', DATE '2005-01-01']) AS d, 1 AS _row, "
        "'f' AS _file, CAST([] AS VARCHAR[]) AS _unparsed"
    )
    results = {result.rule: result for result in apply_rules(con, contract, {"t": "t"}, DAY, parents={"o": "o"})}
    assert results["d: not before o.born"].failed == 1


@pytest.mark.parametrize("cells", [8, 1_000_000])
def test_whole_numbers_that_doubles_would_confuse_are_different_keys(cells: int) -> None:
    con = duckdb.connect()
    con.execute(
        f"CREATE TABLE t AS SELECT unnest([{2**53}, {2**53 + 1}, NULL, 7, 7]) AS n, 1 AS _row, 'f' AS _file, "
        "CAST([] AS VARCHAR[]) AS _unparsed"
    )
    contract = _contract({"name": "n", "logicalType": "integer", "unique": True})
    results = {result.rule: result.failed for result in apply_rules(con, contract, {"t": "t"}, DAY, cells=cells)}
    assert results["n: unique"] == 2
