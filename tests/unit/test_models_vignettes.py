"""Fictional cases: the file's form, what it names, the records that it stands for, the order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from data_contracts.core import Vocabulary
from features.fields import Feature
from features.spec import FeatureSpec
from models.explanation import contributions
from models.model import Model, fit_model
from models.spec import CandidateSpec, UncertaintySpec, Vignettes
from models.spec.vignettes import check
from models.vignettes import born, score_vignettes, vignette_rows

AS_OF = dt.date(2024, 7, 1)
WORDS = {"en": "said", "de": "gesagt"}


def features() -> list[Feature]:
    events = {"type": "visit", "category": "missed"}
    made = [
        {"name": "missed", "kind": "count", "factor": "a", "events": events, "window": "90d", "source": "visits"},
        {"name": "early", "kind": "count", "factor": "a", "events": {"type": "visit"}, "window": "1y", "lag": "30d"},
        {"name": "since", "kind": "days_since_last", "factor": "a", "events": {"type": "visit"}, "window": "1y"},
        {"name": "mean", "kind": "mean", "factor": "b", "events": {"type": "test"}, "window": "1y", "scope": "case"},
        {"name": "open", "kind": "open_episodes", "factor": "c", "events": {"type": "help"}, "window": "all",
         "reason": "Help is for ever."},
        {"name": "age", "kind": "age_years", "factor": "d", "attribute": "birth"},
        {"name": "kind", "kind": "attribute_category", "factor": "e", "attribute": "kind", "scope": "case",
         "categories": ["x", "y"]},
        {"name": "number", "kind": "attribute_number", "factor": "f", "attribute": "number"},
        {"name": "opened", "kind": "days_since_opened", "factor": "g"},
        {"name": "theirs", "kind": "count", "factor": "h", "events": {"type": "visit"}, "window": "1y",
         "scope": "association"},
    ]  # fmt: skip
    adapter = TypeAdapter(FeatureSpec)
    return [adapter.validate_python(each) for each in made]


def vignettes(*cases: dict[str, Any], order: list[tuple[str, str]] | None = None) -> Vignettes:
    listed = [{"story": WORDS, **case} for case in cases]
    listed += [{"name": "other", "story": WORDS}] if len(listed) < 2 else []
    pairs = order or [(listed[0]["name"], listed[1]["name"])]
    said = [{"higher": higher, "lower": lower, "because": WORDS} for higher, lower in pairs]
    return Vignettes.model_validate({"vignettes": listed, "order": said})


def event(**changes: Any) -> dict[str, Any]:
    return {"type": "visit", "category": "missed", "days_ago": 10} | changes


FULL: dict[str, Any] = {
    "name": "full",
    "age_years": 17,
    "opened_days_ago": 100,
    "attributes": {"kind": "y", "number": 2},
    "covered": ["visits"],
    "events": [
        event(times=4, every_days=40),  # 10, 50, 90 and 130 days ago
        event(type="test", category=None, value=3.5, days_ago=20),
        event(type="test", category=None, value=4.5, days_ago=364),
        event(type="help", category=None, days_ago=300, ended_days_ago=40),
        event(type="help", category=None, days_ago=200, times=2, every_days=9),
        event(type="test", category=None, value=100, days_ago=1, known_days_ago=1),
    ],
}


def test_a_vignette_becomes_what_its_records_would_have_been() -> None:
    X, evidence = vignette_rows(vignettes(FULL, {"name": "blank"}), features(), AS_OF)
    full, blank = (X.iloc[i].to_dict() for i in (0, 1))
    assert full == {
        "missed": 3, "early": 3, "since": 10, "mean": 36, "open": 2, "age": 17, "kind__x": 0, "kind__y": 1, "number": 2,
        "opened": 100, "theirs": 0,
    }  # fmt: skip
    assert blank["opened"] == 30
    assert blank["open"] == 0
    assert all(np.isnan(blank[name]) for name in ("missed", "since", "mean", "age", "number"))
    count = evidence.set_index("case_id")["evidence_count"].to_dict()
    assert count == {"full": 4 + 3 + 2 + 3, "blank": 0}, "visits, tests, open help, attributes: each once"
    newest = evidence.set_index("case_id")["evidence_age_days"]
    assert newest["full"] == 1
    assert pd.isna(newest["blank"])


def test_what_was_known_later_does_not_exist_before() -> None:
    late = {"name": "late", "covered": ["visits"], "events": [event(days_ago=60, known_days_ago=1)]}
    same = {"name": "same", "covered": ["visits"], "events": [event(days_ago=60)]}
    X, _ = vignette_rows(vignettes(late, same), features(), AS_OF)
    assert X["missed"].tolist() == [1, 1]
    assert X["since"].tolist() == [60, 60]
    assert X["early"].tolist() == [0, 1], "a month before, nobody knew of the first"
    moved = {"name": "moved", "events": [event(days_ago=60, known_days_ago=50, times=3, every_days=20)]}
    assert vignette_rows(vignettes(moved), features(), AS_OF)[0]["since"][0] == 60


def test_only_days_relative_to_the_as_of_date_matter() -> None:
    days = [AS_OF, dt.date(2020, 2, 29), dt.date(1999, 12, 31)]
    first, *others = [vignette_rows(vignettes(FULL), features(), day)[0] for day in days]
    for other in others:
        pd.testing.assert_frame_equal(first, other)


@pytest.mark.parametrize(("age", "day"), [(0, AS_OF), (17, dt.date(2007, 7, 1)), (0.5, dt.date(2023, 12, 31))])
def test_ages_are_told_by_a_day_of_birth(age: float, day: dt.date) -> None:
    assert abs(born(age, AS_OF) - day) <= dt.timedelta(days=1)
    X, _ = vignette_rows(vignettes({"name": "one", "age_years": age}), features(), AS_OF)
    assert X["age"].tolist()[:1] == [int(age)]
    assert born(4, dt.date(2024, 2, 29)) == dt.date(2020, 2, 28)


def model(weight: float = 1.0) -> Model:
    """Fitted so that more missed visits mean a higher score, or with a weight of -1 a lower one."""
    generator = np.random.default_rng(1)
    X, _ = vignette_rows(vignettes(FULL), features(), AS_OF)
    frame = pd.DataFrame(generator.normal(size=(600, X.shape[1])), columns=X.columns)
    frame["missed"] = generator.poisson(1.5, 600)
    y = (generator.random(600) < 1 / (1 + np.exp(1.5 - weight * frame["missed"]))).to_numpy(dtype=np.float64)
    clusters = np.array([f"k{i}" for i in range(600)], dtype=object)
    return fit_model(CandidateSpec(name="logistic"), frame, y, clusters, seed=1, calibration_share=0.25)


@pytest.mark.slow
@pytest.mark.measured
def test_a_statement_holds_when_the_first_case_is_strictly_above_the_second() -> None:
    often = {"name": "often", "covered": ["visits"], "events": [event(times=5)]}
    never = {"name": "never", "covered": ["visits"], "events": []}
    twin = {"name": "twin", "covered": ["visits"], "events": []}
    pairs = [("often", "never"), ("twin", "never")]
    made = vignettes(often, never, twin, order=pairs)
    found = score_vignettes(made, model(), features(), UncertaintySpec(), AS_OF)
    assert found.statements.to_dict("list") == {
        "higher": ["often", "twin"], "lower": ["never", "never"], "holds": [True, False],
    }  # fmt: skip
    cases = found.cases.set_index("name")
    assert list(cases.index) == ["often", "never", "twin"]
    assert cases.loc["never", "raw"] == cases.loc["twin", "raw"]
    assert ((cases["low"] <= cases["score"]) & (cases["score"] <= cases["high"])).all()
    assert cases.loc["never", "reason"] == "thin_evidence"
    why = found.reasons[found.reasons["name"] == "often"]
    assert why.iloc[0][["factor", "feature", "value"]].tolist() == ["a", "missed", 5.0]
    assert why.iloc[0]["category"] is None
    table, _ = contributions(model(), vignette_rows(made, features(), AS_OF)[0])
    assert why.iloc[0]["contribution"] == pytest.approx(table.loc[0, ["missed", "early", "since"]].sum())
    assert (why["contribution"] > 0).sum() <= 3
    assert (why["contribution"] < 0).sum() <= 3
    speaks = found.reasons[found.reasons["factor"] == "h"]
    assert speaks["feature"].isna().all(), "it would say what is recorded about others"
    turned = score_vignettes(made, model(-1.0), features(), UncertaintySpec(), AS_OF)
    assert turned.statements["holds"].tolist() == [False, False]


VOCABULARY = Vocabulary(
    event_types=("visit", "help"),
    attributes=("kind", "birth"),
    sources=("visits",),
    categories={"visit": ("kept", "missed"), "help": ()},
    values={"kind": ("x", "y")},
    without_value=frozenset({"visit"}),
    without_end=frozenset({"visit"}),
)


@pytest.mark.parametrize(
    ("case", "place", "what", "todo"),
    [
        ({"events": [event(type="visits")]}, ("events", 0, "type"), "event type “visits”", "Did you mean “visit”?"),
        ({"events": [event(category="mised")]}, ("events", 0, "category"), "“mised”", "Did you mean “missed”?"),
        ({"events": [event(category="zzz")]}, ("events", 0, "category"), "“zzz”", "Known: kept, missed."),
        ({"events": [event(type="help")]}, ("events", 0, "category"), "“help” never have", "Leave it out."),
        ({"events": [event(value=1)]}, ("events", 0, "value"), "carry no value", "Leave it out."),
        ({"events": [event(ended_days_ago=1)]}, ("events", 0, "ended_days_ago"), "carry no end", "Leave it out."),
        ({"attributes": {"knd": "x"}}, ("attributes", "knd"), "“knd”", "Did you mean “kind”?"),
        ({"attributes": {"kind": "z"}}, ("attributes", "kind"), "never “z”", "Known: x, y."),
        ({"attributes": {"birth": "2001"}}, ("attributes", "birth"), "`age_years`", "Leave it out."),
        ({"covered": ["visit"]}, ("covered", 0), "source “visit”", "Did you mean “visits”?"),
    ],
)
def test_what_no_source_can_give_is_told_with_the_nearest_name(
    case: dict[str, Any], place: tuple[Any, ...], what: str, todo: str
) -> None:
    made = vignettes({"name": "fine", "events": [event()]}, {"name": "wrong", **case})
    ((where, said, advice),) = check([(3, made.vignettes[1])], VOCABULARY, features())
    assert where == (3, *place)
    assert what in said
    assert advice == todo
    assert check([(0, made.vignettes[0])], VOCABULARY, features()) == []
    assert check([(0, made.vignettes[1])], Vocabulary(), []) == [], "what a source leaves open is not held against it"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"events": [event(known_days_ago=11)]}, "lies before the event itself"),
        ({"events": [event(ended_days_ago=11)]}, "lies before the event itself"),
        ({"events": [event(times=1000, every_days=100)]}, "days back"),
        ({"events": [event(days_ago=0)]}, "greater than or equal to 1"),
        ({"events": [event(value=float("nan"))]}, "finite"),
        ({"attributes": {"disability": True}}, "in quotes"),
        ({"attributes": {"kind": " "}}, "at least 1 character"),
        ({"opened_days_ago": 0}, "greater than or equal to 1"),
        ({"age": 3}, "Extra inputs"),
        ({"name": "Full"}, "pattern"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(case: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        vignettes({"name": "one", **case})


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ([("one", "two"), ("two", "one")], "above itself"),
        ([("one", "two"), ("two", "three"), ("three", "one")], "above itself"),
        ([("one", "one")], "above itself"),
        ([("one", "nobody")], "names nobody"),
    ],
)
def test_an_order_that_nothing_could_meet_is_a_mistake(order: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        vignettes({"name": "one"}, {"name": "two"}, {"name": "three"}, order=order)


def test_numbers_and_days_are_written_as_core_holds_them() -> None:
    made = vignettes({"name": "one", "attributes": {"a": 2, "b": 2.5, "c": dt.date(2001, 2, 3), "d": "x"}})
    assert made.vignettes[0].attributes == {"a": "2", "b": "2.5", "c": "2001-02-03", "d": "x"}
