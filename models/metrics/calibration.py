"""How well scores agree with what happened: the calibration line and the calibration error.

Belongs here: both figures, and their replicates.
Does not belong here: the calibrator itself (models.calibration).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from models.metrics.figures import Scored

BINS = 10
"""Bins of equal mass of the calibration error; fewer where a bin would hold less than 25 cases."""
_LEAST = 25
_CELL = 0.1  # logits

Start = tuple[float, float, float]
"""Intercept and slope of the regression with both, and the intercept of the one whose slope is held at 1."""


def calibration_line(
    rows: Scored, weights: np.ndarray, start: Start | None = None, steps: int = 25
) -> dict[str, np.ndarray]:
    """Slope and intercept of a logistic regression of the outcome on the score's log-odds.

    The slope comes from the regression with both; the intercept from the one whose slope is held at 1. A perfect score
    has 1 and 0. From a `start` at the whole data's estimate, few Newton steps suffice for a replicate.

    Parameters
    ----------
    rows, weights
        As in `models.metrics.figures.figures`.
    start : tuple of float, optional
        Intercept and slope of the regression with both, and the intercept of the other.
    steps : int
        Newton steps.

    Returns
    -------
    dict of ndarray
        calibration_slope, calibration_intercept and, for further starts, `_joint`.
    """
    z = _log_odds(rows)
    return _newton(_Exact(z, weights), weights @ rows.y, weights @ (rows.y * z), np.ptp(z) < 1e-9, start, steps)


def line_replicates(rows: Scored, weights: np.ndarray, start: Start, steps: int = 4) -> dict[str, np.ndarray]:
    """The same for replicates, quickly.

    Rows are gathered in cells a tenth of a logit wide, and within a cell the curve is a parabola (Taylor to the second
    order): a slope or an intercept moves by less than 1e-4.
    """
    z = _log_odds(rows)
    return _newton(_Cells(z, weights), weights @ rows.y, weights @ (rows.y * z), np.ptp(z) < 1e-9, start, steps)


def start_of(line: dict[str, np.ndarray]) -> Start:
    """The start for replicates from the line of the whole data."""
    slope = float(np.nan_to_num(line["calibration_slope"][0]))
    return float(line["_joint"][0]), slope, float(line["calibration_intercept"][0])


def _log_odds(rows: Scored) -> np.ndarray:
    z: np.ndarray = logit(np.clip(rows.score, 1e-12, 1 - 1e-12))
    return z


class _Exact:
    """Sums over rows of weight x chance, and of its slope, times powers of z."""

    def __init__(self, z: np.ndarray, weights: np.ndarray) -> None:
        self.z, self.weights = z, weights

    def sums(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        p = expit(a[:, None] + b[:, None] * self.z)
        p *= self.weights
        curve = p * (1 - np.divide(p, self.weights, out=np.zeros_like(p), where=self.weights > 0))
        return p.sum(axis=1), p @ self.z, curve.sum(axis=1), curve @ self.z, curve @ (self.z * self.z)


class _Cells:
    """The same over cells of near z, each with the moments of the z inside."""

    def __init__(self, z: np.ndarray, weights: np.ndarray) -> None:
        starts = np.flatnonzero(np.r_[True, np.diff(np.floor(z / _CELL)) > 0])  # z rises: rows are sorted by score
        sizes = np.diff(np.r_[starts, len(z)])
        self.centre = np.add.reduceat(z, starts) / sizes
        off = z - np.repeat(self.centre, sizes)
        self.m0 = np.add.reduceat(weights, starts, axis=1)
        if np.ptp(off) == 0:  # few distinct scores: nothing lies off a centre
            self.m1 = self.m2 = np.zeros_like(self.m0)
        else:
            moved = weights * off
            self.m1 = np.add.reduceat(moved, starts, axis=1)
            moved *= off
            self.m2 = np.add.reduceat(moved, starts, axis=1)

    def sums(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        b, c = b[:, None], self.centre
        p = expit(a[:, None] + b * c)
        d1 = p * (1 - p)
        d2 = d1 * (1 - 2 * p)
        level = p * self.m0 + d1 * b * self.m1 + d2 * b * b * self.m2 / 2
        curve = d1 * self.m0 + d2 * b * self.m1
        off = d1 * self.m1
        return (
            level.sum(axis=1),
            (level * c + p * self.m1 + d1 * b * self.m2).sum(axis=1),
            curve.sum(axis=1),
            (curve * c + off + d2 * b * self.m2).sum(axis=1),
            (curve * c * c + 2 * c * off + d1 * self.m2).sum(axis=1),
        )


def _newton(
    over: _Exact | _Cells, hits: np.ndarray, hits_z: np.ndarray, flat: bool, start: Start | None, steps: int
) -> dict[str, np.ndarray]:
    count = len(hits)
    a, b, only = (np.full(count, value) for value in (start or (0.0, 1.0, 0.0)))
    one = np.ones(count)
    for _ in range(steps):
        level, _, curve, _, _ = over.sums(only, one)
        only = only + np.clip((hits - level) / np.maximum(curve, 1e-12), -2, 2)
        if not flat:
            level, level_z, h00, h01, h11 = over.sums(a, b)
            g0, g1 = hits - level, hits_z - level_z
            determinant = np.maximum(h00 * h11 - h01 * h01, 1e-12)
            a = a + np.clip((h11 * g0 - h01 * g1) / determinant, -2, 2)
            b = b + np.clip((h00 * g1 - h01 * g0) / determinant, -2, 2)
    slope = np.full(count, np.nan) if flat else b
    return {"calibration_slope": slope, "calibration_intercept": only, "_joint": a}


def bins(score: np.ndarray) -> np.ndarray:
    """Bin of each row: of equal mass in the order of the scores, equal scores never apart.

    Parameters
    ----------
    score : ndarray
        Rising.
    """
    n = len(score)
    count = max(1, min(BINS, n // _LEAST))
    _, first, size = np.unique(score, return_index=True, return_counts=True)
    middle = first + size / 2  # a tied group falls where its middle lies
    _, code = np.unique((middle * count / n).astype(np.int64), return_inverse=True)
    bin_: np.ndarray = np.repeat(code, size)
    return bin_


def calibration_error(whole: tuple[np.ndarray, np.ndarray], drawn: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Root mean square of (mean score - outcome rate) over bins, freed from what chance alone would give.

    The plain sum over bins of share x gap^2 is too large, since each gap also holds the noise of its outcomes: even a
    perfect score would have an error. Its expected size is taken off (Kumar, Liang, Ma: Verified uncertainty
    calibration, NeurIPS 2019, section 4), here by the variance of each bin's gap over the cluster bootstrap, because
    outcomes within a household go together. A replicate holds that noise twice, its own and the data's, so twice is
    taken off. Below zero counts as zero.

    Parameters
    ----------
    whole, drawn : (mass, gap)
        1 x bins, and replicates x bins: weight of a bin, and its mean score less its outcome rate (NaN if empty). The
        bins are held fixed.

    Returns
    -------
    ndarray
        First the value, then the replicates. In units of probability; errors within a bin that cancel are not seen.
    """
    mass, gap = (np.concatenate(both) for both in zip(whole, drawn, strict=True))
    gap = np.nan_to_num(gap)
    noise = (mass[0] / mass[0].sum() * gap[1:].var(axis=0)).sum() if len(gap) > 1 else 0.0
    square = (mass / mass.sum(axis=1, keepdims=True) * gap**2).sum(axis=1)
    off = np.full(len(square), 2 * noise)
    off[0] = noise
    error: np.ndarray = np.sqrt(np.maximum(square - off, 0))
    return error
