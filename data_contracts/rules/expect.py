"""The Great Expectations form: verdicts and counts over frames of bounded size.

Belongs here: building frames, validating them, adding the counts up.
Does not belong here: what a rule expects (forms), the other form (check).

No result leaves this module but counts: Great Expectations puts failing values into its results and its error texts,
so results are asked for without
examples and an error is reported by the rule's name alone. Frames hold at most `cells` values: a table of ten million
rows is read in parts, and a
key in parts by its hash, so that equal keys always stand in the same frame.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from data_contracts.errors import PlumblineError
from data_contracts.rules.forms import FORMS
from data_contracts.rules.library import great_expectations
from data_contracts.rules.model import Rule, Scope

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

CELLS = 6_000_000
"""Values in one frame: about 500 MB with Great Expectations' own copies."""

_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
_VECTOR = 2048
_LOGGERS = "great_expectations."


def count_failing(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], scope: Scope, *, cells: int = CELLS
) -> list[int]:
    """How many rows fail each rule of one table, by Great Expectations.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    rules : sequence of Rule
        Rules of one table.
    scope : Scope
        The table's rows and the day.
    cells : int
        How many values a frame may hold.

    Returns
    -------
    list of int
        In the order of `rules`. For a rule on the number of rows: that number.
    """
    counts = [0] * len(rules)
    with _quiet():
        validator = _Validator()
        rows = _rows(con, f"SELECT count(*) FROM {scope.relation} t")
        width = len({expression for rule in rules for expression in rule.frame(scope)})
        whole = rows * width <= cells
        apart = [index for index, rule in enumerate(rules) if _stands_apart(rule, whole=whole)]
        plain = [index for index in range(len(rules)) if index not in apart]
        expressions = sorted({expression for index in plain for expression in rules[index].frame(scope)})
        aliases = {expression: f"c{number}" for number, expression in enumerate(expressions)}
        expectations = [
            (index, rules[index].expectation(tuple(aliases[each] for each in rules[index].frame(scope)), scope))
            for index in plain
        ]
        if aliases:
            listed = ", ".join(f"{expression} AS {alias}" for expression, alias in aliases.items())
            sql = f"SELECT {listed} FROM {scope.relation} t"
            frames = [con.execute(sql).df()] if whole else _parts(con, sql, max(_VECTOR, cells // len(aliases)))
            for frame in frames:
                validator.add(frame, expectations, counts, rules)
        for index in apart:
            if FORMS[rules[index].kind].whole_key:
                _keys(con, validator, rules[index], index, scope, counts, rules, cells=cells, rows=rows)
            else:
                _table(validator, rules[index], index, scope, counts, rules, rows)
    return counts


def _stands_apart(rule: Rule, *, whole: bool) -> bool:
    """Whether a rule needs frames of its own: one on keys or on the table, where the table is read in parts."""
    form = FORMS[rule.kind]
    return (form.whole_key or form.whole_table) and not whole


def _table(
    validator: _Validator, rule: Rule, index: int, scope: Scope, counts: list[int], rules: Sequence[Rule], rows: int
) -> None:
    import pandas as pd

    validator.add(pd.DataFrame(index=range(rows)), [(index, rule.expectation((), scope))], counts, rules)


def _keys(
    con: duckdb.DuckDBPyConnection, validator: _Validator, rule: Rule, index: int, scope: Scope, counts: list[int],
    rules: Sequence[Rule], *, cells: int, rows: int,
) -> None:  # fmt: skip
    expressions = rule.frame(scope)
    aliases = tuple(f"c{number}" for number in range(len(expressions)))
    listed = ", ".join(f"{expression} AS {alias}" for expression, alias in zip(expressions, aliases, strict=True))
    parts = -(-rows * len(aliases) // cells) or 1
    for part in range(parts):
        share = f" AND hash({', '.join(expressions)}) % {parts} = {part}" if parts > 1 else ""
        frame = con.execute(f"SELECT {listed} FROM {scope.relation} t WHERE {rule.applies(scope)}{share}").df()
        validator.add(frame, [(index, rule.expectation(aliases, scope))], counts, rules)


class _Validator:
    """An ephemeral context of Great Expectations without progress bars, store or network."""

    def __init__(self) -> None:
        gx = great_expectations()

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        asset = context.data_sources.add_pandas("staging").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("all")

    def add(
        self, frame: pd.DataFrame, expectations: list[tuple[int, Any]], counts: list[int], rules: Sequence[Rule]
    ) -> None:
        """Validate one frame and add its failing rows to the counts."""
        gx = great_expectations()

        if frame.empty and len(frame.columns):
            return
        for index, expectation in expectations:
            expectation.meta = {"rule": index}
        suite = gx.ExpectationSuite(name="contract", expectations=[expectation for _, expectation in expectations])
        results = self._batches.get_batch({"dataframe": frame}).validate(suite, result_format=_FORMAT).results
        for result in results:
            index = result.expectation_config.meta["rule"]
            outcome = result.result
            if "unexpected_count" in outcome:
                counts[index] += int(outcome["unexpected_count"])
            elif "observed_value" in outcome:
                counts[index] += int(outcome["observed_value"])
            else:  # the text of the exception may hold values of rows
                rule = rules[index]
                raise PlumblineError(
                    f"the rule “{rule.name}” could not be evaluated by Great Expectations.", where=rule.table,
                    todo="This is a fault of Plumbline: please report it with the rule from the contract.",
                )  # fmt: skip


def _parts(con: duckdb.DuckDBPyConnection, sql: str, size: int) -> Iterator[pd.DataFrame]:
    """The result in frames of at most about `size` rows, read as a stream."""
    result = con.execute(sql)
    while len(frame := result.fetch_df_chunk(max(1, size // _VECTOR))):
        yield frame


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _quiet() -> Iterator[None]:
    """No telemetry, and no log lines of Great Expectations: they may hold values of rows."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when the library is imported
    great_expectations()  # some of its loggers set a level of their own on import

    names = ["great_expectations", *(name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS))]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
