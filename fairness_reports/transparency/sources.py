"""Where answers come from: the charter's own fields, and its section for the public records.

Belongs here: reading these with placeholders left out.
Does not belong here: figures (figures of a release come from its context).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairness_reports.charter import Transparency
from fairness_reports.reports.context import ReportContext
from fairness_reports.transparency.entries import Said, said


@dataclass(frozen=True)
class Answer:
    """What is known for a field.

    Attributes
    ----------
    value : sequence of str or {en, de}
        The answers; empty where there are none.
    source : str
        Where they come from, or should be written.
    open_part : bool
        Whether something is missing beside them.
    """

    value: Sequence[Said]
    source: str
    open_part: bool = False


def told_by_people(context: ReportContext) -> Transparency | None:
    """The charter's section for the public records, where there is one."""
    return context.charter.transparency if context.charter is not None else None


def from_charter(context: ReportContext, name: str, *, also: Sequence[Said] = ()) -> Answer:
    """A field of that section, with what the charter says elsewhere in front of it."""
    told = said(getattr(told_by_people(context), name, None))
    return Answer([*also, *told], f"charter.yaml: transparency.{name}")


def charter_field(context: ReportContext, name: str) -> list[Said]:
    """A field of the charter itself."""
    return said(getattr(context.charter, name, None))
