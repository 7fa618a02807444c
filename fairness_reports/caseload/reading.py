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
from fairness_reports.language import Language
from fairness_reports.refusals import refusal

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


def read_views(path: Path, today: dt.date, lang: str = "en") -> HandedBack:
    """Read a filled blind list: all of it, or nothing.

    Parameters
    ----------
    path : Path
        An XLSX or CSV file that `plumbline caseload --blind` wrote.
    today : date
        The day of reading.
    lang : {"en", "de"}
        The language of what is refused.

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
    language = Language(lang)
    sheet = read_answers(path, wanted, lang)
    absent = [name for name in wanted if name not in sheet.columns]
    if absent:
        named = ", ".join(absent)
        raise refusal(UsageError, language, "columns_lacking", where=sheet.name, n=len(absent), columns=named)
    columns = [AnswerColumn(name, "id", required=True) for name in IDS if name != "as_of"]
    columns += [AnswerColumn("as_of", "date", required=True), AnswerColumn(VIEW, "code", frozenset(VIEWS))]
    rows, faults = check_cells(sheet, columns, today)
    if faults:
        told = [f"{sheet.name}, {fault.told(lang)}" for fault in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            told.append(language.plain("refused.more_cells", n=len(faults) - _SHOWN))
        raise refusal(RefusedError, language, "no_answer", reasons=told)
    said = {name: {str(row[name]) for _, row in rows} for name in ("programme", "release_id", "list_id")}
    if any(len(each) != 1 for each in said.values()):
        raise refusal(UsageError, language, "not_one_list", where=sheet.name)
    programme, release_id, list_id = (each.pop() for each in said.values())
    views = {str(row["case_id"]): row[VIEW] for _, row in rows}
    if len(views) < len(rows):
        raise refusal(UsageError, language, "case_twice", where=sheet.name)
    empty = sum(view is None for view in views.values())
    if empty:
        where = f"{sheet.name}, {language.plain('refused.column', column=VIEW)}"
        counts = {"empty": language.number(empty), "cases": language.number(len(views))}
        raise refusal(UsageError, language, "views_missing", where=where, **counts)
    day = _day_of(list_id)
    if day is None:
        raise refusal(UsageError, language, "no_list_id", where=sheet.name)
    return HandedBack(programme, release_id, list_id, day, cast("dict[str, str]", views))


def _day_of(list_id: str) -> dt.date | None:
    found = _LIST_ID.fullmatch(list_id)
    try:
        return dt.datetime.strptime(found[1] if found else "", "%Y%m%d").date()
    except ValueError:
        return None
