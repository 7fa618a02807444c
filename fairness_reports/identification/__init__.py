"""What the data cannot tell: who gets an outcome, and how far that could move a figure.

Belongs here: the section `observation:` of programme.yaml, sharp bounds, the sensitivity of a finding.
Does not belong here: the figures on recorded outcomes and their intervals (fairness_reports.audit).
"""

from fairness_reports.identification.identify import identify
from fairness_reports.identification.spec import ObservationSpec

__all__ = ["ObservationSpec", "identify"]
