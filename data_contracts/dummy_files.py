"""Dummy rows as files in the dialect that a contract declares.

Belongs here: file names from patterns, and writing CSV, gzip, Parquet and XLSX so that the same rows give the same
bytes. Does not belong here: the rows (dummy_rows).
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from data_contracts.contract import Column, Table

_CELLS: dict[str, Callable[[Any], Any]] = {"integer": int, "number": float, "boolean": bool}
_THEN = datetime(2025, 1, 1)  # what a workbook says of its making: the clock would change the bytes


def write_table(table: Table, rows: pd.DataFrame, out: Path) -> Path:
    """Write one table.

    Parameters
    ----------
    table : Table
        Its first file pattern and its dialect decide name and form.
    rows : DataFrame
        Columns under the contract's names.
    out : Path
        The folder.

    Returns
    -------
    Path
        The file.
    """
    path = out / file_name(table.patterns[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [column for column in table.columns if not {"identifier", "free_text"} & set(column.tags)]
    if path.suffix == ".parquet":
        _parquet(columns, rows, path)
    elif path.suffix == ".xlsx":
        _xlsx(table, columns, rows, path)
    else:
        text = _csv(table, columns, rows).encode(table.dialect.encoding)
        path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def file_name(pattern: str) -> str:
    """A file name that a pattern finds: `*` becomes nothing, `?` the digit 1, `[ab]` its first character."""
    name = re.sub(r"\[([^\]])[^\]]*\]", r"\1", pattern).replace("?", "1").replace("*", "")
    name = name.lstrip("/")
    return name if not name.startswith(".") else f"dummy{name}"


def _csv(table: Table, columns: list[Column], rows: pd.DataFrame) -> str:
    dialect = table.dialect
    buffer = io.StringIO(newline="")
    quote, line = dialect.quote, "\r\n" if dialect.delimiter == ";" else "\n"
    writer = csv.writer(buffer, delimiter=dialect.delimiter, quotechar=quote, lineterminator=line)
    buffer.write("".join(f"Simulated data ({table.name}){line}" for _ in range(dialect.header_row - 1)))
    writer.writerow([column.header for column in columns])
    text = [_texts(table, column, rows) for column in columns]
    writer.writerows(zip(*text, strict=True))
    for _ in range(dialect.footer_rows):
        writer.writerow(_footer(columns, len(rows)))
    return buffer.getvalue()


def _footer(columns: list[Column], count: int) -> list[str]:
    """A total row as case systems write it: a word where the first stored column is, and how many rows there are."""
    first = next((place for place, column in enumerate(columns) if column.is_stored), 0)
    return [f"Total {count}" if place == first else "" for place in range(len(columns))]


def _texts(table: Table, column: Column, rows: pd.DataFrame) -> list[str]:
    """Values as the dialect writes them; what is never read stays empty."""
    if not column.is_stored:
        return [""] * len(rows)
    dialect = table.dialect
    nothing = dialect.null_marks[0] if dialect.null_marks else ""
    kind = column.logical_type
    formats = table.date_formats(column)
    default = "%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M:%S"

    def text(value: Any) -> str:
        if value is None or value is pd.NA or value is pd.NaT or value != value:
            return nothing
        if kind in ("date", "timestamp"):
            return str(value.strftime(formats[0] if formats else default))
        if kind == "boolean":
            return "true" if value else "false"
        if kind == "number":
            return f"{value:.2f}".replace(".", dialect.decimal)
        return str(value)

    return [text(value) for value in rows[column.name]]


def _native(column: Column, rows: pd.DataFrame) -> list[Any]:
    """Values as typed cells."""
    if not column.is_stored:
        return [None] * len(rows)

    def cell(value: Any) -> Any:
        if value is None or value is pd.NA or value is pd.NaT or value != value:
            return None
        if column.logical_type in ("date", "timestamp"):
            moment = value.to_pydatetime()
            return moment.date() if column.logical_type == "date" else moment
        return _CELLS.get(column.logical_type, str)(value)

    return [cell(value) for value in rows[column.name]]


def _parquet(columns: list[Column], rows: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}
    types |= {"timestamp": pa.timestamp("us"), "string": pa.string()}
    arrays = [pa.array(_native(column, rows), types[column.logical_type]) for column in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=[column.header for column in columns]), path)


def _xlsx(table: Table, columns: list[Column], rows: pd.DataFrame, path: Path) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.properties.created = workbook.properties.modified = _THEN
    sheet = workbook.worksheets[0]
    sheet.title = table.dialect.sheet or table.name[:31]
    for _ in range(table.dialect.header_row - 1):
        sheet.append([f"Simulated data ({table.name})"])
    sheet.append([column.header for column in columns])
    for row in zip(*(_native(column, rows) for column in columns), strict=True):
        sheet.append(list(row))
    for _ in range(table.dialect.footer_rows):
        sheet.append(_footer(columns, len(rows)))
    saved = io.BytesIO()
    workbook.save(saved)
    path.write_bytes(_timeless(saved.getvalue()))


def _timeless(archive: bytes) -> bytes:
    """The same zip archive with one fixed time for all members: openpyxl writes the clock into them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":  # saving sets `modified` to the clock again
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2025-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(member.filename, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
