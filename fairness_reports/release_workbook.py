"""The tables of a release as one workbook.

Belongs here: the sheets, a file without a clock in it.
Does not belong here: which tables there are and their columns (fairness_reports.release_schemas), which text a
spreadsheet would run as a formula (data_contracts.sheets).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from data_contracts.sheets import XLSXWRITER_OPTIONS, is_formula_like, safe_text
from fairness_reports.release_tables import new_file

_EPOCH = dt.datetime(1980, 1, 1)  # a fixed day, as xlsxwriter sets one for the members of the file


def write_xlsx(tables: Mapping[str, Any], path: Path, note: str) -> None:
    """Write tables into one workbook, a sheet each, with text that no spreadsheet will run as a formula.

    The same tables give the same bytes.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Sheet name to table; columns of text, numbers, days and truth values.
    path : Path
        A file that does not exist.
    note : str
        Stands on the first sheet.
    """
    from xlsxwriter import Workbook

    # rows go to disk as they come, beside the file: not to a folder that others read
    with new_file(path) as handle, tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as scratch:
        book = Workbook(handle, {"constant_memory": True, "tmpdir": scratch, **XLSXWRITER_OPTIONS})
        book.set_properties({"created": _EPOCH})
        bold = book.add_format({"bold": True, "quote_prefix": True})
        # Excel would run such text once somebody edits the cell
        quoted = book.add_format({"quote_prefix": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        about = book.add_worksheet("about")
        about.set_column(0, 0, 110)
        for number, line in enumerate(note.splitlines()):
            about.write_string(number, 0, safe_text(line), quoted if is_formula_like(line) else None)
        for name in sorted(tables):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            columns = tables[name].columns
            for number, column in enumerate(tables[name].column_names):
                sheet.set_column(number, number, max(11, len(column) + 3))
                sheet.write_string(0, number, safe_text(column), bold)
            write = [_writer(sheet, column.type, quoted, day) for column in columns]
            for row, values in enumerate(zip(*(column.to_pylist() for column in columns), strict=True), start=1):
                for place, value in enumerate(values):
                    if value is not None:
                        write[place](row, place, value)
        book.close()


def _writer(sheet: Any, kind: Any, quoted: Any, day: Any) -> Any:
    """What writes the values of a column of this type: by type, so that nothing guesses from a value."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return sheet.write_boolean
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return sheet.write_number
    if pa.types.is_temporal(kind):
        return lambda row, place, value: sheet.write_datetime(row, place, value, day)

    @cache  # a column has few values
    def shown(value: str) -> tuple[str, Any]:
        text = safe_text(value)
        return text, quoted if is_formula_like(text) else None

    return lambda row, place, value: sheet.write_string(row, place, *shown(str(value)))
