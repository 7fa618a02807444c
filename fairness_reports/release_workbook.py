"""The tables of a release as one workbook.

Belongs here: the sheets, a file without a clock in it.
Does not belong here: which tables there are and their columns (fairness_reports.release_tables), cells that no
spreadsheet runs as a formula (data_contracts.sheets).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_contracts.sheets import workbook_cell
from fairness_reports.release_tables import new_file

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can hold


def write_xlsx(tables: Mapping[str, Any], path: Path, note: str) -> None:
    """Write tables into one workbook, a sheet each, with text that no spreadsheet will run as a formula.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Sheet name to table.
    path : Path
        A file that does not exist.
    note : str
        Stands on the first sheet.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    about = book.create_sheet("about")
    about.column_dimensions["A"].width = 110
    for line in note.splitlines():
        about.append([workbook_cell(about, line)])
    for name in sorted(tables):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for number, column in enumerate(tables[name].column_names, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = max(11, len(column) + 3)
        sheet.append([workbook_cell(sheet, column, bold=True) for column in tables[name].column_names])
        for row in zip(*(column.to_pylist() for column in tables[name].columns), strict=True):
            sheet.append([workbook_cell(sheet, value) for value in row])
    raw = io.BytesIO()
    book.save(raw)
    with new_file(path) as handle:
        handle.write(_without_clock(raw.getvalue()))


def _without_clock(workbook: bytes) -> bytes:
    # openpyxl stamps the time of saving into the properties and into every member of the zip file
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(clean, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            member = zipfile.ZipInfo(info.filename, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            target.writestr(member, content)
    return clean.getvalue()
