"""Landing a delivery: one transaction from its files to pending rows; then it is accepted or refused.

Belongs here: the order of the steps, the delivery's entry in ops, the counts that must add up.
Does not belong here: the steps themselves (staging, history, rules).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from data_contracts.contract import Contract, Table
from data_contracts.delivery import Delivery
from data_contracts.errors import PlumblineError, UsageError
from data_contracts.ingest import history
from data_contracts.ingest.staging import Staged, stage
from data_contracts.keys import ProgrammeKey
from data_contracts.warehouse import quoted, raw_table, staging_table, transaction

if TYPE_CHECKING:
    import duckdb

    from data_contracts.rules import RuleResult

FIELDS_RULE = "fields"


@dataclass(frozen=True)
class TableLanding:
    """Counts of one table: `rows` is always `accepted` + `quarantined`, `accepted` new + changed + unchanged."""

    rows: int
    accepted: int
    quarantined: int
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0


@dataclass
class Landing:
    """What came of landing a delivery.

    Attributes
    ----------
    delivery_id : str
    already_accepted : bool
        Whether the same delivery was accepted before: then nothing was changed.
    delivered_on : date
        The day that counts; of a delivery read again under another contract the first one.
    tables : dict of str to TableLanding
    results : list of RuleResult
        What the contract's rules gave; empty when the delivery was accepted before.
    """

    delivery_id: str
    already_accepted: bool
    delivered_on: date
    tables: dict[str, TableLanding] = field(default_factory=dict)
    results: list[RuleResult] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Rows and quarantined rows by table, as `data_contracts.rules.blocking_reasons` takes them."""
        return {name: (table.rows, table.quarantined) for name, table in self.tables.items()}


def land(
    con: duckdb.DuckDBPyConnection, programme: str, contract: Contract, delivery: Delivery, key: ProgrammeKey
) -> Landing:
    """Read a delivery into the warehouse as pending: a kill at any moment leaves nothing of it.

    Call the privacy gate before. `staging._failures` (table_name, _file, _row, rule, column_name, severity) stays until
    the next landing for the worklist; it holds no values.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
    contract : Contract
    delivery : Delivery
    key : ProgrammeKey

    Returns
    -------
    Landing

    Raises
    ------
    PlumblineError
        When the warehouse was written under another key.
    UsageError
        When the delivery is older than one that was accepted.
    """
    discard_pending(con, programme)
    delivery_id = delivery.delivery_id(contract, key)
    before = _seen_before(con, programme, delivery, delivery_id, key)
    if before is not None and before[0] == delivery_id:
        return Landing(delivery_id, True, before[1], _landed(con, programme, delivery_id))
    delivered_on = before[1] if before else delivery.delivered_on
    with transaction(con):  # nothing of a half-read delivery may stay
        landing = _land(con, programme, contract, delivery, key, delivery_id, delivered_on)
        _enter(con, programme, contract, delivery, key, landing, replaces=before[0] if before else None)
    return landing


def _land(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    delivery: Delivery,
    key: ProgrammeKey,
    delivery_id: str,
    delivered_on: date,
) -> Landing:
    from data_contracts.rules import apply_rules, write_failures  # the rules read contracts and staged rows

    history.fit_tables(con, programme, contract)
    present = [table for table in contract.tables if delivery.of(table.name)]
    staged = {table.name: stage(con, table, delivery.of(table.name), key) for table in present}
    relations = {table.name: staging_table(table.name) for table in present}
    parents = _parents(programme, contract, set(relations), snapshot=delivery.kind == "snapshot")
    results = apply_rules(con, contract, relations, delivered_on, parents=parents)
    write_failures(con, contract, relations, delivered_on, parents=parents, results=results)
    _gather_bad(con, present, staged)
    landing = Landing(delivery_id, False, delivered_on, results=results)
    for table in present:
        quarantined = history.quarantine(con, programme, table, delivery_id)
        snapshot = delivery.kind == "snapshot"
        changes = history.merge(con, programme, table, delivery_id, delivered_on, snapshot=snapshot)
        accepted = changes.new + changes.changed + changes.unchanged
        rows = staged[table.name].rows
        if rows != accepted + quarantined:
            raise PlumblineError(
                f"{rows} rows were read, but {accepted} accepted and {quarantined} quarantined.",
                where=table.name,
                todo="This is a fault of Plumbline: please report it.",
            )
        landing.tables[table.name] = TableLanding(
            rows, accepted, quarantined, changes.new, changes.changed, changes.unchanged, changes.vanished
        )
    _count_files(con, programme, delivery, delivery_id, staged)
    for table in present:
        con.execute(f"DROP TABLE {staging_table(table.name)}")
    con.execute("DROP TABLE staging._bad")
    return landing


