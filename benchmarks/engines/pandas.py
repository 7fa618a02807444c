"""pandas: one as-of date after the other, grouped by person and band, bands added up into windows.

Belongs here: the fastest way that we found to say it in pandas, with what numpy and pyarrow give beside it.
Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.workload import (
    CATEGORIES,
    COMPRESSION,
    KEYS,
    LEVEL,
    LONGEST,
    TYPES,
    WINDOWS,
    column,
    measured,
    names,
    since,
)


def work(data: Path, out: Path) -> None:
    """Read the data, compute the columns, write them."""
    rows, events = pd.read_parquet(data / "rows.parquet"), pd.read_parquet(data / "events.parquet")
    everyone = pd.Index(rows["person_id"].unique())
    rows["person"] = everyone.get_indexer(rows["person_id"])
    events = pd.DataFrame(
        {
            "person": everyone.get_indexer(events["person_id"]),
            "day": pd.to_datetime(events["event_at"]),
            "event_type": pd.Categorical(events["event_type"], TYPES).codes.astype(np.int64),
            "category": pd.Categorical(events["category"], CATEGORIES).codes.astype(np.int64),
            "value": events["value"],
        }
    )
    writer = None
    for as_of, asked in rows.groupby("as_of", sort=False):
        matrix = _one_day(asked, as_of, events, len(everyone))
        table = pa.Table.from_pandas(matrix, preserve_index=False)
        writer = writer or pq.ParquetWriter(out, table.schema, compression=COMPRESSION, compression_level=LEVEL)
        writer.write_table(table)
    if writer:
        writer.close()


def _one_day(asked: pd.DataFrame, as_of: object, events: pd.DataFrame, people: int) -> pd.DataFrame:
    age = (pd.Timestamp(as_of) - events["day"]).dt.days
    past = events.assign(age=age)[(age > 0) & (age <= LONGEST)]
    past["band"] = np.searchsorted(WINDOWS, past["age"])
    grid = (people, len(WINDOWS))
    cell = past["person"] * grid[1] + past["band"]

    by_cell = past["value"].groupby(cell).agg(["size", "sum", "max", "min"]).reindex(range(people * grid[1]))
    n = _added(by_cell["size"].fillna(0).astype(np.int32), grid)
    total = _added(by_cell["sum"].fillna(0), grid)
    largest = np.fmax.accumulate(by_cell["max"].to_numpy().reshape(grid), axis=1)
    smallest = np.fmin.accumulate(by_cell["min"].to_numpy().reshape(grid), axis=1)
    kinds = np.bincount(cell * len(TYPES) + past["event_type"], minlength=people * grid[1] * len(TYPES))
    kinds = kinds.astype(np.int32).reshape(*grid, len(TYPES)).cumsum(axis=1, dtype=np.int32)
    # a category counts from the band of its newest event on
    nearest = past["band"].groupby(past["person"] * len(CATEGORIES) + past["category"]).min()
    first_seen = (nearest.index // len(CATEGORIES)) * grid[1] + nearest.to_numpy()
    distinct = _added(pd.Series(np.bincount(first_seen, minlength=people * grid[1]).astype(np.int32)), grid)
    newest = past["age"].groupby(past["person"] * len(TYPES) + past["event_type"]).min()
    newest = newest.reindex(range(people * len(TYPES))).to_numpy().reshape(people, len(TYPES))

    who = asked["person"].to_numpy()
    columns = {key: asked[key].to_numpy() for key in KEYS}
    with np.errstate(invalid="ignore"):
        mean = total / n
    for i, window in enumerate(WINDOWS):
        columns |= {column(kind, window): kinds[who, i, code] for code, kind in enumerate(TYPES)}
        for measure, cells in (("n", n), ("sum", total), ("mean", mean), ("max", largest), ("min", smallest)):
            columns[column(measure, window)] = cells[who, i]
        columns[column("distinct", window)] = distinct[who, i]
    columns |= {since(kind): newest[who, code] for code, kind in enumerate(TYPES)}
    return pd.DataFrame(columns)[[*KEYS, *names()]]


def _added(cells: pd.Series, grid: tuple[int, int]) -> np.ndarray:
    return cells.to_numpy().reshape(grid).cumsum(axis=1)


if __name__ == "__main__":
    measured(work)
