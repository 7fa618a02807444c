"""The lowest and the highest that a figure can be.

Belongs here: extremes of a quotient, of the difference or the ratio of two, over independent ranges of true outcomes.
Does not belong here: where the ranges come from (cells), what the figures are (forms), sampling error (sampling).

The argument. A figure is f − g or f / g, where f and g are quotients of linear forms of four numbers: true outcomes
among the selected and the others of a group (t1, t0) and of the other cases (o1, o0), each in a range of its own. With
(t1, t0) fixed, only one of f and g depends on (o1, o0); a quotient of linear forms is monotone along every line, so its
extremes lie at the corners of (o1, o0). With a corner fixed, suppose that an extreme lies inside the rectangle of
(t1, t0). There the gradients of f and g (of their logarithms) are parallel; a quotient of linear forms has straight
level lines; so both are constant along one and the same line through the point, which leads to the edge. So extremes
are found on the edges, at their ends or where the derivative along the edge, a quadratic, is zero. This is exact, and
the limits are attained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CHUNK = 4000
"""Rows at a time: 48 places each."""
BESIDE = 1e-7
"""How far off a corner without a figure the limit is taken, as a share of the range."""
UNLIMITED = 1e5
"""Ratios above have a reference that can be as good as 0: they have no upper limit."""


@dataclass(frozen=True)
class Problems:
    """Figures to bound; R of them.

    Attributes
    ----------
    f, g : numpy.ndarray, shape (R, 4, 7)
        From `Form.stacked`.
    ratio : numpy.ndarray of bool
        f / g instead of f − g.
    own, other : numpy.ndarray, shape (R, 7)
        TERMS of the group and of the other cases; the first two are ignored.
    low, high : numpy.ndarray, shape (R, 4)
        Ranges of t1, t0, o1, o0.
    """

    f: Array
    g: Array
    ratio: NDArray[np.bool_]
    own: Array
    other: Array
    low: Array
    high: Array

    def __getitem__(self, at: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Problems:
        return Problems(*(getattr(self, name)[at] for name in self.__dataclass_fields__))

    def evaluate(self, places: Array) -> Array:
        """The figure with true outcomes `places`, shape (..., R, 4); NaN where it does not exist."""
        f, g = self.quotients(places)
        with np.errstate(divide="ignore", invalid="ignore"):
            over = np.where(g > 0, f / g, np.where((g == 0) & (f > 0), np.inf, np.nan))
            return np.where(self.ratio, over, f - g)

    def quotients(self, places: Array) -> tuple[Array, Array]:
        """Both quotients at `places`."""
        return _quotient(*self.parts(self.f, places)), _quotient(*self.parts(self.g, places))

    def gradient(self, places: Array) -> tuple[Array, Array]:
        """Derivatives by the first six TERMS of the group and of the other cases at `places`, shape (R, 4)."""
        found = []
        for form in (self.f, self.g):
            numerator, denominator = self.parts(form, places)
            quotient = _quotient(numerator, denominator)[:, None]
            with np.errstate(divide="ignore", invalid="ignore"):
                sides = [(form[:, i, :6] - quotient * form[:, 2 + i, :6]) / denominator[:, None] for i in (0, 1)]
            found.append((quotient, sides))
        (f, of_f), (g, of_g) = found
        ratio = self.ratio[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            own, other = (np.where(ratio, a / g - f * b / g**2, a - b) for a, b in zip(of_f, of_g, strict=True))
        return own, other

    def parts(self, form: Array, places: Array) -> tuple[Array, Array]:
        """Numerator and denominator of a quotient at `places`."""
        parts = []
        for i in (0, 1):
            own, other = form[:, 2 * i], form[:, 2 * i + 1]
            total = (own[:, 2:] * self.own[:, 2:]).sum(-1) + (other[:, 2:] * self.other[:, 2:]).sum(-1)
            for j in (0, 1):
                total = total + own[:, j] * places[..., j] + other[:, j] * places[..., 2 + j]
            parts.append(total)
        return parts[0], parts[1]


def _quotient(numerator: Array, denominator: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Array = np.where(np.abs(denominator) > 1e-9, numerator / denominator, np.nan)
    return quotient


@dataclass(frozen=True)
class Extremes:
    """Lowest and highest figures, and where they are.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (R,)
        NaN where no place gives a figure; infinite where a ratio's reference can be 0.
    at_low, at_high : numpy.ndarray, shape (R, 4)
        t1, t0, o1, o0 there.
    """

    low: Array
    high: Array
    at_low: Array
    at_high: Array


def extremes(problems: Problems) -> Extremes:
    """Bound every figure; see the module's argument."""
    pieces = [
        _extremes(problems[slice(start, start + CHUNK)]) for start in range(0, max(len(problems.ratio), 1), CHUNK)
    ]
    return Extremes(
        *(np.concatenate([getattr(each, name) for each in pieces]) for name in Extremes.__dataclass_fields__)
    )


