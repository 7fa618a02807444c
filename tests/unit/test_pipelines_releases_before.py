"""Which earlier release a run compares with: the same one, whatever was released in between."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairness_reports.release import ReleaseWriter
from pipelines import audited
from tests import fairness_reports_fake as fake

OPENED = {"t1": 1, "t2": 2, "t3": 3}


def publish(root: Path, release: str, day: str, training: str | None, created: str) -> None:
    about = None if training is None else {"training_id": training}
    with ReleaseWriter(root, "demo", release) as writer:
        writer.table("open", "quality", fake.quality(), ["table", "rule"])
        writer.publish({"as_of": day, "verdict": "fit", "training": about, "created_at": created})


def before(root: Path, monkeypatch: pytest.MonkeyPatch, day: str, opening: int | None) -> list[str]:
    facts = {"trained": opening is not None, "opening": opening}
    monkeypatch.setattr(audited, "noted", lambda *_: facts)
    known = [SimpleNamespace(training_id=name, opening=number) for name, number in OPENED.items()]
    monkeypatch.setattr(audited, "trainings", lambda _: known)
    home = SimpleNamespace(releases=root)
    run: Any = SimpleNamespace(home=home, programme="demo", as_of=dt.date.fromisoformat(day))
    return [release.release_id for release in audited.releases_before(run)]


def test_of_each_earlier_day_the_first_on_the_newest_training_that_is_not_younger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "a", "2020-01-01", "t1", "2026-01-01T00:00:00")
    publish(tmp_path, "b", "2020-02-01", "t1", "2026-01-02T00:00:00")
    publish(tmp_path, "c", "2020-03-01", "t1", "2026-01-03T00:00:00")
    assert before(tmp_path, monkeypatch, "2020-03-01", 1) == ["a", "b"]
    publish(tmp_path, "b-again", "2020-02-01", "t1", "2026-01-04T00:00:00")
    publish(tmp_path, "b-younger", "2020-02-01", "t2", "2026-01-05T00:00:00")
    assert before(tmp_path, monkeypatch, "2020-03-01", 1) == ["a", "b"], "what came later changes nothing"
    assert before(tmp_path, monkeypatch, "2020-03-01", 2) == ["a", "b-younger"]
    assert before(tmp_path, monkeypatch, "2020-01-01", 1) == [], "a day is not compared with itself"


def test_releases_without_a_model_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, "none", "2020-01-01", None, "2026-01-01T00:00:00")
    publish(tmp_path, "unknown", "2020-01-02", "of another home", "2026-01-01T00:00:00")
    publish(tmp_path, "trained", "2020-01-03", "t3", "2026-01-01T00:00:00")
    assert before(tmp_path, monkeypatch, "2020-02-01", 3) == ["none", "trained"]
    assert before(tmp_path, monkeypatch, "2020-02-01", None) == ["none", "trained"]
    monkeypatch.setattr(audited, "noted", lambda *_: {"trained": False})
    nothing: Any = SimpleNamespace()
    assert audited.judged_before(nothing) is None
