"""What the core tables of a programme can hold, before any data are there.

Belongs here: names and values that mapping and contract allow, and which of them rest on columns without a history.
Does not belong here: what is wrong with a mapping (problems), or with what uses the words (features).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from data_contracts.core.mapping import CoreMapping, Source
from data_contracts.core.reads import read_by
from data_contracts.core.schema import CORE
from data_contracts.rules.sql import ident

if TYPE_CHECKING:
    from data_contracts.contract import Contract, Table

Values = tuple[str, ...] | None
"""The only values there can be, in the contract's order; None where they cannot be known."""

_PLAIN = re.compile(r'"?([A-Za-z_][A-Za-z0-9_]*)"?')
# an end counts only from the day on which it was known, and a knowledge day is what says so: both may be written over
_DATED = {
    "case": ("closed_at", "closed_known_at", "planned_end", "known_at"),
    "event": ("ended_at", "end_known_at", "known_at"),
    "attribute": ("known_at",),
    "coverage": (),
    "membership": ("known_at",),
}


@dataclass(frozen=True)
class Vocabulary:
    """Names and values of the core tables.

    Attributes
    ----------
    event_types, attributes, sources : tuple of str or None
        The names there can be; None where a source leaves them open.
    categories : dict of str to Values
        By event type: the categories its events can have; none at all is an empty tuple.
    values : dict of str to Values
        By attribute: the values it can have.
    without_value : frozenset of str
        Event types whose events never carry a value.
    without_end : frozenset of str
        Event types whose events never carry an end.
    overwritten_types, overwritten_attributes, overwritten_sources : dict of str to str
        Names that rest on a column which the source overwrites, with this column (`table.column`): what stands there
        today would be seen on earlier days. `*` stands for every name that a source leaves open.
    overwritten_opening, overwritten_membership : str or None
        Such a column that core.case.opened_at or core.membership rests on.
    """

    event_types: Values = None
    attributes: Values = None
    sources: Values = None
    categories: Mapping[str, Values] = field(default_factory=dict)
    values: Mapping[str, Values] = field(default_factory=dict)
    without_value: frozenset[str] = frozenset()
    without_end: frozenset[str] = frozenset()
    overwritten_types: Mapping[str, str] = field(default_factory=dict)
    overwritten_attributes: Mapping[str, str] = field(default_factory=dict)
    overwritten_sources: Mapping[str, str] = field(default_factory=dict)
    overwritten_opening: str | None = None
    overwritten_membership: str | None = None


def vocabulary(mapping: CoreMapping, contract: Contract | None) -> Vocabulary:
    """What a mapping of a contract's tables can fill the core tables with.

    Parameters
    ----------
    mapping : CoreMapping
        The section ``core:``.
    contract : Contract or None
        The contract whose tables it reads; None where it cannot be read itself.

    Returns
    -------
    Vocabulary
        What a mistaken source would give is left open.
    """
    types = [(source, _held(source, "event_type", contract)) for source in mapping.event]
    names = [(source, _held(source, "name", contract)) for source in mapping.attribute]
    collected = [(source, _held(source, "source", contract)) for source in mapping.coverage]
    lists_types = {name for _, held in types for name in held or ()}
    lists_names = {name for _, held in names for name in held or ()}
    with duckdb.connect() as con:
        past = _Past(con, contract)
        opening = [past.column(source, "case", source.columns.get("opened_at")) for source in mapping.case]
        belongs = [past.column(each, "membership", *past.used(each, "membership")) for each in mapping.membership]
        return Vocabulary(
            event_types=_union(held for _, held in types),
            attributes=_union(held for _, held in names),
            sources=_union(held for _, held in collected),
            categories={
                name: _union(_held(source, "category", contract) for source, held in types if _gives(held, name))
                for name in sorted(lists_types)
            },
            values={
                name: _union(_of_attribute(source, name, contract) for source, held in names if _gives(held, name))
                for name in sorted(lists_names)
            },
            without_value=_never("value", lists_types, types),
            without_end=_never("ended_at", lists_types, types),
            overwritten_types=past.named("event", types),
            overwritten_attributes=past.of_attributes(names),
            overwritten_sources=past.named("coverage", collected),
            overwritten_opening=next((column for column in opening if column), None),
            overwritten_membership=next((column for column in belongs if column), None),
        )


