"""What every feature means, computed the slow and obvious way: the reference that the two engines are held to.

Belongs here: each kind over plain dictionaries, day numbers and loops, and which records it uses. It imports nothing of
features/ and knows windows and lags from its own tables.
Does not belong here: random records (features_cores), or putting them into a warehouse (features_warehouse).

A feature is a dictionary as a pack declares it. Days are numbers (`date.toordinal`). The records are

- events: event_id, person_id, case_id, event_at, known_at, event_type, category, value, ended_at, end_known_at
- attributes: subject_id, name, value, known_at
- memberships: person_id, cluster_id, from, to, known_at
- coverage: source, person_id, case_id, from, to
- cases: case_id, person_id, opened_at, known_at
- rows: person_id, case_id, as_of, cohort
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Record = dict[str, Any]
Core = dict[str, list[Record]]
Matrix = dict[tuple[str, int, str], dict[str, str | None]]  # cells as their bits

WINDOWS: dict[str, tuple[int, int | None]] = {
    "1d": (0, 1),
    "2w": (0, 14),
    "30d": (0, 30),
    "7d..30d": (7, 30),
    "30d..1y": (30, 365),
    "1y": (0, 365),
    "1y..2y": (365, 730),
    "all": (0, None),
}
LAGS = {None: 0, "1d": 1, "7d": 7, "2w": 14, "30d": 30}

ZERO_KINDS = ("count", "distinct", "any", "sum", "rate", "open_episodes", "episode_days")
VALUE_KINDS = ("sum", "mean", "std", "slope", "min", "max", "first", "last")
OPEN_KINDS = ("open_episodes", "days_in_episode")
DAY_KINDS = ("days_since_last", "days_since_first", "longest_gap", "days_in_episode")
EVENT_KINDS = (*ZERO_KINDS, *VALUE_KINDS[1:], *DAY_KINDS, "share", "change")
CASE_KINDS = ("attribute_number", "attribute_category", "age_years", "days_since_opened", "calendar_month")


class Records:
    """The records by whom they are of: loops over everything would take hours on 2,000 people, nothing else."""

    def __init__(self, core: Core) -> None:
        self.of: dict[tuple[str, str], list[Record]] = {}
        for event in {event["event_id"]: event for event in core["events"]}.values():  # a repeated event counts once
            for scope in ("person", "case"):
                self.of.setdefault((scope, event[f"{scope}_id"]), []).append(event)
        for attribute in core["attributes"]:
            self.of.setdefault(("attribute", attribute["subject_id"]), []).append(attribute)
        for case in core["cases"]:
            self.of.setdefault(("opened", case["case_id"]), []).append(case)
        for spell in core["coverage"]:
            self.of.setdefault(("collected", spell["person_id"] or "everybody"), []).append(spell)
        for member in core["memberships"]:
            self.of.setdefault(("clusters", member["person_id"]), []).append(member)
            self.of.setdefault(("members", member["cluster_id"]), []).append(member)

    def __getitem__(self, what: tuple[str, str]) -> list[Record]:
        return self.of.get(what, [])


# ---- what was known -----------------------------------------------------------------------------------------------


def events_in_scope(feature: Record, row: Record, records: Records) -> list[Record]:
    if feature["scope"] != "association":
        return records[feature["scope"], row[f"{feature['scope']}_id"]]
    return [event for person in associates(row, records) for event in records["person", person]]


def associates(row: Record, records: Records) -> list[str]:
    """The other people who were known at as_of to belong to one of the person's clusters."""
    mine = {m["cluster_id"] for m in records["clusters", row["person_id"]] if belongs(m, row["as_of"])}
    others = {m["person_id"] for cluster in mine for m in records["members", cluster] if belongs(m, row["as_of"])}
    return sorted(others - {row["person_id"]})


def belongs(member: Record, as_of: int) -> bool:
    since, until = member["from"], member["to"]
    return member["known_at"] < as_of and (since is None or since < as_of) and (until is None or until >= as_of)


def passes(event: Record, wanted: Record) -> bool:
    types = wanted["type"] if isinstance(wanted["type"], list) else [wanted["type"]]
    if event["event_type"] not in types:
        return False
    if "category" in wanted and event["category"] not in wanted["category"]:
        return False
    if "value" not in wanted:
        return True
    value, limits = event["value"], wanted["value"]
    return (
        value is not None
        and ("at_least" not in limits or value >= limits["at_least"])
        and ("above" not in limits or value > limits["above"])
        and ("at_most" not in limits or value <= limits["at_most"])
        and ("below" not in limits or value < limits["below"])
    )


def closed(event: Record, before: int) -> bool:
    ended, known = event["ended_at"], event["end_known_at"]
    return ended is not None and known is not None and ended < before and known < before


def usable(feature: Record, event: Record) -> bool:
    kind = feature["kind"]
    if kind in VALUE_KINDS or (kind == "change" and feature["measure"] != "count"):
        return event["value"] is not None
    return kind != "distinct" or event["category"] is not None


