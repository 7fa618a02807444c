"""A list as a workbook and as CSV: drop-downs, print, nothing that runs; and a blind list that comes back."""

from __future__ import annotations

import csv
import datetime as dt
import html
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from data_contracts.answers import read_answers
from data_contracts.errors import RefusedError, UsageError
from data_contracts.relink import relink
from fairness_reports.caseload import full_sheet, read_views, write_csv, write_workbook
from fairness_reports.decisions.answers import ANSWERS
from fairness_reports.language import Language
from features.words import Text
from tests import data_contracts_deliveries as deliveries
from tests import fairness_reports_caseload_data as data
from tests.foreign_words import foreign_words
from tests.unit.test_fairness_reports_caseload import FOOTERS

EVIL = "=HYPERLINK(1)&<b>"


@pytest.mark.parametrize("lang", ["en", "de"])
def test_every_sheet_prints_with_footer_and_expiry_and_the_head_is_repeated(lang: str, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    data.write_list(path, lang=lang)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = load_workbook(path)
    assert (
        book.sheetnames == {"en": ["Notes", "list", "Codes", "meta"], "de": ["Hinweise", "list", "Codes", "meta"]}[lang]
    )
    assert book.active.title == "list"
    for sheet in book.worksheets[:3]:
        assert sheet.oddFooter.left.text == FOOTERS[lang]
        assert Language(lang).date(dt.date(2024, 6, 24)) in sheet.oddHeader.right.text
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
        assert sheet.print_area
        assert FOOTERS[lang] in {cell.value for row in sheet.iter_rows(max_row=3) for cell in row}
    sheet = book["list"]
    assert sheet.print_title_rows == "$6:$7"
    assert sheet.freeze_panes == "B8"
    heads = [cell.value for cell in sheet[7]]
    assert heads[0] == "case_id"
    spans = [(each.min, each.max) for each in sheet.column_dimensions.values() if each.hidden]
    hidden = {head for number, head in enumerate(heads, 1) if any(low <= number <= high for low, high in spans)}
    assert hidden == {"expires_on", "as_of", "list_id", "release_id", "programme"}
    assert book["meta"].sheet_state == "hidden"
    meta = {row[0].value: row[1].value for row in book["meta"].iter_rows()}
    assert (meta["programme"], meta["list_id"], meta["kind"]) == ("made_up", data.team_list().list_id, "full")


def test_drop_downs_offer_the_codes_of_the_sheet(tmp_path: Path) -> None:
    data.write_list(tmp_path / "list.xlsx")
    book = load_workbook(tmp_path / "list.xlsx")
    rules = {}
    for rule in book["list"].data_validations.dataValidation:
        (area,) = rule.sqref.ranges
        rules[area.min_col] = rule
        assert (area.min_row, area.max_row) == (8, 67)
    heads = {cell.value: cell.column for cell in book["list"][7]}
    offered = {}
    for name in ("seen_before_deciding", "action", "disagreement"):
        title, where = rules[heads[name]].formula1.strip("=").replace("'", "").split("!")
        offered[name] = [row[0].value for row in book[title][where.replace("$", "")]]
    assert offered == {
        "seen_before_deciding": ["yes", "no"],
        "action": ["called", "nothing_now"],
        "disagreement": ["not_current", "missing_information", "wrong_information", "other_knowledge", "other_reason"],
    }
    assert rules[heads["shown_on"]].type == "date"
    assert len(rules) == 4


def test_the_same_list_is_the_same_bytes_and_nothing_is_overwritten(tmp_path: Path) -> None:
    for suffix in ("xlsx", "csv"):
        one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
        data.write_list(one)
        data.write_list(other)
        assert one.read_bytes() == other.read_bytes()
        with pytest.raises(FileExistsError):
            data.write_list(one)


@pytest.mark.parametrize(("lang", "delimiter"), [("en", ","), ("de", ";")])
def test_each_row_of_the_csv_says_until_when_and_that_it_decides_nothing(
    lang: str, delimiter: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    data.write_list(path, lang=lang)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter=delimiter))
    assert len(rows) == 60
    assert {(row["expires_on"], row["note"]) for row in rows} == {("2024-06-24", FOOTERS[lang])}
    assert list(rows[0])[-4:] == ["shown_on", "seen_before_deciding", "action", "disagreement"]


