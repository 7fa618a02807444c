"""How the tables of a release become files that are the same byte for byte.

Belongs here: holding rows to a schema, and writing them as Parquet.
Does not belong here: the schemas (fairness_reports.release_schemas), folders, manifests and switching
(fairness_reports.release), the spreadsheet (fairness_reports.release_workbook).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.errors import PlumblineError
from fairness_reports.release_schemas import SCHEMAS, Column, Part

ROW_GROUP = 100_000


_ARROW: dict[str, Any] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "strings": pa.list_(pa.string()),
    "floats": pa.list_(pa.float64()),
}


def to_arrow(name: str, part: Part, frame: pd.DataFrame, sort_by: Sequence[str], metadata: Mapping[str, str]) -> Any:
    """A table of a release with its declared columns, types and row order.

    Parameters
    ----------
    name : str
        One of `SCHEMAS`.
    part : {'open', 'restricted'}
        Where the caller means to put it; anything else than the schema's own part is refused.
    frame : DataFrame
        The rows. The index is not kept.
    sort_by : sequence of str
        Columns that order the rows. They must name each row once.
    metadata : mapping of str to str
        Kept in the file.

    Returns
    -------
    pyarrow.Table
    """
    table = typed(name, part, frame)
    if not sort_by:
        raise PlumblineError("no order of rows was given.", where=f"{part}/{name}")
    if table.num_rows and table.select(list(sort_by)).group_by(list(sort_by)).aggregate([]).num_rows < table.num_rows:
        raise PlumblineError(f"rows are not told apart by {', '.join(sort_by)}.", where=f"{part}/{name}")
    return with_metadata(table.sort_by([(column, "ascending") for column in sort_by]), metadata)


def with_metadata(table: Any, metadata: Mapping[str, str]) -> Any:
    """The table with its file's metadata, in one order."""
    return table.replace_schema_metadata(dict(sorted(metadata.items())))


def typed(name: str, part: Part, frame: pd.DataFrame) -> Any:
    """Some rows of a table of a release, with its declared columns and types, in the order given.

    Parameters
    ----------
    name, part, frame
        As for `to_arrow`.

    Returns
    -------
    pyarrow.Table
    """
    schema = SCHEMAS.get(name)
    if schema is None:
        raise PlumblineError(f"A release has no table “{name}”.", todo=f"It has {', '.join(SCHEMAS)}.")
    if schema.part != part:
        raise PlumblineError(f"The table “{name}” belongs to the {schema.part} part.", where=f"{part}/{name}")
    known = {column.name for column in schema.columns}
    missing = [c.name for c in schema.columns if c.required and c.name not in frame.columns]
    unknown = [str(c) for c in frame.columns if c not in known]
    if missing or (unknown and schema.extra is None):
        problem = f"columns missing: {', '.join(missing)}. " if missing else ""
        problem += f"columns not in a release: {', '.join(unknown)}." if unknown and schema.extra is None else ""
        raise PlumblineError(problem.strip(), where=f"{part}/{name}")
    columns = [c for c in schema.columns if c.name in frame.columns]
    columns += [Column(c, schema.extra or "string") for c in sorted(unknown)]
    arrays = [_array(frame[c.name], c.type, f"{part}/{name}.{c.name}") for c in columns]
    fields = [pa.field(c.name, _ARROW[c.type]) for c in columns]
    return pa.table(arrays, schema=pa.schema(fields))


def _array(values: pd.Series, kind: str, where: str) -> Any:
    if kind == "date":
        values = pd.to_datetime(values).dt.date
    elif kind == "strings":
        values = values.astype(object).map(_texts)
    elif kind == "floats":
        values = values.astype(object).map(lambda item: None if item is None else [float(one) + 0.0 for one in item])
    elif kind == "string":
        values = values.astype(object).where(values.notna(), None).map(lambda item: None if item is None else str(item))
    elif kind == "int":
        values = values.astype("Int64")
    elif kind == "bool":
        values = values.astype("boolean")
    else:
        values = values.astype("float64") + 0.0  # minus zero and zero are one number to a reader
    try:
        return pa.Array.from_pandas(values, type=_ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PlumblineError(f"values are not of the type {kind} ({type(error).__name__}).", where=where) from None


def _texts(item: Any) -> list[str | None] | None:
    return None if item is None else [None if one is None else str(one) for one in item]


def write_parquet(table: Any, path: Path) -> None:
    """Write a table to a new file, mode 0600, with everything fixed that could vary between two runs.

    Parameters
    ----------
    table : pyarrow.Table
        The table.
    path : Path
        A file that does not exist.
    """
    with new_file(path) as handle, _writer(handle, table.schema) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)


def write_stream(batches: Any, path: Path, part: Part, name: str, sort_by: Sequence[str], metadata: Any) -> int:
    """Write record batches that come in order to a new file, mode 0600, a row group at a time.

    Parameters
    ----------
    batches : pyarrow.RecordBatchReader
        With the columns and types of `typed`, ordered by `sort_by`.
    path : Path
        A file that does not exist.
    part, name, sort_by, metadata
        As for `to_arrow`.

    Returns
    -------
    int
        Rows written.
    """
    waiting: list[Any] = []
    written, last = 0, None
    with new_file(path) as handle:
        empty = typed(name, part, pd.DataFrame({column: [] for column in batches.schema.names}))
        with _writer(handle, with_metadata(empty, metadata).schema) as writer:

            def flush(least: int) -> None:
                nonlocal written, waiting
                table = pa.Table.from_batches(waiting).cast(empty.schema)
                whole = len(table) // ROW_GROUP * ROW_GROUP if least else len(table)
                if whole:
                    group = table.slice(0, whole).combine_chunks()
                    writer.write_table(with_metadata(group, metadata), row_group_size=ROW_GROUP)
                    written += whole
                waiting = table.slice(whole).to_batches()

            for batch in batches:
                keys = list(zip(*(batch.column(name).to_pylist() for name in sort_by), strict=True))
                for key in keys:
                    if last is not None and key <= last:
                        raise PlumblineError(
                            f"rows are not in order, or not told apart, by {', '.join(sort_by)}.",
                            where=f"{part}/{name}",
                        )
                    last = key
                waiting.append(batch)
                if sum(map(len, waiting)) >= ROW_GROUP:
                    flush(ROW_GROUP)
            if waiting:
                flush(0)
    return written


def _writer(handle: BinaryIO, schema: Any) -> Any:
    """A Parquet writer with everything fixed that could vary between two runs."""
    return pq.ParquetWriter(
        handle,
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        data_page_size=1 << 20,
        version="2.6",
        store_schema=True,
    )


def new_file(path: Path) -> BinaryIO:
    """Open a file that does not exist yet for writing, readable by its owner only."""
    return cast("BinaryIO", os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"))
