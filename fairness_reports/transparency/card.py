"""The model card as plain values: what its page says, for machines.

Belongs here: the card's fields in both languages, features, exclusions, figures with intervals.
Does not belong here: which fields a card has (fairness_reports.reports.card).

Source: Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT* 2019), section 4, with look-back, capacity and a
rule for retirement besides.
"""

from __future__ import annotations

from typing import Any

from fairness_reports.language import LANGUAGES, Language, plain
from fairness_reports.reports.card import LIMITS, Field, card_fields
from fairness_reports.reports.card_parts import group_rows
from fairness_reports.reports.context import Excluded, FeatureLine, ReportContext
from fairness_reports.reports.figures import factor_words, known
from fairness_reports.transparency.atrs_model import PERFORMANCE
from fairness_reports.transparency.entries import Entry, Said, both, sentence


def model_card(context: ReportContext) -> dict[str, Any]:
    """The card.

    Parameters
    ----------
    context : ReportContext
        The release, its charter, and figures that have passed disclosure control.

    Returns
    -------
    dict
        fields (entries by section: purpose, people, model), features, excluded, performance (figures of the sealed
        test), groups (figures by group and intersection), limits.
    """
    return {
        "fields": _fields(context),
        "features": [_feature(context, line) for line in context.features],
        "excluded": [_excluded(each) for each in context.excluded],
        "performance": _performance(context),
        "groups": _groups(context),
        "limits": [sentence(f"card.limits_text.{i}") for i in LIMITS],
    }


def _fields(context: ReportContext) -> dict[str, list[Entry]]:
    told = {code: card_fields(Language(code), context) for code in LANGUAGES}
    made: dict[str, list[Entry]] = {}
    for section, fields in told["en"].items():
        both_languages = zip(fields, told["de"][section], strict=True)
        made[section] = [_entry(*pair) for pair in both_languages]
    return made


def _entry(english: Field, german: Field) -> Entry:
    answers: list[Said] = [
        {"en": plain(one), "de": plain(other)} for one, other in zip(english.answers, german.answers, strict=True)
    ]
    return {
        "field": english.name,
        "value": answers or None,
        "source": english.source,
        "missing": not answers,
        "who": None if answers else english.who,
    }


def _feature(context: ReportContext, line: FeatureLine) -> dict[str, Any]:
    return {
        "feature": line.name,
        "factor": both(lambda language: factor_words(language, context, line.factor)),
        "look_back_days": line.look_back_days,
        "source": line.source,
        "about_other_people": line.by_association,
    }


def _excluded(each: Excluded) -> dict[str, Any]:
    return {
        "what": both(lambda language: language.text(each.label)),
        "why": both(lambda language: language.word("excluded", each.why)),
    }


def _performance(context: ReportContext) -> list[dict[str, Any]]:
    metrics = context.test_metrics()
    return [{"metric": name, **_figure(metrics[name])} for name in PERFORMANCE if name in metrics]


def _groups(context: ReportContext) -> list[dict[str, Any]]:
    return [
        {"attribute": attribute, "group": group, "metric": metric, **_figure(row)}
        for attribute, groups in group_rows(context).items()
        for group, cells in groups.items()
        for metric, row in cells.items()
    ]


def _figure(row: Any) -> dict[str, float | int | None]:
    """A figure with its interval as the release's tables have it."""
    told: dict[str, float | int | None] = {
        name: float(getattr(row, name)) if known(getattr(row, name)) else None for name in ("value", "low", "high")
    }
    return told | {"n": int(row.n) if known(row.n) else None}
