"""What people decided, beside what the model would have selected: answers of a team's list, and figures by group.

Belongs here: the codes of answers and what they must say together, who counts as human, model and joint, the table
decisions.parquet. Does not belong here: reading files (data_contracts.answers), the list itself
(fairness_reports.caseload), sentences (fairness_reports.reports).
"""

from fairness_reports.decisions.answers import ANSWERS, DISAGREEMENTS, SEEN, VIEWS, Listed, check_answers
from fairness_reports.decisions.figures import COLUMNS, decisions

__all__ = ["ANSWERS", "COLUMNS", "DISAGREEMENTS", "SEEN", "VIEWS", "Listed", "check_answers", "decisions"]
