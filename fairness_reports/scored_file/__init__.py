"""The audit of a scored table that somebody else made.

Belongs here: everything between a foreign file and an audit of it: reading, understanding, selecting, writing, telling.
Does not belong here: what the audit measures (fairness_reports.audit), its pages (fairness_reports.reports), the
command line (pipelines).
"""

from fairness_reports.scored_file.request import AuditRequest, Top, parse_number, parse_top
from fairness_reports.scored_file.results import check_out, write_results
from fairness_reports.scored_file.run import Audited, audit_table
from fairness_reports.scored_file.told import summary

__all__ = [
    "AuditRequest",
    "Audited",
    "Top",
    "audit_table",
    "check_out",
    "parse_number",
    "parse_top",
    "summary",
    "write_results",
]
