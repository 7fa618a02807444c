"""Looking at one file before anything of it is used: is it readable, and what its name and the contract say.

Belongs here: hashing, file signatures, gzip, encodings, headers; every problem as one sentence without a value.
Does not belong here: reading its rows (batches), which files a delivery has (delivery).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import warnings
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from data_contracts.contract import Table
from data_contracts.reading.source import Form, SourceFile
from data_contracts.yamldoc import nearest

_CHUNK = 1 << 21

_SIGNATURES = [
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls) or a password-protected one"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xfd7zXZ", "an xz file"),
    (b"{\\rtf", "an RTF document"),
]
_MARKUP = re.compile(rb"^\s*<(?:!doctype|html|\?xml|table)", re.IGNORECASE)

# What UTF-8's two and three bytes look like when they were once read as Windows-1252: “Ã¼” for “ü”, “â€™” for “’”
_CONTINUATION = "".join(
    re.escape(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte)) for byte in range(0x80, 0xC0)
)
_MOJIBAKE = re.compile(f"[ÂÃ][{_CONTINUATION}]|â€[{_CONTINUATION}]")


def inspect(table: Table, path: Path, form: Form) -> tuple[SourceFile, list[str]]:
    """Look at one file.

    Parameters
    ----------
    table : Table
        The table that it is for.
    path : Path
        The file.
    form : {"csv", "parquet", "xlsx"}
        What its name promises.

    Returns
    -------
    source : SourceFile
        The file with its hash and header, as far as they could be had.
    problems : list of str
        Why it cannot be used; empty when it can.
    """
    source = SourceFile(table, path, form)
    try:
        if path.exists() and not path.is_file():  # to read a pipe could wait for ever
            return source, [source.refusal("it is not a file.", "Put the file itself there.")]
        if path.is_file() and path.stat().st_size == 0:
            return source, [source.refusal("the file is empty.", "Export it again.")]
        problems = {"csv": _inspect_csv, "parquet": _inspect_parquet, "xlsx": _inspect_xlsx}[form](source)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return source, [source.refusal(f"the file cannot be read ({reason}).", "Check that it may be read.")]
    return source, problems or _inspect_header(source)


class _Hashing(io.RawIOBase):
    """A file that hashes what is read through it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self.hash.update(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chunks(file: io.BufferedIOBase | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _inspect_csv(source: SourceFile) -> list[str]:
    raw = _Hashing(source.path)
    dialect = source.table.dialect
    marks = 0

    def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal marks
        for chunk in chunks:
            marks += chunk.count(dialect.quote.encode())
            yield chunk

    with raw, io.BufferedReader(raw, _CHUNK) as buffered:
        start = buffered.peek(64)
        if source.is_gzip and not start.startswith(b"\x1f\x8b"):
            return [source.refusal("the file is not gzip although its name ends in .gz.", "Rename or export it again.")]
        try:
            file: Any = gzip.GzipFile(fileobj=buffered) if source.is_gzip else buffered
            problem = _inspect_text(source, counted(_chunks(file)))
        except EOFError:
            return [source.refusal("the gzip file is cut off before its end.", "Copy or export it again.")]
        except (gzip.BadGzipFile, zlib.error):
            return [source.refusal("the gzip file is damaged.", "Copy or export it again.")]
        while buffered.read(_CHUNK):
            pass  # the hash covers the whole file even when inspection stopped early
        source.sha256 = raw.hash.hexdigest()
    if problem is None and marks % 2 and _ends_in_quotes(source):
        problem = _open_quote(source)
    return [problem] if problem else _read_csv_header(source)


def _ends_in_quotes(source: SourceFile) -> bool:
    """Whether an open quotation mark swallows the rest of the file: its rows would be lost, and counted as one."""
    dialect = source.table.dialect
    after = ["end", "end"]
    with source.open_text() as text:
        lines = chain(text, [dialect.delimiter.join(after)])
        records = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
        try:
            last = deque(records, maxlen=1)
        except csv.Error:  # a field longer than any: only a quotation mark makes one
            return True
    return list(last) != [after]


def _inspect_text(source: SourceFile, chunks: Iterator[bytes]) -> str | None:
    """One pass over the text: kind of file, NUL bytes, encoding. The first problem ends it."""
    encoding = source.table.dialect.encoding
    again = "Export it again, or declare its encoding in the contract."
    wide = encoding.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding)()
    as_utf8 = codecs.getincrementaldecoder("utf-8")() if encoding != "utf-8" and not wide else None
    saw_special, tail, first = False, "", True
    for chunk in chunks:
        if first:
            first = False
            problem = _signature_problem(source, chunk, encoding, wide)
            if problem:
                return problem
        if not wide and b"\0" in chunk:
            return source.refusal("the file holds NUL bytes: it is no text file, or it is UTF-16.", again)
        if not wide and chunk.isascii() and not decoder.getstate()[0]:
            tail = ""
            if as_utf8 is not None and as_utf8.getstate()[0]:
                as_utf8 = None
            continue
        saw_special = True
        try:
            text = tail + decoder.decode(chunk)
        except UnicodeDecodeError:
            return source.refusal(f"the file is not written in the declared encoding {encoding}.", again)
        if as_utf8 is not None:
            try:
                as_utf8.decode(chunk)
            except UnicodeDecodeError:
                as_utf8 = None
        if encoding == "iso8859-1" and re.search("[\x80-\x9f]", text):
            return source.refusal("the file is not latin-1 (ISO 8859-1) as declared; it looks like cp1252.", again)
        if _MOJIBAKE.search(text) and encoding == "utf-8":
            return source.refusal(
                "letters such as ä or é are garbled: UTF-8 was read as Windows-1252 before this file was written.",
                "Export it again from the source system.",
            )
        tail = text[-2:]
    if first:
        return source.refusal("the file is empty.", "Export it again.")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return source.refusal(f"the file is not written in the declared encoding {encoding}.", again)
    if as_utf8 is not None and saw_special and not as_utf8.getstate()[0]:
        return source.refusal(f"the file is UTF-8, but the contract declares {encoding}.", again)
    return None


def _signature_problem(source: SourceFile, start: bytes, encoding: str, wide: bool) -> str | None:
    export = "Export it as CSV, or declare the file's real name in the contract."
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return source.refusal(f"the file is {kind}, not CSV.", export)
    if _MARKUP.match(start):
        return source.refusal("the file is a web page or XML, not CSV.", export)
    if start.startswith(codecs.BOM_UTF8) and encoding != "utf-8":
        return source.refusal(
            f"the file is UTF-8 (it starts with a byte order mark), but the contract declares {encoding}.",
            "Export it again, or declare its encoding in the contract.",
        )
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not wide:
        return source.refusal(
            f"the file is UTF-16, but the contract declares {encoding}.",
            "Export it again, or declare its encoding in the contract.",
        )
    return None


def _read_csv_header(source: SourceFile) -> list[str]:
    dialect = source.table.dialect
    with source.open_text() as text:
        records = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote)
        more = 0
        try:
            for number, record in enumerate(records, start=1):
                if number == dialect.header_row:
                    source.header = [name.strip() for name in record]
                    source.header_lines = records.line_num
                elif number > dialect.header_row and any(field.strip() for field in record):
                    more += 1
                    if more > dialect.footer_rows:
                        break
        except csv.Error:
            return [_open_quote(source)]
    if not any(source.header):
        return [_no_header(source)]
    if more <= dialect.footer_rows and not source.table.optional:
        return [_no_rows(source)]
    return []


