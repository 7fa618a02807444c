"""The rules of a contract, each in two forms that are held equal.

A rule is compiled from a field of the ODCS contract into a Great Expectations expectation (verdict and count) and a
DuckDB predicate (the failing rows).
This face is what other modules use; docs/quality.md says which field gives which rule.
"""

from data_contracts.rules.check import apply_rules, blocking_reasons, failing_rows, write_failures
from data_contracts.rules.compile import check_rules, compile_rules
from data_contracts.rules.items import rule_labels
from data_contracts.rules.model import Rule, RuleResult, Scope, Severity, Tolerance

__all__ = [
    "Rule",
    "RuleResult",
    "Scope",
    "Severity",
    "Tolerance",
    "apply_rules",
    "blocking_reasons",
    "check_rules",
    "compile_rules",
    "failing_rows",
    "rule_labels",
    "write_failures",
]
