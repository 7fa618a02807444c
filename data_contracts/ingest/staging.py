"""Files into staging tables: typed, pseudonymised, with row numbers and what could not be read.

Belongs here: the step from Arrow batches to DuckDB; no raw key and no full birth date passes it.
Does not belong here: what happens to the rows then (history, landing).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_contracts.contract import Column, Table
from data_contracts.keys import ProgrammeKey
from data_contracts.reading import Batch, SourceFile, cast_batch, read_batches
from data_contracts.reading.casting import ARROW_TYPES, first_of_month
from data_contracts.warehouse import quoted, staging_table

if TYPE_CHECKING:
    import duckdb


@dataclass
class Staged:
    """What was read of one table.

    Attributes
    ----------
    rows : int
        Rows of all its files, those of wrong length included.
    wrong_fields : list of (file, row)
        Rows with more or fewer fields than the header: they are in no staging table.
    """

    rows: int = 0
    wrong_fields: list[tuple[str, int]] = field(default_factory=list)


def stage(con: duckdb.DuckDBPyConnection, table: Table, files: list[SourceFile], key: ProgrammeKey) -> Staged:
    """Read a table's files into its staging table, which is made anew.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    table : Table
        The contract's table.
    files : list of SourceFile
        Its files.
    key : ProgrammeKey
        Makes the pseudonyms, before DuckDB sees a value (it may write to disk at any time).

    Returns
    -------
    Staged
    """
    name = staging_table(table.name)
    columns = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in table.stored)
    con.execute(f"CREATE OR REPLACE TABLE {name} ({columns}, _row BIGINT, _file VARCHAR, _unparsed VARCHAR[])")
    staged = Staged()
    for file in sorted(files, key=lambda one: one.name):
        for batch in read_batches(file, file.present):
            staged.rows += len(batch.rows) + len(batch.wrong_fields)
            staged.wrong_fields += [(file.name, number) for number in batch.wrong_fields]
            if len(batch.rows):
                con.register("_batch", typed_rows(table, file, batch, key))
                con.execute(f"INSERT INTO {name} SELECT * FROM _batch")
                con.unregister("_batch")
    return staged


def typed_rows(table: Table, file: SourceFile, batch: Batch, key: ProgrammeKey) -> Any:
    """A batch as it may be written: typed, keys as pseudonyms, birth dates as months.

    Parameters
    ----------
    table, file, batch
        What was read.
    key : ProgrammeKey
        Makes the pseudonyms.

    Returns
    -------
    pyarrow.Table
        The contract's stored columns, _row, _file, _unparsed.
    """
    values: list[Any] = []
    names: list[str] = []
    unparsed: list[Any] = []
    for column in table.stored:
        cast = cast_batch(table, column, batch)
        values.append(protect(column, cast.values, key))
        names.append(column.name)
        unparsed.append(np.asarray(cast.unparsed.to_numpy(zero_copy_only=False), dtype=bool))
    files = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(batch.rows), dtype=np.int32)), pa.array([file.name]))
    columns = [*values, batch.rows, files, _lists(names, unparsed)]
    return pa.table(columns, names=[*names, "_row", "_file", "_unparsed"])


def protect(column: Column, values: Any, key: ProgrammeKey) -> Any:
    """What may be written of a column's values."""
    if column.key_space is not None:
        return key.pseudonyms(column.key_space, values)
    if column.is_birth_date:
        return first_of_month(values.cast(pa.date32(), safe=False)).cast(ARROW_TYPES[column.logical_type])
    return values


def _lists(names: list[str], masks: list[Any]) -> Any:
    """For each row the names of the columns whose mask is set."""
    stacked = np.vstack(masks)
    counts = stacked.sum(axis=0)
    _, which = np.nonzero(stacked.T)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(names, pa.string()).take(pa.array(which, pa.int64())))
