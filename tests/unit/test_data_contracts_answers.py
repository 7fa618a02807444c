"""A list that comes back: only named columns are read, and a cell that is no answer is told by its place alone."""

from __future__ import annotations

import datetime as dt
import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from data_contracts.answers import AnswerColumn, check_cells, read_answers, reading, write_faults
from data_contracts.answers.checking import ADVICE
from data_contracts.errors import UsageError

TODAY = dt.date(2026, 3, 1)
WANTED = ("list_id", "case_id", "shown_on", "action")
COLUMNS = [
    AnswerColumn("list_id", "id", required=True),
    AnswerColumn("case_id", "id", required=True),
    AnswerColumn("shown_on", "date", past=True),
    AnswerColumn("action", "code", frozenset({"talk", "nothing"})),
]


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def book(folder: Path, rows: list[list[Any]], sheet: str = "list", extra: str | None = None) -> Path:
    made = Workbook()
    made.active.title = sheet
    for row in rows:
        made.active.append(row)
    if extra is not None:
        made.create_sheet(extra, 0)
    path = folder / "list.xlsx"
    made.save(path)
    return path


def rules(folder: Path, cell: str, column: str = "action") -> list[str]:
    row = {"list_id": "l1", "case_id": "c1", "shown_on": "", "action": "", column: cell}
    path = csv_file(folder, "list_id;case_id;shown_on;action\n" + ";".join(row[name] for name in WANTED) + "\n")
    _, faults = check_cells(read_answers(path, WANTED), COLUMNS, TODAY)
    assert all((fault.row, fault.column) == (2, column) for fault in faults)
    assert all(cell not in str(fault) for fault in faults)
    return [fault.rule for fault in faults]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_with_notes_above_and_below(tmp_path: Path, delimiter: str, encoding: str) -> None:
    head = delimiter.join(["worker", "list_id", "case_id", "Größe", "shown_on", "action"])
    rows = [
        delimiter.join(["Anna", "l1", "c1", "x", "2026-01-31", "talk"]),
        delimiter.join(["Anna", "l1", "c2", "x", "", ""]),
    ]
    note = delimiter.join(["", "", "This list decides nothing", "", "", ""])
    text = "\n".join(["A list. It must not be used after a day.", "", head, *rows, "", note])
    sheet = read_answers(csv_file(tmp_path, text, encoding), WANTED)
    assert sheet.columns == WANTED
    assert sheet.others == 2
    values, faults = check_cells(sheet, COLUMNS, TODAY)
    assert not faults
    assert values == [
        (4, {"list_id": "l1", "case_id": "c1", "shown_on": dt.date(2026, 1, 31), "action": "talk"}),
        (5, {"list_id": "l1", "case_id": "c2", "shown_on": None, "action": None}),
    ]
    assert "Anna" not in str(sheet)


def test_workbook(tmp_path: Path) -> None:
    day = dt.datetime(2026, 1, 31)
    rows = [["A title"], ["list_id", "case_id", "band", "shown_on", "action"], ["l1", "c1", "high", day, " Talk "]]
    sheet = read_answers(book(tmp_path, rows, extra="notes"), WANTED)
    values, faults = check_cells(sheet, COLUMNS, TODAY)
    assert (values, faults) == (
        [(3, {"list_id": "l1", "case_id": "c1", "shown_on": dt.date(2026, 1, 31), "action": "talk"})],
        [],
    )


def test_formulas_of_a_workbook_are_faults(tmp_path: Path) -> None:
    rows = [["list_id", "case_id", "shown_on", "action"], ["l1", "c1", "=TODAY()", '=HYPERLINK("http://x","talk")']]
    _, faults = check_cells(read_answers(book(tmp_path, rows), WANTED), COLUMNS, TODAY)
    assert [(fault.row, fault.column, fault.rule) for fault in faults] == [
        (2, "action", "formula"),
        (2, "shown_on", "formula"),
    ]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("=1+1", "formula"), ("@SUM(A1)", "formula"), ("+49 30 1234567", "formula"),
        ("a.miller@example.org", "personal"), ("030 1234567", "personal"), ("<script>alert(1)</script>", "code"),
        ("Miller", "code"), ("visit", "code"),
        ("mother did not open", "free_text"), ("x" * 200, "free_text"),
    ],
)  # fmt: skip
def test_what_is_no_code(tmp_path: Path, cell: str, rule: str) -> None:
    assert rules(tmp_path, cell) == [rule]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2026-01-31", []), ("31.01.2026", []), ("1.2.2026", []), ("31/01/2026", ["date"]), ("2026-02-30", ["date"]),
        ("2026-03-01", []), ("2026-03-02", ["future"]), ("46053", ["date"]), ("last Monday morning", ["free_text"]),
    ],
)  # fmt: skip
def test_days(tmp_path: Path, cell: str, found: list[str]) -> None:
    assert rules(tmp_path, cell, "shown_on") == found


