"""Somebody who has nothing but the open tables, and looks for what was withheld from them.

Belongs here: what published figures say of the counts behind them, and how far each withheld count is pinned by it.
Does not belong here: what may be published (fairness_reports.disclosure), of which nothing is imported.

The attacker knows the rules (the documents tell them): counts are rounded to multiples of a base, cell by cell, and
shares are made from rounded counts. So each figure that is told says in which interval a sum of cells lies. Unknown are
the cells of each attribute, of each two that are shown crossed, and of each in bands; that they are sums of each
other, and of everybody, ties them together. A linear programme finds the smallest and the largest number of cases in
each withheld cell that is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

Y: Final = ("tp", "fn", "fp", "tn", "us", "un")
EVERYBODY: Final = ("overall", "overall")
TOGETHER: Final = "small groups together"
CROSSED: Final = " × "
OUTCOMES: Final = {"with": ("tp", "fn"), "without": ("fp", "tn"), "unknown": ("us", "un")}
SHARES_OF: Final = {  # what is counted, among what
    "unknown_share": ("us un", "tp fn fp tn us un"),
    "base_rate": ("tp fn", "tp fn fp tn"),
    "selection_rate": ("tp fp us", "tp fn fp tn us un"),
    "tpr": ("tp", "tp fn"),
    "fnr": ("fn", "tp fn"),
    "fpr": ("fp", "fp tn"),
    "tnr": ("tn", "fp tn"),
    "ppv": ("tp", "tp fp"),
    "fdr": ("fp", "tp fp"),
    "npv": ("tn", "fn tn"),
    "for": ("fn", "fn tn"),
    "accuracy": ("tp tn", "tp fn fp tn"),
}
OF_EVERYBODY: Final = {"group_share": "tp fn fp tn us un", "capacity_share": "tp fp us", "outcome_share": "tp fn"}
_LAST_DIGIT: Final = 6e-5

Place = tuple[str, str]
Sum = dict[int, float]


@dataclass
class Finding:
    """One withheld count and what is left of it."""

    split: str
    attribute: str
    group: str
    cell: str
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass
class Split:
    """The linear programme of one split, over one or several releases in which the same cases stand."""

    base: int
    minimum: int
    digits: int | None = None
    names: dict[tuple[Any, ...], int] = field(default_factory=dict)
    rows: list[tuple[Sum, float, float]] = field(default_factory=list)
    targets: dict[tuple[str, str, str], Sum] = field(default_factory=dict)

    # -- unknowns ---------------------------------------------------------------------------------------------------

    def x(self, *key: Any) -> int:
        return self.names.setdefault(key, len(self.names))

    def cells(self, place: Place, terms: Iterable[str] = Y, weight: float = 1.0) -> Sum:
        return {self.x("cell", *place, y): weight for y in terms}

    def between(self, total: Sum, low: float, high: float) -> None:
        self.rows.append((total, low, high))

    def same(self, whole: Sum, parts: Iterable[int]) -> None:
        made = defaultdict(float, whole)
        for each in parts:
            made[each] -= 1.0
        self.between(dict(made), 0.0, 0.0)

    def slack(self, told: float) -> float:
        """How far a count that is told may lie from the exact one."""
        base = self.base
        if self.digits is not None and told >= 100:
            base = max(base, 10 ** (len(str(int(told))) - self.digits))
        return base / 2

    # -- what is told -----------------------------------------------------------------------------------------------

    def read(self, table: pd.DataFrame) -> None:
        """The rows of fairness.parquet of this split."""
        told: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}
        plain = table[(table["comparison"] == "value")]
        for row in plain.to_dict("records"):
            told[(str(row["attribute"]), str(row["group"]), str(row["band"]), str(row["metric"]))] = dict(row)
        self._derived(table, told)
        groups: dict[str, list[str]] = defaultdict(list)
        for attribute, group, _, metric in told:
            # those who had left are no cases
            if metric != "attrition" and not metric.startswith("contribution") and group not in groups[attribute]:
                groups[attribute].append(group)
        bands: dict[Place, list[str]] = defaultdict(list)
        for attribute, group, band, metric in told:
            if band not in ("all", "with outcome", "without outcome") and metric == "n":
                bands[(attribute, group)].append(band)
        for attribute, labels in groups.items():
            if CROSSED not in attribute:
                self._partition(attribute, labels, told)
        for attribute, labels in groups.items():
            if attribute.count(CROSSED) == 1:
                self._crossed(attribute, labels, groups)
        for attribute, labels in groups.items():
            for group in labels:
                self._figures((attribute, group), told)
                self._bands((attribute, group), bands[(attribute, group)], told)

    def _derived(self, table: pd.DataFrame, told: dict[tuple[str, str, str, str], Any]) -> None:
        """Figures that are withheld themselves and told by a difference or a ratio to one that is not."""
        compared = table[table["comparison"].isin(["difference", "ratio"]) & table["value"].notna()]
        for row in compared.to_dict("records"):
            key = (str(row["attribute"]), str(row["group"]), str(row["band"]), str(row["metric"]))
            other = EVERYBODY if row["reference"] == "overall" else (key[0], str(row["reference"]))
            mine, theirs = told.get(key), told.get((*other, *key[2:]))
            if mine is not None and pd.isna(mine["value"]) and theirs is not None and pd.notna(theirs["value"]):
                found = row["value"] + theirs["value"] if row["comparison"] == "difference" else np.nan
                if row["comparison"] == "ratio":
                    found = row["value"] * theirs["value"]
                told[key] = dict(mine) | {"value": found, "derived": True}

    def _partition(self, attribute: str, labels: list[str], told: Mapping[Any, Any]) -> None:
        if attribute == "overall":
            return
        sizes = {group: told.get((attribute, group, "all", "n"), {}).get("n", np.nan) for group in labels}
        # who stands in "small groups together" is not said: the attacker guesses right
        pooled = [group for group, n in sizes.items() if pd.isna(n)] if TOGETHER in labels else []
        apart = [group for group in labels if group not in pooled and group != TOGETHER]
        for y in Y:
            everybody, lot = self.x("cell", *EVERYBODY, y), self.x("cell", attribute, TOGETHER, y)
            members = [self.x("cell", attribute, group, y) for group in pooled if group != TOGETHER]
            whole = [self.x("cell", attribute, group, y) for group in apart]
            if TOGETHER in labels:
                whole.append(lot)
                if members:
                    self.same({lot: 1.0}, members)
            self.same({everybody: 1.0}, whole)

    def _crossed(self, attribute: str, labels: list[str], groups: Mapping[str, list[str]]) -> None:
        a, b = attribute.split(CROSSED)
        shown = set(labels)
        for name, turn in ((a, 0), (b, 1)):
            for group in groups.get(name, []):
                mine = [each for each in shown if each.split(CROSSED)[turn] == group]
                others = groups[b if turn == 0 else a]
                full = len(mine) == len([each for each in others if each != TOGETHER])
                for y in Y if mine and group != TOGETHER else ():
                    total = {self.x("cell", name, group, y): 1.0}
                    parts = [self.x("cell", attribute, each, y) for each in mine]
                    if not full:  # a cell without a row may still hold cases
                        parts.append(self.x("rest", attribute, name, group, y))
                    self.same(total, parts)

    def _figures(self, place: Place, told: Mapping[Any, Any]) -> None:
        size = told.get((*place, "all", "n"))
        known = size is not None and pd.notna(size["n"])
        cells = self._recovered(place, told)
        if cells is not None:
            for y, count in cells.items():
                self.between({self.x("cell", *place, y): 1.0}, count - self.slack(count), count + self.slack(count))
        elif known and size is not None:
            # of a group of which no more is told, the size is rounded once
            n = float(size["n"])
            self.between(self.cells(place), n - self.slack(n), n + self.slack(n))
        if cells is None:
            for y in Y:
                self.targets[(*place, y)] = self.cells(place, [y])
            if not known:
                self.targets[(*place, "n")] = self.cells(place)
        for metric, (over, under) in SHARES_OF.items():
            row = told.get((*place, "all", metric))
            if row is not None and pd.notna(row["value"]):
                self._share(row, self._weights(place, over), self._weights(place, under))
                if pd.notna(row["n"]):
                    n, terms = float(row["n"]), under.split()
                    wide = len(terms) * self.slack(n)
                    self.between(self.cells(place, terms), n - wide, n + wide)
        for metric, terms in OF_EVERYBODY.items():
            row = told.get((*place, "all", metric))
            if row is not None and pd.notna(row["value"]):
                self._share(row, self._weights(place, terms), self._weights(EVERYBODY, terms))

    def _weights(self, place: Place, terms: str) -> Sum:
        return self.cells(place, terms.split())

    def _share(self, row: Mapping[str, Any], over: Sum, under: Sum) -> None:
        """A share of rounded counts: how far the exact counts may be from having it."""
        value = float(row["value"])
        total = defaultdict(float, over)
        for key, weight in under.items():
            total[key] -= value * weight
        n = float(row["n"]) if pd.notna(row["n"]) else np.nan
        most = (n if np.isfinite(n) else 1e6) * _LAST_DIGIT * (1000 if row.get("derived") else 1)
        wide = self.slack(n if np.isfinite(n) else 0.0) * sum(abs(weight) for weight in total.values()) + most
        self.between(dict(total), -wide, wide)

    def _recovered(self, place: Place, told: Mapping[Any, Any]) -> dict[str, float] | None:
        """The rounded count of each cell, where the figures that are told give them all back."""
        have = {
            metric: told.get((*place, "all", metric), {})
            for metric in ("n", "base_rate", "tpr", "fpr", "selection_rate")
        }
        sizes = {metric: row.get("n", np.nan) for metric, row in have.items()}
        if any(pd.isna(sizes[each]) for each in ("n", "tpr", "fpr")) or any(
            pd.isna(have[each].get("value", np.nan)) for each in ("tpr", "fpr")
        ):
            return None
        n, outcomes, others = float(sizes["n"]), float(sizes["tpr"]), float(sizes["fpr"])
        tp, fp = float(np.rint(have["tpr"]["value"] * outcomes)), float(np.rint(have["fpr"]["value"] * others))
        rate = have["selection_rate"].get("value", np.nan)
        unknown = n - outcomes - others
        us = float(np.rint(rate * n)) - tp - fp if pd.notna(rate) else np.nan
        made = {"tp": tp, "fn": outcomes - tp, "fp": fp, "tn": others - fp}
        return made | ({"us": us, "un": unknown - us} if unknown > 0 and np.isfinite(us) else {})

    def _bands(self, place: Place, bands: Sequence[str], told: Mapping[Any, Any]) -> None:
        for outcome, terms in OUTCOMES.items() if bands else ():
            whole = self.cells(place, terms)
            self.same(whole, [self.x("band", *place, band, outcome) for band in bands])
        for band in bands:
            size, rate = told.get((*place, band, "n"), {}), told.get((*place, band, "base_rate"), {})
            mine = {outcome: self.x("band", *place, band, outcome) for outcome in OUTCOMES}
            n, known = size.get("n", np.nan), rate.get("n", np.nan)
            if pd.notna(known) and pd.notna(rate.get("value", np.nan)):
                counts = {"with": float(np.rint(rate["value"] * known))}
                counts["without"] = float(known) - counts["with"]
                for outcome, count in counts.items():
                    wide = 2 * self.slack(count)  # selected and not may be rounded apart
                    self.between({mine[outcome]: 1.0}, count - wide, count + wide)
            elif pd.notna(n):
                self.between(dict.fromkeys(mine.values(), 1.0), n - 6 * self.slack(n), n + 6 * self.slack(n))
            else:
                self.targets[(*place, f"{band}, n")] = dict.fromkeys(mine.values(), 1.0)

    # -- the attack -------------------------------------------------------------------------------------------------

    def ranges(self, split: str, wanted: Sequence[tuple[str, str, str]] | None = None) -> list[Finding]:
        """The smallest and the largest number of cases in each withheld count.

        Raises
        ------
        AssertionError
            When no cases at all have the published figures: then the attacker has misread them.
        """
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        entries = [(i, j, w) for i, (total, _, _) in enumerate(self.rows) for j, w in total.items() if w]
        where, which, weight = (np.array(each) for each in zip(*entries, strict=True))
        shape = (len(self.rows), len(self.names))
        matrix = coo_array((weight, (where, which)), shape=shape).tocsr()
        low, high = (np.array([row[k] for row in self.rows]) for k in (1, 2))
        equal = low == high
        fixed = {"A_eq": matrix[equal], "b_eq": low[equal]} if equal.any() else {}
        from scipy.sparse import vstack

        bounds = {"A_ub": vstack([matrix[~equal], -matrix[~equal]]), "b_ub": np.r_[high[~equal], -low[~equal]]}
        found = []
        for key in wanted if wanted is not None else list(self.targets):
            goal = np.zeros(len(self.names))
            for j, w in self.targets[key].items():
                goal[j] = w
            ends = []
            for sign in (1.0, -1.0):
                made = linprog(sign * goal, **bounds, **fixed, bounds=(0, None), method="highs")
                assert made.status in (0, 3), f"{split} {key}: {made.message}"
                ends.append(sign * made.fun if made.status == 0 else np.inf)
            found.append(Finding(split, *key, *ends))
        return found


def programme_of(tables: Sequence[pd.DataFrame], base: int, minimum: int, digits: int | None = None) -> Split:
    """One split as several releases show it, with the same cases behind it."""
    made = Split(base, minimum, digits)
    for table in tables:
        made.read(table)
    if len(tables) > 1:  # a count that one release withholds may be told by another one
        alone = [programme_of([table], base, minimum, digits).targets for table in tables]
        made.targets = {key: total for key, total in made.targets.items() if all(key in each for each in alone)}
    return made


def numerators(value: float, n: float, base: int, told: float | None = None) -> list[tuple[int, int]]:
    """All counts k of d that a share, told beside a rounded n, may have come from.

    Parameters
    ----------
    value : float
        As told.
    n : float
        The denominator as told: of how many rounded cells it is the sum is not known, so of one.
    base : int
        What counts are multiples of.
    told : float, optional
        The rounded numerator; by default the one that reproduces the value.
    """
    over = round(value * n / base) * base if told is None else told
    half = (base - 1) // 2
    return [
        (k, d)
        for d in range(int(n) - half, int(n) + half + 1)
        for k in range(max(0, int(over) - half), min(d, int(over) + half) + 1)
    ]
