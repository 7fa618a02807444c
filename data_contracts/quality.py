"""What is known of a delivery's quality, as one table.

Belongs here: rules, row counts against the last delivery, what quarantine does to protected groups, k-anonymity,
ignored columns; keeping them in ops.
Does not belong here: evaluating rules (rules), pages (fairness_reports), lists of single faults (worklist).

Everything here may be published once a person has checked it: it names tables, columns, rules and groups of at least
the minimum cell, never a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

from data_contracts.kanonymity import INTERNAL, PUBLIC, anonymity, quasi_identifiers
from data_contracts.rules import RuleResult, blocking_reasons, compile_rules
from data_contracts.rules.sql import ident, literal, literals
from data_contracts.warehouse import quarantine_table, raw_table, transaction

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from data_contracts.contract import Column, Contract, Table
    from data_contracts.ingest import Landing

INFO = "info"
"""Severity of a measure that is no rule: nothing can fail it."""

MOST_GONE = 0.2
"""With a larger share of the last delivery's rows gone, a person should ask whether the file is whole."""

_COUNTS = ("rows", "accepted", "quarantined", "new", "changed", "unchanged", "vanished")
_OPS = """
CREATE TABLE IF NOT EXISTS ops.quality (
    programme VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL, position INTEGER NOT NULL, table_name VARCHAR NOT NULL,
    rule VARCHAR NOT NULL, checked BIGINT NOT NULL, failed BIGINT NOT NULL, severity VARCHAR NOT NULL,
    passed BOOLEAN NOT NULL, value DOUBLE, detail VARCHAR)
"""


@dataclass(frozen=True)
class Measure:
    """One row of quality.parquet."""

    table: str
    rule: str
    checked: int
    failed: int
    severity: str
    passed: bool
    value: float | None = None
    detail: str | None = None


@dataclass(frozen=True)
class QualityReport:
    """What is known of one delivery's quality.

    Attributes
    ----------
    delivery_id : str
        The delivery.
    measures : tuple of Measure
        Rules first, in the contract's order, then the measures of severity `INFO`.
    """

    delivery_id: str
    measures: tuple[Measure, ...]

    def as_frame(self) -> pd.DataFrame:
        """The measures as the rows of quality.parquet."""
        import pandas as pd

        names = [field.name for field in fields(Measure)]
        frame = pd.DataFrame([astuple(measure) for measure in self.measures], columns=names)
        return frame.astype({"checked": "int64", "failed": "int64", "passed": bool, "value": "float64"})

    def of(self, prefix: str) -> list[Measure]:
        """The measures whose rule begins with `prefix`."""
        return [measure for measure in self.measures if measure.rule.startswith(prefix)]


def build_quality(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    landing: Landing,
    *,
    ignored_columns: Mapping[str, Sequence[str]] | None = None,
    minimum_cell: int = 10,
) -> QualityReport:
    """Measure a delivery that has landed and is not yet accepted or refused, and keep the result in ops.quality.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
        The programme.
    contract : Contract
        Its contract.
    landing : Landing
        What `data_contracts.ingest.land` gave. Of a delivery that was accepted before, what was kept then is returned.
    ignored_columns : Mapping, optional
        File -> columns that are not in the contract.
    minimum_cell : int
        Groups with fewer rows are pooled, and not shown if they are still too few.

    Returns
    -------
    QualityReport
    """
    if landing.already_accepted:
        kept = latest_quality(con, programme, landing.delivery_id)
        if kept is not None:
            return kept
    measures = [_ruled(result) for result in landing.results]
    for table in contract.tables:
        if table.name in landing.tables:
            measures += _wrong_fields(con, programme, table, landing)
    for table in contract.tables:
        if table.name in landing.tables:
            measures += _counts(con, programme, table, landing)
            measures += _groups(con, programme, contract, table, landing, minimum_cell)
            measures += _anonymity(con, programme, table, minimum_cell)
    for file, columns in sorted((ignored_columns or {}).items()):
        measures += [Measure(file, f"ignored_column: {column}", 0, 0, INFO, True) for column in sorted(columns)]
    report = QualityReport(landing.delivery_id, tuple(measures))
    _keep(con, programme, report)
    return report


def latest_quality(
    con: duckdb.DuckDBPyConnection, programme: str, delivery_id: str | None = None
) -> QualityReport | None:
    """The quality report that was kept.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
        The programme.
    delivery_id : str, optional
        The delivery; the newest accepted one by default.

    Returns
    -------
    QualityReport or None
        None when none was kept.
    """
    con.execute(_OPS)
    if delivery_id is None:
        row = con.execute(
            "SELECT delivery_id FROM ops.delivery WHERE programme = ? AND status = 'accepted' "
            "ORDER BY seq DESC LIMIT 1",
            [programme],
        ).fetchone()
        if row is None:
            return None
        delivery_id = str(row[0])
    rows = con.execute(
        "SELECT table_name, rule, checked, failed, severity, passed, value, detail FROM ops.quality "
        "WHERE programme = ? AND delivery_id = ? ORDER BY position",
        [programme, delivery_id],
    ).fetchall()
    return QualityReport(delivery_id, tuple(Measure(*row) for row in rows)) if rows else None


