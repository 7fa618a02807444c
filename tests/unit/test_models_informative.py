"""When a score says little: the order of reasons, and how unlike the training data a case is."""

from __future__ import annotations

import numpy as np
import pytest

import models.informative as module
from models.informative import OLD, REASONS, SPANS_BASE_RATE, THIN, UNLIKE, Support, fit_support, informative
from models.model import content_hash
from models.spec import UncertaintySpec

SPEC = UncertaintySpec(least_evidence=2, oldest_evidence_days=365, unlike=0.01)


def told(**changes: float) -> tuple[bool, str | None]:
    fine = {"low": 0.3, "high": 0.4, "count": 2, "age": 365, "share": 0.011} | changes
    found, reason = informative(
        *(np.array([fine[name]]) for name in ("low", "high")),
        0.2,
        *(np.array([fine[name]]) for name in ("count", "age", "share")),
        SPEC,
    )
    return bool(found[0]), reason[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"count": 1}, THIN),
        ({"age": 366}, OLD),
        ({"age": np.nan}, None),  # nothing dated is behind it: how old that is, nobody can say
        ({"share": 0.01}, UNLIKE),
        ({"low": 0.2}, SPANS_BASE_RATE),
        ({"low": 0.1, "high": 0.2}, SPANS_BASE_RATE),
        ({"low": 0.1, "high": 0.19}, None),
        ({"count": 0, "age": 999, "share": 0, "low": 0.1}, THIN),
        ({"age": 999, "share": 0, "low": 0.1}, OLD),
        ({"share": 0, "low": 0.1}, UNLIKE),
    ],
)
def test_the_first_reason_that_holds_is_given(changes: dict[str, float], reason: str | None) -> None:
    assert told(**changes) == (reason is None, reason)


def test_without_limits_neither_thin_nor_old_evidence_counts() -> None:
    spec = UncertaintySpec(least_evidence=0)
    ones = np.ones(2)
    found, reason = informative(0.3 * ones, 0.4 * ones, 0.2, 0 * ones, np.array([9e9, np.nan]), ones, spec)
    assert found.all()
    assert reason.tolist() == [None, None]
    assert REASONS == ("thin_evidence", "old_evidence", "unlike_training", "interval_spans_base_rate")


def rows(n: int, seed: int, columns: int = 6) -> np.ndarray:
    """Correlated columns, one heavy, one a count, two missing together."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, columns)) @ np.triu(np.ones((columns, columns)))
    X[:, 0] = np.exp(2 * X[:, 0])
    X[:, 1] = generator.poisson(0.3, n)
    X[generator.random(n) < 0.2, 2:4] = np.nan
    return X


def test_a_case_is_unlike_the_others_by_one_value_by_a_combination_or_by_what_is_missing() -> None:
    support = fit_support(rows(4000, 1), rows(1000, 2))
    assert support.whitening.shape == (8, 8), "six columns, one pattern of missing values, what is new"
    usual, fresh = support.distance_share(rows(4000, 3)), rows(6, 4)
    assert np.mean(usual <= 0.01) == pytest.approx(0.01, abs=0.01)
    fresh[:, 2:4] = rows(1000, 5)[~np.isnan(rows(1000, 5)).any(axis=1)][:6, 2:4]
    middle = np.nanmedian(rows(4000, 1), axis=0)
    fresh[0] = middle
    fresh[1] = middle
    fresh[1, 1] = 400  # a count that nobody had
    fresh[2] = middle
    fresh[2, 4], fresh[2, 5] = middle[4] + 4, middle[5] - 4  # each alone is usual: these two always went together
    fresh[3] = middle
    fresh[3, 5] = np.nan  # never missing in training
    fresh[4] = np.nan
    fresh[5] = middle
    fresh[5, 0] = np.inf
    found = support.distance_share(fresh)
    assert found[0] > 0.5
    assert (found[1:] <= 0.005).all(), found
    alone = np.tile(middle, (2, 1))
    alone[0, 4], alone[1, 5] = middle[4] + 4, middle[5] - 4
    one_by_one = [support.distance_share(rows_of)[0] for rows_of in (alone[:1], alone[1:])]
    assert max(one_by_one) > 0.005


def test_a_missing_value_that_is_usual_is_not_unlike() -> None:
    support = fit_support(rows(4000, 1), rows(1000, 2))
    case = np.nanmedian(rows(4000, 1), axis=0)[None].repeat(3, axis=0)
    case[1, 2:4] = np.nan
    case[2, 2] = np.nan  # the two always went together
    share = support.distance_share(case)
    assert share[1] > 0.05
    assert share[2] < share[1]


@pytest.mark.parametrize("full", [400, 3])
def test_order_of_rows_and_plain_storage_change_nothing(monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    monkeypatch.setattr(module, "FULL", full)
    X, held_out, mix = rows(500, 1), rows(200, 2), np.random.default_rng(3)
    X[:100] = X[100:200]  # equal rows among them
    X[7, 1] = -0.0
    support = fit_support(X, held_out)
    assert support.whitening.ndim == (2 if full == 400 else 1)
    again = fit_support(mix.permutation(X), mix.permutation(held_out))
    assert content_hash(vars(support)) == content_hash(vars(again))
    stored = Support(**vars(support))
    cases = rows(50, 4)
    assert (stored.distance_share(cases) == support.distance_share(cases)).all()
    one_by_one = np.concatenate([support.distance_share(case[None]) for case in cases])
    assert (one_by_one == support.distance_share(cases)).all()


def test_a_large_set_is_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 300)
    X = rows(3000, 1)
    X[:1500] = 0.0  # half of the cases are blank, and so is half of what is kept
    kept = module._in_order(X)
    assert len(kept) == 300
    assert (kept == 0).all(axis=1).sum() == pytest.approx(150, abs=2)
    support = fit_support(X, rows(3000, 2))
    assert len(support.reference) == 300
    assert (np.diff(support.reference) >= 0).all()


def test_columns_that_say_nothing_do_no_harm() -> None:
    X = np.zeros((50, 4))
    X[:, 1] = 7
    X[:, 2] = np.nan
    support = fit_support(X, X[:20])
    same, other, filled, gone = (X[:1].copy() for _ in range(4))
    other[0, 0], filled[0, 2], gone[0, 1] = 1, 3, np.nan
    assert support.distance_share(same) == 1, "like all the others"
    assert (support.distance_share(np.vstack([other, filled, gone])) == 0).all(), "nobody was like this"


def test_a_single_row_is_enough_to_fit() -> None:
    support = fit_support(np.array([[1.0, np.nan]]), np.array([[1.0, np.nan]]))
    assert support.distance_share(np.array([[1.0, np.nan]])) == 1
