"""Tables in text files: encoding and delimiter are found, fields are never guessed.

Belongs here: everything between the bytes of a CSV file and its columns.
Does not belong here: what a column means (values), other forms of files (reading).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from data_contracts.errors import UsageError
from fairness_reports.scored_file.column import TextColumn

DELIMITERS: Final = (",", ";", "\t", "|")
_CHUNK = 1 << 21
_LONGEST_HEADER = 1 << 20
_ENCODINGS = ("utf-8", "cp1252")


class NoTextError(UsageError):
    """A file whose bytes are no text."""


Reader = Callable[[Sequence[int]], list[TextColumn]]


def read_delimited(path: Path, names: Sequence[str]) -> tuple[list[str], Reader, dict[str, str]]:
    """Open a text file with one row per line.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        The columns that are wanted: the delimiter is the one that makes most of them.

    Returns
    -------
    header : list of str
        The names in the first row.
    read : callable
        From positions in the header to columns.
    details : dict of str to str
        encoding and delimiter.
    """
    encoding = _encoding(path)
    with path.open("r", encoding=encoding, newline="") as handle:
        start = handle.read(_LONGEST_HEADER).removeprefix("\ufeff")
    if _open_quote(path, encoding):
        raise UsageError(
            "a quotation mark is never closed: the rows below it would be lost.",
            where=path.name,
            todo="Export the table again.",
        )
    above = 0
    declared = re.match(r"sep=(.)\r?\n", start)  # Excel's own way to name the delimiter
    if declared:
        start, above = start[declared.end() :], 1
    choices = [_header(start, each) for each in ([declared[1]] if declared else DELIMITERS)]
    header, lines, delimiter = max(choices, key=lambda each: (len(set(names) & set(each[0])), len(each[0])))
    if not header:
        raise UsageError("the file has no header.", where=path.name, todo="Its first row has to name the columns.")

    def read(places: Sequence[int]) -> list[TextColumn]:
        return _columns(path, encoding, delimiter, header, above + lines, places)

    return header, read, {"encoding": encoding, "delimiter": delimiter}


def _encoding(path: Path) -> str:
    """UTF-8 where the whole file is; Windows-1252 otherwise. UTF-16 says so itself."""
    with path.open("rb") as handle:
        start = handle.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in start:
        raise NoTextError("it is no text file.", where=path.name, todo="Save the table as CSV, Parquet or XLSX.")
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    if "\x00" in decoder.decode(chunk):
                        raise NoTextError(
                            "it is no text file.", where=path.name, todo="Save the table as CSV, Parquet or XLSX."
                        )
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise NoTextError(
        "its text is neither UTF-8 nor Windows-1252.", where=path.name, todo="Save it again as CSV in UTF-8."
    )


def _open_quote(path: Path, encoding: str) -> bool:
    """Whether the file ends inside quotation marks."""
    with path.open("rb") as handle:
        marks = sum(chunk.count(b'"') for chunk in iter(lambda: handle.read(_CHUNK), b""))
    if marks % 2 == 0:
        return False
    last: list[str] = []
    with path.open("r", encoding=encoding, newline="") as handle:
        try:
            for last in csv.reader(chain(handle, ["\nend"])):  # noqa: B007  (the last one is looked at)
                pass
        except csv.Error:
            return True  # what is open is longer than a field can be
    return last != ["end"]


def _header(start: str, delimiter: str) -> tuple[list[str], int, str]:
    """The first row that is not blank, on how many lines it and the blank ones above stand."""
    rows = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
    try:
        for row in rows:
            if any(field.strip() for field in row):
                return [field.strip() for field in row], rows.line_num, delimiter
    except csv.Error:
        pass  # a quotation mark that is never closed: no table with this delimiter
    return [], 0, delimiter


def _columns(
    path: Path, encoding: str, delimiter: str, header: list[str], above: int, places: Sequence[int]
) -> list[TextColumn]:
    wrong: list[tuple[int, int]] = []

    def invalid(row: Any) -> str:
        if not wrong:
            wrong.append((int(row.number or 0), int(row.actual_columns)))
        return "skip"

    names = [f"c{place}" for place in range(len(header))]
    wanted = [names[place] for place in places]
    try:
        table = pc.read_csv(
            path,
            read_options=pc.ReadOptions(
                use_threads=False,  # so that a row knows its number
                block_size=1 << 24,
                skip_rows=above,
                column_names=names,
                encoding="utf8" if encoding == "utf-8" else encoding,
            ),
            parse_options=pc.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=True, invalid_row_handler=invalid
            ),
            convert_options=pc.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if re.search("could not skip|empty", str(error), re.IGNORECASE):  # no row below the header
            return [TextColumn(header[place], np.empty(0, dtype=np.int64), []) for place in places]
        raise UsageError("the rows cannot be told apart.", where=path.name, todo="Export the table again.") from None
    if wrong:
        number, fields = wrong[0]
        place = f"the row on line {number} or below" if number else "a row"
        raise UsageError(
            f"{place} has {fields} field{'' if fields == 1 else 's'}, the header {len(header)}.",
            where=path.name,
            todo="A text with the delimiter in it has to stand in quotation marks. Export the table again.",
        )
    return [_coded(header[place], table.column(name)) for place, name in zip(places, wanted, strict=True)]


def _coded(name: str, values: Any) -> TextColumn:
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return TextColumn(name, codes, [value.strip() for value in encoded.dictionary.to_pylist()])
