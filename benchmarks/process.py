"""One run: a script in a process of its own, and what it took.

Belongs here: starting it, its seconds, the memory of it and its children.
Does not belong here: which script, or how often (run).

Only the standard library, and little of it: a child's largest resident set counts from its parent's.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


class FailedError(Exception):
    """A script did not end well."""


def took(command: Sequence[str | Path], environment: Mapping[str, str]) -> dict[str, float]:
    """Run a script that ends with `workload.measured`.

    Parameters
    ----------
    command : sequence of str or Path
        Interpreter and arguments.
    environment : mapping of str to str
        Variables beside those of this process.

    Returns
    -------
    dict
        wall, cpu: seconds of the work; whole_wall, whole_cpu: of the process from its start to its end; peak: bytes of
        the largest resident set that the process and its children had together.

    Raises
    ------
    FailedError
        When it ends with an error, or is killed.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=said, stderr=wrong)
        tree = _Tree(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        tree.stop()
        if process.returncode:
            wrong.seek(0)
            raise FailedError(f"exit code {process.returncode}\n{wrong.read().decode()[-3000:]}")
        said.seek(0)
        inside = json.loads(said.read().decode().splitlines()[-1])
    return {
        "wall": inside["wall"],
        "cpu": inside["cpu"],
        "whole_wall": wall,
        "whole_cpu": usage.ru_utime + usage.ru_stime,
        "peak": max(inside["peak"], tree.peak),
    }


class _Tree:
    """The largest resident set of a process and its descendants together, looked at every 20 ms."""

    def __init__(self, pid: int) -> None:
        self.peak, self._pid, self._done = 0, pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, _resident(self._pid))

    def stop(self) -> None:
        """Look no longer."""
        self._done.set()
        self._thread.join()


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):  # it has ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)
