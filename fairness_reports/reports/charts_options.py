"""Options as points between two aims, as inline SVG: told apart by shape and number, never by colour alone.

Belongs here: drawing a frontier with intervals and its key.
Does not belong here: what an option is, or which one anybody should take.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import Any

from fairness_reports.reports.charts import ACCENT, FONT, INK, LINE_COLOUR, MUTED, SURFACE, WIDTH, Chart, for_page

_PLOT = 210.0  # height of the part with the points
_LINE = 15
_Place = tuple[float, float]
_TOUCHING = 9.0  # points nearer than this cover one another
_REACHES = (12.0, 20.0, 28.0, 38.0, 50.0, 64.0, 80.0)  # of a number from its point
_SHAPES = ("o", "s", "D", "^", "v", "P", "X", "h", "<", ">")


@dataclass(frozen=True)
class Option:
    """One point: where it lies on both aims, with intervals where there are any."""

    label: str
    x: float
    y: float
    x_ends: tuple[float, float] | None = None
    y_ends: tuple[float, float] | None = None
    reference: bool = False


def options(
    points: Sequence[Option],
    *,
    identity: str,
    title: str,
    description: str,
    x_axis: str,
    y_axis: str,
    x_tick: Callable[[float], str],
    y_tick: Callable[[float], str],
) -> Chart:
    """Points with a cross of intervals, numbered, and a key with number, shape and words under the drawing.

    Parameters
    ----------
    points : sequence of Option
        The one that the others are held against is filled with ink.
    identity : str
        Unique in the page; made into ids.
    title, description : str
        For those who cannot see the drawing; the title is not drawn.
    x_axis, y_axis : str
        What the axes count; the upright one is named above the drawing.
    x_tick, y_tick : callable
        Words for a number.

    Returns
    -------
    Chart
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    key = [textwrap.wrap(f"{number}  {point.label}", 44) or [""] for number, point in enumerate(points, start=1)]
    above = textwrap.wrap(y_axis, 46) or [""]
    under = textwrap.wrap(x_axis, 46) or [""]
    top, left, right = 10.0 + _LINE * len(above), 46.0, 14.0
    below = 26.0 + _LINE * len(under)
    legend = sum(len(words) * _LINE + 4 for words in key) + 4.0
    height = top + _PLOT + below + legend
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "plumbline", "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        axes = figure.add_axes((left / WIDTH, (below + legend) / height, 1 - (left + right) / WIDTH, _PLOT / height))
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("bottom", "left"))
            spine.set_color(LINE_COLOUR)
        frame = figure.add_axes((0, 0, 1, 1))
        frame.set_axis_off()
        frame.set_xlim(0, WIDTH)
        frame.set_ylim(height, 0)
        y = top + _PLOT + below + 4
        for point, shape, words in zip(points, _shapes(points), key, strict=True):
            colour = INK if point.reference else ACCENT
            face = INK if point.reference else SURFACE
            wide: dict[str, Any] = {
                "color": colour,
                "elinewidth": 0.9,
                "capsize": 2.5,
                "capthick": 0.9,
                "zorder": 2,
                "fmt": "none",
            }
            reach: dict[str, Any] = {"xerr": _reach(point.x, point.x_ends), "yerr": _reach(point.y, point.y_ends)}
            axes.errorbar([point.x], [point.y], **reach, **wide)
            look: dict[str, Any] = {"color": colour, "marker": shape, "markerfacecolor": face, "markeredgewidth": 1.5}
            axes.plot([point.x], [point.y], markersize=7.5, zorder=4.5 if point.reference else 4, **look)
            frame.plot([18], [y + 6], markersize=7, **look)
            for line, text in enumerate(words):
                frame.text(34, y + 10 + line * _LINE, text, fontsize=FONT - 1, color=INK)
            y += len(words) * _LINE + 4
        for scale, tick, bins in ((axes.xaxis, x_tick, 5), (axes.yaxis, y_tick, 5)):
            scale.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]))
            scale.set_major_formatter(FuncFormatter(lambda value, _, tick=tick: tick(value)))
        axes.tick_params(colors=LINE_COLOUR, labelcolor=MUTED, labelsize=FONT - 1, length=3)
        axes.margins(0.08)
        _number(axes, points)
        for number, text in enumerate(above):
            frame.text(8, 12 + number * _LINE, text, fontsize=FONT - 1, color=MUTED)
        for number, text in enumerate(under):
            frame.text(left, top + _PLOT + 32 + number * _LINE, text, fontsize=FONT - 1, color=MUTED)
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    return Chart(for_page(raw.getvalue(), identity, title, description), title, description)


