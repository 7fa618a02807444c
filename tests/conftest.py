"""What every kind of test shares: where real data is, an empty home, a key outside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.measured import measured

# where a machine decides whether a change lands, the same change gets the same examples; elsewhere they are new
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

os.environ["PLUMBLINE_NO_COLOUR"] = "1"
# threads of scikit-learn and of linear algebra that wait for one another sleep meanwhile (as many threads, the same
# figures): where others want the same cores, spinning took a fit of a second to a minute
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # spins for 2**4 cycles instead of 2**26

MEMORY = Path("/dev/shm")
"""A disk in memory: databases wait for every write to reach a real one, in a whole run ten thousand times."""


def _is_there_room(folder: Path) -> bool:
    """Whether all folders of a session (about 1 GB) may lie in memory."""
    try:
        said = Path("/proc/meminfo").read_text(encoding="ascii")
        available = int(said.split("MemAvailable:")[1].split()[0]) * 1024
        return os.access(folder, os.W_OK) and min(available / 2, shutil.disk_usage(folder).free) > 3 * 2**30
    except (OSError, IndexError, ValueError):
        return False


if _is_there_room(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # where pytest makes its temporary folders


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Slow tests, and what is made for them alone, are left out of the coverage of branches, or marked `measured`."""
    with measured(item.get_closest_marker("slow") is None or item.get_closest_marker("measured") is not None):
        return (yield)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Commands make everything that they write private; tests that call them in process get their own mask back."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def runs_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a test session: what is made there (tests/whole_runs.py) is made once."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "whole_runs"
    root.mkdir(exist_ok=True)
    return root


@pytest.fixture(scope="session")
def oulad() -> Path:
    """The folder of the OULAD files; a test that needs it skips with a reason elsewhere."""
    named = os.environ.get("PLUMBLINE_OULAD")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data" / "oulad"
    if not folder.is_dir():
        pytest.skip(
            "the OULAD files are not here; set PLUMBLINE_OULAD to their folder (the README says how to get them)"
        )
    return folder
