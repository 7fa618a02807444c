"""The same cells on Spark, in one process and on a cluster of its own; and what is told when it fails."""

from __future__ import annotations

import importlib.util
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError, UsageError
from features import spark, spark_session
from features.build import build_matrix
from features.spark import check_spark, spark_matrix
from tests import whole_runs
from tests.features_agency import agency, every_kind
from tests.features_cores import SPECIAL
from tests.features_reference import Core
from tests.features_spark import QUICK, cluster, reason_to_skip
from tests.features_warehouse import built, differing, fill, portable, read, specs, warehouse
from tests.whole_runs import Ran, World

needs_spark = pytest.mark.skipif(reason_to_skip() is not None, reason=str(reason_to_skip()))
COUNT = {"name": "n", "kind": "count", "factor": "f", "events": {"type": "t"}, "window": "1y"}
NUMBERS = ["", " 3 ", "\u00a07", "-0", "+.5", "1e3", "2."]


@pytest.fixture(autouse=True)
def quick_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JDK_JAVA_OPTIONS", QUICK)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: nothing is to be left in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def _agency(people: int) -> Core:
    """A made-up agency with numbers and texts that engines read or print in ways of their own."""
    core = agency(people, seed=11)
    for i, event in enumerate(core["events"][::7]):
        event["value"] = SPECIAL[i % len(SPECIAL)]
    numbers = [attribute for attribute in core["attributes"] if attribute["name"] == "number"]
    for i, attribute in enumerate(numbers[::3]):
        attribute["value"] = NUMBERS[i % len(NUMBERS)]
    return core


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse(threads=2) as connection:
        fill(connection, _agency(300))
        yield connection


