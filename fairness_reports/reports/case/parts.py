"""The pieces that one case is told in.

Belongs here: plain dataclasses that terminal and page both know how to show.
Does not belong here: what they say (content, reasons), or how they look (terminal, page).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Line:
    """A paragraph; `look` may be strong, note or small."""

    kind: ClassVar[str] = "line"
    text: str
    look: str = ""


@dataclass(frozen=True)
class Points:
    """A list, each point a sentence or a few words."""

    kind: ClassVar[str] = "points"
    items: Sequence[str]


@dataclass(frozen=True)
class Record:
    """One record behind a reason.

    Parameters
    ----------
    text : str
        Its pseudonym, or a few words where it has none.
    is_id : bool
        Whether it is a pseudonym: the key holder may relink it.
    """

    text: str
    is_id: bool = True


@dataclass(frozen=True)
class Reason:
    """One factor of one case.

    Parameters
    ----------
    what : str
        The factor with its value, a sentence.
    weight : str
        How much it moves the score, and in which direction, a sentence.
    direction : {"raises", "lowers"}
        The same for a picture.
    tenths : int
        Length of its bar, 1 to 10.
    more : sequence of str
        Further sentences: other values of the factor, date and age of its records.
    records : sequence of Record
        The newest records.
    rest : str
        How many more there are; empty where there are none.
    """

    kind: ClassVar[str] = "reason"
    what: str
    weight: str
    direction: Literal["raises", "lowers"]
    tenths: int
    more: Sequence[str] = ()
    records: Sequence[Record] = ()
    rest: str = ""


Piece = Line | Points | Reason


@dataclass(frozen=True)
class Part:
    """A heading and what stands under it."""

    title: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Told:
    """All that is said of one case.

    Parameters
    ----------
    programme : str
        The programme's title.
    heading : str
        Of the page.
    made_of : str
        Which day and which release it speaks of.
    case_id : str
        The case's pseudonym.
    headline : str
        The verdict.
    notices : sequence of str
        What must be known before anything else is read.
    parts : sequence of Part
        In order.
    """

    programme: str
    heading: str
    made_of: str
    case_id: str
    headline: str
    notices: Sequence[str]
    parts: Sequence[Part]
