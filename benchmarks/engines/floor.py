"""The floor: what remains when computing costs nothing. `... floor DATA OUT scan` or `... floor DATA OUT write MATRIX`.

Belongs here: reading the events, and writing a finished matrix, each by itself.
Does not belong here: computing anything.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from benchmarks.workload import COMPRESSION, LEVEL, measured


def scan(data: Path, _: Path) -> None:
    """Read every column of the events that the features need."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as con:
        con.execute("SELECT max(person_id), max(event_at), max(event_type), max(category), max(value) FROM core.event")
        con.fetchall()


if __name__ == "__main__":
    if sys.argv[3] == "scan":
        measured(scan)
    else:
        matrix = pq.read_table(sys.argv[4])
        measured(lambda _, out: pq.write_table(matrix, out, compression=COMPRESSION, compression_level=LEVEL))
