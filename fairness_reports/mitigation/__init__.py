"""Mitigation as a choice for people: what each way to shrink a gap would have cost.

Belongs here: the section `mitigation:` of programme.yaml, the options, their comparison on development splits.
Does not belong here: choosing one. Nothing here changes the model that is audited and deployed.

The charter takes the names of the options from here, so nothing slow is imported: `compare`, `frontier` and `words` are
imported by their own names.
"""

from fairness_reports.mitigation.spec import MitigationSpec

__all__ = ["MitigationSpec"]
