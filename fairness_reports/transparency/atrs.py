"""The record of the UK's Algorithmic Transparency Recording Standard (ATRS), version 4.0.

Belongs here: its fields, numbered and named as in the standard, and where each answer comes from.
Does not belong here: the words (catalogue), the other records.

Source: Algorithmic Transparency Recording Standard v4.0, template and guidance for public sector bodies (UK government,
gov.uk; updated 8 May 2025). Tier 1 is the summary, tier 2 the five sections of detail. The numbers are those of the
template with the tier in front, as in 2.4.1.2.
"""

from __future__ import annotations

from data_contracts.contract import Contract
from fairness_reports.language import catalogue
from fairness_reports.reports.context import ReportContext
from fairness_reports.transparency.atrs_data import data_answers
from fairness_reports.transparency.atrs_model import model_answers, outcome_sentence
from fairness_reports.transparency.entries import PLUMBLINE, Entry, Role, Said, entry, pairs, said, sentence
from fairness_reports.transparency.sources import Answer, charter_field, from_charter, told_by_people

VERSION = "4.0"

# section -> number, field, who fills it in
FIELDS: dict[str, tuple[tuple[str, str, Role], ...]] = {
    "metadata": (
        ("0.2", "organisation_name", "owner"),
        ("0.3", "phase", "owner"),
        ("0.4", "region", "owner"),
    ),
    "tier_1": (
        ("1.1", "name", "analyst"),
        ("1.2", "description", "owner"),
        ("1.3", "website_url", "owner"),
        ("1.4", "contact_email", "owner"),
    ),
    "owner_and_responsibility": (
        ("2.1.1", "organisation_or_department", "owner"),
        ("2.1.2", "team", "owner"),
        ("2.1.3", "senior_responsible_owner", "owner"),
        ("2.1.4", "third_party_involvement", "owner"),
        ("2.1.4.1", "third_party", "owner"),
        ("2.1.4.2", "companies_house_number", "supplier"),
        ("2.1.4.3", "third_party_role", "supplier"),
        ("2.1.4.4", "procurement_procedure_type", "owner"),
        ("2.1.4.5", "third_party_data_access_terms", "data_protection"),
    ),
    "description_and_rationale": (
        ("2.2.1", "detailed_description", "owner"),
        ("2.2.2", "benefits", "owner"),
        ("2.2.3", "previous_process", "practice_lead"),
        ("2.2.4", "alternatives_considered", "owner"),
    ),
    "deployment_context": (
        ("2.3.1", "integration_into_broader_operational_process", "practice_lead"),
        ("2.3.2", "human_review", "practice_lead"),
        ("2.3.3", "frequency_and_scale_of_usage", "practice_lead"),
        ("2.3.4", "required_training", "practice_lead"),
        ("2.3.5", "appeals_and_review", "owner"),
    ),
    "tool_specification": (
        ("2.4.1.1", "system_architecture", "analyst"),
        ("2.4.1.2", "system_level_input", "analyst"),
        ("2.4.1.3", "system_level_output", "analyst"),
        ("2.4.1.4", "maintenance", "analyst"),
        ("2.4.1.5", "models", "analyst"),
    ),
    "model_specification": (
        ("2.4.2.1", "model_name", "analyst"),
        ("2.4.2.2", "model_version", "analyst"),
        ("2.4.2.3", "model_task", "analyst"),
        ("2.4.2.4", "model_input", "analyst"),
        ("2.4.2.5", "model_output", "analyst"),
        ("2.4.2.6", "model_architecture", "analyst"),
        ("2.4.2.7", "model_performance", "analyst"),
        ("2.4.2.8", "datasets_and_their_purposes", "analyst"),
    ),
    "development_data": (
        ("2.4.3.1", "development_data_description", "analyst"),
        ("2.4.3.2", "data_modality", "analyst"),
        ("2.4.3.3", "data_quantities", "analyst"),
        ("2.4.3.4", "sensitive_attributes", "data_protection"),
        ("2.4.3.5", "data_completeness_and_representativeness", "analyst"),
        ("2.4.3.6", "data_cleaning", "analyst"),
        ("2.4.3.7", "data_collection", "supplier"),
        ("2.4.3.8", "data_access_and_storage", "data_protection"),
        ("2.4.3.9", "data_sharing_agreements", "data_protection"),
    ),
    "operational_data": (
        ("2.4.4.1", "operational_data_sources", "supplier"),
        ("2.4.4.2", "operational_sensitive_attributes", "data_protection"),
        ("2.4.4.3", "operational_data_processing_methods", "analyst"),
        ("2.4.4.4", "operational_data_access_and_storage", "data_protection"),
        ("2.4.4.5", "operational_data_sharing_agreements", "data_protection"),
    ),
    "risks_mitigations_and_impact_assessments": (
        ("2.5.1", "impact_assessments", "data_protection"),
        ("2.5.2", "risks_and_mitigations", "owner"),
    ),
}
"""Every field of the standard."""


