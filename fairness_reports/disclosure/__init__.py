"""Disclosure control: what of exact figures may leave the agency once a person has checked it.

Belongs here: everything between the exact tables of a run and the open part of its release.
Does not belong here: the figures themselves (fairness_reports.audit, models), writing them (fairness_reports.release).
"""

from fairness_reports.disclosure.profile import PROFILES, Profile, profile_of
from fairness_reports.disclosure.protect import (
    Protected,
    case_rows,
    protect,
    protect_attrition,
    protect_check,
    protect_cohorts,
)

__all__ = [
    "PROFILES",
    "Profile",
    "Protected",
    "case_rows",
    "profile_of",
    "protect",
    "protect_attrition",
    "protect_check",
    "protect_cohorts",
]
