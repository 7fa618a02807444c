"""Tables that tell again what an earlier release told.

Belongs here: which rows of a table are told as they were, and what is withheld where they cannot be.
Does not belong here: which partitions are told again, and from which counts (history), the figures of today (fairness,
model_figures, tables).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.disclosure.history import NOW, Kept, Past
from fairness_reports.spec import OVERALL

_FIGURES: Final = ("value", "low", "high")
_NUMBERS: Final = (
    "value", "low", "high", "n", "bound_low", "bound_high", "needed_n", "detectable_gap", "tipping_point",
    "importance", "mean_contribution",
)  # fmt: skip
_FROM_OUTCOMES: Final = ("base_rate[", "net_benefit_all")


def told_again(name: str, made: pd.DataFrame, kept: Kept, past: Past, test: str) -> pd.DataFrame:
    """One table with the rows of earlier releases where these are told again.

    Parameters
    ----------
    name : str
        Of the table.
    made : DataFrame
        As it may be told today.
    kept : Kept
        From `keep`.
    past : Past
        With the tables of `kept.releases`.
    test : str
        The split that is compared with others over time.

    Returns
    -------
    DataFrame
        Rows that cannot be told again, for the earlier release has none, have no figures.
    """
    if not len(made) or not (kept.again or kept.anchored):
        return made
    today = _places(name, made, test)
    near = np.array([any(place in kept.again for place in places) for places in today])
    if name in ("drift", "mitigation"):  # figures that are not made from counts that were put back
        near |= np.array([any(place in kept.anchored for place in places) for places in today])
    if name == "metrics":
        made = _whole(made, kept, near)
    if not near.any():
        return made
    pieces = [made[~near]]
    for release_id in kept.releases:
        old = past.tables.get(release_id, {}).get(name)
        if old is not None and len(old):
            mine = [
                bool(places) and all(kept.again.get(place, release_id) == release_id for place in places)
                and any(place in kept.again for place in places)
                for places in _places(name, old, test)
            ]  # fmt: skip
            pieces.append(old[mine].reindex(columns=made.columns))
    again = pd.concat([piece.astype(object) for piece in pieces], ignore_index=True)
    # the earlier rows, no more and no fewer: which rows there are tells of levels
    there = {place for places in _places(name, again, test) for place in places if place in kept.again}
    lost = made[near & np.array([not there.issuperset(_again(places, kept)) for places in today])].copy()
    for column in [each for each in _NUMBERS if each in made.columns]:
        lost[column] = np.nan if made[column].dtype.kind == "f" else pd.NA
    if "reason" in lost.columns:
        lost["reason"] = WITHHELD
    whole: pd.DataFrame = pd.concat([again, lost.astype(object)], ignore_index=True)
    return whole.astype(made.dtypes.to_dict())


def _again(places: list[tuple[str, str]], kept: Kept) -> set[tuple[str, str]]:
    """What has to stand in an earlier release for a row to be told as it was."""
    return {place for place in places if place in kept.again or place in kept.anchored}


def _places(name: str, table: pd.DataFrame, test: str) -> list[list[tuple[str, str]]]:
    """Which partitions of which splits each row speaks of."""
    everywhere = pd.Series(OVERALL, index=table.index)
    attribute = table.get("attribute", everywhere)
    attribute = attribute.astype(object).where(attribute.notna(), OVERALL)
    if name in ("factors", "shapes"):
        return [[(NOW, str(each))] for each in attribute]
    if name == "drift":
        return [
            [(split, str(each)) for split in dict.fromkeys((NOW, test, str(since)))]
            for each, since in zip(attribute, table["since"], strict=True)
        ]
    if "split" not in table:
        return [[] for _ in range(len(table))]
    return [[(str(split), str(each))] for split, each in zip(table["split"], attribute, strict=True)]


def _whole(metrics: pd.DataFrame, kept: Kept, near: Any) -> pd.DataFrame:
    """Figures of everybody under another model: no number of today's cases or outcomes."""
    put_back = np.array([(str(split), OVERALL) in kept.anchored for split in metrics["split"]]) & ~near
    if not put_back.any():
        return metrics
    made = metrics.copy()
    of_outcomes = put_back & made["metric"].astype(str).str.startswith(_FROM_OUTCOMES).to_numpy()
    of_outcomes |= put_back & (made["metric"] == "base_rate").to_numpy()
    made.loc[put_back, "n"] = pd.NA
    made.loc[of_outcomes, list(_FIGURES)] = np.nan
    made.loc[of_outcomes, "reason"] = WITHHELD
    return made
