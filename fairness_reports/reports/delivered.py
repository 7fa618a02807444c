"""The quality page: rules, rows, who was set aside, ignored columns, how easily somebody could be recognised.

Belongs here: what of the quality table a practice lead sees, in words.
Does not belong here: measuring it (data_contracts.quality).
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import known
from fairness_reports.reports.layout import Block, Bullets, Cell, Page, Para, Section, Table, code
from features.words import Text

# how data_contracts.quality names the measures that are no rules
_MEASURE = "info"
_ROWS = "rows: "
_SHARE = "quarantined_share: "
_IGNORED = "ignored_column: "
_K = "k_anonymity"
_COUNTS = ("rows", "accepted", "quarantined", "new", "changed", "vanished", "last delivery")
_SUMMED = ("rows", "accepted", "quarantined")


def quality_page(language: Language, context: ReportContext) -> Page:
    """What was delivered and which rules it met."""
    frame = context.quality
    measures = frame[frame["severity"] == _MEASURE]
    sections = [
        *_refusal(language, context),
        _rules(language, context, frame[frame["severity"] != _MEASURE]),
        _rows(language, context, measures),
        *_shares(language, context, _starting(measures, _SHARE)),
        _ignored(language, _starting(measures, _IGNORED)),
        _recognised(language, context, _starting(measures, _K)),
    ]
    return Page("quality", sections)


def _starting(frame: pd.DataFrame, prefix: str) -> list[Any]:
    """Measures of one kind, by table and name."""
    found = frame[frame["rule"].astype(str).str.startswith(prefix)]
    return rows_of(found.sort_values(["table", "rule"], kind="stable"))


def _refusal(language: Language, context: ReportContext) -> list[Section]:
    reasons = [language.text(reason["text"]) for reason in context.manifest.get("reasons") or []]
    if context.verdict is not None or not reasons:
        return []
    return [Section(language.t("index.reasons"), [Bullets(reasons)])]


def rule_words(language: Language, rule: str, label: Text | None = None) -> Markup:
    """What a rule demands, in words: those that the contract has for it, its own name where it has a name only."""
    if label is not None:
        return escape(language.text(label))
    column, colon, kind = rule.partition(": ")
    if not colon:
        own = {"fields": "rule.fields", "primary key": "rule.primary_key", "rowCount": "rule.rowCount"}.get(rule)
        return language.t(own) if own is not None else code(rule)
    relation = re.fullmatch(r"(in|not before) (.+)", kind)
    if relation is not None:
        key = "rule.in" if relation[1] == "in" else "rule.not_before_other"
        return code(column) + ": " + language.t(key, other=code(relation[2]))
    return code(column) + ": " + language.t(f"rule.{kind}") if language.has(f"rule.{kind}") else code(rule)


def _count(language: Language, context: ReportContext, n: Any) -> str:
    """A number of rows; where it is withheld, that it is small."""
    return language.number(int(n)) if known(n) else str(language.t("form.fewer", n=context.minimum_cell))


def _rules(language: Language, context: ReportContext, frame: pd.DataFrame) -> Section:
    t = language.t
    if frame.empty:
        return Section(t("quality.rules_title"), [Para(t("quality.rules_none"))])
    broken = int((~frame["passed"].astype(bool)).sum())
    summary = t("quality.rules_intro", n=len(frame)) + " "
    summary += t("quality.rules_failed", n=broken) if broken else t("quality.rules_all_met")
    ordered = frame.assign(
        _met=frame["passed"].astype(bool),
        _clean=(frame["failed"] == 0).fillna(False).astype(bool),
        _light=frame["severity"] == "warning",
    )
    rows: list[list[Cell | str]] = []
    labels = context.rule_labels
    for row in rows_of(ordered.sort_values(["_met", "_clean", "_light", "table", "rule"], kind="stable")):
        look = "within" if row.passed else "warning" if row.severity == "warning" else "outside"
        rows.append(
            [
                Cell(rule_words(language, str(row.rule), labels.get((row.table, row.rule))), code(row.table)),
                Cell(t("quality.met") if row.passed else t("quality.broken"), look=f"state {look}"),
                Cell(language.word("severity", str(row.severity))),
                _count(language, context, row.checked),
                _count(language, context, row.failed),
            ]
        )
    head = [t(f"quality.{key}") for key in ("rule", "result", "severity", "checked", "failed")]
    table = Table(t("quality.rules_title"), head, rows, numbers_from=3)
    return Section(t("quality.rules_title"), [Para(t("quality.intro")), Para(summary), table])


def _rows(language: Language, context: ReportContext, measures: pd.DataFrame) -> Section:
    t = language.t
    counts = {(str(row.table), str(row.rule).removeprefix(_ROWS)): row.value for row in _starting(measures, _ROWS)}
    if not counts:
        return Section(t("quality.deliveries_title"), [Para(t("quality.deliveries_none"))])
    names = [name for name in _COUNTS if any(key[1] == name for key in counts)]
    tables = sorted({table for table, _ in counts})
    rows: list[list[Cell | str]] = [
        [code(table), *(_count(language, context, counts.get((table, name), 0)) for name in names)] for table in tables
    ]
    # of few rows it is not told how many: no sum tells it either
    sums = {name: sum(n for table in tables if known(n := counts.get((table, name), 0))) for name in _SUMMED}
    foot = [t("quality.total"), *(language.number(sums[name]) if name in sums else "" for name in names)]
    head = [t("quality.table"), *(t(f"quality.count.{name.replace(' ', '_')}") for name in names)]
    table = Table(t("quality.deliveries_title"), head, rows, numbers_from=1, foot=foot)
    return Section(t("quality.deliveries_title"), [Para(t("quality.deliveries_intro")), table])


def _shares(language: Language, context: ReportContext, found: list[Any]) -> list[Section]:
    if not found:
        return []
    t = language.t
    rows: list[list[Cell | str]] = []
    for row in found:
        attribute, _, group = str(row.rule).removeprefix(_SHARE).partition(" = ")
        shown = known(row.value)
        words = context.words.attributes.get(attribute.rpartition(".")[2])
        label = language.text(words.label) if words is not None else code(attribute)
        named = language.text(words.values.get(group, group)) if words is not None else group
        if group.startswith("("):  # not a value of the data but a word of the measure
            word = group.strip("()").replace(" ", "_")
            small = re.fullmatch(r"groups_below_(\d+)", word)
            key = "quality.group.small" if small else f"quality.group.{word}"
            named = t(key, n=small[1] if small else "") if language.has(key) else group
        rows.append(
            [
                Cell(named, Markup("{} ({})").format(label, code(row.table))),
                language.number(int(row.checked)) if shown else Cell(t("form.too_few"), look="missing"),
                _count(language, context, row.failed) if shown else "–",
                language.percent(row.value, 2),
            ]
        )
    head = [t("fairness.group"), t("quality.checked"), t("quality.count.quarantined"), t("quality.share")]
    table = Table(t("quality.shares_title"), head, rows, numbers_from=1)
    return [Section(t("quality.shares_title"), [Para(t("quality.shares_intro")), table])]


def _ignored(language: Language, found: list[Any]) -> Section:
    t = language.t
    files: dict[str, list[str]] = {}
    for row in found:
        files.setdefault(str(row.table), []).append(str(row.rule).removeprefix(_IGNORED))
    items = [code(file) + ": " + code(", ".join(columns)) for file, columns in files.items()]
    blocks: list[Block] = (
        [Para(t("quality.ignored_intro")), Bullets(items)] if items else [Para(t("quality.ignored_none"))]
    )
    return Section(t("quality.ignored_title"), blocks)


def _recognised(language: Language, context: ReportContext, found: list[Any]) -> Section:
    t = language.t
    if not found:
        return Section(t("quality.kanon_title"), [Para(t("quality.kanon_none"))])
    rows: list[list[Cell | str]] = []
    for row in found:
        without = str(row.rule).partition(": without ")[2]
        label = t("quality.kanon_without", column=code(without)) if without else t("quality.kanon_all")
        detail = code(row.detail) if known(row.detail) else "–"
        rows.append([Cell(label, code(row.table)), detail, _count(language, context, row.value)])
    head = [t("quality.kanon_scope"), t("quality.kanon_detail"), t("quality.kanon_k")]
    table = Table(t("quality.kanon_title"), head, rows, numbers_from=2)
    return Section(t("quality.kanon_title"), [Para(t("quality.kanon_intro")), table])
