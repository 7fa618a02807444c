"""What the audit says of figures for true outcomes: the four answers, states, sampling error, the declaration."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from scipy.stats import binom

from fairness_reports.audit import audit
from fairness_reports.audit.reasons import in_words
from fairness_reports.identification.bounds import extremes
from fairness_reports.identification.cells import declared
from fairness_reports.identification.contradictions import by_chance, contradicted
from fairness_reports.identification.figures import errors
from fairness_reports.identification.pairs import Ends, largest_gap, smallest_ratio
from fairness_reports.identification.phrases import CONTRADICTED, COULD_BE_ANYTHING, NO_BOUNDS, OPEN_BY_RECORDING
from fairness_reports.identification.sampling import critical, share_error
from fairness_reports.language import Language
from fairness_reports.spec import NOT_RECORDED, ProtectedSpec
from simulations import bounds as study
from tests.fairness_reports_audit_data import pick, scored, threshold
from tests.fairness_reports_identification_data import declare, parts, reporting, rows, sharp, wanted

pytestmark = [pytest.mark.slow, pytest.mark.measured]

ONE = ProtectedSpec(attributes=["region"])


def test_a_worked_example() -> None:
    """Ten selected, four of them recorded; ninety others, six recorded; at least half of outcomes are recorded."""
    table = rows(["a"] * 100, [True] * 10 + [False] * 90, [1.0] * 4 + [0.0] * 6 + [1.0] * 6 + [0.0] * 84)
    audited = wanted(["a"]).query("comparison == 'value'").reset_index(drop=True)
    found = sharp(table, reporting(0.5), audited)
    limits = {metric: (found.low[i], found.high[i]) for i, metric in enumerate(audited["metric"])}
    assert limits["base_rate"] == pytest.approx((0.10, 0.20))
    assert limits["tpr"] == pytest.approx((4 / 16, 8 / 14))
    assert limits["ppv"] == pytest.approx((0.4, 0.8))
    assert limits["fpr"] == pytest.approx((2 / 86, 6 / 84))
    assert limits["for"] == pytest.approx((6 / 90, 12 / 90))
    assert limits["accuracy"] == pytest.approx(((4 + 78) / 100, (8 + 84) / 100))
    assert limits["calibration"] == pytest.approx((0.25 - 0.2, 0.25 - 0.1))
    assert limits["calibration_selected"] == pytest.approx((0.25 - 0.8, 0.25 - 0.4))


def test_unfounded_records_lower_the_bounds() -> None:
    table = rows(["a"] * 10, [True] * 10, [1.0] * 4 + [0.0] * 6)
    audited = wanted(["a"]).query("comparison == 'value' and metric == 'ppv'").reset_index(drop=True)
    found = sharp(table, declare(unfounded=[{"at_least": 0.25, "at_most": 0.5}]), audited)
    assert (found.low[0], found.high[0]) == pytest.approx((0.2, 0.3))


def test_answers() -> None:
    frame = scored(3000)
    frame.loc[frame["region"].eq("region 1") & frame["selected"], "outcome"] = np.nan
    by_group = declare(
        reporting=[
            {"at_least": 1.0, "at_most": 1.0},
            {"at_least": 0.7, "at_most": 1.0, "attribute": "region", "group": "region 2"},
        ]
    )
    table = audit(frame, None, ONE, replicates=50, observation=by_group)
    answer = {
        (group, metric): pick(table, group=group, metric=metric)["identification"]
        for group in ("region 0", "region 1", "region 2")
        for metric in ("selection_rate", "tpr", "for", "auc", "brier")
    }
    assert {answer[group, "selection_rate"] for group in ("region 0", "region 1", "region 2")} == {"identified"}
    assert {answer["region 0", metric] for metric in ("tpr", "for", "auc", "brier")} == {"identified"}
    # all selected are unknown, nobody else is: the share among the others is as recorded, the recall is not
    assert (answer["region 1", "for"], answer["region 1", "tpr"]) == ("identified", "bounded")
    assert (answer["region 2", "tpr"], answer["region 2", "auc"]) == ("bounded", "not_identifiable")
    # everybody contains the other groups
    assert pick(table, group="region 0", metric="tpr", comparison="difference")["identification"] == "bounded"
    assert table.loc[table["identification"].ne("bounded"), ["bound_low", "bound_high"]].isna().all(axis=None)
    shown = table[table["identification"] == "bounded"]
    assert (shown["bound_low"] <= shown["bound_high"]).all()


def test_unknown_selected_alone_say_nothing_of_the_precision() -> None:
    frame = scored(3000)
    frame.loc[frame["selected"], "outcome"] = frame["outcome"].where(frame.index % 20 == 0)
    frame["outcome"] = frame["outcome"].where(~frame["selected"] | (frame.index % 20 == 0))
    table = audit(
        frame, None, ONE, replicates=50, observation=declare(), confirmatory=[threshold("auc"), threshold("tpr")]
    )
    judged = table[table["confirmatory"] & table["value"].notna()]
    assert set(judged["state"]) == {"cannot_tell"}
    assert set(judged.loc[judged["metric"] == "auc", "reason"]) == {NO_BOUNDS}
    assert set(judged["needed_n"].dropna()) == set()
    widest = table[(table["metric"] == "tpr") & (table["comparison"] == "value") & table["value"].notna()]
    assert widest["identification"].isin(["bounded", "not_identifiable"]).all()


def test_states_follow_the_bounds() -> None:
    frame = scored(30_000)
    told = [threshold("fpr", tolerance=0.1)]
    plain = audit(frame, None, ONE, replicates=50, confirmatory=told)
    assert set(plain.loc[plain["confirmatory"], "state"]) == {"within"}
    assert plain.loc[plain["confirmatory"], "tipping_point"].between(0.01, 0.99).all()
    slightly = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(0.9))
    assert set(slightly.loc[slightly["confirmatory"], "state"]) == {"within"}
    hardly = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(0.3))
    judged = hardly[hardly["confirmatory"]]
    assert set(judged["state"]) == {"cannot_tell"}
    assert set(judged["reason"]) == {OPEN_BY_RECORDING}
    assert judged["needed_n"].isna().all()
    # so few recorded that nobody might be without the outcome: of these, any share could be selected
    blind = audit(scored(3000), None, ONE, replicates=50, confirmatory=told, observation=reporting(0.05))
    judged = blind[blind["confirmatory"]]
    assert set(judged["identification"]) == {"not_identifiable"}
    assert set(judged["state"]) == {"cannot_tell"}
    assert set(judged["reason"]) == {COULD_BE_ANYTHING}
    # the tipping point is where the state turns: figures and states agree on both sides of it
    tip = plain.loc[plain["confirmatory"], "tipping_point"].max()
    beyond = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(tip * 0.98))
    assert "cannot_tell" in set(beyond.loc[beyond["confirmatory"], "state"])


def test_records_that_contradict_the_declaration_say_nothing() -> None:
    """Four of five have the outcome recorded: at most half of all outcomes cannot be what gets recorded."""
    frame = scored(3000)
    frame["outcome"] = (np.random.default_rng(0).random(len(frame)) < 0.8).astype(float)
    told = [threshold(metric, tolerance=0.1) for metric in ("tpr", "auc")]
    table = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(0.3, 0.5))
    shown = table[table["value"].notna()]
    lost = shown[shown["identification"] == "not_identifiable"]
    assert set(shown["identification"]) == {"identified", "not_identifiable"}
    assert {"base_rate", "tpr", "auc", "auc_across", "outcome_share"} <= set(lost["metric"])
    assert {"value", "difference", "ratio", "largest_gap", "smallest_ratio"} <= set(lost["comparison"])
    assert set(lost["reason"]) == {CONTRADICTED}
    assert lost[["bound_low", "bound_high", "tipping_point", "needed_n"]].isna().all(axis=None)
    assert set(lost.loc[lost["confirmatory"], "state"]) == {"cannot_tell"}
    assert lost["confirmatory"].sum() == 6
    assert not shown.loc[shown["metric"] == "selection_rate", "reason"].eq(CONTRADICTED).any()


def test_a_contradiction_in_one_group_leaves_the_others_theirs() -> None:
    frame = scored(6000)
    alone = frame["region"].eq("region 2")
    frame.loc[alone & frame["selected"], "outcome"] = 1.0
    told = [threshold("fpr", tolerance=0.4), threshold("fpr", tolerance=0.4, reference="region 0")]
    table = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(0.7, 0.9))
    table = table[table["metric"].eq("fpr") & table["attribute"].eq("region") & table["value"].notna()]
    against = {(row.group, row.comparison, row.reference): row.reason == CONTRADICTED for row in table.itertuples()}
    for group in ("region 0", "region 1"):
        row = pick(table, group=group, comparison="value")
        assert row["identification"] == "bounded"
        assert row["bound_low"] < row["bound_high"]
        assert against[group, "difference", "overall"]
    assert pick(table, group="region 2", comparison="value")["reason"] == CONTRADICTED
    judged = table[table["confirmatory"]].set_index(["group", "reference"])
    assert judged.loc[("region 1", "region 0"), "state"] == "within"
    assert judged.loc[("region 2", "region 0"), "state"] == "cannot_tell"
    assert judged.loc[("region 1", "overall"), "state"] == "cannot_tell"
    assert judged.loc[("region 1", "region 0"), "tipping_point"] > 0
    extremes_over_groups = table[table["comparison"].isin(["largest_gap", "smallest_ratio"])]
    assert set(extremes_over_groups["reason"]) == {CONTRADICTED}


@pytest.mark.parametrize(("recorded", "households", "found"), [(8, 10, False), (14, 20, False), (16, 20, True)])
def test_chance_contradicts_nothing(recorded: int, households: int, found: bool) -> None:
    """At most half are recorded, so half of the cases can be recorded outcomes; the tail is the binomial's."""
    table = rows(["a"] * households, [True] * households, [1.0] * recorded + [0.0] * (households - recorded))
    _, counted, _, _, split = parts(table, reporting(0.3, 0.5), wanted(["a"]))
    tail = binom.sf(recorded - 1, households, 0.5)
    assert by_chance(counted, split.ranges)[0, 0, 0] == pytest.approx(tail)
    # the same group twice, once as everybody: two cells
    assert (("region", "a", "all") in contradicted(split, [("region", False)]).groups) == found == (tail < 0.025)
    # cases of a household count once
    again = pd.concat([table.assign(case_id=table["case_id"] + f" {i}") for i in range(5)], ignore_index=True)
    _, counted, _, _, split = parts(again, reporting(0.3, 0.5), wanted(["a"]))
    assert by_chance(counted, split.ranges)[0, 0, 0] == pytest.approx(tail)


