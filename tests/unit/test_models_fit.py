"""Candidates, models, selection, metrics, scoring and explanation on small made-up data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.candidates import BoostingModel, LinearModel, best_column, fit_candidate
from models.dataset import Rows
from models.explanation import (
    by_factor,
    case_rows,
    contributions,
    direction_of,
    explanation,
    importance,
    tree_contributions,
    with_evidence,
)
from models.informative import OLD, SPANS_BASE_RATE, THIN, UNLIKE
from models.metrics import AT_CAPACITY, COLUMNS, METRICS, Scored, calibration_line, evaluate, metric_rows
from models.model import Model, content_hash, fit_model
from models.scoring import band_of, score
from models.selection import choose
from models.spec import BandSpec, CandidateSpec, UncertaintySpec

BANDS = BandSpec.model_validate([{"name": "low", "up_to": 0.2}, {"name": "high", "up_to": 1}])
QUICK = CandidateSpec(name="hist_gradient_boosting", params={"max_trees": 20, "min_samples_leaf": 10})
NAN = float("nan")


def made(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(generator.normal(size=(n, 3)), columns=["strong", "weak", "noise"])
    y = (generator.random(n) < 1 / (1 + np.exp(1.5 - 1.5 * X["strong"] - 0.3 * X["weak"]))).to_numpy(dtype=np.float64)
    return X, y, np.array([f"k{i // 2:04}" for i in range(n)], dtype=object)


def model(name: str = "logistic") -> tuple[Model, pd.DataFrame]:
    X, y, clusters = made()
    spec = QUICK if name == QUICK.name else CandidateSpec(name=name)  # type: ignore[arg-type]  # a known name
    return fit_model(spec, X, y, clusters, seed=1, calibration_share=0.25), X


def rows_of(X: pd.DataFrame) -> Rows:
    n = len(X)
    ids = [f"c{i}" for i in range(n)]
    frame = pd.DataFrame({"case_id": ids, "person_id": ids, "as_of": pd.Timestamp("2020-01-01"), "team": None})
    return Rows(frame, X)


def test_the_base_rate_is_the_log_odds_of_the_rate() -> None:
    X, y, clusters = made()
    fitted = fit_candidate(CandidateSpec(name="base_rate"), X.to_numpy(), y, clusters, 1)
    raw = fitted.raw(X.to_numpy())
    assert np.ptp(raw) == 0
    assert 1 / (1 + np.exp(-raw[0])) == pytest.approx(y.mean())


def test_one_factor_finds_the_strong_column_in_either_direction() -> None:
    X, y, clusters = made()
    values = X.to_numpy() * [-1, 1, 1]
    fitted = fit_candidate(CandidateSpec(name="one_factor"), values, y, clusters, 1)
    assert fitted.notes["column"] == 0
    assert isinstance(fitted, LinearModel)
    assert fitted.weights[0] < 0
    assert (fitted.weights[1:] == 0).all()
    values[:, 1] = np.nan
    assert best_column(values, y, clusters, 1)[0] == 0


def test_one_factor_without_usable_folds_takes_the_first_column() -> None:
    X, y, _ = made(40)
    assert best_column(X.to_numpy(), y, np.full(40, "one", dtype=object), 1) == (0, 0.5)


def test_logistic_sees_training_rows_only_and_clips_what_lies_beyond_them() -> None:
    X, y, clusters = made()
    X.loc[:50, "weak"] = NAN
    X["empty"] = NAN
    X["constant"] = 3.0
    fitted = fit_candidate(CandidateSpec(name="logistic"), X.to_numpy(), y, clusters, 1)
    assert isinstance(fitted, LinearModel)
    strong = X["strong"].to_numpy()
    assert (fitted.lowest[0], fitted.highest[0]) == tuple(np.quantile(strong, [0.01, 0.99]))
    assert fitted.medians[1] == pytest.approx(np.nanmedian(X["weak"]))
    assert fitted.missing_weights[0] == 0  # nothing was missing in training: no indicator
    assert (fitted.weights[3:] == 0).all()
    far, edge = X.iloc[:1].copy(), X.iloc[:1].copy()
    far["strong"], edge["strong"] = 1e9, fitted.highest[0]
    assert fitted.raw(far.to_numpy()) == fitted.raw(edge.to_numpy())
    terms, base = fitted.contributions(X.to_numpy())
    assert terms.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-12)
    assert base == fitted.intercept


def test_boosting_takes_as_many_trees_as_the_folds_ask_for() -> None:
    X, y, clusters = made()
    fitted = fit_candidate(QUICK, X.to_numpy(), y, clusters, 1)
    assert isinstance(fitted, BoostingModel)
    assert 1 <= fitted.notes["trees"] <= 20
    assert fitted.estimator.n_iter_ == fitted.notes["trees"]
    useless = np.random.default_rng(5).permutation(y)
    more = CandidateSpec(name="hist_gradient_boosting", params={"max_trees": 60, "min_samples_leaf": 10})
    assert fit_candidate(more, X.to_numpy(), useless, clusters, 1).notes["trees"] < 60


def test_boosting_with_one_cluster_still_fits() -> None:
    X, y, _ = made(100)
    fitted = fit_candidate(QUICK, X.to_numpy(), y, np.full(100, "one", dtype=object), 1)
    assert fitted.notes["trees"] == 1


def test_one_kind_of_outcome_is_refused_in_words() -> None:
    X, y, clusters = made(60)
    with pytest.raises(PlumblineError, match="only one kind of outcome"):
        fit_candidate(CandidateSpec(name="logistic"), X.to_numpy(), np.zeros(60), clusters, 1)
    y = np.zeros(60)
    y[:1] = 1
    with pytest.raises(PlumblineError, match="outcomes among"):
        fit_model(CandidateSpec(name="logistic"), X, y, clusters, seed=1, calibration_share=0.3)


def test_calibration_rows_are_never_used_in_fitting() -> None:
    X, y, clusters = made()
    fitted = fit_model(CandidateSpec(name="logistic"), X, y, clusters, seed=1, calibration_share=0.25)
    from models.folds import hashed_share

    apart = hashed_share(clusters, 1, "calibration") < 0.25
    assert fitted.calibrator.rows == apart.sum()
    changed = X.copy()
    changed.loc[apart, "strong"] *= -3
    again = fit_model(CandidateSpec(name="logistic"), changed, y, clusters, seed=1, calibration_share=0.25)
    assert content_hash(again.fitted.state()) == content_hash(fitted.fitted.state())
    assert again.version != fitted.version


def test_rows_with_other_columns_are_refused() -> None:
    fitted, X = model()
    with pytest.raises(PlumblineError, match=r"3 columns in its order \(missing: noise\)"):
        fitted.score(X.drop(columns="noise"))
    with pytest.raises(PlumblineError, match="columns in its order"):
        fitted.score(X[["weak", "strong", "noise"]])


def test_a_content_hash_knows_types_shapes_and_order() -> None:
    states = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": None}, {"a": "1"}, {"b": 1}, {"a": [1]}, {"a": [[1]]},
              {"a": np.array([1.0])}, {"a": np.array([[1.0]])}, {"a": np.array([1])}]  # fmt: skip
    hashes = [content_hash(state) for state in states]
    assert len(set(hashes)) == len(states)
    assert content_hash({"a": np.float64(1.5)}) == content_hash({"a": 1.5})
    with pytest.raises(TypeError, match="no content hash for set"):
        content_hash({"a": {1}})


def test_a_changed_leaf_changes_the_version() -> None:
    one, other = model("hist_gradient_boosting")[0], model("hist_gradient_boosting")[0]
    assert one.version == other.version
    assert isinstance(other.fitted, BoostingModel)
    tree = other.fitted.estimator._predictors[0][0]
    tree.nodes["value"][-1] += 1e-12
    assert content_hash(other.state()) != one.version


def test_the_simplest_within_the_margin_wins() -> None:
    auc = pd.DataFrame(
        [("s1", "hist_gradient_boosting", 0.74), ("s2", "hist_gradient_boosting", 0.70), ("s1", "logistic", 0.73),
         ("s2", "logistic", 0.70), ("s1", "one_factor", 0.60), ("s2", "one_factor", 0.60), ("s1", "base_rate", NAN),
         ("s2", "base_rate", 0.5)], columns=["split", "model", "auc"],
    )  # fmt: skip
    assert choose(auc, 0.01, "development splits").chosen == "logistic"
    assert choose(auc, 0.005, "development splits").chosen == "logistic"
    strict = choose(auc, 0.004, "development splits")
    assert (strict.chosen, strict.best) == ("hist_gradient_boosting",) * 2
    assert choose(auc, 0.5, "development splits").chosen == "base_rate"
    assert strict.table["candidate"].tolist() == ["base_rate", "one_factor", "logistic", "hist_gradient_boosting"]
    assert strict.table["auc"].tolist() == pytest.approx([0.5, 0.6, 0.715, 0.72])


def scored(n: int = 400, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    chance = generator.uniform(0.02, 0.6, n)
    return chance, (generator.random(n) < chance).astype(np.float64)


def test_a_perfect_score_lies_on_the_calibration_line() -> None:
    chance, y = scored(40_000)
    rows = Scored.of(chance, y, np.arange(40_000).astype(str).astype(object), None, np.arange(40_000))
    line = calibration_line(rows, np.ones((1, 40_000)))
    assert line["calibration_slope"][0] == pytest.approx(1, abs=0.05)
    assert line["calibration_intercept"][0] == pytest.approx(0, abs=0.05)


def test_few_steps_from_the_whole_give_the_replicates_own_line() -> None:
    chance, y = scored()
    rows = Scored.of(chance**1.3, y, np.arange(400).astype(str).astype(object), None, np.arange(400))
    weights = np.random.default_rng(0).multinomial(400, np.full(400, 1 / 400), 30).astype(np.float64)
    whole = calibration_line(rows, np.ones((1, 400)))
    start = (whole["_joint"][0], whole["calibration_slope"][0], whole["calibration_intercept"][0])
    quick, full = calibration_line(rows, weights, start, steps=3), calibration_line(rows, weights)
    for name in quick:
        assert quick[name] == pytest.approx(full[name], abs=1e-4)


def test_metrics_at_capacity_and_for_returning_persons() -> None:
    chance, y = scored()
    y[:5] = NAN
    frame = pd.DataFrame(
        {
            "split": "s",
            "as_of": pd.Timestamp("2020-01-01"),
            "role": "test",
            "model": "m",
            "case_id": [f"c{i}" for i in range(400)],
            "cluster_id": [f"k{i // 2}" for i in range(400)],
            "returning_person": np.arange(400) >= 390,
            "score": chance,
            "outcome": y,
        }
    )
    table = metric_rows(frame, select=lambda score, case_id: score >= 0.5, seed=1, min_cell=10)
    assert list(table.columns) == COLUMNS
    kinds = ("", "[new]", "[returning]")
    ties = {f"{name}[{tie}]" for name in AT_CAPACITY for tie in ("worst", "best", "expected")}
    unknown = {f"unknown_at_capacity{kind}" for kind in kinds}
    assert set(table["metric"]) == {name + kind for name in METRICS for kind in kinds} | ties | unknown
    found = table.set_index("metric")
    known, chosen = ~np.isnan(y), chance >= 0.5
    assert found.loc["precision_at_capacity", "value"] == pytest.approx(y[known & chosen].mean())
    assert found.loc["recall_at_capacity", "value"] == pytest.approx(y[known & chosen].sum() / y[known].sum())
    assert found.loc["lift_at_capacity", "value"] == pytest.approx(y[known & chosen].mean() / y[known].mean())
    assert found.loc["mean_score", "value"] == pytest.approx(chance[known].mean())
    assert found["n"].to_dict()["auc"] == 395
    assert found.loc["auc[returning]", ["value", "low", "high"]].isna().all()  # too few outcomes
    assert found.loc["auc[new]", "value"] > 0.5


def test_several_development_splits_are_pooled_and_the_test_is_not() -> None:
    chance, y = scored(300)
    ids = np.arange(300).astype(str)
    part = pd.DataFrame({"as_of": pd.Timestamp("2020-01-01"), "model": "m", "case_id": ids, "cluster_id": ids})
    part = part.assign(returning_person=False, score=chance, outcome=y)
    roles = {"a": "development", "b": "development", "c": "test"}
    parts = [part.assign(split=name, role=role) for name, role in roles.items()]
    table = metric_rows(pd.concat(parts), select=None, seed=1, min_cell=10)
    whole = table[table["metric"] == "auc"].set_index("split")
    assert whole["n"].to_dict() == {"a": 300, "b": 300, "c": 300, "development": 600}
    assert pd.isna(whole.loc["development", "as_of"])
    assert "precision_at_capacity" not in set(table["metric"])
    assert metric_rows(parts[0].iloc[:0], select=None, seed=1, min_cell=10).empty


def test_figures_that_do_not_exist_are_missing() -> None:
    _, y = scored()
    ids = np.arange(400).astype(str).astype(object)
    rows = Scored.of(np.full(400, 0.2), y, ids, np.zeros(400, dtype=bool), ids)
    found = evaluate(rows, seed=1, min_cell=10, replicates=20).set_index("metric")["value"]
    assert found["auc"] == 0.5
    assert np.isnan(found["calibration_slope"])
    assert np.isnan(found["precision_at_capacity"])  # nobody within the capacity


def behind(count: int, age: float = 10) -> pd.DataFrame:
    ids = [f"c{i}" for i in range(600)]
    age_days = pd.Series([age] * 600, dtype="Int64")
    return pd.DataFrame({"case_id": ids, "as_of": pd.Timestamp("2020-01-01"), "evidence_count": count}).assign(
        evidence_age_days=age_days
    )


def test_scores_have_every_column_and_say_when_they_tell_nothing() -> None:
    fitted, X = model()
    told = behind(3).sample(frac=1, random_state=1)  # the order of the evidence does not matter
    table = score(fitted, rows_of(X), BANDS, UncertaintySpec(unlike=0), told)
    assert list(table.columns) == ["case_id", "person_id", "as_of", "team", "score", "low", "high", "band",
                                   "informative", "reason", "raw", "base_value", "model_version"]  # fmt: skip
    spans = (table["low"] <= fitted.base_rate) & (fitted.base_rate <= table["high"])
    assert 0 < spans.sum() < len(table)
    far = fitted.support.distance_share(X.to_numpy()) == 0
    assert 0 < far.sum() < 30
    assert (table["informative"] == ~(spans | far)).all()
    assert set(table.loc[far, "reason"]) == {UNLIKE}
    assert set(table.loc[spans & ~far, "reason"]) == {SPANS_BASE_RATE}
    assert table.loc[table["informative"], "reason"].isna().all()
    assert (table["band"] == np.where(table["score"] < 0.2, "low", "high")).all()
    again = score(fitted, rows_of(X), BANDS, UncertaintySpec(unlike=0), behind(3), contributions(fitted, X))
    pd.testing.assert_frame_equal(table, again)


def test_scores_rest_on_the_evidence_of_their_own_case() -> None:
    fitted, X = model()
    told = behind(3)
    told.loc[:9, "evidence_count"] = 0
    told.loc[10:19, "evidence_age_days"] = 400
    spec = UncertaintySpec(unlike=0, oldest_evidence_days=365)
    table = score(fitted, rows_of(X), BANDS, spec, told.drop(index=[20]))
    assert (table["reason"] == THIN).to_numpy().nonzero()[0].tolist() == [*range(10), 20], "no row: nothing recorded"
    assert (table["reason"] == OLD).to_numpy().nonzero()[0].tolist() == [*range(10, 20)]
    assert not table["informative"][:21].any()


def test_the_last_band_holds_one() -> None:
    assert band_of(np.array([0, 0.1999, 0.2, 1.0]), BANDS).tolist() == ["low", "low", "high", "high"]


def columns(categories: dict[str, str] | None = None) -> list[Column]:
    return [
        Column(name=name, feature=name, factor=factor, kind="count", category=(categories or {}).get(name))
        for name, factor in [("strong", "a"), ("weak", "b"), ("noise", "a")]
    ]


def test_contributions_are_summed_by_factor_and_ranked() -> None:
    fitted, X = model("hist_gradient_boosting")
    table, base = contributions(fitted, X)
    factors = by_factor(table, columns())
    assert list(factors.columns) == ["a", "b"]
    assert factors["a"].tolist() == pytest.approx((table["strong"] + table["noise"]).tolist())
    long = case_rows(rows_of(X).frame, X, table, columns())
    assert long.groupby("case_id")["rank"].apply(list).map(lambda ranks: ranks == [1, 2]).all()
    first = long[long["rank"] == 1].set_index("case_id")["contribution"].abs()
    second = long[long["rank"] == 2].set_index("case_id")["contribution"].abs()
    assert (first >= second).all()
    total = long.groupby("case_id")["contribution"].sum().loc[[f"c{i}" for i in range(len(X))]].to_numpy()
    assert base + total == pytest.approx(fitted.raw(X))
    one = long[(long["case_id"] == "c3") & (long["factor"] == "a")].iloc[0]
    along = table.loc[3, ["strong", "noise"]] * np.sign(one["contribution"])
    assert one["feature"] == along.idxmax()
    assert one["value"] == X[one["feature"]][3]
    assert (one["columns"], one["values"]) == (["strong", "noise"], [X["strong"][3], X["noise"][3]])
    assert case_rows(rows_of(X).frame.iloc[:0], X.iloc[:0], table.iloc[:0], columns()).empty


def test_a_value_that_lowers_the_score_does_not_stand_for_a_factor_that_raises_it() -> None:
    fitted, X = model("hist_gradient_boosting")
    table, _ = contributions(fitted, X)
    table = table.assign(strong=-0.5, noise=0.4, weak=0.0)  # the factor as a whole lowers
    told = case_rows(rows_of(X).frame, X, table, columns())
    assert set(told.loc[told["factor"] == "a", "feature"]) == {"strong"}
    three = [*columns(), Column(name="more", feature="more", factor="a", kind="count")]
    table = table.assign(more=0.3)  # now it raises, and the largest term alone would lower
    told = case_rows(rows_of(X).frame, X.assign(more=1.0), table, three)
    assert set(told.loc[told["factor"] == "a", "feature"]) == {"noise"}


@pytest.mark.parametrize("name", ["strong", "noise"])
def test_nothing_of_other_people_stands_beside_a_reason_but_that_something_is_recorded(name: str) -> None:
    """Also where a column about the case's own person contributed more to the same factor."""
    fitted, X = model()
    table, _ = contributions(fitted, X)
    listed = [replace(column, by_association=column.name == name) for column in columns()]
    frame = rows_of(X).frame
    plain, hidden = (case_rows(frame, X, table, each) for each in (columns(), listed))
    assert plain["value"].notna().all()
    assert hidden["value"].notna().equals(hidden["factor"] == "b")
    assert hidden["feature"].notna().equals(hidden["factor"] == "b")
    for name in ("columns", "values"):
        assert (hidden[name].map(len) > 0).equals(hidden["factor"] == "b")
    told = ["feature", "value", "columns", "values"]
    pd.testing.assert_frame_equal(plain.drop(columns=told), hidden.drop(columns=told), check_exact=True)
    evidence = plain[["case_id", "as_of", "factor"]].assign(
        evidence_ids=[[] for _ in range(len(plain))], evidence_age_days=pd.NA
    )
    evidence["evidence_count"] = np.arange(len(plain)) % 4
    told = with_evidence(hidden, evidence, listed)
    assert set(told.loc[told["factor"] == "a", "evidence_count"]) == {0, 1}
    assert set(told.loc[told["factor"] == "b", "evidence_count"]) == {0, 1, 2, 3}
    assert ((told["evidence_count"] > 0) == (evidence["evidence_count"] > 0)).all()
    assert with_evidence(plain, evidence, columns())["evidence_count"].tolist() == evidence["evidence_count"].tolist()


