"""The model card: what is known about the model and its rules, and what nobody has stated.

Belongs here: the list of fields and where each comes from.
Does not belong here: inventing an answer. A field without one is listed as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from fairness_reports.charter import is_placeholder
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import (
    attribute_label,
    cases_word,
    count,
    factor_words,
    in_order,
    is_overall,
    known,
    model_label,
)
from fairness_reports.reports.language import Language
from fairness_reports.reports.layout import Block, Bullets, Cell, Facts, Page, Para, Section, Table
from fairness_reports.reports.overview import metrics_table
from fairness_reports.spec import JOIN
from features.words import Text

Field = tuple[str, Sequence[str]]


def model_card_page(language: Language, context: ReportContext) -> Page:
    """The model card."""
    t = language.t
    purpose = _purpose(language, context)
    people = _people(language, context)
    model = _model(language, context)
    fields = [*purpose, *people, *model]
    missing = [t(f"card.field.{name}") for name, answer in fields if not answer]
    sections = [
        Section(t("card.purpose_title"), [Para(t("card.intro"), "lead"), _facts(language, purpose)]),
        Section(t("card.people_title"), [_facts(language, people)]),
        Section(t("card.model_title"), [*([] if context.model else [Para(t("card.none"))]), _facts(language, model)]),
    ]
    if context.features:
        sections.append(_features(language, context))
    if context.model is not None:
        sections.append(Section(t("card.performance_title"), [metrics_table(language, context)]))
    sections.append(Section(t("card.limits_title"), [Bullets([t(f"card.limits_text.{i}") for i in range(1, 6)])]))
    left: list[Block] = [Para(t("card.missing_intro")), Bullets(missing)] if missing else [Para(t("card.missing_none"))]
    sections.append(Section(t("card.missing_title"), left))
    return Page("model_card", sections)


def _facts(language: Language, fields: Sequence[Field]) -> Facts:
    return Facts([(str(language.t(f"card.field.{name}")), answer) for name, answer in fields if answer])


def _said(language: Language, value: Text | Sequence[Text] | date | None) -> list[str]:
    """What a charter says, nothing where it holds a placeholder."""
    if value is None:
        return []
    if isinstance(value, date):
        return [language.date(value)]
    texts = [value] if isinstance(value, Text) else value
    return [language.text(text) for text in texts if not is_placeholder(language.text(text))]


def _purpose(language: Language, context: ReportContext) -> list[Field]:
    charter = context.charter
    fields: list[Field] = [
        ("name", [language.text(context.title)]),
        ("description", _said(language, context.description)),
        ("target", [language.text(context.words.outcome)]),
        ("label", [language.t("card.label_text")]),
    ]
    for name in ("problem", "decision_supported", "alternatives", "prohibited_uses"):
        fields.append((name, _said(language, getattr(charter, name, None))))
    return fields


def _people(language: Language, context: ReportContext) -> list[Field]:
    charter, t = context.charter, language.t
    checked = str(context.manifest.get("output_checked_by") or "")
    fields: list[Field] = [("owner", _said(language, charter.owner if charter else None))]
    fields.append(("agreed_on", _said(language, charter.sign_off.date if charter else None)))
    for name in ("legal_basis", "impact_assessment", "people_informed", "consulted", "disagreement_contact"):
        value = getattr(charter, name, None)
        if name == "impact_assessment" and charter is not None:
            day = _said(language, charter.impact_assessment.date)
            fields.append((name, [*_said(language, charter.impact_assessment.reference), *day]))
        else:
            fields.append((name, _said(language, value)))
    fields.append(("retention", _said(language, charter.retention if charter else None)))
    fields.append(("review_date", _said(language, charter.review_date if charter else None)))
    retraining: list[str] = []
    if charter is not None and charter.retraining.every_months is not None:
        retraining = [t("form.every_months", n=charter.retraining.every_months)]
        retraining += _said(language, charter.retraining.reason)
    fields.append(("retraining", retraining))
    fields.append(("stop_rule", _said(language, charter.stop_rule if charter else None)))
    capacity: list[str] = []
    if charter is not None and charter.capacity.share is not None:
        capacity = [language.percent(charter.capacity.share, 1), *_said(language, charter.capacity.reason)]
    fields.append(("capacity", capacity))
    if about_others(context.features):
        fields.append(("by_association", _said(language, charter.reason_by_association if charter else None)))
    fields += [("monitoring", []), ("output_checked_by", [checked] if checked else [])]
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
        fields = [
            ("audited_model", _named(language, manifest.get("audited_model"))),
            ("deployed_model", _named(language, manifest.get("deployed_model"))),
            ("change", _change(language, manifest.get("deployed_model"))),
            ("population", population),
            ("splits", [t("card.splits_text", cases=cases)]),
            ("baseline", [model_label(language, name) for name in baselines]),
            ("subgroups", [t("card.subgroups_text", attributes=labels)] if names else []),
        ]
    if training := manifest.get("training"):
        times = [t("card.openings_under", n=int(training["openings"]))]
        if training["openings_before"]:
            times.append(t("card.openings_before", n=int(training["openings_before"])))
        fields += [
            ("trained_as_of", [language.date(str(training["trained_as_of"]))]),
            ("openings", [str(each) for each in times]),
            ("due_on", [language.date(str(training["due_on"]))]),
        ]
    created = manifest.get("created_at")
    fields.append(("created_at", [language.date(str(created))] if created else []))
    for name in ("code_version", "charter_hash", "config_hash"):
        fields.append((name, [str(manifest[name])] if manifest.get(name) else []))
    inputs = [f"{each['file']}: {each['sha256']}" for each in manifest.get("inputs") or [] if isinstance(each, dict)]
    fields.append(("inputs", inputs))
    return fields


def _named(language: Language, model: Any) -> list[str]:
    if not model or not model.get("name"):
        return []
    name = model_label(language, str(model["name"]))
    digest = model.get("content_hash") or model.get("version")
    return [f"{name} ({digest})" if digest else name]


def _change(language: Language, model: Any) -> list[str]:
    change = (model or {}).get("change_in_scores")
    if isinstance(change, dict):
        change = change.get("mean_absolute")
    if not isinstance(change, int | float) or pd.isna(change):
        return []
    return [str(language.t("card.change_value", value=language.points(float(change)).removeprefix("+")))]


def _features(language: Language, context: ReportContext) -> Section:
    t = language.t
    rows: list[list[Cell | str]] = []
    for feature in context.features:
        back = (
            language.t("form.days", n=feature.look_back_days) if known(feature.look_back_days) else t("form.unlimited")
        )
        how = about_others([feature]).get(feature.factor)
        label = tagged(language, factor_words(language, context, feature.factor), how)
        rows.append([Cell(label, feature.name), back, feature.source or "–"])
    head = [t("card.feature"), t("card.look_back"), t("card.source")]
    return Section(t("card.features_title"), [Table(t("card.features_title"), head, rows)])
