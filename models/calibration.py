"""From log-odds to a probability, and how sure the probability is.

Belongs here: the calibrator, its cluster bootstrap, cluster weights for every bootstrap of this room.
Does not belong here: fitting candidates; metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from models.folds import one_thread

LEVEL = 0.9
"""`low` and `high` hold the middle 90 % of the bootstrap."""
REPLICATES = 400
_BLOCK = 50  # replicates at a time, so that memory does not grow with their number


@dataclass(frozen=True)
class Calibrator:
    """score = sigmoid(intercept + slope * raw), with replicates of both numbers.

    Attributes
    ----------
    intercept, slope : float
        The slope is never negative: a calibrator may flatten the order of cases, never turn it round.
    intercepts, slopes : ndarray
        The same from each replicate of the cluster bootstrap.
    rate : float
        Outcome rate of the calibration rows.
    rows : int
        Their number.
    note : str
        `logistic`, or `constant` when raw did not vary or pointed the wrong way: every score is then the rate.
    """

    intercept: float
    slope: float
    intercepts: np.ndarray
    slopes: np.ndarray
    rate: float
    rows: int
    note: str

    def score(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated probability of each row."""
        score: np.ndarray = expit(self.intercept + self.slope * np.asarray(raw, dtype=np.float64))
        return score

    def interval(self, raw: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Interval of the outcome rate among cases with this score.

        Parameters
        ----------
        raw : ndarray
            Log-odds before calibration.
        level : float
            Share of the replicates inside.

        Returns
        -------
        low, high : ndarray
            They speak of cases with this score, never of one person, and take the model before calibration as given.
        """
        values, place = np.unique(np.asarray(raw, dtype=np.float64), return_inverse=True)
        low, high = np.empty(len(values)), np.empty(len(values))
        for start in range(0, len(values), 4096):  # blocks: replicates x values stay small
            part = slice(start, start + 4096)
            scores = expit(self.intercepts[:, None] + self.slopes[:, None] * values[None, part])
            low[part], high[part] = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2], axis=0)
        score = self.score(values)
        return np.minimum(low, score)[place], np.maximum(high, score)[place]


def cluster_weights(clusters: np.ndarray, replicates: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial weights of a cluster bootstrap.

    Parameters
    ----------
    clusters : ndarray
        Cluster of each row.
    replicates : int
        Number of replicates.
    seed : int
        Seed of the generator.

    Returns
    -------
    weights : ndarray of float64, replicates x clusters
        How often each cluster was drawn.
    codes : ndarray of int
        Column of `weights` for each row. Clusters are numbered by their ids in order, not by the order of rows.
    """
    codes, ids = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    generator = np.random.default_rng(seed)
    weights = np.empty((replicates, len(ids)), dtype=np.float64)
    for i in range(replicates):
        weights[i] = np.bincount(generator.integers(0, len(ids), len(ids)), minlength=len(ids))
    return weights, codes


def fit_calibrator(
    raw: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, replicates: int = REPLICATES
) -> Calibrator:
    """Fit the calibrator on rows that the candidate has not seen.

    Parameters
    ----------
    raw, y : ndarray
        Log-odds and outcome of the calibration rows.
    clusters : ndarray
        Their clusters.
    seed : int
        Seed of the bootstrap.
    replicates : int
        Number of replicates.
    """
    order = np.lexsort((y, raw, np.asarray(clusters, dtype=str)))  # sums in one order, whatever the order of the rows
    raw, y, clusters = raw[order], y[order], np.asarray(clusters, dtype=object)[order]
    weights, codes = cluster_weights(clusters, replicates, seed)
    varies = bool(np.ptp(raw) >= 1e-9)
    intercept, slope = _lines(raw, y, np.ones((1, len(y))), varies)
    intercepts, slopes = np.empty(replicates), np.empty(replicates)
    start = (float(intercept[0]), float(slope[0]))  # a replicate lies near the whole: few steps lead there
    for first in range(0, replicates, _BLOCK):
        block = slice(first, first + _BLOCK)
        intercepts[block], slopes[block] = _lines(raw, y, weights[block][:, codes], varies, start)
    note = "logistic" if slope[0] > 0 else "constant"
    return Calibrator(float(intercept[0]), float(slope[0]), intercepts, slopes, float(y.mean()), len(y), note)


def _lines(
    raw: np.ndarray, y: np.ndarray, weights: np.ndarray, varies: bool, start: tuple[float, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope for each row of weights; constant where raw does not vary or the slope would be negative."""
    constant = _constant(y, weights)
    if not varies:
        return constant, np.zeros(len(weights))
    intercepts, slopes = _logistic(raw, y, weights, start)
    flat = slopes <= 0
    return np.where(flat, constant, intercepts), np.where(flat, 0.0, slopes)


def _constant(y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log-odds of the rate in each row of weights, kept finite by half a case on either side."""
    with one_thread():
        outcomes, total = weights @ y, weights.sum(axis=1)
    rate = np.where(
        (outcomes > 0) & (outcomes < total), outcomes / np.maximum(total, 1), (outcomes + 0.5) / (total + 1)
    )
    constant: np.ndarray = logit(rate)
    return constant


def _logistic(
    raw: np.ndarray, y: np.ndarray, weights: np.ndarray, start: tuple[float, float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted logistic regression of y on raw for each row of weights, by Newton's method, all at once.

    The targets are Platt's: (outcomes + 1) / (outcomes + 2) and 1 / (others + 2). They keep the slope finite when the
    two classes do not overlap.
    """
    centre, spread = raw.mean(), raw.std()
    z = (raw - centre) / spread
    positive = y == 1
    with one_thread():
        outcomes, others = weights @ positive.astype(np.float64), weights @ (~positive).astype(np.float64)
        high, low = (outcomes + 1) / (outcomes + 2), 1 / (others + 2)
        a, b = logit((outcomes + 0.5) / (outcomes + others + 1)), np.full(len(weights), 0.1)
        if start is not None and start[1] > 0:
            a, b = np.full(len(weights), start[0] + start[1] * centre), np.full(len(weights), start[1] * spread)
        for _ in range(100):
            p = expit(a[:, None] + b[:, None] * z[None, :])
            slack = weights * (np.where(positive[None, :], high[:, None], low[:, None]) - p)
            curve = weights * p * (1 - p)
            g0, g1 = slack.sum(axis=1), slack @ z
            h00, h01, h11 = curve.sum(axis=1), curve @ z, curve @ (z * z)
            determinant = np.maximum(h00 * h11 - h01 * h01, 1e-12)
            step_a, step_b = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
            a, b = a + np.clip(step_a, -2, 2), b + np.clip(step_b, -2, 2)
            if max(np.abs(step_a).max(), np.abs(step_b).max()) < 1e-10:
                break
    return a - b * centre / spread, b / spread
