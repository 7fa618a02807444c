"""One case as text for the terminal: its score, what is known of that score, and the strongest reasons.

Belongs here: which sentences stand there, in which order.
Does not belong here: reading releases (release_read), computing a reason (models). There is no page for one case yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from fairness_reports.reports.association import tagged
from fairness_reports.reports.bands import band_sentence
from fairness_reports.reports.context import rows_of
from fairness_reports.reports.language import Language
from features.words import Text, Words

SHOWN = 5
"""How many reasons of each direction are shown."""


@dataclass(frozen=True)
class Case:
    """What a release says of one case.

    Parameters
    ----------
    score : mapping
        Its row of scores.parquet.
    reasons : DataFrame
        Its rows of explanations.parquet.
    release_id : str
        The release.
    headline : str
        The verdict in the reader's language.
    title, contact : Text
        The programme's title; to whom one says "I disagree".
    words : Words
        The programme's words.
    simulated : bool
        Whether the data are simulated.
    stale_since : date or None
        When a newer delivery was refused.
    others : mapping of str to str
        From `fairness_reports.reports.association.about_others`: the factors that speak of other people. Of these the
        text tells only whether anything is recorded.
    past : row of fairness.parquet or None
        What became of past cases in this band, from `fairness_reports.reports.bands.band_of_score`; None where that is
        not known or may not be told.
    """

    score: Any
    reasons: pd.DataFrame
    release_id: str
    headline: str
    title: Text
    contact: Text
    words: Words
    simulated: bool = False
    stale_since: date | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    past: Any | None = None


def case_text(language: Language, case: Case) -> str:
    """The case in one language.

    Returns
    -------
    str
        Lines for a terminal: no colour is needed to read them, and nothing in them recommends an action.
    """
    t, row, reasons = language.t, case.score, case.reasons
    lines = [f"{language.text(case.title)} · {case.release_id}", case.headline]
    lines += [t("case.stale", on=language.date(case.stale_since))] if case.stale_since else []
    lines += [t("site.simulated")] if case.simulated else []
    interval = {name: language.percent(float(row[name]), 1) for name in ("score", "low", "high")}
    as_of = pd.Timestamp(row["as_of"]).date()
    lines += ["", t("case.score", as_of=language.date(as_of), **interval)]
    lines.append(t("case.band", band=language.text(case.words.bands.get(str(row["band"])) or str(row["band"]))))
    lines += [] if case.past is None else [band_sentence(language, case.words, case.past)]
    lines += [] if row["informative"] else [t(f"case.uninformative.{row['reason']}")]
    sides = (("raises", reasons["contribution"] > 0), ("lowers", reasons["contribution"] < 0))
    for title, side in sides:
        strongest = rows_of(reasons[side].sort_values("rank").head(SHOWN))
        lines += ["", f"{t(f'case.{title}')}:"]
        lines += [_reason(language, case, reason) for reason in strongest] or [f"  {t('case.none')}"]
    figures = {"base": row["base_value"], "sum": reasons["contribution"].sum(), "raw": row["raw"]}
    lines += ["", t("case.sum", **{name: language.number(float(value), 3) for name, value in figures.items()})]
    lines.append(t("case.decides", contact=language.text(case.contact)))
    # the catalogue escapes for pages; a terminal wants the characters themselves
    return "\n".join(line.unescape() if hasattr(line, "unescape") else str(line) for line in lines)


def _reason(language: Language, case: Case, reason: Any) -> str:
    t, known = language.t, case.words.factors.get(reason.factor)
    how = case.others.get(str(reason.factor))
    label = tagged(language, language.text(known.label) if known else str(reason.factor), how)
    count = int(reason.evidence_count)
    if not count:
        evidence = t("case.nothing")
    elif how is not None:
        evidence = t("case.something")
    elif pd.isna(reason.evidence_age_days):
        evidence = t("case.undated", count=language.number(count))
    else:
        age = t("case.age", n=int(reason.evidence_age_days))
        evidence = t("case.evidence", count=language.number(count), age=age)
    parts = [] if how is not None or pd.isna(reason.value) else [str(t("case.value", value=reason.value))]
    size = language.number(abs(float(reason.contribution)), 3)
    sign = "+" if reason.contribution > 0 else "−"
    return f"  {sign}{size}  {label} ({', '.join([*parts, str(evidence)])})"
