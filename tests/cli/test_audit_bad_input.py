"""`plumbline audit` on tables that are no tables, or say little: a clear sentence, or what could not be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import CANARY, Command, Ended, left
from tests.cli.test_audit_published import rows

Call = Callable[..., Ended]


def people(cases: int = 120) -> pd.DataFrame:
    """Scored cases of two groups; every text that is not asked for is a canary."""
    rng = np.random.default_rng(7)
    score = rng.integers(1, 100, cases) / 100
    return pd.DataFrame(
        {
            "case": [f"c{number}" for number in range(cases)],
            "sex": rng.choice(["f", "m"], cases),
            "area": rng.choice(["north", "south", "west"], cases),
            "score": score,
            "y": (rng.random(cases) < score).astype(int),
            "note": CANARY,
        }
    )


@pytest.fixture
def audit(plumbline: Command, tmp_path: Path) -> Call:
    def call(frame: pd.DataFrame | Path, *more: object, code: int = 0, basic: Sequence[object] | None = None) -> Ended:
        path = frame if isinstance(frame, Path) else tmp_path / "table.csv"
        if isinstance(frame, pd.DataFrame):
            frame.to_csv(path, index=False)
        out = tmp_path / "out"
        if basic is None:
            basic = ["--outcome", "y", "--score", "score", "--by", "sex"]
        ended = plumbline("audit", path, *basic, *more, "--replicates", 100, "--out", out, code=code)
        assert code == 0 or not out.exists()  # nothing stays behind
        assert CANARY.encode() not in (left(out) if out.exists() else b"")
        return ended

    return call


AT = ("--at", "0.5")


def put(**columns: Any) -> pd.DataFrame:
    return people().assign(**columns)


@pytest.mark.parametrize(
    ("frame", "more", "said"),
    [
        (people(), ["--at", "1.5"], "the threshold is above every score"),
        (people(), ["--at", "0"], "the threshold is below or equal to every score"),
        (people(), ["--at", "high"], "--at: it is not a number"),
        (people(), ["--top", "0"], "--top: nobody would be selected"),
        (people(), ["--top", "0.1%"], "less than one place"),
        (people(), [*AT, "--score-is", "probability", "--cluster", "none"], "there is no column “none”"),
        (put(score=lambda f: f["score"] * 100), [*AT, "--score-is", "probability"], "no probabilities: below 0 or"),
        (put(score=lambda f: f["score"].mask(f.index < 3)), AT, "“score” is empty in 3 of 120 rows"),
        (put(score=lambda f: f["score"].mask(f.index < 3, 1.5)), AT, "3 of 120 scores in “score” are below 0"),
        (put(score=CANARY), AT, "“score” holds something that is not a number in 120 of 120 rows"),
        (put(y=lambda f: f["y"].map({0: CANARY, 1: "yes"})), AT, "holds text (2 different values), not 0 and 1"),
        (put(y=lambda f: f["y"] + 1), AT, "holds other numbers than 0 and 1"),
        (put(y=1.5), [*AT, "--positive", "2"], "holds other numbers than 0 and 1"),
        (put(y=lambda f: f["y"].map({0: f"{CANARY}.", 1: ">50K."})), [*AT, "--positive", ">50K"],
         "None of its rows has the value given with --positive"),
        (put(score=0.5), AT, "all scores are equal"),
        (people(1), AT, "there is one row only"),
        (people(), [*AT, "--positive", "yes"], "no row has “yes”"),
        (people(), [*AT, "--by", "sex"], "“sex” is named more than once"),
        (people(), [*AT, "--by", "aera"], "there is no column “aera”. Did you mean “area”?"),
        (people(), [*AT, "--reference", "nrth"], "has a group “nrth”"),
        (put(sex=lambda f: f["sex"].mask(f.index < 9, CANARY)), [*AT, "--reference", "ZZCANARY7"],
         "Write it as it stands in the table"),
        (people(), [*AT, "--decision", "y"], "several options say who is selected"),
        (people(), [], "nothing says who is selected"),
        (people(), [*AT, "--case", "area"], "rows repeat an id of the same period"),
        (people().iloc[:0], AT, "has a header but no rows"),
        (put(sex=[f"{CANARY}{i}" for i in range(120)]), AT, "has 120 different values: is it an id"),
        (put(sex=CANARY * 20), AT, "longer than 100 characters"),
    ],
)  # fmt: skip
def test_mistakes_are_told_and_nothing_is_left(frame: pd.DataFrame, more: list[str], said: str, audit: Call) -> None:
    audit(frame, *more, code=2).says(said)


def test_a_group_column_with_ten_thousand_values(audit: Call) -> None:
    frame = pd.DataFrame(
        {"y": [0, 1] * 5000, "score": [0.2, 0.8] * 5000, "sex": [f"{CANARY}{i}" for i in range(10_000)]}
    )
    audit(frame, *AT, code=2).says("“sex” has 10,000 different values", "at most 100")


def test_files_that_are_none(audit: Call, tmp_path: Path) -> None:
    audit(tmp_path / "none.csv", *AT, code=2).says("there is no such file")
    audit(tmp_path, *AT, code=2).says("it is a folder")
    (tmp_path / "empty.csv").touch()
    audit(tmp_path / "empty.csv", *AT, code=2).says("the file is empty")


def test_decimal_commas(audit: Call, tmp_path: Path) -> None:
    """As `pandas` writes a table with missing outcomes for a German spreadsheet."""
    frame = put(y=lambda f: f["y"].mask(f.index < 12), chosen=lambda f: (f["score"] > 0.5) * 1.0)
    path = tmp_path / "german.csv"
    frame.to_csv(path, sep=";", decimal=",", index=False)
    assert ";1,0;" in path.read_text()
    basic = ["--outcome", "y", "--score", "score", "--decision", "chosen", "--by", "sex", "--lang", "de"]
    audit(path, basic=basic).says("Bei 12 Zeilen")
    (row,) = rows(tmp_path / "out", attribute="overall", metric="base_rate", comparison="value").itertuples()
    assert row.value == frame["y"].mean()


def test_folders_that_cannot_take_the_results(plumbline: Command, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    people().to_csv(table, index=False)
    basic = ["audit", table, "--outcome", "y", "--score", "score", "--at", "0.5", "--by", "sex", "--out"]
    used = tmp_path / "used"
    used.mkdir()
    (used / "mine").write_text("mine")
    plumbline(*basic, used, code=2).says("the folder is not empty")
    plumbline(*basic, table, code=2).says("it is a file")
    plumbline(*basic, table / "below", code=2).says("cannot be written (Not a directory)")
    plumbline(*basic, Path("/proc/plumbline/out"), code=2).says("cannot be written")
    assert [path.name for path in used.iterdir()] == ["mine"]


def test_a_page_that_fails_leaves_nothing(plumbline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people().to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.setattr("fairness_reports.reports.foreign.render_audit", lambda *_: 1 / 0)
    basic = ["audit", tmp_path / "table.csv", "--outcome", "y", "--score", "score", "--at", "0.5", "--by", "sex"]
    ended = plumbline(*basic, "--replicates", 100, "--out", tmp_path / "deep" / "out", code=1)
    ended.says("this is a fault in Plumbline (ZeroDivisionError)")
    assert not (tmp_path / "deep").exists()


def test_what_must_be_named_is_asked_for(plumbline: Command, tmp_path: Path) -> None:
    plumbline("audit", tmp_path / "t.csv", code=2).says("Missing option '--outcome'")
    basic = ["audit", tmp_path / "t.csv", "--outcome", "y", "--score", "s", "--at", "1", "--out", tmp_path / "o"]
    plumbline(*basic, code=2).says("no group column was named")
    plumbline("audit", "--help", code=0).says("--score >= THRESHOLD".removeprefix("--"), "--reference", "restricted")


@pytest.mark.parametrize(
    ("frame", "more", "said"),
    [
        (put(y=""), AT, ["No outcome is known", "only who is selected could be compared"]),
        (put(score=0.5, y=0), ["--top", "10%"], ["All scores are equal", "same score: 12", "Nobody has the outcome"]),
        (people(1), ["--top", "1"], ["fewer than 10 rows", "too few cases to say"]),
    ],
)  # fmt: skip
def test_an_audit_with_all_its_pages_says_what_it_could_not_do(
    frame: pd.DataFrame, more: list[str], said: list[str], audit: Call
) -> None:
    told = " ".join(audit(frame, *more).text.split())
    for part in said:
        assert part in told, told


MARKUP = ["<script>alert(1)</script>", "=HYPERLINK(1)", "+1", "@x", "{{ 7*7 }}", "a & b"]


def test_markup_in_a_groups_name(audit: Call, tmp_path: Path) -> None:
    frame = put(sex=lambda f: [MARKUP[number % 6] for number in range(len(f))])
    audit(frame, *AT, "--reference", MARKUP[0])
    out = tmp_path / "out"
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "{{ 7*7 }}" in text
    lines = (out / "fairness.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in lines
    for sign in ("=HYPERLINK", "+1", "@x"):
        assert f",{sign}" not in lines
    from openpyxl import load_workbook

    cells = [cell for row in load_workbook(out / "tables.xlsx")["fairness"].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(cell.value == "=HYPERLINK(1)" and cell.quotePrefix for cell in cells)
    assert set(rows(out, attribute="sex", comparison="value")["group"]) == set(MARKUP)
