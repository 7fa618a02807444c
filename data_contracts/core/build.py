"""Filling the core tables of one programme.

Belongs here: running a mapping's SQL on the accepted rows, what no core row may lack, the ids of events.
Does not belong here: which rows of the sources count (ingest), how a mapping is written (mapping).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from data_contracts.core.mapping import CoreMapping, Source
from data_contracts.core.sandbox import check_sql
from data_contracts.core.schema import CORE, EVENT_CONTENT, CoreTable, create_tables
from data_contracts.errors import RefusedError, UsageError
from data_contracts.rules.sql import ident
from data_contracts.warehouse import transaction

if TYPE_CHECKING:
    from data_contracts.contract import Contract


def build_core(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    mapping: CoreMapping,
    pending: str | None = None,
) -> dict[str, int]:
    """Fill the core tables of a programme anew from the rows of its accepted deliveries.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
        The programme; rows of others are left alone.
    contract : Contract
        Its contract.
    mapping : CoreMapping
        How its sources become core tables.
    pending : str, optional
        A landed delivery that counts although it is not accepted yet: it is accepted only once it makes core tables.

    Returns
    -------
    dict of str to int
        Core table -> its rows.

    Raises
    ------
    RefusedError
        When a row lacks what no core row may lack, or an id stands twice. The tables are then as they were.
    """
    from data_contracts.ingest import current_rows

    versions = current_rows(con, programme, contract, pending)
    return fill_core(con, programme, [table.name for table in contract.tables], mapping, versions)


def fill_core(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    tables: list[str],
    mapping: CoreMapping,
    versions: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """As `build_core`, from source tables that can already be read under their contract names.

    Parameters
    ----------
    con, programme, mapping
        As for `build_core`.
    tables : list of str
        The source tables that the mapping may read.
    versions : mapping of str to str, optional
        Source table -> a table of all its versions, from which attributes take their history.

    Returns
    -------
    dict of str to int
        Core table -> its rows.
    """
    create_tables(con)
    con.execute("SET python_enable_replacements = false")  # a name in SQL never means a variable of Python
    rows: dict[str, int] = {}
    with transaction(con):
        for name, table in CORE.items():
            _collect(con, name, table, mapping.of(name), tables, versions or {})
            _refuse_gaps(con, name, table, mapping.of(name))
            if name in ("case", "event"):
                _refuse_repeats(con, name)
            columns = ", ".join(ident(column) for column in table.columns)
            con.execute(f"DELETE FROM core.{ident(name)} WHERE programme = ?", [programme])
            con.execute(
                f"INSERT INTO core.{ident(name)} (programme, {columns}) SELECT ?, {columns} FROM _core_rows",
                [programme],
            )
            rows[name] = _count(con, "SELECT count(*) FROM _core_rows")
            con.execute("DROP TABLE _core_rows")
    return rows


def _collect(
    con: duckdb.DuckDBPyConnection,
    name: str,
    table: CoreTable,
    sources: list[Source],
    tables: list[str],
    versions: Mapping[str, str],
) -> None:
    """All rows of all sources, with the number of their source, in a temporary table."""
    columns = ", ".join(f"{ident(column)} {kind}" for column, kind in table.columns.items())
    con.execute(f"CREATE TEMP TABLE _core_rows (_source INTEGER, {columns})")
    for number, source in enumerate(sources):
        for select in source.selects(name, versions):
            faults = check_sql(con, select, [*tables, *versions.values()])
            if faults:
                raise UsageError(f"{faults[0]}.", where=_place(name, number, source), todo="See docs/core_tables.md.")
            given = [str(column) for column, *_ in con.execute(f"DESCRIBE {select}").fetchall()]
            listed = ", ".join(ident(column) for column in given)
            cast = ", ".join(f"CAST(s.{ident(column)} AS {table.columns[column]})" for column in given)
            try:
                con.execute(f"INSERT INTO _core_rows (_source, {listed}) SELECT {number}, {cast} FROM ({select}\n) s")
            except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
                # DuckDB's sentence quotes the value
                raise RefusedError(
                    "a value does not read as what the core table holds, or a calculation with it fails.",
                    where=_place(name, number, source),
                    todo="Convert with TRY_CAST, or add a rule for the column to the contract.",
                ) from None
    if name == "case":
        # without households or siblings in the data, the person is what must not stand on both sides of a split
        con.execute("UPDATE _core_rows SET cluster_id = person_id WHERE cluster_id IS NULL")
    if name == "event":
        _name_events(con)


def _name_events(con: duckdb.DuckDBPyConnection) -> None:
    """Events without an id get one from their content and how often that content has occurred.

    Row numbers take no part in which ids there are; they only settle which of two identical rows gets which.
    """
    parts = ", ".join(f"coalesce(CAST({ident(column)} AS VARCHAR), chr(30))" for column in EVENT_CONTENT)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _core_named AS SELECT * EXCLUDE (_content) REPLACE ("
        "CASE WHEN event_id IS NOT NULL THEN event_id "
        "ELSE substr(sha256(concat_ws(chr(31), _content, CAST(row_number() OVER ("
        "PARTITION BY _content, event_id IS NULL "
        "ORDER BY ended_at NULLS LAST, end_known_at NULLS LAST, source_row) AS VARCHAR))), 1, 32) END AS event_id) "
        f"FROM (SELECT *, concat_ws(chr(31), {parts}) AS _content FROM _core_rows)"
    )
    con.execute("DROP TABLE _core_rows")
    con.execute("ALTER TABLE _core_named RENAME TO _core_rows")


def _refuse_gaps(con: duckdb.DuckDBPyConnection, name: str, table: CoreTable, sources: list[Source]) -> None:
    tests = [(f"{ident(column)} IS NULL", f"no {column}") for column in table.filled]
    for one, other in table.together:
        tests.append((f"{ident(one)} IS NOT NULL AND {ident(other)} IS NULL", f"{one} without {other}"))
        tests.append((f"{ident(one)} IS NULL AND {ident(other)} IS NOT NULL", f"{other} without {one}"))
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test, _ in tests)
    found = con.execute(f"SELECT _source, {counts} FROM _core_rows GROUP BY _source ORDER BY _source").fetchall()
    reasons = [
        f"{_place(name, number, sources[number])}: {count} row{'s have' if count != 1 else ' has'} {what}."
        for number, *numbers in found
        for count, (_, what) in zip(numbers, tests, strict=True)
        if count
    ]
    if reasons:
        raise RefusedError(
            " ".join(reasons),
            todo="Map another column, leave such rows out by “where”, or have the source corrected.",
            reasons=reasons,
        )


def _refuse_repeats(con: duckdb.DuckDBPyConnection, name: str) -> None:
    key = f"{name}_id"
    count = _count(con, f"SELECT count(*) FROM (SELECT {key} FROM _core_rows GROUP BY {key} HAVING count(*) > 1)")
    if count:
        raise RefusedError(
            f"{count} {key}{'s stand' if count != 1 else ' stands'} in more than one row.",
            where=f"core.{name}",
            todo="Map an id that names one row: several columns can be joined, as in a || '-' || b.",
        )


def _place(name: str, number: int, source: Source) -> str:
    return f"core.{name}, source {number + 1} ({source.table or 'SQL'})"


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
