"""vignettes.yaml: fictional cases and the order in which a model must score them.

Belongs here: the pydantic model of the file, what can be checked from it alone and against names of the core tables.
Does not belong here: scoring them (models.vignettes) or judging the order (fairness_reports.verdict).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from data_contracts.core import Vocabulary
from data_contracts.yamldoc import Location, Nearest
from features.fields import Feature
from features.kinds import AgeYears
from features.words import NonBlank, Text
from models.spec.section import Section

OLDEST = 40_000
"""No event lies further back than so many days."""


def _text(value: Any) -> Any:
    if isinstance(value, bool):  # YAML reads yes, no, on and off as something else than words
        raise ValueError('write the value in quotes, such as "yes"')
    return str(value) if isinstance(value, int | float | date) else value


AttributeText = Annotated[NonBlank, BeforeValidator(_text, json_schema_input_type=str | float | date)]
"""An attribute's value as core.attribute holds it: text, also where a number was written."""


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
        So many such events, on the days `days_ago`, `days_ago + every_days`, ...; knowledge and end move with them.
    every_days : int
        Days between them.
    """

    type: str
    category: str | None = None
    value: float | None = Field(default=None, allow_inf_nan=False)
    days_ago: int = Field(ge=1)
    known_days_ago: int | None = Field(default=None, ge=1)
    ended_days_ago: int | None = Field(default=None, ge=1)
    times: int = Field(default=1, ge=1, le=1000)
    every_days: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _possible(self) -> VignetteEvent:
        for name in ("known_days_ago", "ended_days_ago"):
            if (getattr(self, name) or 0) > self.days_ago:
                raise ValueError(f"`{name}` lies before the event itself, which was {self.days_ago} days ago")
        if self.days_ago + (self.times - 1) * self.every_days > OLDEST:
            raise ValueError(f"an event lies more than {OLDEST} days back")
        return self


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
        When the case was opened; attributes are known from this day on.
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
    opened_days_ago: int = Field(default=30, ge=1, le=OLDEST)
    attributes: dict[str, AttributeText] = Field(default_factory=dict)
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


def check(
    vignettes: Sequence[tuple[int, Vignette]], known: Vocabulary, features: Sequence[Feature] = ()
) -> list[tuple[Location, str, str]]:
    """What the vignettes name that the core tables cannot hold.

    Parameters
    ----------
    vignettes : sequence of (int, Vignette)
        The cases, each with its place in the list.
    known : Vocabulary
        Names and values of the core tables.
    features : sequence of FeatureSpec
        The programme's features: age is told by `age_years`, not as an attribute.

    Returns
    -------
    list of (location, what, todo)
        Locations count from the list of cases.
    """
    ages = {spec.attribute for spec in features if isinstance(spec, AgeYears)}
    advise = Nearest()
    told: list[tuple[Location, str, str]] = []
    for i, vignette in vignettes:
        found = [*_attributes(vignette, known, ages), *_sources(vignette, known)]
        for j, event in enumerate(vignette.events):
            found += [(("events", j, *place), what, word, among) for place, what, word, among in _event(event, known)]
        for place, what, word, among in found:
            if not advise.silent(word):
                listed = f"Known: {', '.join(sorted(among)[:20])}." if among else "Leave it out."
                told.append(((i, *place), what, advise(word, among) or listed))
    return told


_Found = tuple[Location, str, str, Collection[str]]


def _attributes(vignette: Vignette, known: Vocabulary, ages: Collection[str]) -> Iterator[_Found]:
    for name, value in vignette.attributes.items():
        if name in ages:
            yield ("attributes", name), f"age is told by `age_years`, not by “{name}”.", name, ()
        elif known.attributes is not None and name not in known.attributes:
            yield ("attributes", name), f"attribute “{name}” is in no source.", name, known.attributes
        else:
            allowed = known.values.get(name)
            if allowed is not None and value not in allowed:
                yield ("attributes", name), f"the attribute “{name}” is never “{value}”.", value, allowed


def _sources(vignette: Vignette, known: Vocabulary) -> Iterator[_Found]:
    for place, source in enumerate(vignette.covered):
        if known.sources is not None and source not in known.sources:
            yield ("covered", place), f"source “{source}” is nowhere collected.", source, known.sources


def _event(event: VignetteEvent, known: Vocabulary) -> Iterator[_Found]:
    kind = event.type
    if known.event_types is not None and kind not in known.event_types:
        yield ("type",), f"event type “{kind}” is in no source.", kind, known.event_types
        return
    allowed = known.categories.get(kind)
    if event.category is not None and allowed is not None and event.category not in allowed:
        what = f"events of the type “{kind}” never have the category “{event.category}”."
        yield ("category",), what, event.category, allowed
    if event.value is not None and kind in known.without_value:
        yield ("value",), f"events of the type “{kind}” carry no value.", f"value of {kind}", ()
    if event.ended_days_ago is not None and kind in known.without_end:
        yield ("ended_days_ago",), f"events of the type “{kind}” carry no end.", f"end of {kind}", ()
