"""The rows of the audit.

Belongs here: the columns of fairness.parquet and the collection of rows.
Does not belong here: any computation of a figure.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.states import NOT_JUDGED

COLUMNS: Final = (
    "split",
    "as_of",
    "attribute",
    "group",
    "band",
    "metric",
    "comparison",
    "reference",
    "value",
    "low",
    "high",
    "n",
    "identification",
    "bound_low",
    "bound_high",
    "state",
    "confirmatory",
    "needed_n",
    "detectable_gap",
    "tipping_point",
    "reason",
)
"""Columns of the audit."""
_TEXTS = (
    "split",
    "attribute",
    "group",
    "band",
    "metric",
    "comparison",
    "reference",
    "identification",
    "state",
    "reason",
)
_FIGURES = ("value", "low", "high", "bound_low", "bound_high", "detectable_gap", "tipping_point")


class Table:
    """Collects pieces of rows; a piece is one metric and comparison for all groups of a partition."""

    def __init__(self, split: str, as_of: date | None) -> None:
        self._fixed = {"split": split, "as_of": as_of}
        self._pieces: list[dict[str, Any]] = []

    def add(self, size: int, **columns: Any) -> None:
        """Add `size` rows; each column an array of that length or one value for all."""
        defaults = {
            "band": "all",
            "reference": None,
            "value": np.nan,
            "low": np.nan,
            "high": np.nan,
            "n": np.nan,
            "identification": None,
            "bound_low": np.nan,
            "bound_high": np.nan,
            "state": NOT_JUDGED,
            "confirmatory": False,
            "needed_n": np.nan,
            "detectable_gap": np.nan,
            "tipping_point": np.nan,
            "reason": None,
        }
        piece = {**self._fixed, **defaults, **columns}
        self._pieces.append({name: _spread(piece[name], size) for name in COLUMNS})

    def frame(self) -> pd.DataFrame:
        """All rows in the order in which they were added."""
        return typed(
            pd.DataFrame(
                {name: np.concatenate([piece[name] for piece in self._pieces]) for name in COLUMNS}, columns=COLUMNS
            )
        )


def _spread(value: Any, size: int) -> Any:
    if isinstance(value, np.ndarray | list):
        return np.asarray(value, dtype=None if isinstance(value, np.ndarray) else object)
    kind = object if value is None or isinstance(value, str | date) else None
    column = np.empty(size, dtype=kind or type(value))
    column[:] = value
    return column


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The column types of the audit: the same whatever the rows hold."""
    for name in _TEXTS:
        frame[name] = frame[name].astype("str")
    for name in _FIGURES:
        frame[name] = frame[name].astype(np.float64)
    for name in ("n", "needed_n"):
        frame[name] = frame[name].astype("Int64")
    frame["confirmatory"] = frame["confirmatory"].astype(np.bool_)
    frame["as_of"] = frame["as_of"].astype(object)
    return frame
