"""The sections of programme.yaml that this room owns.

Belongs here: one module per section. Does not belong here: anything that needs the warehouse.
"""

from models.spec.bands import Band, BandSpec
from models.spec.candidates import (
    PARAMS,
    SIMPLEST_FIRST,
    BoostingParams,
    CandidateSpec,
    CandidatesSpec,
    EbmParams,
    LogisticParams,
    NoParams,
    OneFactorParams,
    PointsParams,
    simplicity,
)
from models.spec.cohorts import AttributeDates, Cadence, CohortSpec, OutcomeSpec, check_names
from models.spec.evaluation import EvaluationSpec, Subset, UncertaintySpec, check_subsets
from models.spec.splits import SplitsSpec
from models.spec.vignettes import Order, Vignette, VignetteEvent, Vignettes

__all__ = [
    "PARAMS",
    "SIMPLEST_FIRST",
    "AttributeDates",
    "Band",
    "BandSpec",
    "BoostingParams",
    "Cadence",
    "CandidateSpec",
    "CandidatesSpec",
    "CohortSpec",
    "EbmParams",
    "EvaluationSpec",
    "LogisticParams",
    "NoParams",
    "OneFactorParams",
    "Order",
    "OutcomeSpec",
    "PointsParams",
    "SplitsSpec",
    "Subset",
    "UncertaintySpec",
    "Vignette",
    "VignetteEvent",
    "Vignettes",
    "check_names",
    "check_subsets",
    "simplicity",
]
