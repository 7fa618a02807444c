"""What may be done with scores and figures.

Belongs here: the sections of a charter about a team's list, how long restricted parts are kept, disclosure control.
Does not belong here: making a list (fairness_reports.caseload), making figures safe (fairness_reports.disclosure).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fairness_reports.charter.placeholders import FIGURE, Section, Words

KEPT_DAYS = 90
"""How long the restricted part of a release stays after it was superseded, where the charter says nothing."""


class Action(Section):
    """One thing that a team may have decided for a case: answers are codes, never free text.

    Parameters
    ----------
    code : str
        What stands in the list and in the answers.
    label : Text
        What it means.
    selected : bool
        Whether it means that the case was taken up: what the model's selection is compared with.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    label: Words
    selected: bool


class Caseload(Section):
    """That a team may see a list of its open cases by band, and within which limits.

    Parameters
    ----------
    purpose : Text
        What the list is for. Without this section no list is made.
    drawn_at_random : float
        Share of the review slots that is reserved for cases drawn at random from the rest, so that not only what the
        model points to is ever looked at.
    expires_after_days : int
        After how many days a list must no longer be used.
    actions : list of Action
        What a team may decide; the codes of the answers that `plumbline feedback` reads.
    reason : Text
        Why these figures.
    """

    purpose: Words
    drawn_at_random: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, FIGURE]
    expires_after_days: Annotated[Annotated[int, Field(ge=1, le=366)] | None, FIGURE]
    actions: list[Action] = Field(min_length=2)
    reason: Words

    @model_validator(mode="after")
    def _told_apart(self) -> Caseload:
        if len({action.code for action in self.actions}) < len(self.actions):
            raise ValueError("`actions` has the same code twice: what was answered could not be told apart.")
        return self


class Restricted(Section):
    """How long the restricted part of a release, with rows of persons, is kept.

    Parameters
    ----------
    expire_after_days : int
        Days after the release was superseded; then the rows are deleted and a tombstone stays.
    reason : Text
        Why so long.
    """

    expire_after_days: Annotated[Annotated[int, Field(ge=0, le=3650)] | None, FIGURE]
    reason: Words


class Disclosure(Section):
    """By which rules figures are made safe before they may leave the agency.

    Parameters
    ----------
    profile : {"default", "opensafely", "nhs", "drb"}
        A set of rules, docs/disclosure.md. `minimum_cell` holds where it is larger than the profile's own.
    reason : Text
        Why this one.
    """

    profile: Literal["default", "opensafely", "nhs", "drb"]
    reason: Words
