"""The rows of a table over deliveries: each version of a row once, with when it came and what ended it.

Belongs here: the raw and quarantine tables of a programme, comparing a delivery with what stands there.
Does not belong here: reading files (staging), the order of the steps (landing).

A row is the same row as before when its primary key is the same; where the contract names none, when its content is the
same (and as many times). Unchanged rows are not written again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from data_contracts.contract import Column, Contract, Table
from data_contracts.warehouse import quarantine_table, quoted, raw_table, staging_table

if TYPE_CHECKING:
    import duckdb

_RAW_OWN = (
    "delivery_id VARCHAR, source_file VARCHAR, source_row BIGINT, content_hash UHUGEINT, first_delivery_id VARCHAR, "
    "first_delivered_on DATE, ended_by VARCHAR"
)
_QUARANTINE_OWN = "delivery_id VARCHAR, source_file VARCHAR, source_row BIGINT, rules VARCHAR[]"


@dataclass(frozen=True)
class Changes:
    """What a delivery changes in a table.

    Attributes
    ----------
    new, changed, unchanged : int
        Accepted rows: seen for the first time, another version of a known one, as before.
    vanished : int
        Rows that were there and are not in this snapshot: they end.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0


def treatment(column: Column) -> str:
    """What is done to a column's values before they are written; values under different treatments never mix."""
    if column.key_space is not None:
        return f"key {column.key_space} {column.logical_type}"
    return "month" if column.is_birth_date else "plain"


def fit_tables(con: duckdb.DuckDBPyConnection, programme: str, contract: Contract) -> None:
    """Make a programme's raw and quarantine tables fit its contract.

    Columns that the contract does not store any more are removed, with their values; so are values under another
    treatment (a column that became a key keeps no value in clear). A changed type keeps what reads as the new one.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, inside the landing's transaction.
    programme : str
    contract : Contract
    """
    for table in contract.tables:
        before = dict(
            con.execute(
                "SELECT column_name, treatment FROM ops.raw_column WHERE programme = ? AND table_name = ?",
                [programme, table.name],
            ).fetchall()
        )
        for name, own in (
            (raw_table(programme, table.name), _RAW_OWN),
            (quarantine_table(programme, table.name), _QUARANTINE_OWN),
        ):
            columns = "".join(f"{quoted(column.name)} {column.duckdb_type}, " for column in table.stored)
            con.execute(f"CREATE TABLE IF NOT EXISTS {name} (programme VARCHAR, {columns}{own})")
            if before:
                _migrate(con, name, table, before, {part.split()[0] for part in own.split(", ")})
        after = {column.name: treatment(column) for column in table.stored}
        if before and before != after:
            con.execute(f"UPDATE {raw_table(programme, table.name)} t SET content_hash = {content_hash(table, 't')}")
        con.execute("DELETE FROM ops.raw_column WHERE programme = ? AND table_name = ?", [programme, table.name])
        con.executemany(
            "INSERT INTO ops.raw_column VALUES (?, ?, ?, ?)",
            [(programme, table.name, column, how) for column, how in after.items()],
        )


def _migrate(con: duckdb.DuckDBPyConnection, name: str, table: Table, before: dict[str, str], own: set[str]) -> None:
    present = {row[0]: row[1] for row in con.execute(f"DESCRIBE {name}").fetchall()}
    wanted = {column.name: column for column in table.stored}
    for column in [each for each in present if each not in own and each != "programme"]:
        if column not in wanted or before.get(column) != treatment(wanted[column]):
            con.execute(f"ALTER TABLE {name} DROP COLUMN {quoted(column)}")
            present.pop(column)
    for column in table.stored:
        if column.name not in present:
            con.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {column.duckdb_type}")
        elif present[column.name] != column.duckdb_type:
            con.execute(
                f"ALTER TABLE {name} ALTER COLUMN {quoted(column.name)} TYPE {column.duckdb_type} "
                f"USING TRY_CAST({quoted(column.name)} AS {column.duckdb_type})"
            )


def content_hash(table: Table, row: str) -> str:
    """SQL of the hash over a row's stored columns, by name; NULL and an empty text differ."""
    return _hash([column.name for column in sorted(table.stored, key=lambda one: one.name)], row)


