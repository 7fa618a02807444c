"""The matrix and its evidence on core tables, by example: what is refused, and what must not depend on chance."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest
from pydantic import TypeAdapter

from data_contracts.core.schema import create_tables
from data_contracts.errors import PlumblineError
from features.build import build_matrix
from features.evidence import evidence, evidence_table
from features.fields import EventFeature, Feature
from features.spec import FeatureSpec, columns
from features.sql import literal, name

AS_OF = dt.date(2024, 7, 1)
COHORT = """CREATE SCHEMA cohort;
CREATE TABLE cohort."case" (programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, person_id VARCHAR,
    cluster_id VARCHAR, returning_person BOOLEAN, team VARCHAR);
INSERT INTO cohort."case" VALUES ('p', 'k', '2024-07-01', 'c', 'x', 'h', FALSE, NULL);
INSERT INTO core."case" VALUES ('p', 'c', 'x', 'h', '2024-01-01', NULL, NULL, NULL, '2024-01-02');
"""


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    create_tables(connection)
    connection.execute(COHORT)
    return connection


def specs(*features: dict[str, Any]) -> list[FeatureSpec]:
    return TypeAdapter(list[FeatureSpec]).validate_python([{"factor": "f"} | feature for feature in features])


COUNT = {"name": "visits", "kind": "count", "events": {"type": "visit"}, "window": "30d"}


def add_event(con: duckdb.DuckDBPyConnection, event_id: str, at: str, programme: str = "p", **more: Any) -> None:
    row = {"programme": programme, "event_id": event_id, "person_id": "x", "event_at": at, "known_at": at}
    row |= {"event_type": "visit"} | more
    con.execute(f"INSERT INTO core.event ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def cells(con: duckdb.DuckDBPyConnection, features: list[FeatureSpec], programme: str = "p") -> tuple[Any, ...]:
    assert build_matrix(con, programme, features).rows == 1
    row = con.execute(
        f"SELECT * EXCLUDE (cohort, as_of, case_id) FROM features.{name(programme + '__matrix')}"
    ).fetchone()
    assert row is not None
    return row


def test_the_matrix_has_the_declared_columns_and_every_row(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO cohort.\"case\" SELECT 'p', 'a', '2024-06-01', 'c' || i, 'x', 'h', FALSE, NULL FROM range(3) t (i)"
    )
    con.execute("INSERT INTO cohort.\"case\" VALUES ('other', 'k', '2024-07-01', 'c', 'x', 'h', FALSE, NULL)")
    add_event(con, "e1", "2024-06-30")
    features = specs(COUNT, {"name": "month", "kind": "calendar_month"})
    assert build_matrix(con, "p", features).rows == 4
    result = con.execute('SELECT * FROM features."p__matrix"')
    assert [(column[0], str(column[1])) for column in result.description or []] == [
        ("cohort", "VARCHAR"),
        ("as_of", "DATE"),
        ("case_id", "VARCHAR"),
        *((column.name, "DOUBLE") for column in columns(features)),
    ]
    june = dt.date(2024, 6, 1)
    assert result.fetchall() == [
        ("k", AS_OF, "c", 1.0, 7.0),
        ("a", june, "c0", 0.0, 6.0),
        ("a", june, "c1", 0.0, 6.0),
        ("a", june, "c2", 0.0, 6.0),
    ]


def test_a_window_holds_its_first_day_and_not_as_of(con: duckdb.DuckDBPyConnection) -> None:
    for i, at in enumerate(["2024-05-31", "2024-06-01", "2024-06-30", "2024-07-01"]):
        add_event(con, f"e{i}", at)
    assert cells(con, specs(COUNT)) == (2.0,)
    assert cells(con, specs(COUNT | {"window": "30d..31d"})) == (1.0,)
    assert evidence(con, "p", specs(COUNT)[0], "c", AS_OF) == ["e2", "e1"]


def test_nothing_happened_is_not_the_same_as_not_collected(con: duckdb.DuckDBPyConnection) -> None:
    features = specs(COUNT | {"source": "s"}, COUNT | {"name": "since", "kind": "days_since_last"})
    assert cells(con, features) == (None, None)
    con.execute("INSERT INTO core.coverage VALUES ('p', 's', NULL, 'c', '2024-06-01', '2024-06-30')")
    assert cells(con, features) == (0.0, None)
    con.execute("INSERT INTO core.coverage VALUES ('p', 's', NULL, NULL, NULL, '2024-06-10')")
    con.execute("UPDATE core.coverage SET \"from\" = '2024-06-11' WHERE case_id = 'c'")
    assert cells(con, features) == (0.0, None)  # two spells without a day between
    con.execute("UPDATE core.coverage SET \"from\" = '2024-06-12' WHERE case_id = 'c'")
    assert cells(con, features) == (None, None)


def test_an_end_not_yet_known_reads_as_open(con: duckdb.DuckDBPyConnection) -> None:
    add_event(con, "known", "2024-01-01", ended_at="2024-02-01", end_known_at="2024-06-30")
    add_event(con, "late", "2024-03-01", ended_at="2024-04-01", end_known_at="2024-07-01")
    add_event(con, "planned", "2024-05-01", ended_at="2024-08-01", end_known_at="2024-05-01")
    features = specs(
        {"name": "n", "kind": "open_episodes", "events": {"type": "visit"}, "window": "1y"},
        {"name": "d", "kind": "days_in_episode", "events": {"type": "visit"}, "window": "1y"},
    )
    assert cells(con, features) == (2.0, 122.0)
    assert evidence(con, "p", features[1], "c", AS_OF) == ["planned", "late"]


def test_ties_are_broken_by_what_was_known_later_then_by_content(con: duckdb.DuckDBPyConnection) -> None:
    features = specs(
        {"name": "v", "kind": "last", "events": {"type": "visit"}, "window": "1y"},
        {"name": "a", "kind": "attribute_number", "attribute": "a"},
    )
    add_event(con, "z", "2024-06-01", value=9.0)
    add_event(con, "y", "2024-06-01", value=2.0, known_at="2024-06-02")
    add_event(con, "x", "2024-06-01", value=3.0, known_at="2024-06-02")
    add_event(con, "w", "2024-06-02")  # carries no value
    attributes = [
        ("9", "2024-06-01"),
        ("2", "2024-06-02"),
        ("3", "2024-06-02"),
        (None, "2024-06-02"),
        (" ", "2024-06-02"),
    ]
    con.executemany("INSERT INTO core.attribute VALUES ('p', 'x', 'a', ?, ?)", attributes)
    assert cells(con, features) == (3.0, 3.0)
    con.execute("INSERT INTO core.attribute VALUES ('p', 'x', 'a', NULL, '2024-06-03')")
    assert cells(con, features) == (3.0, None)  # the newest entry says that it is not known any more


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("2024-07-01", 0),
        ("2024-07-02", None),
        ("2023-07-02", 0),
        ("2023-07-01", 1),
        ("2023-07", 1),
        ("2023-08", 0),
        ("2024", 0),
        ("2008-02-29", 16),
        ("", None),
    ],
)
def test_age_is_whole_years(con: duckdb.DuckDBPyConnection, born: str, age: int | None) -> None:
    con.execute("INSERT INTO core.attribute VALUES ('p', 'x', 'birth_date', ?, '2024-06-01')", [born])
    assert cells(con, specs({"name": "age", "kind": "age_years"})) == (age,)


@pytest.mark.parametrize("kind", ["min", "max", "last", "sum", "mean"])
def test_there_is_one_zero(con: duckdb.DuckDBPyConnection, kind: str) -> None:
    # of 0.0 and -0.0, min would keep whichever comes first
    add_event(con, "e", "2024-06-01", value=-0.0)
    [cell] = cells(con, specs({"name": "v", "kind": kind, "events": {"type": "visit"}, "window": "1y"}))
    assert cell.hex() == "0x0.0p+0"


def test_names_and_values_with_quotes_stay_text(con: duckdb.DuckDBPyConnection) -> None:
    programme = 'it\'s "p"; DROP TABLE core.event; --'
    con.execute('UPDATE cohort."case" SET programme = ?', [programme])
    add_event(con, "e", "2024-06-30", programme, event_type="o'clock", category="%';--")
    features = specs(COUNT | {"events": {"type": "o'clock", "category": "%';--"}})
    assert cells(con, features, programme) == (1.0,)
    assert evidence(con, programme, features[0], "c", AS_OF) == ["e"]
    assert name('a"b') == '"a""b"'
    with pytest.raises(ValueError, match="finite"):
        literal(float("inf"))


def test_a_value_that_cannot_be_computed_with_is_refused_by_name(con: duckdb.DuckDBPyConnection) -> None:
    add_event(con, "e", "2024-06-30", value=float("nan"))
    with pytest.raises(PlumblineError, match="1 events of the type “visit”") as caught:
        build_matrix(con, "p", specs(COUNT))
    assert caught.value.where == "core.event"
    con.execute("UPDATE core.event SET value = -1e16")
    with pytest.raises(PlumblineError, match="no usable number"):
        build_matrix(con, "p", specs(COUNT))


def test_an_attribute_of_another_form_is_refused_without_its_value(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO core.attribute VALUES ('p', 'x', 'a', 'secret', '2024-01-01'), ('p', 'x', 'a', ' ', '2024-01-01')"
    )
    for kind, form in (("attribute_number", "a number"), ("age_years", "a date")):
        with pytest.raises(PlumblineError, match=f"1 values of “a” are not {form}") as caught:
            build_matrix(con, "p", specs({"name": "n", "kind": kind, "attribute": "a"}))
        assert "secret" not in str(caught.value)
    for value in ("inf", "nan"):
        con.execute("UPDATE core.attribute SET value = ?", [value])
        with pytest.raises(PlumblineError, match="2 values"):
            build_matrix(con, "p", specs({"name": "n", "kind": "attribute_number", "attribute": "a"}))


def test_one_record_read_twice_counts_once_and_one_id_for_two_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    add_event(con, "e", "2024-06-30", source_row=1)
    add_event(con, "e", "2024-06-30", source_row=2)
    assert cells(con, specs(COUNT)) == (1.0,)
    assert evidence_table(con, "p", specs(COUNT), AS_OF)["evidence_count"].tolist() == [1]
    add_event(con, "e", "2024-06-29")
    with pytest.raises(PlumblineError, match="1 event ids stand for two different events"):
        build_matrix(con, "p", specs(COUNT))


def test_a_case_twice_at_one_date_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    con.execute('INSERT INTO cohort."case" SELECT * FROM cohort."case"')
    with pytest.raises(PlumblineError, match="stands twice"):
        build_matrix(con, "p", specs(COUNT))
    assert not con.execute("SELECT 1 FROM information_schema.tables WHERE table_schema = 'features'").fetchall()


def test_cells_do_not_depend_on_threads_or_order() -> None:
    features = specs(
        *(
            {"name": f"{kind}_{window}".replace("..", "_"), "kind": kind, "events": {"type": "visit"}, "window": window}
            for kind in ("sum", "mean", "min", "max", "last", "count", "distinct")
            for window in ("30d", "30d..1y")
        )
    )
    seen = set()
    for threads, order in ((1, "i"), (4, "hash(i)"), (4, "-i")):
        con = duckdb.connect(config={"threads": threads})
        create_tables(con)
        con.execute(COHORT)
        con.execute('DELETE FROM cohort."case"')
        con.execute(
            "INSERT INTO cohort.\"case\" SELECT 'p', 'k', ?, 'c' || i, 'x' || i, 'h', FALSE, NULL FROM range(3) t (i)",
            [AS_OF],
        )
        # values whose floating sum depends on the order
        con.execute(
            f"""INSERT INTO core.event BY NAME
            SELECT 'p' AS programme, 'e' || i AS event_id, 'x' || (i % 3) AS person_id, 'visit' AS event_type,
                DATE '2024-07-01' - CAST(i % 380 AS INTEGER) AS event_at, event_at AS known_at,
                'a' || (i % 7) AS category,
                CASE WHEN i % 2 = 0 THEN 1e9 / (i + 1) ELSE -0.1 * i END AS value
            FROM range(300000) t (i) ORDER BY {order}"""
        )
        build_matrix(con, "p", features)
        rows = con.execute('SELECT * EXCLUDE (cohort, as_of, case_id) FROM features."p__matrix"').fetchall()
        seen.add(tuple(float(cell).hex() for row in rows for cell in row))
    assert len(seen) == 1


def test_the_evidence_table_shows_the_newest_twenty(con: duckdb.DuckDBPyConnection) -> None:
    for i in range(25):
        add_event(con, f"e{i:02}", str(dt.date(2024, 6, 2) + dt.timedelta(i)))
    con.execute(
        "INSERT INTO core.attribute VALUES ('p', 'x', 'a', '3', '2024-05-01'), ('p', 'x', 'a', '4', '2024-07-01')"
    )
    features = specs(
        COUNT,
        {"name": "n", "kind": "attribute_number", "attribute": "a", "factor": "g"},
        {"name": "d", "kind": "days_since_opened", "factor": "h"},
        {"name": "m", "kind": "calendar_month", "factor": "i"},
    )
    table = evidence_table(con, "p", features, AS_OF, cohort="k")
    assert list(table.columns) == [
        "case_id",
        "as_of",
        "factor",
        "evidence_ids",
        "evidence_count",
        "evidence_age_days",
    ]
    assert table["factor"].tolist() == ["f", "g", "h", "i"]
    assert table["evidence_ids"].tolist() == [
        [f"e{i:02}" for i in range(24, 4, -1)],
        ["attribute:a@2024-05-01"],
        ["case@2024-01-01"],
        [],
    ]
    assert table["evidence_count"].tolist() == [25, 1, 1, 0]
    assert table["evidence_age_days"].tolist()[:3] == [5, 61, 182]
    assert table["evidence_age_days"].isna().tolist() == [False, False, False, True]
    assert len(evidence(con, "p", features[0], "c", AS_OF)) == 25
    assert evidence_table(con, "p", features, AS_OF, cohort="other").empty


def test_evidence_of_nobody_or_nothing(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PlumblineError, match="in no cohort"):
        evidence(con, "p", specs(COUNT)[0], "c", dt.date(2024, 7, 2))
    with pytest.raises(PlumblineError, match="no features"):
        evidence_table(con, "p", [], AS_OF)
    assert evidence(con, "p", specs(COUNT)[0], "c", AS_OF) == []


def test_a_kind_without_a_formula_is_an_error_not_a_column(con: duckdb.DuckDBPyConnection) -> None:
    values = {"kind": "new", "name": "n", "factor": "f"}
    with pytest.raises(TypeError, match="no cell for new"):
        build_matrix(con, "p", [Feature.model_construct(**values)])  # type: ignore[arg-type]  # built unvalidated
    spec = EventFeature(**values, events={"type": "t"}, window="1y", missing="zero")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no aggregate for new"):
        build_matrix(con, "p", [spec])
