"""From the fields of a contract to rules.

Belongs here: which ODCS field gives which rule, the rules that every date has, and the mistakes in rules.
Does not belong here: what a rule means on rows (forms).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from data_contracts.rules.items import Arguments, Implementation, Item
from data_contracts.rules.model import Rule, Severity, Tolerance
from data_contracts.rules.patterns import FORMATS, PatternError, portable
from data_contracts.rules.sql import NUMERIC, TEMPORAL
from data_contracts.yamldoc import nearest

if TYPE_CHECKING:
    from data_contracts.contract import Column, Contract, Table

Location = tuple[int | str, ...]
Problem = tuple[Location, str, str]

FLOOR = date(1901, 1, 1)
"""Dates before this day are placeholders: spreadsheets and case systems write 1900 for "unknown"."""


def compile_rules(contract: Contract) -> list[Rule]:
    """Every rule of a contract.

    Parameters
    ----------
    contract : Contract
        The contract.

    Returns
    -------
    list of Rule
        By table, in the order of the contract: the type of each column, its own rules, then the table's.
    """
    return _Compiler(contract).rules


def check_rules(contract: Contract) -> list[Problem]:
    """The mistakes in a contract's rules.

    Parameters
    ----------
    contract : Contract
        The contract.

    Returns
    -------
    list of (location, what, todo)
        The location within the contract file.
    """
    return _Compiler(contract).problems


class _Compiler:
    def __init__(self, contract: Contract) -> None:
        self.tables: dict[str, Table] = {table.name: table for table in contract.tables}
        self.rules: list[Rule] = []
        self.problems: list[Problem] = []
        for index, table in enumerate(contract.tables):
            self._table(table, ("schema", index))

    def _table(self, table: Table, place: Location) -> None:
        for index, column in enumerate(table.columns):
            if column.is_stored:
                self._column(table, column, (*place, "properties", index))
            elif column.quality or column.relationships:
                self._wrong(
                    (*place, "properties", index),
                    f"“{column.name}” is not read, so its rules are not checked.",
                    "Remove its quality rules and relationships.",
                )
        primary = [column.name for column in table.primary_key]
        if len(primary) > 1:
            self._add(table, "primary key", "unique", primary)
        for index, relation in enumerate(table.relationships):
            self._relation(table, _raw(relation), None, (*place, "relationships", index))
        for index, raw in enumerate(table.quality):
            self._item(table, None, _raw(raw), (*place, "quality", index))

    def _column(self, table: Table, column: Column, place: Location) -> None:
        name = column.name
        self._add(table, f"{name}: type", "type", [name])
        primary = [own.name for own in table.primary_key]
        if column.required or name in primary:
            self._add(table, f"{name}: required", "required", [name])
        if column.unique or primary == [name]:
            self._add(table, f"{name}: unique", "unique", [name])
        self._options(table, column, (*place, "logicalTypeOptions"))
        for index, relation in enumerate(column.relationships):
            self._relation(table, _raw(relation), column, (*place, "relationships", index))
        items = [self._item(table, column, _raw(raw), (*place, "quality", i)) for i, raw in enumerate(column.quality)]
        if column.logical_type in TEMPORAL and not column.is_key:
            own = {item.implementation.rule for item in items if item and item.implementation}
            if "not_in_future" not in own:
                self._add(table, f"{name}: not_in_future", "not_in_future", [name])
            floors = [item.implementation for item in items if item and item.implementation]
            if not any(own.rule == "not_before" and (own.off or own.day) for own in floors):
                self._add(table, f"{name}: not_before", "bound", [name], params={"minimum": FLOOR})

    def _options(self, table: Table, column: Column, place: Location) -> None:
        bounds = {
            "minimum": ("minimum", False), "exclusiveMinimum": ("minimum", True),
            "maximum": ("maximum", False), "exclusiveMaximum": ("maximum", True),
        }  # fmt: skip
        for option, given in _raw(column.logical_type_options).items():
            here, name = (*place, option), f"{column.name}: {option}"
            if option in bounds and self._suits(column, NUMERIC | TEMPORAL, here, option):
                side, strict = bounds[option]
                bound = self._typed(column, given, here)
                if bound is not None:
                    self._add(table, name, "bound", [column.name], params={side: bound, "strict": strict})
            elif option in ("minLength", "maxLength") and self._suits(column, {"string"}, here, option):
                side = "minimum" if option == "minLength" else "maximum"
                self._add(table, name, "length", [column.name], params={side: int(given)})
            elif option == "pattern" and self._suits(column, {"string"}, here, option):
                self._pattern(table, column, given, name, here)
            elif (
                option == "format" and column.logical_type == "string" and self._suits(column, {"string"}, here, option)
            ):
                if given in FORMATS:
                    self._pattern(table, column, FORMATS[given], name, here)
                elif given not in ("password", "byte", "binary"):
                    self._wrong(
                        here,
                        f"the format “{given}” is not known.",
                        nearest(str(given), list(FORMATS)) or f"Known are: {', '.join(FORMATS)}.",
                    )

            elif option == "multipleOf":
                self._wrong(here, "“multipleOf” is not checked.", "Remove it.")

    def _pattern(self, table: Table, column: Column, pattern: str, name: str, place: Location, **more: Any) -> None:
        try:
            portable(pattern)
        except PatternError as error:
            self._wrong(place, f"this pattern cannot be used: {error}.", "docs/quality.md says what patterns may hold.")
        else:
            self._add(table, name, "pattern", [column.name], params={"pattern": pattern}, **more)

    def _suits(self, column: Column, types: Iterable[str], place: Location, what: str) -> bool:
        """Whether a rule about values can be held for this column."""
        if column.is_key:
            self._wrong(
                place, f"“{what}” cannot be checked: “{column.name}” is a key, kept as a pseudonym only.", "Remove it."
            )
            return False
        if column.logical_type not in types:
            self._wrong(
                place,
                f"“{what}” does not go with the type “{column.logical_type}”.",
                f"It goes with: {', '.join(sorted(types))}.",
            )
            return False
        return True

    def _typed(self, column: Column, given: Any, place: Location) -> Any:
        """A value of the contract in the column's type; None with a problem where it is of another."""
        try:
            if column.logical_type in NUMERIC:
                if isinstance(given, bool):
                    raise ValueError
                return float(given)
            if column.logical_type == "date":
                return given if type(given) is date else date.fromisoformat(str(given))
            if column.logical_type == "timestamp":
                return given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
            if column.logical_type == "boolean":
                return {"true": True, "false": False}[str(given).lower()]
        except (ValueError, KeyError):
            self._wrong(
                place, f"a value here is not of the column's type “{column.logical_type}”.", "Write it in that type."
            )
            return None
        return str(given)

    def _item(self, table: Table, column: Column | None, raw: Mapping[str, Any], place: Location) -> Item | None:
        try:
            item = Item.model_validate(raw)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                message = fault["msg"].removeprefix("Value error, ")
                self._wrong((*place, *fault["loc"]), f"{message}.", "docs/quality.md lists what a rule may hold.")
            return None
        if item.type == "library":
            self._metric(table, column, item, place)
        elif item.type == "custom" and item.implementation is not None:
            self._own(table, column, item, item.implementation, (*place, "implementation"))
        return item

    def _metric(self, table: Table, column: Column | None, item: Item, place: Location) -> None:
        tolerance, arguments = item.tolerance, item.arguments
        default: Severity = "error" if tolerance.none and item.metric != "rowCount" else "critical"
        common: dict[str, Any] = {
            "severity": item.severity or default, "dimension": item.dimension, "tolerance": tolerance,
        }  # fmt: skip
        name = item.name or item.id or f"{column.name + ': ' if column else ''}{item.metric}"
        if item.metric == "rowCount":
            if item.unit == "percent":
                self._wrong(place, "rowCount is a number of rows.", "Remove “unit: percent”.")
            else:
                self._add(table, name, "row_count", [], **common)
        elif item.metric == "duplicateValues":
            listed = arguments.properties if arguments and arguments.properties else [column.name] if column else []
            if self._known(table, listed, place) and listed:
                self._add(table, name, "unique", listed, **common)
            elif not listed:
                self._wrong(
                    place, "duplicateValues of a table needs “properties” under “arguments”.", "Name the columns."
                )
        elif column is None:
            self._wrong(place, f"“{item.metric}” is a rule of a column.", "Move it below the column's “quality”.")
        elif item.metric == "nullValues":
            self._add(table, name, "required", [column.name], **common)
        elif not self._suits(column, {column.logical_type}, place, str(item.metric)):
            return
        elif arguments is not None and arguments.pattern is not None:
            if self._suits(column, {"string"}, place, "pattern"):
                self._pattern(table, column, arguments.pattern, name, (*place, "arguments", "pattern"), **common)
        elif arguments is not None:
            self._values(table, column, item, name, (*place, "arguments"), common)

    def _values(
        self, table: Table, column: Column, item: Item, name: str, place: Location, common: dict[str, Any]
    ) -> None:
        arguments = item.arguments or Arguments()
        if item.metric == "missingValues":
            words = [None if word is None else str(word) for word in arguments.missing_values or []]
            self._add(table, name, "not_placeholder", [column.name], params={"values": tuple(words)}, **common)
            return
        given = [word for word in arguments.valid_values or [] if word is not None]
        typed = [self._typed(column, word, (*place, "validValues")) for word in given]
        if typed and None not in typed:
            self._add(table, name, "valid_values", [column.name], params={"values": tuple(typed)}, **common)
        elif not typed:
            self._wrong((*place, "validValues"), "no value would be valid.", "List the values.")

    def _own(self, table: Table, column: Column | None, item: Item, own: Implementation, place: Location) -> None:
        named = own.column or (column.name if column else None)
        names = own.columns or ([named] if named else [])
        if not names:
            self._wrong(place, f"“{own.rule}” needs a “column”.", "Name it, or move the rule below the column.")
        elif self._known(table, names, place) and own.off is None:
            columns = {each.name: each for each in table.columns}
            if not all(self._suits(columns[name], TEMPORAL, place, own.rule) for name in names):
                return
            common: dict[str, Any] = {"severity": item.severity or "error", "dimension": item.dimension}
            name = item.name or item.id or f"{names[0]}: {own.rule}"
            if own.rule == "column_order":
                for earlier, later in pairwise(names):
                    params = {"other": earlier, "other_type": columns[earlier].logical_type, "strict": own.strict}
                    self._add(
                        table,
                        item.name or item.id or f"{later}: not before {earlier}",
                        "order",
                        [later, earlier],
                        params=params,
                        **common,
                    )
            elif own.rule == "not_in_future":
                self._add(table, name, "not_in_future", names[:1], **common)
            elif own.day is not None:
                self._add(table, name, "bound", names[:1], params={"minimum": own.day, "strict": own.strict}, **common)
            else:
                self._other(table, names[0], own, place, item.name or item.id, common)

    def _other(
        self, table: Table, later: str, own: Implementation, place: Location, name: str | None, common: dict[str, Any]
    ) -> None:
        """A column that must not be before one of this or of another table."""
        there, _, other = (own.other or "").rpartition(".")
        name = name or f"{later}: not before {own.other}"
        theirs = self.tables.get(there or table.name)
        if theirs is None or other not in {column.name for column in theirs.columns}:
            self._wrong(
                (*place, "other"), f"“{own.other}” is not a column of the contract.", "Write it as table.column."
            )
            return
        kind = next(column.logical_type for column in theirs.columns if column.name == other)
        params: dict[str, Any] = {"other": other, "other_type": kind, "strict": own.strict}
        if not there or there == table.name:
            self._add(table, name, "order", [later, other], params=params, **common)
            return
        via = {own.via: own.via} if isinstance(own.via, str) else dict(own.via or {})
        if self._known(table, list(via), (*place, "via")) and self._known(theirs, list(via.values()), (*place, "via")):
            params |= {"table": there, "via": tuple(via.items())}
            self._add(table, name, "order", [later, *via], params=params, **common)

    def _relation(self, table: Table, raw: Mapping[str, Any], column: Column | None, place: Location) -> None:
        """A foreign key: of one column, or of several (``from`` and ``to`` as lists)."""
        mine = [name.rpartition(".")[2] for name in _listed(raw.get("from"))] or ([column.name] if column else [])
        to = [name.rpartition(".") for name in _listed(raw.get("to"))]
        others = {there for there, _, _ in to}
        if raw.get("type", "foreignKey") != "foreignKey":
            self._wrong(
                place, "only relationships of the type “foreignKey” are known.", "Remove it or change its type."
            )
            return
        if (
            len(to) != len(mine)
            or not mine
            or len(others) != 1
            or (parent := self.tables.get(next(iter(others)))) is None
        ):
            self._wrong(
                place,
                "a relationship leads to as many columns of one table of the contract.",
                "Write “to” as table.column.",
            )
            return
        theirs = [name for _, _, name in to]
        if not (self._known(table, mine, place) and self._known(parent, theirs, place)):
            return
        here = {each.name: each for each in table.columns}
        there = {each.name: each for each in parent.columns}
        for one, two in zip(mine, theirs, strict=True):
            if here[one].is_key and there[two].is_key:
                if here[one].key_space != there[two].key_space:
                    self._wrong(
                        place,
                        f"“{one}” and “{parent.name}.{two}” would get pseudonyms that never meet.",
                        "Give both the same keySpace.",
                    )
            elif here[one].logical_type != there[two].logical_type or here[one].is_key or there[two].is_key:
                self._wrong(
                    place,
                    f"“{one}” and “{parent.name}.{two}” are of different types.",
                    "Give both the same logicalType, and both or none the tag “key”.",
                )
        params = {
            "table": parent.name, "columns": tuple(theirs), "other_types": tuple(_type(there[name]) for name in theirs),
        }  # fmt: skip
        self._add(table, f"{', '.join(mine)}: in {parent.name}", "reference", mine, params=params)

    def _known(self, table: Table, names: Iterable[str], place: Location) -> bool:
        read = {column.name for column in table.columns if column.is_stored}
        unknown = [name for name in names if name not in read]
        for name in unknown:
            self._wrong(place, f"“{name}” is not a column that is read of “{table.name}”.", nearest(name, sorted(read)))
        return not unknown

    def _add(self, table: Table, name: str, kind: str, columns: Iterable[str], severity: Severity = "error",
             params: Mapping[str, Any] | None = None, dimension: str | None = None,
             tolerance: Tolerance | None = None) -> None:  # fmt: skip
        listed = tuple(columns)
        types = {column.name: _type(column) for column in table.columns}
        taken = {rule.name for rule in self.rules if rule.table == table.name}
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name} ({count})"
        self.rules.append(Rule(
            table.name, unique, kind, listed, tuple(types[column] for column in listed), severity, params or {},
            dimension or _DIMENSIONS.get(kind), tolerance or Tolerance(),
        ))  # fmt: skip

    def _wrong(self, place: Location, what: str, todo: str) -> None:
        self.problems.append((place, what, todo))


def _type(column: Column) -> str:
    """The type a column has once it is staged: a key is its pseudonym."""
    return "string" if column.is_key else column.logical_type


def _raw(section: BaseModel | Mapping[str, Any]) -> Mapping[str, Any]:
    """A section as the contract file has it."""
    return section.model_dump(by_alias=True, exclude_unset=True) if isinstance(section, BaseModel) else section


def _listed(given: Any) -> list[str]:
    return [str(item) for item in given] if isinstance(given, list) else [] if given is None else [str(given)]


_DIMENSIONS = {
    "type": "conformity", "required": "completeness", "unique": "uniqueness", "bound": "accuracy",
    "not_in_future": "timeliness", "length": "conformity", "pattern": "conformity", "valid_values": "conformity",
    "not_placeholder": "completeness", "order": "consistency", "reference": "consistency", "row_count": "coverage",
}  # fmt: skip
"""The quality dimension of ODCS that a kind of rule belongs to, unless the contract says otherwise."""
