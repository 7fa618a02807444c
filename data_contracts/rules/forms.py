"""Each kind of rule in its two forms, side by side.

Belongs here: for every kind, the frame and the Great Expectations expectation that give verdict and count, and the
DuckDB predicate that gives the rows.
Does not belong here: which field of a contract gives which rule (compile), running either form (check).

The two forms are written separately on purpose: `check.apply_rules` compares their counts on every delivery, a
property test on random tables. NULL means
"nothing to check" in both, except where the rule is about missing values.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from data_contracts.rules.library import expectations
from data_contracts.rules.model import Rule, Scope
from data_contracts.rules.patterns import portable
from data_contracts.rules.sql import day_number, exact, ident, literal, literals, unread, value

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation


class Form:
    """A kind of rule: what every kind answers."""

    whole_key = False
    """Whether equal keys must stand in the same frame."""

    whole_table = False
    """Whether the expectation is about the table and not about its rows."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        """Columns of the frame: by default the values of the rule's columns."""
        return tuple(value(column, kind) for column, kind in zip(rule.columns, rule.types, strict=True))

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        """The expectation over that frame."""
        raise NotImplementedError

    def applies(self, rule: Rule, scope: Scope) -> str:
        """The rows checked: by default those where every value is there."""
        return " AND ".join(f"{column} IS NOT NULL" for column in self.frame(rule, scope))

    def fails(self, rule: Rule, scope: Scope) -> str:
        """TRUE for the failing rows."""
        raise NotImplementedError


class _Readable(Form):
    """The text in the file could be read as the declared type."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        return (unread(rule.columns[0], rule.types[0]),)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValuesToBeInSet(column=aliases[0], value_set=[False])

    def fails(self, rule: Rule, scope: Scope) -> str:
        return unread(rule.columns[0], rule.types[0])


class _Required(Form):
    """A value is there. One that could not be read is there: that is the fault of the other rule."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        column, kind = rule.columns[0], rule.types[0]
        # a number instead of the value: frames of numbers are many times cheaper than frames of text
        return (f"CASE WHEN {unread(column, kind)} OR {value(column, kind)} IS NOT NULL THEN 1 END",)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValuesToNotBeNull(column=aliases[0])

    def applies(self, rule: Rule, scope: Scope) -> str:
        return "true"

    def fails(self, rule: Rule, scope: Scope) -> str:
        column, kind = rule.columns[0], rule.types[0]
        return f"{value(column, kind)} IS NULL AND NOT {unread(column, kind)}"


class _Unique(Form):
    """No two rows share the key. Every row of a shared key fails: which one is right cannot be told."""

    whole_key = True

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        return tuple(exact(column, kind) for column, kind in zip(rule.columns, rule.types, strict=True))

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        if len(aliases) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=aliases[0])
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(aliases), ignore_row_if="any_value_is_missing")

    def fails(self, rule: Rule, scope: Scope) -> str:
        # Grouping by the hash first keeps the memory of a table of many millions small; the second grouping is exact.
        keys = self.frame(rule, scope)
        whole = self.applies(rule, scope)
        hashed = f"hash({', '.join(keys)})"
        suspects = f"SELECT {hashed} FROM {scope.relation} t WHERE {whole} GROUP BY 1 HAVING count(*) > 1"
        named = ", ".join(f"{key} AS k{i}" for i, key in enumerate(keys))
        shared = (
            f"SELECT {named} FROM {scope.relation} t WHERE {whole} AND {hashed} IN ({suspects}) "
            f"GROUP BY {', '.join(str(i + 1) for i in range(len(keys)))} HAVING count(*) > 1"
        )
        same = " AND ".join(f"d.k{i} = {key}" for i, key in enumerate(keys))
        return f"EXISTS (SELECT 1 FROM ({shared}) d WHERE {same})"


