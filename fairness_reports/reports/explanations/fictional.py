"""Fictional cases: their story, what the model says of them and why, and whether their order is as expected.

Belongs here: which sentences stand there.
Does not belong here: scoring them (models.vignettes), what a wrong order means (fairness_reports.verdict).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.explanations.shape import HARDLY
from fairness_reports.reports.explanations.shapes import category_words, feature_label, strength
from fairness_reports.reports.figures import factor_words, interval, known
from fairness_reports.reports.layout import FICTIONAL, Block, Cell, Facts, Para, Section, Table
from fairness_reports.reports.values import number_words

_SIDES = ("higher", "lower")


def fictional_sections(language: Language, context: ReportContext) -> list[Section]:
    """A section for each fictional case, the highest score first, and one for their order."""
    t = language.t
    cases = sorted(context.manifest.get("vignettes") or [], key=lambda each: (-float(each["score"]), str(each["name"])))
    if not cases:
        return []
    places = {str(case["name"]): language.number(k) for k, case in enumerate(cases, 1)}
    intro = Markup('<span id="{}">{}</span>').format(FICTIONAL, t("fictional.intro"))
    sections = [Section(t("tested.vignettes_title"), [Para(intro)])]
    sections += [_case(language, context, case, places[str(case["name"])]) for case in cases]
    statements = context.manifest.get("statements") or []
    if statements:
        sections.append(_order(language, statements, places))
    return sections


def _case(language: Language, context: ReportContext, case: Mapping[str, Any], place: str) -> Section:
    t = language.t
    score = {"score": language.percent(case["score"], 1)}
    score["interval"] = interval(language, "mean_score", case.get("low"), case.get("high")) or "–"
    told = [t("fictional.score", **score)]
    band = case.get("band")
    if known(band):
        words = context.words.bands.get(str(band))
        told.append(t("fictional.band", band=language.text(words) if words is not None else str(band)))
    if not case.get("informative", True):
        reason = case.get("reason")
        why = language.word("little_said", str(reason)) if known(reason) else None
        told.append(t("fictional.little") if why is None else t("fictional.little_because", why=why))
    blocks: list[Block] = [Para(language.text(case["story"])), Para(Markup(" ").join(told), "sentence")]
    reasons = case.get("reasons")
    if reasons is not None:
        facts: list[tuple[str, list[str]]] = []
        for side, sign in (("raises", 1), ("lowers", -1)):
            rows = [each for each in reasons if float(each["contribution"]) * sign >= HARDLY]
            said = [_reason(language, context, each) for each in rows] or [t("fictional.nothing")]
            facts.append((t(f"fictional.{side}"), [*said]))
        blocks.append(Facts(facts))
    return Section(t("fictional.case", number=place), blocks, level=3)


def _reason(language: Language, context: ReportContext, reason: Mapping[str, Any]) -> Markup:
    """One factor: the feature that moved most, its value, and how much the factor moves the score."""
    t, size = language.t, strength(language, float(reason["contribution"]))
    lines = [line for line in context.features if line.name == reason.get("feature")]
    if not lines:
        return t("fictional.factor", factor=factor_words(language, context, str(reason["factor"])), strength=size)
    (line, *_), value, category = lines, reason.get("value"), reason.get("category")
    if value is None or not known(value):
        said = t("shape.missing")
    elif category is None and line.filler is not None and float(value) == line.filler:
        said = t("case.value.filler", value=number_words(language, line.kind, float(value)))
    elif category is None:
        said = number_words(language, line.kind, float(value))
    else:
        words = t("shape.missing") if not category else escape(category_words(language, context, line, str(category)))
        said = words if value else t("fictional.not", category=words)
    return t("fictional.reason", feature=feature_label(language, context, line), value=said, strength=size)


def _order(language: Language, statements: Any, places: Mapping[str, str]) -> Section:
    t = language.t
    rows: list[list[Cell | str]] = [
        [
            language.text(each["because"]),
            Cell(t("tested.above", **{side: t("fictional.short", number=places[str(each[side])]) for side in _SIDES})),
            Cell(t("tested.holds"), look="state within") if each["holds"]
            else Cell(t("tested.holds_not"), look="state outside"),
        ]
        for each in sorted(statements, key=lambda each: bool(each["holds"]))
    ]  # fmt: skip
    held = sum(bool(each["holds"]) for each in statements)
    said = t("fictional.held", held=language.number(held), all=language.number(len(statements)))
    head = [t("tested.because"), t("tested.expected_order"), t("fairness.result")]
    table = Table(t("tested.statements_title"), head, rows)
    blocks: list[Block] = [Para(said, "sentence"), Para(t("tested.statements_intro")), table]
    return Section(t("tested.statements_title"), blocks, level=3)
