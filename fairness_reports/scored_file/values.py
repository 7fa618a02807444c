"""What the columns of a foreign table mean: outcomes, decisions, scores, groups.

Belongs here: from text to 1, 0 or unknown, to numbers, to names of groups; a sentence for what cannot be understood.
Does not belong here: reading files (reading), who is selected (selection). A sentence never shows a value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from data_contracts.errors import UsageError
from data_contracts.yamldoc import nearest
from fairness_reports.language import LANGUAGES, Language
from fairness_reports.scored_file.column import BLANK, BLANK_NUMBER, TextColumn
from fairness_reports.scored_file.request import ScoreIs
from fairness_reports.spec import OVERALL

MOST_GROUPS: Final = 100
MOST_PERIODS: Final = 100
LONGEST_NAME: Final = 100
_STRAY: Final = 0.05
"""Fewer than this part of the scores outside 0 to 1 are taken for mistakes, not for another scale."""
_YES_NO: Final = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0}
_COMMA_WHOLE = re.compile(r"([+-]?\d+),0+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},000")
_OURS: Final = frozenset([OVERALL, *(Language(code).plain("form.pooled") for code in LANGUAGES)])
"""Names that this audit gives to groups of its own: a group of the table cannot have them."""

Array = NDArray[np.float64]


class Named:
    """What a text in a column means, as the user said with --positive or --unknown.

    Parameters
    ----------
    given : sequence of str
        `VALUE` or `COLUMN=VALUE`.
    columns : sequence of str
        The columns that can be meant.
    option : str
        The option, for the sentence.
    """

    def __init__(self, given: Sequence[str], columns: Sequence[str], option: str = "--positive") -> None:
        self._option = option
        self._given = [(each, *self._split(each, columns)) for each in given]
        self._used: set[str] = set()

    @staticmethod
    def _split(text: str, columns: Sequence[str]) -> tuple[str | None, str]:
        for name in sorted(columns, key=len, reverse=True):
            if text.startswith(f"{name}="):
                return name, _canonical(text[len(name) + 1 :])
        return None, _canonical(text)

    def of(self, column: TextColumn) -> set[str]:
        """The texts of this column that were named, as `canonical` has them."""
        there = {_canonical(value) for value in column.present()}
        found = {(text, value) for text, name, value in self._given if name in (None, column.name) and value in there}
        self._used |= {text for text, _ in found}
        return {value for _, value in found}

    def asked(self, column: TextColumn) -> int:
        """How many values were given that may be meant for this column."""
        return sum(name in (None, column.name) for _, name, _ in self._given)

    def check(self) -> None:
        """Refuse what no column had."""
        for text, _, _ in self._given:
            if text not in self._used:
                raise UsageError(
                    f"no row has “{text}”.", where=self._option, todo="Check its spelling, and capital letters."
                )


def _canonical(text: str) -> str:
    """A whole number in one form (1, 1.0 and 1,0 are "1"), other text as it is."""
    text = text.strip()
    whole = _COMMA_WHOLE.fullmatch(text)
    if whole and not _THOUSANDS.fullmatch(text):  # 1,000 may be a thousand: no guess
        text = whole[1]
    try:
        return str(int(float(text))) if float(text).is_integer() else text
    except (ValueError, OverflowError):
        return text


def without(column: TextColumn, unknown: Named) -> TextColumn:
    """The column with nothing where the user said that a text means unknown."""
    blank = unknown.of(column)
    if not blank:
        return column
    return TextColumn(column.name, column.codes, ["" if _canonical(each) in blank else each for each in column.values])


def yes_no(column: TextColumn, positives: Named, option: str) -> Array:
    """1, 0, or NaN where nothing is recorded.

    Parameters
    ----------
    column : TextColumn
        0 and 1, true and false, or whatever `positives` tells of.
    positives : Named
        What counts as 1.
    option : str
        The option that named the column, for the sentence.
    """
    positive = positives.of(column)
    if positive:
        return column.mapped(lambda value: float(_canonical(value) in positive))
    there = {_canonical(value).lower() for value in column.present(BLANK_NUMBER)}
    if there <= set(_YES_NO):
        return column.mapped(lambda value: _YES_NO[_canonical(value).lower()])
    numbers, wrong = column.numbers()
    many = "one value" if len(there) == 1 else f"{len(there):,} different values"
    if wrong == 0:
        what = f"the column “{column.name}” holds other numbers than 0 and 1 ({many})."
    elif wrong == int((~column.is_blank(BLANK_NUMBER)).sum()):
        what = f"the column “{column.name}” holds text ({many}), not 0 and 1."
    else:
        what = f"the column “{column.name}” holds text besides numbers ({many})."
    asked = positives.asked(column)
    if asked:
        what += f" None of its rows has {'the value' if asked == 1 else 'any of the values'} given with --positive."
    if np.isinf(numbers).any() or len(there) > MOST_GROUPS:
        raise UsageError(what, where=option, todo="Name a column that says yes or no.")
    todo = "Say what counts as 1 with --positive VALUE (repeat it where several values count)"
    if asked:
        todo = "Write it exactly as it stands there: capital letters, dots and signs count"
    todo += ", and what means unknown with --unknown VALUE." if option == "--outcome" else "."
    raise UsageError(what, where=option, todo=todo)


def known_for_all(column: TextColumn, positives: Named, option: str) -> NDArray[np.bool_]:
    """Yes or no for every row: a decision has no third state."""
    values = yes_no(column, positives, option)
    missing = int(np.isnan(values).sum())
    if missing:
        raise UsageError(
            f"the column “{column.name}” is empty in {missing:,} of {len(values):,} rows.",
            where=option,
            todo="Fill it, or leave these rows out: who is neither selected nor not cannot be audited.",
        )
    return np.asarray(values == 1, dtype=np.bool_)


@dataclass(frozen=True)
class Scores:
    """The scores of a table.

    Attributes
    ----------
    values : numpy.ndarray
        As in the file.
    kind : {"probability", "rank"}
        Whether they are probabilities, or only their order counts.
    why : {"given", "range", "two_values", ""}
        Why only their order counts: somebody said so, they leave the range of probabilities, or they are 0 and 1 only.
    """

    values: Array
    kind: Literal["probability", "rank"]
    why: str

    def for_audit(self) -> Array:
        """Probabilities as they are; otherwise ranks from 2, which nobody can take for probabilities."""
        if self.kind == "probability":
            return self.values
        return np.unique(self.values, return_inverse=True)[1].reshape(-1).astype(np.float64) + 2


def scores(column: TextColumn, score_is: ScoreIs) -> Scores:
    """The scores, all of them numbers."""
    values, wrong = column.numbers()
    where = "--score"
    if wrong:
        raise UsageError(
            f"the column “{column.name}” holds something that is not a number in {wrong:,} of {len(values):,} rows.",
            where=where,
            todo="A score is a number, as 0.37 or 0,37 or 7.",
        )
    missing = int(np.isnan(values).sum())
    if missing:
        raise UsageError(
            f"the column “{column.name}” is empty in {missing:,} of {len(values):,} rows.",
            where=where,
            todo="Score these rows or leave them out, knowing whom you leave out.",
        )
    outside = int(((values < 0) | (values > 1)).sum())
    if score_is == "probability" and outside:
        raise UsageError(
            f"{outside:,} of {len(values):,} scores in “{column.name}” are no probabilities: below 0 or above 1.",
            where=where,
            todo="Divide percentages by 100; for points or deciles say --score-is rank.",
        )
    if score_is == "rank":
        return Scores(values, "rank", "given")
    if 0 < outside < _STRAY * len(values):
        raise UsageError(
            f"{outside:,} of {len(values):,} scores in “{column.name}” are below 0 or above 1, the others are not.",
            where=where,
            todo="Correct them; or say --score-is rank if no score here is a probability.",
        )
    if outside:
        return Scores(values, "rank", "range")
    if score_is == "auto" and set(np.unique(values)) <= {0.0, 1.0}:
        return Scores(values, "rank", "two_values")
    return Scores(values, "probability", "")


def group_names(column: TextColumn, option: str = "--by") -> NDArray[np.object_]:
    """Per row the name of its group, None where nothing is recorded."""
    there = column.present()
    if len(there) > MOST_GROUPS:
        raise UsageError(
            f"the column “{column.name}” has {len(there):,} different values: is it an id, a date or a number?",
            where=option,
            todo=f"A group column has at most {MOST_GROUPS}. Put numbers into bands first (as in 18-24, 25-34).",
        )
    if any(len(value) > LONGEST_NAME for value in there):
        raise UsageError(
            f"the column “{column.name}” holds texts longer than {LONGEST_NAME} characters: are they notes?",
            where=option,
            todo="Name a column with groups.",
        )
    names = np.array([None if value.lower() in BLANK else plain_name(value) for value in column.values] + [None],
                     dtype=object)  # fmt: skip
    return np.asarray(names[column.codes], dtype=object)


def plain_name(text: str) -> str:
    """A group's name as it can be shown anywhere: one line, no control characters, none of our own names."""
    shown = _one_line(text)
    return f"{shown} (group)" if shown in _OURS else shown


