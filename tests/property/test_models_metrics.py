"""Lists over ties, decision curves, subsets: held to slow, obvious references."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.metrics import Scored, draws, evaluate, figures, metric_rows
from models.metrics.calibration import calibration_line, line_replicates, start_of
from models.metrics.top import Chosen, highest
from models.spec import EvaluationSpec

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**31 - 1)
NAN = float("nan")


def enumerated(score: np.ndarray, y: np.ndarray, k: int) -> dict[str, list[float]]:
    """Precision and recall of the k highest in every order of the cases that sorts by score."""
    found: dict[str, list[float]] = {"precision": [], "recall": []}
    for order in permutations(range(len(score))):
        if any(score[a] < score[b] for a, b in pairwise(order)):
            continue
        top = y[list(order[:k])]
        known = top[~np.isnan(top)]
        found["precision"].append(known.mean() if len(known) else NAN)
        found["recall"].append(known.sum() / np.nansum(y))
    return found


cases = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.sampled_from([0.0, 1.0, 0.0, 1.0, NAN])), min_size=2, max_size=7
)


@settings(max_examples=150, deadline=None)
@given(cases, st.integers(1, 6))
def test_worst_best_and_expected_are_those_of_all_orders(rows: Sequence[tuple[float, float]], k: int) -> None:
    score, y = (np.array(values) for values in zip(*rows, strict=True))
    assume(k <= len(score) and np.nansum(y) > 0)
    mask = highest(score, [f"c{i}" for i in range(len(score))], k)
    known = np.flatnonzero(~np.isnan(y))
    chosen = Chosen.of(score, y, mask).rows(known)
    slow = {name: np.array(values) for name, values in enumerated(score, y, k).items()}
    told = slow["precision"][~np.isnan(slow["precision"])]
    exact = chosen.exact_precision(y[known])
    if len(told):
        assert exact["worst"] == pytest.approx(told.min())
        assert exact["best"] == pytest.approx(told.max())
        assert exact["expected"] == pytest.approx(told.mean())
    else:
        assert np.isnan(list(exact.values())).all()
    found = figures(
        Scored.of(score, y, np.arange(len(y)), None, np.arange(len(y)), {"9": Chosen.of(score, y, mask)}),
        np.ones((1, len(known))),
    )
    if np.nansum(1 - y) > 0:
        assert found["recall_at_k[9, worst]"][0] == pytest.approx(slow["recall"].min())
        assert found["recall_at_k[9, best]"][0] == pytest.approx(slow["recall"].max())
        assert found["recall_at_k[9, expected]"][0] == pytest.approx(slow["recall"].mean())
    assert chosen.unknown == np.isnan(y[mask]).sum()


@settings(max_examples=25, deadline=None)
@given(st.lists(cases, min_size=2, max_size=2), st.integers(1, 3))
def test_several_rounds_are_expected_together(rounds: list[list[tuple[float, float]]], k: int) -> None:
    lists, ys, slow = [], [], []
    for rows in rounds:
        score, y = (np.array(values)[:5] for values in zip(*rows, strict=True))
        assume(k <= len(score))
        chosen = Chosen.of(score, y, highest(score, np.arange(len(y)).astype(str), k))
        lists.append(chosen.rows(np.flatnonzero(~np.isnan(y))))
        ys.append(y[~np.isnan(y)])
        tops = [
            y[list(order[:k])]
            for order in permutations(range(len(score)))
            if all(score[a] >= score[b] for a, b in pairwise(order))
        ]
        slow.append(tops)
    pairs = [np.concatenate([a, b]) for a in slow[0] for b in slow[1]]
    told = [pair[~np.isnan(pair)].mean() for pair in pairs if (~np.isnan(pair)).any()]
    found = Chosen.pooled(lists).exact_precision(np.concatenate(ys))
    if told:
        assert found["expected"] == pytest.approx(np.mean(told))
        assert found["worst"] == pytest.approx(np.min(told))
        assert found["best"] == pytest.approx(np.max(told))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 30), st.integers(2, 30))
def test_the_highest_do_not_depend_on_the_order_of_rows(seed: int, levels: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(0, levels, 30) / levels
    ids = np.array([f"c{i}" for i in range(30)], dtype=object)
    order = generator.permutation(30)
    mask = highest(score, ids, count)
    assert mask.sum() == count
    assert score[mask].min() >= score[~mask].max() if count < 30 else mask.all()
    assert set(ids[mask]) == set(ids[order][highest(score[order], ids[order], count)])


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0.01, 0.99))
def test_net_benefit_is_what_its_definition_says(seed: int, t: float) -> None:
    generator = np.random.default_rng(seed)
    score = np.round(generator.uniform(0, 1, 50), 1)
    y = generator.integers(0, 2, 50).astype(float)
    y[:2] = 0, 1
    rows = Scored.of(score, y, np.arange(50), None, np.arange(50))
    found = figures(rows, np.ones((1, 50)), [t])
    benefit, all_ = (
        next(v for n, v in found.items() if n.startswith(f"{kind}[")) for kind in ("net_benefit", "net_benefit_all")
    )
    true = sum(1 for s, o in zip(score, y, strict=True) if s >= t and o)
    false = sum(1 for s, o in zip(score, y, strict=True) if s >= t and not o)
    assert benefit[0] == pytest.approx(true / 50 - false / 50 * t / (1 - t))
    assert all_[0] == pytest.approx(y.mean() - (1 - y.mean()) * t / (1 - t))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_weight_of_two_is_the_case_twice(seed: int) -> None:
    """Worst, best and expected too, when all tied count alike: the cut and the share of places stay."""
    generator = np.random.default_rng(seed)
    score = generator.integers(1, 6, 40) / 6
    y = generator.integers(0, 2, 40).astype(float)
    y[:2] = 0, 1
    chosen = Chosen.of(score, y, highest(score, np.arange(40).astype(str), 12))
    rows = Scored.of(score, y, np.arange(40), None, np.arange(40), {"12": chosen})
    one, two = figures(rows, np.ones((1, 40)), [0.2]), figures(rows, np.full((1, 40), 2.0), [0.2])
    for name, value in one.items():
        assert two[name] == pytest.approx(value, nan_ok=True), name


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_replicates_of_the_calibration_line_in_cells_are_those_of_the_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-generator.normal(-1.5, 1.2, 500)))
    y = (generator.random(500) < score ** generator.uniform(0.7, 1.4)).astype(float)
    rows = Scored.of(score, y, np.arange(500), None, np.arange(500))
    start = start_of(calibration_line(rows, np.ones((1, 500))))
    for block in draws(np.arange(500), seed, 64):
        quick, full = line_replicates(rows, block, start), calibration_line(rows, block)
        for name in ("calibration_slope", "calibration_intercept"):
            assert quick[name] == pytest.approx(full[name], abs=2e-4)


def test_draws_are_multinomial_over_sorted_clusters_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = np.array([f"k{i % 17}" for i in range(60)], dtype=object)
    codes, generator = pd.factorize(clusters, sort=True)[0], np.random.default_rng(5)
    weights = np.array([np.bincount(generator.integers(0, 17, 17), minlength=17) for _ in range(70)])
    for cells in (60, 4_000_000):
        monkeypatch.setattr("models.metrics.resampling._CELLS", cells)
        blocks = list(draws(clusters, 5, 70))
        assert np.array_equal(np.concatenate(blocks), weights[:, codes])
        assert (len(blocks) == 70) == (cells == 60)


def predictions(seed: int, n: int = 240) -> tuple[pd.DataFrame, pd.DataFrame]:
    generator = np.random.default_rng(seed)
    parts = []
    for split, day, role in (
        ("a", "2020-01-01", "development"),
        ("b", "2021-01-01", "development"),
        ("c", "2022-01-01", "test"),
    ):
        score = np.round(generator.uniform(0.05, 0.6, n), 2)
        y = (generator.random(n) < score).astype(float)
        y[generator.random(n) < 0.1] = NAN
        parts.append(
            pd.DataFrame(
                {
                    "split": split, "as_of": pd.Timestamp(day), "role": role, "model": "m",
                    "case_id": [f"c{i}" for i in range(n)], "cluster_id": [f"k{i // 2}" for i in range(n)],
                    "returning_person": generator.random(n) < 0.4, "score": score, "outcome": y,
                }
            )
        )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    groups = frame[["as_of", "case_id"]].assign(
        cohort=frame["split"], area=generator.choice(np.array(["n", "s", None], dtype=object), len(frame))
    )
    return frame, groups


SPEC = EvaluationSpec.model_validate(
    {"top": [30, "10%"], "thresholds": [0.1], "subsets": [{"name": "north", "attribute": "area", "values": ["n"]}]}
)


def select(score: np.ndarray, case_id: np.ndarray) -> np.ndarray:
    return highest(score, case_id, len(score) // 4)


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_a_subset_is_judged_as_if_it_were_all(seed: int) -> None:
    frame, groups = predictions(seed)
    table = metric_rows(frame, select=select, seed=1, min_cell=5, evaluation=SPEC, groups=groups)
    part = frame[(groups["area"] == "n").to_numpy()]
    alone = metric_rows(part, select=select, seed=1, min_cell=5, evaluation=SPEC.model_copy(update={"subsets": []}))
    inside = table[table["metric"].str.contains("subset north")].copy()
    inside["metric"] = inside["metric"].str.replace(", subset north", "").str.replace("[subset north]", "")
    alone = alone[alone["metric"].isin(inside["metric"])]
    key = ["split", "metric"]
    pd.testing.assert_frame_equal(
        inside.sort_values(key).reset_index(drop=True), alone.sort_values(key).reset_index(drop=True), check_exact=True
    )


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_the_order_of_rows_does_not_move_a_figure(seed: int) -> None:
    frame, groups = predictions(seed)
    horizons = {"30d": frame[["as_of", "case_id", "outcome"]]}
    order = np.random.default_rng(seed).permutation(len(frame))
    one, other = (
        metric_rows(
            frame.iloc[rows], select=select, seed=1, min_cell=5, evaluation=SPEC, groups=groups.iloc[rows[::-1]],
            horizons=horizons,
        )
        for rows in (np.arange(len(frame)), order)
    )  # fmt: skip
    key = ["split", "model", "metric"]
    pd.testing.assert_frame_equal(
        one.sort_values(key).reset_index(drop=True), other.sort_values(key).reset_index(drop=True), check_exact=True
    )


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_intervals_hold_their_figure(seed: int) -> None:
    frame, groups = predictions(seed)
    table = metric_rows(frame, select=select, seed=1, min_cell=5, evaluation=SPEC, groups=groups).dropna(subset=["low"])
    assert len(table) > 150
    tolerance = 1e-9
    inside = (table["low"] <= table["value"] + tolerance) & (table["value"] <= table["high"] + tolerance)
    assert inside.mean() > 0.97


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_calibration_error_of_a_perfect_score_is_none_and_of_a_shifted_one_its_shift(seed: int) -> None:
    generator = np.random.default_rng(seed)
    chance = generator.uniform(0.05, 0.5, 6000)
    y = (generator.random(3000) < chance[:3000]).repeat(2)  # pairs share their fate: chance alone weighs twice
    chance = chance[:3000].repeat(2)
    clusters = np.arange(6000) // 2
    for shift, low, high in ((0.0, 0.0, 0.025), (0.1, 0.075, 0.13)):
        rows = Scored.of(chance + shift, y.astype(float), clusters, None, np.arange(6000))
        found = evaluate(rows, seed=1, min_cell=10, replicates=100).set_index("metric").loc["calibration_error"]
        assert low <= found["value"] <= high
        assert found["low"] <= found["value"] <= found["high"]
