"""Dummy values of one column, from its rules.

Belongs here: drawing values by type, allowed values, bounds, lengths and patterns. Does not belong here: what columns
or tables say about each other (dummy_rows).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from data_contracts.dummy_pattern import sample
from data_contracts.errors import PlumblineError
from data_contracts.rules.patterns import portable

if TYPE_CHECKING:
    from data_contracts.contract import Column, Table
    from data_contracts.rules.model import Rule

# Days that are drawn where a contract names none; a month is left for what must come after something else
FIRST, LAST = date(2019, 1, 1), date(2024, 11, 30)
BIRTHS = date(1960, 1, 1), date(2018, 12, 31)
_DAYS = {"date", "timestamp"}
_VARIETY = 40  # different texts per column are enough, and a pattern is slow to draw from
_MISSING = 0.08

Bounds: TypeAlias = tuple[Any, Any, bool, bool]  # least, most, and whether each is itself excluded


def column_values(
    table: Table, column: Column, rules: Sequence[Rule], count: int, people: int, rng: np.random.Generator
) -> pd.Series[Any]:
    """Draw the values of a column that refers to nothing.

    Parameters
    ----------
    table, column
        As declared.
    rules : sequence of Rule
        The rules about this column alone.
    count : int
        Rows.
    people : int
        How many different keys there are where they need not be unique.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    Series
        Integers, numbers, booleans, text, or timestamps; missing only where the contract lets it be.

    Raises
    ------
    PlumblineError
        The rules leave no value that could be drawn.
    """
    unique = any(rule.kind == "unique" and len(rule.columns) == 1 for rule in rules)
    required = any(rule.kind == "required" for rule in rules)
    if column.is_key:
        numbers = rng.permutation(count) + 1 if unique else rng.integers(1, people + 1, count)
        return pd.Series(keys(column, numbers), dtype=object)
    values = _drawn(table, column, rules, count, rng, unique)
    refused = {value for rule in rules if rule.kind == "not_placeholder" for value in rule.params["values"]}
    if not required and not unique and None not in refused:
        values = values.mask(pd.Series(rng.random(count) < _MISSING))
    return values


def keys(column: Column, numbers: Any) -> list[Any]:
    """Source keys from numbers: integers, or a letter with seven digits."""
    if column.logical_type == "integer":
        return [int(number) for number in numbers]
    return [f"{(column.key_space or column.name)[0].upper()}{int(number):07d}" for number in numbers]


def _drawn(
    table: Table, column: Column, rules: Sequence[Rule], count: int, rng: np.random.Generator, unique: bool
) -> pd.Series[Any]:
    allowed = [rule.params["values"] for rule in rules if rule.kind == "valid_values"]
    if allowed:
        common = [value for value in allowed[0] if all(value in other for other in allowed[1:])]
        return _choice(_within(table, column, rules, common), count, rng, unique)
    if column.logical_type == "boolean":
        return pd.Series(rng.random(count) < 0.5, dtype=object)
    if column.logical_type == "string":
        return _texts(table, column, rules, count, rng, unique)
    low, high, strict_low, strict_high = _bounds(rules)
    if column.logical_type in _DAYS:
        return _days(table, column, (low, high, strict_low, strict_high), count, rng, unique)
    return _numbers(table, column, (low, high, strict_low, strict_high), count, rng, unique)


def _choice(values: Sequence[Any], count: int, rng: np.random.Generator, unique: bool) -> pd.Series[Any]:
    if unique:  # rows beyond the number of values are dropped later as duplicates
        order = rng.permutation(len(values))
        return pd.Series([values[order[i % len(values)]] for i in range(count)], dtype=object)
    return pd.Series([values[i] for i in rng.integers(0, len(values), count)], dtype=object)


def _impossible(table: Table, column: Column) -> PlumblineError:
    return PlumblineError(
        "its rules leave no dummy value.",
        where=f"{table.name}.{column.name}",
        todo="Check that its bounds, pattern and allowed values can hold together, or give examples that keep them.",
    )


def _bounds(rules: Sequence[Rule]) -> Bounds:
    low = high = None
    strict_low = strict_high = False
    for rule in rules:
        if rule.kind != "bound":
            continue
        strict = bool(rule.params.get("strict"))
        least, most = rule.params.get("minimum"), rule.params.get("maximum")
        if least is not None and (low is None or _day(least) > _day(low) or (least == low and strict)):
            low, strict_low = least, strict
        if most is not None and (high is None or _day(most) < _day(high) or (most == high and strict)):
            high, strict_high = most, strict
    return low, high, strict_low, strict_high


def _day(value: Any) -> Any:
    """Days and moments made comparable."""
    return pd.Timestamp(value) if isinstance(value, date | datetime) else value


def _days(
    table: Table,
    column: Column,
    bounds: Bounds,
    count: int,
    rng: np.random.Generator,
    unique: bool,
) -> pd.Series[Any]:
    low, high, strict_low, strict_high = bounds
    first, last = BIRTHS if column.is_birth_date else (FIRST, LAST)
    least = pd.Timestamp(low) + pd.Timedelta(days=int(strict_low)) if low is not None else pd.Timestamp.min
    most = pd.Timestamp(high) - pd.Timedelta(days=int(strict_high)) if high is not None else pd.Timestamp(LAST)
    begin, end = max(pd.Timestamp(first), least), min(pd.Timestamp(last), most)
    if end < begin:  # the contract's span lies elsewhere
        begin = least if least > pd.Timestamp(first) else most - pd.Timedelta(days=365)
        begin, end = max(begin, least), most if most >= least else least
    if most < least:
        raise _impossible(table, column)
    span = (end - begin).days
    steps = _integers(0, span, count, rng, unique)
    return pd.Series(begin.normalize().to_datetime64() + steps.astype("timedelta64[D]")).astype("datetime64[s]")


def _integers(low: int, high: int, count: int, rng: np.random.Generator, unique: bool) -> np.ndarray[Any, Any]:
    if not unique:
        return rng.integers(low, high + 1, count)
    return low + np.arange(count) % (high - low + 1)


def _numbers(
    table: Table,
    column: Column,
    bounds: Bounds,
    count: int,
    rng: np.random.Generator,
    unique: bool,
) -> pd.Series[Any]:
    low, high, strict_low, strict_high = bounds
    whole = column.logical_type == "integer"
    scale = 1 if whole else 100  # two decimals
    least = -np.inf if low is None else np.ceil(low * scale) + (strict_low and np.ceil(low * scale) == low * scale)
    most = np.inf if high is None else np.floor(high * scale) - (strict_high and np.floor(high * scale) == high * scale)
    if not np.isfinite(least):
        least = min(0.0, most - 100 * scale) if np.isfinite(most) else 0.0
    if not np.isfinite(most):
        most = least + (max(count, 100) if unique else 100) * scale
    if most < least:
        raise _impossible(table, column)
    steps = _integers(int(least), int(most), count, rng, unique)
    return pd.Series(steps).astype("Int64") if whole else pd.Series(steps / scale)


def _within(table: Table, column: Column, rules: Sequence[Rule], values: Sequence[Any]) -> list[Any]:
    """The values that keep the column's other rules too."""
    low, high, strict_low, strict_high = _bounds(rules)

    def good(value: Any) -> bool:
        if low is not None and (_day(value) < _day(low) or (strict_low and _day(value) == _day(low))):
            return False
        if high is not None and (_day(value) > _day(high) or (strict_high and _day(value) == _day(high))):
            return False
        return not isinstance(value, str) or _keeps(value, rules)

    kept = [value for value in values if good(value)]
    if not kept:
        raise _impossible(table, column)
    if column.logical_type in _DAYS:
        return [pd.Timestamp(value).floor("s") for value in kept]
    return [int(value) for value in kept] if column.logical_type == "integer" else kept