def test_a_column_without_a_factor_stops_the_explanation() -> None:
    fitted, X = model()
    with pytest.raises(PlumblineError, match="no factor is known for noise"):
        by_factor(contributions(fitted, X)[0], columns()[:2])


def test_importance_over_everyone_and_by_group() -> None:
    fitted, X = model()
    table, _ = contributions(fitted, X)
    factors = by_factor(table, columns())
    group = pd.Series(["x"] * 400 + ["y"] * 5 + [None] * 195, dtype=object)
    clusters = made()[2]
    found = importance(factors, clusters, {"sex": group}, {"a": "up"}, min_cell=10, seed=1, replicates=50)
    everyone = found[found["attribute"].isna()].set_index("factor")
    assert everyone.loc["a", "importance"] == pytest.approx(factors["a"].abs().mean())
    assert everyone.loc["a", "low"] <= everyone.loc["a", "importance"] <= everyone.loc["a", "high"]
    assert everyone["direction"].to_dict() == {"a": "up", "b": "mixed"}
    by_group = found[found["attribute"] == "sex"]
    groups = [group if isinstance(group, str) else None for group in by_group["group"]]
    assert list(zip(groups, by_group["n"], strict=True)) == [
        ("x", 400), ("x", 400), ("y", 5), ("y", 5), (None, 195), (None, 195),
    ]  # fmt: skip
    assert by_group.loc[by_group["group"] == "y", "importance"].isna().all()


