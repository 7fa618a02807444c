"""`plumbline feedback`: a list comes back; codes enter or nothing does; the next audit tells what people decided."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from fairness_reports.decisions import ANSWERS
from fairness_reports.release import current_release
from pipelines.packs import load_pack
from tests.cli.conftest import CANARY, Command
from tests.pack_copies import change

NAME = "family_support"
LIST = "20250110-0123456789"
Edit = Callable[[pd.DataFrame], None]


@pytest.fixture
def blank(released_home: Path, pack: Path) -> pd.DataFrame:
    """The answer columns of a list of the release's cases, filled in by nobody yet, and what is never read."""
    release = current_release(released_home / "releases", NAME)
    assert release is not None
    scores = release.table("scores").sort_values("score", ascending=False, ignore_index=True)
    ids = {"list_id": LIST, "release_id": release.release_id, "programme": NAME, "as_of": str(scores["as_of"].iloc[0])}
    frame = scores[["case_id"]].assign(**ids, worker=CANARY, **dict.fromkeys(ANSWERS[5:], ""))
    return frame[["worker", *ANSWERS]]


def fill(frame: pd.DataFrame, pack: Path) -> pd.DataFrame:
    """Three in four follow the score, a few cases stay open; two in five are decided without the score."""
    caseload = load_pack(str(pack)).charter.caseload
    assert caseload is not None
    yes, no = (next(a.code for a in caseload.actions if a.selected is kind) for kind in (True, False))
    filled = frame.copy()
    for place in filled.index[filled.index % 11 != 10]:
        takes = place // 2 % 2 == 0 if place % 2 else place < len(frame) / 4
        seen = place % 5 < 3
        cells = [yes if takes else no, "yes" if seen else "no", "2025-01-15" if seen else ""]
        filled.loc[place, ["action", "seen_before_deciding", "shown_on"]] = cells
        filled.loc[place, "disagreement"] = "other_knowledge" if place % 6 == 1 else ""
    return filled