def renamed(column: TextColumn) -> list[str]:
    """Our own names that groups of a column have: `plain_name` changes them."""
    return sorted({_one_line(value) for value in column.present()} & _OURS)


def _one_line(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split()) or "?"


def periods(column: TextColumn) -> NDArray[np.object_]:
    """Per row the name of its period."""
    _no_gaps(column, "--split")
    if len(column.present()) > MOST_PERIODS:
        raise UsageError(
            f"the column “{column.name}” has {len(column.present()):,} different values: is it a date?",
            where="--split",
            todo=f"Name a column with at most {MOST_PERIODS} periods, such as years.",
        )
    return np.array([plain_name(str(text)) for text in column.texts()], dtype=object)


def case_ids(column: TextColumn, split: NDArray[np.object_]) -> NDArray[np.object_]:
    """Per row its id: once in each period."""
    _no_gaps(column, "--case")
    ids = column.texts()
    seen = len(set(zip(split.tolist(), ids.tolist(), strict=True)))
    if seen < len(ids):
        raise UsageError(
            f"in “{column.name}”, {_rows_repeat(len(ids) - seen)} an id of the same period.",
            where="--case",
            todo="If it names persons or households, use --cluster; if rows are doubled, take the copies out.",
        )
    return ids


def _rows_repeat(count: int) -> str:
    return "1 row repeats" if count == 1 else f"{count:,} rows repeat"


