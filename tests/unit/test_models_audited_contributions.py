"""Test rows taken apart: by the part that scored each, exactly, whatever the blocks."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from models.dataset import Rows
from models.explanation import TOLERANCE, audited_contributions, contributions, explainable
from models.model import Audited, Model, fit_model
from models.spec import CandidateSpec
from models.splits import cross_fitting_fold
from tests.models_candidates import COLUMNS, KINDS, frame, made, spec_of

SEED = 3


@cache
def model(kind: str, seed: int = 0) -> Model:
    X, y, clusters = made(seed)
    return fit_model(spec_of(kind), frame(X), y, clusters, seed=1, calibration_share=0.3, columns=COLUMNS)


def rows(n: int = 90) -> Rows:
    X, _, clusters = made(8, n)
    return Rows(pd.DataFrame({"cluster_id": clusters}), frame(X), COLUMNS)


@pytest.mark.parametrize("kind", KINDS)
def test_base_and_factors_make_the_raw_score(kind: str) -> None:
    test, audited = rows(), Audited((model(kind),), SEED)
    told = audited_contributions(audited, test)
    raw, _ = audited.raw_and_score(test.X, test.frame["cluster_id"].to_numpy())
    assert (told.raw == raw).all()
    assert np.abs(told.base + told.table.sum(axis=1) - raw).max() <= TOLERANCE
    assert list(told.table.columns) == ["age", "school", "contacts", "noise"]
    assert len(set(told.base)) == 1


def test_each_row_is_explained_by_the_part_that_scored_it() -> None:
    test = rows()
    audited = Audited(tuple(model("logistic", seed) for seed in range(3)), SEED)
    clusters = test.frame["cluster_id"].to_numpy()
    told = audited_contributions(audited, test, by="column")
    part = cross_fitting_fold(clusters, 3, SEED)
    assert len(set(part)) == 3
    assert (told.raw == audited.raw_and_score(test.X, clusters)[0]).all()
    for k in range(3):
        mine = np.flatnonzero(part == k)
        table, base = contributions(audited.parts[k], test.X.iloc[mine])
        assert (told.table.to_numpy()[mine] == table.to_numpy()).all()
        assert (told.base[mine] == base).all()
    assert list(told.table.columns) == list(test.X.columns)


def test_blocks_change_nothing() -> None:
    test, audited = rows(), Audited(tuple(model("hist_gradient_boosting", seed) for seed in range(2)), SEED)
    whole, parts = audited_contributions(audited, test), audited_contributions(audited, test, block=7)
    pd.testing.assert_frame_equal(whole.table, parts.table, check_exact=True)
    assert (whole.raw == parts.raw).all()
    assert (whole.base == parts.base).all()


def test_no_rows_have_no_terms() -> None:
    told = audited_contributions(Audited((model("logistic"),), SEED), rows().take(np.array([], dtype=int)))
    assert told.table.shape == (0, 4)
    assert told.raw.shape == (0,)


def test_a_candidate_to_compare_with_cannot_be_explained() -> None:
    X, y, clusters = made(0)
    spec = CandidateSpec.model_validate({"name": "other", "class": "sklearn.naive_bayes.GaussianNB"})
    other = fit_model(spec, frame(X), y, clusters, seed=1, calibration_share=0.3, columns=COLUMNS)
    assert explainable(Audited((model("logistic"),), SEED))
    assert not explainable(Audited((model("logistic"), other), SEED))
    with pytest.raises(PlumblineError, match="no exact contributions"):
        audited_contributions(Audited((other,), SEED), rows())


def test_a_column_without_a_factor_stops() -> None:
    test = rows()
    with pytest.raises(PlumblineError, match="no factor is known for noise"):
        audited_contributions(Audited((model("logistic"),), SEED), Rows(test.frame, test.X, COLUMNS[:-1]))
