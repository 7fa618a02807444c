"""Whole runs of family_support on small simulated data, made once and read by many tests.

Belongs here: the pack, the delivery and the homes that tests of the whole job share, and what they read from a home.
Does not belong here: what is planted (tests/pipeline/test_planted_*.py) or changes to packs (tests/pack_copies.py).
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from data_contracts.simulator import for_scenario, simulate, write
from fairness_reports.release import Release, current_release
from pipelines.cli import run_command
from tests.pack_copies import change, copy_pack, loosen, thin

NAME = "family_support"
PEOPLE = 2500
"""About 120 outcomes in the test; 100 are needed for a model."""

AS_OF = "2025-03-01"
"""Later than the cohort that is scored (1 January): only the cohort's own day keeps January's entries out."""

DAY = dt.date(2025, 1, 1)
"""The as-of date of that cohort."""

ENTERED_AHEAD = "an entry is made when it happens or later"
"""Name of a rule of the contract."""


@dataclass(frozen=True)
class World:
    """What all runs start from: a pack, a delivery, a key."""

    folder: Path

    @property
    def pack(self) -> Path:
        return self.folder / "pack"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def key(self) -> Path:
        return self.folder / "key"


@dataclass(frozen=True)
class Ran:
    """A home after a run."""

    home: Path
    exit_code: int
    text: str

    @property
    def release(self) -> Release:
        found = current_release(self.home / "releases", NAME)
        assert found is not None, self.text
        return found

    def query(self, sql: str) -> pd.DataFrame:
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as con:
            return con.execute(sql).df()

    def matrix(self) -> pd.DataFrame:
        return self.query(f'SELECT * FROM features."{NAME}__matrix" ORDER BY as_of, case_id')


def make_world(folder: Path) -> None:
    """A pack whose run takes seconds and ends with scores, and data for it."""
    world = World(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write(simulate(for_scenario(people=PEOPLE)), world.data)
    make_pack(world.pack)


def make_pack(folder: Path) -> Path:
    """Two candidates, thresholds that any model meets, and referrals that may be entered ahead of their day."""
    pack = copy_pack(folder)
    loosen(pack)
    thin(pack)
    change(pack, "programme.yaml", _few_trees)
    change(pack, "contract.odcs.yaml", _let_ahead)
    return pack


def _few_trees(programme: dict[str, Any]) -> None:
    trees = {"name": "hist_gradient_boosting", "params": {"max_trees": 40, "max_leaf_nodes": 4}}
    programme["candidates"] = {"models": ["base_rate", trees]}
    programme["splits"] = {"last": 2, "relatives": "purge"}


def _let_ahead(contract: dict[str, Any]) -> None:
    # the rule would keep such an entry out before the features have to
    rules = table(contract, "referrals")["quality"]
    rules.remove(next(rule for rule in rules if rule.get("name") == ENTERED_AHEAD))


def table(contract: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of a contract's content."""
    found: dict[str, Any] = next(each for each in contract["schema"] if each["name"] == name)
    return found


