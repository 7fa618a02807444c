"""The columns of one category, put together again for a model that takes categories as such.

Belongs here: finding them, encoding rows, giving a category's contribution back to a column of the matrix.
Does not belong here: making the columns (features.kinds), any model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.spec import Column

MOST = 250
"""Categories that HistGradientBoosting can take in one column; a longer list stays as it stands in the matrix."""


@dataclass(frozen=True)
class Layout:
    """Where each column of the matrix goes.

    Attributes
    ----------
    place : ndarray of int, shape (columns of the matrix,)
        The model's input column.
    code : ndarray of int, same shape
        The category's code there; -1 for a plain column.
    """

    place: np.ndarray
    code: np.ndarray

    @property
    def categorical(self) -> np.ndarray:
        """Mask of the input columns that hold a category."""
        mask = np.zeros(int(self.place.max(initial=-1)) + 1, dtype=bool)
        mask[self.place[self.code >= 0]] = True
        return mask

    def encode(self, X: np.ndarray) -> np.ndarray:
        """The model's input: a category's code, one more for a value that is none of the declared, NaN for missing.

        Parameters
        ----------
        X : ndarray, rows x columns of the matrix
            In a category's columns 1 or 0, or NaN in all of them where it is missing.
        """
        if (self.code < 0).all():
            return X
        categorical = self.categorical
        made = np.empty((len(X), len(categorical)))
        for target in range(len(categorical)):
            members = np.flatnonzero(self.place == target)
            if not categorical[target]:
                made[:, target] = X[:, members[0]]
                continue
            part = X[:, members]
            active = part > 0.5
            made[:, target] = np.where(active.any(axis=1), active.argmax(axis=1), float(len(members)))
            made[np.isnan(part).all(axis=1), target] = np.nan
        return made

    def spread(self, values: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Values of input columns on the matrix's columns: a category's goes to the active one, else to its first."""
        if (self.code < 0).all():
            return values
        spread = np.zeros(X.shape)
        rows = np.arange(len(X))
        for target, categorical in enumerate(self.categorical):
            members = np.flatnonzero(self.place == target)
            if not categorical:
                spread[:, members[0]] = values[:, target]
                continue
            # argmax of no true value is 0: the category's first column
            spread[rows, members[(X[:, members] > 0.5).argmax(axis=1)]] = values[:, target]
        return spread

    def state(self) -> dict[str, Any]:
        """Plain arrays."""
        return {"place": self.place, "code": self.code}


def layout(columns: Sequence[Column], width: int) -> Layout:
    """Which columns of the matrix make one category.

    Parameters
    ----------
    columns : sequence of Column
        What is known of each column; empty: all are plain.
    width : int
        Number of columns of the matrix.
    """
    members: dict[str, list[int]] = {}
    for j, column in enumerate(columns):
        if column.category is not None:
            members.setdefault(column.feature, []).append(j)
    together = {j: group for group in members.values() if 1 < len(group) <= MOST for j in group}
    place, code = np.zeros(width, dtype=np.int64), np.full(width, -1, dtype=np.int64)
    taken = 0
    for j in range(width):
        group = together.get(j)
        if group is None or group[0] == j:
            place[j] = taken
            taken += 1
        else:
            place[j] = place[group[0]]
        if group is not None:
            code[j] = group.index(j)
    return Layout(place, code)


def directions(columns: Sequence[Column], width: int) -> np.ndarray:
    """1 where a column's score may only rise with its value, -1 where it may only fall, else 0."""
    if not columns:
        return np.zeros(width, dtype=np.int64)
    sign = {"up": 1, "down": -1, None: 0}
    return np.array([0 if c.category is not None else sign[c.direction] for c in columns], dtype=np.int64)
