"""Mitigation as a choice for people: what each way to shrink a gap would have cost.

Belongs here: the section `mitigation:` of programme.yaml, the options, their comparison on development splits.
Does not belong here: choosing one. Nothing here changes the model that is audited and deployed.
"""

from fairness_reports.mitigation.compare import compare_options
from fairness_reports.mitigation.frontier import frontier
from fairness_reports.mitigation.rows import COLUMNS
from fairness_reports.mitigation.spec import MitigationSpec
from fairness_reports.mitigation.words import cost_in_words, gain_in_words, stress_in_words

__all__ = [
    "COLUMNS",
    "MitigationSpec",
    "compare_options",
    "cost_in_words",
    "frontier",
    "gain_in_words",
    "stress_in_words",
]
