"""Every cell of both engines against a slow reference that shares no code with them, on small random records.

What features mean is in tests/features_reference.py, what is drawn in tests/features_cores.py. scripts/break_guards.py
turns each `<` of the rule of time into `<=` and sees these tests fail.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.build import build_matrix
from features.evidence import evidence, evidence_table
from tests.features_cores import (
    AS_OFS,
    DAY,
    KINDS,
    PEOPLE,
    ROWS,
    cases,
    cores,
    later,
    one_of_each,
    only,
    owner,
    together,
    with_the_future,
)
from tests.features_reference import OPEN_KINDS, Core, Matrix, Record, Records, column_names, matrix
from tests.features_reference import evidence as records_behind
from tests.features_warehouse import ENGINES, NOTHING, built, clear, differing, fill, read, specs, warehouse

pytestmark = pytest.mark.slow

# an example is a whole warehouse: to make a failing one smaller takes minutes and says little more than `differing`
QUICK = settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse() as connection:
        yield connection


def afresh(con: duckdb.DuckDBPyConnection, core: Core) -> None:
    """Nothing but this core in the warehouse."""
    clear(con)
    fill(con, core)


@given(core=cores(), declared=one_of_each())
@settings(QUICK, max_examples=25)
def test_every_cell_equals_the_reference(con: duckdb.DuckDBPyConnection, core: Core, declared: list[Record]) -> None:
    afresh(con, core)
    wanted = matrix(core, declared)
    assert {name: differing(engine(con, declared), wanted) for name, engine in ENGINES.items()} == NOTHING


@given(
    core=cores(least=20, most=60, linked=3), declared=one_of_each((*KINDS, *OPEN_KINDS, "episode_days")), data=st.data()
)
@settings(QUICK, max_examples=25)
def test_the_future_order_and_repeats_change_nothing(
    con: duckdb.DuckDBPyConnection, core: Core, declared: list[Record], data: st.DataObject
) -> None:
    planted = data.draw(with_the_future(core))
    afresh(con, core)
    before = {name: on(DAY, engine(con, declared)) for name, engine in ENGINES.items()}
    afresh(con, planted)
    after = {name: on(DAY, engine(con, declared)) for name, engine in ENGINES.items()}
    assert {name: differing(after[name], before[name]) for name in ENGINES} == NOTHING


def on(as_of: int, whole: Matrix) -> Matrix:
    """The rows of one day; those of later days may know more."""
    return {key: row for key, row in whole.items() if key[1] == as_of}


@given(core=cores(most=40), declared=one_of_each(), as_of=st.sampled_from(AS_OFS), case=cases)
@settings(QUICK, max_examples=12)
def test_evidence_is_what_the_cell_uses_and_enough_for_it(
    con: duckdb.DuckDBPyConnection, core: Core, declared: list[Record], as_of: int, case: str
) -> None:
    core = core | {"rows": [row for row in ROWS if row["as_of"] == as_of and row["cohort"] == "k"]}
    afresh(con, core)
    whole = built(con, declared)
    day = dt.date.fromordinal(as_of)
    table = evidence_table(con, "p", specs(declared), day)
    shown = {(row.case_id, row.factor): row for row in table.itertuples(index=False)}
    assert len(shown) == len(table) == len(core["rows"]) * len(declared)
    records = Records(core)
    alone = []
    for feature, spec in zip(declared, specs(declared), strict=True):
        of_others = feature.get("scope") == "association"
        for row in core["rows"]:
            behind = records_behind(feature, row, records)
            ids = [identifier for identifier, _ in behind]
            alone.append(only(core | {"rows": [row]}, ids, f"{feature['name']} {row['case_id']} "))
            cell = shown[row["case_id"], feature["factor"]]
            assert cell.evidence_count == len(behind)
            # of other people's events the table shows the number only
            assert cell.evidence_ids == ([] if of_others else ids[:20])
            age = as_of - behind[0][1] if behind and not of_others else None
            assert (None if cell.evidence_age_days is pd.NA else cell.evidence_age_days) == age
            if row["case_id"] == case and (of_others or ids):
                assert evidence(con, "p", spec, case, day) == ids
    afresh(con, together(alone))
    again = built(con, declared)
    for feature in declared:
        for cohort, at, case_id in whole:
            found = again[cohort, at, f"{feature['name']} {case_id} {case_id}"]
            wanted = whole[cohort, at, case_id]
            assert {name: found[name] for name in column_names(feature)} == {
                name: wanted[name] for name in column_names(feature)
            }


def touched(before: Core, after: Core) -> set[str]:
    """The people of whom any record differs, their cases', their associates', or one that speaks of everybody."""
    return {person for person in PEOPLE if about(person, before) != about(person, after)}


def about(person: str, core: Core) -> list[list[str]]:
    own = {row["case_id"] for row in core["rows"] if row["person_id"] == person}
    clusters = {member["cluster_id"] for member in core["memberships"] if member["person_id"] == person}
    linked = {person} | {member["person_id"] for member in core["memberships"] if member["cluster_id"] in clusters}
    found = [sorted(own)]
    for name in ("events", "attributes", "memberships", "coverage", "cases"):
        found.append(sorted(str(r) for r in core[name] if owner(r) in (*linked, None) or r.get("case_id") in own))
    return found


@given(core=cores(most=40, linked=3), declared=one_of_each(), data=st.data())
@settings(QUICK, max_examples=12)
def test_an_increment_gives_the_matrix_of_a_full_build(
    con: duckdb.DuckDBPyConnection, core: Core, declared: list[Record], data: st.DataObject
) -> None:
    afresh(con, core)
    first = build_matrix(con, "p", specs(declared))
    assert first.computed == first.rows == len(core["rows"])
    state = data.draw(later(core))
    fill(con, state)
    second = build_matrix(con, "p", specs(declared))
    found = read(con, 'SELECT * FROM features."p__matrix"')
    wanted = matrix(state, declared)
    assert second.rows == len(found)
    assert differing(dict(sorted(found.items())), dict(sorted(wanted.items()))) == []
    people = touched(core, state)
    old = {(row["case_id"], row["as_of"], row["cohort"]) for row in core["rows"]}
    new = [
        row
        for row in state["rows"]
        if row["person_id"] in people or (row["case_id"], row["as_of"], row["cohort"]) not in old
    ]
    assert second.computed <= len(new)
    fill(con, {name: records[::-1] for name, records in state.items()})
    assert build_matrix(con, "p", specs(declared)).computed == 0
    half = specs(declared[::2])  # another specification leaves nothing to keep
    assert build_matrix(con, "p", half).computed == len(state["rows"])
