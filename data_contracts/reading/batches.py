"""Streaming a file's rows as text with their row numbers, in bounded memory.

Belongs here: CSV by pyarrow, Parquet by row groups, XLSX cell by cell; footer rows; blank rows; rows of wrong length.
Does not belong here: types (casting).
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from data_contracts.contract import Column
from data_contracts.errors import RefusedError
from data_contracts.reading.inspection import open_workbook
from data_contracts.reading.source import Batch, SourceFile

BLOCK = 1 << 23  # a row longer than this cannot be read; it bounds memory
XLSX_ROWS = 20_000


def read_batches(source: SourceFile, columns: Sequence[Column]) -> Iterator[Batch]:
    """Stream the rows of a file.

    A row of which every asked column is empty is blank and does not count (spreadsheets leave such rows at the end).

    Parameters
    ----------
    source : SourceFile
        A file that passed inspection.
    columns : sequence of Column
        The columns to read; all others are never read beyond the header.

    Yields
    ------
    Batch
        Rows in the file's order. Footer rows are left out.

    Raises
    ------
    RefusedError
        When the file breaks off in the middle of a row.
    """
    present = [column for column in columns if source.position(column) is not None]
    reader = {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}[source.form]
    batches = (_without_blank(batch) for batch in reader(source, present))
    footer = 0 if source.form == "parquet" else source.table.dialect.footer_rows
    return _without_footer(batches, footer)


def _csv(source: SourceFile, columns: list[Column]) -> Iterator[Batch]:
    dialect = source.table.dialect
    wrong: list[int] = []
    # records are counted like a spreadsheet's rows; lines above the data may be more than rows
    shift = dialect.header_row - source.header_lines

    def invalid(row: Any) -> str:
        # a line without a value is no row, whatever its length
        empty = not row.text.strip(dialect.delimiter + dialect.quote + string.whitespace)
        (blank if empty else wrong).append(row.number + shift)
        return "skip"

    blank: list[int] = []
    names = [str(position) for position in range(len(source.header))]
    asked = {str(source.position(column)): column.name for column in columns}
    counter = dialect.header_row
    try:
        with (
            source.open_bytes() as file,
            pyarrow.csv.open_csv(
                file,
                # row numbers of wrong rows are only had in one thread
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK,
                    skip_rows=source.header_lines,
                    column_names=names,
                    encoding=dialect.encoding,
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quote,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=invalid,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=list(asked),
                    column_types=dict.fromkeys(asked, pa.string()),
                    strings_can_be_null=False,
                ),
            ) as reader,
        ):
            told = 0
            for record_batch in reader:
                skipped = np.array(sorted(wrong + blank), dtype=np.int64)
                rows = _number(counter, record_batch.num_rows, skipped)
                counter = int(rows[-1]) if len(rows) else counter
                text = {name: record_batch.column(position) for position, name in asked.items()}
                # the parser reads ahead: rows beyond this batch belong to a later one
                mine = [number for number in wrong[told:] if number < counter]
                told += len(mine)
                yield Batch(pa.array(rows), text, wrong_fields=mine)
            if wrong[told:]:
                empty = {name: pa.array([], pa.string()) for name in asked.values()}
                yield Batch(pa.array([], pa.int64()), empty, wrong_fields=wrong[told:])
    except pa.ArrowInvalid as error:
        raise RefusedError(
            "the file cannot be read to its end: a quotation mark is opened and never closed, or a row has no end.",
            where=source.name,
            todo="Check the contract's quote mark, or export the file again.",
        ) from error


def _number(counter: int, count: int, skipped: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers of the next `count` good rows after row `counter`, passing over the numbers of skipped ones."""
    ahead = skipped[skipped > counter]
    span = np.arange(counter + 1, counter + 1 + count + len(ahead), dtype=np.int64)
    return span[~np.isin(span, ahead)][:count]


