"""Homes that cannot be written, keys that cannot be used, disks that are full."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small disk in memory; skips where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: it needs root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("command", ["check", "run", "ui"])
def test_a_home_that_is_a_file(command: str, plumbline: Command, pack: Path, data: Path, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine", encoding="utf-8")
    more = [] if command == "ui" else [pack, "--data", data]
    for home in (place, place / "below"):
        ended = plumbline(command, *more, at=home, code=1)
        ended.says("the home cannot be written", str(home), "--home DIR or PLUMBLINE_HOME")
    assert place.read_text(encoding="utf-8") == "mine"


def test_a_home_where_nobody_may_write(plumbline: Command, pack: Path, data: Path) -> None:
    """Not even root makes a folder there."""
    for home in (Path("/proc/plumbline"), Path("/dev/null/home")):
        plumbline("run", pack, "--data", data, at=home, code=1).says("the home cannot be written", "--home DIR")


def test_a_home_on_a_read_only_disk(plumbline: Command, pack: Path, data: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro,size=1m"):
        for command in ("check", "run"):
            ended = plumbline(command, pack, "--data", data, at=tmp_path / "disk" / "home", code=1)
            ended.says("the home cannot be written (Read-only file system)", "--home DIR")


def test_everything_in_a_home_is_its_owners_alone(plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    plumbline("check", pack, "--data", data, code=0)
    for path in (home, *home.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_key_inside_the_home(plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    for inside in (home / "key", home / "deep" / ".." / "key"):
        os.environ["PLUMBLINE_KEY_FILE"] = str(inside)
        ended = plumbline("check", pack, "--data", data, code=2)
        ended.says("the key file lies inside the home", "PLUMBLINE_KEY_FILE", "outside the home")
        plumbline("run", pack, "--data", data, code=2).says("the key file lies inside the home")
        assert not inside.exists()


def test_the_life_of_a_key(plumbline: Command, pack: Path, data: Path, home: Path, tmp_path: Path) -> None:
    """Made on first use; guarded, never made anew beside a warehouse, never replaced by another."""
    key = tmp_path / "keys" / "key"
    os.environ["PLUMBLINE_KEY_FILE"] = str(key)
    (data / "persons.csv").rename(tmp_path / "persons.csv")  # the door is reached, and no further: quick
    plumbline("check", pack, "--data", data, code=3)
    secret = key.read_text(encoding="ascii")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert secret.strip() not in "".join(str(path.read_bytes()) for path in home.rglob("*") if path.is_file())

    key.chmod(0o640)
    plumbline("check", pack, "--data", data, code=1).says("can be read or written by others", "chmod 600")
    key.chmod(0o600)
    key.write_text("no key\n", encoding="ascii")
    plumbline("check", pack, "--data", data, code=1).says("holds no key", "backup")
    key.unlink()
    for command in ("check", "run"):
        ended = plumbline(command, pack, "--data", data, code=1)
        ended.says("the key file is missing", "Restore it from your backup")
    assert not key.exists()
    key.mkdir()
    plumbline("check", pack, "--data", data, code=1).says("the key file cannot be used")


def test_a_key_in_a_folder_that_cannot_be_made(plumbline: Command, pack: Path, data: Path) -> None:
    os.environ["PLUMBLINE_KEY_FILE"] = "/proc/plumbline/key"
    plumbline("check", pack, "--data", data, code=1).says("the key file cannot be used", "PLUMBLINE_KEY_FILE")


@pytest.mark.slow
def test_another_key_than_the_warehouses(
    plumbline: Command, pack: Path, data: Path, released_home: Path, tmp_path: Path
) -> None:
    os.environ["PLUMBLINE_KEY_FILE"] = str(tmp_path / "other")
    (tmp_path / "other").write_text("ab" * 32, encoding="ascii")
    (tmp_path / "other").chmod(0o600)
    ended = plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", code=1)
    ended.says("another key", "PLUMBLINE_KEY_FILE")


def test_settings_that_mean_nothing(plumbline: Command, pack: Path, data: Path) -> None:
    os.environ["PLUMBLINE_MEMORY_LIMIT"] = "plenty"
    plumbline("check", pack, "--data", data, code=2).says("no amount of memory", "PLUMBLINE_MEMORY_LIMIT", "4GB")


def _fill(folder: Path, leave: int) -> Path:
    """Fill the disk but for some bytes."""
    filler = folder / "filler"
    free = os.statvfs(folder)
    with filler.open("wb") as file, contextlib.suppress(OSError):
        for _ in range(max(0, free.f_bavail * free.f_frsize - leave) // 4096):
            file.write(bytes(4096))
    return filler


@pytest.mark.slow
@pytest.mark.parametrize("left_over", [0, 600_000, 4_000_000], ids=["nothing", "600 kB", "4 MB"])
def test_a_full_disk_leaves_the_last_release_as_it_was(
    left_over: int, plumbline: Command, pack: Path, data: Path, released: Path, tmp_path: Path
) -> None:
    """Whichever step finds the disk full, it says so; with space the next run works."""
    size = sum(path.stat().st_size for path in released.rglob("*") if path.is_file())
    with mounted(tmp_path / "disk", f"size={size + 60_000_000}"):
        home = Path(shutil.copytree(released, tmp_path / "disk" / "home"))
        folder = home / "releases" / "family_support"
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        filler = _fill(tmp_path / "disk", left_over)
        ended = plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", "--retrain", at=home, code=1)
        ended.says("no space is left on the disk", "Free some space")
        after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert {path for path, content in before.items() if after[path] != content} <= {folder / "current"}
        current = folder / (folder / "current").read_text(encoding="utf-8").strip()
        if current in {path.parent for path in before}:
            assert after == before
        else:  # only the history of the run was too much: its release is there, and whole
            assert json.loads(after[current / "manifest.json"])["verdict"] == "descriptive_only"
        filler.unlink()
        if left_over == 600_000:
            plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", "--retrain", at=home, code=3)
            assert (folder / "current").read_bytes() != before[folder / "current"]
