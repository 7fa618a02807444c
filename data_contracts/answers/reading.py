"""The named columns of a list that was filled in: CSV or XLSX. No other column is read beyond its heading.

Belongs here: finding the heading among notes above it, the cells below it, telling a formula from a value.
Does not belong here: what a cell must hold (checking), the sentences for a file that is no list (no_list).
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from data_contracts.answers.no_list import NoListError
from data_contracts.sheets import is_formula_like

SHEET: Final = "list"
"""The sheet that holds the answers, where a workbook has several."""
KEY: Final = "case_id"
"""The heading is the row with this cell."""
MOST_ROWS: Final = 200_000
MOST_BYTES: Final = 200_000_000
"""Of a file, and of what a workbook unpacks to: no team's list is as long."""
HEADING_WITHIN: Final = 100
"""Rows in which the heading is looked for."""


class Special(Enum):
    """Cells that hold no value."""

    FORMULA = "formula"


Cell = str | date | Special | None


@dataclass(frozen=True)
class AnswerSheet:
    """The answer columns of a file.

    Parameters
    ----------
    name : str
        The file's name.
    sha256 : str
        Of its bytes.
    columns : tuple of str
        Those wanted columns that it has.
    others : int
        How many other columns it has; they were not read.
    rows : list of (int, dict)
        Number of the row as a spreadsheet counts, and its cells by column.
    short : dict of int to str
        Rows of a CSV file that end before the heading does, and the first column that they lack. A workbook has none:
        there empty cells at the end of a row are not kept.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    others: int
    rows: list[tuple[int, dict[str, Cell]]]
    short: dict[int, str] = field(default_factory=dict)


def read_answers(path: Path, columns: Sequence[str], lang: str = "en") -> AnswerSheet:
    """Read some columns of a list.

    Parameters
    ----------
    path : Path
        A CSV or XLSX file.
    columns : sequence of str
        Names as in its heading, `case_id` among them.
    lang : {"en", "de"}
        The language of what is refused.

    Returns
    -------
    AnswerSheet
        Rows without a cell in any of the columns are left out, unless they are rows of the list that were cut short.

    Raises
    ------
    UsageError
        When the file cannot be read, or has no heading.
    """
    try:
        return _read(path, columns)
    except NoListError as error:
        raise error.told(lang) from None


def _read(path: Path, columns: Sequence[str]) -> AnswerSheet:
    content = _bytes_of(path)
    packed = content.startswith(b"PK")
    rows = _workbook(content, path.name) if packed else _text(content, path.name)
    try:
        at, heading = next(
            (number, cells)
            for number, cells in islice(rows, HEADING_WITHIN)
            if any(isinstance(cell, str) and cell.strip().lower() == KEY for cell in cells)
        )
    except StopIteration:
        raise NoListError("no_heading", path.name, key=KEY) from None
    names = [cell.strip().lower() if isinstance(cell, str) else "" for cell in heading]
    places = {name: names.index(name) for name in columns if name in names}
    twice = [name for name in places if names.count(name) > 1]
    if twice:
        raise NoListError("column_twice", path.name, row=at, column=twice[0])
    found: list[tuple[int, dict[str, Cell]]] = []
    width = 0 if packed else max(place for place, name in enumerate(names, 1) if name)
    ended: list[tuple[int, Sequence[str], dict[str, Cell]]] = []
    lengths: set[int] = set()
    for number, cells in rows:
        taken = {name: _tidy(cells[place] if place < len(cells) else None) for name, place in places.items()}
        if len(cells) < width:
            ended.append((number, cells, taken))
        else:
            if width:
                lengths.add(len(cells[0]))
            if any(cell is not None for cell in taken.values()):
                found.append((number, taken))
        if number > MOST_ROWS:
            raise NoListError("too_many_rows", path.name, most=MOST_ROWS)
    short = {}
    ordered = sorted(places, key=places.__getitem__)
    for number, cells, taken in ended:
        filled = sum(cell is not None for cell in taken.values())
        # a note below the list is shorter, too: it holds not two of the columns, nor begins with a word like an id
        begun = bool(cells and cells[0].strip()) and len(cells[0].split()) == 1 and len(cells[0]) in lengths
        if filled > 1 or begun:
            short[number] = next((name for name in ordered if places[name] >= len(cells)), KEY)
        if filled or begun:
            found.append((number, taken))
    others = sum(1 for name in names if name and name not in places)
    sha256 = hashlib.sha256(content).hexdigest()
    return AnswerSheet(path.name, sha256, tuple(places), others, sorted(found, key=lambda row: row[0]), short)


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NoListError("folder" if path.is_dir() else "no_file", str(path))
        if path.stat().st_size > MOST_BYTES:
            raise NoListError("large_file", path.name)
        content = path.read_bytes()
    except OSError as error:
        raise NoListError("unreadable", path.name, reason=error) from None
    if not content.strip():
        raise NoListError("empty", path.name)
    return content


def _workbook(content: bytes, name: str) -> Iterator[tuple[int, Sequence[Any]]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(info.file_size for info in packed.infolist()) > MOST_BYTES:
                raise NoListError("large_workbook", name)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        try:
            title = SHEET if SHEET in book.sheetnames else book.sheetnames[0]
            if title != SHEET and len(book.sheetnames) > 1:
                raise NoListError("no_sheet", name, sheet=SHEET)
            sheet = book[title]
            sheet.reset_dimensions()  # programs write wrong ones
            for number, row in enumerate(sheet.iter_rows(), 1):
                yield number, [Special.FORMULA if cell.data_type == "f" else cell.value for cell in row]
        finally:
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError):
        raise NoListError("no_workbook", name) from None


def _text(content: bytes, name: str) -> Iterator[tuple[int, Sequence[Any]]]:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return _records(text, name)
    raise NoListError("no_text", name)


def _records(text: str, name: str) -> Iterator[tuple[int, Sequence[str]]]:
    heads = [line for line in text.splitlines()[:HEADING_WITHIN] if KEY in line.lower()]
    delimiter = max(",;\t", key=heads[0].count) if heads else ","
    return _numbered(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), name)


def _numbered(rows: Iterable[list[str]], name: str) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        yield from enumerate(rows, 1)
    except csv.Error:
        raise NoListError("quotes", name) from None


def _tidy(value: Any) -> Cell:
    """A cell as text, a day, a formula, or nothing."""
    if value is None or isinstance(value, Special):
        return value
    if isinstance(value, datetime):
        return value.date() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if not text:
        return None
    return Special.FORMULA if is_formula_like(text) else text
