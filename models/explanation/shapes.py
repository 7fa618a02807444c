"""How a factor's contribution changes with its value: means by bin of values, with the number of cases behind each.

Belongs here: the bins, typical ranges, contributions within a bin, as rows of shapes.parquet.
Does not belong here: contributions themselves (models.explanation.contributions), words and pictures
(fairness_reports).

Nothing here rests on fewer cases than the minimum cell, and no end of a bin is one person's value: ends are rounded,
the outermost stay open unless a whole bin holds one single value, and typical ranges are percentiles, never extremes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.spec import Column

SHARE = 0.02
"""A bin holds at least this share of the cases with a value, and never fewer than the minimum cell."""
MOST = 10
"""A feature has at most so many bins of values, besides one of its own for zero."""
TYPICAL = 0.05
"""The typical range leaves out this share of the values at either end."""
SPREAD = 0.1
"""`low` and `high` leave out this share of a bin's contributions at either end."""

COLUMNS = (
    "factor", "feature", "position", "part", "value_from", "value_to", "category", "mean_contribution", "low", "high",
    "n", "reason",
)  # fmt: skip
_FIGURES = ("value_from", "value_to", "mean_contribution", "low", "high")


@dataclass(frozen=True)
class Bin:
    """Which values belong together.

    Attributes
    ----------
    low, high : float or None
        Its ends; None where it is open. Of whole numbers both belong to it; of others `high` does not, but where both
        ends are one value the bin holds this value alone.
    start, stop : int
        Its place among the sorted values.
    """

    low: float | None
    high: float | None
    start: int
    stop: int


def factor_shapes(X: pd.DataFrame, table: pd.DataFrame, columns: Sequence[Column], *, min_cell: int) -> pd.DataFrame:
    """Mean contributions by bin of values, for every feature.

    Parameters
    ----------
    X : DataFrame
        Cases x columns: the values, NaN where there is none.
    table : DataFrame
        Cases x columns: their contributions in log-odds, from `contributions`.
    columns : sequence of features.spec.Column
        What is known of each column.
    min_cell : int
        A part with fewer cases has no figures.

    Returns
    -------
    DataFrame
        `COLUMNS`. part is one of
        `typical`: one row for each feature with numbers, value_from and value_to the typical range (5th to 95th
        percentile), its figures those of all cases with a value;
        `bin`: the values from value_from to value_to (`Bin`), in rising order;
        `category`: one declared value of a category; `other`: all others, too rare ones among them, or all cases
        together where too few have a value;
        `missing`: cases without a value.
        mean_contribution is the mean of the contributions, low and high their 10th and 90th percentile where at least
        the minimum cell lies beyond each; n the cases; reason why there are no figures. Every case is in exactly one of
        the parts other than `typical`.
    """
    rows: list[dict[str, Any]] = []
    for feature, own in _by_feature(columns, table):
        head = {"factor": own[0].factor, "feature": feature}
        found = _categories(X, table, own, min_cell) if own[0].category is not None else None
        parts = found if found is not None else _numbers(X[own[0].name], table[own[0].name], min_cell)
        rows += [{**head, "position": place, **part} for place, part in enumerate(parts)]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    return made.astype(dict.fromkeys(_FIGURES, "float64"))