def _parents(programme: str, contract: Contract, staged: set[str], *, snapshot: bool) -> dict[str, str]:
    """Where references look: in a snapshot in its own rows, in an increment also in those that stay."""
    parents = {}
    for table in contract.tables:
        columns = ", ".join(quoted(column.name) for column in table.stored)
        kept = (
            f"SELECT {columns} FROM {raw_table(programme, table.name)} "
            f"WHERE programme = '{programme.replace(chr(39), chr(39) * 2)}' AND ended_by IS NULL"
        )
        if table.name not in staged:
            parents[table.name] = f"({kept})"
        elif not snapshot:
            parents[table.name] = f"(SELECT {columns} FROM {staging_table(table.name)} UNION ALL {kept})"
    return parents


def _gather_bad(con: duckdb.DuckDBPyConnection, present: list[Table], staged: dict[str, Staged]) -> None:
    """One row for each row that goes to quarantine, with the rules that it breaks."""
    wrong = [(name, file, row) for name, read in staged.items() for file, row in read.wrong_fields]
    if wrong:
        con.executemany(f"INSERT INTO staging._failures VALUES (?, ?, ?, '{FIELDS_RULE}', '', 'error')", wrong)
    # whatever the rules say, a value that could not be read never counts as an empty one
    unread = " UNION ALL ".join(
        f"SELECT '{table.name}', _file, _row, unnest(_unparsed) || ': type' FROM {staging_table(table.name)} "
        "WHERE len(_unparsed) > 0"
        for table in present
    )
    con.execute(
        "CREATE OR REPLACE TABLE staging._bad AS "
        "SELECT table_name, _file, _row, list(DISTINCT rule ORDER BY rule) AS rules FROM ("
        "SELECT table_name, _file, _row, rule FROM staging._failures WHERE severity <> 'warning'"
        + (f" UNION ALL {unread}" if unread else "")
        + ") GROUP BY ALL"
    )


def _seen_before(
    con: duckdb.DuckDBPyConnection, programme: str, delivery: Delivery, delivery_id: str, key: ProgrammeKey
) -> tuple[str, date] | None:
    """The accepted delivery of the same files, if any; refuses what cannot follow what is there."""
    accepted = con.execute(
        "SELECT delivery_id, delivered_on, files_hash, key_id FROM ops.delivery "
        "WHERE programme = ? AND status = 'accepted' ORDER BY seq DESC",
        [programme],
    ).fetchall()
    if any(key_id != key.key_id for *_, key_id in accepted):
        raise PlumblineError(
            "the warehouse was written under another key: new rows could not be joined to old ones.",
            todo="Set PLUMBLINE_KEY_FILE to the former key, or start with an empty home.",
        )
    same = next((entry for entry in accepted if entry[2] == delivery.files_hash), None)
    if same is not None:
        if same[0] != delivery_id and same is not accepted[0]:
            raise UsageError(
                "these files were read before under another contract, and newer ones have followed.",
                todo="Give --data the newest delivery.",
            )
        return str(same[0]), same[1]
    if accepted and delivery.delivered_on < accepted[0][1]:
        raise UsageError(
            f"the delivery of {delivery.delivered_on} is older than the last one, of {accepted[0][1]}.",
            todo="Give --data the newest delivery, or correct delivered_on in delivery.yaml.",
        )
    return None


