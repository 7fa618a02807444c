"""The calibrator on made-up rows of every kind: order, bounds, the same bits."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.calibration import Calibrator, fit_calibrator, natural_spline

SEEDS = st.integers(0, 2**31 - 1)
KINDS = st.sampled_from(["normal", "rounded", "two", "heavy", "huge", "tiny", "equal"])


def rows(seed: int, kind: str, strength: float, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    normal = generator.normal(size=n)
    raw = {
        "normal": normal,
        "rounded": np.round(normal, 1),
        "two": np.sign(normal),
        "heavy": np.sinh(3 * normal),
        "huge": 1e6 * normal,
        "tiny": 1e-6 * normal,
        "equal": np.zeros(n),
    }[kind]
    y = (generator.random(n) < 1 / (1 + np.exp(1 - strength * normal))).astype(np.float64)
    return raw, y, np.array([f"k{i // 3}" for i in range(n)], dtype=object)


@settings(max_examples=80, deadline=None)
@given(SEEDS, KINDS, st.sampled_from([-2.0, 0.0, 0.3, 1.0, 40.0]), st.sampled_from([1, 2, 30, 150, 900]))
@example(seed=2017777, kind="huge", strength=0.0, n=30)  # a slope that is only rounding
def test_a_calibrator_never_turns_the_order_round_and_holds_its_score(
    seed: int, kind: str, strength: float, n: int
) -> None:
    raw, y, clusters = rows(seed, kind, strength, n)
    calibrator = fit_calibrator(raw, y, clusters)
    grid = np.sort(np.concatenate([np.linspace(-40, 40, 500), raw, raw + 1e-13, calibrator.raw]))
    score = calibrator.score(grid)
    low, high = calibrator.interval(grid)
    for values in (score, low, high):
        assert (np.diff(values) >= 0).all()
        assert ((values > 0) & (values < 1)).all()
    assert ((low <= score) & (score <= high)).all()
    assert np.isfinite(calibrator.spread).all()
    assert (calibrator.rows, calibrator.rate) == (n, y.mean() if 0 < y.mean() < 1 else calibrator.rate)
    assert (np.ptp(score) == 0) == (calibrator.note == "constant")


@settings(max_examples=30, deadline=None)
@given(SEEDS, KINDS, st.sampled_from([0.3, 1.0]))
def test_cases_are_not_tied_where_the_curve_is_not_constant(seed: int, kind: str, strength: float) -> None:
    raw, y, clusters = rows(seed, kind, strength, 300)
    calibrator = fit_calibrator(raw, y, clusters)
    grid = np.linspace(max(raw.min(), -29), min(raw.max(), 29), 100)
    if calibrator.note != "constant":
        assert (np.diff(calibrator.score(grid)) > 0).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, KINDS)
def test_the_order_of_the_rows_does_not_move_a_calibrator(seed: int, kind: str) -> None:
    raw, y, clusters = rows(seed, kind, 1.0, 120)
    order = np.random.default_rng(seed).permutation(120)
    one, other = fit_calibrator(raw, y, clusters), fit_calibrator(raw[order], y[order], clusters[order])
    for name, value in vars(one).items():
        assert np.asarray(value).tobytes() == np.asarray(vars(other)[name]).tobytes(), name
    back = Calibrator(**vars(one))
    assert back.score(raw).tobytes() == one.score(raw).tobytes()


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_wider_level_never_gives_a_narrower_interval(seed: int) -> None:
    raw, y, clusters = rows(seed, "normal", 0.8, 200)
    calibrator = fit_calibrator(raw, y, clusters)
    (low, high), (lower, higher) = calibrator.interval(raw, 0.5), calibrator.interval(raw, 0.95)
    assert ((lower <= low) & (high <= higher)).all()
    assert calibrator.interval(raw)[0].tobytes() == calibrator.interval(raw, 0.9)[0].tobytes()


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(3, 20))
def test_the_spline_is_scipys_natural_spline(seed: int, count: int) -> None:
    from scipy.interpolate import CubicSpline

    generator = np.random.default_rng(seed)
    knots = np.cumsum(generator.uniform(0.05, 2, count))
    values = generator.normal(size=count)
    x = generator.uniform(knots[0], knots[-1], 50)
    design, curvature = natural_spline(x, knots)
    spline = CubicSpline(knots, values, bc_type="natural")
    np.testing.assert_allclose(design @ values, spline(x), atol=1e-8)
    second = spline.derivative(2)
    gaps, ends = np.diff(knots), second(knots)
    expected = (gaps * (ends[:-1] ** 2 + ends[:-1] * ends[1:] + ends[1:] ** 2) / 3).sum()
    np.testing.assert_allclose(values @ curvature @ values, expected, rtol=1e-8)
    outside = np.array([knots[0] - 3, knots[-1] + 2])
    line = [spline(knots[0]) - 3 * spline(knots[0], 1), spline(knots[-1]) + 2 * spline(knots[-1], 1)]
    np.testing.assert_allclose(natural_spline(outside, knots)[0] @ values, line, atol=1e-8)
