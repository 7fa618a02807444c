"""The errors that users see.

Belongs here: exceptions with a sentence for people, the word above it, and the exit code that each stands for.
Does not belong here: printing them (pipelines.cli) or errors of a single room that nobody outside it needs.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class PlumblineError(Exception):
    """A failure told in words: what is wrong, where, and what to do.

    Parameters
    ----------
    what : str
        What is wrong, one sentence. Never a value from a row.
    where : str, optional
        The file, table, column or line.
    todo : str, optional
        What the reader can do about it.
    lang : {"en", "de"}
        The language of these sentences: the word above them is of the same.
    """

    exit_code = 1
    headings: ClassVar[Mapping[str, str]] = {"en": "Error", "de": "Fehler"}

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None, lang: str = "en") -> None:
        super().__init__(what)
        self.what, self.where, self.todo, self.lang = what, where, todo, lang

    @property
    def heading(self) -> str:
        """The word above the sentences, in their language."""
        return self.headings[self.lang]

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.todo}" if self.todo else ""
        return f"{place}{self.what}{advice}"


class UsageError(PlumblineError):
    """The command was called in a way that cannot work."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a pack, with its place."""

    file: str
    line: int
    what: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f" {self.todo}" if self.todo else "")


_SHOWN = 50
"""So many mistakes are shown at once: whoever mends them sees the rest next time."""


class PackError(UsageError):
    """A pack does not load: carries every mistake found, not only the first."""

    def __init__(self, pack: Path | str, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        count = len(self.mistakes)
        super().__init__(f"{count} mistake{'s' if count != 1 else ''} in the pack", where=str(pack))

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}", *(f"  {mistake}" for mistake in self.mistakes[:_SHOWN])]
        rest = len(self.mistakes) - _SHOWN
        return "\n".join([*lines, *([f"  ... and {rest} more. Mend these first."] if rest > 0 else [])])


class RefusedError(PlumblineError):
    """The delivery was refused by the contract or the privacy gate: nothing of it is used."""

    exit_code = 3
    headings: ClassVar[Mapping[str, str]] = {"en": "Refused", "de": "Abgewiesen"}

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        todo: str | None = None,
        lang: str = "en",
        reasons: list[str] | None = None,
    ) -> None:
        super().__init__(what, where=where, todo=todo, lang=lang)
        self.reasons = reasons or [str(self)]


_SYSTEM_DE = {
    errno.ENOENT: "nicht vorhanden",
    errno.ENOTDIR: "kein Ordner",
    errno.EISDIR: "ein Ordner",
    errno.EACCES: "keine Berechtigung",
    errno.EPERM: "keine Berechtigung",
    errno.EROFS: "schreibgeschützt",
    errno.ENOSPC: "kein Platz mehr",
    errno.EDQUOT: "kein Platz mehr",
    errno.ENAMETOOLONG: "der Name ist zu lang",
}


def said_by_system(error: OSError, lang: str = "en") -> str:
    """Why the system refused, in a few words; in German its name for the reason where there are none."""
    if lang == "en" or error.errno is None:
        return error.strerror or type(error).__name__
    return _SYSTEM_DE.get(error.errno) or errno.errorcode.get(error.errno, type(error).__name__)
