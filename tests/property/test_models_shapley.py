"""Exact Shapley values of boosted trees, against a reference that goes through every subset, and against shap."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from data_contracts.errors import PlumblineError
from models.shapley import Tables, build_tables, explain_trees, groups, load_tables, save_tables
from models.shapley.trees import read

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**31 - 1)
CATEGORIES = np.array([-2.0, 0.0, 1.0, 3.0, 40.0, 300.0, 7.5])


def drawn(seed: int, columns: int, categories: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Rows with ties, missing values and categories in any columns, and labels that depend on all of them."""
    generator = np.random.default_rng(seed)
    X = np.round(generator.normal(size=(rows, columns)), 1) * 10.0 ** generator.integers(-2, 3, columns)
    native = sorted(generator.permutation(columns)[:categories].tolist())
    for column in native:
        X[:, column] = CATEGORIES[generator.integers(0, 2 + column, rows) % len(CATEGORIES)]
    X[generator.random(X.shape) < generator.choice([0.0, 0.2], columns)] = np.nan
    ranks = np.argsort(np.argsort(np.nan_to_num(X, nan=0.3), axis=0), axis=0) / rows
    raw = np.sin(5 * ranks @ generator.normal(size=(columns, 3))).sum(axis=1)
    return X, (generator.random(rows) < 1 / (1 + np.exp(-2 * raw))).astype(np.float64), native


def fitted(seed: int, columns: int, categories: int, **settings: Any) -> tuple[Any, np.ndarray]:
    X, y, native = drawn(seed, columns, categories)
    chosen = {"max_iter": 4, "min_samples_leaf": 5, "learning_rate": 0.7, "max_leaf_nodes": 12} | settings
    booster = HistGradientBoostingClassifier(
        categorical_features=native or None, early_stopping=False, random_state=0, **chosen
    )
    return booster.fit(X, y), X


def strange(X: np.ndarray) -> np.ndarray:
    """Rows as in training, then with categories never seen, values beyond the range, and missing values everywhere."""
    rows = X[:40].copy()
    rows[10:20] = np.where(np.isin(X[10:20], CATEGORIES), 41.0, X[10:20] * 1e6)
    rows[20:25], rows[25:30] = -1e9, 1e9
    rows[30:38][np.random.default_rng(0).random((8, X.shape[1])) < 0.6] = np.nan
    rows[38:] = np.nan
    return rows


def encoded(booster: Any, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as the estimator's trees see them, and the input's column behind each of their features."""
    categorical = booster.is_categorical_
    if categorical is None:
        return X, np.arange(X.shape[1])
    order = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
    return booster._preprocess_X(X, reset=False), order


def goes_left(tree: Any, node: Any, value: float) -> bool:
    """As scikit-learn's predictor decides; its encoder has made unknown categories missing."""
    if np.isnan(value):
        return bool(node["missing_go_to_left"])
    if node["is_categorical"]:
        words = tree.raw_left_cat_bitsets[node["bitset_idx"]]
        return bool(words[int(value) // 32] >> np.uint32(int(value) % 32) & 1)
    return bool(value <= node["num_threshold"])


def expected(tree: Any, row: np.ndarray, known: frozenset[int], at: int = 0) -> float:
    """Lundberg et al. 2020, algorithm 1: what is not known is averaged by the training rows of the branches."""
    node = tree.nodes[at]
    if node["is_leaf"]:
        return float(node["value"])
    left, right = int(node["left"]), int(node["right"])
    if int(node["feature_idx"]) in known:
        return expected(tree, row, known, left if goes_left(tree, node, row[node["feature_idx"]]) else right)
    share = tree.nodes[left]["count"] / node["count"]
    return share * expected(tree, row, known, left) + (1 - share) * expected(tree, row, known, right)


def mixed(booster: Any, row: np.ndarray, other: np.ndarray, known: frozenset[int]) -> float:
    """The raw output with the known features of the row and the others of the background's row."""
    mixture = other.copy()
    mixture[list(known)] = row[list(known)]
    return sum(expected(step[0], mixture, frozenset(range(len(row)))) for step in booster._predictors)


def shapley(game: Any, players: int) -> np.ndarray:
    """By the definition: every player's weighted gains over all subsets of the others."""
    value = {
        frozenset(known): game(frozenset(known))
        for size in range(players + 1)
        for known in combinations(range(players), size)
    }
    result = np.zeros(players)
    for known, worth in value.items():
        for player in set(range(players)) - known:
            weight = factorial(len(known)) * factorial(players - len(known) - 1) / factorial(players)
            result[player] += weight * (value[known | {player}] - worth)
    return result


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 5), st.integers(0, 3), st.sampled_from([2, 4, None]))
def test_values_are_those_of_the_definition(seed: int, columns: int, categories: int, depth: int | None) -> None:
    booster, X = fitted(seed, columns, min(columns, categories), max_depth=depth)
    rows = strange(X)[::5]
    values, base = explain_trees(booster, rows)
    inner, order = encoded(booster, rows)
    for row, found in zip(inner, values, strict=True):
        truth = np.zeros(columns)
        truth[order] = shapley(
            lambda known, row=row: sum(expected(s[0], row, known) for s in booster._predictors), columns
        )
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-12)
    none = sum(expected(step[0], inner[0], frozenset()) for step in booster._predictors)
    assert base == pytest.approx(none + float(np.ravel(booster._baseline_prediction)[0]), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(0, 2), st.integers(1, 12), st.booleans())
