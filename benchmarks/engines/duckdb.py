"""DuckDB, one query: pairs of rows and past events once, summed by band, bands rolled up into windows.

Belongs here: the fastest way that we found to say it in SQL. `python -m benchmarks.engines.duckdb DATA OUT 8` runs it
in eight parts for memory and writes a folder of eight files.
Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.workload import CATEGORIES, COMPRESSION, KEYS, LEVEL, LONGEST, TYPES, WINDOWS, column, measured, since

_BANDS = range(len(WINDOWS))


def work(data: Path, out: Path) -> None:
    """Read the data, compute the columns, write them."""
    parts = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"CREATE TYPE kind AS ENUM ({_quoted(TYPES)}); CREATE TYPE category AS ENUM ({_quoted(CATEGORIES)})")
    if parts == 1:
        _copy(con, data, out, "")
        return
    out.mkdir()
    for part in range(parts):
        _copy(con, data, out / f"{part}.parquet", f" WHERE hash(person_id) % {parts} = {part}")


def _copy(con: duckdb.DuckDBPyConnection, data: Path, out: Path, only: str) -> None:
    con.execute(f"""CREATE OR REPLACE TEMP TABLE rows AS
        SELECT CAST(row_number() OVER () AS INTEGER) AS row_id, person_id, as_of
        FROM '{data / "rows.parquet"}'{only}""")
    form = f"FORMAT parquet, COMPRESSION {COMPRESSION}, COMPRESSION_LEVEL {LEVEL}"
    con.execute(f"COPY ({_query(data / 'events.parquet', only)}) TO '{out}' ({form})")


def _query(events: Path, only: str) -> str:
    kinds = ", ".join(f"count(CASE WHEN event_type = '{kind}' THEN 1 END) AS {kind}" for kind in TYPES)
    bands = " ".join(f"WHEN age <= {window} THEN {band}" for band, window in enumerate(WINDOWS))
    # joining the bands of a row and adding them is faster than another GROUP BY of 130 aggregates
    joins = " ".join(f"LEFT JOIN bands AS b{i} ON b{i}.row_id = rows.row_id AND b{i}.band = {i}" for i in _BANDS)
    ages = ", ".join(f"max(CASE WHEN event_type = '{kind}' THEN age END) AS {since(kind)}" for kind in TYPES)
    cells = [cell for band, window in enumerate(WINDOWS) for cell in _window(band, window)]
    return f"""WITH events AS (
        SELECT person_id, event_at, CAST(event_type AS kind) AS event_type, value,
            1 << CAST(enum_code(CAST(category AS category)) AS INTEGER) AS seen
        FROM '{events}'{only}
    ), bands AS MATERIALIZED (
        SELECT row_id, CASE {bands} END AS band, {kinds}, count(*) AS n, sum(value) AS total,
            max(value) AS maximum, min(value) AS minimum, bit_or(seen) AS seen
        FROM (
            SELECT row_id, as_of - event_at AS age, event_type, value, seen
            FROM events JOIN rows USING (person_id)
            WHERE event_at < as_of AND event_at >= as_of - {LONGEST}
        ) GROUP BY row_id, band
    ), newest AS (
        -- an event is the last of its type for the as-of dates up to the day of the next one
        SELECT person_id, event_type, event_at, lead(event_at, 1, DATE '9999-12-31') OVER (
            PARTITION BY person_id, event_type ORDER BY event_at
        ) AS next_at
        FROM events
    ), since AS (
        SELECT row_id, {ages} FROM (
            SELECT row_id, event_type, as_of - event_at AS age FROM newest JOIN rows USING (person_id)
            WHERE event_at < as_of AND as_of <= next_at AND event_at >= as_of - {LONGEST}
        ) GROUP BY row_id
    )
    SELECT {", ".join(f"rows.{key}" for key in KEYS)}, {", ".join(cells)}, {", ".join(since(kind) for kind in TYPES)}
    FROM rows {joins} LEFT JOIN since ON since.row_id = rows.row_id"""


def _window(band: int, window: int) -> list[str]:
    """The cells of one window: everything of its bands."""
    upto = range(band + 1)
    added = {m: " + ".join(f"coalesce(b{i}.{m}, 0)" for i in upto) for m in (*TYPES, "n", "total")}
    cells = [f"CAST({added[measure]} AS INTEGER) AS {column(measure, window)}" for measure in (*TYPES, "n")]
    cells.append(f"{added['total']} AS {column('sum', window)}")
    cells.append(f"({added['total']}) / nullif({added['n']}, 0) AS {column('mean', window)}")
    for measure, best in (("max", "greatest"), ("min", "least")):
        several = ", ".join(f"b{i}.{measure}imum" for i in upto)
        cells.append(f"{best}({several}) AS {column(measure, window)}")
    seen = " | ".join(f"coalesce(b{i}.seen, 0)" for i in upto)
    cells.append(f"bit_count({seen}) AS {column('distinct', window)}")
    return cells


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


if __name__ == "__main__":
    measured(work)