def test_where_sampling_keeps_it_open_more_cases_help() -> None:
    told = [threshold("tpr", tolerance=0.1)]
    frame = scored(4000)
    table = audit(frame, None, ONE, replicates=50, confirmatory=told, observation=reporting(0.9))
    judged = table[table["confirmatory"] & table["state"].eq("cannot_tell") & table["needed_n"].notna()]
    assert len(judged) > 0
    assert (judged["needed_n"] > judged["n"]).all()
    assert not judged["reason"].eq(OPEN_BY_RECORDING).any()


@pytest.mark.parametrize("phrase", [COULD_BE_ANYTHING, NO_BOUNDS, OPEN_BY_RECORDING, CONTRADICTED])
def test_reasons_have_german(phrase: str) -> None:
    assert in_words(phrase, Language("de")) not in {phrase, ""}


def test_errors_are_those_of_a_bootstrap() -> None:
    """Linearised, against whole households drawn again: values, gaps to everybody and to a group, ratios."""
    frame = scored(6000, seed=3, per_cluster=2.5).rename(columns={"region": "attribute region"})
    frame["attribute region"] = frame["attribute region"].str[-1].map({"0": "a", "1": "b", "2": "c"})
    rng = np.random.default_rng(1)
    frame.loc[rng.random(len(frame)) < 0.03, "outcome"] = np.nan
    spec = declare(
        reporting=[{"at_least": 0.7, "at_most": 0.9}, {"at_least": 0.9, "attribute": "region", "group": "a"}],
        unfounded=[{"at_least": 0.02, "at_most": 0.1}],
    )
    audited = wanted(["a", "b", "c"]).assign(n=1_000_000)  # no floor for few cases
    _, counted, figures, cells, split = parts(frame, spec, audited)
    problems, own, other = cells.problems(figures, split.ranges)
    found = extremes(problems)
    linear = errors(figures, problems, (own, other), counted, split, found)
    positions = [part.to_numpy() for part in frame.reset_index(drop=True).groupby("cluster_id").groups.values()]
    drawn = []
    for _ in range(150):
        chosen = np.concatenate([positions[i] for i in rng.integers(0, len(positions), len(positions))])
        again = sharp(frame.iloc[chosen], spec, audited)
        drawn.append((again.low, again.high))
    spread = np.std(drawn, axis=0, ddof=1)
    for ends, by_hand in zip(linear, spread, strict=True):
        assert np.allclose(ends, by_hand, rtol=0.28, atol=2e-4)
        assert np.median(ends / by_hand) == pytest.approx(1, abs=0.05)


