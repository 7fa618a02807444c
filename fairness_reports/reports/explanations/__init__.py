"""The explanations page: what the model relies on and how, what it does not see, how groups differ, fictional cases.

Belongs here: which sections stand there, in which order.
Does not belong here: computing contributions (models.explanation), or one case's reasons (reports.case).
"""

from __future__ import annotations

from fairness_reports.language import Language
from fairness_reports.reports.association import association_section
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.explanations.against import against_section
from fairness_reports.reports.explanations.fictional import fictional_sections
from fairness_reports.reports.explanations.groups import group_sections
from fairness_reports.reports.explanations.relied import factor_label, factors_section, features_section
from fairness_reports.reports.explanations.shapes import shapes_section
from fairness_reports.reports.figures import cases_word, is_overall
from fairness_reports.reports.layout import Block, Page, Para, Section, Table

__all__ = ["explanations_page", "factor_label"]

_BY_GROUP = 8


def explanations_page(language: Language, context: ReportContext) -> Page:
    """What the model relies on over all cases."""
    t, frame = language.t, context.factors
    overall = frame[frame["attribute"].map(is_overall)]
    there = not overall.empty and context.model is not None
    sections: list[Section] = []
    order: list[str] = []
    if there:
        ranked = overall.sort_values(["importance", "factor"], ascending=[False, True], kind="stable")
        order = [str(factor) for factor in ranked["factor"]]
        intro: list[Block] = [Para(t("explanations.intro", cases=cases_word(language, context)), "lead")]
        intro.append(Para(t("explanations.strength")))
        sections.append(Section(t("explanations.intro_title"), intro))
        sections.append(factors_section(language, context, ranked))
        for made in (shapes_section(language, context, order), against_section(language, context)):
            sections += [made] if made is not None else []
    else:
        sections.append(Section(t("explanations.intro_title"), [Para(t("explanations.none"))]))
    others = association_section(language, context)
    sections += [others] if others is not None else []
    sections.append(_not_seen(language, context))
    if there:
        sections += group_sections(language, context, frame, order[:_BY_GROUP])
        sections += fictional_sections(language, context)
    if context.features:
        sections.append(features_section(language, context, order))
    return Page("explanations", sections)


def _not_seen(language: Language, context: ReportContext) -> Section:
    t = language.t
    blocks: list[Block] = [Para(t("explanations.not_seen_intro"))]
    if context.excluded:
        head = [t("explanations.not_seen_what"), t("explanations.not_seen_why")]
        rows = [[language.text(each.label), str(language.word("excluded", each.why))] for each in context.excluded]
        blocks.append(Table(t("explanations.not_seen_title"), head, rows))
    else:
        blocks.append(Para(t("explanations.not_seen_none")))
    return Section(t("explanations.not_seen_title"), blocks)
