"""Pictures of gaps as inline SVG: which factors add up to one, and how it went over time.

Belongs here: drawing waterfalls and strips of points in time.
Does not belong here: rows of dots and bars (charts), clouds of options (charts_options), what is drawn (the views).
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fairness_reports.reports.charts import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    ROW,
    SURFACE,
    Chart,
    Point,
    ground,
    in_rows,
    mark,
    whiskers,
    words,
)

_WRAP = 34  # letters in a line of a label
_TIME_ROW = 17  # height of one point in time
_TIME_ROOM = 78.0  # left of the axis, for the names of periods
_TIME_LETTERS = 12


@dataclass(frozen=True)
class Step:
    """One term of a sum.

    Parameters
    ----------
    label : str
        Its words.
    value, low, high : float
        What it adds, and its interval; without an interval, no line is drawn.
    note : str
        The figure in words, at the right end of the label's line.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


def waterfall(
    steps: Sequence[Step],
    total: Step,
    *,
    identity: str,
    title: str,
    description: str,
    axis: str,
    tick: Callable[[float], str],
) -> Chart:
    """Terms that start where the one before ended, and their sum at the bottom.

    Bars to the right are filled, bars to the left are open: the direction shows without colour.

    Parameters
    ----------
    steps : sequence of Step
        From top to bottom; their values add up to that of `total`.
    total : Step
        The sum.
    identity, title, description, axis, tick
        As for `charts.intervals`.

    Returns
    -------
    Chart
    """
    rows = [*steps, total]
    labels = [textwrap.wrap(row.label, _WRAP) or [""] for row in rows]
    heights = [len(lines) * LINE + ROW for lines in labels]
    starts = [0.0]
    for step in steps:
        starts.append(starts[-1] + step.value)
    starts[-1] = 0.0  # the sum itself starts at zero
    reach = [0.0]
    for row, start in zip(rows, starts, strict=True):
        reach += [start, start + row.value, *(start + end for end in (row.low, row.high) if end is not None)]
    room = (max(reach) - min(reach)) * 0.05 or 0.05

    def draw(axes: Any) -> None:
        left, right = axes.get_xlim()
        y = 0.0
        for number, (row, lines, height, start) in enumerate(zip(rows, labels, heights, starts, strict=True)):
            strip = y + height - ROW / 2 - 1
            words(axes, left, right, y, lines, row.note)
            ground(axes, strip, 0.0, None)
            if 0 < number < len(steps):
                # where the one before ended; not behind the label, which must stay readable
                axes.plot([start, start], [strip - ROW / 2 + 1, strip], color=INK, linewidth=1.2, zorder=1)
            summed = number == len(steps)
            face = INK if summed else ACCENT if row.value >= 0 else SURFACE
            axes.barh(
                strip, row.value, left=start, height=9, facecolor=face, edgecolor=INK if summed else ACCENT,
                linewidth=1.4, zorder=2,
            )  # fmt: skip
            if row.low is not None and row.high is not None:
                whiskers(axes, start + row.low, start + row.high, strip + 7.5, INK, 1.3, half=2.0)
            y += height

    return in_rows(
        draw, inner=sum(heights), ends=(min(reach) - room, max(reach) + room), identity=identity, title=title,
        description=description, axis=axis, tick=tick,
    )  # fmt: skip


def over_time(
    courses: Sequence[tuple[str, Sequence[Point]]],
    *,
    identity: str,
    title: str,
    description: str,
    axis: str,
    tick: Callable[[float], str],
    zero: float | None = None,
    tolerance: float | None = None,
) -> Chart:
    """For each group one row per period, time running downwards, all over one axis.

    Parameters
    ----------
    courses : sequence of (str, sequence of Point)
        A group's words, and its figure in each period; the label of a point is the period's name.
    identity, title, description, axis, tick, zero, tolerance
        As for `charts.intervals`.

    Returns
    -------
    Chart
    """
    labels = [textwrap.wrap(label, _WRAP) or [""] for label, _ in courses]
    heights = [
        len(lines) * LINE + len(points) * _TIME_ROW + 6 for lines, (_, points) in zip(labels, courses, strict=True)
    ]
    found = [end for _, points in courses for p in points for end in (p.value, p.low, p.high) if end is not None]
    if zero is not None:
        found += [zero - 1.2 * (tolerance or 0), zero + 1.2 * (tolerance or 0)]
    low, high = min(found, default=0.0), max(found, default=1.0)
    room = (high - low) * 0.05 or 0.05
    ends = (low - room, high + room)

    def draw(axes: Any) -> None:
        left, right = axes.get_xlim()
        per_letter = (right - left) / axes.get_window_extent().width
        y = 0.0
        for lines, height, (_, points) in zip(labels, heights, courses, strict=True):
            words(axes, left - per_letter * (_TIME_ROOM - 8), right, y, lines)
            strip = y + len(lines) * LINE + _TIME_ROW / 2 + 2
            for point in points:
                period = point.label if len(point.label) <= _TIME_LETTERS else point.label[: _TIME_LETTERS - 1] + "…"
                axes.text(left - per_letter * 6, strip + 4, period, fontsize=11, color=MUTED, ha="right")
                ground(axes, strip, zero, tolerance)
                mark(axes, point, strip, bars=False, zero=zero or 0.0)
                strip += _TIME_ROW
            y += height

    return in_rows(
        draw, inner=sum(heights), ends=ends, identity=identity, title=title, description=description, axis=axis,
        tick=tick, left=_TIME_ROOM,
    )  # fmt: skip
