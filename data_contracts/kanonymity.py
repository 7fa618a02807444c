"""How small the groups are in which somebody could be recognised.

Belongs here: k over the quasi-identifiers of a table, and which columns make it small.
Does not belong here: what is published of it (quality), disclosure control of other figures (fairness_reports).

Plain GROUP BY: every class of equal values is counted once. A missing value is a value of its own. Where a table has
keys, a class is as large as the number
of different persons (or whatever the key names) in it: five rows of one person hide nobody. With several keys the
smallest number counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_contracts.rules.sql import ident

if TYPE_CHECKING:
    import duckdb

    from data_contracts.contract import Table

INTERNAL, PUBLIC = 5, 11
"""Class sizes asked for inside an agency, and for data given to the public."""


@dataclass(frozen=True)
class Without:
    """k and the share of rows in classes below `PUBLIC` when one column is left out."""

    column: str
    k: int
    share_below_public: float


@dataclass(frozen=True)
class Anonymity:
    """k-anonymity of a table.

    Attributes
    ----------
    columns : tuple of str
        The quasi-identifiers.
    rows : int
        Rows counted.
    k : int
        Size of the smallest class; 0 without rows.
    below_internal, below_public : int
        Rows in classes smaller than `INTERNAL` and `PUBLIC`.
    drivers : tuple of Without
        The columns whose removal helps most, the most helpful first; only those that help.
    """

    columns: tuple[str, ...]
    rows: int
    k: int
    below_internal: int
    below_public: int
    drivers: tuple[Without, ...]


def quasi_identifiers(table: Table) -> list[str]:
    """The columns of a table by which somebody could be recognised: those tagged protected, proxy or birth_date."""
    return [column.name for column in table.stored if {"protected", "proxy", "birth_date"} & set(column.tags)]


def anonymity(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], keys: Sequence[str] = ()
) -> Anonymity:
    """Measure k over some columns.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    relation : str
        The rows, as they stand after FROM.
    columns : sequence of str
        The quasi-identifiers.
    keys : sequence of str
        Columns that name persons (or cases): classes are counted in them; in rows without any.

    Returns
    -------
    Anonymity
    """
    rows, k, internal, public = _classes(con, relation, columns, keys)
    drivers = []
    for column in columns:
        others = [other for other in columns if other != column]
        _, k_without, _, public_without = _classes(con, relation, others, keys)
        if k_without > k or public_without < public:
            drivers.append(Without(column, k_without, public_without / rows))
    drivers.sort(key=lambda driver: (driver.share_below_public, -driver.k, driver.column))
    return Anonymity(tuple(columns), rows, k, internal, public, tuple(drivers))


def _classes(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], keys: Sequence[str]
) -> tuple[int, int, int, int]:
    """Rows, k, rows in classes below the two sizes."""
    counts = [f"count(DISTINCT {ident(key)})" for key in keys] or ["count(*)"]
    size = counts[0] if len(counts) == 1 else f"least({', '.join(counts)})"
    # a class in which no key is known has rows all the same: it counts as one
    grouped = f"GROUP BY {', '.join(ident(column) for column in columns)}" if columns else ""
    row = con.execute(
        f"SELECT coalesce(sum(n), 0), coalesce(min(size), 0), coalesce(sum(n) FILTER (WHERE size < {INTERNAL}), 0), "
        f"coalesce(sum(n) FILTER (WHERE size < {PUBLIC}), 0) FROM ("
        f"SELECT count(*) AS n, greatest({size}, 1) AS size FROM {relation} {grouped}) WHERE n > 0"
    ).fetchone()
    rows, k, internal, public = row or (0, 0, 0, 0)
    return int(rows), int(k), int(internal), int(public)
