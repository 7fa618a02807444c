"""Polars, streaming: pairs of rows and past events once, summed by band, bands rolled up into windows.

Belongs here: the fastest way that we found to say it in Polars. `python -m benchmarks.engines.polars DATA OUT 8` runs
it in eight parts for memory and writes a folder of eight files.
Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.workload import (
    CATEGORIES,
    COMPRESSION,
    COUNTED,
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
    parts = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rows, events = pl.scan_parquet(data / "rows.parquet"), pl.scan_parquet(data / "events.parquet")
    if parts == 1:
        _matrix(rows, events).sink_parquet(out, compression=COMPRESSION, compression_level=LEVEL, engine="streaming")
        return
    out.mkdir()
    for part in range(parts):
        ours = pl.col("person_id").hash() % parts == part
        _matrix(rows.filter(ours), events.filter(ours)).sink_parquet(
            out / f"{part}.parquet", compression=COMPRESSION, compression_level=LEVEL, engine="streaming"
        )


def _matrix(rows: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    rows = rows.with_row_index("row")
    events = events.with_columns(
        pl.col("event_type").cast(pl.Enum(TYPES)).to_physical(),
        # categories as bits, so that how many different ones there are comes from `or`
        pl.lit(2).pow(pl.col("category").cast(pl.Enum(CATEGORIES)).to_physical()).cast(pl.Int32).alias("seen"),
    )
    age = (pl.col("as_of") - pl.col("event_at")).dt.total_days().cast(pl.Int16).alias("age")
    # one disjoint band instead of a test against every window
    band = pl.sum_horizontal((pl.col("age") > window).cast(pl.UInt8) for window in WINDOWS[:-1])
    pairs = (
        rows.join(events, on="person_id")
        .with_columns(age)
        .filter((pl.col("age") > 0) & (pl.col("age") <= LONGEST))
        .select(
            "event_type",
            "value",
            "seen",
            "age",
            # one number is grouped by faster than two
            (pl.col("row") * len(WINDOWS) + band).alias("row_band"),
            (pl.col("row") * len(TYPES) + pl.col("event_type")).alias("row_type"),
        )
    )
    is_type = {name: pl.col("event_type") == code for code, name in enumerate(TYPES)}
    windows = (
        pairs.group_by("row_band")
        .agg(
            *(is_type[name].sum().alias(name) for name in TYPES),
            pl.len().alias("n"),
            pl.col("value").sum().alias("sum"),
            pl.col("value").max().alias("max"),
            pl.col("value").min().alias("min"),
            pl.col("seen").bitwise_or().alias("seen"),
        )
        .with_columns(row=pl.col("row_band") // len(WINDOWS), band=pl.col("row_band") % len(WINDOWS))
        .group_by("row")
        .agg(cell for i, window in enumerate(WINDOWS) for cell in _rolled(i, window))
    )
    newest = (
        pairs.group_by("row_type")
        .agg(pl.col("age").min())
        .with_columns(row=pl.col("row_type") // len(TYPES), event_type=pl.col("row_type") % len(TYPES))
        .group_by("row")
        .agg(pl.when(is_type[name]).then(pl.col("age")).min().alias(since(name)) for name in TYPES)
    )
    return (
        rows.join(windows, on="row", how="left")
        .join(newest, on="row", how="left")
        .with_columns(pl.col(column(measure, window)).fill_null(0) for window in WINDOWS for measure in COUNTED)
        .with_columns(
            pl.when(pl.col(column("n", window)) > 0)
            .then(pl.col(column("sum", window)) / pl.col(column("n", window)))
            .alias(column("mean", window))
            for window in WINDOWS
        )
        .select(*KEYS, *names())
    )


def _rolled(band: int, window: int) -> list[pl.Expr]:
    """The cells of one window: everything of its bands."""
    inside = pl.col("band") <= band
    added = [pl.when(inside).then(pl.col(m)).otherwise(0).sum().alias(column(m, window)) for m in (*TYPES, "n", "sum")]
    seen = pl.when(inside).then(pl.col("seen")).otherwise(0).bitwise_or().bitwise_count_ones()
    return [
        *added,
        pl.when(inside).then(pl.col("max")).max().alias(column("max", window)),
        pl.when(inside).then(pl.col("min")).min().alias(column("min", window)),
        seen.alias(column("distinct", window)),
    ]


if __name__ == "__main__":
    measured(work)
