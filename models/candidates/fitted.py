"""What every fitted candidate can do.

Belongs here: the protocol. Does not belong here: any model.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Fitted(Protocol):
    """A fitted candidate."""

    @property
    def kind(self) -> str:
        """Name of the candidate."""
        ...

    @property
    def notes(self) -> dict[str, Any]:
        """What fitting found: the column of the one factor, the number of trees."""
        ...

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of each row."""
        ...

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Rows x columns whose sum plus the base value is `raw`."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything that `raw` depends on: plain values, arrays, and the booster."""
        ...
