"""What every kind of test shares: where real data is, an empty home, a key outside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# where a machine decides whether a change lands, the same change gets the same examples; elsewhere they are new
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

os.environ["PLUMBLINE_NO_COLOUR"] = "1"


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Commands make everything that they write private; tests that call them in process get their own mask back."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


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
