"""Mitigation as a choice for people: what each way to shrink a gap would have cost.

Belongs here: the section `mitigation:` of programme.yaml, the options, their comparison on development splits.
Does not belong here: choosing one. Nothing here changes the model that is audited and deployed.
"""

from fairness_reports.mitigation.spec import MitigationSpec

__all__ = ["MitigationSpec"]
