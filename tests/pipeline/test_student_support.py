"""From the official OULAD files to cohorts, outcomes and features: the counts that are known, and each trap."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from data_contracts.core import build_core
from data_contracts.delivery import find_files
from data_contracts.ingest import accept_delivery, land
from data_contracts.keys import ProgrammeKey, load_key
from data_contracts.privacy import privacy_gate
from data_contracts.warehouse import open_warehouse
from features.build import build_matrix
from models.cohorts import build_cohorts
from models.outcomes import build_outcomes
from pipelines.packs import load_pack

NAME = "student_support"
DELIVERED = date(2026, 1, 15)
CLICKS = ["online_days_7d", "online_days_28d", "clicks_14d", "days_since_online"]


@dataclass
class Ran:
    """What one run left behind."""

    con: duckdb.DuckDBPyConnection
    counts: dict[str, Any]
    ignored: list[str]
    dropped: dict[str, list[str]]
    key: ProgrammeKey

    def frame(self, sql: str) -> pd.DataFrame:
        return self.con.execute(sql).df()

    def matrix(self) -> pd.DataFrame:
        """One row per scored enrolment, named module-presentation-number as in the files."""
        rows = self.frame(f'SELECT * FROM features."{NAME}__matrix"')
        return rows.set_index(rows.pop("case_id").map(self.names())).drop(columns=["cohort", "as_of"]).sort_index()

    def names(self) -> dict[str, str]:
        number = {self.key.pseudonym("student", str(n)): n for n in range(100, 300)}
        found = self.frame('SELECT case_id, person_id FROM core."case"')
        return {
            case: case.replace(person, str(number.get(person, "?"))) for case, person in found.itertuples(index=False)
        }


def run(folder: Path, home: Path, as_of: date) -> Ran:
    """Everything from files to matrix, as the pipeline does it."""
    pack = load_pack(NAME)
    key = load_key(home / "key", warehouse_exists=False).for_programme(NAME)
    con = open_warehouse(home / "warehouse.duckdb")
    delivery = find_files(pack.contract, folder, today=DELIVERED)
    gate = privacy_gate(pack.contract, delivery)
    landing = land(con, NAME, pack.contract, delivery, key)
    accept_delivery(con, NAME, landing.delivery_id)
    build_core(con, NAME, pack.contract, pack.programme.core)
    build_cohorts(con, NAME, pack.programme.cohort, as_of, pack.programme.protected.attributes)
    build_outcomes(con, NAME, pack.programme.outcome, as_of)
    build_matrix(con, NAME, pack.programme.features)
    return Ran(con, dict(landing.tables), delivery.ignored_files, gate.dropped_columns, key)


# The official files


@pytest.fixture(scope="module")
def official(oulad: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    ran = run(oulad, tmp_path_factory.mktemp("official"), date(2014, 10, 31))
    yield ran
    ran.con.close()


def test_official_files_keep_the_contract(official: Ran) -> None:
    rows = {name: (table.rows, table.quarantined) for name, table in official.counts.items()}
    assert rows == {
        "courses": (22, 0),
        "assessments": (206, 0),
        "studentInfo": (32593, 0),
        "studentRegistration": (32593, 0),
        "studentAssessment": (173912, 0),
        "studentVle": (753564, 0),
    }
    dropped = [columns for file, columns in official.dropped.items() if file.startswith("studentInfo.")]
    assert dropped == [["final_result"]]


def test_cohorts_and_outcomes_are_those_that_are_known(official: Ran) -> None:
    found = official.frame(
        "SELECT cohort, as_of, count(*) AS n, sum(outcome) AS outcomes, count(outcome) AS known "
        "FROM outcomes.outcome GROUP BY ALL ORDER BY as_of"
    )
    assert found["cohort"].tolist() == ["2013B", "2013J", "2014B", "2014J"]
    assert found["as_of"].astype(str).tolist() == ["2013-03-03", "2013-10-31", "2014-03-03", "2014-10-31"]
    assert found["n"].tolist() == [4116, 7678, 6505, 9204]
    assert found["outcomes"].tolist()[:3] == [430, 654, 712]
    # the run of 31 October 2014 cannot know what became of those who had just begun
    assert found["known"].tolist() == [4116, 7678, 6505, 0]


def test_attrition_before_the_day_is_counted_by_group(official: Ran) -> None:
    found = official.frame(
        'SELECT "group", registered, left_before FROM cohort.attrition '
        "WHERE attribute = 'disability' AND cohort = '2014J'"
    ).set_index("group")
    assert (found["registered"] - found["left_before"]).sum() == 9204
    share = found["left_before"] / found["registered"]
    assert share["Y"] == pytest.approx(0.21, abs=0.006)
    assert found["left_before"].sum() / found["registered"].sum() == pytest.approx(0.18, abs=0.006)


def test_clicks_are_missing_where_they_were_not_collected(official: Ran) -> None:
    found = official.frame(
        f"""SELECT m.*, a.value AS module FROM features."{NAME}__matrix" m
        JOIN core.attribute a ON a.subject_id = m.case_id AND a.name = 'module'"""
    )
    place = found["module"] + "-" + found["cohort"]
    collected = place.isin(["AAA-2013J", "AAA-2014J", "BBB-2013B"])
    for column in CLICKS:
        assert found.loc[collected, column].notna().all()
        assert found.loc[~collected, column].isna().all()
    # someone enrolled there who never appeared has a true zero
    assert (found.loc[collected, "online_days_28d"] == 0).any()


def test_deprivation_bands_are_eleven_groups(official: Ran) -> None:
    found = official.frame(
        "SELECT value, count(*) AS n FROM core.attribute WHERE name = 'imd_band' GROUP BY value ORDER BY value"
    )
    assert len(found) == 10
    assert found["value"].str.fullmatch(r"\d+-\d+%").all()
    assert official.frame('SELECT count(*) AS n FROM core."case"')["n"].item() == 32593 - 45
    missing = 32593 - 45 - found["n"].sum()
    assert 1100 <= missing <= 1111


def test_banked_results_are_nowhere_among_the_events(official: Ran) -> None:
    found = official.frame("SELECT event_type, count(*) AS n FROM core.event GROUP BY 1").set_index("event_type")["n"]
    assert found["submission"] <= 173912 - 1909
    assert found["submission"] >= 173912 - 1909 - 100  # enrolments without a registration day have none in the core


# A few students made up for one trap each


def write(folder: Path, name: str, header: str, rows: list[str], zipped: bool = False) -> None:
    path = folder / (f"{name}.csv.gz" if zipped else f"{name}.csv")
    content = "".join(f"{line}\n" for line in [header, *rows]).encode()
    path.write_bytes(gzip.compress(content) if zipped else content)


REGISTERED = {  # student -> module, day of registration, day of unregistration
    101: ("BBB", "-40", ""),
    102: ("BBB", "-5", ""),
    103: ("BBB", "21", ""),
    104: ("BBB", "-30", "60"),
    105: ("BBB", "-30", "10"),
    106: ("BBB", "", ""),
    107: ("BBB", "30", ""),
    108: ("BBB", "-30", "29"),
    109: ("BBB", "-30", "30"),
    110: ("BBB", "-30", "119"),
    111: ("BBB", "-30", "120"),
    201: ("DDD", "-30", ""),
}
SUBMITTED = [  # assessment, student, day, banked, score; TMA 1 is due on day 19, CMA 2 on 25, TMA 3 on 47, CMA 5 on 29
    "1,101,17,0,80", "2,101,25,0,90", "5,101,29,0,70",
    "1,102,22,0,50",
    "3,103,28,0,60",
    "1,104,-1,1,66", "2,104,-1,1,88",
]  # fmt: skip
CLICKED = ["BBB,2013B,101,-5,1", "BBB,2013B,101,10,4", "BBB,2013B,101,29,3", "BBB,2013B,101,29,2", "BBB,2013B,101,30,7"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    place = "code_module,code_presentation"
    write(folder, "courses", f"{place},module_presentation_length", ["BBB,2013B,240", "DDD,2013B,240"])
    work = ["BBB,2013B,1,TMA,19,10", "BBB,2013B,2,CMA,25,5", "BBB,2013B,3,TMA,47,20", "BBB,2013B,4,Exam,,100"]
    write(folder, "assessments", f"{place},id_assessment,assessment_type,date,weight", [*work, "BBB,2013B,5,CMA,29,5"])
    told = "id_student,gender,region,highest_education,imd_band,age_band,num_of_prev_attempts,studied_credits"
    people = [
        f"{module},2013B,{n},F,Wales,HE Qualification,{'10-20' if n % 2 else '10-20%'},0-35,0,60,N,Withdrawn"
        for n, (module, _, _) in REGISTERED.items()
    ]
    write(folder, "studentInfo", f"{place},{told},disability,final_result", people)
    days = [f"{module},2013B,{n},{start},{end}" for n, (module, start, end) in REGISTERED.items()]
    write(folder, "studentRegistration", f"{place},id_student,date_registration,date_unregistration", days)
    submit(folder, SUBMITTED)
    click(folder, CLICKED, "studentVle_partial", zipped=True)
    return folder


def submit(folder: Path, rows: list[str]) -> None:
    write(folder, "studentAssessment", "id_assessment,id_student,date_submitted,is_banked,score", rows)


def click(folder: Path, rows: list[str], name: str, *, zipped: bool = False) -> None:
    # the page comes fourth in the official file and is dropped
    full = [",".join([*row.split(",")[:3], "546652", *row.split(",")[3:]]) for row in rows]
    write(folder, name, "code_module,code_presentation,id_student,id_site,date,sum_click", full, zipped)


def small(folder: Path, home: Path, as_of: date = date(2013, 10, 31)) -> Ran:
    home.mkdir()
    return run(folder, home, as_of)


def test_membership_outcome_and_what_is_known_on_the_day(files: Path, tmp_path: Path) -> None:
    ran = small(files, tmp_path / "home")
    cells = ran.matrix()
    outcome = ran.frame("SELECT case_id, outcome FROM outcomes.outcome")
    outcome = outcome.set_index(outcome["case_id"].map(ran.names()))["outcome"]
    ours = {index: index.rsplit("-", 1)[1] for index in cells.index}
    # left before the day (105, 108), came on the day (107), no day known (106)
    assert set(ours.values()) == {"101", "102", "103", "104", "109", "110", "111", "201"}
    assert {ours[i] for i in outcome.index[outcome == 1]} == {"104", "109", "110"}

    cells.index = cells.index.map(ours)
    assert cells.loc["101", "days_registered"] == 70
    told = ["deadlines", "deadlines_missed", "overdue_now", "submissions", "days_early_mean"]
    assert cells.loc["101", told].tolist() == [3, 0, 0, 3, pytest.approx(2 / 3)]
    # late on day 22, nothing for the second; what was due on day 29 is known as missed only on day 30
    assert cells.loc["102", told].tolist() == [3, 2, 1, 1, -3]
    # registered on day 21: the deadline of day 19 was none for 103
    assert cells.loc["103", told].tolist() == [2, 1, 1, 1, 19]
    # a banked result is no submission, and its assessment no deadline
    assert cells.loc["104", told[:4]].tolist() == [1, 0, 0, 0]
    # tutors' marks are back 14 days after the deadline: on day 33
    assert cells.loc["101", "mark_mean"] == 80
    assert cells.loc[["102", "103", "104"], "mark_mean"].isna().all()

    # 103 handed in on day 28 what is due on day 47; what 101 handed in was due by day 30
    assert cells["tutor_marked_ahead"].to_dict() == {student: float(student == "103") for student in cells.index}
    assert (cells["computer_marked_ahead"] == 0).all()
    # from day 30, the next deadline of BBB is that of day 47; DDD has none
    assert cells.loc["101", "days_to_next_deadline"] == 17
    assert pd.isna(cells.loc["201", "days_to_next_deadline"])

    assert cells.loc["101", CLICKS].tolist() == [1, 2, 5, 1]
    assert cells.loc["102", CLICKS].tolist() == [0, 0, 0, 29]
    assert cells.loc["201", CLICKS].isna().all()
    bands = ran.frame("SELECT DISTINCT value FROM core.attribute WHERE name = 'imd_band'")["value"].tolist()
    assert bands == ["10-20%"]


def test_what_comes_later_or_was_earned_before_changes_no_feature(files: Path, tmp_path: Path) -> None:
    before = small(files, tmp_path / "one").matrix()
    later = ["2,102,30,0,99", "5,102,29,0,55"]  # the first on the day itself, the second known on the day before
    submit(files, [*SUBMITTED, later[0], "3,101,40,0,10", "3,104,-1,1,0"])
    click(files, [*CLICKED, "BBB,2013B,102,30,50", "BBB,2013B,102,31,50"], "studentVle_partial", zipped=True)
    after = small(files, tmp_path / "two").matrix()
    pd.testing.assert_frame_equal(before, after)

    other_marks = {"1,104,-1,1,66": "1,104,-1,1,3", "1,102,22,0,50": "1,102,22,0,1"}  # banked; back on day 36
    submit(files, [other_marks.get(row, row) for row in SUBMITTED])
    pd.testing.assert_frame_equal(before, small(files, tmp_path / "three").matrix())

    submit(files, [*SUBMITTED, later[1]])  # the tests above can see a difference
    assert not before.equals(small(files, tmp_path / "four").matrix())


def test_marks_are_compared_with_those_that_were_back_by_then(files: Path, tmp_path: Path) -> None:
    # of assessment 2, marked at once: 50 and 90 on day 20, 100 a day later; 0 on day 30, when nobody may know it
    submit(files, ["2,101,20,0,90", "2,102,20,0,50", "2,103,21,0,100", "2,104,30,0,0"])
    cells = small(files, tmp_path / "home").matrix()["mark_compared_mean"]
    cells.index = cells.index.map(lambda name: name.rsplit("-", 1)[1])
    assert cells["101"] == 20
    assert cells["102"] == -20
    assert cells["103"] == 20  # 100 against the average of 90, 50 and 100
    assert cells.drop(["101", "102", "103"]).isna().all()


def test_work_due_in_half_a_year_says_nothing_of_how_early_somebody_is(files: Path, tmp_path: Path) -> None:
    with (files / "assessments.csv").open("a") as file:
        file.write("BBB,2013B,6,CMA,230,0\n")
    submit(files, ["1,101,17,0,80", "6,101,20,0,90", "6,102,30,0,90"])
    cells = small(files, tmp_path / "home").matrix()
    cells.index = cells.index.map(lambda name: name.rsplit("-", 1)[1])
    assert cells.loc["101", ["submissions", "days_early_mean", "computer_marked_ahead"]].tolist() == [2, 2, 1]
    assert cells.loc["102", "computer_marked_ahead"] == 0  # handed in on the day itself


def test_clicks_under_either_name_or_absent(files: Path, tmp_path: Path) -> None:
    partial = small(files, tmp_path / "partial").matrix()
    click(files, CLICKED, "studentVle")
    # both lie there: the complete file is read, the other one named as ignored
    ran = small(files, tmp_path / "both")
    pd.testing.assert_frame_equal(partial, ran.matrix())
    assert ran.ignored == ["studentVle_partial.csv.gz"]
    assert ran.counts["studentVle"].rows == len(CLICKED)

    (files / "studentVle_partial.csv.gz").unlink()
    pd.testing.assert_frame_equal(partial, small(files, tmp_path / "official").matrix())

    (files / "studentVle.csv").unlink()
    absent = small(files, tmp_path / "absent").matrix()
    assert absent[CLICKS].isna().all(axis=None)
    pd.testing.assert_frame_equal(partial.drop(columns=CLICKS), absent.drop(columns=CLICKS))
