"""Why a comparison has no figure, and what the stress test says: phrases.

Belongs here: the phrases in the column `reason` of mitigation.parquet.
Does not belong here: sentences about what an option costs (words), reasons of the audit and how all of
them are told (audit.reasons).
"""

from __future__ import annotations

from typing import Final

NO_DEVELOPMENT: Final = "no development split"
ONE_DEVELOPMENT: Final = "one development split only"
NO_COLUMNS: Final = "no columns left"
NO_PROXIES: Final = "no factor reveals the attribute"
NOTHING_TO_COARSEN: Final = "nothing to coarsen, the revealing factors take few values already"
NO_WEIGHTS: Final = "the chosen model takes no weights"
ONE_GROUP: Final = "one group only in training"
NO_GROUPS: Final = "fewer than two groups of sufficient size"
TOO_LITTLE: Final = "too little to learn from"
NO_PROBABILITIES: Final = "scores are no probabilities"
NOT_COMPARED: Final = "not compared between options"
NO_FIGURE: Final = "no figure"
SAME_PEOPLE: Final = "nobody is selected differently"
UNCHANGED: Final = "nothing changed by it"
SAME_ORDER: Final = "nobody changes places"

HELD: Final = "held"
REVERSED: Final = "reversed"
CANNOT_TELL: Final = "cannot_tell"
STRESS: Final = (HELD, REVERSED, CANNOT_TELL)
"""What the stress test finds."""


class NotPossibleError(Exception):
    """An option that cannot be tried on a split; its text is one of the phrases here."""
