"""The command `feedback`: a team's answers are read back, all of a list or nothing of it.

Belongs here: finding programme and releases of a list, what the model had selected in them, what the command says.
Does not belong here: cells (data_contracts.answers), what answers must say together (fairness_reports.decisions),
keeping them (pipelines.answers).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from data_contracts.answers import AnswerSheet, Fault, read_answers, write_faults
from data_contracts.errors import RefusedError, UsageError
from fairness_reports.capacity import select_within
from fairness_reports.decisions import ANSWERS, Listed, check_answers
from fairness_reports.release import Release, read_release
from pipelines.answers import store, was_read
from pipelines.packs import BUILT_IN, load_pack
from pipelines.resources import Run, open_run
from pipelines.settings import Home

SHOWN = 20
"""So many faults are shown at once; the worklist holds all."""


def read_feedback(home: Home, file: Path, programme: str | None = None) -> str:
    """Read a team's answers, keep them, and say what came of it.

    Parameters
    ----------
    home : Home
        Where the list was written.
    file : Path
        The list, filled in (XLSX or CSV).
    programme : str, optional
        Name or folder of the pack; by default the list says it.

    Returns
    -------
    str
        Counts, no case.

    Raises
    ------
    RefusedError
        When a cell is no answer, or the charter names no use of lists. Nothing is kept then.
    UsageError
        When the file is no list.
    """
    sheet = read_answers(file, ANSWERS)
    if not sheet.rows:
        raise UsageError("the list has a heading but no rows.", where=file.name, todo="Give a list with cases.")
    pack = load_pack(programme or _programme_of(sheet))
    caseload = pack.charter.caseload
    if caseload is None:
        raise RefusedError(
            "the charter names no use of lists, so no answers are read.",
            where=pack.name,
            todo="Section `caseload` of charter.yaml says what lists are for (docs/charter.md).",
        )
    if not home.warehouse.exists():
        raise UsageError("there is nothing in this home.", where=str(home.root), todo="Name the list's home: --home.")
    with open_run(home, pack) as run:
        before = was_read(run.con, run.programme, sheet.sha256)
        if before is not None:
            return f"This very file was read on {before.date().isoformat()}. Nothing was changed."
        checked = check_answers(
            sheet,
            caseload,
            programme=run.programme,
            listed=lambda release_id: _listed(run, release_id),
            today=run.today,
        )
        if checked.faults:
            raise _refused(home, run.programme, sheet, checked.faults)
        new, corrected = store(run, checked.answers, sheet.sha256)
    return _told(run, sheet, checked.answers, new, corrected, checked.late)


def _programme_of(sheet: AnswerSheet) -> str:
    named = {cells.get("programme") for _, cells in sheet.rows} - {None}
    if len(named) != 1:
        raise UsageError(
            "the list does not say one programme.", where=sheet.name, todo="Name it with --programme PROGRAMME."
        )
    name = named.pop()
    # what a file says is no path: a pack of one's own is named by whoever runs the command
    if not isinstance(name, str) or not name.isidentifier() or not (BUILT_IN / name).is_dir():
        raise UsageError(
            "the list's programme is none of the built-in ones.",
            where=sheet.name,
            todo="Name the folder of its pack with --programme.",
        )
    return name


def _listed(run: Run, release_id: str) -> Listed | None:
    """The cases of a release and whether the model selected them; None where there is no such release with scores."""
    folder = run.home.releases / run.programme / release_id
    if release_id.startswith(".") or not (folder / "manifest.json").is_file():
        return None
    release = read_release(folder)
    if not release.has("scores"):
        return _without_scores(run, release) if release.manifest["verdict"] == "fit" else None
    scores = release.table("scores")
    share = run.pack.charter.capacity.share
    chosen = [bool(each) for each in select_within(scores, share, by=())] if share else [None] * len(scores)
    days = pd.to_datetime(scores["as_of"]).dt.date
    return Listed(dict(zip(zip(scores["case_id"].astype(str), days, strict=True), chosen, strict=True)))


def _without_scores(run: Run, release: Release) -> Listed:
    """Of a release whose restricted part has expired: its cases, and nobody knows any more who was selected."""
    day = (release.manifest.get("deployed_model") or {}).get("cohort")
    rows = run.con.execute(
        'SELECT case_id, CAST(as_of AS DATE) FROM cohort."case" WHERE programme = ? AND list_contains(?, cohort)',
        [run.programme, str(day).split(", ")],
    ).fetchall()
    return Listed({(str(case_id), as_of): None for case_id, as_of in rows})


def _refused(home: Home, programme: str, sheet: AnswerSheet, faults: list[Fault]) -> RefusedError:
    folder = home.checks / programme / f"feedback-{sheet.sha256[:10]}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "worklist.csv"
    write_faults(path, sheet, faults)
    reasons = [f"{sheet.name}, {fault}" for fault in faults[:SHOWN]]
    if len(faults) > SHOWN:
        reasons.append(f"... and {len(faults) - SHOWN:,} more.")
    told = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
    reasons.append(f"Nothing of the list was kept. Worklist ({told}, no values): {path}")
    return RefusedError("the list holds what is no answer.", reasons=reasons)


def _told(run: Run, sheet: AnswerSheet, answers: pd.DataFrame, new: int, corrected: int, late: int) -> str:
    answered = int(answers["action"].notna().sum())
    seen = Counter(answers.loc[answers["action"].notna(), "seen_before_deciding"])
    lines = [
        f"{len(answers):,} case{'s' if len(answers) > 1 else ''} in the list, {answered:,} answered, "
        f"{len(answers) - answered:,} not answered yet.",
        f"Decided after the score had been seen: {seen['yes']:,}; without it: {seen['no']:,}.",
        f"New answers: {new:,}; corrected: {corrected:,}. The next audit of {run.programme} counts them, by group and "
        "never by worker."
        if new + corrected
        else "No answer is new or corrected.",
    ]
    if late:
        told = "1 score was" if late == 1 else f"{late:,} scores were"
        lines.append(f"{told} shown although the list had expired. The answers are kept.")
    if sheet.others:
        lines.append(f"Other columns ({sheet.others}) were not read.")
    return "\n".join(lines)
