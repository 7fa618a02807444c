"""Tabulating a model: every group of leaves, for every pattern of conditions that a row can meet.

Belongs here: `build_tables`. Does not belong here: the arithmetic (kernel), looking rows up (explain).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from data_contracts.errors import PlumblineError
from models.shapley import trees
from models.shapley.groups import MOST, Group, Leaf, cut
from models.shapley.tables import FORMAT, Tables


def build_tables(estimator: Any, background: np.ndarray | None = None) -> Tables:
    """Tabulate a fitted model.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier
        Fitted, two classes; missing values and native categories (numbers) are welcome.
    background : ndarray, shape (m, columns), optional
        Rows in the estimator's input: values become interventional against them. Without it they are path-dependent:
        what is not known is averaged over the training rows of the branch.

    Returns
    -------
    Tables

    Raises
    ------
    PlumblineError
        When it is another kind of model, or the background is empty or has other columns.

    Notes
    -----
    A leaf with the value v and the features 1..d on its path contributes, with a_k = 1 where the row passes all splits
    on k and 0 elsewhere, and z_k the share of training rows that pass them on their way (or 0/1 for a background row),
    phi_j = v (a_j - z_j) Int_0^1 prod_{k != j} (t a_k + (1 - t) z_k) dt: the Shapley value of a product game by its
    multilinear extension (Owen, Multilinear extensions of games, Management Science 18, 1972). The game is that of
    Lundberg et al., Nature Machine Intelligence 2, 2020, algorithm 1. The integrand's degree is d - 1: Gauss-Legendre
    with ceil(d / 2) nodes is exact.
    """
    encoding, read, baseline = trees.read(estimator)
    groups = [group for tree in read for group in cut(tree)]
    if background is None:
        base = baseline + sum(float(_mean(tree)) for tree in read)
        return _tables(encoding, groups, trees.fingerprint(estimator), base, None)
    background = matrix(background, encoding.columns)
    if not len(background):
        raise PlumblineError("the background has no rows", where="explanation", todo="Give at least one row.")
    base = float(estimator._raw_predict(background, n_threads=1).mean())
    return _tables(encoding, groups, trees.fingerprint(estimator), base, background)


def matrix(X: Any, columns: int) -> np.ndarray:
    """Rows as contiguous float64, with as many columns as the model."""
    values = np.ascontiguousarray(X, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != columns:
        raise PlumblineError(
            f"the rows have the shape {values.shape}, the model has {columns} columns",
            where="explanation",
            todo="Give rows with the columns that the model was fitted on.",
        )
    return values


def _mean(tree: trees.Tree) -> np.float64:
    """Mean over the training rows."""
    leaf = tree.left < 0
    mean: np.float64 = (tree.value[leaf] * tree.count[leaf]).sum() / tree.count[0]
    return mean


def _tables(
    encoding: trees.Encoding, groups: list[Group], model: str, base: float, background: np.ndarray | None
) -> Tables:
    conditions, lists = _conditions(groups)
    features = [list(dict.fromkeys(group.features)) for group in groups]
    longest = max((len(leaf.steps) for group in groups for leaf in group.leaves), default=1)
    chances = _chances(longest)
    values: _Values = _PathDependent() if background is None else _Interventional(encoding, chances, background)
    long = [len(group.features) > MOST for group in groups]
    sizes = [
        values.long_size(len(own)) if alone else len(own) << len(group.features)
        for group, own, alone in zip(groups, features, long, strict=True)
    ]
    begin = _begin(sizes)
    table = np.zeros(begin[-1])
    others, shares = [np.empty(0, dtype=np.uint8)], [np.empty(0)]
    for number, (group, own) in enumerate(zip(groups, features, strict=True)):
        part = table[begin[number] : begin[number + 1]]
        met = values.met(group)
        if long[number]:
            values.fill_long(group.leaves[0], part)
        else:
            _fill(values, group, own, met, part.reshape(len(own), -1))
            met = met[:0]
        pattern, share = _others(group.leaves[0], met)
        others.append(pattern.ravel())
        shares.append(share)
    return Tables(
        format=FORMAT,
        columns=encoding.columns,
        model=model,
        base=base,
        background=0 if background is None else len(background),
        column=encoding.column,
        categorical=encoding.categorical,
        cut_first=encoding.cut_first,
        cuts=encoding.cuts,
        condition_first=_begin([len(group.features) for group in groups]),
        condition_feature=conditions[:, 0].copy(),
        condition_low=conditions[:, 1].astype(np.uint8),
        condition_width=conditions[:, 2].astype(np.uint8),
        condition_list=conditions[:, 3].copy(),
        lists=lists,
        value_first=_begin([len(own) for own in features]),
        value_column=encoding.column[np.array([f for own in features for f in own], dtype=np.int64)].astype(np.int64),
        long=np.array(long, dtype=np.bool_),
        table_first=begin,
        table=table,
        leaf_value=np.array([group.leaves[0].value for group in groups]),
        other_first=_begin([len(share) for share in shares[1:]]),
        other_start=_begin([len(pattern) for pattern in others[1:]]),
        other_met=np.concatenate(others),
        other_share=np.concatenate(shares),
        chances=chances,
    )


def _begin(sizes: list[int]) -> np.ndarray:
    return np.cumsum([0, *sizes]).astype(np.int64)


def _conditions(groups: list[Group]) -> tuple[np.ndarray, np.ndarray]:
    """Feature, first code, width and list of every condition; most sets of codes are one interval, 0 following 255."""
    features = np.array([feature for group in groups for feature in group.features], dtype=np.int64)
    sets = np.array([codes for group in groups for codes in group.sets], dtype=np.bool_).reshape(-1, trees.CODES)
    begins = sets & ~np.roll(sets, 1, axis=1)
    listed = (begins.sum(axis=1) > 1) | ~sets.any(axis=1)
    found = np.stack(
        [
            features,
            np.argmax(begins, axis=1),  # 0 where all codes are in it
            np.maximum(sets.sum(axis=1), 1) - 1,
            np.where(listed, np.cumsum(listed) - 1, -1),
        ],
        axis=1,
    )
    return found.astype(np.int32), sets[listed].astype(np.uint8)


def _fill(values: _Values, group: Group, own: list[int], met: np.ndarray, table: np.ndarray) -> None:
    from models.shapley.kernel import add_leaf

    for leaf in group.leaves:
        mask = np.array([step.mask for step in leaf.steps], dtype=np.int64)
        bits = np.array([step.bits for step in leaf.steps], dtype=np.int64)
        place = np.array([own.index(step.feature) for step in leaf.steps], dtype=np.int64)
        add_leaf(values.leaf(leaf, met), mask, bits, place, table)


class _Values(Protocol):
    """Against what a row is compared."""

    def met(self, group: Group) -> np.ndarray:
        """Which of the group's conditions the rows of the background meet, rows x conditions."""
        ...

    def leaf(self, leaf: Leaf, met: np.ndarray) -> np.ndarray:
        """Patterns x features of one leaf."""
        ...

    def long_size(self, d: int) -> int:
        """Numbers kept for a path of d features that is too long for a table."""
        ...

    def fill_long(self, leaf: Leaf, table: np.ndarray) -> None:
        """Write them."""
        ...


