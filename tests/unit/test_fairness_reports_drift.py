"""Changes over time: what is compared with what, and which change is an alarm."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from fairness_reports.audit import audit
from fairness_reports.charter import FairnessThreshold
from fairness_reports.drift import COLUMNS, CROSSED, MOVED, TOO_FEW, WIDENED, drift
from fairness_reports.spec import ProtectedSpec

pytestmark = [pytest.mark.slow, pytest.mark.measured]

PROTECTED = ProtectedSpec(attributes=["sex"])
FNR = FairnessThreshold.model_validate(
    {"metric": "fnr", "attribute": "sex", "tolerance": 0.1, "reason": {"en": "a b", "de": "a b"}}
)


def period(
    name: str, day: str, *, women: float = 0.5, rate: float = 0.2, missed: float = 0.3, n: int = 4000
) -> pd.DataFrame:
    """Cases with a share of women, a base rate, and a share of women with the outcome who are missed (men: .3)."""
    rng = np.random.default_rng(7)
    place = np.arange(n) / n
    sex = np.where(place < women, "f", "m")
    outcome = (rng.random(n) < rate).astype(float)
    caught = rng.random(n) < np.where(sex == "f", 1 - missed, 0.7)
    selected = np.where(outcome == 1, caught, rng.random(n) < 0.15)
    return pd.DataFrame(
        {
            "split": name, "as_of": pd.Timestamp(day), "case_id": [f"{name}{i}" for i in range(n)],
            "score": rng.random(n), "selected": selected, "outcome": outcome, "sex": sex,
        }
    )  # fmt: skip


def audited(*periods: pd.DataFrame) -> pd.DataFrame:
    return audit(pd.concat(periods), None, PROTECTED, confirmatory=[FNR], test_split="b", replicates=200)


def row(table: pd.DataFrame, metric: str, group: str, since: str) -> pd.Series:
    found = table[(table["metric"] == metric) & (table["group"] == group) & (table["since"] == since)]
    assert len(found) == 1
    return found.iloc[0]


def test_nothing_has_changed() -> None:
    table = drift(audited(period("a", "2020-01-01"), period("b", "2021-01-01")), test_split="b")
    assert list(table.columns) == list(COLUMNS)
    assert not table["alarm"].any()
    assert {"group_share", "base_rate", "gap[fnr]"} == set(table["metric"])
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()


def test_a_group_that_has_grown_is_an_alarm_and_a_small_change_is_none() -> None:
    grown = drift(audited(period("a", "2020-01-01"), period("b", "2021-01-01", women=0.6)), test_split="b")
    here = row(grown, "group_share", "f", "a")
    assert here["alarm"]
    assert here["reason"] == MOVED
    assert here["value"] == pytest.approx(0.1, abs=0.002)
    sure_but_small = audited(period("a", "2020-01-01", n=40_000), period("b", "2021-01-01", women=0.53, n=40_000))
    here = row(drift(sure_but_small, test_split="b"), "group_share", "f", "a")
    assert here["low"] > 0
    assert not here["alarm"]


def test_a_base_rate_that_has_moved_is_told_for_each_group_and_for_all() -> None:
    table = drift(audited(period("a", "2020-01-01"), period("b", "2021-01-01", rate=0.3)), test_split="b")
    moved = table[(table["metric"] == "base_rate") & table["alarm"]]
    assert set(moved["group"]) == {"f", "m", "overall"}
    assert (moved["value"] > 0.05).all()


def test_a_gap_that_widens_or_leaves_the_tolerance_is_an_alarm() -> None:
    table = drift(audited(period("a", "2020-01-01"), period("b", "2021-01-01", missed=0.8)), test_split="b")
    here = row(table, "gap[fnr]", "f", "a")
    assert here["alarm"]
    assert here["low"] > 0
    assert here["reason"] == CROSSED  # the older period is not judged: it was not outside
    shrunk = drift(audited(period("a", "2020-01-01", missed=0.8), period("b", "2021-01-01")), test_split="b")
    assert row(shrunk, "gap[fnr]", "f", "a")["value"] < 0
    assert not row(shrunk, "gap[fnr]", "f", "a")["alarm"]


def test_a_gap_that_has_turned_round_counts_with_both_sizes() -> None:
    table = drift(audited(period("a", "2020-01-01", missed=0.1), period("b", "2021-01-01", missed=0.6)), test_split="b")
    here = row(table, "gap[fnr]", "f", "a")
    assert here["value"] == pytest.approx(0.25, abs=0.05)  # from about -.1 to about +.15
    assert here["alarm"]


def test_the_newest_earlier_release_is_compared() -> None:
    before = audited(period("b", "2020-01-01"))
    earlier = before[before["confirmatory"]].assign(release_id="2020-01-01-x")
    older = earlier.assign(release_id="2019-01-01-x", value=0.5, low=0.49, high=0.51)
    table = drift(audited(period("b", "2021-01-01", missed=0.5)), test_split="b", earlier=pd.concat([older, earlier]))
    assert set(table["since"]) == {"2020-01-01-x"}
    assert row(table, "gap[fnr]", "f", "2020-01-01-x")["reason"] in {WIDENED, CROSSED}


def test_cases_scored_now_are_compared_with_the_test() -> None:
    now = period("now", "2022-01-01", women=0.8).assign(outcome=np.nan)
    table = drift(audited(period("b", "2021-01-01"), now), test_split="b")
    here = row(table, "group_share", "f", "b")
    assert here["alarm"]
    assert here["value"] == pytest.approx(0.3, abs=0.002)


def test_a_group_too_small_in_one_period_says_so_and_is_no_alarm() -> None:
    small = audited(period("a", "2020-01-01", women=5 / 4000), period("b", "2021-01-01"))
    here = row(drift(small, test_split="b"), "base_rate", "f", "a")
    assert here["reason"] == TOO_FEW
    assert not here["alarm"]
    assert np.isnan(here["value"])


def test_one_period_alone_has_no_changes() -> None:
    assert drift(audited(period("b", "2021-01-01")), test_split="b").empty


def test_a_period_whose_scores_had_been_shown_is_no_yardstick() -> None:
    shown = audited(period("a", "2020-01-01"), period("b", "2021-01-01"))
    shown.loc[shown["split"] == "a", "split"] = "a, scores shown"
    assert drift(shown, test_split="b").empty


def test_the_order_of_rows_does_not_matter() -> None:
    table = audited(period("a", "2020-01-01"), period("b", "2021-01-01", women=0.6))
    key = ["attribute", "group", "metric", "since"]
    one = drift(table, test_split="b").sort_values(key, ignore_index=True)
    other = drift(table.sample(frac=1, random_state=1), test_split="b").sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(one, other)


def test_days_are_days() -> None:
    table = audited(period("a", "2020-01-01"), period("b", "2021-01-01"))
    assert set(table["as_of"]) == {date(2020, 1, 1), date(2021, 1, 1)}
