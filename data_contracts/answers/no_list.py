"""What is said of a file that is no list of answers, in both languages.

Belongs here: the sentences, and how they become the error that a user sees.
Does not belong here: finding out what is wrong with a file (reading), or with a cell (checking).
"""

from __future__ import annotations

from typing import Final

from data_contracts.errors import UsageError, said_by_system

SENTENCES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "folder": {
        "en": ("it is a folder, not a file.", "Check its path."),
        "de": ("Das ist ein Ordner, keine Datei.", "Prüfen Sie den Pfad."),
    },
    "no_file": {
        "en": ("there is no such file.", "Check its path."),
        "de": ("Diese Datei gibt es nicht.", "Prüfen Sie den Pfad."),
    },
    "unreadable": {
        "en": ("the file cannot be read ({reason}).", "Check it."),
        "de": ("Die Datei lässt sich nicht lesen ({reason}).", "Prüfen Sie sie."),
    },
    "empty": {
        "en": ("the file is empty.", "Save the list again."),
        "de": ("Die Datei ist leer.", "Speichern Sie die Liste noch einmal."),
    },
    "large_file": {
        "en": ("the file is too large for a list.", "Give one list a file."),
        "de": ("Die Datei ist zu groß für eine Liste.", "Legen Sie jede Liste in eine eigene Datei."),
    },
    "large_workbook": {
        "en": ("the workbook is too large for a list.", "Give one list a file."),
        "de": ("Die Arbeitsmappe ist zu groß für eine Liste.", "Legen Sie jede Liste in eine eigene Datei."),
    },
    "too_many_rows": {
        "en": ("there are more than {most} rows.", "Give one list a file."),
        "de": ("Es sind mehr als {most} Zeilen.", "Legen Sie jede Liste in eine eigene Datei."),
    },
    "no_workbook": {
        "en": ("it is no Excel workbook that can be read.", "Save it again as XLSX or CSV."),
        "de": ("Das ist keine lesbare Arbeitsmappe von Excel.", "Speichern Sie sie noch einmal als XLSX oder CSV."),
    },
    "no_sheet": {
        "en": ("there is no sheet “{sheet}”.", "Give the list that was written."),
        "de": ("Es gibt kein Blatt „{sheet}“.", "Geben Sie die Liste an, wie sie erstellt wurde."),
    },
    "no_text": {
        "en": ("it is neither a CSV file nor a workbook.", "Save the list as XLSX or CSV."),
        "de": ("Das ist weder eine CSV-Datei noch eine Arbeitsmappe.", "Speichern Sie die Liste als XLSX oder CSV."),
    },
    "quotes": {
        "en": (
            "the rows cannot be told apart: a quotation mark is open, or stands inside a value.",
            "Save the list again as XLSX or CSV.",
        ),
        "de": (
            "Die Zeilen lassen sich nicht trennen: Ein Anführungszeichen ist offen oder steht mitten in einem Wert.",
            "Speichern Sie die Liste noch einmal als XLSX oder CSV.",
        ),
    },
    "no_heading": {
        "en": (
            "no row has a cell “{key}”: it is no list that `plumbline caseload` wrote.",
            "Give the list itself, with its heading.",
        ),
        "de": (
            "In keiner Zeile steht eine Zelle „{key}“: Das ist keine Liste, die mit plumbline caseload erstellt wurde.",
            "Geben Sie die Liste selbst an, mit ihrer Kopfzeile.",
        ),
    },
    "column_twice": {
        "en": ("the column “{column}” stands there twice.", "Keep the one that was filled in."),
        "de": ("Die Spalte „{column}“ steht dort zweimal.", "Behalten Sie die, die ausgefüllt wurde."),
    },
}
"""Rule -> language -> what is wrong, and what to do."""
_ROW = {"en": "row", "de": "Zeile"}


class NoListError(Exception):
    """A file is no list of answers: which rule it breaks, not yet in a language.

    Parameters
    ----------
    rule : str
        A key of `SENTENCES`.
    where : str
        The file.
    row : int, optional
        The row as a spreadsheet counts.
    **values : object
        What stands for the sentence's placeholders; never a value from a row.
    """

    def __init__(self, rule: str, where: str, *, row: int | None = None, **values: object) -> None:
        super().__init__(rule)
        self.rule, self.where, self.row, self.values = rule, where, row, values

    def told(self, lang: str) -> UsageError:
        """The error that a user sees, in English (`en`) or German (`de`)."""
        what, todo = SENTENCES[self.rule][lang]
        said = {name: _said(value, lang) for name, value in self.values.items()}
        where = self.where if self.row is None else f"{self.where}, {_ROW[lang]} {self.row}"
        return UsageError(what.format(**said), where=where, todo=todo, lang=lang)


def _said(value: object, lang: str) -> str:
    if isinstance(value, OSError):
        return said_by_system(value, lang)
    if isinstance(value, int):
        return f"{value:,}" if lang == "en" else f"{value:,}".replace(",", ".")
    return str(value)
