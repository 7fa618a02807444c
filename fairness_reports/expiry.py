"""Rows of persons go when their time is over; a tombstone says what was there.

Belongs here: since when a release is superseded, deleting its restricted part, the tombstone.
Does not belong here: how long it is kept (the charter), writing and restoring (release), reading (release_read).

Deletion comes in three steps: a tombstone without a day of deletion, the files, the tombstone with its day. A killed
run leaves the first tombstone at least, and the next one goes on from there. Files are unlinked, not overwritten: on
today's disks and file systems overwriting would not reach every copy, and backups are not reached at all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_contracts.errors import PlumblineError
from fairness_reports.release_files import UNFINISHED, sync, told, write_json
from fairness_reports.release_read import CURRENT, MANIFEST, RESTRICTED, TOMBSTONE, current_id, read_manifest

RULE = "the charter's restricted.expire_after_days; 90 where it says nothing"


def expire(releases_dir: Path, programme: str, kept_days: int, today: dt.date | None = None) -> list[str]:
    """Delete the restricted part of every release that was superseded more than `kept_days` days ago.

    The current release and everything outside `restricted/` stay as they are. Where there is no current release nothing
    is deleted.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of a home.
    programme : str
        The programme.
    kept_days : int
        Days; the charter's `kept_days`.
    today : date, optional
        By default the day in UTC, as in `created_at`.

    Returns
    -------
    list of str
        Ids of the releases whose rows went now, sorted. A second call finds nothing to do.

    Raises
    ------
    PlumblineError
        When a manifest cannot be read or a file cannot be deleted; what was deleted before is told by its tombstone.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    current = current_id(releases_dir, programme)
    folder = releases_dir / programme
    if current is None or not (folder / current / MANIFEST).is_file():
        return []
    found = {path.parent: read_manifest(path.parent) for path in sorted(folder.glob(f"[!.]*/{MANIFEST}"))}
    # a link to a release, or a copy of the current one, is not a release that was superseded
    others = {path: each for path, each in found.items() if not path.is_symlink() and each["release_id"] != current}
    gone = []
    for path, manifest in others.items():
        since = superseded_on(manifest, list(found.values()), folder / CURRENT)
        if (day - since).days > kept_days and _delete(path, manifest, since, kept_days, day):
            gone.append(str(manifest["release_id"]))
    return sorted(gone)


def superseded_on(manifest: Mapping[str, Any], every: list[dict[str, Any]], current: Path) -> dt.date:
    """The day since which a release that is not current has been superseded.

    The day (in UTC) on which the first later release was made: each is current when it is made. A release that became
    current again for a while has been superseded since that same day. Where no later one was made (an older release
    was published again), it is the day on which the file `current` was written.
    """
    mine = _made_at(manifest)
    made = [_made_at(each) for each in every if each["release_id"] != manifest["release_id"]]
    later = [moment for moment in made if mine is not None and moment is not None and moment >= mine]
    if later:
        return min(later).date()
    return dt.datetime.fromtimestamp(current.stat().st_mtime, dt.UTC).date()


def _made_at(manifest: Mapping[str, Any]) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(manifest.get("created_at")))
    except ValueError:
        return None
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _delete(path: Path, manifest: Mapping[str, Any], since: dt.date, kept_days: int, day: dt.date) -> bool:
    """Delete what lies in restricted/; False where nothing was to be done."""
    restricted, stone = path / RESTRICTED, path / TOMBSTONE
    if restricted.is_symlink():
        raise PlumblineError(
            "its folder of rows is a link, and nothing is deleted behind a link.",
            where=f"{path.name}/{RESTRICTED}",
            todo="Delete what it points to, and put an empty folder in its place.",
        )
    if not restricted.is_dir():
        return False
    with told(path):
        before = _read(stone)
        there = sorted(each for each in restricted.iterdir() if each not in (stone, _draft(stone)))
        if not there and (before is None or before["deleted_on"] is not None):
            return False
        listed = {each.name: _described(each) for each in there} | (before["files"] if before else {})
        tombstone = {
            "release_id": manifest["release_id"],
            "programme": manifest["programme"],
            "superseded_on": since.isoformat(),
            "kept_days": kept_days,
            "rule": RULE,
            "files": listed,
        }
        _write(stone, tombstone | {"deleted_on": None})
        for each in there:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()
        sync(restricted)
        _write(stone, tombstone | {"deleted_on": day.isoformat()})
    return True


def _read(stone: Path) -> dict[str, Any] | None:
    if not stone.exists():
        return None
    try:
        content = json.loads(stone.read_text(encoding="utf-8"))
        return {"files": dict(content["files"]), "deleted_on": content["deleted_on"]}
    except (ValueError, KeyError, TypeError):
        return None  # not ours: what lies beside it is described anew


def _described(path: Path) -> dict[str, Any]:
    """What a file was, without a value of it."""
    if path.is_symlink() or not path.is_file():
        return {"sha256": None, "bytes": None, "rows": None}
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size, "rows": _rows(path)}


def _rows(path: Path) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows) if path.suffix == ".parquet" else None
    except (OSError, pa.ArrowException):
        return None


def _draft(stone: Path) -> Path:
    return stone.with_name(f"{UNFINISHED}{stone.name}")


def _write(stone: Path, content: Mapping[str, Any]) -> None:
    """Replace the tombstone, whole or not at all, for its owner only."""
    unfinished = _draft(stone)
    unfinished.unlink(missing_ok=True)
    write_json(unfinished, content)
    os.replace(unfinished, stone)  # noqa: PTH105
    sync(stone.parent)
