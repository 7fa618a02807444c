"""The features on Apache Spark: the portable query in the other dialect, for agencies that outgrow one machine.

Belongs here: laying tables out for Spark, translating the query, computing it, handing the result back to DuckDB.
Does not belong here: what a feature means (portable, sql), or Spark's own process (spark_session).

Only what the features need is laid out. It lies in one folder that its owner alone can read, and that is removed at
the end whatever happens.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from data_contracts.core.schema import CORE
from data_contracts.errors import PlumblineError
from features.fields import AttributeFeature, EventFeature, Feature
from features.kinds import DaysSinceOpened
from features.portable import matrix_sql
from features.spark_session import SETTING, check_spark, open_spark, told_of_spark
from features.spec import columns
from features.sql import event_types, literal, name, one_of, rows, sources

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession

__all__ = ["check_spark", "spark_matrix", "to_spark"]

WIDTH = 200
"""Columns that one statement computes: each statement costs seconds to plan and compile, a much wider one minutes."""

KEYS = ("rows.cohort", "rows.as_of", "rows.case_id")
"""The first columns of the matrix."""

PREFIX = ".plumbline-spark-"


@contextmanager
def spark_matrix(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    master: str,
    folder: Path | None = None,
    *,
    events: str = "core.event",
    only: str = "TRUE",
    source: str = 'cohort."case"',
    memory: int | None = None,
) -> Iterator[str]:
    """Compute the features on Spark.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse, with the core tables and the cohorts.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    master : str
        `local`, `local[2]`, `local[*]`, or `spark://host:7077`.
    folder : Path, optional
        Where a private folder is made meanwhile: the workers must see it under the same path, as the same user. What a
        killed run left in it is removed. Without it: this machine's folder for temporary files.
    events, only, source : str
        As in `features.portable.matrix_sql`.
    memory : int, optional
        Bytes for Spark's process where the master is local.

    Yields
    ------
    str
        A relation of `con`, for a FROM clause, good until the end of the block: the columns, cells and order of
        `matrix_sql`.

    Raises
    ------
    UsageError
        When the master's name is none.
    PlumblineError
        When Spark is not installed, not reachable, or fails; never with a value of a row.

    Examples
    --------
    >>> with spark_matrix(con, "p", specs, "local[2]", Path("var/spark")) as relation:  # doctest: +SKIP
    ...     con.execute(f"CREATE TABLE m AS SELECT * FROM {relation}")
    """
    check_spark(master)
    with _private(folder or Path(tempfile.gettempdir())) as place:
        laid = _lay_out(con, programme, specs, place, events, only, source)
        if _number(con, f"SELECT count(*) FROM {_file(place / 'rows.parquet')}"):  # else there is nothing to start for
            with open_spark(master, place, memory=memory) as spark:
                compute(spark, master, programme, specs, laid, place)
            relation = _result(con, master, specs, place)
        else:
            relation = _nothing(specs, place)
        yield relation


@contextmanager
def _private(folder: Path) -> Iterator[Path]:
    """A folder for its owner alone, held while it is used, and removed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(Timeout, OSError), FileLock(left / "held", timeout=0):
                shutil.rmtree(left)
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder.resolve()))  # mode 0700
    except OSError as error:
        raise PlumblineError(
            f"the folder for Spark cannot be written ({error.strerror}).", where=str(folder), todo="Change its owner."
        ) from None
    try:
        with FileLock(place / "held"):  # the kernel lets go of it when the process is killed
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


# ---- out ----------------------------------------------------------------------------------------------------------


def _lay_out(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    specs: Sequence[Feature],
    place: Path,
    events: str,
    only: str,
    source: str,
) -> list[str]:
    """Write what the features need as Parquet files and give their names."""
    ours = f"programme = {literal(programme)}"
    types = event_types(specs)
    names = sorted({spec.attribute for spec in specs if isinstance(spec, AttributeFeature)})
    collected = sorted({wanted for wanted, _ in sources(specs)})
    # numbering rows is one thread's work in any engine: DuckDB does it
    tables = {"rows": f"WITH {rows(programme, only, source)} SELECT * FROM rows"}
    if types:
        read = ", ".join(c for c in ("programme", *CORE["event"].columns) if c not in ("source_table", "source_row"))
        tables["core__event"] = f"SELECT {read} FROM {events} WHERE {ours} AND {one_of('event_type', types)}"
    if names:
        tables["core__attribute"] = f"SELECT * FROM core.attribute WHERE {ours} AND {one_of('name', names)}"
    if collected:
        tables["core__coverage"] = f"SELECT * FROM core.coverage WHERE {ours} AND {one_of('source', collected)}"
    if any(isinstance(spec, EventFeature) and spec.scope == "association" for spec in specs):
        tables["core__membership"] = f"SELECT * FROM core.membership WHERE {ours}"
    if any(isinstance(spec, DaysSinceOpened) for spec in specs):
        tables["core__case"] = f'SELECT programme, case_id, opened_at, known_at FROM core."case" WHERE {ours}'
    for table, query in tables.items():
        con.execute(f"COPY ({query}) TO {literal(str(place / f'{table}.parquet'))} (FORMAT parquet)")
    return list(tables)


