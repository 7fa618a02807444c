"""What a source writes over: no cell sees a value before the delivery that showed it, and none loses what it had."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import TypeAdapter

from data_contracts.contract import Contract
from data_contracts.core import CoreMapping, build_core, check, vocabulary
from data_contracts.warehouse import open_warehouse
from features.build import build_matrix
from features.check import check as check_features
from features.spec import FeatureSpec
from pipelines.packs import load_pack
from tests.data_contracts_deliveries import KEY, PROGRAMME, column, contract, data, landed, table

FIRST, SECOND, THIRD = date(2026, 1, 31), date(2026, 3, 31), date(2026, 5, 31)
AS_OFS = [date(2025, 6, 1), FIRST, date(2026, 2, 15), SECOND, date(2026, 4, 15), THIRD, date(2026, 6, 15)]
MAPPING = CoreMapping.model_validate(
    {
        "case": {"table": "cases", "columns": {"case_id": "id", "person_id": "id", "opened_at": "opened_on"}},
        "event": {
            "table": "cases",
            "columns": {"person_id": "id", "event_at": "opened_on"},
            "constants": {"event_type": "opening"},
        },
        "attribute": {"table": "details", "columns": {"subject_id": "id"}, "attributes": {"need": "need"}},
    }
)
NEED: list[FeatureSpec] = TypeAdapter(list[FeatureSpec]).validate_python(
    [{"name": "need", "kind": "attribute_number", "factor": "f", "attribute": "need"}]
)
COHORT = (
    'CREATE OR REPLACE TABLE cohort."case" AS SELECT programme, CAST(d.as_of AS VARCHAR) AS cohort, d.as_of, '
    "c.case_id, c.person_id, c.cluster_id, FALSE AS returning_person, NULL AS team "
    'FROM core."case" c CROSS JOIN (SELECT unnest(?) AS as_of) d'
)


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = open_warehouse(tmp_path / "warehouse.duckdb")
    yield opened
    opened.close()


def agreed(folder: Path, **custom: Any) -> Contract:
    """Cases, and what the agency notes about each of them: the file always has the need of today."""
    number = column("id", "string", "key", primaryKey=True, required=True, custom={"keySpace": "case"})
    opened = column("opened_on", "date", required=True)
    return contract(
        folder,
        table("cases", number, opened, knowledgeDay={"column": "opened_on"}),
        table("details", number, opened, column("need", "integer"), overwrittenInPlace=["need"], **custom),
    )


def deliver(con: duckdb.DuckDBPyConnection, made: Contract, tmp_path: Path, day: date, **needs: str) -> None:
    """A snapshot, core tables and cohorts after it."""
    rows = "".join(f"{case},2024-05-01,{need}\n" for case, need in needs.items())
    cases = "".join(f"{case},2024-05-01\n" for case in needs)
    folder = data(tmp_path, cases__csv=f"id,opened_on\n{cases}", details__csv=f"id,opened_on,need\n{rows}")
    landed(con, made, folder, day)
    build_core(con, PROGRAMME, made, MAPPING)
    con.execute("CREATE SCHEMA IF NOT EXISTS cohort")
    con.execute(COHORT, [AS_OFS])


def cells(con: duckdb.DuckDBPyConnection, case: str = "a") -> dict[date, float | None]:
    build_matrix(con, PROGRAMME, NEED)
    return dict(
        con.execute(
            f'SELECT as_of, need FROM features."{PROGRAMME}__matrix" WHERE case_id = ? ORDER BY as_of',
            [KEY.pseudonym("case", case)],
        ).fetchall()
    )


def test_before_its_history_begins_the_cell_is_missing_and_afterwards_each_day_has_its_own_value(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    made = agreed(tmp_path, knowledgeDay={"firstDelivery": True})
    assert check(MAPPING, made) == []
    assert check_features(NEED, vocabulary=vocabulary(MAPPING, made)) == []
    deliver(con, made, tmp_path, FIRST, a="1", b="5")
    # on the day of a delivery, at its start, it is not known yet
    shown = cells(con)
    assert shown == {day: (1.0 if day > FIRST else None) for day in AS_OFS}

    deliver(con, made, tmp_path, SECOND, a="2", b="5")
    after = cells(con)
    assert after == {day: (2.0 if day > SECOND else shown[day]) for day in AS_OFS}
    assert cells(con, "b") == {day: (5.0 if day > FIRST else None) for day in AS_OFS}

    deliver(con, made, tmp_path, THIRD, a="1", b="")
    assert cells(con) == {day: (1.0 if day > THIRD else after[day]) for day in AS_OFS}, "back to what it had been"
    assert cells(con, "b") == {day: (5.0 if FIRST < day <= THIRD else None) for day in AS_OFS}, "and not any more"


def test_of_two_deliveries_of_one_day_the_second_counts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = agreed(tmp_path, knowledgeDay={"firstDelivery": True})
    deliver(con, made, tmp_path, FIRST, a="9")
    deliver(con, made, tmp_path, FIRST, a="1")
    assert cells(con) == {day: (1.0 if day > FIRST else None) for day in AS_OFS}


def test_a_row_that_vanished_has_no_history_either(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = agreed(tmp_path, knowledgeDay={"firstDelivery": True})
    deliver(con, made, tmp_path, FIRST, a="1", b="2")
    deliver(con, made, tmp_path, SECOND, b="3")
    assert con.execute("SELECT count(*) FROM core.attribute").fetchone() == (2,)
    assert cells(con, "b")[date(2026, 2, 15)] == 2.0


def test_with_a_knowledge_day_of_the_row_todays_value_would_be_seen_so_no_feature_may_look(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    made = agreed(tmp_path, knowledgeDay={"column": "opened_on"})
    [(place, what, _)] = check_features(NEED, vocabulary=vocabulary(MAPPING, made))
    assert place == (0, "attribute")
    assert "“need” rests on “details.need”, which the source overwrites" in what
    # what it would have been otherwise
    deliver(con, made, tmp_path, FIRST, a="1")
    deliver(con, made, tmp_path, SECOND, a="2")
    assert set(cells(con).values()) == {2.0}


def test_somebody_counts_as_gone_only_when_it_was_known(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """As family_support maps it: the end of a stay is written into its row, long after it."""
    [stays] = load_pack("family_support").programme.core.membership
    assert stays.columns["to"] == "greatest(to_date, end_recorded_on)"
    space = {"custom": {"keySpace": "person"}}
    made = contract(
        tmp_path,
        table(
            "cases",
            column("id", "string", "key", primaryKey=True, required=True, **space),
            column("opened_on", "date", required=True),
            knowledgeDay={"column": "opened_on"},
        ),
        table(
            "memberships",
            column("person_id", "string", "key", primaryKey=True, required=True, **space),
            column("household_id", "string", "key"),
            *(column(day, "date") for day in ("from_date", "to_date", "recorded_on", "end_recorded_on")),
            knowledgeDay={"column": "recorded_on"},
            overwrittenInPlace=["to_date", "end_recorded_on"],
        ),
    )
    mapping = CoreMapping.model_validate(
        {"case": MAPPING.case, "event": MAPPING.event, "membership": stays.model_dump(exclude_defaults=True)}
    )
    others = {"name": "n", "kind": "count", "factor": "f", "events": {"type": "opening"}, "window": "5y"}
    specs = TypeAdapter(list[FeatureSpec]).validate_python([others | {"scope": "association"}])
    [(place, what, _)] = check_features(specs, vocabulary=vocabulary(mapping, made))
    assert place == (0, "scope")
    assert "“memberships.end_recorded_on”" in what  # the contract here gives no reason, family_support's does

    folder = data(
        tmp_path,
        cases__csv="id,opened_on\na,2024-05-01\nb,2024-05-01\n",
        memberships__csv="person_id,household_id,from_date,to_date,recorded_on,end_recorded_on\n"
        "a,h,2024-01-01,,2024-01-01,\nb,h,2024-01-01,2025-01-31,2024-01-01,2025-06-30\n",
    )
    landed(con, made, folder, FIRST)
    build_core(con, PROGRAMME, made, mapping)
    days = [date(2025, 2, 15), date(2025, 6, 30), date(2025, 7, 1)]
    con.execute("CREATE SCHEMA IF NOT EXISTS cohort")
    con.execute(COHORT, [days])
    build_matrix(con, PROGRAMME, specs)
    found = con.execute(
        f'SELECT as_of, n FROM features."{PROGRAMME}__matrix" WHERE case_id = ? ORDER BY as_of',
        [KEY.pseudonym("person", "a")],
    ).fetchall()
    assert found == [(days[0], 1.0), (days[1], 1.0), (days[2], 0.0)]