def kept(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'feedback'").fetchall():
            return []
        return con.execute("SELECT * EXCLUDE (read_at) FROM ops.feedback ORDER BY ALL").fetchall()


def put(column: str, value: str) -> Edit:
    def edit(frame: pd.DataFrame) -> None:
        frame.loc[3, column] = value

    return edit


def twice(frame: pd.DataFrame) -> None:
    frame.loc[4] = frame.loc[3]
    frame.loc[3, ["action", "seen_before_deciding"]] = ["visit_offered", "no"]


TOMORROW = (dt.date.today() + dt.timedelta(days=1)).isoformat()
FAULTS: list[tuple[str, Edit, str, str]] = [
    ("a formula", put("action", f"={CANARY}"), "action", "A formula stands here"),
    ("markup", put("action", f"<b>{CANARY}</b>"), "action", "none of the agreed codes"),
    ("a name", put("disagreement", f"{CANARY} Miller"), "disagreement", "Text stands here"),
    ("an address", put("view_before", f"{CANARY}@example.org"), "view_before", "as if it told of a person"),
    ("a day to come", put("shown_on", TOMORROW), "shown_on", "has not come yet"),
    ("a day before the scores", put("shown_on", "2024-12-31"), "shown_on", "before the day of the scores"),
    ("a code of nobody", put("action", CANARY), "action", "none of the agreed codes"),
    ("another programme", put("programme", "student_support"), "programme", "another programme"),
    ("another release", put("release_id", "2025-01-01-0000000000"), "release_id", "not in this home"),
    ("another case", put("case_id", CANARY), "case_id", "no such case"),
    ("two answers", twice, "case_id", "two different answers"),
]


def test_one_cell_that_is_no_answer_stops_the_list(
    plumbline: Command, released_home: Path, blank: pd.DataFrame, pack: Path, tmp_path: Path
) -> None:
    good, path = fill(blank.head(40), pack), tmp_path / "list.csv"
    for _, spoil, column, said in FAULTS:
        frame = good.copy()
        spoil(frame)
        frame.to_csv(path, index=False)
        ended = plumbline("feedback", path, "--programme", pack, code=3)
        ended.says(f"list.csv, row 5, column “{column}”", said, "Nothing of the list was kept")
        found = re.search(r"Worklist \(\d faults?, no values\): (\S+)", ended.text)
        assert found is not None
        worklist = Path(found[1]).read_text(encoding="utf-8-sig")
        assert f"list.csv,5,{column}," in worklist
        assert CANARY not in worklist
    assert kept(released_home) == []


def test_files_that_are_no_list(plumbline: Command, released_home: Path, pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    plumbline("feedback", path, code=2).says("there is no such file")
    path.write_text(f"name,score\n{CANARY},1\n", encoding="utf-8")
    plumbline("feedback", path, code=2).says("no row has a cell “case_id”")
    path.write_text("case_id,programme\n", encoding="utf-8")
    plumbline("feedback", path, code=2).says("a heading but no rows")
    path.write_text(f"case_id,programme\nc1,{CANARY}\n", encoding="utf-8")
    plumbline("feedback", path, code=2).says("none of the built-in ones")
    path.write_text("case_id,programme\nc1,../x\n", encoding="utf-8")
    plumbline("feedback", path, code=2).says("none of the built-in ones")
    plumbline("feedback", path, "--programme", pack, code=2).says("lacks the columns list_id")


def test_without_the_charter_s_word_nothing_is_read(
    plumbline: Command, blank: pd.DataFrame, pack: Path, tmp_path: Path
) -> None:
    import shutil

    path = tmp_path / "list.csv"
    fill(blank.head(20), pack).to_csv(path, index=False)
    mute = Path(shutil.copytree(pack, tmp_path / "mute"))
    change(mute, "charter.yaml", lambda charter: charter.pop("caseload"))
    plumbline("feedback", path, "--programme", mute, code=3).says("names no use of lists")


def test_answers_are_read_corrected_and_audited(
    plumbline: Command, released_home: Path, blank: pd.DataFrame, pack: Path, workshop: Path, tmp_path: Path
) -> None:
    before = current_release(released_home / "releases", NAME)
    assert before is not None
    assert not before.has("decisions")
    filled, path = fill(blank, pack), tmp_path / "list.xlsx"
    first = filled.copy()
    first.loc[0, ["action", "seen_before_deciding", "shown_on"]] = ["nothing_now", "no", ""]
    first.to_excel(path, sheet_name="list", index=False)
    answered = int((filled["action"] != "").sum())
    ended = plumbline("feedback", path, "--programme", pack, code=0)
    ended.says(f"{len(blank):,} cases in the list, {answered:,} answered", f"New answers: {answered:,}; corrected: 0")
    ended.says("by group and never by worker", "Other columns (1) were not read")
    known = kept(released_home)
    assert len(known) == len(blank)
    assert CANARY not in str(known)
    selected = sum(bool(row[-1]) for row in known)
    assert selected == len(blank) // 4  # the charter's capacity

    plumbline("feedback", path, "--programme", pack, code=0).says("This very file was read on", "Nothing was changed")
    assert kept(released_home) == known
    again = tmp_path / "again.csv"
    filled.to_csv(again, index=False)
    plumbline("feedback", again, "--programme", pack, code=0).says("New answers: 0; corrected: 1")
    assert [row for row in kept(released_home) if row in known] == known  # what was read stays

    plumbline("run", pack, "--data", workshop / "many", "--as-of", "2025-01-01", code=0)
    release = current_release(released_home / "releases", NAME)
    assert release is not None
    assert release.release_id != before.release_id
    table = release.table("decisions")
    everyone = table[(table["attribute"] == "overall") & (table["comparison"] == "value")]
    told = everyone.set_index(["cases", "who", "metric"])["value"]
    assert told["listed", "list", "n"] == pytest.approx(len(blank), abs=5)  # counts are rounded on their way out
    assert told["listed", "list", "answered_share"] == pytest.approx(answered / len(blank), abs=0.02)
    assert told["with_score", "joint", "n"] == pytest.approx((filled["seen_before_deciding"] == "yes").sum(), abs=5)
    assert told["without_score", "human", "n"] == pytest.approx((filled["seen_before_deciding"] == "no").sum(), abs=5)
    assert {"sex", "community", "team"} <= set(table["attribute"])
    assert "worker" not in set(table["attribute"])
    for language, heading in (("en", "People and model"), ("de", "Menschen und Modell")):
        page = release.report(language, "fairness").read_text(encoding="utf-8")
        assert heading in page
        assert CANARY not in page