# ---- the same cells -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_spark
@pytest.mark.measured
def test_every_kind_has_the_same_cells_on_two_threads(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    declared = every_kind()
    found = built(con, declared, spark="local[2]", folder=tmp_path / "spark")
    assert differing(found, portable(con, declared)) == []
    assert list((tmp_path / "spark").iterdir()) == []
    assert list(elsewhere.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@needs_spark
def test_a_cluster_of_two_workers_gives_the_same_cells(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "conf" / "spark-defaults.conf"
    settings.parent.mkdir()
    settings.write_text("spark.executor.memory 700m\n", encoding="utf-8")
    monkeypatch.setenv("SPARK_CONF_DIR", str(settings.parent))
    declared = every_kind()[::5]
    monkeypatch.setattr(spark, "WIDTH", len(declared) - 10)  # two statements, joined again
    with cluster(tmp_path / "cluster") as started:
        with monkeypatch.context() as impatient:
            impatient.setattr(spark_session, "WORKERS_WITHIN", 1.0)
            with pytest.raises(PlumblineError, match="no worker free"):
                built(con, declared, spark=started.master, folder=tmp_path / "spark")
        workers = started.add_workers(2)
        found = built(con, declared, spark=started.master, folder=tmp_path / "spark")
    assert differing(found, portable(con, declared)) == []
    assert [len(list(worker.glob("app-*/*/stderr"))) for worker in workers] == [1, 1], "each had a part in it"
    assert list((tmp_path / "spark").iterdir()) == []
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
@needs_spark
def test_the_setting_changes_no_byte_of_a_release(
    world: World, plain: Ran, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_SPARK", "local[2]")
    ran = whole_runs.run(world, tmp_path / "home")
    assert ran.exit_code == plain.exit_code == 0, ran.text
    assert list((ran.home / "spark").iterdir()) == []  # it was there, and is gone
    pd.testing.assert_frame_equal(ran.matrix(), plain.matrix(), check_exact=True)
    assert ran.release.release_id == plain.release.release_id
    released = [
        {p.relative_to(r.release.path): p.read_bytes() for p in r.release.path.rglob("*.parquet")} for r in (ran, plain)
    ]
    assert released[0] == released[1] != {}
    assert list(elsewhere.iterdir()) == []


def test_a_number_that_not_every_engine_reads_is_refused() -> None:
    feature = specs([{"name": "n", "kind": "attribute_number", "factor": "f", "attribute": "number"}])
    for text in ("1_000", "1d", "0x10", "\u0663", "1e400", "nan", "7\n"):
        with warehouse() as core:
            core.execute("INSERT INTO core.attribute VALUES ('p', 'p0', 'number', ?, DATE '2020-01-01')", [text])
            with pytest.raises(PlumblineError, match="1 values of “number” are not a number"):
                build_matrix(core, "p", feature)


# ---- what lies in the folder --------------------------------------------------------------------------------------


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Spark is not started: what is computed is nothing, and where it would have been is noted."""
    places: list[Path] = []

    class Unstarted:
        def __init__(self, master: str, place: Path, **more: Any) -> None:
            places.append(place)

        def __enter__(self) -> None: ...

        def __exit__(self, *raised: object) -> None: ...

    monkeypatch.setattr(spark, "check_spark", lambda master: None)
    monkeypatch.setattr(spark, "open_spark", Unstarted)
    return places


def test_only_what_is_needed_is_laid_out_for_the_owner_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, unstarted: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid: dict[str, Any] = {}

    def look(session: None, master: str, programme: str, features: Any, tables: list[str], place: Path) -> None:
        laid["mode"] = stat.S_IMODE(place.stat().st_mode)
        laid["tables"] = {file.stem for file in place.glob("*.parquet")}
        laid["types"] = con.execute(f"SELECT DISTINCT event_type FROM '{place}/core__event.parquet'").fetchall()

    monkeypatch.setattr(spark, "compute", look)
    left = tmp_path / f"{spark.PREFIX}of-a-killed-run"
    (left / "result").mkdir(parents=True)
    with pytest.raises(PlumblineError, match="not complete"), spark_matrix(con, "p", specs([COUNT]), "local", tmp_path):
        pytest.fail("nothing was computed")
    assert laid == {"mode": 0o700, "tables": {"rows", "core__event"}, "types": [("t",)]}
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_run_that_goes_on_stays(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, unstarted: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def second(*given: Any) -> None:
        if len(unstarted) == 1:
            with pytest.raises(PlumblineError), spark_matrix(con, "p", specs([COUNT]), "local", tmp_path):
                pytest.fail("nothing was computed")
            seen.append(unstarted[0].is_dir())

    monkeypatch.setattr(spark, "compute", second)
    with pytest.raises(PlumblineError), spark_matrix(con, "p", specs([COUNT]), "local", tmp_path):
        pytest.fail("nothing was computed")
    assert seen == [True]
    assert len(set(unstarted)) == 2


def test_without_rows_nothing_is_started(con: duckdb.DuckDBPyConnection, tmp_path: Path, unstarted: list[Path]) -> None:
    with spark_matrix(con, "p", specs([COUNT]), "local", tmp_path, only="FALSE") as relation:
        assert read(con, f"SELECT * FROM {relation}") == {}
        assert [column[0] for column in con.description or []] == ["cohort", "as_of", "case_id", "n"]
    assert unstarted == []


def test_a_folder_that_cannot_be_made_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, unstarted: list[Path]
) -> None:
    (tmp_path / "file").touch()
    where = tmp_path / "file" / "spark"
    with (
        pytest.raises(PlumblineError, match="cannot be written") as raised,
        spark_matrix(con, "p", specs([COUNT]), "local", where),
    ):
        pytest.fail("there is no folder")
    assert raised.value.where == str(where)


# ---- what is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "master", ["locally", "local[two]", "spark://host", "spark://:7077", "yarn", "spark://a:1;rm", "local[2] "]
)
def test_a_name_that_is_no_masters(master: str) -> None:
    with pytest.raises(UsageError, match="names no Spark master") as raised:
        check_spark(master)
    assert raised.value.where == "PLUMBLINE_SPARK"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyspark" else found(name))
    with pytest.raises(PlumblineError, match="pyspark cannot be imported") as raised:
        check_spark("local[2]")
    assert "plumbline[spark]" in str(raised.value)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were installed."""
    monkeypatch.setattr(spark_session.importlib.util, "find_spec", lambda name: object())


def _java(folder: Path, says: str) -> None:
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n", encoding="utf-8")
    java.chmod(0o700)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ('openjdk version "11.0.2" 2019-01-15', "Java 11 is too old for Spark"),
        ('java version "1.8.0_402"', "Java 8 is too old for Spark"),
        ("no such thing", "Spark needs Java, and there is none"),
        (None, "Spark needs Java, and there is none"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_without_a_java_that_is_new_enough(
    says: str | None, told: str, named: bool, installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if says is not None:
        _java(tmp_path, says)
    if named:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    else:
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(PlumblineError, match=told) as raised:
        check_spark("local[2]")
    assert ("JAVA_HOME" in raised.value.what) is named
    assert "openjdk-17-jre-headless" in str(raised.value)


def test_a_master_that_does_not_answer(installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _java(tmp_path, 'openjdk version "17.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with socket.socket() as listening, socket.socket() as bound:
        for each in (listening, bound):
            each.bind(("127.0.0.1", 0))
        listening.listen()
        there, silent = (f"127.0.0.1:{each.getsockname()[1]}" for each in (listening, bound))
        with pytest.raises(PlumblineError, match="no Spark master answers") as raised:
            check_spark(f"spark://{silent},localhost:99999")
        assert silent in str(raised.value)
        check_spark(f"spark://{silent},{there}")  # one is enough


@pytest.mark.parametrize(
    ("master", "code", "told"), [("yarn", 2, "names no Spark master"), ("spark://127.0.0.1:1", 1, "PLUMBLINE_SPARK")]
)
def test_a_run_says_so_before_it_begins(
    master: str, code: int, told: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_SPARK", master)
    ran = whole_runs.run(world, tmp_path / "home")
    assert ran.exit_code == code
    assert told in ran.text
    assert "Traceback" not in ran.text
    assert not (ran.home / "warehouse.duckdb").exists()


@pytest.mark.slow
@needs_spark
@pytest.mark.measured
def test_a_failure_of_spark_is_told_without_values_and_leaves_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(session: Any, master: str, *more: Any) -> None:
        with spark_session.told_of_spark(master):
            session.sql("SELECT CAST('zzcanary77' AS INT)").collect()

    def die(session: Any, master: str, *more: Any) -> None:
        with spark_session.told_of_spark(master):
            os.kill(session.sparkContext._gateway.proc.pid, 9)
            session.sql("SELECT 1").collect()

    for compute, told in ((fail, "CAST_INVALID_INPUT"), (die, "Java process ended")):
        monkeypatch.setattr(spark, "compute", compute)
        with (
            pytest.raises(PlumblineError, match=told) as raised,
            spark_matrix(con, "p", specs([COUNT]), "local", tmp_path),
        ):
            pytest.fail("it failed")
        assert "zzcanary77" not in str(raised.value)
        assert raised.value.__cause__ is None
        assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@needs_spark
def test_beside_another_session_it_does_not_begin(tmp_path: Path) -> None:
    with spark_session.open_spark("local", tmp_path) as session:
        assert session.conf.get("spark.sql.session.timeZone") == "UTC"
        with (
            pytest.raises(PlumblineError, match="open in this process already"),
            spark_session.open_spark("local", tmp_path),
        ):
            pytest.fail("there are two")
