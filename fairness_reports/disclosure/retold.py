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
from fairness_reports.spec import JOIN, OVERALL
from fairness_reports.states import CANNOT_TELL

_FIGURES: Final = ("value", "low", "high")
_NUMBERS: Final = (
    "value", "low", "high", "n", "bound_low", "bound_high", "needed_n", "detectable_gap", "tipping_point",
    "importance", "mean_contribution",
)  # fmt: skip
_KEYS: Final = (
    "split", "attribute", "group", "band", "metric", "comparison", "reference", "model", "since", "option", "factor",
    "feature", "position", "part", "category",
)  # fmt: skip
"""What names a row; each table has some of them."""
_TODAY: Final = ("state", "confirmatory", "alarm", "needs_attribute", "may_be_chosen", "role")
"""Columns that are no figures: what today's pack and charter say."""
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
    if not len(made) or not kept.places:
        return made
    today = _places(name, made, test)
    near = np.array([any(place in kept.again or place in kept.lost for place in places) for places in today])
    if name in ("drift", "mitigation"):  # figures that are not made from counts that were put back
        near |= np.array([any(place in kept.anchored for place in places) for places in today])
    if name == "metrics":
        made = _whole(made, kept, near)
    if not near.any():
        return made
    pieces, withheld = [made[~near]], set(kept.lost)
    for release_id in kept.releases:
        old = past.tables.get(release_id, {}).get(name)
        if old is not None and len(old):
            before = _places(name, old, test)
            other = _other_rows(made, today, old, before) if release_id in past.changed else set()
            withheld |= other
            mine = [
                bool(places) and all(kept.again.get(place, release_id) == release_id for place in places)
                and any(place in kept.again for place in places) and withheld.isdisjoint(places)
                for places in before
            ]  # fmt: skip
            rows = old[mine].reindex(columns=made.columns)
            pieces.append(_judged_today(rows, made) if release_id in past.changed else rows)
    again = pd.concat([piece.astype(object) for piece in pieces], ignore_index=True)
    # the earlier rows, no more and no fewer: which rows there are tells of levels
    there = {place for places in _places(name, again, test) for place in places if place in kept.again}
    lost = made[near & np.array([not there.issuperset(_again(places, kept)) for places in today])].copy()
    for column in [each for each in _NUMBERS if each in made.columns]:
        lost[column] = np.nan if made[column].dtype.kind == "f" else pd.NA
    if "reason" in lost.columns:
        lost["reason"] = WITHHELD
    if name == "fairness":
        other_pack = np.array([not withheld.isdisjoint(places) for places in _places(name, lost, test)], dtype=np.bool_)
        lost = lost[~(other_pack & _of_shown(lost))]
    whole: pd.DataFrame = pd.concat([again, lost.astype(object)], ignore_index=True)
    return whole.astype(made.dtypes.to_dict())


def _again(places: list[tuple[str, str]], kept: Kept) -> set[tuple[str, str]]:
    """What has to stand in an earlier release for a row to be told as it was."""
    return {place for place in places if place in kept.again or place in kept.anchored or place in kept.lost}


def _of_shown(rows: pd.DataFrame) -> Any:
    """Rows that only a crossed cell has that is shown today: beside other releases they would tell of its level."""
    one = (rows["metric"] == "n") & (rows["comparison"] == "value") & (rows["band"] == "all")
    crossed = rows["attribute"].astype(str).str.contains(JOIN, regex=False)
    return (crossed & ~one & ~rows["confirmatory"].astype(bool)).to_numpy()


def _keys(table: pd.DataFrame) -> list[tuple[str, ...]]:
    named = table[[column for column in _KEYS if column in table.columns]].astype(object)
    return [tuple(map(str, row)) for row in named.where(named.notna(), "").itertuples(index=False)]


def _other_rows(
    made: pd.DataFrame, today: list[list[tuple[str, str]]], old: pd.DataFrame, before: list[list[tuple[str, str]]]
) -> set[tuple[str, str]]:
    """Places of which an earlier release has other rows: of groups, thresholds or models of another pack."""
    found: list[dict[tuple[str, str], set[tuple[str, ...]]]] = []
    for table, spoken in ((made, today), (old, before)):
        rows: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        for key, places in zip(_keys(table), spoken, strict=True):
            for place in places:
                rows.setdefault(place, set()).add(key)
        found.append(rows)
    return {place for place in {*found[0], *found[1]} if found[0].get(place) != found[1].get(place)}


def _judged_today(rows: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Earlier figures under what today's pack and charter say of them; exact judgements tell nobody's number."""
    at = {key: position for position, key in enumerate(_keys(made))}
    places = [at[key] for key in _keys(rows)]
    columns = [column for column in _TODAY if column in made.columns]
    judged = rows.astype(object).assign(**{column: made[column].to_numpy()[places] for column in columns})
    if "needed_n" in judged:  # more cases decide nothing that is decided, or that nobody judges
        judged.loc[(judged["state"] != CANNOT_TELL).to_numpy(), "needed_n"] = pd.NA
    return judged


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
