"""k over quasi-identifiers by hand."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.kanonymity import anonymity


def _con(rows: list[tuple[object, ...]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE TABLE r (person VARCHAR, household VARCHAR, a VARCHAR, b VARCHAR)")
    if rows:
        con.executemany("INSERT INTO r VALUES (?, ?, ?, ?)", rows)
    return con


def test_a_missing_value_is_a_value_of_its_own() -> None:
    con = _con([("1", "1", None, "x"), ("2", "1", None, "x"), ("3", "1", "y", "x")])
    assert anonymity(con, "r", ["a", "b"]).k == 1
    assert anonymity(con, "r", ["b"]).k == 3


def test_several_rows_of_one_person_hide_nobody() -> None:
    con = _con([("1", "1", "y", "x")] * 20 + [(str(n), str(n), "n", "x") for n in range(20)])
    found = anonymity(con, "r", ["a", "b"], ["person"])
    assert (found.k, found.below_internal, found.below_public) == (1, 20, 20)
    assert [(one.column, one.k, one.share_below_public) for one in found.drivers] == [("a", 20, 0.0)]
    assert anonymity(con, "r", ["a", "b"]).k == 20


def test_with_several_keys_the_smallest_number_counts() -> None:
    con = _con([(str(n), "same", "y", "x") for n in range(20)])
    assert anonymity(con, "r", ["a"], ["person", "household"]).k == 1


def test_nothing_is_nothing() -> None:
    found = anonymity(_con([]), "r", ["a", "b"])
    assert (found.rows, found.k, found.drivers) == (0, 0, ())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.just("h"), st.sampled_from(["u", "v", None]), st.sampled_from("xyz")),
        min_size=1,
        max_size=40,
    )
)
def test_as_counted_slowly(rows: list[tuple[object, ...]]) -> None:
    found = anonymity(_con(rows), "r", ["a", "b"], ["person"])
    classes: dict[tuple[object, ...], set[object]] = {}
    for person, _, a, b in rows:
        classes.setdefault((a, b), set()).add(person)
    assert found.k == min(len(people) for people in classes.values())
    assert found.below_internal == sum(len(classes[a, b]) < 5 for _, _, a, b in rows)
