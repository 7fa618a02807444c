"""Figures by hand: lists with unknown outcomes, rounds, minimum cells, names; leaving factors out; learning curves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.ablation import DIFFERENCES, factor_rows, factors_of, is_ablation, without, without_each_factor
from models.dataset import Rows
from models.learning import learning_rows, thinned
from models.metrics import COLUMNS, known_metrics, metric_rows
from models.metrics.calibration import BINS, bins, calibration_error
from models.metrics.top import highest, places
from models.spec import EvaluationSpec
from models.splits import Split

NAN = float("nan")


def frame(seed: int = 1, n: int = 120, splits: int = 2, **changes: Any) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    parts = []
    for i in range(splits):
        score = generator.uniform(0.05, 0.6, n)
        part = pd.DataFrame(
            {
                "split": f"s{i}",
                "as_of": pd.Timestamp(2020 + i, 1, 1),
                "role": "development",
                "model": "logistic",
                "case_id": [f"c{j}" for j in range(n)],
                "cluster_id": [f"k{j // 2}" for j in range(n)],
                "returning_person": generator.random(n) < 0.5,
                "score": score,
                "outcome": (generator.random(n) < score).astype(float),
            }
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True).assign(**changes)


def tenth(score: np.ndarray, case_id: np.ndarray) -> np.ndarray:
    return highest(score, case_id, len(score) // 10)


def found(table: pd.DataFrame, split: str) -> Any:
    return table[table["split"] == split].set_index("metric")


def test_unknown_outcomes_take_a_place_and_count_in_no_figure() -> None:
    data = frame(n=200, splits=1)
    order = data["score"].sort_values(ascending=False).index
    data.loc[order[:15], "outcome"] = NAN
    data.loc[order[15:40], "outcome"] = [1.0] * 10 + [0.0] * 15
    table = found(
        metric_rows(
            data, select=None, seed=1, min_cell=5, evaluation=EvaluationSpec(top=[40, 17, "10%"], thresholds=[])
        ),
        "s0",
    )
    outcomes = data["outcome"].sum()
    for tie in ("", ", worst", ", best", ", expected"):
        assert table.loc[f"precision_at_k[40{tie}]", "value"] == pytest.approx(10 / 25)
        assert table.loc[f"recall_at_k[40{tie}]", "value"] == pytest.approx(10 / outcomes)
    assert table.loc["lift_at_k[40]", "value"] == pytest.approx(10 / 25 / data["outcome"].mean())
    assert table.loc["unknown_at_k[40]", "value"] == 15
    assert np.isnan(table.loc["precision_at_k[17]", "value"])  # two known cases are below the minimum cell
    assert np.isnan(table.loc["unknown_at_k[17]", "value"])
    assert table.loc["precision_at_k[10%]", "value"] == pytest.approx(1.0)
    assert table.loc["unknown_at_k[10%]", "value"] == 15


def test_a_small_number_of_unknown_outcomes_is_not_told_and_none_is() -> None:
    data = frame(n=200, splits=1)
    spec = EvaluationSpec(top=[40], thresholds=[])
    assert (
        found(metric_rows(data, select=None, seed=1, min_cell=5, evaluation=spec), "s0").loc[
            "unknown_at_k[40]", "value"
        ]
        == 0
    )
    data.loc[data["score"].idxmax(), "outcome"] = NAN
    assert np.isnan(
        found(metric_rows(data, select=None, seed=1, min_cell=5, evaluation=spec), "s0").loc[
            "unknown_at_k[40]", "value"
        ]
    )


def test_a_list_longer_than_the_cases_does_not_exist() -> None:
    assert (places(50, 49), places(50, 50), places("5%", 99), places("29%", 100), places("2.5%", 80)) == (
        0,
        50,
        4,
        29,
        2,
    )
    spec = EvaluationSpec(top=[121], thresholds=[])
    table = found(metric_rows(frame(), select=None, seed=1, min_cell=5, evaluation=spec), "s0")
    assert table.filter(like="_at_k", axis=0)["value"].isna().all()


def test_a_number_is_of_each_as_of_date_and_a_share_of_all_cases_of_the_split() -> None:
    data = frame(n=120, splits=1)
    data["as_of"] = pd.to_datetime(["2020-01-01"] * 60 + ["2020-07-01"] * 60)
    data["score"] = np.where(np.arange(120) < 60, data["score"] / 2, data["score"])
    table = found(
        metric_rows(data, select=tenth, seed=1, min_cell=1, evaluation=EvaluationSpec(top=[20, "35%"], thresholds=[])),
        "s0",
    )
    dates, whole = (slice(0, 60), slice(60, 120)), (slice(0, 120),)
    lists = {
        "precision_at_capacity": (12, whole),
        "precision_at_k[20]": (20, dates),
        "precision_at_k[35%]": (42, whole),
    }
    for name, (count, parts) in lists.items():
        mask = np.zeros(120, dtype=bool)
        for rows in parts:
            mask[rows] = highest(data["score"].to_numpy()[rows], data["case_id"].to_numpy()[rows], count)
        assert table.loc[name, "value"] == pytest.approx(data.loc[mask, "outcome"].mean())
    assert table["as_of"].iloc[0] == pd.Timestamp("2020-01-01")


def test_one_score_for_all_is_expected_to_find_what_chance_finds() -> None:
    data = frame(n=200, splits=2, score=0.3)
    table = metric_rows(data, select=tenth, seed=1, min_cell=5, evaluation=EvaluationSpec(top=[50], thresholds=[]))
    for split, rate in (("s0", data["outcome"][:200].mean()), ("development", data["outcome"].mean())):
        rows = found(table, split)
        assert rows.loc["precision_at_capacity[expected]", "value"] == pytest.approx(rate)
        assert rows.loc["recall_at_capacity[expected]", ["value", "low", "high"]].tolist() == pytest.approx([0.1] * 3)
        assert rows.loc["lift_at_k[50, expected]", ["value", "low", "high"]].tolist() == pytest.approx([1] * 3)
        assert rows.loc["precision_at_k[50, worst]", "value"] == 0
        assert rows.loc["precision_at_k[50, best]", "value"] == 1 if split == "s0" else True
    assert found(table, "s0").loc["precision_at_capacity[expected]", "low"] < rate


def test_another_horizon_has_its_own_outcomes_and_the_same_list() -> None:
    data = frame(n=200, splits=1)
    sooner = data[["as_of", "case_id"]].assign(outcome=data["outcome"] * (np.arange(200) % 2), cohort="s0")
    table = found(metric_rows(data, select=tenth, seed=1, min_cell=5, horizons={"30d": sooner.iloc[:190]}), "s0")
    told = sooner["outcome"][:190]
    mask = tenth(data["score"].to_numpy(), data["case_id"].to_numpy())
    assert table.loc["base_rate[within 30d]", "value"] == pytest.approx(told.mean())
    assert table.loc["auc[within 30d]", "n"] == 190  # the others are not known yet
    assert table.loc["recall_at_capacity[within 30d]", "value"] == pytest.approx(told[mask[:190]].sum() / told.sum())
    assert {name for name in table.index if "within" in name} == {
        f"{name}[within 30d]" for name in ("auc", "average_precision", "base_rate", "recall_at_capacity")
    }


def test_a_subset_of_an_attribute_that_nobody_gave_is_refused() -> None:
    spec = EvaluationSpec.model_validate({"subsets": [{"name": "n", "attribute": "area", "values": ["n"]}]})
    with pytest.raises(ValueError, match="area"):
        metric_rows(frame(), select=None, seed=1, min_cell=5, evaluation=spec)


def test_every_name_that_a_charter_may_use_is_measured_on_the_test() -> None:
    spec = EvaluationSpec.model_validate(
        {"top": [30, "5%"], "subsets": [{"name": "north", "attribute": "area", "values": ["n"]}]}
    )
    data = frame(n=300, splits=1, role="test")
    groups = data[["as_of", "case_id"]].assign(area="n")
    later = {"30d": data[["as_of", "case_id", "outcome"]]}
    table = metric_rows(data, select=tenth, seed=1, min_cell=5, evaluation=spec, groups=groups, horizons=later)
    names = known_metrics(spec, ["30d"])
    assert set(names) <= set(table["metric"])
    assert {name for name in set(table["metric"]) - set(names) if not name.startswith("unknown_at")} == set()
    assert not table["metric"].duplicated().any()
    assert table.set_index("metric").loc[names, "value"].notna().all()


def test_bins_have_equal_mass_and_do_not_part_equal_scores() -> None:
    assert np.bincount(bins(np.arange(1000) / 1000)).tolist() == [100] * BINS
    assert set(bins(np.full(500, 0.2))) == {0}
    assert bins(np.arange(60) / 60).max() == 1  # 25 cases each at least
    tied = bins(np.repeat([0.1, 0.2, 0.3], [480, 40, 480]))
    assert len(set(tied[:480])) == 1
    assert (np.diff(tied) >= 0).all()


def described(*factors: str) -> Rows:
    columns = tuple(Column(f"x{i}", f"x{i}", factor, "count") for i, factor in enumerate(factors))
    X = pd.DataFrame(np.zeros((3, len(factors))), columns=[column.name for column in columns])
    return Rows(pd.DataFrame({"case_id": list("abc")}), X, columns)


def test_factors_are_left_out_with_all_their_columns() -> None:
    rows = described("contacts", "age", "contacts")
    assert factors_of(rows) == {"contacts": ["x0", "x2"], "age": ["x1"]}
    left = {factor: fewer.columns for factor, fewer in without_each_factor(rows)}
    assert left == {"contacts": ["x1"], "age": ["x0", "x2"]}
    assert list(without_each_factor(described("age", "age"))) == []  # nothing would be left
    assert is_ablation(without("logistic", "age"))
    assert is_ablation("logistic history 2y")
    assert not is_ablation("hist_gradient_boosting")


def test_what_a_factor_adds_is_paired_per_split_and_pooled() -> None:
    data = frame(n=150, splits=2)
    worse = data.assign(model=without("logistic", "age"), score=data["score"].to_numpy()[::-1])
    both = pd.concat([data, worse, data.assign(model=without("logistic", "same"))], ignore_index=True)
    table = factor_rows(both, "logistic", ["age", "same"], select=tenth, seed=1, min_cell=5)
    assert list(table.columns) == COLUMNS
    assert set(table["split"]) == {"s0", "s1", "development"}
    assert set(table["metric"]) == {f"{name}[difference]" for name in DIFFERENCES}
    same = table[table["model"] == "logistic without same"]
    assert (same[["value", "low", "high"]] == 0).all(axis=None)
    plain = metric_rows(both, select=tenth, seed=1, min_cell=5).set_index(["split", "model", "metric"])["value"]
    rows: Any = table[table["model"] == "logistic without age"]
    for row in rows.itertuples():
        metric = str(row.metric).removesuffix("[difference]")
        assert row.value == pytest.approx(plain[row.split, row.model, metric] - plain[row.split, "logistic", metric])
        assert row.low <= row.value <= row.high
    order = np.random.default_rng(0).permutation(len(both))
    other = factor_rows(both.iloc[order], "logistic", ["age", "same"], select=tenth, seed=1, min_cell=5)
    key = ["split", "model", "metric"]
    pd.testing.assert_frame_equal(
        table.sort_values(key).reset_index(drop=True), other.sort_values(key).reset_index(drop=True), check_exact=True
    )


def test_the_sealed_test_is_never_asked_what_a_factor_adds_or_how_much_there_is_to_learn() -> None:
    data = frame(splits=2)
    data.loc[data["split"] == "s1", "role"] = "test"
    with pytest.raises(ValueError, match="sealed test"):
        factor_rows(data, "logistic", ["age"], select=None, seed=1, min_cell=5)
    sealed = replace(split(), role="test")
    with pytest.raises(ValueError, match="sealed test"):
        learning_rows(lambda _: frame(), [split(), sealed], CLUSTERS, "logistic", [0.5], seed=1, min_cell=5)


CLUSTERS = np.array([f"k{i // 2}" for i in range(1000)], dtype=object)


def split(name: str = "s0") -> Split:
    possible = np.arange(800)
    y = (np.arange(800) % 5 == 0).astype(float)
    return Split(
        name,
        date(2020, 1, 1),
        "development",
        None,
        np.arange(800, 1000),
        possible,
        y,
        possible % 10 == 0,
        "purged",
        ("a",),
        (name,),
    )


def test_a_larger_share_holds_the_smaller_and_clusters_stay_whole() -> None:
    parts = [thinned(split(), CLUSTERS, share, 3) for share in (0.25, 0.5, 0.75, 1.0)]
    kept = [set(part.possible) for part in parts]
    assert kept[0] < kept[1] < kept[2] < kept[3] == set(range(800))
    assert len(kept[1]) == pytest.approx(400, abs=60)
    for part in parts:
        assert {int(row) ^ 1 for row in part.possible} == set(part.possible)  # the other of the cluster
        assert (part.y_possible == (part.possible % 5 == 0)).all()
        assert (part.shared == (part.possible % 10 == 0)).all()
        assert (part.test == split().test).all()


def test_a_learning_curve_has_its_rows_and_leaves_gaps_where_too_little_is_left() -> None:
    asked: list[tuple[str, int]] = []

    def fit_and_score(part: Split) -> pd.DataFrame:
        asked.append((part.name, len(part.train)))
        if part.name == "s1" and len(part.possible) < 300:
            raise PlumblineError("the rows for calibration hold 0 outcomes")
        return frame(seed=len(part.train), splits=1)

    table = learning_rows(
        fit_and_score, [split(), split("s1")], CLUSTERS, "logistic", [0.01, 0.25, 0.5], seed=3, min_cell=5, least=20
    )
    assert [name for name, _ in asked] == ["s0", "s1"] * 2  # a hundredth holds fewer than 20 outcomes
    assert list(table.columns) == COLUMNS
    names = {f"{name}[learning {share}]" for name in ("auc", "average_precision", "brier") for share in ("25%", "50%")}
    assert set(table["metric"]) == names | {"training_rows[learning 25%]", "training_rows[learning 50%]"}
    told: Any = table.set_index(["split", "metric"])
    assert told.loc[("s0", "training_rows[learning 25%]"), "value"] == asked[0][1]
    assert ("s1", "auc[learning 25%]") not in told.index
    assert ("development", "auc[learning 25%]") not in told.index
    assert told.loc[("development", "auc[learning 50%]"), "n"] == 240
    alone: Any = metric_rows(frame(seed=asked[2][1], splits=1), select=None, seed=3, min_cell=5).set_index("metric")
    figures = ["value", "low", "high"]
    assert told.loc[("s0", "auc[learning 50%]"), figures].tolist() == alone.loc["auc", figures].tolist()


def test_unknown_outcomes_of_new_and_returning_persons_are_counted_apart() -> None:
    data = frame(n=400, splits=1)
    order = data["score"].sort_values(ascending=False).index
    data.loc[order[:20], "outcome"] = NAN
    data["returning_person"] = False
    data.loc[order[6:400:2], "returning_person"] = True
    table = found(metric_rows(data, select=tenth, seed=1, min_cell=5), "s0")
    counts = [table.loc[f"unknown_at_capacity{kind}", "value"] for kind in ("", "[new]", "[returning]")]
    assert counts == [20, 13, 7]


def test_days_may_be_dates_or_timestamps() -> None:
    spec = EvaluationSpec.model_validate({"subsets": [{"name": "n", "attribute": "area", "values": ["n"]}]})
    data = frame(splits=1)
    groups = data[["case_id"]].assign(area="n", as_of=date(2020, 1, 1))
    table = metric_rows(data, select=None, seed=1, min_cell=5, evaluation=spec, groups=groups).set_index("metric")
    assert table.loc["auc[subset n]", "n"] == table.loc["auc", "n"] == 120


def test_the_calibration_error_takes_off_what_chance_gives_once_and_twice_from_a_replicate() -> None:
    mass, gap = np.array([[1.0, 3.0]]), np.array([[0.3, 0.1]])
    masses, gaps = np.array([[1.0, 3.0], [1.0, 3.0]]), np.array([[0.4, 0.1], [0.2, 0.1]])
    # the gap of the first bin, a quarter of the mass, varies by .01 (squared) between the replicates
    square = 0.25 * 0.09 + 0.75 * 0.01
    found_ = calibration_error((mass, gap), (masses, gaps))
    assert found_[0] == pytest.approx(np.sqrt(square - 0.25 * 0.01))
    assert found_[1] == pytest.approx(np.sqrt(0.25 * 0.16 + 0.75 * 0.01 - 2 * 0.25 * 0.01))
    none = calibration_error((mass, gap * 0), (masses, gaps * np.array([[1.0], [-1.0]])))
    assert none[0] == 0  # never below zero
