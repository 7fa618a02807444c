"""The core tables: their columns, what must be there, and their creation in the warehouse.

Belongs here: what every programme's core tables look like.
Does not belong here: where a programme's columns come from (mapping), filling them (build).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_contracts.rules.sql import ident

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class CoreTable:
    """One core table.

    Parameters
    ----------
    columns : dict
        Column -> DuckDB type, ``programme`` left out.
    needed : tuple of str
        Columns that every source must map.
    filled : tuple of str
        Columns in which no row may be empty.
    together : tuple of pairs
        Columns that are both given or both empty in a row.
    """

    columns: dict[str, str]
    needed: tuple[str, ...]
    filled: tuple[str, ...]
    together: tuple[tuple[str, str], ...] = ()


CORE: dict[str, CoreTable] = {
    "case": CoreTable(
        {
            "case_id": "VARCHAR", "person_id": "VARCHAR", "cluster_id": "VARCHAR", "opened_at": "DATE",
            "closed_at": "DATE", "closed_known_at": "DATE", "planned_end": "DATE", "known_at": "DATE",
        },
        ("case_id", "person_id", "opened_at"),
        ("known_at", "case_id", "person_id", "cluster_id", "opened_at"),
        (("closed_at", "closed_known_at"),),
    ),
    "attribute": CoreTable(
        {"subject_id": "VARCHAR", "name": "VARCHAR", "value": "VARCHAR", "known_at": "DATE"},
        ("subject_id", "name", "value"),
        ("known_at", "subject_id", "name"),
    ),
    "membership": CoreTable(
        {"person_id": "VARCHAR", "cluster_id": "VARCHAR", "from": "DATE", "to": "DATE", "known_at": "DATE"},
        ("person_id", "cluster_id"),
        ("known_at", "person_id", "cluster_id"),
    ),
    "event": CoreTable(
        {
            "event_id": "VARCHAR", "person_id": "VARCHAR", "case_id": "VARCHAR", "event_at": "DATE",
            "known_at": "DATE", "event_type": "VARCHAR", "category": "VARCHAR", "value": "DOUBLE",
            "ended_at": "DATE", "end_known_at": "DATE", "source_table": "VARCHAR", "source_row": "BIGINT",
        },
        ("person_id", "event_at", "event_type"),
        ("known_at", "event_id", "person_id", "event_at", "event_type"),
        (("ended_at", "end_known_at"),),
    ),
    "coverage": CoreTable(
        {"source": "VARCHAR", "person_id": "VARCHAR", "case_id": "VARCHAR", "from": "DATE", "to": "DATE"},
        ("source",),
        ("source",),
    ),
}  # fmt: skip
"""The core tables by name."""

EVENT_CONTENT = ("person_id", "case_id", "event_at", "known_at", "event_type", "category", "value", "source_table")
"""What an event without a key of its own is recognised by. Its end is left out: it comes later and must not make the
event another one."""


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the core tables that are not there yet."""
    con.execute("CREATE SCHEMA IF NOT EXISTS core")
    for name, table in CORE.items():
        columns = ", ".join(
            f"{ident(column)} {kind}{' NOT NULL' if column in table.filled else ''}"
            for column, kind in table.columns.items()
        )
        con.execute(f"CREATE TABLE IF NOT EXISTS core.{ident(name)} (programme VARCHAR NOT NULL, {columns})")
