"""The benchmark's parts that can be wrong without anybody timing anything: its data, its format, its page."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import duckdb
import numpy as np
import pytest

from benchmarks import auditing, audits, explaining, explanations, tables, workload
from benchmarks import session as sessions
from benchmarks.check import differences
from benchmarks.data import draw, make
from benchmarks.engines.plumbline import specification
from benchmarks.peers import PEERS
from benchmarks.run import ENTRIES, SIZES
from features.spec import columns

ROOT = Path(__file__).parents[2]


def test_the_same_people_have_the_same_events_and_other_people_others() -> None:
    once, again, other = draw(500), draw(500), draw(501)
    assert {name: column.tolist() for name, column in once.items()} == {n: c.tolist() for n, c in again.items()}
    assert len(once["person"]) != len(other["person"])


def test_events_are_as_many_as_the_page_says_and_heavy_tailed() -> None:
    drawn = draw(20_000)
    counts = np.bincount(drawn["person"], minlength=20_000)
    assert 24 < counts.mean() < 26
    assert 11 <= np.median(counts) <= 13
    assert 180 < np.quantile(counts, 0.99) < 230
    assert np.all(np.diff(drawn["day"]) >= 0)
    assert np.unique(drawn["event_type"]).tolist() == list(range(20))
    assert drawn["day"].max() < workload.DAYS
    assert np.array_equal(np.round(drawn["value"], 2), drawn["value"])


def test_the_warehouse_and_the_parquet_files_hold_the_same(tmp_path: Path) -> None:
    make(tmp_path / "d", 50)
    with duckdb.connect(str(tmp_path / "d" / "warehouse.duckdb"), read_only=True) as con:
        content = "person_id, event_at, event_type, category, value"
        ours = con.execute(f"SELECT {content} FROM core.event ORDER BY ALL").fetchall()
        theirs = con.execute(f"SELECT {content} FROM '{tmp_path / 'd' / 'events.parquet'}' ORDER BY ALL").fetchall()
        assert ours == theirs
        assert con.execute("SELECT count(*) FROM core.event WHERE known_at <> event_at").fetchone() == (0,)
        assert con.execute("SELECT count(DISTINCT event_id) FROM core.event").fetchone() == (len(ours),)
        rows = con.execute('SELECT person_id, as_of FROM cohort."case" ORDER BY ALL').fetchall()
        assert rows == con.execute(f"FROM '{tmp_path / 'd' / 'rows.parquet'}' ORDER BY ALL").fetchall()
        assert len(rows) == 50 * 12
        assert {as_of for _, as_of in rows} == {dt.date(2023, month, 1) for month in range(1, 13)}


def test_the_specification_is_150_columns_under_the_names_that_are_compared() -> None:
    assert sorted(column.name for column in columns(specification())) == sorted(workload.names())
    assert len(workload.names()) == 150


def _matrix(path: Path, cells: dict[str, object], key: str = "person_id") -> Path:
    row = dict.fromkeys(workload.names(), 1.0) | cells
    shown = ", ".join(f"{'NULL::DOUBLE' if value is None else f'{value!r}::DOUBLE'} AS {n}" for n, value in row.items())
    duckdb.execute(f"COPY (SELECT 'a' AS {key}, DATE '2023-01-01' AS as_of, {shown}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({}, 0),
        ({"sum_30": 1.0 + 1e-12}, 0),
        ({"sum_30": 1.0 + 1e-6}, 1),
        ({"max_30": 1.0 + 1e-12}, 1),
        ({"t00_30": 2.0}, 1),
        ({"since_t00": None}, 1),
        ({"n_30": None}, 2),
    ],
)
def test_the_comparison_sees_what_differs(tmp_path: Path, cells: dict[str, object], found: int) -> None:
    ours = _matrix(tmp_path / "ours.parquet", {}, key="case_id")
    assert len(differences(ours, _matrix(tmp_path / "theirs.parquet", cells))) == found


def test_the_comparison_wants_the_same_rows(tmp_path: Path) -> None:
    ours = _matrix(tmp_path / "ours.parquet", {})
    (tmp_path / "parts").mkdir()
    for part in "ab":
        _matrix(tmp_path / "parts" / f"{part}.parquet", {})
    assert differences(ours, tmp_path / "parts") == ["other rows: 1 against 2, or another person_id"]


def _took(wall: float) -> dict[str, float]:
    return {"wall": wall, "cpu": 2 * wall, "whole_wall": wall + 1, "whole_cpu": 2 * wall + 1, "peak": 1e8 * wall}


def test_an_interrupted_session_goes_on_and_shows_medians(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    first = sessions.Session(file)
    first.add("polars", "features", 10, 0, _took(3.0))
    first.add("polars", "features", 10, 1, _took(1.0))
    first.found_right("polars")
    assert not first.resumed
    second = sessions.Session(file)
    second.add("polars", "features", 10, 2, _took(2.0))
    assert second.resumed
    assert second.checked("polars")
    assert [second.has("polars", "features", 10, turn) for turn in range(4)] == [True, True, True, False]
    runs = second.runs("polars", "features", 10)
    assert sessions.medians(runs) == {"runs": 3, "wall_s": 2.0, "cpu_s": 4.0, "peak_mb": 200}
    assert sessions.medians(runs, "whole_") == {"runs": 3, "wall_s": 3.0, "cpu_s": 5.0, "peak_mb": 200}
    second.close()
    assert not sessions.Session(file).resumed


def test_runs_of_other_code_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "session.jsonl"
    sessions.Session(file).add("polars", "features", 10, 0, _took(3.0))
    monkeypatch.setattr(sessions, "_fingerprint", lambda: "other")
    assert not sessions.Session(file).has("polars", "features", 10, 0)


def test_results_replace_those_of_the_same_engine_workload_and_size(tmp_path: Path) -> None:
    row = dict.fromkeys(sessions.FIELDS, 0) | {"workload": "features", "engine": "polars", "size": 10}
    sessions.merge([row, row | {"size": 5}], tmp_path / "r.json")
    sessions.merge([row | {"runs": 3}], tmp_path / "r.json")
    kept = json.loads((tmp_path / "r.json").read_text())
    assert [(kind["size"], kind["runs"]) for kind in kept] == [(5, 0), (10, 3)]


def test_the_results_have_the_format_of_the_design() -> None:
    rows = tables.results()
    assert rows
    kinds = {"workload": str, "size": int, "engine": str, "version": str, "runs": int, "note": str}
    for row in rows:
        assert tuple(row) == sessions.FIELDS
        assert all(type(row[field]) is kind for field, kind in kinds.items())
        assert all(row[field] > 0 for field in ("runs", "wall_s", "cpu_s", "peak_mb"))
        assert row["size"] in SIZES
    keys = [(row["workload"], row["size"], row["engine"]) for row in rows]
    assert keys == sorted(set(keys))
    assert {row["engine"] for row in rows} <= {entry.engine for entry in ENTRIES}


def test_the_page_shows_the_results_as_they_are() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.written(page), "python -m benchmarks.tables"


def test_a_goal_that_is_missed_is_said() -> None:
    row = {"workload": "features", "version": "1", "runs": 1, "cpu_s": 1.0, "note": ""}
    rows = [
        row | {"size": 100_000, "engine": "plumbline", "wall_s": 4.0, "peak_mb": 999},
        row | {"size": 1_000_000, "engine": "plumbline", "wall_s": 48.0, "peak_mb": 2_000},
        row | {"size": 100_000, "engine": "polars", "wall_s": 8.0, "peak_mb": 1},
        row | {"size": 100_000, "engine": "polars", "wall_s": 5.0, "peak_mb": 1, "workload": "features, in 8 parts"},
    ]
    goals = tables.tables(rows).partition("### The goals")[2]
    assert "| 1.3 times as fast as polars, 100,000 people | 1.2 times | **not reached** |" in goals
    assert "| under 1,000 MB, 100,000 people | 999 MB | reached |" in goals
    assert "| under 2,000 MB, 1,000,000 people | 2,000 MB | **not reached** |" in goals
    assert "| 1,000,000 people in at most 12 times the time of 100,000 | 12.0 times | reached |" in goals
    assert "| 12 times as fast as featuretools, 20,000 people | not measured | |" in goals


def test_explanations_have_the_same_format_and_their_goals_are_judged() -> None:
    for row in tables.explained():
        assert tuple(row) == sessions.FIELDS
        assert row["engine"] in {entry.engine for entry in explanations.ENTRIES}
    row = {"size": 1000, "version": "1", "runs": 1, "wall_s": 1.0, "note": "", "peak_mb": 300}
    rows = [
        row | {"engine": "plumbline", "workload": "explanation, depth 8", "cpu_s": 2.0},
        row | {"engine": "plumbline", "workload": "explanation, tables built, depth 8", "cpu_s": 3.0, "peak_mb": 900},
        row | {"engine": "plumbline", "workload": "explanation floor, depth 8", "cpu_s": 0.1},
        row | {"engine": "shap", "workload": "explanation, depth 8", "cpu_s": 30.0},
        row | {"engine": "woodelf_explainer", "workload": "explanation, depth 8", "cpu_s": 2.5},
    ]
    page = tables.explanations(rows)
    assert "| shap 1 | explanation, depth 8 | 1 | 30.00 | 33 | 1.00 | 300 | 15.0 |" in page
    assert "| 15 times as fast as shap per CPU second, depth 8, tables kept | 15.0 times | reached |" in page
    assert "| 12 times as fast as shap per CPU second, depth 8, tables built | 10.0 times | **not reached** |" in page
    assert (
        "| as fast as woodelf_explainer per CPU second, depth 8, tables built | 0.8 times | **not reached** |" in page
    )
    assert "| under 500 MB above the data, depth 8, tables built | 599 MB | **not reached** |" in page
    assert "| 9 times as fast as shap per CPU second, no depth limit, tables kept | not measured | |" in page


def test_audits_have_the_same_format_and_their_goals_are_judged() -> None:
    for row in tables.audited():
        assert tuple(row) == sessions.FIELDS
        assert row["engine"] in {entry.engine for entry in audits.ENTRIES}
        assert row["workload"] in {entry.workload for entry in audits.ENTRIES}
    row = {"size": 1000, "version": "1", "runs": 1, "wall_s": 1.0, "note": "n", "peak_mb": 300}
    rows = [
        row | {"engine": "plumbline", "workload": "audit", "cpu_s": 5.5},
        row | {"engine": "plumbline", "workload": "audit, no households", "cpu_s": 2.0},
        row | {"engine": "fairlearn", "workload": "audit, no households", "cpu_s": 4000.0},
    ]
    page = tables.audits(rows)
    assert "| fairlearn 1 | audit, no households (n) | 1 | 4,000.00 | 1.00 | 300 | 2,000.0 |" in page
    assert "| under 5 CPU seconds with 100,000 households | 5.50 s | **not reached** |" in page
    assert "| 1,000 times as fast as fairlearn | 2,000 times | reached |" in page
    assert "| 1,000 times as fast as fairlearn | not measured | |" in tables.audits(rows[:2])


def test_a_few_replicates_are_scaled_up_without_what_is_done_once() -> None:
    once, three = ({"wall_s": w, "cpu_s": c, "peak_mb": p, "runs": 2} for w, c, p in ((2.0, 1.0, 5), (8.0, 4.0, 9)))
    assert audits.scaled(once, few=3) == once
    assert audits.scaled(once, three, few=3) == {"wall_s": 2002.0, "cpu_s": 1001.0, "peak_mb": 9, "runs": 2}


def test_cases_to_audit_are_alike_within_households_and_drawn_by_seed() -> None:
    frame = auditing.draw(20_000)
    assert frame["region"].nunique() == auditing.GROUPS
    assert frame["household"].nunique() < 10_000
    assert frame["selected"].mean() == pytest.approx(0.2, abs=0.001)
    strangers = np.random.default_rng(0).permutation(frame["household"].to_numpy())
    spread = [frame.groupby(of)["outcome"].transform("mean").var() for of in (frame["household"], strangers)]
    assert spread[0] > 1.05 * spread[1]
    assert frame.equals(auditing.draw(20_000))


def test_rows_to_explain_have_holes_and_counts_and_are_drawn_by_seed() -> None:
    X, y = explaining.draw(2_000, 1)
    assert X.shape == (2_000, explaining.FEATURES)
    assert np.isnan(X[:, 50:100]).mean() == pytest.approx(0.3, abs=0.01)
    assert not np.isnan(X[:, :50]).any()
    assert np.array_equal(X[:, :50], np.floor(X[:, :50]))
    assert 0.05 < y.mean() < 0.5
    assert np.array_equal(explaining.draw(2_000, 1)[0], X, equal_nan=True)
    assert not np.array_equal(explaining.draw(2_000, 2)[0], X, equal_nan=True)


def test_peers_are_pinned_and_not_in_our_own_environment() -> None:
    engines = {entry.engine for entry in ENTRIES if not entry.module} | {entry.engine for entry in explanations.ENTRIES}
    assert engines == {"plumbline", "shap", *PEERS}
    for peer in PEERS:
        lines = (ROOT / "benchmarks" / "peers" / f"{peer}.txt").read_text().splitlines()
        pinned = [line for line in lines if not line.startswith("#")]
        assert any(line.startswith(f"{peer}==") for line in pinned)
        assert all("==" in line and "//" not in line for line in pinned)
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    assert not locked & {"polars", "timeseriesflattener", "featuretools", "lightgbm", "woodelf-explainer"}
    assert "/benchmarks/.envs/" in (ROOT / ".gitignore").read_text().splitlines()
