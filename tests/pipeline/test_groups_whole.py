"""What a run says of groups, beyond the audit of the test: who is there now, what has changed, where gaps come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.whole_runs import NAME, Ran

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fairness(plain: Ran) -> pd.DataFrame:
    return plain.release.table("fairness")


@pytest.fixture(scope="module")
def exact(plain: Ran) -> pd.DataFrame:
    """The audit before figures are rounded for the open part."""
    return plain.query(f'SELECT * FROM audit."{NAME}__fairness"')


def test_who_is_scored_now_is_told_without_outcomes(plain: Ran, fairness: pd.DataFrame) -> None:
    now = fairness[fairness["split"] == "now"]
    assert set(now["metric"]) == {"n", "group_share", "selection_rate", "capacity_share", "mean_score"}
    n = now[(now["metric"] == "n") & (now["attribute"] == "overall")]["value"].iloc[0]
    assert n % 5 == 0
    assert abs(n - len(plain.release.table("scores"))) <= 5, "two cells, each rounded"
    assert set(now["state"]) == {"not_judged"}
    assert set(now["identification"]) == {"identified"}


def test_nobody_has_said_who_gets_an_outcome_and_the_audit_says_so(fairness: pd.DataFrame) -> None:
    judged = fairness[fairness["confirmatory"]]
    assert len(judged)
    assert set(judged["identification"]) == {"undeclared"}
    assert judged["bound_low"].isna().all()


def test_factors_add_up_to_the_gap(exact: pd.DataFrame) -> None:
    rows = exact[exact["metric"].str.startswith("contribution[") & exact["value"].notna()]
    place = ["attribute", "group", "reference", "band"]
    sums = rows.groupby(place)["value"].sum()
    raw = exact[(exact["metric"] == "raw") & exact["value"].notna()].set_index(place)["value"]
    assert len(sums) >= 10
    assert np.abs(sums - raw.loc[sums.index]).max() < 1e-9
    assert {"all", "with outcome", "without outcome"} == {band for *_, band in sums.index}


def test_what_the_features_reveal_is_told_for_each_feature(fairness: pd.DataFrame) -> None:
    revealed = fairness[fairness["metric"].str.startswith("proxy_auc")]
    assert {"proxy_auc", "proxy_auc[last_assessment]"} <= set(revealed["metric"])
    shown = revealed[revealed["value"].notna()]
    assert shown["value"].between(0, 1).all()
    assert (shown["low"] <= shown["high"]).all()


def test_who_had_left_before_is_told_by_group(plain: Ran, fairness: pd.DataFrame) -> None:
    left = fairness[(fairness["metric"] == "attrition") & (fairness["comparison"] == "value")]
    counted = plain.query(f"SELECT * FROM cohort.attrition WHERE programme = '{NAME}' AND attribute = 'sex'")
    for split, part in left[left["attribute"] == "sex"].groupby("split"):
        mine = counted[counted["as_of"] == pd.Timestamp(str(split))].set_index("group")
        for row in part[part["value"].notna()].itertuples():
            left_before, registered = mine.loc[row.group, "left_before"], mine.loc[row.group, "registered"]
            # from counts of those who left and stayed, each rounded to five
            assert row.value == pytest.approx(left_before / registered, abs=5 / registered)


def test_what_has_changed_is_published(plain: Ran) -> None:
    changed = plain.release.table("drift")
    assert {"group_share", "base_rate"} <= set(changed["metric"])
    assert changed["value"].notna().any()
