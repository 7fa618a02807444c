"""The audit: shares, references, furthest pairs, pooled groups, shown scores, scores that are no probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.audit import DIFFERENCES, QUOTIENTS, audit
from fairness_reports.audit.auc import auc_across, auc_by_group
from fairness_reports.audit.grouping import by_attribute, everybody, pooled
from fairness_reports.audit.metrics import SHARES
from fairness_reports.audit.reasons import in_words
from fairness_reports.identification import ObservationSpec
from fairness_reports.language import Language
from fairness_reports.spec import POOLED, ProtectedSpec
from fairness_reports.states import CANNOT_TELL, NOT_JUDGED
from tests.fairness_reports_audit_data import WORDS, pick, scored, threshold

pytestmark = [pytest.mark.slow, pytest.mark.measured]

SEX = ProtectedSpec(attributes=["sex"])
REGION = ProtectedSpec(attributes=["region"])
SCORED = ("mean_score", "brier", "calibration", "calibration_selected")


@pytest.fixture(autouse=True)
def own_points() -> Iterator[None]:
    """Without fairlearn, which takes most of the time: that its points are ours is tested elsewhere."""
    with patch("fairness_reports.audit.partitions.fairlearn_points", lambda totals: {}):
        yield


def run(frame: pd.DataFrame, spec: ProtectedSpec = SEX, **options: object) -> pd.DataFrame:
    return audit(frame, None, spec, replicates=200, **options)  # type: ignore[arg-type]


def test_shares_have_intervals_that_hold_what_redrawing_households_gives() -> None:
    frame = scored(3000)
    frame["outcome"] = frame["outcome"].where(np.arange(3000) % 5 > 0)
    result = audit(frame, None, REGION, replicates=1000)
    rng, members = np.random.default_rng(1), list(frame.groupby("cluster_id").indices.values())
    mine = (frame["region"] == "region 1").to_numpy()
    picked, happened = frame["selected"].to_numpy(), (frame["outcome"] == 1).to_numpy()
    drawn: dict[str, list[float]] = {"group_share": [], "capacity_share": [], "outcome_share": []}
    for _ in range(400):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        drawn["group_share"].append(mine[rows].mean())
        drawn["capacity_share"].append(mine[rows][picked[rows]].mean())
        drawn["outcome_share"].append(mine[rows][happened[rows]].mean())
    drawn["capacity_balance"] = list(np.subtract(drawn["capacity_share"], drawn["outcome_share"]))
    for metric, values in drawn.items():
        row = pick(result, attribute="region", group="region 1", metric=metric)
        assert (row["high"] - row["low"]) / (2 * 1.96 * np.std(values)) == pytest.approx(1, abs=0.12), metric
        assert row["low"] < row["value"] < row["high"]
    assert pick(result, attribute="region", group="region 1", metric="capacity_share")["n"] == picked.sum()


def test_a_small_share_has_wilsons_interval_and_never_one_of_no_length() -> None:
    frame = scored(400)
    frame.loc[frame["sex"] == "f", "selected"] = False
    row = pick(run(frame), attribute="sex", group="f", metric="capacity_share")
    assert row["value"] == 0
    assert 0 == row["low"] < row["high"] < 0.15
    balance = pick(run(frame), attribute="sex", group="f", metric="capacity_balance")
    assert balance["low"] < balance["value"] < balance["high"] < 0


def test_shares_say_when_there_is_nothing_to_share() -> None:
    nobody = run(scored(400).assign(selected=False))
    assert pick(nobody, attribute="sex", group="f", metric="capacity_share")["reason"] == "none selected"
    everyone = run(scored(400).assign(selected=True))
    row = pick(everyone, attribute="sex", group="f", metric="capacity_balance")
    assert (np.isnan(row["value"]), row["reason"]) == (True, "all selected")
    never = run(scored(400).assign(outcome=0.0))
    assert pick(never, attribute="sex", group="f", metric="outcome_share")["reason"] == "no outcomes"
    alone = run(scored(400).assign(sex="f"))
    row = pick(alone, attribute="sex", group="f", metric="capacity_balance")
    assert (np.isnan(row["value"]), row["reason"]) == (True, "one group only")
    assert "group_share" not in set(alone.loc[alone["attribute"] == "overall", "metric"])


def test_across_groups_the_other_side_is_everybody() -> None:
    frame = scored(3000)
    cluster, names = pd.factorize(frame["cluster_id"])
    columns = (cluster.astype(np.int64), len(names), frame["outcome"].to_numpy(), frame["score"].round(2).to_numpy())
    one, other = auc_across(everybody(3000), *columns), auc_by_group(everybody(3000), *columns)
    assert one is not None
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert one.variance() == pytest.approx(other.variance(), rel=1e-9)
    groups = by_attribute("sex", frame["sex"].tolist(), "not recorded")
    across = auc_across(groups, *columns)
    assert across is not None
    # the parts, weighted by their outcome cases, are the whole, and so are their errors, but for the mix of groups
    weight = across.outcomes / across.outcomes.sum()
    assert weight @ across.value == pytest.approx(other.value[0], abs=1e-12)
    whole = (across.influence.toarray() * weight[:, None]).sum(axis=0)
    assert whole @ whole == pytest.approx((other.influence.multiply(other.influence)).sum(), rel=0.05)


def test_a_group_scored_lower_falls_behind_across_groups_not_within() -> None:
    frame = scored(6000)
    result = run(frame.assign(score=np.where(frame["sex"] == "f", frame["score"] * 0.5, frame["score"])))
    within = pick(result, attribute="sex", group="f", metric="auc", comparison="difference")
    across = pick(result, attribute="sex", group="f", metric="auc_across", comparison="difference")
    assert across["high"] < -0.05
    assert within["value"] > across["high"]


def test_too_many_groups_are_not_compared_in_pairs_or_across() -> None:
    frame = scored(4000, groups=130)
    with patch("fairness_reports.audit.auc.LARGEST", 1000):
        result = run(frame, REGION)
    few = run(scored(40), REGION, minimum_cell=25)
    assert pick(few, attribute="region", metric="selection_rate", comparison="largest_gap")["reason"] == (
        "no two groups large enough"
    )
    gap = pick(result, attribute="region", metric="selection_rate", comparison="largest_gap")
    assert (np.isnan(gap["value"]), gap["reason"], gap["group"]) == (True, "too many groups", "overall")
    assert set(result.query("metric == 'auc_across' and attribute == 'region'")["reason"]) == {"too many groups"}


def test_a_number_of_its_own_for_each_case_is_no_group() -> None:
    with pytest.raises(PlumblineError, match=r"region has 1,500 groups, more than 1,000"):
        run(scored(1500).assign(region=np.arange(1500)), REGION)


def test_triples_are_all_pairs_and_all_triples() -> None:
    spec = ProtectedSpec(attributes=["sex", "region", "age"], intersections="triples")
    assert spec.crossed() == [("sex", "region"), ("sex", "age"), ("region", "age"), ("sex", "region", "age")]
    frame = scored(900).assign(age=np.where(np.arange(900) % 2, "old", "young"))
    result = run(frame, spec)
    three = result.query("attribute == 'sex × region × age' and metric == 'n'")
    assert len(three) == 12
    assert three["value"].sum() == 900
    tpr = frame.query("sex == 'f' and region == 'region 1' and age == 'old' and outcome == 1")["selected"].mean()
    row = pick(result, attribute="sex × region × age", group="f × region 1 × old", metric="tpr")
    assert row["value"] == pytest.approx(tpr)


def test_a_named_reference_is_one_more_comparison_never_a_judged_one() -> None:
    result = run(scored(2000), REGION, references={"region": "region 2"}, confirmatory=[threshold("tpr", "region")])
    for comparison, metrics in (("difference", DIFFERENCES), ("ratio", (*QUOTIENTS, *SHARES))):
        rows = result[(result["comparison"] == comparison) & (result["reference"] == "region 2")]
        assert set(rows["metric"]) == set(metrics)
        assert set(rows["group"]) == {"region 0", "region 1"}
        assert not rows["confirmatory"].any()
        assert rows["value"].notna().all()
    a, b = (pick(result, attribute="region", group=each, metric="fdr")["value"] for each in ("region 0", "region 2"))
    ratio = pick(result, attribute="region", group="region 0", metric="fdr", comparison="ratio", reference="region 2")
    assert ratio["value"] == pytest.approx(a / b, abs=1e-12)
    gone = run(scored(300), references={"sex": "x"})
    assert set(gone.loc[gone["reference"] == "x", "reason"]) == {"reference group missing"}
    with pytest.raises(PlumblineError, match="no protected attribute “age”"):
        run(scored(50), references={"age": "old"})


def test_a_judged_reference_has_ratios_too() -> None:
    result = run(scored(2000), confirmatory=[threshold("tpr", "sex", reference="m")])
    ratio = pick(result, attribute="sex", group="f", metric="tpr", comparison="ratio", reference="m")
    assert ratio["low"] < ratio["value"] < ratio["high"]
    assert ratio["state"] == NOT_JUDGED


def test_the_furthest_pair_is_named_with_an_interval_wider_than_its_own() -> None:
    frame = scored(6000, groups=4)
    frame.loc[(frame["region"] == "region 3") & (np.arange(6000) % 2 == 0), "selected"] = False
    result = run(frame, REGION)
    gap = pick(result, attribute="region", metric="tpr", comparison="largest_gap")
    ratio = pick(result, attribute="region", metric="tpr", comparison="smallest_ratio")
    rates = {each: pick(result, attribute="region", group=each, metric="tpr")["value"] for each in set(frame["region"])}
    high, low = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
    assert (gap["group"], gap["reference"], low) == (high, low, "region 3")
    assert (ratio["group"], ratio["reference"]) == (low, high)
    assert gap["value"] == pytest.approx(rates[high] - rates[low], abs=1e-12)
    assert ratio["value"] == pytest.approx(rates[low] / rates[high], abs=1e-12)
    named = run(frame, REGION, references={"region": "region 3"})
    single = pick(named, attribute="region", group=high, metric="tpr", comparison="difference", reference="region 3")
    assert 0 < gap["low"] < single["low"]
    assert gap["high"] > single["high"]
    assert set(result.loc[result["comparison"] == "largest_gap", "attribute"]) == {"region"}


def test_small_groups_together_are_one_more_group_that_is_not_judged() -> None:
    frame = scored(400)
    frame.loc[:6, "sex"], frame.loc[7:13, "sex"] = "x", "y"
    result = run(frame, confirmatory=[threshold("selection_rate", "sex")], references={"sex": "f"})
    together = POOLED
    assert pick(result, attribute="sex", group=together, metric="n")["value"] == 14
    for name, expected in (("selection_rate", "selected"), ("mean_score", "score")):
        row = pick(result, attribute="sex", group=together, metric=name)
        assert row["value"] == pytest.approx(frame.loc[:13, expected].mean())
    for small in ("x", "y"):
        assert pick(result, attribute="sex", group=small, metric="n")["reason"] == "fewer than 10"
    judged = result[result["confirmatory"]]
    assert sorted(judged["group"]) == ["f", "m", "x", "y"]
    gap = result[(result["group"] == together) & (result["metric"] == "selection_rate")]
    gap = gap[gap["reference"] == "overall"]
    assert set(gap["state"]) == {NOT_JUDGED}
    assert not gap["confirmatory"].any()
    pairs = result[result["comparison"].isin(["largest_gap", "smallest_ratio"])]
    assert together not in set(pairs["group"]) | set(pairs["reference"].dropna())
    shares = result.query("attribute == 'sex' and metric == 'group_share' and group != @together")
    assert shares.query("comparison == 'value'")["value"].isna().sum() == 2


def test_groups_are_pooled_only_where_that_shows_something() -> None:
    few = by_attribute("sex", ["a"] * 30 + ["b"] * 4 + ["c"] * 5, "not recorded")
    assert pooled(few, 10) is few  # together still too small
    assert pooled(by_attribute("sex", ["a"] * 30 + ["b"] * 4, "not recorded"), 10).labels == ["a", "b"]
    assert pooled(by_attribute("sex", ["a"] * 6 + ["b"] * 7, "not recorded"), 10).labels == ["a", "b"]  # is everybody
    many = pooled(few, 6)
    assert many.labels == ["a", "b", "c", "small groups together"]
    assert many.cases().tolist() == [30, 4, 5, 9]


def test_rows_whose_scores_were_shown_are_a_split_of_their_own() -> None:
    frame = scored(1200)
    frame.loc[800:, "as_of"] = date(2026, 3, 1)
    treated = frame.assign(treated=frame["as_of"] > date(2026, 2, 1))
    result = run(treated, confirmatory=[threshold("tpr", "sex")])
    assert list(dict.fromkeys(result["split"])) == ["test", "test, scores shown"]
    days = result.drop_duplicates("split").set_index("split")["as_of"]
    assert days.to_dict() == {"test": date(2026, 1, 1), "test, scores shown": date(2026, 3, 1)}
    assert set(result.loc[result["confirmatory"], "split"]) == {"test"}
    alone = run(frame.loc[:799], confirmatory=[threshold("tpr", "sex")])
    pd.testing.assert_frame_equal(result[result["split"] == "test"].reset_index(drop=True), alone)
    declared = ObservationSpec(outcomes_of="all", reason=WORDS, scores_shown_since=date(2026, 3, 1))
    since = run(frame, observation=declared)
    assert pick(since, split="test, scores shown", attribute="overall", metric="n")["value"] == 400


def test_when_all_scores_had_been_shown_nothing_can_be_told() -> None:
    judged = [threshold("tpr", "sex"), threshold("fpr", "region")]
    spec = ProtectedSpec(attributes=["sex", "region", "age"], intersections="none")
    result = run(scored(400).assign(treated=True), spec, confirmatory=judged)
    assert set(result["split"]) == {"test", "test, scores shown"}
    of = result[result["confirmatory"]]
    assert set(of["split"]) == {"test"}
    assert (set(of["state"]), set(of["reason"])) == ({CANNOT_TELL}, {"scores had been shown"})
    assert sorted(of["group"]) == ["f", "m", "region 0", "region 1", "region 2"]
    assert of["value"].isna().all()
    missing = result[(result["split"] == "test") & (result["attribute"] == "age")]
    assert set(missing["reason"]) == {"attribute missing"}


def test_scores_that_are_no_probabilities_serve_for_ranks_only() -> None:
    frame = scored(600)
    result = run(frame.assign(score=frame["score"] * 10 - 3), confirmatory=[threshold("calibration", "sex")])
    usual = run(frame)
    for metric in ("auc", "auc_across", "tpr", "for"):
        mine, other = (pick(each, attribute="sex", group="f", metric=metric) for each in (result, usual))
        assert mine["value"] == other["value"]
    for metric in SCORED:
        rows = result[result["metric"] == metric]
        assert set(rows["reason"]) == {"scores are no probabilities"}
        assert rows[["value", "low", "high"]].isna().all(axis=None)
    assert set(result["band"]) == {"all"}
    assert set(result.loc[result["confirmatory"], "state"]) == {CANNOT_TELL}


def test_without_scores_the_rest_is_measured() -> None:
    frame = scored(600)
    result, usual = run(frame.drop(columns="score")), run(frame)
    for metric in (*SCORED, "auc", "auc_across"):
        assert set(result.loc[result["metric"] == metric, "reason"]) == {"no scores"}
    rest = "metric in ('tpr', 'ppv', 'capacity_balance', 'n') and band == 'all'"
    pd.testing.assert_frame_equal(result.query(rest).reset_index(drop=True), usual.query(rest).reset_index(drop=True))


@pytest.mark.parametrize(
    "change",
    [
        {"score": 0.3},
        {"score": 1.0, "selected": True},
        {"score": 0.0, "selected": False},
        {"outcome": 0.0},
        {"outcome": 1.0},
        {"outcome": np.nan},
        {"outcome": 1.0, "selected": True},
        {"sex": "f"},
        {"sex": None},
        {"cluster_id": "all"},
    ],
)
def test_degenerate_tables_say_why_and_never_find_a_gap_of_nothing(change: dict[str, object]) -> None:
    result = run(scored(200).assign(**change), confirmatory=[threshold("tpr", "sex"), threshold("ppv", "sex")])
    assert result.loc[result["value"].isna(), "reason"].notna().all()
    shown = result[result["value"].notna() & (result["comparison"] != "value")]
    assert shown[["low", "high"]].notna().all(axis=None) or set(shown["comparison"]) == {"ratio"}
    assert (result["low"].isna() | (result["low"] < result["high"])).all()
    assert all(in_words(reason, Language("de")) for reason in set(result["reason"].dropna()))  # or it raises


def test_who_was_not_looked_at_has_no_outcome() -> None:
    frame = scored(1000).assign(visited=[1.0, 0.0, None, 1.0] * 250)
    declared = ObservationSpec.model_validate(
        {"outcomes_of": "served", "reason": WORDS, "served": {"attribute": "visited", "values": [1]}}
    )
    result = run(frame, observation=declared)
    assert pick(result, attribute="overall", metric="unknown_share")["value"] == 0.5
    looked_at = frame[frame["visited"] == 1]
    row = pick(result, attribute="overall", metric="base_rate")
    assert row["value"] == pytest.approx(looked_at["outcome"].mean())
    groups = frame[["case_id", "visited", "sex"]]
    apart = audit(frame.drop(columns=["visited", "sex"]), groups, SEX, replicates=200, observation=declared)
    pd.testing.assert_frame_equal(apart, result)
    with pytest.raises(PlumblineError, match="no column visited"):
        run(frame.drop(columns="visited"), observation=declared)
    unseen = run(frame.assign(visited=np.where(frame["selected"], 0.0, 1.0)), observation=declared)
    reason = "no known outcomes among them"
    assert pick(unseen, attribute="sex", group="f", metric="ppv")["reason"] == reason
    assert in_words(reason, Language("de")) == "darunter kein Ausgang bekannt"


def test_how_many_more_cases_it_takes_and_what_could_have_been_seen() -> None:
    frame = scored(800)
    result = run(frame, confirmatory=[threshold("tpr", "sex", 0.05)])
    undecided = result[result["confirmatory"] & (result["state"] == CANNOT_TELL)]
    assert (undecided["needed_n"] > undecided["n"]).all()
    row = undecided.iloc[0]
    assert abs(row["value"]) < 0.05
    shrunk = np.sqrt(row["n"] / row["needed_n"])
    limits = (row["value"] + (row[each] - row["value"]) * shrunk for each in ("low", "high"))
    assert max(abs(each) for each in limits) == pytest.approx(0.05, rel=0.02)
    assert (result["needed_n"].notna() <= (result["state"] == CANNOT_TELL)).all()
    assert run(frame, confirmatory=[threshold("tpr", "sex", 0.9)])["needed_n"].isna().all()
    gaps = result[(result["comparison"] == "difference") & result["low"].notna()]
    assert gaps["detectable_gap"].notna().all()
    # (z + .8416) standard errors; judged gaps are at 1 - .05 / 2
    for rows, z in ((gaps[gaps["metric"] == "fpr"], 1.96), (gaps[gaps["confirmatory"]], 2.2414)):
        expected = (z + 0.8416) * (rows["high"] - rows["low"]) / (2 * z)
        assert rows["detectable_gap"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-3)
