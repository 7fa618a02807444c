"""The choice among labelled candidates, and rules of selection compared by regret, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.selection import OURS, RANDOM, choose, rules
from models.spec import CandidateSpec

NAN = float("nan")


def figures(**by_model: list[float]) -> pd.DataFrame:
    count = len(next(iter(by_model.values())))
    rows = [(f"s{i}", model, values[i]) for i in range(count) for model, values in by_model.items()]
    return pd.DataFrame(rows, columns=["split", "model", "auc"])


def candidates() -> list[CandidateSpec]:
    said = [
        {"name": "other", "label": "forest", "class": "sklearn.ensemble.RandomForestClassifier"},
        {"name": "logistic", "label": "logistic_b"},
        {"name": "logistic", "label": "logistic_a"},
        "base_rate",
    ]
    return [CandidateSpec.model_validate(each) for each in said]


def test_labels_are_chosen_by_the_simplicity_of_their_kind_and_other_never() -> None:
    auc = figures(forest=[0.9, 0.9], logistic_b=[0.7, 0.72], logistic_a=[0.7, 0.7], base_rate=[0.5, NAN])
    chosen = choose(auc, 0.02, "development splits", candidates())
    assert (chosen.chosen, chosen.best) == ("logistic_a", "logistic_b")
    table = chosen.table.set_index("candidate")
    assert list(table.index) == ["base_rate", "logistic_a", "logistic_b", "forest"]
    assert table["behind_best"].tolist() == pytest.approx([0.21, 0.01, 0.0, -0.19])
    assert table["within_margin"].tolist() == [False, True, True, False]
    assert choose(auc, 0.005, "development splits", candidates()).chosen == "logistic_b"
    assert choose(auc, 0.45, "development splits", candidates()).chosen == "base_rate"


def test_regrets_are_those_worked_out_by_hand() -> None:
    auc = figures(
        one_factor=[0.60, 0.60, 0.60],
        logistic=[0.70, 0.66, 0.70],
        hist_gradient_boosting=[0.69, 0.72, 0.68],
    )
    table: Any = rules(auc, 0.05).set_index("rule")
    # after s0 the best is logistic, on s1 it is .06 behind; after s1, by the mean, boosting (.705 against .68), which
    # is .02 behind on s2
    assert table.loc["best_average", ["mean_regret", "worst_regret"]].tolist() == pytest.approx([0.04, 0.06])
    assert table.loc["best_current", ["mean_regret", "worst_regret"]].tolist() == pytest.approx([0.04, 0.06])
    assert table.loc["best_current", "picked"] == "logistic"
    assert table.loc["best_average", "picked"] == "hist_gradient_boosting"
    # within .05 of the best: logistic both times, and again at the end
    assert table.loc[OURS, ["mean_regret", "worst_regret"]].tolist() == pytest.approx([0.03, 0.06])
    assert table.loc[OURS, "picked"] == "logistic"
    # with one split behind it nothing varies, and the simplest stands first; then one_factor does not vary at all
    assert table.loc["least_variance", ["mean_regret", "worst_regret"]].tolist() == pytest.approx([0.11, 0.12])
    # regrets of s0: .1, 0, .01; of s1: .12, .06, 0
    assert table.loc["lowest_worst_regret", "picked"] == "hist_gradient_boosting"
    assert table.loc["lowest_worst_regret", "mean_regret"] == pytest.approx((0.06 + 0.02) / 2)
    # near the best: s0 logistic and boosting (logistic is simpler), s0 and s1 boosting
    assert table.loc["most_often_near", "mean_regret"] == pytest.approx((0.06 + 0.02) / 2)
    # by chance: s1 (.12 + .06 + 0) / 3, s2 (.1 + 0 + .02) / 3
    assert table.loc[RANDOM, ["mean_regret", "worst_regret"]].tolist() == pytest.approx([0.05, 0.06])
    assert pd.isna(table.loc[RANDOM, "picked"])
    assert set(table["splits"]) == {2}


def test_recent_splits_weigh_more_where_the_rule_says_so() -> None:
    auc = figures(one_factor=[0.70, 0.70, 0.70], logistic=[0.62, 0.70, 0.77])
    table: Any = rules(auc, 0.0).set_index("rule")
    # plain means .7 and .697; with weights 1, 1.5, 2: .7 and (.62 + 1.05 + 1.54) / 4.5 = .713
    assert table.loc["best_average", "picked"] == "one_factor"
    assert table.loc["best_recent_average", "picked"] == "logistic"
    # standard deviations 0 and .061: half of the latter takes it below
    assert table.loc["average_less_spread", "picked"] == "one_factor"


def test_a_rule_never_looks_at_the_split_on_which_it_is_measured() -> None:
    first = figures(one_factor=[0.6, 0.6], logistic=[0.7, 0.5])
    second = figures(one_factor=[0.6, 0.6], logistic=[0.7, 0.9])
    for rule in ("best_current", "best_average", OURS, "lowest_worst_regret"):
        found = [rules(auc, 0.01).set_index("rule").loc[rule, "mean_regret"] for auc in (first, second)]
        assert found == pytest.approx([0.1, 0.0]), rule  # it picked logistic both times


def test_unknown_figures_count_as_nothing_known() -> None:
    auc = figures(one_factor=[0.6, NAN, 0.6, 0.6], logistic=[NAN, NAN, 0.55, 0.7])
    table: Any = rules(auc, 0.01).set_index("rule")
    assert set(table["splits"]) == {2}  # s1 tells of nobody, s0 is what the first pick rests on
    assert table.loc["best_current", "mean_regret"] == pytest.approx((0.0 + 0.1) / 2)
    worse = figures(one_factor=[0.6, NAN], logistic=[0.55, 0.7])
    assert rules(worse, 0.01).set_index("rule").loc["best_current", "mean_regret"] == pytest.approx(0.2)


def test_other_is_neither_picked_nor_what_regret_is_measured_against() -> None:
    auc = figures(forest=[0.9, 0.9], logistic_a=[0.7, 0.7], logistic_b=[0.6, 0.6], base_rate=[0.5, 0.5])
    table: Any = rules(auc, 0.01, candidates()).set_index("rule")
    assert "forest" not in set(table["picked"])
    assert table.loc["best_average", "worst_regret"] == 0


@pytest.mark.parametrize("count", [0, 1])
def test_with_fewer_than_two_splits_there_is_a_reason_instead(count: int) -> None:
    auc = figures(one_factor=[0.6], logistic=[0.7]).head(2 * count)
    found = rules(auc, 0.01)
    assert found.empty
    assert list(found.columns) == ["rule", "picked", "mean_regret", "worst_regret", "splits"]
    assert "it takes two" in found.attrs["reason"]


def test_rules_give_the_same_whatever_the_order_of_candidates() -> None:
    generator = np.random.default_rng(3)
    auc = figures(one_factor=list(generator.random(5)), logistic=list(generator.random(5)), base_rate=[0.5] * 5)
    shuffled = pd.concat([part.iloc[::-1] for _, part in auc.groupby("split", sort=False)])
    pd.testing.assert_frame_equal(rules(auc, 0.01), rules(shuffled, 0.01))
