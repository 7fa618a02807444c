"""Where things are, and how failures are told."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from data_contracts.errors import PlumblineError, UsageError
from pipelines.packs import Pack
from pipelines.resources import hold, open_run
from pipelines.settings import (
    DAGSTER_YAML,
    Home,
    batch_memory,
    be_quiet,
    find_home,
    find_key_file,
    memory,
    memory_limit,
)
from pipelines.told import tell, told


def test_the_home_is_named_by_the_command_then_the_environment_then_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "env"))
    assert find_home(tmp_path / "named").root == tmp_path / "named"
    assert find_home(None).root == tmp_path / "env"
    monkeypatch.delenv("PLUMBLINE_HOME")
    assert find_home(None).root == tmp_path / "var"


def test_a_home_is_for_its_owner_only_and_dagster_reports_to_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home").prepare()
    for folder in (home.root, home.dagster, home.mlflow_artifacts, home.releases, home.checks):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (home.dagster / "dagster.yaml").read_text(encoding="utf-8") == DAGSTER_YAML
    assert "enabled: false" in DAGSTER_YAML
    assert home.prepare() is home


def test_what_a_killed_command_left_of_a_copy_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_KEY_FILE", str(tmp_path / "key"))
    home = Home(tmp_path / "home").prepare()
    beside = [home.rehearsal, home.root / "rehearsal.duckdb.wal", home.root / "rehearsal.duckdb.tmp" / "block"]
    beside[-1].parent.mkdir()
    for path in beside:
        path.touch()
    pack = cast("Pack", SimpleNamespace(name="demo"))
    with hold(home), pytest.raises(PlumblineError, match="another run"), open_run(home, pack):
        pass
    assert all(path.exists() for path in beside), "it may be in use by whoever holds the home"
    with open_run(home, pack) as run:
        assert not list(home.root.glob("rehearsal*"))
        assert run.home.warehouse.exists()


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PlumblineError, match="cannot be written") as raised:
        Home(file / "home").prepare()
    assert raised.value.exit_code == 1


def test_the_key_stays_outside_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PLUMBLINE_KEY_FILE", str(tmp_path / "home" / "key"))
    with pytest.raises(UsageError, match="inside the home"):
        find_key_file(home)
    monkeypatch.setenv("PLUMBLINE_KEY_FILE", str(tmp_path / "key"))
    assert find_key_file(home) == tmp_path / "key"
    monkeypatch.delenv("PLUMBLINE_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert find_key_file(home) == tmp_path / "config" / "plumbline" / "key"


def test_every_telemetry_is_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "MLFLOW_DISABLE_TELEMETRY",
        "GX_ANALYTICS_ENABLED",
        "DAGSTER_DISABLE_TELEMETRY",
        "MLFLOW_TRACKING_URI",
    ):
        monkeypatch.setenv(name, "before")
    before = os.umask(0o022)
    try:
        be_quiet(Home(tmp_path))
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
        assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
        assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{tmp_path / 'mlflow.db'}"
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)


def test_the_memory_limit_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, amount in (("2GB", 2 * 10**9), ("1.5 gib", 1536 * 2**20), ("3000000000", 3 * 10**9), ("4096MiB", 2**32)):
        monkeypatch.setenv("PLUMBLINE_MEMORY_LIMIT", said)
        assert memory() == amount
        assert memory_limit() == f"{amount * 6 // 10 // 2**20}MiB"
        assert batch_memory() == amount * 15 // 100


def test_by_default_it_is_half_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMBLINE_MEMORY_LIMIT", raising=False)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < memory() <= machine // 2


@pytest.mark.parametrize("said", ["much", "4 apples", "-1GB", "200MB", "GB"])
def test_a_memory_limit_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("PLUMBLINE_MEMORY_LIMIT", said)
    with pytest.raises(UsageError) as caught:
        memory()
    assert "PLUMBLINE_MEMORY_LIMIT" in str(caught.value)


def chained(inner: BaseException) -> BaseException:
    """An exception that another one caused, as libraries wrap them."""
    try:
        try:
            raise inner
        except BaseException as error:
            raise RuntimeError("a library's words with a row: canary") from error
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left"),
        (ValueError("IO Error: Could not write: No space left on device"), "no space is left"),
        (ValueError("(sqlite3.OperationalError) database or disk is full"), "no space is left"),
        (MemoryError(), "not enough memory"),
        (PermissionError(errno.EACCES, "denied", "some/file"), "Permission denied"),
        (PlumblineError("already told."), "already told."),
        (KeyError("canary"), "fault in Plumbline (RuntimeError)"),
    ],
)
def test_a_failure_becomes_a_sentence_without_the_librarys_words(inner: BaseException, words: str) -> None:
    sentence = str(tell(chained(inner), Path("home")))
    assert words in sentence
    assert "canary" not in sentence


def test_told_lets_through_what_is_told_and_tells_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMBLINE_DEBUG", raising=False)
    with pytest.raises(UsageError, match="mine"), told(tmp_path):
        raise UsageError("mine")
    with pytest.raises(KeyboardInterrupt), told(tmp_path):
        raise KeyboardInterrupt
    with pytest.raises(PlumblineError, match="fault in Plumbline"), told(tmp_path):
        raise ZeroDivisionError("canary")
    monkeypatch.setenv("PLUMBLINE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError), told(tmp_path):
        raise ZeroDivisionError
