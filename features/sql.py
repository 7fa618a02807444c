"""The common table expressions that every query over the past shares.

Belongs here: quoting, the rows to compute, what was known of them on their as-of dates, which events a feature may use.
Does not belong here: what is computed from those events (compile), or which of them are shown (evidence).

The one rule of time stands in this module and nowhere else: an event, an end, an attribute's value or a case exists for
a row only when it was known before the row's as_of, and an event only when it also happened before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from features.fields import AttributeFeature, EventFeature, Feature
from features.windows import Window

Scope = Literal["person", "case"]
SCOPES: tuple[Scope, Scope] = ("person", "case")


def name(identifier: str) -> str:
    """Quote an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str | float) -> str:
    """Quote a value: text with its quotes doubled, a finite number as DOUBLE."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if not math.isfinite(value):
        raise ValueError("only finite numbers go into a query")
    return f"CAST({float(value)!r} AS DOUBLE)"


def one_of(column: str, values: Sequence[str]) -> str:
    """Condition that a text column holds one of the values."""
    return f"{column} IN ({', '.join(map(literal, values))})"


def event_features(specs: Sequence[Feature], scope: Scope) -> list[EventFeature]:
    """The features over events of one scope."""
    return [spec for spec in specs if isinstance(spec, EventFeature) and spec.scope == scope]


def attribute_features(specs: Sequence[Feature], scope: Scope) -> list[AttributeFeature]:
    """The features over attributes of one scope."""
    return [spec for spec in specs if isinstance(spec, AttributeFeature) and spec.scope == scope]


def sources(specs: Sequence[Feature]) -> list[tuple[str, Window]]:
    """Each source and window whose coverage must be known; the position is the column's number in `covered`."""
    return sorted(
        {(spec.source, spec.span) for spec in specs if isinstance(spec, EventFeature) and spec.source is not None},
        key=lambda item: (item[0], item[1].near, item[1].far or math.inf),
    )


def covered(spec: EventFeature, specs: Sequence[Feature]) -> str | None:
    """Condition that the feature's source was collected over its window; None for a feature without a source."""
    if spec.source is None:
        return None
    return f"coalesce(covered.c{sources(specs).index((spec.source, spec.span))}, FALSE)"


def rows(programme: str, only: str = "TRUE") -> str:
    """The rows to compute, numbered: every row of cohort."case" of the programme for which `only` holds."""
    return f"""rows AS (
    SELECT row_number() OVER (ORDER BY cohort, as_of, case_id) AS row_id, cohort, as_of, case_id, person_id
    FROM cohort."case"
    WHERE programme = {literal(programme)} AND {only}
)"""


def past(programme: str, specs: Sequence[Feature], events: str = "core.event") -> list[str]:
    """What was known of each row on its as-of date, for everything that the features use.

    Parameters
    ----------
    programme : str
        Whose data.
    specs : sequence of FeatureSpec
        The features.
    events : str
        The relation of events.

    Returns
    -------
    list of str
        Expressions over `rows`: `person_events`, `case_events` (one row per row and event), `person_attributes`,
        `case_attributes` (one row per row and attribute), `covered` (one row per row with any coverage), each only
        where a feature needs it.
    """
    parts: list[str] = []
    for scope in SCOPES:
        if over_events := event_features(specs, scope):
            parts.append(_past_events(programme, scope, over_events, events))
        if over_attributes := attribute_features(specs, scope):
            parts.append(_past_attributes(programme, scope, sorted({spec.attribute for spec in over_attributes})))
    if wanted := sources(specs):
        parts.append(_coverage(programme, wanted))
    return parts


def _past_events(programme: str, scope: Scope, specs: Sequence[EventFeature], events: str) -> str:
    types = sorted({kind for spec in specs for kind in spec.events.type})
    spans = [spec.span.far for spec in specs]
    limits = [far for far in spans if far is not None]
    # older than the longest window, no feature sees them: leaving them out only saves time
    oldest = f"\n        AND event.event_at >= rows.as_of - {max(limits)}" if len(limits) == len(spans) else ""
    # -0.0 becomes 0.0: min and max would keep whichever comes first. micro is exact under any order of summation.
    return f"""{scope}_events AS (
    SELECT
        rows.row_id,
        rows.as_of,
        event.event_id,
        event.event_at,
        event.known_at,
        event.event_type,
        event.category,
        CASE WHEN event.value = 0 THEN 0 ELSE event.value END AS value,
        CAST(round(event.value * 1e6) AS HUGEINT) AS micro,
        NOT coalesce(event.ended_at < rows.as_of AND event.end_known_at < rows.as_of, FALSE) AS is_open
    FROM rows JOIN {events} AS event ON event.{scope}_id = rows.{scope}_id
    WHERE event.programme = {literal(programme)}
        AND {one_of("event.event_type", types)}
        AND event.event_at < rows.as_of{oldest}
        AND event.known_at < rows.as_of
)"""


