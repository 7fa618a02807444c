"""How much may be shown of each group of one attribute, so that what is hidden stays hidden.

Belongs here: the levels of the groups of one partition of the cases, and the room that hidden groups have.
Does not belong here: crossed attributes (crossings), counting cases (counted), figures.

Levels: 0 nothing at all; 1 the number of cases and what rests on it, nothing about selection or outcome; 2 everything.
Y stands for the cells of selection and outcome in which each case lies in exactly one.

Hidden figures could be found by subtracting those shown from everybody's. That they cannot is shown by exchange: other
data exist which give exactly the same published figures, but in which the hidden count is another one. Among groups at
level 0 a case can be moved from one to the other and nothing that is shown changes. Between two groups of which at most
the size is shown (level 0 or 1) two cases that differ in Y can change places. `room` says how far a hidden count can be
moved in these ways; where it is less than the minimum, another group gives up a level (secondary suppression).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairness_reports.disclosure.profile import Profile

Array = NDArray[np.float64]
Levels = NDArray[np.int64]

HIDDEN, SIZE, ALL = 0, 1, 2


def room(here: Array, cases: Array, levels: Levels) -> Array:
    """How far the count of each group in one cell can be moved without any published figure changing.

    Parameters
    ----------
    here : numpy.ndarray, shape (groups,)
        How many of each group's cases lie in the cell.
    cases : numpy.ndarray, shape (groups,)
        Cases of each group.
    levels : numpy.ndarray, shape (groups,)
        The level of each group.

    Returns
    -------
    numpy.ndarray, shape (groups,)
        Largest minus smallest possible count; 0 at level 2.
    """
    found = np.zeros(len(here))
    hidden, size = levels == HIDDEN, levels == SIZE
    here_hidden, all_hidden = here[hidden].sum(), cases[hidden].sum()
    here_size, others_size = here[size].sum(), (cases - here)[size].sum()
    if hidden.sum() > 1:
        # as one lot, from which any of its groups may have all or nothing
        found[hidden] = min(all_hidden, here_hidden + here_size)
    elif hidden.any():
        more = min(all_hidden - here_hidden, here_size)
        found[hidden] = more + min(here_hidden, others_size)
    rest_in = here_hidden + here_size - here
    rest_out = (all_hidden - here_hidden) + others_size - (cases - here)
    swapped = np.minimum(cases - here, rest_in) + np.minimum(here, rest_out)
    found[size] = swapped[size]
    return found


def levels_of(
    counts: Array,
    profile: Profile,
    at_most: Levels | None = None,
    *,
    judged: NDArray[np.bool_] | None = None,
    sizes: bool = True,
) -> Levels:
    """The level of each group of one attribute.

    Parameters
    ----------
    counts : numpy.ndarray, shape (groups, cells of Y)
        Cases; every case of everybody stands in one group and one cell. Everybody's figures are shown.
    profile : Profile
        The rules.
    at_most : numpy.ndarray, shape (groups,), optional
        Levels that other tables leave.
    judged : numpy.ndarray of bool, shape (cells of Y,), optional
        Cells that must not be told when they are small; by default all.
    sizes : bool
        Whether level 1 exists: without, a group is shown with everything or not at all.

    Returns
    -------
    numpy.ndarray, shape (groups,)
    """
    cases = counts.sum(axis=1)
    counts = counts if judged is None else counts[:, judged]
    own = np.where(profile.small(cases), HIDDEN, np.where(profile.small(counts).any(axis=1), SIZE, ALL))
    found: Levels = own if at_most is None else np.minimum(own, at_most)
    if not sizes:
        found = np.where(found == ALL, ALL, HIDDEN)
    while True:
        if _size_is_found(cases, found, profile):
            if not _one_less(found, cases, HIDDEN):
                return found
        elif _cell_is_found(counts, cases, found, profile):
            if not _one_less(found, cases, SIZE if sizes else HIDDEN):
                # nothing about Y is left to hide: then not even the sizes are told
                return np.full(len(found), HIDDEN)
        else:
            return found


def _size_is_found(cases: Array, levels: Levels, profile: Profile) -> bool:
    hidden = levels == HIDDEN
    if not (profile.small(cases) & hidden).any():
        return False
    return bool(hidden.sum() < 2 or cases[hidden].sum() < profile.minimum)


def _cell_is_found(counts: Array, cases: Array, levels: Levels, profile: Profile) -> bool:
    below = levels < ALL
    for here in counts.T:
        few = profile.small(here) & below
        if few.any() and (room(here, cases, levels)[few] < profile.minimum).any():
            return True
    return False


def _one_less(levels: Levels, cases: Array, level: int) -> bool:
    """Lower the smallest group above a level to it; False when there is none."""
    above = np.flatnonzero(levels > level)
    if not len(above):
        return False
    levels[above[np.argmin(cases[above])]] = level
    return True
