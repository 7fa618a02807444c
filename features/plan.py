"""A specification as arrays: what the compiled kernel needs to know of each feature.

Belongs here: which events pass which filter, which windows and features hang on a filter, as flat arrays.
Does not belong here: the loops over events (kernel), or reading and writing rows (fast).

Features that look at the same events share one filter, and its windows. Arrays named `..._first` are offsets: the items
of number i stand at `first[i]` to `first[i + 1]`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features import kinds
from features.fields import EventFeature, ValueRange
from features.windows import Window

FAR = 2**30
"""Farther back than any date: the bound of an unlimited window, and the day of an end that is not known."""

OPERATIONS: tuple[type[EventFeature], ...] = (
    kinds.Count,
    kinds.Distinct,
    kinds.AnyOf,
    kinds.Sum,
    kinds.Mean,
    kinds.Min,
    kinds.Max,
    kinds.Std,
    kinds.First,
    kinds.Last,
    kinds.Slope,
    kinds.DaysSinceLast,
    kinds.DaysSinceFirst,
    kinds.LongestGap,
    kinds.Rate,
    kinds.Change,
    kinds.Share,
    kinds.OpenEpisodes,
    kinds.EpisodeDays,
    kinds.DaysInEpisode,
)
"""The kinds over events; a kind's number in the kernel is its position here."""

_SUMMED = (kinds.Sum, kinds.Mean, kinds.Min, kinds.Max, kinds.Std, kinds.Slope, kinds.Change)

MEASURES = ("count", "sum", "mean")
"""What a change compares; the number in the kernel is the position."""

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Plan(NamedTuple):
    """One scope's features as arrays (a named tuple, because that is what the compiler takes).

    Attributes
    ----------
    class_first, class_filters : int32
        The filters that events of a class, a pair of event type and category, can pass.
    class_category : int32
        Number of the class's category; -1 without one.
    categories : int
        How many categories there are.
    filter_least, filter_most : float64
        Bounds of the value, both included; NaN where any value, or none, passes.
    filter_valued, filter_open : bool
        Whether an event must carry a value, or be open.
    filter_lag, filter_far : int32
        Days before as_of at which knowledge ends, and beyond which no feature of the filter looks.
    window_first, window_near, window_far : int32
        The windows that the features of a filter look into.
    window_summed : bool
        Whether a feature needs the sum, the smallest or the largest of the window's values.
    feature_first, feature_kind, feature_table, feature_column : int32
        The features over a window's events: number of the kind, number of the table of categories (for a share), row of
        the result.
    special_first, special_kind, special_window, special_other, special_measure, special_column : int32
        The features of a filter that have something to say though their window holds no event: a change, which looks
        into another window too, and days in episodes, which may have begun before it.
    shares : bool, shape (tables, classes)
        For a share: which classes are counted above the line.
    """

    class_first: Ints
    class_filters: Ints
    class_category: Ints
    categories: int
    filter_least: Floats
    filter_most: Floats
    filter_valued: Flags
    filter_open: Flags
    filter_lag: Ints
    filter_far: Ints
    window_first: Ints
    window_near: Ints
    window_far: Ints
    window_summed: Flags
    feature_first: Ints
    feature_kind: Ints
    feature_table: Ints
    feature_column: Ints
    special_first: Ints
    special_kind: Ints
    special_window: Ints
    special_other: Ints
    special_measure: Ints
    special_column: Ints
    shares: Flags