def spans(feature: Record) -> list[tuple[int, int | None]]:
    """The feature's windows without what lies within the lag."""
    texts = [feature["window"]] + ([feature["compared_with"]] if feature["kind"] == "change" else [])
    return [(max(WINDOWS[text][0], LAGS[feature.get("lag")]), WINDOWS[text][1]) for text in texts]


def within(day: int, as_of: int, span: tuple[int, int | None]) -> bool:
    near, far = span
    return day < as_of - near and (far is None or day >= as_of - far)


def used(feature: Record, row: Record, records: Records) -> list[list[Record]]:
    """The events that the cell uses, for each of its windows."""
    as_of = row["as_of"]
    before = as_of - LAGS[feature.get("lag")]
    past = [
        event
        for event in events_in_scope(feature, row, records)
        if event["event_at"] < before
        and event["known_at"] < before
        and passes(event, feature["events"])
        and usable(feature, event)
        and not (feature["kind"] in OPEN_KINDS and closed(event, before))
    ]
    if feature["kind"] == "episode_days":
        return [[event for event in past if open_days(event, before, as_of, spans(feature)[0])]]
    return [[event for event in past if within(event["event_at"], as_of, span)] for span in spans(feature)]


def open_days(event: Record, before: int, as_of: int, span: tuple[int, int | None]) -> range:
    """The days in the window on which the episode was open; the day of its end counts."""
    near, far = span
    end = event["ended_at"] if closed(event, before) else before - 1
    first = event["event_at"] if far is None else max(event["event_at"], as_of - far)
    return range(first, min(end, as_of - near - 1) + 1)


def collected(feature: Record, row: Record, records: Records) -> bool:
    """Whether the feature's source was collected over the whole of each window (for `all`: on its newest day)."""
    spells = [
        (-math.inf if spell["from"] is None else spell["from"], math.inf if spell["to"] is None else spell["to"])
        for spell in records["collected", row["person_id"]] + records["collected", "everybody"]
        if spell["source"] == feature["source"] and spell["case_id"] in (None, row["case_id"])
    ]
    for near, far in spans(feature):
        day: float = row["as_of"] - (near + 1 if far is None else far)
        while day <= row["as_of"] - near - 1:
            reached = [until for since, until in spells if since <= day <= until]
            if not reached:
                return False
            day = max(reached) + 1
    return True


def recorded(feature: Record, row: Record, records: Records) -> tuple[str | None, int | None]:
    """The attribute's value that became known last, and the day; of several on a day, the one that sorts last."""
    known = [
        (attribute["known_at"], (attribute["value"] or "").strip())
        for attribute in records["attribute", row[f"{feature['scope']}_id"]]
        if attribute["name"] == feature["attribute"] and attribute["known_at"] < row["as_of"]
    ]
    if not known or not max(known)[1]:
        return None, None
    return max(known)[1], max(known)[0]


def opened(row: Record, records: Records) -> list[int]:
    return [case["opened_at"] for case in records["opened", row["case_id"]] if case["known_at"] < row["as_of"]]


# ---- cells --------------------------------------------------------------------------------------------------------


def cells(feature: Record, row: Record, records: Records) -> Sequence[float | None]:
    """The feature's cells for one row, in the order of its columns; None is missing."""
    kind = feature["kind"]
    if kind == "calendar_month":
        return [dt.date.fromordinal(row["as_of"]).month]
    if kind == "days_since_opened":
        since = opened(row, records)
        return [row["as_of"] - since[0] if since else None]
    if kind == "attribute_category":
        return categories(feature, recorded(feature, row, records)[0])
    nothing = {"zero": 0.0, "missing": None}.get(declared(feature), declared(feature))
    if kind in ("attribute_number", "age_years"):
        text = recorded(feature, row, records)[0]
        number = None if text is None else float(text) if kind == "attribute_number" else age(text, row["as_of"])
    elif "source" in feature and not collected(feature, row, records):
        return [None]
    else:
        number = from_events(feature, row, records)
    return [nothing if number is None else float(number)]


def declared(feature: Record) -> Any:
    kind = feature["kind"]
    counted = kind in ZERO_KINDS or (kind == "change" and feature["measure"] != "mean")
    return feature.get("missing", "zero" if counted else "missing")


def categories(feature: Record, text: str | None) -> Sequence[float | None]:
    column = feature["missing"] == "column"
    if text is None and feature["missing"] == "missing":
        return [None] * len(feature["categories"])
    return [float(text == category) for category in feature["categories"]] + [float(text is None)] * column


def age(text: str, as_of: int) -> int | None:
    year, month, day = ([int(part) for part in text.split("-")] + [1, 1])[:3]
    today = dt.date.fromordinal(as_of)
    if dt.date(year, month, day) > today:
        return None
    return today.year - year - ((today.month, today.day) < (month, day))


