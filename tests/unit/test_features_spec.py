"""The specification: what a feature may say, and what is told when it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from data_contracts.core import Vocabulary
from data_contracts.yamldoc import read_document, validate
from features.check import check, take_categories
from features.kinds import KINDS
from features.spec import FeatureSpec, columns, kind_name
from features.windows import Window, meant, read_lag, read_window
from features.words import Words
from features.words import check as words_check

FEATURES: TypeAdapter[list[FeatureSpec]] = TypeAdapter(list[FeatureSpec])


def specs(text: str) -> list[FeatureSpec]:
    return FEATURES.validate_python(yaml.safe_load(text))


def count(**changes: Any) -> dict[str, Any]:
    return {"name": "n", "kind": "count", "factor": "f", "events": {"type": "t"}, "window": "90d"} | changes


def said(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        FEATURES.validate_python([count(**changes)])
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [("90d", 0, 90), ("8w", 0, 56), ("1y", 0, 365), ("90d..1y", 90, 365), ("1d..2d", 1, 2), ("all", 0, None)],
)
def test_window(text: str, near: int, far: int | None) -> None:
    assert read_window(text) == Window(near, far)


@pytest.mark.parametrize(
    "text", ["", "90", "3m", "-90d", "1y..90d", "90d..90d", "0d", "ALL", "151y", "90 d", "1y..all"]
)
def test_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a window|is empty, backwards|holds no day|150 years"):
        read_window(text)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("90days", "90d"), ("90 Tage", "90d"), ("90", "90d"), ("3 months", "90d"), ("1 Jahr", "1y"), ("ALL", "all"),
        ("90-180d", "90d..180d"), ("90d to 1 year", "90d..1y"), ("1y..90d", "90d..1y"), ("a quarter", ""), ("0d", ""),
        ("1..2..3d", ""), ("90d..90d", ""), ("999y", ""),
    ],
)  # fmt: skip
def test_the_window_that_was_probably_meant(text: str, near: str) -> None:
    assert meant(text) == near
    if near:
        read_window(near)
        with pytest.raises(ValueError, match=f"did you mean “{near}”"):
            read_window(text)


def test_a_lag_takes_the_newest_days_out_of_every_window() -> None:
    assert (read_lag("8w"), read_lag("1y")) == (56, 365)
    [spec] = FEATURES.validate_python([count(lag="30d")])
    assert (spec.span, spec.lag_days) == (Window(30, 90), 30)  # type: ignore[attr-defined]  # it is a count
    [spec] = FEATURES.validate_python([count(lag="30d", window="90d..1y")])
    assert spec.span == Window(90, 365)  # type: ignore[attr-defined]  # it is a count


def test_every_kind_has_an_example_that_loads() -> None:
    for kind in KINDS:
        [spec] = specs(kind.example)
        assert type(spec) is kind
        assert kind.__doc__
        assert kind_name(kind) == spec.kind


def test_one_name_or_a_list_and_numbers_as_names() -> None:
    [one, many] = FEATURES.validate_python(
        [count(), count(name="m", events={"type": ["t", "u"], "category": [1, "b"]})]
    )
    assert one.events.type == ("t",)  # type: ignore[attr-defined]  # both are counts
    assert many.events.category == ("1", "b")  # type: ignore[attr-defined]  # both are counts


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "cuont"}, "“cuont” does not exist. Did you mean “count”?"),
        ({"kind": "zzz"}, "does not exist. Kinds: count, distinct"),
        ({"kind": None}, "“kind” is missing. Kinds: count, distinct"),
        ({"window": "3m"}, "not a window"),
        ({"window": 90}, "“90” is not a window; did you mean “90d”?"),
        ({"lag": 30}, "“30” is not a lag; did you mean “30d”?"),
        ({"window": "all"}, "needs a written `reason`"),
        ({"window": "all", "reason": "  "}, "at least 1 character"),
        ({"name": "Not Snake"}, "small letters, digits and _, beginning with a letter"),
        ({"name": "1st"}, "small letters, digits and _, beginning with a letter"),
        ({"name": "x" * 61}, "at most 60"),
        ({"events": "t"}, "write `events: {type: t}`"),
        ({"events": ["t", "u"]}, "write `events: {type: [t, u]}`"),
        ({"events": {"type": []}}, "name at least one event type"),
        ({"events": {"type": None}}, "name at least one event type"),
        ({"events": {"type": "t", "category": None}}, "write one, or leave the field out"),
        ({"events": {"type": "t", "category": []}}, "write one, or leave the field out"),
        ({"events": {"type": "t", "value": None}}, "write one, or leave the field out"),
        ({"events": {}}, "Field required"),
        ({"events": {"type": "t", "value": {}}}, "at least one finite bound"),
        ({"events": {"type": "t", "value": {"below": float("inf")}}}, "finite bound"),
        ({"events": {"type": "t", "value": {"at_least": 5, "below": 3}}}, "no number lies between"),
        ({"events": {"type": "t", "value": {"at_least": 5, "below": 5}}}, "no number lies between"),
        ({"events": {"type": "t", "value": {"above": 5, "at_most": 5}}}, "no number lies between"),
        ({"events": {"type": "t", "value": {"at_least": 1, "above": 5, "at_most": 9, "below": 4}}}, "no number lies"),
        ({"missing": "none"}, "write zero, missing, or a number"),
        ({"missing": True}, "write zero, missing, or a number"),
        ({"missing": float("nan")}, "write zero, missing, or a number"),
        ({"scope": "cluster"}, "'case', 'person' or 'association'"),
        ({"lag": "30days"}, "“30days” is not a lag; did you mean “30d”?"),
        ({"lag": "90d..1y"}, "not a lag; write 30d"),
        ({"lag": "0d"}, "not a lag"),
        ({"lag": "90d"}, "lies within the lag"),
        ({"label": {"en": "only"}}, "Field required"),
        ({"kind": "rate", "window": "all", "reason": "why"}, "a window with a limit"),
        ({"kind": "change"}, "Field required"),
        ({"kind": "change", "compared_with": "90d"}, "are the same"),
        ({"kind": "change", "compared_with": "all", "reason": "why"}, "two windows with a limit"),
        ({"kind": "change", "compared_with": "90d..180d", "measure": "median"}, "'count', 'sum' or 'mean'"),
        ({"direction": "sideways"}, "'up' or 'down'"),
        ({"wnidow": "1y"}, "Extra inputs"),
        ({"kind": "share"}, "Field required"),
        ({"kind": "share", "events": {"type": "t", "category": ["a", "b"]}, "of": "c"}, "names “c”, which the"),
        ({"kind": "share", "events": {"type": "t", "category": ["a", "b"]}, "of": ["a", "c"]}, "names “c”, which the"),
        ({"kind": "share", "events": {"type": "t", "category": ["a", "b"]}, "of": ["b", "a"]}, "would always be 1"),
        ({"scope": "association", "source": "s"}, "of other people it is not known: leave out `source`"),
    ],
)
def test_a_feature_that_does_not_load(changes: dict[str, Any], message: str) -> None:
    assert message in said(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"events": {"type": "t", "value": {"at_least": 5, "at_most": 5}}},
        {"events": {"type": "t", "value": {"above": 4, "at_least": 5, "below": 6}}},
        {"kind": "share", "events": {"type": "t", "category": ["a", "b"]}, "of": "b"},
        {"scope": "association"},
        {"scope": "case", "source": "s"},
    ],
)
def test_its_sound_neighbour_loads(changes: dict[str, Any]) -> None:
    [spec] = FEATURES.validate_python([count(**changes)])
    assert FEATURES.validate_python([spec]) == [spec]


def test_categories_that_would_share_a_column() -> None:
    text = "[{name: a, kind: attribute_category, factor: f, attribute: a, categories: ['A b', 'a-B']}]"
    with pytest.raises(ValidationError, match="one column name"):
        specs(text)
    text = "[{name: a, kind: attribute_category, factor: f, attribute: a, categories: [Not recorded], missing: column}]"
    with pytest.raises(ValidationError, match="one column name"):
        specs(text)
    with pytest.raises(ValidationError, match="direction"):
        specs("[{name: a, kind: attribute_category, factor: f, attribute: a, categories: [x], direction: up}]")


def test_not_even_a_feature() -> None:
    with pytest.raises(ValidationError, match="a feature is a list of fields, such as"):
        FEATURES.validate_python(["count"])
    with pytest.raises(ValidationError, match=r"“kind” is missing\. Kinds: count, distinct"):
        FEATURES.validate_python([{"name": "n", "factor": "f"}])


def test_columns_keep_the_declared_order() -> None:
    text = "".join(kind.example for kind in KINDS)
    made = columns(specs(text))
    names = [column.name for column in made]
    assert names.index("studied_credits") + 1 == names.index("education__no_formal_quals")
    assert names[-4] == "education__not_recorded"
    assert len(made) == len(KINDS) + 3
    [first, *_] = made
    assert (first.feature, first.factor, first.kind, first.direction, first.category) == (
        "missed_appointments_90d",
        "missed_appointments",
        "count",
        "up",
        None,
    )
    education = [column for column in made if column.feature == "education"]
    assert [column.category for column in education] == [
        "No Formal quals",
        "A Level or Equivalent",
        "HE Qualification",
        "",
    ]
    assert {column.direction for column in education} == {None}


def test_check_finds_nothing_in_sound_features() -> None:
    features = specs("".join(kind.example for kind in KINDS))
    assert check(features) == []


def test_check_tells_everything_at_once() -> None:
    features = FEATURES.validate_python(
        [
            count(name="a", events={"type": "refferal"}, source="clikcs"),
            count(name="a", factor="zzz"),
            count(name="b", events={"type": ["referral", "crisis"]}),
            count(name="case_id"),
            {"name": "g", "kind": "attribute_number", "factor": "f", "attribute": "gender"},
            {"name": "h", "kind": "attribute_number", "factor": "f", "attribute": "credit"},
        ]
    )
    text = {"en": "w", "de": "W"}
    words = Words.model_validate(
        {"case": {"one": text, "many": text}, "outcome": text, "factors": {"f": {"label": text}}}
    )
    known = Vocabulary(("referral", "crisis", "t"), ("gender", "credits"), ("clicks",))
    problems = check(features, words, known, outcome_event_types=["crisis"], protected=["gender"])
    assert problems == [
        ((0, "events", "type"), "the event type “refferal” is not known.", "Did you mean “referral”?"),
        ((0, "source"), "the source “clikcs” is not known.", "Did you mean “clicks”?"),
        ((1, "name"), "“a” is already a column of the feature “a”.", "Give every feature a name of its own."),
        ((1, "factor"), "the factor “zzz” is not in words.yaml.", "Add it."),
        (
            (2, "events", "type"),
            "“b” uses “crisis”, an event that the outcome is made from.",
            "Remove it: a part of the answer is no feature. Or declare a `lag`, such as 90d, to keep them apart.",
        ),
        ((3, "name"), "“case_id” is already a column.", "Give every feature a name of its own."),
        (
            (4, "attribute"),
            "“gender” is a protected attribute.",
            "Remove the feature: no protected attribute is one.",
        ),
        ((5, "attribute"), "the attribute “credit” is not known.", "Did you mean “credits”?"),
    ]


def test_check_names_what_is_known_where_nothing_is_near() -> None:
    [problem] = check(specs(KINDS[0].example), vocabulary=Vocabulary(("b", "a")))
    assert problem[2] == "Known: a, b."
    [problem] = check(specs(KINDS[0].example), vocabulary=Vocabulary(()))
    assert problem[2] == "Known: none."
    [problem] = check(specs(KINDS[0].example), vocabulary=Vocabulary(tuple(f"zz{n:02}" for n in range(25))))
    assert problem[2].endswith("zz19 and 5 more.")
    assert check([]) == [((), "there are no features.", "Declare at least one.")]


def test_the_outcomes_own_events_need_a_lag() -> None:
    features = FEATURES.validate_python([count(name="a"), count(name="b", lag="30d")])
    assert [place for place, _, _ in check(features, outcome_event_types=["t"])] == [(0, "events", "type")]


def test_categories_and_values_that_no_event_carries() -> None:
    known = Vocabulary(
        event_types=("contact", "referral", "other"),
        categories={"contact": ("visit", "missed"), "referral": (), "other": None},
        without_value=frozenset({"contact"}),
    )
    features = FEATURES.validate_python(
        [
            count(name="a", events={"type": "contact", "category": ["visit", "misssed"]}),
            count(name="b", kind="share", events={"type": ["contact", "referral"]}, of="zzz"),
            count(name="c", events={"type": "referral", "category": "school"}),
            count(name="d", kind="distinct", events={"type": "referral"}),
            count(name="e", kind="mean", events={"type": "contact"}),
            count(name="f", events={"type": "contact", "value": {"above": 1}}),
            # what is open is nobody's mistake
            count(name="g", kind="sum", events={"type": ["contact", "other"], "category": "zzz"}),
            count(name="h", kind="distinct", events={"type": "other"}),
        ]
    )
    assert [(place, what, todo[:22]) for place, what, todo in check(features, vocabulary=known)] == [
        ((0, "events", "category"), "the category “misssed” of “contact” is not known.", "Did you mean “missed”?"),
        ((1, "of"), "the category “zzz” of “contact” or “referral” is not known.", "Known: missed, visit."),
        ((2, "events", "category"), "events of the type “referral” carry no category.", "Map one in core.event,"),
        ((3, "kind"), "events of the type “referral” carry no category.", "Map one in core.event,"),
        ((4, "kind"), "events of the type “contact” carry no value.", "Map one in core.event,"),
        ((5, "events", "value"), "events of the type “contact” carry no value.", "Map one in core.event,"),
    ]


@pytest.mark.parametrize("kind", ["open_episodes", "episode_days", "days_in_episode"])
def test_episodes_need_events_that_end(kind: str) -> None:
    known = Vocabulary(event_types=("referral", "service"), without_end=frozenset({"referral"}))
    features = FEATURES.validate_python(
        [
            count(name="a", kind=kind, events={"type": "service"}),
            # one type that never ends stays open for ever, whatever the others do
            count(name="b", kind=kind, events={"type": ["service", "referral"]}),
            count(name="c", events={"type": "referral"}),
        ]
    )
    assert check(features, vocabulary=known) == [
        (
            (1, "kind"),
            "events of the type “referral” carry no end.",
            "Map one in core.event (ended_at, end_known_at), or count them instead.",
        )
    ]


def test_declared_categories_are_among_those_of_the_contract() -> None:
    known = Vocabulary(attributes=("by", "free"), values={"by": ("self", "court"), "free": None})
    one = {"name": "a", "kind": "attribute_category", "factor": "f", "attribute": "by", "categories": ["self", "cuort"]}
    features = FEATURES.validate_python([one, one | {"name": "b", "attribute": "free"}])
    assert check(features, vocabulary=known) == [
        (
            (0, "categories"),
            "the category “cuort” of the attribute “by” is not known.",
            "Did you mean “court”?",
        )
    ]


def test_categories_of_the_contract_are_written_in_its_order() -> None:
    one = {"name": "a", "kind": "attribute_category", "factor": "f", "attribute": "by", "categories": "contract"}
    listed = one | {"categories": ["contract"]}
    raw = [one.copy(), listed, one | {"attribute": "free"}, one | {"attribute": "nowhere"}, "no feature", count()]
    problems = take_categories(raw, {"by": ("self", "court"), "free": None})
    assert [(place, what) for place, what, _ in problems] == [
        ((2, "categories"), "the contract does not list the values of the attribute “free”."),
        ((3, "categories"), "the contract does not list the values of the attribute “nowhere”."),
    ]
    assert raw[0] == one | {"categories": ["self", "court"]}
    assert raw[1] == listed
    assert [column.name for column in columns(FEATURES.validate_python([raw[0]]))] == ["a__self", "a__court"]
    assert take_categories("no list", {}) == []


def test_what_the_source_overwrites_is_no_feature() -> None:
    known = Vocabulary(
        overwritten_types={"status": "cases.status"},
        overwritten_attributes={"team": "cases.team"},
        overwritten_sources={"*": "cases.closed_on"},
        overwritten_opening="cases.opened_on",
        overwritten_membership="households.left_on",
    )
    features = FEATURES.validate_python(
        [
            count(name="a", events={"type": ["t", "status"]}),
            count(name="b", source="school"),
            {"name": "c", "kind": "attribute_number", "factor": "f", "attribute": "team"},
            {"name": "d", "kind": "days_since_opened", "factor": "f"},
            {"name": "e", "kind": "attribute_number", "factor": "f", "attribute": "other"},
            {"name": "g", "kind": "calendar_month", "factor": "f"},
            count(name="h", scope="association"),
        ]
    )
    found = check(features, vocabulary=known)
    places = [place for place, _, _ in found]
    assert places == [(0, "events", "type"), (1, "source"), (2, "attribute"), (3, "kind"), (6, "scope")]
    assert "greatest(END, ENTERED)" in found[4][2]
    assert "“c” rests on “cases.team”, which the source overwrites" in found[2][1]
    assert "overwrittenInPlace" in found[2][2]


def test_two_features_of_one_name_are_both_named_with_their_lines() -> None:
    features = FEATURES.validate_python([count(), count(name="n")])
    [(place, what, _)] = check(features, places=[4, 7], line=lambda place: 10 * int(place[0]))
    assert place == (7, "name")
    assert "of the feature “n” (line 40)" in what


def test_five_thousand_features_are_checked_at_once() -> None:
    """Every one of them with three mistakes: nothing may be compared with everything."""
    raw = [count(name=f"f{n}", factor=f"factor{n}", events={"type": f"tpye{n}"}, source=f"s{n}") for n in range(5000)]
    features = FEATURES.validate_python(raw)
    text = {"en": "w", "de": "W"}
    said = {f"fcator{n}": {"label": text} for n in range(500)}
    words = Words.model_validate({"case": {"one": text, "many": text}, "outcome": text, "factors": said})
    known = Vocabulary(tuple(f"type{n}" for n in range(500)), (), tuple(f"source{n}" for n in range(50)))
    problems = check(features, words, known)
    assert len(problems) == 15000
    assert len(words_check(words, features)) == 5000
    assert len(columns(features)) == 5000


class _Section(BaseModel):
    features: list[FeatureSpec]


def test_mistakes_in_a_file_carry_their_line(tmp_path: Path) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text(
        "features:\n"
        "- {name: a, kind: cuont, factor: f, events: {type: t}, window: 1y}\n"
        "- name: b\n"
        "  kind: count\n"
        "  factor: f\n"
        "  events: {type: t, catgory: x}\n"
        "  window: 3m\n"
    )
    document, _ = read_document(path)
    assert document is not None
    section, mistakes = validate(_Section, document)
    assert section is None
    told = sorted(str(mistake) for mistake in mistakes)
    assert len(told) == 3
    assert told[0].startswith("programme.yaml:2: ")
    assert "Did you mean “count”?" in told[0]
    assert told[1].startswith("programme.yaml:6: ")
    assert "Did you mean “category”?" in told[1]
    assert told[2].startswith("programme.yaml:7: ")
    assert "“3m” is not a window" in told[2]


def test_a_json_schema_comes_from_the_models() -> None:
    schema = FEATURES.json_schema()
    assert {kind.__name__ for kind in KINDS} <= set(schema["$defs"])
    assert schema["$defs"]["Count"]["properties"]["window"]["type"] == "string"
