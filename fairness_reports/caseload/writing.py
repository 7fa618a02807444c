"""A list as a workbook and as a CSV file.

Belongs here: how the sheets look and print, drop-downs, files that no spreadsheet program runs.
Does not belong here: what stands in them (words).

Both files are the same bytes for the same list: no clock is read.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any, Final

from data_contracts.answers.reading import SHEET
from data_contracts.sheets import XLSXWRITER_OPTIONS, csv_text, is_formula_like, safe_text
from fairness_reports.caseload.words import HIDDEN, Sheet
from fairness_reports.language import Language
from fairness_reports.release_tables import new_file

_WIDTHS: Final = {
    "case_id": 18,
    "own_number": 12,
    "band": 10,
    "observed": 14,
    "informative": 15,
    "slot": 10,
    "border": 14,
    "raises": 29,
    "lowers": 29,
    "view_before": 18,
    "shown_on": 11,
    "seen_before_deciding": 12,
    "action": 16,
    "disagreement": 18,
}
_HEAD: Final = 5
"""Row (from 0) with the columns in words; their codes stand in the next one, then the cases."""
DELIMITERS: Final = {"en": ",", "de": ";"}
"""What Excel takes for a new column where it was installed in this language."""
_DAYS: Final = {"en": "%Y-%m-%d", "de": "%d.%m.%Y"}


def write_workbook(path: Path, sheet: Sheet) -> None:
    """Write the list as a workbook: notes, the list, the codes, and a hidden sheet that says which list it is.

    Parameters
    ----------
    path : Path
        A file that does not exist; it gets mode 0600.
    sheet : Sheet
        The list.
    """
    import xlsxwriter

    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {**XLSXWRITER_OPTIONS, "in_memory": True})
    made = dt.datetime.combine(dt.date.fromisoformat(sheet.meta["made_on"]), dt.time(), dt.UTC)
    book.set_properties({"title": safe_text(sheet.title), "created": made.replace(tzinfo=None)})
    looks = _Looks(book)
    _write_notes(book, looks, sheet)
    ranges = {column: f"='{sheet.codes_title}'!$B${first}:$B${last}" for column, (first, last) in _places(sheet)}
    _write_list(book, looks, sheet, ranges)
    _write_codes(book, looks, sheet)
    hidden = book.add_worksheet("meta")
    for number, pair in enumerate(sheet.meta.items()):
        for place, text in enumerate(pair):
            looks.put(hidden, number, place, text, "plain")
    hidden.hide()
    book.get_worksheet_by_name(SHEET).activate()
    book.close()
    with new_file(path) as handle:
        handle.write(raw.getvalue())


def write_csv(path: Path, sheet: Sheet) -> None:
    """Write the same list as a CSV file (UTF-8 with a byte-order mark, else Excel takes it for another encoding).

    The heading holds the codes of the columns. Every row says until when it may be used, and what the footer says.

    Parameters
    ----------
    path, sheet
        As for `write_workbook`.
    """
    at = len(sheet.columns) - sheet.answers
    head = (*sheet.columns[:at], "note", *sheet.columns[at:])
    rows = ((*row[:at], sheet.footer, *row[at:]) for row in sheet.rows)
    content = csv_text(head, rows, delimiter=DELIMITERS[sheet.language])
    with new_file(path) as handle:
        handle.write(content.encode("utf-8-sig"))


class _Looks:
    """The workbook's formats, each with a twin for text that Excel would run once somebody edits the cell."""

    _FORMS: Final[dict[str, dict[str, Any]]] = {
        "plain": {},
        "title": {"bold": True, "font_size": 14},
        "strong": {"bold": True},
        "note": {"text_wrap": True, "valign": "top"},
        "note_head": {"text_wrap": True, "valign": "top", "bold": True},
        "head": {"text_wrap": True, "valign": "bottom", "bold": True, "bottom": 1, "bg_color": "#E7E6E6"},
        "code": {"font_size": 8, "font_color": "#595959", "bottom": 2},
        "cell": {"text_wrap": True, "valign": "top", "bottom": 4},
        "cell_first": {"text_wrap": True, "valign": "top", "bottom": 4, "top": 2},
        "answer": {"text_wrap": True, "valign": "top", "border": 4, "bg_color": "#FFF9E5"},
        "day_en": {"valign": "top", "border": 4, "bg_color": "#FFF9E5", "num_format": "yyyy-mm-dd"},
        "day_de": {"valign": "top", "border": 4, "bg_color": "#FFF9E5", "num_format": "dd.mm.yyyy"},
    }

    def __init__(self, book: Any) -> None:
        self._of = {name: book.add_format({"font_size": 10, **form}) for name, form in self._FORMS.items()}
        quoted = {"quote_prefix": True}
        self._quoted = {
            name: book.add_format({"font_size": 10, **form, **quoted}) for name, form in self._FORMS.items()
        }

    def __getitem__(self, name: str) -> Any:
        return self._of[name]

    def put(self, sheet: Any, row: int, column: int, text: str, look: str) -> None:
        if text:
            form = self._quoted if is_formula_like(text) else self._of
            sheet.write_string(row, column, safe_text(text), form[look])
        else:
            sheet.write_blank(row, column, None, self._of[look])


