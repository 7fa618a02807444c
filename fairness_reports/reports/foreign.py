"""The fairness page of a scored table that somebody else made: no charter, no words of practice, no verdict.

Belongs here: what such a page knows, and writing it in both languages.
Does not belong here: reading or auditing the table (fairness_reports.scored_file, fairness_reports.audit), the parts of
the page (fairness_reports.reports.fairness).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fairness_reports.language import LANGUAGES, Language, catalogue
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.fairness import audit_sections
from fairness_reports.reports.fairness.rows import in_all_bands, of_groups
from fairness_reports.reports.fairness.tables import measures
from fairness_reports.reports.filling import filled
from fairness_reports.reports.layout import Bullets, Page, Section
from fairness_reports.spec import SCORES_SHOWN
from features.words import Noun, Text, Words

NAME = "fairness"


def render_audit(folder: Path, table: pd.DataFrame, about: Mapping[str, Any]) -> list[Path]:
    """Write the fairness page of a foreign table in both languages.

    Parameters
    ----------
    folder : Path
        Where; the pages go to reports/{en,de}/fairness.html in it.
    table : DataFrame
        The audit, with the columns of `fairness_reports.audit.table.COLUMNS`. Its last split that is not about shown
        scores is the one told.
    about : mapping
        file (name), rows (int), outcome (name of the column), score (name of the column, or None), rule ({en, de}: how
        cases were selected), by (names of the columns with groups), cluster (name of the column, or None), notes (list
        of {en, de}). Optional: observation (ObservationSpec), minimum_cell (int), disclosure (mapping: profile,
        minimum, base, withheld; the figures have passed disclosure control, and rows is None where it may not be told).

    Returns
    -------
    list of Path
        The files written.
    """
    context = _context(table, about)
    written = []
    for code in LANGUAGES:
        path = folder / "reports" / code / f"{NAME}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(audit_html(code, context, about), encoding="utf-8")
        written.append(path)
    return written


def audit_html(code: str, context: ReportContext, about: Mapping[str, Any]) -> str:
    """The page in one language.

    Parameters
    ----------
    code : {'en', 'de'}
        The language.
    context : ReportContext
        What it knows.
    about : mapping
        As for `render_audit`.

    Returns
    -------
    str
    """
    language = Language(code)
    everything = context.test_fairness()
    sections = [_about(language, about)]
    if not of_groups(everything).empty:
        sections = [*audit_sections(language, context, everything), *sections]
        sections.append(measures(language, context, in_all_bands(everything)))
    return filled(
        language,
        context,
        Page(NAME, sections),
        names=[NAME],
        heading=language.t(f"page.{NAME}"),
        headline=language.t("foreign.verdict"),
        made_of=language.t("foreign.file", file=about["file"]),
        footer=language.t("foreign.made", file=about["file"]),
    )


def _both(key: str) -> Text:
    return Text(**{code: str(catalogue(code)[key]) for code in LANGUAGES})


def _context(table: pd.DataFrame, about: Mapping[str, Any]) -> ReportContext:
    splits = [str(name) for name in dict.fromkeys(table["split"].dropna()) if not str(name).endswith(SCORES_SHOWN)]
    cases = _both("foreign.cases")
    outcome = str(about["outcome"])
    return ReportContext(
        manifest={
            "programme": str(about["file"]),
            "release_id": str(about["file"]),
            "reasons": [],
            "disclosure": about.get("disclosure"),  # the notice of the page says so
        },
        title=_both("foreign.title"),
        words=Words(
            case=Noun(one=cases, many=cases), outcome=Text(en=outcome, de=outcome), factors={}, attributes={}, bands={}
        ),
        fairness=table,
        test_split=splits[-1] if splits else None,
        observation=about.get("observation"),
        rule=Text(**about["rule"]),
        least=about.get("minimum_cell"),
    )


def _rows(language: Language, about: Mapping[str, Any]) -> str:
    """How many rows; None is fewer than the minimum cell."""
    rows = about["rows"]
    return str(language.t("form.fewer", n=about["minimum_cell"])) if rows is None else language.number(rows)


def _about(language: Language, about: Mapping[str, Any]) -> Section:
    t = language.t
    score = about.get("score")
    cluster = about.get("cluster")
    items = [
        t("foreign.about_file", file=about["file"], rows=_rows(language, about)),
        t(
            "foreign.about_columns",
            outcome=about["outcome"],
            score=t("foreign.about_score", column=score) if score else t("foreign.no_score"),
            by=language.listing([str(name) for name in about["by"]]),
        ),
        t("foreign.cluster", column=cluster) if cluster else t("foreign.no_cluster"),
        *(language.text(note) for note in about.get("notes", [])),
    ]
    return Section(t("foreign.notes_title"), [Bullets(items)])
