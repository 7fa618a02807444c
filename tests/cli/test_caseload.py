"""A team's list: only where the charter names it, only of the newest release that may be used, and never unseen."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from data_contracts.errors import RefusedError
from fairness_reports.caseload import list_id_of
from pipelines.caseload import make_caseload
from pipelines.settings import Home
from tests.cli.conftest import CANARY, Command
from tests.fairness_reports_caseload_data import fill
from tests.pack_copies import change

FOOTER = "This list decides nothing; not being on it does not mean no need for help."


def _release(home: Path) -> Path:
    folder = home / "releases" / "family_support"
    return folder / (folder / "current").read_text(encoding="utf-8").strip()


def _team(home: Path) -> tuple[str, pd.DataFrame]:
    scores = pd.read_parquet(_release(home) / "restricted" / "scores.parquet")
    team = str(scores["team"].mode().iloc[0])
    return team, scores[scores["team"] == team]


def _openings(home: Path) -> list[dict[str, object]]:
    lines = (home / "openings.log").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key in ("command", "rows")} for line in lines]


def _list(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, sheet_name="list", header=6, dtype=str, keep_default_na=False)


def test_a_list_blind_then_whole(plumbline: Command, pack: Path, released_home: Path, tmp_path: Path) -> None:
    team, scores = _team(released_home)
    line = ("caseload", pack, "--team", team)
    said = plumbline(*line, "--out", tmp_path / "whole", code=0)
    said.says(FOOTER, f"Open cases: {len(scores)}", "Review slots:")
    whole = sorted((tmp_path / "whole").iterdir())
    assert [path.suffix for path in whole] == [".csv", ".xlsx"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in whole} == {0o600}
    rows = _list(whole[1])
    assert set(rows["case_id"]) == set(scores["case_id"])
    assert (rows["slot"] != "–").sum() == int(len(scores) * 0.25)
    again = plumbline(*line, "--out", tmp_path / "whole", code=2)
    again.says("is there already, and may hold answers")

    plumbline(*line, "--blind", "--out", tmp_path / "blind.xlsx", code=0).says("No score is in it")
    blind = _list(tmp_path / "blind.xlsx")
    assert set(blind["case_id"]) == set(scores["case_id"])
    assert not {"band", "slot", "observed", "raises"} & set(blind.columns)
    early = plumbline(*line, "--after", tmp_path / "blind.xlsx", "--out", tmp_path / "full.xlsx", code=2)
    early.says(f"{len(scores)} of {len(scores)} cases have no view yet")
    assert not (tmp_path / "full.xlsx").exists()
    views = {
        case: {"view_before": "lower" if number % 2 else "cannot_say"} for number, case in enumerate(scores["case_id"])
    }
    fill(tmp_path / "blind.xlsx", tmp_path / "filled.xlsx", views)
    plumbline(*line, "--after", tmp_path / "filled.xlsx", "--lang", "de", "--out", tmp_path / "full.xlsx", code=0).says(
        "nicht auf ihr zu stehen heißt nicht, keinen Hilfebedarf zu haben."
    )
    full = _list(tmp_path / "full.xlsx")
    assert dict(zip(full["case_id"], full["view_before"], strict=True)) == {
        case: view["view_before"] for case, view in views.items()
    }
    assert list(full["list_id"].unique()) == list(rows["list_id"].unique()), "one list, whichever way it is shown"
    assert _openings(released_home) == [
        {"command": command, "rows": len(scores)} for command in ("caseload", "caseload --blind", "caseload --after")
    ]
    (record,) = (released_home / "caseloads" / "family_support").iterdir()
    kept = record.read_text(encoding="utf-8")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert not [case for case in scores["case_id"] if case in kept]
    assert team not in kept
    drawn = sorted(full.loc[full["slot"] == "Platz, ausgelost", "case_id"])
    assert json.loads(kept)["slots_drawn"] == len(drawn) > 0


def test_a_use_that_the_charter_does_not_name_is_refused(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    said = plumbline("caseload", "student_support", "--team", "x", "--out", tmp_path / "x.xlsx", code=3)
    said.says("does not name this use", "`caseload`", "docs/caseload.md")
    other = Path(shutil.copytree(pack, tmp_path / "pack"))
    change(other, "charter.yaml", lambda charter: charter["caseload"].update(drawn_at_random=0.5))
    team, _ = _team(released_home)
    changed = plumbline("caseload", other, "--team", team, "--out", tmp_path / "x.xlsx", code=3)
    changed.says("the charter was changed", "plumbline run")
    assert not (tmp_path / "x.xlsx").exists()
    assert not (released_home / "openings.log").exists()


def test_no_list_without_a_release_or_of_one_without_scores(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    line = ("caseload", pack, "--team", "x", "--out", tmp_path / "x.csv")
    plumbline(*line, at=tmp_path / "empty", code=2).says("there is no release")
    plumbline(*line, "--as-of", "2024-01-01", code=3).says("superseded", "2025-01-01")
    manifest = _release(released_home) / "manifest.json"
    said = json.loads(manifest.read_text(encoding="utf-8"))
    for name in ("scores", "explanations"):
        (manifest.parent / "restricted" / f"{name}.parquet").unlink()
    said["files"] = {name: told for name, told in said["files"].items() if "scores" not in name and "expl" not in name}
    manifest.chmod(0o600)
    manifest.write_text(json.dumps(said), encoding="utf-8")
    plumbline(*line, code=3).says("have been deleted")
    said |= {"verdict": "not_fit", "reasons": [{"text": {"en": "A gap is outside.", "de": "x"}}]}
    manifest.write_text(json.dumps(said), encoding="utf-8")
    plumbline(*line, code=3).says("A gap is outside.")


def test_wrong_names_and_files_are_told_without_a_row(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    team, _ = _team(released_home)
    said = plumbline("caseload", pack, "--team", CANARY, "--out", tmp_path / "x.xlsx", code=2)
    teams = pd.read_parquet(_release(released_home) / "restricted" / "scores.parquet")["team"].unique()
    said.says(f"{len(teams)} teams have open cases")
    assert not [name for name in teams if name in said.text]
    plumbline("caseload", pack, "--out", tmp_path / "x.xlsx", code=2).says("Missing option '--team'")
    line = ("caseload", pack, "--team", team)
    plumbline(*line, "--out", tmp_path / "no" / "x.xlsx", code=2).says("no such folder")
    (tmp_path / "x.ods").touch()
    plumbline(*line, "--out", tmp_path / "x.ods", code=2).says(".xlsx or .csv")
    plumbline(*line, "--out", tmp_path / "new.txt", code=2).says(".xlsx or .csv")
    assert not (tmp_path / "new.txt").exists()
    plumbline(*line, "--blind", "--after", tmp_path / "x.xlsx", "--out", tmp_path / "y", code=2).says("exclude")
    plumbline(*line, "--after", tmp_path / "nowhere.xlsx", "--out", tmp_path / "y", code=2).says("no such file")
    assert not (released_home / "openings.log").exists()


def test_whoever_asked_for_german_is_refused_in_german(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    team, scores = _team(released_home)
    german, out = ("--lang", "de"), ("--out", tmp_path / "ziel.xlsx")
    plumbline("caseload", "student_support", "--team", "x", *out, *german, code=3).says_in_german(
        "Die Charta nennt diese Verwendung nicht", "unterzeichnen die Charta neu"
    )
    plumbline("caseload", pack, "--team", CANARY, *out, *german, code=2).says_in_german(
        "--team: Kein offener Fall dieser Ausgabe gehört zu einem Team dieses Namens", "Teams haben offene Fälle."
    )
    line = ("caseload", pack, "--team", team, *german)
    empty = tmp_path / "leer"
    plumbline(*line, *out, at=empty, code=2).says_in_german("Hier gibt es keine Ausgabe", names=(empty,))
    plumbline(*line, *out, "--as-of", "2024-01-01", code=3).says_in_german(
        "Die neueste Ausgabe hat einen anderen Stichtag", "Lassen Sie --as-of weg, oder nennen Sie 2025-01-01."
    )
    gone = tmp_path / "weg"
    plumbline(*line, "--out", gone / "x.xlsx", code=2).says_in_german("Diesen Ordner gibt es nicht.", names=(gone,))
    text = tmp_path / "neu.txt"
    plumbline(*line, "--out", text, code=2).says_in_german("Eine Liste wird als .xlsx oder .csv", names=(text,))
    there = tmp_path / "da.csv"
    there.touch()
    plumbline(*line, "--out", there, code=2).says_in_german("Die Datei gibt es schon", names=(there,))
    plumbline(*line, *out, "--blind", "--after", there, code=2).says_in_german("schließen einander aus")
    plumbline(*line, *out, "--after", there, code=2).says_in_german("da.csv: Die Datei ist leer.")
    plumbline(*line, *out, "--after", gone, code=2).says_in_german("Diese Datei gibt es nicht.", names=(gone,))
    plumbline("caseload", pack, "--team", team, "--blind", "--out", tmp_path / "blind.xlsx", code=0)
    plumbline(*line, *out, "--after", tmp_path / "blind.xlsx", code=2).says_in_german(
        f"blind.xlsx, Spalte view_before: Bei {len(scores)} von {len(scores)} Fällen fehlt noch die eigene Sicht",
        names=("blind.xlsx",),
    )
    views = {case: {"view_before": "lower"} for case in scores["case_id"]}
    for name, column, value, code, said in (
        ("a", "view_before", CANARY, 3, "Spalte „view_before“: Das ist keiner der vereinbarten Codes"),
        ("b", "programme", "other", 2, "Die Liste gehört zu einem anderen Programm."),
        ("c", "release_id", "other", 3, "Die Liste wurde aus einer anderen als der neuesten Ausgabe erstellt"),
        ("d", "list_id", "20250101-0123456789", 2, "Die Liste gehört zu einem anderen Team."),
    ):
        filled = tmp_path / f"{name}.xlsx"
        fill(tmp_path / "blind.xlsx", filled, {case: view | {column: value} for case, view in views.items()})
        plumbline(*line, *out, "--after", filled, code=code).says_in_german(said)
    first = str(scores["case_id"].iloc[0])
    fill(tmp_path / "blind.xlsx", tmp_path / "e.xlsx", views | {first: views[first] | {"case_id": "other"}})
    plumbline(*line, *out, "--after", tmp_path / "e.xlsx", code=2).says_in_german("Die Fälle darin sind nicht die der")
    changed = Path(shutil.copytree(pack, tmp_path / "pack"))
    change(changed, "charter.yaml", lambda charter: charter["caseload"].update(drawn_at_random=0.5))
    plumbline("caseload", changed, "--team", team, *out, *german, code=3).says_in_german("Die Charta wurde geändert")
    manifest = _release(released_home) / "manifest.json"
    manifest.chmod(0o600)
    (manifest.parent / "restricted" / "TOMBSTONE.json").write_text("{}", encoding="utf-8")
    plumbline(*line, *out, code=3).says_in_german("Die Zeilen über Personen in dieser Ausgabe wurden gelöscht.")
    told = json.loads(manifest.read_text(encoding="utf-8")) | {"verdict": "not_fit"}
    told["reasons"] = [{"text": {"en": "A gap is outside.", "de": "Ein Unterschied liegt außerhalb."}}]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    plumbline(*line, *out, code=3).says_in_german("  - Ein Unterschied liegt außerhalb.")
    assert not (tmp_path / "ziel.xlsx").exists()


def test_an_expired_list_is_told_in_german(pack: Path, released_home: Path, tmp_path: Path) -> None:
    team, scores = _team(released_home)
    home, made = Home(released_home), dt.date(2025, 1, 20)
    make_caseload(home, str(pack), team, tmp_path / "blind.xlsx", blind=True, today=made)
    views = {case: {"view_before": "lower"} for case in scores["case_id"]}
    fill(tmp_path / "blind.xlsx", tmp_path / "filled.xlsx", views)
    late, out = made + dt.timedelta(days=28), tmp_path / "full.xlsx"
    with pytest.raises(RefusedError, match="Die Liste ist abgelaufen"):
        make_caseload(home, str(pack), team, out, after=tmp_path / "filled.xlsx", today=late, lang="de")


@pytest.mark.parametrize(
    ("team", "days", "said"),
    [(1, 0, "of another team"), (0, 28, "has expired"), (0, 27, None)],
    ids=["another team", "expired", "last day"],
)
def test_a_blind_list_counts_for_its_own_team_until_it_expires(
    pack: Path, released_home: Path, tmp_path: Path, team: int, days: int, said: str | None
) -> None:
    home = Home(released_home)
    names = pd.read_parquet(_release(released_home) / "restricted" / "scores.parquet")["team"].value_counts().index
    made = dt.date(2025, 1, 20)
    make_caseload(home, str(pack), names[0], tmp_path / "blind.xlsx", blind=True, today=made)
    cases = _list(tmp_path / "blind.xlsx")
    assert set(cases["list_id"]) == {list_id_of(_release(released_home).name, names[0], made)}
    fill(
        tmp_path / "blind.xlsx", tmp_path / "filled.xlsx", {case: {"view_before": "lower"} for case in cases["case_id"]}
    )
    later = made + dt.timedelta(days=days)
    out, filled = tmp_path / "full.xlsx", tmp_path / "filled.xlsx"
    if said is None:
        make_caseload(home, str(pack), names[team], out, after=filled, today=later)
        assert set(_list(out)["expires_on"]) == {"2025-02-17"}, "from the day of the blind list"
        return
    with pytest.raises(Exception, match=said):
        make_caseload(home, str(pack), names[team], out, after=filled, today=later)
    assert not out.exists()


def test_a_stale_release_is_told_on_the_list(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    team, _ = _team(released_home)
    release = _release(released_home)
    mark = {"release_id": release.name, "on": "2025-02-03", "reason": "x"}
    (release.parent / "stale.json").write_text(json.dumps(mark), encoding="utf-8")
    plumbline("caseload", pack, "--team", team, "--out", tmp_path / "x.xlsx", code=0).says("refused on 3 February 2025")
    notes = load_workbook(tmp_path / "x.xlsx")["Notes"]
    assert any("3 February 2025" in str(cell.value) for row in notes.iter_rows() for cell in row)
