"""The rows that count, and the day on which the agency knew each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_contracts.contract import Contract
from data_contracts.ingest import current_rows, land
from data_contracts.warehouse import open_warehouse
from tests.data_contracts_deliveries import KEY, PROGRAMME, column, contract, data, found, landed, table

pytestmark = [pytest.mark.slow, pytest.mark.measured]

LATER = date(2026, 3, 31)
HEADER = "id,score,recorded_on,ended_on\n"
FIRST = HEADER + "a,1,2020-01-05,\nb,2,2020-01-06,\nc,3,2020-01-07,\n"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = open_warehouse(tmp_path / "warehouse.duckdb")
    yield opened
    opened.close()


def agreed(folder: Path, **custom: Any) -> Contract:
    """Stays with a score, whose end is written over the open one."""
    columns = (
        column("id", "string", "key", primaryKey=True, required=True),
        column("score", "integer"),
        column("recorded_on", "date"),
        column("ended_on", "date"),
    )
    given = {"knowledgeDay": {"column": "recorded_on"}, "overwrittenInPlace": ["ended_on"], **custom}
    return contract(folder, table("stays", *columns, **given))


def known(con: duckdb.DuckDBPyConnection, made: Contract, pending: str | None = None) -> dict[int, date | None]:
    """By score, the day on which the row was known."""
    current_rows(con, PROGRAMME, made, pending)
    return dict(con.execute("SELECT score, _known_on FROM stays ORDER BY score").fetchall())


def test_a_correction_is_known_from_its_delivery_and_an_end_written_over_is_none(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    made = agreed(tmp_path)
    folder = data(tmp_path, stays__csv=FIRST)
    landed(con, made, folder)
    days = {1: date(2020, 1, 5), 2: date(2020, 1, 6), 3: date(2020, 1, 7)}
    assert known(con, made) == days
    # a: another score; b: only its end; c: as before
    (folder / "stays.csv").write_text(HEADER + "a,9,2020-01-05,\nb,2,2020-01-06,2026-02-01\nc,3,2020-01-07,\n")
    landed(con, made, folder, LATER)
    assert known(con, made) == {2: days[2], 3: days[3], 9: LATER}


def test_a_lag_counts_from_the_row_and_a_correction_from_its_delivery(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lag = {"column": "recorded_on", "days": 3, "reason": "entered within three days"}
    made = agreed(tmp_path, knowledgeDay={"lag": lag})
    folder = data(tmp_path, stays__csv=FIRST)
    landed(con, made, folder)
    assert known(con, made)[1] == date(2020, 1, 8)
    (folder / "stays.csv").write_text(FIRST.replace("a,1", "a,9"))
    landed(con, made, folder, LATER)
    assert known(con, made)[9] == LATER


def test_a_pending_delivery_counts_only_where_it_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = agreed(tmp_path)
    landing = land(con, PROGRAMME, made, found(made, data(tmp_path, stays__csv=FIRST)), KEY)
    assert known(con, made) == {}
    assert set(known(con, made, landing.delivery_id)) == {1, 2, 3}
