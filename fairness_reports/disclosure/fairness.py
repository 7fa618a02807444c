"""The rows of fairness.parquet as they may leave the agency.

Belongs here: which of its rows may be shown, and their figures.
Does not belong here: what may be shown of a group (counted), how one figure is rounded (figures), other tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.metrics import RATIOS, SHARES
from fairness_reports.audit.reasons import EXACT, WITHHELD
from fairness_reports.audit.table import COLUMNS, typed
from fairness_reports.disclosure import figures
from fairness_reports.disclosure.counted import Part, Split
from fairness_reports.disclosure.levels import ALL, HIDDEN, SIZE, Array
from fairness_reports.disclosure.profile import Profile, nice, to_step
from fairness_reports.spec import JOIN, OVERALL

ATTRITION: Final = "attrition"
EXTREMES: Final = ("largest_gap", "smallest_ratio")
_FIGURES: Final = ("value", "low", "high", "bound_low", "bound_high", "detectable_gap", "tipping_point")
_PARTS: Final = ("with outcome", "without outcome")

Told = dict[tuple[str, str, str, str, str], float]
"""Figures that are told, by split, attribute, group, band and metric."""


class FairnessRows:
    """Protects the rows of the audit.

    Parameters
    ----------
    splits : mapping of str to Split
        The cases of each split.
    left : mapping of str to mapping of str to Part
        Who had left before the day of prediction, by split and attribute: cells tp (left) and tn (stayed).
    profile : Profile
        The rules.
    """

    def __init__(self, splits: Mapping[str, Split], left: Mapping[str, Mapping[str, Part]], profile: Profile) -> None:
        self._splits, self._left, self._profile = splits, left, profile
        self.told: Told = {}
        self._counts: dict[tuple[int, int], Array] = {}
        self._of_all: set[tuple[str, str, str]] = set()

    def protect(self, fairness: pd.DataFrame) -> pd.DataFrame:
        """The rows with the figures that may be told, cells that may not as one row each.

        Parameters
        ----------
        fairness : DataFrame
            Exact rows of the audit.
        """
        rows: list[dict[str, Any]] = figures.records(fairness)
        kept = []
        self._of_all = {_said(row) for row in rows if row["attribute"] == OVERALL and row["comparison"] == "value"}
        # figures first, then what compares them
        for row in sorted(rows, key=lambda row: row["comparison"] != "value"):
            found = self._row(row)
            if found is not None:
                kept.append(found)
        kept += self._absent(rows)
        return typed(pd.DataFrame(kept, columns=list(fairness.columns if len(kept) else COLUMNS)))

    def _part(self, row: Mapping[str, Any]) -> tuple[Part | None, int | None]:
        """The partition and position of a row's group; None where there are no cases behind it."""
        split, name, band = self._splits.get(str(row["split"])), str(row["attribute"]), str(row["band"])
        if row["metric"] == ATTRITION:
            part = self._left.get(str(row["split"]), {}).get(name)
            return part, None if part is None else part.at(str(row["group"]))
        if split is None:
            return None, None
        if band in ("all", *_PARTS):
            part = split.parts.get(name)
            return part, None if part is None else part.at(str(row["group"]))
        part = split.banded.get(name)
        return part, None if part is None else part.at((str(row["group"]), band))

    def _row(self, row: dict[str, Any]) -> dict[str, Any] | None:
        part, at = self._part(row)
        level = HIDDEN if part is None or at is None else int(part.levels[at])
        needed = SIZE if figures.without_y(str(row["metric"]), str(row["band"])) else ALL
        if level >= needed and part is not None and at is not None and pd.notna(row["value"]):
            told = self._told(row, part, at, level)
            if told is not None:
                return row | told
        crossed = JOIN in str(row["attribute"])
        if crossed and level == HIDDEN and not row["confirmatory"]:
            return None  # a cell without cases has no rows either: `_absent` gives both the same one
        if pd.isna(row["value"]) and part is None and self._may_say(row):
            return row  # nothing was measured: the attribute is not in the data
        if level >= needed and pd.isna(row["value"]) and self._may_say(row):
            n = self._n(row, part, at) if part is not None and at is not None else np.nan
            return row | self._empty(row["reason"]) | {"n": n}
        n = figures.told_size(part, at, self._profile) if part is not None and at is not None and level else np.nan
        return row | self._empty(WITHHELD) | {"n": n if needed == SIZE else np.nan}

    def _may_say(self, row: Mapping[str, Any]) -> bool:
        """Whether a reason may be told: one that gives a count of a group away only where it is said of everybody."""
        reason = str(row["reason"])
        return not reason.startswith("fewer than") and (reason not in EXACT or _said(row) in self._of_all)

    def _empty(self, reason: str) -> dict[str, Any]:
        return {**dict.fromkeys(_FIGURES, np.nan), "needed_n": pd.NA, "reason": reason}

    def _cells(self, part: Part, at: int) -> Array:
        key = (id(part), at)
        if key not in self._counts:
            self._counts[key] = figures.told_counts(part, at, self._profile)
        return self._counts[key]

    def _everybody(self, row: Mapping[str, Any]) -> tuple[Array, Array]:
        """Exact and told counts of everybody."""
        part = self._splits[str(row["split"])].parts[OVERALL]
        if part.levels[0] == HIDDEN:
            return part.counts[0], np.full(len(part.counts[0]), np.nan)
        if part.levels[0] == SIZE:  # the size alone is told: a share of it needs no cell
            sizes = np.zeros(len(part.counts[0]))
            sizes[-1] = figures.told_size(part, 0, self._profile)
            return part.counts[0], sizes
        return part.counts[0], self._cells(part, 0)

    def _n(self, row: Mapping[str, Any], part: Part, at: int) -> float:
        """How many cases a figure rests on, as it is told."""
        metric, n = str(row["metric"]), row["n"]
        if pd.isna(n) or self._profile.small(float(n)).any():
            return np.nan
        if part.levels[at] == ALL and row["comparison"] not in EXTREMES:
            mine = self._cells(part, at)
            if metric == ATTRITION:
                return float(mine.sum())
            if metric in RATIOS:
                return float(RATIOS[metric].denominator[: len(mine)] @ mine)
            if metric in SHARES or metric == "capacity_balance":
                found = figures.from_counts(metric, mine, self._everybody(row)[1], self._profile)
                return np.nan if found is None else found[1]
            if metric == "n":
                return float(mine.sum())
        if part.anchored:
            return np.nan
        return float(self._profile.count(float(n)))

    def _told(self, row: dict[str, Any], part: Part, at: int, level: int) -> dict[str, Any] | None:
        metric, comparison = str(row["metric"]), str(row["comparison"])
        if metric == "unknown_share" and part.unknown_base != self._profile.base:
            return None
        exact = part.counts[at]
        persons = self._persons(row, exact)
        if comparison == "value":
            value = self._value(row, part, at, level)
            if not np.isfinite(value):
                return None
            self.told[_key(row)] = value
        else:
            compared = self._compared(row, level)
            if compared is None:
                return None
            alone = metric.split("[")[0] in figures.FREE
            value, persons = compared[0], compared[1] if alone else min(persons, compared[1])
        step = figures.width_step(persons, self._profile)
        if comparison in ("ratio", "smallest_ratio"):
            other = abs(self.told.get(_key(row, group=_reference(row)), 1.0)) or 1.0
            step = nice(step / other)
        share = comparison == "value" and _is_share(metric)
        low, high = figures.ends(row["value"], row["low"], row["high"], value, step, share=share)
        bounds = figures.ends(row["value"], row["bound_low"], row["bound_high"], value, step, share=share)
        return {
            "value": value,
            "low": low,
            "high": high,
            "n": self._n(row, part, at),
            "bound_low": bounds[0],
            "bound_high": bounds[1],
            "needed_n": pd.NA if pd.isna(row["needed_n"]) else int(figures.coarse(float(row["needed_n"]))),
            "detectable_gap": figures.coarse(row["detectable_gap"]),
            "tipping_point": figures.coarse(row["tipping_point"]),
        }

    def _persons(self, row: Mapping[str, Any], exact: Array) -> float:
        metric = str(row["metric"])
        if metric == ATTRITION or str(row["band"]) in _PARTS:
            return float(row["n"]) if pd.notna(row["n"]) else float(exact.sum())
        return figures.persons(metric, exact, self._everybody(row)[0])

    def _value(self, row: Mapping[str, Any], part: Part, at: int, level: int) -> float:
        metric, exact = str(row["metric"]), part.counts[at]
        if metric == ATTRITION:
            told = self._cells(part, at)
            return self._profile.told(told[0] / told.sum())
        everybody = self._everybody(row)
        if level == SIZE:
            told = np.zeros(len(exact))
            told[-1] = figures.told_size(part, at, self._profile)
        else:
            told = self._cells(part, at)
        found = figures.from_counts(metric, told, everybody[1], self._profile)
        if found is not None:
            return found[0]
        return figures.in_steps(metric, float(row["value"]), exact, told, everybody[0], self._profile)

    def _compared(self, row: Mapping[str, Any], level: int) -> tuple[float, float] | None:
        """A difference or ratio of figures that are told, and on how many persons the other one rests."""
        comparison, reference = str(row["comparison"]), _reference(row)
        if comparison in EXTREMES and not self._all_shown(row):
            return None  # it would say between which figures the hidden groups lie
        other, place = self._part({**row, **reference})
        needed = SIZE if level == SIZE or figures.without_y(str(row["metric"]), str(row["band"])) else ALL
        if other is None or place is None or other.levels[place] < needed:
            return None
        persons = self._persons({**row, **reference, "n": np.nan}, other.counts[place])
        mine, theirs = self.told.get(_key(row)), self.told.get(_key(row, group=reference))
        if mine is None or theirs is None:
            if comparison != "difference" or str(row["metric"]).split("[")[0] not in figures.FREE:
                return None
            # a gap in contributions has no figure of either side; one person moves it by about its spread over n
            n = float(row["n"]) if pd.notna(row["n"]) else 1.0
            spread = (float(row["high"]) - float(row["low"])) * np.sqrt(n) / figures.NORMAL
            step = nice(self._profile.base / n * (spread if np.isfinite(spread) and spread > 0 else 1.0))
            return self._profile.told(to_step(float(row["value"]), step)), self._profile.base / (2 * step)
        if comparison == "difference":
            return self._profile.told(mine - theirs), persons
        if comparison == "largest_gap":
            return self._profile.told(abs(mine - theirs)), persons
        over, under = (mine, theirs) if comparison == "ratio" else sorted((mine, theirs))
        value = figures.quotient(over, under, self._profile)
        return (value, persons) if np.isfinite(value) else None

    def _all_shown(self, row: Mapping[str, Any]) -> bool:
        split = self._splits[str(row["split"])]
        part = split.parts[str(row["attribute"])]
        needed = SIZE if figures.without_y(str(row["metric"]), "all") else ALL
        return bool((part.levels[part.counts.sum(axis=1) > 0] >= needed).all())

    def _absent(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One row for each group and cell of which nothing is shown and that has no other row."""
        there: set[tuple[str, str, str]] = set()
        first: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            key = (str(row["split"]), str(row["attribute"]))
            first.setdefault(key, row)
            if JOIN not in key[1] or self._level(row) > HIDDEN:
                there.add((*key, str(row["group"])))
        added = []
        for (split, attribute), row in first.items():
            part = self._splits[split].parts.get(attribute) if split in self._splits else None
            for label in part.labels if part is not None else []:
                if (split, attribute, label) not in there:
                    fixed = {"group": label, "band": "all", "metric": "n", "comparison": "value", "reference": None}
                    nothing = {"state": "not_judged", "confirmatory": False, "n": np.nan}
                    added.append({**row, **fixed, **nothing, **self._empty(WITHHELD)})
        return added

    def _level(self, row: Mapping[str, Any]) -> int:
        part, at = self._part({**row, "band": "all"})
        return HIDDEN if part is None or at is None else int(part.levels[at])


def _said(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row["split"]), str(row["band"]), str(row["reason"])


def _reference(row: Mapping[str, Any]) -> dict[str, str]:
    if str(row["reference"]) == OVERALL:
        return {"attribute": OVERALL, "group": OVERALL}
    return {"attribute": str(row["attribute"]), "group": str(row["reference"])}


def _key(row: Mapping[str, Any], group: Mapping[str, str] | None = None) -> tuple[str, str, str, str, str]:
    place = {**row, **(group or {})}
    split, attribute, named, band, metric = (
        str(place[name]) for name in ("split", "attribute", "group", "band", "metric")
    )
    return split, attribute, named, band, metric


def _is_share(metric: str) -> bool:
    ratio = RATIOS.get(metric)
    shares = metric in SHARES or metric.split("[")[0] in ("auc", "auc_across", "proxy_auc", "mean_score", "brier")
    return shares or metric == ATTRITION or (ratio is not None and ratio.proportion)