def from_events(feature: Record, row: Record, records: Records) -> float | None:
    """What the feature's kind makes of the events it uses; None where there is nothing."""
    kind: str = feature["kind"]
    as_of: int = row["as_of"]
    windows = used(feature, row, records)
    if kind == "change":
        return change(feature["measure"], *windows)
    [events] = windows
    if not events:
        return None
    days: list[int] = sorted(event["event_at"] for event in events)
    near, far = spans(feature)[0]
    if kind in ("count", "open_episodes"):
        return len(events)
    if kind == "distinct":
        return len({event["category"] for event in events})
    if kind == "any":
        return 1
    if kind == "rate":
        assert far is not None
        return float(len(events)) * 365.0 / float(far - near)
    if kind == "share":
        return float(sum(event["category"] in feature["of"] for event in events)) / float(len(events))
    if kind == "days_since_last":
        return as_of - days[-1]
    if kind in ("days_since_first", "days_in_episode"):
        return as_of - days[0]
    if kind == "longest_gap":
        return max((later - earlier for earlier, later in pairwise(days)), default=None)
    if kind == "episode_days":
        before = as_of - LAGS[feature.get("lag")]
        return len(set().union(*(open_days(event, before, as_of, (near, far)) for event in events)))
    return of_values(kind, events)


def change(measure: str, events: list[Record], compared: list[Record]) -> float | None:
    if measure == "mean":
        return mean(events) - mean(compared) if events and compared else None
    if not events and not compared:
        return None
    return len(events) - len(compared) if measure == "count" else total(events) - total(compared)


# ---- values -------------------------------------------------------------------------------------------------------


def number(event: Record) -> float:
    return 0.0 if event["value"] == 0 else float(event["value"])  # one zero: -0.0 becomes 0.0


def total(events: list[Record]) -> float:
    """Whole numbers and millionths, each added up as integers."""
    whole, millionths = 0, 0
    for event in events:
        below = math.floor(number(event))
        whole += below
        millionths += math.floor((number(event) - float(below)) * 1e6 + 0.5)
    return float(whole) + float(millionths) / 1e6


def mean(events: list[Record]) -> float:
    return total(events) / float(len(events))


def of_values(kind: str, events: list[Record]) -> float | None:
    ordered = sorted((event["event_at"], event["known_at"], number(event)) for event in events)
    values = [value for _, _, value in ordered]
    if kind == "sum":
        return total(events)
    if kind == "mean":
        return mean(events)
    if kind == "min":
        return min(values)
    if kind == "max":
        return max(values)
    if kind == "first":
        return values[0]
    if kind == "last":
        return values[-1]
    middle = mean(events)
    deviations = [value - middle for value in values]
    largest = max(abs(deviation) for deviation in deviations)
    if kind == "std":
        if len(values) < 2:
            return None
        if largest == 0.0:
            return 0.0
        squares = 0
        for deviation in deviations:
            part = deviation / largest
            squares += math.floor(part * part * 2.0**40 + 0.5)
        return largest * math.sqrt(float(squares) / 2.0**40 / float(len(values) - 1))
    assert kind == "slope"
    days = [day for day, _, _ in ordered]
    if days[0] == days[-1]:
        return None
    if largest == 0.0:
        return 0.0
    x = [day - days[0] for day in days]
    y = [math.floor(deviation / largest * 2.0**30 + 0.5) for deviation in deviations]
    n = float(len(values))
    above = n * float(sum(a * b for a, b in zip(x, y, strict=True))) - float(sum(x)) * float(sum(y))
    below = n * float(sum(a * a for a in x)) - float(sum(x)) * float(sum(x))
    return largest * (above / below / 2.0**30) * 365.0


# ---- evidence -----------------------------------------------------------------------------------------------------


def evidence(feature: Record, row: Record, records: Records) -> list[tuple[str, int]]:
    """(id, day) of every record that the cell uses, newest first."""
    found: dict[str, int] = {}
    if feature["kind"] == "days_since_opened":
        found = {f"case@{dt.date.fromordinal(day)}": day for day in opened(row, records)}
    elif "attribute" in feature:
        day = recorded(feature, row, records)[1]
        if day is not None:
            found = {f"attribute:{feature['attribute']}@{dt.date.fromordinal(day)}": day}
    elif "events" in feature and ("source" not in feature or collected(feature, row, records)):
        found = {event["event_id"]: event["event_at"] for events in used(feature, row, records) for event in events}
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


# ---- the matrix ---------------------------------------------------------------------------------------------------


def matrix(core: Core, declared: Sequence[Record]) -> Matrix:
    """Every cell, rows and columns in their order."""
    records = Records(core)
    rows = sorted(core["rows"], key=lambda row: (row["person_id"], row["case_id"], row["as_of"], row["cohort"]))
    return {
        (row["cohort"], row["as_of"], row["case_id"]): {
            name: bits(cell)
            for feature in declared
            for name, cell in zip(column_names(feature), cells(feature, row, records), strict=True)
        }
        for row in rows
    }


def column_names(feature: Record) -> list[str]:
    """The feature's columns."""
    if feature["kind"] != "attribute_category":
        return [feature["name"]]
    endings = ["x", "it_s"] + ["not_recorded"] * (feature["missing"] == "column")
    return [f"{feature['name']}__{ending}" for ending in endings]


def bits(cell: float | None) -> str | None:
    """A cell so that two are equal only if every bit is (0.0 is not -0.0)."""
    return None if cell is None else float(cell).hex()
