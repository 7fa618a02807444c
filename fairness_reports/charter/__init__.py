"""The charter: what people decide before any model.

Belongs here: the model of charter.yaml, what counts as a placeholder, the charter's hash, its fit with the rest of the
pack. Does not belong here: whether a model met it (fairness_reports.verdict).
"""

from fairness_reports.charter.checks import Problem, check, check_association
from fairness_reports.charter.model import Charter
from fairness_reports.charter.placeholders import Location, is_placeholder
from fairness_reports.charter.sections import (
    Acceptance,
    ByAssociation,
    Capacity,
    FairnessThreshold,
    ImpactAssessment,
    MayBeChosen,
    PerformanceThreshold,
    Retraining,
    SignOff,
    Uninformative,
)
from fairness_reports.charter.transparency import Assessment, Harm, Risk, ThirdParty, Transparency
from fairness_reports.charter.uses import Action, Caseload, Disclosure, Restricted

__all__ = [
    "Acceptance",
    "Action",
    "Assessment",
    "ByAssociation",
    "Capacity",
    "Caseload",
    "Charter",
    "Disclosure",
    "FairnessThreshold",
    "Harm",
    "ImpactAssessment",
    "Location",
    "MayBeChosen",
    "PerformanceThreshold",
    "Problem",
    "Restricted",
    "Retraining",
    "Risk",
    "SignOff",
    "ThirdParty",
    "Transparency",
    "Uninformative",
    "check",
    "check_association",
    "is_placeholder",
]
