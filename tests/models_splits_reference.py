"""Splits by the slow, obvious way: loops over calendar days, cohorts and rows, written from docs/models.md alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.spec import SplitsSpec

DAY = pd.Timedelta(days=1)
Key = tuple[pd.Timestamp, str]


@dataclass
class Expected:
    """What a split must be: case ids instead of positions."""

    as_of: pd.Timestamp
    role: str
    history: str | None
    test: set[str]
    labels: dict[str, float]
    shared: set[str]
    design: str


def after(day: pd.Timestamp, span: str, way: int = 1) -> pd.Timestamp:
    for unit, name in (("mo", "months"), ("d", "days"), ("y", "years")):
        if span.endswith(unit):
            return day + pd.DateOffset(**{name: way * int(span.removesuffix(unit))})
    raise AssertionError(span)


def reference_splits(frame: pd.DataFrame, spec: SplitsSpec) -> list[Expected]:
    """Every split of the rows, oldest first, comparisons behind their day."""
    cohorts: dict[Key, list[dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        cohorts.setdefault((row["as_of"], row["cohort"]), []).append(row)
    closing = {key: rows[0]["closes_on"] for key, rows in cohorts.items()}
    closed = {key for key, rows in cohorts.items() if any(row["outcome"] in (0.0, 1.0) for row in rows)}
    reached = max([key[0] for key in cohorts] + [closing[key] for key in closed])

    def allowed(key: Key) -> bool:
        if spec.feature_start and key[0] < pd.Timestamp(spec.feature_start):
            return False
        if spec.feature_end and key[0] > pd.Timestamp(spec.feature_end):
            return False
        if spec.label_start and key[0] < pd.Timestamp(spec.label_start):
            return False
        return not (spec.label_end and cohorts[key][0]["window_end"] > pd.Timestamp(spec.label_end))

    def training(day: pd.Timestamp, history: str | None) -> list[Key]:
        keys = [key for key in cohorts if key in closed and allowed(key) and closing[key] <= day]
        if not keys:
            return []
        newest = max(key[0] for key in keys)
        used, lowest = [], None
        moment = newest
        while moment >= frame["as_of"].min():
            here = [key for key in keys if key[0] == moment]
            reaches = history is None or moment >= after(newest, history, -1)
            apart = lowest is None or spec.train_every is None or after(moment, spec.train_every) <= lowest
            if here and reaches and apart:
                used += here
                lowest = moment
            moment -= DAY
        return used

    def testing(day: pd.Timestamp) -> list[Key] | None:
        end = after(day, spec.test_for) if spec.test_for else day + DAY
        if reached < end - DAY:
            return None
        used, latest = [], None
        moment = day
        while moment < end:
            here = [key for key in cohorts if key[0] == moment]
            if here and (latest is None or spec.test_every is None or moment >= after(latest, spec.test_every)):
                used += here
                latest = moment
            moment += DAY
        return used if all(key in closed and allowed(key) for key in used) else None

    def cut(day: pd.Timestamp, role: str, history: str | None, reach: str | None) -> Expected | None:
        tested = testing(day)
        assert tested is not None
        test = [row for key in tested for row in cohorts[key]]
        relatives = {row["cluster_id"] for row in test}
        labels: dict[str, float] = {}
        shared = set()
        for key in training(day, reach):
            for row in cohorts[key]:
                if row["outcome"] in (0.0, 1.0):
                    told = row["outcome"] == 1.0 and row["outcome_known_at"] < day
                    labels[row["case_id"]] = 1.0 if told else 0.0
                    if row["cluster_id"] in relatives:
                        shared.add(row["case_id"])
        if not labels:
            return None
        purge = spec.relatives == "purge"
        if spec.relatives == "auto":
            purge = len(shared) <= spec.purge_ceiling * len(labels)
        for label in (0.0, 1.0):
            count = sum(y == label for case, y in labels.items() if not (purge and case in shared))
            if (count if purge else count * (spec.folds - 1) / spec.folds) < spec.min_class:
                return None
        cases = {row["case_id"] for row in test}
        return Expected(day, role, history, cases, labels, shared, "purged" if purge else "cross_fitted")

    found: list[list[Expected]] = []
    day = frame["as_of"].max()
    while day >= frame["as_of"].min() and len(found) < spec.last:
        begins = [key for key in cohorts if key[0] == day and key in closed and allowed(key)]
        tested = testing(day) if begins else None
        if tested is not None and found:
            test_day = found[0][0].as_of
            spaced = spec.update_every is None or after(day, spec.update_every) <= found[-1][0].as_of
            if not spaced or any(closing[key] > test_day for key in tested):
                tested = None
        if tested is not None:
            main = cut(day, "development" if found else "test", None, spec.histories[0] if spec.histories else None)
            if main is not None:
                others = [cut(day, "development", h, h) for h in spec.histories[1:]] if found else []
                found.append([main, *(other for other in others if other is not None)])
        day -= DAY
    return [split for group in reversed(found) for split in group]