@contextmanager
def surroundings(world: World) -> Iterator[None]:
    """The environment of a run, put back afterwards."""
    before, mask = dict(os.environ), os.umask(0o022)
    os.environ["PLUMBLINE_KEY_FILE"] = str(world.key)
    for name in ("PLUMBLINE_DEBUG", "PLUMBLINE_PACKS", "PLUMBLINE_MEMORY_LIMIT", "PLUMBLINE_HOME"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.clear()
        os.environ.update(before)


def run(
    world: World, home: Path, *more: str, data: Path | None = None, pack: Path | None = None, as_of: str = AS_OF
) -> Ran:
    """`plumbline run` in this process."""
    out, err = io.StringIO(), io.StringIO()
    line = ["run", str(pack or world.pack), "--data", str(data or world.data), "--as-of", as_of, "--home", str(home)]
    with surroundings(world), redirect_stdout(out), redirect_stderr(err):
        code = run_command([*line, *more])
    return Ran(home, code, out.getvalue() + err.getvalue())


def shared(root: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once, whichever worker asks first."""
    folder, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder


def shared_run(root: Path, name: str, make: Callable[[Path], Ran]) -> Ran:
    """A run that is made once, whichever worker asks first."""
    ended = root / f"{name}.json"

    def keep(home: Path) -> None:
        ran = make(home)
        ended.write_text(json.dumps([ran.exit_code, ran.text]), encoding="utf-8")

    home = shared(root, name, keep)
    return Ran(home, *json.loads(ended.read_text(encoding="utf-8")))


def materialise(world: World, home: Path, *, threads: int, as_of: str = AS_OF) -> Ran:
    """The programme's job for one partition, as Dagster's UI would start it, on so many threads."""
    import dagster as dg
    from threadpoolctl import threadpool_limits

    import pipelines.resources
    from pipelines.definitions import build_defs, job_name
    from pipelines.packs import load_pack
    from pipelines.resources import RunResource
    from pipelines.settings import Home, be_quiet

    place = Home(home).prepare()
    opened = pipelines.resources.open_warehouse

    def on_threads(*args: Any, **settings: Any) -> duckdb.DuckDBPyConnection:
        con = opened(*args, **settings)
        con.execute(f"SET threads = {threads}")
        return con

    with surroundings(world), threadpool_limits(threads), pytest.MonkeyPatch.context() as patch:
        be_quiet(place)
        patch.setattr(pipelines.resources, "open_warehouse", on_threads)
        pack = load_pack(str(world.pack))
        resource = RunResource(home=str(home), pack=str(world.pack), data=str(world.data))
        job = build_defs([pack], {f"run_{NAME}": resource}).resolve_job_def(job_name(pack))
        with dg.DagsterInstance.from_config(str(place.dagster)) as instance:
            result = job.execute_in_process(instance=instance, partition_key=as_of)
    return Ran(home, 0 if result.success else 1, "")


def planted(world: World, folder: Path, plant: Callable[[dict[str, pd.DataFrame]], None]) -> Path:
    """A copy of the delivery with something planted in it.

    Parameters
    ----------
    plant : callable
        Given every table as text; changes the mapping in place.
    """
    tables = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in world.data.glob("*.csv")}
    plant(tables)
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        rows.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    return folder


def more(rows: pd.DataFrame, new: pd.DataFrame, key: str, prefix: str) -> pd.DataFrame:
    """Rows with others added, which get numbers of their own and are empty where nothing is said."""
    numbered = new.reset_index(drop=True)
    numbered[key] = [f"{prefix}{number}" for number in range(len(numbered))]
    return pd.concat([rows, numbered.reindex(columns=rows.columns)], ignore_index=True).fillna("")


def open_cases(tables: dict[str, pd.DataFrame], day: str) -> pd.DataFrame:
    """Cases that were known, begun and not known to be closed on a day, in the order of their numbers."""
    cases = tables["cases"]
    known = (cases["recorded_on"] < day) & (cases["opened_on"] < day)
    closed = (cases["closed_on"] != "") & (cases["closed_on"] < day) & (cases["closed_recorded_on"] < day)
    return cases[known & ~closed].sort_values("case_id").reset_index(drop=True)


MARK = "zzcanary77"
"""Stands in every planted address: whatever a run prints or leaves, this is not in it."""


def addresses(tables: dict[str, pd.DataFrame]) -> None:
    """E-mail addresses in some rows of a column that is no key and has another name."""
    tables["services"].loc[::50, "kind"] = f"{MARK}@example.org"


def biased_data(folder: Path) -> Path:
    """A delivery from a service that records much more in one community, whatever the need."""
    parameters = replace(
        for_scenario("biased", people=PEOPLE),
        unfounded={"Ardal": 0.06, "Belmar": 0.0005, "Cendry": 0.0005},
    )
    write(simulate(parameters), folder)
    return folder
