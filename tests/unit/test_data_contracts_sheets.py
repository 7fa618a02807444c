"""Text that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data_contracts.sheets import csv_text, is_formula_like, safe_cell, safe_frame, safe_text, workbook_cell

RUN = [
    "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|x", "%x", " =1", "\ufeff=1",
    "\u200b=1", "\u202e=1", "＝1", "\u00a0@x",
]  # fmt: skip


@pytest.mark.parametrize("text", RUN)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert is_formula_like(text)
    assert safe_cell(text) == "'" + (f"{text[0]}'{text[1:]}" if text[0] in "\t\r\n" else text)  # a separator, too


@pytest.mark.parametrize("text", ["", "Mitte", "a=b", "Größe (a, b)", "2021-05-01", "x-y", "a, b; c", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert not is_formula_like(text)
    assert safe_cell(text) == text


@pytest.mark.parametrize("text", ["a;=1+1", "a,=1+1", "a\t=1", "a\n=1", 'a";"=1', "a; \ufeff@x"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_program_that_splits_elsewhere_finds_no_formula_either(text: str, delimiter: str) -> None:
    line = csv_text(["name"], [[text]]).split("\n", 1)[1]
    for row in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter):
        assert not [cell for cell in row if is_formula_like(cell) and cell.strip()]


def test_numbers_dates_and_nothing_are_not_text() -> None:
    given = [-2, -0.5, None, float("nan"), True, date(2021, 5, 1)]
    assert [safe_cell(value) for value in given] == [-2, -0.5, "", "", "true", date(2021, 5, 1)]
    assert csv_text(["=a", "b"], [[-2, "=1"]]) == "'=a,b\n-2,'=1\n"


def test_a_frame_keeps_its_numbers_and_its_missing_values() -> None:
    frame = pd.DataFrame({"=a": ["=1", None, "x"], "n": [-1.5, 2, 3], "k": pd.Categorical(["@x", "y", "@x"])})
    safe = safe_frame(frame)
    assert safe.to_csv(index=False) == "'=a,n,k\n'=1,-1.5,'@x\n,2.0,y\nx,3.0,'@x\n"
    assert list(frame.columns) == ["=a", "n", "k"]


def test_a_workbook_holds_the_text_itself_and_no_formula(tmp_path: Path) -> None:
    from openpyxl import Workbook, load_workbook

    texts = [text for text in RUN if "\r" not in text]  # XML turns a carriage return into a line feed
    book = Workbook(write_only=True)
    sheet = book.create_sheet("s")
    sheet.append([workbook_cell(sheet, "=head", bold=True)])
    for text in texts:
        sheet.append([workbook_cell(sheet, text)])
    sheet.append([workbook_cell(sheet, -2)])
    book.save(tmp_path / "b.xlsx")
    cells = [row[0] for row in load_workbook(tmp_path / "b.xlsx")["s"].iter_rows()]
    assert [cell.value for cell in cells] == ["=head", *texts, -2]
    assert {cell.data_type for cell in cells[:-1]} == {"s"}
    assert all(cell.quotePrefix for cell in cells[:-1])


def test_control_characters_and_what_no_cell_can_hold_are_left_out() -> None:
    assert safe_text("a\x00b\x1b\ud800c\uffff" + "x" * 40_000) == "abc" + "x" * 32_764
