"""How a metric is shown: as a percentage, in points or as a plain number; and when it is not shown.

Belongs here: forms and guards that several pages share.
Does not belong here: sentences (catalogue) or what stands on a page (views).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from fairness_reports.audit import reasons
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.layout import Cell
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL, POOLED
from models.ablation import is_ablation
from models.metrics import parts_of
from models.spec import SIMPLEST_FIRST

SHARES = frozenset(
    ["base_rate", "selection_rate", "unknown_share", "tpr", "fpr", "fnr", "tnr", "ppv", "npv", "accuracy", "mean_score",
     "calibration", "calibration_in_the_large", "precision_at_capacity", "recall_at_capacity", "precision_at_k",
     "recall_at_k", "uninformative", "fdr", "for", "calibration_selected", "capacity_share", "outcome_share",
     "capacity_balance", "group_share", "attrition"]
)  # fmt: skip
_GAPS = frozenset(
    ["calibration", "calibration_in_the_large", "calibration_selected", "capacity_balance"]
)  # differences by nature
_DIGITS = {"auc": 2, "brier": 3, "calibration_error": 3, "net_benefit": 3, "net_benefit_all": 3}
_COUNTS = frozenset(["n", "unknown_at_capacity", "unknown_at_k", "training_rows"])


def metric_value(language: Language, metric: str, value: float | None) -> str:
    """A figure of this metric in the form that fits it, whatever its qualifiers."""
    metric, _ = parts_of(metric)
    if metric in _COUNTS:
        return language.number(value)
    if metric in _GAPS:
        return language.signed(None if not known(value) else float(value or 0) * 100, 1)  # its label names the unit
    if metric in SHARES:
        return language.percent(value, 1)
    return language.number(value, _DIGITS.get(metric, 2))


def metric_difference(language: Language, metric: str, value: float | None) -> str:
    """A difference of this metric: in percentage points where it is a share."""
    metric, _ = parts_of(metric)
    if metric in SHARES:
        return language.points(value)
    return language.signed(value, _DIGITS.get(metric, 2))


def interval(
    language: Language, metric: str, low: float | None, high: float | None, *, difference: bool = False
) -> str:
    """The interval of a figure, empty when there is none."""
    metric, _ = parts_of(metric)
    if not (known(low) and known(high)):
        return ""
    if metric in SHARES:
        # the unit stands beside the figure itself: twice more would hide the numbers
        form = language.signed if difference or metric in _GAPS else language.number
        ends = [form(float(end or 0) * 100, 1) for end in (low, high)]
    elif difference:
        ends = [language.signed(end, _DIGITS.get(metric, 2)) for end in (low, high)]
    else:
        ends = [metric_value(language, metric, end) for end in (low, high)]
    return str(language.t("form.interval", low=ends[0], high=ends[1]))


def known(value: Any) -> bool:
    """Whether a figure is there: not None, not NaN, not pandas' NA."""
    return value is not None and not pd.isna(value)


def is_overall(attribute: Any) -> bool:
    """Whether a row of fairness or factors speaks of everybody."""
    return not known(attribute) or str(attribute) in ("", OVERALL)


def metric_label(language: Language, metric: str) -> str:
    """The words for a metric and for its qualifiers: `recall_at_k[50, worst]`, `auc[returning]`."""
    name, qualifiers = parts_of(metric)
    return ", ".join([str(language.word("metric", name)), *(_qualifier(language, each) for each in qualifiers)])


def _qualifier(language: Language, text: str) -> str:
    kind, _, rest = text.partition(" ")
    if kind == "learning":
        rest = language.percent(float(rest.rstrip("%")) / 100, 0 if rest.rstrip("%").isdigit() else 1)
    elif text.endswith("%"):
        share = text.rstrip("%")
        kind, rest = "share", language.percent(float(share) / 100, len(share.partition(".")[2]))
    elif text.isdigit():
        kind, rest = "count", language.number(int(text))
    elif text.replace(".", "", 1).isdigit():
        kind, rest = "threshold", language.number(float(text), len(text.partition(".")[2]))
    elif kind == "within" and rest.endswith("d") and rest[:-1].isdigit():
        kind, rest = "within_days", language.number(int(rest[:-1]))
    key = f"metric_for.{kind}"
    return str(language.t(key, value=rest)) if language.has(key) else text


