"""The tables of a release: their columns, and how they become files that are the same byte for byte.

Belongs here: the schema of every table of a release, and writing it as Parquet and as a spreadsheet.
Does not belong here: folders, manifests and switching (fairness_reports.release), or where the figures come from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.errors import PlumblineError

Part = Literal["open", "restricted"]

ROW_GROUP = 100_000


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its name.
    type : str
        string, int, float, bool, date, strings or floats (lists).
    required : bool
        Whether the table must have it. Columns that a run does not build are absent, not empty.
    """

    name: str
    type: str
    required: bool = True


@dataclass(frozen=True)
class TableSchema:
    """One table of a release.

    Parameters
    ----------
    part : {'open', 'restricted'}
        Where it stands.
    columns : tuple of Column
        In the order of the file.
    extra : str, optional
        Type of further columns, where a table has one column per protected attribute.
    """

    part: Part
    columns: tuple[Column, ...]
    extra: str | None = None


def _columns(**types: str) -> tuple[Column, ...]:
    # a question mark marks a column that may be absent
    return tuple(Column(name, kind.rstrip("?"), not kind.endswith("?")) for name, kind in types.items())


SCHEMAS: dict[str, TableSchema] = {
    "metrics": TableSchema(
        "open",
        _columns(
            split="string",
            as_of="date",
            model="string",
            metric="string",
            value="float",
            low="float",
            high="float",
            n="int",
            reason="string?",
        ),
    ),
    "fairness": TableSchema(
        "open",
        _columns(
            split="string",
            as_of="date",
            attribute="string",
            group="string",
            band="string?",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            identification="string?",
            bound_low="float?",
            bound_high="float?",
            state="string",
            confirmatory="bool",
            needed_n="int?",
            detectable_gap="float?",
            tipping_point="float?",
            reason="string",
        ),
    ),
    "mitigation": TableSchema(
        "open",
        _columns(
            option="string",
            split="string",
            as_of="date",
            role="string",
            attribute="string",
            group="string",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            needs_attribute="bool",
            may_be_chosen="bool",
            reason="string",
        ),
    ),
    "decisions": TableSchema(
        "open",
        _columns(
            as_of="date",
            cases="string",
            who="string",
            attribute="string",
            group="string",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "drift": TableSchema(
        "open",
        _columns(
            attribute="string",
            group="string",
            metric="string",
            since="string",
            value="float",
            low="float",
            high="float",
            n="int",
            alarm="bool",
            reason="string",
        ),
    ),
    "factors": TableSchema(
        "open",
        _columns(
            factor="string",
            attribute="string",
            group="string",
            importance="float",
            direction="string",
            mean_contribution="float",
            low="float",
            high="float",
            n="int",
        ),
    ),
    "shapes": TableSchema(
        "open",
        _columns(
            factor="string",
            feature="string",
            position="int",
            part="string",
            value_from="float",
            value_to="float",
            category="string",
            mean_contribution="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "tendencies": TableSchema(
        "open",
        _columns(
            factor="string",
            feature="string",
            auc="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "quality": TableSchema(
        "open",
        _columns(
            table="string",
            rule="string",
            checked="int",
            failed="int",
            severity="string",
            passed="bool",
            value="float?",
            detail="string?",
        ),
    ),
    "backtest": TableSchema(
        "restricted",
        _columns(
            split="string",
            model="string",
            case_id="string",
            as_of="date?",  # with `test_for` a case is tested on several days of one split
            cluster_id="string",
            score="float",
            outcome="int",
        ),
        extra="string",
    ),
    "scores": TableSchema(
        "restricted",
        _columns(
            case_id="string",
            person_id="string",
            as_of="date",
            team="string",
            score="float",
            low="float",
            high="float",
            band="string",
            informative="bool",
            reason="string",
            raw="float",
            base_value="float",
            model_version="string",
            others="floats?",
        ),
    ),
    "explanations": TableSchema(
        "restricted",
        _columns(
            case_id="string",
            as_of="date",
            factor="string",
            feature="string?",
            value="string",
            columns="strings?",
            values="strings?",
            contribution="float",
            rank="int",
            evidence_ids="strings",
            evidence_count="int",
            evidence_age_days="int",
        ),
    ),
}

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
