"""Files that cannot be let in: each is refused with its name and what to do, and nothing of it is kept."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import CANARY, Command, left, lines, put, write


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _header_only(path: Path) -> None:
    write(path, lines(path)[:1])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.csv")


def _cut_gzip(path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    path.with_name(path.name + ".gz").write_bytes(packed[: len(packed) // 2])


def _damaged_gzip(path: Path) -> None:
    packed = bytearray(gzip.compress(path.read_bytes()))
    packed[len(packed) // 2] ^= 0xFF
    path.unlink()
    path.with_name(path.name + ".gz").write_bytes(packed)


def _no_gzip(path: Path) -> None:
    path.rename(path.with_name(path.name + ".gz"))


def _workbook(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in lines(path)[:20]:
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(path)


def _pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n" + CANARY.encode())


def _web_page(path: Path) -> None:
    path.write_text(f"<!DOCTYPE html><p>Sign in, {CANARY}</p>", encoding="utf-8")


def _machine_code(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def _windows(path: Path) -> None:
    put(path, "community", f"{CANARY}üß", [7])
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))


def _utf_16(path: Path) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))


def _semicolons(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def _open_quote(path: Path) -> None:
    put(path, "sex", f'"{CANARY}', [len(lines(path)) - 3])  # it swallows the last rows


def _without_column(path: Path) -> None:
    content = lines(path)
    where = content[0].index("community")
    write(path, [row[:where] + row[where + 1 :] for row in content])


def _renamed_column(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("birth_date", "Birth Date", 1), encoding="utf-8")


def _twice_a_column(path: Path) -> None:
    write(path, [[*row, row[2]] for row in lines(path)])


BAD: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "missing": (_missing, ("no file for the table “persons”", "Put it into the folder")),
    "empty": (_empty, ("the file is empty", "Export it again")),
    "header only": (_header_only, ("has a header but no rows", "Export it again")),
    "a folder in its place": (_folder, ("it is not a file", "Put the file itself")),
    "a pipe in its place": (_pipe, ("it is not a file", "Put the file itself")),
    "a link to nowhere": (_dangling, ("cannot be read", "Check that it may be read")),
    "truncated gzip": (_cut_gzip, ("cut off before its end", "Copy or export it again")),
    "damaged gzip": (_damaged_gzip, ("damaged", "Copy or export it again")),
    "gzip by name only": (_no_gzip, ("not gzip although its name ends in .gz", "Rename or export it again")),
    "a workbook": (_workbook, ("an Excel workbook", "not CSV", "Export it as CSV")),
    "a PDF": (_pdf, ("a PDF, not CSV", "Export it as CSV")),
    "a web page": (_web_page, ("a web page", "Export it as CSV")),
    "machine code": (_machine_code, ("NUL bytes", "Export it again")),
    "another encoding": (_windows, ("not written in the declared encoding utf-8", "declare its encoding")),
    "UTF-16": (_utf_16, ("UTF-16", "declare its encoding")),
    "another delimiter": (_semicolons, ("the delimiter is not the declared one", "check delimiter in the contract")),
    "an open quotation mark": (_open_quote, ("opened and never closed", "Close it")),
    "missing column": (_without_column, ("the column “community” is missing", "Export it")),
    "renamed column": (_renamed_column, ("the column “birth_date” is missing", "“Birth Date”", "was it renamed")),
    "a column twice": (_twice_a_column, ("has “sex” twice", "one column of each name")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name(name: str, plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    """The file is named with what to do; neither its values nor a word of it stay in the home."""
    spoil, said = BAD[name]
    write(
        data / "persons.csv",
        [*lines(data / "persons.csv"), [CANARY, "2001-02-03", "male", "Ardal", "no", "2019-01-05"]],
    )
    spoil(data / "persons.csv")
    plumbline("check", pack, "--data", data, code=3).says("persons.csv", *said)
    assert CANARY.encode() not in left(home)


def test_all_bad_files_are_reported_at_once(plumbline: Command, pack: Path, data: Path) -> None:
    _missing(data / "persons.csv")
    _empty(data / "cases.csv")
    write(data / "referrals.csv", [row[:-1] for row in lines(data / "referrals.csv")])
    plumbline("check", pack, "--data", data, code=3).says("persons.csv", "cases.csv", "referrals.csv", "recorded_on")


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of a user without rights, as whom the test goes on."""
    folder = Path(tempfile.mkdtemp(prefix="plumbline-"))
    if os.geteuid() != 0:
        yield folder
    else:
        for name in ("data", "home", "key"):
            (folder / name).mkdir()
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(0)
    shutil.rmtree(folder)


def test_a_file_without_permission_is_refused_by_name(
    plumbline: Command, pack: Path, data: Path, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.seteuid(os.getuid())  # delivery and pack lie where only their owner may look
    for name, source in (("data", data), ("pack", pack)):
        shutil.copytree(source, nobody / name, dirs_exist_ok=True)
        for path in (nobody / name, *(nobody / name).rglob("*")):
            path.chmod(0o755)
    (nobody / "data" / "persons.csv").chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)  # root may read everything
    monkeypatch.setenv("PLUMBLINE_KEY_FILE", str(nobody / "key" / "key"))
    ended = plumbline("check", nobody / "pack", "--data", nobody / "data", at=nobody / "home", code=3)
    ended.says("persons.csv: the file cannot be read (Permission denied)", "Check that it may be read")


def test_a_run_refuses_what_a_check_refuses(plumbline: Command, pack: Path, data: Path, home: Path) -> None:
    """The same at the door of a run: no release, marked stale, no row in Dagster's history."""
    put(data / "persons.csv", "community", f"{CANARY}ü", [3])
    text = (data / "persons.csv").read_text(encoding="utf-8")
    (data / "persons.csv").write_bytes(text.encode("cp1252"))
    ended = plumbline("run", pack, "--data", data, "--as-of", "2025-01-01", code=3)
    ended.says("Refused", "persons.csv", "declared encoding")
    assert not (home / "releases" / "family_support" / "current").exists()
    assert CANARY.encode() not in left(home)
