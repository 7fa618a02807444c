"""Writing a release: all of it or nothing, and `current` always names a complete one.

Belongs here: the temporary folder, the manifest, the switch, what a killed run leaves behind, the stale mark.
Does not belong here: what the tables hold (release_schemas, audit), the pages (reports), reading (release_read).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.release_files import UNFINISHED as _UNFINISHED
from fairness_reports.release_files import make_dir as _make_dir
from fairness_reports.release_files import sentence as _sentence
from fairness_reports.release_files import sync as _sync
from fairness_reports.release_files import told as _told
from fairness_reports.release_files import write_json as _write_json
from fairness_reports.release_read import (
    CURRENT,
    MANIFEST,
    RESTRICTED,
    STALE,
    TOMBSTONE,
    Release,
    current_id,
    current_release,
    read_release,
    stale,
)
from fairness_reports.release_schemas import Part
from fairness_reports.release_tables import new_file, to_arrow, write_parquet, write_stream
from fairness_reports.release_workbook import write_xlsx

if TYPE_CHECKING:
    from fairness_reports.reports.context import ReportContext

__all__ = [
    "Release",
    "ReleaseWriter",
    "clean_unfinished",
    "current_id",
    "current_release",
    "mark_stale",
    "read_release",
    "stale",
    "write_quality",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# of two runs with one release id these must agree; the rest (the time, where files lay) may differ
_SAME = ("programme", "as_of", "verdict", "charter_hash", "config_hash", "code_version")
_NOTE = (
    "{programme}, release {release_id}.\n"
    "The same tables as the Parquet files beside this workbook; docs/release.md says what every column means.\n"
    "{protection}"
)
_PROTECTED = (
    "Disclosure control was applied (rules “{profile}”: no figure on fewer than {minimum} cases, counts rounded to "
    "multiples of {base}): pass these figures on only once a person has checked them."
)
_EXACT = "These figures have not passed disclosure control: do not pass them on before a person has checked them."


class ReleaseWriter:
    """Writes one release into a hidden folder and publishes it in one step.

    A context manager: when its body fails, nothing stays behind and `current` is as it was.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.
    release_id : str
        Id of the release: letters, digits, dots, underscores, dashes.

    Examples
    --------
    >>> with ReleaseWriter(home / "releases", "student_support", "2014-10-31-4f2a") as writer:  # doctest: +SKIP
    ...     writer.table("open", "metrics", metrics, sort_by=["split", "model", "metric"])
    ...     render(writer.open_dir, context)
    ...     release = writer.publish({"as_of": "2014-10-31", "verdict": "fit"})
    """

    def __init__(self, releases_dir: Path, programme: str, release_id: str) -> None:
        for name in (programme, release_id):
            if not _NAME.fullmatch(name):
                raise PlumblineError(f"“{name}” cannot name a folder.", todo="Use letters, digits, dots, dashes.")
        self.releases_dir, self.programme, self.release_id = releases_dir, programme, release_id
        self.folder = releases_dir / programme
        self.path = self.folder / f"{_UNFINISHED}{release_id}"
        self._open_tables: dict[str, Any] = {}

    @property
    def open_dir(self) -> Path:
        """The part meant to leave the agency once a person has checked it."""
        return self.path / "open"

    @property
    def restricted_dir(self) -> Path:
        """The part with rows of persons."""
        return self.path / "restricted"

    def __enter__(self) -> Self:
        with _told(self.folder):
            _make_dir(self.folder)
            clean_unfinished(self.releases_dir, self.programme)
            for folder in (self.path, self.open_dir, self.restricted_dir):
                _make_dir(folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)  # nothing is left of it when it was published
        if isinstance(error, OSError):
            raise _sentence(error, self.folder) from error

    def table(self, part: Part, name: str, frame: pd.DataFrame, sort_by: Sequence[str]) -> None:
        """Write one table.

        Parameters
        ----------
        part : {'open', 'restricted'}
            Where it belongs.
        name : str
            One of `fairness_reports.release_schemas.SCHEMAS`.
        frame : DataFrame
            The rows; columns that the table does not have are refused by name.
        sort_by : sequence of str
            Columns that order the rows and name each row once.
        """
        metadata = {"programme": self.programme, "release_id": self.release_id}
        table = to_arrow(name, part, frame, sort_by, metadata)
        write_parquet(table, self.path / part / f"{name}.parquet")
        if part == "open":
            self._open_tables[name] = table

    def stream(self, part: Part, name: str, batches: Any, sort_by: Sequence[str]) -> int:
        """Write one table whose rows come in order, a few at a time, and return their number.

        Parameters
        ----------
        part, name, sort_by
            As for `table`; a table of the open part goes into the workbook as well and is written with `table`.
        batches : pyarrow.RecordBatchReader
            Columns and types as `fairness_reports.release_tables.typed` makes them.
        """
        metadata = {"programme": self.programme, "release_id": self.release_id}
        return write_stream(batches, self.path / part / f"{name}.parquet", part, name, sort_by, metadata)

    def publish(self, manifest: Mapping[str, Any]) -> Release:
        """Complete the release and make it the current one.

        Parameters
        ----------
        manifest : mapping of str to object
            What the run knows: as_of, verdict, reasons, inputs, code_version, charter_hash, config_hash, audited_model,
            deployed_model, created_at. The rest (release_id, programme, previous, files, output_checked_by) is added.

        Returns
        -------
        Release
            The published one; where the same release existed already, that one, with its restricted part where that had
            expired.
        """
        rules = manifest.get("disclosure")
        protection = _PROTECTED.format(**rules) if rules else _EXACT
        note = _NOTE.format(programme=self.programme, release_id=self.release_id, protection=protection)
        write_xlsx(self._open_tables, self.open_dir / "tables.xlsx", note)
        before = current_id(self.releases_dir, self.programme)
        complete = {
            **manifest,
            "release_id": self.release_id,
            "programme": self.programme,
            "previous": before if before != self.release_id else None,
            "output_checked_by": "",
            "files": _seal(self.path),
        }
        _write_json(self.path / MANIFEST, complete)
        _sync(self.path)
        target = self.folder / self.release_id
        if target.exists():
            _must_agree(target, self.path)
            if (target / TOMBSTONE).exists():
                _restore(target, self.path)
            shutil.rmtree(self.path)
        else:
            os.rename(self.path, target)  # noqa: PTH104  (the tests break it at this very place)
        _sync(self.folder)
        _switch(self.folder, self.release_id)
        (self.folder / STALE).unlink(missing_ok=True)
        return read_release(target)


def clean_unfinished(releases_dir: Path, programme: str) -> list[str]:
    """Remove what a killed run left in a programme's folder.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.

    Returns
    -------
    list of str
        Names of what was removed.
    """
    removed = []
    for entry in sorted((releases_dir / programme).glob(f"{_UNFINISHED}*")):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
        removed.append(entry.name)
    return removed


def mark_stale(releases_dir: Path, programme: str, reason: str, on: date) -> None:
    """Note beside the current release that a newer delivery was refused; the next release clears it.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.
    reason : str
        Why, in words; no value of a row.
    on : date
        When.
    """
    folder = releases_dir / programme
    with _told(folder):
        _make_dir(folder)
        mark = {"reason": reason, "on": on.isoformat(), "release_id": current_id(releases_dir, programme)}
        unfinished = folder / f"{_UNFINISHED}{STALE}"
        unfinished.unlink(missing_ok=True)
        _write_json(unfinished, mark)
        os.replace(unfinished, folder / STALE)  # noqa: PTH105
        _sync(folder)


def write_quality(folder: Path, context: ReportContext) -> Path:
    """Write what a check, or a refused delivery, leaves: the quality table and its page, no release.

    Files are replaced one by one, so that a worklist beside them stays.

    Parameters
    ----------
    folder : Path
        Where; made when missing.
    context : ReportContext
        What the page shows; its `quality` becomes open/quality.parquet, with small counts withheld by the charter's
        rules.

    Returns
    -------
    Path
        The English page.
    """
    from fairness_reports.disclosure import protect_check
    from fairness_reports.reports import render_quality

    context = protect_check(context)
    with _told(folder):
        _make_dir(folder)
        _make_dir(folder / "open")
        metadata = {"programme": str(context.manifest["programme"]), "check_id": str(context.manifest["release_id"])}
        table = to_arrow("quality", "open", context.quality, ["table", "rule"], metadata)
        unfinished = folder / "open" / f"{_UNFINISHED}quality"
        unfinished.unlink(missing_ok=True)
        write_parquet(table, unfinished)
        os.replace(unfinished, folder / "open" / "quality.parquet")  # noqa: PTH105
        render_quality(folder / "open", context)
        _seal(folder)
    return folder / "open" / "reports" / "en" / "quality.html"


def _seal(folder: Path) -> dict[str, dict[str, Any]]:
    """Take everybody else's rights, write all to disk, and list every file with size and hash."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
            continue
        path.chmod(0o600)
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        _sync(path)
        files[path.relative_to(folder).as_posix()] = {"sha256": digest, "bytes": path.stat().st_size}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            _sync(path)
    return files


