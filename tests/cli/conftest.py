"""What the tests of the command share: a caller that watches for tracebacks and rows, deliveries, packs, a release."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_contracts.keys import load_key
from pipelines.cli import run_command
from tests.foreign_words import foreign_words
from tests.measured import measured
from tests.pack_copies import EASY_PEOPLE, small_pack
from tests.whole_runs import shared

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

    def says_in_german(self, *parts: str, names: tuple[object, ...] = ()) -> None:
        """These parts, and no English word but names (files, folders, a pack's own words)."""
        self.says(*parts)
        text = self.text
        for name in names:
            text = text.replace(str(name), "")
        assert not foreign_words(text, "de"), self.text
        assert self.err.startswith(("Fehler: ", "Abgewiesen:\n")), self.err


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def key_file(runs_root: Path) -> Path:
    """A key that is there already; read only."""
    return shared(runs_root, "cli_key", lambda folder: _new_key(folder / "plumbline.key")) / "plumbline.key"


def _new_key(path: Path) -> None:
    load_key(path, warehouse_exists=False)


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
def workshop(runs_root: Path) -> Path:
    """A pack that runs quickly and two deliveries for it; read only, to be copied."""

    def make(folder: Path) -> None:
        pack = small_pack(folder / "pack")
        for name, people in (("few", 300), ("many", EASY_PEOPLE)):
            line = ["dummy", str(pack), "--people", str(people), "--out", str(folder / name)]
            assert run_command([*line, "--home", str(folder / "no")]) == 0

    return shared(runs_root, "cli_workshop", make)


@pytest.fixture(scope="session")
def pack(workshop: Path) -> Path:
    return workshop / "pack"


@pytest.fixture
def data(workshop: Path, tmp_path: Path) -> Path:
    """A small impeccable delivery that the test may spoil."""
    return Path(shutil.copytree(workshop / "few", tmp_path / "data"))


@pytest.fixture(scope="session")
def released(workshop: Path, key_file: Path, runs_root: Path) -> Path:
    """A home with a release that has scores; read only, to be copied. Coverage is measured on it."""

    def make(home: Path) -> None:
        run_there(workshop, key_file, home, "2025-01-01")

    with measured(True):
        return shared(runs_root, "cli_released", make)


def run_there(workshop: Path, key_file: Path, home: Path, day: str) -> None:
    """Run the pack of the workshop on its larger delivery, as of a day, in a home; it ends with scores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_KEY_FILE", str(key_file))
        line = ["run", str(workshop / "pack"), "--data", str(workshop / "many"), "--as-of", day, "--home", str(home)]
        assert run_command(line) == 0


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