def test_the_direction_of_a_factor() -> None:
    fitted, X = model()
    table, _ = contributions(fitted, X)
    assert direction_of(X[["strong"]], table[["strong"]], columns()) == {"a": "up"}
    assert direction_of(-X[["strong"]], table[["strong"]], columns()) == {"a": "down"}
    assert direction_of(X[["strong"]], table[["strong"]], columns({"strong": "red"})) == {"a": "mixed"}
    assert direction_of(X[["weak"]], table[["weak"]] * 0, columns()) == {"b": "none"}
    flat = pd.DataFrame({"weak": [NAN, NAN, 1.0, 2.0]})
    assert direction_of(flat, pd.DataFrame({"weak": [0.0, 0, 1, 2]}), columns()) == {"b": "mixed"}
    shuffled = table[["strong"]].sample(frac=1, random_state=1).reset_index(drop=True)
    assert direction_of(X[["strong"]], shuffled, columns()) == {"a": "mixed"}


def test_native_categories_add_up() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y, _ = made(100)
    X["noise"] = (X["noise"] > 0) * 1.0
    booster = HistGradientBoostingClassifier(max_iter=2, categorical_features=[2]).fit(X.to_numpy(), y)
    values, base = tree_contributions(booster, X.to_numpy())
    np.testing.assert_allclose(base + values.sum(axis=1), booster.decision_function(X.to_numpy()), atol=1e-12)


def test_an_explanation_is_shaps_own_object_and_its_plots_work() -> None:
    import matplotlib as mpl
    import shap

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fitted, X = model()
    found = explanation(fitted, X)
    table, base = contributions(fitted, X)
    assert isinstance(found, shap.Explanation)
    assert found.feature_names == list(X.columns)
    np.testing.assert_array_equal(found.values, table)
    np.testing.assert_array_equal(found.base_values, base)
    np.testing.assert_array_equal(found.data, X)
    for plot, part in ((shap.plots.beeswarm, found), (shap.plots.waterfall, found[0])):
        assert plot(part, show=False).get_yticklabels()
        plt.close("all")


def test_contributions_that_do_not_add_up_are_never_returned() -> None:
    fitted, X = model()
    assert isinstance(fitted.fitted, LinearModel)

    class Wrong(LinearModel):
        def raw(self, X: np.ndarray) -> np.ndarray:
            raw = super().raw(X)
            raw[17] += 1e-8
            return raw

    wrong = replace(fitted, fitted=Wrong(**vars(fitted.fitted)))
    with pytest.raises(PlumblineError, match="contributions of 1 of 600 rows do not add up"):
        contributions(wrong, X)
