"""What kinds of feature have in common: names, filters, windows, lags, missing rules.

Belongs here: the fields that several kinds share, and what makes them invalid by themselves.
Does not belong here: the kinds themselves (kinds).
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from features.windows import Window, read_lag, read_window
from features.words import NonBlank, Text

_NAME = r"^[a-z][a-z0-9_]*$"


def _snake_case(value: Any) -> Any:
    # pydantic would only quote the pattern
    if isinstance(value, str) and not re.fullmatch(_NAME, value):
        raise ValueError("write small letters, digits and _, beginning with a letter")
    return value


def _several(value: Any) -> Any:
    # YAML reads the category 1 as a number; in core tables categories are text
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item) if type(item) is int else item for item in items)


def _written(value: Any) -> Any:
    # YAML reads a forgotten unit as a number: the advice is that for “90”
    return str(value) if type(value) in (int, float) else value


def _window(text: str) -> str:
    read_window(text)
    return text


def _lag(text: str) -> str:
    read_lag(text)
    return text


def _missing(value: Any) -> Any:
    if value in ("zero", "missing") or (type(value) in (int, float) and math.isfinite(value)):
        return value
    raise ValueError("write zero, missing, or a number")


Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=60), BeforeValidator(_snake_case)]
Names = Annotated[
    tuple[NonBlank, ...], BeforeValidator(_several, json_schema_input_type=str | list[str]), Field(min_length=1)
]
WindowText = Annotated[str, BeforeValidator(_written), AfterValidator(_window)]
LagText = Annotated[str, BeforeValidator(_written), AfterValidator(_lag)]
Missing = Annotated[float | Literal["zero", "missing"], BeforeValidator(_missing)]
Scope = Literal["case", "person", "association"]
Need = Literal["value", "category", "open"]


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
        lower = [(bound, side) for bound, side in ((self.at_least, 0), (self.above, 1)) if bound is not None]
        upper = [(bound, side) for bound, side in ((self.at_most, 0), (self.below, -1)) if bound is not None]
        # of equal bounds both must count themselves: the side says which does not
        if lower and upper and max(lower) > min(upper):
            raise ValueError("no number lies between these bounds: no event could ever count")
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

    @model_validator(mode="before")
    @classmethod
    def _fields(cls, data: Any) -> Any:
        if isinstance(data, str) or (isinstance(data, list) and data and all(isinstance(item, str) for item in data)):
            named = data if isinstance(data, str) else f"[{', '.join(data)}]"
            raise ValueError(f"write `events: {{type: {named}}}`")
        return data

    @field_validator("type", mode="before")
    @classmethod
    def _some_type(cls, value: Any) -> Any:
        if value in (None, [], ()):
            raise ValueError("name at least one event type")
        return value

    @field_validator("category", "value", mode="before")
    @classmethod
    def _not_blank(cls, value: Any) -> Any:
        # blank would mean every event: the opposite of what somebody began to write
        if value in (None, [], ()):
            raise ValueError("write one, or leave the field out")
        return value


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
    label : Text, optional
        What the feature is called in English and German, where the words made from its parts do not say it well.
    """

    kind: str
    name: Name
    factor: str
    direction: Literal["up", "down"] | None = None
    label: Text | None = None

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
    scope : {"person", "case", "association"}
        Events of the person, only those recorded under this case, or those of the other people who were known at
        as_of to belong to the person's cluster (`by_association`; the charter must give a reason).
    lag : str, optional
        Only what had happened and was known this long before as_of: `30d`, `8w`, `1y`.
    source : str, optional
        The source in core.coverage: where it was not collected over the whole window, the cell is missing. Not with
        the scope `association`: coverage does not speak of other people.
    missing : "zero", "missing" or float
        What stands in the cell when it was collected and nothing happened.
    """

    events: Events
    window: WindowText
    reason: NonBlank | None = None
    scope: Scope = "person"
    lag: LagText | None = None
    source: str | None = None
    missing: Missing

    needs: ClassVar[Need | None] = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.span.far is None and self.reason is None:
            raise ValueError("an unlimited window needs a written `reason`; or give a limit such as 2y")
        self._reaches_beyond_lag(self.window)
        if self.source is not None and self.by_association:
            raise ValueError(
                "coverage says what was collected about the case's own person; of other people it is not known: "
                "leave out `source`"
            )
        return self

    def _reaches_beyond_lag(self, window: str) -> None:
        if self.lag_days >= (read_window(window).far or math.inf):
            raise ValueError(f"the window {window} lies within the lag {self.lag}: no event could ever count")

    @property
    def span(self) -> Window:
        """The window in days, without what lies within the lag."""
        return read_window(self.window).after(self.lag_days)

    @property
    def lag_days(self) -> int:
        """The lag in days; 0 without one."""
        return read_lag(self.lag) if self.lag is not None else 0

    @property
    def spans(self) -> tuple[Window, ...]:
        """Every window that the cell looks into, and over which its source must have been collected."""
        return (self.span,)

    @property
    def need(self) -> Need | None:
        """What an event must have so that the kind can use it: a value, a category, no known end."""
        return self.needs

    @property
    def by_association(self) -> bool:
        """Whether it speaks of other people than the case's own person."""
        return self.scope == "association"


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
    scope: Literal["case", "person"] = "person"


def slug(value: str) -> str:
    """A category as part of a column name: small letters, digits, underscores.

    Examples
    --------
    >>> slug("A Level or Equivalent")
    'a_level_or_equivalent'
    """
    return re.sub(r"[\W_]+", "_", value.lower()).strip("_") or "other"
