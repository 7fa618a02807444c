"""The errors that users see.

Belongs here: exceptions with a sentence for people, and the exit code that each stands for.
Does not belong here: printing them (pipelines.cli) or errors of a single room that nobody outside it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.todo = what, where, todo

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

    def __init__(
        self, what: str, *, where: str | None = None, todo: str | None = None, reasons: list[str] | None = None
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.reasons = reasons or [str(self)]
