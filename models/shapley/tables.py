"""The tables of a model: flat arrays, made once, kept beside it.

Belongs here: `Tables`, making them, writing and reading them.
Does not belong here: the loops (kernel), or explaining rows (explain).
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from data_contracts.errors import PlumblineError
from models.shapley import trees
from models.shapley.groups import MOST, Group, Step, cut

FORMAT = 1


@dataclass(frozen=True)
class Tables:
    """Everything that exact Shapley values of a model need: plain arrays, the first five being single values.

    Attributes
    ----------
    format, columns : int
        Of the file; columns of the estimator's input.
    model : str
        Fingerprint of the estimator.
    base : float
        Mean raw output: over the training rows, by the trees' counts, or over the background.
    rows : int
        Of the background; 0 without one.
    column, categorical, cut_first, cuts : ndarray
        How cells become codes (`trees.Encoding`).
    condition_first : int64, shape (groups + 1,)
        Where each group's conditions begin.
    condition_feature, condition_low, condition_width, condition_list : ndarray
        A condition is met where (code - low) mod 256 is at most width or, where it has a list, by that.
    lists : uint8, shape (lists, 256)
        By code, whether a condition is met.
    value_first, value_column : int64
        Where each group's features begin; their columns in the input.
    table_first, table : int64, float64
        Where each group's table (features x patterns) begins; the tables. A group of one leaf whose path has more than
        11 features has none.
    leaf_value, leaf_ratio : float64
        For such groups: what the leaf adds; by condition, the share of training rows that meet it on their way.
    other_first, other_start, other_met, other_share : ndarray
        And with a background: where the group's patterns begin in other_share and in other_met; the patterns that occur
        in the background; the share of its rows that each has.
    node_first, nodes, weights : ndarray
        Gauss-Legendre on [0, 1] for a path of d features, from node_first[d] on.
    chances : float64
        (p - 1)! q! / (p + q)! at [p, q].
    """

    format: int
    columns: int
    model: str
    base: float
    rows: int
    column: np.ndarray
    categorical: np.ndarray
    cut_first: np.ndarray
    cuts: np.ndarray
    condition_first: np.ndarray
    condition_feature: np.ndarray
    condition_low: np.ndarray
    condition_width: np.ndarray
    condition_list: np.ndarray
    lists: np.ndarray
    value_first: np.ndarray
    value_column: np.ndarray
    table_first: np.ndarray
    table: np.ndarray
    leaf_value: np.ndarray
    leaf_ratio: np.ndarray
    other_first: np.ndarray
    other_start: np.ndarray
    other_met: np.ndarray
    other_share: np.ndarray
    node_first: np.ndarray
    nodes: np.ndarray
    weights: np.ndarray
    chances: np.ndarray


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
    A leaf with the value v and the features 1..d on its path contributes, with a_k = 1 where the row passes all splits on
    k and 0 elsewhere, and z_k the share of training rows that pass them on their way (or 0/1 for a background row),
    phi_j = v (a_j - z_j) Int_0^1 prod_{k != j} (t a_k + (1 - t) z_k) dt: the Shapley value of a product game, as
    multilinear extension (Owen, Multilinear extensions of games, 1972). The game is that of Lundberg et al., Nature
    Machine Intelligence 2, 2020, algorithm 1 (path-dependent). The integrand has the degree d - 1: Gauss-Legendre with
    ceil(d / 2) nodes is exact.
    """
    encoding, read, baseline = trees.read(estimator)
    if background is not None:
        background = matrix(background, encoding.columns)
        if not len(background):
            raise PlumblineError("the background has no rows", where="explanation", todo="Give at least one row.")
    groups = [group for tree in read for group in cut(tree)]
    if background is None:
        base = baseline + sum(map(_mean, read))
    else:
        base = float(estimator._raw_predict(background, n_threads=1).mean())
    return _Builder(encoding, groups, background).tables(trees.fingerprint(estimator), base)


