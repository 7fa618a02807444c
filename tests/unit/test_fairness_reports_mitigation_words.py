"""What an option costs, in words."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from fairness_reports.audit.reasons import WITHHELD, in_words
from fairness_reports.language import Language
from fairness_reports.mitigation import reasons
from fairness_reports.mitigation.rows import COLUMNS
from fairness_reports.mitigation.words import cost_in_words, gain_in_words, stress_in_words
from fairness_reports.spec import OVERALL

NAN = float("nan")


EN, DE = Language("en"), Language("de")
Limits = tuple[float, float, float]


def rows(recall: Limits, precision: Limits, *, needs: bool = False, why: str | None = None) -> pd.DataFrame:
    """The rows of an option; an older split says something else."""
    made = []
    for split, shift in (("old", -0.5), ("new", 0.0)):
        for metric, limits in (("recall_at_capacity", recall), ("precision_at_capacity", precision), ("fnr", recall)):
            value, low, high = (each + shift for each in limits)
            attribute, day = "sex" if metric == "fnr" else OVERALL, date(2020 + (split == "new"), 1, 1)
            what = ["fair", split, day, "development", attribute, OVERALL, metric, "change", "as_is"]
            made.append([*what, value, low, high, 100, needs, False, why])
    return pd.DataFrame(made, columns=list(COLUMNS))


def test_what_it_costs() -> None:
    told = rows((-0.12, -0.2, -0.04), (-0.05, -0.08, -0.02))
    assert cost_in_words(told, EN) == (
        "Of 100 cases with the recorded outcome it finds 12 fewer (4 to 20). "
        "Of 100 cases it names, 5 more are without the recorded outcome (2 to 8)."
    )
    assert cost_in_words(told, DE) == (
        "Von 100 Fällen mit dem erfassten Ereignis findet dieser Weg 12 weniger (4 bis 20). "
        "Von 100 Fällen, die er nennt, sind 5 mehr ohne das erfasste Ereignis (2 bis 8)."
    )


def test_what_it_gains() -> None:
    told = rows((0.1, 0.001, 0.2), (0.05, 0.02, 0.08), needs=True)
    said = cost_in_words(told, EN)
    assert "finds 10 more (fewer than 1 to 20)" in said
    assert "5 fewer are without" in said
    assert said.endswith("It needs to know the protected attribute when a decision is made.")
    assert gain_in_words(told, EN, {"fnr": "people missed"}) == [
        "The largest gap (people missed, by sex) grows by 10 percentage points (fewer than 1 to 20)."
    ]
    less = gain_in_words(rows((-0.08, -0.1, -0.05), (0, 0, 0)), DE, {"sex": "Geschlecht"})
    assert less == ["Der größte Abstand (fnr, nach Geschlecht) wird um 8 Prozentpunkte kleiner (5 bis 10)."]


def test_what_cannot_be_told() -> None:
    told = rows((-0.01, -0.03, 0.012), (0.01, -0.02, 0.04))
    said = cost_in_words(told, EN)
    assert "cannot be told from so few cases: anything from 3 fewer to 1 more" in said
    assert "anything from 4 fewer to 2 more" in said, "of those without the outcome: turned round"
    assert "lässt sich bei so wenigen Fällen nicht sagen" in cost_in_words(told, DE)
    assert gain_in_words(told, EN)[0].endswith("anything from 3 percentage points less to 1 percentage point more.")
    german = gain_in_words(told, DE)[0]
    assert german.endswith("denkbar ist alles zwischen 3 Prozentpunkten weniger und 1 Prozentpunkt mehr.")
    to_none = gain_in_words(rows((-0.01, -0.02, 0.0), (0, 0, 0)), DE)[0]
    assert to_none.endswith("zwischen 2 Prozentpunkten weniger und keinem Unterschied.")


def test_the_same_people_and_what_could_not_be_tried() -> None:
    same = rows((0.0, NAN, NAN), (0.0, NAN, NAN), why=reasons.SAME_PEOPLE)
    assert cost_in_words(same, EN) == "Selects the same cases as the model as it is."
    assert gain_in_words(same, DE) == ["Wählt dieselben Fälle aus wie das unveränderte Modell."]
    absent = same.assign(comparison="value", value=NAN, reason=reasons.NO_PROXIES)
    assert cost_in_words(absent, EN) == "Could not be tried: no factor reveals the attribute."
    assert cost_in_words(absent, DE) == "Konnte nicht versucht werden: kein Faktor verrät das Merkmal."
    assert "could not be measured" in cost_in_words(same.iloc[:0], EN)
    small = rows((NAN, NAN, NAN), (NAN, NAN, NAN), why="fewer than 10")
    assert "weniger als 10" in cost_in_words(small, DE)
    assert "weniger als 10" in gain_in_words(small, DE)[0]
    assert cost_in_words(same.assign(option="as_is"), EN).startswith("This is the model as it is")


def test_what_changes_nothing_says_so_once() -> None:
    none = rows((NAN, NAN, NAN), (NAN, NAN, NAN), why=reasons.UNCHANGED)
    assert cost_in_words(none, EN) == "It changes nothing."
    assert cost_in_words(none, DE) == "Dieser Weg ändert nichts."
    twice = pd.concat([none, none[none["metric"] == "fnr"].assign(metric="calibration")])
    assert gain_in_words(twice, EN) == ["It changes nothing."]
    assert gain_in_words(twice, DE) == ["Dieser Weg ändert nichts."]


@pytest.mark.parametrize("limits", [(0.001, -0.003, 0.004), (-0.002, -0.004, -0.001)])
def test_less_than_one_of_a_hundred_is_no_question(limits: Limits) -> None:
    little = rows(limits, limits)
    assert cost_in_words(little, EN) == (
        "Of 100 cases with the recorded outcome it finds as many, give or take fewer than 1. "
        "Of 100 cases it names, as many are without the recorded outcome, give or take fewer than 1."
    )
    assert cost_in_words(little, DE).count("gleich viele") == 2
    assert gain_in_words(little, EN) == ["The largest gap (fnr, by sex) stays the same to within 1 percentage point."]
    assert "um weniger als 1 Prozentpunkt" in gain_in_words(little, DE)[0]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_reason_and_every_end_of_the_stress_test_has_words(language: str) -> None:
    speech = Language(language)
    said = [stress_in_words(each, speech) for each in (*reasons.STRESS, reasons.ONE_DEVELOPMENT)]
    assert len(set(said)) == 4
    withheld = {"en": "Whether a gain held in a later period is not shown.",
                "de": "Ob ein Gewinn in einem späteren Zeitraum hielt, wird nicht gezeigt."}  # fmt: skip
    assert stress_in_words(WITHHELD, speech) == withheld[language]
    phrases = [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]
    phrases = [each for each in phrases if each not in reasons.STRESS]
    words = [in_words(each, speech) for each in phrases]
    assert len(set(words)) == len(set(phrases))
    assert not any("_" in each for each in words)