def _hash(names: list[str], row: str) -> str:
    parts = ", ".join(f"coalesce('=' || CAST({row}.{quoted(name)} AS VARCHAR), '')" for name in names)
    return f"md5_number(concat_ws(chr(31), {parts}))"


def _identity(table: Table, row: str) -> str:
    names = [column.name for column in table.primary_key]
    return _hash(names, row) if names else content_hash(table, row)


def quarantine(con: duckdb.DuckDBPyConnection, programme: str, table: Table, delivery_id: str) -> int:
    """Copy a table's staged rows that stand in `staging._bad` into quarantine.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse with `staging._bad` (table_name, _file, _row, rules).
    programme : str
    table : Table
    delivery_id : str

    Returns
    -------
    int
        How many rows were quarantined; those of wrong length (not staged) carry no values.
    """
    name = quarantine_table(programme, table.name)
    columns = [quoted(column.name) for column in table.stored]
    before = _count(con, f"SELECT count(*) FROM {name} WHERE programme = ? AND delivery_id = ?", programme, delivery_id)
    con.execute(
        f"INSERT INTO {name} (programme, {', '.join(columns)}, delivery_id, source_file, source_row, rules) "
        f"SELECT ?, {', '.join(f's.{column}' for column in columns)}, ?, b._file, b._row, b.rules FROM staging._bad b "
        f"LEFT JOIN {staging_table(table.name)} s ON s._file = b._file AND s._row = b._row "
        "WHERE b.table_name = ? ORDER BY b._file, b._row",
        [programme, delivery_id, table.name],
    )
    after = _count(con, f"SELECT count(*) FROM {name} WHERE programme = ? AND delivery_id = ?", programme, delivery_id)
    return after - before


