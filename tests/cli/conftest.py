"""What the tests of the command share: a caller that watches for tracebacks and rows, deliveries, packs, a release."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.cli import run_command
from tests.pack_copies import EASY_PEOPLE, small_pack

CANARY = "ZZCANARY77"
"""Planted in faulty cells: whatever a command prints or leaves, this is not in it."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def says(self, *parts: str) -> None:
        for part in parts:
            assert part in self.text, f"{part!r} is not said:\n{self.text}"


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "plumbline.key"


@pytest.fixture(autouse=True)
def _environment(key_file: Path, tmp_path: Path) -> Iterator[None]:
    before, mask = dict(os.environ), os.umask(0o022)
    os.environ.update(PLUMBLINE_KEY_FILE=str(key_file), PLUMBLINE_HOME=str(tmp_path / "home"))
    for name in ("PLUMBLINE_DEBUG", "PLUMBLINE_PACKS", "PLUMBLINE_MEMORY_LIMIT"):
        os.environ.pop(name, None)
    yield
    os.umask(mask)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def plumbline(capfd: pytest.CaptureFixture[str], home: Path) -> Command:
    """Calls the command in this process; fails where it shows a traceback or a canary."""

    def call(*arguments: object, code: int | None = None, at: Path | None = None) -> Ended:
        capfd.readouterr()
        line = [str(argument) for argument in arguments]
        if line[0] not in ("new",) and "--help" not in line and "-h" not in line:
            line += ["--home", str(at or home)]
        ended = Ended(run_command(line), *capfd.readouterr())
        assert "Traceback" not in ended.text
        assert CANARY.lower() not in ended.text.lower()
        assert code is None or ended.code == code, f"{ended.code} instead of {code}:\n{ended.text}"
        return ended

    return call


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack that runs quickly and two deliveries for it; read only, to be copied."""
    folder = tmp_path_factory.mktemp("workshop")
    pack = small_pack(folder / "pack")
    for name, people in (("few", 300), ("many", EASY_PEOPLE)):
        line = ["dummy", str(pack), "--people", str(people), "--out", str(folder / name), "--home", str(folder / "no")]
        assert run_command(line) == 0
    return folder


@pytest.fixture(scope="session")
def pack(workshop: Path) -> Path:
    return workshop / "pack"


@pytest.fixture
def data(workshop: Path, tmp_path: Path) -> Path:
    """A small impeccable delivery that the test may spoil."""
    return Path(shutil.copytree(workshop / "few", tmp_path / "data"))


@pytest.fixture(scope="session")
def released(workshop: Path, key_file: Path) -> Path:
    """A home with a release that has scores; read only, to be copied."""
    before = dict(os.environ)
    os.environ["PLUMBLINE_KEY_FILE"] = str(key_file)
    place = workshop / "released"
    line = ["run", str(workshop / "pack"), "--data", str(workshop / "many"), "--home", str(place)]
    try:
        assert run_command([*line, "--as-of", "2025-01-01"]) == 0
    finally:
        os.environ.clear()
        os.environ.update(before)
    return place


@pytest.fixture
def released_home(released: Path, home: Path) -> Path:
    """A copy of that home."""
    return Path(shutil.copytree(released, home))


def left(folder: Path, *, warehouse: bool = True) -> bytes:
    """Every byte that a run left in a folder, workbooks unpacked."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or (not warehouse and path.name.startswith("warehouse.duckdb")):
            continue
        found += [str(path).encode(), path.read_bytes()]
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found += [book.read(name) for name in book.namelist()]
        if path.suffix == ".parquet":
            import pandas as pd

            found.append(pd.read_parquet(path).to_csv().encode())
    return b"\n".join(found)


def lines(path: Path) -> list[list[str]]:
    """The fields of a CSV file that the simulator wrote: it needs no quotation marks."""
    return [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


def put(path: Path, column: str, value: str, rows: list[int] | None = None) -> None:
    """Write a value into a column of some rows (row 2 is the first after the header); all rows by default."""
    content = lines(path)
    where = content[0].index(column)
    for number in rows or range(2, len(content) + 1):
        content[number - 1][where] = value
    write(path, content)


def faults(home: Path) -> list[tuple[object, ...]]:
    """File, table, row, column and rule of each fault in the home's newest worklist."""
    from openpyxl import load_workbook

    newest = max(home.rglob("worklist.xlsx"), key=lambda path: path.stat().st_mtime)
    sheet = load_workbook(newest).worksheets[0]
    return [tuple(row[:5]) for row in sheet.iter_rows(min_row=2, values_only=True)]
