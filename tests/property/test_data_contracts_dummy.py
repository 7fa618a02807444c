"""Whatever a contract asks, dummy rows keep it: judged by the rules' own SQL, not by the generator."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import Contract, read_contract
from data_contracts.dummy_rows import generate
from data_contracts.rules import Scope, compile_rules

pytestmark = pytest.mark.slow

PROGRAMMES = Path(__file__).parents[2] / "data_contracts" / "programmes"
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
TYPES["timestamp"] = "TIMESTAMP"


def faults(contract: Contract, made: dict[str, pd.DataFrame]) -> dict[str, int]:
    """Failing rows per rule, by the rules' predicates in DuckDB."""
    con = duckdb.connect()
    relations = {}
    for table in contract.tables:
        frame = made[table.name].astype(object).where(made[table.name].notna(), None)
        columns = ", ".join(f'"{c.name}" {"VARCHAR" if c.is_key else TYPES[c.logical_type]}' for c in table.stored)
        con.execute(f'CREATE TABLE "{table.name}" (_row BIGINT, _unparsed VARCHAR[], {columns})')
        for number, row in enumerate(frame.itertuples(index=False, name=None)):
            values = [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in row]
            con.execute(
                f'INSERT INTO "{table.name}" VALUES ({", ".join("?" * (len(values) + 2))})', [number, [], *values]
            )
        relations[table.name] = f'"{table.name}"'
    found = {}
    for rule in compile_rules(contract):
        scope = Scope(relations[rule.table], relations, date(2025, 1, 1))
        row = con.execute(f'SELECT count(*) FILTER ({rule.predicate(scope)}) FROM "{rule.table}" t').fetchone()
        failed = row[0] if row else -1
        if not rule.tolerance.holds(failed, len(made[rule.table])):
            found[f"{rule.table}: {rule.name}"] = failed
    return found


@pytest.mark.parametrize("name", ["family_support", "student_support"])
def test_built_in_contracts_are_kept(name: str) -> None:
    contract, mistakes = read_contract(PROGRAMMES / name / "contract.odcs.yaml")
    assert contract is not None, mistakes
    made = generate(contract, 40, np.random.default_rng(5))
    assert faults(contract, made) == {}
    assert all(len(made[table.name]) for table in contract.tables)


def _bounded(low: Any, high: Any, draw: st.DrawFn) -> dict[str, Any]:
    options = {}
    if draw(st.booleans()):
        options[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        options[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = high
    return options


@st.composite
def columns(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(TYPES)))
    column: dict[str, Any] = {"name": f"c{number}", "logicalType": kind, "required": draw(st.booleans())}
    if kind in ("integer", "number"):
        low = draw(st.integers(-50, 50))
        column["logicalTypeOptions"] = _bounded(low, low + draw(st.integers(3, 400)), draw)
    elif kind == "date":
        low = draw(st.dates(date(1990, 1, 1), date(2024, 6, 1)))
        high = draw(st.dates(date.fromordinal(low.toordinal() + 3), date(2024, 12, 31)))
        column["logicalTypeOptions"] = _bounded(low.isoformat(), high.isoformat(), draw)
    elif kind == "string":
        choice = draw(st.integers(0, 3))
        if choice == 1:
            least = draw(st.integers(1, 8))
            column["logicalTypeOptions"] = {"minLength": least, "maxLength": least + draw(st.integers(2, 9))}
        elif choice == 2:
            column["logicalTypeOptions"] = {
                "pattern": draw(st.sampled_from([r"^[A-Z]\d{3}$", r"^(x|yy)-\d+$", r"^\w{4,6}$"]))
            }
        elif choice == 3:
            column["quality"] = [
                {"metric": "invalidValues", "arguments": {"validValues": ["a", "b", "c"]}, "mustBe": 0}
            ]
    return column


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    """A table of people, one of their cases, one of entries about both, with chains of dates inside and across."""

    def table(name: str, properties: list[dict[str, Any]], quality: list[dict[str, Any]]) -> dict[str, Any]:
        custom = {"knowledgeDay": {"firstDelivery": True}, "purpose": "a test", "retention": "none"}
        custom["dialect"] = {}
        listed = [{"property": key, "value": value} for key, value in custom.items()]
        said = {"name": name, "physicalName": f"{name}.csv", "properties": properties}
        return {**said, "quality": quality, "customProperties": listed}

    def own(rule: str, **more: Any) -> dict[str, Any]:
        return {"type": "custom", "engine": "plumbline", "implementation": {"rule": rule, **more}}

    def key(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "tags": ["key"], "required": True, **more}

    def day(name: str) -> dict[str, Any]:
        return {"name": name, "logicalType": "date", "required": draw(st.booleans())}

    extra = [draw(columns(n)) for n in range(draw(st.integers(0, 4)))]
    people = table("people", [key("person", primaryKey=True), {**day("born"), "tags": ["birth_date"]}, *extra], [])
    two = draw(st.booleans())  # a case is named by its number alone, or by person and number
    number = {"name": "number", "primaryKey": True, "primaryKeyPosition": 2, "logicalType": "integer", "required": True}
    named = (
        [key("person", primaryKey=True, primaryKeyPosition=1, relationships=[{"to": "people.person"}]), number]
        if two
        else [key("case", primaryKey=True), key("person", relationships=[{"to": "people.person"}])]
    )
    cases = table(
        "cases",
        [*named, day("opened"), day("known"), day("closed")],
        [
            own("not_before", column="opened", other="people.born", via="person"),
            own("column_order", columns=["opened", "known", "closed"], strict=draw(st.booleans())),
        ],
    )
    cases["quality"][1]["implementation"]["columns"] = draw(
        st.sampled_from([["opened", "known", "closed"], ["opened", "closed"], ["known", "closed"]])
    )
    entry = [key("entry", unique=True), day("happened"), *[draw(columns(10 + n)) for n in range(2)]]
    if two:
        entry += [key("person"), {"name": "number", "logicalType": "integer", "required": True}]
        entries = table("entries", entry, [])
        entries["relationships"] = [{"from": ["person", "number"], "to": ["cases.person", "cases.number"]}]
    else:
        entry += [
            key("case", required=draw(st.booleans()), relationships=[{"to": "cases.case"}]),
            key("person", relationships=[{"to": "people.person"}]),
        ]
        late = own("not_before", column="happened", other="cases.opened", via="case", strict=draw(st.booleans()))
        entries = table("entries", entry, [late])
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "test", "version": "1.0.0", "status": "draft"}
    return {**head, "schema": [entries, cases, people]}


@settings(max_examples=15, deadline=None)
@given(contracts(), st.integers(1, 25), st.integers(0, 1000))
def test_generated_contracts_are_kept(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, Any], people: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("pack") / "contract.odcs.yaml"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    contract, mistakes = read_contract(path)
    assert contract is not None, [str(mistake) for mistake in mistakes]
    made = generate(contract, people, np.random.default_rng(seed))
    assert faults(contract, made) == {}
    again = generate(contract, people, np.random.default_rng(seed))
    for name, frame in made.items():
        pd.testing.assert_frame_equal(frame, again[name])
    assert len(made["people"]) >= 1
