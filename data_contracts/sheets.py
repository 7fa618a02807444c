"""Text that a spreadsheet shows and never runs.

Belongs here: what every writer of CSV files and workbooks does to text and to headings, so that none is taken for a
formula, a link or a second column.
Does not belong here: what stands in a table (the rooms that write one).

A workbook can mark a cell as text, so its text stays as it is. A CSV file cannot, so an apostrophe is put before what a
spreadsheet program would run: the way that OWASP's page on CSV injection recommends. A program that splits at another
separator than ours sees a cell where we see none, so text after a separator or a line break is treated alike.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

LONGEST_CELL: Final = 32_767
"""Characters that a cell of a workbook can hold."""

XLSXWRITER_OPTIONS: Final[Mapping[str, bool]] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""For `xlsxwriter.Workbook(path, {**XLSXWRITER_OPTIONS, ...})`: text is text. Pass it through `safe_text`, and give
text that `is_formula_like` a format with ``quote_prefix`` set: Excel would run it once somebody edits the cell."""

_SIGNS = "=+\\-@|%＝＋－＠"
_SPACE = "\\s\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff"  # nothing to see, so a program may skip it
_RUN = re.compile(f"[\\t\\r\\n]|[{_SPACE}]*[{_SIGNS}]")
_INSIDE = re.compile(f"([;,\\t\\r\\n][{_SPACE}\"']*)(?=[{_SIGNS}])")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not allowed in a workbook's XML


def safe_text(text: str) -> str:
    """Text as a workbook can hold it: without control characters, not longer than a cell."""
    return _ILLEGAL.sub("", text)[:LONGEST_CELL]


def is_formula_like(text: str) -> bool:
    """Whether one spreadsheet program or another might run this text, were it typed into a cell."""
    return _RUN.match(text) is not None


def safe_cell(value: Any) -> Any:
    """One cell of a CSV file.

    Parameters
    ----------
    value : object
        Text, a number, a truth value, a date or nothing.

    Returns
    -------
    object
        Text that could be run has an apostrophe before it (and after each separator inside it); truth values are
        ``true`` and ``false``; None and NaN are empty; everything else, numbers above all, is returned as it is.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("a;=1+1"), safe_cell(-2), safe_cell("Mitte")
    ("'=1+1", "a;'=1+1", -2, 'Mitte')
    """
    if isinstance(value, str):
        if value.isalnum():
            return value  # nearly all: quick
        text = _INSIDE.sub(r"\1'", safe_text(value))
        return f"'{text}" if is_formula_like(text) else text
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return value


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ",") -> str:
    """A CSV file's content, headings first, each cell through `safe_cell`; lines end with a line feed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in head])
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of a table for `to_csv`: every text and heading through `safe_cell`, all else as it is."""
    safe = frame.copy()
    for place, dtype in enumerate(frame.dtypes):
        if str(dtype) in ("object", "str", "string", "category"):
            texts = [safe_cell(each) if isinstance(each, str) else each for each in frame.iloc[:, place]]
            safe.isetitem(place, texts)
    safe.columns = [safe_cell(name) if isinstance(name, str) else name for name in frame.columns]
    return safe


def workbook_cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    """One cell of an openpyxl sheet in write-only mode: text is marked as text and stays as it is.

    Parameters
    ----------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Where the cell goes.
    value : object
        Text, a number, a date, a truth value or None.
    bold : bool
        As headings are.

    Returns
    -------
    object
        What `sheet.append` takes: the value itself where that is safe (several times as fast), else a cell.
    """
    if not isinstance(value, str):
        return value
    text = safe_text(value)
    if not bold and not is_formula_like(text):
        return text
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    made = WriteOnlyCell(sheet, value=text)
    made.data_type = "s"  # openpyxl takes text that begins with = for a formula
    made.quotePrefix = True  # and so does Excel, once somebody edits the cell
    if bold:
        made.font = Font(bold=True)
    return made
