"""Runs of the whole job that several tests read; none of them may change anything in their homes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import whole_runs
from tests.measured import measured
from tests.whole_runs import Ran, World


@pytest.fixture(scope="session")
def world(runs_root: Path) -> World:
    return World(whole_runs.shared(runs_root, "world", whole_runs.make_world))


@pytest.fixture(scope="session")
def plain(world: World, runs_root: Path) -> Ran:
    """The run in whose data nothing is planted; coverage is measured on it, whichever test asks for it."""
    with measured(True):
        return whole_runs.shared_run(runs_root, "plain", lambda home: whole_runs.run(world, home))


@pytest.fixture(scope="session")
def again(world: World, runs_root: Path) -> Ran:
    """The same run in another home, materialised through Dagster's job on one thread."""
    return whole_runs.shared_run(runs_root, "again", lambda home: whole_runs.materialise(world, home, threads=1))


@pytest.fixture(scope="session")
def refused(world: World, runs_root: Path) -> Ran:
    """A run whose delivery the privacy gate refuses: e-mail addresses in a column of another name, without a tag."""

    def make(home: Path) -> Ran:
        data = whole_runs.planted(world, home.with_name("refused_data"), whole_runs.addresses)
        return whole_runs.run(world, home, data=data)

    return whole_runs.shared_run(runs_root, "refused", make)
