"""The fairness audit: what differs between groups, and how sure that is.

Belongs here: everything from a scored table to the rows of fairness.parquet.
Does not belong here: the charter, the verdict, reports, disclosure control (the modules beside this folder).
"""

from fairness_reports.audit.metrics import DIFFERENCES, METRICS, QUOTIENTS
from fairness_reports.audit.run import audit
from fairness_reports.audit.table import COLUMNS

__all__ = ["COLUMNS", "DIFFERENCES", "METRICS", "QUOTIENTS", "audit"]
