"""The page of a home: all its programmes, and where the pages of each are.

Belongs here: making that page from the releases that are current, and replacing it in one step.
Does not belong here: what a line says (standing, changed), the pages of a release (reports.render).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fairness_reports.language import LANGUAGES, Language, catalogue
from fairness_reports.release_tables import new_file
from fairness_reports.reports.changed import programmes_table
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.filling import filled
from fairness_reports.reports.layout import Block, Page, Para, Section
from fairness_reports.reports.standing import ProgrammeLine, programme_lines
from features.words import Noun, Text, Words

_UP = "../.."  # from HOME/reports/en


def home_index(root: Path, language: str = "en") -> Path:
    """Where the page of a home is."""
    return root / "reports" / language / "index.html"


def write_home_index(root: Path) -> list[Path]:
    """Write the page of a home anew, in both languages; readable by the owner only.

    A reader sees the old page or the new one, never half of one.

    Parameters
    ----------
    root : Path
        The home; its folder `releases` is read.

    Returns
    -------
    list of Path
        The files written.
    """
    lines = programme_lines(root / "releases")
    written = []
    for code in LANGUAGES:
        path = home_index(root, code)
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = path.with_name(f".unfinished-{path.name}")
        unfinished.unlink(missing_ok=True)
        with new_file(unfinished) as handle:
            handle.write(home_html(code, lines).encode("utf-8"))
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(unfinished, path)  # noqa: PTH105
        written.append(path)
    return written


def home_html(code: str, lines: Sequence[ProgrammeLine]) -> str:
    """The page in one language.

    Parameters
    ----------
    code : {'en', 'de'}
        The language.
    lines : sequence of ProgrammeLine
        The programmes of the home.

    Returns
    -------
    str
    """
    language = Language(code)
    t, title = language.t, _both("home.title")
    blocks: list[Block] = [Para(t("home.intro" if lines else "home.none"))]
    blocks += [programmes_table(language, lines, root=_UP)] if lines else []
    nothing = Words(case=Noun(one=title, many=title), outcome=title, factors={}, attributes={}, bands={})
    return filled(
        language,
        ReportContext(manifest={"programme": "", "release_id": ""}, title=_both("home.agency"), words=nothing),
        Page("home", [Section(t("home.releases"), blocks)]),
        names=["home"],
        heading=t("home.title"),
        headline="",
        made_of=t("home.made_of"),
        footer=t("home.footer"),
        file="index.html",
    )


def _both(key: str) -> Text:
    return Text(**{code: str(catalogue(code)[key]) for code in LANGUAGES})