def clusters(column: TextColumn, rows: NDArray[np.object_]) -> tuple[NDArray[np.object_], int]:
    """Per row its cluster, and how many rows have none recorded: each of these is a cluster of its own."""
    texts = column.texts()
    blank = np.array([text is None for text in texts], dtype=np.bool_)
    named = np.array([f"cluster {text}" for text in texts], dtype=object)
    return np.where(blank, np.array([f"row {row}" for row in rows], dtype=object), named), int(blank.sum())


def references(given: Sequence[str], groups: dict[str, dict[str, int]], minimum: int) -> dict[str, str]:
    """The group to compare with, per attribute.

    Parameters
    ----------
    given : sequence of str
        `GROUP` or `ATTRIBUTE=GROUP`.
    groups : dict of str to dict of str to int
        The groups of each attribute, and how many rows each has.
    minimum : int
        The minimum cell: smaller groups are not suggested, since a mistyped name must not bring them out.
    """
    found: dict[str, str] = {}
    for text in given:
        attribute, group = _reference(text, groups, minimum)
        if attribute in found:
            raise UsageError(
                f"“{attribute}” has two references.", where="--reference", todo="Name one group per attribute."
            )
        found[attribute] = group
    return found


def _reference(text: str, groups: dict[str, dict[str, int]], minimum: int) -> tuple[str, str]:
    text = text.strip()
    for attribute in sorted(groups, key=len, reverse=True):
        if text.startswith(f"{attribute}="):
            group = plain_name(text[len(attribute) + 1 :])
            if group in groups[attribute]:
                return attribute, group
    having = [attribute for attribute, names in groups.items() if plain_name(text) in names]
    if len(having) == 1:
        return having[0], plain_name(text)
    if having:
        raise UsageError(
            f"{' and '.join(f'“{name}”' for name in having)} both have a group “{text}”.",
            where="--reference",
            todo=f"Say which: --reference '{having[0]}={text}'.",
        )
    known = sorted({name for names in groups.values() for name, rows in names.items() if rows >= minimum})
    raise UsageError(
        f"no column named with --by has a group “{text}”.",
        where="--reference",
        todo=nearest(text.rpartition("=")[2], known) or "Write it as it stands in the table.",
    )


def _no_gaps(column: TextColumn, option: str) -> None:
    missing = int(column.is_blank().sum())
    if missing:
        raise UsageError(
            f"the column “{column.name}” is empty in {missing:,} of {len(column.codes):,} rows.",
            where=option,
            todo="Fill it or leave these rows out.",
        )
