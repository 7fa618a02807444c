"""Random records and features for the tests of features/.

Belongs here: what Hypothesis draws, and other states of the same records.
Does not belong here: what features mean (features_reference), the warehouse (features_warehouse), or what must hold.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.features_reference import CASE_KINDS, EVENT_KINDS, LAGS, WINDOWS, Core, Record

KINDS = (*EVENT_KINDS, *CASE_KINDS)
DAY = dt.date(2020, 3, 1).toordinal()  # the day after a leap day
AS_OFS = (DAY, DAY + 1, DAY + 30)
PERSON = {"c0": "p0", "c1": "p1", "c2": "p2", "c3": "p3", "c4": "p4", "c5": "p0"}  # p0 has two cases
PEOPLE = sorted(set(PERSON.values()))
ROWS: list[Record] = [
    {"person_id": PERSON[case], "case_id": case, "as_of": as_of, "cohort": cohort}
    for cohort, cases in (("k", PERSON), ("j", ["c5"]))  # one case stands in two cohorts on a day
    for case in cases
    for as_of in AS_OFS
]

# ---- features -----------------------------------------------------------------------------------------------------

FILTERS: list[Record] = [
    {"type": ["t"]},
    {"type": ["t", "u"]},
    {"type": ["t", "u"], "category": ["a"]},
    {"type": ["t"], "category": ["b", "c"]},
    {"type": ["t"], "value": {"at_least": 0, "below": 1.5}},
    {"type": ["t", "u"], "value": {"above": 0, "at_most": 1.5}},
]
ATTRIBUTE = {"attribute_number": "number", "attribute_category": "word", "age_years": "birth"}


@st.composite
def features(draw: st.DrawFn, kind: str) -> Record:
    """A feature of one kind as a pack declares it, still without its name."""
    feature: Record = {"kind": kind}
    if kind in ATTRIBUTE:
        feature |= {"attribute": ATTRIBUTE[kind], "scope": draw(st.sampled_from(["person", "case"]))}
    if kind == "attribute_category":
        feature["missing"] = draw(st.sampled_from(["missing", "zero", "column"]))
        return feature | {"categories": ["x", "it's"]}
    if kind in ATTRIBUTE:
        return feature | draw(st.sampled_from([{}, {"missing": "zero"}, {"missing": -7.5}]))
    if kind not in EVENT_KINDS:
        return feature
    lag = draw(st.none() | st.sampled_from(list(LAGS)))
    limited = kind in ("rate", "change")
    # the window's days without those within the lag
    spans = {w: (max(near, LAGS[lag]), far) for w, (near, far) in WINDOWS.items() if far is None or far > LAGS[lag]}
    windows = [window for window, (_, far) in spans.items() if far is not None or not limited]
    long = [window for window in windows if window in ("30d", "1y", "all")]
    window = draw(st.sampled_from(windows) | st.sampled_from(long))
    feature |= {
        "events": draw(st.sampled_from(FILTERS[:2]) | st.sampled_from(FILTERS)),
        "window": window,
        "scope": draw(st.sampled_from(["person", "case", "association"])),
    }
    if kind == "share":
        # of categories that are left out, or of all that count, no share is asked for
        feature["events"] = draw(st.sampled_from([e for e in FILTERS if e.get("category") != ["a"]]))
        feature["of"] = ["b"] if "category" in feature["events"] else draw(st.sampled_from([["b"], ["b", "a"]]))
    if kind == "change":
        feature["compared_with"] = draw(st.sampled_from([w for w in windows if spans[w] != spans[window]]))
        feature["measure"] = draw(st.sampled_from(["count", "sum", "mean"]))
    if lag is not None:
        feature["lag"] = lag
    if window == "all":
        feature["reason"] = "tests look back without limit"
    missing: Any = draw(st.sampled_from([None, None, None, "zero", "missing", -7.5]))
    if missing is not None:
        feature["missing"] = missing
    if feature["scope"] != "association" and draw(st.sampled_from([False, False, True])):
        feature["source"] = "s"
    return feature


@st.composite
def one_of_each(draw: st.DrawFn, kinds: Sequence[str] = KINDS) -> list[Record]:
    """A feature of each kind, each with a factor of its own."""
    return [draw(features(kind)) | {"name": f"f{i}_{kind}", "factor": f"f{i}"} for i, kind in enumerate(kinds)]


# ---- records ------------------------------------------------------------------------------------------------------

# bounds of windows and lags at every as-of date, and the days beside them
BOUNDS = sorted({b for window in WINDOWS.values() for b in window if b is not None} | set(LAGS.values()))
EDGES = sorted({as_of - bound - beside for as_of in AS_OFS for bound in BOUNDS for beside in (-1, 0, 1)})
days = st.sampled_from(EDGES) | st.integers(DAY - 60, DAY + 30) | st.integers(DAY - 800, DAY + 60)
edge_days = st.sampled_from([as_of - lag for as_of in AS_OFS for lag in LAGS.values()]) | days
maybe_edge = st.none() | edge_days
# ties, both zeros, what rounds up and down in the seventh decimal, the smallest and largest numbers there are
SPECIAL = [
    None,
    0.0,
    -0.0,
    0.1,
    0.1,
    0.2,
    0.3,
    1.5,
    -2.25,
    3.0,
    1e6,
    5e-7,
    -5e-7,
    1.4999999,
    5e-324,
    -1e-300,
    1e12,
    -1e12,
]
values = st.sampled_from(SPECIAL) | st.floats(-1e12, 1e12) | st.floats(-10, 10)
people = st.sampled_from(PEOPLE)
unevenly = st.sampled_from([*["p0"] * 5, *["p1"] * 5, "p2", "p2", "p3", "p4"])  # with one event each tells on its own
cases = st.sampled_from(sorted(PERSON))


@st.composite
def events(draw: st.DrawFn, pool: Sequence[int] = ()) -> Record:
    """An event, mostly on a day of the pool, so that many share one."""
    some = st.sampled_from(pool) if pool else days
    at = draw(some | days)
    return {
        "person_id": draw(unevenly),
        "case_id": draw(st.none() | cases),
        "event_at": at,
        "known_at": draw(st.just(at) | some | days),
        "event_type": draw(st.sampled_from(["t", "t", "u", "v"])),
        "category": draw(st.sampled_from([None, "a", "b", "c"])),
        "value": draw(values),
        "ended_at": draw(st.none() | some | edge_days),
        "end_known_at": draw(st.none() | some | edge_days),
    }


def named(records: Iterable[Record], prefix: str = "e") -> list[Record]:
    """The events with ids."""
    return [{"event_id": f"{prefix}{i}"} | record for i, record in enumerate(records)]


ATTRIBUTES = {
    "number": st.sampled_from([None, "", " 3 ", "2.5", "10", "-0"]),
    "word": st.sampled_from([None, "", "x", "it's", "y"]),
    "birth": st.sampled_from([None, "2000-02-29", "2000-03-01", "2000-03-02", "2000-03", "1999", "2020-03-31", "2021"]),
}
attributes = st.sampled_from(sorted(ATTRIBUTES)).flatmap(
    lambda name: st.fixed_dictionaries(
        {"subject_id": people | cases, "name": st.just(name), "value": ATTRIBUTES[name], "known_at": edge_days}
    )
)
memberships = st.fixed_dictionaries(
    {
        "person_id": people,
        "cluster_id": st.sampled_from(["h0", "h1"]),
        "from": maybe_edge,
        "to": maybe_edge,
        "known_at": st.just(DAY - 40) | edge_days,
    }
)


@st.composite
def coverages(draw: st.DrawFn) -> list[Record]:
    """A source's spell for somebody, mostly about as long as a window, sometimes in two parts."""
    spell = {
        "source": draw(st.sampled_from(["s", "s", "s", "other"])),
        "person_id": draw(st.none() | people),
        "case_id": draw(st.none() | cases),
    }
    if draw(st.integers(0, 3)) == 0:
        return [spell | {"from": draw(maybe_edge), "to": draw(maybe_edge)}]
    near, far = draw(st.sampled_from(sorted(WINDOWS.values(), key=str)))
    near = max(near, draw(st.sampled_from(sorted(LAGS.values()))))
    as_of, beside = draw(st.sampled_from(AS_OFS)), st.sampled_from([-1, 0, 0, 1])
    first, last = as_of - (far or 400) - draw(beside), as_of - near - 1 - draw(beside)
    if draw(st.booleans()):
        return [spell | {"from": first, "to": last}]
    middle, gap = (first + last) // 2, draw(st.sampled_from([0, 1, 2]))
    other = draw(st.sampled_from([None, spell["case_id"]]))
    return [spell | {"from": first, "to": middle}, spell | {"from": middle + gap, "to": last, "case_id": other}]


