"""Whether factors keep their weight between models, on the same cases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from features.spec import Column
from models.explanation.stability import (
    AGREEMENT,
    OVERLAP,
    agreement,
    agreement_with_release,
    factor_table,
    kendall,
    refits,
    top_overlap,
)
from models.model import Model, fit_model
from models.spec import CandidateSpec

FACTORS = [f"f{i}" for i in range(8)]


def columns(by_association: tuple[str, ...] = ()) -> list[Column]:
    return [Column(name, name, name, "count", by_association=name in by_association) for name in FACTORS]


def table(weights: list[float] | np.ndarray, n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Contributions whose mean size falls as the weights do."""
    noise = np.random.default_rng(seed).normal(size=(n, len(FACTORS)))
    return pd.DataFrame(noise * np.asarray(weights, dtype=np.float64), columns=FACTORS)


CLUSTERS = np.array([f"k{i // 2}" for i in range(400)], dtype=object)
FALLING = [8.0, 7, 6, 5, 4, 3, 2, 1]


def test_tau_is_that_of_scipy_ties_included() -> None:
    generator = np.random.default_rng(1)
    first, second = (generator.integers(0, 5, size=(40, 7)).astype(float) for _ in range(2))
    found = kendall(first, second)
    assert found == pytest.approx([kendalltau(*pair).statistic for pair in zip(first, second, strict=True)])
    assert np.isnan(kendall(np.ones((2, 3)), np.eye(3)[:2])).all(), "what is all equal orders nothing"
    assert np.isnan(kendall(np.ones((2, 1)), np.ones((2, 1)))).all()


def test_the_share_of_the_most_important_counts_only_what_matters() -> None:
    first = np.array([[6.0, 5, 4, 3, 2, 1], [1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [6, 5, 4, 3, 2, 1]])
    second = np.array([[1.0, 6, 5, 4, 3, 2], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 9]])
    assert top_overlap(first, second) == pytest.approx([0.8, 0.5, np.nan, 0.0], nan_ok=True)
    assert np.isnan(top_overlap(first[:, :5], second[:, :5])).all(), "of five factors the five first are all"


def test_models_that_agree_and_one_that_does_not() -> None:
    same = [table(FALLING, seed=each) for each in (1, 2, 3)]
    found = agreement("seeds", same, CLUSTERS, columns(), seed=1).set_index("metric")
    assert list(found.index) == [f"{AGREEMENT}[seeds]", f"{OVERLAP}[seeds]"]
    assert found["value"].tolist() == [pytest.approx(1, abs=0.1), pytest.approx(1, abs=0.2)]
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert set(found["n"]) == {400}
    turned = agreement("seeds", [same[0], table(FALLING[::-1])], CLUSTERS, columns(), seed=1).set_index("metric")
    assert turned.loc[f"{AGREEMENT}[seeds]", "value"] < -0.9
    assert turned.loc[f"{OVERLAP}[seeds]", "value"] == pytest.approx(0.4, abs=0.01)


def test_successive_models_are_compared_with_the_next_one_only() -> None:
    up, down = table(FALLING), table(FALLING[::-1])
    all_pairs = agreement("retrained", [up, up, down], CLUSTERS, columns(), seed=1)["value"][0]
    in_turn = agreement("retrained", [up, up, down], CLUSTERS, columns(), successive=True, seed=1)["value"][0]
    assert in_turn == pytest.approx(0, abs=0.1)
    assert all_pairs < -0.2


def test_factors_that_speak_of_others_are_compared_among_themselves() -> None:
    of_others = ("f0", "f1", "f2")
    turned = [1.0, 2, 3, *FALLING[3:]]  # only their order changes
    tables = [table(FALLING), table(turned)]
    found = agreement("seeds", tables, CLUSTERS, columns(of_others), seed=1).set_index("metric")["value"]
    assert found[f"{AGREEMENT}[seeds]"] == pytest.approx(1)
    assert found[f"{AGREEMENT}[seeds, by_association]"] == pytest.approx(-1)
    assert np.isnan(found[f"{OVERLAP}[seeds, by_association]"])
    assert np.isnan(found[f"{OVERLAP}[seeds]"]), "five are left"


def test_neither_the_order_of_rows_nor_of_draws_matters() -> None:
    tables, mix = [table(FALLING), table(FALLING, seed=2)], np.random.default_rng(1).permutation(400)
    found = agreement("seeds", tables, CLUSTERS, columns(), seed=1)
    mixed = agreement("seeds", [each.iloc[mix] for each in tables], CLUSTERS[mix], columns(), seed=1)
    pd.testing.assert_frame_equal(found, mixed)
    other = agreement("seeds", tables, CLUSTERS, columns(), seed=2)
    assert (found["value"] == other["value"]).all()


def test_the_release_before_is_taken_as_given_and_compared_where_both_have_a_factor() -> None:
    now = table(FALLING)
    before = pd.DataFrame({"factor": [*FACTORS[1:], "gone"], "attribute": None, "group": None})
    before["importance"] = [*FALLING[1:], 100.0]
    of_sex = before.assign(attribute="sex", importance=1.0)
    found = agreement_with_release(now, CLUSTERS, columns(), pd.concat([of_sex, before]), seed=1)
    assert found["metric"].tolist() == [f"{AGREEMENT}[release]", f"{OVERLAP}[release]"]
    assert found["value"][0] == pytest.approx(1, abs=0.1)
    assert found["value"][1] == 1
    turned = before.assign(importance=[*FALLING[1:][::-1], 1.0])
    assert agreement_with_release(now, CLUSTERS, columns(), turned, seed=1)["value"][0] < -0.9
    strange = before.assign(factor="unheard of").head(1)
    assert agreement_with_release(now, CLUSTERS, columns(), strange, seed=1)["value"].isna().all()


def test_refits_differ_in_nothing_but_their_seed() -> None:
    generator = np.random.default_rng(1)
    X = pd.DataFrame(generator.normal(size=(400, 8)), columns=FACTORS)
    y = (generator.random(400) < 1 / (1 + np.exp(-X["f0"] - 0.3 * X["f1"]))).to_numpy(dtype=np.float64)
    seeds: list[int] = []

    def fit(seed: int) -> Model:
        seeds.append(seed)
        return fit_model(CandidateSpec(name="logistic"), X, y, CLUSTERS, seed=seed, calibration_share=0.25)

    models: Iterator[Model] = refits(fit, 1, count=2)
    tables = [factor_table(each, X, columns()) for each in (fit(1), *models)]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert [next(refits(lambda seed: seed, 2**31 - 1))] == [7918], "the largest seed has others too"  # type: ignore[arg-type, return-value]
    found = agreement("seeds", tables, CLUSTERS, columns(), seed=1).set_index("metric")["value"]
    assert found[f"{AGREEMENT}[seeds]"] > 0.3