def _open_quote(source: SourceFile) -> str:
    return source.refusal(
        "a quotation mark is opened and never closed.", "Close it, or check the contract's quote mark."
    )


def _no_header(source: SourceFile) -> str:
    row = source.table.dialect.header_row
    return source.refusal(f"row {row} holds no header.", "Check headerRow in the contract.")


def _no_rows(source: SourceFile) -> str:
    return source.refusal("the file has a header but no rows.", "Export it again, or declare the table optional.")


def _inspect_parquet(source: SourceFile) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source.sha256 = _hash(source.path)
    try:
        with pq.ParquetFile(source.path) as file:
            source.header, source.header_lines = list(file.schema_arrow.names), 0
            rows = file.metadata.num_rows
            nested = {field.name for field in file.schema_arrow if pa.types.is_nested(field.type)}
    except (pa.ArrowInvalid, pa.ArrowException):
        return [source.refusal("the file is no Parquet file, or it is damaged.", "Export it again.")]
    if rows == 0 and not source.table.optional:
        return [_no_rows(source)]
    return [
        source.refusal(f"the column “{column.header}” is nested.", "Export it as plain values.")
        for column in source.present
        if column.header in nested
    ]


def _inspect_xlsx(source: SourceFile) -> list[str]:
    source.sha256 = _hash(source.path)
    with source.path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return [
            source.refusal(
                "the workbook is an old Excel file (.xls) or has a password.", "Save it as .xlsx without one."
            )
        ]
    workbook = open_workbook(source.path)
    if workbook is None:
        return [source.refusal("the file is no Excel workbook, or it is damaged.", "Save it again as .xlsx.")]
    try:
        return _inspect_sheet(source, workbook)
    finally:
        workbook.close()


