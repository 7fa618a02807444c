"""The pieces of SQL that both forms of a rule start from.

Belongs here: quoting, and how a staged column's value is read.
Does not belong here: what a rule asks of the value (forms).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

NUMERIC = frozenset({"number", "integer"})
TEMPORAL = frozenset({"date", "timestamp"})

# A date outside these years cannot be had as a Python date and is none that an agency means.
_FIRST, _LAST = "0001-01-01", "9999-12-31"


def ident(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value of a contract as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """Values as the list of an IN."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def value(column: str, kind: str, row: str = "t") -> str:
    """A column's value as rules compare it; NULL where it is missing or could not be read.

    Numbers are compared as doubles in both forms, so that a bound means the same to both.
    """
    name = f"{row}.{ident(column)}"
    if kind in NUMERIC:
        return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN CAST({name} AS DOUBLE) END"
    if kind in TEMPORAL:
        sql_type = kind.upper()
        return (
            f"CASE WHEN {name} >= CAST('{_FIRST}' AS {sql_type}) "
            f"AND CAST({name} AS DATE) <= DATE '{_LAST}' THEN {name} END"
        )
    return name


def exact(column: str, kind: str, row: str = "t") -> str:
    """A column's value as keys compare it: integers are not rounded to doubles."""
    return f"{row}.{ident(column)}" if kind == "integer" else value(column, kind, row)


def unread(column: str, kind: str, row: str = "t") -> str:
    """Whether the text in the file could not be read as the declared type. Never NULL."""
    listed = f"coalesce(list_contains({row}._unparsed, {literal(column)}), false)"
    if kind in NUMERIC | TEMPORAL:
        return f"({listed} OR ({row}.{ident(column)} IS NOT NULL AND {value(column, kind, row)} IS NULL))"
    return listed


def day_number(expression: str) -> str:
    """A date as days since 1970: Great Expectations compares numbers at once, dates one by one."""
    return f"date_diff('day', DATE '1970-01-01', CAST({expression} AS DATE))"