def atrs(context: ReportContext, contract: Contract) -> dict[str, list[Entry]]:
    """The record.

    Parameters
    ----------
    context : ReportContext
        The release, its charter, and figures that have passed disclosure control.
    contract : Contract
        The source tables.

    Returns
    -------
    dict of str to list of dict
        Entries (`fairness_reports.transparency.entries.entry`) by section of the standard.
    """
    answers = {**_people(context), **model_answers(context), **data_answers(context, contract)}
    made: dict[str, list[Entry]] = {}
    for section, fields in FIELDS.items():
        made[section] = []
        for number, field, who in fields:
            found = answers[field]
            name = str(catalogue("en")[f"atrs.{field}"])
            made[section].append(
                entry(field, found.value, found.source, who, number=number, name=name, open_part=found.open_part)
            )
    return made


def _people(context: ReportContext) -> dict[str, Answer]:
    """What people say of owner, purpose and use."""
    people = told_by_people(context)
    phase = [sentence(f"transparency.phase.{people.phase}")] if people is not None and people.phase else []
    description = [*said(context.description), *charter_field(context, "problem")]
    detailed: list[Said] = [
        *said(context.description),
        outcome_sentence(context),
        *charter_field(context, "decision_supported"),
        sentence("transparency.no_decision"),
    ]
    process = from_charter(context, "process")
    appeals = from_charter(context, "appeals", also=charter_field(context, "disagreement_contact"))
    return {
        "organisation_name": from_charter(context, "organisation"),
        "phase": Answer(phase, "charter.yaml: transparency.phase"),
        "region": from_charter(context, "region"),
        "name": Answer(said(context.title), "programme.yaml: title"),
        "description": Answer(description, "programme.yaml: description"),
        "website_url": from_charter(context, "website"),
        "contact_email": from_charter(context, "contact"),
        "organisation_or_department": from_charter(context, "organisation"),
        "team": from_charter(context, "team"),
        "senior_responsible_owner": Answer(charter_field(context, "owner"), "charter.yaml: owner"),
        **_third_parties(context),
        "detailed_description": Answer(
            detailed, "charter.yaml: decision_supported", open_part=not charter_field(context, "decision_supported")
        ),
        "benefits": from_charter(context, "benefits"),
        "previous_process": from_charter(context, "previous_process"),
        "alternatives_considered": Answer(charter_field(context, "alternatives"), "charter.yaml: alternatives"),
        # the decision is known, how the work is done around it only people know
        "integration_into_broader_operational_process": Answer(
            [*charter_field(context, "decision_supported"), *process.value], process.source, not process.value
        ),
        "human_review": from_charter(context, "human_review"),
        "frequency_and_scale_of_usage": from_charter(context, "frequency_and_scale"),
        "required_training": from_charter(context, "training_of_staff"),
        "appeals_and_review": appeals,
        **_risks(context),
    }


def _third_parties(context: ReportContext) -> dict[str, Answer]:
    people = told_by_people(context)
    where = "charter.yaml: transparency.third_parties"
    listed = people.third_parties if people is not None else None
    if listed is None:  # whether there is one at all is the first question
        return {name: Answer([], where) for name in ("third_party_involvement", *_ABOUT_THIRD.values())}
    if not listed:
        nothing = Answer([sentence("transparency.does_not_apply")], where)
        nobody = Answer([sentence("transparency.no_third_party")], where)
        return {"third_party_involvement": nobody, **dict.fromkeys(_ABOUT_THIRD.values(), nothing)}
    found: dict[str, Answer] = {"third_party_involvement": Answer([sentence("transparency.third_party")], where)}
    for ours, theirs in _ABOUT_THIRD.items():
        told = [said(getattr(each, ours)) for each in listed]
        open_part = not all(told)
        found[theirs] = Answer([text for texts in told for text in texts], f"{where}[].{ours}", open_part)
    return found


_ABOUT_THIRD = {
    "name": "third_party",
    "company_number": "companies_house_number",
    "role": "third_party_role",
    "procurement": "procurement_procedure_type",
    "data_access": "third_party_data_access_terms",
}


def _risks(context: ReportContext) -> dict[str, Answer]:
    people = told_by_people(context)
    assessments: list[Said] = []
    if context.charter is not None:
        filed = context.charter.impact_assessment
        assessments += pairs("dated", [(filed.reference, filed.date)])
    if people is not None:
        for each in people.impact_assessments or []:
            assessments += pairs("assessment", [(each.title, each.date, each.summary)])
    risks = people.risks if people is not None else None
    told = pairs("risk", [(each.risk, each.mitigation) for each in risks or []])
    return {
        "impact_assessments": Answer(assessments, "charter.yaml: impact_assessment"),
        "risks_and_mitigations": Answer(
            told, "charter.yaml: transparency.risks", open_part=len(told) < len(risks or [])
        ),
        "maintenance": _maintenance(context),
        "system_architecture": Answer([sentence("transparency.architecture")], PLUMBLINE),
    }


def _maintenance(context: ReportContext) -> Answer:
    told = from_charter(context, "maintenance")
    known: list[Said] = []
    if context.charter is not None and context.charter.retraining.every_months is not None:
        known.append(sentence("transparency.retrained", n=context.charter.retraining.every_months))
    if context.charter is not None and context.charter.review_date is not None:
        known += pairs("reviewed", [(context.charter.review_date,)])
    return Answer([*known, *told.value], told.source, open_part=not told.value)
