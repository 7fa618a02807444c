"""The compiled loops: every cell of a batch of rows from its subject's events, in a fixed order.

Belongs here: what each kind computes, and the rule of time as the fast path applies it.
Does not belong here: what the arrays mean (plan), or where rows and events come from (fast).

The same cells as `features.portable`, to the last bit: sums are made of integers, and what has to be added as it comes
is added in the order of the events. Tests hold both to a slow reference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features import kinds
from features.compiled import compiled
from features.plan import FAR, MEASURES, OPERATIONS, Flags, Floats, Ints, Longs, Plan, make_plan

COUNT = OPERATIONS.index(kinds.Count)
DISTINCT = OPERATIONS.index(kinds.Distinct)
ANY = OPERATIONS.index(kinds.AnyOf)
SUM = OPERATIONS.index(kinds.Sum)
MEAN = OPERATIONS.index(kinds.Mean)
MIN = OPERATIONS.index(kinds.Min)
MAX = OPERATIONS.index(kinds.Max)
STD = OPERATIONS.index(kinds.Std)
FIRST = OPERATIONS.index(kinds.First)
LAST = OPERATIONS.index(kinds.Last)
SLOPE = OPERATIONS.index(kinds.Slope)
DAYS_SINCE_LAST = OPERATIONS.index(kinds.DaysSinceLast)
DAYS_SINCE_FIRST = OPERATIONS.index(kinds.DaysSinceFirst)
LONGEST_GAP = OPERATIONS.index(kinds.LongestGap)
RATE = OPERATIONS.index(kinds.Rate)
CHANGE = OPERATIONS.index(kinds.Change)
SHARE = OPERATIONS.index(kinds.Share)
OPEN_EPISODES = OPERATIONS.index(kinds.OpenEpisodes)
EPISODE_DAYS = OPERATIONS.index(kinds.EpisodeDays)
DAYS_IN_EPISODE = OPERATIONS.index(kinds.DaysInEpisode)
MEASURE_COUNT = MEASURES.index("count")
MEASURE_MEAN = MEASURES.index("mean")
YEAR = 365.0


class Events(NamedTuple):
    """Events sorted by subject, day, knowledge day and value; days are numbers.

    Attributes
    ----------
    day, known, ended, end_known : int32
        Day number; FAR for an end that is not recorded.
    of_class : int32
        The event's class.
    value : float64
        NaN without one; never -0.0.
    """

    day: Ints
    known: Ints
    ended: Ints
    end_known: Ints
    of_class: Ints
    value: Floats


@compiled
def fill(plan: Plan, events: Events, first: Ints, last: Ints, as_of: Ints, out: Floats) -> None:
    """Write every cell in which there is something; the others keep what stands there.

    Parameters
    ----------
    plan : Plan
        The features.
    events : Events
        The events of the batch's subjects.
    first, last : int array, shape (rows,)
        Where the events of each row's subject begin and end; rows of one subject follow each other.
    as_of : int array, shape (rows,)
        Day number of each row's as-of date.
    out : float array, shape (features, rows)
        The cells, filled beforehand with what each feature declares for "nothing".
    """
    # taken out of their tuples once: passing a whole tuple on would count references to each of its arrays
    day, known, ended, end_known, of_class, value = events
    class_category, shares = plan.class_category, plan.shares
    filter_lag, filter_far, filter_open = plan.filter_lag, plan.filter_far, plan.filter_open
    window_first, window_near, window_far = plan.window_first, plan.window_near, plan.window_far
    window_summed = plan.window_summed
    feature_first, feature_kind = plan.feature_first, plan.feature_kind
    feature_table, feature_column = plan.feature_table, plan.feature_column
    special_first, special_kind, special_measure = plan.special_first, plan.special_kind, plan.special_measure
    special_window, special_other, special_column = plan.special_window, plan.special_other, plan.special_column

    filters = len(filter_lag)
    begin = np.zeros(filters + 1, np.int64)  # where a filter's list begins
    lists = np.empty(64, np.int32)  # events of the subject, filter by filter
    used = np.empty(64, np.int32)  # those of one filter that existed for one row
    days = np.empty(64, np.int32)
    lo = np.zeros(len(window_near), np.int64)  # where a window begins and ends among the used
    hi = np.zeros(len(window_near), np.int64)
    total = np.zeros(len(window_near), np.float64)
    smallest = np.zeros(len(window_near), np.float64)
    largest = np.zeros(len(window_near), np.float64)
    seen = np.zeros(plan.categories, np.int64)  # the last count of different categories that saw this one
    counted = 0
    for row in range(len(as_of)):
        if row == 0 or first[row] != first[row - 1] or last[row] != last[row - 1]:
            lists = _sort(plan, of_class, value, first[row], last[row], begin, lists)
            if len(used) < last[row] - first[row]:
                used = np.empty(2 * (last[row] - first[row]), np.int32)
                days = np.empty(len(used), np.int32)
        for f in range(filters):
            if begin[f] == begin[f + 1]:
                continue
            today = as_of[row] - filter_lag[f]  # what is not known before this day does not exist
            oldest = as_of[row] - filter_far[f]
            n = 0
            for place in range(begin[f], begin[f + 1]):
                e = lists[place]
                if day[e] >= today:
                    break  # sorted by day
                if day[e] < oldest or known[e] >= today:
                    continue
                if filter_open[f] and ended[e] < today and end_known[e] < today:
                    continue
                used[n] = e
                days[n] = day[e]
                n += 1
            if n == 0:
                continue
            for w in range(window_first[f], window_first[f + 1]):
                lo[w] = _before(days, n, as_of[row] - window_far[w])
                hi[w] = _before(days, n, as_of[row] - window_near[w])
                if window_summed[w]:
                    total[w], smallest[w], largest[w] = _summary(value, used, lo[w], hi[w])
            for place in range(special_first[f], special_first[f + 1]):
                w, other = special_window[place], special_other[place]
                if special_kind[place] == CHANGE:
                    cell = _change(special_measure[place], hi[w] - lo[w], total[w], hi[other] - lo[other], total[other])
                else:
                    since, until = as_of[row] - window_far[w], as_of[row] - window_near[w]
                    cell = _episode_days(day, ended, end_known, used, n, today, since, until)
                if not np.isnan(cell):
                    out[special_column[place], row] = cell
            for w in range(window_first[f], window_first[f + 1]):
                if lo[w] == hi[w]:
                    continue
                for place in range(feature_first[w], feature_first[w + 1]):
                    kind, inside = feature_kind[place], hi[w] - lo[w]
                    # the simple kinds stand here, since a call with arrays costs more than they do
                    if kind in (COUNT, OPEN_EPISODES):
                        cell = np.float64(inside)
                    elif kind == SUM:
                        cell = total[w]
                    elif kind == MEAN:
                        cell = total[w] / inside
                    elif kind == MIN:
                        cell = smallest[w]
                    elif kind == MAX:
                        cell = largest[w]
                    elif kind == DAYS_SINCE_LAST:
                        cell = np.float64(as_of[row] - days[hi[w] - 1])
                    elif kind in (DAYS_SINCE_FIRST, DAYS_IN_EPISODE):
                        cell = np.float64(as_of[row] - days[lo[w]])
                    elif kind == FIRST:
                        cell = value[used[lo[w]]]
                    elif kind == LAST:
                        cell = value[used[hi[w] - 1]]
                    elif kind == ANY:
                        cell = 1.0
                    elif kind == RATE:
                        cell = inside * YEAR / (window_far[w] - window_near[w])
                    elif kind == DISTINCT:
                        counted += 1
                        cell = _distinct(class_category, of_class, used, lo[w], hi[w], seen, counted)
                    elif kind == SHARE:
                        cell = _share(shares[feature_table[place]], of_class, used, lo[w], hi[w])
                    elif kind == LONGEST_GAP:
                        cell = _longest_gap(days, lo[w], hi[w])
                    elif kind == STD:
                        cell = _std(value, used, lo[w], hi[w], total[w] / inside)
                    else:
                        cell = _slope(value, used, days, lo[w], hi[w], total[w] / inside)
                    if not np.isnan(cell):
                        out[feature_column[place], row] = cell


@compiled
def _sort(plan: Plan, of_class: Ints, value: Floats, first: int, last: int, begin: Longs, lists: Ints) -> Ints:
    """The subject's events, filter by filter, each list in the order of the events; `begin` says where it begins."""
    class_first, class_filters = plan.class_first, plan.class_filters
    least, most, valued = plan.filter_least, plan.filter_most, plan.filter_valued
    begin[:] = 0
    for e in range(first, last):
        for place in range(class_first[of_class[e]], class_first[of_class[e] + 1]):
            f = class_filters[place]
            if _passes(value[e], valued[f], least[f], most[f]):
                begin[f + 1] += 1
    begin[:] = np.cumsum(begin)
    if len(lists) < begin[-1]:
        lists = np.empty(2 * begin[-1], np.int32)
    for e in range(first, last):
        for place in range(class_first[of_class[e]], class_first[of_class[e] + 1]):
            f = class_filters[place]
            if _passes(value[e], valued[f], least[f], most[f]):
                lists[begin[f]] = e
                begin[f] += 1
    begin[1:] = begin[:-1].copy()  # filling has moved each to the beginning of the next
    begin[0] = 0
    return lists


