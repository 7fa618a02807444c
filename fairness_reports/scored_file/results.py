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
from fairness_reports.language import LANGUAGES, Language
from fairness_reports.release_tables import new_file, to_arrow, write_parquet
from fairness_reports.release_workbook import write_xlsx
from fairness_reports.scored_file.run import Audited

ORDER: Final = ("split", "attribute", "group", "band", "metric", "comparison", "reference")
_UNFINISHED = ".unfinished"


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
            _text(draft / "README.txt", _readme(audited.about))
            render_audit(draft, audited.table, _for_page(audited.about))
            for path in draft.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
            for path in sorted(draft.iterdir()):
                path.rename(out / path.name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        out.chmod(0o700)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _readme(about: dict[str, Any]) -> str:
    safe = about["disclosure"]
    values = {"version": about["plumbline_version"], "minimum": about["minimum_cell"], **(safe or {})}
    parts = []
    for language in map(Language, LANGUAGES):
        protection = language.plain("audit_folder.protected" if safe else "audit_folder.exact", **values)
        parts.append(language.plain("audit_folder.readme", name=about["file"]["name"], protection=protection, **values))
    return "\n\n---\n\n".join(parts) + "\n"


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
        "notes": [{language: each[language] for language in LANGUAGES} for each in about["notes"]],
    }


def _tables(folder: Path, audited: Audited) -> None:
    file = audited.about["file"]
    metadata = {"audited_file": str(file["name"])}
    metadata |= {"audited_sha256": str(file["sha256"])} if "sha256" in file else {}
    table = to_arrow("fairness", "open", audited.table, ORDER, metadata)
    write_parquet(table, folder / "fairness.parquet")
    _text(folder / "fairness.csv", _csv(table))
    lines = [f"An audit of {file['name']}."]
    lines += [each[language] for language in LANGUAGES for each in audited.about["notes"]]
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
