"""scikit-learn's histogram trees as plain arrays, and what a condition on a path says about codes.

Belongs here: everything that knows how HistGradientBoosting keeps its trees, thresholds and categories.
Does not belong here: Shapley values (kernel, tables), or cutting trees into groups (groups).

A row is seen as one code of a byte per feature: how many of the model's thresholds on that feature lie below its
value, or which category it is; 255 stands for missing values and for categories that the model does not know, which it
treats as missing. This is how the trees see it too (`TreePredictor.predict`), so routing is exact.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from data_contracts.errors import PlumblineError

CODES = 256
MISSING = 255


@dataclass(frozen=True)
class Tree:
    """One tree; arrays over its nodes, the root first.

    Attributes
    ----------
    left, right : int64
        Children; -1 at a leaf.
    feature : int64
        The model's own number of the split's feature; -1 at a leaf.
    goes_left : bool, shape (nodes, 256)
        By code, whether a row goes left.
    count : float64
        Training rows.
    value : float64
        What a leaf adds to the raw output.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    goes_left: np.ndarray
    count: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Encoding:
    """How cells become codes.

    Attributes
    ----------
    column : int32, shape (features,)
        Where each of the model's features stands in the estimator's input.
    categorical : bool, shape (features,)
        Whether it is a category.
    cut_first, cuts : int64, float64
        Sorted thresholds, or known categories, of all features one after another, each filled with NaN up to the next
        power of two, and where each feature's begin.
    columns : int
        Columns of the estimator's input.
    """

    column: np.ndarray
    categorical: np.ndarray
    cut_first: np.ndarray
    cuts: np.ndarray
    columns: int


def read(estimator: Any) -> tuple[Encoding, list[Tree], float]:
    """The features that a fitted estimator splits on, its trees and its baseline.

    Raises
    ------
    PlumblineError
        When it is no HistGradientBoosting model with one tree per step, or has categories that are not numbers.
    """
    steps = getattr(estimator, "_predictors", None)
    if steps is None or any(len(step) != 1 for step in steps):
        raise PlumblineError(
            "exact contributions are for HistGradientBoosting with two classes",
            where="explanation",
            todo="Use another candidate, or an outcome that is yes or no.",
        )
    predictors = [step[0] for step in steps]
    known = _known_categories(estimator)
    split = [tree.nodes[tree.nodes["is_leaf"] == 0] for tree in predictors]
    used = np.unique(np.concatenate([nodes["feature_idx"] for nodes in split] or [np.empty(0, np.int64)]))
    cuts = []
    for feature in used.tolist():
        at = [nodes["num_threshold"][nodes["feature_idx"] == feature] for nodes in split]
        own = known[feature] if feature in known else np.unique(np.concatenate(at))
        cuts.append(np.concatenate([own, np.full((1 << len(own).bit_length()) - len(own), np.nan)]))
    order = _input_order(estimator)
    encoding = Encoding(
        column=order[used.astype(np.int64)].astype(np.int32),
        categorical=np.array([feature in known for feature in used.tolist()], dtype=np.bool_),
        cut_first=np.cumsum([0] + [len(cut) for cut in cuts]).astype(np.int64),
        cuts=np.concatenate(cuts) if cuts else np.empty(0),
        columns=len(order),
    )
    trees = [_tree(tree, used, encoding) for tree in predictors]
    return encoding, trees, float(np.ravel(estimator._baseline_prediction)[0])


def fingerprint(estimator: Any) -> str:
    """Hash of what the values depend on: trees, baseline, categories."""
    digest = hashlib.sha256()
    for step in estimator._predictors:
        for tree in step:
            for name in ("value", "count", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right"):
                digest.update(np.ascontiguousarray(tree.nodes[name]).tobytes())
            digest.update(np.ascontiguousarray(tree.raw_left_cat_bitsets).tobytes())
            digest.update(b"|")
    digest.update(np.asarray(estimator._baseline_prediction, dtype=np.float64).tobytes())
    digest.update(_input_order(estimator).tobytes())
    for feature, categories in sorted(_known_categories(estimator).items()):
        digest.update(f"{feature}:{len(categories)}".encode() + categories.tobytes())
    return digest.hexdigest()


def _input_order(estimator: Any) -> np.ndarray:
    """By the model's own number of a feature, its column in the input: scikit-learn puts categories first."""
    categorical = estimator.is_categorical_
    if categorical is None:
        return np.arange(estimator.n_features_in_, dtype=np.int64)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)]).astype(np.int64)


def _known_categories(estimator: Any) -> dict[int, np.ndarray]:
    """By the model's own number of a feature, its categories as numbers in the input."""
    if estimator.is_categorical_ is None:
        return {}
    result = {}
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    for feature, categories in enumerate(encoder.categories_):
        try:
            values = np.asarray(categories, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise PlumblineError(
                "exact contributions need categories that are numbers",
                where="explanation",
                todo="Fit the model on the categories' codes.",
            ) from error
        result[feature] = values[~np.isnan(values)]
    return result


def _tree(predictor: Any, used: np.ndarray, encoding: Encoding) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    feature = np.where(leaf, -1, np.searchsorted(used, nodes["feature_idx"]))
    goes_left = np.zeros((len(nodes), CODES), dtype=np.bool_)
    codes = np.arange(CODES)
    for node in np.flatnonzero(~leaf).tolist():
        first, last = encoding.cut_first[feature[node]], encoding.cut_first[feature[node] + 1]
        if nodes["is_categorical"][node]:
            words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
            goes_left[node] = (words[codes // 32] >> (codes % 32).astype(np.uint32)) & 1
        else:
            at = np.searchsorted(encoding.cuts[first:last], nodes["num_threshold"][node])
            goes_left[node] = codes <= at
        goes_left[node, MISSING] = bool(nodes["missing_go_to_left"][node])
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        feature=feature,
        goes_left=goes_left,
        count=nodes["count"].astype(np.float64),
        value=nodes["value"].astype(np.float64),
    )