@st.composite
def cores(draw: st.DrawFn, least: int = 0, most: int = 80, linked: int = 12) -> Core:
    """The records of five people: the events, attributes, memberships, coverage, cases and rows of one warehouse."""
    pool = draw(st.lists(days, min_size=1, max_size=8))
    count = draw(st.integers(least, most))  # lists without a least size come out short
    left_out = draw(st.sets(st.integers(0, len(ROWS) - 1), max_size=8))
    return {
        "events": named(draw(st.lists(events(pool), min_size=count, max_size=count))),
        "attributes": draw(st.lists(attributes, min_size=min(count, 12), max_size=20)),
        "memberships": draw(st.lists(memberships, min_size=min(count, linked // 2), max_size=linked)),
        "coverage": [spell for spells in draw(st.lists(coverages(), max_size=4)) for spell in spells],
        "cases": [
            {"case_id": case, "person_id": PERSON[case], "opened_at": draw(days), "known_at": draw(edge_days)}
            for case in PERSON
        ],
        "rows": [row for i, row in enumerate(ROWS) if i not in left_out],
    }


# ---- other states of the same records ------------------------------------------------------------------------------

past = st.integers(1, 60).map(lambda back: DAY - back)
future = st.just(DAY) | st.just(DAY) | st.integers(DAY, DAY + 40)


@st.composite
def unknown_events(draw: st.DrawFn) -> Record:
    """An event that happens on DAY or later, entered ahead of it or not, or one that is known only then."""
    times = [
        {"event_at": draw(future), "known_at": draw(past)},
        {"event_at": draw(past), "known_at": draw(future)},
        {"event_at": draw(future), "known_at": draw(future)},
    ]
    return draw(events()) | draw(st.sampled_from(times))


def ended(event: Record) -> bool:
    """Whether the event had ended before DAY, and this was known."""
    return all(event[field] is not None and event[field] < DAY for field in ("ended_at", "end_known_at"))


@st.composite
def with_the_future(draw: st.DrawFn, core: Core) -> Core:
    """The records in another order, some events repeated, and more of everything that was not known on DAY."""
    known = []
    for event in core["events"]:
        # an end that lies ahead, or one that is recorded late
        ends: list[Record] = [
            {"ended_at": draw(future), "end_known_at": draw(past)},
            {"ended_at": draw(past), "end_known_at": draw(future)},
            {"ended_at": draw(past), "end_known_at": DAY},
            {"ended_at": DAY, "end_known_at": draw(past)},
        ]
        known.append(event if ended(event) else event | draw(st.sampled_from(ends)))
    # a household that nobody but one belongs to before DAY
    member: Record = {"cluster_id": "h9", "from": None, "to": None}
    household = [member | {"person_id": draw(people), "known_at": draw(past)}]
    for person in PEOPLE:
        joining = draw(st.sampled_from([{"known_at": draw(future)}, {"known_at": draw(past), "from": draw(future)}]))
        household.append(member | {"person_id": person} | joining)
    planted = {
        "events": known
        + (draw(st.lists(st.sampled_from(known), max_size=4)) if known else [])
        + named(draw(st.lists(unknown_events(), min_size=16, max_size=24)), "late"),
        "attributes": core["attributes"]
        + [attribute | {"known_at": draw(future)} for attribute in draw(st.lists(attributes, min_size=8, max_size=12))],
        "memberships": core["memberships"] + household,
        "cases": [
            case if case["known_at"] < DAY else case | {"opened_at": draw(days), "known_at": draw(future)}
            for case in core["cases"]
        ],
    }
    order = random.Random(draw(st.integers(0, 999)))
    return {name: order.sample(records, len(records)) for name, records in (core | planted).items()}


@st.composite
def later(draw: st.DrawFn, core: Core) -> Core:
    """Another state of the core tables: other records of some people, other rows, perhaps other coverage for all."""
    who = draw(st.sampled_from([{"p0"}, {"p1"}, {"p2"}, {"p3"}, {"p0", "p1"}, set()]))
    other = draw(cores(most=20, linked=2))
    state: Core = {"rows": other["rows"] if draw(st.booleans()) else core["rows"]}
    for name in ("events", "attributes", "memberships", "coverage", "cases"):
        state[name] = [record for record in core[name] if owner(record) not in who]
    for name in ("attributes", "memberships", "coverage", "cases"):
        state[name] += [record for record in other[name] if owner(record) in who]
    # of their own events some go, some stay and some are corrected; others are added under new ids
    for event in core["events"]:
        if owner(event) in who and draw(st.booleans()):
            end = {"ended_at": draw(maybe_edge), "end_known_at": draw(maybe_edge)}
            corrections: list[Record] = [{}, {"value": draw(values)}, {"known_at": draw(days)}, end]
            state["events"].append(event | draw(st.sampled_from(corrections)))
    added = [event for event in other["events"] if owner(event) in who]
    state["events"] += [event | {"event_id": f"new {event['event_id']}"} for event in added]
    if draw(st.integers(1, 10)) == 10:
        state["coverage"] += [s for s in other["coverage"] if owner(s) is None]
    return state


def owner(record: Record) -> str | None:
    """The person whose the record is; None for everybody."""
    subject = record.get("subject_id") or record.get("person_id") or record.get("case_id")
    return PERSON.get(str(subject), subject)


def only(core: Core, ids: Collection[str], prefix: str) -> Core:
    """The core with these records of evidence and no other; with a prefix to every id, so that many fit in one core."""
    kept = core | {
        "events": [event for event in core["events"] if event["event_id"] in ids],
        "attributes": [a for a in core["attributes"] if f"attribute:{a['name']}@{iso(a['known_at'])}" in ids],
        "cases": [case for case in core["cases"] if f"case@{iso(case['opened_at'])}" in ids],
    }
    whose = {"event_id", "person_id", "case_id", "subject_id", "cluster_id"}
    return {
        name: [
            {field: f"{prefix}{value}" if field in whose and value is not None else value for field, value in r.items()}
            for r in records
        ]
        for name, records in kept.items()
    }


def together(several: Iterable[Core]) -> Core:
    """The records of several cores in one."""
    every = list(several)
    return {name: [record for core in every for record in core[name]] for name in every[0]}


def iso(day: int) -> str:
    """A day number as YYYY-MM-DD."""
    return dt.date.fromordinal(day).isoformat()
