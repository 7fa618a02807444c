"""What has changed over time between groups: their shares, their base rates, the gaps that the charter judges.

Belongs here: changes between the audited periods, the cases scored now and earlier releases; when a change is an alarm.
Does not belong here: the figures (fairness_reports.audit), drift of features or scores, who hears of an alarm
(pipelines).

Everything is computed from published rows of fairness.parquet: a change is the difference of two figures, its standard
error the root of the sum of their squares, each taken from the width of its interval. That is exact for independent
periods and too wide where families stand in both, so alarms come late rather than early. All changes of one kind and
period are judged together (Bonferroni). Bounds, where outcomes are bounded, are left aside: what changes here is what
was recorded.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit.estimates import Confidence
from fairness_reports.audit.intervals import critical
from fairness_reports.spec import JOIN, OVERALL, SCORES_SHOWN
from fairness_reports.states import OUTSIDE

Array = NDArray[np.float64]

MATERIAL: Final = 0.05
"""A share or a base rate that has moved by less is no alarm, however sure the change."""
NOW: Final = "now"
"""Name of the split that holds the cases scored in this run."""
COLUMNS: Final = ("attribute", "group", "metric", "since", "value", "low", "high", "n", "alarm", "reason")

MOVED: Final = "moved"
WIDENED: Final = "wider gap"
CROSSED: Final = "outside the tolerance now"
TOO_FEW: Final = "no interval in one of the two periods"


def drift(fairness: pd.DataFrame, *, test_split: str, earlier: pd.DataFrame | None = None) -> pd.DataFrame:
    """Changes between periods, and which of them people should look at.

    Parameters
    ----------
    fairness : pandas.DataFrame
        Rows of fairness.parquet: earlier splits, the test split and, where cases are scored, the split `now`.
    test_split : str
        The split on which gaps are judged.
    earlier : pandas.DataFrame, optional
        Judged rows of earlier releases with a column `release_id`, oldest first; the newest is compared.

    Returns
    -------
    pandas.DataFrame
        COLUMNS. `metric` is `group_share` (test against the split before; `now` against the test), `base_rate` (test
        against the split before) or `gap[METRIC]` (the size of a judged gap against that in the split before, and in
        the release before). `since` names the earlier period; value is now minus then, for gaps in size; low and high
        hold for all rows of one metric and period together. A gap that has turned round has changed by both its sizes.
        `alarm`: the change is sure, and at least MATERIAL for
        shares and rates; or a gap is sure to have widened, or has become `outside`. `reason` says which.
    """
    before = _before(fairness, test_split)
    pieces: list[pd.DataFrame] = []
    if before is not None:
        then, today = _of(fairness, before), _of(fairness, test_split)
        for metric in ("group_share", "base_rate"):
            pieces.append(_values(metric, then, today, before))
        pieces.append(_gaps(today[today["confirmatory"]], then, before))
    if (fairness["split"] == NOW).any():
        pieces.append(_values("group_share", _of(fairness, test_split), _of(fairness, NOW), test_split))
    if earlier is not None and len(earlier):
        newest = earlier[earlier["release_id"] == earlier["release_id"].iloc[-1]]
        today = _of(fairness, test_split)
        pieces.append(_gaps(today[today["confirmatory"]], newest, str(newest["release_id"].iloc[0])))
    found = [piece for piece in pieces if len(piece)]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    return _typed(table)


def _before(fairness: pd.DataFrame, test_split: str) -> str | None:
    """The newest split before the test; splits whose scores workers had seen are no yardstick."""
    days = fairness[["split", "as_of"]].drop_duplicates("split").dropna()
    days["as_of"] = pd.to_datetime(days["as_of"])
    test = days.loc[days["split"] == test_split, "as_of"]
    if test.empty:
        return None
    older = days[(days["as_of"] < test.iloc[0]) & ~days["split"].str.endswith(SCORES_SHOWN)]
    return None if older.empty else str(older.sort_values(["as_of", "split"])["split"].iloc[-1])


def _of(fairness: pd.DataFrame, split: str) -> pd.DataFrame:
    rows = fairness[(fairness["split"] == split) & (fairness["band"].fillna("all") == "all")]
    level = Confidence.family(int((rows["confirmatory"] & rows["low"].notna()).sum())).level
    return rows.assign(level=np.where(rows["confirmatory"], level, Confidence().level))


_PLACE = ["attribute", "group", "metric", "reference"]


def _values(metric: str, then: pd.DataFrame, today: pd.DataFrame, since: str) -> pd.DataFrame:
    def chosen(rows: pd.DataFrame) -> pd.DataFrame:
        single = ~rows["attribute"].str.contains(JOIN, regex=False) & (rows["attribute"] != OVERALL)
        overall = (rows["attribute"] == OVERALL) & (metric == "base_rate")
        return rows[(rows["metric"] == metric) & (rows["comparison"] == "value") & (single | overall)]

    both = chosen(today).merge(chosen(then), on=["attribute", "group"], how="inner", suffixes=("", "_then"))
    change = both["value"].to_numpy(dtype=np.float64) - both["value_then"].to_numpy(dtype=np.float64)
    low, high = _limits(both, change)
    sure = (low > 0) | (high < 0)
    alarm = sure & (np.abs(change) >= MATERIAL)
    return _rows(both, metric, since, change, (low, high), alarm, [MOVED if each else None for each in alarm])


def _gaps(today: pd.DataFrame, then: pd.DataFrame, since: str) -> pd.DataFrame:
    if "level" not in then.columns:
        members = int((then["confirmatory"] & then["low"].notna()).sum())
        then = then.assign(level=Confidence.family(members).level)
    then = then[then["comparison"] == "difference"]
    both = today[today["comparison"] == "difference"].merge(then, on=_PLACE, how="inner", suffixes=("", "_then"))
    value, value_then = (both[name].to_numpy(dtype=np.float64) for name in ("value", "value_then"))
    # the sign of the gap today is the direction; a gap that has turned round has widened by both its sizes
    change = np.where(value < 0, -1.0, 1.0) * (value - value_then)
    low, high = _limits(both, change)
    wider = low > 0
    crossed = (both["state"] == OUTSIDE).to_numpy() & (both["state_then"] != OUTSIDE).to_numpy()
    reason = [CROSSED if out else WIDENED if more else None for out, more in zip(crossed, wider, strict=True)]
    rows = _rows(both, "", since, change, (low, high), wider | crossed, reason)
    rows["metric"] = [f"gap[{metric}]" for metric in both["metric"]]
    return rows


def _limits(both: pd.DataFrame, change: Array) -> tuple[Array, Array]:
    """Simultaneous limits of the changes."""
    errors = []
    for suffix in ("", "_then"):
        width = (both[f"high{suffix}"] - both[f"low{suffix}"]).to_numpy(dtype=np.float64)
        errors.append(width / (2 * _critical(both[f"level{suffix}"].to_numpy(dtype=np.float64))))
    error = np.hypot(*errors)
    family = Confidence.family(int(np.isfinite(error).sum()))
    half = float(critical(family.level)) * error
    return change - half, change + half


def _critical(level: Array) -> Array:
    return np.array([float(critical(each)) for each in level], dtype=np.float64)


def _rows(
    both: pd.DataFrame, metric: str, since: str, change: Array, limits: tuple[Array, Array], alarm: Any, reason: Any
) -> pd.DataFrame:
    shown = np.isfinite(limits[0])
    cases = both[["n", "n_then"]].astype("Float64").astype(np.float64)
    return pd.DataFrame(
        {
            "attribute": both["attribute"].to_numpy(),
            "group": both["group"].to_numpy(),
            "metric": metric,
            "since": since,
            "value": np.where(shown, change, np.nan),
            "low": limits[0],
            "high": limits[1],
            "n": cases.min(axis=1).to_numpy(),
            "alarm": alarm,
            "reason": [why if there or why else TOO_FEW for why, there in zip(reason, shown, strict=True)],
        }
    )


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    table = table[list(COLUMNS)]
    for name in ("attribute", "group", "metric", "since", "reason"):
        table[name] = table[name].astype("str")
    for name in ("value", "low", "high"):
        table[name] = table[name].astype(np.float64)
    table["n"] = table["n"].astype("Float64").astype("Int64")
    table["alarm"] = table["alarm"].astype(np.bool_)
    return table
