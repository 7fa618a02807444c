"""The one path of rows: training, testing and scoring all start here.

Belongs here: joining cohorts, outcomes and the feature matrix, in one fixed order, all of them or a block at a time.
Does not belong here: choosing rows for a split (models.splits) or changing values (models.candidates).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from features.build import matrix_name
from features.spec import Column

IN_BLOCK = "_in_block"
"""Temporary table with the keys of the block that `open_rows` has out."""


@dataclass(frozen=True)
class Rows:
    """Cohort rows with their features.

    Attributes
    ----------
    frame : DataFrame
        cohort, as_of, case_id, person_id, cluster_id, returning_person, team, window_end, closes_on,
        outcome_at, outcome_known_at, outcome (float64; NaN = unknown); sorted by as_of, cohort, case_id.
    X : DataFrame
        The features of the same rows, float64, NaN = missing.
    described : tuple of features.spec.Column
        What each column of X stands for, in its order; empty where nobody said.
    """

    frame: pd.DataFrame
    X: pd.DataFrame
    described: tuple[Column, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the feature columns, in the order of the matrix."""
        return list(self.X.columns)

    def take(self, index: np.ndarray) -> Rows:
        """Rows at these positions (or where a mask is true), in the order given."""
        frame, X = (table.iloc[index].reset_index(drop=True) for table in (self.frame, self.X))
        return Rows(frame, X, self.described)

    def without(self, names: Sequence[str]) -> Rows:
        """The same rows without these columns."""
        described = tuple(column for column in self.described if column.name not in set(names))
        return Rows(self.frame, self.X.drop(columns=list(names)), described)

    @property
    def closed(self) -> np.ndarray:
        """Mask of the rows whose outcome is known."""
        return self.frame["outcome"].notna().to_numpy()

    def to_score(self) -> Rows:
        """Rows of the newest as-of date whose cohort is still open: the ones that get a score now."""
        frame = self.frame
        open_cohort = frame.groupby(["as_of", "cohort"])["outcome"].transform("count").to_numpy() == 0
        newest = (frame["as_of"] == frame["as_of"].max()).to_numpy()
        return self.take(np.flatnonzero(open_cohort & newest))


def load_rows(
    con: duckdb.DuckDBPyConnection, programme: str, described: Sequence[Column] = (), *, among: str | None = None
) -> Rows:
    """Read cohort rows of a programme with their outcomes and their features.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with cohorts, outcomes and the feature matrix built.
    programme : str
        Name of the programme.
    described : sequence of features.spec.Column, optional
        What the columns stand for, from `features.spec.columns`: needed for native categories and directions.
    among : str, optional
        A table of keys (cohort, as_of, case_id): only these rows. By default all.

    Returns
    -------
    Rows
        In the order as_of, cohort, case_id, whatever the order in the warehouse.
    """
    matrix = matrix_name(programme)
    only = f"SEMI JOIN {among} USING (cohort, as_of, case_id)" if among else ""
    frame = con.execute(
        f"""
        SELECT c.cohort, c.as_of, c.case_id, c.person_id, c.cluster_id, c.returning_person, c.team, o.window_end,
               o.closes_on, o.outcome_at, o.outcome_known_at, o.outcome::DOUBLE AS outcome
        FROM (SELECT * FROM cohort."case" {only}) c LEFT JOIN outcomes.outcome o
          ON o.programme = c.programme AND o.cohort = c.cohort AND o.as_of = c.as_of AND o.case_id = c.case_id
          AND o.main
        WHERE c.programme = ? ORDER BY c.as_of, c.cohort, c.case_id""",
        [programme],
    ).df()
    features = con.execute(f"SELECT * FROM {matrix} {only} ORDER BY as_of, cohort, case_id").df()
    keys = ["as_of", "cohort", "case_id"]
    if not frame[keys].astype(str).equals(features[keys].astype(str)):
        raise PlumblineError(
            f"the feature matrix has {len(features)} rows and the cohorts have {len(frame)}, or they name other cases",
            where=matrix,
            todo="Build the features again after the cohorts.",
        )
    X = features.drop(columns=keys).astype(np.float64)
    endless = [name for name in X.columns if np.isinf(X[name].to_numpy()).any()]
    if endless:
        raise PlumblineError(
            f"endless values in the feature{'s' if len(endless) > 1 else ''} {', '.join(endless)}",
            where=matrix,
            todo="Look for a division by zero in its specification.",
        )
    if described and [column.name for column in described] != list(X.columns):
        raise PlumblineError(
            "the feature matrix has other columns than the programme's features make",
            where=matrix,
            todo="Build the features again.",
        )
    return Rows(frame, X, tuple(described))


def open_rows(
    con: duckdb.DuckDBPyConnection, programme: str, described: Sequence[Column] = (), *, block: int = 10_000
) -> Iterator[Rows]:
    """The rows that get a score now, as `Rows.to_score` picks them, some at a time: memory holds one block.

    Parameters
    ----------
    con, programme, described
        As for `load_rows`.
    block : int
        Rows at a time.

    Yields
    ------
    Rows
        In the order of `load_rows`; while one is out, the temporary table of `IN_BLOCK` holds its keys.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE _to_score AS
        SELECT c.cohort, c.as_of, c.case_id, row_number() OVER (ORDER BY c.cohort, c.case_id) - 1 AS place
        FROM cohort."case" c
        WHERE c.programme = $programme
          AND c.as_of = (SELECT max(as_of) FROM cohort."case" WHERE programme = $programme)
          AND NOT EXISTS (
            FROM outcomes.outcome o WHERE o.programme = c.programme AND o.main AND o.cohort = c.cohort
            AND o.as_of = c.as_of AND o.outcome IS NOT NULL)""",
        {"programme": programme},
    )
    found = con.execute("SELECT count(*) FROM _to_score").fetchone()
    for start in range(0, int(found[0]) if found else 0, block):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {IN_BLOCK} AS FROM _to_score WHERE place >= {start} "
            f"AND place < {start + block}"
        )
        yield load_rows(con, programme, described, among=IN_BLOCK)