def test_the_critical_value_is_imbens_and_manskis() -> None:
    error = np.full(4, 0.02)
    width = np.array([0.0, 0.01, 0.05, 1.0])
    level = np.full(4, 0.95)
    found = critical(width, error, error / 2, level)
    assert found[[0, 3]] == pytest.approx([1.959964, 1.644854], abs=1e-5)
    assert ndtr(found + width / 0.02) - ndtr(-found) == pytest.approx(level)
    assert (np.diff(found) < 0).all()
    assert share_error(np.array([0.0]), np.array([16.0]))[0] == pytest.approx(np.sqrt(0.1 * 0.9 / 20))


def test_pairs() -> None:
    nothing = np.zeros(3)
    apart = Ends(np.array([0.1, 0.4, 0.2]), np.array([0.2, 0.6, 0.5]), nothing, nothing)
    assert largest_gap(apart, 0.95) == pytest.approx((0.2, 0.5))
    assert smallest_ratio(apart, 0.95) == pytest.approx((0.1 / 0.6, 0.2 / 0.4))
    overlapping = Ends(np.array([0.1, 0.2]), np.array([0.3, 0.4]), nothing[:2], nothing[:2])
    assert largest_gap(overlapping, 0.95) == pytest.approx((0, 0.3))
    assert smallest_ratio(overlapping, 0.95) == pytest.approx((0.25, 1))


