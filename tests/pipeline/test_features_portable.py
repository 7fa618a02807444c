"""The obvious query by example: what a kind makes of a few records, worked out by hand, and the records behind it."""

from __future__ import annotations

import datetime as dt
import random
import struct
from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.evidence import evidence, evidence_table
from features.portable import matrix_sql
from features.spec import columns
from features.sql import literal
from tests.features_warehouse import specs, warehouse

AS_OF = dt.date(2024, 7, 1)
VISITS: dict[str, Any] = {"events": {"type": "visit"}, "window": "1y"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One case, c of person x, on one day."""
    with warehouse() as connection:
        connection.execute("INSERT INTO cohort.\"case\" VALUES ('p', 'k', ?, 'c', 'x', 'h', FALSE, NULL)", [AS_OF])
        yield connection


def add(con: duckdb.DuckDBPyConnection, event_id: str, days_ago: int, value: float | None = None, **more: Any) -> None:
    """An event that was known on its day; dates in `more` are days before as_of."""
    row: dict[str, Any] = {"programme": "p", "event_id": event_id, "person_id": "x", "event_type": "visit"}
    row |= {"event_at": days_ago, "known_at": days_ago, "value": value} | more
    for field in ("event_at", "known_at", "ended_at", "end_known_at"):
        if field in row:
            row[field] = AS_OF - dt.timedelta(row[field])
    con.execute(f"INSERT INTO core.event ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def live_together(con: duckdb.DuckDBPyConnection, cluster: str, *people: str, known: str = "2024-01-01") -> None:
    for person in people:
        con.execute("INSERT INTO core.membership VALUES ('p', ?, ?, NULL, NULL, ?)", [person, cluster, known])


def features(*declared: dict[str, Any]) -> list[Any]:
    return specs([VISITS | {"name": f"f{i}", "factor": "f"} | feature for i, feature in enumerate(declared)])


def cells(con: duckdb.DuckDBPyConnection, *declared: dict[str, Any]) -> list[float | None]:
    [row] = con.execute(matrix_sql("p", features(*declared))).fetchall()
    assert row[:3] == ("k", AS_OF, "c")
    return list(row[3:])


def behind(con: duckdb.DuckDBPyConnection, declared: dict[str, Any]) -> list[str]:
    """The records behind the cell; nothing but them gives the same cell."""
    found = evidence(con, "p", features(declared)[0], "c", AS_OF)
    cell = cells(con, declared)
    con.execute("BEGIN")
    con.execute("DELETE FROM core.event WHERE NOT list_contains(?, event_id)", [found])
    assert cells(con, declared) == cell
    con.execute("ROLLBACK")
    return found


# ---- values -------------------------------------------------------------------------------------------------------


def test_spread_of_values(con: duckdb.DuckDBPyConnection) -> None:
    std = {"kind": "std"}
    assert cells(con, std) == [None]
    add(con, "e0", 10, 2.0)
    assert cells(con, std) == [None]
    for i, value in enumerate([4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, None]):
        add(con, f"e{i + 1}", 20, value)
    assert cells(con, std) == [pytest.approx((32 / 7) ** 0.5, rel=1e-11)]
    assert behind(con, std) == [f"e{i}" for i in range(8)]
    con.execute("UPDATE core.event SET value = 0.1")
    assert cells(con, std) == [0.0]


def test_slope_of_values(con: duckdb.DuckDBPyConnection) -> None:
    slope = {"kind": "slope"}
    add(con, "e0", 10, 1.0)
    add(con, "e1", 10, 3.0)
    assert cells(con, slope) == [None]  # one day has no slope
    con.execute("DELETE FROM core.event")
    for days, value in ((30, 10.0), (29, 12.0), (28, 14.0)):
        add(con, f"e{days}", days, value)
    assert cells(con, slope) == [730.0]
    assert cells(con, slope | {"lag": "4w"}) == [730.0]
    assert cells(con, slope | {"lag": "29d"}) == [None]
    assert behind(con, slope) == ["e28", "e29", "e30"]
    con.execute("UPDATE core.event SET value = 7")
    assert cells(con, slope) == [0.0]


def test_first_and_last_value(con: duckdb.DuckDBPyConnection) -> None:
    both = ({"kind": "first"}, {"kind": "last"})
    assert cells(con, *both) == [None, None]
    add(con, "a", 50)  # carries no value
    add(con, "b", 40, 9.0, known_at=38)
    add(con, "c", 40, 3.0, known_at=39)
    add(con, "d", 40, 2.0, known_at=39)
    add(con, "e", 20, -5.0, known_at=20)
    add(con, "f", 20, -6.0, known_at=19)
    add(con, "g", 20, -7.0, known_at=19)
    assert cells(con, *both) == [2.0, -6.0]
    assert cells(con, *(feature | {"lag": "19d"} for feature in both)) == [2.0, -5.0]
    assert behind(con, both[0]) == behind(con, both[1]) == ["e", "f", "g", "b", "c", "d"]


# ---- days ---------------------------------------------------------------------------------------------------------


def test_longest_gap(con: duckdb.DuckDBPyConnection) -> None:
    gap = {"kind": "longest_gap"}
    add(con, "e0", 100, event_type="other")
    add(con, "e1", 40)
    assert cells(con, gap) == [None]
    add(con, "e2", 40)
    assert cells(con, gap) == [0.0]
    add(con, "e3", 31)
    add(con, "e4", 5)
    add(con, "e5", 366)  # before the window
    assert cells(con, gap) == [26.0]
    assert cells(con, gap | {"window": "30d..1y"}) == [9.0]
    assert behind(con, gap) == ["e4", "e3", "e1", "e2"]


def test_rate_per_year(con: duckdb.DuckDBPyConnection) -> None:
    for days in (1, 30, 31, 365, 366, 730):
        add(con, f"e{days}", days)
    rates = ({"kind": "rate"}, {"kind": "rate", "window": "2y"}, {"kind": "rate", "lag": "30d"})
    assert cells(con, *rates) == [4.0, 3.0, 2.0 * 365.0 / 335.0]
    assert behind(con, rates[2]) == ["e31", "e365"]
    con.execute("DELETE FROM core.event")
    assert cells(con, rates[0], rates[0] | {"missing": "missing"}) == [0.0, None]


def test_change_between_two_windows(con: duckdb.DuckDBPyConnection) -> None:
    change = {"kind": "change", "window": "90d", "compared_with": "90d..180d"}
    every = [change | {"measure": measure, "missing": "missing"} for measure in ("count", "sum", "mean")]
    assert cells(con, *every) == [None, None, None]
    assert cells(con, change, change | {"measure": "mean"}) == [0.0, None]
    add(con, "old", 180, 10.0)
    assert cells(con, *every) == [-1.0, -10.0, None]
    add(con, "older", 181, 99.0)
    add(con, "new", 90, 2.5)
    add(con, "newer", 1, 3.0)
    add(con, "empty", 2)
    assert cells(con, *every) == [2.0, -4.5, -7.25]
    assert behind(con, every[0]) == ["newer", "empty", "new", "old"]
    assert behind(con, every[2]) == ["newer", "new", "old"]


def test_a_change_needs_both_windows_collected(con: duckdb.DuckDBPyConnection) -> None:
    change = {"kind": "change", "window": "30d", "compared_with": "60d..90d", "source": "s", "missing": -1}
    add(con, "e", 10)
    coverage = "INSERT INTO core.coverage VALUES ('p', 's', 'x', NULL, ?, ?)"

    def collect(first: int, last: int) -> None:
        con.execute(coverage, [AS_OF - dt.timedelta(first), AS_OF - dt.timedelta(last)])

    collect(30, 1)
    assert cells(con, change) == [None]
    assert evidence(con, "p", features(change)[0], "c", AS_OF) == []
    collect(89, 61)
    assert cells(con, change) == [None]
    collect(90, 90)  # nobody need have looked between the windows
    assert cells(con, change) == [1.0]
    assert behind(con, change) == ["e"]


# ---- episodes -----------------------------------------------------------------------------------------------------


def test_days_with_an_episode(con: duckdb.DuckDBPyConnection) -> None:
    spent = {"kind": "episode_days", "window": "30d"}
    assert cells(con, spent, spent | {"missing": "missing"}) == [0.0, None]
    add(con, "past", 400, ended_at=31, end_known_at=31)
    add(con, "reversed", 10, ended_at=12, end_known_at=9)
    assert cells(con, spent | {"missing": "missing"}) == [None]
    add(con, "long", 400, ended_at=26, end_known_at=20)  # five days of the window, the day of its end counts
    assert cells(con, spent) == [5.0]
    add(con, "within", 28, ended_at=27, end_known_at=27)
    add(con, "overlapping", 27, ended_at=24, end_known_at=20)
    assert cells(con, spent) == [7.0]
    add(con, "one_day", 8, ended_at=8, end_known_at=1)
    assert cells(con, spent, spent | {"window": "8d..30d"}) == [8.0, 7.0]
    add(con, "late", 3, ended_at=2, end_known_at=0)  # its end is not known: open until the day before
    assert cells(con, spent) == [11.0]
    assert behind(con, spent) == ["late", "one_day", "overlapping", "within", "long"]
    assert cells(con, spent | {"lag": "2d"}) == [7.0 + 6.0]  # the end of one_day was not known: open until day 3
    assert cells(con, spent | {"window": "all", "reason": "tests look back"}) == [400.0 - 24.0 + 1.0 + 1.0 + 3.0]
    assert behind(con, spent | {"window": "8d..30d"}) == ["overlapping", "within", "long"]


# ---- lag and other people -----------------------------------------------------------------------------------------


def test_what_is_younger_than_the_lag_does_not_exist(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "e10", 10)
    add(con, "e11", 11)
    add(con, "late", 300, known_at=10)
    add(con, "ended", 200, ended_at=150, end_known_at=10)
    counted = {"kind": "count", "lag": "10d"}
    running = {"kind": "open_episodes", "lag": "10d"}
    assert cells(con, counted, running) == [2.0, 2.0]
    assert behind(con, counted) == behind(con, running) == ["e11", "ended"]
    assert cells(con, running | {"lag": "9d"}) == [3.0]
    assert cells(con, {"kind": "days_since_last", "lag": "10d"}) == [11.0]


def test_events_of_the_other_people_in_the_cluster(con: duckdb.DuckDBPyConnection) -> None:
    others = {"kind": "count", "scope": "association"}
    for person in "xyzuvw":
        add(con, f"of_{person}", 10, person_id=person)
    live_together(con, "h", "x", "y", "z")
    live_together(con, "g", "x", "y")  # y lives with x twice and counts once
    live_together(con, "f", "u", "v")
    live_together(con, "f", "x", known="2024-07-01")
    live_together(con, "h", "w")
    con.execute("UPDATE core.membership SET \"to\" = '2024-06-30' WHERE person_id = 'w'")
    assert cells(con, others) == [2.0]
    assert behind(con, others) == ["of_y", "of_z"]
    con.execute("UPDATE core.membership SET \"to\" = '2024-07-01' WHERE person_id = 'w'")
    con.execute("UPDATE core.membership SET \"from\" = '2024-07-01' WHERE person_id = 'z'")
    assert behind(con, others) == ["of_w", "of_y"]
    con.execute("UPDATE core.membership SET known_at = '2024-06-30'")
    assert behind(con, others) == ["of_u", "of_v", "of_w", "of_y"]


def test_the_published_evidence_does_not_name_other_peoples_records(con: duckdb.DuckDBPyConnection) -> None:
    live_together(con, "h", "x", "y")
    add(con, "theirs", 1, person_id="y")
    add(con, "shared", 2, person_id="y", case_id="c")
    mine = {"kind": "count", "scope": "person"}
    others = {"kind": "count", "scope": "association"}

    def shown(*declared: dict[str, Any]) -> tuple[Any, ...]:
        [row] = evidence_table(con, "p", features(*declared), AS_OF).itertuples(index=False)
        age = row.evidence_age_days
        return row.evidence_ids, row.evidence_count, None if age is pd.NA else age

    assert shown(mine, others) == ([], 2, None)
    add(con, "own", 30)
    assert shown(mine, others) == (["own"], 3, 30)
    assert shown(mine) == (["own"], 1, 30)
    # what was recorded under this case is this case's, whoever it is about
    assert shown({"kind": "count", "scope": "case"}, others) == (["shared"], 2, 2)


# ---- the query itself ---------------------------------------------------------------------------------------------


def test_a_record_that_is_there_twice_counts_once(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "e", 10, 2.0, source_table="a", source_row=1)
    add(con, "e", 10, 2.0, source_table="b", source_row=2)
    assert cells(con, {"kind": "count"}, {"kind": "sum"}, {"kind": "longest_gap"}) == [1.0, 2.0, None]


def test_blanks_around_an_attribute_are_not_part_of_it(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("INSERT INTO core.attribute VALUES ('p', 'x', 'a', ?, '2024-01-01')", ["\u00a0 7 \u3000"])
    declared = {"name": "n", "kind": "attribute_number", "factor": "f", "attribute": "a"}
    query = matrix_sql("p", specs([declared]))
    assert con.execute(query).fetchall() == [("k", AS_OF, "c", 7.0)]


def test_some_rows_of_another_relation(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "e", 10)
    con.execute(
        """CREATE TABLE asked AS SELECT 'p' AS programme, cohort, CAST('2024-07-0' || day AS DATE) AS as_of, case_id,
            person_id
        FROM (VALUES ('b'), ('a')) AS cohorts (cohort), (VALUES (2), (1), (3)) AS days (day),
            (VALUES ('d', 'x'), ('c', 'x'), ('e', 'w')) AS cases (case_id, person_id)"""
    )
    declared = features({"kind": "days_since_last"})
    assert [column.name for column in columns(declared)] == ["f0"]
    query = matrix_sql("p", declared, only="case_id <> 'd' OR as_of = '2024-07-02'", source="asked")
    second, third, fourth = (dt.date(2024, 7, day) for day in (1, 2, 3))
    assert con.execute(query).fetchall() == [
        ("a", second, "e", None),
        ("b", second, "e", None),
        ("a", third, "e", None),
        ("b", third, "e", None),
        ("a", fourth, "e", None),
        ("b", fourth, "e", None),
        ("a", second, "c", 10.0),
        ("b", second, "c", 10.0),
        ("a", third, "c", 11.0),
        ("b", third, "c", 11.0),
        ("a", fourth, "c", 12.0),
        ("b", fourth, "c", 12.0),
        ("a", third, "d", 11.0),
        ("b", third, "d", 11.0),
    ]


def test_a_number_in_a_query_is_that_number(con: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(3)
    numbers = [0.1, 1e300, 5e-324, -2.5, *(draw.uniform(-1e6, 1e6) for _ in range(500))]
    numbers += [struct.unpack("d", draw.randbytes(8))[0] for _ in range(500)]
    numbers = [number for number in numbers if abs(number) < float("inf")]
    [row] = con.execute(f"SELECT {', '.join(map(literal, numbers))}").fetchall()
    assert list(row) == numbers
    assert {type(number) for number in row} == {float}
