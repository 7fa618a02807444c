"""Who is within the capacity of the service.

Belongs here: from scores to "selected", with ties broken by a stated rule.
Does not belong here: the capacity itself (fairness_reports.charter), or any action: selected means only that a team
with this capacity, working down the list, would have reached this case.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from models.metrics import highest


def places(cases: int, share: float) -> int:
    """How many cases the capacity reaches.

    `share` of `cases`, rounded down, because a service cannot do more than it can. Computed in decimals, so that .29
    of 100 cases is 29 and not 28.

    Parameters
    ----------
    cases : int
        How many cases there are.
    share : float
        The charter's capacity, in (0, 1].

    Returns
    -------
    int
        From 0 (too few cases for one place) to `cases`.
    """
    if not 0 < share <= 1:
        raise PlumblineError(
            "the capacity is not a share above 0 and up to 1.", todo="Correct `capacity` in charter.yaml."
        )
    return int((Decimal(str(float(share))) * cases).to_integral_value(rounding=ROUND_FLOOR))


def select(
    score: Sequence[float] | NDArray[np.float64] | pd.Series,
    case_id: Sequence[object] | NDArray[Any] | pd.Series,
    share: float,
) -> NDArray[np.bool_]:
    """Mark the cases with the highest scores, as many as the capacity reaches.

    Among cases with the score at which the places run out, those with the lowest SHA-256 of their case id are taken:
    the same on every machine and whatever the order of the rows, and unrelated to when a case was opened.

    Parameters
    ----------
    score : sequence of float
        One score per case, none missing.
    case_id : sequence
        The ids of the cases.
    share : float
        The capacity as a share of the cases, in (0, 1].

    Returns
    -------
    numpy.ndarray of bool
        True for exactly `places(len(score), share)` cases.
    """
    scores = np.asarray(score, dtype=np.float64)
    ids = [str(value) for value in case_id]
    if len(ids) != len(scores):
        raise PlumblineError(f"{len(scores)} scores, but {len(ids)} case ids.")
    if np.isnan(scores).any():
        raise PlumblineError(
            f"{int(np.isnan(scores).sum())} cases have no score.", todo="Score every case before selecting."
        )
    return highest(scores, ids, places(len(scores), share))


def select_within(frame: pd.DataFrame, share: float, by: Sequence[str] = ("split",)) -> pd.Series:
    """`select` inside each split: the capacity is one of each round, not of all rounds together.

    Parameters
    ----------
    frame : pandas.DataFrame
        With columns `score`, `case_id` and those of `by` (missing ones are ignored).
    share : float
        The capacity as a share of the cases of each round.
    by : sequence of str
        What makes a round.

    Returns
    -------
    pandas.Series of bool
        On the index of `frame`.
    """
    result = pd.Series(False, index=frame.index, name="selected")
    keys = [key for key in by if key in frame.columns]
    rounds = frame.groupby(keys, sort=True, observed=True).indices.values() if keys else [np.arange(len(frame))]
    values = result.to_numpy(copy=True)
    for rows in rounds:
        values[rows] = select(frame["score"].to_numpy()[rows], frame["case_id"].to_numpy()[rows], share)
    return pd.Series(values, index=frame.index, name="selected")
