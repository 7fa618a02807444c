"""Dummy data: where they go, in which dialect, and what cannot be asked of them."""

from __future__ import annotations

import gzip
import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from data_contracts.contract import Contract, read_contract
from data_contracts.dummy import dummy
from data_contracts.dummy_files import file_name
from data_contracts.dummy_pattern import sample
from data_contracts.dummy_rows import generate
from data_contracts.errors import PlumblineError, UsageError

PROGRAMMES = Path(__file__).parents[2] / "data_contracts" / "programmes"


def contract_of(tmp_path: Path, *tables: dict[str, Any]) -> Contract:
    """A contract with these tables; what every contract needs besides is filled in."""
    for table in tables:
        custom = {"knowledgeDay": {"firstDelivery": True}, "purpose": "a test", "retention": "none"}
        custom |= table.pop("custom", {})
        table["customProperties"] = [{"property": key, "value": value} for key, value in custom.items()]
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "test", "version": "1.0.0", "status": "draft"}
    path = tmp_path / "contract.odcs.yaml"
    path.write_text(yaml.safe_dump({**head, "schema": list(tables)}), encoding="utf-8")
    contract, mistakes = read_contract(path)
    assert contract is not None, [str(mistake) for mistake in mistakes]
    return contract


def own_rule(rule: str, **more: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "plumbline", "implementation": {"rule": rule, **more}}


def key(name: str = "person_id", **more: Any) -> dict[str, Any]:
    return {"name": name, "tags": ["key"], "required": True, **more}


def rows(contract: Contract, people: int = 60, seed: int = 1) -> dict[str, pd.DataFrame]:
    return generate(contract, people, np.random.default_rng(seed))


@pytest.fixture
def plain(tmp_path: Path) -> Contract:
    return contract_of(tmp_path, {"name": "people", "physicalName": "people.csv", "properties": [key(primaryKey=True)]})


