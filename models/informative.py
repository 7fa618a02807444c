"""When a score says little: thin or old evidence, a case unlike the training data, an interval over the average.

Belongs here: how far out a case lies (`Support`), and the one reason why a score is not informative.
Does not belong here: intervals (models.calibration), the records behind a score (features.evidence), how many such
scores are too many (the charter).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.folds import one_thread
from models.spec import UncertaintySpec

THIN = "thin_evidence"
OLD = "old_evidence"
UNLIKE = "unlike_training"
SPANS_BASE_RATE = "interval_spans_base_rate"
REASONS = (THIN, OLD, UNLIKE, SPANS_BASE_RATE)
"""Codes of scores.parquet, in the order in which they are asked: the first that holds is the reason."""

ROWS = 20_000
"""At most so many rows shape the cloud, and at most so many more say what is usual: every k-th one of a larger set."""
CELLS = 10_000_000
"""Of many columns fewer rows, so that no more than so many cells are held."""
FULL = 400
"""Up to so many dimensions their covariance counts; with more, each dimension stands for itself."""
INDICATORS = 100
"""At most so many patterns of missing values are dimensions of their own."""
TAIL = 0.005
"""The scale of a column comes from its values without this share at either end."""
BEND = 3.0
"""Beyond so many scales a value counts by its logarithm: further out, but not everything."""
FLOOR = 0.01
"""Added to every variance: a dimension that never varied in training counts for much, not for everything."""
_CELLS = 2**22


@dataclass(frozen=True)
class Support:
    """Where the training data lie, and how far out comparable cases were.

    Attributes
    ----------
    medians, scales : ndarray of float64
        By column: what a missing value is replaced with, and the unit.
    indicators : ndarray of int64
        Columns whose missing values are a dimension, one for each pattern.
    alike : ndarray of int64
        By column: the first column that was missing in the same rows of training.
    always, never : ndarray of bool
        Columns that were never, and always, missing in training.
    centre : ndarray of float64
        Mean of the dimensions.
    whitening : ndarray of float64
        Inverse Cholesky factor of their covariance, or one divisor for each.
    reference : ndarray of float64
        Squared distances of the held-out rows, rising.
    """

    medians: np.ndarray
    scales: np.ndarray
    indicators: np.ndarray
    alike: np.ndarray
    always: np.ndarray
    never: np.ndarray
    centre: np.ndarray
    whitening: np.ndarray
    reference: np.ndarray

    def distance(self, X: np.ndarray) -> np.ndarray:
        """Squared distance of each row from the middle of the training data.

        Parameters
        ----------
        X : ndarray of float64, shape (n, p)
            Rows with the columns of the training data; missing is NaN.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        X = np.asarray(X, dtype=np.float64)
        result = np.empty(len(X))
        block = max(1, _CELLS // max(len(self.centre), 1))
        for start in range(0, len(X), block):
            gaps = self._dimensions(X[start : start + block]) - self.centre
            with one_thread():
                gaps = gaps @ self.whitening.T if self.whitening.ndim == 2 else gaps * self.whitening
            result[start : start + block] = np.square(gaps).sum(axis=1)
        return result

    def distance_share(self, X: np.ndarray) -> np.ndarray:
        """Share of the held-out rows that lay at least as far out as each row: small for a case unlike the others.

        For a fresh case of the same kind it is uniform on the steps 0, 1/m, ..., 1 (m held-out rows): it is at most a
        with a probability of at most a + 1/(m + 1), whatever the columns are like (Laxhammar & Falkman 2010; Vovk et
        al. 2005, section 2.2).
        """
        # in the last bits a distance depends on how many rows are computed at once: a tie is a tie up to 1e-9
        nearer = np.searchsorted(self.reference, self.distance(X) * (1 - 1e-9), side="left")
        return np.asarray(1 - nearer / len(self.reference), dtype=np.float64)

    def _dimensions(self, X: np.ndarray) -> np.ndarray:
        missing = np.isnan(X)
        values = np.where(missing, 0.0, (X - self.medians) / self.scales)
        size = np.abs(values)
        far = size > BEND
        values[far] = np.sign(values[far]) * (BEND + np.log1p(np.minimum(size[far], 1e300) - BEND))
        # what no training row showed: a value always there that is not, the other way round, or one of two without the
        # other that were always missing together
        new = (missing & self.always).sum(axis=1) + (~missing & self.never).sum(axis=1)
        new += (missing != missing[:, self.alike]).sum(axis=1)
        surprise = np.where(new > 0, BEND + np.log1p(new), 0.0)
        return np.column_stack([values, missing[:, self.indicators], surprise])


def informative(
    score_low: np.ndarray,
    score_high: np.ndarray,
    base_rate: float,
    evidence_count: np.ndarray,
    evidence_age_days: np.ndarray,
    share: np.ndarray,
    spec: UncertaintySpec,
) -> tuple[np.ndarray, np.ndarray]:
    """Which scores say more than that nothing is known, and why the others do not.

    Parameters
    ----------
    score_low, score_high : ndarray of float64, shape (n,)
        The interval of each score.
    base_rate : float
        Outcome rate of the training rows: a score whose interval holds it says no more than the average does.
    evidence_count : ndarray, shape (n,)
        Records behind the case's own factors.
    evidence_age_days : ndarray, shape (n,)
        Age of the newest of them; NaN where there is none.
    share : ndarray of float64, shape (n,)
        From `Support.distance_share`.
    spec : UncertaintySpec
        The limits.

    Returns
    -------
    informative : ndarray of bool
        True where none of the reasons holds.
    reason : ndarray of object
        One of REASONS, or None.
    """
    age = np.asarray(evidence_age_days, dtype=np.float64)
    holds = {
        THIN: np.asarray(evidence_count, dtype=np.float64) < spec.least_evidence,
        OLD: age > (np.inf if spec.oldest_evidence_days is None else spec.oldest_evidence_days),
        UNLIKE: share <= spec.unlike,
        SPANS_BASE_RATE: (score_low <= base_rate) & (base_rate <= score_high),
    }
    reason = np.full(len(share), None, dtype=object)
    for code in reversed(REASONS):
        reason[holds[code]] = code
    return np.asarray(pd.isna(reason), dtype=bool), reason


def fit_support(X_fit: np.ndarray, X_held_out: np.ndarray) -> Support:
    """Learn where the training data lie.

    The distance is that of Mahalanobis on columns in units of their spread, missing values replaced by the median and
    marked by dimensions of their own, with the covariance of Ledoit & Wolf (2004, Journal of Multivariate Analysis
    88, 365-411). What counts as far is not taken from a distribution: it is what the held-out rows were.

    Parameters
    ----------
    X_fit : ndarray of float64, shape (n, p)
        Rows that shape the cloud; missing is NaN.
    X_held_out : ndarray of float64, shape (m, p)
        Other rows of other clusters, such as those of the calibrator.

    Returns
    -------
    Support
        The same for the rows in any order.
    """
    fit = _in_order(X_fit)
    missing = np.isnan(fit)
    medians, scales = _units(fit)
    indicators, alike = _patterns(missing)
    support = Support(
        medians=medians,
        scales=scales,
        indicators=indicators,
        alike=alike,
        always=~missing.any(axis=0),
        never=missing.all(axis=0),
        centre=np.empty(0),
        whitening=np.empty(0),
        reference=np.empty(0),
    )
    values = support._dimensions(fit)
    with one_thread():
        centre, whitening = values.mean(axis=0), _whitening(values)
    shaped = Support(**{**vars(support), "centre": centre, "whitening": whitening})
    return Support(**{**vars(shaped), "reference": np.sort(shaped.distance(_in_order(X_held_out)))})


def _in_order(X: np.ndarray) -> np.ndarray:
    """The rows in an order of their own, thinned evenly: sums do not depend on the order in which they came."""
    X = np.asarray(X, dtype=np.float64)
    codes = np.zeros(len(X), dtype=np.uint64)
    for column in range(X.shape[1]):
        bits = X[:, column] + 0.0  # -0.0 is 0.0
        bits[np.isnan(bits)] = np.nan
        codes = codes * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(bits)
        codes ^= codes >> np.uint64(29)
    order = np.argsort(codes, kind="stable")
    kept = min(ROWS, max(1000, CELLS // max(X.shape[1], 1)))
    if len(order) > kept:  # equal rows stand together: each kind keeps its share
        order = order[(np.arange(kept) * len(order)) // kept]
    return np.asarray(X[order] + 0.0)


def _units(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and spread of each column, by the values that are there."""
    medians, scales = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for column in range(X.shape[1]):
        values = np.sort(X[:, column])
        values = values[: len(values) - np.isnan(values).sum()]
        if not len(values):
            continue
        cut = int(len(values) * TAIL)
        medians[column] = values[(len(values) - 1) // 2]
        kept = np.clip(values, values[cut], values[len(values) - 1 - cut])
        # a column that nearly always says the same: its few other values are all that there is to measure it by
        spread = float(kept.std()) or float(values.std())
        scales[column] = spread if spread > 0 and np.isfinite(spread) else max(1.0, abs(medians[column]))
    return medians, scales


def _patterns(missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first column of each pattern of missing values that is neither none nor all; for each column its first."""
    seen: dict[bytes, int] = {}
    alike = np.arange(missing.shape[1])
    for column in range(missing.shape[1]):
        pattern = missing[:, column]
        if pattern.any() and not pattern.all():
            alike[column] = seen.setdefault(np.packbits(pattern).tobytes(), column)
    return np.array(list(seen.values())[:INDICATORS], dtype=np.int64), alike


def _whitening(values: np.ndarray) -> np.ndarray:
    if values.shape[1] > FULL or len(values) < 2:
        return np.asarray(1 / np.sqrt(values.var(axis=0) + FLOOR))
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(values)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance + FLOOR * np.eye(len(covariance)))))
