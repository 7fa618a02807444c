"""What a rule is, and what came of checking it.

Belongs here: the plain values that the other modules of this package hand on.
Does not belong here: reading rules out of a contract (compile), their two forms (forms), evaluating them (check).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

Severity = Literal["error", "warning", "critical"]
Unit = Literal["rows", "percent"]


@dataclass(frozen=True)
class Tolerance:
    """How many failing rows a rule lets pass: an operator of ODCS with its value.

    Parameters
    ----------
    operator : str
        An ODCS operator such as ``mustBe`` or ``mustBeLessThan``.
    value : tuple of float
        One number, or two for the ``...Between`` operators (both ends included).
    unit : {"rows", "percent"}
        Whether the number is one of rows or of per cent of the table's rows.
    """

    operator: str = "mustBe"
    value: tuple[float, ...] = (0.0,)
    unit: Unit = "rows"

    def holds(self, count: int, rows: int) -> bool:
        """Whether `count` failing rows out of `rows` are within the tolerance."""
        measured = float(count) if self.unit == "rows" else (100.0 * count / rows if rows else 0.0)
        first, last = self.value[0], self.value[-1]
        return {
            "mustBe": measured == first,
            "mustNotBe": measured != first,
            "mustBeGreaterThan": measured > first,
            "mustBeGreaterOrEqualTo": measured >= first,
            "mustBeLessThan": measured < first,
            "mustBeLessOrEqualTo": measured <= first,
            "mustBeBetween": first <= measured <= last,
            "mustNotBeBetween": not first <= measured <= last,
        }[self.operator]

    def __str__(self) -> str:
        numbers = " and ".join(f"{number:g}" for number in self.value)
        return f"{self.operator} {numbers} {'rows' if self.unit == 'rows' else '%'}"

    @property
    def none(self) -> bool:
        """Whether not one failing row is let through, so that each of them is a fault of its own."""
        return not any(self.holds(count, 10**9) for count in (1, 2, 10**9)) and self.holds(0, 10**9)


@dataclass(frozen=True)
class Scope:
    """Where and when a rule is evaluated.

    Parameters
    ----------
    relation : str
        The table's staged rows, as it stands after FROM.
    parents : Mapping
        Table name -> relation, for references and rules over two tables.
    delivered_on : date
        The day of the delivery: what lies after it lies in the future.
    """

    relation: str
    parents: Mapping[str, str]
    delivered_on: date


@dataclass(frozen=True)
class Rule:
    """One rule of a contract, with its two forms.

    Parameters
    ----------
    table, name : str
        The table, and the rule's name within it (``column: kind``).
    kind : str
        Which pair of forms it has; the keys of ``forms.FORMS``.
    columns : tuple of str
        The columns it reads in this table, in order.
    types : tuple of str
        Their logical types.
    severity : {"error", "warning", "critical"}
        error: a failing row is quarantined. warning: it is counted. critical: it is quarantined and the delivery is
        refused.
    params : Mapping
        Bounds, values, the other table.
    dimension : str, optional
        The quality dimension of ODCS.
    tolerance : Tolerance
        How many failing rows are let pass; none unless the contract says so.
    """

    table: str
    name: str
    kind: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    severity: Severity = "error"
    params: Mapping[str, Any] = field(default_factory=dict)
    dimension: str | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def by_row(self) -> bool:
        """Whether each failing row is a fault of its own (and not only their number)."""
        return self.kind != "row_count" and self.tolerance.none

    @property
    def quarantines(self) -> bool:
        """Whether a failing row goes to quarantine."""
        return self.by_row and self.severity != "warning"

    @property
    def others(self) -> tuple[str, ...]:
        """The other tables that the rule looks into."""
        other = self.params.get("table")
        return (str(other),) if other else ()

    def frame(self, scope: Scope) -> tuple[str, ...]:
        """SQL expressions (over the row ``t``) of the columns that the expectation reads."""
        from data_contracts.rules.forms import FORMS

        return FORMS[self.kind].frame(self, scope)

    def expectation(self, aliases: tuple[str, ...], scope: Scope) -> Expectation:
        """The rule as a Great Expectations expectation over a frame of the columns `aliases`."""
        from data_contracts.rules.forms import FORMS

        return FORMS[self.kind].expectation(self, aliases, scope)

    def predicate(self, scope: Scope) -> str:
        """The rule as SQL over the row ``t``: TRUE for exactly the failing rows, never NULL."""
        from data_contracts.rules.forms import FORMS

        return f"coalesce({FORMS[self.kind].fails(self, scope)}, false)"

    def applies(self, scope: Scope) -> str:
        """SQL over the row ``t``: TRUE for the rows that the rule has something to say about."""
        from data_contracts.rules.forms import FORMS

        return FORMS[self.kind].applies(self, scope)


@dataclass(frozen=True)
class RuleResult:
    """What came of checking one rule.

    Parameters
    ----------
    table, rule : str
        The table and the rule's name.
    checked, failed : int
        Rows that the rule spoke about, and those of them that failed.
    severity : {"error", "warning", "critical"}
        As in the rule.
    passed : bool
        Whether the number of failing rows is within the rule's tolerance.
    columns : tuple of str
        The columns it reads.
    dimension : str, optional
        The quality dimension of ODCS.
    detail : str, optional
        Why it was not checked, or the tolerance.
    """

    table: str
    rule: str
    checked: int
    failed: int
    severity: Severity
    passed: bool
    columns: tuple[str, ...] = ()
    dimension: str | None = None
    detail: str = ""
