"""Mistakes in a specification of features: each with its line, what is wrong, and the nearest valid name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.pack_copies import copy_pack, replace

OPEN = "  - {name: days_open, kind: days_since_opened, factor: time_open}\n"
REFERRALS = (
    "{name: referrals_90d, kind: count, factor: referrals, direction: up, events: {type: referral}, window: 90d}"
)


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    return copy_pack(tmp_path / "spoilt")


def told(plumbline: Command, pack: Path) -> str:
    """What `check` says of a pack that does not load; no data are needed for it."""
    ended = plumbline("check", pack, "--data", pack, code=2)
    ended.says("in the pack")
    return ended.text


MISTAKES = {
    "event type": ("events: {type: referral}", "events: {type: refferal}", "event type “refferal”", "“referral”?"),
    "category": (
        "events: {type: referral}",
        "events: {type: referral, category: polcie}",
        "category “polcie” of “referral”",
        "“police”?",
    ),
    "no category": (
        "events: {type: referral}",
        "events: {type: absence, category: ill}",
        "events of the type “absence” carry no category",
        "Map one in core.event",
    ),
    "no value": ("kind: count", "kind: mean", "events of the type “referral” carry no value", "Map one in core.event"),
    "no end": (
        "kind: count",
        "kind: open_episodes",
        "events of the type “referral” carry no end",
        "Map one in core.event (ended_at, end_known_at), or count them instead.",
    ),
    "no mapping": ("events: {type: referral}", "events: referral", "write `events: {type: referral}`", ""),
    "no type": ("{type: referral}", "{type: []}", "name at least one event type", ""),
    "blank": ("{type: referral}", "{type: referral, category: }", "write one, or leave the field out", ""),
    "empty": (
        "{type: referral}",
        "{type: referral, value: {at_least: 5, below: 3}}",
        "no number lies between these bounds",
        "",
    ),
    "no unit": ("window: 90d", "window: 90", "“90” is not a window", "did you mean “90d”?"),
    "lag without a unit": ("window: 90d", "window: 90d, lag: 30", "“30” is not a lag", "did you mean “30d”?"),
    "no kind": ("kind: count, ", "", "“kind” is missing", "Kinds: count, distinct"),
    "name": ("name: referrals_90d", "name: Referrals", "small letters, digits and _, beginning with a letter", ""),
    "other people's coverage": (
        "window: 90d",
        "window: 90d, scope: association, source: school",
        "coverage says what was collected about the case's own person",
        "leave out `source`",
    ),
    "no feature": (REFERRALS, "referrals", "a feature is a list of fields, such as {name: ..., kind: ...}", ""),
    "window": ("window: 90d", "window: 90days", "“90days” is not a window", "did you mean “90d”?"),
    "range": ("window: 90d", "window: 90d-1y", "“90d-1y” is not a window", "did you mean “90d..1y”?"),
    "lag": ("window: 90d", "window: 90d, lag: 1 week", "“1 week” is not a lag", "did you mean “1w”?"),
    "field": ("window: 90d", "wnidow: 90d", "“wnidow” is not a field here", "“window”?"),
    "field of another kind": ("window: 90d", "window: 90d, of: police", "“of” is not a field here", ""),
    "field of events": ("{type: referral}", "{type: referral, catgory: a}", "“catgory” is not a field", "“category”?"),
    "kind": ("kind: count", "kind: cuont", "the kind “cuont” does not exist", "“count”?"),
    "source": ("window: 90d", "window: 90d, source: schol", "the source “schol” is not known", "“school”?"),
    "outcome's event": (
        "events: {type: referral}",
        "events: {type: crisis_placement}",
        "an event that the outcome is made from",
        "declare a `lag`",
    ),
    "scope": ("window: 90d", "window: 90d, scope: household", "“features.0.scope”", "'association'"),
    "unlimited": ("window: 90d", "window: all", "an unlimited window needs a written `reason`", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_feature_is_told_with_its_line(name: str, plumbline: Command, spoilt: Path) -> None:
    old, new, what, todo = MISTAKES[name]
    assert old in REFERRALS
    line = replace(spoilt, "programme.yaml", REFERRALS, REFERRALS.replace(old, new))
    text = told(plumbline, spoilt)
    assert re.search(rf"programme\.yaml:{line}: [^\n]*{re.escape(what)}[^\n]*{re.escape(todo)}", text), text


def test_attributes_categories_and_names(plumbline: Command, spoilt: Path) -> None:
    """Every mistake at once, although one of the features does not even load."""
    more = [
        "  - {name: a, kind: attribute_number, factor: time_open, attribute: taem}",
        "  - {name: b, kind: attribute_category, factor: time_open, attribute: team, categories: [Harbor, Mill]}",
        "  - {name: c, kind: attribute_category, factor: time_open, attribute: community, categories: [Ardal]}",
        "  - {name: a, kind: calendar_month, factor: time_open}",
        "  - {name: d, kind: count, factor: time_open, events: {type: referral}, window: soon}",
        "  - {name: e, kind: attribute_category, factor: time_open, attribute: nobody, categories: contract}",
    ]
    line = replace(spoilt, "programme.yaml", OPEN, "\n".join([OPEN.rstrip(), *more, ""])) + 1
    text = told(plumbline, spoilt)
    for offset, what in (
        (0, "the attribute “taem” is not known. Did you mean “team”?"),
        (1, "the category “Harbor” of the attribute “team” is not known. Did you mean “Harbour”?"),
        (2, "“community” is a protected attribute."),
        (3, f"“a” is already a column of the feature “a” (line {line})."),
        (4, "“soon” is not a window; write 90d, 8w, 1y"),
        (5, "the contract does not list the values of the attribute “nobody”."),
    ):
        assert f"programme.yaml:{line + offset}: " in text
        assert what in text.split(f"programme.yaml:{line + offset}: ", 1)[1]


def test_types_that_the_mapping_leaves_open_are_those_of_the_contract(plumbline: Command, spoilt: Path) -> None:
    """The event type comes from a column whose values the contract enumerates."""
    old = "event_at: contact_on, category: kind}\n      constants: {event_type: contact}"
    replace(spoilt, "programme.yaml", old, "event_at: contact_on, event_type: kind}")
    text = told(plumbline, spoilt)
    assert "the event type “contact” is not known." in text
    replace(spoilt, "programme.yaml", "{type: contact, category: home_visit}", "{type: home_visti}", count=3)
    assert "the event type “home_visti” is not known. Did you mean “home_visit”?" in told(plumbline, spoilt)


def test_the_outcomes_own_events_may_be_used_with_a_lag(plumbline: Command, spoilt: Path) -> None:
    feature = REFERRALS.replace("type: referral", "type: crisis_placement").replace("90d}", "1y, lag: 90d}")
    replace(spoilt, "programme.yaml", REFERRALS, feature)
    ended = plumbline("check", spoilt, "--data", spoilt)
    ended.says("no file for the table")  # the pack was loaded


def test_five_thousand_mistakes_are_not_all_shown(plumbline: Command, spoilt: Path) -> None:
    many = "".join(
        f"  - {{name: f{n}, kind: count, factor: referrals, events: {{type: refferal}}, window: {n}d}}\n"
        for n in range(1, 5001)
    )
    replace(spoilt, "programme.yaml", OPEN, OPEN + many)
    text = told(plumbline, spoilt)
    assert "5000 mistakes in the pack" in text
    assert text.count("Did you mean “referral”?") == 50
    assert "... and 4950 more. Mend these first." in text


OVERWRITTEN = "{property: overwrittenInPlace, value: [closed_on, closed_recorded_on]}"
TEAM = "  - {name: team, kind: attribute_category, factor: time_open, attribute: team, categories: contract}\n"


def test_a_column_that_the_source_overwrites_is_no_feature(plumbline: Command, spoilt: Path) -> None:
    replace(spoilt, "contract.odcs.yaml", OVERWRITTEN, OVERWRITTEN.replace("closed_on,", "team, closed_on,"))
    line = replace(spoilt, "programme.yaml", OPEN, OPEN + TEAM) + 1
    text = told(plumbline, spoilt)
    assert f"programme.yaml:{line}: “team” rests on “cases.team”, which the source overwrites" in text
    assert "its history only begins with your first delivery" in text
    assert "overwrittenInPlace" in text


def test_with_a_reason_it_is_one(plumbline: Command, spoilt: Path) -> None:
    entry = "{column: team, reason: A case keeps its team until it is closed.}, closed_on,"
    replace(spoilt, "contract.odcs.yaml", OVERWRITTEN, OVERWRITTEN.replace("closed_on,", entry))
    replace(spoilt, "programme.yaml", OPEN, OPEN + TEAM)
    plumbline("check", spoilt, "--data", spoilt).says("no file for the table")


def test_a_reason_must_be_one_and_the_column_must_exist(plumbline: Command, spoilt: Path) -> None:
    entry = "{column: taem, reason: A case keeps its team until it is closed.}, {column: team, reason: why}, closed_on,"
    line = replace(spoilt, "contract.odcs.yaml", OVERWRITTEN, OVERWRITTEN.replace("closed_on,", entry))
    assert f"contract.odcs.yaml:{line}: " in told(plumbline, spoilt)
    assert "at least 10 characters" in told(plumbline, spoilt)
    replace(spoilt, "contract.odcs.yaml", "{column: team, reason: why}, ", "")
    assert "overwrittenInPlace names “taem”, which is no stored column. Did you mean “team”?" in told(plumbline, spoilt)
