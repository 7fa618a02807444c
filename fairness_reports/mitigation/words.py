"""What an option costs and gains, in plain sentences.

Belongs here: which sentence of the catalogue says what the rows of one option hold.
Does not belong here: names of options and the layout of a report (fairness_reports.reports), reasons (reasons).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import WITHHELD, in_words
from fairness_reports.language import Language
from fairness_reports.mitigation import reasons
from fairness_reports.mitigation.options import AS_IS
from fairness_reports.spec import OVERALL

RECALL, PRECISION = "recall_at_capacity", "precision_at_capacity"

_SAME: Final = {reasons.UNCHANGED: "unchanged", reasons.SAME_PEOPLE: "same"}


def cost_in_words(rows: pd.DataFrame, language: Language) -> str:
    """What an option costs, on the latest development split.

    Parameters
    ----------
    rows : DataFrame
        Rows of `compare_options` of one option, of any splits.
    language : Language
        Its words.

    Returns
    -------
    str
        One to three sentences: how many more or fewer of 100 it finds, how many more or fewer of those it names are
        without the recorded outcome, each with its interval or with what cannot be told; and whether it needs the
        protected attribute.
    """
    rows = _latest(rows)
    if rows.empty:
        return language.plain("cost.not_measured", reason=in_words(reasons.NO_FIGURE, language))
    if rows["option"].iloc[0] == AS_IS:
        return language.plain("cost.reference")
    marked = [language.plain("cost.attribute")] if bool(rows["needs_attribute"].iloc[0]) else []
    overall = rows[rows["attribute"] == OVERALL]
    changes = {
        metric: _first(overall[(overall["comparison"] == "change") & (overall["metric"] == metric)])
        for metric in (RECALL, PRECISION)
    }
    told = [row for row in changes.values() if row is not None]
    if not told:
        value = _first(overall[(overall["comparison"] == "value") & (overall["metric"] == RECALL)])
        why = in_words(reasons.NO_FIGURE if value is None else str(value["reason"]), language)
        return " ".join([language.plain("cost.absent", reason=why), *marked])
    for reason, said in _SAME.items():
        # of the model as a whole, so it holds for a figure that rests on too few cases as well
        if any(row["reason"] == reason for row in told):
            return " ".join([language.plain(f"cost.{said}"), *marked])
    sentences = [_sentence(language, metric, row) for metric, row in changes.items() if row is not None]
    return " ".join([*sentences, *marked])


def gain_in_words(rows: pd.DataFrame, language: Language, names: Mapping[str, str] | None = None) -> list[str]:
    """What an option does to the largest gaps, on the latest development split.

    Parameters
    ----------
    rows, language
        As in `cost_in_words`.
    names : mapping of str to str, optional
        What metrics and attributes are called; by default as in the table.

    Returns
    -------
    list of str
        One sentence per gap that the charter judges.
    """
    rows = _latest(rows)
    found = []
    for _, row in rows[(rows["comparison"] == "change") & (rows["attribute"] != OVERALL)].iterrows():
        called = {each: (names or {}).get(row[each], row[each]) for each in ("metric", "attribute")}
        if row["reason"] in _SAME:
            found.append(language.plain(f"cost.{_SAME[row['reason']]}"))
        elif np.isnan(row["value"]) or np.isnan(row["high"]):
            why = in_words(_text(row["reason"]) or reasons.NO_FIGURE, language)
            found.append(language.plain("cost.gap_none", reason=why, **called))
        else:
            told = _numbers(language, row, "smaller", "larger")
            found.append(language.plain(f"cost.gap_{_direction(row)}", **told, **called))
    return list(dict.fromkeys(found))


def stress_in_words(reason: str, language: Language) -> str:
    """What the stress test found: from the `reason` of a row `gain_held[METRIC]` to a sentence."""
    if reason in reasons.STRESS:
        return language.plain(f"cost.{reason}")
    if reason == WITHHELD:  # it was looked at: the reason is one of disclosure
        return language.plain("cost.stress_withheld")
    return language.plain("cost.stress_none", reason=in_words(reason, language))


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["role"] == "development"]
    return rows if rows["as_of"].isna().all() else rows[rows["as_of"] == rows["as_of"].dropna().max()]


def _first(rows: pd.DataFrame) -> Any:
    return rows.iloc[0] if len(rows) else None


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def _direction(row: Any) -> str:
    if _rounded(row["low"]) == _rounded(row["high"]) == 0:
        return "little"  # both ends would read as no difference
    return "less" if row["high"] < 0 else "more" if row["low"] > 0 else "open"


def _sentence(language: Language, metric: str, row: Any) -> str:
    if np.isnan(row["value"]) or np.isnan(row["high"]):
        why = in_words(_text(row["reason"]) or reasons.NO_FIGURE, language)
        return language.plain("cost.not_measured", reason=why)
    name = metric.removesuffix("_at_capacity")
    told = row
    if metric == PRECISION:
        # told of those without the outcome: their number falls where precision rises
        told = {"low": -row["high"], "high": -row["low"], "value": -row["value"]}
    return language.plain(f"cost.{name}_{_direction(row)}", **_numbers(language, told, "fewer", "further"))


def _numbers(language: Language, row: Any, less: str, more: str) -> dict[str, Any]:
    """The figure and its interval of 100; both ends without their sign where the sentence says the direction."""
    low, high = sorted([abs(row["low"]), abs(row["high"])])
    ends = [_signed(language, row[end], less, more) for end in ("low", "high")]
    return {
        "n": _rounded(row["value"]) or 1,  # fewer than 1 takes the form for one
        "amount": _of_hundred(language, row["value"]),
        "interval": language.plain("cost.interval", low=_of_hundred(language, low), high=_of_hundred(language, high)),
        "between": language.plain("cost.between", low=ends[0], high=ends[1]),
    }


def _of_hundred(language: Language, value: float) -> str:
    return str(_rounded(value) or language.t("cost.under"))


def _rounded(value: float) -> int:
    return round(abs(float(value)) * 100)


def _signed(language: Language, value: float, less: str, more: str) -> str:
    if _rounded(value) == 0:
        return language.plain("cost.nothing")
    return language.plain(f"cost.{less if value < 0 else more}", n=_rounded(value))