@pytest.mark.parametrize("name", ["family_support", "anything"])
def test_a_used_folder_is_refused(name: str, plain: Contract, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        dummy(name, plain, 30, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_refused(plain: Contract, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        dummy("anything", plain, 30, tmp_path / "out")


def test_an_unreadable_folder_is_told_in_words(
    plain: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "exists", denied)
    with pytest.raises(UsageError, match=r"cannot be read \(PermissionError\)"):
        dummy("anything", plain, 30, tmp_path / "out")


def test_an_empty_folder_is_used(plain: Contract, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert [path.name for path in dummy("anything", plain, 30, out)] == ["people.csv"]
    assert len((out / "people.csv").read_text().splitlines()) == 31


def test_scenarios_exist_for_the_simulated_programme_only(plain: Contract, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"“anything” has no scenario “biased”.*only family_support"):
        dummy("anything", plain, 30, tmp_path / "out", scenario="biased")
    with pytest.raises(UsageError, match="Valid are: even, biased"):
        dummy("family_support", plain, 30, tmp_path / "out", scenario="odd")
    assert not (tmp_path / "out").exists()


def test_nobody_is_too_few(plain: Contract, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one person"):
        dummy("anything", plain, 0, tmp_path / "out")


@pytest.mark.parametrize(("name", "scenario"), [("family_support", "biased"), ("student_support", None)])
def test_the_same_seed_gives_the_same_bytes(name: str, scenario: str | None, tmp_path: Path) -> None:
    contract, mistakes = read_contract(PROGRAMMES / name / "contract.odcs.yaml")
    assert contract is not None, mistakes

    def written(out: str, seed: int | None) -> dict[str, str]:
        dummy(name, contract, 40, tmp_path / out, scenario, seed)
        found = sorted((tmp_path / out).rglob("*.*"))
        return {str(p.relative_to(tmp_path / out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}

    first, second, other = written("a", 7), written("b", 7), written("c", 8)
    assert first == second
    assert first != other


def test_the_simulator_writes_every_file_of_the_contract_and_no_other(tmp_path: Path) -> None:
    contract, _ = read_contract(PROGRAMMES / "family_support" / "contract.odcs.yaml")
    assert contract is not None
    written = dummy("family_support", contract, 40, tmp_path / "out")
    assert sorted(path.name for path in written) == sorted(
        str(table.physical_name).rstrip("*") for table in contract.tables
    )
    for table in contract.tables:
        header = (tmp_path / "out" / f"{table.name}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert sorted(header.split(",")) == sorted(column.header for column in table.columns)


def test_a_german_dialect(tmp_path: Path) -> None:
    dialect = {
        "encoding": "cp1252", "delimiter": ";", "decimal": ",", "dateFormat": "dd.MM.yyyy", "nullMarks": ["k. A."],
        "headerRow": 3, "footerRows": 1,
    }  # fmt: skip
    contract = contract_of(
        tmp_path,
        {
            "name": "faelle",
            "physicalName": "Faelle*.csv",
            "properties": [
                key("fall", physicalName="Fall-Nr.", primaryKey=True),
                {"name": "art", "physicalName": "Maßnahme", "quality": [valid("Beratung", "Häusliche Hilfe")]},
                {"name": "betrag", "logicalType": "number", "required": True},
                {"name": "beginn", "logicalType": "date", "required": True},
                {"name": "notiz", "tags": ["free_text"]},
                {"name": "plz", "tags": ["drop"]},
            ],
            "custom": {"dialect": dialect},
        },
    )
    (path,) = dummy("anything", contract, 200, tmp_path / "out")
    assert path.name == "Faelle.csv"
    lines = path.read_bytes().decode("cp1252").split("\r\n")
    assert lines[2] == "Fall-Nr.;Maßnahme;betrag;beginn;plz"
    assert lines[0] == lines[1] == "Simulated data (faelle)"
    assert lines[-2:] == ["Total 200;;;;", ""]
    for line in lines[3:-2]:
        number, kind, amount, begin, postcode = line.split(";")
        assert re.fullmatch(r"F\d{7}", number)
        assert kind in ("Beratung", "Häusliche Hilfe", "k. A.")
        assert re.fullmatch(r"\d+,\d\d", amount)
        assert datetime.strptime(begin, "%d.%m.%Y").year >= 2019
        assert postcode == ""


def valid(*values: Any) -> dict[str, Any]:
    return {"metric": "invalidValues", "arguments": {"validValues": list(values)}, "mustBe": 0}


TYPED = [
    key(primaryKey=True, logicalType="integer"),
    {"name": "day", "logicalType": "date"},
    {"name": "moment", "logicalType": "timestamp"},
    {"name": "yes", "logicalType": "boolean"},
    {"name": "number", "logicalType": "number"},
    {"name": "whole", "logicalType": "integer"},
    {"name": "word"},
    {"name": "gone", "tags": ["drop"]},
]


def test_parquet_holds_typed_columns(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {"name": "t", "physicalName": "t.parquet", "properties": TYPED})
    (path,) = dummy("anything", contract, 50, tmp_path / "out")
    types = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert types == {
        "person_id": "int64", "day": "date32[day]", "moment": "timestamp[us]", "yes": "bool", "number": "double",
        "whole": "int64", "word": "string", "gone": "string",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.measured
def test_a_workbook_is_the_same_to_the_byte_whenever_it_is_made(tmp_path: Path) -> None:
    table = {"name": "t", "physicalName": "t.xlsx", "properties": TYPED}
    table["custom"] = {"dialect": {"sheet": "Export", "headerRow": 2, "footerRows": 1}}
    contract = contract_of(tmp_path, table)
    (first,) = dummy("anything", contract, 50, tmp_path / "a")
    import time

    time.sleep(2.1)  # zip times have a resolution of two seconds
    (second,) = dummy("anything", contract, 50, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    sheet = openpyxl.load_workbook(first)["Export"]
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[1] == tuple(column["name"] for column in TYPED)
    assert cells[-1][0] == "Total 50"
    assert len(cells) == 53


def test_gzip_and_title_rows(tmp_path: Path) -> None:
    contract = contract_of(
        tmp_path,
        {
            "name": "t",
            "physicalName": "t.csv.gz",
            "properties": [*TYPED, {"name": "sort", "logicalType": "boolean", "required": True}],
        },
    )
    (path,) = dummy("anything", contract, 20, tmp_path / "out")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert len(lines) == 21
    assert path.read_bytes()[4:8] == b"\0\0\0\0"  # no time in the header
    assert {line.split(",")[-1] for line in lines[1:]} == {"true", "false"}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("studentInfo.csv*", "studentInfo.csv"),
        ("export_20??.csv", "export_2011.csv"),
        ("[Ff]all.csv", "Fall.csv"),
        ("*.csv", "dummy.csv"),
        ("sub/*.csv", "sub/.csv"),
    ],
)
def test_a_pattern_finds_its_file_name(pattern: str, name: str) -> None:
    from fnmatch import fnmatch

    assert file_name(pattern) == name
    assert fnmatch(name, pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}-\d{2,4}$", r"^(north|south) \w+$", r"^[^a-z]x?y*z+$", r"^a.c$", r"^[\d\-]{5}$", r"^\S+$",
        r"(?:ab)+?c", r"^[^\s]{3}$", r"^\D\W\w\s$",
    ],
)  # fmt: skip
def test_texts_match_their_pattern(pattern: str) -> None:
    rng = np.random.default_rng(0)
    found = [sample(pattern, rng) for _ in range(30)]
    assert all(text is not None and re.search(pattern, text) for text in found)


@pytest.mark.parametrize("pattern", ["(", r"a\bb", r"(a)\1", "^$x", r"[^\x00-\x7f]"])
def test_a_pattern_without_a_text_is_none(pattern: str) -> None:
    assert sample(pattern, np.random.default_rng(0)) is None


def test_examples_that_keep_the_rules_are_used(tmp_path: Path) -> None:
    column = {"name": "area", "required": True, "examples": ["Ost", "x"], "logicalTypeOptions": {"minLength": 3}}
    contract = contract_of(tmp_path, {"name": "t", "physicalName": "t.csv", "properties": [key(), column]})
    assert set(rows(contract)["t"]["area"]) == {"Ost"}


@pytest.mark.parametrize(
    "column",
    [
        {"name": "n", "logicalType": "integer", "logicalTypeOptions": {"minimum": 5, "maximum": 4}},
        {"name": "d", "logicalType": "date", "logicalTypeOptions": {"minimum": "2020-01-02", "maximum": "2020-01-01"}},
        {"name": "s", "logicalTypeOptions": {"pattern": "^a$", "minLength": 3}},
        {"name": "v", "logicalTypeOptions": {"maxLength": 2}, "quality": [valid("long")]},
    ],
)
def test_rules_that_exclude_each_other_are_told(column: dict[str, Any], tmp_path: Path) -> None:
    contract = contract_of(tmp_path, {"name": "t", "physicalName": "t.csv", "properties": [key(), column]})
    with pytest.raises(PlumblineError, match=rf"t\.{column['name']}: its rules leave no dummy value"):
        rows(contract)


def test_tables_in_a_circle_are_told(tmp_path: Path) -> None:
    def table(name: str, other: str) -> dict[str, Any]:
        column = key("id", primaryKey=True, relationships=[{"to": f"{other}.id"}])
        return {"name": name, "physicalName": f"{name}.csv", "properties": [column]}

    with pytest.raises(PlumblineError, match="a, b refer to each other in a circle"):
        rows(contract_of(tmp_path, table("a", "b"), table("b", "a")))


def test_row_counts_of_the_contract_are_kept(tmp_path: Path) -> None:
    def table(name: str, **operator: Any) -> dict[str, Any]:
        quality = [{"metric": "rowCount", **operator}]
        return {"name": name, "physicalName": f"{name}.csv", "properties": [key("id")], "quality": quality}

    made = rows(
        contract_of(
            tmp_path,
            table("a", mustBeGreaterThan=100),
            table("b", mustBeLessThan=10),
            table("c", mustBeBetween=[200, 300]),
            table("d", mustBe=7),
        )
    )
    assert len(made["a"]) > 100
    assert len(made["b"]) < 10
    assert 200 <= len(made["c"]) <= 300
    assert len(made["d"]) == 7


def test_lookup_tables_stay_small(tmp_path: Path) -> None:
    columns = [{"name": "code", "primaryKey": True}, {"name": "length", "logicalType": "integer"}]
    made = rows(contract_of(tmp_path, {"name": "codes", "physicalName": "codes.csv", "properties": columns}))
    assert len(made["codes"]) == 24
    assert made["codes"]["code"].is_unique


def test_references_that_share_a_column_hold_together(tmp_path: Path) -> None:
    """An entry names a place and a code; not every code that a place has is in the list of codes."""
    codes = {"name": "codes", "physicalName": "codes.csv"}
    codes["properties"] = [{"name": "code", "primaryKey": True, "quality": [valid("a", "b")]}]
    places = {"name": "places", "physicalName": "places.csv"}
    places["properties"] = [key("place", primaryKey=True), {"name": "code", "quality": [valid("a", "b", "c")]}]
    entries = {"name": "entries", "physicalName": "entries.csv"}
    entries["properties"] = [
        {**key("place"), "required": False},
        {"name": "code", "required": True, "relationships": [{"to": "codes.code"}]},
    ]
    entries["relationships"] = [{"from": ["place", "code"], "to": ["places.place", "places.code"]}]
    made = rows(contract_of(tmp_path, entries, places, codes))
    assert set(made["entries"]["code"]) == {"a", "b"}


def test_a_table_may_refer_to_itself(tmp_path: Path) -> None:
    columns = [key("case", primaryKey=True), key("earlier")]
    columns[1]["customProperties"] = [{"property": "keySpace", "value": "case"}]
    columns[1]["relationships"] = [{"to": "cases.case"}]
    made = rows(contract_of(tmp_path, {"name": "cases", "physicalName": "cases.csv", "properties": columns}))
    assert set(made["cases"]["earlier"]) <= set(made["cases"]["case"])


def test_references_that_overlap_are_filled_together(tmp_path: Path) -> None:
    codes = {"name": "codes", "physicalName": "codes.csv"}
    codes["properties"] = [
        {"name": "code", "primaryKey": True, "primaryKeyPosition": 1, "quality": [valid("a", "b")]},
        {"name": "kind", "primaryKey": True, "primaryKeyPosition": 2, "quality": [valid("x", "y")]},
    ]
    places = {"name": "places", "physicalName": "places.csv"}
    places["properties"] = [key("place", primaryKey=True), {"name": "code", "required": True, "quality": [valid("a")]}]
    entries = {"name": "entries", "physicalName": "entries.csv"}
    entries["properties"] = [key("place"), {"name": "code", "required": True}, {"name": "kind", "required": True}]
    entries["relationships"] = [
        {"from": ["place", "code"], "to": ["places.place", "places.code"]},
        {"from": ["code", "kind"], "to": ["codes.code", "codes.kind"]},
    ]
    made = rows(contract_of(tmp_path, entries, places, codes))
    assert set(made["entries"]["code"]) == {"a"}
    assert set(made["entries"]["kind"]) <= {"x", "y"}
    assert len(made["entries"]) > 50


def test_a_reference_to_an_empty_table_leaves_no_rows(tmp_path: Path) -> None:
    parent = {"name": "parent", "physicalName": "parent.csv", "properties": [key("id", primaryKey=True)]}
    parent["quality"] = [{"metric": "rowCount", "mustBe": 0}]
    child = {
        "name": "child",
        "physicalName": "child.csv",
        "properties": [key("id", relationships=[{"to": "parent.id"}])],
    }
    made = rows(contract_of(tmp_path, child, parent))
    assert made["parent"].empty
    assert made["child"].empty


def test_allowed_values_keep_the_other_rules_too(tmp_path: Path) -> None:
    exclusive = {"exclusiveMinimum": 1, "exclusiveMaximum": 5}
    missing = {"metric": "missingValues", "arguments": {"missingValues": ["n/a"]}, "mustBe": 0}
    columns = [
        key(),
        {"name": "n", "logicalType": "integer", "quality": [valid(1, 3, 5)], "logicalTypeOptions": exclusive},
        {
            "name": "d",
            "logicalType": "date",
            "quality": [valid("2020-01-01", "2020-06-01")],
            "logicalTypeOptions": {"minimum": "2020-02-01"},
        },
        {"name": "s", "required": True, "quality": [valid("n/a", "yes"), missing]},
        {"name": "old", "logicalType": "date", "required": True, "logicalTypeOptions": {"maximum": "1950-01-01"}},
    ]
    made = rows(contract_of(tmp_path, {"name": "t", "physicalName": "t.csv", "properties": columns}))["t"]
    assert set(made["n"].dropna()) == {3}
    assert set(made["d"].dropna()) == {pd.Timestamp("2020-06-01")}
    assert set(made["s"]) == {"yes"}
    assert (made["old"] <= pd.Timestamp("1950-01-01")).all()