def _paper(sheet: Any, made: Sheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.75)
    sheet.fit_to_pages(1, 0)
    sheet.set_header(f"&L&9{_printed(made.title[:100])}&R&9{_printed(made.until)}")
    sheet.set_footer(f"&L&9{_printed(made.footer)}&R&9{_printed(made.meta['list_id'])} · &P / &N")
    sheet.hide_gridlines(0)


def _printed(text: str) -> str:
    return safe_text(text).replace("&", "&&")  # in a footer & begins an instruction


def _write_notes(book: Any, looks: _Looks, made: Sheet) -> None:
    sheet = book.add_worksheet(made.notes_title)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 105)
    looks.put(sheet, 0, 0, made.title, "title")
    looks.put(sheet, 1, 0, made.footer, "strong")
    for number, (head, text) in enumerate(made.notes, start=3):
        looks.put(sheet, number, 0, head, "note_head")
        looks.put(sheet, number, 1, text, "note")
    sheet.print_area(0, 0, 2 + len(made.notes), 1)
    _paper(sheet, made)


def _write_list(book: Any, looks: _Looks, made: Sheet, ranges: dict[str, str]) -> None:
    sheet = book.add_worksheet(SHEET)
    first, width = _HEAD + 2, len(made.columns)
    last = first + len(made.rows) - 1
    for number, (text, look) in enumerate(
        ((made.title, "title"), (made.subtitle, "plain"), (made.footer, "strong"), (made.answering, "plain"))
    ):
        looks.put(sheet, number, 0, text, look)
    for place, column in enumerate(made.columns):
        sheet.set_column(place, place, _WIDTHS.get(column, 14), None, {"hidden": True} if column in HIDDEN else {})
        looks.put(sheet, _HEAD, place, made.heads[place], "head")
        looks.put(sheet, _HEAD + 1, place, column, "code")
    longest = max(len(head) / _WIDTHS.get(column, 14) for column, head in zip(made.columns, made.heads, strict=True))
    sheet.set_row(_HEAD, 14 * (int(longest * 1.2) + 2))  # words wrap before a line is full
    others = width - made.answers
    for number, row in enumerate(made.rows):
        for place, text in enumerate(row):
            look = "cell" if place < others else "answer"
            look = f"day_{made.language}" if made.columns[place] == "shown_on" else look
            look = "cell_first" if look == "cell" and number in made.ends else look
            looks.put(sheet, first + number, place, text, look)
    for place in range(others, width):
        _offer(sheet, made, ranges, place, first, last)
    sheet.freeze_panes(first, 1)
    sheet.autofilter(_HEAD + 1, 0, last, width - 1)
    sheet.repeat_rows(_HEAD, _HEAD + 1)
    sheet.print_area(0, 0, last, width - 1)
    _paper(sheet, made)


def _offer(sheet: Any, made: Sheet, ranges: dict[str, str], place: int, first: int, last: int) -> None:
    """What a column of answers takes: a code of the drop-down, or a day."""
    column, language = made.columns[place], Language(made.language)
    if column in ranges:
        rule: dict[str, Any] = {
            "validate": "list",
            "source": ranges[column],
            "error_message": language.plain("caseload.hint"),
        }
        codes = "\n".join(f"{code}: {words}" for code, words in made.choices[column].items())
        rule["input_message"] = codes if len(codes) <= 255 else language.plain("caseload.hint")
    else:
        day = dt.date.fromisoformat(made.meta["as_of"])
        example = dt.date.fromisoformat(made.meta["made_on"])
        hint = language.plain("caseload.hint_day", example=example.strftime(_DAYS[made.language]))
        rule = {"validate": "date", "criteria": ">=", "value": day, "error_message": hint, "input_message": hint}
    sheet.data_validation(first, place, last, place, {**rule, "ignore_blank": True})


def _places(made: Sheet) -> list[tuple[str, tuple[int, int]]]:
    """Where the codes of each column stand on their sheet: first and last row, from 1."""
    found, row = [], _CODES_FROM + 1
    for column, codes in made.choices.items():
        found.append((column, (row, row + len(codes) - 1)))
        row += len(codes)
    return found


_CODES_FROM: Final = 3
"""First row (from 0) of the codes."""


def _write_codes(book: Any, looks: _Looks, made: Sheet) -> None:
    sheet, language = book.add_worksheet(made.codes_title), Language(made.language)
    for place, width in enumerate((40, 24, 80)):
        sheet.set_column(place, place, width)
    looks.put(sheet, 0, 0, made.footer, "strong")
    for place, key in enumerate(("column", "code", "meaning")):
        looks.put(sheet, _CODES_FROM - 1, place, language.plain(f"caseload.codes_{key}"), "head")
    row = _CODES_FROM
    heads = dict(zip(made.columns, made.heads, strict=True))
    for column, codes in made.choices.items():
        for code, words in codes.items():
            for place, text in enumerate((heads[column], code, words)):
                looks.put(sheet, row, place, text, "note")
            row += 1
    sheet.print_area(0, 0, row - 1, 2)
    _paper(sheet, made)
