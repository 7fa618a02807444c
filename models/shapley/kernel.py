"""The compiled loops of exact Shapley values: tables of a tree's groups of leaves, and looking rows up in them.

Belongs here: arithmetic on plain arrays, in a fixed order for every row.
Does not belong here: what the arrays mean (tables), reading an estimator (trees), blocks and threads (explain).

Numba is imported with this module: import it inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

MISSING = 255
"""The code of a missing value, and of a category that the model does not know."""

Array = np.ndarray[Any, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compile on first use and keep the machine code beside the source, as Python keeps its own; without the GIL."""
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache may be written
        return cast(Function, numba.njit(nogil=True)(function))


@_compiled
def encode(X: Array, column: Array, categorical: Array, cut_first: Array, cuts: Array, codes: Array) -> None:
    """Turn cells into codes: how many of the model's thresholds lie below, or which category it is.

    Parameters
    ----------
    X : float64 array, shape (rows, columns)
        The estimator's input.
    column, categorical : int32, bool arrays, shape (features,)
        Where each of the model's features stands in X, and what it is.
    cut_first, cuts : int64, float64 arrays
        Where each feature's sorted thresholds, or known categories, begin, and they themselves.
    codes : uint8 array, shape (features, rows)
        Written. x <= threshold k exactly where the code is at most k; MISSING for NaN and unknown categories.
    """
    for f in range(len(column)):
        first, last, at = cut_first[f], cut_first[f + 1], column[f]
        for row in range(len(X)):
            x = X[row, at]
            if np.isnan(x):
                codes[f, row] = MISSING
                continue
            lo, n = first, last - first
            while n > 0:
                half = n >> 1
                if cuts[lo + half] < x:
                    lo += half + 1
                    n -= half + 1
                else:
                    n = half
            known = not categorical[f] or (lo < last and cuts[lo] == x)
            codes[f, row] = lo - first if known else MISSING


@_compiled
def leaf_table(
    value: float, ratio: Array, nodes: Array, weights: Array, others: Array, shares: Array, chances: Array
) -> Array:
    """The values of one leaf for every pattern of passed and failed features; see `leaf_values`."""
    d = len(ratio)
    table = np.zeros((1 << d, d))
    met = np.zeros(d, np.uint8)
    for pattern in range(1 << d):
        for k in range(d):
            met[k] = (pattern >> k) & 1
        leaf_values(value, met, ratio, nodes, weights, others, shares, chances, table[pattern])
    return table


@_compiled
def leaf_values(
    value: float,
    met: Array,
    ratio: Array,
    nodes: Array,
    weights: Array,
    others: Array,
    shares: Array,
    chances: Array,
    out: Array,
) -> None:
    """Add the Shapley values of one leaf for one row.

    Parameters
    ----------
    value : float
        What the leaf adds to the raw output.
    met : uint8 array, shape (d,)
        Which of the leaf's features the row passes.
    ratio : float64 array, shape (d,)
        By feature, the share z of training rows that went the leaf's way at its splits.
    nodes, weights : float64 arrays
        Gauss-Legendre on [0, 1], exact up to the degree d - 1; none with a background.
    others : uint8 array, shape (patterns, d)
        Which features the background's rows pass; none without a background.
    shares : float64 array, shape (patterns,)
        How much of the background each pattern is.
    chances : float64 array
        (p - 1)! q! / (p + q)! at [p, q].
    out : float64 array, shape (d,)
        v (a_j - z_j) Int_0^1 prod_{k != j} (t a_k + (1 - t) z_k) dt is added, or its mean over the background's 0/1 z.
    """
    d = len(met)
    for node in range(len(nodes)):
        t = nodes[node]
        product = value * weights[node]
        for k in range(d):
            product *= (1.0 - t) * ratio[k] + t * met[k]
        for j in range(d):
            out[j] += (met[j] - ratio[j]) * (product / ((1.0 - t) * ratio[j] + t * met[j]))
    for other in range(len(others)):
        mine = theirs = 0
        for k in range(d):
            if met[k] and not others[other, k]:
                mine += 1
            elif others[other, k] and not met[k]:
                theirs += 1
            elif not met[k]:  # neither passes: no mixture of the two reaches the leaf
                mine = -d
        if mine < 0:
            continue
        for j in range(d):
            if met[j] and not others[other, j]:
                out[j] += value * shares[other] * chances[mine, theirs]
            elif others[other, j] and not met[j]:
                out[j] -= value * shares[other] * chances[theirs, mine]


@_compiled
def add_leaf(leaf: Array, mask: Array, bits: Array, place: Array, table: Array) -> None:
    """Add a leaf's table to that of its group.

    Parameters
    ----------
    leaf : float64 array, shape (2 ** d, d)
        The leaf's.
    mask, bits : int64 arrays, shape (d,)
        Feature j of the leaf passes where the group's pattern has exactly `bits` within `mask`.
    place : int64 array, shape (d,)
        Which of the group's features each is.
    table : float64 array, shape (features, patterns)
        The group's.
    """
    d = len(mask)
    for pattern in range(table.shape[1]):
        own = 0
        for j in range(d):
            if (pattern & mask[j]) == bits[j]:
                own |= 1 << j
        for j in range(d):
            table[place[j], pattern] += leaf[own, j]


class Flat(NamedTuple):
    """The arrays of `tables.Tables` that the loops need, in their order."""

    column: Array
    categorical: Array
    cut_first: Array
    cuts: Array
    condition_first: Array
    condition_feature: Array
    condition_low: Array
    condition_width: Array
    condition_list: Array
    lists: Array
    value_first: Array
    value_column: Array
    table_first: Array
    table: Array
    leaf_value: Array
    leaf_ratio: Array
    other_first: Array
    other_start: Array
    other_met: Array
    other_share: Array
    node_first: Array
    nodes: Array
    weights: Array
    chances: Array


