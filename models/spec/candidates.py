"""The section `candidates:` of programme.yaml: which models compete.

Belongs here: its pydantic models and what can be checked from the section alone.
Does not belong here: fitting anything (models.candidates) or how the past is cut (models.spec.splits).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from models.spec.section import Section

SIMPLEST_FIRST = ("base_rate", "one_factor", "logistic", "hist_gradient_boosting")
"""Every candidate, the simplest first: the order in which selection prefers them."""


class LogisticParams(Section):
    """Logistic regression: `inverse_penalty` is scikit-learn's C, on standardised columns."""

    inverse_penalty: float = Field(default=0.1, gt=0)


class BoostingParams(Section):
    """HistGradientBoosting; the number of trees is found by clustered folds inside the training rows."""

    learning_rate: float = Field(default=0.05, gt=0, le=1)
    max_leaf_nodes: int = Field(default=8, ge=2, le=255)
    min_samples_leaf: int = Field(default=50, ge=1)
    l2: float = Field(default=5.0, ge=0)
    max_trees: int = Field(default=200, ge=1, le=5000)


class NoParams(Section):
    """The base rate and the one factor have nothing to set."""


PARAMS: dict[str, type[Section]] = {
    "base_rate": NoParams,
    "one_factor": LogisticParams,
    "logistic": LogisticParams,
    "hist_gradient_boosting": BoostingParams,
}


class CandidateSpec(Section):
    """One candidate: its name alone, or `{name: ..., params: {...}}`."""

    name: Literal["base_rate", "one_factor", "logistic", "hist_gradient_boosting"]
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _params_fit(self) -> CandidateSpec:
        unknown = sorted(set(self.params) - set(PARAMS[self.name].model_fields))
        if unknown:
            known = ", ".join(PARAMS[self.name].model_fields) or "none"
            raise ValueError(f"{self.name} has no parameter {', '.join(unknown)} (it has: {known})")
        PARAMS[self.name].model_validate(self.params)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters with their defaults filled in."""
        return PARAMS[self.name].model_validate(self.params).model_dump()


class CandidatesSpec(Section):
    """Which models compete.

    Attributes
    ----------
    models : list of CandidateSpec
        A plain list of names is enough: `candidates: [base_rate, logistic]`.
    calibration_share : float
        Share of the training clusters kept apart for calibration.
    """

    models: list[CandidateSpec] = Field(min_length=1)
    calibration_share: float = Field(default=0.25, gt=0, lt=1)

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, value: Any) -> Any:
        return {"models": value} if isinstance(value, list) else value

    @field_validator("models")
    @classmethod
    def _each_once(cls, value: list[CandidateSpec]) -> list[CandidateSpec]:
        names = [candidate.name for candidate in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice; each candidate competes once")
        if "base_rate" not in names:
            raise ValueError("add base_rate: without it nothing shows that a model knows more than the average")
        return sorted(value, key=lambda candidate: SIMPLEST_FIRST.index(candidate.name))
