"""Reading a table that somebody else made: only the columns that were named.

Belongs here: which form a file has (by what is in it, not by its name), Parquet and workbooks, finding columns.
Does not belong here: text files (delimited), what a column means (values), the contract's own files
(data_contracts.reading: these are declared, foreign ones are guessed).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.errors import UsageError
from data_contracts.yamldoc import nearest
from fairness_reports.scored_file.column import TextColumn, as_text, coded
from fairness_reports.scored_file.delimited import NoTextError, read_delimited

_SIGNATURES = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or a password-protected one",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x80\x04\x95": "a pickle, which is never loaded",
}
_SAVE_AS = "Save the table as CSV, Parquet or XLSX."
_NAMED = {".xlsx": "an Excel workbook", ".xlsm": "an Excel workbook", ".parquet": "a Parquet file"}
_TEXT_ONLY = "Give a column of plain values."


@dataclass(frozen=True)
class ForeignTable:
    """The named columns of a file.

    Attributes
    ----------
    columns : dict of str to TextColumn
        By name.
    rows : int
        How many there are.
    about : dict of str to object
        The file: name, form, sha256, bytes, and for text files encoding and delimiter.
    repeated : list of str
        Named columns that the file has more than once, each time the same.
    """

    columns: dict[str, TextColumn]
    rows: int
    about: dict[str, Any]
    repeated: list[str] = field(default_factory=list)


def read_columns(path: Path, names: Sequence[str]) -> ForeignTable:
    """Read some columns of a CSV, Parquet or XLSX file.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        Names as in its header. Where the header has a name twice, `NAME#1` and `NAME#2` tell them apart; `NAME` is
        enough when both are the same in every row.

    Returns
    -------
    ForeignTable

    Raises
    ------
    UsageError
        When the file cannot be read as a table, has no rows, or lacks a column.
    """
    start = _start_of(path)
    about: dict[str, Any] = {"name": path.name, "bytes": path.stat().st_size}
    try:
        with path.open("rb") as handle:
            about["sha256"] = hashlib.file_digest(handle, "sha256").hexdigest()
        if start.startswith(b"PAR1"):
            about["form"] = "parquet"
            header, read = _parquet(path)
        elif start.startswith(b"PK"):
            about["form"] = "xlsx"
            header, read = _xlsx(path, names)
        else:
            about["form"] = "csv"
            header, read, details = _delimited(path, names)
            about |= details
        places = {name: _find(name, header, path) for name in names}
        wanted = sorted({place for found in places.values() for place in found})
        by_place = dict(zip(wanted, read(wanted), strict=True))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it is damaged"
        raise UsageError(f"the file cannot be read ({reason}).", where=path.name, todo="Check it.") from None
    columns, repeated = {}, []
    for name, found in places.items():
        first = by_place[found[0]]
        if len(found) > 1:
            if not all(first.same(by_place[place]) for place in found[1:]):
                raise UsageError(
                    f"{len(found)} columns are called “{name}”, and they differ.",
                    where=path.name,
                    todo=f"Rename one, or say which: “{name}#1”, “{name}#2”.",
                )
            repeated.append(name)
        columns[name] = TextColumn(name, first.codes, first.values)
    rows = len(next(iter(columns.values())).codes)
    if rows == 0:
        raise UsageError("the table has a header but no rows.", where=path.name, todo="Give at least one row.")
    return ForeignTable(columns, rows, about, repeated)


def _delimited(path: Path, names: Sequence[str]) -> tuple[list[str], Any, dict[str, str]]:
    """A text file, whatever its name; what is no text either is told by what its name promises."""
    try:
        return read_delimited(path, names)
    except NoTextError:
        promised = _NAMED.get(path.suffix.lower())
        if promised is None:
            raise
        raise UsageError(
            f"it cannot be read as {promised}, which its name says it is: it holds something else.",
            where=path.name,
            todo=_SAVE_AS,
        ) from None


def _start_of(path: Path) -> bytes:
    """The first bytes of a file that can be read as a table."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UsageError("it is a folder, not a file.", where=str(path), todo="Name the table itself.")
        if not stat.S_ISREG(mode):  # to read a pipe could wait for ever
            raise UsageError("it is not a file.", where=str(path), todo="Save the table first, and name that file.")
        with path.open("rb") as handle:
            start = handle.read(64)
    except FileNotFoundError:
        raise UsageError("there is no such file.", where=str(path), todo="Check its path.") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise UsageError(f"the file cannot be read ({reason}).", where=str(path), todo="Check its rights.") from None
    if not start.strip():
        raise UsageError("the file is empty.", where=path.name, todo="Export it again.")
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature):
            raise UsageError(f"it is {what}, which cannot be read here.", where=path.name, todo=_SAVE_AS)
    return start


