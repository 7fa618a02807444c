"""Intervals where the bootstrap is not enough.

Belongs here: formulas that turn an estimate and its spread into limits.
Does not belong here: which of them applies (fairness_reports.audit.estimates).

Sources: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212, for the score interval of a
proportion; L. Kish (1965), Survey Sampling, for the design effect; G. Y. Zou and A. Donner (2008), Statistics in
Medicine 27, 1693-1702, for limits of a difference, and on the logarithms of a ratio, recovered from the limits of its
parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def critical(level: Array | float, degrees: Array | None = None) -> Array:
    """Two-sided critical value: normal, or Student's t with these degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    tail = 1 - (1 - level) / 2
    if degrees is None:
        return np.asarray(ndtri(tail), dtype=np.float64)
    return np.asarray(stdtrit(np.maximum(degrees, 1.0), tail), dtype=np.float64)


def design_effect(share: Array, cases: Array, se: Array, worst: Array) -> Array:
    """By how much clustering inflates the variance of a proportion.

    The variance between clusters over the variance of as many independent cases, at least 1 and at most `worst`. Where
    the share is 0 or 1 the variance says nothing: then `worst`, as if all cases of a cluster were alike.
    """
    independent = share * (1 - share) / cases
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(independent > 0, se * se / independent, worst)
    return np.clip(effect, 1.0, np.maximum(worst, 1.0))


def wilson(share: Array, cases: Array, z: Array | float) -> tuple[Array, Array]:
    """Wilson's score interval of a proportion among so many (effective) cases."""
    square = np.asarray(z, dtype=np.float64) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (share + square / (2 * cases)) / (1 + square / cases)
        half = np.sqrt(square * (share * (1 - share) / cases + square / (4 * cases * cases))) / (1 + square / cases)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def logit_limits(value: Array, se: Array, z: Array | float) -> tuple[Array, Array]:
    """Limits of a figure in (0, 1) that are symmetric in its logit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logit, step = np.log(value / (1 - value)), np.asarray(z) * se / (value * (1 - value))
        return 1 / (1 + np.exp(step - logit)), 1 / (1 + np.exp(-step - logit))


def difference(
    a: Array, a_limits: tuple[Array, Array], b: Array, b_limits: tuple[Array, Array], correlation: Array
) -> tuple[Array, Array]:
    """Limits of a - b from the limits of a and b (MOVER), for correlated estimates."""
    down_a, up_a, down_b, up_b = a - a_limits[0], a_limits[1] - a, b - b_limits[0], b_limits[1] - b
    low = np.sqrt(np.maximum(down_a**2 + up_b**2 - 2 * correlation * down_a * up_b, 0))
    high = np.sqrt(np.maximum(up_a**2 + down_b**2 - 2 * correlation * up_a * down_b, 0))
    return a - b - low, a - b + high


def quotient(
    a: Array, a_limits: tuple[Array, Array], b: Array, b_limits: tuple[Array, Array], correlation: Array
) -> tuple[Array, Array]:
    """Limits of a / b from the limits of a and b (MOVER of the logarithms), for correlated estimates; NaN where b is 0.

    Where a is 0 it has no logarithm: the lower limit is 0, the upper one that of A. Donner and G. Y. Zou (2012),
    Statistical Methods in Medical Research 21, 347-359, which is as if a and b were independent.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [(np.log(x), (np.log(limits[0]), np.log(limits[1]))) for x, limits in ((a, a_limits), (b, b_limits))]
        low, high = difference(*parts[0], *parts[1], correlation)
        alone = a_limits[1] / np.sqrt(b_limits[0] * (2 * b - b_limits[0]))
        low, high = np.where(a > 0, np.exp(low), 0.0), np.where(a > 0, np.exp(high), alone)
    return np.where(b > 0, np.nan_to_num(low, nan=0.0), np.nan), np.where(b > 0, high, np.nan)


def expanded(level: Array | float, units: Array) -> Array:
    """The tails of percentiles of a bootstrap of so many units, in place of (1 - level) / 2.

    Percentiles take the normal distribution for Student's t and lack the factor n / (n - 1) of the variance. T. C.
    Hesterberg (2015), The American Statistician 69, 371-386, moves them outwards by as much.
    """
    from scipy.special import ndtr

    units = np.maximum(units, 2.0)
    return np.asarray(ndtr(-critical(level, units - 1) * np.sqrt(units / (units - 1))), dtype=np.float64)
