"""The sections `cohort:` and `outcome:` of programme.yaml.

Belongs here: their pydantic models and what can be checked from the section and the names there are.
Does not belong here: reading files (data_contracts.yamldoc) or anything that needs the warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from data_contracts.yamldoc import nearest
from models.spec.section import Section


class AttributeDates(Section):
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


class Cadence(Section):
    """Every open case stands in a cohort each `every_months` months, from `first` on."""

    every_months: int = Field(ge=1)
    first: date


def _kind_of_dates(value: Any) -> str:
    keys = value if isinstance(value, dict) else vars(value)
    return "by cadence" if {"every_months", "first"} & set(keys) else "by attribute"


class CohortSpec(Section):
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


class OutcomeSpec(Section):
    """The agency event that is predicted, and its horizon.

    Attributes
    ----------
    name : str
        Short technical name of the outcome.
    event_type, category : str, list of str
        Which rows of core.event are the outcome; without `category` every category counts.
    within : str
        `90d` (days from as_of) or `planned_end` (the case's own planned end).
    also_within : list of str
        Further horizons, written like `within`, at which the same scores are judged. No model is trained for them.
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
    also_within: list[str] = Field(default_factory=list)
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

    @field_validator("also_within")
    @classmethod
    def _are_horizons(cls, value: list[str]) -> list[str]:
        return [cls._is_horizon(each) for each in value]

    @model_validator(mode="after")
    def _each_once(self) -> OutcomeSpec:
        if len({self.within, *self.also_within}) <= len(self.also_within):
            raise ValueError("a horizon stands twice in `within` and `also_within`")
        return self

    @property
    def horizons(self) -> list[str]:
        """Every horizon, the main one first."""
        return [self.within, *self.also_within]

    @property
    def days(self) -> int | None:
        """Length of the main window in days; None when it runs to the planned end."""
        return days_of(self.within)


def days_of(horizon: str) -> int | None:
    """Length of a horizon in days; None for `planned_end`."""
    return None if horizon == "planned_end" else int(horizon[:-1])


def check_names(
    cohort: CohortSpec | None,
    outcome: OutcomeSpec | None,
    attributes: Sequence[str] | None,
    event_types: Sequence[str] | None,
    categories: Mapping[str, Sequence[str] | None],
) -> list[tuple[tuple[int | str, ...], str, str]]:
    """What in the two sections the programme's core tables cannot have; a misspelt outcome would never occur.

    Parameters
    ----------
    cohort, outcome
        The sections; None for one that could not be read.
    attributes, event_types : sequence of str or None
        Names in core.attribute and core.event; None where a source leaves them open.
    categories : mapping
        By event type, the categories that it can have, where they are known.

    Returns
    -------
    list of (location, what, what to do)
        Locations are places in programme.yaml.
    """
    asked: list[tuple[tuple[int | str, ...], str, str | None, Sequence[str] | None]] = []
    if cohort is not None:
        asked.append((("cohort", "team"), "attribute", cohort.team, attributes))
        if isinstance(cohort.as_of, AttributeDates):
            asked += [
                (("cohort", "as_of", field), "attribute", getattr(cohort.as_of, field), attributes)
                for field in ("attribute", "label")
            ]
    if outcome is not None:
        asked += [(("outcome", "event_type"), "event type", each, event_types) for each in outcome.event_type]
        lists = [categories.get(each) for each in outcome.event_type]
        if event_types is not None and all(each is not None for each in lists):
            some = [one for each in lists for one in each or ()]
            asked += [(("outcome", "category"), "category", each, some) for each in outcome.category or ()]
    return [
        (
            place,
            f"{kind} “{name}” is in no source.",
            nearest(name, list(known)) or f"Known: {', '.join(sorted(known))}.",
        )
        for place, kind, name, known in asked
        if name is not None and known is not None and name not in known
    ]
