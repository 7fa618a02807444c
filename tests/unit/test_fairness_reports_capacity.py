"""Who is selected: exact counts, ties by the hash of the case id."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.capacity import places, select, select_within


@pytest.mark.parametrize(
    ("cases", "share", "expected"), [(100, 0.29, 29), (30, 0.1, 3), (9, 0.1, 0), (19, 0.1, 1), (7, 1.0, 7)]
)
def test_places_round_down_in_decimals(cases: int, share: float, expected: int) -> None:
    assert places(cases, share) == expected


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(PlumblineError, match="capacity is not a share"):
        places(10, share)


def test_the_highest_scores_are_selected() -> None:
    score = np.array([0.1, 0.9, 0.5, 0.8, 0.2])
    assert select(score, list("abcde"), 0.4).tolist() == [False, True, False, True, False]


def test_ties_are_broken_by_the_hash_of_the_case_id_whatever_the_order() -> None:
    ids = [f"case {i}" for i in range(20)]
    wanted = set(sorted(ids, key=lambda each: hashlib.sha256(each.encode()).digest())[:5])
    for order in (list(range(20)), list(reversed(range(20)))):
        chosen = select(np.full(20, 0.5), [ids[i] for i in order], 0.25)
        assert {ids[i] for i, taken in zip(order, chosen, strict=True) if taken} == wanted


def test_nobody_is_selected_when_there_is_no_place() -> None:
    assert not select([0.3, 0.9], ["a", "b"], 0.1).any()


def test_a_case_without_a_score_is_refused() -> None:
    with pytest.raises(PlumblineError, match="1 cases have no score"):
        select([0.3, np.nan], ["a", "b"], 0.5)


def test_scores_and_ids_must_match() -> None:
    with pytest.raises(PlumblineError, match="2 scores, but 1 case ids"):
        select([0.3, 0.4], ["a"], 0.5)


def test_each_round_has_its_own_capacity() -> None:
    frame = pd.DataFrame(
        {"split": ["x"] * 4 + ["y"] * 2, "case_id": list("abcdef"), "score": [0.9, 0.8, 0.7, 0.6, 0.2, 0.1]},
        index=range(10, 16),
    )
    selected = select_within(frame, 0.5)
    assert selected.tolist() == [True, True, False, False, True, False]
    assert selected.index.tolist() == frame.index.tolist()
    assert select_within(frame, 0.5, by=[]).sum() == 3
