"""Apache Spark for tests: whether this machine can run it, and a cluster of its own on loopback.

Belongs here: starting and ending a standalone master and its workers.
Does not belong here: what is computed there (tests/pipeline/test_features_spark.py).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from features.spark_session import OLDEST_JAVA, java_version

STARTED_WITHIN = 120.0  # seconds, on a machine that does much else

QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java compiles these short computations longer than it runs them: half the time goes without its second compiler; and
one thread that collects garbage costs a tenth less than many."""


def reason_to_skip() -> str | None:
    """Why Spark cannot run here, or None."""
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("sqlglot") is None:
        return "pyspark and sqlglot are not installed: scripts/setup spark"
    java = shutil.which("java")
    if ((java_version(java) if java else None) or 0) < OLDEST_JAVA:
        return f"there is no Java {OLDEST_JAVA} or newer: scripts/setup-jdk"
    return None


@dataclass
class Cluster:
    """A standalone master on loopback, and its workers.

    Attributes
    ----------
    folder : Path
        Takes everything that they write.
    port : int
        The master's.
    """

    folder: Path
    port: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def master(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def add_workers(self, count: int) -> list[Path]:
        """Start workers of one core each, wait until the master knows them, and give their folders."""
        folders = [self.folder / f"worker{number}" for number in range(count)]
        for folder in folders:
            self._start("worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", str(folder), self.master)
        log = self.folder / "master.Master0.log"
        self._await(lambda: log.read_bytes().count(b"Registering worker") >= count)
        return folders

    def _start(self, name: str, *more: str) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        # the user's own settings of Spark have no say
        surroundings = {key: value for key, value in os.environ.items() if not key.startswith("SPARK")}
        surroundings |= {
            "SPARK_HOME": str(home),
            "SPARK_CONF_DIR": str(self.folder),
            "SPARK_LOCAL_DIRS": str(self.folder / "scratch"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "JDK_JAVA_OPTIONS": f"{QUICK} -Djava.io.tmpdir={self.folder} -XX:-UsePerfData",
        }
        line = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1"]
        with (self.folder / f"{name}{len(self.running)}.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(
                    [*line, "--webui-port", "0", *more],
                    stdout=log,
                    stderr=log,
                    env=surroundings,
                    cwd=self.folder,
                    start_new_session=True,
                )
            )

    def _await(self, done: object) -> None:
        assert callable(done)
        until = time.monotonic() + STARTED_WITHIN
        while not done():
            assert all(process.poll() is None for process in self.running), "a process of the cluster ended"
            assert time.monotonic() < until, "the cluster did not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def start(self) -> None:
        """Start the master and wait until it answers."""
        self._start("master.Master", "--port", str(self.port))
        self._await(self._answers)

    def end(self) -> None:
        """End them all, with what they have started."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in self.running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            for process in self.running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=10)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A master without workers; ended whatever happens."""
    (folder / "scratch").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    made = Cluster(folder, port)
    try:
        made.start()
        yield made
    finally:
        made.end()
