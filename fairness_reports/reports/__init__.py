"""The pages of a release: one self-contained HTML file each, in English and German.

Belongs here: rendering pages to files. What stands on a page is in the module of the page (overview, fairness,
explanations, tested, splits_page, card, delivered), its words in catalogue/, its layout in templates/.
Does not belong here: computing figures, or restricted rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fairness_reports.language import LANGUAGES, Language
from fairness_reports.reports.card import model_card_page
from fairness_reports.reports.context import BandLine, Excluded, FeatureLine, ReportContext
from fairness_reports.reports.delivered import quality_page
from fairness_reports.reports.explanations import explanations_page
from fairness_reports.reports.fairness import fairness_page
from fairness_reports.reports.filling import filled
from fairness_reports.reports.layout import Page
from fairness_reports.reports.overview import PAGES, index_page, met, reasons, verdict_headline
from fairness_reports.reports.sizes import fitting
from fairness_reports.reports.splits_page import splits_page
from fairness_reports.reports.tested import models_page
from fairness_reports.reports.transparency import transparency_page

__all__ = ["PAGES", "BandLine", "Excluded", "FeatureLine", "ReportContext", "render", "render_quality"]

_BUILD: dict[str, Callable[[Language, ReportContext], Page]] = {
    "index": index_page,
    "fairness": fairness_page,
    "explanations": explanations_page,
    "models": models_page,
    "splits": splits_page,
    "model_card": model_card_page,
    "quality": quality_page,
    "transparency": transparency_page,
}


def render(open_dir: Path, context: ReportContext) -> list[Path]:
    """Write all pages in both languages.

    Parameters
    ----------
    open_dir : Path
        The folder `open` of a release; the pages go to reports/{en,de}/ in it.
    context : ReportContext
        What they say.

    Returns
    -------
    list of Path
        The files written.
    """
    return _write(open_dir, context, PAGES)


def render_quality(open_dir: Path, context: ReportContext) -> list[Path]:
    """Write only the quality page in both languages: for a check, or a delivery that was refused.

    Parameters
    ----------
    open_dir : Path
        Where; the page goes to reports/{en,de}/quality.html in it.
    context : ReportContext
        What it says. Its manifest has no verdict.

    Returns
    -------
    list of Path
        The files written.
    """
    return _write(open_dir, context, ["quality"])


def _write(open_dir: Path, context: ReportContext, names: Sequence[str]) -> list[Path]:
    written = []
    for code in LANGUAGES:
        folder = open_dir / "reports" / code
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            path = folder / f"{name}.html"
            path.write_text(page_html(code, context, name, names), encoding="utf-8")
            written.append(path)
    return written


def page_html(code: str, context: ReportContext, name: str, names: Sequence[str] = PAGES) -> str:
    """One page as HTML.

    Parameters
    ----------
    code : {'en', 'de'}
        The language.
    context : ReportContext
        What it says.
    name : str
        One of `PAGES`.
    names : sequence of str
        The pages that exist, for the links between them.

    Returns
    -------
    str
    """
    language = Language(code)

    def show(page: Page) -> str:
        return filled(
            language,
            context,
            page,
            names=names,
            heading=language.t(f"page.{page.name}"),
            headline=verdict_headline(language, context),
            made_of=language.t("site.release" if context.verdict else "site.check", id=context.release_id),
            footer=language.t("site.footer_made", id=context.release_id),
            reasons=reasons(language, context),
            met=met(language, context),
            accepted=met(language, context, accepted=True),
        )

    return fitting(language, _BUILD[name](language, context), show)
