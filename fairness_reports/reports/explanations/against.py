"""Where the model, or past cases, point another way than practice had expected.

Belongs here: comparing declared directions with shapes and past cases; what to ask then.
Does not belong here: the shapes themselves (shapes), the tendency of past cases (models.explanation.tendencies).
"""

from __future__ import annotations

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.explanations.shape import Shape, shapes_of
from fairness_reports.reports.explanations.shapes import feature_label
from fairness_reports.reports.layout import Block, Bullets, Cell, Para, Section, Table

_OPPOSITE = {"up": "down", "down": "up"}


def against_section(language: Language, context: ReportContext) -> Section | None:
    """Features that point another way than expected; None where the release has no shapes."""
    t, found = language.t, shapes_of(context)
    if not found:
        return None
    declared = [each for each in found.values() if each.line.direction in _OPPOSITE]
    title = t("against.title")
    if not declared:
        return Section(title, [Para(t("against.nothing_stated"))])
    kept = (context.manifest.get("deployed_model") or {}).get("keeps_directions")
    blocks: list[Block] = [Para(t("against.intro", n=len(declared)))]
    if kept is not None:
        blocks.append(Para(t("against.kept" if kept else "against.free")))
    rows: list[list[Cell | str]] = []
    for each in sorted(declared, key=lambda shape: (_state(shape), -shape.reach, shape.line.name)):
        state = _state(each)
        if state in ("as_expected", "untold"):
            continue
        heading = Cell(feature_label(language, context, each.line))
        expected = t(f"expected.{each.line.direction}")
        past = Cell(t(f"against.past_{each.past or 'unknown'}"), look="strong" if _past_against(each) else "")
        model = Cell(t(f"against.model_{each.tendency}"), look="strong" if state == "model" else "")
        rows.append([heading, expected, model, past])
    untold = len([each for each in declared if each.tendency == "untold"])
    hidden: list[Block] = [Para(t("against.untold", n=untold))] if untold else []
    if not rows:
        if untold < len(declared):
            looked = any(each.past is not None for each in declared)
            said = "none_shown" if untold else "none" if looked else "none_in_model"
            blocks.append(Para(t(f"against.{said}"), "sentence"))
        return Section(title, [*blocks, *hidden])
    head = [t("explanations.feature"), *(t(f"against.{key}") for key in ("expected", "model", "past"))]
    blocks += [
        Para(t("against.some", n=len(rows)), "sentence"),
        Table(title, head, rows),
        *hidden,
        Para(t("against.ask")),
        Bullets([t(f"against.ask_{key}") for key in ("recording", "watched", "help", "overlap", "expectation")]),
    ]
    return Section(title, blocks)


def _state(shape: Shape) -> str:
    """`model` where the model points the other way, `partly` where not throughout, `past` where past cases do.

    `untold` where that is not shown of the model, and past cases point as expected or nowhere.
    """
    if shape.tendency == _OPPOSITE[str(shape.line.direction)]:
        return "model"
    if shape.tendency == "mixed":
        return "partly"
    if _past_against(shape):
        return "past"
    return "untold" if shape.tendency == "untold" else "as_expected"


def _past_against(shape: Shape) -> bool:
    return shape.past == _OPPOSITE[str(shape.line.direction)]
