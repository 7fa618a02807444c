"""Figures of a group as they may be told: from rounded counts, or in steps as coarse as these.

Belongs here: one figure, its difference or ratio to another, the ends of its interval.
Does not belong here: whether it may be shown at all (counted), the rows of a table (fairness, tables).

Shares of counts are computed from counts that were rounded first, and differences and ratios from figures that are told
themselves: nothing can be found out from them that the rounded counts do not say. Other figures (a mean score, an AUC)
are told in steps that hide at least as many persons as a rounded count does. An interval keeps its width, rounded up,
around the figure that is told: its exact ends would be a second, finer reading of the figure.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit.metrics import AREAS, RATE_BEHIND, RATIOS, SHARES, weights
from fairness_reports.disclosure.counted import CELLS, Part
from fairness_reports.disclosure.levels import ALL
from fairness_reports.disclosure.profile import Profile, nice, significant, tidy, to_step, up_to_step

Array = NDArray[np.float64]

NO_Y: Final = frozenset({"n", "group_share", "mean_score"})
"""Metrics that rest on neither selection nor outcome."""
NORMAL: Final = 3.92
"""An interval of 95 % is so many standard errors wide."""
FREE: Final = ("proxy_auc", "contribution", "raw")
"""Families of metrics (before a bracket) of which the same holds, when they speak of all cases."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def without_y(metric: str, band: str) -> bool:
    """Whether a figure says nothing about selection or outcome."""
    return band == "all" and (metric in NO_Y or metric.split("[")[0] in FREE)


def told_counts(part: Part, at: int, profile: Profile) -> Array:
    """The counts of a group as they are told, cell by cell.

    Returns
    -------
    numpy.ndarray, shape (CELLS,)
    """
    exact = part.counts[at]
    known = [profile.count(count) for count in exact[:4]]
    base = part.unknown_base
    unknown = [profile.count(int(np.floor(count / base + 0.5)) * base) for count in exact[4:]]
    return np.array([*known, *unknown], dtype=np.float64)


def told_size(part: Part, at: int, profile: Profile) -> float:
    """The number of cases of a group of which no more is told."""
    return float(profile.count(float(part.counts[at].sum())))


def told_total(part: Part, profile: Profile) -> tuple[float, float, float] | None:
    """Everybody as they are told wherever a split is spoken of: cases, cases of known outcome, outcomes.

    Parameters
    ----------
    part : Part
        Everybody of one split.

    Returns
    -------
    tuple of float or None
        None where the cells are not told: nothing else is made from them then.
    """
    if part.levels[0] != ALL:
        return None
    cells = told_counts(part, 0, profile)
    return float(cells.sum()), float(cells[:4].sum()), float(cells[:2].sum())


def from_counts(metric: str, mine: Array, everybody: Array, profile: Profile) -> tuple[float, float] | None:
    """A figure that follows from counts, and how many cases it rests on; None for other metrics."""
    if metric == "n":
        return float(mine.sum()), float(mine.sum())
    if metric in SHARES:
        by = weights(SHARES[metric][0])[:CELLS]
        return _share(float(by @ mine), float(by @ everybody), profile)
    if metric == "capacity_balance":
        shares = [from_counts(each, mine, everybody, profile) for each in ("capacity_share", "outcome_share")]
        if shares[0] is None or shares[1] is None:
            return None
        return profile.told(shares[0][0] - shares[1][0]), shares[0][1]
    ratio = RATIOS.get(metric)
    if ratio is None or not ratio.proportion:
        return None
    return _share(float(ratio.numerator[:CELLS] @ mine), float(ratio.denominator[:CELLS] @ mine), profile)


def _share(part: float, whole: float, profile: Profile) -> tuple[float, float]:
    return (profile.told(part / whole) if whole > 0 else np.nan), whole


def in_steps(metric: str, value: float, exact: Array, told: Array, everybody: Array, profile: Profile) -> float:
    """A figure that does not follow from counts, in steps."""
    if metric in RATE_BEHIND:  # a mean score less a rate: the rate is told already
        rate = RATE_BEHIND[metric]
        ratio = RATIOS[rate]
        part, whole = float(ratio.numerator[:CELLS] @ exact), float(ratio.denominator[:CELLS] @ exact)
        known = from_counts(rate, told, everybody, profile)
        if not whole or known is None:
            return np.nan
        return profile.told(to_step(value + part / whole, profile.step(whole)) - known[0])
    return profile.told(to_step(value, profile.step(persons(metric, exact, everybody))))


def persons(metric: str, exact: Array, everybody: Array) -> float:
    """How many persons a figure rests on, as far as its step goes."""
    family = metric.split("[")[0]
    if family in AREAS:  # a person moves an AUC by about half of what they move a share by
        return 2 * float(min(exact[:2].sum(), exact[2:4].sum()))
    if family == "proxy_auc":
        return 2 * float(min(exact.sum(), everybody.sum() - exact.sum()))
    if metric in RATIOS:
        return float(RATIOS[metric].denominator[:CELLS] @ exact)
    if metric in SHARES or metric == "capacity_balance":
        return float(weights(SHARES.get(metric, SHARES["capacity_share"])[0])[:CELLS] @ everybody)
    return float(exact.sum())


def ends(
    value: float, low: float | None, high: float | None, told: float, step: float, *, share: bool
) -> tuple[float, float]:
    """The ends of an interval around the figure that is told: as wide as it was, rounded up.

    Parameters
    ----------
    value : float
        Exact.
    low, high : float or None
        Exact; None and NaN where there is no interval (a table without any holds None).
    told : float
        The figure as it is told.
    step : float
        What the distances are multiples of.
    share : bool
        Whether it lies between 0 and 1.
    """
    lower, upper = (np.nan if end is None else end for end in (low, high))
    below, above = (up_to_step(each, step) if np.isfinite(each) else np.nan for each in (value - lower, upper - value))
    lower, upper = tidy(told - below), tidy(told + above)
    return (max(lower, 0.0), min(upper, 1.0)) if share else (lower, upper)


def width_step(persons_behind: float, profile: Profile) -> float:
    """The step of the distances between a figure and its ends, which change little with one person."""
    return nice(profile.base / max(2 * persons_behind, 1.0))


def quotient(over: float, under: float, profile: Profile) -> float:
    """A ratio of two figures that are told."""
    return significant(over / under, min(3, profile.digits or 3)) if under else np.nan


def coarse(value: float) -> float:
    """Two significant digits, for figures that only give an idea of a size."""
    return significant(value, 2)