class _PathDependent:
    """Against the training rows of each branch."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def _gauss(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss-Legendre on [0, 1], exact for products of d - 1 features."""
        if d not in self._nodes:
            nodes, weights = np.polynomial.legendre.leggauss(-(-d // 2))
            self._nodes[d] = (nodes + 1) / 2, weights / 2
        return self._nodes[d]

    def met(self, group: Group) -> np.ndarray:
        return np.empty((0, len(group.features)), dtype=np.bool_)

    def leaf(self, leaf: Leaf, met: np.ndarray) -> np.ndarray:
        from models.shapley.kernel import leaf_table

        nodes, weights = self._gauss(len(leaf.steps))
        table: np.ndarray = leaf_table(leaf.value, _ratio(leaf), nodes, weights)
        return table

    def long_size(self, d: int) -> int:
        # see kernel.long_leaf
        from models.shapley.kernel import PART

        parts, nodes = -(-d // PART), -(-d // 2)
        return nodes + parts * (1 << -(-d // parts)) * nodes * (PART + 1)

    def fill_long(self, leaf: Leaf, table: np.ndarray) -> None:
        from models.shapley.kernel import PART, part_table

        d, ratio = len(leaf.steps), _ratio(leaf)
        nodes, weights = self._gauss(d)
        count = -(-d // PART)
        table[: len(nodes)] = leaf.value * weights
        parts = table[len(nodes) :].reshape(count, len(nodes), PART + 1, -1)
        for part in range(count):
            part_table(ratio[part * d // count : (part + 1) * d // count], nodes, parts[part])


class _Interventional:
    """Against the rows of a background."""

    def __init__(self, encoding: trees.Encoding, chances: np.ndarray, background: np.ndarray) -> None:
        from models.shapley.kernel import encode

        self._chances = chances
        self._codes = np.empty((len(encoding.column), len(background)), dtype=np.uint8)
        encode(background, encoding.column, encoding.categorical, encoding.cut_first, encoding.cuts, self._codes)

    def met(self, group: Group) -> np.ndarray:
        return np.stack([codes[self._codes[f]] for f, codes in zip(group.features, group.sets, strict=True)], axis=1)

    def leaf(self, leaf: Leaf, met: np.ndarray) -> np.ndarray:
        from models.shapley.kernel import game_table

        table: np.ndarray = game_table(leaf.value, *_others(leaf, met), self._chances)
        return table

    def long_size(self, d: int) -> int:
        return 0  # the mean over a background is no product of parts: the patterns that occur are worked out

    def fill_long(self, leaf: Leaf, table: np.ndarray) -> None:
        return


def _ratio(leaf: Leaf) -> np.ndarray:
    return np.array([step.ratio for step in leaf.steps])


def _others(leaf: Leaf, met: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The patterns of a leaf that occur in the background, and the share of its rows with each."""
    if not len(met):
        return np.empty((0, len(leaf.steps)), dtype=np.uint8), np.empty(0)
    passes = np.ones((len(met), len(leaf.steps)), dtype=np.uint8)
    for j, step in enumerate(leaf.steps):
        for i in range(met.shape[1]):
            if step.mask >> i & 1:
                passes[:, j] &= met[:, i] == (step.bits >> i & 1)
    found, counts = np.unique(passes, axis=0, return_counts=True)
    return np.ascontiguousarray(found), counts / len(met)


def _chances(most: int) -> np.ndarray:
    """(p - 1)! q! / (p + q)! at [p, q]: how likely one of p comes right after the other p - 1 and before all q."""
    return np.array([[1 / (p * math.comb(p + q, p)) if p else 0.0 for q in range(most + 1)] for p in range(most + 1)])
