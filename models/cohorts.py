"""Who gets a prediction on which day, who stands together, and who had left before.

Belongs here: cohort."case", cohort.attrition, clusters as connected components, attribute values as known on a day.
Does not belong here: what happened afterwards (models.outcomes) or features.

Every query here reads only rows whose `known_at` lies before the day in question: the cohort's own as-of date for
membership and attribute values, the run's as-of date for clusters (a link found later keeps relatives together).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.spec import AttributeDates, CohortSpec

_TABLES = """
CREATE SCHEMA IF NOT EXISTS cohort;
CREATE TABLE IF NOT EXISTS cohort."case" (
  programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, person_id VARCHAR, cluster_id VARCHAR,
  returning_person BOOLEAN, team VARCHAR);
CREATE TABLE IF NOT EXISTS cohort.attrition (
  programme VARCHAR, cohort VARCHAR, as_of DATE, attribute VARCHAR, "group" VARCHAR, registered BIGINT,
  left_before BIGINT);
"""

# The first day on which "the date that was then known, plus days" arrives. A correction recorded after that day does
# not move a case to another cohort: its prediction has been made.
_DATES_BY_ATTRIBUTE = """
CREATE OR REPLACE TEMP TABLE _cohort_dates AS
WITH value AS (
  SELECT subject_id, known_at, TRY_CAST(value AS DATE) + $plus AS as_of,
         lead(known_at) OVER (PARTITION BY subject_id ORDER BY known_at, value) AS next_known
  FROM core.attribute WHERE programme = $programme AND name = $attribute AND known_at < $run
), due AS (
  SELECT subject_id, min(as_of)::DATE AS as_of FROM value
  WHERE known_at < as_of AND (next_known IS NULL OR next_known >= as_of) AND as_of <= $run GROUP BY subject_id
)
SELECT c.case_id, d.as_of, NULL::DATE AS since FROM core."case" c JOIN due d ON d.subject_id = c.case_id
WHERE c.programme = $programme
"""

_DATES_BY_CADENCE = """
CREATE OR REPLACE TEMP TABLE _cohort_dates AS
SELECT c.case_id, d.as_of, d.since FROM core."case" c CROSS JOIN
  (SELECT unnest($days::DATE[]) AS as_of, unnest($before::DATE[]) AS since) d
WHERE c.programme = $programme AND c.known_at < d.as_of
"""

# `registered`: everyone the agency had on its books that day or, in a cadence, everyone who came since the last day.
_STANDING = """
CREATE OR REPLACE TEMP TABLE _cohort_standing AS
SELECT d.as_of, d.since, c.case_id, c.person_id, c.cluster_id AS own_cluster,
       coalesce(c.closed_at < d.as_of AND c.closed_known_at < d.as_of, FALSE) AS has_left,
       d.since IS NULL OR c.opened_at >= d.since AS counts_for_attrition
