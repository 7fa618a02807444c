"""Rows that break the contract: quarantined and listed by file, row and rule; too many stop the delivery."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import CANARY, Command, faults, left, lines, put, write


def _rows_of(home: Path, column: str) -> set[object]:
    """Rows of the worklist whose faults name a column."""
    return {row for _, _, row, columns, _ in faults(home) if column in str(columns)}


def _nowhere_in_warehouse(home: Path, *words: str) -> None:
    """No table of the warehouse holds a word; compression may hide it from a look at the bytes."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        for schema, table in tables:
            text = str(con.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall())
            for word in words:
                assert word not in text, f"{word} stands in {schema}.{table}"


def test_an_impeccable_delivery_would_be_used(plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    """What the other tests spoil is impeccable, and its source keys are nowhere in the home."""
    write(
        data / "persons.csv",
        [*lines(data / "persons.csv"), [CANARY, "2001-02-03", "male", "Ardal", "no", "2019-01-05"]],
    )
    plumbline("check", pack, "--data", data, code=0).says("Would be used.", "persons 301", "(0 faults)")
    assert CANARY.encode() not in left(home)
    _nowhere_in_warehouse(home, CANARY)


def test_few_faulty_rows_are_set_aside_and_listed(plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    """Duplicate keys, impossible days, a case before birth, unknown categories: one delivery, every fault listed."""
    cases = lines(data / "cases.csv")
    named = {name: cases[0].index(name) for name in cases[0]}
    # keys: the canary is an entry of its own, entered twice
    new = list(cases[10])
    new[named["case_id"]] = CANARY
    write(data / "cases.csv", [*cases, new, new])
    twice = {len(cases) + 1, len(cases) + 2}
    put(data / "cases.csv", "team", CANARY, [20])
    tomorrow = (dt.date.today() + dt.timedelta(days=3)).isoformat()
    put(data / "referrals.csv", "recorded_on", tomorrow, [30])
    put(data / "referrals.csv", "referred_on", "1900-01-01", [40])
    put(data / "referrals.csv", "source", CANARY, [50])
    put(data / "referrals.csv", "referred_on", CANARY, [60])
    put(data / "cases.csv", "opened_on", "1900-01-01", [25])
    ended = plumbline("check", pack, "--data", data, code=0)
    ended.says("Would be used.", "cases: ", "referrals: ", "no case before birth", "worklist.xlsx")
    assert twice <= _rows_of(home, "case_id")
    assert 20 in _rows_of(home, "team")
    assert 25 in _rows_of(home, "opened_on")
    assert 30 in _rows_of(home, "recorded_on")
    assert {40, 60} <= _rows_of(home, "referred_on")
    assert 50 in _rows_of(home, "source")
    assert {file for file, *_ in faults(home)} == {"cases.csv", "referrals.csv"}
    # of a check nothing stays, and a key never enters at all
    assert CANARY.encode() not in left(home, warehouse=False)
    assert cases[10][named["case_id"]].encode() not in left(home)
    _nowhere_in_warehouse(home, CANARY, cases[10][named["case_id"]])


FAULTS = {
    "duplicate keys": ("cases.csv", "case_id", "C0000001", "case_id"),
    "days in the future": ("cases.csv", "opened_on", "2999-01-01", "not_in_future"),
    "days in 1900": ("persons.csv", "birth_date", "1900-01-01", "birth_date"),
    "a case before birth": ("cases.csv", "opened_on", "1970-01-01", "no case before birth"),
    "an unknown category": ("persons.csv", "community", CANARY, "community"),
    "no number at all": ("cases.csv", "opened_on", CANARY, "opened_on"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_too_many_faulty_rows_stop_the_delivery(
    name: str, plumbline: Command, pack: Path, data: Path, home: Path
) -> None:
    file, column, value, rule = FAULTS[name]
    put(data / file, column, value)
    table = file.removesuffix(".csv")
    ended = plumbline("check", pack, "--data", data, code=3)
    ended.says("Would be refused", f"{table}: ", "would be quarantined", "ceiling of 2.0 %", rule, "worklist.xlsx")
    assert CANARY.encode() not in left(home, warehouse=False)


@pytest.mark.slow  # the release that stays is made first
def test_a_refused_run_keeps_the_last_release_and_marks_it_stale(
    plumbline: Command, pack: Path, data: Path, released_home: Path
) -> None:
    """Nothing of the delivery is used; whoever reads the release hears that it is older than the data."""
    current = released_home / "releases" / "family_support" / "current"
    before = current.read_text(encoding="utf-8")
    put(data / "persons.csv", "community", CANARY)
    ended = plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", code=3)
    ended.says("Refused", "persons: ", "would be quarantined")
    assert current.read_text(encoding="utf-8") == before
    plumbline("report", pack, code=0).says("Stale", "would be quarantined")
    assert CANARY.encode() not in left(released_home, warehouse=False)
    _nowhere_in_warehouse(released_home, CANARY)
