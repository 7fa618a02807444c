"""How good a score is, with intervals from a cluster bootstrap.

Belongs here: figures for one set of scored rows, all replicates at once.
Does not belong here: figures by protected group (fairness_reports) or the thresholds that they are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from models.calibration import cluster_weights
from models.folds import one_thread

LEVEL = 0.95
"""The level of every published interval of a figure, as in the audit: one figure has one interval on all pages."""
REPLICATES = 500
_BLOCK = 50  # replicates at a time: 50 x 1M rows of float64 are 400 MB, 50 x 10k are nothing

COLUMNS = ["split", "as_of", "model", "metric", "value", "low", "high", "n"]
"""The columns of metrics.parquet."""

PLAIN = ("auc", "average_precision", "brier", "brier_skill", "mean_score", "base_rate", "calibration_in_the_large")
CALIBRATION = ("calibration_slope", "calibration_intercept")
AT_CAPACITY = ("precision_at_capacity", "recall_at_capacity", "lift_at_capacity")
METRICS = (*PLAIN, *CALIBRATION, *AT_CAPACITY)
"""Every metric. A subset of persons is written behind it: `auc[returning]`, `auc[new]`; models.ablation adds
`auc[difference]`."""

Select = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From scores and case ids to a mask of those within the capacity."""


@dataclass(frozen=True)
class Scored:
    """Rows with a score and a known outcome, sorted by score."""

    score: np.ndarray
    y: np.ndarray
    clusters: np.ndarray
    selected: np.ndarray | None

    @classmethod
    def of(
        cls, score: np.ndarray, y: np.ndarray, clusters: np.ndarray, selected: np.ndarray | None, tie: np.ndarray
    ) -> Scored:
        """Keep the rows with an outcome, in the order of score and `tie`: sums then have one order."""
        known = np.flatnonzero(~np.isnan(y))
        order = known[np.lexsort((np.asarray(tie, dtype=str)[known], score[known]))]
        return cls(score[order], y[order], clusters[order], None if selected is None else selected[order])


