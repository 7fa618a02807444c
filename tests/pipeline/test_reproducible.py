"""The same inputs and key give the same files, whoever runs it, where, when and on how many threads."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from models.registry import load_model
from tests import whole_runs
from tests.whole_runs import NAME, Ran, World

pytestmark = pytest.mark.slow

TABLES = {
    "open": ["drift", "factors", "fairness", "metrics", "quality", "shapes"],
    "restricted": ["backtest", "explanations", "scores"],
}


def files(ran: Ran) -> dict[str, bytes]:
    """Every parquet file of the current release."""
    root = ran.release.path
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def test_two_homes_one_through_the_command_one_through_dagster_on_one_thread(plain: Ran, again: Ran) -> None:
    assert (plain.exit_code, again.exit_code) == (0, 0), plain.text
    assert plain.home != again.home
    assert plain.release.release_id == again.release.release_id
    assert sorted(files(plain)) == [f"{part}/{name}.parquet" for part, names in TABLES.items() for name in names]
    assert {name for name, content in files(plain).items() if files(again)[name] != content} == set()


def test_a_second_run_keeps_the_release_and_its_models(world: World, again: Ran, runs_root: Path) -> None:
    def state(folder: Path) -> dict[Path, tuple[int, int]]:
        found = {path: path.stat() for path in folder.rglob("*")}
        return {path: (stat.st_mtime_ns, stat.st_ino) for path, stat in found.items()}

    store = again.home / "mlartifacts"
    with FileLock(runs_root / "again.writing"):
        before = again.release.path, state(again.release.path), state(store)
        second = whole_runs.run(world, again.home)
    assert second.exit_code == 0, second.text
    assert (again.release.path, state(again.release.path), state(store)) == before
    assert [path.name for path in before[0].parent.iterdir() if path.is_dir()] == [before[0].name]
    load_model(store / NAME / "models", again.release.manifest["deployed_model"]["content_hash"])


def test_another_key_gives_other_pseudonyms_and_the_same_figures(world: World, plain: Ran, tmp_path: Path) -> None:
    other = World(tmp_path / "world")
    other.folder.mkdir()
    other.pack.symlink_to(world.pack)
    other.data.symlink_to(world.data)
    ran = whole_runs.run(other, tmp_path / "home")
    assert ran.exit_code == 0, ran.text
    assert ran.release.release_id != plain.release.release_id
    ours, theirs = plain.release.table("scores"), ran.release.table("scores")
    assert not set(ours["case_id"]) & set(theirs["case_id"])
    assert not set(ours["person_id"]) & set(theirs["person_id"])
