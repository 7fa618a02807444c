"""The section `observation:` of programme.yaml: for whom, and how completely, the outcome is recorded.

Belongs here: the pydantic models and what can be checked from them alone.
Does not belong here: what follows for a figure (fairness_reports.identification.bounds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fairness_reports.spec import ProtectedSpec
from features.words import Text

Problem = tuple[tuple[int | str, ...], str, str]

Value = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | bool) else value)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Served(_Section):
    """Who was looked at: only these cases can have an outcome.

    Parameters
    ----------
    attribute : str
        Name in core.attribute, or a column of the audited table.
    values : list of str
        Its values that mean "looked at".
    """

    attribute: str = Field(min_length=1)
    values: list[Value] = Field(min_length=1)


class Range(_Section):
    """A range of shares for everybody or for one group.

    Parameters
    ----------
    at_least, at_most : float
        The range, from 0 to 1.
    attribute, group : str, optional
        For whom; both or neither. Without them: everybody whom no other entry names.
    """

    at_least: float = Field(default=0.0, ge=0, le=1)
    at_most: float = Field(default=1.0, ge=0, le=1)
    attribute: str | None = Field(default=None, min_length=1)
    group: Value | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Range:
        if self.at_least > self.at_most:
            raise ValueError("`at_least` is above `at_most`.")
        if (self.attribute is None) != (self.group is None):
            raise ValueError("name `attribute` and `group` together, or neither.")
        return self


class ObservationSpec(_Section):
    """For whom, and how completely, the outcome is recorded.

    Parameters
    ----------
    outcomes_of : "all" or "served"
        `all`: an outcome that happened can be recorded for everybody. `served`: only for cases that somebody looked at.
    reason : Text
        How the service knows.
    served : Served, optional
        Who was looked at; with `outcomes_of: served`, and only then. The outcome of all others is unknown.
    reporting : list of Range
        Which share of true outcomes gets recorded; at_least above 0. Ranges by group speak of one attribute.
        Without any: all of them.
    unfounded : list of Range
        Which share of recorded outcomes did not truly happen; at_most below 1. Without any: none.
    scores_shown_since : date, optional
        Workers have seen scores of predictions made on this day or later: those outcomes count as treated.
    """

    outcomes_of: Literal["all", "served"]
    reason: Text
    served: Served | None = None
    reporting: list[Range] = Field(default_factory=list)
    unfounded: list[Range] = Field(default_factory=list)
    scores_shown_since: date | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ObservationSpec:
        if (self.outcomes_of == "served") != (self.served is not None):
            raise ValueError("`served` belongs to `outcomes_of: served`, and only there.")
        if any(each.at_least <= 0 for each in self.reporting):
            raise ValueError("`reporting`: with a share of 0 nothing could be said; name an `at_least` above 0.")
        if any(each.at_most >= 1 for each in self.unfounded):
            raise ValueError("`unfounded`: with a share of 1 nothing could be said; name an `at_most` below 1.")
        for name in ("reporting", "unfounded"):
            ranges: list[Range] = getattr(self, name)
            if len({each.attribute for each in ranges if each.attribute}) > 1:
                raise ValueError(f"`{name}`: ranges by group speak of one attribute.")
            if len({each.group for each in ranges}) < len(ranges):
                raise ValueError(f"`{name}`: a group has two ranges.")
            if ranges and all(each.group is not None for each in ranges):
                raise ValueError(
                    f"`{name}`: say which range holds for everybody else, those not recorded included "
                    "(an entry without `attribute` and `group`)."
                )
        return self


def check(
    spec: ObservationSpec,
    protected: ProtectedSpec,
    attributes: Sequence[str] | None,
    values: Mapping[str, Sequence[str] | None],
) -> list[Problem]:
    """What the section says that the rest of the pack does not bear out.

    Parameters
    ----------
    spec : ObservationSpec
        The section.
    protected : ProtectedSpec
        The programme's protected attributes: ranges by group speak of one of them.
    attributes : sequence of str or None
        Names in core.attribute; None where they are not known beforehand.
    values : mapping of str to sequence of str or None
        Their declared values.

    Returns
    -------
    list of (location, what, what to do)
        Locations count from the section.
    """
    problems: list[Problem] = []
    if spec.served is not None and attributes is not None and spec.served.attribute not in attributes:
        problems.append(
            (
                ("served", "attribute"),
                f"“{spec.served.attribute}” is no attribute of core.attribute.",
                f"Use one of: {', '.join(attributes)}.",
            )
        )
    for name in ("reporting", "unfounded"):
        for i, each in enumerate(getattr(spec, name)):
            if each.attribute is None:
                continue
            if each.attribute not in protected.attributes:
                problems.append(
                    (
                        (name, i, "attribute"),
                        f"“{each.attribute}” is not among the protected attributes.",
                        f"Use one of: {', '.join(protected.attributes)}.",
                    )
                )
                continue
            declared = values.get(each.attribute)
            if declared is not None and each.group not in [*declared, protected.missing_label]:
                problems.append(
                    (
                        (name, i, "group"),
                        f"“{each.group}” is no value of {each.attribute}.",
                        f"Use one of: {', '.join(declared)}.",
                    )
                )
    return problems
