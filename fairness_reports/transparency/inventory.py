"""The inventory of data: every source table and column of the contract, and what a release itself holds.

Belongs here: what the contract says of each, as plain values; how many rows were delivered.
Does not belong here: checking a contract (data_contracts), or a value of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data_contracts.contract import Collected, Column, Contract, KnowledgeDay, Table, Wording
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import known
from fairness_reports.transparency.entries import Entry, Said, both, entry, sentence
from fairness_reports.transparency.sources import charter_field

ROWS_TO = 5
"""Numbers of rows are rounded to the nearest multiple of this."""
CONTRACT = "contract.odcs.yaml"
MADE_HERE = ("scores", "explanations", "backtest")
"""Tables with rows of persons that a release may hold."""


def inventory(context: ReportContext, contract: Contract) -> dict[str, Any]:
    """Every table and column.

    Parameters
    ----------
    context : ReportContext
        The release; its `quality` has passed disclosure control.
    contract : Contract
        The source tables.

    Returns
    -------
    dict
        contract (id, version, sha256), tables, made_here (what the release itself holds, with how long).
    """
    return {
        "contract": {"id": contract.id, "version": contract.version, "sha256": contract.sha256},
        "tables": [_table(context, table) for table in contract.tables],
        "made_here": [_made_here(context, name) for name in MADE_HERE],
    }


def _table(context: ReportContext, table: Table) -> dict[str, Any]:
    rows = delivered(context, table.name)
    collected = collected_texts(table)
    where = f"{CONTRACT}: {table.name}"
    return {
        "table": table.name,
        "label": table.business_name,
        "description": table.description,
        "one_row_is": table.data_granularity,
        "optional": table.optional,
        "knowledge_reason": _reason(table.knowledge_day),
        "fields": [
            entry("rows", [] if rows is None else [both(rows_text(context, table))], "open/quality.parquet", "analyst"),
            entry("purpose", quoted(table.purpose), f"{where}: purpose", "data_protection"),
            entry("retention", quoted(table.retention), f"{where}: retention", "data_protection"),
            entry("knowledge_day", [_knowledge(table.knowledge_day)], f"{where}: knowledgeDay", "supplier"),
            entry("collected", collected, f"{where}: collected", "supplier"),
            entry("overwritten", _overwritten(table), f"{where}: overwrittenInPlace", "supplier"),
        ],
        "columns": [_column(table, column) for column in table.columns],
    }


def _column(table: Table, column: Column) -> dict[str, Any]:
    needed = column.is_stored  # what is never read needs no purpose
    where = f"{CONTRACT}: {table.name}.{column.name}"
    purpose, retention = quoted(table.purpose_of(column)), quoted(table.retention_of(column))
    return {
        "column": column.name,
        "label": column.business_name,
        "description": column.description,
        "type": column.logical_type,
        "tags": list(column.tags),
        "read": column.is_stored,
        "optional": column.optional,
        "own_purpose": column.purpose is not None,
        "fields": [
            entry("purpose", purpose or ([] if needed else [_unread()]), f"{where}: purpose", "data_protection"),
            entry("retention", retention or ([] if needed else [_unread()]), f"{where}: retention", "data_protection"),
        ],
    }


def _unread() -> Said:
    return sentence("transparency.not_read")


def quoted(text: Wording | None) -> list[Said]:
    """A text of the contract: as it stands there."""
    if text is None:
        return []
    return [text] if isinstance(text, str) else [{"en": text.en, "de": text.de}]


def delivered(context: ReportContext, table: str) -> int | None:
    """Rows of a table in the deliveries, rounded; None where that is not told, or below the minimum cell."""
    frame = context.quality
    found = frame[(frame["table"] == table) & (frame["rule"] == "rows: rows")]
    if found.empty or not known(found["value"].iloc[0]):
        return None
    rows = int(found["value"].iloc[0])
    return None if rows < context.minimum_cell else ROWS_TO * round(rows / ROWS_TO)


def rows_text(context: ReportContext, table: Table) -> Callable[[Language], str]:
    """How many rows were delivered, in words."""
    rows = delivered(context, table.name)

    def tell(language: Language) -> str:
        if rows is None:
            return language.t("transparency.rows_unknown", table=table.name)
        return language.t("transparency.rows", table=table.name, rows=language.number(rows))

    return tell


def collected_texts(table: Table) -> list[Said]:
    """What was collected when and for whom, one text for each period."""
    return [both(_collected(table.name, each)) for each in table.collected]


def _collected(table: str, each: Collected) -> Callable[[Language], str]:
    def tell(language: Language) -> str:
        whom = each.whom if isinstance(each.whom, str) else {"en": each.whom.en, "de": each.whom.de}[language.code]
        key = "transparency.collected_from" if each.to is None else "transparency.collected_between"
        return language.t(key, table=table, start=language.date(each.from_), end=language.date(each.to), whom=whom)

    return tell


def _knowledge(day: KnowledgeDay) -> Said:
    def tell(language: Language) -> str:
        if day.kind == "column":
            return language.t("transparency.knowledge.column", column=day.column)
        if day.kind == "lag" and day.lag is not None:
            return language.t("transparency.knowledge.lag", column=day.lag.column, n=day.lag.days)
        return language.t(f"transparency.knowledge.{day.kind}")

    return both(tell)


def _reason(day: KnowledgeDay) -> str | None:
    return day.lag.reason if day.lag is not None else day.computed or day.reference


def _overwritten(table: Table) -> list[Said]:
    names = table.overwritten_in_place
    if not names:
        return [sentence("transparency.nothing_overwritten")]
    return [sentence("transparency.overwritten", columns=", ".join(names))]


def _made_here(context: ReportContext, name: str) -> dict[str, Any]:
    kept: list[Said] = []
    if context.charter is not None:
        kept = [sentence("transparency.kept_days", n=context.charter.kept_days), *charter_field(context, "retention")]
    fields: list[Entry] = [
        entry("purpose", [sentence(f"transparency.made.{name}")], "plumbline", "data_protection"),
        entry("retention", kept, "charter.yaml: retention", "data_protection"),
    ]
    return {"table": f"restricted/{name}.parquet", "fields": fields}
