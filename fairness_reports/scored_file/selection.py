"""Who is selected in a foreign table.

Belongs here: the three rules (threshold, capacity, decision), ties at the capacity.
Does not belong here: the charter's capacity (fairness_reports.capacity, whose rule for ties this is).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_contracts.errors import UsageError
from fairness_reports.capacity import places
from fairness_reports.scored_file.request import Top
from models.metrics import highest

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """Where a capacity ends in one period.

    Attributes
    ----------
    split : str
        The period.
    cases, selected : int
        How many there are, and how many of them are selected.
    tied, placed : int
        How many share the score at which the places run out, and how many of these got a place; 0 without a tie that
        had to be broken.
    """

    split: str
    cases: int
    selected: int
    tied: int
    placed: int


def above_threshold(score: Array, at: float) -> Mask:
    """Selected means score >= threshold; one that selects everybody or nobody is refused."""
    selected = np.asarray(score >= at, dtype=np.bool_)
    if len(score) == 1:
        raise UsageError(
            "there is one row only: a threshold selects everybody or nobody.",
            where="--at",
            todo="Give a table with more rows.",
        )
    if score.min() == score.max():
        raise UsageError(
            "all scores are equal: any threshold selects everybody or nobody.",
            where="--at",
            todo="Check the column with the scores, or give --top N to select a number of cases.",
        )
    if not selected.any():
        raise UsageError(
            "the threshold is above every score: nobody would be selected.",
            where="--at",
            todo="Give one within the scores, or --top N to select a number of cases.",
        )
    if selected.all():
        raise UsageError(
            "the threshold is below or equal to every score: everybody would be selected.",
            where="--at",
            todo="Give one within the scores, or --top N to select a number of cases.",
        )
    return selected


def within_top(score: Array, case_id: NDArray[np.object_], split: Sequence[str], top: Top) -> tuple[Mask, list[Cut]]:
    """Selected means among the highest scores of the period.

    A share is rounded down, because a service cannot do more than it can. Of cases with the score at which the places
    run out, those with the lowest SHA-256 of their id are taken.
    """
    selected = np.zeros(len(score), dtype=np.bool_)
    names = np.asarray(split, dtype=object)
    cuts = []
    for name in sorted(set(names.tolist())):
        rows = np.flatnonzero(names == name)
        count = min(top.count, len(rows)) if top.count is not None else places(len(rows), float(top.share or 0))
        own = score[rows]
        chosen = highest(own, [str(each) for each in case_id[rows]], count)
        selected[rows] = chosen
        tied = placed = 0
        if 0 < count < len(rows):
            last = own[chosen].min()
            tied, placed = int((own == last).sum()), int((chosen & (own == last)).sum())
        broken = placed < tied
        cuts.append(Cut(str(name), len(rows), count, tied if broken else 0, placed if broken else 0))
    if not selected.any():
        raise UsageError(
            "so small a share of so few cases is less than one place: nobody would be selected.",
            where="--top",
            todo="Give a larger share or a number of cases.",
        )
    return selected, cuts
