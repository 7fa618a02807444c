"""An identifier in a delivery stops the run at the door: exit 3, the column named, nothing of it written anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests import whole_runs
from tests.pack_copies import change, copy_pack
from tests.whole_runs import MARK, NAME, Ran, World, table

pytestmark = pytest.mark.slow

Plant = Callable[[dict[str, pd.DataFrame]], None]


def declared(column: str, **more: Any) -> Callable[[dict[str, Any]], None]:
    """The contract, with another column in the table of cases."""

    def edit(contract: dict[str, Any]) -> None:
        given = {"name": column, "description": "For a test.", "logicalType": "string", **more}
        table(contract, "cases")["properties"].append(given)

    return edit


def filled(column: str, value: str) -> Plant:
    def plant(tables: dict[str, pd.DataFrame]) -> None:
        tables["cases"][column] = ""
        tables["cases"].loc[::50, column] = value

    return plant


PLANTS = {
    "by its tag": (declared("contact_email", tags=["identifier"]), filled("contact_email", MARK), "contact_email"),
    "by its name": (declared("phone"), filled("phone", MARK), "phone"),
    "by its content": (declared("channel"), filled("channel", f"{MARK}@example.org"), "channel"),
    "free text by its tag": (declared("remark", tags=["free_text"]), filled("remark", MARK), "remark"),
}


def assert_nothing_left(ran: Ran, column: str) -> None:
    assert ran.exit_code == 3, ran.text
    assert f"“{column}”" in ran.text
    assert MARK not in ran.text
    assert not (ran.home / "releases" / NAME / "current").exists()
    assert ran.query("SELECT count(*) AS n FROM ops.delivery")["n"].item() == 0
    rows = ran.query("SELECT sum(estimated_size) AS n FROM duckdb_tables() WHERE schema_name IN ('raw', 'staging')")
    assert rows.fillna(0)["n"].item() == 0
    for path in ran.home.rglob("*"):
        if path.is_file():
            assert MARK.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("how", PLANTS)
def test_a_column_that_is_declared_as_or_seems_to_be_an_identifier(how: str, world: World, tmp_path: Path) -> None:
    edit, plant, column = PLANTS[how]
    pack = copy_pack(tmp_path / "pack")
    change(pack, "contract.odcs.yaml", edit)
    data = whole_runs.planted(world, tmp_path / "data", plant)
    assert_nothing_left(whole_runs.run(world, tmp_path / "home", data=data, pack=pack), column)


def test_addresses_among_the_values_of_a_known_column(refused: Ran) -> None:
    assert_nothing_left(refused, "kind")
    assert "services.csv" in refused.text