def _parquet(source: SourceFile, columns: list[Column]) -> Iterator[Batch]:
    names = {column.header: column.name for column in columns}
    counter = 1
    with pq.ParquetFile(source.path) as file:
        for record_batch in file.iter_batches(batch_size=65_536, columns=list(names)):
            text: dict[str, Any] = {}
            native: dict[str, Any] = {}
            for header, name in names.items():
                text[name], native[name] = _split_typed(record_batch.column(header))
            rows = pa.array(np.arange(counter, counter + record_batch.num_rows, dtype=np.int64))
            counter += record_batch.num_rows
            yield Batch(rows, text, native)


def _split_typed(values: Any) -> tuple[Any, Any]:
    """A Parquet column as dialect text (what was stored as text) and canonical text (what was stored typed)."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    nothing = pa.nulls(len(values), pa.string())
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string()), nothing
    if pa.types.is_null(kind):
        return nothing, nothing
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
    elif pa.types.is_timestamp(kind):
        # the wall time of the zone that the file declares; nanoseconds do not matter for days
        local = pc.local_timestamp(values) if kind.tz else values
        values = local.cast(pa.timestamp("us"), safe=False)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_time(kind):
        return nothing, pa.array([None if one is None else "?" for one in values.to_pylist()], pa.string())
    return nothing, values.cast(pa.string())


def _xlsx(source: SourceFile, columns: list[Column]) -> Iterator[Batch]:
    places = [(column.name, source.header.index(column.header)) for column in columns]
    width = len(source.header)
    workbook = open_workbook(source.path)
    try:
        worksheet = workbook[source.sheet]
        worksheet.reset_dimensions()
        rows: list[int] = []
        wrong: list[int] = []
        cells: list[Sequence[Any]] = []
        first = source.header_lines + 1
        for number, row in enumerate(worksheet.iter_rows(min_row=first, values_only=True), start=first):
            if len(row) > width and any(cell is not None for cell in row[width:]):
                wrong.append(number)
                continue
            rows.append(number)
            cells.append(row)
            if len(rows) == XLSX_ROWS:
                yield _xlsx_batch(rows, cells, wrong, places)
                rows, cells, wrong = [], [], []
        yield _xlsx_batch(rows, cells, wrong, places)
    finally:
        workbook.close()


def _xlsx_batch(rows: list[int], cells: list[Sequence[Any]], wrong: list[int], places: list[tuple[str, int]]) -> Batch:
    text: dict[str, Any] = {}
    native: dict[str, Any] = {}
    for name, position in places:
        values = [row[position] if position < len(row) else None for row in cells]
        text[name] = pa.array([value if isinstance(value, str) else None for value in values], pa.string())
        native[name] = pa.array([_canonical(value) for value in values], pa.string())
    return Batch(pa.array(rows, pa.int64()), text, native, wrong)


def _canonical(value: Any) -> str | None:
    """Canonical text of a typed cell; None for text and for nothing."""
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _without_blank(batch: Batch) -> Batch:
    blank = None
    for name, text in batch.text.items():
        empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True)
        if name in batch.native:
            empty = pc.and_(empty, batch.native[name].is_null())
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            return batch
    return batch if blank is None else _keep(batch, pc.invert(blank))


def _keep(batch: Batch, mask: Any) -> Batch:
    return Batch(
        batch.rows.filter(mask),
        {name: values.filter(mask) for name, values in batch.text.items()},
        {name: values.filter(mask) for name, values in batch.native.items()},
        batch.wrong_fields,
    )


def _without_footer(batches: Iterator[Batch], footer_rows: int) -> Iterator[Batch]:
    """Hold back as many batches as may hold the last rows, then leave those rows out."""
    if footer_rows == 0:
        yield from batches
        return
    held: deque[Batch] = deque()

    def count(batch: Batch) -> int:
        return len(batch.rows) + len(batch.wrong_fields)

    for batch in batches:
        held.append(batch)
        while sum(count(one) for one in held) - count(held[0]) >= footer_rows:
            yield held.popleft()
    numbers = sorted(number for batch in held for number in [*batch.rows.to_pylist(), *batch.wrong_fields])
    footer = pa.array(numbers[-footer_rows:], pa.int64())
    for batch in held:
        kept = _keep(batch, pc.invert(pc.is_in(batch.rows, value_set=footer)))
        kept.wrong_fields = [number for number in batch.wrong_fields if number not in set(footer.to_pylist())]
        yield kept
