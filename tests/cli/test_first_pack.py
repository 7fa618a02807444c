"""docs/first_pack.md: its blocks are a pack, and what it prints is what is printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from data_contracts.errors import PackError
from pipelines.cli import run_command
from pipelines.new_pack import write_pack
from pipelines.packs import load_pack

PAGE = (Path(__file__).parents[2] / "docs" / "first_pack.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(re.findall(r"^`(\w+\.csv)`:\n```csv\n(.*?)```", PAGE, flags=re.M | re.S))
PACK = {text.split("\n")[0][2:]: text for text in re.findall(r"^```yaml\n(.*?)```", PAGE, flags=re.M | re.S)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's pack, `tenancy`, and its files, `export`, made as the page says."""
    folder = tmp_path_factory.mktemp("first_pack")
    write_pack("tenancy", folder / "tenancy")
    (folder / "tenancy" / "vignettes.yaml").unlink()
    for name, text in PACK.items():
        (folder / "tenancy" / name).write_text(text, encoding="utf-8")
    (folder / "export").mkdir()
    for name, text in FILES.items():
        (folder / "export" / name).write_text(text, encoding="utf-8")
    return folder


def test_the_blocks_of_the_page_are_a_pack(written: Path) -> None:
    assert sorted(PACK) == ["contract.odcs.yaml", "programme.yaml", "words.yaml"]
    assert sorted(FILES) == ["clients.csv", "enquiries.csv", "letters.csv"]
    assert load_pack(str(written / "tenancy")).name == "tenancy"


def test_the_check_of_the_files_says_what_the_page_prints(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", str(written / "tenancy"), "--data", str(written / "export"), "--home", str(written / "home")]
    assert run_command(arguments) == 3
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.M | re.S)
    printed = next(text for _, text in blocks if text.startswith("Would be refused"))
    assert capsys.readouterr().out.startswith(printed)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "contract.odcs.yaml",
            "      - {property: knowledgeDay, value: {column: recorded}}\n",
            "",
            "“knowledgeDay” is missing.",
        ),
        ("programme.yaml", "table: enquiries\n", "table: people\n", "“people” is not a table of the contract."),
        (
            "programme.yaml",
            "      closed_known_at: CASE WHEN closed IS NOT NULL THEN closure_entered END\n",
            "",
            "“closed_at” is mapped but “closed_known_at” is not.",
        ),
        (
            "programme.yaml",
            "event_at: sent, category",
            "event_at: sent_on, category",
            'Referenced column "sent_on" not found',
        ),
        ("programme.yaml", "window: 180d", "windows: 180d", "“windows” is not a field here. Did you mean “window”?"),
        (
            "programme.yaml",
            "category: reminder}",
            "category: reminders}",
            "the category “reminders” of “letter” is not known.",
        ),
        (
            "programme.yaml",
            "event_type: notice, within",
            "event_type: notices, within",
            "event type “notices” is in no source.",
        ),
        (
            "programme.yaml",
            "{type: letter, category: plan}",
            "{type: notice}",
            "“plan_1y” uses “notice”, an event that the outcome is made from.",
        ),
        (
            "programme.yaml",
            "attribute: source, scope: case, categories: contract",
            "attribute: sex, categories: contract",
            "“sex” is a protected attribute. Remove the feature",
        ),
        (
            "programme.yaml",
            "{name: source, kind: attribute_category, factor: source, attribute: source, scope: case,",
            "{name: team, kind: attribute_category, factor: source, attribute: team, scope: case,",
            "“team” rests on “enquiries.team”, which the source overwrites",
        ),
        (
            "words.yaml",
            "  plans: {label: {en: payment plans, de: Ratenvereinbarungen}}\n",
            "",
            "the factor “plans” has no words.",
        ),
        (
            "words.yaml",
            "got a notice to quit within",
            "were in need within",
            "“in need” is refused in reports.",
        ),
        (
            "programme.yaml",
            "{attributes: [sex, ward]}",
            "{attributes: [ward]}",
            "“sex” is not audited in programme.yaml.",
        ),
    ],
)
def test_a_mistake_in_the_pack_is_told_as_the_page_says(
    written: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    shutil.copytree(written / "tenancy", tmp_path / "tenancy")
    text = (tmp_path / "tenancy" / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "tenancy" / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as told:
        load_pack(str(tmp_path / "tenancy"))
    assert said in str(told.value)
    assert said in PAGE
