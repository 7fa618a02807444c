"""Rules of disclosure control on small examples that can be followed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import UsageError
from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.disclosure import profile_of, protect, protect_cohorts
from fairness_reports.disclosure.counted import Split
from fairness_reports.disclosure.crossings import Crossing, lots_of, shown_cells
from fairness_reports.disclosure.figures import ends
from fairness_reports.disclosure.levels import ALL, HIDDEN, SIZE, levels_of, room
from fairness_reports.disclosure.model_figures import protect_metrics
from fairness_reports.disclosure.profile import PROFILES, nice, to_step
from fairness_reports.disclosure.tables import protect_decisions, protect_quality, protect_shapes
from fairness_reports.reports import page_html
from fairness_reports.spec import OVERALL, POOLED, ProtectedSpec
from tests import fairness_reports_fake as fake

RULES = PROFILES["default"]


def test_profiles_say_what_the_field_says() -> None:
    assert [(p.minimum, p.base, p.zero_disclosive) for p in PROFILES.values()] == [
        (10, 5, True), (8, 5, True), (8, 5, False), (15, 10, True),
    ]  # fmt: skip
    assert PROFILES["drb"].count(123_456) == 123_500
    assert not PROFILES["nhs"].small(0)
    assert PROFILES["opensafely"].small(7)
    assert profile_of("nhs", 20).minimum == 20
    with pytest.raises(UsageError, match="no disclosure profile"):
        profile_of("none")


def test_steps_are_one_two_or_five() -> None:
    assert [nice(each) for each in (0.0011, 0.002, 0.0021, 0.3, 0.7)] == [0.002, 0.002, 0.005, 0.5, 1.0]
    assert to_step(0.3846, 0.02) == 0.38
    # a tie and its complement add up to one
    assert to_step(0.25, 0.1) + to_step(0.75, 0.1) == pytest.approx(1.0)


def test_a_small_group_takes_another_with_it() -> None:
    counts = np.array([[3.0, 2.0], [40.0, 50.0], [400.0, 500.0]])
    assert levels_of(counts, RULES).tolist() == [HIDDEN, HIDDEN, ALL]
    assert levels_of(counts[1:], RULES).tolist() == [ALL, ALL]


def test_a_small_cell_takes_the_figures_of_another_group_with_it() -> None:
    counts = np.array([[3.0, 200.0], [40.0, 500.0], [400.0, 500.0]])
    assert levels_of(counts, RULES).tolist() == [SIZE, SIZE, ALL]


def test_nobody_counts_as_few() -> None:
    counts = np.array([[0.0, 0.0], [40.0, 50.0], [400.0, 500.0]])
    assert levels_of(counts, RULES).tolist() == [HIDDEN, HIDDEN, ALL]
    assert levels_of(counts, PROFILES["nhs"]).tolist() == [ALL, ALL, ALL]


def test_hidden_groups_that_are_few_together_are_not_enough() -> None:
    counts = np.array([[3.0, 1.0], [2.0, 1.0], [40.0, 50.0], [400.0, 500.0]])
    assert levels_of(counts, RULES).tolist() == [HIDDEN, HIDDEN, HIDDEN, ALL]


def test_room_of_two_groups_that_change_places() -> None:
    # the first may have 0 to 13 of the 13, the second as well
    assert room(np.array([3.0, 10.0]), np.array([30.0, 60.0]), np.array([SIZE, SIZE])).tolist() == [13.0, 13.0]


def crossing(cells: list[list[float]], rows: list[int], columns: list[int]) -> Crossing:
    table = np.array(cells, dtype=float)[:, :, None, None]
    return Crossing(
        (table,), np.array(rows), np.array(columns), np.zeros(len(rows), int), np.zeros(len(columns), int),
        np.array([True]),
    )  # fmt: skip


def test_a_hidden_cell_takes_three_others_with_it() -> None:
    shown = shown_cells(crossing([[3, 50, 500], [60, 70, 500], [500, 500, 900]], [ALL] * 3, [ALL] * 3), RULES)
    assert shown is not None
    assert shown.tolist() == [[False, False, True], [False, False, True], [True, True, True]]


def test_a_crossing_without_a_partner_is_not_shown() -> None:
    assert shown_cells(crossing([[3, 50], [4, 900]], [ALL] * 2, [ALL] * 2), RULES) is None


def test_cases_that_differ_in_what_is_shown_elsewhere_cannot_change_places() -> None:
    # in the partners there is one kind of cases only, in the small cell's row and column the other
    table = np.zeros((2, 2, 1, 2))
    table[:, :, 0] = [[[0, 3], [50, 0]], [[0, 60], [500, 500]]]
    plain = Crossing((table,), *[np.array([ALL, ALL])] * 2, *[np.zeros(2, int)] * 2, np.array([True]))
    assert shown_cells(plain, RULES) is None


def test_members_of_a_shown_pool_exchange_among_themselves_only() -> None:
    levels = np.array([HIDDEN, HIDDEN, HIDDEN, ALL])
    assert lots_of(levels, np.array([True, True, False, False]), True).tolist() == [1, 1, 0, 0]
    assert lots_of(levels, np.array([True, True, False, False]), False).tolist() == [0, 0, 0, 0]


def cases(groups: dict[str, tuple[int, int, int, int]], split: str = "s") -> pd.DataFrame:
    """Cases with so many tp, fn, fp, tn in each group."""
    rows = [
        (split, group, outcome, selected)
        for group, counts in groups.items()
        for count, (outcome, selected) in zip(counts, [(1, True), (1, False), (0, True), (0, False)], strict=True)
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=["split", "attribute sex", "outcome", "selected"]).assign(band=None, as_of=None)


def split_of(groups: dict[str, tuple[int, int, int, int]]) -> Split:
    made = cases(groups).rename(columns={"attribute sex": "sex"})
    return Split(made, {"sex": sorted(groups)}, [], RULES, 10)


def test_a_cell_that_is_empty_for_everybody_is_hidden() -> None:
    assert split_of({"f": (0, 50, 60, 70), "m": (0, 40, 60, 70)}).parts[OVERALL].levels[0] < ALL
    # but where nothing selects, that nobody is selected tells on nobody
    assert split_of({"f": (0, 50, 0, 70), "m": (0, 40, 0, 70)}).parts[OVERALL].levels[0] == ALL


def test_small_groups_stand_together_as_the_audit_has_them() -> None:
    part = split_of({"a": (1, 2, 3, 1), "b": (1, 1, 1, 1), "c": (99, 99, 99, 99), "d": (99, 99, 99, 99)}).parts["sex"]
    assert part.labels[-3:] == [POOLED, "a", "b"]
    assert part.levels.tolist() == [SIZE, ALL, SIZE, HIDDEN, HIDDEN] or part.levels[-1] == HIDDEN


def fairness(groups: dict[str, tuple[int, int, int, int]], against: str | None = None) -> pd.DataFrame:
    from fairness_reports.audit import audit

    made = cases(groups).drop(columns=["as_of", "band"]).rename(columns={"attribute sex": "sex"})
    made["case_id"] = [f"c{i}" for i in range(len(made))]
    made["score"] = 0.1 + 0.5 * made["selected"] + 0.1 * made["outcome"]
    spec, references = ProtectedSpec(attributes=["sex"], intersections="none"), {"sex": against} if against else None
    return audit(made, None, spec, replicates=50, references=references)


def protected(groups: dict[str, tuple[int, int, int, int]], against: str | None = None) -> pd.DataFrame:
    found = protect(
        {"fairness": fairness(groups, against)}, cases(groups), profile="default",
        protected=ProtectedSpec(attributes=["sex"], intersections="none"), minimum_cell=10,
    )  # fmt: skip
    return found.frames["fairness"].set_index(["attribute", "group", "band", "metric", "comparison"])


def test_figures_come_from_rounded_counts() -> None:
    table = protected({"f": (33, 51, 62, 203), "m": (41, 57, 66, 198)})
    row = table.loc[("sex", "f", "all", "tpr", "value")]
    assert row["value"] == round(35 / 85, 4)
    assert row["n"] == 85
    assert table.loc[("sex", "f", "all", "fnr", "value"), "value"] == pytest.approx(1 - row["value"], abs=1e-4)
    gap = table.loc[("sex", "f", "all", "tpr", "difference")]["value"]
    assert gap == pytest.approx(row["value"] - table.loc[("overall", "overall", "all", "tpr", "value"), "value"])
    assert (table["n"].dropna() % 5 == 0).all()


def test_what_is_withheld_has_one_reason_and_no_figure() -> None:
    table = protected({"f": (3, 51, 62, 203), "m": (41, 57, 66, 198), "x": (100, 100, 100, 100)})
    hidden = table.loc[[("sex", "f", "all", "tpr", "value"), ("sex", "m", "all", "tpr", "value")]]
    assert hidden[["value", "low", "high", "n"]].isna().all().all()
    assert set(hidden["reason"]) == {WITHHELD}
    assert table.loc[("sex", "f", "all", "n", "value"), "value"] == 320
    assert table.loc[("sex", "x", "all", "tpr", "value"), "value"] == 0.5
    assert table.loc[("sex", "x", "all", "tpr", "value"), "reason"] is None or pd.isna(
        table.loc[("sex", "x", "all", "tpr", "value"), "reason"]
    )


def test_a_reason_tells_no_exact_count_of_a_group() -> None:
    """That a ratio to women cannot be made because none of them is selected says it of them."""
    groups = {"f": (0, 50, 0, 203), "m": (41, 57, 66, 198), "x": (100, 100, 100, 100)}
    assert {"reference is zero", "reference too small"} <= set(fairness(groups, "f")["reason"])
    assert set(protected(groups, "f")["reason"].dropna()) == {WITHHELD}
    # where nobody at all is selected, that is no secret
    nobody = protected({"f": (0, 50, 0, 203), "m": (0, 57, 0, 198)})
    assert nobody.loc[("sex", "f", "all", "ppv", "value"), "reason"] == "none selected"
    assert nobody.loc[("sex", "f", "all", "auc", "difference"), "reason"] == WITHHELD


def test_an_interval_keeps_its_width_around_the_figure_that_is_told() -> None:
    assert ends(0.31, 0.28, 0.36, 0.30, 0.02, share=True) == (0.26, 0.36)
    assert ends(0.02, 0.0, 0.06, 0.01, 0.02, share=True) == (0.0, 0.05)


def metric_rows(*rows: tuple[str, float, int]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["metric", "value", "n"])
    return made.assign(split="s", as_of=None, model="m", low=np.nan, high=np.nan)


def test_a_figure_without_an_interval_stays_without() -> None:
    # a run without any model has no interval at all: the whole column then holds None, not NaN
    assert np.isnan(ends(0.25, None, None, 0.25, 0.01, share=True)).all()


def test_an_interval_without_a_width_is_not_told() -> None:
    rows = metric_rows(("factor_rank_agreement[seeds]", 0.758241758, 700), ("factor_top_overlap[seeds]", 0.8, 700))
    rows.loc[0, ["low", "high"]] = 0.758241758
    rows.loc[1, ["low", "high"]] = [0.733333333, 0.866666667]
    table = protect_metrics(rows, RULES)
    assert table["value"].tolist() == [0.7582, 0.8]
    assert table.loc[0, ["low", "high"]].isna().all()
    assert table.loc[1, ["low", "high"]].tolist() == [0.7333, 0.8667]
    # the page prints such a value alone
    context = fake.context()
    frame = context.metrics.copy()
    bare = frame["metric"].str.startswith("factor_")
    frame.loc[bare, ["low", "high"]] = 0.82
    frame.loc[bare, "value"] = 0.82
    page = page_html("en", replace(context, metrics=frame), "models")
    assert "0.82 to 0.82" not in page


def test_a_part_and_its_rest_are_both_large_or_neither_is_shown() -> None:
    table = protect_metrics(
        metric_rows(
            ("base_rate", 0.2, 1000), ("precision_at_capacity", 0.4, 1000), ("recall_at_capacity", 0.5, 1000),
            ("base_rate[new]", 0.2, 970), ("base_rate[returning]", 0.2, 30), ("auc[new]", 0.7, 970),
        ),
        RULES,
    ).set_index("metric")  # fmt: skip
    assert table.loc[["base_rate", "precision_at_capacity"], "value"].tolist() == [0.2, 0.4]
    assert table.loc[["base_rate[new]", "base_rate[returning]", "auc[new]"], "value"].isna().all()


def test_of_few_faults_it_is_not_told_how_many() -> None:
    frame = pd.DataFrame(
        [
            ["t", "a: required", 1003, 4, "warning", False, 0.004, None],
            ["t", "b: required", 1003, 0, "error", True, 0.0, None],
            ["t", "c: required", 1003, 123, "warning", False, 0.1226, None],
            ["t", "k_anonymity", 1003, 0, "info", True, 2.0, "sex"],
            ["t", "quarantined_share: sex = f", 500, 3, "info", True, 0.006, None],
            ["t", "quarantined_share: sex = m", 503, 30, "info", True, 0.06, None],
        ],
        columns=["table", "rule", "checked", "failed", "severity", "passed", "value", "detail"],
    )
    table = protect_quality(frame, RULES)
    assert table["failed"].astype(object).where(table["failed"].notna(), None).tolist()[:3] == [None, 0, 125]
    assert table["value"].isna().tolist() == [True, False, False, True, True, True]
    assert table["checked"][0] == 1005


def test_a_hidden_part_of_a_shape_is_never_alone() -> None:
    rows = [("typical", 500), ("bin", 300), ("bin", 150), ("bin", 46), ("missing", 4)]
    frame = pd.DataFrame([("f", "x", i, part, n) for i, (part, n) in enumerate(rows)],
                         columns=["factor", "feature", "position", "part", "n"])  # fmt: skip
    frame = frame.assign(
        value_from=0.0, value_to=1.0, category=None, mean_contribution=0.1, low=0.0, high=0.2, reason=None
    )
    table = protect_shapes(frame, RULES)
    assert table["n"].isna().tolist() == [True, False, False, True, True]
    assert table["mean_contribution"].isna().tolist() == [False, False, False, True, True]


def test_cohorts_tell_outcomes_only_where_there_are_enough_of_both() -> None:
    frame = pd.DataFrame({"cohort": ["a", "b", "c"], "as_of": None, "role": "train",
                          "cases": [103, 108, 99], "outcomes": [33, 104, None]})  # fmt: skip
    table = protect_cohorts(frame, RULES)
    assert table["cases"].tolist() == [105, 110, 100]
    assert table["outcomes"].isna().tolist() == [False, True, True]
    assert table["outcomes"][0] == 35


def test_the_mean_of_a_shape_lies_between_its_ends() -> None:
    frame = pd.DataFrame(
        [("f", "x", 0, "bin", 800, 0.0749, 0.07, 0.08), ("f", "x", 1, "bin", 400, -0.1049, -0.11, 0.24),
         ("f", "x", 2, "bin", 40, 0.0351, 0.02, 0.33), ("f", "x", 3, "bin", 900, 0.0049, 0.0, 0.0)],
        columns=["factor", "feature", "position", "part", "n", "mean_contribution", "low", "high"],
    ).assign(value_from=0.0, value_to=1.0, category=None, reason=None)  # fmt: skip
    table = protect_shapes(frame, RULES)
    figures = table[["low", "mean_contribution", "high"]].to_numpy()
    assert (np.diff(figures, axis=1) >= 0).all()
    assert (table["low"] <= frame["low"]).all()
    assert (table["high"] >= frame["high"]).all()
    # one step for all three of a row
    assert figures.tolist() == [[0.07, 0.07, 0.08], [-0.11, -0.1, 0.24], [0.02, 0.04, 0.34], [0.0, 0.0, 0.0]]


def test_shares_of_decisions_can_be_true_together() -> None:
    """3.4 % of all, and 4 % of each of two groups that are all: one of them would have to be wrong."""
    rows = [(OVERALL, OVERALL, 0.034, 1000), ("sex", "f", 0.0357, 560), ("sex", "m", 0.0351, 440)]
    rows = [*rows, ("team", "a", 0.033, 500), ("team", "b", 0.035, 500)]
    frame = pd.DataFrame(rows, columns=["attribute", "group", "value", "n"])
    frame = pd.concat([frame.assign(metric="answered_share"), frame.assign(metric="n", value=frame["n"])])
    gaps = frame[(frame["metric"] != "n") & (frame["attribute"] == "sex")].assign(value=0.0014)
    frame = pd.concat([frame.assign(comparison="value"), gaps.assign(comparison="difference", reference=OVERALL)])
    frame = frame.assign(as_of="d", cases="listed", who="list", low=np.nan, high=np.nan, reason=None)
    table = (
        protect_decisions(frame.astype({"reference": object}), RULES)
        .set_index(["metric", "comparison", "group"])
        .sort_index()
    )
    told = table.loc[("answered_share", "value"), "value"]
    assert told[["f", "m"]].min() <= told[OVERALL] <= told[["f", "m"]].max()
    assert told[["a", "b"]].min() <= told[OVERALL] <= told[["a", "b"]].max()
    assert table.loc[("answered_share", "difference", "f"), "value"] == pytest.approx(told["f"] - told[OVERALL])


def test_everybody_of_a_split_is_told_once() -> None:
    groups = {"f": (33, 51, 62, 202), "m": (41, 57, 66, 198)}
    exact = metric_rows(
        ("base_rate", 182 / 710, 710), ("precision_at_capacity", 74 / 202, 710), ("recall_at_capacity", 74 / 182, 710),
        ("lift_at_capacity", 1.43, 710), ("brier", 0.2, 710),
    )  # fmt: skip
    found = protect(
        {"fairness": fairness(groups), "metrics": exact}, cases(groups), profile="default",
        protected=ProtectedSpec(attributes=["sex"], intersections="none"), minimum_cell=10,
    )  # fmt: skip
    table = found.frames["fairness"].query("band == 'all'").set_index(["attribute", "metric", "comparison"])
    told = table.loc[(OVERALL, "base_rate", "value")]
    metrics = found.frames["metrics"].set_index("metric")
    # 75, 110, 130 and 400: rounding the sum itself would give 710, and 180 outcomes
    assert found.total("s", 710, RULES) == (715, 185)
    assert (told["n"], told["value"]) == (715, round(185 / 715, 4))
    assert (metrics["n"] == 715).all()
    assert metrics.loc["base_rate", "value"] == told["value"]
    assert metrics.loc["recall_at_capacity", "value"] == round(75 / 185, 4)
    assert table.loc[(OVERALL, "tpr", "value"), "value"] == metrics.loc["recall_at_capacity", "value"]
    cohorts = pd.DataFrame({"cases": [710, 710, 99], "outcomes": [182, np.nan, np.nan]})
    told = protect_cohorts(cohorts, RULES, [found.total("s", 710, RULES)] * 2 + [found.total("s", 99, RULES)])
    assert told["cases"].tolist() == [715, 715, 100]
    assert told["outcomes"].isna().tolist() == [False, True, True]
    assert told["outcomes"][0] == 185


def test_rows_without_an_interval_or_a_measure_pass() -> None:
    frame = pd.DataFrame([["s", None, "none", "base_rate", 0.3, None, None, 300]],
                         columns=["split", "as_of", "model", "metric", "value", "low", "high", "n"])  # fmt: skip
    assert protect_metrics(frame.astype({"low": object, "high": object}), RULES)["value"].tolist() == [0.3]
    quality = pd.DataFrame(
        [["t", "rows: rows", 0, 0, "info", True, None, None], ["t", "k_anonymity", 0, 0, "info", True, None, None]],
        columns=["table", "rule", "checked", "failed", "severity", "passed", "value", "detail"],
    )
    assert protect_quality(quality, RULES)["value"].isna().all()
