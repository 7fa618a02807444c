"""Yes/no statements about single columns: what a points list may ask.

Belongs here: cut-offs that can be said aloud, the statements of a matrix, which of them hold for a row, their sums
over rows.
Does not belong here: choosing among them (models.candidates.points).

Cut-offs at quantiles of the training rows follow AutoScore (F. Xie et al.: AutoScore, a machine learning-based
automatic clinical score generator, JMIR Medical Informatics 8, 2020), rounded here as far as that moves few rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import numpy as np
from scipy import sparse

from features.spec import Column
from models.candidates.categories import directions

COMPARISONS = ("at_least", "below", "missing", "is")
"""How a statement compares its column: at or above the cut, below it, nothing recorded, of this category.

The first two and the last do not hold where the value is missing.
"""

_LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
_MOVED = 0.02
_MOVED_OF_A_SIDE = 0.2
"""Rounding may move these shares of all rows, and of those on one side of a cut, to the other."""


def holds(X: np.ndarray, columns: np.ndarray, comparisons: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Whether each statement holds for each row, shape (rows, statements)."""
    made = np.zeros((len(X), len(columns)), dtype=bool)
    for i, (j, comparison, cut) in enumerate(zip(columns, comparisons, cuts, strict=True)):
        value, how = X[:, j], COMPARISONS[comparison]
        made[:, i] = np.isnan(value) if how == "missing" else value < cut if how == "below" else value >= cut
    return made


def readable_cuts(told: np.ndarray) -> list[float]:
    """Cut-offs near the quantiles of these values, with as few digits as possible; the smallest value is none.

    Parameters
    ----------
    told : ndarray
        Values of one column in the training rows, none missing.

    Returns
    -------
    list of float
        Rising. No two of them divide the values alike; whole numbers where all values are.
    """
    ordered = np.sort(told)
    if not len(ordered) or ordered[0] == ordered[-1]:
        return []
    whole = bool((ordered == np.round(ordered)).all())
    second = ordered[np.searchsorted(ordered, ordered[0], side="right")]
    near = np.unique(np.append(np.quantile(ordered, _LEVELS, method="higher"), second))
    found: dict[int, float] = {}
    for value in near:
        cut = _readable(float(value), ordered, whole)
        below = int(np.searchsorted(ordered, cut, side="left"))
        if 0 < below < len(ordered):
            found.setdefault(below, cut)
    return sorted(found.values())


def _readable(value: float, ordered: np.ndarray, whole: bool) -> float:
    place = np.searchsorted(ordered, value, side="left")
    few = min(_MOVED * len(ordered), _MOVED_OF_A_SIDE * min(place, len(ordered) - place))
    exact = Decimal(value)
    for digits in range(9):
        # up and down too: many rows may share one value, and a number just above it would move them all
        for rounding in (ROUND_HALF_EVEN, ROUND_FLOOR, ROUND_CEILING):
            unit = Decimal(1).scaleb(exact.adjusted() - digits + 1)  # with no digit left the number is 0, or next to it
            rounded = float(exact.quantize(unit, rounding=rounding))
            if whole and rounded != round(rounded):
                continue
            if abs(np.searchsorted(ordered, rounded, side="left") - place) <= few:
                return rounded
    return value


@dataclass(frozen=True)
class Statements:
    """All statements that may be made about the rows of a matrix.

    Attributes
    ----------
    columns, comparisons, cuts : ndarray, shape (statements,)
        What each says; the cut of `missing` is NaN.
    allowed : ndarray of int
        1 where its points may only be positive, -1 only negative, 0 either: what the declared direction asks for.
    bins : ndarray of uint8, shape (columns, rows)
        Between which cuts of its column a row's value lies.
    sizes : ndarray of int
        Bins of each column.
    members : sparse matrix, shape (statements, all bins)
        1 where a statement holds for a bin.
    """

    columns: np.ndarray
    comparisons: np.ndarray
    cuts: np.ndarray
    allowed: np.ndarray
    bins: np.ndarray
    sizes: np.ndarray
    members: sparse.csr_matrix

    def sums(self, values: np.ndarray) -> np.ndarray:
        """For each statement the sum of `values` over the rows for which it holds."""
        binned = [
            np.bincount(row, weights=values, minlength=size) for row, size in zip(self.bins, self.sizes, strict=True)
        ]
        result: np.ndarray = self.members @ np.concatenate([np.zeros(0), *binned])
        return result


def statements(X: np.ndarray, described: Sequence[Column], fewest: int) -> Statements:
    """Every statement that at least `fewest` rows affirm and at least so many do not.

    Parameters
    ----------
    X : ndarray
        Training rows x columns, NaN = missing.
    described : sequence of Column
        What is known of the columns; empty: all are plain, without direction.
    fewest : int
        Rows.
    """
    width = X.shape[1]
    signs = directions(described, width)
    said: list[tuple[int, int, float, int]] = []
    bins = np.zeros((width, len(X)), dtype=np.uint8)
    sizes = np.zeros(width, dtype=np.int64)
    covered: list[np.ndarray] = []
    start = 0
    for j in range(width):
        category = bool(described) and described[j].category is not None
        absent = np.isnan(X[:, j])
        cuts = [1.0] if category else readable_cuts(X[~absent, j])
        bins[j] = np.where(absent, len(cuts) + 1, np.searchsorted(np.array(cuts), X[:, j], side="right"))
        sizes[j] = len(cuts) + 2
        for i, cut in enumerate(cuts):
            if signs[j] >= 0:
                said.append((j, COMPARISONS.index("is" if category else "at_least"), cut, int(signs[j])))
                covered.append(start + np.arange(i + 1, len(cuts) + 1))
            # without missing values "below" says nothing that "at least" does not
            if signs[j] < 0 or (signs[j] == 0 and absent.any() and not category):
                said.append((j, COMPARISONS.index("below"), cut, -int(signs[j])))
                covered.append(start + np.arange(i + 1))
        # the columns of one category are missing together: it is said once
        if absent.any() and not (category and any(described[j].feature == each.feature for each in described[:j])):
            said.append((j, COMPARISONS.index("missing"), np.nan, 0))
            covered.append(start + np.array([len(cuts) + 1]))
        start += int(sizes[j])
    indptr = np.concatenate([[0], np.cumsum([len(each) for each in covered])]).astype(np.int64)
    indices = np.concatenate(covered) if covered else np.zeros(0, dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(said), start))
    table = np.array(said, dtype=np.float64).reshape(len(said), 4)
    made = Statements(
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2],
        table[:, 3].astype(np.int64),
        bins,
        sizes,
        members,
    )
    count = made.sums(np.ones(len(X)))
    kept = np.flatnonzero((count >= fewest) & (count <= len(X) - fewest))
    return Statements(
        made.columns[kept], made.comparisons[kept], made.cuts[kept], made.allowed[kept], bins, sizes, members[kept]
    )