def merge(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    table: Table,
    delivery_id: str,
    delivered_on: date,
    *,
    snapshot: bool,
) -> Changes:
    """Write a table's good staged rows into raw, as far as they are new, and end what they replace.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse with `staging._bad`.
    programme, table, delivery_id, delivered_on
        The delivery.
    snapshot : bool
        Whether a row that is not in the delivery has ended.

    Returns
    -------
    Changes
    """
    raw, staged = raw_table(programme, table.name), staging_table(table.name)
    columns = ", ".join(quoted(column.name) for column in table.stored)
    good = "NOT EXISTS (SELECT 1 FROM staging._bad b WHERE b.table_name = ? AND b._file = s._file AND b._row = s._row)"
    target = (
        f"INSERT INTO {raw} (programme, {columns}, delivery_id, source_file, source_row, content_hash, "
        "first_delivery_id, first_delivered_on) "
    )
    live = _count(con, f"SELECT count(*) FROM {raw} WHERE programme = ? AND ended_by IS NULL", programme)
    if live == 0 and _count(con, f"SELECT count(*) FROM {raw} WHERE programme = ?", programme) == 0:
        # the first delivery has nothing to be compared with; staging is in the order of files and rows
        any_bad = _count(con, "SELECT count(*) FROM staging._bad WHERE table_name = ?", table.name)
        con.execute(
            f"{target} SELECT ?, {columns}, ?, _file, _row, {content_hash(table, 's')}, ?, ? FROM {staged} s "
            + (f"WHERE {good} ORDER BY _file, _row" if any_bad else ""),
            [programme, delivery_id, delivery_id, delivered_on, *([table.name] if any_bad else [])],
        )
        return Changes(new=_count(con, f"SELECT count(*) FROM {raw} WHERE programme = ?", programme))
    numbered = "row_number() OVER (PARTITION BY identity ORDER BY content, a, b) AS occurrence"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _incoming AS SELECT *, {numbered} FROM (SELECT _file AS a, _row AS b, "
        f"{content_hash(table, 's')} AS content, {_identity(table, 's')} AS identity FROM {staged} s WHERE {good})",
        [table.name],
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _live AS SELECT *, {numbered} FROM (SELECT t.rowid AS rid, "
        f"t.source_file AS a, t.source_row AS b, t.content_hash AS content, {_identity(table, 't')} AS identity "
        f"FROM {raw} t WHERE programme = ? AND ended_by IS NULL)",
        [programme],
    )
    pair = "i.identity = l.identity AND i.occurrence = l.occurrence"
    unchanged = _count(con, f"SELECT count(*) FROM _incoming i JOIN _live l ON {pair} AND i.content = l.content")
    changed = _count(con, f"SELECT count(*) FROM _incoming i JOIN _live l ON {pair} AND i.content <> l.content")
    new = _count(con, f"SELECT count(*) FROM _incoming i ANTI JOIN _live l ON {pair}")
    ends = f"SELECT l.rid FROM _live l JOIN _incoming i ON {pair} AND i.content <> l.content"
    vanished = 0
    if snapshot:
        gone, arguments = f"SELECT l.rid FROM _live l ANTI JOIN _incoming i ON {pair}", []
        if table.primary_key:
            # a row that was delivered but is in quarantine has not vanished: its former version stays
            gone += f" WHERE l.identity NOT IN (SELECT {_identity(table, 's')} FROM {staged} s WHERE NOT {good})"
            arguments = [table.name]
        con.execute(f"CREATE OR REPLACE TEMP TABLE _gone AS {gone}", arguments)
        vanished = _count(con, "SELECT count(*) FROM _gone")
        ends = f"{ends} UNION ALL SELECT rid FROM _gone"
    con.execute(f"CREATE OR REPLACE TEMP TABLE _ends AS {ends}")
    con.execute(f"UPDATE {raw} SET ended_by = ? WHERE rowid IN (SELECT rid FROM _ends)", [delivery_id])
    con.execute(
        f"{target} SELECT ?, {', '.join(f's.{quoted(column.name)}' for column in table.stored)}, ?, s._file, s._row, "
        "i.content, coalesce(f.delivery, ?), coalesce(f.day, ?) "
        f"FROM _incoming i JOIN {staged} s ON s._file = i.a AND s._row = i.b "
        "LEFT JOIN (SELECT content_hash, min(first_delivered_on) AS day, "
        "arg_min(first_delivery_id, (first_delivered_on, first_delivery_id)) AS delivery "
        f"FROM {raw} WHERE programme = ? GROUP BY content_hash) f ON f.content_hash = i.content "
        f"WHERE NOT EXISTS (SELECT 1 FROM _live l WHERE {pair} AND i.content = l.content) ORDER BY s._file, s._row",
        [programme, delivery_id, delivery_id, delivered_on, programme],
    )
    for name in ("_incoming", "_live", "_ends", "_gone"):
        con.execute(f"DROP TABLE IF EXISTS {name}")
    return Changes(new, changed, unchanged, vanished)


def forget(con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str) -> None:
    """Take a delivery's rows out again and let live what it ended."""
    for raw, held in _tables(con, programme):
        con.execute(f"DELETE FROM {raw} WHERE programme = ? AND delivery_id = ?", [programme, delivery_id])
        con.execute(f"UPDATE {raw} SET ended_by = NULL WHERE programme = ? AND ended_by = ?", [programme, delivery_id])
        con.execute(f"DELETE FROM {held} WHERE programme = ? AND delivery_id = ?", [programme, delivery_id])


def rename(con: duckdb.DuckDBPyConnection, programme: str, former: str, delivery_id: str) -> None:
    """Let a reading of the same files under another contract stand for the former one."""
    for raw, held in _tables(con, programme):
        for column in ("delivery_id", "first_delivery_id", "ended_by"):
            con.execute(
                f"UPDATE {raw} SET {column} = ? WHERE programme = ? AND {column} = ?", [delivery_id, programme, former]
            )
        con.execute(f"DELETE FROM {held} WHERE programme = ? AND delivery_id = ?", [programme, former])


def _tables(con: duckdb.DuckDBPyConnection, programme: str) -> list[tuple[str, str]]:
    names = con.execute(
        "SELECT DISTINCT table_name FROM ops.raw_column WHERE programme = ? ORDER BY table_name", [programme]
    ).fetchall()
    return [(raw_table(programme, name), quarantine_table(programme, name)) for (name,) in names]


def _count(con: duckdb.DuckDBPyConnection, sql: str, *values: str) -> int:
    row = con.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0
