"""What the core tables can hold, from mapping and contract alone; what rests on columns without a history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_contracts.core import CoreMapping, vocabulary
from data_contracts.core.reads import read_by
from tests.data_contracts_deliveries import column, contract, table

LISTED = {"metric": "invalidValues", "arguments": {"validValues": ["b", "a", None]}, "mustBe": 0}
CASE = {"table": "cases", "columns": {"case_id": "id", "person_id": "id", "opened_at": "day"}}


def made(tmp_path: Path, core: dict[str, Any], **custom: Any) -> Any:
    """The vocabulary of two tables, cases and things, under a mapping."""
    fields: dict[str, Any] = {"knowledgeDay": {"column": "day"}}
    columns = (
        column("id", "string", "key", primaryKey=True, required=True),
        column("day", "date"),
        column("ended", "date"),
        column("end_known", "date"),
        column("kind", quality=[LISTED]),
        column("free"),
        column("number", "integer", quality=[{**LISTED, "arguments": {"validValues": [2, 1]}}]),
        column("warned", quality=[{**LISTED, "severity": "warning"}]),
        column("tolerated", quality=[{**LISTED, "mustBe": None, "mustBeLessThan": 5}]),
    )
    tables = [table("cases", *columns, **fields), table("things", *columns, **fields, **custom)]
    return vocabulary(CoreMapping.model_validate({"case": CASE, **core}), contract(tmp_path, *tables))


def events(**more: Any) -> dict[str, Any]:
    columns = {"person_id": "id", "event_at": "day", **more.pop("columns", {})}
    return {"table": "things", "columns": columns, **more}


def test_names_and_values_come_from_constants_and_from_what_the_contract_lists(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        {
            "event": [
                events(constants={"event_type": "visit"}, columns={"category": "kind", "value": "number"}),
                events(constants={"event_type": "visit", "category": "late"}),
                events(columns={"event_type": "'call'", "category": "lower(kind)"}),
                events(columns={"event_type": '"Kind"'}),
            ],
            "attribute": {
                "table": "things",
                "columns": {"subject_id": "id"},
                "attributes": {"k": "kind", "n": "number", "f": "free", "w": "warned", "t": "tolerated", "i": "id"},
            },
            "coverage": {"sql": "SELECT 'x' AS source", "sources": ["x"]},
        },
    )
    assert found.event_types == ("visit", "call", "b", "a")
    assert found.categories == {"visit": ("b", "a", "late"), "call": None, "a": (), "b": ()}
    assert found.without_value == {"call", "a", "b"}
    assert found.without_end == {"visit", "call", "a", "b"}
    assert found.attributes == ("k", "n", "f", "w", "t", "i")
    # a warning and a tolerance let other values pass; a key is a pseudonym
    assert found.values == {"k": ("b", "a"), "n": ("2", "1"), "f": None, "w": None, "t": None, "i": None}
    assert found.sources == ("x",)


def test_one_source_that_maps_an_end_is_enough(tmp_path: Path) -> None:
    ends = {"ended_at": "ended", "end_known_at": "end_known"}
    core = {
        "event": [
            events(constants={"event_type": "stay"}),
            events(constants={"event_type": "stay"}, columns=ends),
            events(constants={"event_type": "call"}),
            {"sql": "SELECT 1", "event_types": ["service"]},
        ]
    }
    assert made(tmp_path, core).without_end == {"call"}


def test_an_open_source_leaves_everything_open(tmp_path: Path) -> None:
    core = {"event": [events(constants={"event_type": "visit"}), {"sql": "SELECT 1"}], "attribute": {"sql": "SELECT 1"}}
    found = made(tmp_path, core)
    assert (found.event_types, found.attributes) == (None, None)
    assert found.categories == {"visit": None}, "the open source may give visits too"
    assert found.without_value == frozenset()
    assert found.without_end == frozenset()
    assert found.sources == ()


@pytest.mark.parametrize(
    ("core", "types", "attributes", "sources"),
    [
        ({"event": events(constants={"event_type": "v"}, columns={"category": "free"})}, {"v"}, (), ()),
        ({"event": events(constants={"event_type": "v"}, columns={"value": "length(t.free)"})}, {"v"}, (), ()),
        ({"event": events(constants={"event_type": "v"}, where="FREE IS NULL")}, {"v"}, (), ()),
        ({"event": events(columns={"event_type": "free"})}, {"*"}, (), ()),
        ({"event": events(constants={"event_type": "v"}, columns={"category": "kind"})}, (), (), ()),
        # an end has a knowledge day of its own
        (
            {"event": events(constants={"event_type": "v"},
                             columns={"ended_at": "ended", "end_known_at": "end_known"})},
            (), (), (),
        ),
        ({"event": events(constants={"event_type": "v"}, columns={"value": "ended - day"})}, {"v"}, (), ()),
        (
            {"event": {"sql": "SELECT id, ended AS ended_at, end_known FROM things", "event_types": ["v"]}},
            {"v"}, (), (),
        ),
        (
            {"event": {"sql": "SELECT ended AS ended_at, end_known AS end_known_at FROM things UNION ALL "
                              "SELECT ended, end_known FROM things", "event_types": ["v"]}},
            (), (), (),
        ),
        (
            {"event": {"sql": "WITH w AS (SELECT free AS x FROM things) SELECT x AS category FROM w",
                       "event_types": ["v", "w"]}},
            {"v", "w"}, (), (),
        ),
        (
            # a column of that name in a table where nothing is written over
            {"event": {"sql": "SELECT free AS category FROM cases", "event_types": ["v"]}},
            (), (), (),
        ),
        (
            {
                "event": events(constants={"event_type": "v"}),
                "attribute": {"table": "things", "columns": {"subject_id": "id"},
                              "attributes": {"f": "free", "k": "kind"}},
                "coverage": {"table": "things", "constants": {"source": "s"}, "columns": {"to": "ended"}},
            },
            (), ("f",), ("s",),
        ),
        (
            {
                "event": events(constants={"event_type": "v"}),
                "attribute": {"sql": "SELECT t.* FROM things t WHERE free = ''", "attributes": ["f", "k"]},
                "coverage": {"sql": "SELECT 's' AS source, ended AS \"to\" FROM things"},
            },
            (), ("f", "k"), ("*",),
        ),
    ],
)  # fmt: skip
def test_what_rests_on_a_column_that_is_written_over(
    tmp_path: Path, core: dict[str, Any], types: Any, attributes: Any, sources: Any
) -> None:
    found = made(tmp_path, core, overwrittenInPlace=["free", "ended", "end_known"])
    assert set(found.overwritten_types) == set(types)
    assert set(found.overwritten_attributes) == set(attributes)
    assert set(found.overwritten_sources) == set(sources)
    assert all(name.startswith("things.") for name in found.overwritten_types.values())


@pytest.mark.parametrize(
    "custom",
    [
        {},
        {"overwrittenInPlace": [{"column": "free", "reason": "It is asked once, at the start."}]},
        {"overwrittenInPlace": ["free"], "knowledgeDay": {"firstDelivery": True}},
    ],
)
def test_a_reason_or_a_history_makes_a_column_good(tmp_path: Path, custom: dict[str, Any]) -> None:
    core = {"event": events(constants={"event_type": "v"}, columns={"category": "free"})}
    fields: dict[str, Any] = {"knowledgeDay": {"column": "day"}, **custom}
    columns = (column("id", "string", "key", primaryKey=True, required=True), column("day", "date"), column("free"))
    agreed = contract(
        tmp_path, table("cases", *columns, knowledgeDay={"column": "day"}), table("things", *columns, **fields)
    )
    found = vocabulary(CoreMapping.model_validate({"case": CASE, **core}), agreed)
    assert found.overwritten_types == {}


def test_an_opening_that_is_written_over_is_told(tmp_path: Path) -> None:
    core: dict[str, Any] = {"event": events(constants={"event_type": "v"})}
    case = {
        "table": "things",
        "columns": {"case_id": "id", "person_id": "id", "opened_at": "day", "closed_at": "ended"},
    }
    assert made(tmp_path, {**core, "case": case}, overwrittenInPlace=["ended"]).overwritten_opening is None
    assert made(tmp_path, {**core, "case": case}, overwrittenInPlace=["day"]).overwritten_opening == "things.day"


@pytest.mark.parametrize(
    ("to", "reason", "told"),
    [("ended", None, True), ("ended", "Entered on the day, always.", False), ("day", None, False)],
)
def test_households_whose_ends_are_written_over_are_told(
    tmp_path: Path, to: str, reason: str | None, told: bool
) -> None:
    core: dict[str, Any] = {
        "event": events(constants={"event_type": "v"}),
        "membership": {"table": "things", "columns": {"person_id": "id", "cluster_id": "kind", "to": to}},
    }
    entry = {"column": "ended", "reason": reason} if reason else "ended"
    found = made(tmp_path, core, overwrittenInPlace=[entry])
    assert found.overwritten_membership == ("things.ended" if told else None)


def test_without_a_contract_only_what_the_mapping_says_is_known() -> None:
    core = {"case": CASE, "event": events(constants={"event_type": "v"}, columns={"category": "kind"})}
    found = vocabulary(CoreMapping.model_validate(core), None)
    assert (found.event_types, found.categories) == (("v",), {"v": None})


@pytest.mark.parametrize(
    ("sql", "without", "columns"),
    [
        ("SELECT a AS x, b FROM t", (), {"a", "b"}),
        ("SELECT a AS x, b FROM t", ("x",), {"b"}),
        ("SELECT x, b FROM t", ("x",), {"b"}),
        ("SELECT *, a AS x FROM t", ("x",), set()),
        ("SELECT a AS x FROM t WHERE a > 0", ("x",), {"a"}),
        ("SELECT b FROM t JOIN u USING (K)", (), {"b", "k"}),
        ("SELECT b AS x, c FROM t EXCEPT SELECT d, e FROM u", ("x",), {"c", "e"}),
        ("no SQL at all", (), set()),
    ],
)
def test_the_columns_that_a_statement_reads(sql: str, without: tuple[str, ...], columns: set[str]) -> None:
    with duckdb.connect() as con:
        assert read_by(con, sql, without).columns == columns
