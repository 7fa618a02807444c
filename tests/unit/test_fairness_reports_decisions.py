"""What answers must say together, who counts as human and joint, and the figures by group against counting by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.answers import read_answers
from data_contracts.errors import UsageError
from fairness_reports.audit.metrics import NONE_SELECTED
from fairness_reports.audit.reasons import FEW_DECISIONS, MODEL_UNKNOWN, WITHHELD, in_words
from fairness_reports.charter import Caseload
from fairness_reports.decisions import ANSWERS, COLUMNS, Listed, check_answers, decisions
from fairness_reports.decisions.answers import Checked
from fairness_reports.decisions.figures import DETAILS, decided
from fairness_reports.disclosure import profile_of
from fairness_reports.disclosure.tables import protect_decisions
from fairness_reports.language import Language
from fairness_reports.spec import ProtectedSpec

pytestmark = [pytest.mark.slow, pytest.mark.measured]

TODAY = dt.date(2026, 3, 1)
DAY = dt.date(2026, 1, 1)
WORDS = {"en": "A talk.", "de": "Ein Gespräch."}
CASELOAD = Caseload.model_validate(
    {
        "purpose": WORDS,
        "drawn_at_random": 0.2,
        "expires_after_days": 14,
        "reason": WORDS,
        "actions": [
            {"code": "talk", "label": WORDS, "selected": True},
            {"code": "nothing", "label": WORDS, "selected": False},
        ],
    }
)
ROW = {
    "list_id": "20260105-0123456789", "release_id": "r1", "programme": "p", "as_of": "2026-01-01", "case_id": "c1",
    "view_before": "", "shown_on": "2026-01-06", "seen_before_deciding": "yes", "action": "talk", "disagreement": "",
}  # fmt: skip


def check(folder: Path, *changes: dict[str, str], columns: tuple[str, ...] = ANSWERS) -> Checked:
    path = folder / "list.csv"
    rows = [",".join((ROW | change)[name] for name in columns) for change in changes]
    path.write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    known = Listed({("c1", DAY): True, ("c2", DAY): None})
    found = check_answers(
        read_answers(path, ANSWERS),
        CASELOAD,
        programme="p",
        listed=lambda release_id: known if release_id == "r1" else None,
        today=TODAY,
    )
    assert found.answers.empty == bool(found.faults)
    return found


def test_a_list_in_order(tmp_path: Path) -> None:
    late = {"case_id": "c2", "shown_on": "2026-01-19", "action": "nothing", "disagreement": "not_current"}
    found = check(tmp_path, {}, late, {})
    assert found.faults == []
    assert found.late == 1  # 14 days after the 5th of January the list had expired
    assert len(found.answers) == 2  # the same row twice is one
    assert found.answers[["case_id", "taken_up", "model_selected"]].to_numpy().tolist() == [
        ["c1", True, True],
        ["c2", False, None],
    ]
    assert check(tmp_path, {"shown_on": "2026-01-18"}).late == 0


def test_an_empty_action_is_not_answered_yet(tmp_path: Path) -> None:
    found = check(tmp_path, {"action": "", "seen_before_deciding": "", "shown_on": ""})
    assert found.answers[["action", "taken_up", "model_selected"]].to_numpy().tolist() == [[None, None, True]]


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"programme": "other"}, "programme", "programme"),
        ({"release_id": "r2"}, "release_id", "release"),
        ({"case_id": "c9"}, "case_id", "case"),
        ({"as_of": "2026-01-02"}, "case_id", "case"),
        ({"shown_on": "2025-12-31"}, "shown_on", "before_list"),
        ({"shown_on": "2026-03-02"}, "shown_on", "future"),
        ({"seen_before_deciding": ""}, "seen_before_deciding", "seen_missing"),
        ({"shown_on": ""}, "shown_on", "shown_missing"),
        ({"action": "visit"}, "action", "code"),
        ({"view_before": "high"}, "view_before", "code"),
        ({"disagreement": "it is wrong"}, "disagreement", "free_text"),
    ],
)
def test_one_fault_and_nothing_counts(tmp_path: Path, change: dict[str, str], column: str, rule: str) -> None:
    found = check(tmp_path, {"case_id": "c2"}, change)
    assert [(fault.row, fault.column, fault.rule) for fault in found.faults] == [(3, column, rule)]


def test_a_faulty_answer_about_an_unknown_case_is_told_with_the_case(tmp_path: Path) -> None:
    found = check(tmp_path, {"action": "visit", "case_id": "c9"}, {"action": "visit", "release_id": "r9"})
    assert [(fault.row, fault.column, fault.rule) for fault in found.faults] == [
        (2, "action", "code"), (2, "case_id", "case"), (3, "action", "code"), (3, "release_id", "release"),
    ]  # fmt: skip
    found = check(tmp_path, {"release_id": "", "case_id": "c9"})
    assert [(fault.column, fault.rule) for fault in found.faults] == [("release_id", "missing")]


def test_two_answers_for_one_case_are_a_fault_in_both_rows(tmp_path: Path) -> None:
    found = check(tmp_path, {}, {"case_id": "c2"}, {"action": "nothing"})
    assert [(fault.row, fault.rule) for fault in found.faults] == [(2, "twice"), (4, "twice")]
    assert not check(tmp_path, {}, {"list_id": "20260106-0123456789", "action": "nothing"}).faults


def test_a_column_is_missing(tmp_path: Path) -> None:
    assert not check(tmp_path, {}, columns=tuple(name for name in ANSWERS if name != "view_before")).faults
    with pytest.raises(UsageError, match="lacks the columns shown_on, action"):
        check(tmp_path, {}, columns=tuple(name for name in ANSWERS if name not in ("shown_on", "action")))


def test_who_decided() -> None:
    """Without the score an action is the human decision, else a blind view; with it the action is the joint one."""
    rows: list[tuple[Any, ...]] = [
        (True, None, "no"), (False, "higher", "no"), (True, "lower", "yes"), (False, "cannot_say", "yes"),
        (None, "higher", None), (None, None, None),
    ]  # fmt: skip
    found = decided(pd.DataFrame(rows, columns=["taken_up", "view_before", "seen_before_deciding"]))
    np.testing.assert_array_equal(found["human"], [1, 0, 0, np.nan, 1, np.nan])
    np.testing.assert_array_equal(found["joint"], [np.nan, np.nan, 1, 0, np.nan, np.nan])
    assert found["answered"].tolist() == [True, True, True, True, False, False]


SPEC = ProtectedSpec(attributes=["sex"])


def answers(cases: int = 800, seed: int = 3) -> pd.DataFrame:
    """Women are selected by the model more often; people follow it in most cases and even it out."""
    rng = np.random.default_rng(seed)
    female = np.arange(cases) % 2 == 0
    model = rng.random(cases) < np.where(female, 0.6, 0.2)
    taken = np.where(rng.random(cases) < 0.5, model, rng.random(cases) < 0.4)
    named = np.where(rng.random(cases) < 0.2, "not_current", None)
    named[:4] = "other_reason"
    number = np.arange(cases)
    team = np.select([number < 8, number < 16], ["tiny", "small"], np.where(number % 3 == 0, "south", "north"))
    return pd.DataFrame(
        {
            "as_of": pd.Timestamp(DAY),
            "case_id": [f"c{number:04}" for number in range(cases)],
            "cluster_id": [f"k{number // 4}" for number in range(cases)],
            "outcome": np.where(rng.random(cases) < 0.7, rng.random(cases) < 0.4, np.nan),
            "model_selected": model.astype(object),
            "taken_up": np.where((rng.random(cases) < 0.9) | (number < 16), taken, None),
            "view_before": None,
            "seen_before_deciding": "yes",
            "disagreement": named,
            "sex": np.where(female, "female", "male"),
            "team": team,
        }
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return decisions(answers(), SPEC, replicates=300)


def value(table: pd.DataFrame, who: str, attribute: str, group: str, metric: str, cases: str = "with_score") -> Any:
    same = (table["cases"] == cases) & (table["who"] == who) & (table["attribute"] == attribute)
    same &= (table["group"] == group) & (table["metric"] == metric) & (table["comparison"] == "value")
    assert same.sum() == 1
    return table[same].iloc[0]


def test_figures_are_those_of_counting(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == COLUMNS
    assert not table.duplicated(["as_of", "cases", "who", "attribute", "group", "metric", "comparison"]).any()
    every = answers()
    given = every[every["taken_up"].notna()]
    for attribute, group, part in [
        ("overall", "overall", given),
        *(("sex", sex, given[given["sex"] == sex]) for sex in ("female", "male")),
        ("team", "north", given[given["team"] == "north"]),
    ]:
        taken, model = part["taken_up"].astype(bool), part["model_selected"].astype(bool)
        told = {
            ("joint", "n"): len(part),
            ("joint", "selection_rate"): taken.mean(),
            ("model", "selection_rate"): model.mean(),
            ("joint", "agreement"): (taken == model).mean(),
            ("joint", "taken_up_unselected"): taken[~model].mean(),
            ("joint", "not_taken_up_selected"): (~taken[model]).mean(),
            ("joint", "disagreement"): part["disagreement"].notna().mean(),
            ("joint", "fnr"): (~taken[part["outcome"] == 1]).mean(),
            ("model", "fnr"): (~model[part["outcome"] == 1]).mean(),
        }
        for (who, metric), figure in told.items():
            if attribute == "team" and metric in {name for each in DETAILS for name in each}:
                continue  # one of the teams has too few
            row = value(table, who, attribute, group, metric)
            assert row["value"] == pytest.approx(figure, abs=1e-12), (who, group, metric)
            assert metric == "n" or row["low"] < row["value"] < row["high"]
        listed = every if attribute == "overall" else every[every[attribute] == group]
        share = value(table, "list", attribute, group, "answered_share", "listed")["value"]
        assert share == pytest.approx(len(part) / len(listed), abs=1e-12)


def test_a_change_of_a_gap(table: pd.DataFrame) -> None:
    every = answers()
    given = every[every["taken_up"].notna()]
    taken, model = given["taken_up"].astype(float), given["model_selected"].astype(float)
    for sex in ("female", "male"):  # one above the rate of all, one below
        part = given["sex"] == sex
        change = abs(taken[part].mean() - taken.mean()) - abs(model[part].mean() - model.mean())
        row = value(table, "joint", "sex", sex, "gap_change")
        assert row["value"] == pytest.approx(change, abs=1e-12)
        assert row["low"] < change < row["high"] < 0  # narrower, and surely so


def test_small_teams_count_in_totals_and_stand_together(table: pd.DataFrame) -> None:
    given = answers()
    given = given[given["taken_up"].notna()]
    small = given[given["team"].isin(["tiny", "small"])]
    assert given["team"].value_counts()[["tiny", "small"]].tolist() == [8, 8]
    for team in ("tiny", "small"):
        row = value(table, "joint", "team", team, "selection_rate")
        assert np.isnan(row["value"])
        assert row["reason"] == "fewer than 10"
        assert pd.isna(row["n"])
    assert value(table, "joint", "team", "small groups together", "n")["value"] == len(small)
    assert value(table, "joint", "overall", "overall", "n")["value"] == len(given)
    few = value(table, "joint", "team", "small groups together", "gap_change")
    assert np.isnan(few["value"])
    assert few["reason"] == FEW_DECISIONS


def test_details_are_withheld_for_all_groups_where_one_has_too_few(table: pd.DataFrame) -> None:
    for metric in {name for each in DETAILS for name in each}:
        for team in ("north", "south", "small groups together"):
            row = value(table, "joint", "team", team, metric)
            assert np.isnan([row["value"], row["low"], row["high"]]).all()
            assert row["reason"] == "fewer than 10"
        assert value(table, "joint", "sex", "male", metric)["value"] > 0
    assert value(table, "joint", "team", "north", "selection_rate")["value"] > 0
    # nobody disagreed: that is withheld, and nothing else with it
    calm = decisions(answers().assign(disagreement=None), SPEC, replicates=100)
    assert np.isnan(value(calm, "joint", "overall", "overall", "disagreement")["value"])
    assert value(calm, "joint", "overall", "overall", "agreement")["value"] > 0


def test_reasons_are_counted_from_the_minimum_cell_on(table: pd.DataFrame) -> None:
    given = answers()
    given = given[given["taken_up"].notna()]
    often = value(table, "joint", "overall", "overall", "disagreement[not_current]")
    assert often["value"] == pytest.approx((given["disagreement"] == "not_current").mean(), abs=1e-12)
    for code in ("other_reason", "wrong_information"):  # fewer than ten, and none: both would tell on somebody
        row = value(table, "joint", "overall", "overall", f"disagreement[{code}]")
        assert np.isnan([row["value"], row["low"], row["high"]]).all()
        assert row["reason"] == "fewer than 10"
    assert set(table.loc[table["metric"].str.startswith("disagreement["), "attribute"]) == {"overall"}


def test_same_rows_same_figures_whatever_their_order(table: pd.DataFrame) -> None:
    again = decisions(answers().sample(frac=1, random_state=1), SPEC, replicates=300)
    pd.testing.assert_frame_equal(again, table)


def test_days_stand_by_themselves_and_a_lost_selection_has_a_reason() -> None:
    later = answers(60, seed=5).assign(as_of=pd.Timestamp("2026-02-01"), model_selected=None, outcome=np.nan)
    both = decisions(pd.concat([later, answers(60)]), SPEC, replicates=100)
    assert sorted(set(both["as_of"])) == [DAY, dt.date(2026, 2, 1)]
    newest = both[both["as_of"] == dt.date(2026, 2, 1)]
    lost = value(newest, "model", "overall", "overall", "selection_rate")
    assert np.isnan(lost["value"])
    assert lost["reason"] == MODEL_UNKNOWN
    assert in_words(MODEL_UNKNOWN, Language("de")) != MODEL_UNKNOWN
    assert value(newest, "joint", "overall", "overall", "selection_rate")["value"] > 0
    assert "fnr" not in set(newest["metric"])
    assert newest.loc[newest["metric"] == "gap_change", "value"].isna().all()
    # nothing is known of the model: nobody can say that it selected all or none
    for metric in DETAILS[0]:
        assert set(newest.loc[newest["metric"] == metric, "reason"]) == {MODEL_UNKNOWN, "fewer than 10"}
    safe = protect_decisions(newest, profile_of("default"))
    assert set(safe.loc[safe["metric"].isin([*DETAILS[0], "gap_change"]), "reason"]) == {MODEL_UNKNOWN, WITHHELD}
    assert value(safe, "joint", "overall", "overall", "agreement")["reason"] == MODEL_UNKNOWN


def test_a_reason_tells_no_exact_count() -> None:
    """That of men none was selected by the model, or that of them alone nothing is known, is a count like any other."""
    every = answers()
    men = every["sex"] == "male"
    for lost, said in ((False, NONE_SELECTED), (None, MODEL_UNKNOWN)):
        made = decisions(every.assign(model_selected=every["model_selected"].where(~men, lost)), SPEC, replicates=100)
        assert value(made, "joint", "sex", "male", "not_taken_up_selected")["reason"] == said
        safe = protect_decisions(made, profile_of("default"))
        assert value(safe, "joint", "sex", "male", "not_taken_up_selected")["reason"] == WITHHELD
        assert set(safe["reason"].dropna()) <= {WITHHELD, FEW_DECISIONS}


def test_nothing_read_nothing_said() -> None:
    assert decisions(answers().iloc[:0], SPEC).empty
    unanswered = decisions(answers(40).assign(taken_up=None), SPEC, replicates=100)
    assert set(unanswered["cases"]) == {"listed"}