def _find(name: str, header: Sequence[str], path: Path) -> list[int]:
    """Where a named column stands; more than one place where the header repeats its name."""
    places = [place for place, own in enumerate(header) if own == name]
    if places:
        return places
    plain, _, number = name.rpartition("#")
    places = [place for place, own in enumerate(header) if own == plain]
    if plain and number.isdigit() and 1 <= int(number) <= len(places):
        return [places[int(number) - 1]]
    lowered = {own.lower(): own for own in header if own}
    same = lowered.get(name.strip().lower())
    advice = f"Did you mean “{same}”?" if same else nearest(name, sorted({own for own in header if own}))
    raise UsageError(
        f"there is no column “{name}”.",
        where=path.name,
        todo=advice or "Check the names in its first row; a name with spaces stands in quotation marks.",
    )


def _parquet(path: Path) -> tuple[list[str], Any]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError):
        raise UsageError("the Parquet file is damaged.", where=path.name, todo="Export it again.") from None
    header = [str(name) for name in file.schema_arrow.names]

    def read(places: Sequence[int]) -> list[TextColumn]:
        try:
            # the reader takes names, and gives both of two columns that share one
            chosen = file.read(columns=sorted({header[place] for place in places}))
            result = []
            for place in places:
                alike = [at for at, name in enumerate(chosen.column_names) if name == header[place]]
                result.append(_arrow(header[place], chosen.column(alike[header[:place].count(header[place])]), path))
            return result
        except pa.ArrowException:
            raise UsageError("the Parquet file is damaged.", where=path.name, todo="Export it again.") from None

    return header, read


def _arrow(name: str, values: Any, path: Path) -> TextColumn:
    """A column of a Parquet file as text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind):
        raise UsageError(f"the column “{name}” holds lists or records.", where=path.name, todo=_TEXT_ONLY)
    if pa.types.is_null(kind):
        return TextColumn(name, np.full(len(values), -1, dtype=np.int64), [])
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    different = encoded.dictionary
    # numpy keeps single precision, whose shortest text is meant
    cells = different.to_numpy(zero_copy_only=False) if pa.types.is_floating(kind) else different.to_pylist()
    texts = [as_text(cell) for cell in cells]
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    empty = np.array([text is None for text in texts] + [True], dtype=np.bool_)
    codes = np.where(empty[codes], -1, codes)
    return TextColumn(name, codes, [text or "" for text in texts])


def _xlsx(path: Path, names: Sequence[str]) -> tuple[list[str], Any]:
    """The header of the first sheet that has the named columns, and how to read it."""
    sheets = _sheets(path)
    if not sheets:
        raise UsageError("the workbook has no rows.", where=path.name, todo="Export it again.")
    header, rows = next((each for each in sheets if set(names) <= set(each[0])), sheets[0])

    def read(places: Sequence[int]) -> list[TextColumn]:
        return [coded(header[place], [as_text(_at(row, place)) for row in rows]) for place in places]

    return header, read


def _sheets(path: Path) -> list[tuple[list[str], list[tuple[Any, ...]]]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    found = []
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # programs write wrong ones
                rows = [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
                if rows:
                    found.append(([as_text(cell) or "" for cell in rows[0]], rows[1:]))
        finally:
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, OSError):
        raise UsageError(
            "it is no Excel workbook that can be read.", where=path.name, todo=f"Is it whole? {_SAVE_AS}"
        ) from None
    return found


def _at(row: tuple[Any, ...], place: int) -> Any:
    return row[place] if place < len(row) else None
