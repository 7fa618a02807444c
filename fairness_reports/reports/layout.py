"""The pieces that pages are made of: sections, paragraphs, tables, pictures.

Belongs here: plain dataclasses that templates/blocks.html.j2 knows how to show.
Does not belong here: what they say (the views).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from fairness_reports.reports.charts import Chart

FICTIONAL = "fictional"
"""The place of fictional cases on the page of explanations, for links from other pages."""


def code(name: object) -> Markup:
    """A name of a file, a table, a column or a field: the same in every language, and marked as such."""
    return Markup("<code>{}</code>").format(name)


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, smaller text under it, a class for its look, where it leads, in which language."""

    text: str
    sub: str = ""
    look: str = ""
    href: str = ""
    lang: str = ""


@dataclass(frozen=True)
class Table:
    """A table. The first cell of each row is its heading.

    Parameters
    ----------
    caption : str
        What it shows, also for those who cannot see it.
    head : sequence of str
        Column headings.
    rows : sequence of sequence of Cell or str
        The rows.
    numbers_from : int
        Columns from here on are numbers, set to the right.
    foot : sequence of Cell or str
        A last row with totals.
    more : str
        Where further rows stand, if some are left out.
    """

    block: ClassVar[str] = "table"
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers_from: int = 99
    foot: Sequence[Cell | str] = ()
    more: str = ""

    @property
    def identity(self) -> str:
        """An id for the caption, the same in every run."""
        from hashlib import sha256

        seed = "|".join([self.caption, *self.head, *(str(row[0]) for row in self.rows)])
        return "t" + sha256(seed.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Para:
    """A paragraph; `look` may be lead, note or small."""

    block: ClassVar[str] = "para"
    text: str
    look: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list."""

    block: ClassVar[str] = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what stands behind them; several paragraphs each."""

    block: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Numbers:
    """Few large numbers with a word each."""

    block: ClassVar[str] = "numbers"
    cards: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """A chart, its figures (no table where a wider one stands under it), and what it says in a sentence or two."""

    chart: Chart
    table: Table | None = None
    said: str = ""


@dataclass(frozen=True)
class Pictures:
    """Charts side by side where there is room."""

    block: ClassVar[str] = "pictures"
    items: Sequence[Picture]


@dataclass(frozen=True)
class Links:
    """Where to read on: file, title, what it is about."""

    block: ClassVar[str] = "links"
    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Fold:
    """Something to open."""

    block: ClassVar[str] = "fold"
    summary: str
    blocks: Sequence[Block]


Block = Table | Para | Bullets | Facts | Numbers | Pictures | Links | Fold


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it.

    Parameters
    ----------
    title : str
        The heading.
    blocks : sequence of Block
        What stands under it.
    level : int
        Of the heading.
    part : str
        A key of the catalogue (tested.part): words above the heading and a border of its own, so that what was seen
        while choosing and what was sealed are told apart at a glance.
    """

    title: str
    blocks: Sequence[Block]
    level: int = 2
    part: str = ""


@dataclass(frozen=True)
class Page:
    """One page."""

    name: str
    sections: Sequence[Section] = field(default_factory=list)
