"""Pages of a size that anybody can open and print: what is too long for one stands in the tables of the release.

Belongs here: cutting long tables of a page that would be too large, and saying so.
Does not belong here: what stands in a table (the views), pictures (charts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fairness_reports.language import Language
from fairness_reports.reports.layout import Block, Fold, Page, Pictures, Table

LARGEST = 1_000_000
"""Bytes that a page may have."""
_ROWS = (150, 100, 60, 40, 25, 15)
"""To how many rows tables are cut, one after the other, until the page is small enough."""


def fitting(language: Language, page: Page, show: Callable[[Page], str]) -> str:
    """A page as HTML, with long tables cut as far as its size asks for.

    Parameters
    ----------
    language : Language
        Of the sentence that says what was cut.
    page : Page
        The whole page.
    show : callable
        Makes HTML of a page.

    Returns
    -------
    str
        Most pages are as they came. The rows that stand first stay: views set first what was agreed beforehand.
    """
    shown = show(page)
    for rows in _ROWS:
        if len(shown.encode("utf-8")) < LARGEST:
            break
        sections = [replace(each, blocks=_cut(language, each.blocks, rows)) for each in page.sections]
        shown = show(replace(page, sections=sections))
    return shown


def _cut(language: Language, blocks: Sequence[Block], rows: int) -> list[Block]:
    made: list[Block] = []
    for block in blocks:
        if isinstance(block, Table):
            made.append(_short(language, block, rows))
        elif isinstance(block, Fold):
            made.append(replace(block, blocks=_cut(language, block.blocks, rows)))
        elif isinstance(block, Pictures):
            items = [each if each.table is None else replace(each, table=_short(language, each.table, rows))
                     for each in block.items]  # fmt: skip
            made.append(replace(block, items=items))
        else:
            made.append(block)
    return made


def _short(language: Language, table: Table, rows: int) -> Table:
    gone = len(table.rows) - rows
    if gone <= 0:
        return table
    return replace(table, rows=table.rows[:rows], more=str(language.t("site.more_rows", n=gone)))
