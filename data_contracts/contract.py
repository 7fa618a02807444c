"""What a programme's contract declares about its source tables, as typed values.

Belongs here: the models of `contract.odcs.yaml` (Open Data Contract Standard 3.1) and reading it with all its mistakes.
Does not belong here: the checks over rows that it implies (rules), reading files by it (reading) or its SQL (core).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from data_contracts.custom_properties import lift
from data_contracts.dialect import Dialect, strptime_format
from data_contracts.errors import Mistake
from data_contracts.yamldoc import Document, read_document, validate

Tag = Literal["key", "birth_date", "identifier", "free_text", "drop", "protected", "proxy", "entrusted"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

DUCKDB_TYPES: dict[str, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}

# A name becomes part of SQL and of file names: letters, digits and underscores, as PostgreSQL and DuckDB have them.
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Bilingual(_Model):
    """A text that reports show, in both languages."""

    en: str = Field(min_length=1)
    de: str = Field(min_length=1)


Wording = str | Bilingual
"""A text of the contract. Where it is in one language only, reports in the other one show it as it stands."""


class Relationship(_Model):
    """A reference to another table: at a column `to: table.column`, at a table `from` and `to` (lists pair up)."""

    type: str = "foreignKey"
    from_: str | list[str] | None = Field(None, alias="from")
    to: str | list[str]


class TypeOptions(_Model):
    """Bounds of a column's values; bounds of dates are ISO dates."""

    minimum: date | float | None = None
    maximum: date | float | None = None
    exclusive_minimum: date | float | None = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: date | float | None = Field(None, alias="exclusiveMaximum")
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    pattern: str | None = None
    multiple_of: float | None = Field(None, alias="multipleOf")
    format: str | None = None


class Column(_Model):
    """One column of a source table."""

    name: Name
    id: str | None = None
    physical_name: str | None = Field(None, alias="physicalName")
    physical_type: str | None = Field(None, alias="physicalType")
    business_name: str | None = Field(None, alias="businessName")
    description: str | None = None
    logical_type: LogicalType = Field("string", alias="logicalType")
    logical_type_options: TypeOptions = Field(default_factory=TypeOptions, alias="logicalTypeOptions")
    required: bool = False
    unique: bool = False
    primary_key: bool = Field(False, alias="primaryKey")
    primary_key_position: int | None = Field(None, alias="primaryKeyPosition")
    classification: str | None = None
    critical_data_element: bool = Field(False, alias="criticalDataElement")
    examples: list[Any] = Field(default_factory=list)
    authoritative_definitions: list[Any] = Field(default_factory=list, alias="authoritativeDefinitions")
    tags: list[Tag] = Field(default_factory=list)
    quality: list[dict[str, Any]] = Field(default_factory=list)  # data_contracts.rules owns their model
    relationships: list[Relationship] = Field(default_factory=list)
    # our customProperties
    key_space_name: Name | None = Field(None, alias="keySpace")
    purpose: Wording | None = None
    retention: Wording | None = None
    optional: bool = False
    privacy_reviewed: str | None = Field(None, alias="privacyReviewed", min_length=10)

    @property
    def header(self) -> str:
        """The column's name in the file."""
        return self.physical_name or self.name

    @property
    def is_key(self) -> bool:
        """Whether values are pseudonymised before the first write."""
        return "key" in self.tags

    @property
    def key_space(self) -> str | None:
        """The space in which equal values get the same pseudonym: the declared one, or the column's own name."""
        return (self.key_space_name or self.name) if self.is_key else None

    @property
    def is_birth_date(self) -> bool:
        """Whether values are reduced to the first day of their month before the first write."""
        return "birth_date" in self.tags

    @property
    def is_stored(self) -> bool:
        """Whether values are read at all: not what is dropped or stops the run."""
        return not {"drop", "identifier", "free_text"} & set(self.tags)

    @property
    def duckdb_type(self) -> str:
        """Type in the warehouse; a pseudonym is text whatever its key was."""
        return "VARCHAR" if self.is_key else DUCKDB_TYPES[self.logical_type]

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """The only values that accepted rows have, as text and in the contract's order; None where it lists none."""
        if self.is_key or self.logical_type not in ("string", "integer"):
            return None
        for rule in self.quality:
            listed = (rule.get("arguments") or {}).get("validValues")
            # rows with another value are let pass by a tolerance, and by a warning
            strict = rule.get("mustBe") == 0 and rule.get("severity") != "warning"
            if rule.get("metric") == "invalidValues" and isinstance(listed, list) and strict:
                return tuple(str(value) for value in listed if value is not None)
        return None

    @property
    def date_formats(self) -> list[str]:
        """The column's own date format as `strptime` knows it; empty where the dialect's counts."""
        return [strptime_format(self.logical_type_options.format)] if self.logical_type_options.format else []


