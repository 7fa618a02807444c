"""What must hold of every candidate, whatever the rows: directions, exact contributions, one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.candidates import PointsModel
from models.candidates.statements import readable_cuts
from models.candidates.tuning import canonical_order
from tests.models_candidates import KINDS, fitted

SEEDS = st.integers(0, 2**31 - 1)
DIRECTED = [kind for kind in KINDS if kind in ("points", "logistic", "hist_gradient_boosting", "ebm")]


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(DIRECTED), st.sampled_from([(0, 1.0), (2, -1.0)]))
def test_a_declared_direction_holds_everywhere(seed: int, kind: str, directed: tuple[int, float]) -> None:
    column, sign = directed
    model, X = fitted(kind, seed, n=250)
    for row in X[:12]:
        rising = np.repeat(row[None], 60, axis=0)
        rising[:, column] = np.linspace(-3, 22, 60)
        assert (sign * np.diff(model.raw(rising)) >= -1e-12).all()


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(KINDS))
def test_contributions_add_up_also_for_categories_and_what_was_never_met(seed: int, kind: str) -> None:
    model, X = fitted(kind, seed, n=250)
    strange = X.copy()
    strange[::3, [1, 3, 4]] = 0
    strange[1::3] = np.nan
    strange[2::3, 0] *= 1e5
    for rows in (X, strange):
        contributions, base = model.contributions(rows)
        assert np.abs(base + contributions.sum(axis=1) - model.raw(rows)).max() <= 1e-9
    assert model.raw(strange[5:6])[0] == model.raw(strange)[5]
    np.testing.assert_array_equal(model.contributions(strange[5:6])[0][0], model.contributions(strange)[0][5])


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 6))
def test_a_points_list_keeps_to_its_size(seed: int, items: int, largest: int) -> None:
    model, X = fitted("points", seed, n=300, max_items=items, max_points=largest)
    assert isinstance(model, PointsModel)
    assert len(model.points) <= items
    assert (np.abs(model.points) <= largest).all()
    assert (model.points != 0).all()
    assert model.slope >= 0
    assert np.unique(model.columns, return_counts=True)[1].max(initial=0) <= 2
    assert model.total(X).dtype.kind == "i"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_cut_offs_rise_and_each_divides_the_values(values: list[float]) -> None:
    told = np.array(values)
    cuts = readable_cuts(told)
    below = [int((told < cut).sum()) for cut in cuts]
    assert below == sorted(set(below))
    assert all(0 < count < len(told) for count in below)
    assert bool(cuts) == (told.min() < told.max())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.booleans(), st.text(max_size=2)), min_size=1, max_size=30), st.randoms())
def test_rows_come_in_one_order(rows: list[tuple[float, bool, str]], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random

    def ordered(rows: list[tuple[float, bool, str]]) -> list[str]:
        X, y = np.array([[r[0]] for r in rows]), np.array([float(r[1]) for r in rows])
        order = canonical_order(X, y, np.array([r[2] for r in rows], dtype=object))
        return [repr((rows[i][0] + 0.0, rows[i][1], rows[i][2])) for i in order]

    assert ordered(rows) == ordered(shuffled)


def test_every_kind_that_respects_directions_was_tried() -> None:
    if "ebm" not in DIRECTED:
        pytest.skip("interpret-core is not installed: scripts/setup ebm")
    assert len(DIRECTED) == 4
