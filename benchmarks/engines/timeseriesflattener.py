"""timeseriesflattener: look-behind predictors over frames of values, types and days.

Belongs here: the fastest way that we found to say it with timeseriesflattener's predictors.
Does not belong here: anything that another engine needs.

A count by type is the sum of a 0/1 column and a number of days the largest day of its type, because each further frame
is another join of all rows with all events. Its windows are closed on both sides and end at the prediction time: with
every event moved by a day they are ours. People are numbers, because it groups by text made of person and time. Its own
unique count takes what lies outside the window for one more value, so we bring another. In steps of a month it joins
only events that a month's rows can see, in half the time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from pathlib import Path

import polars as pl
from timeseriesflattener import Flattener, PredictionTimeFrame, PredictorSpec, ValueFrame
from timeseriesflattener.aggregators import (
    Aggregator,
    CountAggregator,
    MaxAggregator,
    MeanAggregator,
    MinAggregator,
    SumAggregator,
)

from benchmarks.workload import COMPRESSION, LEVEL, LONGEST, TYPES, WINDOWS, column, measured, names, since

STEP = dt.timedelta(days=31)


class DistinctAggregator(Aggregator):
    """How many different values there are in the window."""

    name = "distinct"
    output_type = float

    def __call__(self, column_name: str) -> pl.Expr:
        """Count them without the empty ones."""
        return pl.col(column_name).drop_nulls().n_unique().alias(self.new_col_name(column_name))


def work(data: Path, out: Path) -> None:
    """Read the data, compute the columns, write them."""
    rows = pl.read_parquet(data / "rows.parquet")
    who = rows.select(pl.col("person_id").unique()).with_row_index("who").with_columns(pl.col("who").cast(pl.Int32))
    events = pl.read_parquet(data / "events.parquet").join(who, on="person_id")
    events = events.with_columns((pl.col("event_at").cast(pl.Datetime("us")) + dt.timedelta(days=1)).alias("timestamp"))
    is_type = {kind: pl.col("event_type") == kind for kind in TYPES}
    day = pl.col("event_at").cast(pl.Int32)
    values = [CountAggregator(), SumAggregator(), MeanAggregator(), MaxAggregator(), MinAggregator()]
    specs = [
        _spec(events, [pl.col("value")], values, WINDOWS),
        _spec(events, [pl.col("category").cast(pl.Categorical).to_physical()], [DistinctAggregator()], WINDOWS),
        _spec(events, [is_type[kind].cast(pl.Int32).alias(kind) for kind in TYPES], [SumAggregator()], WINDOWS),
        _spec(events, [pl.when(is_type[k]).then(day).alias(since(k)) for k in TYPES], [MaxAggregator()], [LONGEST]),
    ]
    asked = rows.join(who, on="person_id", maintain_order="left").select(
        "who", pl.col("as_of").cast(pl.Datetime("us")).alias("pred_timestamp")
    )
    with Path(os.devnull).open("w") as quiet, contextlib.redirect_stdout(quiet):
        flattener = Flattener(PredictionTimeFrame(asked, "who", "pred_timestamp"))
        frame = flattener.aggregate_timeseries(specs=specs, step_size=STEP).df
    as_of = pl.col("pred_timestamp").cast(pl.Date).alias("as_of")
    matrix = frame.join(who, on="who").select("person_id", as_of, *_named(frame))
    matrix.write_parquet(out, compression=COMPRESSION, compression_level=LEVEL)


def _spec(
    events: pl.DataFrame, values: list[pl.Expr], aggregators: list[Aggregator], windows: list[int] | tuple[int, ...]
) -> PredictorSpec:
    return PredictorSpec(
        value_frame=ValueFrame(events.select("who", "timestamp", *values), "who", "timestamp"),
        lookbehind_distances=[dt.timedelta(days=window - 1) for window in windows],
        aggregators=aggregators,
        fallback=float("nan"),
    )


def _named(frame: pl.DataFrame) -> list[pl.Expr]:
    """The columns under our names, days as days before as_of, counts 0 where nothing happened."""
    found = {}
    for theirs in frame.columns:
        if not theirs.startswith("pred_") or theirs == "pred_timestamp":
            continue
        measure, _, rest = theirs.removeprefix("pred_").partition("_within_")
        window, aggregator = 1 + int(rest.split("_")[2]), rest.removesuffix("_fallback_nan").rpartition("_")[2]
        if measure == "value":
            measure = {"count": "n"}.get(aggregator, aggregator)
        elif measure == "category":
            measure = "distinct"
        if measure.startswith("since"):
            as_of = pl.col("pred_timestamp").cast(pl.Date).cast(pl.Int32)
            found[measure] = as_of - pl.col(theirs)
        else:
            found[column(measure, window)] = pl.col(theirs)
    return [found[name].alias(name) for name in names()]


if __name__ == "__main__":
    measured(work)
