"""Reading releases: what notebooks, reports and later runs go through.

Belongs here: finding the current release of a programme and reading its tables and manifest.
Does not belong here: anything that writes (fairness_reports.release).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from data_contracts.errors import PlumblineError, UsageError
from fairness_reports.language import Language
from fairness_reports.refusals import refusal
from fairness_reports.release_schemas import SCHEMAS

MANIFEST = "manifest.json"
CURRENT = "current"
STALE = "stale.json"
RESTRICTED = "restricted/"
"""Where rows of persons lie."""
TOMBSTONE = "restricted/TOMBSTONE.json"
"""Says that they were deleted, or are being deleted (fairness_reports.expiry)."""


@dataclass(frozen=True)
class Release:
    """One complete release.

    Parameters
    ----------
    path : Path
        Its folder.
    manifest : dict
        What manifest.json holds.
    """

    path: Path
    manifest: dict[str, Any]

    @property
    def release_id(self) -> str:
        """Its id, the name of its folder."""
        return str(self.manifest["release_id"])

    @property
    def expired(self) -> bool:
        """Whether its rows of persons have been deleted, as long after it was superseded as the charter says."""
        return (self.path / TOMBSTONE).exists()

    def has(self, name: str) -> bool:
        """Whether the table can be read: scores are there only when the verdict is fit, and rows may have expired."""
        return self.file(name).is_file() and not self._has_lost(name)

    def _has_lost(self, name: str) -> bool:
        return self.expired and SCHEMAS[name].part == "restricted"

    def table(self, name: str) -> pd.DataFrame:
        """Read one table.

        Parameters
        ----------
        name : str
            metrics, fairness, factors, quality, backtest, scores or explanations.

        Returns
        -------
        DataFrame
        """
        file = self.file(name)
        if self._has_lost(name):
            raise PlumblineError(
                "The rows of persons of this release were deleted.",
                where=self.release_id,
                todo="They expire some time after a newer release; restricted/TOMBSTONE.json says what was there.",
            )
        if not file.is_file():
            raise PlumblineError(
                f"This release has no table “{name}”.",
                where=self.release_id,
                todo="Scores and explanations are published only when the verdict is fit.",
            )
        return pd.read_parquet(file)

    def report(self, language: str = "en", page: str = "index") -> Path:
        """Path of a report page."""
        return self.path / "open" / "reports" / language / f"{page}.html"

    def file(self, name: str) -> Path:
        """Path of one table, whether or not the release has it."""
        if name not in SCHEMAS:
            raise PlumblineError(f"A release has no table “{name}”.", todo=f"It has {', '.join(SCHEMAS)}.")
        return self.path / SCHEMAS[name].part / f"{name}.parquet"


def read_release(path: Path) -> Release:
    """Read a release and make sure that it is complete.

    Parameters
    ----------
    path : Path
        The folder of the release.

    Returns
    -------
    Release

    Raises
    ------
    PlumblineError
        When the manifest, or a file that it names, is missing; rows of persons may have expired, where a tombstone
        says so.
    """
    manifest = read_manifest(path)
    expired = (path / TOMBSTONE).exists()
    kept = [name for name in manifest.get("files", {}) if not (expired and name.startswith(RESTRICTED))]
    gone = sorted(name for name in kept if not (path / name).is_file())
    if gone:
        raise PlumblineError(f"Files of this release are missing: {', '.join(gone)}.", where=path.name)
    return Release(path, manifest)


def read_manifest(path: Path) -> dict[str, Any]:
    """What manifest.json of a release's folder holds.

    Raises
    ------
    PlumblineError
        When it is missing or cannot be read.
    """
    try:
        return cast("dict[str, Any]", json.loads((path / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise PlumblineError("This is no complete release: it has no manifest.json.", where=path.name) from None
    except (OSError, ValueError) as error:
        raise PlumblineError(f"manifest.json cannot be read ({type(error).__name__}).", where=path.name) from None


def current_id(releases_dir: Path, programme: str) -> str | None:
    """Id of the current release of a programme, None when there is none."""
    try:
        name = (releases_dir / programme / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not name or "/" in name or name.startswith("."):
        raise PlumblineError("The file `current` does not hold a release's id.", where=f"{programme}/{CURRENT}")
    return name


def current_release(releases_dir: Path, programme: str) -> Release | None:
    """The current release of a programme, None when there is none.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.

    Returns
    -------
    Release or None
    """
    name = current_id(releases_dir, programme)
    return None if name is None else read_release(releases_dir / programme / name)


def release_of_day(releases_dir: Path, programme: str, as_of: dt.date, lang: str = "en") -> Release:
    """The release of a day: the current one where it is of that day, else the one made last.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.
    as_of : date
        The day.
    lang : {"en", "de"}
        The language of what is refused.

    Raises
    ------
    UsageError
        When there is none; it lists the days of which there is one.
    """
    current = current_release(releases_dir, programme)
    if current is not None and current.manifest["as_of"] == as_of.isoformat():
        return current
    folders = [path.parent for path in (releases_dir / programme).glob(f"[!.]*/{MANIFEST}")]
    every = [read_release(folder) for folder in sorted(folders)]
    days = sorted({str(release.manifest["as_of"]) for release in every})
    mine = [release for release in every if release.manifest["as_of"] == as_of.isoformat()]
    if not mine:
        language, where = Language(lang), f"--as-of {as_of}"
        if not days:
            raise refusal(UsageError, language, "no_release", where=where, programme=programme)
        raise refusal(UsageError, language, "no_release_of_day", where=where, days=", ".join(days))
    return max(mine, key=lambda release: (str(release.manifest["created_at"]), release.release_id))


def stale(releases_dir: Path, programme: str) -> dict[str, Any] | None:
    """Why the current release is out of date: reason, on, release_id. None when it is not.

    A mark speaks of the release that was current when it was made, so one left over by a crash means nothing.
    """
    try:
        mark = json.loads((releases_dir / programme / STALE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise PlumblineError("stale.json cannot be read.", where=f"{programme}/{STALE}", todo="Remove it.") from None
    same = mark.get("release_id") == current_id(releases_dir, programme)
    return cast("dict[str, Any]", mark) if same else None
