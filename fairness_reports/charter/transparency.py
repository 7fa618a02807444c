"""What only people can say for the transparency pack.

Belongs here: the section `transparency` of a charter.
Does not belong here: the records made of it (fairness_reports.transparency).

Nothing in it is a decision that a test could judge. So it is no part of the charter's hash, and a gap in it stops no
run: the records list it as missing, with the role that should fill it in.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from fairness_reports.charter.placeholders import Day, Section, is_placeholder, unfilled
from features.words import Text


def _answer(value: Any) -> Any:
    if isinstance(value, dict) and {"en", "de"} <= set(value) and any(is_placeholder(each) for each in value.values()):
        return None  # half an answer is none
    return unfilled(value)


Answer = Annotated[Text | None, BeforeValidator(_answer, json_schema_input_type=Text | str | None)]
"""Words in both languages; None while nobody has said anything."""
Plain = Annotated[str | None, BeforeValidator(unfilled, json_schema_input_type=str | None)]
"""An address or a number: the same in both languages."""


def _listed(value: Any) -> Any:
    # an empty list says that there are none; a placeholder says nothing
    return value if isinstance(value, list) else unfilled(value)


class ThirdParty(Section):
    """Somebody outside the agency who made the tool, runs it or sees its data.

    Parameters
    ----------
    name : Text
        Who.
    role : Text
        What they do.
    company_number : str
        In the register of companies.
    procurement : Text
        By which procedure they were commissioned.
    data_access : Text
        Which data they may see, and on which terms.
    """

    name: Answer = None
    role: Answer = None
    company_number: Plain = None
    procurement: Answer = None
    data_access: Answer = None


class Assessment(Section):
    """An assessment of consequences besides the one that `impact_assessment` names.

    Parameters
    ----------
    title : Text
        What was assessed.
    date : date
        When.
    summary : Text
        What came out.
    """

    title: Answer = None
    date: Day = None
    summary: Answer = None


class Risk(Section):
    """What may go wrong, and what is done about it.

    Parameters
    ----------
    risk : Text
        What may go wrong.
    mitigation : Text
        What is done about it.
    """

    risk: Answer = None
    mitigation: Answer = None


class Harm(Section):
    """What people may suffer from the tool.

    Parameters
    ----------
    group : Text
        Whom.
    harm : Text
        What.
    likelihood : Text
        How likely, and how that is known; may be left out.
    """

    group: Answer = None
    harm: Answer = None
    likelihood: Answer = None


class Transparency(Section):
    """Answers for the public records that no program can know. Every one may be left out.

    Parameters
    ----------
    organisation, team : Text
        Who is responsible for the tool.
    website, contact : str
        Where more can be read, and the address for questions.
    phase : {"pre_deployment", "beta_pilot", "production", "retired"}
        How far the tool is.
    region : Text
        Where it is used.
    third_parties : list of ThirdParty
        Who else is involved; an empty list says nobody.
    process : Text
        How the scores enter the daily work, step by step.
    previous_process : Text
        How it was done before.
    benefits : Text
        What the tool is expected to improve, for whom, and how that is measured.
    frequency_and_scale : Text
        How often scores are made, how many people they speak of, and how many see them.
    human_review : Text
        Who looks at a score before anything is done, and what they may do with it.
    training_of_staff : Text
        What people learn before they see a score.
    appeals : Text
        How somebody can have a decision looked at again.
    maintenance : Text
        Who keeps the tool running, and what is looked at how often.
    data_sharing : Text
        With whom data are shared, under which agreement.
    data_access_and_storage : Text
        Who may see the data, and where they lie.
    impact_assessments : list of Assessment
        Assessments besides the one of data protection.
    risks : list of Risk
        What may go wrong, each with what is done about it.
    affected_groups : list of Text
        Who is likely to be affected.
    harms : list of Harm
        What these people may suffer.
    oversight : Text
        How people supervise the tool: who may stop it, and how they know enough to do so.
    response : Text
        What happens when a risk comes true: who decides, who is told, by when.
    period : Text
        From when to when the tool is used.
    authority_notified : Text
        How and when the market surveillance authority was told (AI Act, Article 27(3)).
    label_decided_by : Text
        Who decides that the outcome is recorded, and by which rule.
    monitoring : Text
        What is watched while the scores are in use, by whom, how often.
    retirement : Text
        When the model is taken out of use, besides the stop rule.
    """

    organisation: Answer = None
    team: Answer = None
    website: Plain = None
    contact: Plain = None
    phase: Annotated[
        Literal["pre_deployment", "beta_pilot", "production", "retired"] | None,
        BeforeValidator(unfilled, json_schema_input_type=str | None),
    ] = None
    region: Answer = None
    third_parties: Annotated[
        list[ThirdParty] | None, BeforeValidator(_listed, json_schema_input_type=list[ThirdParty] | str | None)
    ] = None
    process: Answer = None
    previous_process: Answer = None
    benefits: Answer = None
    frequency_and_scale: Answer = None
    human_review: Answer = None
    training_of_staff: Answer = None
    appeals: Answer = None
    maintenance: Answer = None
    data_sharing: Answer = None
    data_access_and_storage: Answer = None
    impact_assessments: Annotated[
        list[Assessment] | None, BeforeValidator(_listed, json_schema_input_type=list[Assessment] | str | None)
    ] = None
    risks: Annotated[list[Risk] | None, BeforeValidator(_listed, json_schema_input_type=list[Risk] | str | None)] = None
    affected_groups: Annotated[
        list[Answer] | None, BeforeValidator(_listed, json_schema_input_type=list[Text | str] | str | None)
    ] = None
    harms: Annotated[list[Harm] | None, BeforeValidator(_listed, json_schema_input_type=list[Harm] | str | None)] = None
    oversight: Answer = None
    response: Answer = None
    period: Answer = None
    authority_notified: Answer = None
    label_decided_by: Answer = None
    monitoring: Answer = None
    retirement: Answer = None
