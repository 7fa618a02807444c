"""What is wrong with a mapping, before any data are there.

Belongs here: trying every source of a mapping on empty tables of the contract's shape.
Does not belong here: faults that only rows can have (build).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from data_contracts.core.mapping import CoreMapping, Source
from data_contracts.core.sandbox import check_sql
from data_contracts.core.schema import CORE
from data_contracts.rules.sql import ident
from data_contracts.yamldoc import nearest

if TYPE_CHECKING:
    from data_contracts.contract import Contract

Location = tuple[int | str, ...]
Problem = tuple[Location, str, str]

WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_WRITE = {
    "DATE": "a date: use a date column, or make_date, or a date plus a number of days",
    "VARCHAR": "text, a whole number or a date",
    "DOUBLE": "a number",
    "BIGINT": "a whole number",
}


def check(mapping: CoreMapping, contract: Contract) -> list[Problem]:
    """The mistakes of a mapping.

    Parameters
    ----------
    mapping : CoreMapping
        The section ``core:``.
    contract : Contract
        The contract whose tables it reads.

    Returns
    -------
    list of (location, what, todo)
        The location within the section.
    """
    problems: list[Problem] = []
    with duckdb.connect() as con:
        empty_tables(con, contract)
        for table in CORE:
            for index, source in enumerate(mapping.of(table)):
                problems += [
                    ((table, index, *place), what, todo) for place, what, todo in _source(con, table, source, contract)
                ]
    return problems


def empty_tables(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create an empty table for each of the contract's, with the columns that a pack's SQL sees."""
    for table in contract.tables:
        columns = ", ".join(f"{ident(column.name)} {column.duckdb_type}" for column in table.stored)
        con.execute(f"CREATE TEMP TABLE {ident(table.name)} ({columns}, _source_row BIGINT, _known_on DATE)")


def _source(con: duckdb.DuckDBPyConnection, table: str, source: Source, contract: Contract) -> list[Problem]:
    problems: list[Problem] = []
    names = [each.name for each in contract.tables]
    if source.table is not None and source.table not in names:
        return [(("table",), f"“{source.table}” is not a table of the contract.", nearest(source.table, names))]
    if source.attributes and table != "attribute":
        problems.append((("attributes",), f"“attributes” does not go with core.{table}.", "Remove it."))
    if source.sql is None:
        for name in sorted(source.mapped() - set(CORE[table].columns)):
            place = ("constants", name) if name in source.constants else ("columns", name)
            advice = nearest(name, list(CORE[table].columns)) or f"It has: {', '.join(CORE[table].columns)}."
            problems.append((place, f"“{name}” is not a column of core.{table}.", advice))
        if "known_at" in CORE[table].columns and "known_at" not in source.mapped():
            kind = contract.table(str(source.table)).knowledge_day.kind
            if kind in ("computed", "reference"):
                what = f"“known_at” is missing: “{source.table}” has no knowledge day of its own."
                problems.append((("columns",), what,
                                 "Map known_at."))  # fmt: skip
    if problems:
        return problems
    for select in source.selects(table):
        problems += [(("sql",) if source.sql else (), f"{fault}.", "docs/core_tables.md says what SQL may hold.")
                     for fault in check_sql(con, select, names)]  # fmt: skip
        if not problems:
            problems += _result(con, table, source, select)
    return list(dict.fromkeys(problems))


def _result(con: duckdb.DuckDBPyConnection, table: str, source: Source, select: str) -> list[Problem]:
    """Whether the columns that a SELECT gives are those of the core table, in types that can be taken over."""
    place: Location = ("sql",) if source.sql else ("columns",)
    try:
        found = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {select}").fetchall()}
    except duckdb.Error as error:
        # the tables are empty: the message can only quote the pack
        return [(place, f"the SQL does not work: {str(error).splitlines()[0]}", "See docs/core_tables.md.")]
    core = CORE[table]
    problems: list[Problem] = [
        (place, f"“{name}” is not a column of core.{table}.", nearest(name, list(core.columns)) or "Remove it.")
        for name in found
        if name not in core.columns
    ]
    needed = [*core.needed, *(["known_at"] if "known_at" in core.columns else [])]
    for name in needed:
        if name not in found:
            problems.append((place, f"“{name}” of core.{table} is missing.", "Map it to a column."))
    for one, other in core.together:
        if (one in found) != (other in found):
            lone, missing = (one, other) if one in found else (other, one)
            todo = "Map both or none: an end counts only from the day it was known."
            problems.append((place, f"“{lone}” is mapped but “{missing}” is not.", todo))
    for name, kind in found.items():
        here = place if source.sql or name not in source.columns else ("columns", name)
        if name in core.columns and not _fits(kind, core.columns[name]):
            todo = f"It must be {_WRITE[core.columns[name]]}."
            problems.append((here, f"“{name}” of core.{table} is of the type {kind}.", todo))
    return problems


def _fits(kind: str, wanted: str) -> bool:
    base = kind.partition("(")[0]
    if wanted == "DATE":
        return base in ("DATE", "TIMESTAMP", '"NULL"')
    if wanted == "VARCHAR":
        return base in {"VARCHAR", "DATE", "BOOLEAN", '"NULL"'} | WHOLE
    if wanted == "DOUBLE":
        return base in {"DOUBLE", "FLOAT", "DECIMAL", '"NULL"'} | WHOLE
    return base in WHOLE | {'"NULL"'}
