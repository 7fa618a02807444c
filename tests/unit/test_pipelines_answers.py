"""Answers in the warehouse: append-only, the newest counts, an erased case takes its answers along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pandas as pd
import pytest

from data_contracts.warehouse import open_warehouse
from pipelines import answers as module
from pipelines.answers import KEPT, answers_of, fingerprint, forget_answers, shown, store, was_read
from pipelines.audited import _treated
from pipelines.resources import Run

DAY = dt.date(2026, 1, 1)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    con = open_warehouse(tmp_path / "warehouse.duckdb")
    con.execute('CREATE TABLE core."case" (programme VARCHAR, case_id VARCHAR)')
    con.execute(
        "CREATE TABLE outcomes.outcome (programme VARCHAR, main BOOLEAN, case_id VARCHAR, as_of DATE, window_end DATE)"
    )
    con.execute(
        "INSERT INTO outcomes.outcome "
        "SELECT 'p', true, 'c' || i, DATE '2026-01-01', DATE '2026-03-01' FROM range(9) t(i)"
    )
    programme = SimpleNamespace(observation=None)
    yield cast("Run", SimpleNamespace(con=con, programme="p", as_of=None, pack=SimpleNamespace(programme=programme)))
    con.close()


def told(*rows: dict[str, Any], list_id: str = "l1") -> pd.DataFrame:
    base = {
        "list_id": list_id, "release_id": "r", "programme": "p", "as_of": DAY, "case_id": "c1", "view_before": None,
        "shown_on": None, "seen_before_deciding": None, "action": None, "disagreement": None, "taken_up": None,
        "model_selected": True,
    }  # fmt: skip
    return pd.DataFrame([base | row for row in rows], columns=list(KEPT), dtype=object)


TALK = {"action": "talk", "taken_up": True, "seen_before_deciding": "no"}
NOTHING = {"action": "nothing", "taken_up": False, "seen_before_deciding": "no"}


def test_no_column_could_name_who_answered(run: Run) -> None:
    module.make_table(run.con)
    columns = [row[0] for row in run.con.execute("DESCRIBE ops.feedback").fetchall()]
    assert columns == ["seq", "read_at", "file_sha256", *KEPT]


def test_a_correction_counts_and_the_earlier_answer_stays(run: Run) -> None:
    assert was_read(run.con, "p", "a") is None
    assert store(run, told(TALK, {"case_id": "c2"}), "a") == (1, 0)
    first = fingerprint(run)
    assert store(run, told(TALK, {"case_id": "c2"}), "b") == (0, 0)
    assert fingerprint(run) == first
    assert store(run, told(NOTHING, {"case_id": "c2", **TALK}), "c") == (1, 1)
    assert fingerprint(run) != first
    assert answers_of(run)[["case_id", "action"]].to_numpy().tolist() == [["c1", "nothing"], ["c2", "talk"]]
    kept = run.con.execute("SELECT seq, case_id, action, file_sha256 FROM ops.feedback ORDER BY ALL").fetchall()
    assert kept == [(1, "c1", "talk", "a"), (1, "c2", None, "a"), (2, "c1", "nothing", "c"), (2, "c2", "talk", "c")]
    assert was_read(run.con, "p", "c") is not None
    assert was_read(run.con, "other", "c") is None


def test_an_empty_row_takes_no_answer_back(run: Run) -> None:
    store(run, told(TALK), "a")
    assert store(run, told({}), "b") == (0, 0)
    assert answers_of(run)["action"].tolist() == ["talk"]


def test_of_two_lists_of_a_day_the_one_with_an_answer_counts(run: Run) -> None:
    store(run, told(TALK), "a")
    store(run, told({}, list_id="l2"), "b")
    assert answers_of(run)["list_id"].tolist() == ["l1"]
    store(run, told(NOTHING, list_id="l2"), "c")
    assert answers_of(run)[["list_id", "action"]].to_numpy().tolist() == [["l2", "nothing"]]


def test_a_run_of_an_earlier_day_knows_no_later_list(run: Run) -> None:
    store(run, told(TALK), "a")
    run.as_of = dt.date(2025, 12, 31)
    assert answers_of(run).empty
    assert fingerprint(run) is None
    run.as_of = DAY
    assert len(answers_of(run)) == 1


def test_an_erased_case_takes_its_answers_along(run: Run) -> None:
    store(run, told(TALK, {"case_id": "c2"}), "a")
    store(run, told(NOTHING), "b")
    run.con.execute("INSERT INTO core.\"case\" VALUES ('p', 'c2'), ('other', 'c1')")
    run.con.execute("INSERT INTO ops.feedback SELECT * REPLACE ('other' AS programme) FROM ops.feedback")
    assert forget_answers(run) == 2
    left = run.con.execute("SELECT programme, case_id FROM ops.feedback WHERE programme = 'p'").fetchall()
    assert left == [("p", "c2")]
    assert run.con.execute("SELECT count(*) FROM ops.feedback WHERE programme = 'other'").fetchall() == [(3,)]


def test_half_a_list_is_never_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store(run, told(TALK), "a")
    spoilt = told(NOTHING, {"case_id": "c2", "as_of": "no day"})
    with pytest.raises(duckdb.Error):
        store(run, spoilt, "b")
    assert answers_of(run)["action"].tolist() == ["talk"]


def test_whose_score_had_been_seen(run: Run) -> None:
    """Seen before deciding, or shown within the window of the outcome (until 1 March): those leave the test."""
    rows = [
        {"case_id": "c1", **TALK, "seen_before_deciding": "yes", "shown_on": dt.date(2026, 4, 1)},
        {"case_id": "c2", **TALK, "shown_on": dt.date(2026, 2, 28)},
        {"case_id": "c3", **TALK, "shown_on": dt.date(2026, 3, 1)},
        {"case_id": "c4", **TALK},
        {"case_id": "c5"},
    ]
    chosen = pd.DataFrame({"case_id": [f"c{i}" for i in range(7)], "as_of": pd.Timestamp(DAY)})
    assert not _treated(run, chosen).any()
    store(run, told(*rows), "a")
    assert shown(run)["case_id"].tolist() == ["c1", "c2"]
    assert chosen.loc[_treated(run, chosen), "case_id"].tolist() == ["c1", "c2"]
    another = chosen.assign(as_of=pd.Timestamp("2025-01-01"))
    assert not _treated(run, another).any()
    run.pack.programme.observation = cast("Any", SimpleNamespace(scores_shown_since=DAY))
    assert _treated(run, chosen).all()
    run.pack.programme.observation = cast("Any", SimpleNamespace(scores_shown_since=dt.date(2026, 1, 2)))
    assert _treated(run, chosen).sum() == 2
