"""A transaction is all or nothing, and what ended it is what the caller hears of."""

from __future__ import annotations

import duckdb
import pytest

from data_contracts.warehouse import transaction


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE TABLE t (x INTEGER)")
    return con


def _rows(con: duckdb.DuckDBPyConnection) -> list[tuple[int]]:
    return con.execute("SELECT x FROM t ORDER BY x").fetchall()


def _stopped(con: duckdb.DuckDBPyConnection, *statements: str) -> None:
    with transaction(con):
        for statement in statements:
            con.execute(statement)
        raise KeyboardInterrupt


def test_it_keeps_everything_or_nothing(con: duckdb.DuckDBPyConnection) -> None:
    with transaction(con):
        con.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(KeyboardInterrupt):
        _stopped(con, "INSERT INTO t VALUES (2)")
    assert _rows(con) == [(1,)]


def test_a_transaction_that_duckdb_took_back_itself_hides_nothing(con: duckdb.DuckDBPyConnection) -> None:
    """As after Ctrl-C in the middle of a statement: the failing rollback must not stand for the interrupt."""
    with pytest.raises(KeyboardInterrupt):
        _stopped(con, "INSERT INTO t VALUES (3)", "ROLLBACK")
    assert _rows(con) == []
