"""A run that is stopped in the middle, or meets another: the last release stays whole, and the next run works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Command

pytestmark = pytest.mark.slow


class Running:
    """A `plumbline run` in a process of its own; its progress is followed line by line."""

    def __init__(self, pack: Path, data: Path, home: Path, day: str) -> None:
        line = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", str(pack), "--data", str(data)]
        self.log = home.with_name("progress.txt")
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*line, "--as-of", day, "--home", str(home)], stdout=log, stderr=log, env=os.environ
            )

    def until(self, said: str) -> None:
        """Wait for a line of progress."""
        for _ in range(6000):
            if said in self.text:
                return
            assert self.process.poll() is None, f"it ended before {said!r}:\n{self.text}"
            time.sleep(0.02)
        raise AssertionError(f"{said!r} did not come")

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=120)


def _snapshot(home: Path) -> dict[str, bytes]:
    folder = home / "releases" / "family_support"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".unfinished" not in str(path)
    }


def _is_whole(home: Path) -> None:
    """The current release has all its files, each readable."""
    folder = home / "releases" / "family_support"
    release = folder / (folder / "current").read_text(encoding="utf-8").strip()
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["release_id"] == release.name
    for table in release.rglob("*.parquet"):
        pd.read_parquet(table)
    assert len(list(release.rglob("*.html"))) == 16
    assert not list(folder.glob(".unfinished*"))


def test_a_second_run_says_so_and_ctrl_c_leaves_all_as_it_was(
    plumbline: Command, pack: Path, data: Path, released_home: Path
) -> None:
    """While one run reads a delivery, another run, a check and Ctrl-C; then the same delivery is let in."""
    before = _snapshot(released_home)
    first = Running(pack, data, released_home, "2025-01-01")
    for _ in range(3000):
        if (released_home / "warehouse.duckdb.wal").exists():
            break
        time.sleep(0.02)
        assert first.process.poll() is None, first.text
    for command in ("run", "check"):
        ended = plumbline(command, pack, "--data", data, code=1)
        ended.says("another run is going on in this home", "Wait until it has ended, or use another home")
    assert first.process.poll() is None, "the first run went on"
    plumbline("report", pack, code=0).says("Met the thresholds")  # reading is never blocked
    assert first.stop(signal.SIGINT) == 1
    assert "Stopped. The last release is untouched; the next run starts afresh." in first.text
    assert "Traceback" not in first.text
    assert _snapshot(released_home) == before
    _is_whole(released_home)
    again = plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", "--retrain", code=3)
    again.says("Too few recorded outcomes")
    _is_whole(released_home)
    assert set(before.items()) - set(_snapshot(released_home).items()) == {("current", before["current"])}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_a_run_killed_while_it_writes_its_release(
    how: signal.Signals, plumbline: Command, pack: Path, workshop: Path, released_home: Path
) -> None:
    before = _snapshot(released_home)
    run = Running(pack, workshop / "many", released_home, "2024-01-01")
    run.until("done    verdict")
    for _ in range(500):
        if list((released_home / "releases" / "family_support").glob(".unfinished*")):
            break
        time.sleep(0.01)
    code = run.stop(how)
    assert code == (1 if how == signal.SIGINT else -how), run.text
    assert "Traceback" not in run.text
    assert _snapshot(released_home) == before
    if how == signal.SIGKILL:
        plumbline("run", pack, "--data", workshop / "many", "--as-of", "2024-01-01", code=0)
        _is_whole(released_home)
        current = (released_home / "releases" / "family_support" / "current").read_text(encoding="utf-8")
        assert current.startswith("2024-01-01")
