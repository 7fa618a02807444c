"""What made a score.

Belongs here: exact contributions, and what is made of them.
Does not belong here: words (features.words) and charts (fairness_reports).
"""

from models.explanation.audited import Explained, audited_contributions, explainable
from models.explanation.contributions import TOLERANCE, check_additive, contributions, explanation, tree_contributions
from models.explanation.factors import (
    by_factor,
    case_rows,
    direction_of,
    factors_by_association,
    importance,
    with_evidence,
)
from models.explanation.shapes import factor_shapes
from models.explanation.tendencies import tendencies

__all__ = [
    "TOLERANCE",
    "Explained",
    "audited_contributions",
    "by_factor",
    "case_rows",
    "check_additive",
    "contributions",
    "direction_of",
    "explainable",
    "explanation",
    "factor_shapes",
    "factors_by_association",
    "importance",
    "tendencies",
    "tree_contributions",
    "with_evidence",
]
