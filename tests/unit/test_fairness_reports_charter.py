"""The charter: what it must hold, what counts as a placeholder, how it fits the pack."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from data_contracts.yamldoc import read_document, validate
from fairness_reports.charter import Charter, check, check_association, is_placeholder
from fairness_reports.spec import ProtectedSpec
from features.kinds import Count
from features.words import Text

PROGRAMMES = Path(__file__).parents[2] / "data_contracts" / "programmes"
WORDS = {"en": "said", "de": "gesagt"}


def charter_data() -> dict[str, Any]:
    """The smallest complete charter."""
    words = ("problem", "decision_supported", "legal_basis", "people_informed", "disagreement_contact", "retention")
    return {
        **dict.fromkeys((*words, "stop_rule"), WORDS),
        **{name: [WORDS] for name in ("alternatives", "prohibited_uses", "consulted")},
        "impact_assessment": {"reference": WORDS, "date": date(2026, 1, 1)},
        "owner": {"en": "Head", "de": "Leitung"},
        "sign_off": {"by": WORDS, "date": date(2026, 2, 1)},
        "review_date": date(2027, 2, 1),
        "retraining": {"every_months": 12, "reason": WORDS},
        "capacity": {"share": 0.1, "reason": WORDS},
        "performance": [{"metric": "auc", "at_least": 0.65, "reason": WORDS}],
        "fairness": [{"metric": "tpr", "attribute": "sex", "tolerance": 0.1, "reason": WORDS}],
    }


def test_a_complete_charter_is_signed_off() -> None:
    charter = Charter.model_validate(charter_data())
    assert charter.is_signed_off
    assert charter.placeholders == ()
    assert charter.minimum_cell == 10
    assert charter.fairness[0].reference == "overall"


@pytest.mark.parametrize(
    "text",
    ["TODO", "todo", "tbd", "", "  ", "<name of the owner>", "…", "...", "to be filled", "Owner: TODO",
     "bitte ausfüllen", "Is to be determined by the board", "?", "n.n.", "wird noch ergänzt", "XXX", None, [], {}],
)  # fmt: skip
def test_placeholders_are_recognised(text: object) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    ["Head of service", "under <5 and >2", "We decided to determine it yearly", "a - b", 0, 0.1, False, "Todor Ivanov"],
)
def test_real_words_are_no_placeholders(text: object) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("problem",), "TODO"),
        (("problem",), {"en": "TODO", "de": "gesagt"}),
        (("problem",), {"en": "", "de": "gesagt"}),
        (("problem",), None),
        (("alternatives",), "TODO"),
        (("alternatives",), []),
        (("alternatives",), [{"en": "<first>", "de": "<erste>"}]),
        (("sign_off", "date"), "TBD"),
        (("sign_off", "by"), "TODO"),
        (("review_date",), None),
        (("capacity", "share"), "TODO"),
        (("retraining", "every_months"), "TODO"),
        (("performance", 0, "at_least"), "TODO"),
        (("fairness", 0, "tolerance"), "TODO"),
        (("impact_assessment", "reference"), "<where it is filed>"),
        (("by_association",), None),
        (("by_association",), "TODO"),
        (("by_association",), {"reason": "TODO"}),
        (("by_association",), {"reason": {"en": "said", "de": "bitte ausfüllen"}}),
        (("uninformative",), "TODO"),
        (("uninformative",), {"at_most": "TODO", "reason": WORDS}),
        (("uninformative",), {"at_most": 0.5, "reason": "TODO"}),
    ],
)
def test_a_charter_with_a_placeholder_loads_but_is_not_signed_off(path: tuple[str | int, ...], value: object) -> None:
    data: Any = copy.deepcopy(charter_data())
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    charter = Charter.model_validate(data)
    assert not charter.is_signed_off
    assert len(charter.placeholders) >= 1
    assert all(found[: len(path)] == path for found in charter.placeholders)


def test_empty_fairness_and_accepted_are_statements() -> None:
    assert Charter.model_validate(charter_data() | {"fairness": [], "accepted": []}).is_signed_off


@pytest.mark.parametrize("field", sorted(set(charter_data())))
def test_every_field_is_needed(field: str) -> None:
    data = charter_data()
    del data[field]
    with pytest.raises(ValidationError, match="Field required"):
        Charter.model_validate(data)


def _fails(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        Charter.model_validate(charter_data() | change)


def test_what_cannot_be_meant_is_a_mistake() -> None:
    fairness = charter_data()["fairness"][0]
    _fails({"problem": "only one language"}, "problem")
    _fails({"colour": 1}, "Extra inputs")
    _fails({"fairness": [fairness | {"metric": each} for each in ("tpr", "fpr", "ppv", "npv")]}, "at most three")
    _fails({"fairness": [fairness | {"metric": "auc"}]}, "auc alone")
    _fails({"fairness": [fairness, fairness]}, "twice")
    _fails({"fairness": [fairness | {"metric": "n"}]}, "no gap that can be judged")
    _fails({"fairness": [fairness | {"tolerance": 0}]}, "greater than 0")
    _fails({"performance": []}, "at least 1 item")
    _fails({"performance": [{"metric": "auc", "reason": WORDS}]}, "either `at_least` or `at_most`")
    _fails({"performance": [{"metric": "auc", "at_least": 1, "at_most": 2, "reason": WORDS}]}, "either `at_least`")
    _fails({"performance": [{"metric": "auc", "at_least": 1, "bound": "middle", "reason": WORDS}]}, "bound")
    _fails({"capacity": {"share": 1.5, "reason": WORDS}}, "share")
    _fails({"minimum_cell": 2}, "minimum_cell")
    _fails({"by_association": {"why": WORDS}}, "by_association")
    _fails({"by_association": {"reason": "only one language"}}, "by_association")
    _fails({"uninformative": {"at_most": 0.5}}, "uninformative")
    _fails({"uninformative": {"at_most": 1, "reason": WORDS}}, "less than 1")  # a ceiling of all is none
    _fails({"uninformative": {"at_most": 50, "reason": WORDS}}, "less than 1")
    _fails({"sign_off": {"by": WORDS, "date": "soon"}}, "date")


def test_the_harder_bound_is_the_default() -> None:
    data = charter_data() | {
        "performance": [
            {"metric": "auc", "at_least": 0.6, "reason": WORDS},
            {"metric": "brier", "at_most": 0.2, "reason": WORDS},
            {"metric": "brier", "at_most": 0.2, "bound": "estimate", "reason": WORDS},
        ]
    }
    charter = Charter.model_validate(data)
    assert [each.required_bound for each in charter.performance] == ["lower", "upper", "estimate"]
    assert [each.limit for each in charter.performance] == [0.6, 0.2, 0.2]


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written() -> None:
    data = charter_data()
    one = Charter.model_validate(data)
    other = Charter.model_validate(dict(reversed(list(data.items()))) | {"accepted": [], "minimum_cell": 10})
    assert one.sha256 == other.sha256
    assert len(one.sha256) == 64
    assert Charter.model_validate(data | {"minimum_cell": 11}).sha256 != one.sha256


def test_a_charter_without_the_newer_fields_keeps_its_hash() -> None:
    before = "43d3c20a4935098fadf3fb429a24937c69ff62bed19879ad011edfcf81e736ee"  # made before the field existed
    assert Charter.model_validate(charter_data()).sha256 == before
    assert Charter.model_validate(charter_data() | {"by_association": {"reason": WORDS}}).sha256 != before
    ceilings = [{"at_most": share, "reason": WORDS} for share in (0.4, 0.5)]
    hashes = {Charter.model_validate(charter_data() | {"uninformative": each}).sha256 for each in ceilings}
    assert len(hashes | {before}) == 3


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, None),
        ({"by_association": "TODO"}, None),
        ({"by_association": {"reason": "TODO"}}, None),
        ({"by_association": {"reason": {"en": "said", "de": "<Grund>"}}}, None),
        ({"by_association": {"reason": WORDS}}, Text(**WORDS)),
    ],
)
def test_a_placeholder_is_no_reason_for_association(said: dict[str, Any], reason: Text | None) -> None:
    assert Charter.model_validate(charter_data() | said).reason_by_association == reason


def test_association_needs_a_reason_and_something_that_says_who_belongs_together() -> None:
    events = {"type": "referral"}
    own = Count(kind="count", name="own", factor="f", events=events, window="1y")
    others = Count(kind="count", name="theirs", factor="f", events=events, window="1y", scope="association")
    reason = Text(**WORDS)
    assert check_association([(0, own)], None, memberships=False) == []
    assert check_association([(0, own), (1, others)], reason, memberships=True) == []
    ((place, what, todo),) = check_association([(0, own), (1, others)], None, memberships=True)
    assert place == (1, "scope")
    assert "“theirs”" in what
    assert "charter.yaml gives no reason" in what
    assert "by_association" in todo
    ((place, what, todo),) = check_association([(0, others)], reason, memberships=False)
    assert place == (0, "scope")
    assert "`core` has no `membership`" in what
    assert len(check_association([(0, others)], None, memberships=False)) == 2
    assert check_association([(0, others)], None, memberships=True, told=True) == []


def test_group_names_that_yaml_reads_as_numbers_are_text() -> None:
    fairness = charter_data()["fairness"][0] | {"reference": 0}
    accepted = {"attribute": "sex", "group": 1, "metric": "tpr", "reason": WORDS, "signatory": WORDS}
    charter = Charter.model_validate(charter_data() | {"fairness": [fairness], "accepted": [accepted]})
    assert (charter.fairness[0].reference, charter.accepted[0].group) == ("0", "1")


def test_check_finds_what_does_not_fit_the_pack() -> None:
    accepted = {"attribute": "sex", "group": "f", "metric": "fpr", "reason": WORDS, "signatory": WORDS}
    data = charter_data() | {
        "fairness": [
            charter_data()["fairness"][0],
            charter_data()["fairness"][0] | {"attribute": "age"},
            charter_data()["fairness"][0] | {"attribute": "sex × region"},
        ],
        "accepted": [accepted, accepted | {"metric": "tpr"}],
        "review_date": date(2026, 1, 1),
    }
    problems = check(Charter.model_validate(data), ProtectedSpec(attributes=["sex", "region"]), metrics=["brier"])
    assert [place for place, _, _ in problems] == [
        ("fairness", 1, "attribute"),
        ("accepted", 0),
        ("performance", 0, "metric"),
        ("review_date",),
    ]
    assert check(Charter.model_validate(charter_data()), ProtectedSpec(attributes=["sex"])) == []


def test_mistakes_name_file_and_line(tmp_path: Path) -> None:
    data = charter_data()
    data["capacity"]["share"] = 7
    del data["stop_rule"]
    path = tmp_path / "charter.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    document, _ = read_document(path)
    assert document is not None
    charter, mistakes = validate(Charter, document)
    assert charter is None
    assert {mistake.file for mistake in mistakes} == {"charter.yaml"}
    line = path.read_text(encoding="utf-8").splitlines()[
        next(each.line for each in mistakes if "share" in each.what) - 1
    ]
    assert "share" in line
    assert any("stop_rule" in each.what for each in mistakes)


@pytest.mark.parametrize("programme", ["student_support", "family_support"])
def test_the_built_in_charters_are_signed_off(programme: str) -> None:
    document, mistakes = read_document(PROGRAMMES / programme / "charter.yaml")
    assert not mistakes
    assert document is not None
    charter, mistakes = validate(Charter, document)
    assert not mistakes
    assert charter is not None
    assert charter.is_signed_off


def test_protected_spec() -> None:
    spec = ProtectedSpec(attributes=["a", "b", "c"])
    assert spec.names() == ["a", "b", "c", "a × b", "a × c", "b × c"]
    assert ProtectedSpec(attributes=["a", "b"], intersections="none").names() == ["a", "b"]
    assert ProtectedSpec(attributes=["a", "b", "c"], intersections=[["c", "a", "b"]]).crossed() == [("c", "a", "b")]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ({"attributes": []}, "at least 1"),
        ({"attributes": ["a", "a"]}, "twice"),
        ({"attributes": ["overall"]}, "call the attribute something else"),
        ({"attributes": ["a", "b"], "intersections": [["a", "z"]]}, "not among"),
        ({"attributes": ["a", "b"], "intersections": [["a"]]}, "two or three"),
        ({"attributes": ["a", "b"], "intersections": [["a", "b"], ["b", "a"]]}, "stands twice"),
    ],
)
def test_protected_spec_mistakes(data: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        ProtectedSpec.model_validate(data)
