"""The list of faults that goes back to whoever keeps the records.

Belongs here: the workbook with file, row number, column, rule and what to do, in English and German; never a value.
Does not belong here: finding the faults (rules), the published figures (quality).
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_contracts.rules import compile_rules
from data_contracts.rules.sql import literal
from data_contracts.sheets import workbook_cell
from data_contracts.warehouse import quarantine_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from data_contracts.contract import Contract
    from data_contracts.ingest import Landing
    from data_contracts.quality import QualityReport

MOST_ROWS = 50_000
"""Rows of one sheet; beyond that nobody works through a list by hand."""

ADVICE: dict[str, tuple[str, str]] = {
    "type": ("Write the value in the declared form (number, date).",
             "Den Wert in der vereinbarten Form eintragen (Zahl, Datum)."),
    "required": ("Fill in the missing value.", "Den fehlenden Wert nachtragen."),
    "unique": ("The same key stands in more than one row: keep one, or correct the key.",
               "Derselbe Schlüssel steht in mehreren Zeilen: eine behalten oder den Schlüssel berichtigen."),
    "bound": ("The value is outside the agreed bounds: correct it.",
              "Der Wert liegt außerhalb der vereinbarten Grenzen: berichtigen."),
    "not_in_future": ("The date lies after the day of the delivery: correct it.",
                      "Das Datum liegt nach dem Tag der Lieferung: berichtigen."),
    "length": ("The text is too short or too long: correct it.", "Der Text ist zu kurz oder zu lang: berichtigen."),
    "pattern": ("The text does not have the agreed form: correct it.",
                "Der Text hat nicht die vereinbarte Form: berichtigen."),
    "valid_values": ("Unknown category: use one of the agreed ones, or have the contract extended.",
                     "Unbekannte Kategorie: eine der vereinbarten verwenden oder den Vertrag erweitern lassen."),
    "not_placeholder": ("The value is a placeholder: fill in the real one, or leave it empty if that is allowed.",
                        "Der Wert ist ein Platzhalter: den richtigen eintragen oder, wo erlaubt, leer lassen."),
    "order": ("The dates are in the wrong order: correct one of them.",
              "Die Daten stehen in der falschen Reihenfolge: eines berichtigen."),
    "reference": ("The key is not in the other table: correct it, or deliver the missing row.",
                  "Der Schlüssel fehlt in der anderen Tabelle: berichtigen oder die fehlende Zeile liefern."),
    "fields": ("The row has more or fewer fields than the header: look for a separator or quote inside a value.",
               "Die Zeile hat mehr oder weniger Felder als die Kopfzeile: Trennzeichen oder Anführungszeichen suchen."),
}  # fmt: skip
"""Kind of rule -> what to do, English and German."""

_OTHER = ("See the rule in the contract.", "Siehe die Regel im Vertrag.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def write_worklist(
    path: Path,
    con: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    landing: Landing,
    report: QualityReport,
    *,
    most_rows: int = MOST_ROWS,
) -> int:
    """Write the workbook of a delivery's faults, readable by its owner alone.

    Parameters
    ----------
    path : Path
        The .xlsx file; replaced as a whole if it is there.
    con : duckdb.DuckDBPyConnection
        The warehouse, with ``staging._failures`` of this landing (or its quarantine, if it was accepted before).
    programme : str
        The programme.
    contract : Contract
        Its contract.
    landing : Landing
        What came of landing the delivery.
    report : QualityReport
        Its quality, for the sheets on groups and row counts.
    most_rows : int
        Faults listed at most.

    Returns
    -------
    int
        How many faults there are in all.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    total, faults = _faults(con, programme, contract, landing, most_rows)
    _sheet(book, "Faults - Fehler", _FAULT_HEAD, _WIDTHS, faults)
    shares = report.of("quarantined_share: ")
    _sheet(book, "Groups - Gruppen", _GROUP_HEAD, (24, 50, 14, 16, 14, 36), (
        (one.table, one.rule.partition(": ")[2], one.checked if one.value is not None else None,
         one.failed if one.value is not None else None, one.value, one.detail) for one in shares
    ))  # fmt: skip
    _sheet(book, "Rows - Zeilen", _ROW_HEAD, (24, 14, 14, 14, 14, 14), _row_counts(report))
    content = BytesIO()
    book.save(content)
    _replace(path, content.getvalue())
    return total