def test_what_a_pack_or_a_delivery_says_runs_nowhere(tmp_path: Path) -> None:
    scored = data.scores(20).assign(team=EVIL, band=EVIL)
    listed = data.team_list(scored, team=EVIL)
    words = data.about().words
    factors = {key: each.model_copy(update={"label": Text(en=EVIL, de=EVIL)}) for key, each in words.factors.items()}
    about = data.about(title=Text(en=EVIL, de=EVIL), words=words.model_copy(update={"factors": factors}), others={})
    sheet = full_sheet(Language("en"), listed, about)
    write_workbook(tmp_path / "evil.xlsx", sheet)
    write_csv(tmp_path / "evil.csv", sheet)
    book = load_workbook(tmp_path / "evil.xlsx")
    texts = [cell for each in book.worksheets for row in each.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in texts if cell.data_type == "f" or cell.hyperlink]
    planted = [cell for cell in texts if str(cell.value).startswith("=")]
    assert len(planted) > 20
    assert all(cell.quotePrefix for cell in planted)
    written = zipfile.Path(tmp_path / "evil.xlsx", "xl/worksheets/sheet2.xml").read_text(encoding="utf-8")
    assert "&&<b>" in html.unescape(written), "in a footer, one & begins an instruction"
    with (tmp_path / "evil.csv").open(encoding="utf-8-sig", newline="") as handle:
        found = [cell for row in csv.reader(handle) for cell in row]
    assert not [cell for cell in found if cell.startswith(("=", "+", "-", "@"))]
    assert any(cell.startswith("'=") for cell in found)


def test_the_reader_of_answers_finds_its_columns(tmp_path: Path) -> None:
    for lang in ("en", "de"):
        for suffix in ("xlsx", "csv"):
            path = tmp_path / f"{lang}.{suffix}"
            listed = data.write_list(path, lang=lang)
            sheet = read_answers(path, ANSWERS)
            assert set(sheet.columns) == set(ANSWERS) - {"view_before"}
            assert {cells["case_id"] for _, cells in sheet.rows} == {case.case_id for case in listed.cases}
            assert {cells["list_id"] for _, cells in sheet.rows} == {listed.list_id}
            assert {str(cells["as_of"]) for _, cells in sheet.rows} == {"2024-06-01"}


def _blind(folder: Path, answers: dict[str, Any] | None = None) -> Path:
    listed = data.write_list(folder / "blind.xlsx", blind=True)
    views = dict.fromkeys((case.case_id for case in listed.cases), "average") | (answers or {})
    data.fill(folder / "blind.xlsx", folder / "filled.xlsx", {case: {"view_before": v} for case, v in views.items()})
    return folder / "filled.xlsx"


def test_a_filled_blind_list_gives_the_view_of_each_case(tmp_path: Path) -> None:
    first = data.team_list().cases[0].case_id
    back = read_views(_blind(tmp_path, {first: "Cannot_Say"}), data.MADE_ON)
    assert back.views[first] == "cannot_say"
    assert len(back.views) == 60
    assert (back.programme, back.release_id, back.list_id) == ("made_up", data.RELEASE, data.team_list().list_id)
    assert back.made_on == data.MADE_ON