def make_plan(specs: Sequence[EventFeature], classes: Sequence[tuple[str, str | None]]) -> Plan:
    """Lay out features for the kernel.

    Parameters
    ----------
    specs : sequence of EventFeature
        Features of one scope; the kernel's result has a row for each, in this order.
    classes : sequence of (event type, category or None)
        The pairs that occur; an event's class is the position.

    Returns
    -------
    Plan
    """
    filters: dict[Hashable, list[int]] = {}
    for i, spec in enumerate(specs):
        filters.setdefault(_filter(spec), []).append(i)
    leaders = [specs[members[0]] for members in filters.values()]

    passing: list[list[int]] = [[] for _ in classes]
    of_type: dict[str, list[int]] = {}
    for number, (event_type, _) in enumerate(classes):
        of_type.setdefault(event_type, []).append(number)
    for f, spec in enumerate(leaders):
        wanted = None if spec.events.category is None else set(spec.events.category)
        for number in (n for event_type in dict.fromkeys(spec.events.type) for n in of_type.get(event_type, ())):
            category = classes[number][1]
            if (wanted is None or category in wanted) and (spec.need != "category" or category is not None):
                passing[number].append(f)

    names = sorted({category for _, category in classes if category is not None})
    position = {name: i for i, name in enumerate(names)}
    shares = list(dict.fromkeys(spec.of for spec in specs if isinstance(spec, kinds.Share)))

    spans: list[list[Window]] = []
    features: list[list[tuple[int, int, int]]] = []  # of each window
    special: list[list[tuple[int, int, int, int, int]]] = []  # of each filter
    summed: set[int] = set()
    for members in filters.values():
        begin = sum(map(len, spans))
        spans.append(list(dict.fromkeys(span for i in members for span in specs[i].spans)))
        features += [[] for _ in spans[-1]]
        special.append([])
        for i in members:
            spec = specs[i]
            if type(spec) not in OPERATIONS:
                raise TypeError(f"no aggregate for {spec.kind}")
            number = OPERATIONS.index(type(spec))
            at = [begin + spans[-1].index(span) for span in spec.spans]
            if isinstance(spec, kinds.Change | kinds.EpisodeDays):
                measure = MEASURES.index(spec.measure) if isinstance(spec, kinds.Change) else 0
                special[-1].append((number, at[0], at[-1], measure, i))
            else:
                features[at[0]].append((number, shares.index(spec.of) if isinstance(spec, kinds.Share) else 0, i))
            summed.update(at if isinstance(spec, _SUMMED) else ())
    windows = [span for several in spans for span in several]
    kind, table, column = _columns(features, 3)
    return Plan(
        class_first=_offsets(passing),
        class_filters=_ints([f for several in passing for f in several]),
        class_category=_ints([-1 if category is None else position[category] for _, category in classes]),
        categories=len(names),
        filter_least=np.array([_bounds(spec.events.value)[0] for spec in leaders], np.float64),
        filter_most=np.array([_bounds(spec.events.value)[1] for spec in leaders], np.float64),
        filter_valued=np.array([spec.need == "value" for spec in leaders], np.bool_),
        filter_open=np.array([spec.need == "open" for spec in leaders], np.bool_),
        filter_lag=_ints([spec.lag_days for spec in leaders]),
        filter_far=_ints([max(_far(specs[i]) for i in members) for members in filters.values()]),
        window_first=_offsets(spans),
        window_near=_ints([span.near for span in windows]),
        window_far=_ints([FAR if span.far is None else span.far for span in windows]),
        window_summed=np.array([w in summed for w in range(len(windows))], np.bool_),
        feature_first=_offsets(features),
        feature_kind=kind,
        feature_table=table,
        feature_column=column,
        special_first=_offsets(special),
        **dict(
            zip(
                ("special_kind", "special_window", "special_other", "special_measure", "special_column"),
                _columns(special, 5),
                strict=True,
            )
        ),
        shares=np.array([[category in of for _, category in classes] for of in shares], np.bool_).reshape(
            len(shares), len(classes)
        ),
    )


def _filter(spec: EventFeature) -> Hashable:
    """What features must have in common to look at the same list of events."""
    looks_back_whole = isinstance(spec, kinds.EpisodeDays)  # else its long list would slow down its neighbours
    return (spec.events, spec.need, spec.lag_days, looks_back_whole)


def _far(spec: EventFeature) -> int:
    # an episode may have begun before the window does
    bounds = [FAR if span.far is None or isinstance(spec, kinds.EpisodeDays) else span.far for span in spec.spans]
    return max(bounds)


def _bounds(limits: ValueRange | None) -> tuple[float, float]:
    """Both included: an open bound becomes the next number beside it."""
    if limits is None:
        return math.nan, math.nan
    least = [-math.inf if limits.at_least is None else limits.at_least]
    most = [math.inf if limits.at_most is None else limits.at_most]
    if limits.above is not None:
        least.append(math.nextafter(limits.above, math.inf))
    if limits.below is not None:
        most.append(math.nextafter(limits.below, -math.inf))
    return max(least), min(most)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int32)


def _columns(lists: Sequence[Sequence[tuple[int, ...]]], width: int) -> list[Ints]:
    """Tuples, list after list, as one array per place."""
    return [_ints([item[k] for items in lists for item in items]) for k in range(width)]


def _offsets(lists: Sequence[Sequence[object]]) -> Ints:
    return np.concatenate([[0], np.cumsum([len(items) for items in lists])]).astype(np.int32)