@compiled
def _passes(value: float, valued: bool, least: float, most: float) -> bool:
    if valued and np.isnan(value):
        return False
    return np.isnan(least) or (value >= least and value <= most)  # a missing value is in no range


@compiled
def _before(days: Ints, n: int, day: int) -> int:
    """How many of the first n days, which are sorted, lie before the day."""
    lo, hi = 0, n
    while lo < hi:
        middle = (lo + hi) // 2
        if days[middle] < day:
            lo = middle + 1
        else:
            hi = middle
    return lo


@compiled
def _summary(value: Floats, used: Ints, lo: int, hi: int) -> tuple[float, float, float]:
    """Sum, smallest and largest value; the sum in whole numbers and millionths: exact, whatever the order."""
    whole, millionths = np.int64(0), np.int64(0)
    smallest, largest = np.inf, -np.inf
    for i in range(lo, hi):
        v = value[used[i]]
        below = np.floor(v)
        whole += np.int64(below)
        millionths += np.int64(np.floor((v - below) * 1e6 + 0.5))
        smallest = min(smallest, v)
        largest = max(largest, v)
    return np.float64(whole) + np.float64(millionths) / 1e6, smallest, largest


@compiled
def _longest_gap(days: Ints, lo: int, hi: int) -> float:
    if hi - lo < 2:
        return np.nan
    longest = 0
    for i in range(lo + 1, hi):
        longest = max(longest, days[i] - days[i - 1])
    return np.float64(longest)