# ---- there --------------------------------------------------------------------------------------------------------


def compute(
    spark: SparkSession, master: str, programme: str, specs: Sequence[Feature], laid: Sequence[str], place: Path
) -> None:
    """Compute every part of the columns from the tables in the folder, into Parquet files beside them.

    Parameters
    ----------
    spark : SparkSession
        From `open_spark`.
    master : str
        For messages.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    laid : sequence of str
        The names of the tables.
    place : Path
        The folder.
    """
    with told_of_spark(master):
        for table in laid:
            spark.read.parquet((place / f"{table}.parquet").as_uri()).createOrReplaceTempView(table)
        for number, part in enumerate(_parts(specs)):
            result = spark.sql(to_spark(matrix_sql(programme, part)))
            result.write.parquet((place / "result" / str(number)).as_uri())


def _parts(specs: Sequence[Feature]) -> list[list[Feature]]:
    """The features in groups of at most WIDTH columns, in their order; one with more columns stands alone."""
    parts: list[list[Feature]] = []
    room = 0
    for spec in specs:
        width = len(columns([spec]))
        if width > room:
            parts.append([])
            room = WIDTH
        parts[-1].append(spec)
        room -= width
    return parts


def to_spark(query: str) -> str:
    """The query of `matrix_sql` as Spark reads it.

    Parameters
    ----------
    query : str
        In DuckDB's dialect, its rows in an expression `rows`.

    Returns
    -------
    str
        The same in Spark's dialect over the laid-out tables (`core.event` is `core__event`), with row_id in place of
        the row's keys, and in no order.

    Raises
    ------
    sqlglot.errors.UnsupportedError
        When a construct has no counterpart.
    """
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(query, read="duckdb", into=exp.Select)
    for table in tree.find_all(exp.Table):
        if schema := table.db:
            named = table.alias_or_name
            table.set("this", exp.to_identifier(f"{schema}__{table.name}"))
            table.set("db", None)
            table.set("alias", exp.TableAlias(this=exp.to_identifier(named)))
    # `rows` is laid out
    others = [part for part in tree.ctes if part.alias != "rows"]
    tree.set("with_", exp.With(expressions=others) if others else None)
    # the row's keys stand first
    tree.set("expressions", [sqlglot.parse_one("rows.row_id", read="duckdb"), *tree.expressions[len(KEYS) :]])
    tree.set("order", None)
    return str(tree.sql(dialect="spark", identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE))


# ---- back ---------------------------------------------------------------------------------------------------------


def _result(con: duckdb.DuckDBPyConnection, master: str, specs: Sequence[Feature], place: Path) -> str:
    """The relation over the result's parts, each of them complete."""
    rows_file = _file(place / "rows.parquet")
    wanted = _number(con, f"SELECT count(*) FROM {rows_file}")
    parts = _parts(specs)
    joined, cells = [f"{rows_file} AS rows"], []
    for number, part in enumerate(parts):
        written = place / "result" / str(number)
        # without a shared disk, what a worker has written stays with it, and Spark says nothing
        if not list(written.glob("*.parquet")) or wanted != _number(
            con, f"SELECT count(*) FROM {_file(written / '*.parquet')}"
        ):
            raise PlumblineError(
                "Spark's result is not complete.",
                where=f"{SETTING}={master}",
                todo="The workers must write into the same folder: it must lie on a disk that all of them share.",
            )
        joined.append(f"JOIN {_file(written / '*.parquet')} AS part{number} USING (row_id)")
        cells += [f"part{number}.{name(column.name)}" for column in columns(part)]
    return f"(SELECT {', '.join([*KEYS, *cells])} FROM {' '.join(joined)} ORDER BY rows.row_id)"


def _nothing(specs: Sequence[Feature], place: Path) -> str:
    cells = [f"CAST(NULL AS DOUBLE) AS {name(column.name)}" for column in columns(specs)]
    return f"(SELECT {', '.join([*KEYS, *cells])} FROM {_file(place / 'rows.parquet')} AS rows)"


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