def open_workbook(path: Path) -> Any:
    """A workbook for reading its values, or None when it is none."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter for values
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, EOFError, zlib.error):
        # what openpyxl lets through from zipfile and the XML parser (ParseError is a SyntaxError)
        return None


def _inspect_sheet(source: SourceFile, workbook: Any) -> list[str]:
    dialect = source.table.dialect
    sheets = list(workbook.sheetnames)
    if dialect.sheet is None and len(sheets) > 1:
        return [source.refusal(f"the workbook has {len(sheets)} sheets.", "Declare which one (dialect, sheet).")]
    sheet = dialect.sheet or sheets[0]
    if sheet not in sheets:
        advice = nearest(sheet, sheets) or "Check sheet in the contract's dialect."
        return [source.refusal(f"the workbook has no sheet “{sheet}”.", advice)]
    source.sheet, source.header_lines = sheet, dialect.header_row
    worksheet = workbook[sheet]
    worksheet.reset_dimensions()
    more = 0
    for number, row in enumerate(worksheet.iter_rows(values_only=True), start=1):
        if number == dialect.header_row:
            source.header = ["" if cell is None else str(cell).strip() for cell in row]
        elif number > dialect.header_row and any(cell is not None for cell in row):
            more += 1
            if more > dialect.footer_rows:
                break
    while source.header and not source.header[-1]:
        source.header.pop()
    if not source.header:
        return [_no_header(source)]
    return [_no_rows(source)] if more <= dialect.footer_rows and not source.table.optional else []


def _inspect_header(source: SourceFile) -> list[str]:
    """Columns that are missing, renamed or there twice."""
    problems = []
    named = [name for name in source.header if name]
    for name in sorted({name for name in named if named.count(name) > 1}):
        problems.append(source.refusal(f"the header has “{name}” twice.", "Export it with one column of each name."))
    declared = {column.header for column in source.table.columns}
    missing = [column for column in source.table.stored if not column.optional and column.header not in named]
    if missing and len(named) <= 1 and source.form == "csv":
        other = next((mark for mark in ";,\t|" if mark in "".join(named)), None)
        if other:
            shown = "a tab" if other == "\t" else f"“{other}”"
            todo = f"It looks like {shown}: check delimiter in the contract."
            return [source.refusal("the header reads as one column: the delimiter is not the declared one.", todo)]
    if len(missing) == len([column for column in source.table.stored if not column.optional]) and len(missing) > 1:
        row = source.table.dialect.header_row
        return [
            *problems,
            source.refusal(
                f"row {row} has none of the contract's columns.", "Check headerRow and delimiter in the contract."
            ),
        ]
    for column in missing:
        advice = _nearest_header(column.header, [name for name in named if name not in declared])
        problems.append(
            source.refusal(f"the column “{column.header}” is missing.", advice or "Export it, or change the contract.")
        )
    return problems


def _nearest_header(wanted: str, candidates: list[str]) -> str:
    folded = {re.sub(r"[\W_]+", "", name).casefold(): name for name in candidates}
    same = folded.get(re.sub(r"[\W_]+", "", wanted).casefold())
    if same is None and (near := nearest(wanted, candidates)):
        return f"The file has a similar one. {near} If so, declare it as physicalName."
    return f"The file has “{same}”: was it renamed? If so, declare it as physicalName." if same else ""
