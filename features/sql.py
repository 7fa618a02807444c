"""The common table expressions that every query over the past shares.

Belongs here: quoting, the rows to compute, what was known of them on their as-of dates, which events a feature may use.
Does not belong here: what is computed from those events (portable), or which of them are shown (evidence).

The one rule of time stands in this module and nowhere else: an event, an end, an attribute's value, a membership or a
case exists for a row only when it was known before the row's as_of, and an event only when it also happened before it.

Dates become numbers of days at the first touch, because engines differ in how they subtract dates: `today` is the row's
as_of, `event_day`, `known_day`, `end_day` and `end_known_day` are an event's dates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from features.fields import AttributeFeature, EventFeature, Feature, Scope
from features.kinds import EpisodeDays
from features.windows import Window

SCOPES: tuple[Scope, ...] = ("person", "case", "association")
EVER = 10**9  # days: further away than any date
# what DuckDB's trim removes; Spark's would remove only the first
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


def name(identifier: str) -> str:
    """Quote an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def unquoted(identifier: str) -> str:
    """The identifier that `name` quoted."""
    return identifier[1:-1].replace('""', '"')


def literal(value: str | float) -> str:
    """Quote a value: text with its quotes doubled, a finite number as DOUBLE."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if not math.isfinite(value):
        raise ValueError("only finite numbers go into a query")
    # without an exponent it would be a DECIMAL, and its cast to DOUBLE may be off by one bit
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def one_of(column: str, values: Sequence[str]) -> str:
    """Condition that a text column holds one of the values."""
    return f"{column} IN ({', '.join(map(literal, values))})"


def day(date: str) -> str:
    """A date as a number of days."""
    return f"CAST(date_diff('day', DATE '1970-01-01', {date}) AS BIGINT)"


def trimmed(text: str) -> str:
    """A text without blanks around it; NULL when nothing is left."""
    return f"nullif(trim({text}, {literal(BLANKS)}), '')"


def event_features(specs: Sequence[Feature], scope: Scope) -> list[EventFeature]:
    """The features over events of one scope."""
    return [spec for spec in specs if isinstance(spec, EventFeature) and spec.scope == scope]


def event_types(specs: Sequence[Feature]) -> list[str]:
    """The event types that any of the features looks at, sorted."""
    return sorted({kind for spec in specs if isinstance(spec, EventFeature) for kind in spec.events.type})


def attribute_features(specs: Sequence[Feature], scope: Scope) -> list[AttributeFeature]:
    """The features over attributes of one scope."""
    return [spec for spec in specs if isinstance(spec, AttributeFeature) and spec.scope == scope]


def sources(specs: Sequence[Feature]) -> list[tuple[str, Window]]:
    """Each source and window whose coverage must be known: the columns of `covered`, named by `source_column`."""
    return sorted(
        {
            (spec.source, span)
            for spec in specs
            if isinstance(spec, EventFeature) and spec.source is not None
            for span in spec.spans
        },
        key=lambda item: (item[0], item[1].near, item[1].far or math.inf),
    )


def source_column(source: str, window: Window) -> str:
    """The quoted column of `covered` that says whether a source was collected over a window."""
    return name(f"{source} {window.near}..{window.far if window.far is not None else 'all'}")


def covered(spec: EventFeature) -> str | None:
    """Condition that the source was collected over every window of the feature; None for a feature without a source."""
    if spec.source is None:
        return None
    return " AND ".join(f"coalesce(covered.{source_column(spec.source, span)}, FALSE)" for span in spec.spans)


def rows(programme: str, only: str = "TRUE", source: str = 'cohort."case"') -> str:
    """The rows to compute, numbered by person_id, case_id, as_of, cohort.

    Parameters
    ----------
    programme : str
        Whose.
    only : str
        Condition over the columns of cohort."case".
    source : str
        The relation of rows, where it is not cohort."case" itself.

    Returns
    -------
    str
        The expression `rows`: row_id, cohort, as_of (DATE), today (the same in days), case_id, person_id.
    """
    return f"""rows AS (
    SELECT
        row_number() OVER (ORDER BY person_id, case_id, as_of, cohort) AS row_id,
        cohort,
        as_of,
        {day("as_of")} AS today,
        case_id,
        person_id
    FROM {source}
    WHERE programme = {literal(programme)} AND ({only})
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
        Expressions over `rows`: `person_events`, `case_events`, `association_events` (one row per row and event),
        `person_attributes`, `case_attributes` (one row per row and attribute), `covered` (one row per row with any
        coverage), each only where a feature needs it.
    """
    parts: list[str] = []
    if types := event_types(specs):
        parts.append(_events(programme, types, events))
    if event_features(specs, "association"):
        parts.append(others(programme))
    for scope in SCOPES:
        if over_events := event_features(specs, scope):
            parts.append(_past_events(scope, over_events))
        if over_attributes := attribute_features(specs, scope):
            parts.append(_past_attributes(programme, scope, sorted({spec.attribute for spec in over_attributes})))
    if wanted := sources(specs):
        parts.append(coverage(programme, wanted))
    return parts


def _events(programme: str, types: Sequence[str], events: str) -> str:
    # -0.0 becomes 0.0: min and max would keep whichever comes first
    return f"""events AS (
    SELECT
        event_id,
        person_id,
        case_id,
        {day("event_at")} AS event_day,
        {day("known_at")} AS known_day,
        {day("ended_at")} AS end_day,
        {day("end_known_at")} AS end_known_day,
        event_type,
        category,
        CASE WHEN value = 0 THEN {literal(0)} ELSE value END AS value
    FROM {events}
    WHERE programme = {literal(programme)} AND {one_of("event_type", types)}
)"""


def others(programme: str) -> str:
    """The expression `others` over `rows`: whom else was known at as_of to belong to a cluster of the row's person.

    It has row_id and person_id, each pair once.
    """

    def belongs(who: str) -> str:
        return f"""{who}.programme = {literal(programme)}
        AND {who}.known_at < rows.as_of
        AND coalesce({who}."from" < rows.as_of, TRUE)
        AND coalesce({who}."to" >= rows.as_of, TRUE)"""

    return f"""others AS (
    SELECT DISTINCT rows.row_id, theirs.person_id
    FROM rows
    JOIN core.membership AS own ON own.person_id = rows.person_id
    JOIN core.membership AS theirs ON theirs.cluster_id = own.cluster_id
    WHERE theirs.person_id <> rows.person_id
        AND {belongs("own")}
        AND {belongs("theirs")}
)"""


def _past_events(scope: Scope, specs: Sequence[EventFeature]) -> str:
    # an episode may have begun long before its window
    spans = [None if isinstance(spec, EpisodeDays) else span.far for spec in specs for span in spec.spans]
    limits = [far for far in spans if far is not None]
    # older than the longest window, no feature sees them: leaving them out only saves time
    oldest = f"\n        AND events.event_day >= rows.today - {max(limits)}" if len(limits) == len(spans) else ""
    joined = {
        "person": "rows JOIN events ON events.person_id = rows.person_id",
        "case": "rows JOIN events ON events.case_id = rows.case_id",
        "association": "rows JOIN others ON others.row_id = rows.row_id"
        " JOIN events ON events.person_id = others.person_id",
    }[scope]
    # whole and millionths are integers: their sums are exact in any order
    return f"""{scope}_events AS (
    SELECT
        rows.row_id,
        rows.today,
        events.event_id,
        events.event_day,
        events.known_day,
        events.end_day,
        events.end_known_day,
        events.event_type,
        events.category,
        events.value,
        CAST(floor(events.value) AS BIGINT) AS whole,
        CAST(floor((events.value - floor(events.value)) * 1e6 + 0.5e0) AS BIGINT) AS millionths
    FROM {joined}
    WHERE events.event_day < rows.today{oldest}
        AND events.known_day < rows.today
)"""


def _past_attributes(programme: str, scope: Scope, names: Sequence[str]) -> str:
    value = trimmed("attribute.value")
    return f"""{scope}_attributes AS (
    SELECT row_id, name, value, known_at
    FROM (
        SELECT
            rows.row_id,
            attribute.name,
            {value} AS value,
            attribute.known_at,
            row_number() OVER (
                PARTITION BY rows.row_id, attribute.name
                ORDER BY attribute.known_at DESC, {value} DESC NULLS LAST
            ) AS place
        FROM rows JOIN core.attribute AS attribute ON attribute.subject_id = rows.{scope}_id
        WHERE attribute.programme = {literal(programme)}
            AND {one_of("attribute.name", names)}
            AND attribute.known_at < rows.as_of
    ) AS known
    WHERE place = 1
)"""


def coverage(programme: str, wanted: Sequence[tuple[str, Window]]) -> str:
    """What was collected about each row.

    Parameters
    ----------
    programme : str
        Whose.
    wanted : sequence of (source, Window)
        As `sources` gives them.

    Returns
    -------
    str
        Expressions over `rows` up to `covered`: row_id and a BOOLEAN per source and window, named by `source_column`;
        one row per row with any coverage.
    """
    columns = ",\n        ".join(
        f"bool_or({_covers(source, window)}) AS {source_column(source, window)}" for source, window in wanted
    )
    since, until = day('coverage."from"'), day('coverage."to"')
    selected = (
        f"rows.row_id, rows.today, coverage.source, "
        f"coalesce({since}, -{EVER}) AS since, coalesce({until}, {EVER}) AS until"
    )
    ours = (
        f"coverage.programme = {literal(programme)} AND "
        f"{one_of('coverage.source', sorted({source for source, _ in wanted}))}"
    )
    # three plain equality joins, because one join over "this person, this case or all" compares every pair
    return f"""collected AS (
    SELECT {selected}
    FROM rows JOIN core.coverage AS coverage ON coverage.case_id = rows.case_id
    WHERE {ours} AND (coverage.person_id IS NULL OR coverage.person_id = rows.person_id)
    UNION ALL
    SELECT {selected}
    FROM rows JOIN core.coverage AS coverage ON coverage.person_id = rows.person_id
    WHERE {ours} AND coverage.case_id IS NULL
    UNION ALL
    SELECT {selected}
    FROM rows CROSS JOIN core.coverage AS coverage
    WHERE {ours} AND coverage.person_id IS NULL AND coverage.case_id IS NULL
),
-- spells that overlap or follow each other without a day between count as one
begun AS (
    SELECT *, since > 1 + coalesce(max(until) OVER (
        PARTITION BY row_id, source ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), -{2 * EVER}) AS is_new
    FROM collected
),
numbered AS (
    SELECT *, sum(CAST(is_new AS INTEGER)) OVER (
        PARTITION BY row_id, source ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS spell
    FROM begun
),
spells AS (
    SELECT row_id, today, source, min(since) AS since, max(until) AS until
    FROM numbered GROUP BY row_id, today, source, spell
),
covered AS (
    SELECT
        row_id,
        {columns}
    FROM spells GROUP BY row_id
)"""


def _covers(source: str, window: Window) -> str:
    # `to` is the last day collected. An unlimited window cannot be covered whole: its newest day must be.
    first = f"since <= today - {window.far if window.far is not None else window.near + 1}"
    return f"source = {literal(source)} AND {first} AND until >= today - {window.near + 1}"


def inside(spec: EventFeature, window: Window | None = None) -> str:
    """Condition over past events: this one is inside the feature's filter and window, and its kind can use it.

    Parameters
    ----------
    spec : EventFeature
        The feature.
    window : Window, optional
        One of its `spans`; without it, the first.

    Returns
    -------
    str
        For `episode_days`: the episode was open on a day of the window. Else: the event happened in the window.
    """
    window = window or spec.span
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
    # a window never reaches into its lag
    if spec.lag_days:
        conditions.append(f"known_day < today - {spec.lag_days}")
    if window.near:
        conditions.append(f"event_day < today - {window.near}")
    if isinstance(spec, EpisodeDays):
        first, last = days_open(spec)
        conditions.append(f"{first} <= {last}")
    elif window.far is not None:
        conditions.append(f"event_day >= today - {window.far}")
    conditions += {
        "value": ["value IS NOT NULL"],
        "category": ["category IS NOT NULL"],
        "open": [f"NOT {_closed(spec.lag_days)}"],
        None: [],
    }[spec.need]
    return " AND ".join(conditions)


def days_open(spec: EpisodeDays) -> tuple[str, str]:
    """First and last day of the window on which an episode was open; the last before the first where there is none."""
    window = spec.span
    first = "event_day" if window.far is None else f"greatest(event_day, today - {window.far})"
    newest = f"today - {window.near + 1}"  # never reaches into the lag, so an open episode was open on it
    return first, f"CASE WHEN {_closed(spec.lag_days)} THEN least(end_day, {newest}) ELSE {newest} END"


def _closed(lag: int) -> str:
    """Condition over past events: it had ended, and this was known."""
    today = f"today - {lag}" if lag else "today"
    return f"coalesce(end_day < {today} AND end_known_day < {today}, FALSE)"
