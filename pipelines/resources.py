"""What a run holds while it goes on: the home's lock, the warehouse, the pack, the key.

Belongs here: opening and closing these, as a plain value for our own code and as the one Dagster resource.
Does not belong here: what is done with them (the rooms, called by pipelines.assets).
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from filelock import FileLock, Timeout
from pydantic import PrivateAttr

from data_contracts.errors import PlumblineError
from data_contracts.keys import ProgrammeKey, load_key
from data_contracts.warehouse import open_warehouse
from features.spark_session import check_spark
from pipelines.packs import Pack, load_pack
from pipelines.settings import Home, be_quiet, find_key_file, memory_limit, spark_master
from pipelines.told import told

if TYPE_CHECKING:
    import duckdb


@contextmanager
def hold(home: Home) -> Iterator[None]:
    """Hold the home: of two runs the second says so and stops.

    The kernel frees the lock when the process ends, however it ends.

    Raises
    ------
    PlumblineError
        When another process holds it.
    """
    lock = FileLock(home.lock, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PlumblineError(
            "another run is going on in this home.",
            where=str(home.root),
            todo="Wait until it has ended, or use another home.",
        ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass
class Run:
    """One run's hold on home, warehouse, pack and key.

    Attributes
    ----------
    home : Home
        Where it writes.
    pack : Pack
        The programme.
    con : DuckDBPyConnection
        The warehouse.
    key : ProgrammeKey
        Makes the programme's pseudonyms.
    as_of : date or None
        The day on which the prediction is made; None for a check.
    data : Path or None
        The delivery's folder; None scores again what the warehouse holds.
    retrain : bool
        Fit even what was fitted before on the same rows by the same code.
    today : date
        The day of the run.
    """

    home: Home
    pack: Pack
    con: duckdb.DuckDBPyConnection
    key: ProgrammeKey
    as_of: dt.date | None
    data: Path | None
    retrain: bool
    today: dt.date

    @property
    def programme(self) -> str:
        """The programme's name."""
        return self.pack.name

    @cached_property
    def code_version(self) -> str:
        """Version and content hash of our packages."""
        return code_version()

    @property
    def models(self) -> Path:
        """Folder of this programme's fitted models."""
        return self.home.mlflow_artifacts / self.programme / "models"

    def told(self) -> AbstractContextManager[None]:
        """Every failure inside becomes a sentence without a value of a row."""
        return told(self.home.root)


@contextmanager
def open_run(
    home: Home, pack: Pack, *, as_of: dt.date | None = None, data: Path | None = None, retrain: bool = False
) -> Iterator[Run]:
    """Take hold of everything that a run needs, and let go of it at the end."""
    home.prepare()
    with told(home.root), hold(home):
        home.discard_rehearsal()  # a killed command's copy holds persons' rows, and nobody would look for it
        if as_of is not None and (master := spark_master()) is not None:
            check_spark(master)  # at once, not after an hour of other work
        key = load_key(find_key_file(home), warehouse_exists=home.warehouse.exists()).for_programme(pack.name)
        con = open_warehouse(home.warehouse, memory_limit=memory_limit())
        try:
            yield Run(home, pack, con, key, as_of, data, retrain, dt.date.today())
        finally:
            con.close()


def code_version() -> str:
    """Version of the distribution with a hash over the source of our packages and the versions of what computes."""
    import hashlib

    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for library in ("duckdb", "fairlearn", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "shap"):
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    for room in ("data_contracts", "features", "models", "fairness_reports", "pipelines"):
        for path in sorted((root / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{importlib.metadata.version('plumbline')}+{digest.hexdigest()[:12]}"


class RunResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # its type parameter is for resources that return another value
    """What a run may be told from Dagster's launchpad; held for the whole of the run.

    Attributes
    ----------
    home : str
        The home's folder.
    pack : str
        Built-in name or folder of the pack.
    data : str
        The delivery's folder. Empty: the inbox, the simulator, or what the warehouse holds.
    retrain : bool
        Fit even what was fitted before.
    """

    home: str
    pack: str
    data: str = ""
    retrain: bool = False
    _run: Run = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[RunResource]:
        """Hold the home from the first step to the last."""
        from pipelines.deliveries import find_data

        home = Home(Path(self.home))
        be_quiet(home)
        day = (context.run.tags if context.run else {}).get("dagster/partition")
        pack = load_pack(self.pack)
        with open_run(home, pack, as_of=dt.date.fromisoformat(day) if day else None, retrain=self.retrain) as run:
            run.data = find_data(run, Path(self.data) if self.data else None)
            self._run = run
            yield self

    @property
    def run(self) -> Run:
        """The run that is going on."""
        return self._run
