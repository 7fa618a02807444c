"""What the pages say where the model is given records about other people than the case's own person.

Belongs here: the tag of such a factor, and the section with the charter's reason and what these records add.
Does not belong here: the figures (models.ablation), or whether such a feature may be declared
(fairness_reports.charter).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import (
    SHARES,
    factor_words,
    interval,
    known,
    metric_difference,
    metric_label,
    metric_value,
)
from fairness_reports.reports.layout import Block, Cell, Para, Section, Table
from fairness_reports.reports.spans import trial_told
from models.ablation import DIFFERENCE, DIFFERENCES, without


class Tagged(Protocol):
    """A feature, a column or a line of the model card."""

    @property
    def factor(self) -> str:
        """Key of its factor."""
        ...

    @property
    def by_association(self) -> bool:
        """Whether it speaks of other people."""
        ...


def about_others(features: Iterable[Tagged]) -> dict[str, str]:
    """The factors that speak of other people: `all` where every feature of the factor does, else `some`."""
    found: dict[str, set[bool]] = {}
    for feature in features:
        found.setdefault(feature.factor, set()).add(feature.by_association)
    return {factor: "all" if told == {True} else "some" for factor, told in found.items() if True in told}


def tagged(language: Language, label: str, how: str | None) -> str:
    """A factor's words, with a tag behind them where it speaks of other people (`how`: all, some or None)."""
    return label if how is None else f"{label} ({language.plain(f'association.tag_{how}')})"


def association_section(language: Language, context: ReportContext) -> Section | None:
    """Which factors speak of other people, why, and what the model would lose without them; None where none does."""
    t, charter = language.t, context.charter
    factors = about_others(context.features)
    if not factors:
        return None
    labels = [factor_words(language, context, factor) for factor in factors]
    blocks: list[Block] = [Para(t("association.intro", factors=language.listing(labels)), "lead")]
    reason = charter.reason_by_association if charter is not None else None
    if reason is not None:
        blocks.append(Para(t("association.reason", reason=language.text(reason))))
    if context.model is not None:
        blocks += _lost(language, context, context.model)
    return Section(t("association.title"), blocks)


def _lost(language: Language, context: ReportContext, model: str) -> list[Block]:
    t = language.t
    chosen, fewer = context.test_metrics(), context.test_metrics(without(model))
    blocks: list[Block] = [Para(t("association.compared", cohort=trial_told(language, context, context.test)))]
    auc = fewer.get(f"auc{DIFFERENCE}")
    if auc is None or not (known(auc.value) and known(auc.low) and known(auc.high)):
        return [*blocks, Para(t("association.too_few"), "sentence")]
    blocks.append(Para(_in_pairs(language, *(float(end) * 100 for end in (auc.value, auc.low, auc.high))), "sentence"))
    rows: list[list[Cell | str]] = []
    for name in DIFFERENCES:
        row, one, other = fewer.get(name + DIFFERENCE), chosen.get(name), fewer.get(name)
        if row is None or one is None or other is None or not known(row.value):
            continue
        both = (metric_value(language, name, each.value) for each in (one, other))
        rows.append([metric_label(language, name), *both, _difference(language, name, row)])
    head = [t("index.metric"), *(t(f"association.{key}") for key in ("with", "without", "difference"))]
    return [*blocks, Table(t("association.table"), head, rows, numbers_from=1), Para(t("association.no_say"), "small")]


def _difference(language: Language, metric: str, row: Any) -> Cell:
    """Paired differences are small: what is no share has a digit more than elsewhere."""
    if metric in SHARES:
        spread = interval(language, metric, row.low, row.high, difference=True)
        return Cell(metric_difference(language, metric, row.value), spread)
    value, low, high = (language.signed(float(each), 3) for each in (row.value, row.low, row.high))
    return Cell(value, str(language.t("form.interval", low=low, high=high)))


def _in_pairs(language: Language, value: float, low: float, high: float) -> str:
    """The difference in AUC as pairs of 100, and whether its interval leaves a doubt."""
    if low == high == 0:
        return language.t("association.same")
    if low <= 0 <= high:
        ends = {"value": value, "low": low, "high": high}
        return language.t("association.unclear", **{name: language.signed(end, 1) for name, end in ends.items()})
    nearer, farther = sorted((abs(low), abs(high)))
    ends = {"value": abs(value), "low": nearer, "high": farther}
    key = "association.worse" if high < 0 else "association.better"
    return language.t(key, **{name: language.number(end, 1) for name, end in ends.items()})