def _must_agree(there: Path, ours: Path) -> None:
    """Refuse to publish other figures under the id of a release that exists."""
    old, new = read_release(there), read_release(ours)
    differing = [key for key in _SAME if old.manifest.get(key) != new.manifest.get(key)]
    for name in sorted({n for r in (old, new) for n in r.manifest["files"] if n.endswith(".parquet")}):
        one, other = old.path / name, new.path / name
        if old.expired and name.startswith(RESTRICTED):  # what it was is known still
            hashes = [each.manifest["files"].get(name, {}).get("sha256") for each in (old, new)]
            agree = hashes[0] is not None and hashes[0] == hashes[1]
        else:
            agree = one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()
        if not agree:
            differing.append(name)
    if differing:
        raise PlumblineError(
            f"A release of this id exists and differs in {', '.join(differing)}.",
            where=there.name,
            todo="Releases do not change: publish under another id.",
        )


def _restore(target: Path, ours: Path) -> None:
    """Give a release whose rows had expired its rows back; the tombstone goes last, so a killed run leaves it.

    Only for the release that is about to be current: `_must_agree` has held the rows to the hashes in its manifest.
    """
    for path in sorted((ours / RESTRICTED).iterdir()):
        os.replace(path, target / RESTRICTED / path.name)  # noqa: PTH105
    _sync(target / RESTRICTED)
    (target / TOMBSTONE).unlink()
    _sync(target / RESTRICTED)


def _switch(folder: Path, release_id: str) -> None:
    if current_id(folder.parent, folder.name) == release_id:
        return  # the file's time says since when it is the current one (fairness_reports.expiry)
    unfinished = folder / f"{_UNFINISHED}{CURRENT}"
    unfinished.unlink(missing_ok=True)
    with new_file(unfinished) as handle:
        handle.write(f"{release_id}\n".encode())
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(unfinished, folder / CURRENT)  # noqa: PTH105
    _sync(folder)