def matrix(X: Any, columns: int) -> np.ndarray:
    values = np.ascontiguousarray(X, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != columns:
        raise PlumblineError(
            f"the rows have the shape {values.shape}, the model has {columns} columns",
            where="explanation",
            todo="Give rows with the columns that the model was fitted on.",
        )
    return values


def _mean(tree: trees.Tree) -> float:
    """Mean over the training rows."""
    leaf = tree.left < 0
    return float((tree.value[leaf] * tree.count[leaf]).sum() / tree.count[0])


class _Builder:
    """Collects the arrays of all groups, in their order."""

    def __init__(self, encoding: trees.Encoding, groups: list[Group], background: np.ndarray | None) -> None:
        self._encoding, self._groups, self._background = encoding, groups, background
        self._lists: list[np.ndarray] = []
        self._longest = max([len(leaf.steps) for group in groups for leaf in group.leaves], default=1)
        # with a background no integral is needed
        gauss = [np.polynomial.legendre.leggauss(max(1, -(-d // 2))) for d in range(self._longest + 1)]
        gauss = [(a[:0], b[:0]) for a, b in gauss] if background is not None else gauss
        self._node_first = np.cumsum([0] + [len(nodes) for nodes, _ in gauss])
        self._nodes = np.concatenate([(nodes + 1) / 2 for nodes, _ in gauss])
        self._weights = np.concatenate([weights / 2 for _, weights in gauss])
        self._chances = _chances(self._longest)
        if background is not None:
            from models.shapley.kernel import encode

            self._codes = np.empty((len(encoding.column), len(background)), dtype=np.uint8)
            encode(
                background, encoding.column, encoding.categorical, encoding.cut_first, encoding.cuts, self._codes
            )

    def tables(self, model: str, base: float) -> Tables:
        """All groups after one another."""
        groups, encoding = self._groups, self._encoding
        conditions = [self._condition(feature, codes) for g in groups for feature, codes in zip(g.features, g.sets)]
        features = [list(dict.fromkeys(group.features)) for group in groups]
        tabled = [len(group.features) <= MOST for group in groups]
        sizes = [len(own) << len(group.features) if has else 0 for group, own, has in zip(groups, features, tabled)]
        begin = _begin(sizes)
        table = np.zeros(begin[-1])
        ratio, value, others, shares = [], [], [], []
        for number, (group, own, has) in enumerate(zip(groups, features, tabled, strict=True)):
            met = self._met(group)
            if has:
                self._fill(group, own, met, table[begin[number] : begin[number + 1]].reshape(len(own), -1))
            steps = group.leaves[0].steps
            value.append(0.0 if has else group.leaves[0].value)
            ratio.append(np.zeros(len(group.features)) if has else np.array([step.ratio for step in steps]))
            pattern, share = self._others(steps, met if not has else met[:0])
            others.append(pattern.ravel())
            shares.append(share)
        columns = np.array(conditions, dtype=np.int32).reshape(-1, 4).T.copy()
        return Tables(
            format=FORMAT,
            columns=encoding.columns,
            model=model,
            base=base,
            rows=0 if self._background is None else len(self._background),
            column=encoding.column,
            categorical=encoding.categorical,
            cut_first=encoding.cut_first,
            cuts=encoding.cuts,
            condition_first=_begin([len(group.features) for group in groups]),
            condition_feature=columns[0],
            condition_low=columns[1].astype(np.uint8),
            condition_width=columns[2].astype(np.uint8),
            condition_list=columns[3],
            lists=np.array(self._lists, dtype=np.uint8).reshape(-1, trees.CODES),
            value_first=_begin([len(own) for own in features]),
            value_column=encoding.column[np.array([f for own in features for f in own], dtype=np.int64)].astype(np.int64),
            table_first=begin,
            table=table,
            leaf_value=np.array(value),
            leaf_ratio=np.concatenate([*ratio, np.empty(0)]),
            other_first=_begin([len(share) for share in shares]),
            other_start=_begin([len(pattern) for pattern in others]),
            other_met=np.concatenate([*others, np.empty(0, dtype=np.uint8)]),
            other_share=np.concatenate([*shares, np.empty(0)]),
            node_first=self._node_first,
            nodes=self._nodes,
            weights=self._weights,
            chances=self._chances,
        )

    def _condition(self, feature: int, codes: np.ndarray) -> tuple[int, int, int, int]:
        """Feature, first code, width and list of a set of codes; most sets are an interval, going on at 0 after 255."""
        changes = np.flatnonzero(codes != np.roll(codes, 1))
        if len(changes) == 0:
            if codes[0]:
                return feature, 0, trees.CODES - 1, -1
        elif len(changes) == 2:
            low = int(changes[0] if codes[changes[0]] else changes[1])
            return feature, low, int(codes.sum()) - 1, -1
        self._lists.append(codes.astype(np.uint8))
        return feature, 0, 0, len(self._lists) - 1

    def _fill(self, group: Group, own: list[int], met: np.ndarray, table: np.ndarray) -> None:
        from models.shapley.kernel import add_leaf, leaf_table

        for leaf in group.leaves:
            steps = leaf.steps
            d = len(steps)
            nodes = slice(self._node_first[d], self._node_first[d + 1])
            others, shares = self._others(steps, met)
            ratio = np.array([step.ratio for step in steps])
            patterns = leaf_table(leaf.value, ratio, self._nodes[nodes], self._weights[nodes], others, shares, self._chances)
            mask = np.array([step.mask for step in steps], dtype=np.int64)
            bits = np.array([step.bits for step in steps], dtype=np.int64)
            place = np.array([own.index(step.feature) for step in steps], dtype=np.int64)
            add_leaf(patterns, mask, bits, place, table)

    def _met(self, group: Group) -> np.ndarray:
        """Which of the group's conditions the rows of the background meet, rows x conditions."""
        if self._background is None:
            return np.empty((0, len(group.features)), dtype=np.bool_)
        return np.stack([codes[self._codes[f]] for f, codes in zip(group.features, group.sets, strict=True)], axis=1)

    def _others(self, steps: tuple[Step, ...], met: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The patterns of a leaf that occur in the background, and the share of its rows with each."""
        passes = np.ones((len(met), len(steps)), dtype=np.uint8)
        for j, step in enumerate(steps):
            for i in range(met.shape[1]):
                if step.mask >> i & 1:
                    passes[:, j] &= met[:, i] == (step.bits >> i & 1)
        found, counts = np.unique(passes, axis=0, return_counts=True) if len(met) else (passes, np.empty(0))
        return np.ascontiguousarray(found), counts / max(len(met), 1)


def _begin(sizes: list[int]) -> np.ndarray:
    return np.cumsum([0, *sizes]).astype(np.int64)


def _chances(most: int) -> np.ndarray:
    """(p - 1)! q! / (p + q)! at [p, q]: how often p of one side come before the q of the other, without one of them."""
    return np.array([[1 / (p * math.comb(p + q, p)) if p else 0.0 for q in range(most + 1)] for p in range(most + 1)])


def save_tables(tables: Tables, path: Path) -> None:
    """Write tables as npz, the same bytes for the same tables; nothing in it is pickled."""
    with path.open("wb") as file:
        np.savez(file, **{field.name: np.asarray(getattr(tables, field.name)) for field in fields(Tables)})


def load_tables(path: Path) -> Tables:
    """Read tables.

    Raises
    ------
    PlumblineError
        When the file holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {field.name: file[field.name] for field in fields(Tables)}
            single = {name: found.pop(name).item() for name in ("format", "columns", "model", "base", "rows")}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(path) from error
    if single["format"] != FORMAT:
        raise _unreadable(path)
    return Tables(**single, **found)


def _unreadable(path: Path) -> PlumblineError:
    return PlumblineError(
        "this is no file of tables for explanations, or of another version",
        where=str(path),
        todo="Delete it: it is made again from the model.",
    )