class Lag(_Model):
    """Known a number of days after a date of the row."""

    column: str
    days: int = Field(ge=0)
    reason: str = Field(min_length=10)


class KnowledgeDay(_Model):
    """How the day is had on which the agency knew a row: exactly one of these."""

    column: str | None = None
    lag: Lag | None = None
    first_delivery: Literal[True] | None = Field(None, alias="firstDelivery")
    computed: str | None = Field(None, min_length=10)
    reference: str | None = Field(None, min_length=10)

    @model_validator(mode="after")
    def _exactly_one(self) -> KnowledgeDay:
        given = [name for name in ("column", "lag", "first_delivery", "computed", "reference") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give exactly one of column, lag, firstDelivery, computed (why), reference (why).")
        return self

    @property
    def kind(self) -> Literal["column", "lag", "first_delivery", "computed", "reference"]:
        """Which of the five it is."""
        for kind in ("column", "lag", "first_delivery", "computed"):
            if getattr(self, kind):
                return kind
        return "reference"

    @property
    def source_column(self) -> str | None:
        """The column that it is had from, if any."""
        return self.column or (self.lag.column if self.lag else None)


class Collected(_Model):
    """What was collected when and for whom."""

    from_: date = Field(alias="from")
    to: date | None = None
    whom: Wording


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Overwritten(_Model):
    """A column whose older values the source overwrites; a bare name stands for a column without a reason.

    Attributes
    ----------
    column : str
        Its name.
    reason : str, optional
        Why today's value may stand for the one that was there when the row was known. Without it no feature may look
        at the column: it would see what nobody knew on the as-of date.
    """

    column: str
    reason: str | None = Field(None, min_length=10)


def _overwritten(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"column": entry} if isinstance(entry, str) else entry for entry in entries]


class Table(_Model):
    """One source table: its files, how they are written, its columns and what they mean in time."""

    # two underscores separate programme and table in the warehouse's names
    name: Annotated[Name, Field(pattern=r"^[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*$")]
    id: str | None = None
    physical_name: str | None = Field(None, alias="physicalName")
    physical_type: str | None = Field(None, alias="physicalType")
    logical_type: Literal["object"] = Field("object", alias="logicalType")
    business_name: str | None = Field(None, alias="businessName")
    description: str | None = None
    data_granularity: str | None = Field(None, alias="dataGranularityDescription")
    authoritative_definitions: list[Any] = Field(default_factory=list, alias="authoritativeDefinitions")
    tags: list[str] = Field(default_factory=list)
    columns: list[Column] = Field(alias="properties", min_length=1)
    quality: list[dict[str, Any]] = Field(default_factory=list)  # data_contracts.rules owns their model
    relationships: list[Relationship] = Field(default_factory=list)
    # our customProperties
    file_patterns: list[str] = Field(default_factory=list, alias="filePatterns")
    dialect: Dialect = Field(default_factory=Dialect)
    knowledge_day: KnowledgeDay = Field(alias="knowledgeDay")
    collected: Annotated[list[Collected], BeforeValidator(_as_list)] = Field(default_factory=list)
    overwritten: Annotated[
        list[Overwritten],
        BeforeValidator(_overwritten, json_schema_input_type=list[str | Overwritten]),
    ] = Field(default_factory=list, alias="overwrittenInPlace")
    optional: bool = False
    purpose: Wording | None = None
    retention: Wording | None = None

    @property
    def overwritten_in_place(self) -> list[str]:
        """The columns whose older values the source overwrites."""
        return [entry.column for entry in self.overwritten]

    @property
    def without_history(self) -> frozenset[str]:
        """Those of them of which nothing says what stood there when the row was known.

        A table that is known by its first delivery has none: what a delivery shows counts from that delivery on.
        """
        if self.knowledge_day.first_delivery:
            return frozenset()
        return frozenset(entry.column for entry in self.overwritten if entry.reason is None)

    @property
    def patterns(self) -> list[str]:
        """Patterns of its file names: alternatives, the first one that finds a file counts."""
        return self.file_patterns or ([self.physical_name] if self.physical_name else [])

    @property
    def stored(self) -> list[Column]:
        """The columns that are read, in the contract's order."""
        return [column for column in self.columns if column.is_stored]

    @property
    def keys(self) -> list[Column]:
        """The columns whose values are pseudonymised."""
        return [column for column in self.stored if column.is_key]

    @property
    def primary_key(self) -> list[Column]:
        """The columns that together name a row, in their declared positions; empty where a row has no name."""
        own = [column for column in self.stored if column.primary_key]
        return sorted(own, key=lambda column: column.primary_key_position or 0)

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)

    def date_formats(self, column: Column) -> list[str]:
        """Formats that count for a column, as `strptime` knows them; empty means ISO 8601 only."""
        return column.date_formats or self.dialect.date_formats

    def purpose_of(self, column: Column) -> Wording | None:
        """A column's purpose, its own or the table's."""
        return column.purpose or self.purpose

    def retention_of(self, column: Column) -> Wording | None:
        """A column's retention, its own or the table's."""
        return column.retention or self.retention


