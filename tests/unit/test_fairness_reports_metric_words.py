"""What metrics are called in sentences: every name that a charter may use has words in both languages."""

from __future__ import annotations

import pytest

from fairness_reports.charter import PerformanceThreshold
from fairness_reports.language import LANGUAGES, Language
from fairness_reports.reports.figures import interval, metric_difference, metric_label, metric_value
from fairness_reports.verdict_text import Sentences
from models.metrics import known_metrics
from models.spec import EvaluationSpec

SPEC = EvaluationSpec.model_validate(
    {
        "top": [50, "5%", "2.5%"],
        "thresholds": [0.1, 0.125],
        "subsets": [{"name": "north", "attribute": "area", "values": ["n"]}],
    }
)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_metric_that_a_charter_may_name_has_words_of_its_own(code: str) -> None:
    names = known_metrics(SPEC, ["30d"])
    assert len(set(names)) == len(names)
    told = {name: metric_label(Language(code), name) for name in names}
    assert len(set(told.values())) == len(names)
    for name, words in told.items():
        assert not any(mark in words for mark in "_[]"), (name, words)


def test_qualifiers_become_phrases() -> None:
    english, german = Language("en"), Language("de")
    assert metric_label(english, "recall_at_k[50]") == "Found, among the 50 highest scores"
    assert metric_label(german, "recall_at_k[2.5%]") == "Gefunden, unter den höchsten 2,5\xa0% der Schätzwerte"
    assert metric_label(english, "net_benefit[0.10]") == "Net benefit, at a threshold of 0.10"
    assert metric_label(german, "auc[within 30d]") == "Rangordnung (AUC), binnen 30 Tagen"
    assert metric_label(english, "auc[learning 12.5%]") == "Ranking (AUC), learnt from 12.5% of the data"
    assert metric_label(english, "auc[something new]") == "Ranking (AUC), something new"


def test_the_form_of_a_figure_does_not_depend_on_its_qualifiers() -> None:
    english = Language("en")
    assert metric_value(english, "recall_at_k[50, worst]", 0.1234) == "12.3%"
    assert interval(english, "precision_at_k[5%]", 0.1, 0.2) == "10.0 to 20.0"
    assert metric_value(english, "unknown_at_k[50]", 12.0) == "12"
    assert metric_value(english, "net_benefit[0.10]", 0.0123) == "0.012"
    assert metric_value(english, "calibration_error", 0.0152) == "0.015"
    assert metric_difference(english, "recall_at_k[50]", -0.01) == metric_difference(english, "tpr", -0.01)


def test_a_threshold_at_k_reads_well() -> None:
    threshold = PerformanceThreshold.model_validate(
        {"metric": "precision_at_k[50, worst]", "at_least": 0.3, "reason": {"en": "why", "de": "warum"}}
    )
    told = Sentences().threshold("threshold_met", threshold, 0.41, 0.33, 0.5)
    assert told.en == (
        "With the outcome, among the 50 highest scores, ties in the worst order: 41.0% (interval 33.0 to 50.0). "
        "Agreed was at least 30.0%, measured by the lower end of its interval: met."
    )
    assert told.de.startswith("Mit dem Ereignis, unter den 50 höchsten Schätzwerten, Gleichstände in der ungünstigsten")
