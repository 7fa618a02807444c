"""The audit on tables whose right answer is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data_contracts.errors import PlumblineError
from fairness_reports.audit import COLUMNS, METRICS, audit
from fairness_reports.audit import intervals as formulas
from fairness_reports.audit.auc import auc_by_group
from fairness_reports.audit.estimates import Confidence, _correlation
from fairness_reports.audit.grouping import everybody, score_bands
from fairness_reports.audit.reasons import fewer_than, in_words
from fairness_reports.audit.statistics import per_case, summed
from fairness_reports.language import Language
from fairness_reports.spec import ProtectedSpec
from fairness_reports.states import CANNOT_TELL, NOT_JUDGED, OUTSIDE, WITHIN, state
from tests.fairness_reports_audit_data import pick, scored, threshold

pytestmark = [pytest.mark.slow, pytest.mark.measured]

SEX = ProtectedSpec(attributes=["sex"], intersections="none")
BOTH = ProtectedSpec(attributes=["sex", "region"])


def run(frame: pd.DataFrame, spec: ProtectedSpec = SEX, **options: object) -> pd.DataFrame:
    return audit(frame, None, spec, replicates=200, **options)  # type: ignore[arg-type]


def test_columns_types_and_order() -> None:
    result = run(scored(300), BOTH)
    assert tuple(result.columns) == COLUMNS
    assert result["n"].dtype == "Int64"
    assert result["confirmatory"].dtype == bool
    assert set(result["as_of"]) == {date(2026, 1, 1)}
    assert set(result["attribute"]) == {"overall", "sex", "region", "sex × region"}
    assert set(result.loc[result["attribute"] == "sex", "metric"]) == set(METRICS)
    assert set(result["state"]) == {NOT_JUDGED}
    assert not result["confirmatory"].any()
    assert list(dict.fromkeys(result.loc[result["band"] == "all", "attribute"])) == [
        "overall",
        "sex",
        "region",
        "sex × region",
    ]


def test_an_empty_reference_or_reason_is_missing_and_no_text() -> None:
    result = run(scored(300))
    assert result.loc[result["comparison"] == "value", "reference"].isna().all()
    assert "None" not in set(result["reason"].dropna()) | set(result["reference"].dropna())


def test_unrecorded_attributes_are_a_group_of_their_own() -> None:
    frame = scored(400)
    frame.loc[:99, "sex"] = None
    frame.loc[100:119, "sex"] = "  "
    result = run(frame)
    assert pick(result, attribute="sex", group="not recorded", metric="n")["value"] == 120
    named = run(frame, ProtectedSpec(attributes=["sex"], missing_label="unknown"))
    assert pick(named, attribute="sex", group="unknown", metric="n")["value"] == 120


def test_numbers_as_groups_keep_their_names_beside_gaps() -> None:
    frame = scored(300)
    frame["sex"] = np.where(np.arange(300) < 100, np.nan, np.arange(300) % 2)
    assert set(run(frame).query("attribute == 'sex' and comparison == 'value'")["group"]) == {"0", "1", "not recorded"}


def test_a_group_with_one_member_keeps_its_rows_without_figures() -> None:
    frame = scored(400)
    frame.loc[0, "sex"] = "x"
    result = run(frame, confirmatory=[threshold("tpr", "sex")])
    one = result[(result["attribute"] == "sex") & (result["group"] == "x")]
    pairs = result["comparison"].isin(["largest_gap", "smallest_ratio"])
    assert len(one) == len(result[(result["attribute"] == "sex") & (result["group"] == "f") & ~pairs])
    assert one[["value", "low", "high"]].isna().all(axis=None)
    assert one["n"].isna().all()
    assert set(one["reason"]) == {"fewer than 10"}
    judged = one[one["confirmatory"]]
    assert judged["state"].tolist() == [CANNOT_TELL]


def test_a_metric_on_too_few_cases_is_suppressed_in_a_large_group() -> None:
    frame = scored(400)
    frame.loc[frame["sex"] == "f", "outcome"] = 0.0
    frame.loc[frame[frame["sex"] == "f"].index[:9], "outcome"] = 1.0
    row = pick(run(frame), attribute="sex", group="f", metric="tpr")
    assert (np.isnan(row["value"]), pd.isna(row["n"]), row["reason"]) == (True, True, "fewer than 10")
    assert not np.isnan(pick(run(frame), attribute="sex", group="f", metric="fpr")["value"])


def test_the_minimum_cell_is_the_charters() -> None:
    frame = scored(400)
    frame.loc[:14, "sex"] = "x"
    assert pick(run(frame, minimum_cell=15), attribute="sex", group="x", metric="n")["value"] == 15
    assert pick(run(frame, minimum_cell=16), attribute="sex", group="x", metric="n")["reason"] == "fewer than 16"


def test_a_group_without_outcomes_says_so() -> None:
    frame = scored(400)
    frame.loc[frame["sex"] == "f", "outcome"] = 0.0
    result = run(frame)
    for metric in ("tpr", "fnr", "auc"):
        row = pick(result, attribute="sex", group="f", metric=metric)
        assert (np.isnan(row["value"]), row["reason"]) == (True, "no outcomes")
        gap = pick(result, attribute="sex", group="f", metric=metric, comparison="difference")
        assert (np.isnan(gap["value"]), gap["reason"]) == (True, "no outcomes")
    base = pick(result, attribute="sex", group="f", metric="base_rate")
    assert base["value"] == 0
    assert 0 <= base["low"] < base["high"] < 0.1  # never [0, 0]
    frame.loc[frame["sex"] == "f", "outcome"] = 1.0
    assert pick(run(frame), attribute="sex", group="f", metric="auc")["reason"] == "no non-outcomes"


@pytest.mark.parametrize(("selected", "reason"), [(True, "all selected"), (False, "none selected")])
def test_when_all_or_none_are_selected_no_gap_is_shown(selected: bool, reason: str) -> None:
    frame = scored(400).assign(selected=selected)
    result = run(frame, confirmatory=[threshold("tpr", "sex")])
    for metric in ("selection_rate", "tpr", "fpr", "fnr"):
        for comparison in ("difference", "ratio"):
            row = pick(result, attribute="sex", group="f", metric=metric, comparison=comparison)
            assert np.isnan([row["value"], row["low"], row["high"]]).all()
            assert row["reason"] == reason
    assert set(result.loc[result["confirmatory"], "state"]) == {CANNOT_TELL}


def test_one_group_only_is_no_comparison() -> None:
    result = run(scored(300).assign(sex="f"), confirmatory=[threshold("tpr", "sex")])
    gaps = result[result["comparison"] != "value"]
    assert set(gaps["reason"]) == {"one group only"}
    assert gaps["value"].isna().all()
    never = run(scored(300).assign(sex=None), confirmatory=[threshold("tpr", "sex")])
    assert set(never.loc[never["comparison"] != "value", "reason"]) == {"attribute never recorded"}
    assert set(never.loc[never["confirmatory"], "state"]) == {CANNOT_TELL}


def test_a_missing_attribute_is_told_and_its_gaps_cannot_be() -> None:
    frame = scored(300).drop(columns="region")
    judged = [threshold("tpr", "region"), threshold("tpr", "sex"), threshold("fpr", "sex × region")]
    result = run(frame, BOTH, confirmatory=judged)
    assert pick(result, attribute="region", metric="n")["reason"] == "attribute missing"
    gone = result[result["confirmatory"] & (result["reason"] == "attribute missing")]
    assert gone[["attribute", "metric", "state"]].to_numpy().tolist() == [
        ["region", "tpr", CANNOT_TELL],
        ["sex × region", "fpr", CANNOT_TELL],
    ]


def test_a_missing_reference_group_is_told() -> None:
    result = run(scored(300), confirmatory=[threshold("tpr", "sex", reference="x")])
    judged = result[result["confirmatory"]]
    assert set(judged["reason"]) == {"reference group missing"}
    frame = scored(300)
    frame.loc[:8, "sex"] = "x"
    judged = run(frame, confirmatory=[threshold("tpr", "sex", reference="x")]).query("confirmatory")
    assert set(judged["reason"]) == {"reference too small"}
    assert set(judged["group"]) == {"f", "m"}


def test_a_named_reference_is_compared_with_not_itself() -> None:
    result = run(scored(2000), confirmatory=[threshold("tpr", "sex", reference="m")])
    judged = result[result["confirmatory"]]
    assert judged[["group", "reference"]].to_numpy().tolist() == [["f", "m"]]
    value = pick(result, attribute="sex", group="f", metric="tpr")["value"]
    other = pick(result, attribute="sex", group="m", metric="tpr")["value"]
    assert judged["value"].iloc[0] == pytest.approx(value - other, abs=1e-12)
    assert judged["low"].iloc[0] < value - other < judged["high"].iloc[0]


def test_auc_is_not_measured_in_intersections_and_says_so_when_judged() -> None:
    judged = run(scored(600), BOTH, confirmatory=[threshold("auc", "sex × region")]).query("confirmatory")
    assert set(judged["state"]) == {CANNOT_TELL}
    assert set(judged["reason"]) == {"not measured for intersections"}


def test_a_planted_bias_is_outside_and_an_even_score_within() -> None:
    frame = scored(20_000, groups=2)
    even = run(frame, BOTH, confirmatory=[threshold("tpr", "region", 0.1)]).query("confirmatory")
    assert set(even["state"]) == {WITHIN}
    hit = (frame["region"] == "region 0") & (np.arange(len(frame)) % 2 == 0)
    frame.loc[hit, "selected"] = False
    judged = run(frame, BOTH, confirmatory=[threshold("tpr", "region", 0.05)]).query("confirmatory")
    assert set(judged["state"]) == {OUTSIDE}
    assert judged.set_index("group").loc["region 0", "value"] < -0.05


def test_the_family_is_the_gaps_that_can_be_judged() -> None:
    frame = scored(3000)
    frame.loc[0, "region"] = "one alone"  # suppressed, so it can raise no false alarm
    judged = [threshold("tpr", "region"), threshold("fpr", "region")]
    both = run(frame, BOTH, confirmatory=judged).query("confirmatory and group == 'region 1' and metric == 'tpr'")
    alone = run(frame, BOTH, confirmatory=judged[:1]).query("confirmatory and group == 'region 1'")
    explored = run(frame, BOTH).query(
        "attribute == 'region' and group == 'region 1' and metric == 'tpr' and comparison == 'difference'"
    )
    widths = [float((each["high"] - each["low"]).iloc[0]) for each in (explored, alone, both)]
    z = [1.96, 2.394, 2.638]  # at 1 - .05/m for m = 1, 3 and 6
    assert widths[1] / widths[0] == pytest.approx(z[1] / z[0], rel=0.12)
    assert widths[2] / widths[1] == pytest.approx(z[2] / z[1], rel=0.01)
    assert Confidence.family(6).level == pytest.approx(1 - 0.05 / 6)
    assert Confidence.family(0).level == pytest.approx(0.95)


def test_the_reference_is_no_member_of_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    members: list[int] = []

    def family(count: int) -> Confidence:
        members.append(count)
        return Confidence()

    monkeypatch.setattr(Confidence, "family", family)
    run(scored(600), confirmatory=[threshold("tpr", "sex", reference="m")])
    run(scored(600), confirmatory=[threshold("tpr", "sex"), threshold("fpr", "sex")])
    assert members == [1, 4]


def test_only_the_test_split_is_judged() -> None:
    old = scored(600).assign(split="b older", as_of=date(2025, 1, 1))
    new = scored(600, seed=1).assign(split="a newer")
    both = pd.concat([new, old], ignore_index=True)
    result = run(both, confirmatory=[threshold("tpr", "sex")])
    assert list(dict.fromkeys(result["split"])) == ["b older", "a newer"]
    assert set(result.loc[result["confirmatory"], "split"]) == {"a newer"}
    named = run(both, confirmatory=[threshold("tpr", "sex")], test_split="b older")
    assert set(named.loc[named["confirmatory"], "split"]) == {"b older"}
    with pytest.raises(PlumblineError, match="no case belongs to the split"):
        run(both, test_split="z")


def test_a_split_has_the_same_figures_alone_and_beside_others() -> None:
    old = scored(600).assign(split="old", as_of=date(2025, 1, 1))
    both = run(pd.concat([scored(600, seed=1), old], ignore_index=True))
    alone = run(old)
    pd.testing.assert_frame_equal(both[both["split"] == "old"].reset_index(drop=True), alone)


def test_attributes_from_a_table_of_their_own() -> None:
    frame = scored(400)
    groups = frame[["case_id", "sex"]].sample(frac=1, random_state=1).iloc[50:]
    result = audit(frame.drop(columns=["sex", "region"]), groups, SEX, replicates=50)
    assert pick(result, attribute="sex", group="not recorded", metric="n")["value"] == 50
    days = groups.assign(as_of=pd.Timestamp("2026-01-01"))  # the other table has them as dates
    same = audit(frame.drop(columns=["sex", "region"]), days, SEX, replicates=50)
    pd.testing.assert_frame_equal(result, same)
    with pytest.raises(PlumblineError, match="no scored case has a row"):
        audit(frame, days.assign(as_of=pd.Timestamp("2025-01-01")), SEX)
    with pytest.raises(PlumblineError, match="two rows of attributes"):
        audit(frame, pd.concat([groups, groups]), SEX)


def test_an_attribute_may_be_called_like_a_column() -> None:
    frame = scored(300)
    groups = frame[["case_id", "sex"]].rename(columns={"sex": "score"})
    result = audit(frame, groups, ProtectedSpec(attributes=["score"]), replicates=50)
    assert set(result.loc[result["attribute"] == "score", "group"]) == {"f", "m"}


def test_without_clusters_each_case_is_its_own() -> None:
    frame = scored(300)
    one = run(frame.assign(cluster_id=frame["case_id"]))
    pd.testing.assert_frame_equal(one, run(frame.drop(columns="cluster_id")))


def test_one_cluster_has_no_interval() -> None:
    result = run(scored(300).assign(cluster_id="all"))
    row = pick(result, attribute="sex", group="f", metric="tpr")
    assert not np.isnan(row["value"])
    assert np.isnan(row["low"])
    assert row["reason"] == "one cluster only"
    assert (
        pick(result, attribute="sex", group="f", metric="tpr", comparison="difference")["reason"] == "one cluster only"
    )
    assert pick(result, attribute="sex", group="f", metric="auc")["reason"] == "one cluster only"


def test_equal_scores_are_said_and_have_no_interval() -> None:
    result = run(scored(300).assign(score=0.3))
    row = pick(result, attribute="sex", group="f", metric="auc")
    assert (row["value"], row["reason"], np.isnan(row["low"])) == (0.5, "all scores equal", True)
    gap = pick(result, attribute="sex", group="f", metric="auc", comparison="difference")
    assert (np.isnan(gap["value"]), gap["reason"]) == (True, "all scores equal")
    assert len(set(result.loc[result["band"] != "all", "band"])) <= 2


def test_a_perfect_ranking_has_an_interval_below_one() -> None:
    frame = scored(300)
    result = run(frame.assign(score=frame["outcome"] * 0.5 + 0.2))
    row = pick(result, attribute="sex", group="f", metric="auc")
    assert row["value"] == 1
    assert 0.8 < row["low"] < row["high"] == 1


def test_unknown_outcomes_count_only_where_no_outcome_is_needed() -> None:
    frame = scored(1000)
    known = frame.copy()
    frame.loc[:299, "outcome"] = np.nan
    result = run(frame)
    row = pick(result, attribute="overall", group="overall", metric="unknown_share")
    assert row["value"] == 0.3
    assert pick(result, attribute="overall", group="overall", metric="n")["value"] == 1000
    assert pick(result, attribute="overall", group="overall", metric="base_rate")["n"] == 700
    rest = run(known.loc[300:])
    known_only = ("base_rate", "tpr", "fpr", "ppv", "npv", "accuracy", "brier", "calibration", "auc", "auc_across")
    for metric in (*known_only, "tnr", "fdr", "for", "calibration_selected"):
        mine = pick(result, attribute="sex", group="f", metric=metric)["value"]
        assert mine == pytest.approx(pick(rest, attribute="sex", group="f", metric=metric)["value"], abs=1e-12)
    for metric, wanted in (("selection_rate", known["selected"].mean()), ("mean_score", known["score"].mean())):
        assert pick(result, attribute="overall", group="overall", metric=metric)["value"] == pytest.approx(wanted)
    nothing = run(frame.assign(outcome=np.nan))
    assert pick(nothing, attribute="overall", group="overall", metric="tpr")["reason"] == "no known outcomes"
    assert pick(nothing, attribute="overall", group="overall", metric="brier")["reason"] == "no known outcomes"


def test_bands_found_in_the_scores_are_cut_where_they_are_printed() -> None:
    scores = np.random.default_rng(4).random(997) * 0.3
    names, codes = score_bands(scores, None)
    for code, name in enumerate(names):
        low, high = (float(each) for each in name.split("–"))
        inside = (scores >= low) & ((scores < high) | (high == 1.0))
        assert ((codes == code) == inside).all(), name
    tiny, _ = score_bands(scores / 10_000, None)
    assert len(set(tiny)) == len(tiny)
    assert not any(name.startswith(("0.000–0.000", "0.0000–0.0000")) for name in tiny)


def test_bands_add_up_and_speak_of_calibration() -> None:
    result = run(scored(2000))
    bands = result[(result["band"] != "all") & (result["attribute"] == "overall")]
    assert bands.query("metric == 'n'")["value"].sum() == 2000
    assert len(set(bands["band"])) == 6
    assert set(bands["metric"]) == {"n", "base_rate", "mean_score", "calibration"}
    own = run(scored(2000), bands=[0.1, 0.5])
    assert set(own["band"]) == {"all", "0.000–0.100", "0.100–0.500", "0.500–1.000"}
    names, codes = score_bands(np.array([0.1, 0.10001, 0.5]), [0.10001, 0.10002])
    assert names[1] == "0.10001–0.10002"
    assert codes.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"score": np.inf}, "missing or infinite"),
        ({"score": np.nan}, "missing or infinite"),
        ({"treated": None}, "neither been shown nor not"),
        ({"score": "high"}, "not a number"),
        ({"outcome": 2}, "neither 0, 1 nor missing"),
        ({"outcome": "yes"}, "not a number"),
        ({"selected": None}, "neither selected nor not"),
    ],
)
def test_what_is_no_scored_table_is_refused_without_a_value(change: dict[str, object], match: str) -> None:
    with pytest.raises(PlumblineError, match=match) as caught:
        run(scored(50).assign(**change))
    assert not {"inf", "high", "yes"} & set(str(caught.value).split())


def test_missing_columns_and_empty_tables_are_refused() -> None:
    with pytest.raises(PlumblineError, match="lacks selected, outcome"):
        run(scored(50).drop(columns=["selected", "outcome"]))
    with pytest.raises(PlumblineError, match="no rows"):
        run(scored(50).iloc[:0])


def test_one_row_is_an_audit_that_shows_nothing() -> None:
    result = run(scored(1))
    assert result["value"].isna().all()
    assert set(result["reason"]) == {"fewer than 10", "one group only"}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.05, 0.05, WITHIN),
        (-0.1, 0.1, WITHIN),
        (0.11, 0.2, OUTSIDE),
        (-0.3, -0.11, OUTSIDE),
        (0.05, 0.2, CANNOT_TELL),
        (-0.2, 0.2, CANNOT_TELL),
        (None, None, CANNOT_TELL),
        (float("nan"), 0.1, CANNOT_TELL),
    ],
)
def test_states(low: float | None, high: float | None, expected: str) -> None:
    assert state(low, high, 0.1) == expected


def test_every_reason_has_german_words() -> None:
    from fairness_reports.audit import metrics, reasons

    phrases = {ratio.empty for ratio in metrics.RATIOS.values()}
    phrases |= {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    phrases |= {metrics.NO_NON_OUTCOMES}
    english, german = Language("en"), Language("de")
    assert len({in_words(phrase, german) for phrase in phrases}) == len(phrases)
    assert {in_words(phrase, english) for phrase in phrases} == phrases  # as in the column
    assert in_words(fewer_than(10), german) == "weniger als 10"
    assert in_words("one group only", german) == "nur eine Gruppe"
    with pytest.raises(PlumblineError, match="no sentence"):
        in_words("nobody's reason", german)


def test_wilson_against_published_limits() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
    for (events, cases), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
    }.items():
        low, high = formulas.wilson(np.array(events / cases), np.array(float(cases)), formulas.critical(0.95))
        assert (round(float(low), 4), round(float(high), 4)) == expected


def test_difference_limits_against_published_ones() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: 56/70 - 48/80 and 10/10 - 0/10
    for (a, m, b, n), expected in {(56, 70, 48, 80): (0.0524, 0.3339), (10, 10, 0, 10): (0.6075, 1.0)}.items():
        z = formulas.critical(0.95)
        one, two = np.array(a / m), np.array(b / n)
        low, high = formulas.difference(
            one,
            formulas.wilson(one, np.array(float(m)), z),
            two,
            formulas.wilson(two, np.array(float(n)), z),
            np.array(0.0),
        )
        assert (round(float(low), 4), round(float(high), 4)) == expected


def test_ratio_limits_hold_the_ratio_and_stop_at_a_reference_of_zero() -> None:
    share, other = np.array([0.5, 0.0, 0.5, 0.5]), np.array([0.25, 0.25, 0.02, 0.0])
    limits = (np.array([0.4, 0.0, 0.4, 0.4]), np.array([0.6, 0.1, 0.6, 0.6]))
    base = (np.array([0.2, 0.2, 0.001, 0.0]), np.array([0.3, 0.3, 0.1, 0.1]))
    low, high = formulas.quotient(share, limits, other, base, np.zeros(4))
    down, up = np.hypot(np.log(5 / 4), np.log(6 / 5)), np.hypot(np.log(6 / 5), np.log(5 / 4))
    assert (low[0], high[0]) == pytest.approx((2 * np.exp(-down), 2 * np.exp(up)))
    assert low[1] == 0
    assert 0.1 / 0.25 < high[1] < 0.1 / 0.2
    assert 0 < low[2] < 25 < high[2]  # hardly anything is known, and this is said
    assert np.isnan([low[3], high[3]]).all()
    assert formulas.quotient(share, limits, other, base, np.full(4, 0.5))[0][0] > low[0]


def test_the_design_effect_is_one_for_single_cases_and_the_cluster_size_for_copies() -> None:
    rng = np.random.default_rng(0)
    outcome = (rng.random(500) < 0.3).astype(float)
    copies = np.repeat(outcome, 3)
    for values, size in ((outcome, 1), (copies, 3)):
        cluster = np.repeat(np.arange(500), size)
        sums = summed(everybody(len(values)), cluster, 500, per_case(values, values * 0, values == 2))
        se, _, worst = sums.spread("base_rate")
        share = np.array([values.mean()])
        effect = formulas.design_effect(share, np.array([float(len(values))]), se, worst)
        assert effect[0] == pytest.approx(size, rel=0.01)


def test_auc_by_ranks_and_its_error() -> None:
    frame = scored(3000)
    cluster, names = pd.factorize(frame["cluster_id"])
    score = frame["score"].round(2).to_numpy()  # ties
    outcome = frame["outcome"].to_numpy()
    auc = auc_by_group(everybody(3000), cluster.astype(np.int64), len(names), outcome, score)
    assert auc.value[0] == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)
    rng, drawn = np.random.default_rng(1), []
    members = frame.groupby(cluster).indices
    for _ in range(200):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        drawn.append(roc_auc_score(outcome[rows], score[rows]))
    assert np.sqrt(auc.variance()[0]) == pytest.approx(np.std(drawn), rel=0.15)


def test_the_bootstrap_draws_households_not_rows() -> None:
    frame = scored(3000, per_cluster=1.0)
    copies = pd.concat([frame, frame.assign(case_id=frame["case_id"] + "b")], ignore_index=True)
    narrow = pick(run(copies.assign(cluster_id=copies["case_id"])), attribute="overall", metric="base_rate")
    wide = pick(run(copies), attribute="overall", metric="base_rate")
    assert (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"]) > 1.3


def test_a_disagreement_with_fairlearn_stops_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "fairness_reports.audit.partitions.fairlearn_points", lambda totals: {"tpr": np.full(len(totals), 0.123)}
    )
    with pytest.raises(PlumblineError, match="our tpr and fairlearn's differ"):
        run(scored(300))


def test_replicates_without_a_figure_do_not_count_for_the_correlation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((50, 2)), rng.random((50, 1))
    a[:20, 0], a[:, 1] = np.nan, np.nan
    assert _correlation(a, b)[0] == pytest.approx(np.corrcoef(a[20:, 0], b[20:, 0])[0, 1], abs=1e-12)
    assert _correlation(a, b)[1] == 0
