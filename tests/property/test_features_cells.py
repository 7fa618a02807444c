"""Every cell against a slow reference that shares no code with the compiler, on small random cores.

The reference reads the features as plain dictionaries, knows windows from a table of its own and loops over lists.
"""

from __future__ import annotations

import datetime as dt
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from data_contracts.core.schema import create_tables
from features.build import build_matrix
from features.evidence import evidence, evidence_table
from features.spec import FeatureSpec, columns

DAY = dt.date(2020, 3, 1)  # the day after a leap day
EVENT_KINDS = ["count", "distinct", "any", "sum", "mean", "min", "max", "last", "days_since_last", "days_since_first"]
EVENT_KINDS += ["share", "open_episodes", "days_in_episode"]
AS_OFS = [DAY, DAY + dt.timedelta(30)]
WINDOWS: dict[str, tuple[int, int | None]] = {
    "30d": (0, 30),
    "2w": (0, 14),
    "1y": (0, 365),
    "30d..1y": (30, 365),
    "7d..30d": (7, 30),
    "all": (0, None),
}
COHORT = """CREATE SCHEMA cohort;
CREATE TABLE cohort."case" (programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, person_id VARCHAR,
    cluster_id VARCHAR, returning_person BOOLEAN, team VARCHAR);
"""
EVENT_FIELDS = ["event_id", "person_id", "case_id", "event_at", "known_at", "event_type", "category", "value"]
EVENT_FIELDS += ["ended_at", "end_known_at"]  # in the order of core.event


