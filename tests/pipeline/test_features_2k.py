"""Every cell of 2,000 people against the slow reference, and the same cells whatever the machine does.

tests/property/test_features_cells.py looks for odd records on a handful of people; here are many, unevenly busy.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from features.build import write_matrix
from tests.features_agency import agency, every_kind
from tests.features_reference import Core, Matrix, matrix
from tests.features_warehouse import ENGINES, NOTHING, built, differing, fill, read, specs, warehouse

pytestmark = pytest.mark.slow

DECLARED = every_kind()


@pytest.fixture(scope="module")
def core() -> Core:
    return agency(2000, seed=7)


@pytest.fixture(scope="module")
def wanted(core: Core) -> Matrix:
    return matrix(core, DECLARED)


@pytest.fixture(scope="module")
def con(core: Core) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse(threads=2) as connection:
        fill(connection, core)
        yield connection


def test_there_is_something_in_every_column(wanted: Matrix) -> None:
    assert len(wanted) > 6000
    for name in next(iter(wanted.values())):
        assert len({row[name] for row in wanted.values()}) > 1, name


@pytest.mark.parametrize("engine", ENGINES)
def test_every_cell_of_two_thousand_people(con: duckdb.DuckDBPyConnection, wanted: Matrix, engine: str) -> None:
    assert differing(ENGINES[engine](con, DECLARED), wanted) == NOTHING[engine]


def test_cells_do_not_depend_on_threads_order_or_batches(core: Core, wanted: Matrix, tmp_path: Path) -> None:
    order = random.Random(7)
    shuffled = {name: order.sample(records, len(records)) for name, records in core.items()}
    with warehouse(threads=4) as con:
        fill(con, shuffled)
        assert differing(built(con, DECLARED, memory=2**20), wanted) == []
        # streamed to a file, in batches of another size
        path = tmp_path / "matrix.parquet"
        assert write_matrix(con, "p", specs(DECLARED), path, memory=2**22) == len(wanted)
        assert differing(read(con, f"SELECT * FROM read_parquet('{path}')"), wanted) == []


@pytest.mark.parametrize("part", [0, 1, 2])
def test_cells_do_not_depend_on_who_else_is_asked_for(core: Core, wanted: Matrix, part: int) -> None:
    rows = [row for row in core["rows"] if int(row["person_id"][1:]) % 3 == part]
    with warehouse() as con:
        fill(con, core | {"rows": rows})
        asked = {(row["cohort"], row["as_of"], row["case_id"]) for row in rows}
        assert differing(built(con, DECLARED), {key: row for key, row in wanted.items() if key in asked}) == []
