"""The default way to a matrix: rows and events by ranges of people through the compiled kernel, within a memory limit.

Belongs here: what is read in which order, how much at a time, and the stream of finished batches.
Does not belong here: what a cell means (kernel), checks of the core tables (inputs), where the matrix is kept (build).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from features.fields import EventFeature, Feature, Scope
from features.plan import FAR, Floats, Ints, Longs, Plan, make_plan
from features.portable import matrix_sql
from features.spec import columns
from features.sql import (
    SCOPES,
    coverage,
    day,
    event_features,
    event_types,
    literal,
    name,
    one_of,
    others,
    rows,
    source_column,
    sources,
    unquoted,
)

if TYPE_CHECKING:
    import pyarrow as pa


KEYS = ["cohort", "as_of", "case_id"]
BATCH_BYTES = 24 * 2**20  # cells of one batch: beyond this larger batches gain nothing
BATCH_EVENTS = 2**19
_SCRATCH = "features_scratch"
_ROW_BYTES, _EVENT_BYTES = 64, 32  # roughly, without the cells


@dataclass(frozen=True)
class _Scoped:
    """What one scope's features need.

    Attributes
    ----------
    scope : str
        Its name.
    specs : list of EventFeature
        Its features.
    plan : Plan
        The same for the kernel.
    starts : array
        The row at which each subject's rows begin, in order: rows of one subject follow each other.
    """

    scope: Scope
    specs: list[EventFeature]
    plan: Plan
    starts: Longs


@contextmanager
def matrix_batches(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    *,
    events: str = "core.event",
    source: str = 'cohort."case"',
    memory: int | None = None,
    threads: int | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """Compute a matrix as a stream of batches; every id must stand for one event, every row for one case and day.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    events, source : str
        The relations of events and of rows.
    memory : int, optional
        Bytes that the batches under way may take together.
    threads : int, optional
        How many batches are computed at a time; as many as DuckDB has threads, unless named. The cells do not depend on
        it, nor on `memory`.

    Yields
    ------
    RecordBatchReader
        cohort, as_of, case_id and one DOUBLE per column, ordered by person_id, case_id, as_of, cohort. To be read
        inside the context.
    """
    import pyarrow as pa

    with ThreadPoolExecutor(1) as meanwhile, _scratch(con, programme, events, source):
        loading = meanwhile.submit(_load if any(isinstance(spec, EventFeature) for spec in specs) else int)
        _write_rows(con, programme, specs, source)
        scoped = [
            _write_events(con, programme, mine, scope, events)
            for scope in SCOPES
            if (mine := event_features(specs, scope))
        ]
        threads = threads or int(_longs(con, "SELECT current_setting('threads')")[0][0])
        bounds = _bounds(con, len(columns(specs)), scoped, memory, threads)
        loading.result()
        yield pa.RecordBatchReader.from_batches(_schema(specs), _in_order(con, specs, scoped, bounds, threads))


def _load() -> None:
    from features.kernel import load

    load()


@contextmanager
def _scratch(con: duckdb.DuckDBPyConnection, programme: str, events: str, source: str) -> Iterator[None]:
    """A database beside the warehouse for rows and events in order: in memory, or in a file when they are many.

    DuckDB's own temporary tables are seen by one connection only, and those in memory count against its limit.
    """
    size, limit, folder = con.execute(
        f"""SELECT
            {_ROW_BYTES} * (SELECT count(*) FROM {source} WHERE programme = {literal(programme)})
            + {_EVENT_BYTES} * (SELECT count(*) FROM {events} WHERE programme = {literal(programme)}),
            parse_formatted_bytes(current_setting('memory_limit')),
            current_setting('temp_directory')"""
    ).fetchone() or (0, 0, "")
    with ExitStack() as stack:
        path = ":memory:"
        if size > limit / 8:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            private = stack.enter_context(TemporaryDirectory(prefix="plumbline-", dir=folder))  # mode 0700
            path = str(Path(private) / "scratch.duckdb")
        con.execute(f"ATTACH {literal(path)} AS {_SCRATCH}")
        stack.callback(con.execute, f"DETACH {_SCRATCH}")
        yield


def _schema(specs: Sequence[Feature]) -> pa.Schema:
    import pyarrow as pa

    keys = [("cohort", pa.string()), ("as_of", pa.date32()), ("case_id", pa.string())]
    return pa.schema([*keys, *((column.name, pa.float64()) for column in columns(specs))])


def _write_rows(con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature], source: str) -> None:
    """The rows in order, with the cells that need no events and what was collected."""
    parts, joins = [rows(programme, source=source)], ["rows"]
    shown = ["CAST(row_id - 1 AS INTEGER) AS row_id", "cohort", "rows.as_of", "case_id", "person_id", "rows.today"]
    if plain := [spec for spec in specs if not isinstance(spec, EventFeature)]:
        parts.append(f"plain AS ({matrix_sql(programme, plain, source=source)})")
        joins.append("plain USING (cohort, as_of, case_id)")
        shown += [f"plain.{name(column.name)}" for column in columns(plain)]
    if wanted := sources(specs):
        parts.append(coverage(programme, wanted))
        joins.append("covered USING (row_id)")
        shown += [f"coalesce(covered.{each}, FALSE) AS {each}" for each in (source_column(*item) for item in wanted)]
    con.execute(
        f"CREATE TABLE {_SCRATCH}.rows AS WITH {', '.join(parts)} SELECT {', '.join(shown)} "
        f"FROM {' LEFT JOIN '.join(joins)} ORDER BY row_id"
    )


def _write_events(
    con: duckdb.DuckDBPyConnection, programme: str, specs: list[EventFeature], scope: Scope, events: str
) -> _Scoped:
    """The events that features of one scope can see, by subject and in the order that breaks ties by content."""
    types = event_types(specs)
    ours = f"programme = {literal(programme)} AND {one_of('event_type', types)}"
    con.execute(
        f"CREATE TABLE {_SCRATCH}.{scope}_class AS SELECT event_type, category, "
        "row_number() OVER (ORDER BY event_type, category) - 1 AS class "
        f"FROM (SELECT DISTINCT event_type, category FROM {events} WHERE {ours})"
    )
    classes = con.execute(f"SELECT event_type, category FROM {_SCRATCH}.{scope}_class ORDER BY class").fetchall()
    con.execute(f"CREATE TABLE {_SCRATCH}.{scope}_subject AS {_subjects(programme, scope)}")
    (starts,) = _longs(
        con,
        f"SELECT row_id FROM {_SCRATCH}.rows ORDER BY row_id"
        if scope == "association"
        else f"SELECT subject FROM {_SCRATCH}.{scope}_subject ORDER BY subject",
    )
    newest = f"DATE '{_newest(con)}'"  # what no row can see need not be sorted
    con.execute(
        f"""CREATE TABLE {_SCRATCH}.{scope}_event AS
        SELECT
            subject,
            CAST({day("event_at")} AS INTEGER) AS day,
            CAST({day("known_at")} AS INTEGER) AS known,
            CAST(coalesce({day("ended_at")}, {FAR}) AS INTEGER) AS ended,
            CAST(coalesce({day("end_known_at")}, {FAR}) AS INTEGER) AS end_known,
            CAST(class AS INTEGER) AS class,
            CASE WHEN value = 0 THEN 0 ELSE value END AS value
        FROM (SELECT * FROM {events} WHERE {ours}) AS event
        JOIN {_SCRATCH}.{scope}_subject AS subject ON subject.id = event.{"case" if scope == "case" else "person"}_id
        JOIN {_SCRATCH}.{scope}_class AS class
            ON class.event_type = event.event_type AND class.category IS NOT DISTINCT FROM event.category
        WHERE event.event_at < {newest}
        ORDER BY subject, day, known, value"""
    )
    return _Scoped(scope, specs, make_plan(specs, classes), starts)


def _newest(con: duckdb.DuckDBPyConnection) -> str:
    # a subquery in the statement itself would make DuckDB join the other way round, in far more memory
    row = con.execute(f"SELECT coalesce(max(as_of), DATE '0001-01-01') FROM {_SCRATCH}.rows").fetchone()
    return str(row[0]) if row else ""


def _subjects(programme: str, scope: Scope) -> str:
    """Whose events count for which rows: the id in core.event, and the first of the rows, which follow each other."""
    if scope == "association":  # who belonged to a household differs from day to day: every row is a subject of its own
        seen = f"WITH rows AS (SELECT row_id, person_id, as_of FROM {_SCRATCH}.rows), {others(programme)}"
        return f"{seen} SELECT person_id AS id, row_id AS subject FROM others"
    groups = "person_id" if scope == "person" else "case_id, person_id"
    return f"SELECT {scope}_id AS id, min(row_id) AS subject FROM {_SCRATCH}.rows GROUP BY {groups}"


def _longs(con: duckdb.DuckDBPyConnection, query: str) -> list[Longs]:
    """The columns of a query of integers."""
    return [np.asarray(column, np.int64) for column in con.execute(query).fetchnumpy().values()]


def _bounds(
    con: duckdb.DuckDBPyConnection, width: int, scoped: Sequence[_Scoped], memory: int | None, threads: int
) -> list[tuple[int, int]]:
    """Ranges of rows of whole people, each as large as one batch may be."""
    # the cells, what becomes of them in Arrow, and as much again in what writes them
    batch_bytes = min(BATCH_BYTES, (memory or 2**40) // (4 * (threads + 1)))
    first, counts = _longs(con, f"SELECT min(row_id), count(*) FROM {_SCRATCH}.rows GROUP BY person_id ORDER BY 1")
    filling = counts * (8 * width / batch_bytes)
    for part in scoped:
        subject, n = _longs(con, f"SELECT subject, count(*) FROM {_SCRATCH}.{part.scope}_event GROUP BY subject")
        np.add.at(filling, np.searchsorted(first, subject, "right") - 1, n / BATCH_EVENTS)
    filled = np.cumsum(filling)
    bounds, begin, done = [], 0, 0.0
    while begin < len(first):
        end = max(begin + 1, int(np.searchsorted(filled, done + 1.0, "right")))
        bounds.append((int(first[begin]), int(first[end - 1] + counts[end - 1])))
        begin, done = end, float(filled[end - 1])
    return bounds


def _in_order(
    con: duckdb.DuckDBPyConnection,
    specs: Sequence[Feature],
    scoped: Sequence[_Scoped],
    bounds: Sequence[tuple[int, int]],
    threads: int,
) -> Iterator[pa.RecordBatch]:
    """The batches one after the other, computed a few ahead."""
    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for first, last in bounds:
            waiting.append(pool.submit(_batch, con, specs, scoped, first, last))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _batch(
    con: duckdb.DuckDBPyConnection, specs: Sequence[Feature], scoped: Sequence[_Scoped], first: int, last: int
) -> pa.RecordBatch:
    """One range of rows with all its cells."""
    import pyarrow as pa

    with con.cursor() as cursor:  # a connection serves one thread at a time
        table = cursor.sql(
            f"SELECT * EXCLUDE (row_id, person_id) FROM {_SCRATCH}.rows "
            f"WHERE row_id >= {first} AND row_id < {last} ORDER BY row_id"
        ).to_arrow_table()
        read = {column: table.column(column).combine_chunks() for column in table.column_names}
        today = read["today"].to_numpy().astype(np.int32)
        cells = {
            spec.name: row
            for part in scoped
            for spec, row in zip(part.specs, _cells(cursor, part, today, first, last), strict=True)
        }
    arrays = [read[key] for key in KEYS]
    for spec in specs:
        if not isinstance(spec, EventFeature):
            arrays += [read[column.name] for column in columns([spec])]
            continue
        values = cells[spec.name]
        for source, span in sources([spec]):
            collected = read[unquoted(source_column(source, span))].to_numpy(zero_copy_only=False)
            values[~collected] = np.nan
        arrays.append(_as_arrow(values))
    return pa.RecordBatch.from_arrays(arrays, schema=_schema(specs))


def _as_arrow(values: Floats) -> pa.Array:
    """Cells without a copy; NaN, which no cell can be, becomes NULL."""
    import pyarrow as pa

    known = ~np.isnan(values)
    validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.float64(), len(values), [validity, pa.py_buffer(values)])


def _cells(cursor: duckdb.DuckDBPyConnection, part: _Scoped, as_of: Ints, first: int, last: int) -> Floats:
    """The cells of one scope's features, a row for each feature."""
    from features.kernel import Events, fill

    table = cursor.execute(
        f"SELECT * FROM {_SCRATCH}.{part.scope}_event WHERE subject >= {first} AND subject < {last} "
        "ORDER BY subject, day, known, value"
    ).fetchnumpy()
    day, known, ended, end_known, of_class = (
        np.asarray(table[column], np.int32) for column in ("day", "known", "ended", "end_known", "class")
    )
    value = np.asarray(np.ma.filled(table["value"], np.nan), np.float64)
    events = Events(day, known, ended, end_known, of_class, value)
    subject = part.starts[np.searchsorted(part.starts, np.arange(first, last), "right") - 1]
    begin, end = (np.searchsorted(table["subject"], subject, side).astype(np.int32) for side in ("left", "right"))
    out = np.empty((len(part.specs), last - first))
    for row, spec in zip(out, part.specs, strict=True):
        row.fill(np.nan if spec.missing == "missing" else 0.0 if spec.missing == "zero" else spec.missing)
    fill(part.plan, events, begin, end, as_of, out)
    return out
