"""From text to the declared type, column by column, with what could not be read.

Belongs here: nulls, integers, numbers with any decimal and thousands mark, booleans, dates, timestamps.
Does not belong here: rules about values that did read (rules).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.contract import Column, Table
from data_contracts.reading.source import Batch

TRUE = ("true", "1", "yes", "y", "ja", "j", "wahr", "w", "t")
FALSE = ("false", "0", "no", "n", "nein", "falsch", "f")

_ISO_DAY = r"^\d{4}-\d{2}-\d{2}"
_ISO = _ISO_DAY + r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$"

ARROW_TYPES: dict[str, Any] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@dataclass
class Cast:
    """A typed column, and where its text could not be read.

    Attributes
    ----------
    values : pyarrow.Array
        Null where there was nothing or nothing readable.
    unparsed : pyarrow.Array
        True where there was text that is not of the declared type.
    """

    values: Any
    unparsed: Any


def cast_batch(table: Table, column: Column, batch: Batch) -> Cast:
    """Cast one column of a batch.

    Parameters
    ----------
    table : Table
        Its dialect says how text is written.
    column : Column
        The column; absent columns come out as nulls.
    batch : Batch
        Rows of a file.

    Returns
    -------
    Cast
        A key comes out as text (of an integer where its logicalType says so), still to be pseudonymised.
    """
    if column.name not in batch.text:
        kind = pa.string() if column.is_key else ARROW_TYPES[column.logical_type]
        return Cast(pa.nulls(len(batch.rows), kind), pa.array([False] * len(batch.rows), pa.bool_()))
    made = cast_text(table, column, batch.text[column.name], native=False)
    if column.name not in batch.native or batch.native[column.name].null_count == len(batch.rows):
        return made
    typed = cast_text(table, column, batch.native[column.name], native=True)
    return Cast(pc.coalesce(typed.values, made.values), pc.or_(made.unparsed, typed.unparsed))


def cast_text(table: Table, column: Column, text: Any, *, native: bool) -> Cast:
    """Cast text: each distinct value once.

    Parameters
    ----------
    table, column
        As declared.
    text : pyarrow.Array of string
        The values.
    native : bool
        Whether the text is canonical (ISO dates, decimal point) whatever the dialect says.

    Returns
    -------
    Cast
    """
    encoded = text.dictionary_encode()
    distinct = pc.utf8_trim_whitespace(encoded.dictionary)
    nothing = pc.equal(distinct, "")
    if table.dialect.null_marks:
        nothing = pc.or_(nothing, pc.is_in(distinct, value_set=pa.array(table.dialect.null_marks, pa.string())))
    distinct = pc.if_else(nothing, pa.scalar(None, pa.string()), distinct)
    values = _convert(table, column, distinct, native)
    unparsed = pc.and_(pc.is_valid(distinct), pc.is_null(values))
    indices = encoded.indices
    return Cast(values.take(indices), pc.fill_null(unparsed.take(indices), False))


def _convert(table: Table, column: Column, text: Any, native: bool) -> Any:
    decimal, thousands = (".", None) if native else (table.dialect.decimal, table.dialect.thousands)
    kind = column.logical_type
    if kind == "string":
        # a spreadsheet turns the code 17 into the number 17.0
        return pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1") if native else text
    if kind in ("integer", "number"):
        plain = _plain_number(text, decimal, thousands)
        if kind == "number":
            return _where(plain, r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?$").cast(pa.float64())
        whole = pc.replace_substring_regex(plain, r"\.0+$", "")
        whole = pc.replace_substring_regex(_where(whole, r"^[+-]?\d{1,18}$"), r"^\+", "")
        whole = whole.cast(pa.int64())
        return whole.cast(pa.string()) if column.is_key else whole
    if kind == "boolean":
        lowered = pc.utf8_lower(text)
        true = pc.is_in(lowered, value_set=pa.array(TRUE))
        false = pc.is_in(lowered, value_set=pa.array(FALSE))
        return pc.if_else(pc.or_(true, false), true, pa.scalar(None, pa.bool_()))
    formats = [] if native else table.date_formats(column)
    made = _by_formats(text, formats) if formats else _iso(text)
    return made.cast(pa.date32(), safe=False) if kind == "date" else made


def _where(text: Any, pattern: str) -> Any:
    return pc.if_else(pc.match_substring_regex(text, pattern), text, pa.scalar(None, pa.string()))


def _plain_number(text: Any, decimal: str, thousands: str | None) -> Any:
    """Numbers with a decimal point and no thousands mark; what breaks the declared marks becomes unreadable."""
    if thousands is not None:
        mark, point = _literal(thousands), _literal(decimal)
        grouped = pc.match_substring_regex(text, rf"^[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{point}\d+)?$")
        text = pc.if_else(grouped, pc.replace_substring(text, thousands, ""), text)
    if decimal != ".":
        # a point is no decimal mark here: it must not slip through as one
        text = pc.if_else(pc.match_substring(text, "."), "?", text)
        text = pc.replace_substring(text, decimal, ".")
    return text


def _literal(character: str) -> str:
    return rf"\x{{{ord(character):x}}}"


def _iso(text: Any) -> Any:
    """Timestamps of ISO text; the wall time as it is written, whatever its offset."""
    valid = _where(text, _ISO)
    bare = pc.replace_substring_regex(valid, r"(?:Z|[+-]\d{2}(?::?\d{2})?)$", "")
    # the offset's pattern also fits a bare date's day (-05), which has no time before it
    bare = pc.if_else(pc.equal(pc.utf8_length(valid), 10), valid, bare)
    day = pc.utf8_slice_codeunits(bare, 0, 10)
    try:
        return pc.if_else(
            pc.equal(pc.utf8_length(bare), 10),
            day.cast(pa.date32()).cast(pa.timestamp("us")),
            bare.cast(pa.timestamp("us")),
        )
    except pa.ArrowInvalid:  # one day that does not exist spoils the whole cast: find it one by one
        return pa.array([_iso_or_none(value) for value in bare.to_pylist()], pa.timestamp("us"))


def _iso_or_none(value: str | None) -> datetime | None:
    try:
        return None if value is None else datetime.fromisoformat(value)
    except ValueError:
        return None


def _by_formats(text: Any, formats: list[str]) -> Any:
    return pa.array([_first_that_fits(value, formats) for value in text.to_pylist()], pa.timestamp("us"))


def _first_that_fits(value: str | None, formats: list[str]) -> datetime | None:
    if value is None:
        return None
    for one in formats:
        try:
            return datetime.strptime(value, one)  # wall time as written: days, no instants
        except ValueError:
            continue
    return None


def first_of_month(days: Any) -> Any:
    """Dates reduced to the first day of their month."""
    return pa.array([None if day is None else date(day.year, day.month, 1) for day in days.to_pylist()], pa.date32())
