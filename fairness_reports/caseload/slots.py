"""Who gets a review slot: by score, by lot, and who could as well be on either side.

Belongs here: how many slots there are, who gets them, the border zone.
Does not belong here: the capacity itself (fairness_reports.charter), what a list says of a case (words). A slot means
that a team looks at a case; it is never an outcome, and nothing follows from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.capacity import places
from models.metrics import highest


@dataclass(frozen=True)
class Slots:
    """What was decided about each case of a team.

    Attributes
    ----------
    by_score, drawn : ndarray of bool, shape (n,)
        Who has a slot by score; who was drawn at random. Nobody is both.
    border : ndarray of bool, shape (n,)
        Who could as well be on the other side of the last slot by score.
    models : int
        How many models were asked, the deployed one included.
    pool : int
        Among how many cases the draw was made.
    """

    by_score: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    border: NDArray[np.bool_]
    models: int
    pool: int


def slot_counts(cases: int, capacity: float, drawn_at_random: float) -> tuple[int, int]:
    """How many review slots go by score and how many by lot.

    Parameters
    ----------
    cases : int
        Open cases of the team.
    capacity : float
        The charter's capacity, in (0, 1]: the slots are this share of the cases, rounded down.
    drawn_at_random : float
        Share of the slots that is drawn, in [0, 1): rounded to the nearest whole, halves up.

    Returns
    -------
    by_score, drawn : int
        Together all slots.
    """
    if not 0 <= drawn_at_random < 1:
        raise PlumblineError("the share drawn at random is not from 0 up to below 1.", where="charter.yaml: caseload")
    slots = places(cases, capacity)
    drawn = int((Decimal(str(float(drawn_at_random))) * slots).to_integral_value(rounding=ROUND_HALF_UP))
    return slots - drawn, drawn


def drawn_order(case_ids: Sequence[str], release_id: str, team: str) -> list[int]:
    """The order of a lottery that anybody can repeat with a calculator for SHA-256.

    Parameters
    ----------
    case_ids : sequence of str
        The cases among which is drawn.
    release_id, team : str
        What the draw hangs on: the same release and team give the same draw, whoever makes the list and however often.

    Returns
    -------
    list of int
        Positions in `case_ids`, rising by SHA-256 of "draw", release id, team and case id, joined by line feeds. Case
        ids are pseudonyms made with a key, so the order knows nothing of the cases.
    """
    key = [hashlib.sha256("\n".join(("draw", release_id, team, each)).encode()).digest() for each in case_ids]
    return sorted(range(len(key)), key=lambda place: (key[place], case_ids[place]))


def assign_slots(
    case_id: Sequence[str],
    score: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    informative: NDArray[np.bool_],
    others: NDArray[np.float64] | None,
    counts: tuple[int, int],
    release_id: str,
    team: str,
) -> Slots:
    """Give the slots of a team to its cases.

    By score only cases whose score is informative get one; ties at the last slot are broken by the SHA-256 of the case
    id, as in the audit. Where informative scores are fewer than the slots by score, the rest is drawn too: no slot is
    lost, and none goes to a score that says nothing. The draw is among all cases without a slot by score.

    A case is in the border zone when its score is informative and
    (a) models that are as good disagree about it: at least one of them would give it a slot by score and at least one
    would not (each ranks the same cases and has the same number of slots), or
    (b) its interval reaches the score on the other side of the last slot: it has a slot, and `low` is not above the
    highest score without one; or it has none, and `high` is not below the lowest score with one. Ties are among these.

    Parameters
    ----------
    case_id : sequence of str, length n
    score, low, high : ndarray of float, shape (n,)
        Shares of one, of the deployed model.
    informative : ndarray of bool, shape (n,)
    others : ndarray of float, shape (n, k), or None
        Scores of the same cases by models that are as good: the audited one, other seeds.
    counts : tuple of int
        From `slot_counts`.
    release_id, team : str
        What the draw hangs on.

    Returns
    -------
    Slots
    """
    n, (by_score, drawn) = len(case_id), counts
    ranked = np.flatnonzero(informative)
    ids = [case_id[int(place)] for place in ranked]
    count = min(by_score, len(ranked))
    on = _selected(n, ranked, score, ids, count)
    pool = [place for place in range(n) if not on[place]]
    lot = np.zeros(n, dtype=np.bool_)
    more = drawn + by_score - count
    order = drawn_order([case_id[place] for place in pool], release_id, team)
    lot[[pool[place] for place in order[:more]]] = True
    border = np.zeros(n, dtype=np.bool_)
    models = 1 if others is None else 1 + others.shape[1]
    if 0 < count < len(ranked):
        off = np.asarray(informative & ~on, dtype=np.bool_)
        border = (on & (low <= score[off].max())) | (off & (high >= score[on].min()))
        votes = on.astype(np.int64)
        for model in range(models - 1):
            assert others is not None  # noqa: S101 - counted above
            votes += _selected(n, ranked, others[:, model], ids, count)
        border |= informative & (votes > 0) & (votes < models)
    return Slots(on, lot, np.asarray(border, dtype=np.bool_), models, len(pool))


def _selected(
    n: int, ranked: NDArray[np.int64], score: NDArray[np.float64], ids: Sequence[str], count: int
) -> NDArray[np.bool_]:
    chosen = np.zeros(n, dtype=np.bool_)
    chosen[ranked[highest(score[ranked], ids, count)]] = True
    return chosen
