"""Frames that one step leaves in the warehouse for the next, and what they were made from.

Belongs here: writing and reading a frame under a programme's name; refusing tables that another run made.
Does not belong here: tables whose columns a room defines (core, cohort, outcomes, features).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from data_contracts.errors import UsageError
from data_contracts.warehouse import quoted
from pipelines.resources import Run


def name_of(run: Run, table: str) -> str:
    """Qualified name of a programme's table, for example ``models.backtest``, in the warehouse."""
    schema, name = table.split(".")
    return f"{quoted(schema)}.{quoted(f'{run.programme}__{name}')}"


def put(run: Run, table: str, frame: pd.DataFrame) -> int:
    """Replace a programme's table, for example ``models.backtest``, by a frame and return its rows.

    A frame without columns leaves no table.
    """
    if not len(frame.columns):
        drop(run, table)
        return 0
    run.con.register("_frame", frame)
    try:
        run.con.execute(f"CREATE OR REPLACE TABLE {name_of(run, table)} AS SELECT * FROM _frame")
    finally:
        run.con.unregister("_frame")
    return len(frame)


def append(run: Run, table: str, rows: Any) -> int:
    """Add the rows of an Arrow table to a programme's table, which is made where it is missing."""
    run.con.register("_rows", rows)
    try:
        run.con.execute(f"CREATE TABLE IF NOT EXISTS {name_of(run, table)} AS SELECT * FROM _rows WHERE FALSE")
        run.con.execute(f"INSERT INTO {name_of(run, table)} SELECT * FROM _rows")
    finally:
        run.con.unregister("_rows")
    return len(rows)


def ordered(run: Run, table: str, by: Sequence[str]) -> Any:
    """A programme's table in an order, as a reader of record batches: never all of it in memory."""
    order = ", ".join(quoted(column) for column in by)
    return run.con.sql(f"SELECT * FROM {name_of(run, table)} ORDER BY {order}").to_arrow_reader(20_000)


def get(run: Run, table: str) -> pd.DataFrame:
    """The frame that an earlier step put there."""
    return run.con.execute(f"SELECT * FROM {name_of(run, table)}").df()


def has(run: Run, table: str) -> bool:
    """Whether an earlier step put a frame there."""
    schema, name = table.split(".")
    found = run.con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?",
        [schema, f"{run.programme}__{name}"],
    ).fetchone()
    return bool(found and found[0])


def copy(run: Run, source: str, to: str) -> None:
    """Replace a programme's table by another one's rows, types and order included."""
    run.con.execute(f"CREATE OR REPLACE TABLE {name_of(run, to)} AS SELECT * FROM {name_of(run, source)}")


def ops_table(run: Run, name: str) -> str:
    """Qualified name of a programme's own table in ops."""
    return name_of(run, f"ops.{name}")


def rows_of(run: Run, table: str) -> int:
    """Rows of a programme's table; 0 where there is none."""
    if not has(run, table):
        return 0
    found = run.con.execute(f"SELECT count(*) FROM {name_of(run, table)}").fetchone()
    return int(found[0]) if found else 0


def drop(run: Run, *tables: str) -> None:
    """Remove a programme's tables, where they are."""
    for table in tables:
        run.con.execute(f"DROP TABLE IF EXISTS {name_of(run, table)}")


def note(run: Run, name: str, facts: dict[str, Any]) -> None:
    """Keep facts about a step: counts, names, hashes; never a row."""
    put(run, f"ops.{name}", pd.DataFrame({"facts": [json.dumps(facts, default=str, sort_keys=True)]}))


def noted(run: Run, name: str) -> dict[str, Any]:
    """The facts that an earlier step kept."""
    facts: dict[str, Any] = json.loads(str(get(run, f"ops.{name}")["facts"].iloc[0]))
    return facts


def stamp(run: Run, tables: Sequence[str]) -> None:
    """Remember what tables were made from: the as-of date, the code, the settings, the deliveries."""
    run.con.execute("CREATE TABLE IF NOT EXISTS ops.stamp (programme VARCHAR, table_name VARCHAR, made_from VARCHAR)")
    for table in tables:
        run.con.execute("DELETE FROM ops.stamp WHERE programme = ? AND table_name = ?", [run.programme, table])
        run.con.execute("INSERT INTO ops.stamp VALUES (?, ?, ?)", [run.programme, table, _made_from(run)])


def require(run: Run, tables: Sequence[str]) -> None:
    """Refuse tables that were made for another day, by other code or settings, or that do not exist yet.

    In Dagster's UI a step can be run by itself: it must never mix what two runs made.

    Raises
    ------
    UsageError
        With the name of the first such table.
    """
    run.con.execute("CREATE TABLE IF NOT EXISTS ops.stamp (programme VARCHAR, table_name VARCHAR, made_from VARCHAR)")
    known = dict(
        run.con.execute("SELECT table_name, made_from FROM ops.stamp WHERE programme = ?", [run.programme]).fetchall()
    )
    for table in tables:
        if known.get(table) != _made_from(run):
            raise UsageError(
                "the table was made for another day, by other code or settings, or not at all.",
                where=f"{run.programme}/{table}",
                todo="Run the whole job for this day.",
            )


def _made_from(run: Run) -> str:
    told = [str(run.as_of), run.code_version, run.pack.config_hash, run.pack.charter.sha256, run.key.key_id]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