def model_label(language: Language, name: str) -> str:
    """The words for a candidate: of its kind, or the label that the programme gave it."""
    return language.word("model", name)


def in_order(context: ReportContext, names: Iterable[str]) -> list[str]:
    """Candidates among these names, the simplest first; recipes that are there for comparison only are left out."""
    told = [str(name) for name in context.selection["candidate"]] or list(SIMPLEST_FIRST)
    candidates = {str(name) for name in names if not is_ablation(str(name))}
    return sorted(candidates, key=lambda name: (told.index(name) if name in told else len(told), name))


def factor_words(language: Language, context: ReportContext, factor: str) -> str:
    """The words for a factor."""
    words = context.words.factors.get(factor)
    return factor.replace("_", " ") if words is None else language.text(words.label)


def attribute_label(language: Language, context: ReportContext, attribute: str) -> str:
    """The words for an attribute or for several crossed."""
    words = context.words.attributes
    return JOIN.join(language.text(words[name].label) if name in words else name for name in attribute.split(JOIN))


def group_label(language: Language, context: ReportContext, attribute: str, group: Any) -> str:
    """The words for a group of an attribute or of several crossed."""
    if not known(group):
        return str(language.t("form.not_recorded"))
    if str(group) == POOLED:
        return language.plain("form.pooled")
    names, values = attribute.split(JOIN), str(group).split(JOIN)
    if len(names) != len(values):
        return str(group)
    return JOIN.join(_value(language, context, name, value) for name, value in zip(names, values, strict=True))


def _value(language: Language, context: ReportContext, attribute: str, value: str) -> str:
    words = context.words.attributes.get(attribute)
    if words is not None and value in words.values:
        return language.text(words.values[value])
    return str(language.t("form.not_recorded")) if value == NOT_RECORDED else value


def groups_in_order(context: ReportContext, attribute: str, groups: Sequence[Any]) -> list[Any]:
    """Groups in the order of words.yaml (ages and quintiles have one), others behind them by name."""
    words = context.words.attributes.get(attribute)
    order = {value: i for i, value in enumerate(words.values)} if words is not None else {}
    told = sorted({str(g) for g in groups if known(g)}, key=lambda g: (order.get(g, len(order)), g == NOT_RECORDED, g))
    return [*told, *([None] if any(not known(g) for g in groups) else [])]


def count(language: Language, context: ReportContext, n: Any, reason: Any = None) -> str:
    """A number of cases, or "fewer than" the minimum cell. Zero is no exception: it also tells on people.

    One that is not known may be a large one that protects a small one: that it is small is said only where the row's
    own reason says so.
    """
    if not known(n):
        small = re.fullmatch(r"fewer than (\d+)", str(reason))
        return str(language.t("form.fewer", n=int(small[1])) if small else language.t("form.withheld"))
    if int(n) < context.minimum_cell:
        return str(language.t("form.fewer", n=context.minimum_cell))
    return language.number(int(n))


def figure_cell(language: Language, metric: str, row: Any) -> Cell:
    """A figure with its interval under it."""
    if not known(row.value):
        withheld = getattr(row, "reason", None) == reasons.WITHHELD
        return Cell(str(language.t("form.withheld" if withheld else "form.too_few")), look="missing")
    return Cell(metric_value(language, metric, row.value), interval(language, metric, row.low, row.high))


def cases_word(language: Language, context: ReportContext) -> str:
    """What the programme calls its cases."""
    return language.text(context.words.case.many)
