"""Which metrics need outcomes.

Belongs here: metrics as quotients of linear forms.
Does not belong here: their bounds (bounds).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WITHOUT_OUTCOMES: Final = (
    "n",
    "unknown_share",
    "selection_rate",
    "mean_score",
    "capacity_share",
    "group_share",
    "attrition",
    "proxy_auc",
    "raw",
    "contribution",
)
"""Metrics that need no outcome; also with a name in brackets behind them."""
WITH_OUTCOME_BANDS: Final = ("with outcome", "without outcome")


def needs_outcomes(metrics: pd.Series, bands: pd.Series | None = None) -> NDArray[np.bool_]:
    """Whether the figures of these metrics change with the outcomes."""
    needed = ~metrics.astype(str).str.replace(r"\[.*\]$", "", regex=True).isin(WITHOUT_OUTCOMES)
    if bands is not None:
        needed |= bands.isin(WITH_OUTCOME_BANDS)
    return needed.to_numpy(dtype=np.bool_)
