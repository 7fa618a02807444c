"""The skeleton of a fundamental-rights impact assessment.

Belongs here: what Article 27 of the AI Act asks for, and what of it the pack and the release already say.
Does not belong here: the assessment itself. Only people can make it; the skeleton says what they still have to answer.

Source: Regulation (EU) 2024/1689 (AI Act), Article 27(1)(a) to (f), (3) and (4).
"""

from __future__ import annotations

from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import is_overall
from fairness_reports.spec import JOIN
from fairness_reports.transparency.atrs_data import attribute_name
from fairness_reports.transparency.atrs_model import outcome_sentence
from fairness_reports.transparency.entries import RELEASE, Entry, Role, Said, both, entry, pairs, said, sentence
from fairness_reports.transparency.sources import Answer, charter_field, from_charter, told_by_people

# point of Article 27 -> field, who fills it in
FIELDS: dict[str, tuple[tuple[str, Role], ...]] = {
    "27(1)(a)": (("intended_purpose", "owner"), ("process", "practice_lead"), ("prohibited_uses", "owner")),
    "27(1)(b)": (("period", "owner"), ("frequency", "practice_lead")),
    "27(1)(c)": (("affected_groups", "practice_lead"), ("groups_audited", "analyst"), ("consulted", "practice_lead")),
    "27(1)(d)": (("specific_harms", "practice_lead"), ("information_from_the_release", "analyst")),
    "27(1)(e)": (("human_oversight", "owner"), ("human_review", "practice_lead"), ("training", "practice_lead")),
    "27(1)(f)": (
        ("measures_if_risks_materialise", "owner"),
        ("internal_governance", "owner"),
        ("complaint_mechanism", "owner"),
    ),
    "27(3)": (("authority_notified", "owner"),),
    "27(4)": (("data_protection_impact_assessment", "data_protection"),),
}
"""Every field of the skeleton, by the point of the article that asks for it."""


def impact(context: ReportContext) -> dict[str, list[Entry]]:
    """The skeleton.

    Parameters
    ----------
    context : ReportContext
        The release and its charter.

    Returns
    -------
    dict of str to list of dict
        Entries (`fairness_reports.transparency.entries.entry`) by point of Article 27.
    """
    answers = _answers(context)
    return {
        point: [
            entry(name, answers[name].value, answers[name].source, who, open_part=answers[name].open_part)
            for name, who in fields
        ]
        for point, fields in FIELDS.items()
    }


def _answers(context: ReportContext) -> dict[str, Answer]:
    people = told_by_people(context)
    harms = (people.harms if people is not None else None) or []
    told: list[Said] = []
    for each in harms:
        if each.likelihood is None:
            told += pairs("harm", [(each.group, each.harm)])
        else:
            told += pairs("harm_likely", [(each.group, each.harm, each.likelihood)])
    filed = context.charter.impact_assessment if context.charter is not None else None
    governance = [*_governance(context), *charter_field(context, "stop_rule")]
    return {
        "intended_purpose": Answer(
            [outcome_sentence(context), *charter_field(context, "decision_supported")],
            "charter.yaml: decision_supported",
            open_part=not charter_field(context, "decision_supported"),
        ),
        "process": from_charter(context, "process"),
        "prohibited_uses": Answer(charter_field(context, "prohibited_uses"), "charter.yaml: prohibited_uses"),
        "period": from_charter(context, "period"),
        "frequency": from_charter(context, "frequency_and_scale"),
        "affected_groups": from_charter(context, "affected_groups"),
        "groups_audited": Answer(_audited(context), RELEASE),
        "consulted": Answer(charter_field(context, "consulted"), "charter.yaml: consulted"),
        "specific_harms": Answer(told, "charter.yaml: transparency.harms", open_part=len(told) < len(harms)),
        "information_from_the_release": Answer(_findings(context), RELEASE),
        "human_oversight": from_charter(context, "oversight"),
        "human_review": from_charter(context, "human_review"),
        "training": from_charter(context, "training_of_staff"),
        "measures_if_risks_materialise": from_charter(context, "response"),
        "internal_governance": Answer(governance, "charter.yaml: owner"),
        "complaint_mechanism": from_charter(context, "appeals", also=charter_field(context, "disagreement_contact")),
        "authority_notified": from_charter(context, "authority_notified"),
        "data_protection_impact_assessment": Answer(
            [] if filed is None else [*said(filed.reference), *said(filed.date)], "charter.yaml: impact_assessment"
        ),
    }


def _governance(context: ReportContext) -> list[Said]:
    if context.charter is None:
        return []
    return pairs("governance", [(context.charter.owner, context.charter.sign_off.by)])


def _audited(context: ReportContext) -> list[Said]:
    told = context.fairness["attribute"]
    names = [str(name) for name in dict.fromkeys(told[~told.map(is_overall)]) if JOIN not in str(name)]
    return [both(attribute_name(context, name)) for name in names] or [sentence("transparency.no_groups")]


def _findings(context: ReportContext) -> list[Said]:
    """What the verdict says, and where the figures on groups stand."""
    reasons = [dict(each["text"]) for each in context.manifest.get("reasons") or []]
    return [*reasons, sentence("transparency.see_fairness")]