def test_values_against_a_background_are_those_of_the_definition(
    seed: int, columns: int, categories: int, size: int, long: bool
) -> None:
    booster, X = fitted(seed, columns, min(columns, categories), max_iter=2)
    rows, background = strange(X)[::8], X[-size:]
    with pytest.MonkeyPatch.context() as patch:
        if long:
            _no_table_is_long_enough(patch)
        values, base = explain_trees(booster, rows, background=background)
    (inner, order), (others, _) = encoded(booster, rows), encoded(booster, background)
    for row, found in zip(inner, values, strict=True):
        truth = np.zeros(columns)
        truth[order] = shapley(
            lambda known, row=row: float(np.mean([mixed(booster, row, other, known) for other in others])), columns
        )
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-12)
    assert base == pytest.approx(booster.decision_function(background).mean(), abs=1e-12)


def _no_table_is_long_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(groups, "MOST", 0)
    patch.setattr("models.shapley.build.MOST", 0)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(0, 3), st.integers(0, 7))
def test_how_a_tree_is_cut_does_not_matter(seed: int, columns: int, categories: int, most: int) -> None:
    booster, X = fitted(seed, columns, min(columns, categories))
    rows = strange(X)
    values, base = explain_trees(booster, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "MOST", most)
        patch.setattr("models.shapley.build.MOST", most)
        other = build_tables(booster)
    found, same = explain_trees(booster, rows, other)
    np.testing.assert_allclose(found, values, rtol=0, atol=1e-12)
    assert same == base
    for tree in read(booster)[1]:
        leaves = [leaf.value for group in groups.cut(tree) for leaf in group.leaves]
        assert sorted(leaves) == sorted(tree.value[tree.left < 0]) or len(tree.left) == 1


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from([3, 8, None]))
def test_values_are_those_of_shap_where_it_is_right(seed: int, depth: int | None) -> None:
    import shap

    booster, X = fitted(seed, 20, 0, max_depth=depth, max_leaf_nodes=31, max_iter=20, learning_rate=0.1)
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    rows = strange(X)
    values, base = explain_trees(booster, rows)
    np.testing.assert_allclose(values, explainer.shap_values(rows, check_additivity=False), rtol=0, atol=1e-11)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-12)


