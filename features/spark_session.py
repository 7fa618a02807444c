"""One Spark session: what it needs on this machine, its settings, its end, its failures in words.

Belongs here: finding Java, reading the setting, reaching the master, starting and ending Spark's Java process.
Does not belong here: what is computed on it (spark).

Spark's Java process is this module's own: it is started for one computation, writes nothing outside the folder that it
is given, and is gone afterwards. No Python runs on the workers.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_contracts.errors import PlumblineError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTING = "PLUMBLINE_SPARK"
OLDEST_JAVA = 17
REACHED_WITHIN = 5.0
"""Seconds in which the master must answer."""
WORKERS_WITHIN = 60.0
"""Seconds in which a worker must be free."""
LEAST_MEMORY = 1 << 30
"""Bytes below which Spark does not start, or not for long."""

_LOCAL = re.compile(r"local(?:\[(\d+|\*)\])?")
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}"
_CLUSTER = re.compile(rf"spark://({_HOST}(?:,{_HOST})*)")


def check_spark(master: str) -> None:
    """Say what is missing before hours of work end for want of it.

    Parameters
    ----------
    master : str
        `local`, `local[2]`, `local[*]`, or `spark://host:7077` (several hosts: `spark://a:7077,b:7077`).

    Raises
    ------
    UsageError
        When it is none of these.
    PlumblineError
        When pyspark, sqlglot or Java is missing, Java is too old, or no master answers.
    """
    hosts = _hosts(master)
    missing = [package for package in ("pyspark", "sqlglot") if importlib.util.find_spec(package) is None]
    if missing:
        raise PlumblineError(
            f"features are to be computed on Spark, but {' and '.join(missing)} cannot be imported.",
            where=f"{SETTING}={master}",
            todo="Install the extra (in a checkout: scripts/setup spark; else: pip install 'plumbline[spark]'), "
            f"or unset {SETTING}.",
        )
    _check_java(master)
    if hosts and not any(map(_answers, hosts)):
        raise PlumblineError(
            "no Spark master answers there.",
            where=f"{SETTING}={master}",
            todo=f"Start it, correct its host and port, or unset {SETTING}.",
        )


def _hosts(master: str) -> list[tuple[str, int]]:
    """Host and port of each master; none for a local one."""
    found = _CLUSTER.fullmatch(master)
    if not found and not _LOCAL.fullmatch(master):
        raise UsageError(
            f"“{master}” names no Spark master.",
            where=SETTING,
            todo="Write local[2] (two threads of this machine), local[*], or spark://HOST:PORT.",
        )
    parts = [part.rpartition(":") for part in found[1].split(",")] if found else []
    return [(host.strip("[]"), int(port)) for host, _, port in parts]


def _answers(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, timeout=REACHED_WITHIN):
            return True
    except (OSError, OverflowError):  # a port beyond 65535 overflows
        return False


def _check_java(master: str) -> None:
    """Spark takes JAVA_HOME's Java, else the one on the path: so does this."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin" / "java") if home else "java")
    major = java_version(java) if java else None
    if major is None or major < OLDEST_JAVA:
        what = f"Java {major} is too old for Spark" if major else "Spark needs Java, and there is none"
        raise PlumblineError(
            f"{what}{' (JAVA_HOME names it)' if home else ''}.",
            where=f"{SETTING}={master}",
            todo=f"Install Java {OLDEST_JAVA} or newer (Debian: apt install openjdk-17-jre-headless; in a checkout: "
            f"scripts/setup-jdk), or unset {SETTING}.",
        )


