"""Packs that cannot be used: every mistake at once, with file, line and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.pack_copies import copy_pack, replace


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    return copy_pack(tmp_path / "spoilt")


@pytest.mark.parametrize("command", ["check", "run", "dummy"])
def test_three_mistakes_are_reported_at_once(command: str, plumbline: Command, spoilt: Path, data: Path) -> None:
    """One in each of three files; each has its line."""
    zone = replace(spoilt, "programme.yaml", "time_zone: Europe/Berlin", "time_zone: Europe/Berlim")
    tag = replace(spoilt, "contract.odcs.yaml", "tags: [birth_date]", "tags: [birthdate]")
    metric = replace(spoilt, "charter.yaml", "metric: auc", "metric: auk")
    more = ["--people", "300", "--out", data / "new"] if command == "dummy" else ["--data", data]
    ended = plumbline(command, spoilt, *more, code=2)
    ended.says(
        "3 mistakes in the pack",
        "Europe/Berlim",
        "“Europe/Berlin”",
        "“properties.1.tags.0”",
        "“auk” is not measured",
        "auc, ",
    )
    for file, line in (("programme.yaml", zone), ("contract.odcs.yaml", tag), ("charter.yaml", metric)):
        assert re.search(rf"^ +{re.escape(file)}:{line}: ", ended.text, re.MULTILINE), f"{file}:{line}\n{ended.text}"


BROKEN = {
    "no YAML": ("programme.yaml", "title: {en: Family", "title: {en: [Family", "not valid YAML"),
    "a key twice": (
        "charter.yaml",
        "minimum_cell: 10",
        "minimum_cell: 10\nminimum_cell: 3",
        "“minimum_cell” stands twice",
    ),
    "an impossible day": ("charter.yaml", "review_date: 2027-11-20", "review_date: 2027-02-30", "charter.yaml:"),
    "an unknown field": ("programme.yaml", "simulated: true", "simulatd: true", "Did you mean “simulated”?"),
    "a key that is a list": ("words.yaml", "bands:", "? [a, b]\n: c\nbands:", "words.yaml:"),
    "a missing language": ("words.yaml", "label: {en: Home visits, de: Hausbesuche}", "label: {en: Visits}", "“de”"),
    "a comma in a text": (
        "words.yaml",
        "label: {en: Home visits, de: Hausbesuche}",
        "label: {en: Home visits, de: Hausbesuche, auch kurze}",
        "the text before “auch kurze” ends at its comma. A text with a comma or a colon needs quotation marks",
    ),
    "a comma and a colon in a text": (
        "charter.yaml",
        "minimum_cell: 10",
        "minimum_cell: 10\ndisclosure: {profile: nhs, reason: {en: Asked for, by whom: the officer, de: Verlangt}}",
        "the text before “by whom” ends at its comma.",
    ),
    "a colon in a text": (
        "words.yaml",
        "label: {en: Home visits, de: Hausbesuche}",
        "label:\n      en: Home: visits\n      de: Hausbesuche",
        "A text with a comma or a colon needs quotation marks",
    ),
    "a colon in braces": ("words.yaml", "de: Hausbesuche}", "de: Hausbesuche: alle}", "needs quotation marks"),
    "a percentage": ("charter.yaml", "share: 0.25", "share: 25", "less than or equal to 1. 25 % is 0.25."),
    "a protected feature": (
        "programme.yaml",
        "{name: days_open, kind: days_since_opened, factor: time_open}",
        "{name: days_open, kind: attribute, attribute: sex, factor: time_open}",
        "programme.yaml:",
    ),
    "SQL that reads a file": (
        "programme.yaml",
        "FROM cases c JOIN",
        "FROM read_csv('/etc/passwd') c JOIN",
        "programme.yaml:",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_told_in_words(name: str, plumbline: Command, spoilt: Path, data: Path) -> None:
    file, old, new, said = BROKEN[name]
    replace(spoilt, file, old, new)
    ended = plumbline("check", spoilt, "--data", data, code=2)
    ended.says(said)
    assert re.search(rf"^ +{re.escape(file)}:\d+: ", ended.text, re.MULTILINE), ended.text


def test_files_that_are_no_text_or_not_there(plumbline: Command, spoilt: Path, data: Path) -> None:
    (spoilt / "words.yaml").write_bytes(b"\x00\xff" * 50)
    (spoilt / "charter.yaml").unlink()
    (spoilt / "programme.yaml").write_text("- a\n- list\n", encoding="utf-8")
    (spoilt / "contract.odcs.yaml").write_text("", encoding="utf-8")
    ended = plumbline("check", spoilt, "--data", data, code=2)
    ended.says("words.yaml:1:", "charter.yaml:1: the file is missing", "programme.yaml:1:", "contract.odcs.yaml:1:")


def test_a_charter_with_placeholders_serves_check_and_dummy_only(
    plumbline: Command, spoilt: Path, data: Path, home: Path, tmp_path: Path
) -> None:
    """A run names every placeholder's line before anything is read or written."""
    signed = replace(spoilt, "charter.yaml", "Head of family support (role), for demonstration on simulated", "TODO on")
    owner = replace(spoilt, "charter.yaml", "  en: Head of family support (role)\n", "  en: <name of the owner>\n")
    share = replace(spoilt, "charter.yaml", "share: 0.25", "share: TBD")
    ended = plumbline("run", spoilt, "--data", data, code=2)
    ended.says("a placeholder is not a sign-off", "`check` and `dummy` only")
    for line in (signed, owner, share):
        assert f"charter.yaml:{line}: " in ended.text
    assert not home.exists()
    plumbline("dummy", spoilt, "--people", 60, "--out", tmp_path / "dummy", code=0)
    (data / "persons.csv").unlink()
    plumbline("check", spoilt, "--data", data, code=3).says("no file for the table “persons”")  # the pack was loaded


def test_unknown_programmes(plumbline: Command, tmp_path: Path) -> None:
    plumbline("check", "familysupport", code=2).says("no such programme", "Did you mean “family_support”?")
    plumbline("run", tmp_path / "nowhere", code=2).says("no such programme", "Built in: family_support")
    plumbline("report", "student", code=2).says("no such programme")