def _extremes(problems: Problems) -> Extremes:
    low, high = problems.low, problems.high
    limits = (low, high)
    corners = [
        np.stack([limits[a][:, 0], limits[b][:, 1], limits[c][:, 2], limits[d][:, 3]], axis=-1)
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
        for d in (0, 1)
    ]
    places = np.stack(corners)
    bent = _bent(problems)
    inner = np.repeat(places[:1], 0, axis=0)
    if bent.any():
        some = problems[bent]
        # each edge once: from the corner where it starts
        starts = [(0, places[i, bent]) for i in range(8)] + [(1, places[i, bent]) for i in range(16) if not i & 4]
        inner = np.stack([place for axis, corner in starts for place in _on_edge(some, corner, axis)])
    return _best(problems, places, bent, inner)


def _bent(problems: Problems) -> NDArray[np.bool_]:
    """Where f and g both depend on the group's own outcomes: elsewhere the corners are enough."""
    f, g = (np.abs(form[:, [0, 2], :2]).sum(axis=(1, 2)) > 0 for form in (problems.f, problems.g))
    return np.asarray(f & g & (problems.low[:, :2] < problems.high[:, :2]).any(axis=1), dtype=np.bool_)


def _best(problems: Problems, places: Array, bent: NDArray[np.bool_], inner: Array) -> Extremes:
    figure = problems.evaluate(places)
    broken: NDArray[np.bool_] = np.asarray(np.isnan(figure).any(axis=0), dtype=np.bool_)
    further = [(bent, inner)]
    if broken.any():
        some = problems[broken]
        further.append((broken, np.concatenate([_beside(some, places[:, broken], axes) for axes in _AXES])))
    result = []
    for sign in (1.0, -1.0):
        best, at = _lowest(sign * figure, places)
        for rows, more in further:
            if rows.any():
                other, other_at = _lowest(sign * problems[rows].evaluate(more), more)
                better = other < np.where(np.isnan(best[rows]), np.inf, best[rows])
                best[rows] = np.where(better, other, best[rows])
                at[rows] = np.where(better[:, None], other_at, at[rows])
        result.append((sign * best, at))
    (low, at_low), (high, at_high) = result
    return Extremes(low, np.where(problems.ratio & (high > UNLIMITED), np.inf, high), at_low, at_high)


_AXES = [(own, other) for own in (0, 1, None) for other in (2, 3, None) if (own, other) != (None, None)]


def _beside(problems: Problems, places: Array, axes: tuple[int | None, int | None]) -> Array:
    """Places a little off the corners along the edges: where a quotient is 0 / 0, it has a limit along each edge."""
    moved = places.copy()
    for axis in axes:
        if axis is not None:
            low, high = problems.low[:, axis], problems.high[:, axis]
            step = BESIDE * (high - low)
            moved[..., axis] += np.where(places[..., axis] == low, step, -step)
    return moved


def _lowest(figure: Array, places: Array) -> tuple[Array, Array]:
    filled = np.where(np.isnan(figure), np.inf, figure)
    first = np.argmin(filled, axis=0)
    every = np.arange(figure.shape[1])
    best = filled[first, every]
    return np.where(best == np.inf, np.nan, best), places[first, every]


def _on_edge(problems: Problems, corner: Array, axis: int) -> list[Array]:
    """Places on the edge from a corner along t1 (0) or t0 (1) where the derivative along the edge is zero."""
    base = corner.copy()
    base[:, axis] = 0.0
    (a1, b1, c1, d1), (a2, b2, c2, d2) = (_along(problems, form, base, axis) for form in (problems.f, problems.g))
    k1, k2 = a1 * d1 - b1 * c1, a2 * d2 - b2 * c2
    ratio = problems.ratio
    second = np.where(ratio, k1 * a2 * c2 - k2 * a1 * c1, k1 * c2 * c2 - k2 * c1 * c1)
    first = np.where(ratio, k1 * (a2 * d2 + b2 * c2) - k2 * (a1 * d1 + b1 * c1), 2 * (k1 * c2 * d2 - k2 * c1 * d1))
    zeroth = np.where(ratio, k1 * b2 * d2 - k2 * b1 * d1, k1 * d2 * d2 - k2 * d1 * d1)
    found = []
    for root in _roots(second, first, zeroth):
        place = corner.copy()
        inside = np.clip(root, problems.low[:, axis], problems.high[:, axis])
        place[:, axis] = np.where(np.isnan(inside), corner[:, axis], inside)
        found.append(place)
    return found


def _along(problems: Problems, form: Array, base: Array, axis: int) -> tuple[Array, Array, Array, Array]:
    """Numerator a x + b and denominator c x + d along an edge."""
    starts = problems.parts(form, base)
    return form[:, 0, axis], starts[0], form[:, 2, axis], starts[1]


def _roots(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """Roots of a x² + b x + c, without cancellation; NaN where there are none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -(b + np.where(b >= 0, 1.0, -1.0) * np.sqrt(b * b - 4 * a * c)) / 2
        return q / a, c / q
