"""What became of past cases in each band of scores.

Belongs here: the observed share of a band in the test, and the sentence about it, for pages and for one case.
Does not belong here: measuring it (fairness_reports.audit), which band a score lies in (models.scoring).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.context import rows_of
from fairness_reports.reports.figures import is_overall, known
from features.words import Words

TO = "–"
"""Between the ends of a band in the audit: "0.120–0.250"."""


def band_rows(fairness: pd.DataFrame) -> list[tuple[float, float, Any]]:
    """Each band of the audit, rising: its ends, and its observed share.

    Parameters
    ----------
    fairness : DataFrame
        Rows of fairness.parquet for one split, the test.
    """
    frame = fairness[fairness["attribute"].map(is_overall) & (fairness["metric"] == "base_rate")]
    frame = frame[(frame["comparison"] == "value") & frame["band"].astype(str).str.contains(TO)]
    found = []
    for row in rows_of(frame):
        low, high = (float(end) for end in str(row.band).split(TO))
        found.append((low, high, row))
    return sorted(found, key=lambda item: item[:2])


def band_of_score(fairness: pd.DataFrame, score: float) -> Any | None:
    """The row of the band that a score lies in; None where the audit has none."""
    rows = [row for low, high, row in band_rows(fairness) if low <= score < high or (score == high == 1)]
    return rows[0] if rows else None


def is_told(row: Any, minimum_cell: int) -> bool:
    """Whether a band has a figure: enough cases, and their outcomes known."""
    return known(row.value) and known(row.n) and int(row.n) >= minimum_cell


def band_sentence(language: Language, words: Words, row: Any) -> Markup:
    """Of 100 past cases with a score like this, how many had the recorded outcome, with the interval."""
    ends = [of_100(end if known(end) else row.value) for end in (row.low, row.high)]
    key = "index.band_rare" if of_100(row.value) < 1 else "index.band_sentence"
    case, outcome = language.text(words.case.many), language.text(words.outcome)
    return language.t(key, cases=case, value=of_100(row.value), outcome=outcome, low=ends[0], high=ends[1])


def of_100(share: float) -> int:
    """A share as so many of a hundred."""
    return round(float(share) * 100)
