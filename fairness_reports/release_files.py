"""Files of a release on disk: folders and small files for their owner only, on the disk when they are said to be.

Belongs here: folders, JSON files, flushing, an operating system's error as a sentence.
Does not belong here: which files a release has (release), when they go (expiry).
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_contracts.errors import PlumblineError
from fairness_reports.release_tables import new_file

UNFINISHED = ".unfinished-"
"""How the name begins of what is not complete yet."""


@contextmanager
def told(where: Path) -> Iterator[None]:
    """Turn an operating system's error into a sentence."""
    try:
        yield
    except OSError as error:
        raise sentence(error, where) from error


def sentence(error: OSError, where: Path) -> PlumblineError:
    """What an operating system's error means here."""
    place = str(where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PlumblineError("There is no space left to write the release.", where=place, todo="Free some and rerun.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PlumblineError("The folder cannot be written.", where=place, todo="Change its rights or use --home.")
    problem = os.strerror(error.errno) if error.errno else type(error).__name__
    return PlumblineError(f"The release could not be written ({problem}).", where=place)


def make_dir(path: Path) -> None:
    """Make a folder, and those above it, for their owner only."""
    for folder in [*reversed(path.parents), path]:
        if not folder.is_dir():
            folder.mkdir(mode=0o700)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a new file and flush it to the disk."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=_plain) + "\n"
    with new_file(path) as handle:
        handle.write(text.encode("utf-8"))
        handle.flush()
        os.fsync(handle.fileno())


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()  # a numpy number
    raise TypeError(f"a manifest cannot hold a {type(value).__name__}")


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
