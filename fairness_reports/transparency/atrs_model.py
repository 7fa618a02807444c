"""What a release knows of its model, for the transparency record.

Belongs here: the answers of the sections on the tool and on the model.
Does not belong here: the data (atrs_data), what only people know (atrs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    cases_word,
    count,
    factor_words,
    interval,
    known,
    metric_label,
    metric_value,
    model_label,
)
from fairness_reports.reports.spans import LISTED, spans, with_waiting
from fairness_reports.transparency.entries import PLUMBLINE, RELEASE, Said, both, sentence
from fairness_reports.transparency.sources import Answer

PERFORMANCE = (
    "auc", "average_precision", "brier", "calibration_in_the_large", "calibration_slope", "precision_at_capacity",
    "recall_at_capacity",
)  # fmt: skip
"""The figures that every record gives, each with its interval."""


def outcome_sentence(context: ReportContext) -> Said:
    """What is predicted, in the words of the agency's event."""
    return both(
        lambda language: language.t(
            "transparency.predicts",
            cases=cases_word(language, context),
            outcome=language.text(context.words.outcome),
        )
    )


def model_answers(context: ReportContext) -> dict[str, Answer]:
    """Answers by field of the sections on the tool and on the model."""
    output = [
        both(lambda language: language.t("transparency.output", cases=cases_word(language, context))),
        sentence("transparency.output_shown" if context.verdict == "fit" else "transparency.output_withheld"),
    ]
    found = {"system_level_output": Answer(output, RELEASE)}
    names = ("models", "model_name", "model_version", "model_task", "model_input", "model_output",
             "model_architecture", "model_performance", "datasets_and_their_purposes")  # fmt: skip
    if context.model is None:
        none = Answer([sentence("card.none")], RELEASE)
        return found | dict.fromkeys(names, none)
    model = context.model
    label = both(lambda language: model_label(language, model))
    factors = list(dict.fromkeys(line.factor for line in context.features))
    listed = [both(_factor(context, name)) for name in factors]
    return found | {
        "models": Answer([label], RELEASE),
        "model_name": Answer([label], RELEASE),
        "model_version": Answer(_versions(context), RELEASE),
        "model_task": Answer([outcome_sentence(context)], "programme.yaml: outcome"),
        "model_input": Answer(listed, "programme.yaml: features"),
        "model_output": Answer([sentence("transparency.model_output")], PLUMBLINE),
        "model_architecture": Answer([label], RELEASE),
        "model_performance": Answer(performance(context), "open/metrics.parquet"),
        "datasets_and_their_purposes": Answer(datasets(context), RELEASE),
    }


def _factor(context: ReportContext, name: str) -> Callable[[Language], str]:
    return lambda language: factor_words(language, context, name)


def _versions(context: ReportContext) -> list[Said]:
    told: list[Said] = []
    for kind in ("audited_model", "deployed_model"):
        model = context.manifest.get(kind) or {}
        if model.get("content_hash"):
            told.append(sentence(f"transparency.version_{kind}", version=model["content_hash"]))
    return told


def performance(context: ReportContext) -> list[Said]:
    """The figures of the sealed test, each with its interval, one text each."""
    metrics = context.test_metrics()
    return [both(_figure(name, metrics[name])) for name in PERFORMANCE if name in metrics]


def _figure(name: str, row: Any) -> Callable[[Language], str]:
    def tell(language: Language) -> str:
        label = metric_label(language, name)
        if not known(row.value):
            return language.t("transparency.figure_few", metric=label, few=language.t("form.too_few"))
        value = metric_value(language, name, row.value)
        spread = interval(language, name, row.low, row.high)
        key = "transparency.figure" if spread else "transparency.figure_bare"
        return language.t(key, metric=label, value=value, interval=spread)

    return tell


def datasets(context: ReportContext) -> list[Said]:
    """Which cohorts served for what, with their sizes."""
    if len(context.cohorts) > LISTED:
        return [both(_span(context, row)) for row in rows_of(spans(context, "role"))]
    return [both(_cohort(context, row)) for row in rows_of(with_waiting(context.cohorts))]


def _span(context: ReportContext, row: Any) -> Callable[[Language], str]:
    """The days of one role; how many cases they have where that may be told."""

    def tell(language: Language) -> str:
        first, last = language.date(row.first.date()), language.date(row.last.date())
        days = language.plain("form.day_span", n=language.number(row.days), first=first, last=last)
        values = {"day": first if row.days == 1 else days, "role": language.word("role", row.role)}
        if not known(row.cases):
            return language.t("transparency.cohort_bare", **values)
        n = count(language, context, row.cases)
        return language.t("transparency.cohort", n=n, cases=cases_word(language, context), **values)

    return tell


def _cohort(context: ReportContext, row: Any) -> Callable[[Language], str]:
    return lambda language: language.t(
        "transparency.cohort",
        day=language.date(pd.Timestamp(row.as_of).date()),
        role=language.word("role", str(row.role)),
        n=count(language, context, row.cases),
        cases=cases_word(language, context),
    )
