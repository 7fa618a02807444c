"""The answer columns of a team's list, and what answers must say together.

Belongs here: names and codes of the columns, rules across columns and rows, answers as a table.
Does not belong here: single cells (data_contracts.answers), where answers are kept (pipelines.answers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd

from data_contracts.answers import AnswerColumn, AnswerSheet, Fault, check_cells
from data_contracts.errors import UsageError
from fairness_reports.charter import Caseload

VIEWS: Final = ("higher", "average", "lower", "cannot_say")
"""What a worker thought of a case before the score was shown; only lists made with --blind ask."""
SEEN: Final = ("yes", "no")
DISAGREEMENTS: Final = ("not_current", "missing_information", "wrong_information", "other_knowledge", "other_reason")
"""Why somebody disagrees with a score."""
IDS: Final = ("list_id", "release_id", "programme", "as_of", "case_id")
"""Which case of which list an answer belongs to."""
REPLIES: Final = ("view_before", "shown_on", "seen_before_deciding", "action", "disagreement")
"""What people fill in; `view_before` in blind lists only."""
ANSWERS: Final = (*IDS, *REPLIES)


@dataclass(frozen=True)
class Listed:
    """What a release knows of its cases.

    Parameters
    ----------
    selected : mapping of (case_id, date) to bool or None
        Every case with its day, and whether the model's score was within the capacity; None where that can no longer
        be told.
    """

    selected: Mapping[tuple[str, date], bool | None]


@dataclass(frozen=True)
class Checked:
    """What came of checking a list.

    Parameters
    ----------
    answers : DataFrame
        One row per case: `ANSWERS`, `taken_up` (whether the action means so; None without one) and `model_selected`.
        Empty where there are faults.
    faults : list of Fault
        By row.
    late : int
        Cases whose score was shown when the list had expired; their answers are kept, for that is what happened.
    """

    answers: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    late: int = 0


def answer_columns(caseload: Caseload) -> list[AnswerColumn]:
    """What each column may hold under a charter."""
    codes = {
        "view_before": VIEWS,
        "seen_before_deciding": SEEN,
        "action": tuple(action.code for action in caseload.actions),
        "disagreement": DISAGREEMENTS,
    }
    days = {
        "as_of": AnswerColumn("as_of", "date", required=True),
        "shown_on": AnswerColumn("shown_on", "date", past=True),
    }
    return [
        days[name]
        if name in days
        else AnswerColumn(name, "code", frozenset(codes[name]))
        if name in codes
        else AnswerColumn(name, "id", required=True)
        for name in ANSWERS
    ]


def check_answers(
    sheet: AnswerSheet,
    caseload: Caseload,
    *,
    programme: str,
    listed: Callable[[str], Listed | None],
    today: date,
) -> Checked:
    """Check a list that came back: all of it counts, or nothing.

    Parameters
    ----------
    sheet : AnswerSheet
        The file's answer columns.
    caseload : Caseload
        The charter's section, with the codes of actions.
    programme : str
        Its name; rows of another programme are faults.
    listed : callable
        From the id of a release to its cases; None where there is no such release.
    today : date
        The day of reading.

    Returns
    -------
    Checked

    Raises
    ------
    UsageError
        When the file lacks a column.
    """
    absent = [name for name in ANSWERS if name not in sheet.columns and name != "view_before"]
    if absent:
        raise UsageError(
            f"the list lacks the column{'s' if len(absent) > 1 else ''} {', '.join(absent)}.",
            where=sheet.name,
            todo="Give the list that `plumbline caseload` wrote, with all its columns.",
        )
    rows, faults = check_cells(sheet, answer_columns(caseload), today)
    spoilt: dict[int, set[str]] = {}
    for fault in faults:
        spoilt.setdefault(fault.row, set()).add(fault.column)
    taken = {action.code: action.selected for action in caseload.actions}
    releases: dict[str, Listed | None] = {}
    kept: dict[tuple[str, str, date], tuple[int, dict[str, Any]]] = {}
    late = 0
    for number, row in rows:
        bad = spoilt.get(number, set())
        if bad.isdisjoint({"release_id"}) and row["release_id"] not in releases:
            releases[row["release_id"]] = listed(row["release_id"])
        found = [] if bad & set(IDS) else _case(number, row, programme, releases[row["release_id"]])
        found = found if found or bad else _replies(number, row)
        faults += found
        if found or bad:
            continue
        late += int(_is_late(row, caseload))
        release = releases[row["release_id"]]
        row["taken_up"] = None if row["action"] is None else taken[row["action"]]
        row["model_selected"] = release.selected[row["case_id"], row["as_of"]] if release is not None else None
        key = (row["list_id"], row["case_id"], row["as_of"])
        if key in kept and kept[key][1] != row:
            faults += [Fault(kept[key][0], "case_id", "twice"), Fault(number, "case_id", "twice")]
        kept.setdefault(key, (number, row))
    columns = [*ANSWERS, "taken_up", "model_selected"]
    answers = pd.DataFrame([] if faults else [row for _, row in kept.values()], columns=columns, dtype=object)
    return Checked(answers, sorted(set(faults)), late)


def _is_late(row: Mapping[str, Any], caseload: Caseload) -> bool:
    """Whether a score was shown on a list that must not be used any more; a list's id begins with its day."""
    made = re.match(r"(\d{8})-", row["list_id"])
    if row["shown_on"] is None or made is None or caseload.expires_after_days is None:
        return False
    try:
        first = datetime.strptime(made[1], "%Y%m%d").date()
    except ValueError:
        return False
    return bool(row["shown_on"] >= first + timedelta(days=caseload.expires_after_days))


def _case(number: int, row: Mapping[str, Any], programme: str, release: Listed | None) -> list[Fault]:
    """Whether a row is of a case that the programme knows; its answers may be faulty all the same."""
    if row["programme"] != programme:
        return [Fault(number, "programme", "programme")]
    if release is None:
        return [Fault(number, "release_id", "release")]
    if (row["case_id"], row["as_of"]) not in release.selected:
        return [Fault(number, "case_id", "case")]
    return []


def _replies(number: int, row: Mapping[str, Any]) -> list[Fault]:
    """What a row's answers, each in order by itself, must not say together."""
    found = []
    if row["shown_on"] is not None and row["shown_on"] < row["as_of"]:
        found.append(Fault(number, "shown_on", "before_list"))
    if row["action"] is not None and row["seen_before_deciding"] is None:
        found.append(Fault(number, "seen_before_deciding", "seen_missing"))
    if row["seen_before_deciding"] == "yes" and row["shown_on"] is None:
        found.append(Fault(number, "shown_on", "shown_missing"))
    return found