def blocking(contract: Contract, landing: Landing) -> dict[str, list[str]]:
    """Why a delivery may not be used, by table.

    Parameters
    ----------
    contract : Contract
        The contract, with its ceiling for the quarantined share.
    landing : Landing
        What came of landing it.

    Returns
    -------
    dict of str to list of str
        Table -> one sentence per reason; empty when nothing stops the delivery.
    """
    if landing.already_accepted:
        return {}
    found: dict[str, list[str]] = {}
    for table, counts in landing.counts.items():
        results = [result for result in landing.results if result.table == table]
        if reasons := blocking_reasons(results, {table: counts}, contract.quarantine_ceiling):
            found[table] = reasons
    return found


def much_gone(report: QualityReport) -> list[str]:
    """What to ask of tables that have lost much of what was delivered last; nothing is refused for it.

    Parameters
    ----------
    report : QualityReport
        The quality of a delivery.

    Returns
    -------
    list of str
        One sentence for each table of which more than `MOST_GONE` of the rows are gone.
    """
    counts = {(measure.table, measure.rule): int(measure.value or 0) for measure in report.of("rows: ")}
    said = []
    for table in dict.fromkeys(table for table, _ in counts):
        gone, *stayed = (counts.get((table, f"rows: {name}"), 0) for name in ("vanished", "changed", "unchanged"))
        before = gone + sum(stayed)
        if gone > MOST_GONE * before:
            said.append(f"{table}: {gone:,} of the {before:,} rows of the last delivery are gone: is the file whole?")
    return said


def _keep(con: duckdb.DuckDBPyConnection, programme: str, report: QualityReport) -> None:
    con.execute(_OPS)
    with transaction(con):  # all measures or none, and one write to the disk instead of hundreds
        con.execute("DELETE FROM ops.quality WHERE programme = ? AND delivery_id = ?", [programme, report.delivery_id])
        if report.measures:
            con.executemany(
                "INSERT INTO ops.quality VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(programme, report.delivery_id, n, *astuple(measure)) for n, measure in enumerate(report.measures)],
            )


def _ruled(result: RuleResult) -> Measure:
    share = result.failed / result.checked if result.checked else None
    return Measure(
        result.table, result.rule, result.checked, result.failed, result.severity, result.passed, share,
        result.detail or None,
    )  # fmt: skip


def _wrong_fields(con: duckdb.DuckDBPyConnection, programme: str, table: Table, landing: Landing) -> Iterator[Measure]:
    """Rows with more or fewer fields than the header; no rule of the contract names them."""
    count = _number(
        con,
        f"SELECT count(*) FROM {quarantine_table(programme, table.name)} "
        "WHERE programme = ? AND delivery_id = ? AND list_contains(rules, 'fields')",
        programme,
        landing.delivery_id,
    )
    rows = landing.tables[table.name].rows
    yield Measure(table.name, "fields", rows, count, "error", count == 0, count / rows if rows else None)


def _counts(con: duckdb.DuckDBPyConnection, programme: str, table: Table, landing: Landing) -> Iterator[Measure]:
    counts = landing.tables[table.name]
    for name in _COUNTS:
        yield Measure(table.name, f"rows: {name}", counts.rows, 0, INFO, True, float(getattr(counts, name)))
    last = con.execute(
        "SELECT t.rows FROM ops.delivery_table t JOIN ops.delivery d USING (programme, delivery_id) "
        "WHERE programme = ? AND table_name = ? AND d.status = 'accepted' AND delivery_id <> ? "
        "ORDER BY d.seq DESC LIMIT 1",
        [programme, table.name, landing.delivery_id],
    ).fetchone()
    if last is not None:
        yield Measure(table.name, "rows: last delivery", counts.rows, 0, INFO, True, float(last[0]))


def _groups(
    con: duckdb.DuckDBPyConnection, programme: str, contract: Contract, table: Table, landing: Landing, cell: int
) -> Iterator[Measure]:
    """The quarantined share by protected group, where anything of the table was quarantined."""
    if not landing.tables[table.name].quarantined:
        return
    columns = ", ".join(ident(column.name) for column in table.stored)
    rows = (
        f"(SELECT {columns}, false AS _bad FROM {raw_table(programme, table.name)} "
        f"WHERE programme = {literal(programme)} AND ended_by IS NULL "
        f"UNION ALL SELECT {columns}, true FROM {quarantine_table(programme, table.name)} "
        f"WHERE programme = {literal(programme)} AND delivery_id = {literal(landing.delivery_id)})"
    )
    for column, group in _protected(programme, contract, table):
        yield from _shares(con, table.name, column, f"SELECT {group} AS g, _bad FROM {rows} t", cell)