def test_ranges_by_group_reach_their_cases() -> None:
    table = rows(["a", "b", NOT_RECORDED, "a"], [True] * 4, [1.0] * 4)
    spec = declare(
        reporting=[{"at_least": 0.5}, {"at_least": 0.9, "attribute": "region", "group": "a"}],
        unfounded=[{"at_most": 0.1}],
    )
    told = declared(table, spec)
    assert told.ranges[told.stratum].tolist() == [
        [0.9, 1, 0, 0.1],
        [0.5, 1, 0, 0.1],
        [0.5, 1, 0, 0.1],
        [0.9, 1, 0, 0.1],
    ]
    unseen = declared(table.drop(columns="attribute region"), spec)
    assert unseen.ranges.tolist() == [[0.5, 1, 0, 0.1]]


def test_a_declaration_for_one_group_says_what_holds_for_the_others() -> None:
    with pytest.raises(ValueError, match="everybody else"):
        declare(reporting=[{"at_least": 0.9, "attribute": "region", "group": "a"}])


def test_the_study_is_what_its_script_gives() -> None:
    result = json.loads(study.RESULTS.read_text())
    assert result["seeds"] >= 2000
    by_scenario = pd.DataFrame(result["cells"]).groupby("scenario")
    for _, cells in by_scenario:
        weighted = np.average(cells["coverage"], weights=cells["repeats"])
        assert weighted >= 0.945
    one = study.Cell("served_only", 1000, 0.3, 2, 11)
    whole = study.population("served_only", 0.3, 11, 40_000)
    again = study.run_cell(one, whole)
    assert again == study.run_cell(one, whole)
    assert again["coverage"] > 0.9
    assert 1 <= again["width_ratio"] < 2.5
