"""Which records made a number: the events and attributes that a cell may use.

Belongs here: evidence by factor for explanations, and for one cell.
Does not belong here: what counts as past or as inside a window (sql): a cell and its evidence share that code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import pandas as pd

from data_contracts.errors import PlumblineError
from features.fields import Feature, Scope
from features.kinds import DaysSinceOpened
from features.sql import (
    SCOPES,
    attribute_features,
    covered,
    day,
    event_features,
    inside,
    literal,
    one_of,
    past,
    rows,
    sources,
)

NEWEST = 20


def evidence_table(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    as_of: dt.date,
    cohort: str | None = None,
    cases: str | None = None,
) -> pd.DataFrame:
    """Evidence behind every factor of every case at one as-of date.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    as_of : date
        Rows of cohort."case" with this as-of date.
    cohort : str, optional
        Only this cohort.
    cases : str, optional
        A table with a column case_id: only these cases.

    Returns
    -------
    DataFrame
        [case_id, as_of, factor, evidence_ids, evidence_count, evidence_age_days], sorted, a row for every case and
        factor. `evidence_ids` is a list of the newest 20: event ids, `attribute:NAME@DAY` (the day it was known) and
        `case@DAY` (the day it opened). `evidence_age_days` is the age of the newest at as_of, <NA> without any.
    """
    only = f"as_of = {_date(as_of)}" + (f" AND cohort = {literal(cohort)}" if cohort is not None else "")
    only += f" AND case_id IN (SELECT case_id FROM {cases})" if cases is not None else ""
    factors = ", ".join(f"({literal(factor)})" for factor in sorted({spec.factor for spec in specs}))
    if not factors:
        raise PlumblineError("there are no features.", todo="Declare at least one.")
    query = f"""WITH {_found(programme, specs, only)},
records AS (
    SELECT row_id, factor, id, day, bool_and(others) AS others FROM found GROUP BY row_id, factor, id, day
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY row_id, factor, others ORDER BY day DESC, id) AS rank FROM records
),
-- of records that only other people's events are, the number and nothing else leaves this query
summed AS (
    SELECT
        row_id,
        factor,
        count(*) AS n,
        max(day) FILTER (WHERE NOT others) AS newest,
        list(id ORDER BY rank) FILTER (WHERE NOT others AND rank <= {NEWEST}) AS ids
    FROM ranked GROUP BY row_id, factor
)
SELECT
    rows.case_id,
    rows.as_of,
    factors.factor,
    coalesce(summed.ids, CAST([] AS VARCHAR[])) AS evidence_ids,
    coalesce(summed.n, 0) AS evidence_count,
    rows.today - summed.newest AS evidence_age_days
FROM rows CROSS JOIN (VALUES {factors}) AS factors (factor) LEFT JOIN summed USING (row_id, factor)
ORDER BY rows.row_id, factors.factor"""
    table: pd.DataFrame = con.execute(query).df()
    table["evidence_ids"] = [list(ids) for ids in table["evidence_ids"]]
    return table.astype({"evidence_count": "int64", "evidence_age_days": "Int64"})


def evidence(con: duckdb.DuckDBPyConnection, programme: str, spec: Feature, case_id: str, as_of: dt.date) -> list[str]:
    """All the evidence behind one cell, newest first.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse.
    programme : str
        Whose.
    spec : FeatureSpec
        The feature.
    case_id : str
        The case.
    as_of : date
        One of the as-of dates at which the case is in a cohort.

    Returns
    -------
    list of str
        As in `evidence_table`, without its limit: every record inside filter and window that the cell may use. Empty
        where nothing happened, and where the source was not collected.
    """
    only = f"as_of = {_date(as_of)} AND case_id = {literal(case_id)}"
    query = f"WITH {_found(programme, [spec], only)}\nSELECT DISTINCT id, day FROM found ORDER BY day DESC, id"
    found = con.execute(query).fetchall()
    if not found and not con.execute(f"WITH {rows(programme, only)} SELECT 1 FROM rows").fetchone():
        raise PlumblineError(
            "the case is in no cohort at this as-of date.", where='cohort."case"', todo="Check the id and the date."
        )
    return [identifier for identifier, _ in found]


def _date(day: dt.date) -> str:
    return f"CAST({literal(day.isoformat())} AS DATE)"


def _found(programme: str, specs: Sequence[Feature], only: str) -> str:
    """Expressions up to `found` (row_id, factor, id, day, others): each record for every way to it."""
    selects = [select for scope in SCOPES for select in (*_events(specs, scope), *_attributes(specs, scope))]
    selects += [
        f"SELECT rows.row_id, {literal(factor)} AS factor, 'case@' || known.opened_at AS id, "
        f"{day('known.opened_at')} AS day, FALSE AS others\n"
        f'    FROM rows JOIN core."case" AS known ON known.case_id = rows.case_id\n'
        f"    WHERE known.programme = {literal(programme)} AND known.known_at < rows.as_of"
        for factor in _factors([spec for spec in specs if isinstance(spec, DaysSinceOpened)])
    ]
    # of a factor that only the calendar speaks for, there is no record
    nothing = "SELECT row_id, '' AS factor, '' AS id, today AS day, FALSE AS others FROM rows WHERE FALSE"
    found = "\n    UNION ALL\n    ".join([nothing, *selects])
    return ",\n".join([rows(programme, only), *past(programme, specs), f"found AS (\n    {found}\n)"])


def _factors(specs: Sequence[Feature]) -> list[str]:
    return sorted({spec.factor for spec in specs})


def _events(specs: Sequence[Feature], scope: Scope) -> list[str]:
    features = event_features(specs, scope)
    joined = " LEFT JOIN covered USING (row_id)" if sources(specs) else ""
    others = "TRUE" if scope == "association" else "FALSE"
    selects = []
    for factor in _factors(features):
        uses = [
            " AND ".join(filter(None, [inside(spec, window), covered(spec)]))
            for spec in features
            if spec.factor == factor
            for window in spec.spans
        ]
        selects.append(
            f"SELECT row_id, {literal(factor)} AS factor, event_id AS id, event_day AS day, {others} AS others\n"
            f"    FROM {scope}_events{joined}\n"
            f"    WHERE ({') OR ('.join(uses)})"
        )
    return selects


def _attributes(specs: Sequence[Feature], scope: Scope) -> list[str]:
    features = attribute_features(specs, scope)
    return [
        f"SELECT row_id, {literal(factor)} AS factor, 'attribute:' || name || '@' || known_at AS id, "
        f"{day('known_at')} AS day, FALSE AS others\n"
        f"    FROM {scope}_attributes WHERE value IS NOT NULL AND "
        + one_of("name", sorted({spec.attribute for spec in features if spec.factor == factor}))
        for factor in _factors(features)
    ]