def _protected(programme: str, contract: Contract, table: Table) -> Iterator[tuple[str, str]]:
    """Name of each protected column that a row of the table has, and SQL for its value."""
    own = [column for column in table.stored if "protected" in column.tags]
    for column in own:
        yield column.name, _shown(contract, table, column, f"t.{ident(column.name)}")
    if own:
        return
    for other in contract.tables:
        via = [(key, theirs) for key in table.keys for theirs in other.keys if key.key_space == theirs.key_space]
        others = [column for column in other.stored if "protected" in column.tags]
        if other.name == table.name or not via or not others:
            continue
        mine, theirs = via[0]
        for column in others:
            # somebody with several rows there may have several values: that is a group of its own
            looked_up = (
                f"(SELECT CASE WHEN count(DISTINCT o.{ident(column.name)}) > 1 THEN '(several)' "
                f"ELSE CAST(min(o.{ident(column.name)}) AS VARCHAR) END FROM {raw_table(programme, other.name)} o "
                f"WHERE o.programme = {literal(programme)} AND o.ended_by IS NULL "
                f"AND o.{ident(theirs.name)} = t.{ident(mine.name)})"
            )
            yield f"{other.name}.{column.name}", _shown(contract, other, column, looked_up)
        return


def _shown(contract: Contract, table: Table, column: Column, value: str) -> str:
    """A group's name. What the contract does not know as a value may be anything, a name even: it is not shown."""
    known = [
        rule.params["values"]
        for rule in compile_rules(contract)
        if rule.table == table.name and rule.kind == "valid_values" and rule.columns == (column.name,)
    ]
    text = f"CAST({value} AS VARCHAR)"
    if not known:
        return text
    listed = literals([*known[0], "(several)"]) if column.logical_type == "string" else None
    test = f"{text} IN {listed}" if listed else f"{value} IN {literals(known[0])}"
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {test} THEN {text} ELSE '(not in the contract)' END"


def _shares(con: duckdb.DuckDBPyConnection, table: str, column: str, sql: str, cell: int) -> Iterator[Measure]:
    rows: list[tuple[Any, int, int]] = con.execute(
        f"SELECT coalesce(g, '(not recorded)') AS g, count(*), count(*) FILTER (WHERE _bad) FROM ({sql}) "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    shown = [row for row in rows if row[1] >= cell]
    pooled = [row for row in rows if row[1] < cell]
    if pooled:
        shown.append((f"(groups below {cell})", sum(row[1] for row in pooled), sum(row[2] for row in pooled)))
    for group, number, bad in shown:
        rule = f"quarantined_share: {column} = {group}"
        if number < cell:
            yield Measure(table, rule, 0, 0, INFO, True, None, f"fewer than {cell} rows: not shown")
        else:
            yield Measure(table, rule, number, bad, INFO, True, bad / number)


def _anonymity(con: duckdb.DuckDBPyConnection, programme: str, table: Table, cell: int) -> Iterator[Measure]:
    columns = quasi_identifiers(table)
    if not columns:
        return
    raw = raw_table(programme, table.name)
    rows = f"(SELECT * FROM {raw} WHERE programme = {literal(programme)} AND ended_by IS NULL)"
    found = anonymity(con, rows, columns, [key.name for key in table.keys])
    named = ", ".join(found.columns)
    yield Measure(table.name, "k_anonymity", found.rows, 0, INFO, True, float(found.k), named)
    for driver in found.drivers:
        yield Measure(
            table.name, f"k_anonymity: without {driver.column}", found.rows, 0, INFO, True, float(driver.k),
            ", ".join(column for column in found.columns if column != driver.column),
        )  # fmt: skip
        yield Measure(
            table.name, f"rows_below_{PUBLIC}: without {driver.column}", found.rows, 0, INFO, True,
            driver.share_below_public, named,
        )  # fmt: skip
    for size, count in ((INTERNAL, found.below_internal), (PUBLIC, found.below_public)):
        few = 0 < count < cell
        yield Measure(
            table.name, f"rows_below_{size}", found.rows, 0, INFO, True,
            None if few or not found.rows else count / found.rows,
            f"fewer than {cell} rows: not shown" if few else named,
        )  # fmt: skip


def _number(con: duckdb.DuckDBPyConnection, sql: str, *values: str) -> int:
    row = con.execute(sql, list(values)).fetchone()
    return int(row[0]) if row else 0
