"""The commands `explain` and `report`: what the newest release says of a case, and where its pages are.

Belongs here: reading the current release and laying a case out on the terminal.
Does not belong here: computing a score or a reason (models); a page for one case comes with its own issue.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from data_contracts.errors import RefusedError, UsageError
from fairness_reports.release import Release, current_release, stale
from fairness_reports.reports.language import Language
from pipelines.packs import Pack, load_pack
from pipelines.settings import Home

SHOWN = 5

_SAID: dict[str, dict[str, str]] = {
    "en": {
        "score": "Score as of {as_of}: {score} (interval {low} to {high}, for cases with a score like this; never for this person)",
        "band": "Band: {band}",
        "uninformative": "Not informative: the interval holds the average, so the score says no more than the average does.",
        "raises": "What goes with a higher score",
        "lowers": "What goes with a lower score",
        "evidence": "{n} records, the newest {age} days old",
        "no_age": "{n} records",
        "nothing": "nothing recorded",
        "value": "value {value}",
        "none": "nothing",
        "sum": "All contributions add up to the raw score: {base} + {sum} = {raw} (log-odds).",
        "decides": "No score decides. A person does, and may disagree: {contact}",
        "simulated": "Simulated data.",
        "stale": "A newer delivery was refused on {on}; this release is older than the data.",
    },
    "de": {
        "score": "Wert zum {as_of}: {score} (Intervall {low} bis {high}, für Fälle mit einem solchen Wert; nie für diese Person)",
        "band": "Bereich: {band}",
        "uninformative": "Nicht aussagekräftig: Das Intervall enthält den Durchschnitt, der Wert sagt also nicht mehr als dieser.",
        "raises": "Was mit einem höheren Wert einhergeht",
        "lowers": "Was mit einem niedrigeren Wert einhergeht",
        "evidence": "{n} Einträge, der neueste {age} Tage alt",
        "no_age": "{n} Einträge",
        "nothing": "nichts eingetragen",
        "value": "Angabe {value}",
        "none": "nichts",
        "sum": "Alle Beiträge ergeben zusammen den Rohwert: {base} + {sum} = {raw} (Log-Odds).",
        "decides": "Kein Wert entscheidet. Das tut ein Mensch, und er darf anderer Meinung sein: {contact}",
        "simulated": "Simulierte Daten.",
        "stale": "Eine neuere Lieferung wurde am {on} abgewiesen; dieser Stand ist älter als die Daten.",
    },
}


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
    if not release.has("scores"):
        raise RefusedError(
            "no scores were published.",
            reasons=[release.manifest["headline"][lang], *(r["text"][lang] for r in release.manifest["reasons"])],
        )
    scores = release.table("scores")
    row = scores[scores["case_id"] == case_id]
    if row.empty:
        raise UsageError(
            "there is no such case in the newest release.",
            where=release.release_id,
            todo="Case ids are the pseudonyms in restricted/scores.parquet.",
        )
    reasons = release.table("explanations")
    return "\n".join(_told(pack, home, release, row.iloc[0], reasons[reasons["case_id"] == case_id], lang))


def _told(pack: Pack, home: Home, release: Release, row: Any, reasons: pd.DataFrame, lang: str) -> list[str]:
    said, language = _SAID[lang], Language(lang)
    percent = {name: language.percent(float(row[name]), 1) for name in ("score", "low", "high")}
    band = pack.words.bands.get(str(row["band"]))
    as_of = pd.Timestamp(row["as_of"]).date()
    lines = [f"{pack.programme.title[lang]} · {release.release_id}", release.manifest["headline"][lang]]
    mark = stale(home.releases, pack.name)
    lines += [said["stale"].format(on=language.date(dt.date.fromisoformat(mark["on"])))] if mark else []
    lines += [said["simulated"]] if pack.programme.simulated else []
    lines += ["", said["score"].format(as_of=language.date(as_of), **percent)]
    lines.append(said["band"].format(band=band[lang] if band else row["band"]))
    lines += [] if row["informative"] else [said["uninformative"]]
    for title, part in (
        ("raises", reasons[reasons["contribution"] > 0]),
        ("lowers", reasons[reasons["contribution"] < 0]),
    ):
        lines += ["", f"{said[title]}:"]
        strongest = part.sort_values("rank").head(SHOWN)
        lines += [_reason(pack, reason, said, language, lang) for reason in strongest.itertuples()] or [
            f"  {said['none']}"
        ]
    total = float(reasons["contribution"].sum())
    figures = {"base": float(row["base_value"]), "sum": total, "raw": float(row["raw"])}
    lines += ["", said["sum"].format(**{name: f"{value:.3f}" for name, value in figures.items()})]
    lines.append(said["decides"].format(contact=pack.charter.disagreement_contact[lang]))
    return lines


def _reason(pack: Pack, reason: Any, said: dict[str, str], language: Language, lang: str) -> str:
    words = pack.words.factors.get(reason.factor)
    label = words.label[lang] if words else reason.factor
    count = int(reason.evidence_count)
    if not count:
        evidence = said["nothing"]
    elif pd.isna(reason.evidence_age_days):
        evidence = said["no_age"].format(n=count)
    else:
        evidence = said["evidence"].format(n=count, age=int(reason.evidence_age_days))
    value = "" if reason.value is None else said["value"].format(value=reason.value) + ", "
    return f"  {reason.contribution:+.3f}  {label} ({value}{evidence})"


def where_reports_are(home: Home, programme: str) -> str:
    """The paths of the newest reports, with what is to be known of them."""
    pack = load_pack(programme)
    release = newest(home, pack)
    lines = [release.manifest["headline"]["en"]]
    mark = stale(home.releases, pack.name)
    if mark:
        lines.append(f"Stale: {mark['reason']} ({mark['on']})")
    lines += [f"English: {release.report('en')}", f"Deutsch: {release.report('de')}"]
    return "\n".join(lines)
