"""What kinds of feature have in common: names, filters, windows, missing rules.

Belongs here: the fields that several kinds share, and what makes them invalid by themselves.
Does not belong here: the kinds themselves (kinds).
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from features.windows import Window, read_window
from features.words import NonBlank

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


def _several(value: Any) -> Any:
    # YAML reads the category 1 as a number; in core tables categories are text
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item) if type(item) is int else item for item in items)


def _window(text: str) -> str:
    read_window(text)
    return text


def _missing(value: Any) -> Any:
    if value in ("zero", "missing") or (type(value) in (int, float) and math.isfinite(value)):
        return value
    raise ValueError("write zero, missing, or a number")


Names = Annotated[
    tuple[NonBlank, ...], BeforeValidator(_several, json_schema_input_type=str | list[str]), Field(min_length=1)
]
WindowText = Annotated[str, AfterValidator(_window)]
Missing = Annotated[float | Literal["zero", "missing"], BeforeValidator(_missing)]
Scope = Literal["case", "person"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ValueRange(_Strict):
    """Only events whose value lies in this range; one without a value never does."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        bounds = [self.at_least, self.above, self.at_most, self.below]
        if all(bound is None for bound in bounds) or not all(math.isfinite(b) for b in bounds if b is not None):
            raise ValueError("give at least one finite bound: at_least, above, at_most, below")
        return self


class Events(_Strict):
    """Which events count.

    Attributes
    ----------
    type : tuple of str
        Event types; one name or a list.
    category : tuple of str, optional
        Only these categories.
    value : ValueRange, optional
        Only values in this range.
    """

    type: Names
    category: Names | None = None
    value: ValueRange | None = None


class Feature(_Strict):
    """What every kind has.

    Attributes
    ----------
    name : str
        Name of the column: snake_case, at most 60 characters.
    factor : str
        Key of the factor in `words.yaml`; several features may speak of one factor.
    direction : {"up", "down"}, optional
        Where practice expects one: `up` means that more of it goes with more risk.
    """

    kind: str
    name: Name
    factor: str
    direction: Literal["up", "down"] | None = None

    example: ClassVar[str]


class EventFeature(Feature):
    """A number made from past events.

    Attributes
    ----------
    events : Events
        Which events.
    window : str
        How far to look back.
    reason : str, optional
        Why the window is unlimited; needed for `all`.
    scope : {"person", "case"}
        Events of the person, or only those recorded under this case.
    source : str, optional
        The source in core.coverage: where it was not collected over the whole window, the cell is missing.
    missing : "zero", "missing" or float
        What stands in the cell when it was collected and nothing happened.
    """

    events: Events
    window: WindowText
    reason: NonBlank | None = None
    scope: Scope = "person"
    source: str | None = None
    missing: Missing

    needs: ClassVar[Literal["value", "category", "open"] | None] = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.span.far is None and self.reason is None:
            raise ValueError("an unlimited window needs a written `reason`; or give a limit such as 2y")
        return self

    @property
    def span(self) -> Window:
        """The window in days."""
        return read_window(self.window)


class CountLike(EventFeature):
    """A feature for which nothing happened is 0 unless declared otherwise."""

    missing: Missing = "zero"


class ValueLike(EventFeature):
    """A feature that has no value when nothing happened unless declared otherwise."""

    missing: Missing = "missing"


class AttributeFeature(Feature):
    """A number made from an attribute as known at as_of: of the values known before, the one known last.

    Attributes
    ----------
    attribute : str
        Its name in core.attribute.
    scope : {"person", "case"}
        Whether it hangs on the person or on the case.
    """

    attribute: NonBlank
    scope: Scope = "person"


def slug(value: str) -> str:
    """A category as part of a column name: small letters, digits, underscores.

    Examples
    --------
    >>> slug("A Level or Equivalent")
    'a_level_or_equivalent'
    """
    return re.sub(r"[\W_]+", "_", value.lower()).strip("_") or "other"