def _texts(
    table: Table, column: Column, rules: Sequence[Rule], count: int, rng: np.random.Generator, unique: bool
) -> pd.Series[Any]:
    found = [str(value) for value in column.examples if _keeps(str(value), rules)]
    wanted = count if unique else len(found) or min(count, _VARIETY)
    patterns = [rule.params["pattern"] for rule in rules if rule.kind == "pattern"]
    known = dict.fromkeys(found)
    number = 0
    while len(known) < wanted and number < 5 * wanted + 50:
        number += 1
        text = sample(patterns[0], rng) if patterns else _plain(column, rules, number)
        if text is not None and text.strip() == text and text and _keeps(text, rules):
            known.setdefault(text)
    if not known:
        raise _impossible(table, column)
    return _choice(list(known), count, rng, unique)


def _plain(column: Column, rules: Sequence[Rule], number: int) -> str:
    """A text that says that it is none: the column's name and a number, fitted to the length."""
    lengths = [rule.params for rule in rules if rule.kind == "length"]
    least = max((int(each["minimum"]) for each in lengths if "minimum" in each), default=1)
    most = min((int(each["maximum"]) for each in lengths if "maximum" in each), default=60)
    text = f"{column.name}_{number}"
    if len(text) > most:
        text = f"{number}"[-most:].rjust(most, "a") if most < 8 else f"{column.name[: most - 6]}_{number}"[:most]
    return text.ljust(least, "x")


def _keeps(text: str, rules: Sequence[Rule]) -> bool:
    """Whether a text keeps the rules about texts."""
    for rule in rules:
        if rule.kind == "pattern" and not re.search(portable(rule.params["pattern"]), text):
            return False
        least, most = rule.params.get("minimum", 0), rule.params.get("maximum", len(text))
        if rule.kind == "length" and not least <= len(text) <= most:
            return False
        if rule.kind == "not_placeholder" and text in rule.params["values"]:
            return False
    return True
