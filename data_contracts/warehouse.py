"""The warehouse: one DuckDB file in the home, written by one process at a time.

Belongs here: opening it with safe settings, its schemas, the tables of ops.
Does not belong here: what stands in the other schemas (each room makes its own tables).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from data_contracts.errors import PlumblineError

SCHEMAS = ("raw", "quarantine", "staging", "core", "cohort", "features", "outcomes", "models", "audit", "ops")

_OPS = """
CREATE TABLE IF NOT EXISTS ops.delivery (
    programme VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL, seq INTEGER NOT NULL, kind VARCHAR NOT NULL,
    delivered_on DATE NOT NULL, status VARCHAR NOT NULL, contract_hash VARCHAR NOT NULL, key_id VARCHAR NOT NULL,
    files_hash VARCHAR NOT NULL, replaces VARCHAR);
CREATE TABLE IF NOT EXISTS ops.delivery_file (
    programme VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, file_name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL, rows BIGINT NOT NULL, accepted BIGINT NOT NULL, quarantined BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS ops.delivery_table (
    programme VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, rows BIGINT NOT NULL,
    accepted BIGINT NOT NULL, quarantined BIGINT NOT NULL, new BIGINT NOT NULL, changed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL, vanished BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS ops.raw_column (
    programme VARCHAR NOT NULL, table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL, treatment VARCHAR NOT NULL);
"""


def open_warehouse(path: Path, *, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing, making it on first use.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    memory_limit : str, optional
        For example `4GB`; DuckDB's own default otherwise. Beyond it DuckDB writes pseudonymised rows to a temporary
        folder beside the file.

    Returns
    -------
    duckdb.DuckDBPyConnection

    Raises
    ------
    PlumblineError
        When another process has it open, or it cannot be written, or it is no warehouse.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": str(temporary),
    }
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    former = os.umask(0o077)  # the file and DuckDB's write-ahead log beside it are the owner's alone
    try:
        con = duckdb.connect(str(path), config=config)
        path.chmod(0o600)
        shutil.rmtree(temporary, ignore_errors=True)  # rows that a killed run left; nobody else has the warehouse open
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")  # of the terminal and of redirected logs
        con.execute("SET preserve_insertion_order = true")
        for schema in SCHEMAS:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        con.execute(_OPS)
    except (duckdb.Error, OSError) as error:
        raise _in_words(error, path) from error
    finally:
        os.umask(former)
    return con


def _in_words(error: Exception, path: Path) -> PlumblineError:
    message = str(error)
    if "lock" in message.lower():
        return PlumblineError(
            "the warehouse is in use by another process.", where=str(path), todo="Wait until that run has ended."
        )
    if isinstance(error, duckdb.InvalidInputException | duckdb.ParserException):  # the only setting that is a user's
        return PlumblineError("the memory limit is not understood.", where=str(path), todo="Write for example 4GB.")
    if path.is_file() and ("not a valid DuckDB" in message or "magic" in message.lower()):
        return PlumblineError("the file is no DuckDB database.", where=str(path), todo="Move it away or restore it.")
    return PlumblineError(
        f"the warehouse cannot be opened or written ({type(error).__name__}).",
        where=str(path),
        todo="Check that the home exists, may be written, and that the disk has space.",
    )


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of what is done inside, or nothing: also on Ctrl-C, and when the disk is full.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse.
    """
    con.execute("BEGIN TRANSACTION")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # DuckDB has taken an interrupted statement's transaction back itself
            con.execute("ROLLBACK")
        raise


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def raw_table(programme: str, table: str) -> str:
    """Qualified name of the table that keeps a source table's rows."""
    return f"raw.{quoted(f'{programme}__{table}')}"


def quarantine_table(programme: str, table: str) -> str:
    """Qualified name of the table that keeps a source table's quarantined rows."""
    return f"quarantine.{quoted(f'{programme}__{table}')}"


def staging_table(table: str) -> str:
    """Qualified name of the table in which a delivery's rows are checked."""
    return f"staging.{quoted(table)}"
