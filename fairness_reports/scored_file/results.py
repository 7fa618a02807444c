"""The folder of an audit: tables, a description, reports; all of it or nothing.

Belongs here: the folder, its rights, each file.
Does not belong here: what the figures are (run), what the pages say (fairness_reports.reports).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from data_contracts.errors import UsageError
from data_contracts.sheets import csv_text
from fairness_reports.release_tables import new_file, to_arrow, write_parquet
from fairness_reports.release_workbook import write_xlsx
from fairness_reports.scored_file.run import Audited

ORDER: Final = ("split", "attribute", "group", "band", "metric", "comparison", "reference")
_UNFINISHED = ".unfinished"

_README = """\
An audit of {name}, made by plumbline {version}.

{protection_en}

reports/en/fairness.html   read this first (Deutsch: reports/de/fairness.html)
fairness.parquet           every figure with its interval; one row per period, group, metric and comparison
fairness.csv               the same as text (UTF-8, comma, decimal point); an apostrophe before = + - @ is ours
tables.xlsx                the same for a spreadsheet
audit.json                 what was audited: file, columns, rule of selection, seed, remarks

What the columns mean: docs/audit_command.md and docs/audit.md of plumbline.

---

Eine Prüfung von {name}, erstellt mit plumbline {version}.

{protection_de}

Zuerst lesen: reports/de/fairness.html. Die Tabellen sind dreimal dieselbe (Parquet, CSV, Excel); audit.json sagt, was
geprüft wurde.
"""


_EXACT = {
    "en": """\
RESTRICTED. These figures are exact: no disclosure control was applied. Keep this folder where the data themselves may
be, and pass nothing on before a person has checked it. Groups with fewer than {minimum} cases have no figures.""",
    "de": """\
VERTRAULICH. Diese Zahlen sind genau: es gab keine Geheimhaltungsprüfung. Bewahren Sie diesen Ordner auf, wo auch die
Daten selbst sein dürfen, und geben Sie nichts weiter, bevor ein Mensch es geprüft hat. Gruppen mit weniger als
{minimum} Fällen haben keine Zahlen.""",
}
_PROTECTED = {
    "en": """\
Made safe by rules (“{profile}”): no figure rests on fewer than {minimum} cases, counts are rounded to multiples of
{base}. Pass these figures on only once a person has checked them.""",
    "de": """\
Nach Regeln geschützt („{profile}“): keine Zahl beruht auf weniger als {minimum} Fällen, Anzahlen sind auf Vielfache von
{base} gerundet. Geben Sie diese Zahlen erst weiter, wenn ein Mensch sie geprüft hat.""",
}


def check_out(out: Path) -> None:
    """Refuse a folder that cannot take the results, before anything is computed.

    Raises
    ------
    UsageError
        When something stands there already, or it cannot be written.
    """
    with _told(out):
        if out.is_symlink() and not out.exists():
            raise UsageError("it is a link to nothing.", where=str(out), todo="Name another folder with --out.")
        if out.exists() and not out.is_dir():
            raise UsageError("it is a file.", where=str(out), todo="Name a new or empty folder with --out.")
        if out.is_dir() and any(out.iterdir()):
            raise UsageError(
                "the folder is not empty.",
                where=str(out),
                todo="Name a new or empty one with --out: nothing is overwritten.",
            )
        with _withdrawn(out):
            _make(out)
            probe = out / _UNFINISHED
            probe.mkdir(mode=0o700)
            probe.rmdir()


def write_results(out: Path, audited: Audited) -> list[Path]:
    """Write everything about an audit into a folder, readable by its owner only.

    Parameters
    ----------
    out : Path
        A new or empty folder.
    audited : Audited
        The audit.

    Returns
    -------
    list of Path
        The files, sorted.
    """
    from fairness_reports.reports.foreign import render_audit

    check_out(out)
    with _told(out), _withdrawn(out):
        _make(out)
        draft = out / _UNFINISHED
        draft.mkdir(mode=0o700)
        try:
            _tables(draft, audited)
            _text(draft / "audit.json", json.dumps(audited.about, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
            name = audited.about["file"]["name"]
            values = {"version": audited.about["plumbline_version"], "minimum": audited.about["minimum_cell"]}
            safe = audited.about["disclosure"]
            protection = {f"protection_{code}": text for code, text in (_PROTECTED if safe else _EXACT).items()}
            told = {name: text.format(**{**values, **(safe or {})}) for name, text in protection.items()}
            _text(draft / "README.txt", _README.format(name=name, **values, **told))
            render_audit(draft, audited.table, _for_page(audited.about))
            for path in draft.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
            for path in sorted(draft.iterdir()):
                path.rename(out / path.name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        out.chmod(0o700)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _for_page(about: dict[str, Any]) -> dict[str, Any]:
    """What the page wants to know, as `fairness_reports.reports.foreign.render_audit` calls it."""
    columns = about["columns"]
    return {
        "file": about["file"]["name"],
        "rows": about["rows"],
        "outcome": columns["outcome"],
        "score": columns.get("score"),
        "rule": about["selection"]["words"],
        "by": columns["by"],
        "cluster": columns.get("cluster"),
        "minimum_cell": about["minimum_cell"],
        "disclosure": about["disclosure"],
        "notes": [{language: each[language] for language in ("en", "de")} for each in about["notes"]],
    }


def _tables(folder: Path, audited: Audited) -> None:
    file = audited.about["file"]
    metadata = {"audited_file": str(file["name"])}
    metadata |= {"audited_sha256": str(file["sha256"])} if "sha256" in file else {}
    table = to_arrow("fairness", "open", audited.table, ORDER, metadata)
    write_parquet(table, folder / "fairness.parquet")
    _text(folder / "fairness.csv", _csv(table))
    lines = [f"An audit of {file['name']}."]
    lines += [each[language] for language in ("en", "de") for each in audited.about["notes"]]
    write_xlsx({"fairness": table}, folder / "tables.xlsx", "\n".join(lines))


def _csv(table: Any) -> str:
    columns = [column.to_pylist() for column in table.columns]
    return csv_text(table.column_names, zip(*columns, strict=True))


def _text(path: Path, text: str) -> None:
    with new_file(path) as handle:
        handle.write(text.encode("utf-8"))


@contextmanager
def _withdrawn(out: Path) -> Iterator[None]:
    """Take folders that were made, and are empty, away again: what failed leaves nothing."""
    made = [folder for folder in [out, *out.parents] if not folder.exists()]
    try:
        yield
    finally:
        for folder in made:  # innermost first
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _make(out: Path) -> None:
    for folder in [*reversed(out.parents), out]:
        if not folder.is_dir():
            if folder.exists():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            folder.mkdir(mode=0o700)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # told by the command: it is nobody's mistake
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise UsageError(
            f"the folder cannot be written ({reason}).", where=str(out), todo="Name another with --out."
        ) from None