def _enter(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    delivery: Delivery,
    key: ProgrammeKey,
    landing: Landing,
    *,
    replaces: str | None,
) -> None:
    mine = [programme, landing.delivery_id]
    con.execute("DELETE FROM ops.delivery WHERE programme = ? AND delivery_id = ?", mine)
    con.execute("DELETE FROM ops.delivery_table WHERE programme = ? AND delivery_id = ?", mine)
    row = con.execute("SELECT coalesce(max(seq), 0) + 1 FROM ops.delivery WHERE programme = ?", [programme]).fetchone()
    con.execute(
        "INSERT INTO ops.delivery VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
        [
            *mine,
            row[0] if row else 1,
            delivery.kind,
            landing.delivered_on,
            contract.sha256,
            key.key_id,
            delivery.files_hash,
            replaces,
        ],
    )
    con.executemany(
        "INSERT INTO ops.delivery_table VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*mine, name, t.rows, t.accepted, t.quarantined, t.new, t.changed, t.unchanged, t.vanished)
            for name, t in landing.tables.items()
        ],
    )


def _count_files(
    con: duckdb.DuckDBPyConnection, programme: str, delivery: Delivery, delivery_id: str, staged: dict[str, Staged]
) -> None:
    con.execute("DELETE FROM ops.delivery_file WHERE programme = ? AND delivery_id = ?", [programme, delivery_id])
    for file in delivery.files:
        table = file.table.name
        read = con.execute(f"SELECT count(*) FROM {staging_table(table)} WHERE _file = ?", [file.name]).fetchone()
        bad = con.execute(
            "SELECT count(*) FROM staging._bad WHERE table_name = ? AND _file = ?", [table, file.name]
        ).fetchone()
        rows = (int(read[0]) if read else 0) + sum(name == file.name for name, _ in staged[table].wrong_fields)
        quarantined = int(bad[0]) if bad else 0
        con.execute(
            "INSERT INTO ops.delivery_file VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [programme, delivery_id, table, file.name, file.sha256, rows, rows - quarantined, quarantined],
        )


def _landed(con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str) -> dict[str, TableLanding]:
    rows = con.execute(
        "SELECT table_name, rows, accepted, quarantined, new, changed, unchanged, vanished FROM ops.delivery_table "
        "WHERE programme = ? AND delivery_id = ? ORDER BY rowid",
        [programme, delivery_id],
    ).fetchall()
    return {name: TableLanding(*counts) for name, *counts in rows}


def accept_delivery(con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str) -> None:
    """Let a pending delivery count.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    programme : str
    delivery_id : str
        As `land` gave it; one that is accepted already stays so.
    """
    with transaction(con):
        row = con.execute(
            "SELECT status, replaces FROM ops.delivery WHERE programme = ? AND delivery_id = ?",
            [programme, delivery_id],
        ).fetchone()
        if row is None or row[0] not in ("pending", "accepted"):
            raise PlumblineError(f"there is no pending delivery {delivery_id}.", todo="Land it first.")
        if row[0] == "pending":
            if row[1] is not None:
                history.rename(con, programme, row[1], delivery_id)
                _set_status(con, programme, row[1], "replaced")
            _set_status(con, programme, delivery_id, "accepted")


def refuse_delivery(con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str) -> None:
    """Take a pending delivery's rows out again, quarantined ones included; its counts stay in ops.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    programme : str
    delivery_id : str
    """
    with transaction(con):
        history.forget(con, programme, delivery_id)
        _set_status(con, programme, delivery_id, "refused")


def discard_pending(con: duckdb.DuckDBPyConnection, programme: str) -> None:
    """Take out what a run that was killed left pending. `land` does this first.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    programme : str
    """
    pending = con.execute(
        "SELECT delivery_id FROM ops.delivery WHERE programme = ? AND status = 'pending' ORDER BY seq", [programme]
    ).fetchall()
    for (delivery_id,) in pending:
        refuse_delivery(con, programme, delivery_id)


def _set_status(con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str, status: str) -> None:
    con.execute(
        "UPDATE ops.delivery SET status = ? WHERE programme = ? AND delivery_id = ?", [status, programme, delivery_id]
    )
