"""Both programmes ask core.coverage before they take nothing for zero, through their real packs.

What student_support does with the official files stands in test_student_support.py.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from data_contracts.core import build_core
from data_contracts.delivery import find_files
from data_contracts.dummy import dummy
from data_contracts.ingest import accept_delivery, land
from data_contracts.keys import load_key
from data_contracts.privacy import privacy_gate
from data_contracts.warehouse import open_warehouse
from features.build import build_matrix
from features.fields import EventFeature
from models.cohorts import build_cohorts
from pipelines.packs import load_pack

AS_OF = date(2025, 1, 1)


@pytest.mark.parametrize(("name", "types"), [("student_support", {"clicks"}), ("family_support", {"absence"})])
def test_what_is_collected_for_some_only_always_names_its_source(name: str, types: set[str]) -> None:
    features = [f for f in load_pack(name).programme.features if isinstance(f, EventFeature)]
    asked = {f.name for f in features if f.source is not None}
    assert asked == {f.name for f in features if types & set(f.events.type)}
    assert len(asked) >= 3


@pytest.mark.slow
def test_school_absence_is_missing_outside_school_age_and_zero_where_nobody_was_absent(tmp_path: Path) -> None:
    pack = load_pack("family_support")
    dummy(pack.name, pack.contract, 400, tmp_path / "data", "even")
    key = load_key(tmp_path / "key", warehouse_exists=False).for_programme(pack.name)
    delivery = find_files(pack.contract, tmp_path / "data", today=AS_OF)
    privacy_gate(pack.contract, delivery)
    con = open_warehouse(tmp_path / "warehouse.duckdb")
    accept_delivery(con, pack.name, land(con, pack.name, pack.contract, delivery, key).delivery_id)
    build_core(con, pack.name, pack.contract, pack.programme.core)
    build_cohorts(con, pack.name, pack.programme.cohort, AS_OF, pack.programme.protected.attributes)
    build_matrix(con, pack.name, pack.programme.features)
    spells = con.execute(
        'SELECT person_id, case_id, "from", "to" FROM core.coverage WHERE source = \'school\''
    ).fetchall()
    rows = con.execute(
        f"""SELECT person_id, case_id, as_of, absence_90d, absence_180d, worst_month_absence_90d, referrals_90d
        FROM features."{pack.name}__matrix" m JOIN cohort."case" c USING (cohort, as_of, case_id)"""
    ).fetchall()
    con.close()

    def collected(person: str, case: str, as_of: date, days: int) -> bool:
        wanted = {as_of - timedelta(n) for n in range(1, days + 1)}
        for who, which, first, last in spells:
            if who == person and which == case:
                wanted -= {first + timedelta(n) for n in range((last - first).days + 1)}
        return not wanted

    seen = set()
    for person, case, as_of, short, long, worst, referrals in rows:
        inside = collected(person, case, as_of, 90)
        assert (short is not None, worst is not None) == (inside, inside)
        assert (long is not None) == collected(person, case, as_of, 180)
        assert referrals is not None, "no source: nothing happened is 0"
        seen |= {(inside, short == 0)}
    assert seen == {(True, True), (True, False), (False, False)}
