"""`plumbline explain` as a user meets it: text and page, which release, what is logged, what is refused."""

from __future__ import annotations

import json
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data_contracts.relink_page import GENERATOR
from tests.cli.conftest import CANARY, Command, lines

pytestmark = [pytest.mark.slow, pytest.mark.measured]  # the release that they read is made first


def folder_of(home: Path) -> Path:
    return next((home / "releases" / "family_support").glob("2025*"))


def cases(home: Path) -> list[str]:
    return [str(each) for each in pd.read_parquet(folder_of(home) / "restricted" / "scores.parquet")["case_id"]]


def openings(home: Path) -> list[dict[str, Any]]:
    log = home / "openings.log"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def _move(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | changes), encoding="utf-8")


def remade(home: Path, name: str, **changes: object) -> None:
    """Another release beside the one there is, with the same tables."""
    copy = Path(shutil.copytree(folder_of(home), home / "releases" / "family_support" / name))
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"release_id": name} | changes), encoding="utf-8")


def test_a_page_is_private_logged_and_relinked(
    plumbline: Command, pack: Path, workshop: Path, released_home: Path, tmp_path: Path
) -> None:
    case, page, named = cases(released_home)[0], tmp_path / "case.html", tmp_path / "named.html"
    for code, heading, *told in (
        ("en", "What raises the score", "restricted", "delete it"),
        ("de", "Was den Wert erhöht", "zugangsbeschränkt", "zu löschen"),
    ):
        ended = plumbline("explain", pack, case, "--lang", code, "--html", page, code=0)  # the second one replaces it
        ended.says(str(page), *told)
        assert case not in ended.text
        assert heading in page.read_text(encoding="utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    line = ("relink", page, "--data", workshop / "many", "--out", named, "--purpose", "visit")
    plumbline(*line, "--programme", pack, code=0).says("ids relinked (", "names people")
    shown = named.read_text(encoding="utf-8")
    persons = {row[0] for row in lines(workshop / "many" / "cases.csv")}
    assert re.findall(rf'{case}</code> <span class="key">\(case: (\w+)\)', shown)[0] in persons
    assert stat.S_IMODE(named.stat().st_mode) == 0o600
    assert f'content="{GENERATOR}"' in shown
    opened = openings(released_home)
    assert [(each["command"], each["rows"]) for each in opened] == [("explain", 1)] * 2
    assert {each["release_id"] for each in opened} == {folder_of(released_home).name}
    logs = "".join((released_home / name).read_text(encoding="utf-8") for name in ("openings.log", "relink.log"))
    assert case not in logs


def test_what_is_refused_is_told_and_not_logged(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    case = cases(released_home)[0]
    other = tmp_path / "report.html"
    other.write_text("<p>mine</p>", encoding="utf-8")
    plumbline("explain", pack, case, "--html", other, code=2).says("report.html", "has not written it")
    assert other.read_text(encoding="utf-8") == "<p>mine</p>"
    plumbline("explain", pack, case, "--html", tmp_path / "case.txt", code=2).says("ends in .html")
    plumbline("explain", pack, CANARY, code=2).says("no such case", "restricted/scores.parquet")
    plumbline("explain", pack, case, "--as-of", "2001-01-01", code=2).says("no release of this day", "2025-01-01")
    assert openings(released_home) == []
    plumbline("explain", pack, case, "--html", tmp_path / "no" / "case.html", code=2).says("cannot be written")


def test_whoever_asked_for_german_is_refused_in_german(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path
) -> None:
    case, folder = cases(released_home)[0], folder_of(released_home)
    other = tmp_path / "bericht.html"
    other.write_text("<p>mein</p>", encoding="utf-8")
    line = ("explain", pack, case, "--lang", "de")
    plumbline(*line, "--html", other, code=2).says_in_german("bericht.html: Eine solche Datei gibt es schon")
    plumbline(*line, "--html", tmp_path / "fall.txt", code=2).says_in_german(
        "Der Name der Seite muss auf .html enden. Prüfen Sie --html.", names=("fall.txt",)
    )
    plumbline(*line, "--html", tmp_path / "weg" / "fall.html", code=2).says_in_german(
        "fall.html: Die Seite lässt sich nicht schreiben (nicht vorhanden). Prüfen Sie den Ordner."
    )
    plumbline("explain", pack, CANARY, "--lang", "de", code=2).says_in_german(
        f"Fehler: {folder.name}: Diesen Fall gibt es in dieser Ausgabe nicht.", "restricted/scores.parquet"
    )
    plumbline(*line, "--as-of", "2001-01-01", code=2).says_in_german(
        "--as-of 2001-01-01: Hier gibt es keine Ausgabe mit diesem Stichtag. "
        "Es gibt Ausgaben mit diesen Stichtagen: 2025-01-01."
    )
    empty = tmp_path / "leer"
    plumbline(*line, at=empty, code=2).says_in_german(
        "Hier gibt es keine Ausgabe dieses Programms. Erstellen Sie eine mit: plumbline run", names=(empty,)
    )
    for path in (folder / "restricted").iterdir():
        path.unlink()
    (folder / "restricted" / "TOMBSTONE.json").write_text("{}", encoding="utf-8")
    plumbline(*line, code=2).says_in_german("Der zugangsbeschränkte Teil dieser Ausgabe ist nicht mehr da.")
    reasons = [{"text": {"en": "A gap is outside.", "de": "Ein Unterschied liegt außerhalb."}}]
    _move(folder, verdict="not_fit", reasons=reasons)
    plumbline(*line, code=3).says_in_german("  - Ein Unterschied liegt außerhalb.\n")


def test_the_release_of_a_day(plumbline: Command, pack: Path, released_home: Path) -> None:
    """The one made last of that day; that it is not the current one stands above everything else."""
    case, current = cases(released_home)[0], folder_of(released_home).name
    remade(released_home, "2024-01-01-a", as_of="2024-01-01", created_at="2024-01-02T00:00:00+00:00")
    remade(released_home, "2024-01-01-b", as_of="2024-01-01", created_at="2024-01-03T00:00:00+00:00")
    assert f"Release {current}" in plumbline("explain", pack, case, code=0).out
    ended = plumbline("explain", pack, case, "--as-of", "2024-01-01", code=0)
    assert "Release 2024-01-01-b" in ended.out
    assert "This is an earlier release. The current one is of 1 January 2025." in " ".join(ended.out.split())
    assert [each["release_id"] for each in openings(released_home)] == [current, "2024-01-01-b"]
    assert "earlier release" not in plumbline("explain", pack, case, "--as-of", "2025-01-01", code=0).out


def test_rows_expire_with_the_next_check_and_a_sentence_stays(
    plumbline: Command, pack: Path, data: Path, released_home: Path
) -> None:
    """The release of an earlier day was superseded long ago; the current one keeps its rows."""
    case, releases = cases(released_home)[0], released_home / "releases" / "family_support"
    remade(released_home, "2024-01-01-b", as_of="2024-01-01", created_at="2024-01-03T00:00:00+00:00")
    _move(folder_of(released_home), created_at="2024-02-03T00:00:00+00:00")
    plumbline("explain", pack, case, "--as-of", "2024-01-01", code=0)
    plumbline("check", pack, "--data", data)
    assert [path.name for path in (releases / "2024-01-01-b" / "restricted").iterdir()] == ["TOMBSTONE.json"]
    plumbline("explain", pack, case, "--as-of", "2024-01-01", code=2).says("not there any more", "expires")
    plumbline("explain", pack, case, code=0).says(folder_of(released_home).name)


def test_a_refused_delivery_is_told_with_the_current_release(
    plumbline: Command, pack: Path, released_home: Path
) -> None:
    mark = {"reason": "x", "on": "2025-02-03", "release_id": folder_of(released_home).name}
    (released_home / "releases" / "family_support" / "stale.json").write_text(json.dumps(mark), encoding="utf-8")
    ended = plumbline("explain", pack, cases(released_home)[0], code=0)
    assert "A newer delivery was refused on 3 February 2025" in ended.out