_FAULT_HEAD = ("File / Datei", "Table / Tabelle", "Row / Zeile", "Column / Spalte", "Rule / Regel", "Weight / Gewicht",
               "What to do", "Was zu tun ist")  # fmt: skip
_WIDTHS = (30, 22, 12, 26, 40, 16, 70, 70)
_GROUP_HEAD = ("Table / Tabelle", "Group / Gruppe", "Rows / Zeilen", "Quarantined / In Quarantäne", "Share / Anteil",
               "Note / Hinweis")  # fmt: skip
_ROW_HEAD = ("Table / Tabelle", "Rows / Zeilen", "Last delivery / Letzte Lieferung", "Accepted / Angenommen",
             "Quarantined / In Quarantäne", "Vanished / Entfallen")  # fmt: skip
_WEIGHTS = {
    "error": "error: not used / Fehler: nicht verwendet",
    "warning": "warning: used / Hinweis: verwendet",
    "critical": "critical: stops the delivery / kritisch: hält die Lieferung an",
}


def _faults(
    con: duckdb.DuckDBPyConnection, programme: str, contract: Contract, landing: Landing, most: int
) -> tuple[int, list[tuple[Any, ...]]]:
    """How many faults there are, and the first of them as rows of the sheet."""
    source = _source(con, programme, contract, landing)
    row = con.execute(f"SELECT count(*) FROM ({source})").fetchone()
    total = int(row[0]) if row else 0
    rules = {(rule.table, rule.name): rule for rule in compile_rules(contract)}
    listed: list[tuple[Any, ...]] = []
    found = con.execute(
        f"SELECT _file, table_name, _row, rule FROM ({source}) ORDER BY table_name, _file, _row, rule LIMIT {most}"
    ).fetchall()
    for file, table, number, name in found:
        rule = rules.get((table, name))
        kind = rule.kind if rule else str(name)
        severity = rule.severity if rule else "error"
        columns = ", ".join(rule.columns) if rule else ""
        listed.append((file, table, number, columns, name, _WEIGHTS[severity], *ADVICE.get(kind, _OTHER)))
    if total > most:
        more = f"{total - most}"
        listed.append((None, None, None, None, None, None, f"... and {more} more.", f"... und {more} weitere."))
    return total, listed


def _source(con: duckdb.DuckDBPyConnection, programme: str, contract: Contract, landing: Landing) -> str:
    if not landing.already_accepted:
        return "SELECT _file, table_name, _row, rule FROM staging._failures"
    # staging is of another delivery by now; quarantine keeps the faults, but for those that were only warnings
    return " UNION ALL ".join(
        f"SELECT source_file AS _file, {literal(table.name)} AS table_name, source_row AS _row, unnest(rules) AS rule "
        f"FROM {quarantine_table(programme, table.name)} WHERE programme = {literal(programme)} "
        f"AND delivery_id = {literal(landing.delivery_id)}"
        for table in contract.tables
    )


def _row_counts(report: QualityReport) -> Iterable[tuple[Any, ...]]:
    tables: dict[str, dict[str, float | None]] = {}
    for measure in report.of("rows: "):
        tables.setdefault(measure.table, {})[measure.rule.partition(": ")[2]] = measure.value
    for table, counts in tables.items():
        wanted = ("rows", "last delivery", "accepted", "quarantined", "vanished")
        numbers = [counts.get(name) for name in wanted]
        yield (table, *(int(number) if number is not None else None for number in numbers))


def _sheet(book: Any, title: str, head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([workbook_cell(sheet, name, bold=True) for name in head])
    for row in rows:
        sheet.append([workbook_cell(sheet, _CONTROL.sub(" ", v) if isinstance(v, str) else v) for v in row])


def _replace(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 beside the old one and put it in its place."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