@compiled
def _largest_deviation(value: Floats, used: Ints, lo: int, hi: int, mean: float) -> float:
    largest = 0.0
    for i in range(lo, hi):
        largest = max(largest, abs(value[used[i]] - mean))
    return largest


@compiled
def _std(value: Floats, used: Ints, lo: int, hi: int, mean: float) -> float:
    """Squares relative to the largest, in units of 2**-40: integers, whose order cannot matter."""
    if hi - lo < 2:
        return np.nan
    largest = _largest_deviation(value, used, lo, hi, mean)
    if largest == 0.0:
        return 0.0
    squares = np.int64(0)
    for i in range(lo, hi):
        part = (value[used[i]] - mean) / largest
        squares += np.int64(np.floor(part * part * 2.0**40 + 0.5))
    return largest * float(np.sqrt(np.float64(squares) / 2.0**40 / (hi - lo - 1)))


@compiled
def _slope(value: Floats, used: Ints, days: Ints, lo: int, hi: int, mean: float) -> float:
    """Least squares with days counted from the first, deviations in units of 2**-30 of the largest."""
    if days[lo] == days[hi - 1]:
        return np.nan
    largest = _largest_deviation(value, used, lo, hi, mean)
    if largest == 0.0:
        return 0.0
    x, xx, y, xy = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for i in range(lo, hi):
        day = np.int64(days[i] - days[lo])
        part = np.int64(np.floor((value[used[i]] - mean) / largest * 2.0**30 + 0.5))
        x += day
        xx += day * day
        y += part
        xy += day * part
    n = np.float64(hi - lo)
    above = n * np.float64(xy) - np.float64(x) * np.float64(y)
    below = n * np.float64(xx) - np.float64(x) * np.float64(x)
    return largest * (above / below / 2.0**30) * YEAR


@compiled
def _change(measure: int, n: int, total: float, other_n: int, other_total: float) -> float:
    if measure == MEASURE_MEAN:
        return total / n - other_total / other_n if n > 0 and other_n > 0 else np.nan
    if n + other_n == 0:
        return np.nan
    if measure == MEASURE_COUNT:
        return np.float64(n - other_n)
    return total - other_total


@compiled
def _distinct(class_category: Ints, of_class: Ints, used: Ints, lo: int, hi: int, seen: Longs, counted: int) -> float:
    n = 0
    for i in range(lo, hi):
        category = class_category[of_class[used[i]]]
        if seen[category] != counted:
            seen[category] = counted
            n += 1
    return np.float64(n)


@compiled
def _share(above: Flags, of_class: Ints, used: Ints, lo: int, hi: int) -> float:
    n = 0
    for i in range(lo, hi):
        if above[of_class[used[i]]]:
            n += 1
    return n / (hi - lo)


@compiled
def _episode_days(
    day: Ints, ended: Ints, end_known: Ints, used: Ints, n: int, today: int, since: int, until: int
) -> float:
    """Days in [since, until) on which an episode was open; NaN when there is none. Sorted by their first day."""
    covered, last = 0, -FAR
    for i in range(n):
        e = used[i]
        known_end = ended[e] < today and end_known[e] < today
        end = min(ended[e] if known_end else today - 1, until - 1)
        start = max(day[e], since, last + 1)
        if end >= start:
            covered += end - start + 1
            last = end
    return np.float64(covered) if covered > 0 else np.nan


def load() -> None:
    """Compile, or read what was compiled before: worth doing while DuckDB is at work."""
    none = np.zeros(0, np.int32)
    fill(make_plan([], []), Events(none, none, none, none, none, np.zeros(0)), none, none, none, np.zeros((0, 0)))
