"""Bins of any values: enough cases in each, in order, every value in one, no end that tells an extreme."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.explanation.shapes import MOST, bins, typical_range

VALUES = st.one_of(
    st.lists(st.integers(-5, 40).map(float), min_size=1, max_size=200),
    st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=200),
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 730.0, 3.5]), min_size=1, max_size=200),
)


@given(values=VALUES, least=st.integers(1, 30))
def test_bins_hold_every_value_once_and_enough_of_them(values: list[float], least: int) -> None:
    ordered = np.sort(np.array(values))
    found = bins(ordered, least)
    assert found[0].start == 0
    assert found[-1].stop == len(ordered)
    assert all(one.stop == other.start for one, other in pairwise(found))
    assert len(found) <= MOST + 1
    whole = bool((ordered == np.floor(ordered)).all())
    for k, each in enumerate(found):
        own = ordered[each.start : each.stop]
        assert len(own) >= min(least, len(ordered))
        assert each.low is None or own[0] >= each.low
        if each.high is not None:
            assert own[-1] <= each.high if whole or each.low == each.high else own[-1] < each.high
        if k and each.low is not None and found[k - 1].high is not None:
            assert each.low >= found[k - 1].high
    # what only one value has, no end tells, unless a bin holds it alone and is large enough for it
    for extreme, end in ((ordered[0], found[0].low), (ordered[-1], found[-1].high)):
        if end is not None:
            assert (ordered == extreme).sum() >= min(least, len(ordered)) or end != extreme


@given(values=VALUES, least=st.integers(1, 30))
def test_typical_ranges_rest_on_enough_values_at_either_end(values: list[float], least: int) -> None:
    ordered = np.sort(np.array(values))
    found = typical_range(ordered, least)
    if found is None:
        assert len(ordered) < 4 * max(least, np.ceil(0.05 * len(ordered)))
        return
    low, high = found
    assert low <= high
    assert (ordered <= low).sum() >= least
    assert (ordered >= high).sum() >= least
