"""A team's list of open cases, where the charter names this use.

Belongs here: which case gets a review slot and why, what a list says of each case, its workbook and CSV file, reading
a blind one that comes back.
Does not belong here: choosing a release, logging openings (pipelines.caseload); the answers themselves
(fairness_reports.decisions).
"""

from fairness_reports.caseload.build import Factor, Listed, TeamList, build_list, list_id_of
from fairness_reports.caseload.reading import VIEW, HandedBack, read_views
from fairness_reports.caseload.slots import Slots, assign_slots, drawn_order, slot_counts
from fairness_reports.caseload.words import About, Sheet, blind_sheet, full_sheet
from fairness_reports.caseload.writing import write_csv, write_workbook

__all__ = [
    "VIEW",
    "About",
    "Factor",
    "HandedBack",
    "Listed",
    "Sheet",
    "Slots",
    "TeamList",
    "assign_slots",
    "blind_sheet",
    "build_list",
    "drawn_order",
    "full_sheet",
    "list_id_of",
    "read_views",
    "slot_counts",
    "write_csv",
    "write_workbook",
]
