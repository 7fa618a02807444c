"""`plumbline new`: a pack that works as it stands, with a comment on every field."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_contracts.yamldoc import read_document
from pipelines.cli import run_command
from pipelines.new_pack import _NAME, FILES, TEMPLATE
from pipelines.packs import Programme, load_pack
from tests.pack_fields import CUSTOM, ROOTS, fields_of_file


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Path) -> Iterator[None]:
    """The command sets environment and umask for its process: put them back."""
    environment, mask = dict(os.environ), os.umask(0o022)
    os.environ["PLUMBLINE_KEY_FILE"] = str(tmp_path / "key")
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.clear()
        os.environ.update(environment)


def lines_with(file: str, field: str) -> list[int]:
    """Indices of the template's lines in which a field stands as a key (in a comment too)."""
    lines = (TEMPLATE / file).read_text(encoding="utf-8").splitlines()
    key = rf"(?<![\w.]){re.escape(field)}:(?=\s|$)"
    pattern = rf"{key}|property: {re.escape(field)}\b" if field in CUSTOM else key
    return [number for number, line in enumerate(lines) if re.search(pattern, line)]


@pytest.mark.parametrize(("file", "field"), [(file, field) for file in ROOTS for field in sorted(fields_of_file(file))])
def test_the_template_shows_every_field_with_a_comment(file: str, field: str) -> None:
    lines = (TEMPLATE / file).read_text(encoding="utf-8").splitlines()
    where = lines_with(file, field)
    assert where, f"{file} of the template does not show “{field}”"
    explained = [n for n in where if "#" in lines[n] or (n and lines[n - 1].lstrip().startswith("#"))]
    assert explained, f"no comment beside “{field}” in {file}"


def test_the_check_of_the_template_finds_what_is_missing() -> None:
    assert lines_with("charter.yaml", "colour") == []
    assert fields_of_file("charter.yaml") > {"stop_rule", "signatory", "every_months"}


def test_a_new_pack_loads_and_carries_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "my pack"
    assert run_command(["new", "tenancy_support", "--out", str(folder)]) == 0
    said = capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert not [path for path in folder.iterdir() if "PACK_NAME" in path.read_text(encoding="utf-8")]
    pack = load_pack(str(folder))
    assert pack.name == "tenancy_support"
    assert [table.name for table in pack.contract.tables] == ["people", "cases", "contacts"]
    assert {table.knowledge_day.kind for table in pack.contract.tables} == {"column", "lag"}
    assert len({feature.kind for feature in pack.programme.features}) == 5
    assert not pack.charter.is_signed_off
    for step in ("plumbline dummy", "--people 500", "plumbline check", "charter.yaml", "plumbline run"):
        assert step in said
    assert f"'{folder}'" in said, "a folder with a blank is quoted, so that the line can be copied"


@pytest.mark.slow
def test_it_serves_dummy_and_check_at_once_and_run_when_the_charter_is_filled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack, data, home = (str(tmp_path / name) for name in ("pack", "data", "home"))
    assert run_command(["new", "tenancy_support", "--out", pack]) == 0
    assert run_command(["dummy", pack, "--people", "300", "--out", data, "--home", home]) == 0
    assert run_command(["check", pack, "--data", data, "--home", home]) == 0
    assert "0 faults" in capsys.readouterr().out
    run = ["run", pack, "--data", data, "--as-of", "2024-07-01", "--home", home]

    assert run_command(run) == 2
    told = capsys.readouterr().err
    charter = tmp_path / "pack" / "charter.yaml"
    text = charter.read_text(encoding="utf-8")
    document, _ = read_document(charter)
    assert document is not None
    open_lines = {document.line(place) for place in load_pack(pack).charter.placeholders}
    todo = {n for n, line in enumerate(text.splitlines(), 1) if re.search(r"^[^#]*\bTODO\b", line)}
    assert open_lines == todo
    assert {int(n) for n in re.findall(r"charter\.yaml:(\d+):", told)} == todo

    charter.write_text(filled(text), encoding="utf-8")
    assert run_command(run) == 3, "300 people have too few outcomes for a model"
    assert "Too few recorded outcomes" in capsys.readouterr().out
    assert (tmp_path / "home" / "releases" / "tenancy_support" / "current").is_file()


def filled(charter: str) -> str:
    figures = {"share": "0.2", "at_least": "0.6", "at_most": "0.05", "tolerance": "0.1", "every_months": "6"}
    days = {"review_date": "2027-03-31", "date": "2026-03-31"}
    for field, value in (figures | days).items():
        charter = re.sub(rf"(\b{field}:\s+)TODO\b", rf"\g<1>{value}", charter)
    return re.sub(r"\bTODO\b", "Agreed for this test", charter)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Tenancy Support", "small letters"),
        ("t", "small letters"),
        ("1st_try", "small letters"),
        ("tenancy\n", "small letters"),
        ("student_support", "built in"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    assert run_command(["new", name, "--out", str(tmp_path / "pack")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


def test_the_rule_for_names_is_the_programme_s() -> None:
    assert Programme.model_json_schema()["properties"]["name"]["pattern"] == f"^{_NAME.pattern}$"


@pytest.mark.parametrize("there", ["a file inside", "a file in its place"])
def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str) -> None:
    out = tmp_path / "pack"
    kept = out / "charter.yaml" if there == "a file inside" else out
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine", encoding="utf-8")
    assert run_command(["new", "tenancy_support", "--out", str(out)]) == 2
    assert "never overwrites" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "mine"
    assert sorted(tmp_path.rglob("*.yaml")) == ([kept] if kept.suffix else [])


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert run_command(["new", "tenancy_support", "--out", str(tmp_path)]) == 0
    assert load_pack(str(tmp_path)).name == "tenancy_support"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run_command(["new", "tenancy_support", "--out", str(tmp_path / "file" / "pack")]) == 1
    said = capsys.readouterr().err
    assert "refused" in said
    assert "Traceback" not in said
