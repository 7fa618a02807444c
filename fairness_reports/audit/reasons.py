"""Why a figure is missing, in words.

Belongs here: the phrases in the column `reason` of the audit, and the same in German.
Does not belong here: the reasons of a verdict (fairness_reports.verdict).
"""

from __future__ import annotations

import re
from typing import Final

from fairness_reports import spec
from fairness_reports.audit import metrics
from fairness_reports.identification import phrases

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

POOLED: Final[dict[str, str]] = {"en": spec.POOLED, "de": "kleine Gruppen zusammen"}
"""The group of all groups too small to be shown, by language."""

NOT_EXPLAINED: Final = "no exact contributions"

GERMAN: Final[dict[str, str]] = {
    NOT_EXPLAINED: "keine genauen Beiträge",
    WITHHELD: "nicht gezeigt: zu wenige Fälle, oder es würde eine solche Gruppe verraten",
    metrics.NO_CASES: "keine Fälle",
    metrics.NO_KNOWN: "kein Ausgang bekannt",
    metrics.NO_OUTCOMES: "kein Ereignis",
    metrics.NO_NON_OUTCOMES: "kein Fall ohne Ereignis",
    metrics.NONE_SELECTED: "niemand ausgewählt",
    metrics.ALL_SELECTED: "alle ausgewählt",
    ONE_GROUP: "nur eine Gruppe",
    NOT_IN_DATA: "Merkmal fehlt",
    NEVER_RECORDED: "Merkmal nie erfasst",
    NO_REFERENCE: "Vergleichsgruppe fehlt",
    SMALL_REFERENCE: "Vergleichsgruppe zu klein",
    ZERO_REFERENCE: "Vergleichswert ist null",
    ONE_CLUSTER: "nur ein Haushalt oder eine Person",
    NO_VARIATION: "keine Unterschiede",
    SAME_SCORES: "alle Werte gleich",
    NOT_MEASURED: "für gekreuzte Merkmale nicht gemessen",
    NO_PROBABILITIES: "Werte sind keine Wahrscheinlichkeiten",
    NO_SCORES: "keine Werte",
    SCORES_HAD_BEEN_SHOWN: "Werte waren schon gezeigt worden",
    TOO_MANY_GROUPS: "zu viele Gruppen",
    NO_PAIR: "keine zwei Gruppen groß genug",
    NONE_KNOWN: "darunter kein Ausgang bekannt",
    FEW_DECISIONS: "zu wenige ausgewählt oder aufgegriffen",
    MODEL_UNKNOWN: "die Auswahl des Modells ist nicht bekannt",
    phrases.COULD_BE_ANYTHING: "Ausgänge, die niemand sieht, könnten alles daraus machen",
    phrases.NO_BOUNDS: "für dieses Maß gibt es keine Grenzen",
    phrases.OPEN_BY_RECORDING: "was nicht erfasst ist, lässt es offen",
    phrases.CONTRADICTED: "die Daten widersprechen der Angabe",
}
"""Every phrase but `fewer than N`, which `german` builds."""


def fewer_than(minimum: int) -> str:
    """The reason of a suppressed figure."""
    return f"fewer than {minimum}"


def in_words(reason: str, language: str) -> str:
    """A reason of the audit in `en` or `de`."""
    if language != "de":
        return reason
    small = re.fullmatch(r"fewer than (\d+)", reason)
    return f"weniger als {small[1]}" if small else GERMAN[reason]
