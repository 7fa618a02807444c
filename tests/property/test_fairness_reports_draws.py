"""The bootstrap of clusters: as one would draw them by hand, the same for whatever is drawn along, additive."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare, ks_2samp

from fairness_reports import bootstrap
from fairness_reports.audit import auc, statistics
from fairness_reports.audit.draws import bootstrapped
from fairness_reports.audit.grouping import by_attribute, crossed, everybody
from fairness_reports.audit.metrics import STATISTICS
from fairness_reports.audit.statistics import Sums, per_case, summed
from fairness_reports.bootstrap import replicate
from tests.fairness_reports_audit_data import scored


def _weights(clusters: int, replicates: int, seed: int = 0) -> np.ndarray:
    """How often each cluster is drawn in each replicate."""
    return replicate(sp.eye_array(clusters, format="csr"), replicates, seed)


def _looks_multinomial(weights: np.ndarray) -> None:
    """One share of all draws for each cluster: marginals, and the covariance of two clusters; four standard errors."""
    replicates, clusters = weights.shape
    cells = min(5, clusters + 1)
    seen = weights if clusters > 1_000 else weights[:, 0]  # the weights of few clusters depend on each other
    counts = np.bincount(seen.astype(int).ravel(), minlength=cells)[:cells]
    expected = binom.pmf(np.arange(cells), clusters, 1 / clusters)
    assert chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > 1e-4
    half = weights[:, : clusters // 2].sum(axis=1)  # binomial: covariances of all pairs show in its variance
    p = (clusters // 2) / clusters
    assert half.mean() == pytest.approx(clusters * p, abs=4 * np.sqrt(clusters * p * (1 - p) / replicates))
    assert half.var() == pytest.approx(clusters * p * (1 - p), rel=4 * np.sqrt(2 / replicates))


@pytest.mark.parametrize("clusters", [2, 5, 17, 60, 400, 20_000])
def test_clusters_are_drawn_as_often_as_drawing_one_by_one_would(clusters: int) -> None:
    weights = _weights(clusters, 4_000 if clusters < 1_000 else 256)
    assert np.array_equal(weights.sum(axis=1), np.full(len(weights), clusters))
    assert (weights >= 0).all()
    _looks_multinomial(weights)


def test_too_many_drawn_are_taken_out_again_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "BELOW", -2.0)  # now nearly every replicate draws too many at first
    weights = _weights(60, 4_000)
    assert np.array_equal(weights.sum(axis=1), np.full(4_000, 60))
    _looks_multinomial(weights)


def test_bits_that_do_not_decide_are_followed_by_finer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    real = bootstrap._table

    def vague(clusters: int) -> tuple[np.ndarray, np.ndarray]:
        table, distribution = real(clusters)
        return np.full_like(table, 255), distribution

    monkeypatch.setattr(bootstrap, "_table", vague)
    _looks_multinomial(_weights(60, 4_000))


def test_finer_bits_part_a_pattern_where_the_distribution_does() -> None:
    table, distribution = bootstrap._table(400)
    for weight in range(3):
        pattern, part = divmod(distribution[weight] * 2**16, 1)
        assert table[int(pattern)] == 255
        bits = np.full(20_000, int(pattern), dtype=np.uint16)
        found = bootstrap._decided(np.random.default_rng(weight), bits, distribution)
        assert set(found) == {weight, weight + 1}
        assert np.mean(found == weight) == pytest.approx(part, abs=4 * 0.5 / np.sqrt(20_000))


def _plain(frame: pd.DataFrame, replicates: int, seed: int) -> np.ndarray:
    """The slow reference: draw households, take their rows, count; share found and mean score by region."""
    rng, found = np.random.default_rng(seed), []
    members = list(frame.groupby("cluster_id").indices.values())
    region, selected = frame["region"].to_numpy(), frame["selected"].to_numpy()
    happened, score = frame["outcome"].to_numpy() == 1, frame["score"].to_numpy()
    for _ in range(replicates):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        figures = []
        for name in np.unique(region):
            mine = rows[region[rows] == name]
            figures += [selected[mine][happened[mine]].mean(), score[mine].mean()]
        everyone = selected[rows][happened[rows]].mean()
        found.append([*figures, figures[0] - everyone])
    return np.array(found)


def _sums(frame: pd.DataFrame) -> tuple[list[Sums], int]:
    columns = per_case(
        frame["outcome"].to_numpy(), frame["score"].to_numpy(), frame["selected"].to_numpy(dtype=np.bool_)
    )
    code, names = pd.factorize(frame["cluster_id"], sort=True)
    single = [by_attribute(name, frame[name].tolist(), "not recorded") for name in ("region", "sex")]
    parts = [everybody(len(frame)), *single, crossed(single)]
    return [summed(part, code.astype(np.int64), len(names), columns) for part in parts], len(names)


def test_equal_in_distribution_to_drawing_households_and_taking_their_rows() -> None:
    frame = scored(600, groups=2, per_cluster=2.5)
    parts, clusters = _sums(frame)
    (_, everyone), (_, region) = bootstrapped(parts[:2], 10, clusters, [1], 2_000)
    tp, fn, score = (STATISTICS.index(name) for name in ("tp", "fn", "score"))

    def found(drawn: np.ndarray) -> np.ndarray:
        return drawn[:, tp] / (drawn[:, tp] + drawn[:, fn])

    fast = []
    for group in range(2):
        mine = region[:, group]
        fast += [found(mine), mine[:, score] / mine[:, :4].sum(axis=1)]
    fast.append(fast[0] - found(everyone[:, 0]))
    slow = _plain(frame, 2_000, 2)
    for one, other in zip(fast, slow.T, strict=True):
        assert ks_2samp(one, other).pvalue > 1e-3
    assert np.corrcoef(fast[0], fast[2])[0, 1] == pytest.approx(np.corrcoef(slow[:, 0], slow[:, 2])[0, 1], abs=0.1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 300), st.sampled_from([1, 40, 100_000]))
def test_groups_add_up_to_everybody_in_every_replicate(seed: int, cases: int, chunk: int) -> None:
    frame = scored(cases, seed=seed)
    parts, clusters = _sums(frame)
    together = [each for _, each in bootstrapped(parts, 0, clusters, [seed], 70)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fairness_reports.audit.draws.CHUNK", chunk)
        drawn = [each for _, each in bootstrapped(parts, 0, clusters, [seed], 70)]
    assert all(np.array_equal(one, other) for one, other in zip(together, drawn, strict=True))
    for each in drawn[1:]:
        assert np.allclose(each.sum(axis=1), drawn[0][:, 0], rtol=1e-12, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 500), st.integers(1, 200))
def test_draws_depend_on_the_seed_and_the_clusters_alone(seed: int, clusters: int, replicates: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.random((3, clusters)), rng.random((2, clusters)) < 0.1
    together = replicate(sp.csr_array(np.vstack([one, other])), 200, [seed, 5])
    first = replicate(sp.csr_array(one), 200, [seed, 5])
    assert np.array_equal(first, together[:, :3])
    assert np.array_equal(
        replicate(sp.csr_array(other.astype(float)), replicates, [seed, 5]), together[:replicates, 3:]
    )
    again = _weights(clusters, 200, [seed, 5])
    assert first == pytest.approx(again @ one.T, rel=1e-9)


def test_many_clusters_are_drawn_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "SLICE", 7)
    weights = _weights(60, 4_000)
    assert np.array_equal(weights.sum(axis=1), np.full(4_000, 60))
    _looks_multinomial(weights)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 49), min_size=1, max_size=80))
def test_codes_are_looked_up_or_sorted_with_the_same_result(codes: list[int]) -> None:
    values = np.array(codes)
    found, place = statistics._places(values, 50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "TABLE", 1)
        other, elsewhere = statistics._places(values, 50)
    assert np.array_equal(found, other)
    assert np.array_equal(place, elsewhere)
    assert np.array_equal(found[place], values)


def test_covariances_of_many_groups_are_taken_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = scored(800, groups=4)
    code, names = pd.factorize(frame["cluster_id"], sort=True)
    columns = (code.astype(np.int64), len(names), frame["outcome"].to_numpy(), frame["score"].to_numpy())
    groups = by_attribute("region", frame["region"].tolist(), "not recorded")
    one, everyone = auc.auc_by_group(groups, *columns), auc.auc_by_group(everybody(len(frame)), *columns)
    pairs = np.array([0, 1, 2, 3]), np.array([3, 1, 0, 2])
    together = one.covariance(one, *pairs), one.covariance(everyone, pairs[0], np.zeros(4, dtype=np.int64))
    monkeypatch.setattr(auc, "PAIRS", 1)
    apart = one.covariance(one, *pairs), one.covariance(everyone, pairs[0], np.zeros(4, dtype=np.int64))
    assert together[0] == pytest.approx(apart[0], rel=1e-12)
    assert together[1] == pytest.approx(apart[1], rel=1e-12)
