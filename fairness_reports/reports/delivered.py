"""The quality page: rows, ignored columns, rules, how easily somebody could be recognised.

Belongs here: what of the quality report a practice lead sees.
Does not belong here: measuring it (data_contracts).
"""

from __future__ import annotations

import pandas as pd

from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import known
from fairness_reports.reports.language import Language
from fairness_reports.reports.layout import Block, Bullets, Cell, Page, Para, Section, Table

_ANONYMITY = "k_anonymity"
"""Rules that begin with this carry k as `value` and the columns as `detail`."""


def quality_page(language: Language, context: ReportContext) -> Page:
    """What was delivered and which rules it met."""
    frame = context.quality
    anonymity = frame["rule"].astype(str).str.startswith(_ANONYMITY)
    sections = [
        *_refusal(language, context),
        _rules(language, frame[~anonymity]),
        _rows(language, context),
        _ignored(language, context),
        _k(language, frame[anonymity]),
    ]
    return Page("quality", sections)


def _refusal(language: Language, context: ReportContext) -> list[Section]:
    reasons = [language.text(reason["text"]) for reason in context.manifest.get("reasons") or []]
    if context.verdict is not None or not reasons:
        return []
    return [Section(language.t("index.reasons"), [Bullets(reasons)])]


def _rows(language: Language, context: ReportContext) -> Section:
    t, frame = language.t, context.deliveries
    if frame.empty:
        return Section(t("quality.deliveries_title"), [Para(t("quality.deliveries_none"))])
    rows: list[list[Cell | str]] = []
    for row in rows_of(frame.sort_values(["table", "file"], kind="stable")):
        numbers = [language.number(int(n)) for n in (row.rows, row.accepted, row.quarantined)]
        rows.append([Cell(str(row.table), str(row.file)), *numbers])
    sums = [language.number(int(frame[name].sum())) for name in ("rows", "accepted", "quarantined")]
    head = [t(f"quality.{key}") for key in ("table", "rows", "accepted", "quarantined")]
    table = Table(t("quality.deliveries_title"), head, rows, numbers_from=1, foot=[t("quality.total"), *sums])
    return Section(t("quality.deliveries_title"), [Para(t("quality.deliveries_intro")), table])


def _ignored(language: Language, context: ReportContext) -> Section:
    t = language.t
    items = [f"{file}: {', '.join(columns)}" for file, columns in sorted(context.ignored_columns.items()) if columns]
    blocks: list[Block] = (
        [Para(t("quality.ignored_intro")), Bullets(items)] if items else [Para(t("quality.ignored_none"))]
    )
    return Section(t("quality.ignored_title"), blocks)


def _rules(language: Language, frame: pd.DataFrame) -> Section:
    t = language.t
    if frame.empty:
        return Section(t("quality.rules_title"), [Para(t("quality.rules_none"))])
    broken = int((~frame["passed"].astype(bool)).sum())
    summary = t("quality.rules_intro", n=len(frame)) + " "
    summary += t("quality.rules_failed", n=broken) if broken else t("quality.rules_all_met")
    ordered = frame.assign(_met=frame["passed"].astype(bool), _light=(frame["severity"] != "error"))
    rows: list[list[Cell | str]] = []
    for row in rows_of(ordered.sort_values(["_met", "_light", "table", "rule"], kind="stable")):
        met = bool(row.passed)
        look = (
            "state within" if met else "state outside" if row.severity in ("error", "critical") else "state warning"
        )
        rows.append(
            [
                Cell(str(row.rule), str(row.table)),
                Cell(t("quality.met") if met else t("quality.broken"), look=look),
                Cell(language.word("severity", str(row.severity))),
                language.number(int(row.checked) if known(row.checked) else None),
                language.number(int(row.failed) if known(row.failed) else None),
            ]
        )
    head = [t(f"quality.{key}") for key in ("rule", "result", "severity", "checked", "failed")]
    return Section(t("quality.rules_title"), [Para(summary), Table(t("quality.rules_title"), head, rows, 3)])


def _k(language: Language, frame: pd.DataFrame) -> Section:
    t = language.t
    if frame.empty or "value" not in frame.columns:
        return Section(t("quality.kanon_title"), [Para(t("quality.kanon_none"))])
    rows: list[list[Cell | str]] = []
    for row in rows_of(frame.sort_values(["table", "rule"], kind="stable")):
        detail = str(row.detail) if "detail" in frame.columns and known(row.detail) else "–"
        rows.append([str(row.table), detail, language.number(int(row.value) if known(row.value) else None)])
    head = [t("quality.kanon_scope"), t("quality.kanon_detail"), t("quality.kanon_k")]
    return Section(
        t("quality.kanon_title"), [Para(t("quality.kanon_intro")), Table(t("quality.kanon_title"), head, rows, 2)]
    )
