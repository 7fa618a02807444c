"""Intervals where the bootstrap is not enough.

Belongs here: formulas that turn an estimate and its spread into limits.
Does not belong here: which of them applies (fairness_reports.audit.estimates).

Sources: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212, for the score interval of a
proportion; L. Kish (1965), Survey Sampling, for the design effect; G. Y. Zou and A. Donner (2008), Statistics in
Medicine 27, 1693-1702, for limits of a difference recovered from the limits of its parts; A. Donner and G. Y. Zou
(2012), Statistical Methods in Medical Research 21, 347-359, for a ratio.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def critical(level: float, degrees: Array | None = None) -> Array:
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


def quotient(a: Array, a_limits: tuple[Array, Array], b: Array, b_limits: tuple[Array, Array]) -> tuple[Array, Array]:
    """Limits of a / b from the limits of a and b (MOVER-R), as if they were independent; NaN where b could be 0."""
    (la, ua), (lb, ub) = a_limits, b_limits
    with np.errstate(divide="ignore", invalid="ignore"):
        product = a * b
        low = product - np.sqrt(np.maximum(product**2 - la * ub * (2 * a - la) * (2 * b - ub), 0))
        high = product + np.sqrt(np.maximum(product**2 - ua * lb * (2 * a - ua) * (2 * b - lb), 0))
        low, high = low / (ub * (2 * b - ub)), high / (lb * (2 * b - lb))
    bad = (b <= 0) | (2 * b <= ub) | (lb <= 0)
    return np.where(bad, np.nan, np.maximum(low, 0)), np.where(bad, np.nan, high)
