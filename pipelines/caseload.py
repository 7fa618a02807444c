"""The command `caseload`: a team's list of open cases, where the charter names this use.

Belongs here: whether a list may be made, of which release and team, what is logged and recorded, what the command says.
Does not belong here: who has a slot, what the list says, its files (fairness_reports.caseload).
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

from data_contracts.errors import RefusedError, UsageError
from fairness_reports.caseload import (
    About,
    HandedBack,
    Sheet,
    TeamList,
    blind_sheet,
    build_list,
    full_sheet,
    list_id_of,
    read_views,
    write_csv,
    write_workbook,
)
from fairness_reports.language import Language
from fairness_reports.refusals import refusal, without_scores
from fairness_reports.release import Release, stale
from fairness_reports.reports.association import about_others
from features.spec import columns
from pipelines.explain import newest
from pipelines.openings import log_opening
from pipelines.packs import Pack, load_pack
from pipelines.settings import Home

COUNTED = ("any", "count", "distinct", "episode_days", "open_episodes", "rate", "sum")
"""Kinds of features of which 0 means that there is none."""
RECORDS = "caseloads"
_WRITERS = {".xlsx": write_workbook, ".csv": write_csv}


def make_caseload(
    home: Home,
    programme: str,
    team: str,
    out: Path,
    *,
    blind: bool = False,
    after: Path | None = None,
    as_of: dt.date | None = None,
    lang: str = "en",
    today: dt.date | None = None,
) -> str:
    """Write a team's list and say what is in it.

    Parameters
    ----------
    home : Home
        Where the release is.
    programme : str
        Name or folder of the pack.
    team : str
        As in the column `team` of scores.parquet.
    out : Path
        A file ending in .xlsx or .csv, or a folder for both. Nothing is overwritten.
    blind : bool
        Without anything that a score says, to be filled in first.
    after : Path, optional
        The blind list, filled in: its views stand beside the scores.
    as_of : date, optional
        The day that the release has to be of.
    lang : {"en", "de"}
        The language, also of what is refused.
    today : date, optional
        The day of the list; by default the clock's.

    Returns
    -------
    str
        What was written, with counts and the list's footer; no case.

    Raises
    ------
    RefusedError
        When the charter does not name this use, was changed since, the verdict withholds scores, the release was
        superseded or its rows are gone, the blind list has expired or holds what is no answer.
    UsageError
        When there is no release, no such team, a file is there already, or the blind list is of another team or release
        or not complete.
    """
    language = Language(lang)
    if blind and after is not None:
        raise refusal(UsageError, language, "blind_and_after")
    today = today or dt.date.today()
    pack = load_pack(programme)
    release = _may_be_listed(home, pack, as_of, language)
    files = _files(out, list_id_of(release.release_id, team, today) + ("-blind" if blind else ""), language)
    back = read_views(after, today, lang) if after is not None else None
    made_on = back.made_on if back is not None else today
    scores = release.table("scores")
    teams = scores["team"].dropna().unique()
    if team not in teams:
        raise refusal(UsageError, language, "no_team", where="--team", n=len(teams))
    if back is not None:
        _is_of_this_list(back, pack, release, team, today, language)
    use, charter = pack.charter.caseload, pack.charter
    assert use is not None and charter.capacity.share is not None, "asked before"  # noqa: S101, PT018
    audit, split = release.table("fairness"), release.manifest["audited_model"]["split"]
    described = columns(pack.programme.features)
    listed = build_list(
        scores,
        release.table("explanations"),
        audit[audit["split"] == split],
        [(band.name, band.up_to) for band in pack.programme.bands.root],
        use,
        capacity=charter.capacity.share,
        minimum_cell=charter.minimum_cell,
        programme=pack.name,
        release_id=release.release_id,
        team=team,
        made_on=made_on,
        counted={column.name for column in described if column.kind in COUNTED},
        views=back.views if back is not None else None,
    )
    if back is not None and set(back.views) != {case.case_id for case in listed.cases}:
        raise refusal(UsageError, language, "other_cases", where=after.name if after else None)
    mark = stale(home.releases, pack.name)
    about = About(
        title=pack.programme.title,
        charter=charter,
        words=pack.words,
        headline=release.manifest["headline"][lang],
        others=about_others(described),
        simulated=pack.programme.simulated,
        stale_since=dt.date.fromisoformat(mark["on"]) if mark else None,
    )
    sheet = blind_sheet(language, listed, about) if blind else full_sheet(language, listed, about, asked=bool(back))
    what = "caseload --blind" if blind else "caseload --after" if back is not None else "caseload"
    log_opening(home, what, pack.name, release.release_id, len(listed.cases))
    _record(home, listed)
    for file in files:
        _WRITERS[file.suffix.lower()](file, sheet)
    return _told(language, listed, about, sheet, files, blind=blind)


def _may_be_listed(home: Home, pack: Pack, as_of: dt.date | None, language: Language) -> Release:
    """The newest release, where a list may be made of it."""
    if pack.charter.caseload is None:
        raise refusal(RefusedError, language, "use_not_named", where=f"{pack.name}: charter.yaml")
    release = newest(home, pack, language)
    if as_of is not None and release.manifest["as_of"] != as_of.isoformat():
        raise refusal(RefusedError, language, "other_day", where=f"--as-of {as_of}", newest=release.manifest["as_of"])
    if release.manifest["verdict"] != "fit":
        raise without_scores(language, release.manifest)
    if release.manifest["charter_hash"] != pack.charter.sha256:
        where = f"{pack.name}: {release.release_id}"
        raise refusal(RefusedError, language, "charter_changed", where=where, programme=pack.name)
    if not (release.has("scores") and release.has("explanations")):
        raise refusal(RefusedError, language, "rows_deleted", where=release.release_id, programme=pack.name)
    return release


def _is_of_this_list(
    back: HandedBack, pack: Pack, release: Release, team: str, today: dt.date, language: Language
) -> None:
    """Stop where a blind list is of something else, or may not be used any more."""
    if back.programme != pack.name:
        raise refusal(UsageError, language, "list_of_other_programme", where="--after")
    if back.release_id != release.release_id:
        raise refusal(RefusedError, language, "list_of_other_release", where="--after")
    if back.list_id != list_id_of(release.release_id, team, back.made_on):
        raise refusal(UsageError, language, "list_of_other_team", where="--after")
    days = pack.charter.caseload.expires_after_days if pack.charter.caseload is not None else None
    if days is not None and today >= back.made_on + dt.timedelta(days=days):
        raise refusal(RefusedError, language, "list_expired", where="--after")


def _files(out: Path, name: str, language: Language) -> list[Path]:
    """The files to write: the one that was named, or both in a folder; never one that is there."""
    if out.suffix.lower() in _WRITERS and not out.is_dir():
        files = [out]
        if not out.parent.is_dir():
            raise refusal(UsageError, language, "no_folder", where=str(out.parent))
    else:
        if (out.suffix or out.exists()) and not out.is_dir():  # a new folder has no ending: a slip would make one
            raise refusal(UsageError, language, "other_ending", where=str(out))
        files = [out / f"caseload-{name}{suffix}" for suffix in _WRITERS]
    there = [file for file in files if os.path.lexists(file)]
    if there:
        raise refusal(UsageError, language, "file_there", where=str(there[0]))
    if files[0] != out:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
    return files


def _record(home: Home, listed: TeamList) -> None:
    """Keep how slots were given and drawn: numbers and a checksum, no case, no team's name."""
    folder = home.root / RECORDS / listed.programme
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    by_score, drawn = int(listed.slots.by_score.sum()), int(listed.slots.drawn.sum())
    record = {
        "list_id": listed.list_id,
        "release_id": listed.release_id,
        "made_on": listed.made_on.isoformat(),
        "expires_on": listed.expires_on.isoformat(),
        "cases": len(listed.cases),
        "slots_by_score": by_score,
        "slots_drawn": drawn,
        "drawn_among": listed.slots.pool,
        "draw": "lowest SHA-256 of “draw”, release id, team and case id, joined by line feeds",
        "draw_checksum": listed.draw_checksum,
        "border": int(listed.slots.border.sum()),
        "models_asked": listed.slots.models,
    }
    path = folder / f"{listed.list_id}.json"
    if not path.exists():  # the same list, made again
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _told(language: Language, listed: TeamList, about: About, sheet: Sheet, files: list[Path], *, blind: bool) -> str:
    def say(key: str, **values: object) -> str:
        return language.plain(f"caseload.done.{key}", **values)

    number = language.number
    expires = language.date(listed.expires_on)
    lines = [say("list", list_id=listed.list_id, n=number(len(listed.cases)), expires_on=expires)]
    if blind:
        lines.append(say("blind", programme=listed.programme))
    else:
        counts = {
            "by_score": int(listed.slots.by_score.sum()),
            "drawn": int(listed.slots.drawn.sum()),
            "border": int(listed.slots.border.sum()),
        }
        lines.append(say("slots", **{name: number(count) for name, count in counts.items()}))
    if about.stale_since is not None:
        lines.append(say("stale", on=language.date(about.stale_since)))
    if len(listed.cases) < about.charter.minimum_cell:
        lines.append(say("small", least=number(about.charter.minimum_cell)))
    return "\n".join([*lines, sheet.footer, say("files", files=", ".join(str(file) for file in files))])
