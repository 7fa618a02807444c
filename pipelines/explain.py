"""The commands `explain` and `report`: what a release says of a case, and where its pages are.

Belongs here: finding the release, the case and the pack's words; writing the page; logging that it was opened.
Does not belong here: the sentences (fairness_reports.reports.case).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.errors import UsageError, said_by_system
from data_contracts.relink import put_private
from fairness_reports.language import Language
from fairness_reports.refusals import refusal, without_scores
from fairness_reports.release import Release, current_release, stale
from fairness_reports.release_read import release_of_day
from fairness_reports.reports.bands import band_of_score, is_told
from fairness_reports.reports.case import GENERATOR, Case, case_page, case_text
from fairness_reports.reports.figures import is_overall, known
from fairness_reports.reports.home import home_index
from pipelines.openings import log_opening
from pipelines.packs import Pack, load_pack
from pipelines.report_context import excluded
from pipelines.settings import Home


def newest(home: Home, pack: Pack, language: Language) -> Release:
    """The current release.

    Parameters
    ----------
    home : Home
        Where it is.
    pack : Pack
        The programme's pack.
    language : Language
        Of what is refused.

    Raises
    ------
    UsageError
        When there is none.
    """
    release = current_release(home.releases, pack.name)
    if release is None:
        raise refusal(UsageError, language, "no_release", where=str(home.root), programme=pack.name)
    return release


def explain_case(
    home: Home, programme: str, case_id: str, lang: str, as_of: dt.date | None = None, html: Path | None = None
) -> str:
    """A case's score and its reasons, as text or as a page; that they were opened is logged.

    Parameters
    ----------
    home : Home
        Where the release is.
    programme : str
        The programme, built in or a pack's folder.
    case_id : str
        The case's pseudonym. No message and no log repeats it.
    lang : {"en", "de"}
        The language, also of what is refused.
    as_of : date, optional
        The day of the release; by default the current one.
    html : Path, optional
        The page to write, readable by its owner only.

    Returns
    -------
    str
        The text, or where the page is.

    Raises
    ------
    RefusedError
        When the verdict withholds scores.
    UsageError
        When there is no such release, no such case in it, its restricted part has expired, or the page may not be
        written there.
    """
    language = Language(lang)
    pack = load_pack(programme)
    current = newest(home, pack, language)
    release = current if as_of is None else release_of_day(home.releases, pack.name, as_of, lang)
    if release.manifest["verdict"] != "fit":
        raise without_scores(language, release.manifest)
    if html is not None:
        _may_write(html, language)
    case = _case(home, pack, release, language, case_id)
    if html is None:
        shown = case_text(language, case)
        log_opening(home, "explain", pack.name, release.release_id, 1)
        return shown
    page = case_page(language, case)
    log_opening(home, "explain", pack.name, release.release_id, 1)  # first: a page that is there was logged
    try:
        put_private(html, lambda path: path.write_text(page, encoding="utf-8"))
    except OSError as error:
        reason = said_by_system(error, lang)
        raise refusal(UsageError, language, "not_written", where=html.name, reason=reason) from error
    return f"{language.plain('explained.page')}: {html}\n{language.plain('explained.restricted')}"


def _case(home: Home, pack: Pack, release: Release, language: Language, case_id: str) -> Case:
    if not (release.has("scores") and release.has("explanations")):
        raise refusal(UsageError, language, "rows_expired", where=release.release_id)
    score, reasons = (_rows(release, name, case_id) for name in ("scores", "explanations"))
    if score.empty:
        raise refusal(UsageError, language, "no_case", where=release.release_id)
    audit, split = release.table("fairness"), release.manifest["audited_model"]["split"]
    test = audit[audit["split"] == split]
    least = pack.charter.minimum_cell
    past = band_of_score(test, float(score.iloc[0]["score"]))
    current = current_release(home.releases, pack.name)
    is_current = current is not None and current.release_id == release.release_id
    mark = stale(home.releases, pack.name) if is_current else None
    return Case(
        score=score.iloc[0],
        reasons=reasons,
        programme=pack.name,
        release_id=release.release_id,
        headline=release.manifest["headline"][language.code],
        title=pack.programme.title,
        charter=pack.charter,
        words=pack.words,
        features=pack.programme.features,
        excluded=excluded(pack),
        simulated=pack.programme.simulated,
        stale_since=dt.date.fromisoformat(mark["on"]) if mark else None,
        newer=None if is_current or current is None else dt.date.fromisoformat(current.manifest["as_of"]),
        past=past if past is not None and is_told(past, least) else None,
        everyone=_everyone(test),
    )


def _rows(release: Release, name: str, case_id: str) -> pd.DataFrame:
    """The rows of one case; the others are not read into memory."""
    return pd.read_parquet(release.file(name), filters=[("case_id", "==", case_id)])


def _everyone(test: pd.DataFrame) -> float | None:
    """The share of all cases of the test with the outcome."""
    rows = test[test["attribute"].map(is_overall) & (test["metric"] == "base_rate") & (test["comparison"] == "value")]
    rows = rows[rows["band"].map(lambda band: not known(band) or str(band) in ("", "all"))]
    value: Any = rows["value"].iloc[0] if len(rows) else None
    return float(value) if known(value) else None


def _may_write(path: Path, language: Language) -> None:
    """Only a page of one case may be replaced: a mistyped name must not cost somebody their file."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise refusal(UsageError, language, "no_page_name", where=path.name)
    if not path.exists():
        return
    try:
        with path.open("rb") as handle:
            ours = f'content="{GENERATOR}"'.encode() in handle.read(500)
    except OSError:
        ours = False
    if not ours:
        raise refusal(UsageError, language, "other_file", where=path.name)


def where_reports_are(home: Home, programme: str) -> str:
    """The paths of the newest reports, with what is to be known of them."""
    pack = load_pack(programme)
    release = newest(home, pack, Language("en"))
    lines = [release.manifest["headline"]["en"]]
    mark = stale(home.releases, pack.name)
    if mark:
        lines.append(f"Stale: {mark['reason']} ({mark['on']})")
    lines += [f"English: {release.report('en')}", f"Deutsch: {release.report('de')}"]
    pages = " · ".join(str(path) for path in (home_index(home.root, code) for code in ("en", "de")) if path.is_file())
    return "\n".join([*lines, *([f"All programmes: {pages}"] if pages else [])])
