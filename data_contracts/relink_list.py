"""The workbook of a team's list: its rows, and the column for the service's own numbers.

Belongs here: finding the heading of such a list and filling one column, with all else as it was.
Does not belong here: looking keys up (relink), writing lists (fairness_reports.caseload).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from data_contracts.sheets import is_formula_like, safe_text

if TYPE_CHECKING:
    import pandas as pd

OWN_NUMBER: Final = "own_number"
"""The column that is filled."""
_SHEET: Final = "list"
_KEY: Final = "case_id"
_WITHIN: Final = 100


def rows_of_list(path: Path) -> pd.DataFrame | None:
    """Case ids of a team's list; None where a workbook is none.

    Raises
    ------
    ValueError, OSError
        When it is no workbook.
    """
    import pandas as pd

    book = _open(path)
    places = _heading(book)
    if places is None:
        return None
    row, key, _ = places
    cells = [book[_SHEET].cell(number, key).value for number in range(row + 1, book[_SHEET].max_row + 1)]
    return pd.DataFrame({_KEY: [str(each) for each in cells if each is not None], OWN_NUMBER: ""}, dtype=object)


def fill_list(source: Path, to: Path, numbers: dict[str, str]) -> None:
    """Copy a list with the own number of each case in its column; drop-downs, hidden columns and print stay.

    Parameters
    ----------
    source, to : Path
        The list, and the file to write.
    numbers : dict of str to str
        By case id.
    """
    from openpyxl.styles import Alignment

    book = _open(source)
    places = _heading(book)
    assert places is not None, "read before"  # noqa: S101
    row, key, own = places
    sheet = book[_SHEET]
    for number in range(row + 1, sheet.max_row + 1):
        text = safe_text(numbers.get(str(sheet.cell(number, key).value), ""))
        if text:
            cell = sheet.cell(number, own)
            cell.value, cell.data_type = text, "s"  # openpyxl takes text that begins with = for a formula
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.quotePrefix = is_formula_like(text)
    book.save(to)


def _open(path: Path) -> Any:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        return load_workbook(path)
    except (BadZipFile, KeyError) as error:
        raise ValueError("no workbook") from error


def _heading(book: Any) -> tuple[int, int, int] | None:
    """Row of the heading, columns of the case id and of the own number, from 1."""
    if _SHEET not in book.sheetnames:
        return None
    for row in book[_SHEET].iter_rows(max_row=_WITHIN):
        named = {cell.value: cell.column for cell in row if isinstance(cell.value, str)}
        if _KEY in named and OWN_NUMBER in named:
            return row[0].row, named[_KEY], named[OWN_NUMBER]
    return None
