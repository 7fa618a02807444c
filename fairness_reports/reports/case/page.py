"""One case as a page: one self-contained HTML file.

Belongs here: what the template of the page is handed.
Does not belong here: what is said (content), the look (templates/case.html.j2), writing the file (pipelines.explain).
"""

from __future__ import annotations

from markupsafe import Markup

from data_contracts.relink_page import GENERATOR
from fairness_reports.language import Language
from fairness_reports.reports.case.content import Case, told
from fairness_reports.reports.filling import resource, template

__all__ = ["GENERATOR", "case_page"]


def case_page(language: Language, case: Case) -> str:
    """The case in one language, as HTML.

    Returns
    -------
    str
        Pseudonyms stand in elements `code` of the class `id`, so that the key holder's tool finds them; a notice that
        the page names people is there, hidden until it does.
    """
    return template("case.html.j2").render(
        language=language,
        t=language.t,
        told=told(language, case),
        generator=GENERATOR,
        programme=case.programme,
        simulated=case.simulated,
        style=Markup(resource("style.css") + resource("case.css")),  # noqa: S704  (our own files)
    )
