"""From log-odds to a probability, and how sure the probability is.

Belongs here: the calibrator and its interval.
Does not belong here: fitting candidates; metrics; the study that checks the coverage (simulations/).

The curve is a penalised natural cubic spline in log-odds: without curvature it is Platt's line, and the data say how
much curvature there is. Its interval is Bayesian, because that one covers a curve as often as it says, on average over
the cases, smoothing bias included (Wahba, JRSS B 45, 1983; Nychka, JASA 83, 1988; Marra & Wood, Scand. J. Statist. 39,
2012). The amount of smoothing is not picked but averaged over, weighted by the evidence for it (Laplace's
approximation: Wood, JRSS B 73, 2011). Curve and both ends are made monotone afterwards, which brings them nearer to a
curve that is monotone (Chernozhukov, Fernandez-Val, Galichon, Biometrika 96, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logit, ndtri

from models.folds import one_thread

LEVEL = 0.9
"""`low` and `high` are meant to hold the rate of 90 % of the cases."""
_PENALTIES = (4.0, 1e-4)
"""Weights of the squared curvature that are averaged over, raw in standard deviations: from this much per calibration
row, which leaves a line, down to a curve that follows the rows. With more rows, less curvature can be told from none.
How far up it goes says how sure one may be beforehand that the line is right; simulations/ shows what follows."""
_BIAS = 0.5
"""Share that is counted of the bias which a curve drawn from the prior would have. The whole of it adds a third to the
variance, averaged over a cubic smoothing spline, but curves smoother than that have hardly any once there are many
rows. Half of it keeps 90 % intervals between .876 (all of the bias is there: 2 Phi(1.645 sqrt(7/8)) - 1) and .924
(none is: 2 Phi(1.645 sqrt(7/6)) - 1)."""
_FARTHEST = 30.0  # log-odds beyond this are held there: no score is 0 or 1
_KNOTS = 20
_CELLS = 512  # neighbouring rows are counted together, so that 100,000 rows cost hardly more than 1,000
_LEAST_SLOPE = 0.01  # of the line's: a stretch that the data call flat keeps the order of its cases
_SPREAD_OUT = 1e-9  # raw that differs by less does not vary
_FLAT = 1e-12  # log-odds between the ends of the line that are rounding, not a slope


@dataclass(frozen=True)
class Calibrator:
    """A monotone curve from raw to log-odds with its standard deviation, as values on a grid.

    Attributes
    ----------
    raw : ndarray
        Grid, ascending: mean raw of each cell of calibration rows, and one point far out on either side. One point
        where the calibrator is constant.
    centre, spread : ndarray
        Log-odds of the outcome there before they are made monotone, and their standard deviation.
    weight : ndarray
        Rows in the cell, which count when the curve is made monotone; next to nothing for the points far out.
    least_slope : float
        The curve rises at least so much per unit of raw: cases are never turned round, and not tied either.
    rate : float
        Outcome rate of the calibration rows.
    rows : int
        Their number.
    correlation : float
        Of two residuals of one cluster.
    note : str
        `monotone_spline`; `logistic` where raw has two values only; `constant` when raw did not vary or pointed the
        wrong way: every score is then the rate.
    """

    raw: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    least_slope: float
    rate: float
    rows: int
    correlation: float
    note: str

    def score(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated probability of each row; above 0 and below 1."""
        return self._probability(self.centre, raw)

    def interval(self, raw: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Interval of the outcome rate among cases with this score.

        Parameters
        ----------
        raw : ndarray
            Log-odds before calibration.
        level : float
            Share of the cases whose interval is to hold the true rate.

        Returns
        -------
        low, high : ndarray
            They speak of cases with this score, never of one person, and take the model before calibration as given.
            The score lies between them.
        """
        far = float(ndtri((1 + level) / 2)) * self.spread
        score = self.score(raw)
        low, high = self._probability(self.centre - far, raw), self._probability(self.centre + far, raw)
        return np.minimum(low, score), np.maximum(high, score)

    def _probability(self, values: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Values on the grid, made monotone, joined by straight lines, as probabilities."""
        from scipy.optimize import isotonic_regression

        x = np.clip(np.asarray(raw, dtype=np.float64), -_FARTHEST, _FARTHEST)
        line = self.least_slope * self.raw
        curve = isotonic_regression(values - line, weights=self.weight).x + line
        if len(curve) == 1:
            return np.full(len(x), float(expit(np.clip(curve[0], -_FARTHEST, _FARTHEST))))
        at = np.clip(np.searchsorted(self.raw, x, side="right") - 1, 0, len(curve) - 2)
        share = (x - self.raw[at]) / (self.raw[at + 1] - self.raw[at])
        inside = np.minimum(
            curve[at] + share * (curve[at + 1] - curve[at]), curve[at + 1]
        )  # rounding turns nothing round
        below, above = np.minimum(x - self.raw[0], 0), np.maximum(x - self.raw[-1], 0)
        ends = np.where(share < 0, curve[0] + self.least_slope * below, curve[-1] + self.least_slope * above)
        probability: np.ndarray = expit(
            np.clip(np.where((share < 0) | (share > 1), ends, inside), -_FARTHEST, _FARTHEST)
        )
        return probability


def fit_calibrator(raw: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> Calibrator:
    """Fit the calibrator on rows that the candidate has not seen.

    Parameters
    ----------
    raw, y : ndarray
        Log-odds and outcome (1 or 0) of the calibration rows.
    clusters : ndarray
        Their clusters: rows of one cluster may resemble each other, which widens the interval.

    Returns
    -------
    Calibrator
        The same bits for the same rows in any order.
    """
    raw = np.clip(np.asarray(raw, dtype=np.float64), -_FARTHEST, _FARTHEST)
    codes = pd.factorize(np.asarray(clusters, dtype=object), sort=True)[0]
    order = np.lexsort((y, codes, raw))  # sums in one order, whatever the order of the rows
    raw, y, codes = raw[order], np.asarray(y, dtype=np.float64)[order], codes[order]
    if len(y) == 0 or np.ptp(raw) < _SPREAD_OUT or not 0 < y.mean() < 1:
        return _constant(raw, y, codes)
    with one_thread():
        centre, scale = float(raw.mean()), float(raw.std())
        cells = _Cells.of((raw - centre) / scale, y, codes)
        line = _Smooth.fit(cells, np.column_stack([np.ones(len(cells.x)), cells.x]), np.zeros((2, 2)), np.zeros(2))
        low, high = cells.x[0], cells.x[-1]
        if line.beta[1] * (high - low) <= _FLAT:
            return _constant(raw, y, codes)
        grid = np.concatenate([[2 * low - high], cells.x, [2 * high - low]])  # the curve is a straight line out there
        curve, spread, correlation, note = _average(cells, line, grid)
    outer = np.array([1e-6])
    return Calibrator(
        centre + scale * grid,
        curve,
        spread,
        np.concatenate([outer, cells.rows, outer]),
        float(_LEAST_SLOPE * line.beta[1] / scale),
        float(y.mean()),
        len(y),
        correlation,
        note,
    )


@dataclass(frozen=True)
class _Cells:
    """Calibration rows in ascending order, counted in cells of neighbours: single rows in the sparse tails.

    Attributes
    ----------
    x, rows, target : ndarray, per cell
        Mean raw, number of rows, share of outcomes. One case at the average rate is spread over the rows: it keeps the
        slope finite when the two classes do not overlap.
    y, cell, codes : ndarray, per row
        Outcome, its cell, its cluster.
    """

    x: np.ndarray
    rows: np.ndarray
    target: np.ndarray
    y: np.ndarray
    cell: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, codes: np.ndarray) -> _Cells:
        new = np.flatnonzero(np.concatenate([[True], x[1:] > x[:-1]]))  # rows with the same raw stay together
        ideal = len(x) * np.sin(np.linspace(0, np.pi / 2, _CELLS + 1)[:-1]) ** 2
        at = np.searchsorted(new, ideal)
        starts = np.unique(new[at[at < len(new)]])
        rows = np.diff(np.append(starts, len(x))).astype(np.float64)
        share = np.add.reduceat(y, starts) / rows
        target = (len(y) * share + y.mean()) / (len(y) + 1)
        cell = np.repeat(np.arange(len(starts)), rows.astype(np.int64))
        return cls(np.add.reduceat(x, starts) / rows, rows, target, y, cell, codes)

    def correlation(self, eta: np.ndarray) -> float:
        """Correlation of the residuals of two rows of one cluster, at log-odds `eta` per cell; never below 0."""
        chance = expit(eta)[self.cell]
        return _correlation(self.y - chance, np.sqrt(chance * (1 - chance)), self.codes)

    def effect(self, line: _Smooth, rho: float) -> float:
        """Design effect: how much correlation `rho` adds to the variance of the line's coefficients, on average."""
        between = self.between(np.column_stack([np.ones(len(self.x)), self.x]), line.eta)
        return 1 + rho * max(float(np.trace(np.linalg.solve(line.information, between))) / 2, 0.0)

    def between(self, design: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """What the pairs within clusters would add to the information matrix if they were fully correlated."""
        chance = expit(eta)
        parts = (np.sqrt(chance * (1 - chance))[:, None] * design)[self.cell]
        order = np.argsort(self.codes, kind="stable")
        sums = np.add.reduceat(parts[order], np.flatnonzero(np.diff(self.codes[order], prepend=-1)), axis=0)
        added: np.ndarray = sums.T @ sums - parts.T @ parts
        return added


@dataclass(frozen=True)
class _Smooth:
    """A penalised logistic regression on cells: coefficients, log-odds per cell, information, log-likelihood."""

    beta: np.ndarray
    eta: np.ndarray
    information: np.ndarray
    likelihood: float

    @classmethod
    def fit(cls, cells: _Cells, design: np.ndarray, penalty: np.ndarray, beta: np.ndarray) -> _Smooth:
        """By Newton's method with halved steps where a whole one overshoots."""

        def likelihood(eta: np.ndarray) -> float:
            return float((cells.rows * (cells.target * log_expit(eta) + (1 - cells.target) * log_expit(-eta))).sum())

        eta = design @ beta
        height = likelihood(eta) - beta @ penalty @ beta / 2
        for _ in range(100):
            chance = expit(eta)
            information = (design.T * (cells.rows * chance * (1 - chance))) @ design
            information.flat[:: len(beta) + 1] *= 1 + 1e-10  # solvable also where a knot has hardly a case
            slope = design.T @ (cells.rows * (cells.target - chance)) - penalty @ beta
            step = np.linalg.solve(information + penalty, slope)
            size = 1.0
            while True:
                nearer = beta + size * step
                reached = likelihood(design @ nearer) - nearer @ penalty @ nearer / 2
                if reached >= height - 1e-12 * abs(height) or size < 1e-4:
                    break
                size /= 2
            moved = float(np.abs(size * (design @ step)).max())
            beta, height, eta = nearer, reached, design @ nearer
            if moved < 1e-5:  # the next step would be about the square of that
                break
        chance = expit(eta)
        return cls(beta, eta, (design.T * (cells.rows * chance * (1 - chance))) @ design, likelihood(eta))


def _average(cells: _Cells, line: _Smooth, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, str]:
    """Log-odds on the grid and their standard deviation, averaged over penalties; cluster correlation; note.

    Clusters enter twice. The design effect d of the line divides the log-likelihood where it is weighed against the
    penalty, so that resemblance within a cluster is not taken for curvature. And the covariance is a sandwich with
    exchangeable correlation rho in the middle (Liang & Zeger, Biometrika 73, 1986), plus what the penalty's bias is
    expected to be: A^-1 (H + rho G) A^-1 + b A^-1 (d^2 P) A^-1 with A = H + d P. With b = 1 and without clusters this
    would be Wahba's A^-1.
    """
    knots = _knots(cells)
    if len(knots) < 3:
        design, far = (np.column_stack([np.ones(len(x)), x]) for x in (cells.x, grid))
        penalties, fits, weights, curvature = np.zeros(1), [line], np.ones(1), np.zeros((2, 2))
        rho, effect = cells.correlation(line.eta), 1.0
    else:
        penalties, (design, curvature), far = (
            _penalties(len(cells.y)),
            natural_spline(cells.x, knots),
            natural_spline(grid, knots)[0],
        )
        rho, starts = cells.correlation(line.eta), [line.beta[0] + line.beta[1] * knots]
        for _ in range(2):  # what the line misses looks like correlation: measure it again around the curve
            effect = cells.effect(line, rho)
            fits, weights = _fits(cells, design, curvature, effect, penalties, starts)
            rho, starts = cells.correlation(fits[int(np.argmax(weights))].eta), [smooth.beta for smooth in fits]
            if effect == 1:
                break
    between = rho * cells.between(design, fits[int(np.argmax(weights))].eta)
    curves, variances = np.empty((len(fits), len(grid))), np.empty((len(fits), len(grid)))
    for i, (smooth, penalty) in enumerate(zip(fits, penalties, strict=True)):
        inverse = np.linalg.inv(smooth.information + effect * penalty * curvature)
        middle = smooth.information + between + _BIAS * effect**2 * penalty * curvature
        curves[i] = far @ smooth.beta
        variances[i] = ((far @ (inverse @ middle @ inverse)) * far).sum(axis=1)
    curve = weights @ curves
    variance = weights @ (variances + (curves - curve) ** 2)
    return curve, np.sqrt(np.maximum(variance, 0.0)), rho, "logistic" if len(knots) < 3 else "monotone_spline"


def _fits(
    cells: _Cells,
    design: np.ndarray,
    curvature: np.ndarray,
    effect: float,
    penalties: np.ndarray,
    starts: list[np.ndarray],
) -> tuple[list[_Smooth], np.ndarray]:
    """The curve for each penalty, and the penalties' weights: marginal likelihood by Laplace's approximation."""
    fits: list[_Smooth] = []
    evidence: list[float] = []
    for i, penalty in enumerate(penalties):
        start = starts[i] if i < len(starts) else fits[-1].beta
        smooth = _Smooth.fit(cells, design, effect * penalty * curvature, start)
        beta = smooth.beta
        total = smooth.information / effect + penalty * curvature
        evidence.append(
            smooth.likelihood / effect
            - penalty * (beta @ curvature @ beta) / 2
            + (len(beta) - 2) * np.log(penalty) / 2
            - np.linalg.slogdet(total)[1] / 2
        )
        fits.append(smooth)
    weights = np.exp(np.array(evidence) - max(evidence))
    return fits, weights / weights.sum()


def _penalties(rows: int) -> np.ndarray:
    """Half a power of ten apart, the greatest first."""
    highest, lowest = np.log10(_PENALTIES[0] * rows), np.log10(_PENALTIES[1])
    return 10.0 ** np.arange(highest, lowest - 0.25, -0.5)


def _knots(cells: _Cells) -> np.ndarray:
    """Up to 20 knots at quantiles of raw, closer together in the tails, none nearer to the last than a hundredth."""
    knots = cells.x
    if len(knots) > _KNOTS:
        places = (np.cumsum(cells.rows) - cells.rows / 2) / cells.rows.sum()
        knots = np.interp(np.sin(np.linspace(0, np.pi / 2, _KNOTS + 2)[1:-1]) ** 2, places, cells.x)
    kept = [float(knots[0])]
    for knot in knots[1:]:
        if knot - kept[-1] >= 0.01:  # standard deviations: a curve cannot bend between values that hardly differ
            kept.append(float(knot))
    return np.array(kept)


def natural_spline(x: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Natural cubic spline by its values at the knots; a straight line beyond the outermost.

    Parameters
    ----------
    x : ndarray
        Places.
    knots : ndarray
        At least three, ascending.

    Returns
    -------
    design : ndarray, places x knots
        Times the values at the knots: the values at the places.
    curvature : ndarray, knots x knots
        Quadratic form: the integral of the squared second derivative (Green & Silverman: Nonparametric regression and
        generalized linear models, 1994, section 2.1).
    """
    count, width = len(knots), np.diff(knots)
    inner = np.arange(count - 2)
    differences, band = np.zeros((count - 2, count)), np.zeros((count - 2, count - 2))
    differences[inner, inner], differences[inner, inner + 2] = 1 / width[:-1], 1 / width[1:]
    differences[inner, inner + 1] = -1 / width[:-1] - 1 / width[1:]
    band[inner, inner] = (width[:-1] + width[1:]) / 3
    band[inner[:-1], inner[1:]] = band[inner[1:], inner[:-1]] = width[1:-1] / 6
    second = np.zeros((count, count))  # second derivatives at the knots
    second[1:-1] = np.linalg.solve(band, differences)
    curvature = differences.T @ second[1:-1]
    held = np.clip(x, knots[0], knots[-1])
    at = np.clip(np.searchsorted(knots, held, side="right") - 1, 0, count - 2)
    gap, left, right, row = width[at], held - knots[at], knots[at + 1] - held, np.arange(len(x))
    design = ((right**3 / gap - gap * right) / 6)[:, None] * second[at]
    design += ((left**3 / gap - gap * left) / 6)[:, None] * second[at + 1]
    design[row, at] += right / gap
    design[row, at + 1] += left / gap
    first, last = -width[0] / 6 * second[1], width[-1] / 6 * second[-2]  # slopes at the ends
    first[:2] += [-1 / width[0], 1 / width[0]]
    last[-2:] += [-1 / width[-1], 1 / width[-1]]
    design += np.minimum(x - knots[0], 0)[:, None] * first + np.maximum(x - knots[-1], 0)[:, None] * last
    return design, (curvature + curvature.T) / 2


def _constant(raw: np.ndarray, y: np.ndarray, codes: np.ndarray) -> Calibrator:
    """The rate for everyone, kept off 0 and 1 by half a case, with the interval of a rate among clusters."""
    rows, outcomes = len(y), float(y.sum())
    rate = outcomes / rows if 0 < outcomes < rows else (outcomes + 0.5) / (rows + 1)
    rho = _correlation(y - rate, np.full(rows, np.sqrt(rate * (1 - rate))), codes)
    effect = 1 + rho * (float((np.bincount(codes) ** 2.0).sum()) / max(rows, 1) - 1)
    spread = np.sqrt(max(effect, 1.0) / (max(rows, 1) * rate * (1 - rate)))
    point = np.array([float(raw.mean()) if rows else 0.0])
    return Calibrator(
        point, np.array([logit(rate)]), np.array([spread]), np.ones(1), 0.0, float(rate), rows, rho, "constant"
    )


def _correlation(residual: np.ndarray, deviation: np.ndarray, codes: np.ndarray) -> float:
    """Products of residuals over products of standard deviations, summed over the pairs of rows in one cluster."""
    products, expected = (
        float((np.bincount(codes, part) ** 2).sum() - (part**2).sum()) for part in (residual, deviation)
    )
    return min(max(products / expected, 0.0), 1.0) if len(np.unique(codes)) < len(codes) else 0.0