def bins(values: np.ndarray, least: int, most: int = MOST) -> list[Bin]:
    """Bins of sorted values: by rounded quantiles, each with at least `least` of them, zero apart where it is frequent.

    Parameters
    ----------
    values : ndarray
        Sorted, without NaN.
    least : int
        As few may be in a bin; with fewer values in all there is one bin of what there is.
    most : int
        At most so many bins besides that of zero; neighbours with the fewest values are put together.

    Returns
    -------
    list of Bin
        In rising order, empty without values. An inner end has at least `least` values on either side.
    """
    n = len(values)
    if not n:
        return []
    whole = bool((values == np.floor(values)).all())
    zeros = int(np.searchsorted(values, 0, side="right")) if values[0] >= 0 else 0
    if zeros < least or 0 < n - zeros < least:
        zeros = 0
    found = [Bin(0.0, 0.0, 0, zeros)] if zeros else []
    rest = values[zeros:]
    if not len(rest):
        return found
    cuts = _cuts(rest, least, most, whole=whole)
    places = [0, *(int(np.searchsorted(rest, cut)) for cut in cuts), len(rest)]
    first = None if not zeros else 1.0 if whole else 0.0
    for k, (start, stop) in enumerate(pairwise(places)):
        low = cuts[k - 1] if k else first
        high = None if k == len(cuts) else cuts[k] - 1 if whole else cuts[k]
        if (low is None or high is None) and rest[start] == rest[stop - 1]:
            low = high = float(rest[start])  # at least `least` people share it
        found.append(Bin(low, high, zeros + start, zeros + stop))
    return found


