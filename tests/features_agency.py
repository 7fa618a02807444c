"""A made-up agency of thousands of people, drawn from a seed, and features of every kind over it.

Belongs here: the records of `agency` and the features of `every_kind`, as plain dictionaries.
Does not belong here: small random records (features_cores), what features mean (features_reference).
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.features_cores import ATTRIBUTE, DAY, FILTERS
from tests.features_reference import CASE_KINDS, EVENT_KINDS, LAGS, WINDOWS, Core, Record

AS_OFS = (DAY - 200, DAY - 30, DAY)
FIRST = DAY - 900  # the day on which records begin
MOST = 600  # events of one person


def every_kind() -> list[Record]:
    """Two features of each kind and scope; windows, lags, filters, sources and missing rules take turns."""
    declared: list[Record] = []
    for kind, scope, _ in product(EVENT_KINDS, ("person", "case", "association"), range(2)):
        turn = len(declared)
        lag = [None, None, "7d", None, "30d"][turn % 5]
        fars = {w: far for w, (_, far) in WINDOWS.items() if w != "1d" and (far is None or far > LAGS[lag])}
        windows = [w for w in fars if fars[w] is not None or kind != "rate"]
        feature: Record = {"kind": kind, "scope": scope, "window": windows[turn % len(windows)]}
        feature["events"] = FILTERS[0 if kind == "share" else (turn + turn // 6) % len(FILTERS)]
        if kind == "share":
            feature["of"] = ["b"]
        if kind == "change":
            feature |= {"window": "1y", "compared_with": "1y..2y", "measure": ["count", "sum", "mean"][turn % 3]}
        if feature["window"] == "all":
            feature["reason"] = "tests look back without limit"
        if lag is not None:
            feature["lag"] = lag
        if turn % 4 == 3 and scope != "association":
            feature["source"] = "s"
        if turn % 7 == 5:
            feature["missing"] = -7.5
        declared.append(feature)
    for kind in CASE_KINDS:
        for scope in ("person", "case") if kind in ATTRIBUTE else ("case",):
            feature = {"kind": kind}
            if kind in ATTRIBUTE:
                feature |= {"attribute": ATTRIBUTE[kind], "scope": scope}
            if kind == "attribute_category":
                feature |= {"categories": ["x", "it's"], "missing": "column"}
            declared.append(feature)
    return [feature | {"name": f"f{i}_{feature['kind']}", "factor": f"f{i}"} for i, feature in enumerate(declared)]


def agency(people: int, seed: int) -> Core:
    """Its records: about 25 events a person, heavy-tailed, many on one day, some known late, some repeated."""
    draw = np.random.default_rng(seed)

    def day(first: int, last: int) -> int:
        return int(draw.integers(first, last + 1))

    def maybe(chance: float, value: Any) -> Any:
        return value if draw.random() < chance else None

    core: Core = {name: [] for name in ("events", "attributes", "memberships", "coverage", "cases", "rows")}
    for i in range(people):
        person = f"p{i}"
        cases = [f"c{i}"] + [f"c{i}b"] * (draw.random() < 0.2)
        for case in cases:
            opened = day(FIRST, DAY)
            core["cases"].append(
                {"case_id": case, "person_id": person, "opened_at": opened, "known_at": opened + day(0, 20)}
            )
            core["rows"] += [
                {"person_id": person, "case_id": case, "as_of": as_of, "cohort": "k"}
                for as_of in AS_OFS
                if draw.random() < 0.9
            ]
        for _ in range(min(MOST, int(draw.pareto(1.3) * 10))):
            # busy days: several events of a person share one
            at = day(FIRST, DAY + 40) if draw.random() < 0.6 else FIRST + 30 * day(0, 30)
            ends = draw.random() < 0.4
            core["events"].append(
                {
                    "event_id": f"e{len(core['events'])}",
                    "person_id": person,
                    "case_id": maybe(0.7, cases[day(0, len(cases) - 1)]),
                    "event_at": at,
                    "known_at": at + (0 if draw.random() < 0.5 else int(draw.exponential(25))),
                    "event_type": str(draw.choice(["t", "u", "v"], p=[0.5, 0.3, 0.2])),
                    "category": maybe(0.8, str(draw.choice(["a", "b", "c", "d"]))),
                    "value": maybe(0.8, float(np.round(draw.normal(0, 10.0 ** day(-3, 6)), day(0, 9)))),
                    "ended_at": at + int(draw.exponential(60)) if ends else None,
                    "end_known_at": at + int(draw.exponential(90)) if ends else None,
                }
            )
        for subject in (person, cases[0]):
            for _ in range(day(0, 2)):
                core["attributes"] += [
                    {"subject_id": subject, "name": "number", "value": maybe(0.9, str(day(-5, 5)))},
                    {"subject_id": subject, "name": "word", "value": maybe(0.9, str(draw.choice(["x", "it's", "y"])))},
                    {"subject_id": subject, "name": "birth", "value": f"{day(1950, 2019)}-{day(1, 12):02d}"},
                ]
                for attribute in core["attributes"][-3:]:
                    attribute["known_at"] = day(FIRST, DAY + 10)
        for _ in range(day(0, 2)):
            since = day(FIRST, DAY)
            core["memberships"].append(
                {
                    "person_id": person,
                    "cluster_id": f"h{day(0, people // 4)}",
                    "from": maybe(0.7, since),
                    "to": maybe(0.4, since + day(0, 500)),
                    "known_at": since + day(0, 60),
                }
            )
        if draw.random() < 0.7:
            middle = day(FIRST, DAY)
            spell = {"source": "s", "person_id": person, "case_id": None}
            core["coverage"].append(spell | {"from": maybe(0.8, FIRST), "to": middle})
            core["coverage"].append(spell | {"from": middle + day(0, 2), "to": maybe(0.9, DAY - 1)})
    core["events"] += [core["events"][day(0, len(core["events"]) - 1)] for _ in range(people // 20)]
    return core
