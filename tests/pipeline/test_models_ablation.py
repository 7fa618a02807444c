"""The chosen recipe without the columns that speak of other people: fitted alike, compared alike, and without a say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.ablation import BY_ASSOCIATION, DIFFERENCE, DIFFERENCES, difference_rows, without
from models.backtest import Backtest, run_backtest
from models.dataset import Rows
from models.spec import CandidatesSpec
from models.splits import temporal_splits
from models.training import Trainer
from tests.pipeline.test_models_backtest import most_urgent, rows

SPEC = CandidatesSpec.model_validate(["base_rate", "one_factor", "logistic"])


def backtest(data: Rows, spec: CandidatesSpec = SPEC, *, others: tuple[str, ...] = ("a",), **more: object) -> Backtest:
    return run_backtest(data, spec, seed=1, margin=0.0, select=most_urgent, by_association=others, **more)


@pytest.fixture(scope="module")
def data() -> Rows:
    """Column `a` decides, `b` and `c` are noise; a fourth tells a little of what `a` tells."""
    plain = rows()
    noise = np.random.default_rng(9).normal(size=len(plain.X))
    return Rows(plain.frame, plain.X.assign(d=plain.X["a"] + 2 * noise))


@pytest.fixture(scope="module")
def plain(data: Rows) -> Backtest:
    return backtest(data, others=())


@pytest.fixture(scope="module")
def ablated(data: Rows) -> Backtest:
    return backtest(data)


def scores(found: Backtest, model: str, split: str | None = None) -> pd.DataFrame:
    """Predictions of one model, of one split or of all."""
    part = found.predictions[found.predictions["model"] == model]
    return part[["split", "case_id", "score"]] if split is None else part[part["split"] == split]


def test_nothing_else_changes(plain: Backtest, ablated: Backtest) -> None:
    added = ablated.metrics["model"].str.endswith(BY_ASSOCIATION)
    pd.testing.assert_frame_equal(plain.metrics, ablated.metrics[~added].reset_index(drop=True), check_exact=True)
    others = ablated.predictions["model"].str.endswith(BY_ASSOCIATION)
    same = ablated.predictions[~others].reset_index(drop=True)
    pd.testing.assert_frame_equal(plain.predictions, same, check_exact=True)
    pd.testing.assert_frame_equal(plain.selection.table, ablated.selection.table, check_exact=True)
    assert plain.audited.version == ablated.audited.version
    assert not plain.metrics["model"].str.endswith(BY_ASSOCIATION).any()
    assert set(ablated.metrics.loc[added, "model"]) == {without(ablated.chosen)}


def test_the_same_recipe_sees_the_same_rows_and_only_the_other_columns(data: Rows, ablated: Backtest) -> None:
    split = temporal_splits(data.frame)[-1]
    fewer = Rows(data.frame, data.X[["b", "c", "d"]])
    trainer = Trainer(SPEC, seed=1)
    model = trainer.fit_split(trainer.candidate(ablated.chosen), fewer, split)
    clusters = data.frame["cluster_id"].to_numpy(dtype=object)[split.test]
    chosen, fewer_columns = (scores(ablated, name, split.name) for name in (ablated.chosen, without(ablated.chosen)))
    np.testing.assert_array_equal(fewer_columns["score"].to_numpy(), model.score(fewer.take(split.test).X, clusters))
    assert fewer_columns["case_id"].tolist() == chosen["case_id"].tolist()


def test_the_columns_left_out_have_no_part_in_its_scores(data: Rows, ablated: Backtest) -> None:
    turned = backtest(Rows(data.frame, data.X.assign(a=-data.X["a"])))
    assert turned.chosen == ablated.chosen
    one, other = (scores(found, without(ablated.chosen)) for found in (ablated, turned))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_loss_is_the_difference_of_both_figures_and_its_interval_is_paired(ablated: Backtest) -> None:
    test = ablated.metrics.query("split == 'c2'").set_index(["model", "metric"])
    one, other = ablated.chosen, without(ablated.chosen)
    for metric in DIFFERENCES:
        difference = test.loc[(other, metric + DIFFERENCE)]
        less = test.loc[(other, metric), "value"] - test.loc[(one, metric), "value"]
        assert difference["value"] == pytest.approx(less)
        assert difference["low"] <= difference["value"] <= difference["high"]
        assert difference["n"] == test.loc[(one, metric), "n"]
        assert difference["as_of"] == test.loc[(one, metric), "as_of"]
    auc = test.loc[(other, "auc" + DIFFERENCE)]
    assert auc["high"] < 0, "the column decides: without it the ranking is worse"
    assert test.loc[(other, "brier" + DIFFERENCE), "low"] > 0
    keys = ablated.metrics[["split", "model", "metric"]]
    assert not keys.duplicated().any()


def test_what_both_recipes_share_does_not_widen_the_interval() -> None:
    generator = np.random.default_rng(2)
    n = 400
    y = (generator.random(n) < 0.3).astype(float)
    score = np.clip(0.3 + 0.2 * (y - 0.3) + generator.normal(0, 0.15, n), 0.01, 0.99)
    frame = pd.DataFrame(
        {
            "split": "t",
            "as_of": pd.Timestamp("2020-01-01"),
            "role": "test",
            "case_id": [f"c{i:03}" for i in range(n)],
            "cluster_id": [f"k{i // 2:03}" for i in range(n)],
            "outcome": y,
        }
    )
    frame.loc[0, "outcome"] = np.nan
    nearly = score + generator.normal(0, 1e-3, n)
    both = pd.concat([frame.assign(model="m", score=score), frame.assign(model=without("m"), score=nearly)])
    shuffled = both.sample(frac=1, random_state=3)
    table = difference_rows(both, "m", select=None, seed=1, min_cell=10).set_index("metric")
    assert table.index.tolist() == ["auc[difference]", "average_precision[difference]", "brier[difference]"]
    assert (table["n"] == n - 1).all()
    assert table.loc["auc[difference]", "high"] - table.loc["auc[difference]", "low"] < 0.01
    pd.testing.assert_frame_equal(
        table, difference_rows(shuffled, "m", select=None, seed=1, min_cell=10).set_index("metric"), check_exact=True
    )
    same = both.assign(score=np.concatenate([score, score]))
    none = difference_rows(same, "m", select=most_urgent, seed=1, min_cell=10)
    assert (none[["value", "low", "high"]] == 0).all(axis=None)
    few = difference_rows(both, "m", select=None, seed=1, min_cell=200)
    assert few[["value", "low", "high"]].isna().all(axis=None)
    assert (few["n"] == n - 1).all()


@pytest.mark.parametrize("models", [["base_rate"], ["base_rate", "hist_gradient_boosting"]])
def test_a_recipe_that_has_no_other_column_is_the_base_rate(data: Rows, models: list[object]) -> None:
    trees = {"name": "hist_gradient_boosting", "params": {"max_trees": 10}}
    spec = CandidatesSpec.model_validate([trees if name == "hist_gradient_boosting" else name for name in models])
    found = backtest(Rows(data.frame, data.X[["a"]]), spec)
    test = found.metrics.query("split == 'c2' and metric == 'auc'").set_index("model")["value"]
    assert test[without(found.chosen)] == 0.5
    assert found.chosen == models[-1]


@pytest.mark.slow
def test_several_development_splits_are_pooled_and_the_store_is_read_again(tmp_path: Path) -> None:
    data, told = rows(cohorts=6, n=150), []
    found = backtest(data, store=tmp_path, progress=told.append)
    label = without(found.chosen)
    differences = found.metrics[found.metrics["metric"] == "auc" + DIFFERENCE].set_index("split")
    assert differences.index.tolist() == ["c1", "c2", "c3", "development", "c4"]
    assert differences.loc["development", "n"] == differences.loc[["c1", "c2", "c3"], "n"].sum()
    assert pd.isna(differences.loc["development", "as_of"])
    assert label in set(found.predictions["model"])
    files = {path.name for path in tmp_path.iterdir()}
    again = backtest(data, store=tmp_path)
    pd.testing.assert_frame_equal(found.metrics, again.metrics, check_exact=True)
    assert {path.name for path in tmp_path.iterdir()} == files
