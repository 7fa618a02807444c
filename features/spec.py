"""The declarative specification: a list of features, its columns, and what is wrong with it.

Belongs here: the union of all kinds, the columns that a specification makes, checks across features and other files.
Does not belong here: the fields of one kind (kinds), or SQL (portable).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args

from pydantic import BeforeValidator, Field

from data_contracts.yamldoc import nearest
from features.fields import EventFeature, Feature, slug
from features.kinds import KINDS, AttributeCategory

KEYS = ("programme", "cohort", "as_of", "case_id", "person_id", "cluster_id", "row_id", "today")
"""Columns that stand beside the features in the matrix."""


def kind_name(model: type[Feature]) -> str:
    """The word that a pack writes after `kind:` for this model."""
    return str(get_args(model.model_fields["kind"].annotation)[0])


def _known_kind(value: Any) -> Any:
    if isinstance(value, dict):
        known = [kind_name(model) for model in KINDS]
        kind = value.get("kind")
        listed = f"Kinds: {', '.join(known)}."
        if kind is None:
            raise ValueError(f"“kind” is missing. {listed}")
        if kind not in known:
            raise ValueError(f"the kind “{kind}” does not exist. {nearest(str(kind), known) or listed}")
    elif not isinstance(value, Feature):
        raise ValueError("a feature is a list of fields, such as {name: ..., kind: ...}")
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
