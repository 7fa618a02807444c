"""How often the calibrator's 90 % interval holds the true P(Y = 1 | score), and how far off the score is.

Belongs here: the shapes, the cells of the study, the reference that fails, the fits of real candidates.
Does not belong here: the calibrator (models.calibration).

Run: python -m simulations.calibration [--seed N] [--repeats N] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri

from models.calibration import fit_calibrator
from models.model import fit_model
from models.spec import CandidateSpec

SEED = 1_122_331
"""Of the committed result. The method was developed on seeds 77, 1000, 2000, 3000, 4000, 4001. A first final run, on
20260611, counted the whole of the smoothing bias: it covered .930 at 100,000 cases, too close to the limit."""
RESULTS = Path(__file__).parent / "results" / "calibration.json"
SHARE = 0.25
"""Of the training cases, for calibration: the default of the packs."""
RATES = (0.05, 0.1, 0.2, 0.5)
PLACES = 1000
"""Coverage is averaged over so many cases, evenly spread over the population's ranks."""

Curve = Callable[[np.ndarray], np.ndarray]
SHAPES: dict[str, tuple[Curve, Curve]] = {
    # from a standard normal to raw (less the intercept); from that to the true log-odds (less the intercept)
    "right": (lambda g: g, lambda r: r),
    "overconfident": (lambda g: 1.8 * g, lambda r: 0.55 * r),
    "sigmoid": (lambda g: 1.5 * g, lambda r: 2.2 * np.tanh(r / 1.5)),
    "cubic": (lambda g: 1.2 * g, lambda r: 0.3 * r + 0.12 * r**3),
    "heavy_tailed": (lambda g: np.sinh(1.1 * g), lambda r: 1.1 * np.arcsinh(r)),
    "kink": (lambda g: g, lambda r: 0.1 * r + 1.6 * np.maximum(r - 0.3, 0)),
    "near_constant": (lambda g: 0.02 * g, lambda r: r),
    "counts": (lambda g: 0.5 * np.clip(np.floor(1.2 * np.exp(0.9 * g)), 0, 8), lambda r: 1.6 * (1 - np.exp(-1.2 * r))),
    "jumps": (lambda g: 1.2 * g, lambda r: 0.9 * np.tanh(4 * (r + 0.8)) + 0.9 * np.tanh(4 * (r - 0.9))),
}
HARD = ("jumps",)
"""Told, but not counted among the realistic shapes: no smooth calibrator follows two jumps before it has seen them."""


@dataclass(frozen=True)
class Cell:
    """One setting: calibration rows, shape, base rate, whether rows come in clusters, how often it is repeated."""

    rows: int
    shape: str
    rate: float
    clustered: bool
    repeats: int
    seed: int


@cache
def intercept(shape: str, rate: float) -> float:
    """What to add to the true log-odds so that the outcome rate is `rate`."""
    draw, truth = SHAPES[shape]
    odds = truth(draw(ndtri((np.arange(20_000) + 0.5) / 20_000)))
    return float(brentq(lambda a: expit(a + odds).mean() - rate, -15, 15))


def clusters_of(generator: np.random.Generator, rows: int, clustered: bool) -> np.ndarray:
    """Cluster number of each row: of one to five rows (two on average), or each row its own."""
    if not clustered:
        return np.arange(rows)
    sizes = generator.choice([1, 2, 3, 4, 5], p=[0.4, 0.25, 0.15, 0.1, 0.1], size=rows)
    return np.repeat(np.arange(rows), sizes)[:rows]


def alike(generator: np.random.Generator, clusters: np.ndarray, correlation: float) -> np.ndarray:
    """Standard normals, correlated within clusters."""
    shared = generator.normal(size=clusters[-1] + 1)[clusters]
    normals: np.ndarray = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * generator.normal(
        size=len(clusters)
    )
    return normals


def sample(cell: Cell, repeat: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """raw, outcome and cluster of the calibration rows: P(Y | raw) is exact, outcomes in a cluster are correlated."""
    generator = np.random.default_rng(
        [cell.seed, repeat, cell.rows, list(SHAPES).index(cell.shape), round(cell.rate * 1000), cell.clustered]
    )
    draw, truth = SHAPES[cell.shape]
    level = intercept(cell.shape, cell.rate)
    clusters = clusters_of(generator, cell.rows, cell.clustered)
    raw = draw(alike(generator, clusters, 0.5))
    y = (ndtr(alike(generator, clusters, 0.4)) < expit(level + truth(raw))).astype(np.float64)
    return raw + level, y, clusters


def platt(raw: np.ndarray, y: np.ndarray, clusters: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reference that fails: Platt's line with its cluster-robust 90 % interval, as sure of its shape as ever."""
    scale = raw.std()
    X, places = (np.column_stack([np.ones(len(x)), (x - raw.mean()) / scale]) for x in (raw, at))
    target = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2))
    beta = np.array([logit(y.mean()), 0.1])
    for _ in range(50):
        chance = expit(X @ beta)
        inverse = np.linalg.inv((X.T * (chance * (1 - chance))) @ X)
        step = inverse @ (X.T @ (target - chance))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    parts = np.column_stack([np.bincount(clusters, column) for column in (X * (target - expit(X @ beta))[:, None]).T])
    far = ndtri(0.95) * np.sqrt(((places @ (inverse @ (parts.T @ parts) @ inverse)) * places).sum(axis=1))
    return expit(places @ beta - far), expit(places @ beta + far)


