"""What an option costs and gains, in plain sentences.

Belongs here: sentences in English and German about the rows of one option.
Does not belong here: names of options and the layout of a report (fairness_reports.reports), reasons (reasons).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.mitigation import reasons
from fairness_reports.mitigation.options import AS_IS
from fairness_reports.spec import OVERALL

RECALL, PRECISION = "recall_at_capacity", "precision_at_capacity"

_TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "reference": "This is the model as it is; the others are compared with it.",
        "same": "Selects the same cases as the model as it is.",
        "unchanged": "It changes nothing.",
        "absent": "Could not be tried: {reason}.",
        f"{RECALL}.less": "Of 100 cases with the recorded outcome it finds {n} fewer ({interval}).",
        f"{RECALL}.more": "Of 100 cases with the recorded outcome it finds {n} more ({interval}).",
        f"{RECALL}.open": "Whether it finds more or fewer of 100 cases with the recorded outcome cannot be "
        "told from so few cases: {between}.",
        f"{PRECISION}.less": "Of 100 cases it names, {n} more are without the recorded outcome ({interval}).",
        f"{PRECISION}.more": "Of 100 cases it names, {n} fewer are without the recorded outcome ({interval}).",
        f"{PRECISION}.open": "Whether more or fewer of 100 cases it names are without the recorded outcome cannot "
        "be told from so few cases: {between}.",
        f"{RECALL}.little": "Of 100 cases with the recorded outcome it finds as many, give or take fewer than 1.",
        f"{PRECISION}.little": "Of 100 cases it names, as many are without the recorded outcome, give or take fewer "
        "than 1.",
        "none": "What it would cost could not be measured: {reason}.",
        "gap.less": "The largest gap ({metric}, by {attribute}) shrinks by {n} percentage points ({interval}).",
        "gap.more": "The largest gap ({metric}, by {attribute}) grows by {n} percentage points ({interval}).",
        "gap.open": "Whether the largest gap ({metric}, by {attribute}) shrinks or grows cannot be told from so few "
        "cases: {between}.",
        "gap.little": "The largest gap ({metric}, by {attribute}) stays the same to within 1 percentage point.",
        "gap.none": "The largest gap ({metric}, by {attribute}) could not be compared: {reason}.",
        "interval": "{low} to {high}",
        "between": "anything from {low} to {high}",
        "fewer": "{n} fewer",
        "further": "{n} more",
        "smaller": "{n} percentage points less",
        "larger": "{n} percentage points more",
        "under": "fewer than 1",
        "nothing": "no difference",
        reasons.HELD: "The gap shrank in the earlier period and again in the later one: the gain held.",
        reasons.REVERSED: "The gap shrank in the earlier period and grew in the later one: the gain reversed.",
        reasons.CANNOT_TELL: "Whether a gain would hold in a later period, these cases do not tell.",
        "stress.none": "Whether a gain would hold in a later period was not tested: {reason}.",
        "stress.withheld": "Whether a gain held in a later period is not shown.",
        "attribute": "It needs to know the protected attribute when a decision is made.",
    },
    "de": {
        "reference": "Das ist das unveränderte Modell; die anderen werden mit ihm verglichen.",
        "same": "Wählt dieselben Fälle aus wie das unveränderte Modell.",
        "unchanged": "Dieser Weg ändert nichts.",
        "absent": "Konnte nicht versucht werden: {reason}.",
        f"{RECALL}.less": "Von 100 Fällen mit dem erfassten Ereignis findet dieser Weg {n} weniger ({interval}).",
        f"{RECALL}.more": "Von 100 Fällen mit dem erfassten Ereignis findet dieser Weg {n} mehr ({interval}).",
        f"{RECALL}.open": "Ob dieser Weg von 100 Fällen mit dem erfassten Ereignis mehr oder weniger findet, lässt "
        "sich bei so wenigen Fällen nicht sagen: {between}.",
        f"{PRECISION}.less": "Von 100 Fällen, die er nennt, sind {n} mehr ohne das erfasste Ereignis ({interval}).",
        f"{PRECISION}.more": "Von 100 Fällen, die er nennt, sind {n} weniger ohne das erfasste Ereignis ({interval}).",
        f"{PRECISION}.open": "Ob von 100 Fällen, die er nennt, mehr oder weniger ohne das erfasste Ereignis sind, "
        "lässt sich bei so wenigen Fällen nicht sagen: {between}.",
        f"{RECALL}.little": "Von 100 Fällen mit dem erfassten Ereignis findet dieser Weg gleich viele; der "
        "Unterschied ist kleiner als 1.",
        f"{PRECISION}.little": "Von 100 Fällen, die er nennt, sind gleich viele ohne das erfasste Ereignis; der "
        "Unterschied ist kleiner als 1.",
        "none": "Was dieser Weg kosten würde, ließ sich nicht messen: {reason}.",
        "gap.less": "Der größte Abstand ({metric}, nach {attribute}) wird um {n} Prozentpunkte kleiner ({interval}).",
        "gap.more": "Der größte Abstand ({metric}, nach {attribute}) wird um {n} Prozentpunkte größer ({interval}).",
        "gap.open": "Ob der größte Abstand ({metric}, nach {attribute}) kleiner oder größer wird, lässt sich bei so "
        "wenigen Fällen nicht sagen: {between}.",
        "gap.little": "Der größte Abstand ({metric}, nach {attribute}) ändert sich um weniger als 1 Prozentpunkt.",
        "gap.none": "Der größte Abstand ({metric}, nach {attribute}) ließ sich nicht vergleichen: {reason}.",
        "interval": "{low} bis {high}",
        "between": "denkbar ist alles zwischen {low} und {high}",
        "fewer": "{n} weniger",
        "further": "{n} mehr",
        "smaller": "{n} Prozentpunkten weniger",
        "larger": "{n} Prozentpunkten mehr",
        "under": "weniger als 1",
        "nothing": "keinem Unterschied",
        reasons.HELD: "Der Abstand wurde im früheren Zeitraum kleiner und im späteren wieder: Der Gewinn hielt.",
        reasons.REVERSED: "Der Abstand wurde im früheren Zeitraum kleiner und im späteren größer: Der Gewinn kehrte "
        "sich um.",
        reasons.CANNOT_TELL: "Ob ein Gewinn in einem späteren Zeitraum hielte, zeigen diese Fälle nicht.",
        "stress.none": "Ob ein Gewinn in einem späteren Zeitraum hielte, wurde nicht geprüft: {reason}.",
        "stress.withheld": "Ob ein Gewinn in einem späteren Zeitraum hielt, wird nicht gezeigt.",
        "attribute": "Dieser Weg muss das geschützte Merkmal kennen, wenn entschieden wird.",
    },
}

_SAME: Final = {reasons.UNCHANGED: "unchanged", reasons.SAME_PEOPLE: "same"}


def cost_in_words(rows: pd.DataFrame, language: str) -> str:
    """What an option costs, on the latest development split.

    Parameters
    ----------
    rows : DataFrame
        Rows of `compare_options` of one option, of any splits.
    language : str
        `en` or `de`.

    Returns
    -------
    str
        One to three sentences: how many more or fewer of 100 it finds, how many more or fewer of those it names are
        without the recorded outcome, each with its interval or with what cannot be told; and whether it needs the
        protected attribute.
    """
    texts, rows = _TEXTS[language], _latest(rows)
    if rows.empty:
        return texts["none"].format(reason=reasons.in_words(reasons.NO_FIGURE, language))
    if rows["option"].iloc[0] == AS_IS:
        return texts["reference"]
    marked = [texts["attribute"]] if bool(rows["needs_attribute"].iloc[0]) else []
    overall = rows[rows["attribute"] == OVERALL]
    changes = {
        metric: _first(overall[(overall["comparison"] == "change") & (overall["metric"] == metric)])
        for metric in (RECALL, PRECISION)
    }
    told = [row for row in changes.values() if row is not None]
    if not told:
        value = _first(overall[(overall["comparison"] == "value") & (overall["metric"] == RECALL)])
        why = reasons.in_words(reasons.NO_FIGURE if value is None else str(value["reason"]), language)
        return " ".join([texts["absent"].format(reason=why), *marked])
    for reason, said in _SAME.items():
        # of the model as a whole, so it holds for a figure that rests on too few cases as well
        if any(row["reason"] == reason for row in told):
            return " ".join([texts[said], *marked])
    sentences = [_sentence(texts, metric, row, language) for metric, row in changes.items() if row is not None]
    return " ".join([*sentences, *marked])


def gain_in_words(rows: pd.DataFrame, language: str, names: Mapping[str, str] | None = None) -> list[str]:
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
    texts, rows = _TEXTS[language], _latest(rows)
    found = []
    for _, row in rows[(rows["comparison"] == "change") & (rows["attribute"] != OVERALL)].iterrows():
        called = {each: (names or {}).get(row[each], row[each]) for each in ("metric", "attribute")}
        if row["reason"] in _SAME:
            found.append(texts[_SAME[row["reason"]]])
        elif np.isnan(row["value"]) or np.isnan(row["high"]):
            why = reasons.in_words(_text(row["reason"]) or reasons.NO_FIGURE, language)
            found.append(texts["gap.none"].format(reason=why, **called))
        else:
            found.append(texts[f"gap.{_direction(row)}"].format(**_numbers(texts, row, "smaller", "larger"), **called))
    return list(dict.fromkeys(found))


def stress_in_words(reason: str, language: str) -> str:
    """What the stress test found: from the `reason` of a row `gain_held[METRIC]` to a sentence."""
    texts = _TEXTS[language]
    if reason in reasons.STRESS:
        return texts[reason]
    if reason == WITHHELD:  # it was looked at: the reason is one of disclosure
        return texts["stress.withheld"]
    return texts["stress.none"].format(reason=reasons.in_words(reason, language))


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


def _sentence(texts: dict[str, str], metric: str, row: Any, language: str) -> str:
    if np.isnan(row["value"]) or np.isnan(row["high"]):
        return texts["none"].format(reason=reasons.in_words(_text(row["reason"]) or reasons.NO_FIGURE, language))
    if metric == PRECISION:
        # told of those without the outcome: their number falls where precision rises
        turned = {"low": -row["high"], "high": -row["low"], "value": -row["value"]}
        return texts[f"{metric}.{_direction(row)}"].format(**_numbers(texts, turned, "fewer", "further"))
    return texts[f"{metric}.{_direction(row)}"].format(**_numbers(texts, row, "fewer", "further"))


def _numbers(texts: dict[str, str], row: Any, less: str, more: str) -> dict[str, str]:
    """The figure and its interval of 100; both ends without their sign where the sentence says the direction."""
    low, high = sorted([abs(row["low"]), abs(row["high"])])
    ends = [_signed(texts, row["low"], less, more), _signed(texts, row["high"], less, more)]
    return {
        "n": _of_hundred(texts, row["value"]),
        "interval": texts["interval"].format(low=_of_hundred(texts, low), high=_of_hundred(texts, high)),
        "between": texts["between"].format(low=ends[0], high=ends[1]),
    }


def _of_hundred(texts: dict[str, str], value: float) -> str:
    return str(_rounded(value) or texts["under"])


def _rounded(value: float) -> int:
    return round(abs(float(value)) * 100)


def _signed(texts: dict[str, str], value: float, less: str, more: str) -> str:
    if _rounded(value) == 0:
        return texts["nothing"]
    told = texts[less if value < 0 else more].format(n=_of_hundred(texts, value))
    return re.sub(r"^(1 \w+ point|1 Prozentpunkt)(?:s|en)\b", r"\1", told)  # one point, not one points