@_compiled
def explain(flat: Flat, X: Array, out: Array) -> None:
    """Write the Shapley values of a block of rows.

    Parameters
    ----------
    flat : Flat
        The model's tables.
    X : float64 array, shape (rows, columns)
        The block.
    out : float64 array, shape (rows, columns)
        Written.
    """
    column, categorical, cut_first, cuts = flat.column, flat.categorical, flat.cut_first, flat.cuts
    condition_first, value_first, table_first = flat.condition_first, flat.value_first, flat.table_first
    condition_feature, condition_low = flat.condition_feature, flat.condition_low
    condition_width, condition_list, lists = flat.condition_width, flat.condition_list, flat.lists
    value_column, table, other_first = flat.value_column, flat.table, flat.other_first
    rows = len(X)
    codes = np.empty((len(column), rows), np.uint8)
    encode(X, column, categorical, cut_first, cuts, codes)
    sums = np.zeros((X.shape[1], rows))
    found = np.empty(rows, np.uint16)
    for group in range(len(condition_first) - 1):
        first, last = condition_first[group], condition_first[group + 1]
        features = value_column[value_first[group] : value_first[group + 1]]
        if table_first[group] == table_first[group + 1]:
            d = last - first
            met = np.empty((rows, d), np.uint8)
            conditions(
                codes, condition_feature[first:last], condition_low[first:last], condition_width[first:last],
                condition_list[first:last], lists, met,
            )  # fmt: skip
            node, last_node = flat.node_first[d], flat.node_first[d + 1]
            if len(flat.other_share):
                last_node = node
            other, last_other = other_first[group], other_first[group + 1]
            start = flat.other_start[group]
            others = flat.other_met[start : start + d * (last_other - other)].reshape(last_other - other, d)
            observed(
                met, flat.leaf_value[group], flat.leaf_ratio[first:last], flat.nodes[node:last_node],
                flat.weights[node:last_node], others, flat.other_share[other:last_other], flat.chances, features, sums,
            )  # fmt: skip
        else:
            patterns(
                codes, condition_feature[first:last], condition_low[first:last], condition_width[first:last],
                condition_list[first:last], lists, found,
            )  # fmt: skip
            size = 1 << (last - first)
            own = table[table_first[group] : table_first[group + 1]].reshape(len(features), size)
            look_up(own, features, found, sums)
    _turn(sums, out)


@_compiled
def conditions(
    codes: Array, feature: Array, low: Array, width: Array, listed: Array, lists: Array, met: Array
) -> None:
    """Write which conditions each row meets: those where the code of the condition's feature lies in its set."""
    for i in range(len(feature)):
        code = codes[feature[i]]
        for row in range(len(met)):
            if listed[i] >= 0:
                met[row, i] = lists[listed[i], code[row]]
            else:
                met[row, i] = np.uint8(code[row] - low[i]) <= width[i]


@_compiled
def patterns(
    codes: Array, feature: Array, low: Array, width: Array, listed: Array, lists: Array, found: Array
) -> None:
    """Write each row's conditions as bits of one number, the first condition lowest."""
    found[:] = 0
    for i in range(len(feature)):
        code, bit = codes[feature[i]], np.uint16(1 << i)
        if listed[i] >= 0:
            inside = lists[listed[i]]
            for row in range(len(found)):
                found[row] |= bit if inside[code[row]] else np.uint16(0)
        else:
            least, most = low[i], width[i]
            for row in range(len(found)):
                found[row] |= bit if np.uint8(code[row] - least) <= most else np.uint16(0)


@_compiled
def look_up(table: Array, features: Array, found: Array, sums: Array) -> None:
    """Add a group's values to the rows' sums."""
    for j in range(len(features)):
        values, mine = table[j], sums[features[j]]
        for row in range(len(found)):
            mine[row] += values[found[row]]


@_compiled
def observed(
    met: Array,
    value: float,
    ratio: Array,
    nodes: Array,
    weights: Array,
    others: Array,
    shares: Array,
    chances: Array,
    features: Array,
    sums: Array,
) -> None:
    """Add the values of a leaf without a table: each pattern that occurs among the rows is worked out once."""
    rows, d = met.shape
    size = 64
    while size < 2 * rows:
        size *= 2
    slots = np.full(size, -1, np.int32)
    firsts = np.empty(rows, np.int32)
    values = np.empty((rows, d))
    n = 0
    for row in range(rows):
        key = np.uint64(0)
        for k in range(d):
            key = (key ^ np.uint64(met[row, k])) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        slot = np.int64(key & np.uint64(size - 1))
        while slots[slot] >= 0 and not _same(met[firsts[slots[slot]]], met[row]):
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            slots[slot] = n
            firsts[n] = row
            values[n] = 0.0
            leaf_values(value, met[row], ratio, nodes, weights, others, shares, chances, values[n])
            n += 1
        for j in range(d):
            sums[features[j], row] += values[slots[slot], j]


@_compiled
def _same(one: Array, other: Array) -> bool:
    for k in range(len(one)):
        if one[k] != other[k]:
            return False
    return True


@_compiled
def _turn(sums: Array, out: Array) -> None:
    """Columns x rows to rows x columns, in squares that fit the cache."""
    columns, rows = sums.shape
    for first in range(0, rows, 16):
        for j in range(columns):
            for row in range(first, min(first + 16, rows)):
                out[row, j] = sums[j, row]
