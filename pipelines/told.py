"""Failures told in words: what a user sees instead of a traceback.

Belongs here: turning the errors of the disk, the database and our own faults into a sentence without a value of a row.
Does not belong here: errors that a room already tells (data_contracts.errors).
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_contracts.errors import PlumblineError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = ("no space left", "disk is full", "disk quota")
_SQLITE_WORDS = (
    "disk i/o error",
    "unable to open database file",
)  # what SQLite says of a full disk, among other things
_NEARLY_FULL = 1 << 20  # bytes


@contextmanager
def told(home: Path) -> Iterator[None]:
    """Let through what is already told and tell everything else.

    Parameters
    ----------
    home : Path
        Named where the disk is the cause.

    Raises
    ------
    PlumblineError
        For every exception raised inside; its text never holds the other exception's text, which may hold a row.
    """
    try:
        yield
    except (PlumblineError, KeyboardInterrupt):
        raise
    except Exception as error:
        if stopped(error):
            raise KeyboardInterrupt from None
        if os.environ.get("PLUMBLINE_DEBUG"):
            raise
        raise tell(error, home) from None


def causes(error: BaseException) -> list[BaseException]:
    """An exception and what it came from, step by step."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def stopped(error: BaseException) -> bool:
    """Whether somebody stopped the run: DuckDB answers Ctrl-C with one of two exceptions of its own."""
    return any(
        isinstance(e, KeyboardInterrupt)
        or type(e).__name__ == "InterruptException"
        or (type(e) is RuntimeError and str(e) == "Query interrupted")  # while a statement waits for its result
        for e in causes(error)
    )


def tell(error: BaseException, home: Path) -> PlumblineError:
    """The sentence for an exception, found along the chain of its causes."""
    chain = causes(error)
    for link in chain:
        if isinstance(link, PlumblineError):
            return link
        said = str(link).lower()
        full = any(word in said for word in _FULL_WORDS) or (any(w in said for w in _SQLITE_WORDS) and _is_full(home))
        if full or (isinstance(link, OSError) and link.errno in _FULL):
            return PlumblineError(
                "no space is left on the disk.",
                where=str(home),
                todo="Free some space and run again; the current release is whole.",
            )
        if isinstance(link, MemoryError) or type(link).__name__ == "OutOfMemoryException":
            return PlumblineError(
                "there was not enough memory.",
                todo="Close other programs, or set PLUMBLINE_MEMORY_LIMIT lower so that more is done on disk.",
            )
    for link in chain:
        if isinstance(link, OSError) and link.errno:
            return PlumblineError(
                f"the system refused: {os.strerror(link.errno)}.", where=str(link.filename or home), todo=""
            )
    frames = traceback.extract_tb(chain[0].__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or list(frames)
    place = f"{Path(ours[-1].filename).parent.name}/{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return PlumblineError(
        f"this is a fault in Plumbline ({type(chain[0]).__name__}), not in your data or your command.",
        where=place,
        todo="Please report it with this line. PLUMBLINE_DEBUG=1 shows the details, which may contain rows.",
    )


def _is_full(home: Path) -> bool:
    """Whether hardly anything can be written to the home's disk any more."""
    there = next((path for path in (home, *home.parents) if path.exists()), home)
    return shutil.disk_usage(there).free < _NEARLY_FULL
