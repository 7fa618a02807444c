"""featuretools: one feature matrix per window, cut off at every as-of date.

Belongs here: the fastest way that we found to say it with featuretools' primitives.
Does not belong here: anything that another engine needs.

A count by type is the sum of a 0/1 column and a number of days the largest day of its type: `where` clauses and
TimeSinceLast take several times as long. Without the cutoff time itself, its windows are ours.
"""

from __future__ import annotations

import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import featuretools as ft  # noqa: E402 - it warns when it is imported
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from benchmarks.workload import COMPRESSION, LEVEL, LONGEST, TYPES, WINDOWS, column, measured, names, since  # noqa: E402


def work(data: Path, out: Path) -> None:
    """Read the data, compute the columns, write them."""
    rows, events = pd.read_parquet(data / "rows.parquet"), pd.read_parquet(data / "events.parquet")
    rows["as_of"] = pd.to_datetime(rows["as_of"])
    entities = _entities(events, pd.DataFrame({"person_id": rows["person_id"].unique()}))
    cutoffs = rows.rename(columns={"as_of": "time"})
    matrix = pd.concat([_window(entities, cutoffs, window) for window in WINDOWS], axis=1)
    matrix = matrix.reset_index().rename(columns={"time": "as_of"})
    day = (matrix["as_of"] - pd.Timestamp(0)).dt.days
    for kind in TYPES:
        matrix[since(kind)] = day - matrix[since(kind)]
    for window in WINDOWS:  # its number of different categories is empty where there is none
        matrix[column("distinct", window)] = matrix[column("distinct", window)].fillna(0)
    matrix["as_of"] = matrix["as_of"].dt.date
    matrix[["person_id", "as_of", *names()]].to_parquet(
        out, compression=COMPRESSION, compression_level=LEVEL, index=False
    )


def _entities(events: pd.DataFrame, people: pd.DataFrame) -> ft.EntitySet:
    at = pd.to_datetime(events.pop("event_at"))
    day = (at - pd.Timestamp(0)).dt.days.astype(float)
    kind = events.pop("event_type")
    wide = {"event_id": np.arange(len(events)), "event_at": at}
    wide |= {name: (kind == name).astype(np.int64) for name in TYPES}
    wide |= {since(name): day.where(kind == name) for name in TYPES}
    events = events.assign(**wide)
    logical = {"value": "Double", "category": "Categorical", "person_id": "Categorical"}
    logical |= dict.fromkeys(TYPES, "Integer") | {since(name): "Double" for name in TYPES}
    entities = ft.EntitySet("bench")
    entities.add_dataframe(dataframe_name="people", dataframe=people, index="person_id")
    entities.add_dataframe(
        dataframe_name="events", dataframe=events, index="event_id", time_index="event_at", logical_types=logical
    )
    return entities.add_relationship("people", "person_id", "events", "person_id")


def _window(entities: ft.EntitySet, cutoffs: pd.DataFrame, window: int) -> pd.DataFrame:
    base = {name: ft.Feature(entities["events"].ww[name]) for name in entities["events"].columns}

    def over(name: str, primitive: type, called: str) -> ft.Feature:
        return ft.Feature(base[name], parent_dataframe_name="people", primitive=primitive).rename(called)

    features = [over(kind, ft.primitives.Sum, column(kind, window)) for kind in TYPES]
    features.append(over("event_id", ft.primitives.Count, column("n", window)))
    for measure in ("Sum", "Mean", "Max", "Min"):
        features.append(over("value", getattr(ft.primitives, measure), column(measure.lower(), window)))
    features.append(over("category", ft.primitives.NumUnique, column("distinct", window)))
    if window == LONGEST:
        features += [over(since(kind), ft.primitives.Max, since(kind)) for kind in TYPES]
    return ft.calculate_feature_matrix(
        features,
        entities,
        cutoff_time=cutoffs,
        cutoff_time_in_index=True,
        training_window=f"{window} days",
        include_cutoff_time=False,
        verbose=False,
    )


if __name__ == "__main__":
    measured(work)
