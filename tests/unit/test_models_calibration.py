"""The calibrator's edges, and the committed study of its coverage: bounds met, figures reproducible."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from models import calibration
from models.calibration import Calibrator, fit_calibrator
from simulations.calibration import HARD, RESULTS, SHAPES, Cell, run_cell, totals

STUDY = json.loads(RESULTS.read_text())
SIZES = [f"{size} {kind}" for kind in ("cases", "calibration rows") for size in (1_000, 10_000, 100_000)]


def rows(n: int = 400, seed: int = 0, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    raw = generator.normal(size=n)
    y = (generator.random(n) < expit(slope * raw - 1)).astype(np.float64)
    return raw, y, np.arange(n).astype(str).astype(object)


@pytest.mark.parametrize("size", SIZES)
def test_the_interval_covers_the_true_rate_as_often_as_it_says(size: str) -> None:
    found = STUDY["totals"][size]
    assert found["coverage"] - 2 * found["monte_carlo_error"] >= 0.87
    assert found["coverage"] + 2 * found["monte_carlo_error"] <= 0.93
    assert set(found["shape"]) == set(SHAPES)
    for by in ("rate", "clustered"):
        assert all(0.86 <= value <= 0.94 for value in found[by].values()), by
    assert all(0.83 <= value <= 0.98 for name, value in found["shape"].items() if name not in HARD)
    assert all(0.84 <= value <= 0.96 for value in found["deciles"])


@pytest.mark.parametrize("size", SIZES)
def test_the_study_can_fail_and_platts_line_does(size: str) -> None:
    assert STUDY["totals"][size]["platt"] < 0.8


def test_the_totals_are_those_of_the_cells() -> None:
    assert json.loads(json.dumps(totals(STUDY["cells"]))) == STUDY["totals"]
    assert {(cell["shape"], cell["rate"], cell["clustered"]) for cell in STUDY["cells"]} == {
        (shape, rate, clustered) for shape in SHAPES for rate in (0.05, 0.1, 0.2, 0.5) for clustered in (False, True)
    }


def test_a_cell_run_again_gives_the_committed_figures() -> None:
    (committed,) = [
        cell
        for cell in STUDY["cells"]
        if (cell["size"], cell["shape"], cell["rate"], cell["clustered"]) == ("1000 cases", "sigmoid", 0.2, True)
    ]
    cell = Cell(**{name: committed[name] for name in ("rows", "shape", "rate", "clustered", "repeats", "seed")})
    assert (cell.rows, cell.seed) == (250, STUDY["seed"])
    assert {"size": "1000 cases", **run_cell(cell)} == committed


def test_scores_of_real_candidates_are_near_the_true_chance() -> None:
    fits = [fit for fit in STUDY["fits"] if fit["cases"] >= 20_000]
    assert {(fit["candidate"], fit["cases"]) for fit in fits} >= {
        ("logistic", 20_000),
        ("hist_gradient_boosting", 20_000),
    }
    assert all(fit["calibration_error"] < 0.02 for fit in fits)


def test_intervals_that_are_too_narrow_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(250, "overconfident", 0.2, False, 20, 5)
    honest = run_cell(cell)["coverage"]
    whole = Calibrator.interval
    monkeypatch.setattr(Calibrator, "interval", lambda self, raw: whole(self, raw, 0.5))
    assert run_cell(cell)["coverage"] < honest - 0.2


@pytest.mark.parametrize("slope", [-1.0, 0.0])
def test_raw_that_says_nothing_or_points_the_wrong_way_gives_everyone_the_rate(slope: float) -> None:
    raw, y, clusters = rows(slope=-3.0)
    calibrator = fit_calibrator(raw if slope else raw * 0, y, clusters)
    assert calibrator.note == "constant"
    score = calibrator.score(np.array([-50.0, 0.0, 50.0]))
    assert score == pytest.approx(np.full(3, y.mean()))
    low, high = calibrator.interval(np.zeros(2))
    assert np.ptp(low) == np.ptp(high) == 0
    half = 1.645 * np.sqrt(y.mean() * (1 - y.mean()) / len(y))
    assert (high - low)[0] == pytest.approx(2 * half, rel=0.02)


def test_one_kind_of_outcome_keeps_scores_off_0_and_1() -> None:
    raw, y, clusters = rows(60)
    calibrator = fit_calibrator(raw, y * 0, clusters)
    assert calibrator.rate == pytest.approx(0.5 / 61)
    low, high = calibrator.interval(raw)
    assert ((low > 0) & (high < 0.3)).all()


def test_two_values_of_raw_give_their_two_rates() -> None:
    raw, y, clusters = rows(2000)
    raw = np.where(raw > 0, 1.0, -1.0)
    calibrator = fit_calibrator(raw, y, clusters)
    assert calibrator.note == "logistic"
    assert calibrator.score(np.array([-1.0, 1.0])) == pytest.approx([y[raw < 0].mean(), y[raw > 0].mean()], abs=1e-3)


def test_classes_that_do_not_overlap_keep_the_curve_finite() -> None:
    raw = np.linspace(-2, 2, 80)
    calibrator = fit_calibrator(raw, (raw > 0).astype(np.float64), np.arange(80))
    score = calibrator.score(np.array([-2.0, 0.0, 2.0]))
    assert 0 < score[0] < 0.1 < score[1] < 0.9 < score[2] < 1


def test_rows_that_are_copies_of_each_other_count_once() -> None:
    raw, y, clusters = rows(400)
    raw = np.sign(raw)
    once = fit_calibrator(raw, y, clusters)
    four = fit_calibrator(*(np.repeat(values, 4) for values in (raw, y, clusters)))
    alone = fit_calibrator(np.repeat(raw, 4), np.repeat(y, 4), np.arange(1600))
    widths = [np.mean(np.subtract(*one.interval(raw)[::-1])) for one in (once, four, alone)]
    assert four.correlation == pytest.approx(1, abs=1e-3)
    assert once.correlation == 0
    assert widths[1] == pytest.approx(widths[0], rel=0.03)
    assert widths[2] == pytest.approx(widths[0] / 2, rel=0.03)


def test_a_curve_is_followed_where_a_line_would_be_wrong() -> None:
    generator = np.random.default_rng(3)
    raw = generator.normal(size=20_000) * 1.5
    true = expit(2.2 * np.tanh(raw) - 1.5)
    y = (generator.random(20_000) < true).astype(np.float64)
    calibrator = fit_calibrator(raw, y, np.arange(20_000))
    assert np.abs(calibrator.score(raw) - true).mean() < 0.01


def test_many_rows_are_scored_in_little_memory() -> None:
    import tracemalloc

    raw, y, clusters = rows(2_000)
    calibrator = fit_calibrator(raw, y, clusters)
    many = np.tile(raw, 100)
    tracemalloc.start()
    calibrator.interval(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * many.nbytes


def test_the_averaged_penalties_reach_from_a_line_to_a_curve() -> None:
    few, many = (calibration._penalties(n) for n in (250, 25_000))
    assert few[0] == pytest.approx(1_000)
    assert many[0] == pytest.approx(100_000)
    assert few[-1] == pytest.approx(1e-4, rel=1)
