"""What holds for every audited table: equality with fairlearn, conserved counts, order, suppression, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, roc_auc_score

from fairness_reports.audit import audit
from fairness_reports.audit.grouping import by_attribute
from fairness_reports.audit.partitions import _own_point
from fairness_reports.audit.points import fairlearn_points
from fairness_reports.audit.statistics import per_case, summed
from fairness_reports.spec import ProtectedSpec
from fairness_reports.states import CANNOT_TELL, NOT_JUDGED, state
from tests.fairness_reports_audit_data import scored, threshold

pytestmark = pytest.mark.slow

ONE = ProtectedSpec(attributes=["region"])
SPEC = ProtectedSpec(attributes=["sex", "region"])
COUNTS = {
    "selection_rate": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
    "tnr": true_negative_rate,
    "ppv": lambda y, s: precision_score(y, s, zero_division=np.nan),
    "npv": lambda y, s: precision_score(y, s, pos_label=0, zero_division=np.nan),
    "fdr": lambda y, s: 1 - precision_score(y, s, zero_division=np.nan),
    "for": lambda y, s: 1 - precision_score(y, s, pos_label=0, zero_division=np.nan),
    "accuracy": accuracy_score,
}


@st.composite
def tables(draw: st.DrawFn, unknown: bool = True) -> pd.DataFrame:
    """Small tables with ties, gaps, rare groups and shared clusters."""
    rows = draw(st.integers(1, 150))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rate = draw(st.sampled_from([0.0, 0.02, 0.3, 0.98, 1.0]))
    outcome = (rng.random(rows) < rate).astype(float)
    if unknown:
        outcome[rng.random(rows) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
    score = rng.random(rows).round(draw(st.sampled_from([0, 1, 6])))
    return pd.DataFrame(
        {
            "split": rng.choice(draw(st.sampled_from([["one"], ["one", "two"]])), rows),
            "case_id": [f"c{i}" for i in range(rows)],
            "cluster_id": rng.integers(0, draw(st.sampled_from([1, 5, rows])), rows),
            "score": score,
            "selected": rng.random(rows) < draw(st.sampled_from([0.0, 0.2, 1.0])),
            "outcome": outcome,
            "sex": rng.choice(["f", "m", None], rows, p=[0.5, 0.4, 0.1]),
            "region": rng.choice(["a", "b", "c", "rare"], rows, p=[0.5, 0.3, 0.17, 0.03]),
        }
    )


@contextmanager
def own_points() -> Iterator[None]:
    """Without fairlearn and identification, which take most of the time: both are tested for themselves."""

    def points(totals: np.ndarray) -> dict[str, np.ndarray]:
        return {}

    def undeclared(table: pd.DataFrame, *rest: object, **options: object) -> pd.DataFrame:
        return table.assign(identification="undeclared")

    with (
        patch("fairness_reports.audit.partitions.fairlearn_points", points),
        patch("fairness_reports.identification.identify", undeclared),
    ):
        yield


def audited(frame: pd.DataFrame, minimum: int = 10) -> pd.DataFrame:
    judged = [threshold("tpr", "region"), threshold("fpr", "sex", reference="m")]
    with own_points():
        return audit(frame, None, SPEC, minimum_cell=minimum, confirmatory=judged, replicates=30)


@settings(max_examples=8, deadline=None)
@given(tables(unknown=False))
def test_published_points_equal_fairlearn_on_the_rows(frame: pd.DataFrame) -> None:
    result = audit(frame, None, SPEC, minimum_cell=1, replicates=2)
    values = result[(result["comparison"] == "value") & (result["band"] == "all")]
    frame = frame.assign(sex=frame["sex"].fillna("not recorded"))
    for split, rows in frame.groupby("split"):
        for names in (["sex"], ["region"], ["sex", "region"]):
            oracle = MetricFrame(
                metrics=COUNTS,
                y_true=rows["outcome"],
                y_pred=rows["selected"].astype(int),
                sensitive_features=rows[names],
            ).by_group
            mine = values[(values["split"] == split) & (values["attribute"] == " × ".join(names))]
            table = mine.pivot(index="group", columns="metric", values="value")
            for group, expected in oracle.iterrows():
                label = " × ".join(group) if isinstance(group, tuple) else group
                if label not in table.index:
                    assert expected.isna().all()  # fairlearn lists combinations that do not occur
                    continue
                for metric in COUNTS:
                    got = table.loc[label, metric]
                    if np.isnan(got):  # no case for it: fairlearn says 0
                        assert expected[metric] == 0 or np.isnan(expected[metric])
                    else:
                        assert got == pytest.approx(expected[metric], abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(tables(unknown=False))
def test_the_furthest_pair_is_fairlearns(frame: pd.DataFrame) -> None:
    with own_points():
        result = audit(frame, None, ONE, minimum_cell=1, replicates=20)
    shown = result[result["comparison"].isin(["largest_gap", "smallest_ratio"]) & result["value"].notna()]
    for row in shown[shown["metric"].isin(COUNTS)].itertuples():
        values = result[
            (result["split"] == row.split) & (result["metric"] == row.metric) & (result["attribute"] == "region")
        ].query("comparison == 'value' and band == 'all'")
        if values[["value", "low"]].isna().any(axis=None):
            continue  # a group without a figure takes no part here, and counts as 0 or NaN there
        rows = frame[frame["split"] == row.split]
        oracle = MetricFrame(
            metrics=COUNTS[row.metric],
            y_true=rows["outcome"],
            y_pred=rows["selected"].astype(int),
            sensitive_features=rows["region"],
        )
        expected = oracle.difference() if row.comparison == "largest_gap" else oracle.ratio()
        assert row.value == pytest.approx(expected, abs=1e-12)
        assert row.low <= row.value + 1e-9
        assert row.high >= row.value - 1e-9


@settings(max_examples=40, deadline=None)
@given(tables())
def test_our_sums_equal_fairlearns_points(frame: pd.DataFrame) -> None:
    cases = per_case(frame["outcome"].to_numpy(), frame["score"].to_numpy(), frame["selected"].to_numpy())
    groups = by_attribute("region", frame["region"].tolist(), "not recorded")
    cluster, names = pd.factorize(frame["cluster_id"])
    sums = summed(groups, cluster.astype(np.int64), len(names), cases)
    for metric, points in fairlearn_points(sums.totals).items():
        assert points == pytest.approx(_own_point(sums, metric), abs=1e-12, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(tables(unknown=False))
def test_score_metrics_equal_scikit_learn(frame: pd.DataFrame) -> None:
    result = audited(frame, minimum=1)
    values = result[(result["comparison"] == "value") & (result["band"] == "all") & (result["attribute"] == "region")]
    for (split, region), rows in frame.groupby(["split", "region"]):
        mine = values[(values["split"] == split) & (values["group"] == region)].set_index("metric")["value"]
        y, score = rows["outcome"], rows["score"]
        assert mine["brier"] == pytest.approx(brier_score_loss(y, score, labels=[0, 1]), abs=1e-12)
        assert mine["mean_score"] == pytest.approx(score.mean(), abs=1e-12)
        assert mine["calibration"] == pytest.approx(score.mean() - y.mean(), abs=1e-12)
        if y.nunique() == 2:
            assert mine["auc"] == pytest.approx(roc_auc_score(y, score), abs=1e-12)
        else:
            assert np.isnan(mine["auc"])
        everybody = frame[frame["split"] == split]
        across = everybody[
            (everybody["outcome"] == 0) | ((everybody["region"] == region) & (everybody["outcome"] == 1))
        ]
        if y.any() and (everybody["outcome"] == 0).any():
            expected = roc_auc_score(across["outcome"], across["score"])
            assert mine["auc_across"] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(mine["auc_across"])
        top = rows[rows["selected"]]
        expected = top["score"].mean() - top["outcome"].mean()  # NaN when nobody is selected
        assert mine["calibration_selected"] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(tables())
def test_shares_add_up_to_one(frame: pd.DataFrame) -> None:
    values = audited(frame, minimum=1).query("comparison == 'value' and band == 'all'")
    for split, rows in frame.groupby("split"):
        selected, happened = rows["selected"], rows["outcome"] == 1
        counted = {"group_share": selected | True, "capacity_share": selected, "outcome_share": happened}
        of = values[(values["split"] == split) & (values["attribute"] == "region")]
        table = of.pivot(index="group", columns="metric", values="value")
        for metric, counts in counted.items():
            expected = rows.loc[counts, "region"].value_counts(normalize=True).reindex(table.index, fill_value=0)
            if counts.any():
                assert table[metric].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)
            else:
                assert table[metric].isna().all()
        shown = table.dropna(subset=["capacity_balance"])
        balance = shown["capacity_share"] - shown["outcome_share"]
        assert shown["capacity_balance"].to_numpy() == pytest.approx(balance.to_numpy(), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(tables())
def test_every_case_is_in_one_group_of_each_partition(frame: pd.DataFrame) -> None:
    counts = audited(frame, minimum=1).query("metric == 'n'")
    for (split, _), part in counts.groupby(["split", "attribute"]):
        size = int((frame["split"] == split).sum())
        assert part.loc[part["band"] == "all", "value"].sum() == size
        banded = part.loc[part["band"] != "all", "value"].sum()
        assert banded in {0, size}
    sex = counts[(counts["attribute"] == "sex") & (counts["group"] == "not recorded") & (counts["band"] == "all")]
    assert sex["value"].sum() == frame["sex"].isna().sum()


@settings(max_examples=12, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_clusters_change_nothing(frame: pd.DataFrame, random: object) -> None:
    order = list(range(len(frame)))
    random.shuffle(order)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(audited(frame), audited(frame.iloc[order]), check_exact=True)


@settings(max_examples=40, deadline=None)
@given(tables())
def test_no_row_shows_a_figure_on_too_few_cases_or_an_interval_without_length(frame: pd.DataFrame) -> None:
    result = audited(frame)
    shown = result[result["value"].notna()]
    assert (shown["n"] >= 10).all()
    assert result.loc[result["value"].isna(), "reason"].notna().all()
    assert result.loc[result["value"].isna(), ["low", "high"]].isna().all(axis=None)
    with_interval = result[result["low"].notna()]
    assert (with_interval["low"] < with_interval["high"]).all()
    assert (with_interval["low"] <= with_interval["value"] + 1e-9).all()
    assert (with_interval["high"] >= with_interval["value"] - 1e-9).all()
    gaps = shown[(shown["comparison"] != "value") & (shown["comparison"] != "ratio")]
    assert gaps["low"].notna().all()
    assert shown.loc[shown["metric"] == "capacity_balance", "low"].notna().all()
    assert (result["detectable_gap"].notna() == (result["low"].notna() & (result["comparison"] == "difference"))).all()
    judged = result[result["confirmatory"]]
    expected = [state(low, high, 0.1) for low, high in zip(judged["low"], judged["high"], strict=True)]
    assert judged["state"].tolist() == expected
    assert set(result.loc[~result["confirmatory"], "state"]) <= {NOT_JUDGED}
    assert (judged.loc[judged["value"].isna(), "state"] == CANNOT_TELL).all()


@settings(max_examples=6, deadline=None)
@given(tables(), st.integers(0, 1000))
def test_the_same_seed_gives_the_same_figures(frame: pd.DataFrame, seed: int) -> None:
    with own_points():
        one = audit(frame, None, SPEC, seed=seed, replicates=20)
        again = audit(frame, None, SPEC, seed=seed, replicates=20)
    pd.testing.assert_frame_equal(one, again, check_exact=True)


@pytest.mark.parametrize(("cases", "rate"), [(400, 0.2), (3000, 0.05)])
def test_intervals_cover_the_truth(cases: int, rate: float) -> None:
    """A small simulation: the truth is known because groups do not differ and outcomes are drawn from the scores."""
    inside, members = [], 30
    for seed in range(members):
        rng = np.random.default_rng([seed, cases])
        household = rng.integers(0, cases // 2, cases)
        shared = rng.random(cases)[household]
        chance = np.where(shared < 0.5, rate * 0.5, rate * 1.5)
        frame = pd.DataFrame(
            {
                "split": "s", "case_id": np.arange(cases), "cluster_id": household, "score": chance,
                "selected": rng.random(cases) < 0.3, "outcome": (rng.random(cases) < chance).astype(float),
                "region": rng.choice(["a", "b"], cases),
            }
        )  # fmt: skip
        with own_points():
            result = audit(frame, None, ONE, seed=seed, replicates=200)
        rows = result[(result["band"] == "all") & (result["attribute"] == "region") & result["low"].notna()]
        for metric, truth in (("base_rate", rate), ("tpr", 0.3), ("selection_rate", 0.3), ("fpr", 0.3)):
            of = rows[rows["metric"] == metric]
            value, gap = of[of["comparison"] == "value"], of[of["comparison"] == "difference"]
            inside += ((value["low"] <= truth) & (truth <= value["high"])).tolist()
            inside += ((gap["low"] <= 0) & (gap["high"] >= 0)).tolist()
    # 30 tables, 16 intervals each, not independent: .95 give or take three standard errors
    assert 0.92 <= np.mean(inside) <= 0.985


def test_judged_gaps_raise_few_false_alarms_together() -> None:
    alarms = []
    for seed in range(40):
        frame = scored(1500, seed=seed, groups=6)
        judged = [threshold("tpr", "region", 0.001), threshold("fpr", "region", 0.001)]
        with own_points():
            result = audit(frame, None, ONE, seed=seed, replicates=200, confirmatory=judged)
        family = result[result["confirmatory"]]
        alarms.append(bool(((family["low"] > 0) | (family["high"] < 0)).any()))
    assert np.mean(alarms) <= 0.1  # .05 is promised; 40 tables tell no finer
