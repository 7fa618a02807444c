"""A sibling across the split: a stay in a household links a training child with a test child; its rows leave training.

Which rows may train is worked out a second time here, from the files and without any of our code.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data_contracts.keys import load_key
from tests import whole_runs
from tests.whole_runs import AS_OF, MARK, NAME, Ran, World, open_cases

pytestmark = pytest.mark.slow

TEST = "2024-01-01"
TRAINING = [f"{year}-01-01" for year in range(2020, 2024)]
PAIRS = 3


def read(data: Path) -> dict[str, pd.DataFrame]:
    names = ("cases", "memberships", "persons")
    return {name: pd.read_csv(data / f"{name}.csv", dtype=str, keep_default_na=False) for name in names}


def families(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """The family of each person: whoever shares a household with somebody who does, at any time."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for table in ("cases", "memberships"):
        known = tables[table][tables[table]["recorded_on"] < AS_OF]
        for person, household in zip(known["person_id"], known["household_id"], strict=True):
            parent[root(person)] = root(household)
    return {name: root(name) for name in parent if name.startswith("P")}


def training_rows(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that may train the model tested on the newest closed cohort, and those that may not."""
    family = families(tables)
    tested = {family[person] for person in open_cases(tables, TEST)["person_id"]}
    rows = pd.concat([open_cases(tables, day)[["case_id", "person_id"]].assign(day=day) for day in TRAINING])
    shared = rows["person_id"].map(family).isin(tested)
    return rows[~shared], rows[shared]


def pairs(data: Path) -> list[tuple[str, str, str]]:
    """A training child, a test child of another family, and the test child's household."""
    tables = read(data)
    free, _ = training_rows(tables)
    old_enough = tables["persons"].loc[tables["persons"]["birth_date"] < "2021-01-01", "person_id"]
    family = families(tables)
    children = free.loc[free["person_id"].isin(old_enough), "person_id"].drop_duplicates()
    children = children[~children.map(family).duplicated()].head(PAIRS)
    tested = open_cases(tables, TEST).head(PAIRS)
    return list(zip(children, tested["person_id"], tested["household_id"], strict=True))


@pytest.fixture(scope="module")
def linked(world: World, runs_root: Path) -> Ran:
    def plant(tables: dict[str, pd.DataFrame]) -> None:
        stays = tables["memberships"]
        for child, _, household in pairs(world.data):
            stays.loc[len(stays)] = {
                **dict.fromkeys(stays.columns, ""),
                "person_id": child,
                "household_id": household,
                "from_date": "2022-05-02",
                "to_date": "2022-06-01",
                # found out after the test cohort's day, and before the run
                "recorded_on": "2024-08-01",
                "end_recorded_on": "2024-08-01",
            }
        # and a column that the contract does not know
        tables["persons"]["email"] = [f"{MARK}{n}@example.org" for n in range(len(tables["persons"]))]

    def make(home: Path) -> Ran:
        return whole_runs.run(world, home, data=whole_runs.planted(world, home.with_name("linked_data"), plant))

    return whole_runs.shared_run(runs_root, "linked", make)


def split(ran: Ran) -> pd.Series:
    frame = ran.query(f'SELECT * FROM models."{NAME}__splits"').set_index("split")
    assert frame.loc[TEST, "role"] == "test"
    return frame.loc[TEST]


def test_the_rows_of_both_runs_are_those_counted_from_the_files(world: World, plain: Ran, linked: Ran) -> None:
    assert linked.exit_code == 0, linked.text
    for ran, data in ((plain, world.data), (linked, linked.home.with_name("linked_data"))):
        kept, purged = training_rows(read(data))
        assert (split(ran)["train_rows"], split(ran)["purged"]) == (len(kept), len(purged))


def test_a_sibling_across_the_split_leaves_the_training(plain: Ran, linked: Ran) -> None:
    assert split(linked)["purged"] >= split(plain)["purged"] + PAIRS
    assert split(linked)["test_rows"] == split(plain)["test_rows"]


def test_both_stand_in_one_cluster(world: World, plain: Ran, linked: Ran) -> None:
    key = load_key(world.key, warehouse_exists=True).for_programme(NAME)
    for ran, together in ((plain, False), (linked, True)):
        found = ran.query('SELECT DISTINCT person_id, cluster_id FROM cohort."case"').set_index("person_id")[
            "cluster_id"
        ]
        for child, tested, _ in pairs(world.data):
            one, other = (found[key.pseudonym("person", person)] for person in (child, tested))
            assert (one == other) is together


def test_no_column_outside_the_contract_is_taken_in(linked: Ran) -> None:
    quality = linked.release.table("quality")
    assert quality.apply(lambda row: "email" in " ".join(map(str, row)), axis=1).any(), "it is named"
    for path in linked.home.rglob("*"):
        if path.is_file():
            assert MARK.encode() not in path.read_bytes(), path
    columns = linked.query("SELECT column_name FROM duckdb_columns()")["column_name"]
    assert "email" not in set(columns)
