"""Dagster's UI and daemon on the same home, on this machine only.

Belongs here: starting and stopping the two processes, and saying where MLflow's UI is.
Does not belong here: what they show (pipelines.definitions).
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from data_contracts.errors import PlumblineError
from pipelines.packs import load_pack, own_packs
from pipelines.settings import Home


def commands(port: int) -> dict[str, list[str]]:
    """The command line of each process."""
    module = ["-m", "pipelines.definitions"]
    return {
        "webserver": [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *module],
        "daemon": [sys.executable, "-m", "dagster._daemon", "run", *module],
    }


def mlflow_hint(home: Home) -> str:
    """The command that opens MLflow's UI on this home."""
    mlflow = Path(sys.executable).with_name("mlflow")
    return f"{shlex.quote(str(mlflow))} ui --host 127.0.0.1 --backend-store-uri {shlex.quote(home.mlflow_store)}"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def serve(home: Home, port: int, packs: tuple[Path, ...]) -> int:
    """Serve until Ctrl-C.

    Raises
    ------
    PackError
        When a named pack does not load.
    PlumblineError
        When one of the two processes ends by itself.
    """
    home.prepare()
    for pack in packs:
        load_pack(str(pack))
    environment = os.environ | {
        "PLUMBLINE_HOME": str(home.root),
        "PLUMBLINE_PACKS": os.pathsep.join(str(pack.absolute()) for pack in [*own_packs(), *packs]),
    }
    signal.signal(signal.SIGTERM, _interrupt)  # what a service manager sends ends both processes, as Ctrl-C does
    click.echo(f"Dagster: http://127.0.0.1:{port}   (Ctrl-C stops)")
    click.echo(f"MLflow, in another terminal: {mlflow_hint(home)}")
    running = {name: subprocess.Popen(args, env=environment) for name, args in commands(port).items()}  # noqa: S603
    try:
        while True:
            for name, process in running.items():
                if process.poll() is not None:
                    raise PlumblineError(
                        f"Dagster's {name} stopped.", todo=f"Is port {port} taken? Try --port with another."
                    )
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(timeout=20)
