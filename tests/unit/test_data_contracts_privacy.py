"""The privacy gate: what it stops, what it lets pass, and that it never tells a value."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_contracts.contract import read_contract
from data_contracts.delivery import find_files
from data_contracts.errors import RefusedError
from data_contracts.privacy import privacy_gate
from data_contracts.privacy.column_names import meaning
from data_contracts.privacy.contents import look_at_text, looks_like_birth_dates
from data_contracts.privacy.numbers import is_health_insurance_number, is_pension_insurance_number
from tests.data_contracts_deliveries import TODAY, column, contract, data, found, table

RANDOM = random.Random(5)
WEEKDAYS = [day for n in range(9000) if (day := date(2000, 1, 3) + timedelta(n)).weekday() < 5]
DAYS = [date(1950, 1, 1) + timedelta(RANDOM.randrange(27000)) for _ in range(200)]


def gate(folder: Path, values: list[Any], *, kind: str = "string", header: str = "code", **more: Any) -> str:
    """What the gate says of one column with these values beside a harmless one; empty when it lets it pass."""
    agreed = contract(
        folder, table("help", column("x", kind, *more.pop("tags", ()), physicalName=header, **more), column("n"))
    )
    files = data(folder, help__csv="n," + header + "\n" + "".join(f'1,"{value}"\n' for value in values))
    try:
        found(agreed, files)
    except RefusedError as error:
        told = "\n".join([str(error), *error.reasons])
        assert not [value for value in values if len(str(value)) > 3 and str(value) in told]
        return told
    return ""


def idnr() -> str:
    from stdnum.de import idnr as module

    while True:
        base = "".join(RANDOM.sample("123456789", 9)) + RANDOM.choice("123456789")
        text = base + module.calc_check_digit(base) if hasattr(module, "calc_check_digit") else base + "0"
        for digit in "0123456789":
            if module.is_valid(base + digit):
                return base + digit
        assert text


def nhs() -> str:
    from stdnum.gb import nhs as module

    while True:
        text = f"{RANDOM.randrange(10**10):010d}"
        if module.is_valid(text):
            return text


def made(test: Any, shape: Any) -> str:
    while True:
        text: str = shape()
        if test(text):
            return text


def rvnr() -> str:
    return made(
        is_pension_insurance_number,
        lambda: f"65{RANDOM.randrange(1, 29):02d}{RANDOM.randrange(1, 13):02d}80J{RANDOM.randrange(1000):03d}",
    )


def kvnr() -> str:
    return made(is_health_insurance_number, lambda: f"A{RANDOM.randrange(10**9):09d}")


CONTENTS: list[tuple[str, list[Any], str]] = [
    ("one e-mail among many codes", ["A1"] * 50 + ["x.y@example.org"], "e-mail"),
    ("e-mail inside text", ["call", "write to a_b@example.co.uk soon"], "e-mail"),
    ("German phones", ["+49 30 901820", "030 / 9018 20", "0170-1234567"], "phone"),
    ("British phones", ["020 7946 0018", "+44 20 7946 0991", "01632 960983"], "phone"),
    ("American phones", ["202-456-1111", "(202) 456-1414"], "phone"),
    ("bare mobile numbers", [f"0170{n}" for n in range(1234567, 1234577)], "phone"),
    ("German streets", ["Hauptstraße 5", "Am Alten Weg 12 b", "Lindenallee 7", "Bahnhofstr. 1"], "address"),
    ("British streets", ["12 High Street", "Flat 2, 14 Station Road", "3a Church Lane"], "address"),
    ("towns", ["10115 Berlin", "50667 Köln", "45127 Essen"], "address"),
    ("British postcodes", ["SW1A 1AA", "M1 1AE", "B33 8TH"], "address"),
    ("ZIP+4", ["20500-0003", "10001-0001", "94103-0001"], "address"),
    ("names", ["Anna Schmidt", "Peter Müller", "Klaus Weber", "Sarah Jones", "Ali Yilmaz", "Zed Kowalczyk"], "name"),
    ("turned names", ["Schmidt, Anna", "Müller, Peter", "Weber, Klaus", "Jones, Sarah", "Kaya, Elif"], "name"),
    ("family names", ["Schmidt", "Müller", "Weber", "Jones", "Kaya", "Wagner", "Becker", "Hoffmann", "Koch", "Richter",
                      "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann"], "name"),
    ("sentences", [f"The family number {n} was not at home when we came by" for n in range(30)], "free text"),
    ("ISO birth dates", [day.isoformat() for day in DAYS], "birth dates"),
    ("German birth dates", [f"{day:%d.%m.%Y}" for day in DAYS], "birth dates"),
    ("birth dates as digits", [f"{day:%Y%m%d}" for day in DAYS], "birth dates"),
    ("tax ids", [idnr() for _ in range(5)], "German tax"),
    ("tax ids among other numbers", [idnr() for _ in range(5)] + list(range(10)), "German tax"),
    ("pension insurance", [rvnr() for _ in range(5)], "German pension"),
    ("health insurance", [kvnr() for _ in range(5)], "German health"),
    ("NHS", [nhs() for _ in range(5)], "NHS numbers"),
    ("NHS with spaces", [f"{n[:3]} {n[3:6]} {n[6:]}" for n in [nhs() for _ in range(5)]], "NHS numbers"),
    ("NINO", ["QQ 12 34 56 C", "AB123456A"], "National Insurance"),
    ("SSN", ["123-45-6789", "536-90-4399"], "Social Security"),
    ("Medicare", ["1EG4-TE5-MK73", "1EG4TE5MK72"], "Medicare"),
    ("IBAN", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"], "IBAN"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "said"), [each[1:] for each in CONTENTS], ids=[each[0] for each in CONTENTS])
def test_contents_that_stop_a_run(tmp_path: Path, values: list[Any], said: str) -> None:
    told = gate(tmp_path, values)
    assert "help.csv: the column “code” looks as if it held" in told
    assert said in told


HARMLESS: list[tuple[str, str, list[Any]]] = [
    ("short numbers", "integer", list(range(1000, 60000, 37))),
    ("random ten digits", "integer", [RANDOM.randrange(10**9, 10**10) for _ in range(2000)]),
    ("random eleven digits", "integer", [RANDOM.randrange(10**10, 10**11) for _ in range(2000)]),
    ("random nine digits", "string", [RANDOM.randrange(10**8, 10**9) for _ in range(500)]),
    ("municipality codes", "string", [f"0{9_162_000 + n}" for n in range(300)]),
    ("regions", "string", ["East Anglian Region", "Scotland", "North Western Region", "South East Region", "Wales"]),
    ("qualifications", "string", ["HE Qualification", "A Level or Equivalent", "No Formal quals"]),
    ("bands", "string", ["0-10%", "10-20", "90-100%", "55<=", "35-55"]),
    ("case dates", "date", [date(2020, 1, 1) + timedelta(n) for n in range(2000)]),
    ("case dates as text", "string", [date(2020, 1, 1) + timedelta(n) for n in range(2000)]),
    ("an archive of working days", "date", WEEKDAYS),
    ("months", "date", [date(1960 + n // 12, 1 + n % 12, 1) for n in range(600)]),
    ("amounts", "number", [f"{RANDOM.random() * 10**6:.2f}" for _ in range(500)]),
    ("module codes", "string", ["AAA-2013J", "BBB-2014B", "A123456781"]),
    ("teams", "string", ["Team North", "Team Charlotte", "Team South"]),
    ("one old date", "date", ["1900-01-01"]),
    ("nothing", "string", ["", ""]),
]


@pytest.mark.parametrize(("kind", "values"), [each[1:] for each in HARMLESS], ids=[each[0] for each in HARMLESS])
def test_contents_that_pass(tmp_path: Path, kind: str, values: list[Any]) -> None:
    assert gate(tmp_path, values, kind=kind) == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "name"), ("Nachname", "name"), ("last_name", "name"), ("ClientName", "name"),
        ("Name des Kindes", "name"),
        ("e-mail", "e-mail"), ("EMail_privat", "e-mail"), ("Telefon", "phone"), ("mobileNumber", "phone"),
        ("Straße", "address"), ("PLZ", "address"), ("post_code", "address"), ("dob", "birth"),
        ("Geburtsdatum", "birth"),
        ("date_of_birth", "birth"), ("SSN", "national"), ("NHS Number", "national"), ("ni_number", "national"),
        ("Sozialversicherungsnummer", "national"), ("Steuer-ID", "national"), ("iban", "bank"), ("Bemerkung", "free"),
        ("notes", "free"),
        ("school_name", None), ("date", None), ("region", None), ("birth_year", None), ("Geburtsland", None),
        ("id_site", None), ("sum_click", None), ("annotation", None), ("team", None), ("filename", None),
    ],
)  # fmt: skip
def test_what_names_of_columns_give_away(name: str, kind: str | None) -> None:
    told = meaning(name)
    assert (told is None) if kind is None else (told is not None and kind in told)


def test_a_name_stops_an_untagged_column_and_a_reason_lets_it_pass(tmp_path: Path) -> None:
    assert "“Telefon” is named as if it held phone numbers" in gate(tmp_path, ["x"], header="Telefon")
    assert gate(tmp_path, ["x"], header="Telefon", tags=("proxy",)) == ""
    assert gate(tmp_path, ["x"], header="Telefon", custom={"privacyReviewed": "says only whether there is one"}) == ""


def test_tags_explain_only_what_they_can(tmp_path: Path) -> None:
    mail = ["x@example.org"]
    assert "e-mail" in gate(tmp_path, mail, tags=("protected",))
    assert gate(tmp_path, mail, tags=("key",)) == ""
    assert gate(tmp_path, mail, custom={"privacyReviewed": "a technical address, no person"}) == ""
    births = [day.isoformat() for day in DAYS]
    assert "birth dates" in gate(tmp_path, births, kind="date")
    assert gate(tmp_path, births, kind="date", tags=("birth_date",)) == ""
    assert gate(tmp_path, births, kind="date", tags=("proxy",)) == ""


@pytest.mark.parametrize("tag", ["identifier", "free_text"])
def test_tagged_columns_stop_the_run_when_they_are_there(tmp_path: Path, tag: str) -> None:
    assert "by its tag. Take it out of the export." in gate(tmp_path, ["x"], tags=(tag,))
    agreed = contract(tmp_path, table("help", column("a"), column("b", "string", tag)))
    assert found(agreed, data(tmp_path, help__csv="a\n1\n")).files


@pytest.mark.parametrize("value", ["03/04/2025", "31.12.2025", "1-2-25", "03/04/2025 10:00"])
@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_dates_of_no_declared_form_are_refused_as_ambiguous(tmp_path: Path, value: str, kind: str) -> None:
    told = gate(tmp_path, ["2025-01-01", value], kind=kind, header="seen")
    assert "help.csv: the column “seen” has dates that are not ISO 8601 (such as DD/MM or MM/DD)" in told
    assert "Declare dateFormat" in told


def test_ambiguity_is_a_question_of_keys_and_tags_too(tmp_path: Path) -> None:
    assert "not ISO 8601" in gate(tmp_path, ["03/04/1990"], kind="date", tags=("birth_date",))


def test_all_findings_are_told_and_the_report_names_what_is_left_out(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path,
        table("one", column("vorname"), column("code"), column("mail", "string", "drop")),
        table("two", column("note", "string", "free_text"), column("a")),
    )
    folder = data(tmp_path, one__csv="vorname,code,mail,extra\nx,a@b.de,c@d.de,e@f.de\n", two__csv="a,note\n1,x\n")
    with pytest.raises(RefusedError) as caught:
        privacy_gate(agreed, find_files(agreed, folder, today=TODAY))
    assert len(caught.value.reasons) == 3
    agreed = contract(
        tmp_path, table("one", column("n", physicalName="vorname", tags=["drop"]), column("code", tags=["key"]))
    )
    (folder / "one.csv").write_text("vorname,code,extra,\nx,1,2,\n")
    report = privacy_gate(agreed, find_files(agreed, folder, today=TODAY))
    assert report.ignored_columns == {"one.csv": ["extra"]}
    assert report.dropped_columns == {"one.csv": ["vorname"]}
    assert report.findings == []


def test_values_over_several_batches_and_files_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_contracts.reading.batches.BLOCK", 256)
    agreed = contract(tmp_path, table("one", column("code"), pattern="one_*.csv"))
    folder = data(tmp_path, one_1__csv="code\n" + "".join(f"{n}\n" for n in range(500)), one_2__csv="code\na@b.org\n")
    with pytest.raises(RefusedError, match="e-mail"):
        found(agreed, folder)


def test_the_rows_of_e_mail_addresses_are_named_and_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_contracts.reading.batches.BLOCK", 256)
    agreed = contract(tmp_path, table("one", column("code"), pattern="one_*.csv"))
    many = [f"n{n}@b.org" if n % 100 == 7 else str(n) for n in range(1200)]
    folder = data(
        tmp_path,
        one_1__csv="code\n" + "".join(f"{n}\n" for n in range(500)),
        one_2__csv="code\n" + "".join(f"{n}\n" for n in range(500)) + "a@b.org\n",
        one_3__csv="code\n" + "\n".join(many) + "\n",
    )
    with pytest.raises(RefusedError) as caught:
        found(agreed, folder)
    first, second = caught.value.reasons
    assert first.startswith("one_2.csv: the column “code” looks as if it held e-mail addresses (row 502).")
    assert "one_3.csv" in second
    assert "(rows 9, 109, 209, 309, 409 and 7 more)." in second
    assert "@" not in first + second


def test_nothing_of_the_open_university_files_is_mistaken(oulad: Path) -> None:
    import data_contracts

    pack = Path(data_contracts.__file__).parent / "programmes" / "student_support" / "contract.odcs.yaml"
    agreed, _ = read_contract(pack)
    assert agreed is not None
    # without the contract's own tags, so that every column has to pass on its content
    for each in agreed.tables:
        for one in each.columns:
            one.tags = [tag for tag in one.tags if tag == "key"]
    assert privacy_gate(agreed, find_files(agreed, oulad, today=TODAY)).findings == []


def test_edges_of_the_tests_on_values() -> None:
    import pyarrow as pa

    assert look_at_text(pa.array([], pa.string()), TODAY) is None
    assert not looks_like_birth_dates(pa.array(DAYS[:10]), TODAY)
    assert not looks_like_birth_dates(
        pa.array([day.replace(year=day.year + 100) for day in DAYS if day.day < 29]), TODAY
    )
    assert not is_pension_insurance_number("65139939J003")
    assert not is_pension_insurance_number("x")
    assert not is_health_insurance_number("x")
    assert look_at_text(pa.array([f"{n:02d}.33.1990" for n in range(41, 99)]), TODAY) is None


def test_typed_cells_of_a_workbook_are_looked_at_too(tmp_path: Path) -> None:
    import openpyxl

    agreed = contract(
        tmp_path,
        table(
            "help",
            column("day", "date"),
            column("code"),
            column("n", "integer"),
            column("ok", "boolean"),
            pattern="h.xlsx",
        ),
    )
    book = openpyxl.Workbook()
    book.active.append(["day", "code", "n", "ok"])
    for day in DAYS:
        book.active.append([day, 5, 7, True])
    book.active.append(["2020-01-01", "a@example.org", 8, False])
    folder = data(tmp_path)
    book.save(folder / "h.xlsx")
    with pytest.raises(RefusedError) as caught:
        found(agreed, folder)
    told = "\n".join(caught.value.reasons)
    assert "“day” looks as if it held full birth dates" in told
    assert "“code” looks as if it held e-mail" in told
    assert len(caught.value.reasons) == 2


def test_an_optional_table_or_column_that_is_absent_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = contract(
        tmp_path,
        table("one", column("a"), column("b", custom={"optional": True})),
        table("two", column("a"), optional=True),
    )
    assert found(agreed, data(tmp_path, one__csv="a\n1\n")).absent_tables == ["two"]


def test_many_distinct_values_are_compacted_without_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_contracts.privacy.gate.COMPACT", 10)
    monkeypatch.setattr("data_contracts.reading.batches.BLOCK", 256)
    agreed = contract(tmp_path, table("one", column("code")))
    text = "code\nfirst@example.org\n" + "".join(f"{n}\n" for n in range(2000))
    with pytest.raises(RefusedError, match="e-mail"):
        found(agreed, data(tmp_path, one__csv=text))
