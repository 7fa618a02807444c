"""One case: its score, the reasons, what is missing, and who decides; for the terminal and as a page.

Belongs here: what is said of one case (content), each reason (reasons), values in words (values), and the two ways of
showing it (terminal, page), which say the same.
Does not belong here: reading releases (release_read), computing a reason (models), writing files (pipelines.explain).
"""

from fairness_reports.reports.case.content import Case, told
from fairness_reports.reports.case.page import GENERATOR, case_page
from fairness_reports.reports.case.reasons import LEVELS, SHOWN, SHOWN_RECORDS
from fairness_reports.reports.case.terminal import case_text

__all__ = ["GENERATOR", "LEVELS", "SHOWN", "SHOWN_RECORDS", "Case", "case_page", "case_text", "told"]
