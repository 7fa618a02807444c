"""The commands as a user meets them: help, wrong usage, cases, reports, relinking."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import CANARY, Command, lines

COMMANDS = ("run", "check", "dummy", "explain", "caseload", "splits", "evaluate", "report", "relink", "new", "ui")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, plumbline: Command) -> None:
    for flag in ("--help", "-h"):
        ended = plumbline(command, flag, code=0)
        ended.says(f"Usage: plumbline {command}")
        assert ended.err == ""
    if command != "new":
        ended.says("--home")


def test_the_group_lists_every_command(plumbline: Command) -> None:
    plumbline("--help", code=0).says("Usage: plumbline", *COMMANDS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("frobnicate",), "No such command"),
        (("run",), "Missing argument 'PROGRAMME'"),
        (("run", "family_support", "--as-of", "yesterday"), "'yesterday' does not match"),
        (("run", "family_support", "--as-of", "2024-02-30"), "2024-02-30"),
        (("dummy", "family_support", "--people", "0", "--out", "x"), "--people"),
        (("dummy", "family_support", "--people", "20"), "Missing option '--out'"),
        (("explain", "family_support"), "Missing argument 'CASE_ID'"),
        (("run", "family_support", "--frobnicate"), "No such option"),
        (("relink", "x.parquet", "--data", "x"), "Missing option '--out'"),
        (("new", "x"), "Missing option '--out'"),
    ],
)
def test_wrong_usage(line: tuple[str, ...], said: str, plumbline: Command) -> None:
    plumbline(*line, code=2).says(said)


def test_no_command_and_the_version(plumbline: Command) -> None:
    from pipelines.cli import run_command

    assert run_command(["--version"]) == 0
    assert run_command([]) == 2


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_folder_that_is_not_there(command: str, plumbline: Command, pack: Path, tmp_path: Path) -> None:
    plumbline(command, pack, "--data", tmp_path / "nowhere", code=2).says("nowhere", "no such folder", "Check --data")


def test_no_delivery_at_all(plumbline: Command) -> None:
    plumbline("run", "student_support", code=2).says("no data for this programme yet", "--data DIR", "inbox")
    plumbline("check", "student_support", code=2).says("no data for this programme yet", "--data DIR")


@pytest.mark.parametrize("day", ["2019-12-31", "2999-01-01"])
def test_a_day_out_of_range(day: str, plumbline: Command, pack: Path, data: Path) -> None:
    ended = plumbline("run", pack, "--data", data, "--as-of", day, code=2)
    ended.says("out of range", f"--as-of {day}", "2020-01-01", "first_as_of")


def test_dummy_never_overwrites(plumbline: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    plumbline("dummy", "family_support", "--people", 50, "--out", tmp_path, code=2).says("not empty", "--out")
    plumbline("dummy", "family_support", "--people", 50, "--out", tmp_path / "notes.txt", code=2).says("--out")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    wrong = plumbline("dummy", "family_support", "--people", 50, "--out", tmp_path / "x", "--scenario", "evn", code=2)
    wrong.says("evn", "even")
    none = plumbline("dummy", "student_support", "--people", 5, "--out", tmp_path / "y", "--scenario", "even", code=2)
    none.says("has no scenario")


def test_dummy_makes_the_same_files_from_the_same_seed(plumbline: Command, tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        line = ("--people", 60, "--out", tmp_path / name, "--seed", seed, "--scenario", "biased")
        plumbline("dummy", "family_support", *line, code=0).says("60 people")
    a, b, c = ({path.name: path.read_bytes() for path in (tmp_path / name).glob("*.csv")} for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("line", [("report",), ("explain", "0" * 32)])
def test_without_a_release(line: tuple[str, ...], plumbline: Command) -> None:
    command, *rest = line
    plumbline(command, "family_support", *rest, code=2).says("no release", "plumbline run family_support")


@pytest.mark.slow  # the release it reads is made first
@pytest.mark.measured
def test_a_release_is_explained_and_found(plumbline: Command, pack: Path, released_home: Path) -> None:
    ended = plumbline("report", pack, code=0)
    ended.says("Met the thresholds agreed by", "this is not permission to use it", "English: ", "Deutsch: ")
    for line in ended.out.splitlines():
        if line.startswith(("English: ", "Deutsch: ")):
            assert Path(line.split(": ", 1)[1]).is_file()
    release = next((released_home / "releases" / "family_support").glob("2025*"))
    scores = pd.read_parquet(release / "restricted" / "scores.parquet")
    case = str(scores["case_id"].iloc[0])
    plumbline("explain", pack, case, code=0).says("The score of this case", "never", "No score decides.")
    plumbline("explain", pack, case, "--lang", "de", code=0).says(
        "Der Schätzwert dieses Falls", "nie von", "Simulation"
    )
    plumbline("explain", pack, CANARY, code=2).says("no such case", "restricted/scores.parquet")


@pytest.mark.slow
@pytest.mark.measured
def test_relinking_gives_the_sources_own_keys_back(
    plumbline: Command, pack: Path, workshop: Path, released_home: Path, tmp_path: Path
) -> None:
    """Every scored case finds its own key; the log says who and why, and names nobody."""
    release = next((released_home / "releases" / "family_support").glob("2025*"))
    table, out = release / "restricted" / "scores.parquet", tmp_path / "named.csv"
    line = ("relink", table, "--data", workshop / "many", "--out", out, "--programme", pack)
    ended = plumbline(*line, "--purpose", "to offer visits", "--who", "head of team", code=0)
    ended.says("rows relinked", "names people")
    named = pd.read_csv(out, dtype=str)
    persons = {row[0]: row[1] for row in lines(workshop / "many" / "cases.csv")}
    assert len(named) == len(pd.read_parquet(table))
    assert (named["source_case"].map(persons) == named["source_person"]).all()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    log = (released_home / "relink.log").read_text(encoding="utf-8")
    assert json.loads(log)["purpose"] == "to offer visits"
    assert json.loads(log)["who"] == "head of team"
    assert named["source_case"].iloc[0] not in log + ended.text

    plumbline(*line, "--purpose", " ", code=2).says("--purpose")
    plumbline("relink", table, "--data", tmp_path / "no", "--out", out, "--purpose", "x", code=2).says("Check --data")
    wrong = ("relink", tmp_path / "no.parquet", "--data", workshop / "many", "--out", out, "--purpose", "x")
    plumbline(*wrong, "--programme", pack, code=2).says("no.parquet", "does not exist")
    plumbline(*wrong, code=2).says("no.parquet")
    (tmp_path / "no.parquet").write_bytes(b"PAR1" + CANARY.encode())
    plumbline(*wrong, "--programme", pack, code=2).says("no.parquet: the table cannot be read")
    over = ("relink", table, "--data", workshop / "many", "--out", table, "--purpose", "x", "--programme", pack)
    plumbline(*over, code=2).says("would overwrite")


def test_new_writes_a_pack_that_check_and_dummy_take(plumbline: Command, tmp_path: Path) -> None:
    pack = tmp_path / "tenancy_support"
    plumbline("new", "tenancy_support", "--out", pack, code=0).says(str(pack))
    plumbline("dummy", pack, "--people", 30, "--out", tmp_path / "dummy", code=0)
    plumbline("run", pack, "--data", tmp_path / "dummy", code=2).says(
        "charter.yaml:", "a placeholder is not a sign-off"
    )
    plumbline("new", "tenancy_support", "--out", pack, code=2).says("not empty")
    plumbline("new", "Tenancy Support", "--out", tmp_path / "x", code=2).says("cannot be a programme's name")
    plumbline("new", "family_support", "--out", tmp_path / "x", code=2).says("built in")
