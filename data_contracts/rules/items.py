"""The quality items of ODCS 3.1 that Plumbline checks, and its own rules inside them.

Belongs here: the shape of one entry under ``quality:`` and what is wrong with it.
Does not belong here: what rule comes of it (compile).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.rules.model import Severity, Tolerance, Unit

if TYPE_CHECKING:
    from data_contracts.contract import Contract

Metric = Literal["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"]
OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip
PAIRS = ("mustBeBetween", "mustNotBeBetween")


class Arguments(BaseModel):
    """Arguments of a library metric."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    valid_values: list[Any] | None = Field(None, alias="validValues")
    pattern: str | None = None
    missing_values: list[Any] | None = Field(None, alias="missingValues")
    properties: list[str] | None = None


class Implementation(BaseModel):
    """One of Plumbline's own rules (``type: custom``, ``engine: plumbline``)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    rule: Literal["not_in_future", "not_before", "column_order"]
    column: str | None = None
    columns: list[str] | None = None
    day: date | None = Field(None, alias="date")
    other: str | None = None
    via: str | dict[str, str] | None = None
    strict: bool = False
    off: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Implementation:
        if self.off is not None:
            if self.rule == "column_order" or not self.off.strip():
                raise ValueError("“off” gives the reason why not_in_future or not_before does not hold for this column")
            return self
        if self.rule == "not_before" and (self.day is None) == (self.other is None):
            raise ValueError("not_before takes either “date” or “other”")
        if self.rule == "column_order" and len(self.columns or []) < 2:
            raise ValueError("column_order takes “columns”, two or more, the earliest first")
        if self.other and "." in self.other and self.via is None:
            raise ValueError("a column of another table needs “via”, the key that leads there")
        return self


class Item(BaseModel):
    """One entry under ``quality:``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    type: Literal["library", "custom", "text", "sql"] = "library"
    id: str | None = None
    name: str | None = None
    description: str | None = None
    metric: Metric | None = None
    arguments: Arguments | None = None
    engine: str | None = None
    implementation: Implementation | None = None
    severity: Severity | None = None
    dimension: str | None = None
    unit: Unit = "rows"
    business_impact: str | None = Field(None, alias="businessImpact")
    tags: list[str] = []
    custom_properties: list[dict[str, Any]] = Field([], alias="customProperties")
    authoritative_definitions: list[dict[str, Any]] = Field([], alias="authoritativeDefinitions")
    must_be: float | None = Field(None, alias="mustBe")
    must_not_be: float | None = Field(None, alias="mustNotBe")
    must_be_greater_than: float | None = Field(None, alias="mustBeGreaterThan")
    must_be_greater_or_equal_to: float | None = Field(None, alias="mustBeGreaterOrEqualTo")
    must_be_less_than: float | None = Field(None, alias="mustBeLessThan")
    must_be_less_or_equal_to: float | None = Field(None, alias="mustBeLessOrEqualTo")
    must_be_between: tuple[float, float] | None = Field(None, alias="mustBeBetween")
    must_not_be_between: tuple[float, float] | None = Field(None, alias="mustNotBeBetween")

    @model_validator(mode="after")
    def _complete(self) -> Item:
        given = self._given()
        if self.type == "sql":
            raise ValueError("SQL rules are not run: use a library metric or a rule of “engine: plumbline”")
        if self.type == "library":
            if self.metric is None:
                raise ValueError("a library rule names its “metric”")
            if len(given) != 1:
                raise ValueError("a metric takes exactly one operator, for example “mustBe: 0”")
            has = self.arguments or Arguments()
            if self.metric == "invalidValues" and (has.valid_values is None) == (has.pattern is None):
                raise ValueError("invalidValues takes either “validValues” or “pattern” under “arguments”")
            if self.metric == "missingValues" and not has.missing_values:
                raise ValueError("missingValues takes “missingValues” under “arguments”")
        if self.type == "custom":
            if self.engine != "plumbline":
                raise ValueError("only “engine: plumbline” is run here; keep rules of other tools as “type: text”")
            if self.implementation is None:
                raise ValueError("a custom rule has an “implementation”")
            if given:
                raise ValueError("Plumbline's own rules let no row pass: remove the operator")
        return self

    @model_validator(mode="after")
    def _labelled(self) -> Item:
        for own in self.custom_properties:
            if own.get("property") != "label":
                continue
            said = own.get("value")
            if (
                not isinstance(said, dict)
                or set(said) != {"en", "de"}
                or not all(_is_text(said[code]) for code in said)
            ):
                raise ValueError("a rule's “label” has “en” and “de”, each with words")
            if self.name is None:
                raise ValueError("a rule with a “label” has a “name” too")
        return self

    @property
    def label(self) -> dict[str, str] | None:
        """What reports call the rule, by language; without it they show its name as it stands."""
        return next((dict(own["value"]) for own in self.custom_properties if own.get("property") == "label"), None)

    def _given(self) -> dict[str, Any]:
        dumped = self.model_dump(by_alias=True)
        return {name: dumped[name] for name in OPERATORS if dumped[name] is not None}

    @property
    def tolerance(self) -> Tolerance:
        """The operator with its value; nothing is let pass where none is given."""
        for operator, given in self._given().items():
            return Tolerance(operator, tuple(given) if operator in PAIRS else (float(given),), self.unit)
        return Tolerance()


def rule_labels(contract: Contract) -> dict[tuple[str, str], dict[str, str]]:
    """What reports call the rules that a contract names.

    Parameters
    ----------
    contract : Contract
        A contract without mistakes.

    Returns
    -------
    dict
        By table and name of the rule: its words by language, `en` and `de`. Rules without a label are not in it.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for table in contract.tables:
        for raw in (*table.quality, *(each for column in table.columns for each in column.quality)):
            item = Item.model_validate(raw)
            if item.name is not None and item.label is not None:
                found[table.name, item.name] = item.label
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
