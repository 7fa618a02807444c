"""What a whole run does last: rows of persons of releases whose time is over by the charter go."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd

from fairness_reports.release import ReleaseWriter
from pipelines.publish import expire_rows
from pipelines.resources import Run
from pipelines.settings import Home

DAYS_AGO = {"r1": 90, "r2": 40, "r3": 20}
"""Made so long ago: r1 was superseded 40 days ago, r2 20 days ago."""


def publish(home: Home, name: str) -> None:
    made = dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS_AGO[name])
    quality = {"table": ["t"], "rule": ["r"], "checked": 5, "failed": 0, "severity": "error", "passed": True}
    rows = {"split": "s", "model": "m", "case_id": ["a", "b"], "cluster_id": "c", "score": 0.1, "outcome": [1, None]}
    with ReleaseWriter(home.releases, "demo", name) as writer:
        writer.table("open", "quality", pd.DataFrame(quality), ["table", "rule"])
        writer.table("restricted", "backtest", pd.DataFrame(rows), ["case_id"])
        writer.publish({"as_of": name, "verdict": "fit", "created_at": made.isoformat(timespec="seconds")})


def test_rows_go_by_the_charters_days_in_the_runs_own_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in DAYS_AGO:
        publish(home, name)
    charter = SimpleNamespace(kept_days=30)
    run = cast("Run", SimpleNamespace(home=home, programme="demo", pack=SimpleNamespace(charter=charter)))

    def left() -> dict[str, list[str]]:
        folders = {name: home.releases / "demo" / name / "restricted" for name in DAYS_AGO}
        return {name: [path.name for path in folder.iterdir()] for name, folder in folders.items()}

    rows, stone = ["backtest.parquet"], ["TOMBSTONE.json"]
    assert expire_rows(run) == ["r1"]
    assert left() == {"r1": stone, "r2": rows, "r3": rows}
    told = json.loads((home.releases / "demo" / "r1" / "restricted" / stone[0]).read_text(encoding="utf-8"))
    assert (told["release_id"], told["kept_days"], list(told["files"])) == ("r1", 30, rows)
    assert told["deleted_on"] is not None
    charter.kept_days = 0
    assert expire_rows(run) == ["r2"]
    assert left() == {"r1": stone, "r2": stone, "r3": rows}, "the current release stays as it is"
