"""Evaluating the rules of a contract on staged rows, in both forms.

Belongs here: results per rule, the failing rows, and what of it stops a delivery.
Does not belong here: moving rows to quarantine (ingest), writing the list of faults (worklist).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from data_contracts.errors import PlumblineError
from data_contracts.rules.compile import compile_rules
from data_contracts.rules.expect import CELLS, count_failing
from data_contracts.rules.model import Rule, RuleResult, Scope
from data_contracts.rules.sql import literal

if TYPE_CHECKING:
    import duckdb

    from data_contracts.contract import Contract


def apply_rules(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    staging: Mapping[str, str],
    delivered_on: date,
    *,
    parents: Mapping[str, str] | None = None,
    cells: int = CELLS,
) -> list[RuleResult]:
    """Check every rule of a contract on staged rows, in both of its forms.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    contract : Contract
        The contract.
    staging : Mapping
        Table name -> relation of its staged rows (with ``_row``, ``_file``, ``_unparsed``), as it stands after FROM.
    delivered_on : date
        The day of the delivery.
    parents : Mapping, optional
        Table name -> relation in which references look; the staged rows by default. Of an increment, the rows that
        stay and the new ones.
    cells : int
        How many values a frame of Great Expectations may hold.

    Returns
    -------
    list of RuleResult
        In the order of the contract, for the tables that are staged.

    Raises
    ------
    PlumblineError
        When the two forms of a rule disagree: a fault of Plumbline, never of the data.
    """
    results: list[RuleResult] = []
    everything = compile_rules(contract)
    for table in contract.tables:
        if table.name not in staging:
            continue
        scope = Scope(staging[table.name], {**staging, **(parents or {})}, delivered_on)
        rules = [rule for rule in everything if rule.table == table.name]
        ready = [rule for rule in rules if all(other in scope.parents for other in rule.others)]
        by_rows = dict(zip([rule.name for rule in ready], _count_rows(con, ready, scope), strict=True))
        by_gx = dict(zip([rule.name for rule in ready], count_failing(con, ready, scope, cells=cells), strict=True))
        total = _total(con, scope)
        results += [_result(rule, by_rows.get(rule.name), by_gx.get(rule.name), total) for rule in rules]
    return results


def _result(rule: Rule, by_rows: tuple[int, int] | None, by_gx: int | None, total: int) -> RuleResult:
    if by_rows is None or by_gx is None:
        return RuleResult(rule.table, rule.name, 0, 0, rule.severity, True, rule.columns, rule.dimension,
                          f"not checked: no rows of {', '.join(rule.others)}")  # fmt: skip
    checked, failed = by_rows
    if failed != by_gx:
        raise PlumblineError(
            f"the two forms of the rule “{rule.name}” disagree: {failed} (DuckDB), {by_gx} (Great Expectations).",
            where=rule.table,
            todo="This is a fault of Plumbline: please report it with the rule from the contract.",
        )
    passed = rule.tolerance.holds(failed, total)
    detail = "" if rule.by_row else f"{rule.tolerance}"
    if rule.kind == "row_count":
        failed = 0 if passed else 1
    return RuleResult(
        rule.table, rule.name, checked, failed, rule.severity, passed, rule.columns, rule.dimension, detail
    )


def _count_rows(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], scope: Scope) -> list[tuple[int, int]]:
    """Checked and failing rows of each rule, by DuckDB in one pass over the table."""
    if not rules:
        return []
    counts = ", ".join(
        f"count(*) FILTER (WHERE {rule.applies(scope)}), count(*) FILTER (WHERE {rule.predicate(scope)})"
        for rule in rules
    )
    row = con.execute(f"SELECT {counts} FROM {scope.relation} t").fetchone() or ()
    return [(int(row[2 * index]), int(row[2 * index + 1])) for index in range(len(rules))]


def _total(con: duckdb.DuckDBPyConnection, scope: Scope) -> int:
    row = con.execute(f"SELECT count(*) FROM {scope.relation} t").fetchone()
    return int(row[0]) if row else 0


def failing_rows(rule: Rule, scope: Scope) -> str:
    """The query that gives the rows failing a rule.

    Parameters
    ----------
    rule : Rule
        A rule whose failing rows are faults (`Rule.by_row`).
    scope : Scope
        Its table's rows and the day.

    Returns
    -------
    str
        SQL with the columns _file, _row.
    """
    return f"SELECT t._file, t._row FROM {scope.relation} t WHERE {rule.predicate(scope)}"


def write_failures(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    staging: Mapping[str, str],
    delivered_on: date,
    *,
    parents: Mapping[str, str] | None = None,
    results: Sequence[RuleResult] | None = None,
    into: str = "staging._failures",
) -> int:
    """Write down which rows fail which rules.

    Parameters
    ----------
    con, contract, staging, delivered_on, parents
        As for `apply_rules`.
    results : sequence of RuleResult, optional
        What `apply_rules` gave: rules that nothing failed are then skipped.
    into : str
        The table that is made: table_name, _file, _row, rule, column_name, severity. A row fails as many rules as it
        has faults; one with the severity
        error or critical belongs in quarantine.

    Returns
    -------
    int
        How many pairs of row and rule were written.
    """
    con.execute(
        f"CREATE OR REPLACE TABLE {into} (table_name VARCHAR, _file VARCHAR, _row BIGINT, rule VARCHAR, "
        "column_name VARCHAR, severity VARCHAR)"
    )
    clean = {(result.table, result.rule) for result in results or () if not result.failed}
    for rule in compile_rules(contract):
        scope = Scope(staging.get(rule.table, ""), {**staging, **(parents or {})}, delivered_on)
        missing = rule.table not in staging or any(other not in scope.parents for other in rule.others)
        if missing or not rule.by_row or (rule.table, rule.name) in clean:
            continue
        fields = ", ".join(literal(each) for each in (rule.name, ", ".join(rule.columns), rule.severity))
        con.execute(
            f"INSERT INTO {into} SELECT {literal(rule.table)}, f._file, f._row, {fields} "
            f"FROM ({failing_rows(rule, scope)}) f ORDER BY f._file, f._row"
        )
    row = con.execute(f"SELECT count(*) FROM {into}").fetchone()
    return int(row[0]) if row else 0


def blocking_reasons(results: Sequence[RuleResult], counts: Mapping[str, tuple[int, int]], ceiling: float) -> list[str]:
    """Why a delivery may not be used.

    Parameters
    ----------
    results : sequence of RuleResult
        What `apply_rules` gave.
    counts : Mapping
        Table name -> (rows, quarantined rows).
    ceiling : float
        The greatest share of a table's rows that may be quarantined.

    Returns
    -------
    list of str
        One sentence each; empty when nothing stops the delivery.
    """
    reasons = [
        f"{result.table}: the critical rule “{result.rule}” does not hold "
        f"({result.failed:,} of {result.checked:,} rows)."
        for result in results
        if result.severity == "critical" and not result.passed
    ]
    for table, (rows, quarantined) in counts.items():
        if rows and quarantined / rows > ceiling:
            reasons.append(
                f"{table}: {quarantined:,} of {rows:,} rows would be quarantined ({100 * quarantined / rows:.1f} %), "
                f"more than the contract's ceiling of {100 * ceiling:.1f} %."
            )
    return reasons