def test_a_blind_list_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    first, second = (case.case_id for case in data.team_list().cases[:2])
    for number, (views, error, said) in enumerate(
        [
            ({first: None, second: None}, UsageError, "2 of 60 cases have no view yet"),
            ({first: "rather high, I fear"}, RefusedError, "what is no answer"),
            ({first: "=1+1"}, RefusedError, "what is no answer"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(error, match=said) as told:
            read_views(_blind(folder, views), data.MADE_ON)
        assert "fear" not in str(told.value) + str(getattr(told.value, "reasons", ""))
    data.write_list(tmp_path / "full.xlsx")
    with pytest.raises(UsageError, match="lacks the column view_before"):
        read_views(tmp_path / "full.xlsx", data.MADE_ON)


def test_a_blind_list_whose_ids_were_changed_is_told_so(tmp_path: Path) -> None:
    first = data.team_list().cases[0].case_id
    path = _blind(tmp_path)
    data.fill(path, tmp_path / "two.xlsx", {first: {"list_id": "20240610-0000000000"}})
    with pytest.raises(UsageError, match="not one list"):
        read_views(tmp_path / "two.xlsx", data.MADE_ON)
    data.fill(path, tmp_path / "twice.xlsx", {first: {"case_id": data.team_list().cases[1].case_id}})
    with pytest.raises(UsageError, match="stands there twice"):
        read_views(tmp_path / "twice.xlsx", data.MADE_ON)
    data.fill(
        path,
        tmp_path / "id.xlsx",
        {case.case_id: {"list_id": "20249910-0123456789"} for case in data.team_list().cases},
    )
    with pytest.raises(UsageError, match="no list's id"):
        read_views(tmp_path / "id.xlsx", data.MADE_ON)


def test_whoever_asked_for_german_is_refused_in_german(tmp_path: Path) -> None:
    cases = [case.case_id for case in data.team_list().cases]
    path = _blind(tmp_path, {cases[0]: None})
    data.write_list(tmp_path / "full.xlsx")
    doubled = {cases[0]: {"case_id": cases[1], "view_before": "lower"}}
    data.fill(path, tmp_path / "twice.xlsx", doubled)
    data.fill(path, tmp_path / "two.xlsx", {cases[0]: {"list_id": "20240610-0000000000"}})
    data.fill(path, tmp_path / "id.xlsx", {case: {"list_id": "x-1", "view_before": "lower"} for case in cases})
    data.fill(path, tmp_path / "cells.xlsx", {case: {"view_before": "rather high"} for case in cases})
    (tmp_path / "leer.csv").touch()
    for name, error, said in (
        ("filled.xlsx", UsageError, "filled.xlsx, Spalte view_before: Bei 1 von 60 Fällen fehlt noch die eigene Sicht"),
        ("full.xlsx", UsageError, "Der Datei fehlt die Spalte view_before."),
        ("twice.xlsx", UsageError, "Ein Fall steht dort zweimal."),
        ("two.xlsx", UsageError, "Das ist nicht eine einzige Liste."),
        ("id.xlsx", UsageError, "In der Spalte list_id steht keine Kennung einer Liste."),
        ("leer.csv", UsageError, "Die Datei ist leer."),
        ("cells.xlsx", RefusedError, "In der Liste steht, was keine Antwort ist."),
    ):
        with pytest.raises(error, match=said) as raised:
            read_views(tmp_path / name, data.MADE_ON, "de")
        told = [str(raised.value), *getattr(raised.value, "reasons", [])]
        assert not foreign_words(" ".join(told).replace(name, ""), "de"), name
        assert raised.value.heading in ("Fehler", "Abgewiesen")
    assert told[1].startswith("cells.xlsx, Zeile 8, Spalte „view_before“: Hier steht Text: löschen.")
    assert told[-1] == "... und 40 weitere Zellen."


@pytest.mark.parametrize("form", ["en.xlsx", "en.csv", "de.csv"])
def test_the_key_holder_adds_own_numbers_and_the_list_stays_one(form: str, tmp_path: Path) -> None:
    case = deliveries.column("case", "string", "key", custom={"keySpace": "case"})
    contract = deliveries.contract(tmp_path, deliveries.table("cases", case))
    own = ["=C1", *(f"C{i}" for i in range(1, 60))]
    folder = deliveries.data(tmp_path, cases__csv="case\n" + "\n".join(own) + "\n")
    scored = data.scores().assign(case_id=[deliveries.KEY.pseudonym("case", number) for number in own])
    path, out = tmp_path / form, tmp_path / f"out-{form}"
    listed = data.write_list(path, data.team_list(scored), lang=form[:2])
    assert relink(path, folder, out, contract, deliveries.KEY).matched == 60
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    numbers = dict(zip(scored["case_id"], own, strict=True))
    sheet = read_answers(out, (*ANSWERS, "own_number"))
    assert {cells["case_id"] for _, cells in sheet.rows} == {case.case_id for case in listed.cases}
    if form.endswith("csv"):
        assert all(str(cells["own_number"]).lstrip("'") == numbers[str(cells["case_id"])] for _, cells in sheet.rows)
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
        return
    book, before = load_workbook(out), load_workbook(path)
    assert not [cell for row in book["list"].iter_rows() for cell in row if cell.data_type == "f"]
    assert {row[0].value: row[1].value for row in book["list"].iter_rows(min_row=8)} == numbers
    assert len(book["list"].data_validations.dataValidation) == 4
    assert book["list"].print_title_rows == before["list"].print_title_rows
    assert book["list"].oddFooter.left.text == FOOTERS["en"]
    assert book["meta"].sheet_state == "hidden"