class _Head(_Model):
    """A contract without its tables."""

    api_version: Literal["v3.1.0"] = Field(alias="apiVersion")
    kind: Literal["DataContract"]
    id: str = Field(min_length=1)
    version: str = Field(min_length=1)
    status: str = Field(min_length=1)
    name: str | None = None
    tenant: str | None = None
    domain: str | None = None
    data_product: str | None = Field(None, alias="dataProduct")
    description: dict[str, Any] | None = None
    tags: list[str] = Field(default_factory=list)
    authoritative_definitions: list[Any] = Field(default_factory=list, alias="authoritativeDefinitions")
    servers: list[Any] = Field(default_factory=list)
    support: list[Any] = Field(default_factory=list)
    price: dict[str, Any] | None = None
    team: Any = None
    roles: list[Any] = Field(default_factory=list)
    sla_properties: list[Any] = Field(default_factory=list, alias="slaProperties")
    contract_created_ts: Any = Field(None, alias="contractCreatedTs")
    # our customProperties
    quarantine_ceiling: float = Field(0.05, alias="quarantineCeiling", ge=0, le=1)
    key_spaces: dict[str, str] = Field(default_factory=dict, alias="keySpaces")

    @field_validator("version", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Contract(_Head):
    """A programme's data contract.

    Attributes
    ----------
    tables : list of Table
        The source tables, in the file's order.
    quarantine_ceiling : float
        The greatest share of a table's rows that may be quarantined.
    sha256 : str
        Hash of the contract's content; comments and layout do not count.
    """

    tables: list[Table]
    sha256: str

    @cached_property
    def by_name(self) -> dict[str, Table]:
        """Tables by name."""
        return {table.name: table for table in self.tables}

    def table(self, name: str) -> Table:
        """The table of this name."""
        return self.by_name[name]


def read_contract(path: Path) -> tuple[Contract | None, list[Mistake]]:
    """Read a contract and every mistake in it.

    Parameters
    ----------
    path : Path
        The file, `contract.odcs.yaml`.

    Returns
    -------
    contract : Contract or None
        None when there are mistakes.
    mistakes : list of Mistake
        All of them, each with its line.
    """
    from data_contracts.contract_mistakes import cross_mistakes, table_mistakes  # they judge the models above

    document, mistakes = read_document(path)
    if document is None:
        return None, mistakes
    if not isinstance(document.data, dict):
        return None, [document.mistake((), "the file holds no fields.", "See docs/ingest.md for a contract's fields.")]
    sha256 = hashlib.sha256(json.dumps(document.data, sort_keys=True, default=str).encode()).hexdigest()
    mistakes += lift(document)
    entries = document.data.pop("schema", None)
    head, found = validate(_Head, document)
    mistakes += found
    document.data["schema"] = entries
    if not isinstance(entries, list) or not entries:
        mistakes.append(document.mistake(("schema",), "“schema” lists no tables.", "Declare each source table."))
        return None, mistakes
    tables: list[tuple[int, Table]] = []
    for index in range(len(entries)):
        table, found = validate(Table, document, ("schema", index))
        mistakes += found
        if table is not None:
            tables.append((index, table))
    for index, table in tables:
        mistakes += table_mistakes(document, ("schema", index), table)
    mistakes += cross_mistakes(document, tables, head.key_spaces if head else {})
    if len(tables) < len(entries):
        return None, mistakes
    given = head.model_dump(by_alias=True) if head else {**_ANY_HEAD}
    contract = Contract.model_validate({**given, "tables": [table for _, table in tables], "sha256": sha256})
    mistakes += _rule_mistakes(document, contract)
    return (None if mistakes else contract), mistakes


# stands in for a head with mistakes, so that the rules of the tables are checked all the same
_ANY_HEAD = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "?", "version": "?", "status": "?"}


def _rule_mistakes(document: Document, contract: Contract) -> list[Mistake]:
    from data_contracts.rules import check_rules  # the rules read contracts

    return [document.mistake(place, what, todo) for place, what, todo in check_rules(contract)]