def test_an_id_is_one_word(tmp_path: Path) -> None:
    assert rules(tmp_path, "0a1b-AAA-2014J", "case_id") == []
    assert rules(tmp_path, "Anna Miller", "case_id") == ["free_text"]
    path = csv_file(tmp_path, "list_id,case_id,action\nl1,,talk\n,,talk\n,Anna Miller,\n")
    values, faults = check_cells(read_answers(path, WANTED), COLUMNS, TODAY)
    missing = [(2, "case_id", "missing"), (3, "case_id", "missing"), (3, "list_id", "missing")]
    assert [(fault.row, fault.column, fault.rule) for fault in faults] == missing
    assert len(values) == 2  # what stands alone in its row is a note, and nothing of it is kept


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("high,l1,c2,2026-01-31", "action"), ("high,l1,c2", "shown_on"), ("high,l1", "case_id"), ("high", "list_id"),
        (",l1,c2", "shown_on"), ("high,l1,c2,2026-01-31,", None), ("", None), ("  ", None), (",,,,", None),
        ("A note below the list", None), (",l1,two cells are no note", "shown_on"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("last", [False, True])
def test_a_row_that_was_cut_short_is_a_fault(tmp_path: Path, row: str, column: str | None, last: bool) -> None:
    whole = "high,l1,c1,2026-01-31,talk"
    rows_of = [whole, row] if last else [row, whole]
    path = csv_file(tmp_path, "\n".join(["band,list_id,case_id,shown_on,action", *rows_of]) + "\n")
    _, faults = check_cells(read_answers(path, WANTED), COLUMNS, TODAY)
    place = 3 if last else 2
    assert [(f.row, f.column, f.rule) for f in faults] == ([] if column is None else [(place, column, "missing")])


def test_a_workbook_s_rows_are_not_cut_short(tmp_path: Path) -> None:
    rows = [["list_id", "case_id", "shown_on", "action"], ["l1", "c1"], ["l1", "c2", None, "talk"]]
    values, faults = check_cells(read_answers(book(tmp_path, rows), WANTED), COLUMNS, TODAY)
    assert (len(values), faults) == (2, [])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no row has a cell"),
        (b"case_id,action,ACTION\nc1,talk,talk\n", "twice"),
        (b'case_id,action\nc1,"talk\n', "cannot be told apart"),
        (b"PK\x03\x04 broken", "no Excel workbook"),
        (b"\x00\x01\x02\x81\x8d", "neither a CSV file nor a workbook"),
    ],
)
def test_no_list(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=what):
        read_answers(path, WANTED)


def test_a_folder_and_nothing_are_no_lists(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        read_answers(tmp_path, WANTED)
    with pytest.raises(UsageError, match="no such file"):
        read_answers(tmp_path / "gone.csv", WANTED)
    with pytest.raises(UsageError, match="no sheet “list”"):
        read_answers(book(tmp_path, [["case_id"], ["c1"]], sheet="one", extra="two"), WANTED)


def test_what_is_too_long_for_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", b"0" * 3_000_000)
    path = tmp_path / "list.xlsx"
    path.write_bytes(packed.getvalue())
    monkeypatch.setattr(reading, "MOST_BYTES", 1_000_000)
    with pytest.raises(UsageError, match="workbook is too large"):
        read_answers(path, WANTED)
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    with pytest.raises(UsageError, match="more than 3 rows"):
        read_answers(csv_file(tmp_path, "case_id\n" + "c\n" * 5), WANTED)


def test_the_worklist_names_places_and_rules_only(tmp_path: Path) -> None:
    sheet = read_answers(csv_file(tmp_path, "list_id,case_id,action\nl1,c1,Secretname\nl1,c2,=cmd\n"), WANTED)
    _, faults = check_cells(sheet, COLUMNS, TODAY)
    path = tmp_path / "worklist.csv"
    for _ in range(2):
        write_faults(path, sheet, reversed(faults))
    text = path.read_text(encoding="utf-8-sig")
    assert [line.split(",")[:4] for line in text.splitlines()[1:]] == [
        ["list.csv", "2", "action", "code"],
        ["list.csv", "3", "action", "formula"],
    ]
    assert "Secret" not in text
    assert "=cmd" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(english and german and english != german for english, german in ADVICE.values())
