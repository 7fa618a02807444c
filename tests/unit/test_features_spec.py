"""The specification: what a feature may say, and what is told when it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from data_contracts.yamldoc import read_document, validate
from features.kinds import KINDS
from features.spec import FeatureSpec, check, columns, kind_name
from features.windows import Window, read_window
from features.words import Words

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
    assert one.events.type == ("t",)  # type: ignore[union-attr]  # both are counts
    assert many.events.category == ("1", "b")  # type: ignore[union-attr]  # both are counts


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "cuont"}, "“cuont” does not exist. Did you mean “count”?"),
        ({"kind": "zzz"}, "does not exist. Kinds: count, distinct"),
        ({"kind": None}, "does not exist"),
        ({"window": "3m"}, "not a window"),
        ({"window": "all"}, "needs a written `reason`"),
        ({"window": "all", "reason": "  "}, "at least 1 character"),
        ({"name": "Not Snake"}, "pattern"),
        ({"name": "x" * 61}, "at most 60"),
        ({"events": {"type": []}}, "at least 1 item"),
        ({"events": {}}, "Field required"),
        ({"events": {"type": "t", "value": {}}}, "at least one finite bound"),
        ({"events": {"type": "t", "value": {"below": float("inf")}}}, "finite bound"),
        ({"missing": "none"}, "write zero, missing, or a number"),
        ({"missing": True}, "write zero, missing, or a number"),
        ({"missing": float("nan")}, "write zero, missing, or a number"),
        ({"scope": "cluster"}, "'case' or 'person'"),
        ({"direction": "sideways"}, "'up' or 'down'"),
        ({"wnidow": "1y"}, "Extra inputs"),
        ({"kind": "share"}, "Field required"),
    ],
)
def test_a_feature_that_does_not_load(changes: dict[str, Any], message: str) -> None:
    assert message in said(**changes)


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
    with pytest.raises(ValidationError):
        FEATURES.validate_python(["count"])


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
    problems = check(
        features,
        words,
        event_types={"referral", "crisis", "t"},
        attributes={"gender", "credits"},
        sources={"clicks"},
        outcome_event_types=["crisis"],
        protected=["gender"],
    )
    assert problems == [
        ((0, "events", "type"), "the event type “refferal” is not known.", "Did you mean “referral”?"),
        ((0, "source"), "the source “clikcs” is not known.", "Did you mean “clicks”?"),
        ((1, "name"), "“a” is already a column of the feature “a”.", "Give every feature a name of its own."),
        ((1, "factor"), "the factor “zzz” is not in words.yaml.", "Add it."),
        (
            (2, "events", "type"),
            "“b” uses “crisis”, an event that the outcome is made from.",
            "Remove it: a part of the answer is no feature.",
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
    [problem] = check(specs(KINDS[0].example), event_types=["b", "a"])
    assert problem[2] == "Known: a, b."
    [problem] = check(specs(KINDS[0].example), event_types=[])
    assert problem[2] == "Known: none."
    assert check([]) == [((), "there are no features.", "Declare at least one.")]


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
