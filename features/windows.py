"""Look-back windows and lags: `90d`, `1y`, `90d..1y`, `all`.

Belongs here: reading a window and its bounds in days, and a lag.
Does not belong here: which events fall into it (sql).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = {"d": 1, "w": 7, "y": 365}
LONGEST = 150 * DAYS["y"]  # a window longer than a life is a misprint
_LAG = re.compile(r"(\d+)([dwy])")
_RANGE = re.compile(r"(?:(\d+)([dwy])\.\.)?(\d+)([dwy])")


@dataclass(frozen=True, order=True)
class Window:
    """The days `[as_of - far, as_of - near)`.

    Attributes
    ----------
    near : int
        Days before as_of at which the window ends; 0 means as_of itself, which is never inside.
    far : int or None
        Days before as_of at which it begins, this day included; None is unlimited.
    """

    near: int
    far: int | None

    def after(self, lag: int) -> Window:
        """The part of the window that lies at least `lag` days before as_of."""
        return Window(max(self.near, lag), self.far)


def read_window(text: str) -> Window:
    """Read a window.

    Parameters
    ----------
    text : str
        `90d` (days), `8w` (weeks), `1y` (365 days), a range `90d..1y`, or `all`.

    Returns
    -------
    Window

    Raises
    ------
    ValueError
        When it is none of these, empty, or longer than 150 years.

    Examples
    --------
    >>> read_window("90d..1y")
    Window(near=90, far=365)
    """
    if text == "all":
        return Window(0, None)
    match = _RANGE.fullmatch(text)
    if not match:
        raise ValueError(f"“{text}” is not a window; write 90d, 8w, 1y, a range such as 90d..1y, or all")
    near = int(match[1]) * DAYS[match[2]] if match[1] else 0
    far = int(match[3]) * DAYS[match[4]]
    if not near < far <= LONGEST:
        raise ValueError(
            f"“{text}” holds no day or more than 150 years; a range goes from the nearer bound to the farther"
        )
    return Window(near, far)


def read_lag(text: str) -> int:
    """Read a lag in days.

    Parameters
    ----------
    text : str
        `30d`, `8w` or `1y`.

    Raises
    ------
    ValueError
        When it is none of these, nothing, or longer than 150 years.

    Examples
    --------
    >>> read_lag("8w")
    56
    """
    match = _LAG.fullmatch(text)
    if not match or not 0 < (days := int(match[1]) * DAYS[match[2]]) <= LONGEST:
        raise ValueError(f"“{text}” is not a lag; write 30d, 8w or 1y")
    return days