@pytest.fixture(scope="module")
def large() -> tuple[Any, np.ndarray]:
    """A chain of splits on more features than a table takes, categories and missing values among them."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(20_000, 45))
    X[:, ::9] = generator.integers(0, 30, (20_000, 5))
    X[:, 1::4][generator.random((20_000, 11)) < 0.3] = np.nan
    raw = np.nan_to_num(X)[:, ::2] @ generator.normal(size=23) * 0.2 - 4.0 * (X[:, 2:45:2] < -1.8).any(axis=1)
    y = (generator.random(20_000) < 1 / (1 + np.exp(-raw))).astype(np.float64)
    booster = HistGradientBoostingClassifier(
        categorical_features=list(range(0, 45, 9)), max_leaf_nodes=90, min_samples_leaf=5, max_iter=40,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    return booster.fit(X, y), X


def test_many_rows_of_a_large_model_add_up(large: tuple[Any, np.ndarray]) -> None:
    booster, X = large
    tables = build_tables(booster)
    lengths = np.diff(tables.condition_first)[tables.long]
    assert lengths.min() > groups.MOST
    assert lengths.max() > 16  # three parts
    values, base = explain_trees(booster, X, tables)
    assert np.abs(base + values.sum(axis=1) - booster.decision_function(X)).max() <= 1e-10


def test_a_large_model_against_a_background_adds_up(large: tuple[Any, np.ndarray]) -> None:
    booster, X = large
    values, base = explain_trees(booster, X[:300], background=X[-20:])
    assert np.abs(base + values.sum(axis=1) - booster.decision_function(X[:300])).max() <= 1e-10


def test_threads_blocks_and_the_order_of_rows_change_no_bit(large: tuple[Any, np.ndarray]) -> None:
    booster, X = large
    X, tables = X[:3000], build_tables(booster)
    values, _ = explain_trees(booster, X, tables)
    for threads, block in ((2, 100), (2, 1000), (1, 1), (1, 257), (3, 2999)):
        part = X[:50] if block == 1 else X
        again, _ = explain_trees(booster, part, tables, threads=threads, block=block)
        assert again.tobytes() == values[: len(part)].tobytes()
    order = np.random.default_rng(0).permutation(len(X))
    turned, _ = explain_trees(booster, np.asfortranarray(X[order]), tables)
    assert turned.tobytes() == values[order].tobytes()


def test_rows_against_a_background_change_no_bit_either(large: tuple[Any, np.ndarray]) -> None:
    booster, X = large
    tables = build_tables(booster, X[-5:])
    values, _ = explain_trees(booster, X[:200], tables)
    again, _ = explain_trees(booster, X[:200][::-1], tables, threads=2, block=37)
    assert again.tobytes() == values[::-1].tobytes()


def test_tables_are_kept_in_a_file_without_pickles(tmp_path: Path, large: tuple[Any, np.ndarray]) -> None:
    booster, X = large
    tables = build_tables(booster)
    save_tables(tables, tmp_path / "t.npz")
    save_tables(build_tables(booster), tmp_path / "again.npz")
    assert (tmp_path / "t.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    read_back = load_tables(tmp_path / "t.npz")
    for name, value in vars(tables).items():
        np.testing.assert_array_equal(getattr(read_back, name), value)
    values, base = explain_trees(booster, X[:100], tables)
    again, same = explain_trees(booster, X[:100], read_back)
    assert again.tobytes() == values.tobytes()
    assert same == base


@pytest.mark.parametrize("content", ["text", "pickle", "less", "version", "no", "cut"])
def test_another_file_is_no_tables(tmp_path: Path, content: str) -> None:
    booster, _ = fitted(1, 2, 0)
    path = tmp_path / "t.npz"
    tables = replace(build_tables(booster), format=99 if content == "version" else 1)
    if content == "text":
        path.write_text("hello")
    elif content == "pickle":
        np.savez(path, **{name: np.asarray(value, dtype=object) for name, value in vars(tables).items()})  # type: ignore[arg-type]
    elif content == "less":
        np.savez(path, format=np.asarray(1))
    elif content != "no":
        save_tables(tables, path)
        path.write_bytes(path.read_bytes()[: 500 if content == "cut" else None])
    with pytest.raises(PlumblineError, match="no file of tables"):
        load_tables(path)


def test_tables_of_another_model_are_refused() -> None:
    (booster, X), (other, _) = fitted(1, 3, 1), fitted(2, 3, 1)
    with pytest.raises(PlumblineError, match="another model"):
        explain_trees(booster, X, build_tables(other))
    with pytest.raises(PlumblineError, match="one background"):
        explain_trees(booster, X, build_tables(booster), background=X)
    with pytest.raises(PlumblineError, match="no rows"):
        explain_trees(booster, X, background=X[:0])
    with pytest.raises(PlumblineError, match="3 columns"):
        explain_trees(booster, X[:, :2])


def test_other_kinds_of_model_are_refused() -> None:
    X, _, _ = drawn(1, 2, 0)
    three = HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(len(X)) % 3)
    with pytest.raises(PlumblineError, match="two classes"):
        build_tables(three)
    words = np.array(["a", "b"], dtype=object)[np.arange(len(X)) % 2].reshape(-1, 1)
    native = HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(words, X[:, 0] > 0)
    with pytest.raises(PlumblineError, match="categories that are numbers"):
        build_tables(native)


def test_stumps_and_single_leaves() -> None:
    booster, X = fitted(5, 3, 1, max_leaf_nodes=2)
    values, base = explain_trees(booster, strange(X))
    np.testing.assert_allclose(base + values.sum(axis=1), booster.decision_function(strange(X)), rtol=0, atol=1e-12)
    assert np.abs(values).max() > 0
    leaf, _ = fitted(5, 3, 1, min_samples_leaf=200)  # nothing can be split
    assert isinstance(build_tables(leaf), Tables)
    for background in (None, X[:5]):
        values, base = explain_trees(leaf, X, background=background)
        assert not values.any()
        assert base == pytest.approx(leaf.decision_function(X[:1])[0], abs=1e-12)
    values, _ = explain_trees(booster, X[:0])
    assert values.shape == (0, 3)


def test_a_missing_value_never_seen_in_training_goes_with_most() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 2))
    booster = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5).fit(X, (X[:, 0] > 0.8) * 1.0)
    rows = np.array([[np.nan, 0.0], [np.inf, 0.0], [-np.inf, np.nan]])
    values, base = explain_trees(booster, rows)
    np.testing.assert_allclose(base + values.sum(axis=1), booster.decision_function(rows), rtol=0, atol=1e-12)
    assert values[0, 0] < 0 < values[1, 0]  # most are below .8


def test_255_categories_and_255_thresholds() -> None:
    generator = np.random.default_rng(0)
    X = np.stack([generator.integers(0, 255, 9000), generator.normal(size=9000)], axis=1)
    y = ((X[:, 0] % 7 < 3) ^ (np.floor(X[:, 1] * 40) % 2 > 0)) * 1.0
    booster = HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=2, categorical_features=[0]).fit(X, y)
    rows = np.concatenate([X[:500], [[254.0, 9.0], [255.0, -9.0], [256.0, 0.0], [0.5, np.nan], [-1.0, 0.0]]])
    values, base = explain_trees(booster, rows)
    np.testing.assert_allclose(base + values.sum(axis=1), booster.decision_function(rows), rtol=0, atol=1e-10)
