"""The shape of a feature as the tables of a release tell it, and which way it points.

Belongs here: reading the tables shapes and tendencies; directions.
Does not belong here: the bins (models.explanation.shapes), words and pictures (shapes).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fairness_reports.reports.context import FeatureLine, ReportContext, rows_of
from fairness_reports.reports.figures import known

HARDLY = 0.05
"""Below this shift, in log-odds, a score is about average; a score of 20 % becomes less than 21 %."""
RANKED = 0.5
"""A shape points one way when the rank correlation of values and contributions, weighted by cases, is beyond this."""
TRACE = 0.02
"""Past cases point one way when of 100 pairs at least two more than half have the higher value with the outcome."""


@dataclass(frozen=True)
class Part:
    """Some values of a feature: one row of the table shapes."""

    part: str
    low: float | None
    high: float | None
    category: str | None
    mean: float | None
    least: float | None
    most: float | None
    n: int | None


@dataclass(frozen=True)
class Shape:
    """All that the table says of one feature.

    Attributes
    ----------
    line : FeatureLine
        The feature.
    typical : Part or None
        Its typical range and the figures of all cases with a value; None for categories.
    parts : tuple of Part
        Bins in rising order, or categories; then other and missing values.
    past : str or None
        Which way past cases point on their own: `up`, `down`, `flat` where that cannot be told; None where nobody
        looked.
    """

    line: FeatureLine
    typical: Part | None
    parts: tuple[Part, ...]
    past: str | None = None

    @property
    def bins(self) -> list[Part]:
        """Bins with figures, in rising order."""
        return [part for part in self.parts if part.part == "bin" and part.mean is not None]

    @property
    def untold(self) -> bool:
        """Whether no part has figures: they are withheld, or too few cases stand behind each."""
        return all(part.mean is None for part in self.parts)

    @property
    def whole(self) -> bool:
        """Whether every part has figures."""
        return all(part.mean is not None for part in self.parts)

    @property
    def reach(self) -> float:
        """Difference of the highest and the lowest mean contribution among the parts; 0 where none is told."""
        means = [part.mean for part in self.parts if part.mean is not None]
        return max(means) - min(means) if means else 0.0

    @property
    def touching(self) -> bool:
        """Whether the end of one bin is the beginning of the next: values are not whole numbers."""
        told = [part for part in self.parts if part.part == "bin"]
        return any(one.high is not None and one.high == other.low for one, other in pairwise(told))

    @property
    def tendency(self) -> str:
        """Which way it points: `up`, `down`, `mixed`; `flat` where values hardly matter; `kinds` of a category.

        `untold` where figures are withheld and those that are left cannot say it.
        """
        if self.untold:
            return "untold"
        if any(part.part == "category" for part in self.parts):
            return "kinds"
        means = np.array([part.mean for part in self.bins], dtype=np.float64)
        if len(means) < 2:
            return "untold" if any(part.part == "bin" and part.mean is None for part in self.parts) else "flat"
        if np.ptp(means) < HARDLY:
            return "flat"
        weights = np.array([part.n for part in self.bins], dtype=np.float64)
        found = rank_correlation(np.arange(len(means)), means, weights)
        return "up" if found > RANKED else "down" if found < -RANKED else "mixed"


def rank_correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> float:
    """Spearman's correlation of values that stand for `weights` cases each; ties share a rank.

    Returns
    -------
    float
        NaN where one of them does not vary.
    """
    ranks = []
    for values in (first, second):
        _, place = np.unique(values, return_inverse=True)
        sizes = np.bincount(place, weights=weights)
        ranks.append((np.cumsum(sizes) - sizes / 2)[place])
    spread = [np.average((rank - np.average(rank, weights=weights)) ** 2, weights=weights) for rank in ranks]
    if min(spread) == 0:
        return float("nan")
    one, other = (rank - np.average(rank, weights=weights) for rank in ranks)
    return float(np.average(one * other, weights=weights) / np.sqrt(spread[0] * spread[1]))


def shapes_of(context: ReportContext) -> dict[str, Shape]:
    """The shapes of a release by the name of the feature; empty where there is no model or an older release."""
    if context.shapes.empty:
        return {}
    lines = {line.name: line for line in context.features}
    past = {str(row.feature): _points(row) for row in rows_of(context.tendencies) if known(row.auc)}
    found = {}
    for feature, rows in context.shapes.sort_values(["feature", "position"]).groupby("feature", sort=True):
        parts = [_part(row) for row in rows_of(rows)]
        line = lines.get(str(feature)) or FeatureLine(str(feature), str(rows["factor"].iloc[0]))
        typical = next((part for part in parts if part.part == "typical"), None)
        found[str(feature)] = Shape(
            line, typical, tuple(part for part in parts if part.part != "typical"), past.get(str(feature))
        )
    return found


def _points(row: Any) -> str:
    """Which way past cases point, where the interval leaves no doubt and the tendency is more than a trace."""
    if known(row.low) and row.low > 0.5 and row.auc >= 0.5 + TRACE:
        return "up"
    return "down" if known(row.high) and row.high < 0.5 and row.auc <= 0.5 - TRACE else "flat"


def _part(row: Any) -> Part:
    figures = (row.value_from, row.value_to, row.mean_contribution, row.low, row.high)
    low, high, mean, least, most = (float(figure) if known(figure) else None for figure in figures)
    category = str(row.category) if known(row.category) else None
    return Part(str(row.part), low, high, category, mean, least, most, int(row.n) if known(row.n) else None)
