"""Cutting a tree into groups of leaves whose tables are merged.

Belongs here: which leaves share a table, and the conditions that its patterns are made of.
Does not belong here: the tables (tables).

A group is a split node and some connected split nodes below it; its leaves are those that hang on these nodes. They
share the path to the first node: each feature of that path is one condition (all its splits there at once), and each
node of the group is one more. A row's pattern of conditions says for every leaf of the group which features pass.
A leaf whose path is too long for any table is a group by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.shapley.trees import Tree

MOST = 11
"""Conditions of a group with a table, which has up to 2 ** MOST patterns."""
PER_VALUE, PER_CONDITION, PER_CELL = 1.0, 0.15, 0.002
"""What a group costs per row: for each of its features, each condition, and each cell of its table (measured)."""


@dataclass(frozen=True)
class Step:
    """A feature on a leaf's path: it passes where the group's pattern has exactly these bits within the mask.

    `ratio` is the share of training rows that went the leaf's way at the splits on this feature.
    """

    feature: int
    mask: int
    bits: int
    ratio: float


@dataclass(frozen=True)
class Leaf:
    """A leaf of a group: what it adds to the raw output, and its path."""

    value: float
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Group:
    """Conditions (a feature and, by code, whether it is met) and the leaves whose paths are made of them."""

    features: tuple[int, ...]
    sets: tuple[np.ndarray, ...]
    leaves: tuple[Leaf, ...]


Path = dict[int, tuple[np.ndarray, float]]
"""By feature, the codes that pass its splits so far, and the share of training rows that did."""


def cut(tree: Tree) -> list[Group]:
    """The groups of a tree, each leaf in one of them, so that looking rows up in their tables costs least."""
    size, share = _sizes(tree)
    groups: list[Group] = []
    waiting: list[tuple[int, Path]] = [(0, {})] if tree.left[0] >= 0 else []  # one leaf alone moves nobody
    while waiting:
        root, path = waiting.pop()
        groups += _group(tree, root, path, share, size[root], waiting)
    return groups


def _group(
    tree: Tree, root: int, path: Path, share: list[dict[int, int]], size: int, waiting: list[tuple[int, Path]]
) -> list[Group]:
    """The group of `size` nodes that begins here, or its leaves one by one where size is 0; the rest has to wait."""
    features, sets = list(path), [inside for inside, _ in path.values()]
    prefix = {feature: (1 << i, ratio) for i, (feature, (_, ratio)) in enumerate(path.items())}
    start = {feature: Step(feature, bit, bit, ratio) for feature, (bit, ratio) in prefix.items()}
    leaves: list[Leaf] = []
    alone: list[Group] = []
    inside: list[tuple[int, int, Path, dict[int, Step]]] = [(root, max(size, 1), path, start)]
    while inside:
        node, nodes, path, steps = inside.pop()
        feature, bit = int(tree.feature[node]), 1 << len(features)
        features.append(feature)
        sets.append(tree.goes_left[node])
        to_left = share[node][nodes]
        for child, goes, met, below in (
            (int(tree.left[node]), tree.goes_left[node], bit, to_left),
            (int(tree.right[node]), ~tree.goes_left[node], 0, nodes - 1 - to_left),
        ):
            ratio = tree.count[child] / tree.count[node]
            codes, before = path.get(feature, (None, 1.0))
            longer = path | {feature: (goes if codes is None else codes & goes, before * ratio)}
            step = steps.get(feature, Step(feature, 0, 0, 1.0))
            further = steps | {feature: Step(feature, step.mask | bit, step.bits | met, step.ratio * ratio)}
            if tree.left[child] >= 0:
                if below:
                    inside.append((child, below, longer, further))
                else:
                    waiting.append((child, longer))
            elif size:
                leaves.append(Leaf(float(tree.value[child]), tuple(further.values())))
            else:
                alone.append(_alone(float(tree.value[child]), longer))
    return [Group(tuple(features), tuple(sets), tuple(leaves))] if leaves else alone


def _alone(value: float, path: Path) -> Group:
    """A leaf by itself: one condition for each feature of its path."""
    steps = (Step(feature, 1 << i, 1 << i, ratio) for i, (feature, (_, ratio)) in enumerate(path.items()))
    return Group(tuple(path), tuple(codes for codes, _ in path.values()), (Leaf(value, tuple(steps)),))


def _sizes(tree: Tree) -> tuple[list[int], list[dict[int, int]]]:
    """The cheapest cut: how many nodes a group has that begins at a node; how many of them are below its left child.

    From the leaves upwards: the least cost of all that is below a node, for each number of nodes from there on that
    belong to a group which began at it or above.
    """
    left, right, above = tree.left.tolist(), tree.right.tolist(), _features_above(tree)
    cost: list[dict[int, float]] = [{0: 0.0} for _ in left]
    share: list[dict[int, int]] = [{} for _ in left]
    size = [0] * len(left)
    for node in reversed(range(len(left))):  # parents stand before their children
        if left[node] < 0:
            continue
        apart = cost[left[node]][0] + cost[right[node]][0]
        mine = {1: apart}
        share[node][1] = 0
        for a, cost_a in cost[left[node]].items():
            for b, cost_b in cost[right[node]].items():
                if above[node] + a + b + 1 <= MOST and cost_a + cost_b < mine.get(a + b + 1, np.inf):
                    mine[a + b + 1] = cost_a + cost_b
                    share[node][a + b + 1] = a
        least = np.inf
        for nodes, so_far in mine.items():
            conditions = above[node] + nodes
            if conditions <= MOST and so_far + _COST[conditions] < least:
                least, size[node] = so_far + _COST[conditions], nodes
        mine[0] = least if size[node] else apart  # what leaves by themselves cost changes nothing further up
        cost[node] = mine
    return size, share


def _features_above(tree: Tree) -> list[int]:
    above: list[frozenset[int]] = [frozenset()] * len(tree.left)
    for node in np.flatnonzero(tree.left >= 0).tolist():
        path = above[node] | {int(tree.feature[node])}
        above[tree.left[node]] = above[tree.right[node]] = path
    return [len(path) for path in above]


_COST = [n * (PER_VALUE + PER_CONDITION + PER_CELL * 2**n) for n in range(MOST + 1)]