def java_version(java: str) -> int | None:
    """The main version of a Java, or None when it does not run."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - found on the path
    except (OSError, subprocess.SubprocessError):
        return None
    # 1.8.0 is version 8; since 9 the first number counts
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(found[1]) if found else None


@contextmanager
def open_spark(master: str, folder: Path, *, memory: int | None = None) -> Iterator[SparkSession]:
    """A session of our own: its Java process is started, and ended whatever happens.

    Parameters
    ----------
    master : str
        As in `check_spark`.
    folder : Path
        Takes everything that Spark's driver writes beside its results; the caller's to remove.
    memory : int, optional
        Bytes that Java may take on this machine, where the master is local. A cluster's workers have their own limits.

    Raises
    ------
    UsageError, PlumblineError
        As `check_spark`; and when Spark does not start, or no worker is free within a minute.
    """
    check_spark(master)
    with contextlib.ExitStack() as ended:
        session = _start(master, folder, memory, ended)
        yield session


def _start(master: str, folder: Path, memory: int | None, ended: contextlib.ExitStack) -> SparkSession:
    """Start it, and lay down how each part of it ends."""
    with warnings.catch_warnings():
        # of pandas on Spark, which is not used here
        warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
        from pyspark import SparkConf, SparkContext
        from pyspark.java_gateway import launch_gateway
        from pyspark.sql import SparkSession

        if SparkContext._active_spark_context is not None:
            raise PlumblineError(
                "a Spark session is open in this process already, with settings of its own.", todo="Stop it first."
            )
        ended.enter_context(_unlogged())
        # a Java process that pyspark still keeps would ignore these settings: it is put aside meanwhile
        ended.callback(_put_back, SparkSession, SparkContext, SparkContext._gateway, SparkContext._jvm, list(sys.path))
        SparkContext._gateway = SparkContext._jvm = None
        with told_of_spark(master):
            # what Java prints may hold values of rows: it goes into the folder, and with it
            output = ended.enter_context((folder / "spark.log").open("wb"))
            conf = SparkConf(loadDefaults=False).setAll(list(_settings(master, folder, memory).items()))
            gateway = launch_gateway(conf, {"stdout": output, "stderr": output})
            ended.callback(_end, gateway)
            with _own_interrupt():
                context = SparkContext(conf=conf, gateway=gateway)
            ended.callback(_quietly, context.stop)
            if _hosts(master):
                _await_workers(context, master)
            return SparkSession(context)


def _settings(master: str, folder: Path, memory: int | None) -> dict[str, str]:
    hosts = _hosts(master)
    settings = {
        "spark.master": master,
        "spark.app.name": "plumbline",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(folder),
        "spark.driver.extraJavaOptions": f'"-Djava.io.tmpdir={folder}" -XX:-UsePerfData',
        "spark.sql.catalogImplementation": "in-memory",  # Hive's would leave metastore_db and derby.log
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",  # what overflows or cannot be read stops; it does not become NULL
        "spark.sql.caseSensitive": "false",  # as in DuckDB
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # DuckDB writes one calendar throughout
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.compression.codec": "snappy",
    }
    if not hosts:
        threads = _threads(master)
        settings |= {
            "spark.sql.shuffle.partitions": str(2 * threads),  # 200 of them would cost seconds here
            "spark.authenticate": "true",  # other users of this machine share its loopback
        }
        if memory is not None:
            settings["spark.driver.memory"] = f"{max(memory, LEAST_MEMORY) >> 20}m"
    if all(_is_loopback(host) for host, _ in hosts):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def _threads(master: str) -> int:
    found = _LOCAL.fullmatch(master)
    named = found[1] if found else None
    return (os.cpu_count() or 1) if named == "*" else int(named or 1)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.")


def _await_workers(context: Any, master: str) -> None:
    """Without a free worker Spark would wait for ever, silently."""
    until = time.monotonic() + WORKERS_WITHIN
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:  # the driver is one of them
        if time.monotonic() > until:
            raise PlumblineError(
                f"the Spark master has had no worker free for {WORKERS_WITHIN:.0f} seconds.",
                where=f"{SETTING}={master}",
                todo="Start workers, wait until they are free, or lower what an executor asks for.",
            )
        time.sleep(0.2)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep pyspark and py4j from logging the text of a failure, which may hold values of rows."""
    if os.environ.get("PLUMBLINE_DEBUG"):
        yield
        return
    from pyspark.logger import PySparkLogger

    def is_ours(record: logging.LogRecord) -> bool:
        return "py4j" not in Path(record.pathname).parts  # it logs some by the root

    loggers = [PySparkLogger.getLogger(f"{kind}QueryContextLogger") for kind in ("SQL", "DataFrame")]
    loggers += [logging.getLogger(f"py4j.{module}") for module in ("java_gateway", "clientserver")]
    before = [logger.disabled for logger in loggers]
    logging.getLogger().addFilter(is_ours)
    try:
        for logger in loggers:
            logger.disabled = True
        yield
    finally:
        logging.getLogger().removeFilter(is_ours)
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Ctrl-C stays what it was: pyspark would keep it for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _quietly(stop: Any) -> None:
    # it may be gone already: that is what is wanted
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stop()


def _end(gateway: Any) -> None:
    _quietly(gateway.shutdown)
    _quietly(gateway.proc.stdin.close)  # on which it ends by itself
    try:
        gateway.proc.wait(timeout=5)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


def _put_back(session: Any, context: Any, gateway: Any, jvm: Any, path: list[str]) -> None:
    # where its Java process was killed, pyspark would take it for alive
    context._active_spark_context = session._instantiatedSession = None
    context._gateway, context._jvm, sys.path[:] = gateway, jvm, path


@contextmanager
def told_of_spark(master: str) -> Iterator[None]:
    """Failures of Spark in words: its own texts hold Java's stack and may hold values of rows.

    Raises
    ------
    PlumblineError
        For every failure of Spark inside, with the name of its cause.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        if os.environ.get("PLUMBLINE_DEBUG"):
            raise
        raise _tell(error, master) from None


_GONE = "its Java process ended"
_WORDS = {
    _GONE: ("Spark's Java process ended in the middle of its work.", "It may have lacked memory: allow more."),
    "JAVA_GATEWAY_EXITED": ("Spark's Java process did not start.", "Check JAVA_HOME, SPARK_HOME and Spark's settings."),
    "FAILED_READ_FILE": (
        "Spark's workers cannot read what was laid out for them.",
        "Every worker must see the folder under the same path, as the user who runs this.",
    ),
    "TASK_WRITE_FAILED": (
        "Spark's workers cannot write their results.",
        "Every worker must see the folder under the same path, as the user who runs this, with space left.",
    ),
    "UNABLE_TO_ACQUIRE_MEMORY": ("Spark's memory does not suffice.", "Allow more, or let more workers share."),
    "OutOfMemoryError": ("Spark's memory does not suffice.", "Allow more, or let more workers share."),
}


def _tell(error: Exception, master: str) -> PlumblineError:
    cause = _cause(error)
    what, todo = next(
        (words for key, words in _WORDS.items() if key in cause),
        (f"Spark stopped ({cause}).", "Set PLUMBLINE_DEBUG=1 to see all that it says; that may show values of rows."),
    )
    return PlumblineError(what, where=f"{SETTING}={master}", todo=todo)


def _cause(error: Exception) -> str:
    """The name of Spark's condition, else of Java's exception, else that Java is gone."""
    with contextlib.suppress(Exception):  # asked of a Java process that may have ended
        if condition := error.getCondition():  # type: ignore[attr-defined]
            return str(condition)
    names: list[str] = []
    with contextlib.suppress(Exception):
        java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
        while java is not None and len(names) < 20:
            names.append(str(java.getClass().getSimpleName()))
            java = java.getCause()
    return " < ".join(names) or _GONE
