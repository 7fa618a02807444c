"""The simulated service whose records are biased: what a declaration of its recording says of the hidden truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data_contracts.simulator import for_scenario, simulate
from fairness_reports.audit import audit
from fairness_reports.capacity import select_within
from fairness_reports.spec import ProtectedSpec
from tests.fairness_reports_audit_data import pick, threshold
from tests.fairness_reports_identification_data import declare

PROTECTED = ProtectedSpec(attributes=["community"])
JUDGED = [threshold(metric, "community", 0.1) for metric in ("fpr", "fnr")]
DECLARED = declare(
    reporting=[
        {"at_least": 0.45, "at_most": 0.8},
        {"at_least": 0.93, "at_most": 1.0, "attribute": "community", "group": "Ardal"},
    ],
    unfounded=[
        {"at_least": 0.0, "at_most": 0.05},
        {"at_least": 0.1, "at_most": 0.5, "attribute": "community", "group": "Ardal"},
    ],
)
"""As in docs/family_support.md."""
METRICS = ("base_rate", "tpr", "fnr", "fpr", "ppv", "for", "accuracy", "calibration")


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    """Open cases on 1 January 2023, scored by assessment and missed appointments: recorded and true outcomes."""
    world = simulate(for_scenario("biased"))
    first = pd.Timestamp("2023-01-01")
    last = first + pd.Timedelta(days=180)
    cases, placements = world.tables["cases"], world.tables["placements"]
    is_open = (pd.to_datetime(cases["recorded_on"]) < first) & ~(pd.to_datetime(cases["closed_on"]) < first)
    people = cases[is_open].drop_duplicates("person_id").merge(world.tables["persons"], on="person_id")

    def within(table: pd.DataFrame, day: str) -> pd.Series:
        days = pd.to_datetime(table[day])
        return people["person_id"].isin(table.loc[(days >= first) & (days < last), "person_id"]).astype(float)

    assessed = world.tables["assessments"].query("recorded_on < '2023-01-01'")
    contacts = world.tables["contacts"].query("kind == 'missed_appointment' and recorded_on < '2023-01-01'")
    points = people["person_id"].map(assessed.groupby("person_id")["score"].mean()).astype(float).fillna(50)
    missed = people["person_id"].map(contacts.groupby("person_id").size()).fillna(0)
    truth = world.truth[world.truth["case_id"].fillna("") != ""]
    frame = pd.DataFrame(
        {
            "split": "test",
            "case_id": people["case_id"],
            "cluster_id": people["household_id"],
            "community": people["community"],
            "score": 1 / (1 + np.exp(-(points / 20 + missed / 4 - 4.5))),
            "outcome": within(placements[placements["kind"] == "crisis"], "started_on"),
            "true": within(truth, "crisis_on"),
        }
    )
    return frame.assign(selected=select_within(frame, 0.25))


@pytest.fixture(scope="module")
def told(cohort: pd.DataFrame) -> pd.DataFrame:
    return audit(cohort, None, PROTECTED, confirmatory=JUDGED, replicates=50, observation=DECLARED)


def test_bounds_hold_what_nobody_recorded(cohort: pd.DataFrame, told: pd.DataFrame) -> None:
    need = audit(cohort.assign(outcome=cohort["true"]), None, PROTECTED, replicates=50)
    held, outside = [], 0
    for community in ("Ardal", "Belmar", "Cendry"):
        for metric in METRICS:
            for comparison in ("value", "difference"):
                where = {"group": community, "metric": metric, "comparison": comparison}
                row, truth = pick(told, **where), pick(need, **where)["value"]
                assert row["identification"] == "bounded"
                held.append(row["bound_low"] <= truth <= row["bound_high"])
                outside += not row["low"] <= truth <= row["high"]
    assert np.mean(held) == 1
    # on recorded outcomes alone most intervals miss the truth
    assert outside > len(held) / 2


def test_judged_gaps_stand_on_their_bounds(told: pd.DataFrame) -> None:
    judged = told[told["confirmatory"]]
    assert set(judged["identification"]) == {"bounded"}
    assert "within" not in set(judged["state"])
    ardal = pick(told, group="Ardal", metric="fnr", comparison="difference")
    assert ardal["bound_high"] < 0


def test_without_a_declaration_it_says_so(cohort: pd.DataFrame) -> None:
    table = audit(cohort, None, PROTECTED, confirmatory=JUDGED, replicates=50)
    assert set(table.loc[table["metric"].isin(METRICS), "identification"]) == {"undeclared"}
    assert table["bound_low"].isna().all()
    assert set(table.loc[table["metric"] == "selection_rate", "identification"]) == {"identified"}
