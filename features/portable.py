"""Specifications compiled to one obvious query: a row per case and as-of date, a DOUBLE per column.

The text is DuckDB's and keeps to what can be transpiled to Spark 4. The fast path is held to its cells.

Belongs here: what each kind computes from the past.
Does not belong here: what counts as past (sql), running the query (build, spark), the fast path (fast).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from data_contracts.core.schema import CORE
from features import kinds
from features.fields import AttributeFeature, EventFeature, Feature, Scope
from features.spec import columns
from features.sql import (
    SCOPES,
    attribute_features,
    covered,
    day,
    days_open,
    event_features,
    inside,
    literal,
    name,
    one_of,
    past,
    rows,
    sources,
)
from features.windows import Window

_SAME = ("source_table", "source_row")  # where a record was read does not make it another one
_EVENT = ", ".join(column for column in ("programme", *CORE["event"].columns) if column not in _SAME)


def matrix_sql(
    programme: str,
    specs: Sequence[Feature],
    events: str = "core.event",
    only: str = "TRUE",
    source: str = 'cohort."case"',
) -> str:
    """Compile features to a query.

    Parameters
    ----------
    programme : str
        Whose cohort and core tables.
    specs : sequence of FeatureSpec
        The features.
    events : str
        The relation of events, where it is not core.event itself. A record that stands there twice counts once.
    only : str
        Condition over the columns of cohort."case": the rows to compute.
    source : str
        The relation of rows, where it is not cohort."case" itself.

    Returns
    -------
    str
        A SELECT that gives cohort, as_of (DATE), case_id and one DOUBLE per column of `features.spec.columns`, a row
        per row of `source`, sorted by person_id, case_id, as_of, cohort. Its cells do not depend on threads or on the
        order of rows.
    """
    sole = f"(SELECT DISTINCT {_EVENT} FROM {events}) AS event"
    parts = [rows(programme, only, source), *past(programme, specs, sole)]
    joins = ["rows"]
    for scope in SCOPES:
        if over_events := event_features(specs, scope):
            tables = _event_tables(scope, over_events)
            parts += tables.values()
            cells = [f"{scope}_{part}" for part in ("distinct", "cells", "spreads")]
            joins += [f"LEFT JOIN {table} USING (row_id)" for table in cells if table in tables]
        if over_attributes := attribute_features(specs, scope):
            values = [f"{_recorded(spec)} AS {name(spec.name)}" for spec in over_attributes]
            parts.append(_grouped(f"{scope}_values", values, f"{scope}_attributes"))
            joins.append(f"LEFT JOIN {scope}_values USING (row_id)")
    if sources(specs):
        joins.append("LEFT JOIN covered USING (row_id)")
    if any(isinstance(spec, kinds.DaysSinceOpened) for spec in specs):
        parts.append(_opened(programme))
        joins.append("LEFT JOIN opened USING (row_id)")
    shown = [cell for spec in specs for cell in _cells(spec)]
    named = [f"CAST({cell} AS DOUBLE) AS {name(c.name)}" for cell, c in zip(shown, columns(specs), strict=True)]
    selected = ",\n    ".join(["rows.cohort", "rows.as_of", "rows.case_id", *named])
    return (
        "WITH " + ",\n".join(parts) + f"\nSELECT\n    {selected}\nFROM " + "\n".join(joins) + "\nORDER BY rows.row_id"
    )


def _grouped(table: str, selected: Sequence[str], source: str, by: str = "row_id") -> str:
    columns = ",\n        ".join(["row_id", *selected])
    return f"""{table} AS (
    SELECT
        {columns}
    FROM {source}
    GROUP BY {by}
)"""


# ---- events: the expressions of one scope, each a look at its past events -------------------------------------------


def _event_tables(scope: Scope, specs: Sequence[EventFeature]) -> dict[str, str]:
    """The expressions that the cells of one scope are made of, by name."""
    events = f"{scope}_events"
    tables: dict[str, str] = {}
    if ordered := [column for spec in specs for column in _in_order(spec)]:
        events = f"{scope}_ordered"
        tables[events] = _ordered(scope, ordered)
    if several := [spec for spec in specs if isinstance(spec, kinds.Distinct)]:
        # a count of DISTINCT for each feature would keep a set for each
        flags = [f"max({_if(inside(spec), '1')}) AS {_part(spec, 'cell')}" for spec in several]
        counts = [f"sum({_part(spec, 'cell')}) AS {_part(spec, 'cell')}" for spec in several]
        tables[f"{scope}_categories"] = _grouped(f"{scope}_categories", flags, f"{scope}_events", "row_id, category")
        tables[f"{scope}_distinct"] = _grouped(f"{scope}_distinct", counts, f"{scope}_categories")
    if cells := _named(specs, _aggregates):
        tables[f"{scope}_cells"] = _grouped(f"{scope}_cells", cells, events)
    if spreads := _named(specs, _spreads):
        joined = f"{scope}_events JOIN {scope}_cells USING (row_id)"
        tables[f"{scope}_spreads"] = _grouped(f"{scope}_spreads", spreads, joined)
    return tables


def _named(specs: Sequence[EventFeature], parts: Callable[[EventFeature], dict[str, str]]) -> list[str]:
    return [f"{sql} AS {_part(spec, part)}" for spec in specs for part, sql in parts(spec).items()]


def _part(spec: EventFeature, part: str) -> str:
    # a feature's name has no blank, so no two can meet
    return name(f"{spec.name} {part}")


def _in_order(spec: EventFeature) -> list[str]:
    """What an event's place among the row's events gives."""
    match spec:
        case kinds.First() | kinds.Last():
            return ["row_number() OVER (PARTITION BY row_id ORDER BY event_day, known_day, value) AS place"]
        case kinds.LongestGap():
            before = f"max({_if(inside(spec), 'event_day')}) OVER earlier"
            return [f"{before} AS {_part(spec, 'before')}"]
        case kinds.EpisodeDays():
            _, last = days_open(spec)
            reached = f"max({_if(inside(spec), last)}) OVER earlier"
            return [f"{reached} AS {_part(spec, 'reached')}"]
        case _:
            return []


def _ordered(scope: Scope, selected: Sequence[str]) -> str:
    columns = ",\n        ".join(["*", *dict.fromkeys(selected)])
    return f"""{scope}_ordered AS (
    SELECT
        {columns}
    FROM {scope}_events
    WINDOW earlier AS (PARTITION BY row_id ORDER BY event_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)"""


def _if(where: str, value: str) -> str:
    # not FILTER: it computes the value of events left out too, which may not be computable, and DuckDB's time for many
    # grows with the square of their number
    return f"CASE WHEN {where} THEN {value} END"


def _number(where: str) -> str:
    return f"count({_if(where, '1')})"


def _total(integers: str, where: str) -> str:
    """A sum of integers as DOUBLE; NULL over nothing."""
    return f"CAST(CAST(sum({_if(where, integers)}) AS BIGINT) AS DOUBLE)"


def _sum(where: str) -> str:
    return f"({_total('whole', where)} + {_total('millionths', where)} / 1e6)"


def _mean(where: str) -> str:
    return f"({_sum(where)} / nullif({_number(where)}, 0))"


def _aggregates(spec: EventFeature) -> dict[str, str]:
    """The cell, or parts of it by their names; NULL where there is nothing to aggregate."""
    where = inside(spec)
    match spec:
        case kinds.Distinct():
            return {}
        case kinds.Count() | kinds.OpenEpisodes():
            cell = f"nullif({_number(where)}, 0)"
        case kinds.AnyOf():
            cell = f"max({_if(where, '1')})"
        case kinds.Sum():
            cell = _sum(where)
        case kinds.Mean():
            cell = _mean(where)
        case kinds.Min():
            cell = f"min({_if(where, 'value')})"
        case kinds.Max():
            cell = f"max({_if(where, 'value')})"
        case kinds.Std() | kinds.Slope():
            mean, value = _mean(where), _if(where, "value")
            return {
                "n": _number(where),
                "mean": mean,
                # rounding keeps order: no other value is further from the mean than the smallest or the largest
                "largest": f"greatest(abs(min({value}) - {mean}), abs(max({value}) - {mean}))",
                "since": f"min({_if(where, 'event_day')})",
                "until": f"max({_if(where, 'event_day')})",
            }
        case kinds.First():
            cell = f"min_by({_if(where, 'value')}, {_if(where, 'place')})"
        case kinds.Last():
            cell = f"max_by({_if(where, 'value')}, {_if(where, 'place')})"
        case kinds.DaysSinceLast():
            cell = f"min({_if(where, 'today - event_day')})"
        case kinds.DaysSinceFirst() | kinds.DaysInEpisode():
            cell = f"max({_if(where, 'today - event_day')})"
        case kinds.LongestGap():
            # the first event of a row has none before it
            cell = f"max({_if(where, 'event_day - ' + _part(spec, 'before'))})"
        case kinds.Rate():
            cell = f"nullif({_number(where)}, 0) * 365e0 / {_days(spec.span)}"
        case kinds.Share():
            cell = f"{_number(where + ' AND ' + one_of('category', spec.of))} / nullif({_number(where)}, 0)"
        case kinds.EpisodeDays():
            first, last = days_open(spec)
            # days that no earlier episode had reached
            new = f"greatest({last} - greatest({first}, coalesce({_part(spec, 'reached')} + 1, {first})) + 1, 0)"
            cell = f"sum({_if(where, new)})"
        case kinds.Change():
            cell = _change(spec)
        case _:
            raise TypeError(f"no aggregate for {spec.kind}")
    return {"cell": cell}


def _days(window: Window) -> int:
    if window.far is None:
        raise ValueError("an unlimited window has no number of days")
    return window.far - window.near


def _change(spec: kinds.Change) -> str:
    now, before = (inside(spec, window) for window in spec.spans)
    if spec.measure == "mean":
        return f"{_mean(now)} - {_mean(before)}"
    measure = _number if spec.measure == "count" else _sum
    return (
        f"CASE WHEN {_number(now)} + {_number(before)} > 0 "
        f"THEN coalesce({measure(now)}, 0) - coalesce({measure(before)}, 0) END"
    )


def _spreads(spec: EventFeature) -> dict[str, str]:
    """What needs the mean and the largest distance from it: distances become integers, whose sums are exact."""
    distance = f"((value - {_part(spec, 'mean')}) / nullif({_part(spec, 'largest')}, 0))"
    x = f"(event_day - {_part(spec, 'since')})"
    p = f"CAST(floor({distance} * {literal(2.0**30)} + 0.5e0) AS BIGINT)"
    match spec:
        case kinds.Std():
            parts = {"squares": f"CAST(floor({distance} * {distance} * {literal(2.0**40)} + 0.5e0) AS BIGINT)"}
        case kinds.Slope():
            parts = {"x": x, "xx": f"{x} * {x}", "p": p, "xp": f"{x} * {p}"}
        case _:
            return {}
    return {part: _total(integers, inside(spec)) for part, integers in parts.items()}


def _event_cell(spec: EventFeature) -> str:
    """The cell from its parts; NULL where there is nothing."""

    def part(of: str) -> str:
        return _part(spec, of)

    match spec:
        case kinds.Std():
            squares = f"sqrt({part('squares')} / {literal(2.0**40)} / ({part('n')} - 1))"
            several = f"{part('n')} >= 2"
            cell = f"{part('largest')} * {squares}"
        case kinds.Slope():
            # both divided by n squared: the covariance of day and value over the variance of day
            n = f"CAST({part('n')} AS DOUBLE)"
            above = f"({n} * {part('xp')} - {part('x')} * {part('p')})"
            below = f"({n} * {part('xx')} - {part('x')} * {part('x')})"
            several = f"{part('since')} < {part('until')}"
            cell = f"{part('largest')} * ({above} / {below} / {literal(2.0**30)}) * 365"
        case _:
            return part("cell")
    return f"CASE WHEN {several} THEN CASE WHEN {part('largest')} = 0 THEN 0 ELSE {cell} END END"


# ---- attributes and the case ----------------------------------------------------------------------------------------


def _opened(programme: str) -> str:
    return f"""opened AS (
    SELECT rows.row_id, rows.today - {day("known.opened_at")} AS days
    FROM rows JOIN core."case" AS known ON known.case_id = rows.case_id
    WHERE known.programme = {literal(programme)} AND known.known_at < rows.as_of
)"""


def _cells(spec: Feature) -> list[str]:
    """The feature's cells in the order of its columns."""
    match spec:
        case EventFeature():
            cell = _filled(_event_cell(spec), spec.missing)
            collected = covered(spec)
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
    reading = {"attribute_number": number_sql("value"), "age_years": birth_sql("value")}
    return f"max({_if('name = ' + literal(spec.attribute), reading.get(spec.kind, 'value'))})"


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


def number_sql(value: str) -> str:
    """A text as DOUBLE; NULL for what is no number in plain figures."""
    form = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"  # engines differ in what else they read as one
    return f"CASE WHEN regexp_matches({value}, '{form}') THEN TRY_CAST({value} AS DOUBLE) END"


def birth_sql(value: str) -> str:
    """The day of birth as DATE from YYYY-MM-DD, YYYY-MM or YYYY; NULL for anything else."""
    full = f"substr({value} || '-01-01', 1, 10)"
    form = "^[0-9]{4}(-[0-9]{2}){0,2}$"
    return f"CASE WHEN regexp_matches({value}, '{form}') THEN TRY_CAST({full} AS DATE) END"


def _age(birth: str) -> str:
    had_birthday = f"100 * month(rows.as_of) + day(rows.as_of) >= 100 * month({birth}) + day({birth})"
    years = f"year(rows.as_of) - year({birth}) - CASE WHEN {had_birthday} THEN 0 ELSE 1 END"
    # born after as_of: no age yet
    return f"CASE WHEN {birth} <= rows.as_of THEN {years} END"