def run_cell(cell: Cell) -> dict[str, Any]:
    """Coverage, width and error of one cell, each a mean over cases and repeats."""
    draw, truth = SHAPES[cell.shape]
    level = intercept(cell.shape, cell.rate)
    places = draw(ndtri((np.arange(PLACES) + 0.5) / PLACES))
    found = [figures(*sample(cell, i), places + level, expit(level + truth(places))) for i in range(cell.repeats)]
    return {**asdict(cell), **summary(found)}


def figures(raw: np.ndarray, y: np.ndarray, clusters: np.ndarray, at: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """One calibration sample against the truth at the places `at`, which stand for equal shares of the cases."""
    calibrator = fit_calibrator(raw, y, clusters)
    constant = calibrator.note == "constant"
    true = np.full(len(truth), truth.mean()) if constant else truth  # among cases with this score: then, among all
    low, high = calibrator.interval(at)
    lower, upper = platt(raw, y, clusters, at)
    held = (low <= true) & (true <= high)
    return {
        "coverage": held.mean(),
        "deciles": [part.mean() for part in np.array_split(held, 10)],
        "platt": ((lower <= truth) & (truth <= upper)).mean(),
        "width": (high - low).mean(),
        "platt_width": (upper - lower).mean(),
        "error": np.abs(calibrator.score(at) - true).mean(),
        "constant": constant,
    }


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over repeats; `monte_carlo_error` is the standard error of the coverage."""
    mean = {name: np.round(np.mean([one[name] for one in found], axis=0), 5).tolist() for name in found[0]}
    spread = float(np.std([one["coverage"] for one in found], ddof=1)) if len(found) > 1 else float("nan")
    return {**mean, "monte_carlo_error": round(spread / np.sqrt(len(found)), 5)}


def cells(seed: int, repeats: int) -> Iterator[tuple[str, Cell]]:
    """All cells under the name of their size; `repeats` is for 1,000 cases, and there are eight cells to a shape."""
    sizes = [
        ("1000 cases", int(1_000 * SHARE), repeats),
        ("10000 cases", int(10_000 * SHARE), repeats),
        ("100000 cases", int(100_000 * SHARE), max(repeats // 2, 1)),
        ("1000 calibration rows", 1_000, repeats),
        ("10000 calibration rows", 10_000, max(repeats // 2, 1)),
        ("100000 calibration rows", 100_000, max(repeats // 10, 1)),
    ]
    for name, rows, times in sizes:
        for shape in SHAPES:
            for rate in RATES:
                for clustered in (False, True):
                    yield name, Cell(rows, shape, rate, clustered, times, seed)


def population(seed: int, rows: int, rate: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Eight features and the true P(Y = 1 | X): an interaction, a threshold, saturation, two of noise."""
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(generator.normal(size=(rows, 8)), columns=[f"x{i}" for i in range(8)])
    X["x3"] = generator.poisson(1.5, rows).astype(np.float64)
    X["x4"] = (generator.random(rows) < 0.3).astype(np.float64)
    odds = 0.8 * X["x0"] + 0.6 * X["x1"] * X["x4"] + 0.9 * (X["x2"] > 1) + 0.8 * (1 - np.exp(-X["x3"])) + 0.4 * X["x5"]
    part = odds.to_numpy()[:20_000]
    level = float(brentq(lambda a: expit(a + part).mean() - rate, -15, 15))
    return X, expit(level + odds.to_numpy())


def draw_outcomes(generator: np.random.Generator, clusters: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Outcomes with exactly these chances, correlated within clusters."""
    return (ndtr(alike(generator, clusters, 0.3)) < chance).astype(np.float64)


def binned(raw: np.ndarray, chance: np.ndarray, bins: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Mean raw and mean true chance in bins of equally many of the population."""
    order = np.argsort(raw, kind="stable")
    return tuple(np.array([part.mean() for part in np.array_split(values[order], bins)]) for values in (raw, chance))  # type: ignore[return-value]


def run_candidate(task: tuple[str, int, float, int, int]) -> dict[str, Any]:
    """A real candidate through fit_model: error of its score, and coverage over fresh calibration folds."""
    name, cases, rate, repeats, seed = task
    generator = np.random.default_rng([seed, cases, round(rate * 1000), len(name)])
    first, second = (int(value) for value in generator.integers(0, 2**31, 2))
    X, chance = population(first, cases, rate)
    clusters = clusters_of(generator, cases, True)
    y = draw_outcomes(generator, clusters, chance)
    ids = np.char.add("k", clusters.astype(str)).astype(object)
    model = fit_model(CandidateSpec(name=name), X, y, ids, seed=seed, calibration_share=SHARE)  # type: ignore[arg-type]
    fresh, truth = population(second, 500_000, rate)
    raw = model.raw(fresh)
    score_in, truth_in = binned(model.calibrator.score(raw), truth)
    at, true = binned(raw, truth)
    low, high = model.calibrator.interval(at)
    found = []
    for _ in range(repeats):
        groups = clusters_of(generator, round(cases * SHARE), True)
        rows = generator.integers(0, len(raw), len(groups))
        found.append(figures(raw[rows], draw_outcomes(generator, groups, truth[rows]), groups, at, true))
    return {
        "candidate": name,
        "cases": cases,
        "rate": rate,
        "seed": seed,
        "calibration_error": round(float(np.abs(score_in - truth_in).mean()), 5),
        "worst_bin": round(float(np.abs(score_in - truth_in).max()), 5),
        "coverage_this_fit": round(float(((low <= true) & (true <= high)).mean()), 5),
        "repeats": repeats,
        **summary(found),
    }


def candidate_tasks(seed: int, repeats: int) -> list[tuple[str, int, float, int, int]]:
    """Fits of real candidates: two data sets of each kind at 20,000 cases, one at the other sizes."""
    tasks = [
        (name, 20_000, rate, repeats, seed + i)
        for i in range(2)
        for rate in (0.1, 0.3)
        for name in ("logistic", "hist_gradient_boosting")
    ]
    for cases in (1_000, 10_000, 100_000):
        tasks += [(name, cases, 0.2, repeats * 2, seed + 9) for name in ("logistic", "hist_gradient_boosting")]
    return tasks


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over the realistic shapes, by size: all, by shape, by base rate, by clusters, by decile of the score."""
    frame = pd.DataFrame(rows)
    table: dict[str, Any] = {}
    for size, part in frame.groupby("size", sort=False):
        real = part[~part["shape"].isin(HARD)]
        error = float(np.sqrt((real["monte_carlo_error"] ** 2).sum()) / len(real))
        table[str(size)] = {
            "coverage": round(float(real["coverage"].mean()), 4),
            "monte_carlo_error": round(error, 5),
            "repeats": int(real["repeats"].sum()),
            "platt": round(float(real["platt"].mean()), 4),
            "platt_without_linear": round(
                float(real.loc[~real["shape"].isin(["right", "overconfident", "near_constant"]), "platt"].mean()), 4
            ),
            "error": round(float(real["error"].mean()), 5),
            "width": round(float(real["width"].mean()), 5),
            "deciles": np.round(np.mean(real["deciles"].tolist(), axis=0), 4).tolist(),
            **{
                by: {
                    str(key): round(float(mean), 4)
                    for key, mean in whole.groupby(by, sort=False)["coverage"].mean().items()
                }
                for by, whole in (("shape", part), ("rate", real), ("clustered", real))
            },
            "platt_by_shape": part.groupby("shape", sort=False)["platt"].mean().round(4).to_dict(),
        }
    return table


def main() -> None:
    """Run the study on two processes; progress to stderr, the result to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--repeats", type=int, default=50, help="of each of the eight cells of a shape at 1,000 cases")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    names, jobs = zip(*cells(options.seed, options.repeats), strict=True)
    rows: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    with ProcessPoolExecutor(options.processes) as pool:
        for name, found in zip(names, pool.map(run_cell, jobs, chunksize=4), strict=True):
            rows.append({"size": name, **found})
            print(name, found["shape"], found["rate"], found["coverage"], found["platt"], file=sys.stderr, flush=True)
        write(options.out, options.seed, rows, fits)  # the fits take long: what is known is kept
        for fit in pool.map(run_candidate, candidate_tasks(options.seed, max(options.repeats // 2, 2))):
            fits.append(fit)
            print(
                fit["candidate"], fit["cases"], fit["calibration_error"], fit["coverage"], file=sys.stderr, flush=True
            )
            write(options.out, options.seed, rows, fits)


def write(path: Path, seed: int, rows: list[dict[str, Any]], fits: list[dict[str, Any]]) -> None:
    """The result with seed and versions."""
    import scipy
    import sklearn

    result = {
        "seed": seed,
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "level": 0.9,
        "totals": totals(rows),
        "fits": fits,
        "cells": rows,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
