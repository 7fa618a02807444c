"""`plumbline splits`: the cut of the past as text and picture, from the warehouse or the calendar."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree
from datetime import date
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from pipelines.packs import find_pack, load_pack
from pipelines.settings import Home
from pipelines.splits import planned_cohorts, show_splits
from tests.cli.conftest import Command


def lane(text: str, split: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{split} ") and "|" in line]
    return line


def test_the_calendar_where_nothing_was_delivered(plumbline: Command, home: Path, tmp_path: Path) -> None:
    ended = plumbline("splits", "family_support", code=0)
    ended.says("How the past is cut: family_support", "nothing has been delivered", "o as-of date that trains")
    ended.says("2021-01-01 (development)", "known once rows have been delivered")
    assert not home.exists(), "to look changes nothing"
    german = plumbline("splits", "family_support", "--lang", "de", code=0)
    german.says("Wie die Vergangenheit geteilt wird", "2021-01-01 (Entwicklung)", "Modelltag")


def test_the_calendar_ends_today(home: Path) -> None:
    place, day = Home(home), date(2022, 8, 1)
    text = show_splits(place, "family_support", None, "en", day)
    assert "2022-01-01 (test)" in text
    assert "(test)" not in text.replace("2022-01-01 (test)", "")
    assert "closed by 2021-07-31" in text.split("2022-01-01 (test)")[1]
    line = lane(text, "2022-01-01")
    assert line.count("o") == 2, "two cohorts train"
    assert line.count("|") == 1
    assert line.index("|") > line.rindex("=") > line.rindex("o")
    assert line.index("#") > line.index("|")
    assert "No closed cohort" in show_splits(place, "family_support", None, "en", date(2021, 7, 30))
    cohorts = planned_cohorts(load_pack("family_support"), date(2021, 7, 31))
    assert [cohort.closed for cohort in cohorts] == [True, True]
    assert [cohort.closed for cohort in planned_cohorts(load_pack("family_support"), date(2021, 7, 30))] == [
        True,
        False,
    ]


def test_dates_that_come_with_the_data(plumbline: Command) -> None:
    ended = plumbline("splits", "student_support", code=2)
    ended.says("nothing has been delivered", "dates come with the data", "plumbline run student_support --data DIR")


def test_the_picture(plumbline: Command, tmp_path: Path) -> None:
    for lang, words in (("en", "How the past is cut"), ("de", "Wie die Vergangenheit geteilt wird")):
        path = tmp_path / f"{lang}.svg"
        plumbline("splits", "family_support", "--lang", lang, "--out", path, code=0).says(str(path))
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert words in path.read_text(encoding="utf-8")
    plumbline("splits", "family_support", "--out", tmp_path / "x.png", code=2).says("SVG file", ".svg")
    plumbline("splits", "family_support", "--out", tmp_path / "no" / "x.svg", code=2).says("cannot be written", "--out")


@pytest.fixture
def delivered(home: Path) -> Path:
    """A home whose warehouse holds cohorts and outcomes, as a run of 1 January 2024 leaves them."""
    home.mkdir()
    con = duckdb.connect(str(home / "warehouse.duckdb"))
    con.execute("""
        CREATE SCHEMA cohort; CREATE SCHEMA outcomes;
        CREATE TABLE cohort."case" AS
        SELECT 'family_support' AS programme, strftime(day, '%Y-%m-%d') AS cohort, day AS as_of,
               n || '/' || year(day) AS case_id,
               CASE WHEN n < 30 THEN 'k' || n ELSE n || '/' || year(day) END AS cluster_id
        FROM (SELECT unnest(generate_series(DATE '2020-01-01', DATE '2024-01-01', INTERVAL 1 YEAR))::DATE AS day),
             generate_series(1, 100) AS s(n);
        CREATE TABLE outcomes.outcome AS
        SELECT programme, cohort, as_of, case_id, as_of + 180 AS window_end, as_of + 211 AS closes_on,
               CASE WHEN happened THEN as_of + 3 END AS outcome_known_at,
               CASE WHEN as_of < DATE '2024-01-01' THEN happened::INTEGER END AS outcome,
               '180d' AS horizon, TRUE AS main
        FROM (SELECT *, hash(case_id) % 2 = 0 AS happened FROM cohort."case");
        INSERT INTO outcomes.outcome SELECT * REPLACE ('365d' AS horizon, FALSE AS main) FROM outcomes.outcome""")
    con.close()
    return home


def test_splits_of_what_was_delivered(plumbline: Command, delivered: Path, tmp_path: Path) -> None:
    before = (delivered / "warehouse.duckdb").read_bytes()
    ended = plumbline("splits", "family_support", "--out", tmp_path / "splits.svg", code=0)
    ended.says("From the 5 cohorts in the warehouse, 2020-01-01 to 2024-01-01.", "2023-01-01 (test)")
    ended.says("tests on   1 cohort (2023-01-01); windows end by 2023-06-30; 100 rows, outcomes sealed")
    ended.says("trains on  3 cohorts (2020-01-01, 2021-01-01, 2022-01-01); closed by 2022-07-31; 300 rows, ")
    ended.says("purging would drop 29.0% of the training rows")
    assert "2024-01-01 (" not in ended.out, "the open cohort is no split"
    assert ended.out.count("outcomes sealed") == 1, "development splits tell theirs"
    assert (delivered / "warehouse.duckdb").read_bytes() == before
    assert (tmp_path / "splits.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_a_warehouse_of_an_earlier_version(plumbline: Command, delivered: Path) -> None:
    new = plumbline("splits", "family_support", code=0)
    with duckdb.connect(str(delivered / "warehouse.duckdb")) as con:
        con.execute("DELETE FROM outcomes.outcome WHERE NOT main")
        con.execute("ALTER TABLE outcomes.outcome DROP COLUMN main")
    assert plumbline("splits", "family_support", code=0).out == new.out


def test_it_does_not_read_while_a_run_writes(plumbline: Command, delivered: Path) -> None:
    with FileLock(Home(delivered).lock):
        plumbline("splits", "family_support", code=1).says("another run is going on", "Wait until it has ended")


def test_another_programme_in_the_warehouse(plumbline: Command, delivered: Path) -> None:
    plumbline("splits", "student_support", code=2).says("nothing has been delivered")


@pytest.mark.parametrize("content", [b"", b"not a database at all"])
def test_a_warehouse_that_is_none(plumbline: Command, home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes(content)
    plumbline("splits", "family_support", code=1).says("cannot be read", "warehouse.duckdb")


def test_a_pack_with_histories_and_a_longer_use(tmp_path: Path) -> None:
    own = Path(shutil.copytree(find_pack("family_support"), tmp_path / "own"))
    path = own / "programme.yaml"
    text = path.read_text(encoding="utf-8")
    assert "\nsplits:" not in text
    path.write_text(f"{text}\nsplits: {{histories: [9y, 1y], test_for: 2y, update_every: 1y}}\n", encoding="utf-8")
    told = show_splits(Home(tmp_path / "none"), str(own), None, "en", date(2026, 1, 1))
    assert "development, history 1y" in told
    assert "2024-01-01 (test)" in told
    assert "tests on   2 cohorts (2024-01-01, 2025-01-01)" in told
