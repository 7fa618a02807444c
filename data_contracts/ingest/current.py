"""The rows that count: what a programme's accepted deliveries say today, as views under the contract's names.

Belongs here: which rows those are, and the day on which the agency knew each of them.
Does not belong here: landing and accepting (landing), what the rows become (core).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.warehouse import quoted, raw_table

if TYPE_CHECKING:
    import duckdb

    from data_contracts.contract import Contract, Table


def current_rows(
    con: duckdb.DuckDBPyConnection, programme: str, contract: Contract, pending: str | None = None
) -> dict[str, str]:
    """Make a temporary view for every table of the contract, under the table's name.

    A view has the table's columns, `_source_row` and `_known_on`: the declared knowledge day, NULL where the pack's own
    SQL computes it or the table is reference data. Of each key the newest row counts; rows that have ended do not. A
    row that corrects an earlier one is known on the day of the delivery that first showed it, at the earliest; columns
    that the contract names as overwritten in place (an end, with its own knowledge day) make no correction. A table
    that was never delivered is an empty view.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, fitted to the contract by a landing.
    programme : str
        The programme.
    contract : Contract
        Its contract.
    pending : str, optional
        A delivery that has landed and counts here, although it is not accepted yet.

    Returns
    -------
    dict of str to str
        Table -> a second view of it, of tables that are known by their first delivery and have a primary key: every
        version that was ever shown of the rows that still count, each known on the day of its own delivery.
    """
    # a view takes no parameters: the names are checked ones, and still written as literals
    name, waiting = programme.replace("'", "''"), (pending or "").replace("'", "''")
    versions: dict[str, str] = {}
    for table in contract.tables:
        columns = ", ".join(f"r.{quoted(column.name)}" for column in table.stored)
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {quoted(table.name)} AS SELECT {columns}, r.source_row AS _source_row, "
            f"{_known_on(programme, table)} AS _known_on FROM {raw_table(programme, table.name)} r "
            f"WHERE r.programme = '{name}' AND r.ended_by IS NULL AND (r.delivery_id = '{waiting}' OR EXISTS ("
            "SELECT 1 FROM ops.delivery d WHERE d.programme = r.programme "
            "AND d.delivery_id = r.delivery_id AND d.status = 'accepted'))"
        )
        if table.knowledge_day.first_delivery and table.primary_key:
            versions[table.name] = f"{table.name}__versions"
            same = " AND ".join(f"c.{key} = r.{key}" for key in (quoted(column.name) for column in table.primary_key))
            # of what two deliveries of one day said, the second counts
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW {quoted(versions[table.name])} AS SELECT {columns}, "
                f"r.source_row AS _source_row, d.delivered_on AS _known_on "
                f"FROM {raw_table(programme, table.name)} r JOIN ops.delivery d "
                "ON d.programme = r.programme AND d.delivery_id = r.delivery_id "
                "LEFT JOIN ops.delivery e ON e.programme = r.programme AND e.delivery_id = r.ended_by "
                f"WHERE r.programme = '{name}' AND (d.status = 'accepted' OR d.delivery_id = '{waiting}') "
                "AND (r.ended_by IS NULL OR e.delivered_on > d.delivered_on) "
                f"AND EXISTS (SELECT 1 FROM {quoted(table.name)} c WHERE {same})"
            )
    return versions


def _known_on(programme: str, table: Table) -> str:
    knowledge = table.knowledge_day
    if knowledge.first_delivery:
        return "r.first_delivered_on"
    if knowledge.column is not None:
        declared = f"CAST(r.{quoted(knowledge.column)} AS DATE)"
    elif knowledge.lag is not None:
        declared = f"CAST(r.{quoted(knowledge.lag.column)} AS DATE) + {knowledge.lag.days}"
    else:
        return "CAST(NULL AS DATE)"
    corrects = _corrects(programme, table)
    return f"CASE WHEN {corrects} THEN greatest({declared}, r.first_delivered_on) ELSE {declared} END"


def _corrects(programme: str, table: Table) -> str:
    """Whether the row says something else of its key than a version that has ended."""
    keys = [quoted(column.name) for column in table.primary_key]
    told = [quoted(c.name) for c in table.stored if not c.primary_key and c.name not in table.overwritten_in_place]
    if not keys or not told:
        return "false"
    same = " AND ".join(f"e.{key} = r.{key}" for key in keys)
    differs = " OR ".join(f"e.{column} IS DISTINCT FROM r.{column}" for column in told)
    return (
        f"EXISTS (SELECT 1 FROM {raw_table(programme, table.name)} e WHERE e.programme = r.programme "
        f"AND e.ended_by IS NOT NULL AND {same} AND ({differs}))"
    )
