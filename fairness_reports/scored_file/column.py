"""A column of a foreign table: its different texts, and which row has which.

Belongs here: the one form that CSV, Parquet and XLSX are brought to, blanks, numbers.
Does not belong here: reading a file (reading), what a column means (values).

Whatever the file, a cell is text here: 1.0 and 1 are the text "1", true is "true". A number of single precision is
the shortest text that stands for it, so that .7 reaches a threshold of .7. Rules look at the different texts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)

BLANK: Final = frozenset(["", "na", "n/a", "#n/a", "nan", "null", "<na>"])
"""Texts, whatever their case, that programs write where there is nothing."""
BLANK_NUMBER: Final = BLANK | {"none", "?", ".", "-"}
"""The same where a number is due: there, these cannot mean anything else."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class TextColumn:
    """One column.

    Attributes
    ----------
    name : str
        Its name in the file.
    codes : numpy.ndarray of int
        Per row the position of its text in `values`; -1 where the file has nothing.
    values : list of str
        The texts, without blanks around them; not necessarily all different.
    """

    name: str
    codes: Codes
    values: list[str]

    def is_blank(self, marks: frozenset[str] = BLANK) -> NDArray[np.bool_]:
        """Per row whether nothing is recorded."""
        return self._spread(np.array([value.lower() in marks for value in self.values], dtype=np.bool_), True)

    def texts(self) -> NDArray[np.object_]:
        """Per row its text, None where nothing is recorded."""
        names = np.array([None if value.lower() in BLANK else value for value in self.values] + [None], dtype=object)
        return np.asarray(names[self.codes], dtype=object)  # -1 takes the last

    def mapped(self, rule: Callable[[str], float]) -> NDArray[np.float64]:
        """Per row the number that a rule gives its text; NaN where nothing is recorded."""
        numbers = [np.nan if value.lower() in BLANK_NUMBER else rule(value) for value in self.values]
        return self._spread(np.array(numbers, dtype=np.float64), np.nan)

    def present(self, marks: frozenset[str] = BLANK) -> list[str]:
        """The different texts that stand in some row, blanks left out, in order."""
        found = np.unique(self.codes)
        return sorted({self.values[code] for code in found[found >= 0] if self.values[code].lower() not in marks})

    def numbers(self) -> tuple[NDArray[np.float64], int]:
        """Per row its number (NaN where nothing is recorded), and in how many rows there is something else.

        A decimal comma is understood where no text of the column has a point.
        """
        comma = not any("." in value for value in self.values) and any(_COMMA.fullmatch(value) for value in self.values)
        parsed = [_number(value.replace(",", ".") if comma else value) for value in self.values]
        wrong = np.array([each is None and value.lower() not in BLANK_NUMBER
                          for each, value in zip(parsed, self.values, strict=True)], dtype=np.bool_)  # fmt: skip
        values = np.array([np.nan if each is None else each for each in parsed], dtype=np.float64)
        return self._spread(values, np.nan), int(self._spread(wrong, False).sum())

    def same(self, other: TextColumn) -> bool:
        """Whether every row has the same text here and there."""
        return bool((self.texts() == other.texts()).all())

    def _spread(self, values: NDArray[Kind], nothing: object) -> NDArray[Kind]:
        return np.append(values, np.array([nothing], dtype=values.dtype))[self.codes]


def _number(text: str) -> float | None:
    # float() reads exactly, but also 1_000
    return float(text) if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text) else None


def as_text(value: object) -> str | None:
    """A cell that the file itself types, as text; None where it is empty."""
    if value is None:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        number = float(value)
        if np.isnan(number):
            return None
        return str(int(number)) if abs(number) < 1e15 and number.is_integer() else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    return str(value).strip()


def coded(name: str, texts: list[str | None]) -> TextColumn:
    """A column from the text of each row."""
    position: dict[str, int] = {}
    codes = [-1 if text is None else position.setdefault(text, len(position)) for text in texts]
    return TextColumn(name, np.array(codes, dtype=np.int64), list(position))