def figures(rows: Scored, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric for each row of weights.

    Parameters
    ----------
    rows : Scored
        The rows, sorted by score.
    weights : ndarray, replicates x rows
        How often each row counts.

    Returns
    -------
    dict of ndarray
        By metric; NaN where a replicate holds one class only, or nobody selected.
    """
    score, y = rows.score, rows.y
    total = weights.sum(axis=1)
    hits = weights * y
    outcomes = hits.sum(axis=1)
    others = total - outcomes
    starts = np.flatnonzero(np.r_[True, np.diff(score) > 0])
    tied_hits = np.add.reduceat(hits, starts, axis=1)
    tied_all = np.add.reduceat(weights, starts, axis=1)
    tied_others = tied_all - tied_hits
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = outcomes / total
        below = np.cumsum(tied_others, axis=1) - tied_others / 2
        auc = (tied_hits * below).sum(axis=1) / (outcomes * others)
        found = np.cumsum(tied_hits[:, ::-1], axis=1)
        reached = np.cumsum(tied_all[:, ::-1], axis=1)
        precision = np.divide(found, reached, out=np.zeros_like(found), where=reached > 0)
        average_precision = (tied_hits[:, ::-1] * precision).sum(axis=1) / outcomes
        brier = (weights * (score - y) ** 2).sum(axis=1) / total
        mean_score = (weights * score).sum(axis=1) / total
        result = {
            "auc": auc,
            "average_precision": average_precision,
            "brier": brier,
            "brier_skill": 1 - brier / (rate * (1 - rate)),
            "mean_score": mean_score,
            "base_rate": rate,
            "calibration_in_the_large": mean_score - rate,
        }
        if rows.selected is not None:
            chosen = weights[:, rows.selected].sum(axis=1)
            right = hits[:, rows.selected].sum(axis=1)
            result["precision_at_capacity"] = right / chosen
            result["recall_at_capacity"] = right / outcomes
            result["lift_at_capacity"] = right / chosen / rate
    one_class = (outcomes <= 0) | (others <= 0)
    for name in ("auc", "average_precision", "brier_skill", "recall_at_capacity", "lift_at_capacity"):
        if name in result:
            result[name] = np.where(one_class, np.nan, result[name])
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in result.items()}


def calibration_line(
    rows: Scored, weights: np.ndarray, start: tuple[float, float, float] | None = None, steps: int = 25
) -> dict[str, np.ndarray]:
    """Slope and intercept of a logistic regression of the outcome on the score's log-odds.

    The slope comes from the regression with both; the intercept from the one whose slope is held at 1. A perfect score
    has 1 and 0. From a `start` at the whole data's estimate, few Newton steps suffice for a replicate.

    Parameters
    ----------
    rows, weights
        As in `figures`.
    start : tuple of float, optional
        Intercept and slope of the regression with both, and the intercept of the other.
    steps : int
        Newton steps.

    Returns
    -------
    dict of ndarray
        calibration_slope, calibration_intercept and, for further starts, `_joint`.
    """
    z = logit(np.clip(rows.score, 1e-12, 1 - 1e-12))
    count = len(weights)
    a, b, only = (np.full(count, value) for value in (start or (0.0, 1.0, 0.0)))
    flat = np.ptp(z) < 1e-9
    for _ in range(steps):
        p = expit(a[:, None] + b[:, None] * z)
        slack, curve = weights * (rows.y - p), weights * p * (1 - p)
        g0, g1, h00, h01, h11 = slack.sum(axis=1), slack @ z, curve.sum(axis=1), curve @ z, curve @ (z * z)
        q = expit(only[:, None] + z)
        only = only + np.clip(
            (weights * (rows.y - q)).sum(axis=1) / np.maximum((weights * q * (1 - q)).sum(axis=1), 1e-12), -2, 2
        )
        if not flat:
            determinant = np.maximum(h00 * h11 - h01 * h01, 1e-12)
            a = a + np.clip((h11 * g0 - h01 * g1) / determinant, -2, 2)
            b = b + np.clip((h00 * g1 - h01 * g0) / determinant, -2, 2)
    slope = np.full(count, np.nan) if flat else b
    return {"calibration_slope": slope, "calibration_intercept": only, "_joint": a}


def blocks(weights: np.ndarray, codes: np.ndarray) -> Iterator[np.ndarray]:
    """Weights of the rows, from those of their clusters, a few replicates at a time.

    Parameters
    ----------
    weights : ndarray, replicates x clusters
        How often each cluster was drawn.
    codes : ndarray of int
        Column of `weights` for each row.
    """
    for start in range(0, len(weights), _BLOCK):
        yield weights[start : start + _BLOCK][:, codes]


def evaluate(rows: Scored, *, seed: int, min_cell: int, replicates: int = REPLICATES) -> pd.DataFrame:
    """Every metric with its interval.

    Parameters
    ----------
    rows : Scored
        Rows with a known outcome.
    seed : int
        Seed of the bootstrap.
    min_cell : int
        With fewer outcomes or fewer non-outcomes than this, every figure is missing.
    replicates : int
        Number of replicates; whole clusters are drawn.

    Returns
    -------
    DataFrame
        metric, value, low, high, n; low and high hold the middle 95 % of the replicates.
    """
    names = [name for name in METRICS if name not in AT_CAPACITY or rows.selected is not None]
    n, outcomes = len(rows.y), int(rows.y.sum())
    empty = pd.DataFrame({"metric": names, "value": np.nan, "low": np.nan, "high": np.nan, "n": n})
    if min(outcomes, n - outcomes) < max(min_cell, 1):
        return empty
    with one_thread():
        whole = np.ones((1, n))
        line = calibration_line(rows, whole)
        value = {**figures(rows, whole), **line}
        start = (
            float(line["_joint"][0]),
            float(np.nan_to_num(line["calibration_slope"][0])),
            float(line["calibration_intercept"][0]),
        )
        weights, codes = cluster_weights(rows.clusters, replicates, seed)
        drawn: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for block in blocks(weights, codes):
            replicate = {**figures(rows, block), **calibration_line(rows, block, start, steps=3)}
            for name in names:
                drawn[name].append(replicate[name])
    for i, name in enumerate(names):
        sample = np.concatenate(drawn[name])
        sample = sample[~np.isnan(sample)]
        empty.loc[i, "value"] = float(value[name][0])
        if len(sample) and not np.isnan(value[name][0]):
            empty.loc[i, ["low", "high"]] = np.quantile(sample, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return empty
