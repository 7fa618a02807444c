"""Why a figure is missing, in words.

Belongs here: the phrases in the column `reason` of the audit, and how to ask the catalogue for them.
Does not belong here: the reasons of a verdict (fairness_reports.verdict).
"""

from __future__ import annotations

import re
from typing import Final

from fairness_reports.audit import metrics
from fairness_reports.language import Language

ONE_GROUP: Final = "one group only"
NOT_IN_DATA: Final = "attribute missing"
NEVER_RECORDED: Final = "attribute never recorded"
NO_REFERENCE: Final = "reference group missing"
SMALL_REFERENCE: Final = "reference too small"
ZERO_REFERENCE: Final = "reference is zero"
ONE_CLUSTER: Final = "one cluster only"
NO_VARIATION: Final = "no variation"
SAME_SCORES: Final = "all scores equal"
NOT_MEASURED: Final = "not measured for intersections"
NO_PROBABILITIES: Final = "scores are no probabilities"
NO_SCORES: Final = "no scores"
SCORES_HAD_BEEN_SHOWN: Final = "scores had been shown"
TOO_MANY_GROUPS: Final = "too many groups"
NO_PAIR: Final = "no two groups large enough"
NONE_KNOWN: Final = "no known outcomes among them"
FEW_DECISIONS: Final = "too few selected or taken up"
MODEL_UNKNOWN: Final = "the model's selection is not known"

WITHHELD: Final = "not shown: too few cases, or it would give such a group away"
"""Of every figure that disclosure control withholds, so that what is small is not told from what protects it."""

EXACT: Final = frozenset(
    [metrics.NO_CASES, metrics.NO_KNOWN, metrics.NO_OUTCOMES, metrics.NO_NON_OUTCOMES, metrics.NONE_SELECTED,
     metrics.ALL_SELECTED, NO_VARIATION, ZERO_REFERENCE, SMALL_REFERENCE, NONE_KNOWN, MODEL_UNKNOWN]
)  # fmt: skip
"""Reasons that state of somebody's group that a count is zero, small, or everybody: they tell as much as the count."""

NOT_EXPLAINED: Final = "no exact contributions"


def fewer_than(minimum: int) -> str:
    """The reason of a suppressed figure."""
    return f"fewer than {minimum}"


def in_words(reason: str, language: Language) -> str:
    """A reason of the audit, of its gaps or of ways to narrow them, as the catalogue says it."""
    small = re.fullmatch(r"fewer than (\d+)", reason)
    return language.plain("absent.fewer_than", minimum=small[1]) if small else language.plain(f"absent.{key(reason)}")


def key(reason: str) -> str:
    """What the catalogue calls a reason: its letters and digits."""
    return re.sub(r"[^a-z0-9]+", "_", reason.lower()).strip("_")
