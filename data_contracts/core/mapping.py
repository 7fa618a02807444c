"""How a programme's sources become core tables: the section ``core:`` of programme.yaml.

Belongs here: the model of the section and the SQL that one entry stands for.
Does not belong here: checking it against a contract (problems), running it (build).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from data_contracts.core.schema import CORE
from data_contracts.rules.sql import ident, literal

Constant = str | bool | int | float
CoreName = Literal["case", "attribute", "membership", "event", "coverage"]


class Source(BaseModel):
    """One source of a core table: columns of a source table, or one SELECT.

    Attributes
    ----------
    table : str, optional
        The source table of the contract.
    where : str, optional
        Which of its rows, as an SQL condition.
    columns : dict
        Core column -> SQL expression over the table's columns (often just a column's name).
    constants : dict
        Core column -> a value that every row gets.
    attributes : dict
        Of core.attribute only: attribute's name -> expression of its value; stands for one entry per attribute. Beside
        `sql` a list of the names that it can give.
    sql : str, optional
        A single SELECT over the contract's tables whose columns are named like the core table's.
    event_types, sources : list of str, optional
        Beside `sql`: the names that it can give, so that misspelt ones elsewhere in the pack are found.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = None
    where: str | None = None
    columns: dict[str, str] = {}
    constants: dict[str, Constant] = {}
    attributes: dict[str, str] | list[str] = {}
    sql: str | None = None
    event_types: list[str] | None = None
    sources: list[str] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Source:
        if (self.sql is None) == (self.table is None):
            raise ValueError("give either “table” with “columns”, or “sql”")
        if self.sql is not None and (self.columns or self.constants or self.where):
            raise ValueError("beside “sql” there is no “columns”, “constants” or “where”: write them into the SELECT")
        if self.sql is None and isinstance(self.attributes, list):
            raise ValueError("“attributes” maps each name to a column; a list of names goes with “sql”")
        if self.sql is not None and isinstance(self.attributes, dict) and self.attributes:
            raise ValueError("beside “sql”, “attributes” is the list of names that it can give")
        twice = sorted(set(self.columns) & set(self.constants))
        if twice:
            raise ValueError(f"“{twice[0]}” stands under “columns” and under “constants”")
        return self

    def selects(self, core_table: str, versions: Mapping[str, str] | None = None) -> list[str]:
        """The SELECTs that this entry stands for.

        Parameters
        ----------
        core_table : str
            The core table that it fills.
        versions : mapping of str to str, optional
            Source table -> a table of all its versions: attributes have a history, of which the newest known counts.

        Returns
        -------
        list of str
            One, or one per attribute.
        """
        if self.sql is not None:
            return [self.sql]
        table = str(self.table)
        if core_table == "attribute" and "known_at" not in self.mapped():
            table = (versions or {}).get(table, table)
        if isinstance(self.attributes, dict) and self.attributes:
            return [
                self._select(core_table, table, {"name": literal(name), "value": expression})
                for name, expression in self.attributes.items()
            ]
        return [self._select(core_table, table, {})]

    def _select(self, core_table: str, table: str, more: dict[str, str]) -> str:
        columns = {**self.columns, **{name: _constant(value) for name, value in self.constants.items()}, **more}
        if "known_at" in CORE[core_table].columns:
            columns.setdefault("known_at", "_known_on")
        if core_table == "event":
            columns.setdefault("source_table", literal(self.table))
            columns.setdefault("source_row", "_source_row")
        listed = ", ".join(f"({expression}\n) AS {ident(name)}" for name, expression in columns.items())
        where = f" WHERE ({self.where}\n)" if self.where else ""
        return f"SELECT {listed} FROM {ident(table)}{where}"

    def mapped(self) -> set[str]:
        """The core columns that a declarative entry gives."""
        names = set(self.columns) | set(self.constants)
        return names | {"name", "value"} if self.attributes else names

    def names(self, column: str) -> set[str] | None:
        """The constants a column can hold; None where they cannot be known."""
        if self.sql is not None:
            listed = {"event_type": self.event_types, "source": self.sources, "name": self.attributes or None}[column]
            return set(listed) if listed is not None else None
        if column == "name" and self.attributes:
            return set(self.attributes)
        if column in self.constants:
            return {str(self.constants[column])}
        expression = self.columns.get(column, "").strip()
        quoted = len(expression) > 1 and expression[0] == expression[-1] == "'" and "'" not in expression[1:-1]
        return {expression[1:-1]} if quoted else None


def _constant(value: Constant) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return literal(value)
    return str(value) if isinstance(value, int) else literal(value)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Sources = Annotated[list[Source], BeforeValidator(_listed, json_schema_input_type=Source | list[Source])]


class CoreMapping(BaseModel):
    """The section ``core:``: for each core table the sources that fill it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: Sources = Field(min_length=1)
    attribute: Sources = []
    membership: Sources = []
    event: Sources = Field(min_length=1)
    coverage: Sources = []

    def of(self, table: str) -> list[Source]:
        """The sources of one core table."""
        sources: list[Source] = getattr(self, table)
        return sources

    def event_types(self) -> set[str] | None:
        """The values core.event.event_type can have; None where a source leaves them open."""
        return _union(self.event, "event_type")

    def attributes(self) -> set[str] | None:
        """The values core.attribute.name can have; None where a source leaves them open."""
        return _union(self.attribute, "name")

    def sources(self) -> set[str] | None:
        """The values core.coverage.source can have; None where a source leaves them open."""
        return _union(self.coverage, "source")


def _union(sources: list[Source], column: str) -> set[str] | None:
    found: set[str] = set()
    for source in sources:
        names = source.names(column)
        if names is None:
            return None
        found |= names
    return found
