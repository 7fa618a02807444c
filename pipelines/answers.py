"""The answers of teams as the warehouse keeps them: append-only, the newest of each case counts.

Belongs here: the table ops.feedback, what a run takes from it, what leaves it with an erased case.
Does not belong here: reading a file (pipelines.feedback), what answers mean (fairness_reports.decisions).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pandas as pd

from data_contracts.warehouse import transaction
from fairness_reports.decisions import ANSWERS
from pipelines.resources import Run

if TYPE_CHECKING:
    import duckdb

KEPT = (*ANSWERS, "taken_up", "model_selected")
"""What is kept of an answer. No column tells who answered."""

_TABLE = """
CREATE TABLE IF NOT EXISTS ops.feedback (
    seq INTEGER NOT NULL, read_at TIMESTAMP NOT NULL, file_sha256 VARCHAR NOT NULL,
    list_id VARCHAR NOT NULL, release_id VARCHAR NOT NULL, programme VARCHAR NOT NULL, as_of DATE NOT NULL,
    case_id VARCHAR NOT NULL, view_before VARCHAR, shown_on DATE, seen_before_deciding VARCHAR, action VARCHAR,
    disagreement VARCHAR, taken_up BOOLEAN, model_selected BOOLEAN)
"""
_NEWEST = """
SELECT * FROM ops.feedback WHERE programme = $programme
QUALIFY row_number() OVER (PARTITION BY list_id, as_of, case_id ORDER BY seq DESC) = 1
"""
_CHANGED = """
SELECT a.* FROM _answers a LEFT JOIN ({newest}) k
    ON k.list_id = a.list_id AND k.as_of = a.as_of AND k.case_id = a.case_id
WHERE k.case_id IS NULL
    -- an empty row takes no answer back: a copy of the list that nobody filled in may come later
    OR (NOT (a.empty AND k.action IS NOT NULL) AND ({differs}))
"""
_REPLIES = ("view_before", "shown_on", "seen_before_deciding", "action", "disagreement", "taken_up")


def make_table(con: duckdb.DuckDBPyConnection) -> None:
    """Make ops.feedback where there is none."""
    con.execute(_TABLE)


def was_read(con: duckdb.DuckDBPyConnection, programme: str, sha256: str) -> dt.datetime | None:
    """When a file was read before; None where none of its answers is kept."""
    make_table(con)
    row = con.execute(
        "SELECT min(read_at) FROM ops.feedback WHERE programme = ? AND file_sha256 = ?", [programme, sha256]
    ).fetchone()
    return row[0] if row else None


def store(run: Run, answers: pd.DataFrame, sha256: str) -> tuple[int, int]:
    """Keep what a list says that was not known yet, all of it or nothing.

    Parameters
    ----------
    run : Run
        The run.
    answers : DataFrame
        The columns of `KEPT`.
    sha256 : str
        Of the file.

    Returns
    -------
    new, corrected : int
        Answered cases that had no answer in this list before, and those whose earlier answer is replaced by another
        (it stays, as it was read). Rows without an action are kept, and counted by neither.
    """
    make_table(run.con)
    differs = " OR ".join(f"a.{name} IS DISTINCT FROM k.{name}" for name in _REPLIES)
    frame = answers[list(KEPT)].assign(empty=answers["action"].isna())
    with transaction(run.con):
        run.con.execute(
            "CREATE OR REPLACE TEMP TABLE _answers (list_id VARCHAR, release_id VARCHAR, programme VARCHAR, "
            "as_of DATE, case_id VARCHAR, view_before VARCHAR, shown_on DATE, seen_before_deciding VARCHAR, "
            "action VARCHAR, disagreement VARCHAR, taken_up BOOLEAN, model_selected BOOLEAN, empty BOOLEAN)"
        )
        run.con.executemany(
            f"INSERT INTO _answers VALUES ({', '.join('?' * 13)})",
            [[None if pd.isna(cell) else cell for cell in row] for row in frame.to_numpy(dtype=object)],
        )
        changed = _CHANGED.format(newest=_NEWEST, differs=differs)
        counted = run.con.execute(
            f"SELECT count(*) FILTER (WHERE k.action IS NULL), count(*) FILTER (WHERE k.action IS NOT NULL) "
            f"FROM ({changed}) c LEFT JOIN ({_NEWEST}) k ON k.list_id = c.list_id AND k.as_of = c.as_of "
            "AND k.case_id = c.case_id WHERE c.action IS NOT NULL",
            {"programme": run.programme},
        ).fetchone()
        run.con.execute(
            f"INSERT INTO ops.feedback SELECT (SELECT coalesce(max(seq), 0) + 1 FROM ops.feedback), $at, $sha, "
            f"{', '.join(KEPT)} FROM ({changed}) ORDER BY list_id, as_of, case_id",
            {"programme": run.programme, "at": dt.datetime.now(dt.UTC).replace(tzinfo=None), "sha": sha256},
        )
        run.con.execute("DROP TABLE _answers")
    assert counted is not None, "counts are one row"  # noqa: S101
    return int(counted[0]), int(counted[1])


def _count(run: Run) -> int:
    row = run.con.execute("SELECT count(*) FROM ops.feedback").fetchone()
    return int(row[0]) if row else 0


def answers_of(run: Run) -> pd.DataFrame:
    """One row per case and day of the lists read so far, up to the run's own day; the newest answer counts.

    Where a case stood in two lists of a day, the one with an answer counts, and of two answers the newer one.
    """
    make_table(run.con)
    return run.con.execute(
        f"SELECT {', '.join(KEPT)} FROM ({_NEWEST}) WHERE $day IS NULL OR as_of <= $day "
        "QUALIFY row_number() OVER (PARTITION BY as_of, case_id ORDER BY action IS NULL, seq DESC, list_id) = 1 "
        "ORDER BY as_of, case_id",
        {"programme": run.programme, "day": run.as_of},
    ).df()


def fingerprint(run: Run) -> str | None:
    """Hash of the answers that a release is made with; None without any."""
    make_table(run.con)
    answers = run.con.execute(
        f"SELECT {', '.join(KEPT)} FROM ({_NEWEST}) WHERE $day IS NULL OR as_of <= $day "
        "ORDER BY list_id, as_of, case_id",
        {"programme": run.programme, "day": run.as_of},
    ).df()
    if answers.empty:
        return None
    return hashlib.sha256(answers.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def shown(run: Run) -> pd.DataFrame:
    """Cases whose score a team had seen before its outcome was settled: as_of, case_id.

    Somebody saw the score before deciding, or it was shown on a day within the outcome's window: what was done
    afterwards may have changed the outcome.
    """
    make_table(run.con)
    return run.con.execute(
        f"SELECT DISTINCT f.as_of, f.case_id FROM ({_NEWEST}) f LEFT JOIN outcomes.outcome o "
        "ON o.programme = f.programme AND o.main AND o.case_id = f.case_id AND CAST(o.as_of AS DATE) = f.as_of "
        "WHERE f.seen_before_deciding = 'yes' OR f.shown_on < coalesce(CAST(o.window_end AS DATE), DATE '9999-12-31') "
        "ORDER BY ALL",
        {"programme": run.programme},
    ).df()


def forget_answers(run: Run) -> int:
    """Delete answers about cases that the programme no longer holds: an erasure reaches them too. Returns how many."""
    make_table(run.con)
    before = _count(run)
    run.con.execute(
        "DELETE FROM ops.feedback WHERE programme = $programme "
        'AND case_id NOT IN (SELECT case_id FROM core."case" WHERE programme = $programme)',
        {"programme": run.programme},
    )
    return before - _count(run)
