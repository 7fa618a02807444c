"""The compiled loops of exact Shapley values: tables of a tree's groups of leaves, and looking rows up in them.

Belongs here: arithmetic on plain arrays, in a fixed order for every row.
Does not belong here: what the arrays mean (tables), reading an estimator (trees), blocks and threads (explain).

Numba is imported with this module: import it inside functions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from features.compiled import compiled

MISSING = 255
"""The code of a missing value, and of a category that the model does not know."""

SLICE = 256
"""Rows encoded at a time."""
PART = 8
"""Features of a part of a path that is too long for a table."""
Array = np.ndarray[Any, Any]


@compiled
def encode(X: Array, column: Array, categorical: Array, cut_first: Array, cuts: Array, codes: Array) -> None:
    """Turn cells into codes: how many of the model's thresholds lie below, or which category it is.

    Parameters
    ----------
    X : float64 array, shape (rows, columns)
        The estimator's input.
    column, categorical : int32, bool arrays, shape (features,)
        Where each of the model's features stands in X, and what it is.
    cut_first, cuts : int64, float64 arrays
        Where each feature's sorted thresholds, or known categories, begin, and they themselves, filled with NaN up to a
        power of two.
    codes : uint8 array, shape (features, rows)
        Written. x <= threshold k exactly where the code is at most k; MISSING for NaN and unknown categories.
    """
    x, place = np.empty(SLICE), np.empty(SLICE, np.uint32)
    for start in range(0, len(X), SLICE):  # a slice of rows stays in the cache while its columns are taken one by one
        rows = min(SLICE, len(X) - start)
        for f in range(len(column)):
            own, mine = cuts[cut_first[f] : cut_first[f + 1]], codes[f]
            for row in range(rows):
                x[row] = X[start + row, column[f]]
                place[row] = 0
            half, bit = len(own) >> 1, 0
            while half >> bit > 1:
                bit += 1
            while half > 0:  # shifts, because a choice would become a branch that is mispredicted
                before, by = np.uint32(half - 1), np.uint32(bit)
                for row in range(rows):
                    place[row] += np.uint32(own[place[row] + before] < x[row]) << by
                half, bit = half >> 1, bit - 1
            for row in range(rows):
                mine[start + row] = MISSING if np.isnan(x[row]) else np.uint8(place[row])
            if categorical[f]:
                for row in range(rows):
                    if own[place[row]] != x[row]:
                        mine[start + row] = MISSING


@compiled
def leaf_table(value: float, ratio: Array, nodes: Array, weights: Array) -> Array:
    """Path-dependent values of one leaf, for every pattern of passed and failed features.

    Parameters
    ----------
    value : float
        What the leaf adds to the raw output.
    ratio : float64 array, shape (d,)
        By feature, the share z of training rows that went the leaf's way at its splits.
    nodes, weights : float64 arrays
        Gauss-Legendre on [0, 1], exact up to the degree d - 1.

    Returns
    -------
    float64 array, shape (2 ** d, d)
        v (a_j - z_j) Int_0^1 prod_{k != j} (t a_k + (1 - t) z_k) dt; bit k of the pattern is a_k.
    """
    d = len(ratio)
    table = np.zeros((1 << d, d))
    products = np.empty(1 << d)
    for node in range(len(nodes)):
        t = nodes[node]
        products[0] = value * weights[node]
        for k in range(d):
            failed = (1.0 - t) * ratio[k]
            for pattern in range(1 << k):
                products[pattern | (1 << k)] = products[pattern] * (failed + t)
                products[pattern] *= failed
        for j in range(d):
            failed = (1.0 - t) * ratio[j]
            factor = -ratio[j] / failed, (1.0 - ratio[j]) / (failed + t)
            for pattern in range(1 << d):
                table[pattern, j] += products[pattern] * (factor[1] if (pattern >> j) & 1 else factor[0])
    return table


@compiled
def game_table(value: float, others: Array, shares: Array, chances: Array) -> Array:
    """Interventional values of one leaf, for every pattern: see `game`."""
    d = others.shape[1]
    table = np.zeros((1 << d, d))
    met = np.zeros(d, np.uint8)
    for pattern in range(1 << d):
        for k in range(d):
            met[k] = (pattern >> k) & 1
        game(value, met, others, shares, chances, table[pattern])
    return table


@compiled
def game(value: float, met: Array, others: Array, shares: Array, chances: Array, out: Array) -> None:
    """Add the interventional values of one leaf for one row.

    Parameters
    ----------
    value : float
        What the leaf adds to the raw output.
    met : uint8 array, shape (d,)
        Which of the leaf's features the row passes.
    others : uint8 array, shape (patterns, d)
        Which features the background's rows pass.
    shares : float64 array, shape (patterns,)
        How much of the background each pattern is.
    chances : float64 array
        (p - 1)! q! / (p + q)! at [p, q].
    out : float64 array, shape (d,)
        Added to.
    """
    d = len(met)
    for other in range(len(others)):
        theirs = others[other]
        p = q = 0
        reached = True
        for k in range(d):
            p += met[k] > theirs[k]
            q += met[k] < theirs[k]
            reached &= (met[k] | theirs[k]) != 0  # else no mixture of the two rows reaches the leaf
        if reached:
            for j in range(d):
                if met[j] > theirs[j]:
                    out[j] += value * shares[other] * chances[p, q]
                elif met[j] < theirs[j]:
                    out[j] -= value * shares[other] * chances[q, p]


@compiled
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
    long: Array
    table_first: Array
    table: Array
    leaf_value: Array
    other_first: Array
    other_start: Array
    other_met: Array
    other_share: Array
    chances: Array


@compiled
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
    value_column, long, table, leaf_value = flat.value_column, flat.long, flat.table, flat.leaf_value
    chances = flat.chances
    other_first, other_start, other_met, other_share = (
        flat.other_first, flat.other_start, flat.other_met, flat.other_share
    )  # fmt: skip
    rows = len(X)
    codes = np.empty((len(column), rows), np.uint8)
    encode(X, column, categorical, cut_first, cuts, codes)
    sums = np.zeros((X.shape[1], rows))
    found = np.empty(rows, np.uint16)
    for group in range(len(condition_first) - 1):
        first, last = condition_first[group], condition_first[group + 1]
        features = value_column[value_first[group] : value_first[group + 1]]
        own = table[table_first[group] : table_first[group + 1]]
        d = last - first
        if long[group] and len(own) == 0:
            met = np.empty((rows, d), np.uint8)
            conditions(
                codes, condition_feature[first:last], condition_low[first:last], condition_width[first:last],
                condition_list[first:last], lists, met,
            )  # fmt: skip
            other, last_other, start = other_first[group], other_first[group + 1], other_start[group]
            others = other_met[start : start + d * (last_other - other)].reshape(last_other - other, d)
            observed(met, leaf_value[group], others, other_share[other:last_other], chances, features, sums)
        elif long[group]:
            count = -(-d // PART)
            found_parts = np.empty((count, rows), np.uint16)
            for part in range(count):
                begin, end = first + part * d // count, first + (part + 1) * d // count
                patterns(
                    codes, condition_feature[begin:end], condition_low[begin:end], condition_width[begin:end],
                    condition_list[begin:end], lists, found_parts[part],
                )  # fmt: skip
            size, n = 1 << -(-d // count), -(-d // 2)
            parts = own[n:].reshape(count, n, PART + 1, size)
            long_leaf(found_parts, own[:n], parts, features, sums)
        else:
            patterns(
                codes, condition_feature[first:last], condition_low[first:last], condition_width[first:last],
                condition_list[first:last], lists, found,
            )  # fmt: skip
            look_up(own.reshape(len(features), 1 << d), features, found, sums)
    _turn(sums, out)


@compiled
def conditions(codes: Array, feature: Array, low: Array, width: Array, listed: Array, lists: Array, met: Array) -> None:
    """Write which conditions each row meets: those where the code of the condition's feature lies in its set."""
    for i in range(len(feature)):
        code = codes[feature[i]]
        for row in range(len(met)):
            if listed[i] >= 0:
                met[row, i] = lists[listed[i], code[row]]
            else:
                met[row, i] = np.uint8(code[row] - low[i]) <= width[i]


