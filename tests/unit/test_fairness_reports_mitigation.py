"""Ways to shrink a gap: what each does to a planted one, what nobody may see, what cannot be tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.audit.grouping import by_attribute
from fairness_reports.language import Language
from fairness_reports.mitigation.constrained import constraint_of, exponentiated_gradient, grid_search, grid_size
from fairness_reports.mitigation.figures import Figures, Scored
from fairness_reports.mitigation.frontier import frontier
from fairness_reports.mitigation.grouping import POOLED, labels_of, pooled, pooling
from fairness_reports.mitigation.options import coarse, weights_of
from fairness_reports.mitigation.part import Part, Task
from fairness_reports.mitigation.rows import COLUMNS, About, Judged, measured_rows
from fairness_reports.mitigation.words import cost_in_words, gain_in_words
from fairness_reports.release_schemas import SCHEMAS
from fairness_reports.release_tables import to_arrow
from fairness_reports.spec import OVERALL
from models.dataset import Rows
from models.spec import CandidatesSpec, SplitsSpec
from models.splits import temporal_splits
from models.training import Trainer
from tests.fairness_reports_mitigation_data import ALL, charter, cohorts, compared, pick

pytestmark = [pytest.mark.slow, pytest.mark.measured]

FNR = {"attribute": "group", "metric": "fnr"}
AREA = {"attribute": OVERALL, "metric": "auc"}


@pytest.fixture(scope="module")
def world() -> tuple[Rows, pd.DataFrame]:
    return cohorts(5, n=1200)


@pytest.fixture(scope="module")
def table(world: tuple[Rows, pd.DataFrame]) -> pd.DataFrame:
    return compared(*world, charter=charter(may=["reweigh"]))


def test_the_table_is_one_of_a_release(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == COLUMNS == tuple(column.name for column in SCHEMAS["mitigation"].columns)
    keys = ["option", "split", "role", "attribute", "group", "metric", "comparison", "reference"]
    assert len(to_arrow("mitigation", "open", table, keys, {})) == len(table)
    assert set(table["option"]) == {"as_is", *ALL}
    assert set(table["split"]) == {"c1", "c2"}


@pytest.mark.parametrize("option", ["reweigh", "exponentiated_gradient", "grid_search", "threshold_optimizer"])
def test_what_is_constrained_shrinks_the_planted_gap(table: pd.DataFrame, option: str) -> None:
    for split in ("c1", "c2"):
        before = pick(table, option="as_is", split=split, comparison="largest_gap", **FNR)
        after = pick(table, option=option, split=split, comparison="largest_gap", **FNR)
        change = pick(table, option=option, split=split, comparison="change", role="development", **FNR)
        assert before["value"] > 0.15
        assert before["low"] > 0
        assert after["value"] < before["value"] - 0.05
        assert change["value"] == pytest.approx(after["value"] - before["value"])
        assert change["low"] < change["value"] < change["high"]


def test_without_the_proxy_the_gap_goes_and_something_is_paid(table: pd.DataFrame) -> None:
    change = pick(table, option="drop_proxies", split="c2", comparison="change", role="development", **FNR)
    assert change["value"] < -0.08
    area = pick(table, option="drop_proxies", split="c2", comparison="change", **AREA)
    assert -0.05 < area["value"] < 0.01, "the need still tells, only the proxies are gone"
    assert area["low"] < area["value"] < area["high"]


def test_a_gain_that_held_and_one_that_reversed() -> None:
    found = {}
    for turned in (False, True):
        rows, groups = cohorts(5, n=2500, turned=turned)
        told = compared(rows, groups, "drop_proxies")
        found[turned] = pick(told, role="stress")
        now = pick(told, split="c2", comparison="change", role="development", **FNR)
        assert found[turned][["value", "low", "high"]].tolist() == now[["value", "low", "high"]].tolist()
    assert found[False]["reason"] == "held"
    assert found[False]["high"] < 0
    assert found[True]["reason"] == "reversed"
    assert found[True]["low"] > 0
    assert found[True]["metric"] == "gain_held[fnr]"
    assert found[True]["split"] == "c2"


def test_with_one_development_split_nothing_says_whether_a_gain_holds() -> None:
    told = compared(*cohorts(4, n=2000), "reweigh")
    stress = told[told["role"] == "stress"]
    assert set(stress["reason"]) == {"one development split only"}
    assert pick(told, option="reweigh", comparison="change", role="development", **FNR)["value"] != 0
    assert stress[["value", "low", "high", "n"]].isna().all(axis=None), "nothing was tested, so there is no figure"


def test_the_sealed_test_is_never_looked_at(world: tuple[Rows, pd.DataFrame], table: pd.DataFrame) -> None:
    rows, groups = world
    splits = temporal_splits(rows.frame, SplitsSpec(relatives="purge", folds=2))
    sealed = splits[-1].test
    assert splits[-1].role == "test"
    assert len(sealed)
    after = rows.frame["as_of"] >= rows.frame["as_of"].iloc[sealed].min()
    frame, X, told = rows.frame.copy(), rows.X.copy(), groups.copy()
    X.loc[after] = np.nan
    frame.loc[after, "outcome"] = 1 - frame.loc[after, "outcome"]
    frame.loc[after, ["cluster_id", "outcome_known_at"]] = None
    told.loc[told["as_of"].isin(frame.loc[after, "as_of"]), "group"] = "poison"
    again = compared(Rows(frame, X), told, splits=splits, charter=charter(may=["reweigh"]))
    pd.testing.assert_frame_equal(again, table)


def test_marks_what_needs_the_attribute_and_what_may_be_chosen(table: pd.DataFrame) -> None:
    assert set(table.loc[table["needs_attribute"], "option"]) == {"threshold_optimizer"}
    assert set(table.loc[table["may_be_chosen"], "option"]) == {"as_is", "reweigh"}
    silent = compared(*cohorts(4, n=600), "reweigh", charter=charter(silent=True))
    assert set(silent.loc[silent["may_be_chosen"], "option"]) == {"as_is"}


def test_as_is_is_what_the_backtest_scores(world: tuple[Rows, pd.DataFrame], table: pd.DataFrame) -> None:
    from sklearn.metrics import roc_auc_score

    rows, _ = world
    for design, found in (("purge", table), ("cross_fit", compared(*world, "reweigh", design="cross_fit"))):
        cut = SplitsSpec.model_validate({"relatives": design, "folds": 2})
        split = next(each for each in temporal_splits(rows.frame, cut) if each.name == "c2")
        trainer = Trainer(CandidatesSpec.model_validate(["base_rate", SPEC_LOGISTIC]), seed=1, folds=2)
        test = rows.take(split.test)
        score = trainer.fit_split(trainer.candidate("logistic"), rows, split).score(
            test.X, test.frame["cluster_id"].to_numpy(dtype=object)
        )
        row = pick(found, option="as_is", split="c2", comparison="value", **AREA)
        assert row["value"] == pytest.approx(roc_auc_score(test.frame["outcome"], score), abs=1e-12)


SPEC_LOGISTIC = {"name": "logistic", "params": {"inverse_penalty": 0.1}}


def test_same_seed_same_table(world: tuple[Rows, pd.DataFrame]) -> None:
    # the sealed-test comparison holds all options to it
    pd.testing.assert_frame_equal(compared(*world, "threshold_optimizer"), compared(*world, "threshold_optimizer"))
    other = compared(*world, "threshold_optimizer", seed=2)
    assert other["value"].equals(compared(*world, "threshold_optimizer")["value"])


def test_proxies_that_somebody_names_are_taken(world: tuple[Rows, pd.DataFrame]) -> None:
    named = compared(*world, "drop_proxies", named=["place", "owns"])
    found = compared(*world, "drop_proxies")
    others = compared(*world, "drop_proxies", proxies=["noise"])
    pd.testing.assert_frame_equal(named, found)
    where = {"option": "drop_proxies", "split": "c2", "comparison": "value", **AREA}
    assert pick(others, **where)["value"] != pick(named, **where)["value"]


def test_without_a_development_split_one_row_says_so(world: tuple[Rows, pd.DataFrame]) -> None:
    rows, groups = world
    test = temporal_splits(rows.frame, SplitsSpec(relatives="purge"))[-1:]
    for splits in (test, []):
        told = compared(rows, groups, splits=splits)
        assert told["reason"].tolist() == ["no development split"]
        assert told["value"].isna().all()
        assert len(frontier(told)) == 0
        assert len(to_arrow("mitigation", "open", told, ["option"], {})) == 1
    assert compared(rows, groups, splits=[replace(test[0], role="development", history="1y"), *test]).shape[0] == 1


def test_an_attribute_with_one_group_is_told_of(world: tuple[Rows, pd.DataFrame]) -> None:
    told = compared(*world, charter=charter([("fnr", "same", OVERALL)]), attribute="same")
    constrained = told[told["option"].isin(["reweigh", "exponentiated_gradient", "threshold_optimizer"])]
    assert set(constrained.loc[constrained["role"] == "development", "reason"]) == {"one group only in training"}
    dropped = told[told["option"] == "drop_proxies"]
    assert "no factor reveals the attribute" in set(dropped["reason"])
    assert pick(told, option="as_is", split="c2", comparison="largest_gap")["reason"] == "one group only"


def test_groups_without_an_outcome_have_no_figure_and_are_pooled(world: tuple[Rows, pd.DataFrame]) -> None:
    rows, groups = world
    frame = rows.frame.copy()
    of_c = (np.arange(len(frame)) % 20) == 0
    frame.loc[of_c, "outcome"] = frame.loc[of_c, "outcome"].where(frame.loc[of_c, "outcome"].isna(), 0.0)
    told = compared(
        Rows(frame, rows.X), groups.assign(group=groups["group"].where(~of_c, "c")), "reweigh", "threshold_optimizer"
    )
    for option in ("as_is", "reweigh", "threshold_optimizer"):
        row = pick(told, option=option, split="c2", comparison="difference", group="c")
        assert row["reason"] == "fewer than 10"
        assert np.isnan(row["value"])
        assert pick(told, option=option, split="c2", comparison="largest_gap")["value"] > 0


def test_a_candidate_without_weights_is_not_reweighed(world: tuple[Rows, pd.DataFrame]) -> None:
    trainer = Trainer(CandidatesSpec.model_validate(["base_rate", "points"]), seed=1)
    told = compared(*cohorts(4, n=500), "reweigh", trainer=trainer, chosen="points")
    changed = told[(told["option"] == "reweigh") & (told["role"] == "development")]
    assert set(changed["reason"]) == {"the chosen model takes no weights"}
    assert changed["value"].isna().all()


def test_an_option_that_changes_no_score_says_so_everywhere(world: tuple[Rows, pd.DataFrame]) -> None:
    judged = [("fnr", "group", OVERALL), ("calibration", "group", OVERALL)]
    told = compared(*world, "drop_proxies", chosen="base_rate", charter=charter(judged))
    changes = told[told["comparison"] == "change"]
    assert set(changes["metric"]) == {
        "auc", "brier", "recall_at_capacity", "precision_at_capacity", "fnr", "calibration",
        "gain_held[fnr]", "gain_held[calibration]",
    }  # fmt: skip
    assert set(changes["reason"]) == {"nothing changed by it"}
    assert changes[["value", "low", "high", "n"]].isna().all(axis=None)
    measured = told[(told["option"] == "drop_proxies") & (told["comparison"] == "value")]
    assert measured["value"].notna().all(), "its own figures stand"
    own = told[told["option"] == "drop_proxies"]
    assert cost_in_words(own, Language("en")) == "It changes nothing."
    assert gain_in_words(own, Language("de")) == ["Dieser Weg ändert nichts."]


def test_other_scores_in_the_same_order_select_the_same_people() -> None:
    rng = np.random.default_rng(3)
    score = rng.random(400)
    outcome = (rng.random(400) < score).astype(np.float64)
    scored = {name: Scored(each, score > 0.7, True) for name, each in {"as_is": score, "squared": score**2}.items()}
    groups = by_attribute("group", rng.choice(["a", "b"], 400).tolist(), "not recorded")
    figures = Figures(outcome, np.arange(400).astype(object), scored, [groups], [1])
    judged = [Judged("fnr", "group", OVERALL), Judged("calibration", "group", OVERALL)]
    rows = measured_rows(figures, About("squared", False, False), "c", date(2020, 1, 1), judged, 10)
    changes = {row["metric"]: row for row in rows if row["comparison"] == "change"}
    assert changes["auc"]["reason"] == "nobody changes places"
    for metric in ("recall_at_capacity", "precision_at_capacity", "fnr"):
        assert changes[metric]["reason"] == "nobody is selected differently"
    for metric in ("auc", "recall_at_capacity", "precision_at_capacity", "fnr"):
        assert changes[metric]["value"] == 0
        assert np.isnan(changes[metric]["low"])
    for metric in ("brier", "calibration"):
        assert changes[metric]["reason"] is None
        assert changes[metric]["low"] < changes[metric]["value"] < changes[metric]["high"]


def test_what_takes_two_values_is_not_coarsened(world: tuple[Rows, pd.DataFrame]) -> None:
    where = {"option": "coarsen_proxies", "split": "c2", "comparison": "value", **AREA}
    told = compared(*world, "coarsen_proxies", named=["owns"])
    assert pick(told, **where)["reason"] == "nothing to coarsen, the revealing factors take few values already"
    assert told.loc[told["option"] == "coarsen_proxies", "value"].isna().all()
    assert pick(compared(*world, "coarsen_proxies", named=["owns", "place"]), **where)["value"] > 0.5


@pytest.mark.parametrize("share", [0.1, 0.45])
@pytest.mark.parametrize(
    ("option", "method"), [(exponentiated_gradient, "ExponentiatedGradient"), (grid_search, "GridSearch")]
)
def test_decisions_under_a_constraint_fill_the_capacity(
    world: tuple[Rows, pd.DataFrame], monkeypatch: pytest.MonkeyPatch, option: Any, method: str, share: float
) -> None:
    import fairlearn.reductions

    seen: list[tuple[Any, np.ndarray]] = []

    class Seen(getattr(fairlearn.reductions, method)):
        def fit(self, Z: np.ndarray, y: np.ndarray, **given: Any) -> None:
            super().fit(Z, y, **given)
            seen.append((self, Z))

    monkeypatch.setattr(fairlearn.reductions, method, Seen)
    rows, groups = world
    split = temporal_splits(rows.frame, SplitsSpec(relatives="purge", folds=2))[0]
    own = rows.take(split.possible)
    trainer = Trainer(CandidatesSpec.model_validate(["base_rate", SPEC_LOGISTIC]), seed=1)
    chosen = trainer.candidate("logistic")
    labels = labels_of(own.frame, groups, "group", "not recorded")
    part = Part(own, split.y_possible, labels, trainer.fit(chosen, own, split.y_possible))
    option(Task(trainer, chosen, "selection_rate", share, 10, ()), part)
    ((found, Z),) = seen
    selected = found._pmf_predict(Z)[:, 1] if method == "ExponentiatedGradient" else found.predict(Z)
    assert np.mean(selected) == pytest.approx(share, abs=0.05), "with equal costs it would be whoever is above one half"


def test_an_attribute_without_a_column_stops(world: tuple[Rows, pd.DataFrame]) -> None:
    with pytest.raises(PlumblineError, match="no attribute “age”"):
        compared(*world, "reweigh", charter=charter([("fnr", "age", OVERALL)]))


def test_what_cannot_be_compared_says_why(world: tuple[Rows, pd.DataFrame]) -> None:
    judged = [
        ("fpr", "group", OVERALL),
        ("auc", "group", OVERALL),
        ("calibration", "group", "a"),
        ("ppv", "group", "x"),
    ]
    told = compared(*world, "threshold_optimizer", charter=charter(judged))
    where = {"option": "threshold_optimizer", "split": "c2", "comparison": "largest_gap"}
    assert pick(told, **where, metric="fpr")["value"] > 0
    assert pick(told, **where, metric="auc")["reason"] == "not compared between options"
    assert pick(told, **where, metric="calibration")["reason"] == "scores are no probabilities"
    assert pick(told, **where, metric="ppv")["reason"] == "reference group missing"
    mine = pick(told, option="as_is", split="c2", comparison="difference", metric="calibration", group="b")
    assert mine["reference"] == "a"
    assert not np.isnan(mine["low"])


def test_nothing_is_compared_unless_asked(world: tuple[Rows, pd.DataFrame]) -> None:
    from fairness_reports.mitigation import MitigationSpec
    from fairness_reports.mitigation.compare import compare_options

    rows, groups = world
    trainer = Trainer(CandidatesSpec.model_validate(["base_rate"]), seed=1)
    told = compare_options(
        rows, [], trainer, MitigationSpec(), charter(), groups, trainer.candidate("base_rate"), share=0.2, seed=1,
        minimum_cell=10,
    )  # fmt: skip
    assert told.empty
    assert tuple(told.columns) == COLUMNS


def test_weights_make_group_and_outcome_independent() -> None:
    labels = np.array(["a"] * 6 + ["b"] * 4, dtype=object)
    y = np.array([1, 1, 1, 0, 0, 0, 1, 0, 0, 0], dtype=float)
    weights = weights_of(labels, y)
    # P(a) P(1) / P(a, 1) = .6 * .4 / .3
    assert weights[0] == pytest.approx(0.8)
    assert weights[6] == pytest.approx(1.6)
    for name in ("a", "b"):
        assert np.average(y[labels == name], weights=weights[labels == name]) == pytest.approx(0.4)
    assert weights.sum() == pytest.approx(10)


def test_coarse_columns_have_few_values_learned_in_training() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=400), "yes": rng.integers(0, 2, 400).astype(float), "z": rng.normal(size=400)}
    )
    X.loc[:20, "x"] = np.nan
    bins = coarse(X, ["x", "yes"])
    made = bins.of(X)
    assert made["x"].nunique() == 4
    assert made["x"].isna().equals(X["x"].isna())
    pd.testing.assert_frame_equal(made[["yes", "z"]], X[["yes", "z"]])
    assert (np.diff(made["x"].to_numpy()[np.argsort(X["x"].to_numpy())][: X["x"].count()]) >= 0).all()
    far = bins.of(pd.DataFrame({"x": [-99.0, 99.0], "yes": [0.0, 1.0], "z": [0.0, 0.0]}))
    assert far["x"].tolist() == [made["x"].min(), made["x"].max()]
    ties = coarse(pd.DataFrame({"x": [0.0] * 90 + [1.0, 2.0, 3.0] * 3}), ["x"])
    assert not np.isnan(ties.of(pd.DataFrame({"x": [0.0, 1.0, 3.0]}))["x"]).any()


def test_small_groups_share_a_name_until_they_are_enough() -> None:
    labels = np.array(["a"] * 60 + ["b"] * 24 + ["c"] * 12 + ["d"] * 2, dtype=object)
    y = np.tile([1.0, 0.0], 49)
    assert pooling(labels, y, 12) == {"a": "a", "b": "b", "c": "c", "d": "d"} | {"c": POOLED, "d": POOLED, "b": POOLED}
    assert pooling(labels, y, 7) == {"a": "a", "b": "b", "c": POOLED, "d": POOLED}
    assert pooled(np.array(["a", "new"], dtype=object), {"a": "a"}).tolist() == ["a", POOLED]


def test_groups_of_crossed_attributes_and_those_not_recorded() -> None:
    keys = {"as_of": pd.Timestamp("2020-01-01"), "case_id": ["1", "2"]}
    frame, groups = pd.DataFrame(keys), pd.DataFrame({**keys, "sex": ["f", None], "place": ["x", "y"]})
    assert labels_of(frame, groups.iloc[::-1], "sex × place", "not recorded").tolist() == ["f × x", "not recorded × y"]
    with pytest.raises(PlumblineError, match="two rows"):
        labels_of(frame, pd.concat([groups, groups]), "sex", "not recorded")


def test_constraints_follow_the_charter() -> None:
    assert constraint_of("fnr") == constraint_of("tpr") == ("TruePositiveRateParity", "true_positive_rate_parity")
    assert constraint_of("fpr")[0] == "FalsePositiveRateParity"
    assert constraint_of("selection_rate")[0] == "DemographicParity"
    assert constraint_of("ppv") == ("EqualizedOdds", "equalized_odds")
    assert [grid_size(each) for each in (1, 2, 3, 6)] == [11, 13, 7, 13]


@pytest.mark.parametrize("metric", ["selection_rate", "accuracy"])
def test_other_constraints_are_fitted_too(metric: str) -> None:
    world = cohorts(4, n=1000)
    told = compared(
        *world,
        "exponentiated_gradient",
        "grid_search",
        "threshold_optimizer",
        charter=charter([(metric, "group", OVERALL)]),
        minimum_cell=5,
    )
    for option in ("exponentiated_gradient", "threshold_optimizer"):
        row = pick(told, option=option, split="c1", comparison="largest_gap")
        assert 0 <= row["value"] < 0.3
        assert row["n"] > 0


def test_the_frontier_keeps_what_nothing_beats() -> None:
    def row(option: str, metric: str, comparison: str, value: float) -> dict[str, object]:
        overall = comparison == "value"
        return {
            "option": option, "split": "c", "as_of": pd.Timestamp("2020-01-01").date(), "role": "development",
            "attribute": OVERALL if overall else "group", "group": "b", "metric": metric, "comparison": comparison,
            "reference": None if overall else OVERALL, "value": value, "low": value, "high": value, "n": 1,
            "needs_attribute": False, "may_be_chosen": True, "reason": None,
        }  # fmt: skip

    found = {"as_is": (0.5, 0.3), "worse": (0.4, 0.3), "fair": (0.4, 0.1), "same": (0.5, 0.3), "lost": (0.3, 0.2)}
    rows = [row(name, "recall_at_capacity", "value", good) for name, (good, _) in found.items()]
    rows += [row(name, "fnr", "largest_gap", gap) for name, (_, gap) in found.items()]
    told = frontier(pd.DataFrame(rows))
    assert set(told.loc[told["on_frontier"], "option"]) == {"as_is", "same", "fair"}


def test_a_group_of_few_does_not_decide_the_largest_gap(world: tuple[Rows, pd.DataFrame]) -> None:
    rows, groups = world
    split = temporal_splits(rows.frame, SplitsSpec(relatives="purge", folds=2))[1].test
    happened = split[rows.frame["outcome"].to_numpy()[split] == 1]
    some = happened[np.argsort(rows.X["need"].to_numpy()[happened])][:24]  # all of them missed
    told = compared(rows, groups.assign(group=groups["group"].where(~groups.index.isin(some), "few")), "drop_proxies")
    few = pick(told, option="as_is", split="c2", comparison="difference", group="few")
    assert few["n"] == 24
    assert not np.isnan(few["low"])
    assert pick(told, option="as_is", split="c2", comparison="largest_gap")["group"] == "b"
