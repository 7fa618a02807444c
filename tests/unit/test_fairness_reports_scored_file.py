"""A foreign table is read as it is: its delimiter, encoding and numbers found, its faults told without a value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import UsageError
from fairness_reports.scored_file.column import as_text, coded
from fairness_reports.scored_file.reading import read_columns

CANARY = "ZZCANARY77"


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(path: Path, *names: str) -> list[list[str | None]]:
    table = read_columns(path, names)
    return [list(table.columns[name].texts()) for name in names]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = ["the id", "Größe (a, b)", "score"], ["1", "grün", '"0,5"'], ["2", "", '"0,25"']
    quoted = [['"Größe (a, b)"' if cell.startswith("Größe") else cell for cell in row] for row in rows]
    content = "\r\n".join(delimiter.join(row) for row in quoted) + "\r\n"
    path = written(tmp_path, content.encode(encoding))
    assert texts(path, "Größe (a, b)", "score") == [["grün", None], ["0,5", "0,25"]]
    assert read_columns(path, ["score"]).columns["score"].numbers()[0].tolist() == [0.5, 0.25]


def test_a_header_may_stand_below_blank_lines_and_excels_own_mark(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "\n\na,b\n1,2\n"), "b") == [["2"]]
    assert texts(written(tmp_path, "sep=;\na;b\n1;2\n\n3;4"), "b") == [["2", "4"]]
    assert texts(written(tmp_path, 'a,"b\nc"\n1,"2\n2"\n'), "b\nc") == [["2\n2"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b", "has a header but no rows"),
        ("a,b\n\n\n", "has a header but no rows"),
        (f"a,b\n1,2\n1,{CANARY},3\n", "line 3 or below has 3 fields, the header 2"),
        (f"a,b\n1\n1,{CANARY}\n", "line 2 or below has 1 field, the"),
        (f'a,b\n1,"{CANARY}\n2,3\n', "a quotation mark is never closed"),
        (b"%PDF-1.7 ...", "it is a PDF"),
        (b"\x1f\x8b\x08\x00", "it is a gzip file"),
        (b"PK\x03\x04nothing", "it is no Excel workbook"),
        (b"PAR1nothing", "the Parquet file is damaged"),
        (b"\x80\x04\x95pickle", "a pickle, which is never loaded"),
        (b"a,b\n1,\x00\n", "it is no text file"),
        (b"a,b\n1,\x81\xff\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read_columns(written(tmp_path, content), ["a", "b"])
    assert said in str(error.value)
    assert CANARY not in str(error.value)


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("t.xlsx", "t.xlsx: it cannot be read as an Excel workbook"),
        ("t.PARQUET", "it cannot be read as a Parquet file"),
        ("t.csv", "neither UTF-8 nor|no text file"),
    ],
)
def test_what_is_not_what_its_name_says(tmp_path: Path, name: str, said: str) -> None:
    for content in (PNG, PNG + b"\x81", b"\x00" * 8):
        with pytest.raises(UsageError, match=said):
            read_columns(written(tmp_path, content, name), ["a"])
    assert texts(written(tmp_path, "a,b\n1,2\n", name), "b") == [["2"]]  # the content decides


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_columns(tmp_path / "none.csv", ["a"])
    with pytest.raises(UsageError, match="it is a folder"):
        read_columns(tmp_path, ["a"])
    with pytest.raises(UsageError, match="it is not a file"):
        read_columns(Path("/dev/null"), ["a"])


@pytest.mark.parametrize(("name", "meant"), [("rase", "race"), ("RACE", "race"), ("the age", "The Age")])
def test_an_unknown_column_is_told_with_the_nearest_name(tmp_path: Path, name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"there is no column “{name}”. Did you mean “{meant}”?"):
        read_columns(written(tmp_path, "race,The Age\nx,y\n"), [name])


def test_columns_of_one_name(tmp_path: Path) -> None:
    alike = written(tmp_path, "score,race,score\n1,a,1\n2,b,2\n", "alike.csv")
    assert read_columns(alike, ["score"]).repeated == ["score"]
    differ = written(tmp_path, "score,race,score\n1,a,1\n2,b,3\n")
    with pytest.raises(UsageError, match=r"2 columns are called “score”, and they differ.*“score#1”"):
        read_columns(differ, ["score"])
    assert texts(differ, "score#1", "score#2") == [["1", "2"], ["1", "3"]]
    with pytest.raises(UsageError, match="there is no column “score#3”"):
        read_columns(differ, ["score#3"])


def test_every_form_gives_the_same_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "whole": [1, 0, 1],
            "gap": [1.0, np.nan, 0.0],
            "share": [0.7, 0.1, 1e-05],
            "single": np.array([0.7, 0.1, 0.3], dtype=np.float32),
            "truth": [True, False, True],
            "name": ["ä", None, " b "],
            "dated": pd.to_datetime(["2020-01-31", "2020-02-01", "2020-02-01"]).date,
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    frame.astype({"name": "category"}).to_parquet(tmp_path / "coded.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"other": [1]}).to_excel(book, sheet_name="first", index=False)
        frame.to_excel(book, sheet_name="second", index=False)
    expected = {
        "whole": ["1", "0", "1"],
        "gap": [1, np.nan, 0],
        "share": [0.7, 0.1, 1e-05],
        "name": ["ä", None, "b"],
        "dated": ["2020-01-31", "2020-02-01", "2020-02-01"],
    }
    for name in ("t.parquet", "coded.parquet", "t.csv", "t.xlsx"):
        columns = read_columns(tmp_path / name, list(frame.columns)).columns
        for each in ("whole", "name"):
            assert list(columns[each].texts()) == expected[each], (name, each)
        for each in ("gap", "share"):
            assert np.array_equal(columns[each].numbers()[0], expected[each], equal_nan=True), (name, each)
        assert [text.lower() for text in columns["truth"].texts()] == ["true", "false", "true"]
        assert [text[:10] for text in columns["dated"].texts()] == expected["dated"]
    # a number of single precision means its shortest text: .7 reaches a threshold of .7
    assert read_columns(tmp_path / "t.parquet", ["single"]).columns["single"].numbers()[0].tolist() == [0.7, 0.1, 0.3]


def test_a_parquet_file_with_two_columns_of_one_name_or_lists(tmp_path: Path) -> None:
    table = pa.table([pa.array([1, 2]), pa.array(["x", "y"]), pa.array([1, 3])], names=["a", "b", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    assert texts(tmp_path / "t.parquet", "b", "a#2", "a#1") == [["x", "y"], ["1", "3"], ["1", "2"]]
    pq.write_table(pa.table({"a": [[1], [2]], "b": pa.nulls(2)}), tmp_path / "lists.parquet")
    with pytest.raises(UsageError, match="“a” holds lists"):
        read_columns(tmp_path / "lists.parquet", ["a"])
    assert texts(tmp_path / "lists.parquet", "b") == [[None, None]]


def test_numbers_are_read_exactly_or_not_at_all() -> None:
    values, wrong = coded("x", ["0.1", "7", "-2.5e-3", "1_000", "abc", "NA", "", None, "1,5"]).numbers()
    assert values[:3].tolist() == [0.1, 7.0, -0.0025]
    assert wrong == 3  # a comma is no decimal mark where a point is
    assert np.isnan(values[3:]).all()
    assert coded("x", ["1,5", "2"]).numbers()[0].tolist() == [1.5, 2.0]
    rng = np.random.default_rng(1)
    drawn = rng.random(2000)
    assert coded("x", [repr(float(each)) for each in drawn]).numbers()[0].tolist() == drawn.tolist()


def test_cells_as_text() -> None:
    cells = [None, True, np.bool_(False), 1.0, 0.5, float("nan"), 3, b"x ", " y "]
    assert [as_text(cell) for cell in cells] == [None, "true", "false", "1", "0.5", None, "3", "x", "y"]


def test_only_named_columns_are_kept(tmp_path: Path) -> None:
    table = read_columns(written(tmp_path, f"a,b\n1,{CANARY}\n"), ["a"])
    assert list(table.columns) == ["a"]
    assert CANARY not in repr(table)
    assert table.about["form"] == "csv"
    assert len(table.about["sha256"]) == 64