@compiled
def patterns(codes: Array, feature: Array, low: Array, width: Array, listed: Array, lists: Array, found: Array) -> None:
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


@compiled
def look_up(table: Array, features: Array, found: Array, sums: Array) -> None:
    """Add a group's values to the rows' sums."""
    for j in range(len(features)):
        values, mine = table[j], sums[features[j]]
        for row in range(len(found)):
            mine[row] += values[found[row]]


@compiled
def long_leaf(found: Array, spread: Array, parts: Array, features: Array, sums: Array) -> None:
    """Add the values of a leaf whose path is too long for a table of its own.

    The integral's product is split into parts of at most PART features, each with a table of its own for every node:
    one row's value is a sum over the nodes of what its part has there, times the products of all other parts.

    Parameters
    ----------
    found : uint16 array, shape (parts, rows)
        The rows' patterns, part by part.
    spread : float64 array, shape (nodes,)
        The leaf's value times the weight of the node.
    parts : float64 array, shape (parts, nodes, PART + 1, patterns)
        From `part_table`.
    features : int64 array, shape (d,)
        Columns of the leaf's features.
    sums : float64 array, shape (columns, rows)
        Added to.
    """
    count, rows = found.shape
    rest = np.empty(rows)
    for part in range(count):
        first, mine = part * len(features) // count, found[part]
        width = (part + 1) * len(features) // count - first
        for node in range(len(spread)):
            rest[:] = spread[node]
            for other in range(count):
                if other != part:
                    product, theirs = parts[other, node, PART], found[other]
                    for row in range(rows):
                        rest[row] *= product[theirs[row]]
            for j in range(width):
                own, total = parts[part, node, j], sums[features[first + j]]
                for row in range(rows):
                    total[row] += rest[row] * own[mine[row]]


@compiled
def part_table(ratio: Array, nodes: Array, table: Array) -> None:
    """A part of `long_leaf`: by node and pattern, (a_j - z_j) prod_{k != j} of its features, and their full product."""
    for pattern in range(1 << len(ratio)):
        for node in range(len(nodes)):
            t, product = nodes[node], 1.0
            for k in range(len(ratio)):
                product *= (1.0 - t) * ratio[k] + t * ((pattern >> k) & 1)
            for j in range(len(ratio)):
                a = (pattern >> j) & 1
                table[node, j, pattern] = (a - ratio[j]) * (product / ((1.0 - t) * ratio[j] + t * a))
            table[node, PART, pattern] = product


@compiled
def observed(
    met: Array,
    value: float,
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
            game(value, met[row], others, shares, chances, values[n])
            n += 1
        for j in range(d):
            sums[features[j], row] += values[slots[slot], j]


@compiled
def _same(one: Array, other: Array) -> bool:
    equal = True
    for k in range(len(one)):
        equal &= one[k] == other[k]
    return equal


@compiled
def _turn(sums: Array, out: Array) -> None:
    """Columns x rows to rows x columns, in squares that fit the cache."""
    columns, rows = sums.shape
    for first in range(0, rows, 16):
        for j in range(columns):
            for row in range(first, min(first + 16, rows)):
                out[row, j] = sums[j, row]
