"""The commands `explain` and `report`: what the newest release says of a case, and where its pages are.

Belongs here: finding the release, the case and the pack's words.
Does not belong here: the sentences (fairness_reports.reports.case).
"""

from __future__ import annotations

import datetime as dt

from data_contracts.errors import RefusedError, UsageError
from fairness_reports.release import Release, current_release, stale
from fairness_reports.reports.association import about_others
from fairness_reports.reports.bands import band_of_score, is_told
from fairness_reports.reports.case import Case, case_text
from fairness_reports.reports.language import Language
from features.spec import columns
from pipelines.packs import Pack, load_pack
from pipelines.settings import Home


def newest(home: Home, pack: Pack) -> Release:
    """The current release.

    Raises
    ------
    UsageError
        When there is none.
    """
    release = current_release(home.releases, pack.name)
    if release is None:
        raise UsageError(
            "there is no release of this programme in this home.",
            where=str(home.root),
            todo=f"Make one with: plumbline run {pack.name}",
        )
    return release


def explain_case(home: Home, programme: str, case_id: str, lang: str) -> str:
    """A case's score and its strongest reasons, as text.

    Raises
    ------
    RefusedError
        When the verdict withholds scores.
    UsageError
        When there is no release, or no such case in it.
    """
    pack = load_pack(programme)
    release = newest(home, pack)
    headline = release.manifest["headline"][lang]
    if not release.has("scores"):
        told = [reason["text"][lang] for reason in release.manifest["reasons"]]
        raise RefusedError("no scores were published.", reasons=[headline, *told])
    scores = release.table("scores")
    row = scores[scores["case_id"] == case_id]
    if row.empty:
        raise UsageError(
            "there is no such case in the newest release.",
            where=release.release_id,
            todo="Case ids are the pseudonyms in restricted/scores.parquet.",
        )
    reasons = release.table("explanations")
    audit, split = release.table("fairness"), release.manifest["audited_model"]["split"]
    past = band_of_score(audit[audit["split"] == split], float(row.iloc[0]["score"]))
    mark = stale(home.releases, pack.name)
    case = Case(
        score=row.iloc[0],
        reasons=reasons[reasons["case_id"] == case_id],
        release_id=release.release_id,
        headline=headline,
        title=pack.programme.title,
        contact=pack.charter.disagreement_contact,
        words=pack.words,
        simulated=pack.programme.simulated,
        stale_since=dt.date.fromisoformat(mark["on"]) if mark else None,
        others=about_others(columns(pack.programme.features)),
        past=past if past is not None and is_told(past, pack.charter.minimum_cell) else None,
    )
    return case_text(Language(lang), case)


def where_reports_are(home: Home, programme: str) -> str:
    """The paths of the newest reports, with what is to be known of them."""
    pack = load_pack(programme)
    release = newest(home, pack)
    lines = [release.manifest["headline"]["en"]]
    mark = stale(home.releases, pack.name)
    if mark:
        lines.append(f"Stale: {mark['reason']} ({mark['on']})")
    return "\n".join([*lines, f"English: {release.report('en')}", f"Deutsch: {release.report('de')}"])
