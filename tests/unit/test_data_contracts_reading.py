"""Files as agencies export them: dialects, dates, numbers, row numbers, footers; and what is refused in words."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.contract import Contract
from data_contracts.delivery import find_files
from data_contracts.errors import RefusedError
from data_contracts.reading import cast_batch, read_batches
from tests.data_contracts_deliveries import TODAY, column, contract, data, table

GERMAN = {
    "encoding": "cp1252",
    "delimiter": ";",
    "decimal": ",",
    "thousands": ".",
    "dateFormat": "dd.MM.yyyy",
    "nullMarks": ["k. A."],
    "headerRow": 4,
    "footerRows": 1,
}
COLUMNS = (
    column("client", "string", "key", physicalName="Klient"),
    column("town", physicalName="Ort"),
    column("amount", "number", physicalName="Betrag"),
    column("count", "integer", physicalName="Anzahl"),
    column("day", "date", physicalName="Tag"),
    column("open", "boolean", physicalName="Offen"),
)
EXPORT = (
    'Bericht "Hilfen"\r\nJugendamt Köln; Stand 31.12.2025\r\n\r\n'
    "Klient;Ort;Betrag;Anzahl;Tag;Offen;Interna\r\n"
    "A-1;Köln;1.234,5;3;31.12.2025;ja;x\r\n"
    'A-2;"Mülheim;\r\nRuhr";-0,75;1.000;01.02.2024;nein;x\r\n'
    "A-3;k. A.;;k. A.;29.02.2024;;x\r\n"
    "A-4;Essen;1.5;2,5;31.02.2024;vielleicht;x\r\n"
    "Summe;;1.235,25\r\n\r\n"
)


def read(agreed: Contract, folder: Path, name: str = "help") -> dict[str, list[Any]]:
    """Everything of a table: values by column, `_row`, and the columns that could not be read as `_unparsed`."""
    delivery = find_files(agreed, folder, today=TODAY)
    made: dict[str, list[Any]] = {"_row": [], "_unparsed": [], "_wrong": []}
    for file in delivery.of(name):
        for batch in read_batches(file, file.present):
            made["_row"] += batch.rows.to_pylist()
            made["_wrong"] += batch.wrong_fields
            casts = {each.name: cast_batch(file.table, each, batch) for each in file.table.stored}
            for each, cast in casts.items():
                made.setdefault(each, []).extend(cast.values.to_pylist())
            for index in range(len(batch.rows)):
                made["_unparsed"].append([each for each, cast in casts.items() if cast.unparsed[index].as_py()])
    return made


def refused(agreed: Contract, folder: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        find_files(agreed, folder, today=TODAY)
    assert str(folder) not in "\n".join(caught.value.reasons)
    return "\n".join(caught.value.reasons)


@pytest.mark.parametrize(
    ("encoding", "bom"), [("cp1252", False), ("utf-8", True), ("utf-8", False), ("utf-16", False)], ids=str
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_german_export(tmp_path: Path, encoding: str, bom: bool, packed: bool) -> None:
    agreed = contract(tmp_path, table("help", *COLUMNS, dialect={**GERMAN, "encoding": encoding}))
    content = EXPORT.encode("utf-8-sig" if bom else encoding)
    name = "help__csv__gz" if packed else "help__csv"
    made = read(agreed, data(tmp_path, **{name: gzip.compress(content) if packed else content}))
    assert made["_row"] == [5, 6, 7, 8]
    assert made["client"] == ["A-1", "A-2", "A-3", "A-4"]
    assert made["town"] == ["Köln", "Mülheim;\r\nRuhr", None, "Essen"]
    assert made["amount"] == [1234.5, -0.75, None, None]
    assert made["count"] == [3, 1000, None, None]
    assert made["day"] == [date(2025, 12, 31), date(2024, 2, 1), date(2024, 2, 29), None]
    assert made["open"] == [True, False, None, None]
    assert made["_unparsed"] == [[], [], [], ["amount", "count", "day", "open"]]
    assert made["_wrong"] == []


def test_a_british_export(tmp_path: Path) -> None:
    dialect = {"dateFormat": ["dd/MM/yyyy", "dd/MM/yyyy HH:mm"], "thousands": ",", "encoding": "utf-8"}
    agreed = contract(
        tmp_path,
        table("help", column("id", "integer"), column("day", "date"), column("at", "timestamp"),
              column("cost", "number"), dialect=dialect),
    )  # fmt: skip
    text = 'id,day,at,cost\n1,03/04/2025,03/04/2025 09:30,"1,234.50"\n2,31/12/2024,,-3\n3,2024-12-31,,"1,23.4"\n'
    made = read(agreed, data(tmp_path, help__csv=text))
    assert made["day"] == [date(2025, 4, 3), date(2024, 12, 31), None]
    assert made["at"] == [datetime(2025, 4, 3, 9, 30), None, None]
    assert made["cost"] == [1234.5, -3.0, None]
    assert made["_unparsed"] == [[], [], ["day", "cost"]]


def test_iso_dates_and_plain_numbers_need_no_declaration(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path,
        table("help", column("day", "date"), column("at", "timestamp"), column("n", "integer"), column("x", "number")),
    )
    text = (
        "day,at,n,x\n2024-02-29,2024-02-29T23:30:00+02:00,7.0,1e3\n2024-02-29 13:00:00,2024-02-29 10:00,+4,.5\n"
        "2023-02-29,2023-02-29 10:00,1.5,1.2.3\n20240101,x,9999999999999999999,nan\n"
    )
    made = read(agreed, data(tmp_path, help__csv=text))
    assert made["day"] == [date(2024, 2, 29), date(2024, 2, 29), None, None]
    assert made["at"] == [datetime(2024, 2, 29, 23, 30), datetime(2024, 2, 29, 10), None, None]
    assert made["n"] == [7, 4, None, None]
    assert made["x"] == [1000.0, 0.5, None, None]
    assert made["_unparsed"] == [[], [], ["day", "at", "n", "x"], ["day", "at", "n", "x"]]


def test_rows_of_wrong_length_and_blank_lines_keep_the_numbers_right(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("help", column("a"), column("b")))
    text = "a,b\n1,1\n2\n\n3,3,3\n4,4\n,\n6,6\n7\n"
    made = read(agreed, data(tmp_path, help__csv=text))
    assert made["_row"] == [2, 6, 8]
    assert made["a"] == ["1", "4", "6"]
    assert made["_wrong"] == [3, 5, 9]


def test_row_numbers_hold_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_contracts.reading.batches.BLOCK", 64)
    agreed = contract(tmp_path, table("help", column("a", "integer"), column("b"), dialect={"footerRows": 3}))
    lines = [f"{n},x" if n % 7 else f"{n},too,many" for n in range(2, 400)]
    made = read(agreed, data(tmp_path, help__csv="a,b\n" + "\n".join(lines) + "\n"))
    assert made["_row"] == [n for n in range(2, 397) if n % 7]
    assert made["a"] == made["_row"]
    assert made["_wrong"] == [n for n in range(2, 397) if n % 7 == 0]


def test_a_header_over_several_lines_counts_as_one_row(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("help", column("a", physicalName="the\nfirst"), column("b")))
    made = read(agreed, data(tmp_path, help__csv='"the\nfirst",b\n1,1\n2\n3,3\n'))
    assert (made["_row"], made["_wrong"]) == ([2, 4], [3])


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(path)


def test_a_workbook_with_title_rows_typed_cells_and_a_total(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path,
        table("help", *COLUMNS, pattern="*.xlsx", dialect={**GERMAN, "sheet": "Liste", "headerRow": 2}),
    )
    folder = data(tmp_path)
    cells = [
        ["Bericht", None],
        ["Klient", "Ort", "Betrag", "Anzahl", "Tag", "Offen", None],
        [17, "Köln", 1234.5, 3, date(2025, 12, 31), True],
        ["A-2", None, "1.234,5", 4.0, datetime(2024, 2, 1, 8, 0), False],
        [None] * 6,
        ["A-3", "Bonn", "x", 4.5, "31.02.2024", "nein", "beyond"],
        ["A-4", "Bonn", "x", 4.5, 45000, "nein"],
        ["Summe", None, 1234.5],
    ]
    workbook(folder / "help.xlsx", {"Deckblatt": [["x"]], "Liste": cells})
    made = read(agreed, folder)
    assert made["_row"] == [3, 4, 7]
    assert made["_wrong"] == [6]
    assert made["client"] == ["17", "A-2", "A-4"]
    assert made["amount"] == [1234.5, 1234.5, None]
    assert made["count"] == [3, 4, None]
    assert made["day"] == [date(2025, 12, 31), date(2024, 2, 1), None]
    assert made["open"] == [True, False, False]
    assert made["_unparsed"] == [[], [], ["amount", "count", "day"]]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path,
        table(
            "help",
            column("client", "integer", "key"),
            column("day", "date"),
            column("at", "timestamp"),
            column("x", "number"),
            column("kind"),
            column("flag", "boolean"),
            column("text_amount", "number"),
            column("nothing", "number"),
            pattern="help.parquet",
            dialect=GERMAN,
        ),
    )
    folder = data(tmp_path)
    made_table = pa.table(
        {
            "client": [11391.0, None],
            "day": pa.array([date(2024, 2, 29), None]),
            "at": pa.array([datetime(2024, 2, 29, 22), None], pa.timestamp("ns", "Europe/Berlin")),
            "x": [0.1, float("nan")],
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "flag": [True, False],
            "text_amount": ["1.234,5", "1,5"],
            "nothing": pa.nulls(2),
            "internal": ["x", "y"],
        }
    )
    pq.write_table(made_table, folder / "help.parquet")
    made = read(agreed, folder)
    assert made["client"] == ["11391", None]
    assert made["day"] == [date(2024, 2, 29), None]
    assert made["at"][0] == datetime(2024, 2, 29, 23)
    assert made["x"] == [0.1, None]
    assert made["kind"] == ["a", "b"]
    assert made["flag"] == [True, False]
    assert made["text_amount"] == [1234.5, 1.5]
    assert made["nothing"] == [None, None]
    assert made["_row"] == [1, 2]  # a dialect's title and footer rows are of text and sheets
    assert made["_unparsed"] == [[], []]


def test_parquet_bytes_are_no_text_and_nested_columns_are_refused(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("help", column("a"), column("b", "integer"), pattern="help.parquet"))
    folder = data(tmp_path)
    pq.write_table(pa.table({"a": ["x"], "b": [b"1"]}), folder / "help.parquet")
    assert read(agreed, folder)["_unparsed"] == [["b"]]
    pq.write_table(pa.table({"a": ["x"], "b": [[1]]}), folder / "help.parquet")
    assert "the column “b” is nested" in refused(agreed, folder)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


WIDE = {"encoding": "cp1252"}
BAD: list[tuple[str, dict[str, Any], str | bytes, str]] = [
    ("empty", {}, b"", "the file is empty"),
    ("header_only", {}, "a,b\n", "a header but no rows"),
    ("header_and_footer_only", {"footerRows": 1}, "a,b\n1,1\n", "a header but no rows"),
    ("workbook", {}, _xlsx(), "an Excel workbook or another ZIP archive, not CSV"),
    ("pdf", {}, b"%PDF-1.7 ...", "a PDF, not CSV"),
    ("gzip", {}, gzip.compress(b"a,b\n1,1\n"), "a gzip file, not CSV"),
    ("old_excel", {}, b"\xd0\xcf\x11\xe0" + bytes(40), "an old Excel file"),
    ("parquet", {}, b"PAR1....PAR1", "a Parquet file, not CSV"),
    ("web_page", {}, "<!DOCTYPE html><table>", "a web page or XML"),
    ("nul", {}, b"a,b\n1,\0\n", "NUL bytes"),
    ("utf16", {}, "a,b\n1,ä\n".encode("utf-16"), "the file is UTF-16, but the contract declares utf-8"),
    ("cp1252", {}, "a,b\n1,ä\n".encode("cp1252"), "not written in the declared encoding utf-8"),
    ("cut_utf8", {}, "a,b\n1,ä".encode()[:-1], "not written in the declared encoding utf-8"),
    ("bom", WIDE, "a,b\n1,ä\n".encode("utf-8-sig"), "UTF-8 (it starts with a byte order mark)"),
    ("utf8", WIDE, "a,b\n1,ä\n".encode(), "the file is UTF-8, but the contract declares cp1252"),
    ("undefined", WIDE, b"a,b\n1,\x81\n", "not written in the declared encoding cp1252"),
    ("latin", {"encoding": "latin-1"}, "a,b\n1,€\n".encode("cp1252"), "it looks like cp1252"),
    ("mojibake", {}, "a,b\n1,ä\n".encode().decode("cp1252").encode(), "garbled"),
    ("missing_column", {}, "a,c\n1,1\n", "the column “b” is missing. Export it"),
    ("renamed", {}, "a,B \n1,1\n", "The file has “B”: was it renamed?"),
    ("twice", {}, "a,b,b\n1,1,1\n", "the header has “b” twice"),
    ("delimiter", {}, "a;b\n1;1\n", "It looks like “;”"),
    ("tab", {}, "a\tb\n1\t1\n", "It looks like a tab"),
    ("none_of_it", {}, "x,y,z\n1,1,1\n", "row 1 has none of the contract's columns"),
    ("no_header_row", {"headerRow": 9}, "a,b\n1,1\n", "row 9 holds no header"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "content", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_bad_files_are_refused_in_words(
    tmp_path: Path, dialect: dict[str, Any], content: str | bytes, said: str
) -> None:
    agreed = contract(tmp_path, table("help", column("a"), column("b"), dialect=dialect))
    told = refused(agreed, data(tmp_path, help__csv=content))
    assert told.startswith("help.csv: ")
    assert said in told


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda packed: packed[: len(packed) // 2], "cut off before its end"),
        (lambda packed: packed[:-4], "cut off before its end"),
        (lambda packed: packed[:20] + b"\xff\xff\xff\xff" + packed[24:], "damaged"),
        (lambda packed: packed[:-8] + b"\0\0\0\0" + packed[-4:], "damaged"),
        (lambda _: b"a,b\n1,1\n", "not gzip although its name ends in .gz"),
        (lambda _: gzip.compress(b""), "empty"),
    ],
)
def test_spoilt_gzip(tmp_path: Path, spoil: Callable[[bytes], bytes], said: str) -> None:
    agreed = contract(tmp_path, table("help", column("a"), column("b")))
    packed = gzip.compress(("a,b\n" + "".join(f"{n},{n * 7919}\n" for n in range(500))).encode())
    assert said in refused(agreed, data(tmp_path, help__csv__gz=spoil(packed)))


def test_an_open_quote_is_refused_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = contract(tmp_path, table("help", column("a"), column("b")))
    long = "".join(f"{n},xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" for n in range(5000))
    assert "never closed" in refused(agreed, data(tmp_path, help__csv=f'a,b\n1,"\n{long}'))
    monkeypatch.setattr("data_contracts.reading.batches.BLOCK", 4096)
    with pytest.raises(RefusedError, match="never closed"):
        read(agreed, data(tmp_path, help__csv=f'a,b\n1,1\n2,2\n{long}1,"\n{long}'))


def test_bad_workbooks_and_parquet_files(tmp_path: Path) -> None:
    folder = data(tmp_path)
    agreed = contract(tmp_path, table("help", column("a"), pattern="help.xlsx"))
    (folder / "help.xlsx").write_bytes(b"PK\x03\x04 nonsense")
    assert "no Excel workbook, or it is damaged" in refused(agreed, folder)
    (folder / "help.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(40))
    assert "has a password" in refused(agreed, folder)
    workbook(folder / "help.xlsx", {"one": [["a"], [1]], "two": [["a"], [1]]})
    assert "the workbook has 2 sheets. Declare which one" in refused(agreed, folder)
    workbook(folder / "help.xlsx", {"one": [["a"]]})
    assert "a header but no rows" in refused(agreed, folder)
    workbook(folder / "help.xlsx", {"one": [[None, None], [1]]})
    assert "row 1 holds no header" in refused(agreed, folder)
    agreed = contract(tmp_path, table("help", column("a"), pattern="help.xlsx", dialect={"sheet": "list"}))
    workbook(folder / "help.xlsx", {"List": [["a"], [1]]})
    assert "no sheet “list”" in refused(agreed, folder)
    agreed = contract(tmp_path, table("help", column("a"), pattern="help.parquet"))
    (folder / "help.parquet").write_bytes(b"PAR1 nonsense PAR1")
    assert "no Parquet file, or it is damaged" in refused(agreed, folder)
    pq.write_table(pa.table({"a": pa.array([], pa.string())}), folder / "help.parquet")
    assert "a header but no rows" in refused(agreed, folder)


def test_dropped_and_undeclared_columns_are_not_read(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path, table("help", column("a"), column("mail", "string", "drop"), column("c", custom={"optional": True}))
    )
    folder = data(tmp_path, help__csv="mail,a,other\nx@example.org,1,2\n")
    (file,) = find_files(agreed, folder, today=TODAY).files
    (batch,) = read_batches(file, file.present)
    assert list(batch.text) == ["a"]
    assert file.ignored_columns == ["other"]
    assert read(agreed, folder)["c"] == [None]


def test_an_optional_table_may_be_empty(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("help", column("a"), optional=True))
    assert read(agreed, data(tmp_path, help__csv="a\n"))["_row"] == []
