"""What is wrong across the features of a specification, and against what the core tables can hold.

Belongs here: checks that need more than one feature, or the pack's other parts; categories taken from the contract.
Does not belong here: what makes one feature invalid by itself (fields, kinds), or the words of factors (words).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from data_contracts.core import Vocabulary
from data_contracts.yamldoc import Location, Nearest
from features.fields import AttributeFeature, EventFeature, Feature
from features.kinds import AttributeCategory, DaysInEpisode, DaysSinceOpened, EpisodeDays, OpenEpisodes, Share
from features.spec import KEYS, columns
from features.words import Problem, Words

_LISTED = 20
"""So many known names are listed where none is near."""

FROM_CONTRACT = "contract"
"""What `categories` says when they are those that the contract allows."""


def check(
    specs: Sequence[Feature],
    words: Words | None = None,
    vocabulary: Vocabulary | None = None,
    *,
    outcome_event_types: Collection[str] = (),
    protected: Collection[str] = (),
    places: Sequence[int] | None = None,
    line: Callable[[Location], int] | None = None,
) -> list[Problem]:
    """Say what is wrong across the features and against the pack's other parts.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        The features.
    words : Words, optional
        Every factor must have words; leave it out where `features.words.check` says the same.
    vocabulary : Vocabulary, optional
        What the core tables can hold, where it is known beforehand.
    outcome_event_types : collection of str
        Event types that the outcome is made from: a feature may use them only with a lag.
    protected : collection of str
        Protected attributes: none is a feature.
    places : sequence of int, optional
        Where each feature stands in the file's list, when some of it are left out.
    line : callable, optional
        The line of a location, so that the other one of two features can be named.

    Returns
    -------
    list of (location, what, todo)
        Locations count from the list of features.
    """
    problems: list[Problem] = []
    if not specs:
        problems.append(((), "there are no features.", "Declare at least one."))
    advise = _Advice()
    vocabulary = vocabulary or Vocabulary()
    seen: dict[str, tuple[str, int]] = {}
    for i, spec in zip(places if places is not None else range(len(specs)), specs, strict=True):
        for column in columns([spec]):
            taken = column.name in KEYS
            if taken or column.name in seen:
                owner, first = seen.get(column.name, ("", i))
                where = f" (line {line((first, 'name'))})" if line is not None and not taken else ""
                what = f"“{column.name}” is already a column" + ("." if taken else f" of the feature “{owner}”{where}.")
                problems.append(((i, "name"), what, "Give every feature a name of its own."))
            seen.setdefault(column.name, (spec.name, i))
        if words is not None and spec.factor not in words.factors:
            what = f"the factor “{spec.factor}” is not in words.yaml."
            problems.append(((i, "factor"), what, advise(spec.factor, words.factors) or "Add it."))
        found: Iterator[Problem] = iter(())
        if isinstance(spec, EventFeature):
            found = _event_problems(spec, vocabulary, outcome_event_types, advise)
        elif isinstance(spec, AttributeFeature):
            found = _attribute_problems(spec, vocabulary, protected, advise)
        elif isinstance(spec, DaysSinceOpened) and vocabulary.overwritten_opening:
            found = iter([_overwritten(("kind",), spec, vocabulary.overwritten_opening)])
        problems += [((i, *place), what, todo) for place, what, todo in found]
    return problems


def _event_problems(
    spec: EventFeature, known: Vocabulary, outcome_event_types: Collection[str], advise: _Advice
) -> Iterator[Problem]:
    unknown = [name for name in spec.events.type if known.event_types is not None and name not in known.event_types]
    for name in unknown:
        yield advise.unknown(("events", "type"), f"event type “{name}”", name, known.event_types)
    for name in spec.events.type:
        if name in outcome_event_types and spec.lag is None:
            what = f"“{spec.name}” uses “{name}”, an event that the outcome is made from."
            todo = "Remove it: a part of the answer is no feature. Or declare a `lag`, such as 90d, to keep them apart."
            yield ("events", "type"), what, todo
    for name in spec.events.type:
        column = known.overwritten_types.get(name) or known.overwritten_types.get("*")
        if column:
            yield _overwritten(("events", "type"), spec, column)
            break
    if spec.by_association and known.overwritten_membership:
        _, what, _ = _overwritten(("scope",), spec, known.overwritten_membership)
        todo = (
            "Map core.membership's `to` as the later of the end and the day on which it was entered "
            "(greatest(END, ENTERED)), and give this as the reason under overwrittenInPlace; or use another scope."
        )
        yield ("scope",), what, todo
    if not unknown:
        yield from _carried(spec, known, advise)
    if spec.source is not None:
        yield from advise.among(("source",), "source", spec.source, known.sources)
        column = known.overwritten_sources.get(spec.source) or known.overwritten_sources.get("*")
        if column:
            yield _overwritten(("source",), spec, column)


def _carried(spec: EventFeature, known: Vocabulary, advise: _Advice) -> Iterator[Problem]:
    """Categories, values and ends that the events must carry."""
    types = " or ".join(f"“{name}”" for name in spec.events.type)
    asked: list[tuple[Location, str]] = [(("events", "category"), name) for name in spec.events.category or ()]
    asked += [(("of",), name) for name in (spec.of if isinstance(spec, Share) else ())]
    parts = [known.categories.get(name) for name in spec.events.type]
    if all(part is not None for part in parts):
        allowed = tuple(dict.fromkeys(name for part in parts for name in part or ()))
        if not allowed and (asked or spec.need == "category"):
            place: Location = asked[0][0] if asked else ("kind",)
            yield place, f"events of the type {types} carry no category.", "Map one in core.event, or leave it out."
        else:
            for place, name in asked:
                if name not in allowed:
                    yield advise.unknown(place, f"category “{name}” of {types}", name, allowed)
    if spec.need == "value" or spec.events.value is not None:
        place = ("kind",) if spec.need == "value" else ("events", "value")
        if all(name in known.without_value for name in spec.events.type):
            yield place, f"events of the type {types} carry no value.", "Map one in core.event, or count them instead."
    if isinstance(spec, OpenEpisodes | EpisodeDays | DaysInEpisode):
        # unlike a missing value, one endless type spoils the others: its events would stay open for ever
        endless = " or ".join(f"“{name}”" for name in spec.events.type if name in known.without_end)
        if endless:
            todo = "Map one in core.event (ended_at, end_known_at), or count them instead."
            yield ("kind",), f"events of the type {endless} carry no end.", todo


def _attribute_problems(
    spec: AttributeFeature, known: Vocabulary, protected: Collection[str], advise: _Advice
) -> Iterator[Problem]:
    if spec.attribute in protected:
        what = f"“{spec.attribute}” is a protected attribute."
        yield ("attribute",), what, "Remove the feature: no protected attribute is one."
    yield from advise.among(("attribute",), "attribute", spec.attribute, known.attributes)
    column = known.overwritten_attributes.get(spec.attribute) or known.overwritten_attributes.get("*")
    if column:
        yield _overwritten(("attribute",), spec, column)
    allowed = known.values.get(spec.attribute)
    if isinstance(spec, AttributeCategory) and allowed is not None:
        for name in spec.categories:
            if name not in allowed:
                what = f"category “{name}” of the attribute “{spec.attribute}”"
                yield advise.unknown(("categories",), what, name, allowed)


def _overwritten(place: Location, spec: Feature, column: str) -> Problem:
    what = (
        f"“{spec.name}” rests on “{column}”, which the source overwrites: what stands there today would be seen on "
        "days before anybody knew it, because its history only begins with your first delivery."
    )
    todo = (
        "Remove the feature; or say under overwrittenInPlace for what reason today's value may stand for the earlier "
        "one; or give the table the knowledgeDay firstDelivery, so that it counts from the delivery that showed it."
    )
    return place, what, todo


class _Advice(Nearest):
    """Unknown names as problems, with the nearest known one."""

    def unknown(self, place: Location, what: str, name: str, known: Collection[str] | None) -> Problem:
        """The problem that a name is not known."""
        if self.silent(name):
            return place, f"the {what} is not known.", ""
        names = sorted(known or ())
        listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
        return place, f"the {what} is not known.", self(name, names) or f"Known: {listed or 'none'}."

    def among(self, place: Location, what: str, name: str, known: Collection[str] | None) -> Iterator[Problem]:
        """The same, where it is not."""
        if known is not None and name not in known:
            yield self.unknown(place, f"{what} “{name}”", name, known)


def take_categories(features: Any, values: Mapping[str, Sequence[str] | None]) -> list[Problem]:
    """Write the contract's values where a feature says `categories: contract`, in place.

    It happens before the features are read, so that columns, hashes and reports only ever see the list.

    Parameters
    ----------
    features : list of dict
        The section `features:` as it stands in the file.
    values : mapping of str to sequence of str or None
        By attribute, the values that the contract allows, in its order.

    Returns
    -------
    list of (location, what, todo)
        Features whose attribute has no such values.
    """
    problems: list[Problem] = []
    for i, feature in enumerate(features if isinstance(features, list) else []):
        if not isinstance(feature, dict) or feature.get("kind") != "attribute_category":
            continue
        if feature.get("categories") == FROM_CONTRACT:
            allowed = values.get(str(feature.get("attribute")))
            if allowed:
                feature["categories"] = list(allowed)
            else:
                what = f"the contract does not list the values of the attribute “{feature.get('attribute')}”."
                todo = "Declare them here, or give its column a rule invalidValues with validValues and mustBe: 0."
                problems.append(((i, "categories"), what, todo))
    return problems
