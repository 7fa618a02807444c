"""Who had left before the day of prediction, by group."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from fairness_reports.audit import COLUMNS
from fairness_reports.audit.attrition import attrition
from fairness_reports.spec import ProtectedSpec

PROTECTED = ProtectedSpec(attributes=["sex"], missing_label="?")


def counts(*rows: tuple[str, str | None, int, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["cohort", "group", "registered", "left_before"])
    return table.assign(as_of=date(2020, 1, 1), attribute="sex")


TOLD = counts(("one", "f", 400, 100), ("one", "m", 600, 90), ("one", None, 40, 12), ("old", "f", 10, 10))


def found(table: pd.DataFrame, group: str, comparison: str) -> pd.Series:
    return table[(table["group"] == group) & (table["comparison"] == comparison)].iloc[0]


def test_shares_of_those_registered_by_group_and_overall() -> None:
    table = attrition(TOLD, {"one": "test"}, PROTECTED)
    assert set(COLUMNS) == set(table.columns)
    assert set(table["split"]) == {"test"}
    assert found(table, "f", "value")["value"] == 0.25
    assert found(table, "m", "value")["value"] == 0.15
    assert found(table, "?", "value")["value"] == 0.3
    assert found(table, "overall", "value")["value"] == pytest.approx(202 / 1040)
    assert found(table, "f", "value")["n"] == 400
    assert (table["identification"] == "identified").all()
    shown = table[table["value"].notna()]
    assert (shown["low"] < shown["value"]).all()
    assert (shown["value"] < shown["high"]).all()


def test_a_difference_to_everybody_has_the_interval_of_group_against_rest() -> None:
    table = attrition(TOLD, {"one": "test"}, PROTECTED)
    gap = found(table, "f", "difference")
    assert gap["value"] == pytest.approx(0.25 - 202 / 1040)
    assert gap["low"] > 0  # .25 of 400 against .16 of 640 is no chance
    # against a normal approximation of the same quantity
    p, q, n, m = 0.25, 102 / 640, 400, 640
    se = (m / (n + m)) * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    assert gap["high"] - gap["low"] == pytest.approx(2 * 1.96 * se, rel=0.03)


def test_few_who_left_are_left_out_with_the_reason() -> None:
    table = attrition(counts(("one", "f", 400, 9), ("one", "m", 600, 90)), {"one": "test"}, PROTECTED)
    assert np.isnan(found(table, "f", "value")["value"])
    assert found(table, "f", "value")["reason"] == "fewer than 10"
    assert np.isnan(found(table, "m", "difference")["value"])  # the rest would tell of the nine
    assert found(table, "m", "difference")["reason"] == "reference too small"


def test_cohorts_that_are_not_tested_do_not_count() -> None:
    assert attrition(TOLD, {}, PROTECTED).empty
    both = attrition(TOLD, {"one": "test", "old": "test"}, PROTECTED)
    assert found(both, "f", "value")["n"] == 410
