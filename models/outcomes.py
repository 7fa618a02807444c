"""What happened after each as-of date, as far as the run can know it.

Belongs here: the table outcomes.outcome, closedness, labels as they were known on an earlier day.
Does not belong here: who stands in a cohort (models.cohorts) or which rows train a model (models.splits).
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.spec import OutcomeSpec
from models.spec.cohorts import days_of

_TABLE = """
CREATE SCHEMA IF NOT EXISTS outcomes;
CREATE TABLE IF NOT EXISTS outcomes.outcome (
  programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, window_end DATE, closes_on DATE,
  outcome_at DATE, outcome_known_at DATE, outcome INTEGER, horizon VARCHAR, main BOOLEAN);
ALTER TABLE outcomes.outcome ADD COLUMN IF NOT EXISTS horizon VARCHAR;  -- warehouses made before there were several
ALTER TABLE outcomes.outcome ADD COLUMN IF NOT EXISTS main BOOLEAN;
"""

_OF = {
    "case": "(e.case_id = w.case_id OR (e.case_id IS NULL AND e.person_id = w.person_id))",
    "person": "e.person_id = w.person_id",
}


def build_outcomes(con: duckdb.DuckDBPyConnection, programme: str, spec: OutcomeSpec, as_of: date) -> pd.DataFrame:
    """Write outcomes.outcome of one programme, anew.

    A cohort closes on the last end of a window in it plus the reporting lag. Until then every outcome in it is NULL
    and so are its days: an early 1 waits for the 0s. A case without a window (no planned end, or one that had passed)
    stays unknown for good. Each further horizon is closed on its own day; the rows of the main one are marked `main`
    and do not depend on the others.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with cohorts built.
    programme : str
        Name of the programme.
    spec : OutcomeSpec
        The `outcome:` section.
    as_of : date
        The run's as-of date: events recorded on that day or later do not exist.

    Returns
    -------
    DataFrame
        One row per cohort, of the main horizon: cohort, as_of, closes_on, closed, cases, outcomes, unknown.
    """
    con.execute(_TABLE)
    con.execute("DELETE FROM outcomes.outcome WHERE programme = ?", [programme])
    for horizon in spec.horizons:
        _insert(con, programme, spec, horizon, as_of)
    return con.execute(
        """
        SELECT cohort, as_of, any_value(closes_on) AS closes_on, coalesce(bool_or(closes_on <= $run), FALSE) AS closed,
               count(*) AS cases, count(*) FILTER (outcome = 1) AS outcomes,
               count(*) FILTER (outcome IS NULL) AS unknown
        FROM outcomes.outcome WHERE programme = $programme AND main GROUP BY cohort, as_of ORDER BY as_of, cohort""",
        {"programme": programme, "run": as_of},
    ).df()


def _insert(con: duckdb.DuckDBPyConnection, programme: str, spec: OutcomeSpec, horizon: str, as_of: date) -> None:
    """Write the outcomes of one horizon."""
    days = days_of(horizon)
    window_end = "c.as_of + $days" if days is not None else "CASE WHEN k.planned_end > c.as_of THEN k.planned_end END"
    parameters = {
        "programme": programme,
        "run": as_of,
        "lag": spec.reporting_lag_days,
        "types": spec.event_type,
        "categories": spec.category or [],
        "any_category": spec.category is None,
        "horizon": horizon,
        "main": horizon == spec.within,
    }
    if days is not None:
        parameters["days"] = days
    con.execute(
        f"""
        INSERT INTO outcomes.outcome
          (programme, cohort, as_of, case_id, window_end, closes_on, outcome_at, outcome_known_at, outcome,
           horizon, main)
        WITH started AS (
          SELECT c.cohort, c.as_of, c.case_id, c.person_id, ({window_end})::DATE AS window_end
          FROM cohort."case" c JOIN core."case" k ON k.case_id = c.case_id AND k.programme = c.programme
          WHERE c.programme = $programme
        ), w AS (
          SELECT *, (max(window_end) OVER (PARTITION BY cohort, as_of) + $lag)::DATE AS closes_on FROM started
        ), happened AS (
          SELECT w.cohort, w.as_of, w.case_id, e.event_at, e.known_at FROM w JOIN core.event e ON {_OF[spec.of]}
          WHERE e.programme = $programme AND list_contains($types::VARCHAR[], e.event_type)
            AND ($any_category OR list_contains($categories::VARCHAR[], e.category))
            AND e.event_at >= w.as_of AND e.event_at < w.window_end
            AND e.known_at < $run AND w.closes_on <= $run
          QUALIFY row_number() OVER (
            PARTITION BY w.cohort, w.as_of, w.case_id ORDER BY e.known_at, e.event_at) = 1
        )
        SELECT $programme, w.cohort, w.as_of, w.case_id, w.window_end, w.closes_on, h.event_at, h.known_at,
               CASE WHEN w.closes_on <= $run AND w.window_end IS NOT NULL
                    THEN CASE WHEN h.event_at IS NULL THEN 0 ELSE 1 END END, $horizon, $main
        FROM w LEFT JOIN happened h ON h.cohort = w.cohort AND h.as_of = w.as_of AND h.case_id = w.case_id
        ORDER BY w.as_of, w.cohort, w.case_id""",
        parameters,
    )


def labels_as_known(outcomes: pd.DataFrame, day: date) -> np.ndarray:
    """Labels as the agency's records showed them at the start of a day.

    Parameters
    ----------
    outcomes : DataFrame
        With columns closes_on, outcome_known_at, outcome.
    day : date
        Only cohorts closed on or before it have labels, and only records made before it count.

    Returns
    -------
    ndarray of float64
        1, 0, or NaN where unknown: the cohort was open, or the case has no window.
    """
    at = pd.Timestamp(day)
    known = outcomes["outcome"].notna().to_numpy() & (outcomes["closes_on"] <= at).to_numpy()
    happened = (outcomes["outcome"] == 1).to_numpy(dtype=bool, na_value=False) & (
        outcomes["outcome_known_at"] < at
    ).to_numpy()
    return np.where(known, happened.astype(np.float64), np.nan)


def labels_within(con: duckdb.DuckDBPyConnection, programme: str, horizon: str) -> pd.DataFrame:
    """Outcomes of every cohort row at one horizon.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with outcomes built.
    programme : str
        Name of the programme.
    horizon : str
        As in the `outcome:` section: `within` or one of `also_within`.

    Returns
    -------
    DataFrame
        cohort, as_of, case_id, outcome (float64; NaN until this horizon's own window and reporting lag have passed
        for the whole cohort); sorted by as_of, cohort, case_id.

    Raises
    ------
    PlumblineError
        When no outcome of this horizon was built.
    """
    frame = con.execute(
        """
        SELECT cohort, as_of, case_id, outcome::DOUBLE AS outcome FROM outcomes.outcome
        WHERE programme = ? AND horizon = ? ORDER BY as_of, cohort, case_id""",
        [programme, horizon],
    ).df()
    if frame.empty:
        raise PlumblineError(
            f"no outcomes were built within {horizon}",
            where=f"programme {programme}, outcomes.outcome",
            todo="Name it in programme.yaml, outcome: also_within, and build the outcomes again.",
        )
    return frame
