"""What the documentation names exists: modules, functions, files, tables; and docs/packs.md lists every field."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import click
import pytest

from fairness_reports.release_schemas import SCHEMAS
from pipelines.assets import programme_assets
from pipelines.cli import cli
from pipelines.definitions import days_of
from pipelines.packs import load_pack
from tests.pack_fields import SECTIONS, fields_of_section

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROOMS = ("data_contracts", "features", "models", "fairness_reports", "pipelines")


@cache
def sources() -> str:
    """Everything that the rooms say, code and packs."""
    files = [path for room in ROOMS for kind in ("*.py", "*.yaml") for path in sorted((ROOT / room).rglob(kind))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@cache
def assets() -> frozenset[str]:
    """The assets of student_support, by table and by whole key."""
    pack = load_pack("student_support")
    keys = [key for made in programme_assets(pack, days_of(pack)) for key in made.keys]
    return frozenset([*(".".join(key.path[1:]) for key in keys), *("/".join(key.path) for key in keys)])


def is_object(dotted: str) -> bool:
    """Whether a dotted name leads to a module, or to something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def exists(name: str) -> bool:
    """Whether what stands between backticks exists; words without a dot or slash are only words."""
    if name.startswith("HOME/"):
        # its first part is a name that the code uses; what follows are ids
        return f'"{name.split("/")[1]}"' in sources() or name.split("/")[1] in sources()
    if name in assets():
        return True
    if re.fullmatch(r"[a-z_]+(\.\w+)+", name) and name.split(".")[0] in ROOMS:
        return is_object(name)
    if "/" in name and name.split("/")[0] in (*ROOMS, "tests", "docs", "scripts"):
        return (ROOT / name).exists()
    if name.startswith("student_support/"):
        return re.sub(r"/TABLE$", "/studentInfo", name) in assets()
    if re.fullmatch(r'\w+\."\w+__\w+"', name):
        schema, table = name.replace('"', "").split(".")
        return f"{schema}.{table.split('__', 1)[1]}" in assets()
    if re.fullmatch(r"\w+\.\w+(\.gz)?", name):
        return name in sources()
    return True


def named(page: str) -> list[str]:
    """What stands between single backticks outside code blocks, in order, once."""
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return list(dict.fromkeys(re.findall(r"`([^`\n]+)`", text)))


def test_everything_that_the_architecture_names_exists() -> None:
    names = named("architecture.md")
    assert len([name for name in names if "." in name or "/" in name]) > 80
    assert [name for name in names if not exists(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "models.splits.temporal_split",
        "models.split.temporal_splits",
        "pipelines.packs.Pack.require_signature",
        "data_contracts/reading/xml.py",
        "core.incident",
        'raw."student_support__students"',
        "student_support/raw/students",
        "HOME/outbox/PROGRAMME",
        "studentClicks.csv",
    ],
)
def test_the_check_sees_a_name_that_does_not_exist(name: str) -> None:
    assert not exists(name)


def test_the_picture_shows_functions_that_exist() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    picture = next(block for block in re.findall(r"```(.*?)```", page, flags=re.DOTALL) if "find_files" in block)
    drawn = set(re.findall(r"\b[a-z]+_[a-z_]+\b", picture)) - {"student_support"}
    told = {name.split(".")[-1] for name in named("architecture.md")}
    assert len(drawn) > 12
    assert drawn - told == set()


PAGES = [*sorted(path.relative_to(ROOT) for path in DOCS.glob("*.md")), Path("README.md"), Path("notebooks/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        there = (ROOT / page).parent / file if file else ROOT / page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_that_messages_point_to_exist() -> None:
    pages = set(re.findall(r"\bdocs/(\w+\.md)", sources()))
    assert pages
    assert {page for page in pages if not (DOCS / page).exists()} == set()


def sections() -> dict[tuple[str, str], set[str]]:
    """docs/packs.md: file and heading -> the fields in the first column of its table."""
    found: dict[tuple[str, str], set[str]] = {}
    file = heading = ""
    for line in (DOCS / "packs.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            file = heading = line[3:]
        elif line.startswith("### "):
            heading = line[4:]
        elif line.startswith("| `") and file.endswith(".yaml"):
            cell = line.split("|")[1]
            found.setdefault((file, heading), set()).update(re.findall(r"`([^`]+)`", cell))
    return found


@pytest.mark.parametrize("section", list(SECTIONS), ids=lambda section: section[1])
def test_the_page_on_packs_lists_exactly_the_fields_of_the_models(section: tuple[str, str]) -> None:
    listed, real = sections().get(section, set()), fields_of_section(section)
    assert sorted(real - listed) == [], "not on the page"
    assert sorted(listed - real) == [], "on the page, but no field"


def test_no_table_of_the_page_on_packs_is_left_unchecked() -> None:
    assert set(sections()) == set(SECTIONS)


def test_the_page_on_packs_describes_the_core_tables_as_they_are() -> None:
    from data_contracts.core import CORE

    text = (DOCS / "packs.md").read_text(encoding="utf-8").split("### Core tables")[1].split("###")[0]
    rows = {line.split("`")[1]: line.split("|")[3] for line in text.splitlines() if line.startswith("| `")}
    made_here = {"source_table", "source_row"}
    for name, table in CORE.items():
        words = set(re.findall(r"[a-z_]+", rows[name]))
        assert set(table.columns) - made_here <= words, name
        assert set(re.findall(r"\*\*(\w+)\*\*", rows[name])) == set(table.needed), name


def columns_told(table: str) -> set[str]:
    """docs/release.md: what the first cells of a table's section name."""
    text = (DOCS / "release.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \w+/{table}\.parquet.*?(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    rows = [line for line in (found.group() if found else "").splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize("table", sorted(SCHEMAS))
def test_the_page_on_releases_tells_every_column_of_every_table(table: str) -> None:
    # both ways: a column that is gone would send readers looking for it
    assert columns_told(table) == {column.name for column in SCHEMAS[table].columns}


def test_the_page_on_releases_knows_no_other_table() -> None:
    text = (DOCS / "release.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## \w+/(\w+)\.parquet", text, flags=re.MULTILINE)) == set(SCHEMAS)


def commands_told() -> dict[str, set[str]]:
    """docs/commands.md: command -> what the first cells of its table name."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^## plumbline ", (DOCS / "commands.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]:
        rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| `")]
        cells = " ".join(row.split("|")[1] for row in rows)
        found[section.split()[0]] = set(re.findall(r"`([^`\s]+)[^`]*`", cells))
    return found


def test_the_page_on_commands_tells_every_command() -> None:
    assert set(commands_told()) == set(cli.commands)


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_the_page_on_commands_tells_every_argument_and_option(command: str) -> None:
    made = cli.commands[command]
    options = {option for param in made.params for option in param.opts if option.startswith("--")}
    arguments = {
        param.make_metavar(click.Context(made)).strip("[].")
        for param in made.params
        if isinstance(param, click.Argument)
    }
    assert commands_told()[command] == options | arguments


def test_the_page_on_commands_tells_every_environment_variable() -> None:
    told = set(re.findall(r"`(PLUMBLINE_[A-Z_]+)`", (DOCS / "commands.md").read_text(encoding="utf-8")))
    assert told == set(re.findall(r"\bPLUMBLINE_[A-Z_]+\b", sources()))


def test_every_page_stands_in_the_index_by_reader() -> None:
    linked = set(re.findall(r"\]\((\w+(?:\.en|\.de)?\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in DOCS.glob("*.md")} - {"README.md"}
