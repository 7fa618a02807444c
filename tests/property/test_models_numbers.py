"""Additivity, calibration, bootstrap: what must hold of the numbers whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from data_contracts.errors import PlumblineError
from models.candidates import column_auc
from models.explanation import check_additive, contributions
from models.folds import cluster_folds, hashed_share
from models.metrics import Scored, draws, evaluate, figures
from models.model import Model, fit_model
from tests.models_candidates import KINDS, spec_of

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**31 - 1)


def data(seed: int, n: int = 400, columns: int = 4) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, columns)) * 10.0 ** generator.integers(-3, 4, columns)
    X[:, 0] = generator.integers(0, 3, n)
    chance = 1 / (1 + np.exp(1 - X[:, 0] + np.sign(X[:, 1])))
    y = (generator.random(n) < chance).astype(np.float64)
    X[generator.random(X.shape) < 0.1] = np.nan
    X[:, 2] = X[:, 2] if seed % 3 else 7.0
    clusters = np.array([f"k{i}" for i in generator.integers(0, n // 2, n)], dtype=object)
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(columns)]), y, clusters


def fitted(name: str, seed: int) -> tuple[Model, pd.DataFrame]:
    X, y, clusters = data(seed)
    return fit_model(spec_of(name), X, y, clusters, seed=seed, calibration_share=0.3), X


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from(KINDS))
def test_contributions_add_up_on_every_row_also_on_rows_never_seen(seed: int, name: str) -> None:
    model, X = fitted(name, seed)
    strange = X.copy()
    strange.iloc[::2] = np.nan
    strange.iloc[1::4] *= 1e6
    for rows in (X, strange, X.iloc[:0]):
        table, base = contributions(model, rows, block=150)
        raw = model.raw(rows)
        assert (np.abs(base + table.to_numpy().sum(axis=1) - raw) <= 1e-9).all()
        assert table.shape == rows.shape


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from(KINDS))
def test_the_same_rows_and_seed_give_the_same_bits_and_version(seed: int, name: str) -> None:
    (one, X), (other, _) = fitted(name, seed), fitted(name, seed)
    assert one.version == other.version
    assert one.score(X).tobytes() == other.score(X).tobytes()


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from(KINDS))
def test_a_row_scores_the_same_alone_and_in_company(seed: int, name: str) -> None:
    model, X = fitted(name, seed)
    assert model.raw(X.iloc[7:8])[0] == model.raw(X)[7]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_metrics_are_those_of_scikit_learn_with_weights_too(seed: int, levels: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(1, levels + 1, 90) / (levels + 1)
    y = generator.integers(0, 2, 90).astype(np.float64)
    y[:2] = 0, 1
    rows = Scored.of(score, y, np.arange(90).astype(str).astype(object), None, np.arange(90).astype(str))
    weights = generator.integers(0, 4, (3, 90)).astype(np.float64)
    weights[:, np.flatnonzero(rows.y == 1)[0]] = weights[:, np.flatnonzero(rows.y == 0)[0]] = 1
    found = figures(rows, weights)
    for i, weight in enumerate(weights):
        assert found["auc"][i] == pytest.approx(roc_auc_score(rows.y, rows.score, sample_weight=weight))
        expected = average_precision_score(rows.y, rows.score, sample_weight=weight)
        assert found["average_precision"][i] == pytest.approx(expected)
        assert found["brier"][i] == pytest.approx(brier_score_loss(rows.y, rows.score, sample_weight=weight))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_intervals_hold_the_value_and_are_the_same_twice(seed: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.uniform(0.01, 0.99, 200)
    y = (generator.random(200) < score).astype(np.float64)
    clusters = np.array([f"k{i // 2}" for i in range(200)], dtype=object)
    tie = np.arange(200).astype(str)
    order = generator.permutation(200)
    one = evaluate(Scored.of(score, y, clusters, score > 0.8, tie), seed=3, min_cell=10, replicates=150)
    other = evaluate(
        Scored.of(score[order], y[order], clusters[order], (score > 0.8)[order], tie[order]),
        seed=3, min_cell=10, replicates=150,
    )  # fmt: skip
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert ((one["low"] <= one["value"]) & (one["value"] <= one["high"])).mean() > 0.9


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=40))
def test_a_cluster_falls_into_one_fold_whatever_other_rows_there_are(seed: int, clusters: list[str]) -> None:
    ids = np.array(clusters, dtype=object)
    share = hashed_share(ids, seed, "a")
    assert ((share >= 0) & (share < 1)).all()
    for cluster, value in zip(clusters, share, strict=True):
        assert hashed_share(np.array([cluster], dtype=object), seed, "a")[0] == value
    folds = cluster_folds(ids, 3, seed, "b")
    assert set(folds) <= {0, 1, 2}
    assert len(set(zip(clusters, folds, strict=True))) == len(set(clusters))


def test_every_replicate_draws_as_many_clusters_as_there_are() -> None:
    clusters = np.array(["b", "a", "b", "c"], dtype=object)
    weights = np.vstack(list(draws(clusters, 1, 30)))
    assert (weights[:, 0] == weights[:, 2]).all(), "a cluster is drawn as a whole"
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert (np.vstack(list(draws(clusters[::-1], 1, 30)))[:, ::-1] == weights).all(), "whatever the order of rows"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 19), st.sampled_from([1.1e-9, -1.0, float("nan"), float("inf")]))
def test_one_row_that_does_not_add_up_stops_everything(row: int, error: float) -> None:
    table, raw = np.ones((20, 3)), np.full(20, 4.0)
    check_additive(table, np.ones(20), raw)
    table[row, 1] += error
    with pytest.raises(PlumblineError, match="contributions of 1 of 20 rows do not add up"):
        check_additive(table, np.ones(20), raw)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_auc_of_a_column_is_scikit_learns(seed: int) -> None:
    generator = np.random.default_rng(seed)
    X = generator.integers(0, 5, (60, 3)).astype(np.float64)
    y = np.r_[0.0, 1.0, generator.integers(0, 2, 58)]
    assert column_auc(X, y) == pytest.approx([roc_auc_score(y, column) for column in X.T])
