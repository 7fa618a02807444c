"""How incomplete recording would have to be to overturn a finding.

Belongs here: the completeness at which bounds no longer bear out a finding.
Does not belong here: which rows have a finding (identify).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairness_reports.identification.bounds import extremes
from fairness_reports.identification.figures import Cells, Figures

Array = NDArray[np.float64]

HALVINGS = 24
LEAST = 1e-6


def tipping_points(figures: Figures, cells: Cells, above: Array, below: Array) -> Array:
    """Completeness of recording at which findings could be overturned.

    Everybody's outcomes are recorded at a rate between this figure and 1, all of them founded, and the unrecorded ones
    are placed as badly as possible; no sampling error.

    Parameters
    ----------
    figures : Figures
        The rows.
    cells : Cells
        Their counts, from `Cells.recorded`.
    above, below : numpy.ndarray
        The finding: the figure lies strictly above `above` or strictly below `below`; -inf and inf where it may be
        anything. A finding such as "within" has the limits of the tolerance, and both hold.

    Returns
    -------
    numpy.ndarray
        In (0, 1]: from this completeness downwards the bounds reach beyond the finding. 0: they never do.
    """

    def overturned(complete: Array) -> NDArray[np.bool_]:
        ranges = np.zeros((len(complete), 1, 1, 4))
        ranges[:, 0, 0, 0], ranges[:, 0, 0, 1] = complete, 1.0
        found = extremes(cells.problems(figures, ranges)[0])
        return np.asarray(~((found.low > above) & (found.high < below)), dtype=np.bool_)

    size = len(figures)
    low, high = np.full(size, LEAST), np.ones(size)
    at_once, never = overturned(high), ~overturned(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tipped = overturned(middle)
        low, high = np.where(tipped, middle, low), np.where(tipped, high, middle)
    return np.where(at_once, 1.0, np.where(never, 0.0, low))