def _features() -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = []
    filters: list[dict[str, Any]] = [
        {"type": "t"},
        {"type": ["t", "u"], "category": "a"},
        {"type": "t", "value": {"at_least": 0, "below": 1.5}},
        {"type": "u", "value": {"above": 0, "at_most": 1.5}},
    ]
    for i, kind in enumerate(EVENT_KINDS):
        for j, window in enumerate(WINDOWS):
            feature: dict[str, Any] = {
                "kind": kind,
                "events": filters[(i // 2 + j) % len(filters)],
                "window": window,
                "scope": ["person", "case"][(i + j) % 2],
            }
            if window == "all":
                feature["reason"] = "tests look back without limit"
            if kind == "share":
                feature["of"] = ["b", "a"][: 1 + j % 2]
            if (i + 2 * j) % 3 == 0:
                feature["source"] = "s"
            if (i + j) % 5 == 0:
                feature["missing"] = ["zero", "missing", -7.5][i % 3]
            every.append(feature)
    for scope in ("person", "case"):
        every += [
            {"kind": "attribute_number", "attribute": "number", "scope": scope},
            {"kind": "attribute_number", "attribute": "number", "scope": scope, "missing": "zero"},
            {"kind": "age_years", "attribute": "birth", "scope": scope},
            *(
                {"kind": "attribute_category", "attribute": "word", "categories": ["x", "it's"], "scope": scope}
                | {"missing": missing}
                for missing in ("missing", "zero", "column")
            ),
        ]
    every += [{"kind": "days_since_opened"}, {"kind": "calendar_month"}]
    for i, feature in enumerate(every):
        feature["name"] = f"f{i}"
        feature["factor"] = f"factor_{i % 7}"
    return every


FEATURES = _features()
SPECS = TypeAdapter(list[FeatureSpec]).validate_python(FEATURES)
BY_KIND = {kind: [i for i, f in enumerate(FEATURES) if f["kind"] == kind] for kind in {f["kind"] for f in FEATURES}}


# ---- random cores -------------------------------------------------------------------------------------------------

# bounds of windows at either as-of date, and the days beside them
EDGES = sorted({a - b - c for a in (0, 30) for b in (0, 7, 14, 30, 365) for c in (-1, 0, 1)})
offsets = st.sampled_from(EDGES) | st.integers(-420, 60)
days = st.sampled_from(AS_OFS) | offsets.map(lambda n: DAY + dt.timedelta(n))
maybe_days = st.none() | days
values = st.sampled_from([None, 0.0, -0.0, 0.1, 0.2, 0.3, 1.5, -2.25, 1e6, 0.0000005, 3.0]) | st.floats(-1e9, 1e9)
people = st.sampled_from(["p0", "p1", "p2"])
case_ids = st.sampled_from(["c0", "c1", "c2", "c3"])
PERSON = {"c0": "p0", "c1": "p1", "c2": "p2", "c3": "p0"}  # p0 has two cases


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    at = draw(days)
    return {
        "person_id": draw(people),
        "case_id": draw(st.none() | case_ids),
        "event_at": at,
        "known_at": draw(st.just(at) | days),
        "event_type": draw(st.sampled_from(["t", "t", "u", "v"])),
        "category": draw(st.sampled_from([None, "a", "b", "c"])),
        "value": draw(values),
        "ended_at": draw(maybe_days),
        "end_known_at": draw(maybe_days),
    }


ATTRIBUTES = {
    "number": st.sampled_from([None, "", " 3 ", "2.5", "10", "-0"]),
    "word": st.sampled_from([None, "", "x", "it's", "y"]),
    "birth": st.sampled_from([None, "2000-02-29", "2000-03-01", "2000-03-02", "2000-03", "1999", "2020-03-31", "2021"]),
}
attributes = st.sampled_from(sorted(ATTRIBUTES)).flatmap(
    lambda name: st.tuples(people | case_ids, st.just(name), ATTRIBUTES[name], days)
)


@st.composite
def coverages(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """One source's spell for somebody, mostly about as long as a window, sometimes in two parts."""
    source = draw(st.sampled_from(["s", "s", "s", "other"]))
    person, case = draw(st.none() | people), draw(st.none() | case_ids)
    if draw(st.integers(0, 3)) == 0:
        return [(source, person, case, draw(maybe_days), draw(maybe_days))]
    near, far = draw(st.sampled_from(sorted(WINDOWS.values(), key=str)))
    as_of, beside = draw(st.sampled_from(AS_OFS)), st.sampled_from([-1, 0, 0, 1])
    first = as_of - dt.timedelta((far or 400) + draw(beside))
    last = as_of - dt.timedelta(near + 1 + draw(beside))
    if draw(st.booleans()):
        return [(source, person, case, first, last)]
    middle = first + (last - first) / 2
    return [
        (source, person, case, first, middle),
        (
            source,
            person,
            draw(st.sampled_from([None, case])),
            middle + dt.timedelta(draw(st.sampled_from([0, 1, 2]))),
            last,
        ),
    ]


openings = st.fixed_dictionaries({case: st.tuples(days, days) for case in PERSON})
cores = st.fixed_dictionaries(
    {
        "events": st.lists(events(), max_size=25),
        "attributes": st.lists(attributes, max_size=12),
        "coverage": st.lists(coverages(), max_size=3).map(lambda parts: [row for rows in parts for row in rows]),
        "openings": openings,
    }
)


def _rows(core: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (core.get("ids", {}).get(i, f"e{i}"), *(event[field] for field in EVENT_FIELDS[1:]))
        for i, event in enumerate(core["events"])
    ]


def _fill(con: duckdb.DuckDBPyConnection, programme: str, core: dict[str, Any], event_rows: list[Any]) -> None:
    def insert(table: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            marks = ", ".join("?" * (len(rows[0]) + 1))
            con.execute(
                f"INSERT INTO {table} VALUES {', '.join([f'({marks})'] * len(rows))}",
                [value for row in rows for value in (programme, *row)],
            )

    insert(
        'cohort."case"',
        [(f"k{a}", a, case, PERSON[case], "h", False, None) for a in core.get("as_ofs", AS_OFS) for case in PERSON],
    )
    insert(
        'core."case"',
        [(c, PERSON[c], "h", at, None, None, None, known) for c, (at, known) in core["openings"].items()],
    )
    insert("core.attribute", core["attributes"])
    insert("core.coverage", core["coverage"])
    insert("core.event", [(*row, "raw", i) for i, row in enumerate(event_rows)])


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    create_tables(connection)
    connection.execute(COHORT)
    return connection


def _clear(con: duckdb.DuckDBPyConnection) -> None:
    for table in ('cohort."case"', 'core."case"', "core.attribute", "core.event", "core.coverage"):
        con.execute(f"DELETE FROM {table}")


def _matrix(con: duckdb.DuckDBPyConnection, programme: str = "p", specs: Any = SPECS) -> dict[Any, list[Any]]:
    count = build_matrix(con, programme, specs)
    rows = con.execute(f'SELECT * FROM features."{programme}__matrix"').fetchall()
    assert len(rows) == count
    return {(row[1], row[2]): list(row[3:]) for row in rows}


# ---- the reference ------------------------------------------------------------------------------------------------


def _usable(
    feature: dict[str, Any], case: str, as_of: dt.date, core: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """(id, event) inside filter and window that the cell may use."""
    near, far = WINDOWS[feature["window"]]
    wanted = feature["events"]
    types = [wanted["type"]] if isinstance(wanted["type"], str) else wanted["type"]
    found = []
    for i, event in enumerate(core["events"]):
        if feature["scope"] == "case" and event["case_id"] != case:
            continue
        if feature["scope"] == "person" and event["person_id"] != PERSON[case]:
            continue
        age = (as_of - event["event_at"]).days
        if event["known_at"] >= as_of or age <= 0 or age <= near or (far is not None and age > far):
            continue
        if event["event_type"] not in types:
            continue
        if "category" in wanted and event["category"] != wanted["category"]:
            continue
        limits = wanted.get("value", {})
        value = event["value"]
        if limits and value is None:
            continue
        if "at_least" in limits and value < limits["at_least"]:
            continue
        if "above" in limits and value <= limits["above"]:
            continue
        if "at_most" in limits and value > limits["at_most"]:
            continue
        if "below" in limits and value >= limits["below"]:
            continue
        if feature["kind"] in ("sum", "mean", "min", "max", "last") and value is None:
            continue
        if feature["kind"] == "distinct" and event["category"] is None:
            continue
        if feature["kind"] in ("open_episodes", "days_in_episode"):
            ended, known = event["ended_at"], event["end_known_at"]
            if ended is not None and known is not None and ended < as_of and known < as_of:
                continue
        found.append((core.get("ids", {}).get(i, f"e{i}"), event))
    return found


def _collected(feature: dict[str, Any], case: str, as_of: dt.date, core: dict[str, Any]) -> bool:
    near, far = WINDOWS[feature["window"]]
    for back in range(near + 1, (far or near + 1) + 1):
        day = as_of - dt.timedelta(back)
        if not any(
            source == "s"
            and person in (None, PERSON[case])
            and of_case in (None, case)
            and (since is None or since <= day)
            and (until is None or day <= until)
            for source, person, of_case, since, until in core["coverage"]
        ):
            return False
    return True


def _micro(value: float) -> int:
    return int(Decimal(value * 1e6).quantize(Decimal(1), ROUND_HALF_UP))


def _event_cell(feature: dict[str, Any], used: list[dict[str, Any]], as_of: dt.date) -> float | None:
    ages = [(as_of - event["event_at"]).days for event in used]
    kind = feature["kind"]
    if not used:
        return None
    if kind in ("count", "open_episodes"):
        return len(used)
    if kind == "distinct":
        return len({event["category"] for event in used})
    if kind == "any":
        return 1
    if kind == "sum":
        return sum(_micro(event["value"]) for event in used) / 1e6
    if kind == "mean":
        return sum(_micro(event["value"]) for event in used) / 1e6 / len(used)
    if kind == "min":
        return min(event["value"] for event in used) + 0.0
    if kind == "max":
        return max(event["value"] for event in used) + 0.0
    if kind == "last":
        return max((event["event_at"], event["known_at"], event["value"]) for event in used)[2] + 0.0
    if kind == "days_since_last":
        return min(ages)
    if kind in ("days_since_first", "days_in_episode"):
        return max(ages)
    assert kind == "share"
    return sum(event["category"] in feature["of"] for event in used) / len(used)


COUNTS = ("count", "distinct", "any", "sum", "open_episodes")


def _attribute(feature: dict[str, Any], case: str, as_of: dt.date, core: dict[str, Any]) -> str | None:
    subject = case if feature["scope"] == "case" else PERSON[case]
    known = [
        (known_at, (value or "").strip())
        for owner, name, value, known_at in core["attributes"]
        if owner == subject and name == feature["attribute"] and known_at < as_of
    ]
    return max(known)[1] or None if known else None


def reference(feature: dict[str, Any], case: str, as_of: dt.date, core: dict[str, Any]) -> list[float | None]:
    kind = feature["kind"]
    missing = {"zero": 0.0, "missing": None}.get(feature.get("missing"), feature.get("missing"))
    if kind == "calendar_month":
        return [as_of.month]
    if kind == "days_since_opened":
        at, known = core["openings"][case]
        return [(as_of - at).days if known < as_of else None]
    if "attribute" in feature:
        value = _attribute(feature, case, as_of, core)
        if kind == "attribute_number":
            return [missing if value is None else float(value)]
        if kind == "age_years":
            if value is None:
                return [missing]
            year, month, day = ([int(part) for part in value.split("-")] + [1, 1])[:3]
            if dt.date(year, month, day) > as_of:
                return [missing]
            return [as_of.year - year - ((as_of.month, as_of.day) < (month, day))]
        if value is None:
            nothing = None if feature["missing"] == "missing" else 0
            return [nothing, nothing] + [1] * (feature["missing"] == "column")
        return [int(value == "x"), int(value == "it's")] + [0] * (feature["missing"] == "column")
    if "source" in feature and not _collected(feature, case, as_of, core):
        return [None]
    if "missing" not in feature:
        missing = 0 if kind in COUNTS else None
    cell = _event_cell(feature, [event for _, event in _usable(feature, case, as_of, core)], as_of)
    return [missing if cell is None else cell]


def _bits(cells: list[Any]) -> list[str | None]:
    return [None if cell is None else float(cell).hex() for cell in cells]  # tells 0.0 from -0.0


# ---- properties ---------------------------------------------------------------------------------------------------


@given(core=cores)
@settings(max_examples=60, deadline=None)
def test_every_cell_equals_the_reference(con: duckdb.DuckDBPyConnection, core: dict[str, Any]) -> None:
    _clear(con)
    _fill(con, "p", core, _rows(core))
    names = [column.name for column in columns(SPECS)]
    for (as_of, case), cells in _matrix(con).items():
        expected = [cell for feature in FEATURES for cell in reference(feature, case, as_of, core)]
        assert dict(zip(names, _bits(cells), strict=True)) == dict(zip(names, _bits(expected), strict=True))


@st.composite
def not_yet_known(draw: st.DrawFn) -> dict[str, Any]:
    """An event that happens on or after the as-of date, or is known only then."""
    event = draw(events())
    late = DAY + dt.timedelta(draw(st.sampled_from([0, 1]) | st.integers(0, 40)))
    if draw(st.booleans()):
        event["event_at"] = late
    else:
        event["event_at"] = DAY - dt.timedelta(draw(st.integers(1, 60)))
        event["known_at"] = late
    return event


@given(
    core=cores,
    late=st.lists(not_yet_known(), max_size=8),
    ends=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 400), st.integers(0, 40), st.booleans()), max_size=8),
    corrections=st.lists(attributes, max_size=5),
    repeated=st.lists(st.integers(0, 24), max_size=4),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_the_future_order_and_repeats_change_nothing(
    con: duckdb.DuckDBPyConnection,
    core: dict[str, Any],
    late: list[dict[str, Any]],
    ends: list[tuple[int, int, int, bool]],
    corrections: list[tuple[Any, ...]],
    repeated: list[int],
    seed: int,
) -> None:
    core = {**core, "as_ofs": [DAY]}
    _clear(con)
    _fill(con, "p", core, _rows(core))
    before = {key: _bits(cells) for key, cells in _matrix(con).items()}

    changed = [dict(event) for event in core["events"]]
    unended = [event for event in changed if event["ended_at"] is None]
    for i, back, ahead, recorded_late in ends if unended else []:
        # an end recorded too late, or an end that lies ahead
        past, future = DAY - dt.timedelta(back), DAY + dt.timedelta(ahead)
        unended[i % len(unended)] |= {
            "ended_at": past if recorded_late else future,
            "end_known_at": future if recorded_late else past - dt.timedelta(1),
        }
    later = [(who, name, value, max(known, DAY)) for who, name, value, known in corrections]
    planted = {
        **core,
        "events": changed + late,
        "attributes": random.Random(seed).sample(core["attributes"] + later, len(core["attributes"]) + len(later)),
    }
    rows = _rows(planted)
    rows += [rows[i % len(rows)] for i in repeated if rows]
    random.Random(seed).shuffle(rows)
    _clear(con)
    _fill(con, "p", planted, rows)
    assert {key: _bits(cells) for key, cells in _matrix(con).items()} == before


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_evidence_is_what_the_cell_uses_and_enough_for_it(con: duckdb.DuckDBPyConnection, kind: str) -> None:
    @given(core=cores, which=st.sampled_from(BY_KIND[kind]), case=case_ids, as_of=st.sampled_from(AS_OFS))
    @settings(max_examples=12, deadline=None)
    def holds(core: dict[str, Any], which: int, case: str, as_of: dt.date) -> None:
        feature, spec = FEATURES[which], SPECS[which]
        _clear(con)
        _fill(con, "p", core, _rows(core))
        used = _usable(feature, case, as_of, core)
        if "source" in feature and not _collected(feature, case, as_of, core):
            used = []
        ids = evidence(con, "p", spec, case, as_of)
        newest_first = sorted(used, key=lambda item: (-item[1]["event_at"].toordinal(), item[0]))
        assert ids == [identifier for identifier, _ in newest_first]
        _fill(con, "only", core, [row for row in _rows(core) if row[0] in ids])
        whole, alone = _matrix(con, "p", [spec]), _matrix(con, "only", [spec])
        assert _bits(alone[as_of, case]) == _bits(whole[as_of, case])

    holds()


@given(core=cores)
@settings(max_examples=25, deadline=None)
def test_the_evidence_of_a_factor_is_that_of_its_features(con: duckdb.DuckDBPyConnection, core: dict[str, Any]) -> None:
    _clear(con)
    _fill(con, "p", core, _rows(core))
    table = evidence_table(con, "p", SPECS, DAY)
    assert len(table) == len(PERSON) * len({feature["factor"] for feature in FEATURES})
    for row in table.itertuples(index=False):
        found: dict[str, dt.date] = {}
        for feature in FEATURES:
            if feature["factor"] != row.factor:
                continue
            if "events" in feature:
                if "source" not in feature or _collected(feature, row.case_id, DAY, core):
                    found |= {i: event["event_at"] for i, event in _usable(feature, row.case_id, DAY, core)}
            elif "attribute" in feature:
                if _attribute(feature, row.case_id, DAY, core) is not None:
                    subject = row.case_id if feature["scope"] == "case" else PERSON[row.case_id]
                    known = max(
                        a[3] for a in core["attributes"] if a[:2] == (subject, feature["attribute"]) and a[3] < DAY
                    )
                    found[f"attribute:{feature['attribute']}@{known}"] = known
            elif feature["kind"] == "days_since_opened" and core["openings"][row.case_id][1] < DAY:
                opened = core["openings"][row.case_id][0]
                found[f"case@{opened}"] = opened
        assert row.evidence_count == len(found)
        newest = sorted(found, key=lambda i: (-found[i].toordinal(), i))[:20]
        assert row.evidence_ids == newest
        age = (DAY - max(found.values())).days if found else None
        assert (None if not found else row.evidence_age_days) == age
