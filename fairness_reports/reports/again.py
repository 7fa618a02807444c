"""Which figures stand as an earlier release told them.

Belongs here: the sentences that the overview and the page on groups share, from `told_again` of the manifest.
Does not belong here: deciding what is told again (fairness_reports.disclosure.history), what has changed (changed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fairness_reports.drift import NOW
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import attribute_label, is_overall
from fairness_reports.reports.layout import Block, Bullets, Fold, Para
from fairness_reports.spec import JOIN, SCORES_SHOWN

_LINES: Final = 3
"""More lines than these are there to be opened."""


def told_again(language: Language, context: ReportContext) -> list[Block]:
    """What stands as an earlier release told it, and why.

    Parameters
    ----------
    language : Language
        Of the words.
    context : ReportContext
        With the manifest of the release.

    Returns
    -------
    list of Block
        Empty where everything is told anew.
    """
    t = language.t
    places = context.manifest.get("told_again") or []  # a release that older code made has none
    named: dict[tuple[str, str], list[str]] = {}
    for place in places:
        named.setdefault((str(place["split"]), str(place["of"])), []).append(str(place["attribute"]))
    # the test that the figures of the page are from, then the other periods, then the open cases
    order = sorted(named, key=lambda each: (each[0] != context.test, each[0] == NOW, each))
    lines = [_line(language, context, split, of, named[split, of]) for split, of in order]
    if not lines:
        return []
    listed: list[Block] = [Bullets(lines)]
    if len(lines) > _LINES:
        listed = [Fold(t("again.which", n=len(lines)), listed)]
    return [Para(t("again.intro")), *listed]


def _line(language: Language, context: ReportContext, split: str, of: str, attributes: list[str]) -> str:
    t = language.t
    alone = [name for name in attributes if is_overall(name)]
    # a crossing is told again wherever one of its attributes is: naming both would make the line long for nothing
    alone += [name for name in attributes if not is_overall(name) and not _implied(name, attributes)]
    names = [
        t("again.everybody") if is_overall(name) else t("again.by", attribute=attribute_label(language, context, name))
        for name in alone
    ]
    said: Mapping[str, str] = {"cases": _cases(language, context, split), "names": language.listing(names)}
    if not of:
        return t("again.made", **said)
    return t("again.rows", day=language.period(of.rpartition("-")[0] or of), id=of, **said)


def _implied(name: str, attributes: list[str]) -> bool:
    parts = name.split(JOIN)
    return len(parts) > 1 and any(part in attributes for part in parts)


def _cases(language: Language, context: ReportContext, split: str) -> str:
    t, name = language.t, split.removesuffix(SCORES_SHOWN)
    if split == NOW:
        return t("again.open")
    if split != name:
        return t("again.shown", split=language.period(name))
    return t("again.test" if split == context.test else "again.earlier", split=language.period(name))
