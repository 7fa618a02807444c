"""What the coverage of branches is measured on: tracing every line makes a whole run half as long again.

Belongs here: switching the measurement off and on. Tests marked `slow` run without it (tests/conftest.py): they assert
something of the whole job, and the quick tests and the whole runs that several tests share go through the same lines;
where they do not, a slow test is marked `measured`.
Does not belong here: how coverage is set (pyproject.toml).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SUBPROCESSES = "COVERAGE_PROCESS_CONFIG"
"""Tells Python in a process of its own to measure as well."""

_resting: list[Any] = []
"""The measurement that is switched off, if one is."""


@contextmanager
def measured(wanted: bool) -> Iterator[None]:
    """Measure what is run in here, or do not; where pytest was started without `--cov` nothing is ever measured."""
    from coverage import Coverage

    coverage = _resting[-1] if _resting else Coverage.current()
    if coverage is None or wanted is not bool(_resting):  # it is as it should be
        yield
        return
    told = os.environ.get(SUBPROCESSES)
    (_on if wanted else _off)(coverage)
    try:
        yield
    finally:
        (_off if wanted else _on)(coverage)
        if told is not None:
            os.environ[SUBPROCESSES] = told


def _off(coverage: Any) -> None:
    coverage.stop()
    _resting.append(coverage)
    os.environ.pop(SUBPROCESSES, None)


def _on(coverage: Any) -> None:
    _resting.clear()
    coverage.start()
