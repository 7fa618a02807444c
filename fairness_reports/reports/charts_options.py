"""Options as points between two aims, as inline SVG: told apart by shape and number, never by colour alone.

Belongs here: drawing a frontier with intervals and its key.
Does not belong here: what an option is, or which one anybody should take.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fairness_reports.reports.charts import ACCENT, FONT, INK, LINE_COLOUR, MUTED, SURFACE, WIDTH, Chart, for_page

_PLOT = 210.0  # height of the part with the points
_LINE = 15
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
        for number, (point, shape, words) in enumerate(zip(points, _shapes(points), key, strict=True), start=1):
            colour = INK if point.reference else ACCENT
            face = INK if point.reference else SURFACE
            wide: dict[str, Any] = {
                "color": colour,
                "elinewidth": 1.1,
                "capsize": 3,
                "capthick": 1.1,
                "zorder": 2,
                "fmt": "none",
            }
            reach: dict[str, Any] = {"xerr": _reach(point.x, point.x_ends), "yerr": _reach(point.y, point.y_ends)}
            axes.errorbar([point.x], [point.y], **reach, **wide)
            look: dict[str, Any] = {"color": colour, "marker": shape, "markerfacecolor": face, "markeredgewidth": 1.5}
            axes.plot([point.x], [point.y], markersize=7.5, zorder=4, **look)
            axes.annotate(
                str(number), (point.x, point.y), xytext=(6, 4), textcoords="offset points", fontsize=FONT - 1, color=INK
            )
            frame.plot([18], [y + 6], markersize=7, **look)
            for line, text in enumerate(words):
                frame.text(34, y + 10 + line * _LINE, text, fontsize=FONT - 1, color=INK)
            y += len(words) * _LINE + 4
        for scale, tick, bins in ((axes.xaxis, x_tick, 5), (axes.yaxis, y_tick, 5)):
            scale.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]))
            scale.set_major_formatter(FuncFormatter(lambda value, _, tick=tick: tick(value)))
        axes.tick_params(colors=LINE_COLOUR, labelcolor=MUTED, labelsize=FONT - 1, length=3)
        axes.margins(0.08)
        for number, text in enumerate(above):
            frame.text(8, 12 + number * _LINE, text, fontsize=FONT - 1, color=MUTED)
        for number, text in enumerate(under):
            frame.text(left, top + _PLOT + 32 + number * _LINE, text, fontsize=FONT - 1, color=MUTED)
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    return Chart(for_page(raw.getvalue(), identity, title, description), title, description)


def _shapes(points: Sequence[Option]) -> list[str]:
    return [_SHAPES[i % len(_SHAPES)] for i in range(len(points))]


def _reach(at: float, ends: tuple[float, float] | None) -> list[list[float]] | None:
    """How far an interval reaches to both sides of its figure."""
    return None if ends is None else [[max(at - ends[0], 0.0)], [max(ends[1] - at, 0.0)]]
