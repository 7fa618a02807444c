"""A blind list that comes back: what workers thought before they saw a score.

Belongs here: whether the file is whole, and the view of each case.
Does not belong here: cells and the privacy gate (data_contracts.answers), finding the list's release
(pipelines.caseload).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from data_contracts.answers import AnswerColumn, check_cells, read_answers
from data_contracts.errors import RefusedError, UsageError
from fairness_reports.decisions.answers import IDS, VIEWS

VIEW = "view_before"
_SHOWN = 20
_LIST_ID = re.compile(r"(\d{8})-[0-9a-f]{10}")


@dataclass(frozen=True)
class HandedBack:
    """A filled blind list.

    Attributes
    ----------
    programme, release_id, list_id : str
        What it says of itself, the same in all rows.
    made_on : date
        The day of the list, as its id tells.
    views : mapping of case id to code
        One for each case.
    """

    programme: str
    release_id: str
    list_id: str
    made_on: dt.date
    views: Mapping[str, str]


def read_views(path: Path, today: dt.date) -> HandedBack:
    """Read a filled blind list: all of it, or nothing.

    Parameters
    ----------
    path : Path
        An XLSX or CSV file that `plumbline caseload --blind` wrote.
    today : date
        The day of reading.

    Returns
    -------
    HandedBack

    Raises
    ------
    RefusedError
        When a cell holds what is no code.
    UsageError
        When it is no blind list, holds several, or a view is missing.
    """
    wanted = (*IDS, VIEW)
    sheet = read_answers(path, wanted)
    absent = [name for name in wanted if name not in sheet.columns]
    if absent:
        raise UsageError(
            f"the file lacks the column{'s' if len(absent) > 1 else ''} {', '.join(absent)}.",
            where=sheet.name,
            todo="Hand back the list that was written with --blind, with all its columns.",
        )
    columns = [AnswerColumn(name, "id", required=True) for name in IDS if name != "as_of"]
    columns += [AnswerColumn("as_of", "date", required=True), AnswerColumn(VIEW, "code", frozenset(VIEWS))]
    rows, faults = check_cells(sheet, columns, today)
    if faults:
        told = [f"{sheet.name}, {fault}" for fault in faults[:_SHOWN]]
        more = [f"... and {len(faults) - _SHOWN:,} more."] if len(faults) > _SHOWN else []
        raise RefusedError("the list holds what is no answer.", reasons=[*told, *more])
    said = {name: {str(row[name]) for _, row in rows} for name in ("programme", "release_id", "list_id")}
    if any(len(each) != 1 for each in said.values()):
        raise UsageError("it is not one list.", where=sheet.name, todo="Hand back each list in a file of its own.")
    programme, release_id, list_id = (each.pop() for each in said.values())
    views = {str(row["case_id"]): row[VIEW] for _, row in rows}
    if len(views) < len(rows):
        raise UsageError("a case stands there twice.", where=sheet.name, todo="Keep each row of the list once.")
    empty = sum(view is None for view in views.values())
    if empty:
        raise UsageError(
            f"{empty:,} of {len(views):,} cases have no view yet, and the scores are shown only after it.",
            where=f"{sheet.name}, column {VIEW}",
            todo="Fill in every row; “cannot_say” is an answer, too.",
        )
    return HandedBack(programme, release_id, list_id, _day_of(list_id, sheet.name), cast("dict[str, str]", views))


def _day_of(list_id: str, file: str) -> dt.date:
    found = _LIST_ID.fullmatch(list_id)
    try:
        return dt.datetime.strptime(found[1] if found else "", "%Y%m%d").date()
    except ValueError:
        raise UsageError(
            "the column list_id holds no list's id.", where=file, todo="Restore what came with the list."
        ) from None
