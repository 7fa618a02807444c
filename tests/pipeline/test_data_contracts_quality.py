"""A delivery with faults through landing, quality report and worklist."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from data_contracts.contract import Contract, read_contract
from data_contracts.core import CoreMapping, build_core
from data_contracts.delivery import find_files
from data_contracts.ingest import Landing, accept_delivery, land
from data_contracts.keys import load_key
from data_contracts.quality import INFO, QualityReport, blocking, build_quality, latest_quality, much_gone
from data_contracts.warehouse import open_warehouse
from data_contracts.worklist import write_worklist

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: test
version: "1"
status: active
customProperties:
  - {property: quarantineCeiling, value: 0.5}
schema:
  - name: people
    physicalName: people*.csv
    customProperties:
      - {property: knowledgeDay, value: {reference: People are as they are.}}
      - {property: purpose, value: Testing}
      - {property: retention, value: None at all}
    properties:
      - {name: person, logicalType: integer, tags: [key], primaryKey: true}
      - {name: born, logicalType: date, tags: [birth_date]}
      - name: colour
        tags: [protected]
        quality: [{metric: invalidValues, arguments: {validValues: [red, green, blue]}, mustBe: 0}]
      - {name: area, tags: [proxy]}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 3, severity: critical}
  - name: visits
    physicalName: visits*.csv
    customProperties:
      - {property: knowledgeDay, value: {column: day}}
      - {property: purpose, value: Testing}
      - {property: retention, value: None at all}
    properties:
      - name: visitor
        logicalType: integer
        tags: [key]
        relationships: [{to: people.person}]
        customProperties: [{property: keySpace, value: person}]
      - name: day
        logicalType: date
        required: true
        quality:
          - type: custom
            engine: plumbline
            implementation: {rule: not_before, other: people.born, via: {visitor: person}}
      - name: minutes
        logicalType: integer
        quality: [{name: "=1+1", metric: nullValues, mustBe: 0, severity: warning}]
"""
TODAY = date(2026, 11, 20)
COLOURS = ["red", "green"]


def _people(count: int = 40) -> list[str]:
    return ["person,born,colour,area,secret"] + [
        f"{n},{1950 + n % 2}-03-01,{COLOURS[n % 2]},{'n' if n % 4 else 's'},x{n}" for n in range(1, count + 1)
    ]


def _visits() -> list[str]:
    return ["visitor,day,minutes"] + [f"{1 + n % 40},2026-0{1 + n % 9}-11,{n}" for n in range(80)]


