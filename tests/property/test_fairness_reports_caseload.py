"""Whatever the scores: slots are as many as the capacity, by score above all others, and the draw is one of chance."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_reports.capacity import places
from fairness_reports.caseload import assign_slots, drawn_order, slot_counts

SHARES = st.floats(0.01, 1)


@given(st.integers(0, 5000), SHARES, st.floats(0, 0.99))
def test_by_score_and_by_lot_make_all_slots(cases: int, capacity: float, drawn: float) -> None:
    by_score, by_lot = slot_counts(cases, capacity, drawn)
    assert by_score + by_lot == places(cases, capacity)
    assert by_score >= 0
    assert abs(by_lot - drawn * (by_score + by_lot)) <= 0.5 + 1e-9


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_slots(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 25))
    grid = st.lists(st.integers(0, 8), min_size=n, max_size=n)  # few values: many ties
    score = np.array(data.draw(grid)) / 8
    others = np.array([data.draw(grid) for _ in range(data.draw(st.integers(0, 3)))]).reshape(-1, n).T / 8
    width = data.draw(st.sampled_from([0.0, 0.125, 0.5]))
    informative = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    ids = [f"case{i}" for i in range(n)]
    counts = slot_counts(n, data.draw(SHARES), data.draw(st.floats(0, 0.9)))

    def made(order: np.ndarray) -> dict[str, tuple[bool, bool, bool]]:
        slots = assign_slots([ids[i] for i in order], score[order], score[order] - width, score[order] + width,
                             informative[order], others[order], counts, "release", "team")  # fmt: skip
        told = zip(slots.by_score, slots.drawn, slots.border, strict=True)
        return {ids[i]: tuple(bool(each) for each in one) for i, one in zip(order, told, strict=True)}  # type: ignore[misc]

    found = made(np.arange(n))
    assert made(np.arange(n)[::-1]) == found, "the order of rows is nothing"
    on, drawn, border = (np.array([found[case][k] for case in ids]) for k in range(3))
    assert on.sum() + drawn.sum() == sum(counts), "no slot is lost"
    assert not (on & drawn).any()
    assert not (on & ~informative).any()
    assert not (border & ~informative).any()
    off = informative & ~on
    if on.any() and off.any():
        assert score[on].min() >= score[off].max()
        cut = score[on].min()
        assert border[informative & (score == cut)].all() or score[off].max() < cut, "who ties at the end is in it"
        for model in others.T:
            best = np.sort(model[informative])[::-1][on.sum() - 1]
            assert border[off & (model > best)].all(), "a model that is as good would give it a slot"
            assert border[on & (model < best)].all(), "a model that is as good would give it none"
    else:
        assert not border.any()


def test_the_draw_favours_nobody() -> None:
    ids = [f"case{i}" for i in range(20)]
    drawn: Counter[int] = Counter()
    for release in range(2000):
        drawn.update(drawn_order(ids, f"release{release}", "team")[:5])
    expected = 2000 * 5 / 20
    chi = sum((drawn[i] - expected) ** 2 / expected for i in range(20))
    assert chi < 45, "19 degrees of freedom: above 43.8 once in a thousand"
    assert drawn_order(ids, "release", "team") != drawn_order(ids, "release", "another")
