"""Which cells of two crossed attributes may be shown, so that none that is hidden follows from its row and column.

Belongs here: the cells of one crossing, hidden cells that protect others.
Does not belong here: levels of single attributes (levels), counting cases (counted), figures.

The groups of both attributes are shown beside the crossing, so a hidden cell follows from its row when all others of it
are shown. That it does not is shown by exchange, as in levels: case i of (a, b') and case k of (a', b) exchange their
values of the second attribute (or of the first), which moves i to (a, b) and k to (a', b'). Rows and columns keep their
sums; when the two lie in the same cell of Y and agree in every other attribute (and band of scores) that is shown
crossed with the one they exchange, nothing else that is published changes either. It takes that (a, b'), (a', b) and
(a', b') are hidden, too: where they are not, the three that hold the fewest cases are hidden with it, or two whole
columns, or two whole rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairness_reports.disclosure.levels import ALL, HIDDEN, Array, Levels, room
from fairness_reports.disclosure.profile import Profile

Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Crossing:
    """Two attributes crossed.

    Attributes
    ----------
    agreeing : tuple of numpy.ndarray, each of shape (rows, columns, cells of Y, kinds)
        Cases, split further by everything in which two that exchange must agree; one way to split them for each of the
        two attributes that may be exchanged.
    rows, columns : numpy.ndarray
        Levels of the groups of the first and of the second attribute.
    row_lots, column_lots : numpy.ndarray
        Groups at level 0 exchange with those of their own lot only: the members of "small groups together" are one.
    judged : numpy.ndarray of bool, shape (cells of Y,)
        Cells that must not be told when they are small.
    """

    agreeing: tuple[Array, ...]
    rows: Levels
    columns: Levels
    row_lots: Levels
    column_lots: Levels
    judged: Cells

    @property
    def counts(self) -> Array:
        """Cases by row, column and cell of Y."""
        return np.asarray(self.agreeing[0].sum(axis=3))


def could_show(counts: Array, rows: Levels, columns: Levels, profile: Profile, judged: Cells) -> Cells:
    """Cells that hold enough cases in every cell of Y, in a row and a column that are shown."""
    shown: Cells = np.outer(rows == ALL, columns == ALL) & ~profile.small(counts[..., judged]).any(axis=2)
    return shown


def shown_cells(crossing: Crossing, profile: Profile) -> Cells | None:
    """The cells that may be shown; None where the crossing cannot be shown at all.

    Parameters
    ----------
    crossing : Crossing
        The cases.
    profile : Profile
        The rules.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns), or None
    """
    counts = crossing.counts
    shown = could_show(counts, crossing.rows, crossing.columns, profile, crossing.judged)
    few = profile.small(counts) & crossing.judged
    for a, b in np.argwhere(~shown & few.any(axis=2)).tolist():
        cells = np.flatnonzero(few[a, b])
        if _in_its_line(crossing, counts, (a, b), cells, profile):
            continue
        hidden = _corners(crossing, shown, (a, b), cells, profile)
        if hidden is None:
            hidden = _lines(crossing, shown, (a, b), cells, profile)
        if hidden is None:
            return None
        shown &= ~hidden
    return shown if shown.any() else None


def _in_its_line(
    crossing: Crossing, counts: Array, cell: tuple[int, int], cells: NDArray[np.int64], profile: Profile
) -> bool:
    """Whether a cell in a row (or column) that is hidden itself can exchange with the other hidden rows (columns)."""
    a, b = cell
    sides = (
        (a, crossing.rows, crossing.row_lots, counts[:, b], counts.sum(axis=(1, 2))),
        (b, crossing.columns, crossing.column_lots, counts[a], counts.sum(axis=(0, 2))),
    )
    for at, levels, lots, here, cases in sides:
        if levels[at] == ALL:
            continue
        mine = np.flatnonzero((levels != ALL) & (lots == lots[at]))
        place = int(np.flatnonzero(mine == at)[0])
        if all(room(here[mine, y], cases[mine], levels[mine])[place] >= profile.minimum for y in cells):
            return True
    return False


def _corners(
    crossing: Crossing, shown: Cells, cell: tuple[int, int], cells: NDArray[np.int64], profile: Profile
) -> Cells | None:
    """Three cells that leave room for the cell when hidden with it, those with the fewest cases; None without any."""
    a, b = cell
    enough = np.zeros(shown.shape, dtype=np.bool_)
    for table in crossing.agreeing:
        table = table[:, :, cells]
        # from (a, b') and (a', b) to the cell, and from the cell and (a', b') away from it
        more = np.minimum(table[a][None], table[:, b][:, None]).sum(axis=3)
        less = np.minimum(table[a, b][None, None], table).sum(axis=3)
        enough |= (more + less >= profile.minimum).all(axis=2)
    enough[a], enough[:, b] = False, False
    if not enough.any():
        return None
    cases = crossing.counts.sum(axis=2) * shown
    cost = cases + cases[a][None] + cases[:, b][:, None]
    cost[~enough] = np.inf
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    hidden = np.zeros(shown.shape, dtype=np.bool_)
    hidden[a, column] = hidden[row, b] = hidden[row, column] = True
    return hidden


def _lines(
    crossing: Crossing, shown: Cells, cell: tuple[int, int], cells: NDArray[np.int64], profile: Profile
) -> Cells | None:
    """The cell's whole column with another one, or its row with another; None where neither leaves room.

    One cell alone may be too small to exchange with, and all others of its column together not.
    """
    a, b = cell
    found: list[tuple[float, int, int]] = []
    cases = crossing.counts.sum(axis=2) * shown
    for axis, (mine, line) in enumerate(((a, b), (b, a))):
        enough = np.zeros(shown.shape[1 - axis], dtype=np.bool_)
        for table in crossing.agreeing:
            # the axes swapped, a row is a column
            turned = table[:, :, cells] if axis == 0 else table[:, :, cells].swapaxes(0, 1)
            others = turned.sum(axis=0) - turned[mine]
            more = np.minimum(turned[mine], others[line][None]).sum(axis=2)
            less = np.minimum(turned[mine, line][None], others).sum(axis=2)
            enough |= (more + less >= profile.minimum).all(axis=1)
        enough[line] = False
        lines = cases.sum(axis=axis)
        found += [(float(lines[line] + lines[other]), axis, other) for other in np.flatnonzero(enough).tolist()]
    if not found:
        return None
    _, axis, other = min(found)
    hidden = np.zeros(shown.shape, dtype=np.bool_)
    if axis == 0:
        hidden[:, [b, other]] = True
    else:
        hidden[[a, other]] = True
    return hidden


def lots_of(levels: Levels, members: NDArray[np.bool_], pooled_is_shown: bool) -> Levels:
    """Lots for `Crossing`: the members of a shown "small groups together" apart from everybody else."""
    return np.where(members & pooled_is_shown & (levels == HIDDEN), 1, 0).astype(np.int64)
