"""The rows of metrics.parquet as they may leave the agency: figures of everybody, and of subsets and their rests.

Belongs here: which of these rows may be shown, and their figures.
Does not belong here: figures by group (fairness), other tables (tables).

They speak of whole splits, so that only few of them are small: what happened within the capacity, or to one of two
parts of the cases. A part (new or returning persons, a subset, a shorter horizon) is shown only when it and the rest of
the cases are large enough: everybody less the one gives the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.disclosure.counted import Split
from fairness_reports.disclosure.figures import ends, quotient, records, told_total, width_step
from fairness_reports.disclosure.profile import Profile, to_step
from fairness_reports.spec import OVERALL

CAPACITY: Final = "_at_"
_FIGURES: Final = ("value", "low", "high")
_NO_PERSONS: Final = ("factor_rank_agreement", "factor_top_overlap")
_BY_RANK: Final = ("auc", "average_precision", "calibration_slope", "calibration_intercept", "calibration_error")
_ROWS: Final = "training_rows"
_SAME_CASES: Final = ("best", "worst", "expected", "difference", "learning ", "retrained", "seeds", "with ", "without ")


@dataclass(frozen=True)
class Counts:
    """What the exact figures of one model on some cases say of these cases."""

    n: float
    outcomes: float

    @property
    def both(self) -> list[float]:
        """With and without the outcome."""
        return [self.outcomes, self.n - self.outcomes]


def protect_metrics(metrics: pd.DataFrame, profile: Profile, splits: Mapping[str, Split] | None = None) -> pd.DataFrame:
    """The rows with the figures that may be told; `reason` says that one was withheld.

    Parameters
    ----------
    metrics : DataFrame
        Exact rows of metrics.parquet.
    profile : Profile
        The rules.
    splits : mapping of str to Split, optional
        The cases of the audit: where a model is measured on the same ones, everybody is told as there.
    """
    made = metrics.reset_index(drop=True)
    rows: list[dict[str, Any]] = records(made)
    told: list[dict[str, Any]] = [{} for _ in rows]
    for _, places in made.groupby(["split", "model"], dropna=False, sort=False).indices.items():
        mine = _Model([rows[i] for i in places], profile, (splits or {}).get(str(rows[places[0]]["split"])))
        for i, found in zip(places, mine.told(), strict=True):
            told[i] = found
    table = pd.DataFrame(told, columns=[*made.columns, *(["reason"] if "reason" not in made.columns else [])])
    table["n"] = table["n"].astype("Float64").astype("Int64")
    return table.astype(dict.fromkeys(_FIGURES, "float64"))


class _Model:
    """The rows of one model in one split."""

    def __init__(self, rows: list[dict[str, Any]], profile: Profile, split: Split | None) -> None:
        self._rows, self._profile = rows, profile
        self._exact = {str(row["metric"]): row for row in rows}
        self._whole = self._counts("")
        self._everybody = None if split is None or self._whole is None else self._as_audited(split, self._whole)

    def _as_audited(self, split: Split, whole: Counts) -> Counts | None:
        """Everybody as the audit tells them, where these are the same cases: a second rounding would tell more."""
        part = split.parts[OVERALL]
        exact, told = part.counts[0], told_total(part, self._profile)
        if told is None or part.anchored or (exact[:4].sum(), exact[:2].sum()) != (whole.n, whole.outcomes):
            return None
        return Counts(told[1], told[2])

    def told(self) -> list[dict[str, Any]]:
        return [self._row(row) for row in self._rows]

    def _value(self, metric: str) -> float:
        row = self._exact.get(metric)
        return float(row["value"]) if row is not None and pd.notna(row["value"]) else np.nan

    def _counts(self, part: str) -> Counts | None:
        row = self._exact.get(f"base_rate{part}")
        if row is None or pd.isna(row["value"]) or pd.isna(row["n"]):
            return None
        return Counts(float(row["n"]), round(float(row["value"]) * float(row["n"])))

    def _within(self, metric: str, counts: Counts) -> list[float] | None:
        """tp, fn, fp, tn of a selection, from its precision and recall."""
        name, part = _split(metric)
        kind = name.split(CAPACITY)[1]
        precision, recall = self._value(f"precision_at_{kind}{part}"), self._value(f"recall_at_{kind}{part}")
        if not (np.isfinite(precision) and np.isfinite(recall)):
            return None
        hit = round(recall * counts.outcomes)
        chosen = round(hit / precision) if precision > 0 else 0
        return [hit, counts.outcomes - hit, chosen - hit, counts.n - counts.outcomes - chosen + hit]

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        metric = str(row["metric"])
        name, part = _split(metric)
        n = float(row["n"]) if pd.notna(row["n"]) else np.nan
        if name in _NO_PERSONS:
            figures = {each: self._profile.told(row[each]) if pd.notna(row[each]) else np.nan for each in _FIGURES}
            if not figures["high"] > figures["low"]:  # without a width it is no interval, but the figure unrounded
                figures |= {"low": np.nan, "high": np.nan}
            return row | figures | {"n": self._n(n), "reason": None}
        if pd.isna(row["value"]):
            return row | {"n": self._n(n), "reason": None}
        if name == _ROWS:
            return row | {"value": self._size(float(row["value"])), "n": self._n(n), "reason": None}
        subset = "" if part.startswith(tuple(f"[{each}" for each in _SAME_CASES)) or _is_number(part) else part
        counts, whole = self._counts(subset), self._whole
        if counts is None:
            return self._without_counts(row, name, n)
        cells = self._within(metric, counts) if CAPACITY in name and not part.startswith("[difference") else None
        rest = self._rest(metric, counts, whole, cells) if subset and whole is not None else []
        few = [*counts.both, *(cells or []), *rest]
        if self._profile.small(np.array(few)).any() or self._profile.small(n).any():
            return self._hidden(row, n if not subset else np.nan)
        return self._shown(row, name, part, counts, cells)

    def _rest(self, metric: str, counts: Counts, whole: Counts, cells: list[float] | None) -> list[float]:
        """Everybody less the part."""
        rest = [a - b for a, b in zip(whole.both, counts.both, strict=True)]
        if counts.n == whole.n:  # the same cases and another horizon: who has the one outcome and not the other
            rest = [abs(rest[0])] if rest[0] else []
        if cells is None:
            return rest
        everybody = self._within(_split(metric)[0], whole)
        if everybody is None or counts.n == whole.n:
            return rest
        return [*rest, *(a - b for a, b in zip(everybody, cells, strict=True))]

    def _n(self, n: float) -> float:
        """On how many cases a row rests, as it is told."""
        if self._everybody is not None and self._whole is not None and n == self._whole.n:
            return self._everybody.n
        return self._size(n)

    def _size(self, n: float) -> float:
        return np.nan if pd.isna(n) or self._profile.small(n).any() else float(self._profile.count(n))

    def _hidden(self, row: dict[str, Any], n: float) -> dict[str, Any]:
        return row | {"value": np.nan, "low": np.nan, "high": np.nan, "n": self._n(n), "reason": WITHHELD}

    def _without_counts(self, row: dict[str, Any], name: str, n: float) -> dict[str, Any]:
        """A row beside which nothing says how many outcomes there are: in steps by its cases."""
        if pd.isna(n) or self._profile.small(n).any() or CAPACITY in name:
            return self._hidden(row, n)
        rate = float(row["value"])
        if name == "base_rate" and self._profile.small(np.array([rate * n, (1 - rate) * n])).any():
            return self._hidden(row, n)
        value = self._profile.told(to_step(rate, self._profile.step(n)))
        return self._around(row, value, n)

    def _shown(
        self, row: dict[str, Any], name: str, part: str, counts: Counts, cells: list[float] | None
    ) -> dict[str, Any]:
        known = [self._profile.count(each) for each in cells or counts.both]
        outcomes, n = float(known[0] + known[1] if cells else known[0]), float(sum(known))
        if self._everybody is not None and counts == self._whole:
            outcomes, n = self._everybody.outcomes, self._everybody.n
        rate, value, persons = outcomes / n, float(row["value"]), counts.n
        if cells:
            chosen = known[0] + known[2]
            kind = name.split(CAPACITY)[0]
            if kind == "unknown":
                return self._unknown(row, sum(cells[0::2]))
            made = {"precision": known[0] / chosen, "recall": min(known[0] / outcomes, 1.0)}
            found = quotient(made["precision"], rate, self._profile) if kind == "lift" else made.get(kind)
            persons = {"recall": counts.outcomes}.get(kind, cells[0] + cells[2])
            value = self._step(value, persons) if found is None else self._profile.told(found)
        elif name == "base_rate":
            value = self._profile.told(rate)
        elif name == "calibration_in_the_large":
            mean = to_step(float(row["value"]) + counts.outcomes / counts.n, self._profile.step(counts.n))
            value = self._profile.told(mean - rate)
        elif name == "net_benefit_all":  # of acting on everybody: it follows from the base rate
            odds = float(part.strip("[]")) / (1 - float(part.strip("[]")))
            value = self._profile.told(rate - (1 - rate) * odds)
        elif name in _BY_RANK:
            persons = 2 * min(counts.both)
            value = self._step(value, persons)
        else:
            value = self._step(value, persons)
        return self._around(row, value, persons)

    def _unknown(self, row: dict[str, Any], chosen: float) -> dict[str, Any]:
        """The share of a selection without a known outcome: none at all in a split where all are known."""
        count = float(row["value"]) * chosen
        if count and self._profile.small(count).any():
            return self._hidden(row, float(row["n"]))
        return self._around(row, self._step(float(row["value"]), chosen), chosen)

    def _step(self, value: float, persons: float) -> float:
        return self._profile.told(to_step(value, self._profile.step(persons)))

    def _around(self, row: dict[str, Any], value: float, persons: float) -> dict[str, Any]:
        step = width_step(persons, self._profile)
        low, high = ends(row["value"], row["low"], row["high"], value, step, share=False)
        if pd.notna(row["low"]) and row["low"] >= 0:
            low = max(low, 0.0)
        if pd.notna(row["high"]) and row["high"] <= 1 and not str(row["metric"]).startswith(("lift", "calibration")):
            high = min(high, 1.0)
        return row | {"value": value, "low": low, "high": high, "n": self._n(float(row["n"])), "reason": None}


def _split(metric: str) -> tuple[str, str]:
    """A metric and its bracket."""
    name, bracket, rest = metric.partition("[")
    return name, f"{bracket}{rest}"


def _is_number(part: str) -> bool:
    try:
        float(part.strip("[]"))
    except ValueError:
        return False
    return True
