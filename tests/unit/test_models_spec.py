from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from data_contracts.yamldoc import read_document, validate
from models.spec import (
    BandSpec,
    CandidateSpec,
    CandidatesSpec,
    CohortSpec,
    EvaluationSpec,
    OutcomeSpec,
    SplitsSpec,
    check_names,
    check_subsets,
    simplicity,
)

FOREST = {"name": "other", "class": "sklearn.ensemble.RandomForestClassifier"}


def test_a_cohort_by_attribute_and_one_by_cadence() -> None:
    by_attribute = CohortSpec.model_validate({"as_of": {"attribute": "start", "plus_days": 30, "label": "term"}})
    assert (by_attribute.as_of.attribute, by_attribute.as_of.plus_days) == ("start", 30)  # type: ignore[union-attr]  # by its tag
    by_cadence = CohortSpec.model_validate({"as_of": {"every_months": 3, "first": "2020-01-01"}, "team": "team"})
    assert by_cadence.as_of.every_months == 3  # type: ignore[union-attr]  # by its tag
    assert CohortSpec.model_validate({"as_of": by_cadence.as_of}).as_of == by_cadence.as_of


def test_a_mistake_in_the_as_of_section_is_told_at_its_line(tmp_path: Path) -> None:
    file = tmp_path / "programme.yaml"
    file.write_text("cohort:\n  as_of:\n    every_months: 0\n    first: 2020-01-01\n    plus_days: 3\n")
    document, _ = read_document(file)
    assert document is not None
    _, mistakes = validate(CohortSpec, document, ("cohort",))
    assert [mistake.line for mistake in sorted(mistakes)] == [3, 5]


@pytest.mark.parametrize(("within", "days"), [("90d", 90), ("planned_end", None)])
def test_a_horizon_is_days_or_the_planned_end(within: str, days: int | None) -> None:
    spec = OutcomeSpec(name="left", event_type="left", category="a", within=within)  # type: ignore[arg-type]  # coerced
    assert (spec.days, spec.event_type, spec.category) == (days, ["left"], ["a"])


@pytest.mark.parametrize("within", ["90", "0d", "3 months", "-1d"])
def test_another_horizon_is_refused(within: str) -> None:
    with pytest.raises(ValidationError, match="as days, such as 90d"):
        OutcomeSpec(name="left", event_type=["left"], within=within)


def test_candidates_stand_in_the_order_of_simplicity_with_all_their_settings() -> None:
    spec = CandidatesSpec.model_validate(
        [{"name": "hist_gradient_boosting", "params": {"max_trees": 10}}, "logistic", "base_rate"]
    )
    assert [candidate.name for candidate in spec.models] == ["base_rate", "logistic", "hist_gradient_boosting"]
    assert spec.models[2].settings["max_trees"] == 10
    assert spec.models[2].settings["learning_rate"] == 0.05
    assert [candidate.label for candidate in spec.models] == ["base_rate", "logistic", "hist_gradient_boosting"]
    assert all(candidate.deployable for candidate in spec.models)


def test_two_candidates_of_a_kind_have_labels_and_a_place_by_them() -> None:
    forest = {"name": "other", "label": "forest", "class": "sklearn.ensemble.RandomForestClassifier"}
    spec = CandidatesSpec.model_validate(
        [forest, {"name": "logistic", "label": "mild"}, {"name": "logistic", "label": "bold"}, "points", "base_rate"]
    )
    assert [candidate.label for candidate in spec.models] == ["base_rate", "points", "bold", "mild", "forest"]
    assert [simplicity(candidate)[0] for candidate in spec.models] == [0, 2, 3, 3, 6]
    assert [candidate.deployable for candidate in spec.models] == [True, True, True, True, False]
    assert spec.labelled("mild") is spec.models[3]


