"""Which options are worth a discussion: those that no other beats in both utility and gap.

Belongs here: the frontier for a chart.
Does not belong here: choosing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairness_reports.spec import OVERALL


def frontier(table: pd.DataFrame, utility: str = "recall_at_capacity") -> pd.DataFrame:
    """Options by utility and largest gap on the latest development split.

    Parameters
    ----------
    table : DataFrame
        From `compare_options`.
    utility : str
        auc, recall_at_capacity, precision_at_capacity (more is better) or brier (less is better).

    Returns
    -------
    DataFrame
        attribute, metric, reference, option, utility, utility_low, utility_high, gap, gap_low, gap_high, group (the one
        with the largest gap), needs_attribute, may_be_chosen, on_frontier: by point estimates no other option has a
        utility as good and a gap as small, and one of the two better. Intervals overlap more often than not: a place on
        the frontier is no finding. Options without a figure are left out.
    """
    columns = "attribute metric reference option utility utility_low utility_high gap gap_low gap_high group "
    columns += "needs_attribute may_be_chosen on_frontier"
    shown = table[(table["role"] == "development") & table["value"].notna()]
    if shown.empty:
        return pd.DataFrame(columns=columns.split())
    latest = shown[shown["as_of"] == shown["as_of"].max()]
    value = latest[(latest["comparison"] == "value") & (latest["metric"] == utility) & (latest["attribute"] == OVERALL)]
    gaps = latest[latest["comparison"] == "largest_gap"]
    both = gaps.merge(value[["option", "value", "low", "high"]], on="option", suffixes=("", "_of_utility"))
    names = {"value": "gap", "low": "gap_low", "high": "gap_high", "value_of_utility": "utility"}
    names |= {"low_of_utility": "utility_low", "high_of_utility": "utility_high"}
    both = both.rename(columns=names).assign(on_frontier=False)
    sign = -1.0 if utility == "brier" else 1.0
    on = both["on_frontier"].to_numpy(copy=True)
    for _, rows in sorted(both.groupby(["attribute", "metric", "reference"], sort=True).indices.items()):
        good, gap = sign * both["utility"].to_numpy()[rows], both["gap"].to_numpy()[rows]
        as_good = (good[None, :] >= good[:, None]) & (gap[None, :] <= gap[:, None])
        better = (good[None, :] > good[:, None]) | (gap[None, :] < gap[:, None])
        on[rows] = ~(as_good & better).any(axis=1)
    made: pd.DataFrame = both.assign(on_frontier=np.asarray(on, dtype=np.bool_))[columns.split()]
    return made.reset_index(drop=True)
