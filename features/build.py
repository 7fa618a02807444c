"""The matrix: what the agency knew of every case in every cohort, as one table or one Parquet file.

Belongs here: which way it is computed, and where the result is kept.
Does not belong here: what is computed (portable, kernel), what has to be computed again (increment).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

import duckdb

from data_contracts.errors import PlumblineError
from data_contracts.warehouse import transaction
from features.fast import KEYS, matrix_batches
from features.fields import Feature
from features.increment import find_increment, forget, keep_state
from features.inputs import usable_events
from features.spark import spark_matrix
from features.spec import columns
from features.sql import name

__all__ = ["Built", "build_matrix", "columns", "matrix_name", "write_matrix"]


_BLOCK = 2**18  # bytes


@dataclass(frozen=True)
class Built:
    """What a build left.

    Attributes
    ----------
    rows : int
        Rows of the matrix.
    computed : int
        How many of them were computed now; the others had been before, from the same records.
    """

    rows: int
    computed: int


def matrix_name(programme: str) -> str:
    """The quoted name of a programme's matrix."""
    return f"features.{name(programme + '__matrix')}"


def build_matrix(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    *,
    memory: int | None = None,
    spark: str | None = None,
    folder: Path | None = None,
) -> Built:
    """Compute every feature for every row of cohort."case" and store them.

    What was computed before from the same records by the same code is kept: only the rows of people whose records have
    changed are computed again, and rows that are new. The table has the same rows as after a build from nothing.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse, with the core tables and cohort."case"; in no transaction.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    memory : int, optional
        Bytes that the batches under way may take together, beside DuckDB's own memory limit.
    spark : str, optional
        A Spark master (`local[2]`, `spark://host:7077`); without it DuckDB and the compiled kernel. The same cells.
    folder : Path, optional
        For Spark: a folder that its workers see under the same path; for a local master it may be left out.

    Returns
    -------
    Built
        Of features."{programme}__matrix" (cohort, as_of, case_id, one DOUBLE per column of `columns(specs)`).

    Raises
    ------
    PlumblineError
        When values cannot be computed with, or one id stands for two different events or cases.
    """
    _check_width(con, specs)
    events = usable_events(con, programme, specs)
    target = matrix_name(programme)
    con.execute("CREATE SCHEMA IF NOT EXISTS features")
    try:
        increment = find_increment(con, programme, specs, events, target, engine="spark" if spark else "duckdb")
        with (
            _computed(con, programme, specs, events, increment.todo, memory, spark, folder) as relation,
            transaction(con),
        ):
            if increment.kept is None:
                con.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT * FROM {relation}")
            else:
                keys = "(cohort, as_of, case_id)"
                con.execute(f"DELETE FROM {target} WHERE {keys} NOT IN (SELECT {keys} FROM {increment.kept})")
                con.execute(f"INSERT INTO {target} SELECT * FROM {relation}")
            keep_state(con, programme, increment)
    finally:
        forget(con)
    rows = con.execute(f"SELECT count(*) FROM {target}").fetchone()
    return Built(int(rows[0]) if rows else 0, increment.rows)


def _check_width(con: duckdb.DuckDBPyConnection, specs: Sequence[Feature]) -> None:
    """Refuse what would fail later: DuckDB keeps a block per column and thread of a table while it writes it."""
    setting = "parse_formatted_bytes(current_setting('memory_limit')), current_setting('threads')"
    limit, threads = con.execute(f"SELECT {setting}").fetchone() or (0, 0)
    width = len(columns(specs))
    needed = width * threads * _BLOCK
    if needed > limit:
        raise PlumblineError(
            f"a table of {width} columns takes {needed / 1e9:.1f} GB while it is written, and DuckDB may use "
            f"{limit / 1e9:.1f} GB.",
            where="features",
            todo="Allow more with PLUMBLINE_MEMORY_LIMIT, or declare fewer features.",
        )


@contextmanager
def _computed(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    events: str,
    source: str,
    memory: int | None,
    spark: str | None,
    folder: Path | None,
) -> Iterator[str]:
    """A relation of finished rows, good inside the context."""
    if spark is not None:
        with spark_matrix(
            con, programme, specs, spark, folder, events=events, source=source, memory=memory
        ) as relation:
            yield relation
    else:
        with matrix_batches(con, programme, specs, events=events, source=source, memory=memory) as batches:
            con.register("_batches", batches)
            try:
                yield "_batches"
            finally:
                con.unregister("_batches")


def write_matrix(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    path: Path,
    *,
    memory: int | None = None,
) -> int:
    """Compute every feature for every row of cohort."case" and stream them into one Parquet file.

    Parameters
    ----------
    con, programme, specs, memory
        As for `build_matrix`.
    path : Path
        The file, readable for its owner only; it appears when it is complete.

    Returns
    -------
    int
        Rows, ordered by person_id, case_id, as_of, cohort.

    Raises
    ------
    PlumblineError
        As `build_matrix`.
    """
    import pyarrow.parquet as pq

    events = usable_events(con, programme, specs)
    try:
        handle, made = mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)  # mode 0600
    except OSError as error:
        raise PlumblineError(
            f"the file cannot be written ({os.strerror(error.errno or 0)}).", where=str(path), todo="Choose another."
        ) from None
    os.close(handle)
    unfinished = Path(made)
    rows = 0
    try:
        with (
            matrix_batches(con, programme, specs, events=events, memory=memory) as batches,
            # few cells repeat often enough for a dictionary to be worth its time
            pq.ParquetWriter(unfinished, batches.schema, compression="zstd", use_dictionary=KEYS) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows
