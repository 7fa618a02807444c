"""What comes after the first delivery: checks, other contracts, mappings that fail, single steps. Nothing gets lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from data_contracts.errors import UsageError
from pipelines.assets import key
from pipelines.definitions import build_defs, job_name
from pipelines.packs import load_pack
from pipelines.resources import RunResource
from pipelines.settings import Home, be_quiet
from tests.cli.conftest import Command
from tests.pack_copies import change, replace

DAY = "2025-01-01"


def raw(home: Path) -> list[list[tuple[object, ...]]]:
    """All that the warehouse holds of the source tables, and of the deliveries."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'raw' ORDER BY 1"
        ).fetchall()
        tables = [f'raw."{name}"' for (name,) in names]
        queries = [f"FROM {table} ORDER BY ALL" for table in [*tables, "ops.delivery"]]
        return [con.execute(query).fetchall() for query in queries]


@pytest.fixture
def stricter(pack: Path, tmp_path: Path) -> Path:
    """The pack with a column that is not read any more."""
    copy = Path(shutil.copytree(pack, tmp_path / "stricter"))

    def contract(content: dict[str, Any]) -> None:
        (table,) = [table for table in content["schema"] if table["name"] == "referrals"]
        (source,) = [column for column in table["properties"] if column["name"] == "source"]
        source["tags"] = ["drop"]
        source.pop("quality", None)

    def programme(content: dict[str, Any]) -> None:
        (event,) = [event for event in content["core"]["event"] if event["table"] == "referrals"]
        del event["columns"]["category"]
        content["features"] = [each for each in content["features"] if each["name"] != "referral_sources_1y"]

    change(copy, "contract.odcs.yaml", contract)
    change(copy, "programme.yaml", programme)
    return copy


def test_a_check_under_another_contract_changes_nothing(
    plumbline: Command, released_home: Path, workshop: Path, stricter: Path
) -> None:
    before = raw(released_home)
    plumbline("check", stricter, "--data", workshop / "many", at=released_home)
    assert raw(released_home) == before
    assert not list(released_home.glob("rehearsal*"))


@pytest.mark.slow
def test_half_a_delivery_is_asked_about_and_not_refused(
    plumbline: Command, released_home: Path, workshop: Path, pack: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(workshop / "many", tmp_path / "data"))
    file = data / "referrals.csv"
    rows = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(rows[: len(rows) // 2]) + "\n", encoding="utf-8")
    question = "rows of the last delivery are gone: is the file whole?"
    ended = plumbline("check", pack, "--data", data, code=0, at=released_home)
    ended.says("Would be used.", f"  referrals: {len(rows) - len(rows) // 2:,} of the {len(rows) - 1:,} {question}")
    assert ended.text.count(question) == 1
    plumbline("run", pack, "--data", data, "--as-of", DAY, at=released_home).says("Note: referrals: ", question)
    assert question not in plumbline("check", pack, "--data", workshop / "many", code=0, at=released_home).text


def test_without_a_delivery_another_contract_is_refused(
    plumbline: Command, released_home: Path, stricter: Path
) -> None:
    replace(stricter, "programme.yaml", "simulated: true", "simulated: false")
    before = raw(released_home)
    ended = plumbline("run", stricter, "--as-of", DAY, code=2, at=released_home)
    assert "the contract has changed" in ended.text
    assert raw(released_home) == before


def test_a_delivery_that_makes_no_core_tables_is_taken_out_again(
    plumbline: Command, released_home: Path, workshop: Path, pack: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(pack, tmp_path / "broken"))

    def programme(content: dict[str, Any]) -> None:
        case = content["core"]["case"]
        case["columns"]["opened_at"] = "CAST(sha256(case_id) AS DATE)"

    change(broken, "programme.yaml", programme)
    data = Path(shutil.copytree(workshop / "many", tmp_path / "data"))
    cases = data / "cases.csv"
    cases.write_text("\n".join(cases.read_text().splitlines()[:-1]) + "\n")
    before, release = raw(released_home), (released_home / "releases" / "family_support" / "current").read_text()
    ended = plumbline("run", broken, "--data", data, "--as-of", DAY, code=3, at=released_home)
    assert "core.case" in ended.text
    after = raw(released_home)
    assert after[:-1] == before[:-1]
    assert [row for row in after[-1] if "refused" not in row] == before[-1]
    assert (released_home / "releases" / "family_support" / "current").read_text() == release
    assert (released_home / "releases" / "family_support" / "stale.json").is_file()


def test_a_step_by_itself_refuses_what_another_day_made(released_home: Path, workshop: Path, pack: Path) -> None:
    home, loaded = Home(released_home), load_pack(str(pack))
    be_quiet(home)
    resource = RunResource(home=str(home.root), pack=str(pack), data=str(workshop / "many"))
    job = build_defs([loaded], {f"run_{loaded.name}": resource}).resolve_job_def(job_name(loaded))
    before = (released_home / "releases" / "family_support" / "current").read_text()
    with (
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
        pytest.raises(UsageError, match="made for another day"),
    ):
        job.execute_in_process(
            instance=instance, partition_key="2023-01-01", asset_selection=[key(loaded, "release")], raise_on_error=True
        )
    assert (released_home / "releases" / "family_support" / "current").read_text() == before
