"""The rows that count: what a programme's accepted deliveries say today, as views under the contract's names.

Belongs here: which rows those are, and the day on which the agency knew each of them.
Does not belong here: landing and accepting (landing), what the rows become (core).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.ingest.history import fit_tables
from data_contracts.warehouse import quoted, raw_table

if TYPE_CHECKING:
    import duckdb

    from data_contracts.contract import Contract, Table


def current_rows(con: duckdb.DuckDBPyConnection, programme: str, contract: Contract) -> None:
    """Make a temporary view for every table of the contract, under the table's name.

    A view has the table's columns, `_source_row` and `_known_on`: the declared knowledge day, NULL where the pack's own
    SQL computes it or the table is reference data. Of each key the newest row counts; rows that have ended do not. A
    table that was never delivered is an empty view.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
        The programme.
    contract : Contract
        Its contract.
    """
    fit_tables(con, programme, contract)
    for table in contract.tables:
        columns = ", ".join(f"r.{quoted(column.name)}" for column in table.stored)
        # a view takes no parameters: the programme's name is checked, and still written as a literal
        name = programme.replace("'", "''")
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {quoted(table.name)} AS SELECT {columns}, r.source_row AS _source_row, "
            f"{_known_on(table)} AS _known_on FROM {raw_table(programme, table.name)} r WHERE r.programme = '{name}' "
            "AND r.ended_by IS NULL AND EXISTS (SELECT 1 FROM ops.delivery d WHERE d.programme = r.programme "
            "AND d.delivery_id = r.delivery_id AND d.status = 'accepted')"
        )


def _known_on(table: Table) -> str:
    knowledge = table.knowledge_day
    if knowledge.column is not None:
        return f"CAST(r.{quoted(knowledge.column)} AS DATE)"
    if knowledge.lag is not None:
        return f"CAST(r.{quoted(knowledge.lag.column)} AS DATE) + {knowledge.lag.days}"
    return "r.first_delivered_on" if knowledge.first_delivery else "CAST(NULL AS DATE)"
