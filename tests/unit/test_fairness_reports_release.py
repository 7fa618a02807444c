"""A release is written whole or not at all, and `current` always names a complete one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import PlumblineError
from data_contracts.sheets import safe_text
from fairness_reports import release, release_tables
from fairness_reports.release import (
    ReleaseWriter,
    clean_unfinished,
    current_id,
    current_release,
    mark_stale,
    read_release,
    stale,
)

MANIFEST = {"as_of": "2014-10-31", "verdict": "fit", "charter_hash": "c", "config_hash": "f", "code_version": "1"}


def metrics(value: float = 0.7) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "split": ["2014B", "2013J"],
            "as_of": [date(2014, 3, 3), date(2013, 10, 31)],
            "model": ["boosting", "boosting"],
            "metric": ["auc", "auc"],
            "value": [value, 0.6],
            "low": [0.6, float("nan")],
            "high": [0.8, 0.7],
            "n": [10, 20],
        }
    )


def quality() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": ["=cmd()", "visits"],
            "rule": ["unique\x01", "range"],
            "checked": [5, 6],
            "failed": [0, 1],
            "severity": ["error", "warning"],
            "passed": [True, False],
        }
    )


def publish(home: Path, name: str, value: float = 0.7, **manifest: Any) -> release.Release:
    with ReleaseWriter(home, "demo", name) as writer:
        writer.table("open", "metrics", metrics(value), ["split", "model", "metric"])
        writer.table("open", "quality", quality(), ["table", "rule"])
        (writer.open_dir / "reports" / "en").mkdir(parents=True)
        (writer.open_dir / "reports" / "en" / "index.html").write_text("page")
        return writer.publish({**MANIFEST, **manifest})


def test_a_release_is_complete_private_and_current(tmp_path: Path) -> None:
    made = publish(tmp_path / "releases", "r1")
    home = tmp_path / "releases"
    assert (home / "demo" / "current").read_text() == "r1\n"
    assert made == current_release(home, "demo") == read_release(home / "demo" / "r1")
    assert made.manifest["previous"] is None
    assert made.manifest["output_checked_by"] == ""
    assert set(made.manifest["files"]) == {
        "open/metrics.parquet",
        "open/quality.parquet",
        "open/tables.xlsx",
        "open/reports/en/index.html",
    }
    assert made.report() == home / "demo" / "r1" / "open" / "reports" / "en" / "index.html"
    for path in [home, *home.rglob("*")]:
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path
    assert not list((home / "demo").glob(".*"))


def test_tables_have_declared_columns_order_and_metadata(tmp_path: Path) -> None:
    made = publish(tmp_path, "r1")
    file = pq.read_table(made.path / "open" / "metrics.parquet")
    assert file.column_names == ["split", "as_of", "model", "metric", "value", "low", "high", "n"]
    assert [str(t) for t in file.schema.types] == [
        "string", "date32[day]", "string", "string", "double", "double", "double", "int64",
    ]  # fmt: skip
    assert file.schema.metadata == {b"programme": b"demo", b"release_id": b"r1"}
    assert file["split"].to_pylist() == ["2013J", "2014B"]
    assert file["low"].to_pylist() == [None, 0.6]  # unknown is null, never NaN
    assert list(made.table("metrics")["n"]) == [20, 10]
    assert made.has("quality")
    assert not made.has("scores")


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = publish(tmp_path / "a", "r1"), publish(tmp_path / "b", "r1")
    for name in ("open/metrics.parquet", "open/tables.xlsx"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes()
    assert (one.path / "manifest.json").read_bytes() == (other.path / "manifest.json").read_bytes()


def test_a_workbook_does_not_tell_the_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(publish(tmp_path, "r1").path / "open" / "tables.xlsx") as book:
        assert {info.date_time[0] for info in book.infolist()} == {1980}
        assert set(re.findall(rb"(\d{4})-\d\d-\d\dT", book.read("docProps/core.xml"))) == {b"1980"}


def test_the_order_of_the_rows_given_does_not_matter(tmp_path: Path) -> None:
    files = []
    for name, frame in (("a", metrics()), ("b", metrics().iloc[::-1])):
        with ReleaseWriter(tmp_path / name, "demo", "r1") as writer:
            writer.table("open", "metrics", frame, ["split"])
            files.append((writer.publish(MANIFEST).path / "open" / "metrics.parquet").read_bytes())
    assert files[0] == files[1]


def test_a_workbook_holds_no_formula_and_no_control_character(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    book = load_workbook(publish(tmp_path, "r1").path / "open" / "tables.xlsx")
    assert book.sheetnames == ["about", "metrics", "quality"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert book["quality"]["A2"].value == "=cmd()"
    assert book["quality"]["A2"].quotePrefix
    assert book["quality"]["B2"].value == "unique"
    assert "disclosure control" in book["about"]["A3"].value


def test_all_types_of_the_restricted_part(tmp_path: Path) -> None:
    scores = pd.DataFrame(
        {
            "case_id": ["b", "a"], "person_id": ["p", "q"], "as_of": ["2014-10-31"] * 2, "team": [None, "t"],
            "score": [0.1, 0.2], "low": 0.0, "high": 0.3, "band": "1", "informative": True, "reason": None,
            "raw": [-0.0, 1.0], "base_value": 0.0, "model_version": "m",
        }
    )  # fmt: skip
    reasons = pd.DataFrame(
        {
            "case_id": ["a", "a"], "as_of": date(2014, 10, 31), "factor": ["x", "y"], "value": ["1", None],
            "contribution": [0.1, 0.2], "rank": [1, 2], "evidence_ids": [["e1", "e2"], []],
            "evidence_count": [2, 0], "evidence_age_days": [3, None],
        }
    )  # fmt: skip
    backtest = pd.DataFrame(
        {"split": "s", "model": "m", "case_id": ["a", "b"], "cluster_id": "c", "score": 0.1, "outcome": [1, None],
         "region": ["N", "S"], "age": "x"}
    )  # fmt: skip
    with ReleaseWriter(tmp_path, "demo", "r1") as writer:
        writer.table("restricted", "scores", scores, ["case_id"])
        writer.table("restricted", "explanations", reasons, ["case_id", "rank"])
        writer.table("restricted", "backtest", backtest, ["split", "model", "case_id"])
        made = writer.publish(MANIFEST)
    read = pq.read_table(made.path / "restricted" / "explanations.parquet")
    assert read["evidence_ids"].to_pylist() == [["e1", "e2"], []]
    assert read["evidence_age_days"].to_pylist() == [3, None]
    assert pq.read_table(made.path / "restricted" / "backtest.parquet").column_names[-2:] == ["age", "region"]
    assert pq.read_table(made.path / "restricted" / "scores.parquet")["team"].to_pylist() == ["t", None]
    assert "restricted/scores.parquet" in made.manifest["files"]
    assert "scores" not in (made.path / "open" / "tables.xlsx").read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("part", "name", "change", "words"),
    [
        ("open", "scores", {}, "restricted part"),
        ("open", "secrets", {}, "no table"),
        ("open", "metrics", {"person": "p"}, "columns not in a release: person"),
        ("open", "metrics", {"n": None}, "columns missing: n"),
        ("open", "metrics", {"split": "same"}, "not told apart"),
    ],
)
def test_tables_that_do_not_belong_are_refused(
    tmp_path: Path, part: Any, name: str, change: dict[str, Any], words: str
) -> None:
    frame = metrics()
    for column, value in change.items():
        frame = frame.drop(columns=column) if value is None else frame.assign(**{column: value})
    with pytest.raises(PlumblineError, match=words), ReleaseWriter(tmp_path, "demo", "r1") as writer:
        writer.table(part, name, frame, ["split"])
    assert current_id(tmp_path, "demo") is None
    assert not list((tmp_path / "demo").iterdir())


def test_a_table_needs_an_order_and_its_types(tmp_path: Path) -> None:
    with ReleaseWriter(tmp_path, "demo", "r1") as writer:
        with pytest.raises(PlumblineError, match="no order"):
            writer.table("open", "metrics", metrics(), [])
        mixed = metrics().astype({"n": object})
        mixed.loc[0, "n"] = 1.5
        with pytest.raises((PlumblineError, TypeError)) as caught:
            writer.table("open", "metrics", mixed, ["split"])
        assert "1.5" not in str(caught.value)


def test_names_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    for programme, name in (("demo", "../r1"), ("..", "r1"), ("demo", ".hidden"), ("demo", "")):
        with pytest.raises(PlumblineError, match="cannot name a folder"):
            ReleaseWriter(tmp_path, programme, name)


def test_the_next_release_names_the_one_before(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    assert publish(tmp_path, "r2", 0.8).manifest["previous"] == "r1"
    assert current_id(tmp_path, "demo") == "r2"


def test_the_same_release_twice_is_kept(tmp_path: Path) -> None:
    first = publish(tmp_path, "r1", created_at="2026-01-01")
    publish(tmp_path, "r2", 0.8)
    again = publish(tmp_path, "r1", created_at="2026-01-02")
    assert again.manifest == first.manifest
    assert current_id(tmp_path, "demo") == "r1"


@pytest.mark.parametrize(("value", "manifest"), [(0.9, {}), (0.7, {"verdict": "not_fit"})])
def test_other_figures_under_the_same_id_are_refused(tmp_path: Path, value: float, manifest: dict[str, Any]) -> None:
    publish(tmp_path, "r1")
    publish(tmp_path, "r2")
    with pytest.raises(PlumblineError, match=r"exists and differs in (open/metrics\.parquet|verdict)"):
        publish(tmp_path, "r1", value, **manifest)
    assert current_id(tmp_path, "demo") == "r2"


STEPS = [
    "to_arrow",
    "write_parquet",
    "write_xlsx",
    "_seal",
    "_write_json",
    "_sync",
    "_switch",
    "os.rename",
    "os.replace",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kill", [OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_current_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, kill: BaseException
) -> None:
    publish(tmp_path, "r1")

    def fail(*_: Any, **__: Any) -> None:
        raise kill

    with monkeypatch.context() as patch:
        if step.startswith("os."):
            patch.setattr(os, step.removeprefix("os."), fail)
        else:
            patch.setattr(release, step, fail)
        with pytest.raises((PlumblineError, KeyboardInterrupt)) as caught:
            publish(tmp_path, "r2", 0.8)
    if isinstance(caught.value, PlumblineError):
        assert "no space left" in str(caught.value)
    current = current_release(tmp_path, "demo")
    assert current is not None
    assert current.release_id == "r1"
    assert publish(tmp_path, "r2", 0.8).release_id == current_id(tmp_path, "demo") == "r2"
    assert not list((tmp_path / "demo").glob(".*"))


@pytest.mark.parametrize("step", [*STEPS, "nothing"])
def test_a_kill_without_any_cleaning_up_leaves_current_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(tmp_path, "r1")
    with monkeypatch.context() as patch:
        patch.setattr(ReleaseWriter, "__exit__", lambda *_: None)  # as if the process were gone

        def fail(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        if step.startswith("os."):
            patch.setattr(os, step.removeprefix("os."), fail)
        elif step != "nothing":
            patch.setattr(release, step, fail)
        with contextlib.suppress(KeyboardInterrupt):
            publish(tmp_path, "r2", 0.8)
    current = current_release(tmp_path, "demo")
    assert current is not None
    assert current.release_id == ("r2" if step == "nothing" else "r1")
    assert publish(tmp_path, "r3", 0.9).manifest["previous"] == current.release_id
    assert [p.name for p in (tmp_path / "demo").glob(".unfinished*")] == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "demo" / ".unfinished-r0"
    left.mkdir(parents=True)
    (left / "rows").write_text("x")
    (tmp_path / "demo" / ".unfinished-current").write_text("r0")
    assert clean_unfinished(tmp_path, "demo") == [".unfinished-current", ".unfinished-r0"]
    assert clean_unfinished(tmp_path, "other") == []


def test_only_complete_releases_are_read(tmp_path: Path) -> None:
    made = publish(tmp_path, "r1")
    assert current_release(tmp_path, "other") is None
    (made.path / "open" / "metrics.parquet").unlink()
    with pytest.raises(PlumblineError, match=r"missing: open/metrics\.parquet"):
        current_release(tmp_path, "demo")
    (made.path / "manifest.json").write_text("{")
    with pytest.raises(PlumblineError, match="cannot be read"):
        read_release(made.path)
    (made.path / "manifest.json").unlink()
    with pytest.raises(PlumblineError, match="no manifest"):
        read_release(made.path)
    (tmp_path / "demo" / "current").write_text("../elsewhere")
    with pytest.raises(PlumblineError, match="does not hold a release's id"):
        current_id(tmp_path, "demo")


def test_a_missing_table_says_why(tmp_path: Path) -> None:
    made = publish(tmp_path, "r1")
    with pytest.raises(PlumblineError, match="only when the verdict is fit"):
        made.table("scores")
    with pytest.raises(PlumblineError, match="no table “secrets”"):
        made.table("secrets")


def test_a_stale_mark_lasts_until_the_next_release(tmp_path: Path) -> None:
    assert stale(tmp_path, "demo") is None
    publish(tmp_path, "r1")
    mark_stale(tmp_path, "demo", "the file visits is missing", date(2026, 1, 2))
    mark_stale(tmp_path, "demo", "the file visits is empty", date(2026, 1, 3))
    expected = {"reason": "the file visits is empty", "on": "2026-01-03", "release_id": "r1"}
    assert stale(tmp_path, "demo") == expected
    assert current_id(tmp_path, "demo") == "r1"
    publish(tmp_path, "r2", 0.8)
    assert not (tmp_path / "demo" / "stale.json").exists()
    # left over by a crash between switching and clearing: it spoke of r1
    (tmp_path / "demo" / "stale.json").write_text(json.dumps(expected))
    assert stale(tmp_path, "demo") is None
    (tmp_path / "demo" / "stale.json").write_text("{")
    with pytest.raises(PlumblineError, match="cannot be read"):
        stale(tmp_path, "demo")


def test_the_operating_systems_errors_become_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, words in ((errno.EROFS, "cannot be written"), (errno.EIO, "could not be written"), (None, "OSError")):

        def fail(*_: Any, number: int | None = number) -> None:
            raise OSError(number, "broken") if number else OSError("broken")

        with monkeypatch.context() as patch:
            patch.setattr(release, "_make_dir", fail)
            with pytest.raises(PlumblineError, match=words):
                publish(tmp_path, "r1")


def test_a_manifest_takes_dates_and_numpy_numbers_only(tmp_path: Path) -> None:
    import numpy as np

    made = publish(tmp_path, "r1", created_at=date(2026, 1, 2), rows=np.int64(3))
    assert made.manifest["created_at"] == "2026-01-02"
    assert made.manifest["rows"] == 3
    with pytest.raises(TypeError, match="cannot hold a set"):
        publish(tmp_path, "r2", oops=set())


def test_long_text_is_cut_to_a_cell() -> None:
    assert len(safe_text("x" * 40_000)) == 32_767


STREAM = ["as_of", "case_id", "rank"]


def explanations(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_id": [f"c{number // 3:05}" for number in range(rows)],
            "as_of": date(2014, 10, 31),
            "factor": [f"f{number % 3}" for number in range(rows)],
            "value": [None if number % 2 else "1" for number in range(rows)],
            "contribution": [number / 7 for number in range(rows)],
            "rank": [number % 3 + 1 for number in range(rows)],
            "evidence_ids": [[f"e{number}"] if number % 5 else [] for number in range(rows)],
            "evidence_count": 1,
            "evidence_age_days": 2,
        }
    )


def stream(folder: Path, frame: pd.DataFrame, size: int) -> pq.ParquetFile:
    table = release_tables.typed("explanations", "restricted", frame)
    batches = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(size))
    path = folder / f"{size}.parquet"
    written = release_tables.write_stream(batches, path, "restricted", "explanations", STREAM, {"programme": "p"})
    assert written == len(frame)
    return pq.ParquetFile(path)


@pytest.mark.parametrize("rows", [0, 11, 20, 25])
def test_a_table_that_comes_in_parts_is_the_same_file_whatever_the_parts(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_tables, "ROW_GROUP", 10)
    files = [stream(tmp_path, explanations(rows), size) for size in (1, 7, 10, 100)]
    assert [file.metadata.num_row_groups for file in files] == 4 * [-(-rows // 10)]
    assert len({(tmp_path / f"{size}.parquet").read_bytes() for size in (1, 7, 10, 100)}) == 1
    whole = release_tables.to_arrow("explanations", "restricted", explanations(rows), STREAM, {"programme": "p"})
    assert files[0].read().equals(whole)
    assert files[0].schema_arrow.metadata[b"programme"] == b"p"
    assert stat.S_IMODE((tmp_path / "1.parquet").stat().st_mode) == 0o600


@pytest.mark.parametrize("spoil", ["turned", "twice"])
def test_a_table_that_comes_in_parts_must_be_in_order(spoil: str, tmp_path: Path) -> None:
    frame = explanations(12)
    frame = frame.iloc[::-1] if spoil == "turned" else pd.concat([frame, frame.tail(1)])
    with pytest.raises(PlumblineError, match="not in order, or not told apart, by as_of, case_id, rank"):
        stream(tmp_path, frame.reset_index(drop=True), 5)
