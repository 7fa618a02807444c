"""The fairness page: first what is read in two minutes, then where gaps come from, what was tried, and all figures.

Belongs here: the order of the page's parts. The parts are in the modules: short and sure (sentences), origin, tried,
course, tables, pictures, people, people_and_model; rows chooses the rows that they speak of.
Does not belong here: computing anything (fairness_reports.audit), judging it (fairness_reports.verdict).
"""

from __future__ import annotations

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.changed import told_again
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.fairness.course import course_sections
from fairness_reports.reports.fairness.origin import origin_sections
from fairness_reports.reports.fairness.people import attrition, returning, suppressed
from fairness_reports.reports.fairness.people_and_model import people_and_model
from fairness_reports.reports.fairness.pictures import pictures
from fairness_reports.reports.fairness.rows import GAPS, in_all_bands, judged, of_groups
from fairness_reports.reports.fairness.short import compared, gap_answer
from fairness_reports.reports.fairness.sure import cannot_know, how_sure
from fairness_reports.reports.fairness.tables import exploratory, judged_section, measures, seen_detail, shown_apart
from fairness_reports.reports.fairness.tried import tried_in_short, tried_sections
from fairness_reports.reports.layout import Facts, Page, Para, Section
from fairness_reports.spec import JOIN, SCORES_SHOWN

__all__ = ["audit_sections", "fairness_page", "in_short"]


def fairness_page(language: Language, context: ReportContext) -> Page:
    """How the model's results compare between groups."""
    t = language.t
    everything = context.test_fairness()
    frame = in_all_bands(everything)
    groups = of_groups(frame)
    if groups.empty:
        nothing = Section(t("fairness.intro_title"), [Para(t("fairness.not_run"))])
        told = people_and_model(language, context)
        return Page("fairness", [nothing, *told, attrition(language, context, frame)])
    sections = audit_sections(language, context, everything)
    decided = people_and_model(language, context)
    people = [*decided, attrition(language, context, frame), returning(language, context)]
    return Page("fairness", [*sections, *people, measures(language, context, groups)])


def audit_sections(language: Language, context: ReportContext, everything: pd.DataFrame) -> list[Section]:
    """What the audit alone can say, of a release or of a table that somebody else made.

    Parameters
    ----------
    language : Language
        The language.
    context : ReportContext
        What is known besides.
    everything : DataFrame
        Rows of fairness.parquet of one split, with all bands.

    Returns
    -------
    list of Section
    """
    frame = in_all_bands(everything)
    groups = of_groups(frame)
    agreed = judged_section(language, context, groups)
    again = told_again(language, context)
    return [
        in_short(language, context, frame, groups),
        *([Section(language.t("again.title"), again)] if again else []),
        *origin_sections(language, context, everything),
        *tried_sections(language, context),
        *course_sections(language, context, groups),
        Section(agreed.title, [*agreed.blocks, *seen_detail(language, context, groups)]),
        *pictures(language, context, groups),
        *exploratory(language, context, frame, groups),
        *shown_apart(language, context, _shown(context)),
        suppressed(language, context, groups),
    ]


def _shown(context: ReportContext) -> dict[str, pd.DataFrame]:
    """Rows of the splits whose scores workers had seen."""
    made = in_all_bands(context.audited)
    splits = [name for name in dict.fromkeys(made["split"].dropna()) if str(name).endswith(SCORES_SHOWN)]
    return {str(name): made[made["split"] == name] for name in splits}


def in_short(language: Language, context: ReportContext, frame: pd.DataFrame, groups: pd.DataFrame) -> Section:
    """The part that a practice lead reads in two minutes.

    Parameters
    ----------
    language : Language
        The language.
    context : ReportContext
        What is known besides.
    frame, groups : DataFrame
        Rows of one split and all bands together; those of groups among them.

    Returns
    -------
    Section
        One block of questions and answers.
    """
    t = language.t
    agreed = judged(groups)
    metrics = {*agreed["metric"], *GAPS, "n", "base_rate", "attrition"}
    # the other rows, tens of thousands at times, have no part in it
    frame = frame[frame["metric"].isin(metrics) & frame["comparison"].isin(["value", "difference"])]
    frame = frame[~frame["attribute"].str.contains(JOIN, regex=False) | frame["attribute"].isin(agreed["attribute"])]
    groups = of_groups(frame)
    answers = [
        ("short.q_compared", compared(language, context, frame, groups)),
        ("short.q_fnr", gap_answer(language, context, frame, groups, "fnr")),
        ("short.q_fpr", gap_answer(language, context, frame, groups, "fpr")),
        ("short.q_sure", how_sure(language, context, groups)),
        ("short.q_unknown", cannot_know(language, context, frame, groups, _shown(context))),
    ]
    if context.charter is not None:
        answers.append(("short.q_tried", tried_in_short(language, context, groups)))
    facts = Facts([(t(question), said) for question, said in answers])
    notes = [Para(t("source.short"), "note source")]
    if context.mitigation is not None and not context.mitigation.empty:
        notes.append(Para(t("source.tried"), "note source"))
    return Section(t("short.title"), [Para(t("short.intro"), "lead"), facts, *notes])
