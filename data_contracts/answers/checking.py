"""Cell by cell: answers are ids, codes and days. Whatever else stands there stops the import.

Belongs here: the form of each cell, what a cell gives away about a person, the worklist of faults without a value.
Does not belong here: what answers must say together (fairness_reports.decisions).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

from data_contracts.answers.reading import AnswerSheet, Cell, Special
from data_contracts.sheets import csv_text

LONGEST: Final = 160
"""Characters of an id."""
_ID = re.compile(r"[\w.:+-]+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")

ADVICE: Final[dict[str, tuple[str, str]]] = {
    "formula": ("A formula stands here: type the answer itself.",
                "Hier steht eine Formel: die Antwort selbst eintragen."),
    "personal": ("What stands here looks as if it told of a person: delete it. Only codes are read back.",
                 "Der Inhalt sieht nach einer Angabe über eine Person aus: löschen. Zurückgelesen werden nur Codes."),
    "free_text": ("Text stands here: delete it. Only codes are read back, see the sheet with the codes.",
                  "Hier steht Text: löschen. Zurückgelesen werden nur Codes, siehe das Blatt mit den Codes."),
    "code": ("This is none of the agreed codes: use one of them, or leave the cell empty.",
             "Das ist keiner der vereinbarten Codes: einen davon verwenden oder die Zelle leer lassen."),
    "date": ("This is no day: write it as 2026-01-31 or 31.01.2026.",
             "Das ist kein Datum: als 2026-01-31 oder 31.01.2026 schreiben."),
    "missing": ("The cell is missing: it came with the list and was emptied, or the row was cut short and an answer "
                "may be lost. Restore it; a list saved as XLSX is never cut short.",
                "Die Zelle fehlt: Sie kam mit der Liste und wurde geleert, oder die Zeile ist abgeschnitten und eine "
                "Antwort vielleicht verloren. Wiederherstellen; als XLSX gespeichert wird keine Zeile abgeschnitten."),
    "future": ("The day has not come yet: correct it.", "Der Tag liegt in der Zukunft: berichtigen."),
    "before_list": ("The day lies before the day of the scores: correct it.",
                    "Der Tag liegt vor dem Tag der Werte: berichtigen."),
    "seen_missing": ("Say whether the score had been seen before this was decided: yes or no.",
                     "Angeben, ob der Wert vor der Entscheidung gesehen wurde: yes oder no."),
    "shown_missing": ("The score was seen: on which day?", "Der Wert wurde gesehen: an welchem Tag?"),
    "programme": ("The row belongs to another programme: keep lists apart.",
                  "Die Zeile gehört zu einem anderen Programm: Listen getrennt halten."),
    "release": ("This release is not in this home: give the list to the place that wrote it.",
                "Diese Ausgabe gibt es hier nicht: die Liste dorthin geben, wo sie geschrieben wurde."),
    "case": ("The list's release has no such case on this day: restore the cells that came with the list.",
             "Die Ausgabe der Liste hat an diesem Tag keinen solchen Fall: die Zellen der Liste wiederherstellen."),
    "twice": ("The same case has two different answers in this list: keep one.",
              "Derselbe Fall hat in dieser Liste zwei verschiedene Antworten: eine behalten."),
}  # fmt: skip
"""Rule -> what to do, English and German."""


@dataclass(frozen=True, order=True)
class Fault:
    """A cell that stops the import: where it stands and which rule it breaks, never what it holds."""

    row: int
    column: str
    rule: str

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: str) -> str:
        """Where it stands and what to do, in English (`en`) or German (`de`)."""
        if lang == "de":
            return f"Zeile {self.row}, Spalte „{self.column}“: {ADVICE[self.rule][1]}"
        return f"row {self.row}, column “{self.column}”: {ADVICE[self.rule][0]}"


@dataclass(frozen=True)
class AnswerColumn:
    """What a column of answers may hold.

    Parameters
    ----------
    name : str
        Its name.
    kind : {"id", "code", "date"}
        An id as the list was written with, one of `codes`, or a day.
    codes : frozenset of str
        The codes.
    required : bool
        Whether every row has to have it.
    past : bool
        Whether a day must not lie in the future.
    """

    name: str
    kind: Literal["id", "code", "date"]
    codes: frozenset[str] = frozenset()
    required: bool = False
    past: bool = False


def check_cells(
    sheet: AnswerSheet, columns: Sequence[AnswerColumn], today: date
) -> tuple[list[tuple[int, dict[str, Any]]], list[Fault]]:
    """Values of each row, and every cell that is no answer.

    Parameters
    ----------
    sheet : AnswerSheet
        The file.
    columns : sequence of AnswerColumn
        What each column may hold; one that the file lacks is empty.
    today : date
        The day of reading.

    Returns
    -------
    rows : list of (int, dict)
        Row number and values: text, a date, or None.
    faults : list of Fault
        Sorted by row.
    """
    rows, faults = [], []
    ids = {column.name for column in columns if column.required}
    for number, cells in sheet.rows:
        if number in sheet.short:
            faults.append(Fault(number, sheet.short[number], "missing"))
            continue
        filled = [name for name, cell in cells.items() if cell is not None]
        if len(filled) == 1 < len(ids) and filled[0] in ids:
            continue  # a note under the list: it belongs to no case, and is not kept
        values: dict[str, Any] = {}
        for column in columns:
            value, rule = _value(cells.get(column.name), column, today)
            values[column.name] = value
            if rule is not None:
                faults.append(Fault(number, column.name, rule))
        rows.append((number, values))
    return rows, sorted(faults)


def _value(cell: Cell, column: AnswerColumn, today: date) -> tuple[Any, str | None]:
    if cell is None:
        return None, "missing" if column.required else None
    if isinstance(cell, Special):
        return None, "formula"
    if column.kind == "date":
        day = cell if isinstance(cell, date) else _day(cell)
        if day is None:
            return None, _why(str(cell), "date", today)
        return day, "future" if column.past and day > today else None
    text = cell.isoformat() if isinstance(cell, date) else cell
    if column.kind == "code":
        code = text.lower()
        return (code, None) if code in column.codes else (None, _why(text, "code", today))
    fits = len(text) <= LONGEST and _ID.fullmatch(text) is not None
    return (text, None) if fits else (None, _why(text, "case", today))


def _day(text: str) -> date | None:
    form = "%Y-%m-%d" if _ISO.fullmatch(text) else "%d.%m.%Y" if _DOTTED.fullmatch(text) else None
    if form is None:  # 03/04/2026 is two days
        return None
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _why(text: str, otherwise: str, today: date) -> str:
    """What is wrong with a text that should not be there, as far as one cell tells."""
    import pyarrow as pa

    from data_contracts.privacy import contents

    if contents.look_at_text(pa.array([text], pa.string()), today) is not None:
        return "personal"
    return "free_text" if len(text.split()) > 1 or len(text) > LONGEST else otherwise


def write_faults(path: Path, sheet: AnswerSheet, faults: Iterable[Fault]) -> None:
    """Write the worklist that goes back to whoever filled in the list (CSV, mode 0600); never a value.

    Parameters
    ----------
    path : Path
        The file; replaced as a whole if it is there. Its folder exists.
    sheet : AnswerSheet
        Which list.
    faults : iterable of Fault
        What is to be mended.
    """
    head = ["File / Datei", "Row / Zeile", "Column / Spalte", "Rule / Regel", "What to do", "Was zu tun ist"]
    rows = [(sheet.name, each.row, each.column, each.rule, *ADVICE[each.rule]) for each in sorted(faults)]
    draft = path.with_name(f".{path.name}.unfinished")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:  # Excel takes UTF-8 only when told so
        file.write(csv_text(head, rows))
    draft.replace(path)