class Office:
    """A warehouse with a folder of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        (folder / "contract.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
        contract, mistakes = read_contract(folder / "contract.odcs.yaml")
        assert contract is not None, mistakes
        self.contract: Contract = contract
        self.con: duckdb.DuckDBPyConnection = open_warehouse(folder / "warehouse.duckdb")
        self.key = load_key(folder / "key", warehouse_exists=False).for_programme("test")

    def land(self, people: list[str], visits: list[str]) -> Landing:
        (self.folder / "data" / "people.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
        (self.folder / "data" / "visits.csv").write_text("\n".join(visits) + "\n", encoding="utf-8")
        delivery = find_files(self.contract, self.folder / "data", today=TODAY)
        return land(self.con, "test", self.contract, delivery, self.key)

    def quality(self, landing: Landing, **more: int) -> QualityReport:
        ignored = {"people.csv": ["secret"]}
        return build_quality(self.con, "test", self.contract, landing, ignored_columns=ignored, **more)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def _faulty() -> tuple[list[str], list[str]]:
    people, visits = _people(), _visits()
    people[2] = people[2].replace("red", "Agatha Nonesuch")
    people[4] = people[4].replace("1950", "1900")
    people[6] = people[6].replace("1950", "2099")
    people[8] = people[10] = people[8]
    people.append("41,1950-01-01,blue,n,x")
    visits[1] = "1,1949-12-31,5"
    visits[2] = "999,2026-01-01,5"
    visits[3] = "3,,5"
    visits[4] = "4,someday,5"
    visits[5] = "5,2026-01-01,"
    visits[6] = "6,2026-01-01,5,6"
    return people, visits


def test_faults_are_counted_by_rule_and_table(office: Office) -> None:
    landing = office.land(*_faulty())
    report = office.quality(landing)
    failed = {(one.table, one.rule): one.failed for one in report.measures if one.failed and one.severity != INFO}
    assert failed == {
        ("people", "colour: invalidValues"): 1,
        ("people", "born: not_before"): 1,
        ("people", "born: not_in_future"): 1,
        ("people", "person: unique"): 2,
        ("visits", "day: not before people.born"): 2,
        ("visits", "visitor: in people"): 3,
        ("visits", "day: required"): 1,
        ("visits", "day: type"): 1,
        ("visits", "=1+1"): 1,
        ("visits", "fields"): 1,
    }
    quarantined = {one.table: one.value for one in report.of("rows: quarantined")}
    assert quarantined == {name: float(counts.quarantined) for name, counts in landing.tables.items()}
    assert blocking(office.contract, landing) == {}
    frame = report.as_frame()
    assert list(frame.columns) == ["table", "rule", "checked", "failed", "severity", "passed", "value", "detail"]
    assert "ignored_column: secret" in set(frame["rule"])


def test_no_value_of_a_row_is_in_the_report_or_the_worklist(office: Office) -> None:
    landing = office.land(*_faulty())
    report = office.quality(landing)
    path = office.folder / "worklist.xlsx"
    write_worklist(path, office.con, "test", office.contract, landing, report)
    text = report.as_frame().to_csv() + "".join(
        f"{value}\n" for sheet in load_workbook(path) for row in sheet.iter_rows(values_only=True) for value in row
    )
    for value in ("Agatha", "Nonesuch", "someday", "999", "2099", "1949"):
        assert value not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_worklist_names_file_row_column_and_what_to_do(office: Office) -> None:
    landing = office.land(*_faulty())
    report = office.quality(landing)
    path = office.folder / "worklist.xlsx"
    total = write_worklist(path, office.con, "test", office.contract, landing, report)
    book = load_workbook(path)
    faults = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert total == len(faults) == 14
    assert faults[0][:5] == ("people.csv", "people", 3, "colour", "colour: invalidValues")
    late = next(row for row in faults if row[4] == "day: not before people.born")
    assert late[:3] == ("visits.csv", "visits", 2)
    assert late[6:] == (
        "The dates are in the wrong order: correct one of them.",
        "Die Daten stehen in der falschen Reihenfolge: eines berichtigen.",
    )
    assert {row[4] for row in faults if row[3] == "minutes"} == {"=1+1"}  # text, not run
    assert all(cell.quotePrefix for row in book.worksheets[0].iter_rows() for cell in row if cell.value == "=1+1")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    groups = {row[:2]: row[2:] for row in book.worksheets[1].iter_rows(min_row=2, values_only=True)}
    assert groups["people", "colour = green"][:2] == (20, 0)
    assert groups["people", "colour = (groups below 10)"] == (None, None, None, "fewer than 10 rows: not shown")
    assert not [key for key in groups if "blue" in str(key)]  # one row
    rows = {row[0]: row[1:] for row in book.worksheets[2].iter_rows(min_row=2, values_only=True)}
    assert rows["people"] == (41, None, 36, 5, 0)
    capped = write_worklist(path, office.con, "test", office.contract, landing, report, most_rows=5)
    shown = list(load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True))
    assert capped == 14
    assert shown[-1][6:] == ("... and 9 more.", "... und 9 weitere.")
    assert len(shown) == 6


def test_the_accepted_rows_become_core_tables(office: Office) -> None:
    office.land(*_faulty())
    landing = office.land(_people(), _visits())
    mapping = CoreMapping.model_validate(
        {
            "case": {
                "table": "people",
                "columns": {"case_id": "person", "person_id": "person", "opened_at": "born", "known_at": "born"},
            },
            "event": {
                "table": "visits",
                "columns": {"person_id": "visitor", "event_at": "day", "value": "minutes"},
                "constants": {"event_type": "visit"},
            },
        }
    )
    assert build_core(office.con, "test", office.contract, mapping)["event"] == 0  # pending rows do not count
    accept_delivery(office.con, "test", landing.delivery_id)
    assert build_core(office.con, "test", office.contract, mapping) == {
        "case": 40,
        "attribute": 0,
        "membership": 0,
        "event": 80,
        "coverage": 0,
    }
    joined = office.con.execute(
        "SELECT count(*) FROM core.event e JOIN core.case c USING (programme, person_id)"
    ).fetchone()
    assert joined == (80,)
    assert office.con.execute("SELECT count(*) FROM core.event WHERE known_at <> event_at").fetchone() == (0,)


def test_a_group_that_no_contract_knows_is_not_named_however_large(office: Office) -> None:
    people = _people()
    people[1:21] = [line.replace("red", "purple").replace("green", "purple") for line in people[1:21]]
    report = office.quality(office.land(people, _visits()))
    rules = {one.rule: one for one in report.of("quarantined_share: ") if one.table == "people"}
    assert set(rules) == {f"quarantined_share: colour = {name}" for name in ("(not in the contract)", "green", "red")}
    assert rules["quarantined_share: colour = (not in the contract)"].value == 1.0
    assert rules["quarantined_share: colour = red"].value == 0.0


def test_the_share_by_group_is_had_through_the_key_from_another_table(office: Office) -> None:
    visits = _visits()
    visits[1:11] = [f"{2 * n},2100-01-01,1" for n in range(1, 11)]  # even numbers are red
    report = office.quality(office.land(_people(), visits))
    shares = {one.rule: (one.checked, one.failed) for one in report.of("quarantined_share: people.colour")}
    assert sum(failed for _, failed in shares.values()) == 10
    assert shares["quarantined_share: people.colour = green"][1] == 0
    assert shares["quarantined_share: people.colour = red"][1] == 10


def test_a_critical_rule_and_the_ceiling_block(office: Office) -> None:
    few = office.land(_people(2), ["visitor,day,minutes", "1,2026-01-01,1", "7,2026-01-01,1", "8,2026-01-01,1"])
    reasons = blocking(office.contract, few)
    assert "critical rule “rowCount” does not hold" in reasons["people"][0]
    assert reasons["visits"] == [
        "visits: 2 of 3 rows would be quarantined (66.7 %), more than the contract's ceiling of 50.0 %."
    ]


def test_the_next_delivery_is_compared_and_the_former_report_kept(office: Office) -> None:
    first = office.land(*_faulty())
    kept = office.quality(first)
    accept_delivery(office.con, "test", first.delivery_id)
    again = office.land(*_faulty())
    assert again.already_accepted
    assert blocking(office.contract, again) == {}
    assert office.quality(again) == kept == latest_quality(office.con, "test")
    path = office.folder / "worklist.xlsx"
    assert write_worklist(path, office.con, "test", office.contract, again, kept) == 13  # warnings are not kept
    second = office.land(_people(30), _visits())
    report = office.quality(second)
    assert {one.table: one.value for one in report.of("rows: last delivery")} == {"people": 41.0, "visits": 80.0}
    assert next(one.value for one in report.of("rows: vanished") if one.table == "people") > 0
    assert latest_quality(office.con, "test") == kept  # the second one is not accepted
    assert latest_quality(office.con, "test", second.delivery_id) == report


def test_much_that_is_gone_is_asked_about(office: Office) -> None:
    first = office.land(_people(1500), ["visitor,day,minutes", *(f"{n},2026-01-01,1" for n in range(1, 11))])
    assert much_gone(office.quality(first)) == []
    accept_delivery(office.con, "test", first.delivery_id)
    second = office.land(_people(1200), ["visitor,day,minutes", *(f"{n},2026-01-01,1" for n in range(1, 8))])
    assert much_gone(office.quality(second)) == [  # a fifth of the people, three tenths of the visits
        "visits: 3 of the 10 rows of the last delivery are gone: is the file whole?"
    ]
    third = office.land(_people(450), ["visitor,day,minutes", "1,2026-01-01,1", "2,2026-01-01,1", "3,2026-01-01,1"])
    said = "people: 1,050 of the 1,500 rows of the last delivery are gone: is the file whole?"
    assert much_gone(office.quality(third))[0] == said


def test_nothing_is_kept_before_the_first_delivery(office: Office) -> None:
    assert latest_quality(office.con, "test") is None
    assert latest_quality(office.con, "test", "nothing") is None


def test_k_is_over_the_columns_that_tell_people_apart(office: Office) -> None:
    report = office.quality(office.land(_people(), _visits()))
    measures = {one.rule: one for one in report.measures if one.table == "people" and one.severity == INFO}
    assert measures["k_anonymity"].value == 10.0
    assert measures["k_anonymity"].detail == "born, colour, area"
    assert measures["rows_below_11"].value == 0.5
    assert measures["k_anonymity: without area"].value == 20.0
    assert "k_anonymity: without born" not in measures  # colour says the same


def test_a_share_that_rests_on_few_rows_is_not_shown(office: Office) -> None:
    people = _people()
    people[1] = people[1].replace("1951", "1960")
    report = office.quality(office.land(people, _visits()))
    measure = next(one for one in report.measures if one.rule == "rows_below_5")
    assert measure.value is None
    assert measure.detail == "fewer than 10 rows: not shown"