def _cuts(values: np.ndarray, least: int, most: int, *, whole: bool) -> list[float]:
    """Lower ends of all bins but the first."""
    n = len(values)
    spread = float(values[min(n - 1, math.floor(0.95 * n))] - values[math.floor(0.05 * n)])
    tried = set()
    for k in range(1, most):
        at = values[k * n // most]
        above = int(np.searchsorted(values, at, side="right"))
        for value in (at, *values[above : above + 1]):  # behind a frequent value a new bin may begin
            tried.add(rounded(float(value), spread, whole=whole))
    kept: list[float] = []
    last = 0
    for cut in sorted(tried):
        place = int(np.searchsorted(values, cut))
        if place - last >= least and n - place >= least:
            kept.append(cut)
            last = place
    while len(kept) + 1 > most:
        places = [0, *(int(np.searchsorted(values, cut)) for cut in kept), n]
        together = [places[k + 2] - places[k] for k in range(len(kept))]
        del kept[int(np.argmin(together))]
    return kept


def rounded(value: float, spread: float, *, whole: bool) -> float:
    """A value with two significant digits, or two of the spread where that keeps more of it; whole where values are.

    Examples
    --------
    >>> rounded(247.0, 300.0, whole=True), rounded(1001.234, 1.7, whole=False), rounded(0.0, 1.0, whole=False)
    (250.0, 1001.2, 0.0)
    """
    return round(value, _decimals(value, spread, whole=whole)) + 0.0


def _floor(value: float, spread: float, *, whole: bool) -> float:
    decimals = _decimals(value, spread, whole=whole)
    return round(math.floor(value * 10.0**decimals) / 10.0**decimals, max(decimals, 0)) + 0.0


def _decimals(value: float, spread: float, *, whole: bool) -> int:
    if value == 0:
        return 0
    power = math.floor(math.log10(abs(value))) - 1
    if spread > 0:
        power = min(power, math.floor(math.log10(spread)) - 1)
    return -max(power, 0) if whole else -power


def typical_range(values: np.ndarray, min_cell: int) -> tuple[float, float] | None:
    """Between which rounded values most cases lie: the 5th and the 95th percentile, never an extreme.

    Parameters
    ----------
    values : ndarray
        Sorted, without NaN.
    min_cell : int
        At least so many values lie at or below the lower end, and at or above the upper one; with few values the range
        is narrower for it.

    Returns
    -------
    (float, float) or None
        None where that would leave out half of the values or more.
    """
    n = len(values)
    out = max(math.ceil(TYPICAL * n), min_cell)
    if 4 * out > n:
        return None
    low, high = float(values[out - 1]), float(values[n - out])
    if low == high:
        return low, high  # nine of ten cases share it
    whole, spread = bool((values == np.floor(values)).all()), high - low
    first, last = (rounded(end, spread, whole=whole) for end in (low, high))
    # rounding may not push an end beyond the values that it rests on
    if np.searchsorted(values, first, side="right") < min_cell:
        first = -_floor(-low, spread, whole=whole)
    if n - np.searchsorted(values, last) < min_cell:
        last = _floor(high, spread, whole=whole)
    return first, last


def _by_feature(columns: Sequence[Column], table: pd.DataFrame) -> Iterator[tuple[str, list[Column]]]:
    own: dict[str, list[Column]] = {}
    for column in columns:
        if column.name in table.columns:
            own.setdefault(column.feature, []).append(column)
    yield from own.items()


def _figures(terms: np.ndarray, min_cell: int) -> dict[str, Any]:
    """The figures of some contributions, none of too few."""
    n = len(terms)
    if n < min_cell:
        nothing = dict.fromkeys(("mean_contribution", "low", "high", "n"))
        return {**nothing, "reason": f"fewer than {min_cell}"}
    beyond = math.floor(SPREAD * n)  # so many lie beyond each end
    low = high = None
    if beyond >= max(min_cell, 1):
        ordered = np.sort(terms)
        low, high = (round(float(end), 2) + 0.0 for end in (ordered[beyond], ordered[n - 1 - beyond]))
    mean = round(float(np.sort(terms).mean()), 3) + 0.0
    return {"mean_contribution": mean, "low": low, "high": high, "n": n, "reason": None}


def _part(
    part: str, figures: dict[str, Any], low: Any = None, high: Any = None, category: Any = None
) -> dict[str, Any]:
    return {"part": part, "value_from": low, "value_to": high, "category": category, **figures}


def _numbers(values: pd.Series, contributions: pd.Series, min_cell: int) -> list[dict[str, Any]]:
    value, terms = values.to_numpy(dtype=np.float64), contributions.to_numpy(dtype=np.float64)
    order = np.argsort(value, kind="stable")  # NaN come last
    told = len(value) - int(np.isnan(value).sum())
    value, terms = value[order], terms[order]
    least = max(min_cell, math.ceil(SHARE * told), 1)
    within = typical_range(value[:told], min_cell) or (None, None)
    parts = [_part("typical", _figures(terms[:told], min_cell), *within)]
    if told < min_cell:  # all cases together, lest those with a value could be worked out from those without
        return [*parts, _part("other", _figures(terms, min_cell))] if len(value) else parts
    parts += [
        _part("bin", _figures(terms[each.start : each.stop], min_cell), each.low, each.high)
        for each in bins(value[:told], least)
    ]
    return [*parts, _part("missing", _figures(terms[told:], min_cell))] if told < len(value) else parts


def _categories(X: pd.DataFrame, table: pd.DataFrame, own: Sequence[Column], min_cell: int) -> list[dict[str, Any]]:
    """A row for each category; the column of a category says 1 or 0, and all together make the contribution."""
    names = [column.name for column in own]
    shown, terms = X[names].to_numpy(dtype=np.float64), table[names].to_numpy(dtype=np.float64).sum(axis=1)
    active = np.where((shown == 1).any(axis=1), (shown == 1).argmax(axis=1), -1)
    masks = {str(column.category): active == k for k, column in enumerate(own)}
    missing = masks.pop("", np.zeros(len(X), dtype=bool)) | np.isnan(shown).all(axis=1)
    other = (active == -1) & ~missing
    # a rare category goes to the others, and with it the next rarest: alone it could be worked out from the rest
    for name in sorted(masks, key=lambda each: (int(masks[each].sum()), each)):
        if int(masks[name].sum()) < min_cell or 0 < int(other.sum()) < min_cell:
            other = other | masks.pop(name)
    if 0 < int(missing.sum()) < min_cell:
        missing, other = np.zeros(len(X), dtype=bool), other | missing
    parts = [_part("category", _figures(terms[mask], min_cell), category=name) for name, mask in masks.items()]
    parts += [_part("other", _figures(terms[other], min_cell))] if other.any() else []
    return parts + ([_part("missing", _figures(terms[missing], min_cell))] if missing.any() else [])
