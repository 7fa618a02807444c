"""Whether the core tables can be computed with: usable values, one meaning per id, each row once.

Belongs here: checks of what stands in the warehouse before a matrix is made from it.
Does not belong here: what a delivery must look like (data_contracts), or what is wrong with a specification (spec).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from data_contracts.errors import PlumblineError
from features import kinds
from features.fields import AttributeFeature, Feature
from features.portable import birth_sql, number_sql
from features.sql import event_types, literal, one_of, trimmed

LARGEST = 1e12  # sums of whole numbers and millionths stay exact below this; no record of practice comes near


def usable_events(con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature]) -> str:
    """Check what the features are computed from.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse, with the core tables and cohort."case".
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.

    Returns
    -------
    str
        The relation that has each event once: core.event itself, unless it repeats one.

    Raises
    ------
    PlumblineError
        When values cannot be computed with, or an id stands for two different events or rows.
    """
    _check_rows(con, programme)
    _check_values(con, programme, specs)
    return _sole_events(con, programme, specs)


def _check_rows(con: duckdb.DuckDBPyConnection, programme: str) -> None:
    for relation, keys in (('cohort."case"', "cohort, as_of, case_id"), ('core."case"', "case_id")):
        repeated = (
            f"SELECT 1 FROM {relation} WHERE programme = {literal(programme)} GROUP BY {keys} HAVING count(*) > 1"
        )
        if _number(con, f"SELECT count(*) FROM ({repeated})"):
            raise PlumblineError("a case stands twice for one as-of date.", where=relation, todo="Ids must be unique.")
    nameless = "cohort IS NULL OR as_of IS NULL OR case_id IS NULL OR person_id IS NULL"
    if _number(con, f'SELECT count(*) FROM cohort."case" WHERE programme = {literal(programme)} AND ({nameless})'):
        raise PlumblineError(
            "a row lacks its cohort, day, case or person.", where='cohort."case"', todo="Every row needs all four."
        )


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _check_values(con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature]) -> None:
    ours = f"programme = {literal(programme)}"
    if types := event_types(specs):
        # NaN compares as larger than every number
        faulty = con.execute(
            f"SELECT event_type, count(*) FROM core.event WHERE {ours} AND {one_of('event_type', types)} "
            f"AND abs(value) > {LARGEST} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for kind, count in faulty:
            raise PlumblineError(
                f"{count} events of the type “{kind}” have a value that is no usable number.",
                where="core.event",
                todo="Add a range rule for the column to the contract.",
            )
        # engines differ in what an infinite date is
        endless = f"{one_of('event_type', types)} AND NOT (isfinite(event_at) AND isfinite(known_at))"
        if count := _number(con, f"SELECT count(*) FROM core.event WHERE {ours} AND {endless}"):
            raise PlumblineError(
                f"{count} events have an infinite date.",
                where="core.event",
                todo="Map a real day; of a record that was always known, the day on which it happened.",
            )
    for spec in specs:
        if isinstance(spec, kinds.AttributeNumber):
            readable, form = f"coalesce(isfinite({number_sql(trimmed('value'))}), FALSE)", "a number"
        elif isinstance(spec, kinds.AgeYears):
            readable, form = f"{birth_sql(trimmed('value'))} IS NOT NULL", "a date such as 2001-12-31 or 2001-12"
        else:
            continue
        _check_attribute(con, ours, spec, readable, form)


def _check_attribute(
    con: duckdb.DuckDBPyConnection, ours: str, spec: AttributeFeature, readable: str, form: str
) -> None:
    count = _number(
        con,
        f"SELECT count(*) FROM core.attribute WHERE {ours} AND name = {literal(spec.attribute)} "
        f"AND trim(value) <> '' AND NOT ({readable})",
    )
    if count:
        raise PlumblineError(
            f"{count} values of “{spec.attribute}” are not {form}.",
            where=f"core.attribute, feature {spec.name}",
            todo="Map them to NULL or use another kind of feature.",
        )


def _sole_events(con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature]) -> str:
    """The relation of events with each event once: core.event itself unless it repeats one."""
    if not (types := event_types(specs)):
        return "core.event"
    ours = f"programme = {literal(programme)} AND {one_of('event_type', types)}"
    # hashes are faster to group than ids; two ids with one hash only cost the slower way
    if not _number(
        con, f"SELECT count(*) FROM (SELECT 1 FROM core.event WHERE {ours} GROUP BY hash(event_id) HAVING count(*) > 1)"
    ):
        return "core.event"
    content = "* EXCLUDE (source_table, source_row)"  # one record read twice stays one event
    sole = f"(SELECT DISTINCT {content} FROM core.event WHERE {ours})"
    differing = _number(con, f"SELECT count(*) FROM (SELECT 1 FROM {sole} GROUP BY event_id HAVING count(*) > 1)")
    if differing:
        raise PlumblineError(
            f"{differing} event ids stand for two different events.",
            where="core.event",
            todo="The mapping's key must tell events apart.",
        )
    return sole
