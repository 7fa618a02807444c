"""vignettes.yaml: fictional cases and the order in which a model must score them.

Belongs here: the pydantic model of the file and what can be checked from it alone.
Does not belong here: scoring them (models.vignettes) or judging the order (fairness_reports.verdict).
"""

from __future__ import annotations

from collections import Counter

from pydantic import Field, model_validator

from features.words import Text
from models.spec.section import Section


class VignetteEvent(Section):
    """Something recorded about a fictional case.

    Attributes
    ----------
    type, category, value
        As in core.event.
    days_ago : int
        When it happened, counted back from the as-of date; it was known the same day.
    known_days_ago : int or None
        When it was known, where that was later.
    ended_days_ago : int or None
        When it ended, where it has; known the same day.
    times : int
        So many such events, on the days `days_ago`, `days_ago + every_days`, ...
    every_days : int
        Days between them.
    """

    type: str
    category: str | None = None
    value: float | None = None
    days_ago: int = Field(ge=1)
    known_days_ago: int | None = Field(default=None, ge=1)
    ended_days_ago: int | None = Field(default=None, ge=1)
    times: int = Field(default=1, ge=1, le=1000)
    every_days: int = Field(default=1, ge=1)


class Vignette(Section):
    """A fictional case, written by people of the field.

    Attributes
    ----------
    name : str
        Short technical name.
    story : Text
        The case in the words of practice.
    age_years : float or None
        Age on the as-of date; None where the programme knows no age.
    opened_days_ago : int
        When the case was opened.
    attributes : dict
        Values of attributes, as in core.attribute; what is not named is not recorded.
    events : list of VignetteEvent
        What is recorded; empty for a blank case.
    covered : list of str
        Sources (core.coverage) that were collected for this case for as long as features look back.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    story: Text
    age_years: float | None = Field(default=None, ge=0, le=120)
    opened_days_ago: int = Field(default=30, ge=0)
    attributes: dict[str, str | float] = Field(default_factory=dict)
    events: list[VignetteEvent] = Field(default_factory=list)
    covered: list[str] = Field(default_factory=list)


class Order(Section):
    """One statement about two fictional cases: the first must get the higher score."""

    higher: str
    lower: str
    because: Text


class Vignettes(Section):
    """The file vignettes.yaml."""

    vignettes: list[Vignette] = Field(min_length=2)
    order: list[Order] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Vignettes:
        names = Counter(vignette.name for vignette in self.vignettes)
        if twice := sorted(name for name, count in names.items() if count > 1):
            raise ValueError(f"{', '.join(twice)} stands twice in `vignettes`")
        named = [name for statement in self.order for name in (statement.higher, statement.lower)]
        if unknown := sorted(set(named) - set(names)):
            raise ValueError(f"`order` names {', '.join(unknown)}, which is not among `vignettes`")
        above: dict[str, set[str]] = {name: set() for name in names}
        for statement in self.order:
            above[statement.lower].add(statement.higher)
        for start in names:  # whoever is above itself through others asks for the impossible
            reached, todo = set[str](), list(above[start])
            while todo:
                name = todo.pop()
                if name == start:
                    raise ValueError(f"`order` puts {start} above itself")
                if name not in reached:
                    reached.add(name)
                    todo += above[name]
        return self
