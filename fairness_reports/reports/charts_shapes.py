"""Shapes as inline SVG: a dot for each range of values, how far it moves the score, and a bar for its cases.

Belongs here: drawing one shape.
Does not belong here: rows of dots with labels of their own (charts), what is drawn (explanations.shapes).
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fairness_reports.reports.charts import (
    ACCENT,
    FONT,
    INK,
    LINE,
    LINE_COLOUR,
    MUTED,
    SURFACE,
    WIDTH,
    Chart,
    for_page,
)

_LABELS, _BARS, _NUMBERS = 116.0, 80.0, 46.0  # room left and right of the plot; of the latter for words
_WRAP = 17  # letters in a line of a label
_ROOM = 7  # between two rows


@dataclass(frozen=True)
class Row:
    """One range of values.

    Parameters
    ----------
    label : str
        Its words.
    value, low, high : float, optional
        Mean shift and between which it mostly lies; without a mean no dot is drawn.
    n : int
        Length of its bar.
    note : str
        Words for the number of cases.
    joined : bool
        Whether a line leads to it from the row above: both are numbers that follow one another.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str
    joined: bool = False


def reach_of(rows: Sequence[Row]) -> tuple[float, float]:
    """Ends of an axis on which all of these rows have room."""
    drawn = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    low, high = min([*drawn, -0.1]), max([*drawn, 0.1])
    room = (high - low) * 0.07
    return low - room, high + room


def shape(
    rows: Sequence[Row],
    *,
    identity: str,
    title: str,
    description: str,
    heads: tuple[str, str],
    axis: str,
    tick: Callable[[float], str],
    limits: tuple[float, float] | None = None,
) -> Chart:
    """A dot for each range of values, from top to bottom, joined by a line, and a bar for its cases.

    Parameters
    ----------
    rows : sequence of Row
        From top to bottom.
    identity, title, description
        As for `charts.intervals`.
    heads : (str, str)
        Words above the labels and above the bars.
    axis : str
        What the horizontal axis counts.
    tick : callable
        Words for a number on it.
    limits : (float, float), optional
        Ends of the axis, for several drawings side by side; by default all that is drawn.

    Returns
    -------
    Chart
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    labels = [textwrap.wrap(row.label, _WRAP) or [""] for row in rows]
    top, bottom = 20.0, 37.0
    heights = [len(lines) * LINE + _ROOM for lines in labels]
    inner = float(sum(heights))
    height = top + inner + bottom
    middles = [sum(heights[:k]) + each / 2 for k, each in enumerate(heights)]
    low, high = limits or reach_of(rows)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "plumbline", "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        across = 1 - (_LABELS + _BARS) / WIDTH
        axes = figure.add_axes((_LABELS / WIDTH, bottom / height, across, inner / height))
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        axes.set_ylim(inner, 0)
        axes.set_xlim(low, high)
        for name, spine in axes.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color(LINE_COLOUR)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        axes.tick_params(axis="x", colors=LINE_COLOUR, labelcolor=MUTED, labelsize=FONT - 1, length=3)
        axes.axvline(0, color=MUTED, linewidth=1.2, zorder=0.6)
        for row, y in zip(rows, middles, strict=True):
            axes.axhline(y, color=LINE_COLOUR, linewidth=0.5, zorder=0.4)
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [y, y], color=MUTED, linewidth=3, solid_capstyle="butt", zorder=1.5)
        for (above, row), ends in zip(pairwise(rows), pairwise(middles), strict=True):
            if row.joined and above.value is not None and row.value is not None:
                axes.plot([above.value, row.value], ends, color=ACCENT, linewidth=1.2, zorder=2)
        told = [(row.value, y) for row, y in zip(rows, middles, strict=True) if row.value is not None]
        axes.plot(
            [x for x, _ in told], [y for _, y in told], color=ACCENT, linewidth=0, marker="o", markersize=6,
            markerfacecolor=SURFACE, markeredgewidth=1.6, zorder=4,
        )  # fmt: skip
        frame = figure.add_axes((0, 0, 1, 1))
        frame.set_axis_off()
        frame.set_xlim(0, WIDTH)
        frame.set_ylim(height, 0)
        frame.text(6, 13, heads[0], fontsize=FONT - 1, color=MUTED)
        frame.text(WIDTH - 6, 13, heads[1], fontsize=FONT - 1, color=MUTED, ha="right")
        frame.text(WIDTH / 2, height - 5, axis, fontsize=FONT - 1, color=MUTED, ha="center")
        most = max((row.n for row in rows), default=0) or 1
        for row, lines, y in zip(rows, labels, middles, strict=True):
            for number, words in enumerate(lines):
                base = top + y + 4 + (number - (len(lines) - 1) / 2) * LINE
                frame.text(6, base, words, fontsize=FONT - 1, color=INK)
            left, reach = WIDTH - _BARS + 6, _BARS - _NUMBERS - 6
            if row.n:
                width = reach * row.n / most
                frame.barh(top + y, width, height=9, left=left, color=MUTED, edgecolor=MUTED, linewidth=0.4)
            frame.text(WIDTH - 6, top + y + 4, row.note, fontsize=FONT - 1, color=INK, ha="right")
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    return Chart(for_page(raw.getvalue(), identity, title, description), title, description)