class _Bound(Form):
    """A number or date is on the right side of a bound: `params` gives minimum or maximum, strict or not."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        column = value(rule.columns[0], rule.types[0])
        return (day_number(column) if _by_day(rule) else column,)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        low, high = rule.params.get("minimum"), rule.params.get("maximum")
        strict = bool(rule.params.get("strict", False))
        return gxe.ExpectColumnValuesToBeBetween(
            column=aliases[0],
            min_value=_days(low) if _by_day(rule) else _stamp(low),
            max_value=_days(high) if _by_day(rule) else _stamp(high),
            strict_min=strict and low is not None,
            strict_max=strict and high is not None,
        )

    def fails(self, rule: Rule, scope: Scope) -> str:
        column = value(rule.columns[0], rule.types[0])
        equal = "=" if rule.params.get("strict") else ""
        if rule.params.get("minimum") is not None:
            return f"{column} <{equal} {literal(rule.params['minimum'])}"
        return f"{column} >{equal} {literal(rule.params['maximum'])}"


class _NotInFuture(Form):
    """A date is not after the day of the delivery."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        return (day_number(value(rule.columns[0], rule.types[0])),)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValuesToBeBetween(column=aliases[0], max_value=_days(scope.delivered_on))

    def fails(self, rule: Rule, scope: Scope) -> str:
        return f"CAST({value(rule.columns[0], rule.types[0])} AS DATE) > {literal(scope.delivered_on)}"


class _Length(Form):
    """A text is neither too short nor too long, in characters."""

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValueLengthsToBeBetween(
            column=aliases[0], min_value=rule.params.get("minimum"), max_value=rule.params.get("maximum")
        )

    def fails(self, rule: Rule, scope: Scope) -> str:
        length = f"length({self.frame(rule, scope)[0]})"
        if rule.params.get("minimum") is not None:
            return f"{length} < {int(rule.params['minimum'])}"
        return f"{length} > {int(rule.params['maximum'])}"


class _Pattern(Form):
    """A text matches a regular expression, searched anywhere in it."""

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValuesToMatchRegex(column=aliases[0], regex=portable(rule.params["pattern"]))

    def fails(self, rule: Rule, scope: Scope) -> str:
        return f"NOT regexp_matches({self.frame(rule, scope)[0]}, {literal(rule.params['pattern'])})"


class _ValidValues(Form):
    """A value is one of those named."""

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        values = [_stamp(item) for item in rule.params["values"]]
        return gxe.ExpectColumnValuesToBeInSet(column=aliases[0], value_set=values)

    def fails(self, rule: Rule, scope: Scope) -> str:
        return f"{self.frame(rule, scope)[0]} NOT IN {literals(rule.params['values'])}"


