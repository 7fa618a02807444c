from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from data_contracts.yamldoc import read_document, validate
from models.spec import BandSpec, CandidatesSpec, CohortSpec, OutcomeSpec


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


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (["base_rate", "base_rate"], "stands twice"),
        (["logistic"], "add base_rate"),
        (["base_rate", "forest"], "Input should be"),
        (["base_rate", {"name": "logistic", "params": {"C": 1}}], "logistic has no parameter C"),
        (["base_rate", {"name": "base_rate", "params": {"C": 1}}], "it has: none"),
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
