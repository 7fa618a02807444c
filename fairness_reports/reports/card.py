"""The model card: what is known about the model and its rules, and what nobody has stated.

Belongs here: the list of fields and where each comes from.
Does not belong here: inventing an answer. A field without one is listed as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from fairness_reports.charter import is_placeholder
from fairness_reports.language import Language
from fairness_reports.reports.association import about_others
from fairness_reports.reports.card_parts import excluded_section, features_section, group_sections
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    attribute_label,
    cases_word,
    count,
    in_order,
    is_overall,
    model_label,
)
from fairness_reports.reports.layout import Block, Bullets, Facts, Page, Para, Section, code
from fairness_reports.reports.overview import metrics_table
from fairness_reports.reports.spans import LISTED, days_of, span_told, with_waiting
from fairness_reports.spec import JOIN
from features.words import Text

_DATA_PROTECTION = ("legal_basis", "impact_assessment", "people_informed", "retention")
_PRACTICE = ("consulted", "label_rule", "observation")


class Field(NamedTuple):
    """One field of the card.

    Attributes
    ----------
    name : str
        Its name; `card.field.NAME` are its words.
    answers : sequence of str
        What is known, in one language; empty where nobody has said it.
    source : str
        Where the answer comes from, or should be written.
    """

    name: str
    answers: Sequence[str]
    source: str = "release"

    @property
    def who(self) -> str:
        """The role that should fill it in."""
        if self.name in (*_DATA_PROTECTION, "output_checked_by"):
            return "data_protection"
        if self.name in _PRACTICE:
            return "practice_lead"
        return "owner" if self.source.startswith("charter.yaml") else "analyst"


def model_card_page(language: Language, context: ReportContext) -> Page:
    """The model card."""
    t = language.t
    purpose, people, model = card_fields(language, context).values()
    missing = [
        t("card.missing_line", field=t(f"card.field.{each.name}"), who=t(f"who.{each.who}"), source=code(each.source))
        for each in (*purpose, *people, *model)
        if not each.answers
    ]
    sections = [
        Section(t("card.purpose_title"), [Para(t("card.intro"), "lead"), _facts(language, purpose)]),
        Section(t("card.people_title"), [_facts(language, people)]),
        Section(t("card.model_title"), [*([] if context.model else [Para(t("card.none"))]), _facts(language, model)]),
    ]
    if context.features:
        sections.append(features_section(language, context))
    sections.append(excluded_section(language, context))
    if context.model is not None:
        sections.append(Section(t("card.performance_title"), [metrics_table(language, context)]))
        sections += group_sections(language, context)
    sections.append(Section(t("card.limits_title"), [Bullets([t(f"card.limits_text.{i}") for i in LIMITS])]))
    left: list[Block] = [Para(t("card.missing_intro")), Bullets(missing)] if missing else [Para(t("card.missing_none"))]
    sections.append(Section(t("card.missing_title"), left))
    return Page("model_card", sections)


LIMITS = range(1, 6)
"""Numbers of the sentences on limits (`card.limits_text.N`)."""


def card_fields(language: Language, context: ReportContext) -> dict[str, list[Field]]:
    """The fields of the card by section: purpose, people, model.

    Parameters
    ----------
    language : Language
        The language of the answers. Every language has the same fields with the same number of answers.
    context : ReportContext
        What is known.

    Returns
    -------
    dict of str to list of Field
    """
    return {
        "purpose": _purpose(language, context),
        "people": _people(language, context),
        "model": _model(language, context),
    }


def _facts(language: Language, fields: Sequence[Field]) -> Facts:
    return Facts([(str(language.t(f"card.field.{each.name}")), each.answers) for each in fields if each.answers])


def _said(language: Language, value: Text | Sequence[Text] | date | None) -> list[str]:
    """What a charter says, nothing where it holds a placeholder."""
    if value is None:
        return []
    if isinstance(value, date):
        return [language.date(value)]
    texts = [value] if isinstance(value, Text) else value
    return [language.text(text) for text in texts if not is_placeholder(language.text(text))]


def _record(language: Language, context: ReportContext, name: str) -> list[str]:
    """What the charter says for the public records."""
    told = context.charter.transparency if context.charter is not None else None
    return _said(language, getattr(told, name, None))


def _purpose(language: Language, context: ReportContext) -> list[Field]:
    charter, t = context.charter, language.t
    fields = [
        Field("name", [language.text(context.title)]),
        Field("version", [t("card.version_text", release=context.release_id)]),
        Field("description", _said(language, context.description), "programme.yaml: description"),
        Field("target", [language.text(context.words.outcome)]),
        Field("horizon", _horizon(language, context)),
        Field("label", [t("card.label_text")]),
        Field(
            "label_rule", _record(language, context, "label_decided_by"), "charter.yaml: transparency.label_decided_by"
        ),
    ]
    for name in ("problem", "decision_supported", "prohibited_uses", "alternatives"):
        fields.append(Field(name, _said(language, getattr(charter, name, None)), f"charter.yaml: {name}"))
    return fields


def _horizon(language: Language, context: ReportContext) -> list[str]:
    if context.horizon is None:
        return []
    if context.horizon.endswith("d") and context.horizon[:-1].isdigit():
        return [str(language.t("form.days", n=int(context.horizon[:-1])))]
    return [str(language.t("card.horizon_planned_end"))]


def _people(language: Language, context: ReportContext) -> list[Field]:
    charter, t = context.charter, language.t
    checked = str(context.manifest.get("output_checked_by") or "")

    def field(name: str, answers: Sequence[str]) -> Field:
        return Field(name, answers, f"charter.yaml: {name}")

    fields = [field("owner", _said(language, charter.owner if charter else None))]
    agreed = _said(language, charter.sign_off.date if charter else None)
    fields.append(Field("agreed_on", agreed, "charter.yaml: sign_off.date"))
    for name in ("legal_basis", "impact_assessment", "people_informed", "consulted", "disagreement_contact"):
        value = getattr(charter, name, None)
        if name == "impact_assessment" and charter is not None:
            day = _said(language, charter.impact_assessment.date)
            fields.append(field(name, [*_said(language, charter.impact_assessment.reference), *day]))
        else:
            fields.append(field(name, _said(language, value)))
    fields.append(field("retention", _said(language, charter.retention if charter else None)))
    fields.append(field("review_date", _said(language, charter.review_date if charter else None)))
    retraining: list[str] = []
    if charter is not None and charter.retraining.every_months is not None:
        retraining = [t("form.every_months", n=charter.retraining.every_months)]
        retraining += _said(language, charter.retraining.reason)
    fields.append(field("retraining", retraining))
    ended = _said(language, charter.stop_rule if charter else None)
    fields.append(field("stop_rule", [*ended, *_record(language, context, "retirement")]))
    capacity: list[str] = []
    if charter is not None and charter.capacity.share is not None:
        capacity = [language.percent(charter.capacity.share, 1), *_said(language, charter.capacity.reason)]
    fields.append(field("capacity", capacity))
    if about_others(context.features):
        fields.append(field("by_association", _said(language, charter.reason_by_association if charter else None)))
    monitoring = _record(language, context, "monitoring")
    fields += [
        Field("monitoring", monitoring, "charter.yaml: transparency.monitoring"),
        Field("watched", [t("card.watched_text")]),
        Field("output_checked_by", [checked] if checked else [], "manifest.json: output_checked_by"),
    ]
    return fields


def _model(language: Language, context: ReportContext) -> list[Field]:
    t, manifest, cases = language.t, context.manifest, cases_word(language, context)
    fields: list[Field] = []
    if context.model is not None:
        rate = context.test_metrics().get("base_rate")
        baselines = [m for m in in_order(context, set(context.metrics["model"])) if m != context.model]
        groups = context.fairness[~context.fairness["attribute"].map(is_overall)]
        names = [name for name in dict.fromkeys(groups["attribute"].astype(str)) if JOIN not in name]
        labels = language.listing([attribute_label(language, context, name) for name in names])
        population = (
            [t("card.population_text", n=count(language, context, rate.n), cases=cases)] if rate is not None else []
        )
        observed = [] if context.observation is None else [t("card.observation_text")]
        fields = [
            Field("audited_model", _named(language, manifest.get("audited_model"))),
            Field("deployed_model", _named(language, manifest.get("deployed_model"))),
            Field("change", _change(language, manifest.get("deployed_model"))),
            Field("population", population),
            Field("selection", [t("card.selection_text", cases=cases)]),
            Field("observation", observed, "programme.yaml: observation"),
            Field("as_of_dates", _days(language, context)),
            Field("splits", [t("card.splits_text", cases=cases)]),
            Field("baseline", [model_label(language, name) for name in baselines]),
            Field("subgroups", [t("card.subgroups_text", attributes=labels)] if names else []),
        ]
    if training := manifest.get("training"):
        times = [t("card.openings_under", n=int(training["openings"]))]
        if training["openings_before"]:
            times.append(t("card.openings_before", n=int(training["openings_before"])))
        fields += [
            Field("trained_as_of", [language.date(str(training["trained_as_of"]))]),
            Field("openings", [str(each) for each in times]),
            Field("due_on", [language.date(str(training["due_on"]))]),
        ]
    created = manifest.get("created_at")
    fields.append(Field("created_at", [language.date(str(created))] if created else []))
    for name in ("code_version", "charter_hash", "config_hash"):
        fields.append(Field(name, [str(manifest[name])] if manifest.get(name) else []))
    # names alone: whoever knows all rows but one could try what the last one is until a file's hash fits
    inputs = [str(each["file"]) for each in manifest.get("inputs") or [] if isinstance(each, dict)]
    fields.append(Field("inputs", inputs))
    return fields


def _days(language: Language, context: ReportContext) -> list[str]:
    """The as-of dates of the cohorts, by what they served for."""
    told: dict[str, list[date]] = {}
    for row in rows_of(with_waiting(context.cohorts)):
        told.setdefault(str(row.role), []).append(row.as_of)
    return [
        str(language.t("card.days_line", role=language.word("role", role), days=_listed(language, days_of(days))))
        for role, days in told.items()
    ]


def _listed(language: Language, days: list[date]) -> str:
    """Days one by one; of many, how many, the first and the last."""
    return span_told(language, days) if len(days) > LISTED else "; ".join(language.date(day) for day in days)


def _named(language: Language, model: Any) -> list[str]:
    if not model or not model.get("name"):
        return []
    name = Markup(model_label(language, str(model["name"]))).unescape()  # noqa: S704  (pages escape it again)
    digest = model.get("content_hash") or model.get("version")
    return [f"{name} ({digest})" if digest else name]


def _change(language: Language, model: Any) -> list[str]:
    change = (model or {}).get("change_in_scores")
    if isinstance(change, dict):
        change = change.get("mean_absolute")
    if not isinstance(change, int | float) or pd.isna(change):
        return []
    return [str(language.t("card.change_value", value=language.points(float(change)).removeprefix("+")))]