class _NotPlaceholder(Form):
    """A text is none of the words that stand for a missing value (NULL among them if the contract lists null)."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        column = value(rule.columns[0], rule.types[0])
        words = rule.params["values"]
        if None in words:
            present = f"{column} IS NULL AND NOT {unread(rule.columns[0], rule.types[0])}"
            return (f"CASE WHEN {present} THEN '' ELSE '=' || CAST({column} AS VARCHAR) END",)
        return (f"'=' || CAST({column} AS VARCHAR)",)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        words = ["" if word is None else f"={word}" for word in rule.params["values"]]
        return gxe.ExpectColumnValuesToNotBeInSet(column=aliases[0], value_set=words)

    def fails(self, rule: Rule, scope: Scope) -> str:
        column, kind = rule.columns[0], rule.types[0]
        parts = []
        words = [word for word in rule.params["values"] if word is not None]
        if words:
            parts.append(f"coalesce(CAST({value(column, kind)} AS VARCHAR) IN {literals(words)}, false)")
        if None in rule.params["values"]:
            parts.append(f"({value(column, kind)} IS NULL AND NOT {unread(column, kind)})")
        return "(" + " OR ".join(parts) + ")"


class _Order(Form):
    """The first column is not before the second, which may stand in another table (looked up by a key)."""

    @staticmethod
    def _values(rule: Rule, scope: Scope) -> tuple[str, str]:
        later = value(rule.columns[0], rule.types[0])
        table, other, kind = rule.params.get("table"), rule.params["other"], rule.params["other_type"]
        if table is None:
            return later, value(other, kind)
        # a key that stands twice there is a fault of its own: the earliest value then counts
        join = " AND ".join(f"o.{ident(theirs)} = t.{ident(mine)}" for mine, theirs in rule.params["via"])
        return later, f"(SELECT min({value(other, kind, 'o')}) FROM {scope.parents[table]} o WHERE {join})"

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        values = self._values(rule, scope)
        if "timestamp" in (rule.types[0], rule.params["other_type"]):
            return values
        return tuple(day_number(each) for each in values)

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=aliases[0],
            column_B=aliases[1],
            or_equal=not rule.params.get("strict", False),
            ignore_row_if="either_value_is_missing",
        )

    def fails(self, rule: Rule, scope: Scope) -> str:
        later, earlier = self._values(rule, scope)
        return f"{later} <{'=' if rule.params.get('strict') else ''} {earlier}"


class _Reference(Form):
    """The key stands in the other table. A key with a missing part refers to nothing and is not checked."""

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        return (
            f"CASE WHEN {self.applies(rule, scope)} THEN "
            f"(SELECT CAST(count(*) AS DOUBLE) FROM {scope.parents[rule.params['table']]} o "
            f"WHERE {self._join(rule)}) END",
        )

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectColumnValuesToBeBetween(column=aliases[0], min_value=1)

    def applies(self, rule: Rule, scope: Scope) -> str:
        return " AND ".join(f"{value(c, k)} IS NOT NULL" for c, k in zip(rule.columns, rule.types, strict=True))

    def fails(self, rule: Rule, scope: Scope) -> str:
        found = f"SELECT 1 FROM {scope.parents[rule.params['table']]} o WHERE {self._join(rule)}"
        return f"{self.applies(rule, scope)} AND NOT EXISTS ({found})"

    @staticmethod
    def _join(rule: Rule) -> str:
        pairs = zip(rule.columns, rule.types, rule.params["columns"], rule.params["other_types"], strict=True)
        return " AND ".join(
            f"{exact(theirs, their_type, 'o')} = {exact(mine, kind)}" for mine, kind, theirs, their_type in pairs
        )


class _RowCount(Form):
    """The table has a plausible number of rows."""

    whole_table = True

    def frame(self, rule: Rule, scope: Scope) -> tuple[str, ...]:
        return ()

    def expectation(self, rule: Rule, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        gxe = expectations()

        return gxe.ExpectTableRowCountToBeBetween(min_value=0)

    def applies(self, rule: Rule, scope: Scope) -> str:
        return "true"

    def fails(self, rule: Rule, scope: Scope) -> str:
        return "true"  # what is counted are the rows themselves


def _by_day(rule: Rule) -> bool:
    """Whether the frame holds days as numbers."""
    return rule.types[0] == "date"


def _days(day: date | None) -> int | None:
    return None if day is None else (day - date(1970, 1, 1)).days


def _stamp(item: object) -> object:
    """Dates as frames hold them."""
    import pandas as pd

    return pd.Timestamp(item) if hasattr(item, "isoformat") else item  # type: ignore[arg-type]  # a date or datetime


FORMS: dict[str, Form] = {
    "type": _Readable(),
    "required": _Required(),
    "unique": _Unique(),
    "bound": _Bound(),
    "not_in_future": _NotInFuture(),
    "length": _Length(),
    "pattern": _Pattern(),
    "valid_values": _ValidValues(),
    "not_placeholder": _NotPlaceholder(),
    "order": _Order(),
    "reference": _Reference(),
    "row_count": _RowCount(),
}
"""Kind -> its two forms."""
