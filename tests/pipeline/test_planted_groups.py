"""A group recorded or corrected on the as-of date or later is not the group of that day, of a person or of a case."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from data_contracts.core.schema import create_tables
from models.cohorts import build_cohorts, group_values
from models.spec import CohortSpec


@pytest.mark.parametrize("subject", ["person", "case"])
def test_a_group_is_the_one_known_on_the_day(subject: str) -> None:
    spec = CohortSpec.model_validate({"as_of": {"every_months": 12, "first": "2024-01-01"}})
    known = {"told": "2023-12-31", "corrected": "2023-12-31", "late": "2024-01-01"}
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA core")
        create_tables(con)
        for name, day in known.items():
            con.execute(
                'INSERT INTO core."case" (programme, case_id, person_id, cluster_id, opened_at, known_at) '
                "VALUES ('p', $1, $2, $2, DATE '2023-01-01', DATE '2023-01-01')",
                [f"case {name}", f"person {name}"],
            )
            con.execute("INSERT INTO core.attribute VALUES ('p', $1, 'group', 'a', $2)", [f"{subject} {name}", day])
        correction = [f"{subject} corrected", "2024-01-01"]
        con.execute("INSERT INTO core.attribute VALUES ('p', $1, 'group', 'b', $2)", correction)
        build_cohorts(con, "p", spec, date(2024, 3, 1), ["group"])
        found = group_values(con, "p", ["group"]).set_index("case_id")["group"]
        unrecorded = con.execute('SELECT registered FROM cohort.attrition WHERE "group" IS NULL').fetchall()
    assert found["case told"] == found["case corrected"] == "a"
    assert found.isna()["case late"]
    assert unrecorded == [(1,)]
