"""The sections of programme.yaml that this room owns: cohort, outcome, candidates, bands.

Belongs here: the pydantic models of those sections and what can be checked from the section alone.
Does not belong here: reading files (data_contracts.yamldoc) or anything that needs the warehouse.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, field_validator, model_validator

from features.words import Text

SIMPLEST_FIRST = ("base_rate", "one_factor", "logistic", "hist_gradient_boosting")
"""Every candidate, the simplest first: the order in which selection prefers them."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributeDates(_Section):
    """Each case stands in one cohort: `plus_days` after the day that its attribute holds.

    Attributes
    ----------
    attribute : str
        Name in core.attribute whose value is an ISO date.
    plus_days : int
        Days from that date to the as-of date.
    label : str or None
        Name in core.attribute whose value names the cohort; the as-of date names it otherwise.
    """

    attribute: str
    plus_days: int = Field(default=0, ge=0)
    label: str | None = None


class Cadence(_Section):
    """Every open case stands in a cohort each `every_months` months, from `first` on."""

    every_months: int = Field(ge=1)
    first: date


def _kind_of_dates(value: Any) -> str:
    keys = value if isinstance(value, dict) else vars(value)
    return "by cadence" if {"every_months", "first"} & set(keys) else "by attribute"


class CohortSpec(_Section):
    """When predictions are made, for whom, and which attribute names the team of a case.

    Examples
    --------
    >>> spec = CohortSpec.model_validate({"as_of": {"every_months": 3, "first": "2020-01-01"}})
    >>> spec.as_of.every_months
    3
    """

    # the tags hold a blank so that they can never be taken for a key of the file in an error's place
    as_of: Annotated[
        Annotated[AttributeDates, Tag("by attribute")] | Annotated[Cadence, Tag("by cadence")],
        Discriminator(_kind_of_dates),
    ]
    team: str | None = None


class OutcomeSpec(_Section):
    """The agency event that is predicted, and its horizon.

    Attributes
    ----------
    name : str
        Short technical name of the outcome.
    event_type, category : str, list of str
        Which rows of core.event are the outcome; without `category` every category counts.
    within : str
        `90d` (days from as_of) or `planned_end` (the case's own planned end).
    reporting_lag_days : int
        Days after the window until the agency's records of it are taken as complete.
    of : {"case", "person"}
        `case` (default): events of this case, and events of its person that name no case.
        `person`: every event of the person, whichever case it belongs to.
    """

    name: str
    event_type: list[str] = Field(min_length=1)
    category: list[str] | None = None
    within: str
    reporting_lag_days: int = Field(default=0, ge=0)
    of: Literal["case", "person"] = "case"

    @field_validator("event_type", "category", mode="before", json_schema_input_type=str | list[str])
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("within")
    @classmethod
    def _is_horizon(cls, value: str) -> str:
        if value != "planned_end" and not re.fullmatch(r"[1-9]\d{0,4}d", value):
            raise ValueError("write the horizon as days, such as 90d, or as planned_end")
        return value

    @property
    def days(self) -> int | None:
        """Length of the window in days; None when it runs to the planned end."""
        return None if self.within == "planned_end" else int(self.within[:-1])


class LogisticParams(_Section):
    """Logistic regression: `inverse_penalty` is scikit-learn's C, on standardised columns."""

    inverse_penalty: float = Field(default=0.1, gt=0)


class BoostingParams(_Section):
    """HistGradientBoosting; the number of trees is found by clustered folds inside the training rows."""

    learning_rate: float = Field(default=0.05, gt=0, le=1)
    max_leaf_nodes: int = Field(default=8, ge=2, le=255)
    min_samples_leaf: int = Field(default=50, ge=1)
    l2: float = Field(default=5.0, ge=0)
    max_trees: int = Field(default=200, ge=1, le=5000)


class NoParams(_Section):
    """The base rate and the one factor have nothing to set."""


PARAMS: dict[str, type[_Section]] = {
    "base_rate": NoParams,
    "one_factor": LogisticParams,
    "logistic": LogisticParams,
    "hist_gradient_boosting": BoostingParams,
}


class CandidateSpec(_Section):
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


class CandidatesSpec(_Section):
    """Which models compete, and how the past is cut to compare them.

    Attributes
    ----------
    models : list of CandidateSpec
        A plain list of names is enough: `candidates: [base_rate, logistic]`.
    calibration_share : float
        Share of the training clusters kept apart for calibration.
    last_splits : int
        How many of the newest closed cohorts become test sides of a split.
    min_class : int
        A split needs at least so many outcomes and so many non-outcomes in training.
    """

    models: list[CandidateSpec] = Field(min_length=1)
    calibration_share: float = Field(default=0.25, gt=0, lt=1)
    last_splits: int = Field(default=6, ge=1)
    min_class: int = Field(default=20, ge=1)

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


class Band(_Section):
    """A range of scores with a name: from the band before up to, not including, `up_to`.

    `label` is what reports call it; without one they show the name.
    """

    name: str = Field(min_length=1)
    label: Text | None = None
    up_to: float = Field(gt=0, le=1)


class BandSpec(RootModel[list[Band]]):
    """All bands, from the lowest to the highest; the last one ends at 1 and includes it."""

    @field_validator("root")
    @classmethod
    def _cover_everything(cls, value: list[Band]) -> list[Band]:
        if not value:
            raise ValueError("name at least one band")
        ends = [band.up_to for band in value]
        if any(later <= earlier for earlier, later in pairwise(ends)):
            raise ValueError("each band must end above the one before it")
        if ends[-1] != 1:
            raise ValueError("the last band must end at 1, or the highest scores would have no band")
        if len({band.name for band in value}) != len(value):
            raise ValueError("two bands have the same name")
        return value