def _past_attributes(programme: str, scope: Scope, names: Sequence[str]) -> str:
    return f"""{scope}_attributes AS (
    SELECT rows.row_id, rows.as_of, attribute.name, nullif(trim(attribute.value), '') AS value, attribute.known_at
    FROM rows JOIN core.attribute AS attribute ON attribute.subject_id = rows.{scope}_id
    WHERE attribute.programme = {literal(programme)}
        AND {one_of("attribute.name", names)}
        AND attribute.known_at < rows.as_of
    QUALIFY row_number() OVER (
        PARTITION BY rows.row_id, attribute.name
        ORDER BY attribute.known_at DESC, nullif(trim(attribute.value), '') DESC NULLS LAST
    ) = 1
)"""


def _coverage(programme: str, wanted: Sequence[tuple[str, Window]]) -> str:
    columns = ",\n        ".join(
        f"bool_or({_covers(source, window)}) AS c{i}" for i, (source, window) in enumerate(wanted)
    )
    bounds = (
        "coverage.source, "
        "coalesce(coverage.\"from\", DATE '0001-01-01') AS since, coalesce(coverage.\"to\", DATE '9999-12-30') AS until"
    )
    ours = (
        f"coverage.programme = {literal(programme)} AND "
        f"{one_of('coverage.source', sorted({source for source, _ in wanted}))}"
    )
    # three plain equality joins, because one join over "this person, this case or all" compares every pair
    return f"""collected AS (
    SELECT rows.row_id, rows.as_of, {bounds}
    FROM rows JOIN core.coverage AS coverage ON coverage.case_id = rows.case_id
    WHERE {ours} AND (coverage.person_id IS NULL OR coverage.person_id = rows.person_id)
    UNION ALL
    SELECT rows.row_id, rows.as_of, {bounds}
    FROM rows JOIN core.coverage AS coverage ON coverage.person_id = rows.person_id
    WHERE {ours} AND coverage.case_id IS NULL
    UNION ALL
    SELECT rows.row_id, rows.as_of, {bounds}
    FROM rows CROSS JOIN core.coverage AS coverage
    WHERE {ours} AND coverage.person_id IS NULL AND coverage.case_id IS NULL
),
-- spells that overlap or follow each other without a day between count as one
begun AS (
    SELECT *, since > 1 + coalesce(max(until) OVER (
        PARTITION BY row_id, source ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), DATE '0001-01-01') AS is_new
    FROM collected
),
numbered AS (
    SELECT *, sum(CAST(is_new AS INTEGER)) OVER (
        PARTITION BY row_id, source ORDER BY since, until ROWS UNBOUNDED PRECEDING
    ) AS spell
    FROM begun
),
spells AS (
    SELECT row_id, as_of, source, min(since) AS since, max(until) AS until
    FROM numbered GROUP BY row_id, as_of, source, spell
),
covered AS (
    SELECT
        row_id,
        {columns}
    FROM spells GROUP BY row_id
)"""


def _covers(source: str, window: Window) -> str:
    # `to` is the last day collected. An unlimited window cannot be covered whole: its newest day must be.
    first = f"since <= as_of - {window.far if window.far is not None else window.near + 1}"
    return f"source = {literal(source)} AND {first} AND until >= as_of - {window.near + 1}"


def inside(spec: EventFeature) -> str:
    """Condition over past events: this one is inside the feature's filter and window, and its kind can use it."""
    window = spec.span
    conditions = [one_of("event_type", spec.events.type)]
    if spec.events.category is not None:
        conditions.append(one_of("category", spec.events.category))
    if (limits := spec.events.value) is not None:
        conditions += [
            f"value {operator} {literal(bound)}"
            for operator, bound in (
                (">=", limits.at_least),
                (">", limits.above),
                ("<=", limits.at_most),
                ("<", limits.below),
            )
            if bound is not None
        ]
    if window.far is not None:
        conditions.append(f"event_at >= as_of - {window.far}")
    if window.near:
        conditions.append(f"event_at < as_of - {window.near}")
    conditions += {
        "value": ["value IS NOT NULL"],
        "category": ["category IS NOT NULL"],
        "open": ["is_open"],
        None: [],
    }[spec.needs]
    return " AND ".join(conditions)