def test_a_list_is_a_grid_with_the_simplest_first() -> None:
    params = {"max_leaf_nodes": [8, 4], "min_samples_leaf": [20, 80], "l2": 1}
    grid = CandidateSpec(name="hist_gradient_boosting", params=params).grid
    assert [(each["max_leaf_nodes"], each["min_samples_leaf"]) for each in grid] == [(4, 80), (4, 20), (8, 80), (8, 20)]
    assert {each["l2"] for each in grid} == {1.0}
    assert CandidateSpec(name="base_rate").grid == [{}]
    assert CandidateSpec(name="logistic", params={"inverse_penalty": [1, 0.1]}).grid == [
        {"inverse_penalty": 0.1},
        {"inverse_penalty": 1.0},
    ]
    forest = CandidateSpec.model_validate(
        {"name": "other", "class": "sklearn.ensemble.RandomForestClassifier", "params": {"max_depth": [3, None]}}
    )
    assert [each["max_depth"] for each in forest.grid] == [3, None]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (["base_rate", "base_rate"], "stands twice"),
        (["logistic"], "add base_rate"),
        (["base_rate", "forest"], "Input should be"),
        (["base_rate", {"name": "logistic", "params": {"C": 1}}], "logistic has no parameter C"),
        (["base_rate", {"name": "base_rate", "params": {"C": 1}}], "it has: none"),
        (["base_rate", "logistic", {"name": "logistic", "params": {}}], "give each candidate a label of its own"),
        (["base_rate", {"name": "logistic", "label": "points"}], "the name of another kind"),
        (["base_rate", {"name": "logistic", "label": "logistic without them"}], "a label is one word"),
        (["base_rate", {"name": "logistic", "params": {"inverse_penalty": []}}], "at least 1 item"),
        (["base_rate", {"name": "logistic", "params": {"inverse_penalty": [1, 1]}}], "stands twice"),
        (["base_rate", {"name": "logistic", "params": {"inverse_penalty": [1, -1]}}], "greater than 0"),
        (["base_rate", {"name": "logistic", "params": {"inverse_penalty": list(range(1, 62))}}], "61 combinations"),
        (["base_rate", {"name": "logistic", "class": "sklearn.svm.SVC"}], "class belongs to the candidate other"),
        (["base_rate", "other"], "other needs class"),
        (["base_rate", {"name": "other", "class": "os.system"}], "no public class of scikit-learn"),
        (["base_rate", {"name": "other", "class": "sklearn.tests.test_base.Buggy"}], "no public class"),
        (["base_rate", {"name": "other", "class": "sklearn.linear_model._logistic.LogisticRegression"}], "no public"),
        (["base_rate", {"name": "other", "class": "sklearn.ensemble.Nothing"}], "scikit-learn has no"),
        (["base_rate", {"name": "other", "class": "sklearn.linear_model.Ridge"}], "is no classifier"),
        (["base_rate", {"name": "other", "class": "sklearn.utils.Bunch"}], "is no classifier"),
        (["base_rate", {"name": "other", "class": "sklearn.svm.LinearSVC"}], "gives no probabilities"),
        (["base_rate", {"name": "other", "class": "sklearn.ensemble.StackingClassifier"}], "plain values alone"),
        ([{**FOREST, "params": {"depth": 3}}], "has no parameter depth"),
        ([{**FOREST, "params": {"n_jobs": 2}}], "has no parameter n_jobs that a pack can set"),
        ([{**FOREST, "params": {"max_depth": []}}], "a grid needs at least one value"),
        (["base_rate", {"name": "logistic", "params": {"inverse_penalty": -1}}], "greater than 0"),
        ([], "at least 1"),
    ],
)
def test_a_candidates_section_that_cannot_be_meant_is_refused(section: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CandidatesSpec.model_validate(section)


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ([], "at least one band"),
        ([("low", 0.2), ("high", 0.9)], "must end at 1"),
        ([("low", 0.3), ("middle", 0.2), ("high", 1)], "above the one before"),
        ([("low", 0.3), ("low", 1)], "the same name"),
    ],
)
def test_bands_cover_every_score_once(bands: list[tuple[str, float]], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BandSpec.model_validate([{"name": name, "up_to": end} for name, end in bands])


def test_subsets_name_attributes_and_values_that_there_are() -> None:
    spec = EvaluationSpec.model_validate(
        {
            "subsets": [
                {"name": "north", "attribute": "area", "values": ["north"]},
                {"name": "typo", "attribute": "aera", "values": ["north"]},
                {"name": "value", "attribute": "area", "values": ["nroth", "south"]},
                {"name": "free", "attribute": "team", "values": ["anything"]},
            ]
        }
    )
    found = check_subsets(spec, ("area", "team"), {"area": ("north", "south")})
    assert [place for place, _, _ in found] == [("subsets", 1, "attribute"), ("subsets", 2, "values")]
    assert [todo for _, _, todo in found] == ["Did you mean “area”?", "Did you mean “north”?"]
    assert check_subsets(spec, None, {}) == []


def test_cohort_and_outcome_name_what_there_is() -> None:
    cohort = CohortSpec.model_validate({"as_of": {"attribute": "strat", "label": "term"}, "team": "teams"})
    outcome = OutcomeSpec.model_validate(
        {"name": "o", "event_type": ["crisis", "exit"], "within": "90d", "category": "x"}
    )
    known = {"crisis": ("placed",), "exit": None}
    found = check_names(cohort, outcome, ("start", "team"), ("crisis",), known)
    assert [".".join(map(str, place)) for place, _, _ in found] == [
        "cohort.team",
        "cohort.as_of.attribute",
        "cohort.as_of.label",
        "outcome.event_type",
    ]
    assert found[0][2] == "Did you mean “team”?"
    assert "category “x”" in check_names(None, outcome, None, ("crisis", "exit"), known | {"exit": ("moved",)})[0][1]
    assert check_names(cohort, outcome, None, None, {}) == []


@pytest.mark.parametrize("span", ["9999y", "99999d", "1300mo", "0d", "1w"])
def test_a_span_of_time_has_an_end(span: str) -> None:
    with pytest.raises(ValidationError, match="at most a hundred years"):
        SplitsSpec(histories=[span])
    assert SplitsSpec(histories=["100y", "36600d", "30d"]).histories[0] == "100y"
