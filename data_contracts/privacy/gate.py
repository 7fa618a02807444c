"""The gate that every delivery passes before anything of it is written.

Belongs here: which columns are tested for what, and stopping the run with every finding.
Does not belong here: the tests themselves (column_names, contents, numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.contract import Column, Contract, Table
from data_contracts.delivery import Delivery, refusal
from data_contracts.errors import RefusedError
from data_contracts.privacy import column_names, contents
from data_contracts.reading import SourceFile, cast_text, read_batches

MOST_ROWS = 5  # so many rows are named
COMPACT = 100_000  # so many values are gathered before doubles among them are removed

_AMBIGUOUS = r"^\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?:\D|$)"
# these say what the values are: content that a person put a reason on, or that never stays as it is
_EXPLAINED = {"key", "birth_date", "drop"}


@dataclass(frozen=True, order=True)
class Finding:
    """A column that must not enter, and why; never a value."""

    file: str
    table: str
    column: str
    kind: str
    by: str

    def __str__(self) -> str:
        return str(RefusedError(f"the column “{self.column}” {self.by}.", where=self.file, todo=_TODO[self.kind]))


_TODO = {
    "tag": "Take it out of the export.",
    "name": "Tag it (key, birth_date, drop, protected, proxy, entrusted), or say in privacyReviewed why it may stay.",
    "content": "Take it out of the export or tag it drop or key, or say in privacyReviewed why it may stay.",
    "dates": "Declare dateFormat in the contract, for example dd/MM/yyyy.",
}


@dataclass
class PrivacyReport:
    """What the gate saw.

    Attributes
    ----------
    ignored_columns : dict of str to list of str
        File name to the columns that are not in the contract; they were not read.
    dropped_columns : dict of str to list of str
        File name to the columns tagged drop; they were not read.
    findings : list of Finding
        Why the delivery may not enter; empty once the gate has let it pass.
    """

    ignored_columns: dict[str, list[str]] = field(default_factory=dict)
    dropped_columns: dict[str, list[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def privacy_gate(contract: Contract, delivery: Delivery) -> PrivacyReport:
    """Look for what must not enter, in the files themselves, before anything is written.

    Parameters
    ----------
    contract : Contract
        Its tags say what a column is.
    delivery : Delivery
        Files that passed inspection.

    Returns
    -------
    PrivacyReport
        With the columns that are not ingested.

    Raises
    ------
    RefusedError
        With every finding in `reasons`, by column, never with a value.
    """
    report = PrivacyReport()
    for table in contract.tables:
        files = delivery.of(table.name)
        if not files:
            continue
        for file in files:
            if file.ignored_columns:
                report.ignored_columns[file.name] = file.ignored_columns
            dropped = [c.header for c in table.columns if "drop" in c.tags and c.header in file.header]
            if dropped:
                report.dropped_columns[file.name] = dropped
            report.findings += _by_tag(file) + _by_name(file)
        report.findings += _by_content(table, files, delivery.delivered_on, {f.column for f in report.findings})
    report.findings = sorted(set(report.findings))
    if report.findings:
        raise refusal([str(finding) for finding in report.findings])
    return report


def _by_tag(file: SourceFile) -> list[Finding]:
    words = {"identifier": "is a direct identifier by its tag", "free_text": "is free text by its tag"}
    return [
        Finding(file.name, file.table.name, column.header, "tag", words[tag])
        for column in file.table.columns
        for tag in column.tags
        if tag in words and column.header in file.header
    ]


def _by_name(file: SourceFile) -> list[Finding]:
    findings = []
    for column in file.present:
        if column.tags or column.privacy_reviewed:
            continue
        kind = column_names.meaning(column.header) or column_names.meaning(column.name)
        if kind is not None:
            by = f"is named as if it held {kind}"
            findings.append(Finding(file.name, file.table.name, column.header, "name", by))
    return findings


def _by_content(table: Table, files: list[SourceFile], delivered_on: date, known: set[str]) -> list[Finding]:
    tested = [column for column in table.stored if _is_tested(column)]
    seen = {column.name: _Distinct(table, column) for column in tested}
    for file in files:
        for batch in read_batches(file, tested):
            for name, distinct in seen.items():
                if name in batch.text:
                    distinct.add(batch.text[name], batch.native.get(name))
    findings = []
    for column in tested:
        names = [file.name for file in files if column.header in file.header]
        if not names:
            continue
        if seen[column.name].ambiguous:
            by = "has dates that are not ISO 8601 (such as DD/MM or MM/DD), and no date format is declared"
            findings.append(Finding(names[0], table.name, column.header, "dates", by))
        elif column.header not in known and (kind := seen[column.name].kind(delivered_on)):
            by = f"looks as if it held {kind}"
            where = _emails(files, column) if kind == column_names.EMAIL else [(names[0], "")]
            findings += [Finding(name, table.name, column.header, "content", by + rows) for name, rows in where]
    return findings


def _emails(files: list[SourceFile], column: Column) -> list[tuple[str, str]]:
    """Each file that holds e-mail addresses, and in which rows: one is enough, and nobody would find it among many."""
    found = []
    for file in files:
        rows: list[int] = []
        for batch in read_batches(file, [column]):
            for values in (batch.text.get(column.name), batch.native.get(column.name)):
                if values is not None:
                    rows += batch.rows.filter(contents.holds_email(values)).to_pylist()
        if rows:
            more = f" and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
            listed = ", ".join(str(row) for row in sorted(rows)[:MOST_ROWS])
            found.append((file.name, f" (row{'s' if len(rows) > 1 else ''} {listed}{more})"))
    return found


def _is_tested(column: Column) -> bool:
    if column.logical_type in ("date", "timestamp"):
        return True  # for ambiguous dates, whatever the tag
    if column.logical_type not in ("string", "integer", "number"):
        return False
    return not (_EXPLAINED & set(column.tags)) and not column.privacy_reviewed


class _Distinct:
    """The distinct values of one column over all files, gathered batch by batch."""

    def __init__(self, table: Table, column: Column) -> None:
        self.table, self.column = table, column
        self.is_date = column.logical_type in ("date", "timestamp")
        self.ambiguous = False
        self._kept: Any = None
        self._fresh: list[Any] = []
        self._fresh_count = 0

    def add(self, text: Any, native: Any) -> None:
        """Take in a batch's values: `text` in the dialect, `native` where the file types its cells."""
        if self.is_date:
            self._add_dates(text, native)
            return
        values = pc.unique(text if native is None else pc.coalesce(native, text)).drop_null()
        values = pc.utf8_trim_whitespace(values)
        marks = pa.array(["", *self.table.dialect.null_marks], pa.string())
        self._take(values.filter(pc.invert(pc.is_in(values, value_set=marks))))

    def _add_dates(self, text: Any, native: Any) -> None:
        distinct = pc.unique(text).drop_null()
        made = cast_text(self.table, self.column, distinct, native=False)
        if not self.table.date_formats(self.column):
            unread = pc.utf8_trim_whitespace(distinct.filter(made.unparsed))
            self.ambiguous = self.ambiguous or bool(pc.any(pc.match_substring_regex(unread, _AMBIGUOUS)).as_py())
        self._take(made.values.cast(pa.date32(), safe=False).drop_null())
        if native is not None:
            typed = cast_text(self.table, self.column, pc.unique(native).drop_null(), native=True)
            self._take(typed.values.cast(pa.date32(), safe=False).drop_null())

    def _take(self, values: Any) -> None:
        self._fresh.append(values)
        self._fresh_count += len(values)
        # compacting whenever the fresh ones outnumber the kept keeps both time and memory proportional to the distinct
        if self._fresh_count > COMPACT + (0 if self._kept is None else len(self._kept)):
            self._compact()

    def _compact(self) -> Any:
        chunks = [*([] if self._kept is None else [self._kept]), *self._fresh]
        self._kept = pc.unique(pa.concat_arrays(chunks)) if chunks else pa.array([], pa.string())
        self._fresh, self._fresh_count = [], 0
        return self._kept

    def kind(self, delivered_on: date) -> str | None:
        """What the values give away."""
        distinct = self._compact()
        if self.is_date:
            explained = self.column.tags or self.column.privacy_reviewed
            births = not explained and contents.looks_like_birth_dates(distinct, delivered_on)
            return column_names.BIRTH if births else None
        return contents.look_at_text(distinct, delivered_on)
