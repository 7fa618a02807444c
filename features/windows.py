"""Look-back windows and lags: `90d`, `1y`, `90d..1y`, `all`.

Belongs here: reading a window and its bounds in days, and a lag.
Does not belong here: which events fall into it (sql).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = {"d": 1, "w": 7, "y": 365}
LONGEST = 150 * DAYS["y"]  # a window longer than a life is a misprint
_WORDS = {  # what people write instead, in days; of months there is only about
    **dict.fromkeys(("d", "day", "days", "t", "tag", "tage", "tagen"), (1, "d")),
    **dict.fromkeys(("w", "wk", "week", "weeks", "woche", "wochen"), (1, "w")),
    **dict.fromkeys(("y", "yr", "year", "years", "j", "jahr", "jahre", "jahren"), (1, "y")),
    **dict.fromkeys(("m", "mo", "month", "months", "monat", "monate", "monaten"), (30, "d")),
}
_BETWEEN = re.compile(r"\s*(?:\.\.+|…|-|\u2013|\u2014|:|\bto\b|\bbis\b)\s*")
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
        guess = meant(text)
        todo = f"did you mean “{guess}”?" if guess else "write 90d, 8w, 1y, a range such as 90d..1y, or all"
        raise ValueError(f"“{text}” is not a window; {todo}")
    near = int(match[1]) * DAYS[match[2]] if match[1] else 0
    far = int(match[3]) * DAYS[match[4]]
    if not near < far <= LONGEST:
        turned = meant(text)
        advice = f"; did you mean “{turned}”?" if turned not in ("", text) else ""
        raise ValueError(
            f"“{text}” holds no day or more than 150 years; a range goes from the nearer bound to the farther{advice}"
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
        guess = meant(text)
        todo = f"did you mean “{guess}”?" if guess != text and _LAG.fullmatch(guess) else "write 30d, 8w or 1y"
        raise ValueError(f"“{text}” is not a lag; {todo}")
    return days


def meant(text: str) -> str:
    """The window that somebody probably meant who wrote it in other words; nothing where that is not clear.

    Examples
    --------
    >>> meant("90 days"), meant("90d-1year"), meant("3 months"), meant("soon")
    ('90d', '90d..1y', '90d', '')
    """
    plain = text.strip().lower()
    if plain in ("all", "alle", "alles", "any", "ever", "unlimited"):
        return "all"
    parts = [re.fullmatch(r"(\d{1,5})\s*([a-z]*)", part) for part in _BETWEEN.split(plain)]
    bounds: list[tuple[int, str]] = []
    unit = "d"
    for part in reversed(parts):  # the unit of 90-180d stands once, behind
        if part is None or len(parts) > 2 or (part[2] and part[2] not in _WORDS):
            return ""
        unit = part[2] or unit
        times, letter = _WORDS[unit]
        bounds.append((int(part[1]) * times * DAYS[letter], f"{int(part[1]) * times}{letter}"))
    days = [size for size, _ in bounds]
    if not 0 < min(days) <= max(days) <= LONGEST or len(set(days)) < len(days):
        return ""
    return "..".join(written for _, written in sorted(bounds))
