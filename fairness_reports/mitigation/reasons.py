"""Why a comparison has no figure, and what the stress test says: phrases in English and German.

Belongs here: the phrases in the column `reason` of mitigation.parquet.
Does not belong here: sentences about what an option costs (words), reasons of the audit (audit.reasons).
"""

from __future__ import annotations

from typing import Final

from fairness_reports.audit import reasons as of_audit

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

GERMAN: Final[dict[str, str]] = {
    NO_DEVELOPMENT: "kein Entwicklungszeitraum",
    ONE_DEVELOPMENT: "nur ein Entwicklungszeitraum",
    NO_COLUMNS: "keine Merkmale übrig",
    NO_PROXIES: "kein Faktor verrät das Merkmal",
    NOTHING_TO_COARSEN: "nichts zu vergröbern, die verräterischen Faktoren haben schon wenige Werte",
    NO_WEIGHTS: "das gewählte Modell kennt keine Gewichte",
    ONE_GROUP: "nur eine Gruppe in den Trainingsdaten",
    NO_GROUPS: "weniger als zwei genügend große Gruppen",
    TOO_LITTLE: "zu wenig, um daraus zu lernen",
    NO_PROBABILITIES: "die Werte sind keine Wahrscheinlichkeiten",
    NOT_COMPARED: "zwischen den Wegen nicht verglichen",
    NO_FIGURE: "kein Wert",
    SAME_PEOPLE: "niemand wird anders ausgewählt",
    UNCHANGED: "es ändert sich dadurch nichts",
    SAME_ORDER: "niemand tauscht den Platz",
    HELD: "der Gewinn hielt",
    REVERSED: "der Gewinn kehrte sich um",
    CANNOT_TELL: "nicht zu entscheiden",
}
ENGLISH: Final[dict[str, str]] = {
    HELD: "the gain held",
    REVERSED: "the gain reversed",
    CANNOT_TELL: "cannot tell",
}


def in_words(reason: str, language: str) -> str:
    """A reason of mitigation.parquet in `en` or `de`."""
    if language == "de":
        return GERMAN[reason] if reason in GERMAN else of_audit.in_words(reason, language)
    return ENGLISH.get(reason, reason)


class NotPossibleError(Exception):
    """An option that cannot be tried on a split; its text is one of the phrases here."""