def _gives(held: Values, name: str) -> bool:
    return held is None or name in held


def _never(column: str, names: Iterable[str], sources: Sequence[tuple[Source, Values]]) -> frozenset[str]:
    """The names of which no source can fill the column."""
    filling = [held for source, held in sources if source.sql or column in source.mapped()]
    return frozenset(name for name in names if not any(_gives(held, name) for held in filling))


def _union(parts: Iterable[Values]) -> Values:
    found: dict[str, None] = {}
    for part in parts:
        if part is None:
            return None
        found.update(dict.fromkeys(part))
    return tuple(found)


def _table(source: Source, contract: Contract | None) -> Table | None:
    return contract.by_name.get(source.table or "") if contract is not None else None


def _held(source: Source, column: str, contract: Contract | None) -> Values:
    """The values that a source can give a core column."""
    if source.sql is not None:
        named = source.names(column) if column in ("event_type", "source", "name") else None
        return tuple(sorted(named)) if named is not None else None
    if column in source.constants:
        return (str(source.constants[column]),)
    if column == "name" and source.attributes:
        return tuple(source.attributes)
    return _of_expression(source.columns.get(column), _table(source, contract))


def _of_attribute(source: Source, name: str, contract: Contract | None) -> Values:
    if isinstance(source.attributes, dict) and name in source.attributes:
        return _of_expression(source.attributes[name], _table(source, contract))
    return _held(source, "value", contract) if source.sql is None else None


def _of_expression(expression: str | None, table: Table | None) -> Values:
    if expression is None:
        return ()
    text = expression.strip()
    if len(text) > 1 and text[0] == text[-1] == "'" and "'" not in text[1:-1]:
        return (text[1:-1],)
    plain = _PLAIN.fullmatch(text)
    if plain and table is not None:
        for column in table.stored:
            if column.name.lower() == plain[1].lower():
                return column.allowed
    return None


@dataclass
class _Past:
    """Which parts of a mapping rest on columns whose older values are lost."""

    con: duckdb.DuckDBPyConnection
    contract: Contract | None

    def column(self, source: Source, core_table: str, *expressions: str | None) -> str | None:
        """The first such column, by name, that a source's expressions read; all of an SQL source counts."""
        known = self.contract.tables if self.contract is not None else []
        if not any(table.without_history for table in known):
            return None
        if source.sql is not None:
            read = read_by(self.con, source.sql, _DATED[core_table])
            tables = [table for table in known if table.name.lower() in read.tables]
        else:
            table = _table(source, self.contract)
            listed = ", ".join(f"({text}\n)" for text in expressions if text)
            if table is None or not listed:
                return None
            read, tables = read_by(self.con, f"SELECT {listed} FROM {ident(table.name)}"), [table]
        own = {name.lower() for name in CORE[core_table].columns} if read.star else set()
        found = sorted(
            f"{table.name}.{column}"
            for table in tables
            for column in table.without_history
            if column.lower() in read.columns | own
        )
        return found[0] if found else None

    @staticmethod
    def used(source: Source, core_table: str) -> list[str | None]:
        """The expressions of a source that what it says rests on, those with a knowledge day of their own left out."""
        return [*(text for name, text in source.columns.items() if name not in _DATED[core_table]), source.where]

    def named(self, core_table: str, sources: list[tuple[Source, Values]]) -> dict[str, str]:
        """Event types, or sources of coverage, by name; `*` stands for whatever a source with open names gives."""
        found: dict[str, str] = {}
        for source, held in sources:
            column = self.column(source, core_table, *self.used(source, core_table))
            if column:
                found = {**dict.fromkeys(held if held is not None else ("*",), column), **found}
        return found

    def of_attributes(self, sources: list[tuple[Source, Values]]) -> dict[str, str]:
        """Attributes by name."""
        found: dict[str, str] = {}
        for source, held in sources:
            shared = self.used(source, "attribute")
            own = source.attributes if isinstance(source.attributes, dict) else {}
            for name in held if held is not None else ("*",):
                column = self.column(source, "attribute", *shared, own.get(name))
                if column:
                    found.setdefault(name, column)
        return found
