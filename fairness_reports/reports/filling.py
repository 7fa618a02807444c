"""From the pieces of a page to one HTML file.

Belongs here: the template engine and what every page hands to the template.
Does not belong here: what stands on a page (its module), its words (catalogue), its look (templates).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.layout import Page


def filled(
    language: Language,
    context: ReportContext,
    page: Page,
    *,
    names: Sequence[str],
    heading: str,
    headline: str,
    made_of: str,
    footer: str,
    reasons: Sequence[str] = (),
    met: Sequence[str] = (),
    accepted: Sequence[str] = (),
    file: str = "",
) -> str:
    """One page as HTML.

    Parameters
    ----------
    language : Language
        The language.
    context : ReportContext
        Title, day, credit and notices.
    page : Page
        What stands on it.
    names : sequence of str
        The pages that exist, for the links between them.
    heading : str
        Of the page.
    headline : str
        The verdict in one line, or why there is none.
    made_of : str
        What the page was made from, under the heading.
    footer : str
        The same, at the end.
    reasons, met, accepted : sequence of str
        Of the verdict, for the overview.
    file : str
        Name of the file, where it is not the page's name with .html.

    Returns
    -------
    str
    """
    return template("page.html.j2").render(
        language=language,
        t=language.t,
        context=context,
        page=page,
        names=names,
        title=language.text(context.title),
        heading=heading,
        headline=headline,
        made_of=made_of,
        footer=footer,
        reasons=reasons,
        met=met,
        accepted=accepted,
        file=file or f"{page.name}.html",
        credit=language.text(context.credit),
        style=Markup(resource("style.css")),  # noqa: S704  (our own file)
    )


def resource(name: str) -> str:
    """A file of the folder templates."""
    return (files("fairness_reports.reports") / "templates" / name).read_text(encoding="utf-8")


def template(name: str) -> Template:
    """A template of the folder templates; it escapes what it is handed."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("fairness_reports.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
