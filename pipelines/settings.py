"""Where things are: the home, the key file, what the environment may set.

Belongs here: paths and environment variables, read when asked for (never at import).
Does not belong here: what is in the files (each room) or a programme's own settings (pipelines.packs).
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from data_contracts.errors import PlumblineError, UsageError

LEAST_MEMORY = 10**9  # Python and the libraries take 0.4 GB before the first row

DAGSTER_YAML = """\
# Written by Plumbline. No telemetry; what steps print is not kept, so that no row can end up in a file.
telemetry:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_monitoring:
  enabled: true
  start_timeout_seconds: 600
"""


@dataclass(frozen=True)
class Home:
    """The folder that holds everything that runs write."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The one DuckDB file."""
        return self.root / "warehouse.duckdb"

    @property
    def dagster(self) -> Path:
        """Dagster's own history."""
        return self.root / "dagster"

    @property
    def mlflow_store(self) -> str:
        """MLflow's tracking address: a sqlite file in the home."""
        return f"sqlite:///{self.root / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        """MLflow's artefacts."""
        return self.root / "mlartifacts"

    @property
    def releases(self) -> Path:
        """One folder per programme."""
        return self.root / "releases"

    @property
    def checks(self) -> Path:
        """What `plumbline check` and refused runs leave."""
        return self.root / "checks"

    @property
    def evaluations(self) -> Path:
        """What `plumbline evaluate` leaves."""
        return self.root / "evaluations"

    @property
    def spark(self) -> Path:
        """What Spark's workers read and write while features are computed there. May be a link to a shared disk."""
        return self.root / "spark"

    @property
    def rehearsal(self) -> Path:
        """The copy of the warehouse that a command works on which must not change it; gone when it ends."""
        return self.root / "rehearsal.duckdb"

    @property
    def lock(self) -> Path:
        """Held by the one run that may write."""
        return self.root / "run.lock"

    def discard_rehearsal(self) -> None:
        """Delete the copy and what DuckDB keeps beside it: also one that a killed command left."""
        for path in self.root.glob(f"{self.rehearsal.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def prepare(self) -> Home:
        """Make the folders, readable for their owner only.

        Raises
        ------
        PlumblineError
            When the home cannot be written.
        """
        try:
            for folder in (self.root, self.dagster, self.mlflow_artifacts, self.releases, self.checks):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.root / ".writable"
            probe.touch(mode=0o600)
            probe.unlink()
            config = self.dagster / "dagster.yaml"
            if not config.exists() or config.read_text(encoding="utf-8") != DAGSTER_YAML:
                config.write_text(DAGSTER_YAML, encoding="utf-8")
                config.chmod(0o600)
        except OSError as error:
            raise PlumblineError(
                f"the home cannot be written ({os.strerror(error.errno) if error.errno else type(error).__name__}).",
                where=str(self.root),
                todo="Choose another with --home DIR or PLUMBLINE_HOME, or change its owner.",
            ) from None
        return self


def find_home(named: Path | None) -> Home:
    """The home that the command, else the environment, else the current folder names."""
    root = named or Path(os.environ.get("PLUMBLINE_HOME") or "var")
    return Home(root.expanduser().absolute())


def find_key_file(home: Home) -> Path:
    """The master key's file: `$PLUMBLINE_KEY_FILE`, else in the user's configuration folder.

    Raises
    ------
    UsageError
        When it would lie inside the home: whoever copies the home must not get the key with it.
    """
    named = os.environ.get("PLUMBLINE_KEY_FILE")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = (Path(named) if named else config / "plumbline" / "key").expanduser().absolute()
    if path.resolve().is_relative_to(home.root.resolve()):
        raise UsageError(
            "the key file lies inside the home.",
            where="PLUMBLINE_KEY_FILE",
            todo="Keep the key apart from the data: name a file outside the home.",
        )
    return path


def memory() -> int:
    """Bytes that a run may take: `$PLUMBLINE_MEMORY_LIMIT`, for example ``4GB``, else half of the machine's.

    Raises
    ------
    UsageError
        When the variable is no amount, or less than any run needs.
    """
    told = os.environ.get("PLUMBLINE_MEMORY_LIMIT", "").strip()
    if not told:
        return _machine_memory() // 2
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", told, re.IGNORECASE)
    if not match:
        raise UsageError("this is no amount of memory.", where="PLUMBLINE_MEMORY_LIMIT", todo="Write for example 4GB.")
    amount = int(float(match[1]) * (1024 if match[3] else 1000) ** " KMGT".index(match[2].upper() or " "))
    if amount < LEAST_MEMORY:
        raise UsageError(
            "no run can do with so little memory.", where="PLUMBLINE_MEMORY_LIMIT", todo="Write at least 1GB."
        )
    return amount


def _machine_memory() -> int:
    """What is there, or what the container may use of it."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        granted = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        granted = "max"
    return min(there, int(granted)) if granted.isdigit() else there


def memory_limit() -> str:
    """DuckDB's part of the memory, as it takes it; the rest is for Python, its libraries and what they compute."""
    return f"{memory() * 6 // 10 // 2**20}MiB"


def batch_memory() -> int:
    """The part of the memory, in bytes, that batches of features may take together."""
    return memory() * 15 // 100


def spark_master() -> str | None:
    """The Spark master that computes features, e.g. ``local[2]``: `$PLUMBLINE_SPARK`, or None for DuckDB."""
    return os.environ.get("PLUMBLINE_SPARK") or None


def be_quiet(home: Home) -> None:
    """Switch off every telemetry of the stack and point its tools at the home; files are for their owner only."""
    os.umask(0o077)
    os.environ.update(
        DO_NOT_TRACK="1",
        DAGSTER_HOME=str(home.dagster),
        DAGSTER_DISABLE_TELEMETRY="1",
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_DISABLE_SCHEMA_DETAILS="true",
        MLFLOW_LOGGING_LEVEL="WARNING",  # else it tells the user how it makes its tables
        MLFLOW_TRACKING_URI=home.mlflow_store,
        GX_ANALYTICS_ENABLED="false",
        MPLBACKEND="agg",
    )
