"""Rows of persons go when their time is over, whole and for good; the tombstone says what was there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports import expiry
from fairness_reports.expiry import expire
from fairness_reports.release import Release, ReleaseWriter, current_release, read_release
from fairness_reports.release_files import sync

MADE = {"r1": "2026-01-01", "r2": "2026-02-01", "r3": "2026-03-01"}
DAY = dt.date(2026, 3, 2)
"""29 days after r1 was superseded, one day after r2 was."""


def publish(home: Path, name: str, created: str | None = None, outcome: int = 1) -> Release:
    quality = {"table": ["t"], "rule": ["r"], "checked": 5, "failed": 0, "severity": "error", "passed": True}
    rows = {"split": "s", "model": "m", "case_id": [f"{name}a", "b"], "cluster_id": "c", "score": 0.1}
    with ReleaseWriter(home, "demo", name) as writer:
        writer.table("open", "quality", pd.DataFrame(quality), ["table", "rule"])
        writer.table("restricted", "backtest", pd.DataFrame(rows | {"outcome": [outcome, None]}), ["case_id"])
        made = created or f"{MADE[name]}T23:59:59+00:00"
        return writer.publish({"as_of": name, "verdict": "fit", "created_at": made})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in MADE:
        publish(tmp_path, name)
    return tmp_path


def rows(home: Path, name: str) -> list[str]:
    return sorted(path.name for path in (home / "demo" / name / "restricted").iterdir())


def tombstone(home: Path, name: str) -> dict[str, Any]:
    path = home / "demo" / name / "restricted" / "TOMBSTONE.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return dict(json.loads(path.read_text(encoding="utf-8")))


def everything_else(home: Path) -> dict[str, bytes]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if not path.match("r[12]/restricted/*")}


def test_the_day_after_the_last_one(home: Path) -> None:
    """Superseded on 1 February: 29 days stay within 29, the 30th does not."""
    assert expire(home, "demo", 29, DAY) == []
    assert expire(home, "demo", 29, DAY + dt.timedelta(days=1)) == ["r1"]
    assert rows(home, "r2") == ["backtest.parquet"]
    assert expire(home, "demo", 0, dt.date(2026, 3, 1)) == []
    assert expire(home, "demo", 0, DAY) == ["r2"]


def test_a_tombstone_says_what_was_there_and_nothing_else_changes(home: Path) -> None:
    file = home / "demo" / "r1" / "restricted" / "backtest.parquet"
    (file.parent / "notes.csv").write_text("a copy somebody made\n")
    digest, size = hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size
    before = everything_else(home)
    assert expire(home, "demo", 28, DAY) == ["r1"]
    assert everything_else(home) == before
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    told = tombstone(home, "r1")
    assert told["files"].pop("notes.csv")["rows"] is None
    assert told == {
        "release_id": "r1",
        "programme": "demo",
        "superseded_on": "2026-02-01",
        "kept_days": 28,
        "rule": expiry.RULE,
        "deleted_on": "2026-03-02",
        "files": {"backtest.parquet": {"sha256": digest, "bytes": size, "rows": 2}},
    }
    assert digest == read_release(file.parents[1]).manifest["files"]["restricted/backtest.parquet"]["sha256"]


def test_a_second_time_nothing_is_done(home: Path) -> None:
    expire(home, "demo", 28, DAY)
    before = tombstone(home, "r1")
    assert expire(home, "demo", 28, DAY + dt.timedelta(days=1)) == []
    assert tombstone(home, "r1") == before
    (home / "demo" / "r1" / "restricted" / "backtest.parquet").write_text("back from a backup")
    assert expire(home, "demo", 28, DAY + dt.timedelta(days=1)) == ["r1"]
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    assert tombstone(home, "r1") == before | {"deleted_on": "2026-03-03"}


def test_the_current_release_keeps_its_rows(home: Path) -> None:
    shutil.copytree(home / "demo" / "r3", home / "demo" / "a copy")
    (home / "demo" / "latest").symlink_to("r3")
    (home / "demo" / "oldest").symlink_to("r1")
    assert expire(home, "demo", 0, dt.date(2036, 1, 1)) == ["r1", "r2"]
    assert rows(home, "r3") == rows(home, "a copy") == ["backtest.parquet"]
    assert current_release(home, "demo") == read_release(home / "demo" / "r3")


def test_without_a_current_release_nothing_goes(home: Path) -> None:
    (home / "demo" / "current").write_text("r9\n")
    assert expire(home, "demo", 0, dt.date(2036, 1, 1)) == []
    (home / "demo" / "current").unlink()
    assert expire(home, "demo", 0, dt.date(2036, 1, 1)) == []
    assert expire(home, "other", 0, dt.date(2036, 1, 1)) == []


def test_a_release_without_rows_leaves_no_tombstone(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    with ReleaseWriter(tmp_path, "demo", "r0") as writer:
        writer.publish({"as_of": "r0", "verdict": "not_auditable", "created_at": "2025-12-01T00:00:00+00:00"})
    publish(tmp_path, "r2")
    assert expire(tmp_path, "demo", 0, DAY) == ["r1"]
    assert rows(tmp_path, "r0") == []


def test_an_expired_release_is_read_and_its_rows_are_not(home: Path) -> None:
    expire(home, "demo", 28, DAY)
    read = read_release(home / "demo" / "r1")
    assert read.expired
    assert read.has("quality")
    assert not read.has("backtest")
    with pytest.raises(PlumblineError, match="rows of persons of this release were deleted"):
        read.table("backtest")
    (read.path / "open" / "quality.parquet").unlink()
    with pytest.raises(PlumblineError, match=r"missing: open/quality\.parquet"):
        read_release(read.path)


def test_rows_that_are_gone_without_a_tombstone_are_missed(home: Path) -> None:
    (home / "demo" / "r1" / "restricted" / "backtest.parquet").unlink()
    with pytest.raises(PlumblineError, match=r"missing: restricted/backtest\.parquet"):
        read_release(home / "demo" / "r1")


def test_published_again_its_rows_are_back(home: Path) -> None:
    kept = (home / "demo" / "r1" / "restricted" / "backtest.parquet").read_bytes()
    expire(home, "demo", 28, DAY)
    again = publish(home, "r1", "2026-03-02T00:00:00+00:00")
    assert rows(home, "r1") == ["backtest.parquet"]
    assert again.file("backtest").read_bytes() == kept
    assert stat.S_IMODE(again.file("backtest").stat().st_mode) == 0o600
    assert again.has("backtest")
    assert again == current_release(home, "demo")
    assert expire(home, "demo", 0, DAY + dt.timedelta(days=1)) == ["r2"], "nobody knows of a later one than r3 yet"
    publish(home, "r3")
    assert expire(home, "demo", 28, DAY + dt.timedelta(days=2)) == ["r1"], "superseded since 1 February still"


def test_other_rows_under_the_id_of_an_expired_release_are_refused(home: Path) -> None:
    expire(home, "demo", 28, DAY)
    with pytest.raises(PlumblineError, match=r"differs in restricted/backtest\.parquet"):
        publish(home, "r1", outcome=0)
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    assert tombstone(home, "r1")["deleted_on"] == "2026-03-02"


def test_superseded_by_an_older_one_published_again(home: Path) -> None:
    """No later release says when: the time at which `current` was written does, and the same run again leaves it."""
    publish(home, "r1", "2026-03-05T00:00:00+00:00")
    seconds = dt.datetime(2026, 3, 10, tzinfo=dt.UTC).timestamp()
    os.utime(home / "demo" / "current", (seconds, seconds))
    publish(home, "r1", "2026-03-12T00:00:00+00:00")
    assert expire(home, "demo", 28, dt.date(2026, 4, 7)) == ["r2"]
    assert expire(home, "demo", 28, dt.date(2026, 4, 8)) == ["r3"]


STEPS = ["write_json", "os.replace", "os.unlink", "os.fsync", "sync"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_killed_run_is_finished_by_the_next(home: Path, monkeypatch: pytest.MonkeyPatch, step: str, nth: int) -> None:
    """Wherever it stops: readable always, never rows without a tombstone in the making, and at last all is gone."""
    (home / "demo" / "r1" / "restricted" / "second.parquet").write_bytes(b"x")
    before, calls = everything_else(home), 0
    place = os if step.startswith("os.") else expiry
    real = getattr(place, step.removeprefix("os."))

    def breaks(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise KeyboardInterrupt
        return real(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(place, step.removeprefix("os."), breaks)
        try:
            expire(home, "demo", 28, DAY)
        except KeyboardInterrupt:
            gone = {"backtest.parquet", "second.parquet"} - set(rows(home, "r1"))
            assert not gone or tombstone(home, "r1")["files"].keys() == {"backtest.parquet", "second.parquet"}
            read = read_release(home / "demo" / "r1")
            assert read.has("backtest") == (not read.expired)
    expire(home, "demo", 28, DAY + dt.timedelta(days=1))
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    told = tombstone(home, "r1")
    assert told["deleted_on"] in ("2026-03-02", "2026-03-03")
    assert told["files"]["backtest.parquet"]["rows"] == 2, "what an interrupted run had seen is kept"
    assert everything_else(home) == before


@pytest.mark.parametrize("step", ["os.replace", "os.unlink", "fairness_reports.release._sync"])
def test_a_run_killed_while_it_restores_leaves_the_release_expired(
    home: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    expire(home, "demo", 28, DAY)
    real = os.replace if step == "os.replace" else os.unlink if step == "os.unlink" else sync

    def breaks(path: Any, *args: Any, **named: Any) -> Any:
        if "/r1/restricted" in f"{path} {args}":
            raise KeyboardInterrupt
        return real(path, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(step, breaks)
        with pytest.raises(KeyboardInterrupt):
            publish(home, "r1")
    assert (home / "demo" / "current").read_text() == "r3\n"
    read_release(home / "demo" / "r1")
    assert expire(home, "demo", 28, DAY) in ([], ["r1"])
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    assert publish(home, "r1").has("backtest")


def test_nothing_is_deleted_behind_a_link(home: Path, tmp_path: Path) -> None:
    restricted = home / "demo" / "r1" / "restricted"
    shutil.move(restricted, tmp_path / "elsewhere")
    restricted.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlumblineError, match="folder of rows is a link"):
        expire(home, "demo", 28, DAY)
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["backtest.parquet"]
    restricted.unlink()
    restricted.mkdir()
    (tmp_path / "elsewhere" / "backtest.parquet").rename(tmp_path / "rows")
    (restricted / "backtest.parquet").symlink_to(tmp_path / "rows")
    assert expire(home, "demo", 28, DAY) == ["r1"]
    assert (tmp_path / "rows").is_file()


def test_neither_through_a_link_to_a_release_kept_elsewhere(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "demo" / "r1", tmp_path / "kept")
    (home / "demo" / "archive").symlink_to(tmp_path / "kept")
    folder = home / "demo" / "r1" / "restricted"
    (folder / "linked").symlink_to(tmp_path / "kept" / "restricted")
    (folder / "export").mkdir()
    (folder / "export" / "rows.csv").write_text("rows")
    assert expire(home, "demo", 28, DAY) == ["r1"]
    assert rows(home, "r1") == ["TOMBSTONE.json"]
    assert (tmp_path / "kept" / "restricted" / "backtest.parquet").is_file()


def test_what_cannot_be_deleted_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refused)
        with pytest.raises(PlumblineError, match="cannot be written"):
            expire(home, "demo", 28, DAY)
    assert rows(home, "r1")[-1] == "backtest.parquet"
