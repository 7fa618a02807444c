"""Which columns of the contract's tables a piece of a mapping's SQL reads.

Belongs here: walking DuckDB's own parse tree for tables and columns, never running anything.
Does not belong here: what may be read (sandbox), what follows from it (vocabulary).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Reads:
    """What a statement names, in small letters.

    Attributes
    ----------
    tables : frozenset of str
        Tables after FROM and JOIN (names of a WITH included).
    columns : frozenset of str
        Columns, without the table's name before them.
    star : bool
        Whether it takes all columns of something.
    """

    tables: frozenset[str]
    columns: frozenset[str]
    star: bool


def read_by(con: duckdb.DuckDBPyConnection, sql: str, without: Collection[str] = ()) -> Reads:
    """What one SELECT reads.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Any connection: the statement is parsed, not run.
    sql : str
        The statement; one that cannot be parsed reads nothing (`problems.check` tells it).
    without : collection of str
        Names of result columns of the outermost SELECT whose expressions do not count.

    Returns
    -------
    Reads
    """
    row = con.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        return Reads(frozenset(), frozenset(), False)
    outermost = [statement.get("node") for statement in tree["statements"]]
    for node in outermost:
        _leave_out([each["select_list"] for each in _branches(node)], without)
    tables: set[str] = set()
    columns: set[str] = set()
    star = False
    for node in _nodes(outermost):
        if node.get("type") == "BASE_TABLE":
            tables.add(str(node.get("table_name")).lower())
        elif node.get("class") == "COLUMN_REF":
            columns.add(str(node["column_names"][-1]).lower())
        elif node.get("class") == "STAR":
            star = True
        columns.update(str(name).lower() for name in node.get("using_columns") or [])
    return Reads(frozenset(tables), frozenset(columns), star)


def _leave_out(lists: list[list[dict[str, Any]]], without: Collection[str]) -> None:
    """Take result columns out of every SELECT of a UNION; the names are the first one's, the others go by place."""
    names = [_result_name(item) for item in lists[0]] if lists else []
    if "*" in names:  # places are not known
        for items in lists:
            items[:] = [item for item in items if _result_name(item) not in without]
        return
    for items in lists:
        items[:] = [item for place, item in enumerate(items) if place >= len(names) or names[place] not in without]


def _result_name(item: dict[str, Any]) -> str:
    if item.get("class") == "STAR":
        return "*"
    return str(item.get("alias") or (item.get("column_names") or [""])[-1]).lower()


def _branches(node: Any) -> Iterator[dict[str, Any]]:
    """The SELECTs whose rows are the result: one, or those that a UNION joins."""
    if not isinstance(node, dict):
        return
    if "select_list" in node:
        yield node
    for side in ("left", "right"):
        yield from _branches(node.get(side))
    for child in node.get("children") or []:
        yield from _branches(child)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