def _number(axes: Any, points: Sequence[Option]) -> None:
    """Numbers where there is room for them; points that cover one another share a label, with a line to it."""
    scale = axes.get_figure().dpi / 72
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    to_paper, back = axes.transData.transform, axes.transData.inverted().transform
    at: list[_Place] = [tuple(to_paper((point.x, point.y))) for point in points]
    bars: list[tuple[_Place, _Place]] = []
    for point in points:
        for low, high in [point.x_ends] if point.x_ends else []:
            bars.append((tuple(to_paper((low, point.y))), tuple(to_paper((high, point.y)))))
        for low, high in [point.y_ends] if point.y_ends else []:
            bars.append((tuple(to_paper((point.x, low))), tuple(to_paper((point.x, high)))))
    box = axes.get_window_extent()
    taken: list[tuple[_Place, float]] = []
    for crowd in _crowds(at, _TOUCHING * scale):
        text = ", ".join(str(i + 1) for i in crowd)
        half = 3.4 * len(text) * scale
        middle = (sum(at[i][0] for i in crowd) / len(crowd), sum(at[i][1] for i in crowd) / len(crowd))
        places = [(reach, turn, spot) for reach in _REACHES for turn, spot in enumerate(_around(middle, reach * scale))]
        _, reach, _, spot = min(
            (_cost(spot, half, at, bars, taken, box, scale) + reach, reach, turn, spot) for reach, turn, spot in places
        )
        taken.append((spot, half))
        if len(crowd) > 1 or reach > _REACHES[0]:
            (x, y), (end_x, end_y) = back(middle), back(spot)
            axes.plot([x, end_x], [y, end_y], color=MUTED, linewidth=0.8, zorder=1)
        words = {"fontsize": FONT - 1, "color": INK, "ha": "center", "va": "center", "zorder": 6}
        axes.text(*back(spot), text, bbox={"facecolor": SURFACE, "edgecolor": "none", "pad": 0.6}, **words)


def _crowds(at: Sequence[_Place], near: float) -> list[list[int]]:
    """Points by those that touch, one through the other; the largest crowd first, as it needs most room."""
    crowds: list[list[int]] = []
    for i, (x, y) in enumerate(at):
        touched = [crowd for crowd in crowds if any(hypot(x - at[j][0], y - at[j][1]) < near for j in crowd)]
        crowds = [crowd for crowd in crowds if crowd not in touched]
        crowds.append(sorted([i, *(j for crowd in touched for j in crowd)]))
    return sorted(crowds, key=lambda crowd: (-len(crowd), crowd))


def _around(place: _Place, reach: float) -> list[_Place]:
    turns = [pi / 4 + pi / 8 * turn for turn in range(16)]
    return [(place[0] + reach * cos(turn), place[1] + reach * sin(turn)) for turn in turns]


def _cost(
    spot: _Place,
    half: float,
    markers: Sequence[_Place],
    bars: Sequence[tuple[_Place, _Place]],
    numbers: Sequence[tuple[_Place, float]],
    box: Any,
    scale: float,
) -> float:
    """How bad a place for a label is: over a point, a label or a range, or outside."""
    x, y = spot
    high = 6 * scale
    cost = 200.0 * sum(abs(x - ox) < half + 4.5 * scale and abs(y - oy) < high + 4.5 * scale for ox, oy in markers)
    # a bar is upright or level, so the box around it is the bar itself
    cost += 12.0 * sum(
        x0 < x + half and x - half < x1 and y0 < y + high and y - high < y1 for (x0, y0), (x1, y1) in bars
    )
    cost += 300 * sum(
        abs(x - ox) < half + width + 3 * scale and abs(y - oy) < 13 * scale for (ox, oy), width in numbers
    )
    inside = box.x0 + half < x < box.x1 - half and box.y0 + 8 * scale < y < box.y1 - 6 * scale
    return cost if inside else cost + 1000


def _shapes(points: Sequence[Option]) -> list[str]:
    return [_SHAPES[i % len(_SHAPES)] for i in range(len(points))]


def _reach(at: float, ends: tuple[float, float] | None) -> list[list[float]] | None:
    """How far an interval reaches to both sides of its figure."""
    return None if ends is None else [[max(at - ends[0], 0.0)], [max(ends[1] - at, 0.0)]]