FROM _cohort_dates d JOIN core."case" c ON c.case_id = d.case_id AND c.programme = $programme
WHERE c.known_at < d.as_of AND c.opened_at < d.as_of
"""


def build_cohorts(
    con: duckdb.DuckDBPyConnection, programme: str, spec: CohortSpec, as_of: date, attributes: Sequence[str] = ()
) -> pd.DataFrame:
    """Write cohort."case" and cohort.attrition of one programme, anew.

    A case stands in a cohort when it was known and opened before the cohort's as-of date and was not known to be
    closed before it. Only as-of dates up to the run's own exist.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with the core tables built.
    programme : str
        Name of the programme.
    spec : CohortSpec
        The `cohort:` section.
    as_of : date
        The run's as-of date: nothing recorded on that day or later is read.
    attributes : sequence of str
        Protected attributes by which attrition is counted.

    Returns
    -------
    DataFrame
        One row per cohort: cohort, as_of, cases.
    """
    con.execute(_TABLES)
    if isinstance(spec.as_of, AttributeDates):
        con.execute(
            _DATES_BY_ATTRIBUTE,
            {
                "programme": programme,
                "attribute": spec.as_of.attribute,
                "plus": spec.as_of.plus_days,
                "run": as_of,
            },
        )
        label = spec.as_of.label
    else:
        days = as_of_dates(spec.as_of.first, spec.as_of.every_months, as_of)
        before = [months_later(spec.as_of.first, -spec.as_of.every_months), *days][: len(days)]
        con.execute(_DATES_BY_CADENCE, {"programme": programme, "days": days, "before": before})
        label = None
    con.execute(_STANDING, {"programme": programme})
    con.register("_clusters", clusters(con, programme, as_of))
    for name, attribute in (("_cohort_label", label), ("_cohort_team", spec.team)):
        _values_as_of(con, programme, name, "_cohort_standing", [attribute] if attribute else [])
    con.execute('DELETE FROM cohort."case" WHERE programme = $programme', {"programme": programme})
    con.execute(
        """
        INSERT INTO cohort."case"
        SELECT $programme, coalesce(l.value, strftime(s.as_of, '%Y-%m-%d')), s.as_of, s.case_id, s.person_id,
               k.cluster_id, min(s.as_of) OVER (PARTITION BY s.person_id) < s.as_of, t.value
        FROM _cohort_standing s
        JOIN _clusters k ON k.person_id = s.person_id
        LEFT JOIN _cohort_label l ON l.case_id = s.case_id AND l.as_of = s.as_of
        LEFT JOIN _cohort_team t ON t.case_id = s.case_id AND t.as_of = s.as_of
        WHERE NOT s.has_left ORDER BY s.as_of, 2, s.case_id""",
        {"programme": programme},
    )
    _write_attrition(con, programme, attributes)
    con.unregister("_clusters")
    counts = con.execute(
        'SELECT cohort, as_of, count(*) AS cases FROM cohort."case" WHERE programme = ? GROUP BY ALL ORDER BY 2, 1',
        [programme],
    ).df()
    if counts.empty:
        raise PlumblineError(
            f"no case stands in any cohort before {as_of.isoformat()}",
            where=f"programme {programme}, cohort",
            todo="Check the as-of date of the run, and in programme.yaml where the cohort's dates come from.",
        )
    return counts


def _write_attrition(con: duckdb.DuckDBPyConnection, programme: str, attributes: Sequence[str]) -> None:
    con.execute("DELETE FROM cohort.attrition WHERE programme = $programme", {"programme": programme})
    for attribute in attributes:
        _values_as_of(con, programme, "_cohort_group", "_cohort_standing", [attribute])
        con.execute(
            """
            INSERT INTO cohort.attrition
            SELECT $programme, coalesce(l.value, strftime(s.as_of, '%Y-%m-%d')), s.as_of, $attribute, g.value, count(*),
                   count(*) FILTER (s.has_left)
            FROM _cohort_standing s
            LEFT JOIN _cohort_label l ON l.case_id = s.case_id AND l.as_of = s.as_of
            LEFT JOIN _cohort_group g ON g.case_id = s.case_id AND g.as_of = s.as_of
            WHERE s.counts_for_attrition GROUP BY ALL ORDER BY 3, 2, 5 NULLS LAST""",
            {"programme": programme, "attribute": attribute},
        )


def _values_as_of(
    con: duckdb.DuckDBPyConnection, programme: str, into: str, rows: str, attributes: Sequence[str]
) -> None:
    """Write temp table `into`(case_id, as_of, name, value): the newest value known before each row's as_of."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        WITH told AS (
          SELECT r.case_id, r.as_of, a.name, a.value, a.known_at FROM {rows} r
          JOIN core.attribute a ON a.subject_id = r.case_id AND a.known_at < r.as_of
          WHERE a.programme = $programme AND list_contains($names::VARCHAR[], a.name)
          UNION ALL
          SELECT r.case_id, r.as_of, a.name, a.value, a.known_at FROM {rows} r
          JOIN core.attribute a ON a.subject_id = r.person_id AND a.known_at < r.as_of
          WHERE a.programme = $programme AND list_contains($names::VARCHAR[], a.name)
            AND r.person_id IS DISTINCT FROM r.case_id
        )
        SELECT case_id, as_of, name, value FROM told
        QUALIFY row_number() OVER (
          PARTITION BY case_id, as_of, name ORDER BY known_at DESC, value DESC NULLS LAST) = 1""",
        {"programme": programme, "names": list(attributes)},
    )


def group_values(con: duckdb.DuckDBPyConnection, programme: str, attributes: Sequence[str]) -> pd.DataFrame:
    """Attribute values of every cohort row as they were known on its as-of date.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with cohorts built.
    programme : str
        Name of the programme.
    attributes : sequence of str
        Names in core.attribute; the subject may be the case or the person.

    Returns
    -------
    DataFrame
        cohort, as_of, case_id and one column per attribute, None where nothing was recorded; sorted by as_of,
        cohort, case_id.
    """
    con.execute(
        'CREATE OR REPLACE TEMP TABLE _cohort_rows AS SELECT * FROM cohort."case" WHERE programme = $programme',
        {"programme": programme},
    )
    frame = con.execute("SELECT cohort, as_of, case_id FROM _cohort_rows ORDER BY as_of, cohort, case_id").df()
    _values_as_of(con, programme, "_cohort_values", "_cohort_rows", attributes)
    values = con.execute("SELECT * FROM _cohort_values").df()
    for attribute in attributes:
        column = values.loc[values["name"] == attribute, ["case_id", "as_of", "value"]]
        joined = frame[["case_id", "as_of"]].merge(column, on=["case_id", "as_of"], how="left", validate="m:1")
        told = [None if pd.isna(value) else value for value in joined["value"]]
        frame[attribute] = np.array(told, dtype=object)
    return frame


def as_of_dates(first: date, every_months: int, until: date) -> list[date]:
    """Every as-of date of a cadence from `first` to `until`, both included.

    >>> [str(day) for day in as_of_dates(date(2020, 1, 31), 1, date(2020, 4, 1))]
    ['2020-01-31', '2020-02-29', '2020-03-31']
    """
    days: list[date] = []
    while (day := months_later(first, len(days) * every_months)) <= until:
        days.append(day)
    return days


def months_later(day: date, months: int) -> date:
    """The same day so many months later (earlier when negative), or that month's last.

    >>> str(months_later(date(2024, 1, 31), 1))
    '2024-02-29'
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def clusters(con: duckdb.DuckDBPyConnection, programme: str, as_of: date) -> pd.DataFrame:
    """Which persons must never be torn apart: connected components over persons, cases and memberships.

    Two persons stand in one cluster when a chain of shared cluster ids (core.case, core.membership), recorded before
    the run's as-of date, leads from one to the other. The chain forgets nothing: who once shared a household stays
    linked after a move.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    programme : str
        Name of the programme.
    as_of : date
        The run's as-of date.

    Returns
    -------
    DataFrame
        person_id, cluster_id: the smallest cluster id of the component (the smallest person id where a person has no
        cluster at all), sorted by person_id.
    """
    edges = con.execute(
        """
        SELECT DISTINCT person_id, cluster_id FROM (
          SELECT person_id, cluster_id FROM core."case" WHERE programme = $programme AND known_at < $as_of
          UNION ALL
          SELECT person_id, cluster_id FROM core.membership WHERE programme = $programme AND known_at < $as_of)
        WHERE person_id IS NOT NULL ORDER BY ALL""",
        {"programme": programme, "as_of": as_of},
    ).df()
    return components(edges)


def components(edges: pd.DataFrame) -> pd.DataFrame:
    """Connected components of person-cluster edges (columns person_id, cluster_id; cluster_id may be missing)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    person, people = pd.factorize(edges["person_id"].astype(object), sort=True)
    cluster, groups = pd.factorize(edges["cluster_id"].astype(object), sort=True)
    linked = cluster >= 0
    size = len(people) + len(groups)
    graph = coo_array(
        (np.ones(linked.sum(), dtype=np.int8), (person[linked], len(people) + cluster[linked])), shape=(size, size)
    )
    _, component = connected_components(graph, directed=False)
    of_person, of_group = component[: len(people)], component[len(people) :]
    names = pd.Series(groups, index=of_group, dtype=object).groupby(level=0).min()  # the smallest id of each
    alone = pd.Series(people, index=of_person, dtype=object).groupby(level=0).min()
    named = names.reindex(alone.index).where(lambda name: name.notna(), alone)
    return pd.DataFrame({"person_id": people, "cluster_id": named.reindex(of_person).to_numpy()}, dtype=object)
