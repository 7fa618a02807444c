"""What must hold of mitigation's figures, whatever the cases."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_reports.mitigation.figures import Difference, change_of_largest, largest, wilson
from fairness_reports.mitigation.grouping import POOLED, pooling
from fairness_reports.mitigation.options import weights_of


def difference(values: list[float], spread: float, seed: int) -> Difference:
    value = np.array(values)
    noise = np.random.default_rng(seed).normal(scale=spread, size=(200, len(values)))
    return Difference(value, np.full(len(values), 100.0), value + noise, np.zeros(len(values)))


VALUES = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.floats(0.001, 0.1), st.integers(0, 9))
def test_the_largest_gap_lies_in_its_interval(values: list[float], spread: float, seed: int) -> None:
    found = largest(difference(values, spread, seed))
    assert found is not None
    place, value, low, high = found
    assert value == abs(values[place]) == max(map(abs, values))
    assert 0 <= low <= value <= high <= 1


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES, st.floats(0.001, 0.1), st.integers(0, 9))
def test_a_change_of_the_largest_gap_lies_in_its_interval_and_turns_round(
    one: list[float], other: list[float], spread: float, seed: int
) -> None:
    a, b = difference(one, spread, seed), difference(other, spread, seed + 1)
    there, back = change_of_largest(a, b), change_of_largest(b, a)
    assert there is not None
    assert back is not None
    value, low, high = there
    assert abs(value - (max(map(abs, one)) - max(map(abs, other)))) < 1e-12
    assert low <= value <= high
    assert abs(back[0] + value) < 1e-12


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 500), st.data(), st.floats(0, 0.3))
def test_a_share_lies_in_its_interval(cases: int, data: st.DataObject, se: float) -> None:
    share = data.draw(st.integers(0, cases)) / cases
    low, high = wilson(share, cases, se)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    assert high - low > 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=4, max_size=60), st.integers(5, 12))
def test_weights_add_up_and_pools_are_large_enough(cells: list[tuple[str, bool]], minimum: int) -> None:
    labels = np.array([name for name, _ in cells], dtype=object)
    y = np.array([float(kind) for _, kind in cells])
    weights = weights_of(labels, y)
    assert (weights > 0).all()
    for name in set(labels.tolist()):
        if 0 < y[labels == name].sum() < (labels == name).sum() and 0 < y.sum() < len(y):
            complete = all(0 < y[labels == each].sum() < (labels == each).sum() for each in set(labels.tolist()))
            if complete:
                assert abs(np.average(y[labels == name], weights=weights[labels == name]) - y.mean()) < 1e-9
    names = pooling(labels, y, minimum)
    made = np.array([names[each] for each in labels])
    everybody = min(y.sum(), (1 - y).sum())
    for name in set(made.tolist()):
        fewest = min(y[made == name].sum(), (1 - y[made == name]).sum())
        assert fewest >= minimum or name == POOLED
        if name == POOLED and fewest < minimum:
            assert set(made.tolist()) == {POOLED} or everybody < minimum
