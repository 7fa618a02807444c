"""Scores of open cases, with what can honestly be said about each.

Belongs here: the columns of scores.parquet.
Does not belong here: who is selected, or whether scores may leave at all (fairness_reports).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.dataset import Rows
from models.explanation import contributions
from models.model import Model
from models.spec import BandSpec

SPANS_BASE_RATE = "interval_spans_base_rate"
"""Reason code: the interval of the score holds the average, so the score says no more than the average does."""


def score(
    model: Model, rows: Rows, bands: BandSpec, explained: tuple[pd.DataFrame, np.ndarray] | None = None
) -> pd.DataFrame:
    """Score rows.

    Parameters
    ----------
    model : Model
        The model.
    rows : Rows
        Rows to score, such as `Rows.to_score()`.
    bands : BandSpec
        The `bands:` section.
    explained : tuple, optional
        What `contributions(model, rows.X)` returned, where it is at hand.

    Returns
    -------
    DataFrame
        case_id, person_id, as_of, team, score, low, high, band, informative, reason, raw, base_value, model_version,
        in the order of the rows.
    """
    _, base_value = explained if explained is not None else contributions(model, rows.X)
    raw = model.raw(rows.X)
    probability = model.calibrator.score(raw)
    low, high = model.calibrator.interval(raw)
    spans = (low <= model.base_rate) & (model.base_rate <= high)
    frame = rows.frame
    return pd.DataFrame(
        {
            "case_id": frame["case_id"].to_numpy(),
            "person_id": frame["person_id"].to_numpy(),
            "as_of": frame["as_of"].to_numpy(),
            "team": frame["team"].to_numpy(),
            "score": probability,
            "low": low,
            "high": high,
            "band": band_of(probability, bands),
            "informative": ~spans,
            "reason": np.array([SPANS_BASE_RATE if holds else None for holds in spans], dtype=object),
            "raw": raw,
            "base_value": base_value,
            "model_version": model.version,
        }
    )


def band_of(probability: np.ndarray, bands: BandSpec) -> np.ndarray:
    """Name of the band of each score: the first whose `up_to` lies above it."""
    ends = np.array([band.up_to for band in bands.root])
    names = np.array([band.name for band in bands.root], dtype=object)
    place = np.minimum(np.searchsorted(ends, probability, side="right"), len(names) - 1)
    named: np.ndarray = names[place]
    return named
