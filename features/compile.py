"""Specifications compiled to one DuckDB query: a row per case and as-of date, a DOUBLE per column.

Belongs here: what each kind computes from the past.
Does not belong here: what counts as past (sql), or running the query (build).
"""

from __future__ import annotations

from collections.abc import Sequence

from features import kinds
from features.fields import AttributeFeature, EventFeature, Feature
from features.spec import columns
from features.sql import (
    SCOPES,
    attribute_features,
    covered,
    event_features,
    inside,
    literal,
    name,
    one_of,
    past,
    rows,
    sources,
)


def matrix_sql(programme: str, specs: Sequence[Feature], events: str = "core.event") -> str:
    """Compile features to a query.

    Parameters
    ----------
    programme : str
        Whose cohort and core tables.
    specs : sequence of FeatureSpec
        The features.
    events : str
        The relation of events, where it is not core.event itself.

    Returns
    -------
    str
        A SELECT that gives cohort, as_of, case_id and one DOUBLE per column of `features.spec.columns`, one row per
        row of cohort."case", sorted. Its cells do not depend on threads or on the order of rows.
    """
    parts = [rows(programme), *past(programme, specs, events)]
    joins = ["rows"]
    for scope in SCOPES:
        if over_events := event_features(specs, scope):
            cells = ",\n        ".join(f"{_aggregate(spec)} AS {name(spec.name)}" for spec in over_events)
            parts.append(_grouped(f"{scope}_cells", cells, f"{scope}_events"))
            joins.append(f"LEFT JOIN {scope}_cells USING (row_id)")
        if over_attributes := attribute_features(specs, scope):
            values = ",\n        ".join(f"{_recorded(spec)} AS {name(spec.name)}" for spec in over_attributes)
            parts.append(_grouped(f"{scope}_values", values, f"{scope}_attributes"))
            joins.append(f"LEFT JOIN {scope}_values USING (row_id)")
    if sources(specs):
        joins.append("LEFT JOIN covered USING (row_id)")
    if any(isinstance(spec, kinds.DaysSinceOpened) for spec in specs):
        parts.append(_opened(programme))
        joins.append("LEFT JOIN opened USING (row_id)")
    shown = [cell for spec in specs for cell in _cells(spec, specs)]
    named = [f"CAST({cell} AS DOUBLE) AS {name(c.name)}" for cell, c in zip(shown, columns(specs), strict=True)]
    selected = ",\n    ".join(["rows.cohort", "rows.as_of", "rows.case_id", *named])
    return (
        "WITH " + ",\n".join(parts) + f"\nSELECT\n    {selected}\nFROM " + "\n".join(joins) + "\nORDER BY rows.row_id"
    )


def _grouped(table: str, selected: str, source: str) -> str:
    return f"""{table} AS (
    SELECT
        row_id,
        {selected}
    FROM {source} GROUP BY row_id
)"""


def _opened(programme: str) -> str:
    return f"""opened AS (
    SELECT rows.row_id, rows.as_of - known.opened_at AS days
    FROM rows JOIN core."case" AS known ON known.case_id = rows.case_id
    WHERE known.programme = {literal(programme)} AND known.known_at < rows.as_of
)"""


def _aggregate(spec: EventFeature) -> str:
    """The aggregate over past events; NULL where there is nothing to aggregate."""
    where = f"FILTER (WHERE {inside(spec)})"
    match spec:
        case kinds.Count() | kinds.OpenEpisodes():
            return f"nullif(count(*) {where}, 0)"
        case kinds.AnyOf():
            return f"CASE WHEN count(*) {where} > 0 THEN 1 END"
        case kinds.Distinct():
            return f"nullif(count(DISTINCT category) {where}, 0)"
        case kinds.Sum():
            return f"CAST(sum(micro) {where} AS DOUBLE) / 1e6"
        case kinds.Mean():
            return f"CAST(sum(micro) {where} AS DOUBLE) / 1e6 / nullif(count(*) {where}, 0)"
        case kinds.Min():
            return f"min(value) {where}"
        case kinds.Max():
            return f"max(value) {where}"
        case kinds.Last():
            # structs compare field by field: ties are broken by content
            return f"(max({{'at': event_at, 'known': known_at, 'value': value}}) {where}).value"
        case kinds.DaysSinceLast():
            return f"min(as_of - event_at) {where}"
        case kinds.DaysSinceFirst() | kinds.DaysInEpisode():
            return f"max(as_of - event_at) {where}"
        case kinds.Share():
            part = f"FILTER (WHERE {inside(spec)} AND {one_of('category', spec.of)})"
            return f"count(*) {part} / nullif(count(*) {where}, 0)"
        case _:
            raise TypeError(f"no aggregate for {spec.kind}")


def _cells(spec: Feature, specs: Sequence[Feature]) -> list[str]:
    """The feature's cells in the order of its columns."""
    match spec:
        case EventFeature():
            cell = _filled(f"{spec.scope}_cells.{name(spec.name)}", spec.missing)
            collected = covered(spec, specs)
            return [f"CASE WHEN {collected} THEN {cell} END" if collected else cell]
        case kinds.AttributeNumber():
            return [_filled(_value(spec), spec.missing)]
        case kinds.AgeYears():
            return [_filled(_age(_value(spec)), spec.missing)]
        case kinds.AttributeCategory():
            return _one_hot(spec)
        case kinds.DaysSinceOpened():
            return ["opened.days"]
        case kinds.CalendarMonth():
            return ["month(rows.as_of)"]
        case _:
            raise TypeError(f"no cell for {spec.kind}")


def _recorded(spec: AttributeFeature) -> str:
    """The attribute's value as the feature reads it; there is at most one per row."""
    reading = {"attribute_number": "TRY_CAST(value AS DOUBLE)", "age_years": birth_sql("value")}
    return f"max({reading.get(spec.kind, 'value')}) FILTER (WHERE name = {literal(spec.attribute)})"


def _value(spec: AttributeFeature) -> str:
    return f"{spec.scope}_values.{name(spec.name)}"


def _filled(cell: str, missing: str | float) -> str:
    if missing == "missing":
        return cell
    return f"coalesce({cell}, {literal(0.0 if isinstance(missing, str) else missing)})"


def _one_hot(spec: kinds.AttributeCategory) -> list[str]:
    value = _value(spec)
    cells = []
    for category in spec.categories:
        cell = f"CAST({value} = {literal(category)} AS INTEGER)"
        cells.append(cell if spec.missing == "missing" else f"coalesce({cell}, 0)")
    if spec.missing == "column":
        cells.append(f"CAST({value} IS NULL AS INTEGER)")
    return cells


def birth_sql(value: str) -> str:
    """The day of birth as DATE from YYYY-MM-DD, YYYY-MM or YYYY; NULL for anything else."""
    full = f"{value} || substr('-01-01', 1 + 3 * ((length({value}) - 4) // 3))"
    return f"CASE WHEN regexp_full_match({value}, '\\d{{4}}(-\\d{{2}}){{0,2}}') THEN TRY_CAST({full} AS DATE) END"


def _age(birth: str) -> str:
    had_birthday = f"100 * month(rows.as_of) + day(rows.as_of) >= 100 * month({birth}) + day({birth})"
    years = f"year(rows.as_of) - year({birth}) - CASE WHEN {had_birthday} THEN 0 ELSE 1 END"
    # born after as_of: no age yet
    return f"CASE WHEN {birth} <= rows.as_of THEN {years} END"
