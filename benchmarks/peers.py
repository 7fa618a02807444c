"""The peers' environments: one folder each under benchmarks/.envs, made by uv from a pinned requirements file.

Belongs here: making them, and the version that is in them.
Does not belong here: our own environment (uv.lock), in which no peer is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".envs"
PEERS = tuple(sorted(file.stem for file in (HERE / "peers").glob("*.txt")))


class NotInstalledError(Exception):
    """A peer's environment cannot be made."""


def python(engine: str) -> Path:
    """The interpreter that runs an engine; its environment is made where it is not there or not what is pinned.

    Parameters
    ----------
    engine : str
        `plumbline` or the name of a peer.

    Raises
    ------
    NotInstalledError
        When uv is not there or cannot install what is pinned, for example without a network.
    """
    if engine not in PEERS:
        return Path(sys.executable)
    pinned = HERE / "peers" / f"{engine}.txt"
    folder = ENVIRONMENTS / engine
    stamp = folder / ".pinned"
    if not stamp.exists() or stamp.read_text() != pinned.read_text():
        uv = shutil.which("uv") or str(HERE.parent / ".tools" / "bin" / "uv")
        base = getattr(sys, "_base_executable", sys.executable)
        own = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        own["UV_PYTHON_DOWNLOADS"] = "never"
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", base, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(_interpreter(folder)), "-r", str(pinned)],
        ):
            try:
                subprocess.run(command, check=True, capture_output=True, text=True, env=own)
            except FileNotFoundError as error:
                raise NotInstalledError(f"{engine}: uv is not installed.") from error
            except subprocess.CalledProcessError as error:
                last = (error.stderr.strip().splitlines() or ["uv gave no reason"])[-1]
                raise NotInstalledError(f"{engine}: {last.strip()}") from error
        stamp.write_text(pinned.read_text())
    return _interpreter(folder)


def version(engine: str) -> str:
    """The version of an engine in its environment."""
    query = f"import importlib.metadata; print(importlib.metadata.version({engine!r}))"
    return subprocess.run([python(engine), "-c", query], check=True, capture_output=True, text=True).stdout.strip()


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"
