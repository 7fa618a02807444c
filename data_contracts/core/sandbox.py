"""What SQL in a pack may do: read the contract's own tables, and nothing else.

Belongs here: the check of one statement before it runs.
Does not belong here: what the statement is for (mapping, build).

A pack may come from elsewhere. Its SQL is parsed by DuckDB itself and its tree is walked with a list of what is
allowed: tables of the contract, plain
joins, functions that always give the same for the same. Anything that reads a file, the clock, chance or the session
is refused, because two runs on the
same delivery must give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

import duckdb

from data_contracts.yamldoc import nearest

_SOURCES = {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "PIVOT"}
_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"}
_EXPRESSIONS = {
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
    "LAMBDA_REF", "OPERATOR", "STAR", "SUBQUERY", "TYPE", "WINDOW",
}  # fmt: skip
_ORDERED = {"list", "array_agg", "string_agg", "group_concat", "listagg", "first", "last", "any_value", "arbitrary"}
# macros of DuckDB that read no session, catalogue or clock
_MACROS = {"nullif", "split_part", "fmod", "fdiv", "if", "date_add", "days_in_month", "md5_number_lower"}
_SESSION = {
    "current_date", "current_timestamp", "current_time", "localtime", "localtimestamp", "current_user", "user",
    "session_user", "current_role", "current_schema", "current_catalog", "current_database",
}  # fmt: skip
_CLOCK = {"age"}  # with one argument it counts from today
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_sql(con: duckdb.DuckDBPyConnection, sql: str, allowed_tables: Collection[str]) -> list[str]:
    """What is not allowed in one statement of a pack.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Any connection: the statement is parsed, not run.
    sql : str
        The statement.
    allowed_tables : collection of str
        The contract's tables.

    Returns
    -------
    list of str
        One sentence per fault; empty when the statement may run.
    """
    row = con.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        # a syntax error quotes the pack's own text, never data
        return [f"this is not one SELECT: {str(tree.get('error_message', '')).splitlines()[0]}"]
    if len(tree["statements"]) != 1:
        return ["only one statement is allowed"]
    allowed = frozenset(name.lower() for name in allowed_tables)
    return list(dict.fromkeys(_walk(tree["statements"][0], allowed, sorted(allowed))))


def _common_tables(node: dict[str, Any], known: list[str]) -> tuple[set[str], list[str]]:
    """The names that a WITH gives to the query it stands before, and what is wrong with them."""
    common = node.get("cte_map")
    names = {str(entry["key"]) for entry in common.get("map", [])} if isinstance(common, dict) else set()
    faults = [
        f"the name “{name}” of a WITH is not made of letters, digits and underscores"
        for name in sorted(names)
        if not _NAME.fullmatch(name)
    ]
    faults += [
        f"the name “{name}” of a WITH is a table of the contract" for name in sorted(names) if name.lower() in known
    ]
    return {name.lower() for name in names}, faults


def _walk(node: Any, tables: frozenset[str], known: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _walk(child, tables, known)
        return
    if not isinstance(node, dict):
        return
    kind = str(node.get("type"))
    common, faults = _common_tables(node, known)
    yield from faults
    tables |= common
    if "class" in node:
        yield from _expression(node)
    elif "table_name" in node or "join_type" in node or kind in _SOURCES | {"TABLE_FUNCTION", "SHOW_REF"}:
        yield from _source(node, kind, tables, known)
    elif "select_list" in node and kind not in _NODES:
        yield f"“{kind.lower()}” is not allowed"
    if node.get("sample"):
        yield "a sample is not allowed: it is another one each time"
    if kind in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"):
        yield "LIMIT is not allowed: which rows are left depends on their order"
    if kind == "DISTINCT_MODIFIER" and node.get("distinct_on_targets"):
        yield "DISTINCT ON is not allowed: use QUALIFY row_number() with an order that leaves no ties"
    for child in node.values():
        yield from _walk(child, tables, known)


def _source(node: dict[str, Any], kind: str, tables: Collection[str], known: list[str]) -> Iterator[str]:
    if kind == "TABLE_FUNCTION":
        yield "a table function (reading a file, generating rows) is not allowed"
    elif kind == "JOIN":
        if node.get("ref_type") == "POSITIONAL":
            yield "a positional join is not allowed: it depends on the order of rows"
    elif kind == "BASE_TABLE":
        name = str(node.get("table_name"))
        if node.get("schema_name") or node.get("catalog_name") or len(_path(node)) > 1:
            yield f"“{name}” must be named without schema or database"
        elif name.lower() not in tables:
            yield f"“{name}” is not a table of the contract. {nearest(name, known)}".strip()
    elif kind not in _SOURCES:
        yield f"“{kind.lower()}” is not allowed"


def _path(node: dict[str, Any]) -> list[str]:
    return list((node.get("qualified_name") or {}).get("path") or [])


def _expression(node: dict[str, Any]) -> Iterator[str]:
    kind = str(node["class"])
    name = str(node.get("function_name", "")).lower()
    if kind not in _EXPRESSIONS:
        yield "parameters are not allowed" if kind == "PARAMETER" else f"“{kind.lower()}” is not allowed"
    elif kind == "COLUMN_REF":
        names = [str(part).lower() for part in node.get("column_names", [])]
        if len(names) == 1 and names[0] in _SESSION:
            yield f"“{names[0]}” is not allowed: it is not the same on every run"
    elif kind in ("FUNCTION", "WINDOW") and name:
        if node.get("schema") or node.get("catalog") or len(_path(node)) > 1:
            yield f"“{name}” must be named without schema"
        elif name in _ORDERED and kind == "FUNCTION" and not (node.get("order_bys") or {}).get("orders"):
            yield f"“{name}” depends on the order of rows: give it an ORDER BY, or use min or max"
        elif name not in _functions():
            yield f"the function “{name}” is not allowed"


@lru_cache(maxsize=1)
def _functions() -> frozenset[str]:
    """Functions of DuckDB that depend on their arguments alone."""
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE internal AND ("
            "function_type IN ('scalar', 'aggregate', 'window') AND stability = 'CONSISTENT' "
            "OR list_contains(?, function_name)) AND function_name NOT IN ("
            "SELECT function_name FROM duckdb_functions() "
            "WHERE function_type = 'scalar' AND stability <> 'CONSISTENT')",
            [sorted(_MACROS)],
        ).fetchall()
    return (frozenset(name.lower() for (name,) in rows) | _MACROS) - _CLOCK
