"""The declarative specification: a list of features, its columns, and what is wrong with it.

Belongs here: the union of all kinds, the columns that a specification makes, checks across features and other files.
Does not belong here: the fields of one kind (kinds), or SQL (compile).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args

from pydantic import BeforeValidator, Field

from data_contracts.yamldoc import nearest
from features.fields import AttributeFeature, EventFeature, Feature, slug
from features.kinds import KINDS, AttributeCategory
from features.words import Problem, Words

_KEYS = ("programme", "cohort", "as_of", "case_id", "person_id", "cluster_id")  # columns that stand beside features


def kind_name(model: type[Feature]) -> str:
    """The word that a pack writes after `kind:` for this model."""
    return str(get_args(model.model_fields["kind"].annotation)[0])


def _known_kind(value: Any) -> Any:
    if isinstance(value, dict):
        known = [kind_name(model) for model in KINDS]
        kind = value.get("kind")
        if kind not in known:
            near = nearest(str(kind), known) if kind is not None else ""
            raise ValueError(f"the kind “{kind}” does not exist. {near or 'Kinds: ' + ', '.join(known) + '.'}")
    return value


if TYPE_CHECKING:
    FeatureSpec: TypeAlias = Feature
else:
    FeatureSpec = Annotated[
        Annotated[Union[KINDS], Field(discriminator="kind")],  # noqa: UP007 - a tuple's union has no other spelling
        BeforeValidator(_known_kind),
    ]
"""One feature of any kind; a pack's `features:` is a list of these."""


@dataclass(frozen=True)
class Column:
    """One column of the matrix.

    Attributes
    ----------
    name : str
        Its name there.
    feature : str
        The feature that makes it; a category makes several.
    factor : str
        The factor that it speaks of.
    kind : str
        The feature's kind.
    direction : {"up", "down"} or None
        What practice expects.
    category : str or None
        For a column of a category: which value it stands for; "" for the column of those not recorded.
    by_association : bool
        Whether it speaks of other people than the case's own person.
    """

    name: str
    feature: str
    factor: str
    kind: str
    direction: Literal["up", "down"] | None = None
    category: str | None = None
    by_association: bool = False


def columns(specs: Sequence[Feature]) -> list[Column]:
    """The columns that a specification makes, in the order of the matrix.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        The features as declared.

    Returns
    -------
    list of Column
    """
    result: list[Column] = []
    for spec in specs:
        if isinstance(spec, AttributeCategory):
            values = [*spec.categories, *([""] if spec.missing == "column" else [])]
            result += [
                Column(
                    f"{spec.name}__{slug(value) if value else 'not_recorded'}",
                    spec.name,
                    spec.factor,
                    spec.kind,
                    category=value,
                )
                for value in values
            ]
        else:
            by_association = isinstance(spec, EventFeature) and spec.by_association
            result.append(
                Column(spec.name, spec.name, spec.factor, spec.kind, spec.direction, by_association=by_association)
            )
    return result


def check(
    specs: Sequence[Feature],
    words: Words | None = None,
    *,
    event_types: Collection[str] | None = None,
    attributes: Collection[str] | None = None,
    sources: Collection[str] | None = None,
    outcome_event_types: Collection[str] = (),
    protected: Collection[str] = (),
) -> list[Problem]:
    """Say what is wrong across the features and against the pack's other parts.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        The features.
    words : Words, optional
        Every factor must have words; leave it out where `features.words.check` says the same.
    event_types, attributes, sources : collection of str, optional
        The names that the core tables can hold, where they are known beforehand.
    outcome_event_types : collection of str
        Event types that the outcome is made from: no feature may use them.
    protected : collection of str
        Protected attributes: none is a feature.

    Returns
    -------
    list of (location, what, todo)
        Locations count from the list of features.
    """
    problems: list[Problem] = []
    if not specs:
        problems.append(((), "there are no features.", "Declare at least one."))
    seen: dict[str, str] = dict.fromkeys(_KEYS, "")
    for i, spec in enumerate(specs):
        for column in columns([spec]):
            if column.name in seen:
                owner = seen[column.name]
                what = f"“{column.name}” is already a column" + (f" of the feature “{owner}”." if owner else ".")
                problems.append(((i, "name"), what, "Give every feature a name of its own."))
            seen.setdefault(column.name, spec.name)
        if words is not None and spec.factor not in words.factors:
            near = nearest(spec.factor, sorted(words.factors))
            problems.append(((i, "factor"), f"the factor “{spec.factor}” is not in words.yaml.", near or "Add it."))
        if isinstance(spec, EventFeature):
            problems += _event_problems(i, spec, event_types, sources, outcome_event_types)
        elif isinstance(spec, AttributeFeature):
            if spec.attribute in protected:
                what = f"“{spec.attribute}” is a protected attribute."
                problems.append(((i, "attribute"), what, "Remove the feature: no protected attribute is one."))
            problems += _unknown((i, "attribute"), spec.attribute, attributes, "attribute")
    return problems


def _event_problems(
    i: int,
    spec: EventFeature,
    event_types: Collection[str] | None,
    sources: Collection[str] | None,
    outcome_event_types: Collection[str],
) -> list[Problem]:
    problems: list[Problem] = []
    for name in spec.events.type:
        problems += _unknown((i, "events", "type"), name, event_types, "event type")
        if name in outcome_event_types:
            what = f"“{spec.name}” uses “{name}”, an event that the outcome is made from."
            problems.append(((i, "events", "type"), what, "Remove it: a part of the answer is no feature."))
    if spec.source is not None:
        problems += _unknown((i, "source"), spec.source, sources, "source")
    return problems


def _unknown(location: tuple[int | str, ...], name: str, known: Collection[str] | None, what: str) -> list[Problem]:
    if known is None or name in known:
        return []
    near = nearest(name, sorted(known))
    return [(location, f"the {what} “{name}” is not known.", near or f"Known: {', '.join(sorted(known)) or 'none'}.")]
