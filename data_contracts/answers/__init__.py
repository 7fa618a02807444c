"""What comes back in a list that people filled in: the privacy gate of answers.

Belongs here: reading the named columns of a sheet and nothing else, what is no code, no date or no id, the worklist,
all of it told in both languages.
Does not belong here: which codes there are and what answers say together (fairness_reports.decisions).
"""

from data_contracts.answers.checking import AnswerColumn, Fault, check_cells, write_faults
from data_contracts.answers.reading import AnswerSheet, read_answers

__all__ = ["AnswerColumn", "AnswerSheet", "Fault", "check_cells", "read_answers", "write_faults"]
